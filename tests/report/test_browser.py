"""The page in a real browser: quiet, alone with itself, and no wider than a phone."""

import shutil

import pytest

from experiments.report import write_report
from tests.conftest import BROWSERS
from tests.support.fake_run import fake_run_folder

POLICIES = (
    *("current_agreements", "each_municipality", "regional_basic", "regional_plus", "frozen"),
    *("frozen_with_app", "lean", "stop", "hosted_by_one", "used_as_nationally"),
)
CONTRAST = """() => {
  const light = ([r, g, b]) => {
    const part = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll("h1,h2,h3,p,li,td,th,dt,dd,a,summary,span,code")) {
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(e.outerHTML.slice(0, 80));
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def browser(require_system):
    require_system("chromium")
    from playwright.sync_api import sync_playwright

    found = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        # Without a user namespace of its own, as in most containers, the sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run_folder(tmp_path_factory.mktemp("runs"), POLICIES, replications=3, years=2)


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_page_opens_quietly_and_fits(browser, run, lang, width):
    url = write_report(run, lang).as_uri()
    page = browser.new_page(viewport={"width": width, "height": 800})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.mouse.wheel(0, 20_000)
    assert said == []
    # The empty icon is inside the page itself.
    assert [one for one in asked if one != "data:,"] == [url]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    shown = "narrow" if width <= 640 else "wide"
    for size in ("narrow", "wide"):
        visible = [box.is_visible() for box in page.locator(f"div.{size}").all()]
        assert visible == [size == shown] * 7
    page.close()


def test_the_keyboard_reaches_content_and_tables(browser, run):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(write_report(run, "nl").as_uri())
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.outerHTML.slice(0, 30)"))
    assert any(text.startswith("<summary") for text in reached)
    assert any(text.startswith('<div class="scroll"') for text in reached)
    page.close()
