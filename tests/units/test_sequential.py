"""The rule of stopping: its moments, its interval, and that the interval covers after stopping."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from experiments.analysis import coverage
from experiments.analysis.sequential import (
    FIRST_LOOK,
    Moments,
    from_central,
    half_width,
    is_reached,
    moments,
)
from experiments.study import ROOT

RUNS = 20_000


def least(level):
    """Three standard errors of a coverage below the level: the seeds are fixed."""
    return level - 3 * np.sqrt(level * (1 - level) / RUNS)


# The interval


def test_moments_are_those_of_scipy_and_leave_gaps_out():
    values = np.array([1.0, np.nan, 2.5, 4.0, np.nan, 7.0, 1e3])
    known = values[~np.isnan(values)]
    found = moments(values)
    assert found.n == 5
    assert found.mean == known.mean()
    assert found.variance == pytest.approx(known.var(ddof=1), rel=1e-12)
    assert found.skewness == pytest.approx(scipy.stats.skew(known, bias=False), rel=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_moments_are_numbers_or_nothing(values):
    found = moments(np.array(values))
    assert found.n == len(values)
    assert np.isnan(found.variance) == (len(values) == 1)
    assert not found.variance < 0


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [1.0, 2.0], [0.1] * 50, [1e9 / 3] * 7])
def test_without_variation_or_with_too_few_values_there_is_no_interval(values):
    found = moments(np.array(values))
    assert np.isnan(half_width(found, 0.95))
    assert not is_reached(found, 0.95, 1e9)


@given(st.integers(3, 2000), st.floats(0.1, 10.0), st.floats(-20.0, 20.0), st.floats(0.5, 0.999))
def test_the_interval_is_never_narrower_than_students(n, sd, skewness, level):
    found = Moments(*map(np.asarray, (n, 0.0, sd**2, skewness)))
    student = scipy.stats.t.ppf((1 + level) / 2, n - 1) * sd / np.sqrt(n)
    assert half_width(found, level) > student
    turned = found._replace(skewness=np.asarray(-skewness))
    assert half_width(turned, level) == half_width(found, level)


def test_the_interval_becomes_students_as_values_are_added():
    n = np.array([50, 500, 5_000, 50_000, 5_000_000])
    found = Moments(n, 0.0 * n, 1.0 + 0.0 * n, 2.0 + 0.0 * n)
    above = half_width(found, 0.95) / (scipy.stats.t.ppf(0.975, n - 1) / np.sqrt(n)) - 1
    assert (np.diff(above) < 0).all()
    assert above[0] > 0.3
    assert above[-1] < 0.002


def test_the_interval_without_skewness_rests_on_the_bound_of_the_deviation():
    found = Moments(np.asarray(40), np.asarray(0.0), np.asarray(4.0), np.asarray(0.0))
    bound = 2.0 * np.sqrt(39 / scipy.stats.chi2.ppf(0.05, 39))
    expected = scipy.stats.t.ppf(0.975, 39) * bound / np.sqrt(40)
    assert half_width(found, 0.95) == pytest.approx(expected, rel=1e-12)


def test_the_skewness_adjustment_is_that_of_willink():
    found = Moments(np.asarray(60), np.asarray(0.0), np.asarray(1.0), np.asarray(1.5))
    bound = scipy.stats.t.ppf(0.975, 59) * np.sqrt(59 / scipy.stats.chi2.ppf(0.05, 59))
    a = 1.5 / (6 * np.sqrt(60))
    arms = [(np.cbrt(1 + 6 * a * (r - a)) - 1) / (2 * a) for r in (bound, -bound)]
    expected = max(abs(arm) for arm in arms) / np.sqrt(60)
    assert half_width(found, 0.95) == pytest.approx(expected, rel=1e-12)


def test_no_run_stops_before_the_first_look():
    for n, may in ((FIRST_LOOK - 1, False), (FIRST_LOOK, True)):
        found = Moments(np.asarray(n), np.asarray(0.0), np.asarray(1.0), np.asarray(0.0))
        assert is_reached(found, 0.95, 100.0) == may
        assert not is_reached(found, 0.95, 0.01)


# Coverage after stopping


@pytest.mark.parametrize("shape", coverage.SHAPES, ids=lambda shape: shape.name)
def test_the_interval_covers_after_stopping(shape):
    found = coverage.coverage(shape, block=10, level=0.95, paths=RUNS, seed=11)
    assert min(each.covered for each in found) >= least(0.95)
    # The targets try early stops, late ones, and runs that the largest number ends.
    assert found[0].reached > 0.99
    assert found[-1].reached < 0.01
    assert all(each.mean_n >= FIRST_LOOK for each in found)


@pytest.mark.parametrize("level,block", [(0.8, 10), (0.99, 10), (0.95, 50)])
@pytest.mark.parametrize("name", ["normal", "exponential", "-1, 0 or 1"])
def test_the_interval_covers_at_other_levels_and_blocks(name, level, block):
    shape = next(shape for shape in coverage.SHAPES if shape.name == name)
    found = coverage.coverage(shape, block=block, level=level, paths=RUNS, seed=12)
    assert min(each.covered for each in found) >= least(level)


@pytest.mark.parametrize("name", ["normal", "exponential"])
def test_students_interval_would_lose_coverage(name):
    shape = next(shape for shape in coverage.SHAPES if shape.name == name)
    found = coverage.coverage(shape, block=10, level=0.95, paths=RUNS, seed=13)
    assert min(each.student for each in found) < least(0.95)
    assert min(each.at_stop for each in found) < min(each.covered for each in found)


@pytest.mark.parametrize(
    "shape", [*coverage.SHAPES, coverage.BEYOND], ids=lambda shape: shape.name
)
def test_the_draws_have_the_mean_and_deviation_that_are_stated(shape):
    values = shape.draw(np.random.default_rng(14), (400_000,))
    assert values.mean() == pytest.approx(shape.mean, abs=4 * shape.sd / np.sqrt(400_000))
    assert values.std() == pytest.approx(shape.sd, rel=0.06)


def test_running_moments_of_the_simulation_are_those_of_the_rule():
    values = np.random.default_rng(15).gamma(2.0, 1.0, (3, 60)) - 2.0
    found = coverage._looks(values, 20)
    for path in range(3):
        for look, n in enumerate((20, 40, 60)):
            expected = moments(values[path, :n])
            assert found.n[look] == n
            for name in ("mean", "variance", "skewness"):
                seen = getattr(found, name)[path, look]
                assert seen == pytest.approx(getattr(expected, name), rel=1e-9), name
    equal = coverage._looks(np.full((1, 40), 1 / 3), 20)
    assert np.isnan(half_width(equal, 0.95)).all()


def test_moments_of_deviations_need_three_values_for_a_skewness():
    n = np.array([1, 2, 3])
    found = from_central(n, np.zeros(3), np.ones(3), np.ones(3))
    assert np.isnan(found.skewness).tolist() == [True, True, False]
    assert np.isnan(found.variance).tolist() == [True, False, False]


def test_table_tells_the_lowest_coverage_of_every_shape(monkeypatch):
    monkeypatch.setattr(coverage, "SHAPES", coverage.SHAPES[:1])
    text = coverage.table(block=20, level=0.9, paths=500, seed=1)
    found = coverage.coverage(coverage.SHAPES[0], block=20, level=0.9, paths=500, seed=1)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if line.startswith("normal")]
    lowest = 100 * min(each.covered for each in found)
    assert row.split()[1] == f"{lowest:.1f}%"
    assert lines[-2] == "beyond any rule:"


def test_the_documented_table_is_what_the_command_prints():
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    printed = coverage.table(block=20, level=0.95, paths=20_000, seed=1).splitlines()
    documented = text.split("```")[1].strip("\n").splitlines()
    assert documented[:7] == printed[:7]
    assert len(documented) == len(printed)
    for ours, theirs in zip(documented[7:], printed[7:], strict=True):
        assert ours[:22] == theirs[:22]
        # Another processor may round a draw otherwise.
        figures = ([float(x.rstrip("%")) for x in line[22:].split()] for line in (ours, theirs))
        assert next(figures) == pytest.approx(next(figures), abs=0.15, rel=0.005)
