"""Charts show the run's numbers in real text, without colour alone, no label over another."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.report import charts, maps, write_figures
from experiments.report.chart_tools import (
    NARROW_IN,
    WIDE_IN,
    Canvas,
    Frame,
    drawing,
    inline_svg,
    style_of,
    svg_text,
)
from experiments.report.curves import named_lines
from experiments.report.labels import Box, place_labels, spread
from experiments.report.words import Words
from tests.report.synthetic import NAN, SyntheticRun
from tests.support.fake_run import fake_run_folder

NAMES = ("direct", "differences", "base", "cost", "hours", "coverage")
EN, NL = Words("en"), Words("nl")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    policies = ("current_agreements", "frozen", "stop")
    return fake_run_folder(tmp_path_factory.mktemp("runs"), policies, replications=3, years=2)


def drawn(chart, width=WIDE_IN, frame=None):
    with drawing():
        figure = chart.draw(Canvas(width, frame))
        return figure, svg_text(figure)


def chart_of(facts, name, words=EN):
    return next(chart for chart in charts.all_charts(facts, words) if chart.name == name)


def test_every_figure_is_written_in_both_languages_and_both_forms(run):
    written = write_figures(run)
    forms = [f"{lang}.{kind}" for lang in ("nl", "en") for kind in ("svg", "png")]
    expected = {f"{name}.{form}" for name in (*NAMES, "map") for form in forms}
    assert {path.name for path in written} == expected
    assert {path.parent for path in written} == {run.path / "figures"}
    assert all(path.stat().st_size > 1000 for path in written)
    first = {path: path.read_bytes() for path in written}
    assert {path: path.read_bytes() for path in write_figures(run)} == first


def test_titles_carry_the_numbers_of_the_run():
    made = SyntheticRun().with_direct("frozen", 0.091, (-0.03, -0.034, -0.026))
    made.ends["frozen"] = 20_000
    facts = made.facts
    end = f"{facts.bases['frozen'].registered[-1]:,.0f}"
    assert chart_of(facts, "direct").title.startswith("Solved directly: from 9.1 to 12.0 of 100")
    assert f"After 2 years: {end} participants under \u2018Freeze" in chart_of(facts, "base").title
    assert "0 choices solve a clearly larger share" in chart_of(facts, "differences").title
    assert "1 a clearly smaller share" in chart_of(facts, "differences").title
    assert "150 a year" in chart_of(facts, "hours").title
    assert "for €60,000 a year" in chart_of(facts, "cost").title


@pytest.mark.parametrize("name", NAMES)
def test_a_framed_figure_says_title_measure_interval_and_source(name):
    chart = chart_of(SyntheticRun().facts, name)
    _, svg = drawn(chart, frame=Frame(chart.title, chart.subtitle, chart.source))
    text = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    said = " ".join(text.replace("\xa0", " ").split())
    for part in (chart.title, chart.subtitle, chart.source):
        assert part.replace("\xa0", " ") in said
    assert "n = 10" in said
    assert "0123456789abcdef" in said


@pytest.mark.parametrize("width", [WIDE_IN, NARROW_IN])
@pytest.mark.parametrize("name", NAMES)
def test_no_text_leaves_the_picture(name, width):
    made = SyntheticRun(policies=("current_agreements", "frozen", "a-very-long-name-" * 3, "stop"))
    figure, _ = drawn(chart_of(made.without_actions("stop").facts, name), width)
    box = figure.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= figure.get_figwidth()
    assert box.y1 <= figure.get_figheight()


def test_the_dots_stand_where_the_numbers_are():
    made = SyntheticRun().with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    figure, svg = drawn(chart_of(made.facts, "differences"))
    (axes,) = figure.axes
    dots = [line for line in axes.lines if line.get_marker() in "^vo"]
    points = {round(x, 9): line.get_marker() for line in dots for x in line.get_xdata()}
    assert points == {-3.0: "v", 0.0: "o"}
    assert [line for line in axes.lines if list(line.get_xdata()) == pytest.approx([-3.4, -2.6])]
    assert axes.get_xlim()[0] < 0 < axes.get_xlim()[1]
    assert "clearly fewer" in svg
    assert "no clear difference" in svg


def test_a_share_is_read_from_zero():
    figure, _ = drawn(chart_of(SyntheticRun().facts, "direct"))
    assert figure.axes[0].get_xlim()[0] == 0


def test_shape_tells_reference_and_main_apart_without_colour():
    facts = SyntheticRun().facts
    shapes = {style_of(facts, policy).marker for policy in facts.setting.policies}
    assert len(shapes) == 3
    lines = {style.line for style in named_lines(facts).values()}
    assert len(lines) == len(named_lines(facts))


def test_lines_that_end_together_get_one_name():
    policies = ("current_agreements", "frozen", "frozen_with_app", "regional_plus")
    made = SyntheticRun(policies=policies)
    made.ends.update(frozen=20_000, frozen_with_app=19_900, regional_plus=50_000)
    assert list(named_lines(made.facts)) == ["current_agreements", "frozen", "regional_plus"]


@pytest.mark.parametrize("name", ["direct", "differences", "hours", "cost"])
def test_nothing_known_still_draws(name):
    made = SyntheticRun()
    for key in made.values:
        made.values[key] = made.steps[key] = (NAN, NAN, NAN)
    for width in (WIDE_IN, NARROW_IN):
        drawn(chart_of(made.facts, name), width)


def test_dollars_in_names_are_no_formula():
    made = SyntheticRun(policies=("current_agreements", "frozen"))
    made.places = (("GM0141", "A$l^{m}$elo", 70_000), ("GM0153", "$\\frac{1}$", 160_000))
    _, svg = drawn(chart_of(made.facts, "coverage"))
    assert ">A$l^{m}$elo</text>" in svg
    assert ">$\\frac{1}$</text>" in svg


def test_charts_are_real_text_without_dates_and_the_same_every_time():
    chart = chart_of(SyntheticRun().facts, "direct", NL)
    first, second = (drawn(chart)[1] for _ in range(2))
    assert first == second
    assert ">Bestand bevriezen</text>" in first
    assert "<dc:date>" not in first


def test_the_text_alternative_tells_every_row():
    made = SyntheticRun().with_direct("frozen", 0.091, (-0.03, -0.034, -0.026))
    said = chart_of(made.facts, "direct").alternative
    assert "Freeze the base: 9.1%" in said
    assert "Current agreements: 12.0%" in said


def test_ids_of_two_charts_on_a_page_differ():
    chart = chart_of(SyntheticRun().facts, "direct")
    _, svg = drawn(chart)
    one, two = (inline_svg(svg, name, "a < b", 'c "d"') for name in ("one", "two"))
    ids = [set(re.findall(r' id="([^"]*)"', text)) for text in (one, two)]
    assert ids[0].isdisjoint(ids[1])
    for text, known in zip((one, two), ids, strict=True):
        used = set(re.findall(r'(?:href="|url\()#([^")]*)', text))
        assert used > set()
        assert used <= known
    assert '<title id="one-title">a &lt; b</title>' in one
    assert one.count('role="img"') == 1


@given(
    st.lists(st.floats(-10, 10), max_size=8),
    st.floats(0.1, 3.0),
    st.floats(-5, 0),
    st.floats(1, 5),
)
def test_spread_labels_keep_their_order_and_distance(wanted, gap, low, high):
    placed = spread(wanted, gap, low, high)
    room = min(gap, (high - low) / max(1, len(wanted) - 1))
    pairs = sorted(zip(wanted, placed, strict=True))
    assert all(low - 1e-9 <= position <= high + 1e-9 for position in placed)
    apart = [b[1] - a[1] for a, b in pairwise(pairs) if b[0] > a[0]]
    assert all(step >= room - 1e-9 for step in apart)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=10))
def test_labels_of_a_crowd_cover_neither_dots_nor_each_other(points):
    with drawing():
        figure, _, _ = Canvas(WIDE_IN).figure(4.0)
        axes = figure.add_axes((0.1, 0.1, 0.85, 0.85))
        axes.set(xlim=(-0.1, 1.1), ylim=(-0.1, 1.1))
        texts = place_labels(axes, points, [f"A name as long {i}" for i in range(len(points))])
        boxes = [text.get_window_extent() for text in texts]
        dots = [axes.transData.transform(point) for point in points]
    for i, box in enumerate(boxes):
        assert not any(box.padded(-1).overlaps(other.padded(-1)) for other in boxes[:i])
        assert not any(box.padded(-1).contains(x, y) for x, y in dots)


CROWD = (
    *((22.9, 2.7), (26.2, 1.9), (34.5, 2.5), (40.0, 2.1)),
    *((45.8, 2.4), (51.7, 2.0), (57.3, 2.2), (64.2, 2.8)),
)
"""Dots in a dense row, where a line to a text could strike through others."""


def test_no_line_to_a_text_goes_through_another_interval():
    uprights = [(x, y - 0.9, y + 0.9) for x, y in CROWD]
    with drawing():
        figure, _, _ = Canvas(WIDE_IN).figure(4.0)
        axes = figure.add_axes((0.08, 0.13, 0.9, 0.82))
        axes.set(xlim=(-4, 202), ylim=(0, 7.5))
        place_labels(axes, CROWD, [f"A name of some length {i}" for i in range(8)], uprights)
        leaders = [[tuple(point) for point in line.get_path().vertices] for line in axes.lines]
    assert len(leaders) > 0
    for start, end in leaders:
        for x, low, high in uprights:
            box = Box(x - 0.3, low, x + 0.3, high)
            assert abs(start[0] - x) < 0.01 or not box.meets(start, end)


@given(*[st.tuples(st.integers(-9, 9), st.integers(-9, 9)) for _ in range(2)])
def test_a_line_meets_a_box_where_one_of_its_points_lies_in_it(start, end):
    box = Box(-3, -2, 4, 5)
    steps = [i / 2000 for i in range(2001)]
    points = [tuple(a + (b - a) * t for a, b in zip(start, end, strict=True)) for t in steps]
    nearly = Box(-3.02, -2.02, 4.02, 5.02)
    if any(box.holds(point) for point in points):
        assert box.meets(start, end)
    if box.meets(start, end):
        assert any(nearly.holds(point) for point in points)


def test_the_map_prints_every_name_and_value(run):
    from experiments.report.facts import read_facts

    facts = read_facts(run)
    chart = maps.coverage_map(facts, NL, maps.load_outlines(maps.grid_folder(facts)))
    _, svg = drawn(chart, NARROW_IN)
    words = re.findall(r"<text[^>]*>([^<]*)</text>|<tspan[^>]*>([^<]*)</tspan>", svg)
    said = "".join(a + b for a, b in words)
    for place in facts.places:
        name = place.name.replace(" van ", " van")
        first, last = facts.coverage["current_agreements", place.gm_code]
        assert f"{name}{NL.hundred(first)}" in said
        assert f"{name}{NL.hundred(last)}" in said
    assert "10 km" in said
    assert "CBS / Kadaster" in chart.source
