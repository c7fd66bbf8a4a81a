"""What the benchmarks print and draw: numbers, tables, page and plot."""

import re
import sys
import time
from types import FunctionType

import pytest

from benchmarks.check import Agreement
from benchmarks.figures import Spread, figures
from benchmarks.page import number, page, profile_table, speed_table, spread, table
from benchmarks.plot import speed_plot
from benchmarks.profile import ELSEWHERE, Sampler, _module_of, shares
from benchmarks.rounds import Measured, Series
from sim.draws import Purpose, Stream
from tests.benchmarks.small import small_workload, stand_in
from tests.benchmarks.test_rounds import outcome


@pytest.mark.parametrize(
    "value, text",
    [
        (1234.5, "1,230"),
        (100.0, "100"),
        (99.96, "100"),
        (4.406, "4.41"),
        (0.0426, "0.0426"),
        (0.00001234, "1.2e-05"),
    ],
)
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text


def test_a_range_is_told_where_there_is_one():
    assert spread(Spread(2.0, 1.0, 3.0)) == "2.00 (1.00–3.00)"
    assert spread(Spread(1.0, 1.0, 1.0)) == "1.00"


def test_tables_are_markdown():
    assert table(["a", "long"], [["first", "1"], ["x", "22"]]) == [
        "| a     | long |",
        "| ----- | ---: |",
        "| first |    1 |",
        "| x     |   22 |",
    ]


@pytest.fixture
def measured():
    one = outcome()
    series = tuple(
        Series(stand_in(name, one, is_limit=name == "limit"), [one] * 3, seconds)
        for name, seconds in (
            ("slow", [8.0, 6.0]),
            ("engine_x", [0.5, 0.5]),
            ("limit", [0.1, 0.2]),
        )
    )
    agreements = (Agreement("slow", 2, (), {}), Agreement("engine_x", 2, (), {"noticed": -1.5}))
    return Measured(
        small_workload(years=10), one.actions, series, agreements, {"c": "no compiler"}
    )


def test_the_page_says_what_was_measured(measured):
    found = figures(measured, "slow")
    text = page(measured, found, {"sim.draws": 0.7, ELSEWHERE: 0.3}, {"cores": "2"}, "do it")
    assert "\n".join(speed_table(found)) in text
    assert "\n".join(profile_table({"sim.draws": 0.7, ELSEWHERE: 0.3})) in text
    for part in (
        "*Written by `do it`",
        "2 interleaved rounds",
        "- slow: 2 actions identical",
        "alike in distribution: of 1 means noticed differs most",
        "- `c`: left out, no compiler",
        "| cores |     2 |",
        "](benchmarks.svg)",
    ):
        assert part in text
    assert "{" not in text


def test_the_table_has_a_column_for_the_limit_only_with_one(measured):
    found = figures(measured, "slow")
    assert speed_table(found)[0].endswith("times the limit's time |")
    without = figures(
        Measured(measured.workload, measured.engine, measured.series[:2], (), {}), "slow"
    )
    assert "limit" not in "\n".join(speed_table(without))
    assert "| engine_x " in speed_table(without)[3]
    assert "14.0 (12.0–16.0)" in speed_table(without)[3]


def test_small_shares_of_the_profile_are_left_out():
    assert len(profile_table({"sim.draws": 0.996, "sim.clock": 0.004})) == 3


def test_the_plot_names_its_dots_in_real_text(measured):
    svg = speed_plot(figures(measured, "slow"), "slow")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"slow", "engine_x", "limit", "7.00 s (reference)"} <= set(texts)
    assert "0.500 s, 14.0 times as fast" in texts
    assert svg == speed_plot(figures(measured, "slow"), "slow")


def test_the_profile_finds_the_module_of_the_model():
    stream = Stream(1, 0)

    def busy():
        until_s = time.process_time() + 0.1
        while time.process_time() < until_s:
            stream.uniforms(Purpose.MARK, range(2000))

    found = shares(busy)
    assert sum(found.values()) == pytest.approx(1.0)
    assert next(iter(found)) == "sim.draws"


def called_from(module, inner):
    """Return what `inner` returns when a function of another module calls it."""
    outer = FunctionType((lambda function: function()).__code__, {"__name__": module})
    return outer(inner)


def test_time_in_a_library_or_a_helper_counts_for_the_stage_that_uses_it():
    def library():
        return _module_of(sys._getframe())

    assert called_from("sim.stage", library) == "sim.stage"
    assert called_from("sim.stage", lambda: called_from("sim.layout", library)) == "sim.stage"
    assert called_from("elsewhere", library) == ELSEWHERE


def test_time_outside_of_the_model_is_elsewhere():
    with Sampler() as sampler:
        sum(i * i for i in range(600_000))
    assert set(sampler.seconds) == {ELSEWHERE}
