"""The page is whole by itself, accessible in structure, and safe with any name."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from experiments.report import write_all, write_figures, write_report
from experiments.report.page import render
from experiments.report.words import Words, catalogue
from sim.errors import DataError, InputError
from tests.report.synthetic import SyntheticRun
from tests.support.fake_run import fake_run_folder

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = '<script>alert("x")</script> & \'"><b {t} $a$ {{ 7*7 }}'


class Page(HTMLParser):
    """The elements of a page, in order, with their attributes, ancestors and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.found, self.faults = [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"never closed: {tag}" for tag, *_ in self.open]

    def handle_starttag(self, tag, attrs):
        entry = (tag, dict(attrs), tuple(t for t, *_ in self.open), [])
        self.found.append(entry)
        if tag not in VOID:
            self.open.append(entry)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs), tuple(t for t, *_ in self.open), []))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1][0] if self.open else 'nothing'}")
        else:
            self.open.pop()

    def handle_data(self, data):
        for entry in self.open:
            entry[3].append(data)

    def all(self, *tags):
        return [entry for entry in self.found if entry[0] in tags]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    policies = ("current_agreements", "frozen", "regional_plus", "stop")
    return fake_run_folder(tmp_path_factory.mktemp("runs"), policies, replications=3, years=2)


@pytest.fixture(scope="module", params=["nl", "en"])
def page(run, request):
    path = write_report(run, request.param)
    assert path == run.path / f"report.{request.param}.html"
    return request.param, path.read_text(encoding="utf-8")


def test_it_is_well_formed_in_its_language(page):
    lang, text = page
    parsed = Page(text)
    assert parsed.faults == []
    assert text.startswith("<!doctype html>")
    assert [entry[1]["lang"] for entry in parsed.all("html")] == [lang]
    assert ["".join(entry[3]) for entry in parsed.all("h1")] == [catalogue(lang)["page.title"]]
    assert len(parsed.all("main")) == len(parsed.all("title")[:1]) == 1


def test_no_heading_level_is_skipped(page):
    levels = [int(entry[0][1]) for entry in Page(page[1]).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_identifiers_are_unique_and_references_lead_somewhere(page):
    found = Page(page[1]).found
    ids = [entry[1]["id"] for entry in found if "id" in entry[1]]
    assert len(ids) == len(set(ids))
    refs = [ref for entry in found for ref in entry[1].get("aria-labelledby", "").split()]
    refs += [entry[1]["href"][1:] for entry in found if entry[1].get("href", "").startswith("#")]
    refs += [entry[1]["xlink:href"][1:] for entry in found if "xlink:href" in entry[1]]
    assert set(refs) <= set(ids)
    assert {"content", "answer", "method"} <= set(refs)


def test_every_table_has_a_caption_and_scopes(page):
    parsed = Page(page[1])
    tables = parsed.all("table")
    assert len(tables) >= 12
    captions = ["".join(entry[3]).strip() for entry in parsed.all("caption")]
    assert len(captions) == len(tables)
    assert "" not in captions
    assert {entry[1].get("scope") for entry in parsed.all("th")} == {"col", "row"}
    rows = re.findall(r"<tr>(.*?)</tr>", page[1], re.DOTALL)
    assert all(row.count("<th") == 1 or "<td" not in row for row in rows)


def test_every_figure_has_words_and_a_table(page):
    parsed = Page(page[1])
    assert len(parsed.all("figure")) == 7
    assert len([e for e in parsed.all("details") if "figure" in e[2]]) == 7
    pictures = [e for e in parsed.all("svg") if e[1].get("role") == "img"]
    assert len(pictures) == len(parsed.all("svg")) == 14  # a wide and a narrow one each
    described = ["".join(e[3]) for e in parsed.all("desc")]
    assert len(described) == 14
    assert all(re.search(r"\d", text) for text in described)


def test_it_loads_nothing(page):
    text = page[1]
    parsed = Page(text)
    assert parsed.all("script", "img", "iframe", "object", "embed", "base") == []
    for _, attributes, *_ in parsed.found:
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            assert attributes.get(name, "#")[:1] == "#" or attributes[name] == "data:,", attributes
    assert re.findall(r"@import|url\((?!#)", text) == []
    (policy,) = [e[1]["content"] for e in parsed.all("meta") if e[1].get("http-equiv")]
    assert policy.startswith("default-src 'none';")
    assert len(text.encode()) < 3_000_000


def test_sections_come_in_the_order_of_the_brief(page):
    ids = [e[1]["id"] for e in Page(page[1]).all("section")]
    first = ["answer", "policies", "differences", "anyway", "base", "cost"]
    assert ids == [*first, "places", "unknown", "method"]


def test_it_says_how_to_make_it_again(page, run):
    manifest = run.manifest()
    assert manifest["run_id"] in page[1]
    assert f"--seed {manifest['seed']}" in page[1]
    assert f"numpy {manifest['versions']['numpy']}" in page[1]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_it_says_how_the_number_of_simulations_was_chosen(lang):
    plain = render(SyntheticRun().facts, Words(lang))
    assert "--replications 10" in plain
    text = render(SyntheticRun().with_precision().facts, Words(lang))
    # The stated number would take the place of the precision.
    assert "--replications" not in text
    reached, asked = ("0.0049", "0.005") if lang == "en" else ("0,0049", "0,005")
    assert f"±\u00a0{reached}." in text
    assert f"±\u00a0{asked}." in text
    assert catalogue(lang)["method.precision"] in text
    assert catalogue(lang)["method.precision"] not in plain


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_differences_tell_what_shared_chance_saved(lang):
    page = Page(render(SyntheticRun().facts, Words(lang)))
    heads = [text for *_, text in page.all("th")]
    assert [catalogue(lang)["column.gain"]] in heads
    expected = "5.0 (3.0 to 8.0)" if lang == "en" else "5,0 (3,0 tot 8,0)"
    cells = ["".join(text) for *_, text in page.all("td")]
    # One for each policy that is compared, in the one table of differences.
    assert cells.count(expected) == 2


def test_the_numbers_on_the_page_are_those_of_the_tables(page, run):
    lang, text = page
    summary = run.table("summary").query("year == 0 and gm_code == 'all' and kind == 'all'")
    shares = summary[summary["measure"] == "direct_share"].set_index("scenario")["mean"]
    words = Words(lang)
    for policy in ("current_agreements", "frozen", "regional_plus"):
        row = re.search(rf'<th scope="row">{words.policy(policy)}</th>(.*?)</tr>', text, re.DOTALL)
        assert f"<td>{words.hundred(shares[policy])} " in row.group(1)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_hostile_names_stay_text(lang):
    run = SyntheticRun(policies=("current_agreements", "frozen", HOSTILE))
    run.places = (("GM0141", HOSTILE, 70_000), ("GM0153", "Enschede", 160_000))
    run.intents = dict.fromkeys(run.policies, HOSTILE)
    run.versions = {HOSTILE: HOSTILE}
    run.study["name"] = HOSTILE
    text = render(run.facts, Words(lang))
    parsed = Page(text)
    assert parsed.faults == []
    assert parsed.all("script", "b") == []
    said = "".join(parsed.all("body")[0][3])
    assert said.count(HOSTILE) >= 10


def test_one_policy_alone_has_nothing_to_compare():
    text = render(SyntheticRun(policies=("current_agreements",)).facts, Words("en"))
    assert catalogue("en")["page.alone"] in text
    assert Page(text).faults == []


def test_a_main_comparison_that_was_not_run_is_replaced():
    run = SyntheticRun(policies=("current_agreements", "regional_plus"))
    run.study["main_difference"] = "frozen"
    assert run.facts.setting.main == "regional_plus"
    assert "Freeze the base" not in render(run.facts, Words("en"))


def test_another_file_and_an_unknown_language(run, tmp_path):
    out = tmp_path / "deep" / "page.html"
    assert write_report(run, "en", out) == out
    assert out.exists()
    with pytest.raises(InputError, match="'fr' is none of"):
        write_report(run, "fr", tmp_path / "no.html")
    assert not (tmp_path / "no.html").exists()


def test_all_at_once_is_the_same_as_one_by_one(run):
    pages = [write_report(run, lang) for lang in ("nl", "en")]
    written = [*pages, *write_figures(run)]
    before = {path: path.read_bytes() for path in written}
    for path in written:
        path.unlink()
    assert write_all(run, ("nl", "en")) == pages
    assert {path: path.read_bytes() for path in written} == before


def test_a_run_without_its_reference_is_refused():
    run = SyntheticRun()
    run.study["reference"] = "lean"
    with pytest.raises(DataError, match="reference policy 'lean'"):
        _ = run.facts


def test_a_manifest_of_another_form_is_refused():
    run = SyntheticRun()
    del run.study["level"]
    with pytest.raises(DataError, match=r"manifest: .*'level'"):
        _ = run.facts
