"""The register against closed forms: decay without sign-ups, letters, and a stationary pool."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm

from sim.candidates import draw_candidates, leaving_rates
from sim.clock import YEAR_S, date_to_s, month_starts
from sim.draws import Stream
from sim.effort import MARK_RATE_PER_YEAR, register_rates
from sim.parameters import REGISTRY
from sim.policy import Policy
from sim.register import State
from sim.scalar import WORD_RANGE
from tests.support.registers import Walk
from tests.support.worlds import START, Configuration, Layout, busy_parameters, rows_where

NORMAL_BOUND = stats.norm.isf(0.5e-6)
"""A right model leaves the interval once in a million."""
QUIET = {"spontaneous_sign_up_rate": 0.0, "optout_per_alert": 0.0}
FROZEN = {"sign_ups_processed": False, "corrections_processed": False}
STILL = dict.fromkeys(
    (name for name in REGISTRY if name.startswith(("moves_", "deaths_", "lapse_", "number_"))), 0.0
)
BIG = Layout(people=(1500,), columns=6, rows=6)


def test_without_sign_ups_good_and_registered_decay_exponentially():
    world = BIG.world()
    parameters = busy_parameters(world, missing=2.0, robbery=0.0, theft=0.0, **QUIET)
    years = 6
    opened = Configuration(
        world, (Policy(name="frozen", register=FROZEN),), parameters, seed=7, years=years
    ).opened()
    departure, decay = leaving_rates(parameters)
    start = opened.register.moments[0].state[:, 0]
    age = opened.candidates.age_band
    table = rows_where(opened.result.register, scenario="frozen")
    ends = [date_to_s(START, day) / YEAR_S for day in month_starts(START, 12 * years)]
    for month in range(12, 12 * years + 1, 12):
        now = table["month"] == month
        for name, begun, rate in (
            ("registered", start >= State.STALE, departure),
            ("good", start == State.GOOD, departure + decay),
        ):
            share = np.exp(-rate[age[begun]] * ends[month])
            bound = NORMAL_BOUND * np.sqrt((share * (1 - share)).sum()) + 1
            assert abs(table[name][now].sum() - share.sum()) < bound, (name, month)
    # The interval is narrow enough to tell the two exponentials from each other.
    assert table["registered"][now].sum() - table["good"][now].sum() > 2 * bound


def test_corrections_bring_stale_records_back_at_their_rate():
    """Two states with constant rates: good(t) follows from the matrix exponential."""
    world = BIG.world()
    parameters = busy_parameters(
        world,
        missing=0.0,
        robbery=0.0,
        theft=0.0,
        **QUIET,
        strike_rate_max=0.0,
        stale_share_at_start=0.5,
    )
    task = {"performer": "region", "hours_per_month_per_1000_inhabitants": 10.0}
    policy = Policy(name="keeps", effort={"policy_work": task, "relation_management": task})
    rates = register_rates([policy], world.grid, parameters, START)
    corrected = float(rates.correction.max())
    assert corrected == float(rates.correction.min()) > 0.1
    opened = Configuration(world, (policy,), parameters, seed=8, years=4).opened()
    departure, decay = leaving_rates(parameters)
    state, age = opened.register.moments[0].state[:, 0], opened.candidates.age_band
    end = opened.by_time[date_to_s(START, month_starts(START, 48)[-1]) - 1].state[:, 0]
    years = date_to_s(START, month_starts(START, 48)[-1]) / YEAR_S
    mean = variance = 0.0
    for band in range(1, 5):
        w, d = departure[band], decay[band]
        flow = expm(np.array([[-w - d, d], [corrected, -w - corrected]]) * years)
        for row, first in enumerate((State.GOOD, State.STALE)):
            n = ((state == first) & (age == band)).sum()
            mean += n * flow[row, 0]
            variance += n * flow[row, 0] * (1 - flow[row, 0])
    was = state >= State.STALE
    assert abs((end[was] == State.GOOD).sum() - mean) < NORMAL_BOUND * np.sqrt(variance) + 1


@pytest.mark.parametrize("written", [1.0, 0.5])
def test_a_letter_makes_five_of_a_hundred_join(written):
    """Household letters: just over 5 % of the inhabitants written to joined within weeks."""
    world = BIG.world()
    parameters = busy_parameters(
        world, missing=0.0, robbery=0.0, theft=0.0, registered_at_start=0.0, **QUIET, **STILL
    )
    policy = Policy(name="writes", campaigns=[{"day": START, "written_share": written}])
    result = Configuration(world, (policy,), parameters, seed=9).simulate()
    registered = result.register["registered"].reshape(13, -1).sum(axis=1)
    people = world.grid.inhabitants * written
    share = parameters.campaign_join_share
    bound = NORMAL_BOUND * np.sqrt(people * share * (1 - share))
    assert abs(registered[2] - people * share) < bound
    assert 0.04 < registered[2] / people < 0.06
    # Everybody who joins has done so after `campaign_weeks`, evenly through them.
    assert (registered[2:] == registered[2]).all()
    within = 31 / (7 * parameters.campaign_weeks)
    bound = NORMAL_BOUND * np.sqrt(registered[2] * within * (1 - within))
    assert abs(registered[1] - within * registered[2]) < bound


def test_the_pool_of_the_willing_is_stationary():
    """Who leaves is followed at the same rate: the expected number present never changes."""
    world = BIG.world()
    parameters = busy_parameters(world, **QUIET)
    years = 8
    candidates = draw_candidates(world, parameters, Stream(10, 0), years)
    rates = register_rates([Policy(name="any")], world.grid, parameters, START)
    walk = Walk.by_rules(candidates, rates.thresholds(), [], Stream(10, 0), years=years)
    departure = leaving_rates(parameters)[0]
    first = np.bincount(candidates.age_band[candidates.entry_s < 0], minlength=5)
    for year in (1, 2, 4, 8):
        state = walk.look(year * YEAR_S - 1).state
        present = candidates.age_band[state[:, 0] != State.GONE]
        stays = np.exp(-departure * year)
        begun = np.arange(year)
        # A newcomer of a year came evenly through it and has stayed since.
        came = np.exp(-departure[:, None] * (year - begun - 1)) - np.exp(
            -departure[:, None] * (year - begun)
        )
        variance = stays * (1 - stays) + (came * (1 - came)).sum(axis=1)
        expected = first * (stays + came.sum(axis=1))
        assert np.allclose(expected, first)
        bound = NORMAL_BOUND * np.sqrt(first * variance) + 1
        assert (abs(np.bincount(present, minlength=5) - first) < bound).all()


def test_marks_come_as_a_poisson_process():
    """Counts of a candidate's acting marks are Poisson, their moments uniform."""
    world = Layout(people=(400,)).world()
    candidates = draw_candidates(world, busy_parameters(world), Stream(12, 0), 1)
    thresholds = register_rates(
        [Policy(name="any")], world.grid, busy_parameters(world), START
    ).thresholds()
    # Thresholds that meet leave no mark idle, and nobody departs.
    thresholds = replace(
        thresholds,
        decay=np.zeros_like(thresholds.decay),
        departure=np.full_like(thresholds.departure, WORD_RANGE),
    )
    until_s = 10 * YEAR_S
    walk = Walk.by_rules(candidates, thresholds, [], Stream(12, 0), years=10)
    clocks, counts, marks = walk.crowd.clocks, [], []
    for who in range(len(candidates)):
        before = len(marks)
        while (at_s := int(clocks["mark_s"][who])) <= until_s:
            marks.append((clocks["mark_at_s"][who], clocks["mark_word"][who]))
            walk.bring([who], at_s)
        counts.append(len(marks) - before)
    mean = MARK_RATE_PER_YEAR * 10
    dispersion = ((np.array(counts) - mean) ** 2).sum() / mean
    low, high = stats.chi2.ppf([0.5e-6, 1 - 0.5e-6], len(counts))
    # The sum of squares of Poisson counts is a little wider than chi-square: 1 / mean more.
    assert (
        low * (1 - 2 / np.sqrt(len(counts))) < dispersion < high * (1 + 2 / np.sqrt(len(counts)))
    )
    at_s, words = np.array(marks, dtype=np.float64).T
    assert stats.kstest(at_s / until_s, "uniform").pvalue > 1e-6
    assert stats.kstest(words / 2**32, "uniform").pvalue > 1e-6
