"""Arrivals of incidents against the Poisson process that they should be."""

import numpy as np
import pytest
from scipy import stats

from sim.categories import Kind
from sim.draws import Stream
from sim.incidents import draw_incidents, hourly_rate
from tests.support.worlds import Configuration, Layout, busy_parameters

FALSE_ALARM = 1e-6
"""Probability with which a right model fails one of these tests; the seeds are fixed."""
PER_YEAR = {Kind.MISSING: 6_000.0, Kind.ROBBERY: 4_000.0, Kind.THEFT: 3_000.0}


@pytest.fixture(scope="module")
def arrivals():
    """Return calendar, parameters, world and many years of arrivals of a very busy region."""
    world = Layout().world()
    busy = {kind.name.lower(): rate for kind, rate in PER_YEAR.items()}
    parameters = busy_parameters(
        world, **busy, missing_summer_factor=1.3, missing_weekend_factor=1.2
    )
    setting = Configuration(world, (), parameters).setting()
    drawn = [
        draw_incidents(world, setting.calendar, parameters, Stream(11, k), setting.until_s)
        for k in range(4)
    ]
    return setting, parameters, world, drawn


def by_kind(incidents, kind):
    return np.sort(incidents.reported_s[incidents.kind == kind])


def expected_counts(setting, parameters, world, kind):
    """Return the expected arrivals of each hour up to the end of the drawing."""
    rate = hourly_rate(kind, setting.calendar, parameters, world.scale)
    end = setting.calendar.first_hour * 3600 + 3600 * np.arange(1, len(rate) + 1)
    return rate[end <= setting.until_s]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_number_of_a_year_is_the_one_asked_for(arrivals, kind):
    setting, parameters, world, _ = arrivals
    rate = expected_counts(setting, parameters, world, kind)
    per_year = rate.sum() / len(rate) * 24 * 365.25
    # The factors of the season have mean one over whole years only.
    assert per_year == pytest.approx(PER_YEAR[kind], rel=0.03)


@pytest.mark.parametrize("kind", list(Kind))
def test_counts_of_a_run_are_poisson(arrivals, kind):
    setting, parameters, world, drawn = arrivals
    mean = expected_counts(setting, parameters, world, kind).sum()
    low, high = stats.poisson.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], len(drawn) * mean)
    # The last, broken hour of the drawing is part of neither.
    whole_s = setting.until_s // 3600 * 3600
    total = sum((by_kind(incidents, kind) < whole_s).sum() for incidents in drawn)
    assert low <= total <= high


@pytest.mark.parametrize("kind", list(Kind))
def test_gaps_on_the_clock_of_the_rate_are_exponential(arrivals, kind):
    setting, parameters, world, drawn = arrivals
    rate = expected_counts(setting, parameters, world, kind)
    edges_s = setting.calendar.first_hour * 3600 + 3600 * np.arange(len(rate) + 1)
    passed = np.concatenate(([0.0], np.cumsum(rate)))
    gaps = []
    for incidents in drawn:
        at_s = by_kind(incidents, kind).astype(float)
        at_s = at_s[at_s < edges_s[-1]]
        # Moments are whole seconds: the middle of the second stands for it.
        gaps.append(np.diff(np.interp(at_s + 0.5, edges_s, passed)))
    gaps = np.concatenate(gaps)
    assert len(gaps) > 3 * PER_YEAR[kind]
    assert stats.kstest(gaps, "expon").pvalue > FALSE_ALARM
    # Independence of neighbours: the correlation of their ranks is normal with variance 1/n.
    ranks = -np.expm1(-gaps)
    correlation = np.corrcoef(ranks[:-1], ranks[1:])[0, 1]
    assert abs(correlation) * np.sqrt(len(gaps)) < stats.norm.isf(FALSE_ALARM / 2)


@pytest.mark.parametrize("kind", list(Kind))
def test_moments_are_uniform_within_their_hour(arrivals, kind):
    _, _, _, drawn = arrivals
    within = np.concatenate([by_kind(incidents, kind) % 3600 for incidents in drawn])
    assert stats.kstest((within + 0.5) / 3600, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", list(Kind))
def test_counts_of_hours_are_poisson(arrivals, kind):
    setting, parameters, world, drawn = arrivals
    rate = expected_counts(setting, parameters, world, kind)
    most = 5
    counts = np.zeros(most + 1)
    for incidents in drawn:
        hour = by_kind(incidents, kind) // 3600 - setting.calendar.first_hour
        per_hour = np.bincount(hour[hour < len(rate)], minlength=len(rate))
        counts += np.bincount(np.minimum(per_hour, most), minlength=most + 1)
    mass = np.array([stats.poisson.pmf(k, rate).sum() for k in range(most)])
    expected = len(drawn) * np.append(mass, len(rate) - mass.sum())
    full = expected > 5
    chi2 = ((counts - expected)[full] ** 2 / expected[full]).sum()
    assert chi2 < stats.chi2.isf(FALSE_ALARM, full.sum())


def test_a_smaller_share_of_use_takes_a_part_of_the_same_incidents(arrivals):
    """Thinning by an own uniform: binomial in number, and nested."""
    _, _, _, drawn = arrivals
    level = np.concatenate([incidents.use_level for incidents in drawn])
    for share in (0.1, 0.375, 0.9):
        low, high = stats.binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], len(level), share)
        assert low <= (level < share).sum() <= high


def test_the_missing_are_where_people_live():
    """By inhabitants: the counts of the cells are multinomial."""
    layout = Layout(people=(0, 50, 200, 400))
    world = layout.world()
    parameters = busy_parameters(world, missing=8_000.0)
    setting = Configuration(world, (), parameters).setting()
    incidents = draw_incidents(world, setting.calendar, parameters, Stream(3, 0), setting.until_s)
    cells = incidents.cell[incidents.kind == Kind.MISSING]
    counts = np.bincount(cells, minlength=world.grid.n_cells)
    expected = len(cells) * world.grid.population / world.grid.inhabitants
    assert (counts[expected == 0] == 0).all()
    lived = expected > 0
    chi2 = ((counts - expected)[lived] ** 2 / expected[lived]).sum()
    assert chi2 < stats.chi2.isf(FALSE_ALARM, lived.sum() - 1)
