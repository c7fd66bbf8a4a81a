"""Effort to rates: overhead, diminishing returns, and the limit of the marks."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.effort import Rates, effective_hours, saturating
from sim.errors import InputError
from sim.parameters import Parameters
from sim.policy import Effort, Levers
from sim.scalar import WORD_RANGE

INHABITANTS = np.array([20_000, 60_000, 150_000])
PARAMETERS = Parameters.defaults()


def levers(performer, hours):
    task = {"performer": performer, "hours_per_month_per_1000_inhabitants": hours}
    return [
        Levers(
            effort=Effort.model_validate(
                dict.fromkeys(("policy_work", "relation_management", "communication"), task)
            )
        )
    ] * 3


def test_many_small_organisations_lose_more_to_overhead_than_one():
    apart = effective_hours(levers("municipality", 0.1), INHABITANTS, PARAMETERS)
    together = effective_hours(levers("region", 0.1), INHABITANTS, PARAMETERS)
    for task in apart:
        assert (apart[task] < together[task]).all()
        # Together they lose the overhead once: 230,000 inhabitants at 3 tasks of 0.1 h per 1,000.
        total = 230 * 0.3
        np.testing.assert_allclose(together[task], 1.0 * (total - 3.0) / total)
    assert apart["communication"][0] < apart["communication"][2]


def test_effort_below_the_overhead_does_nothing():
    hours = effective_hours(levers("municipality", 0.01), INHABITANTS, PARAMETERS)
    assert hours["communication"][0] == 0.0


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0.01, 100))
def test_returns_diminish(first, more, half):
    low, high = saturating(np.array([first, first + more]), half)
    assert 0 <= low <= high <= 1
    gain_again = saturating(np.array([first + 2 * more]), half)[0] - high
    assert gain_again <= high - low + 1e-12


def rates(sign_up, departure):
    shape = (1, 1, 1, 5)
    return Rates(
        phase_s=np.array([0]),
        sign_up=np.full(shape, sign_up),
        correction=np.full(shape, 0.1),
        strike=np.full(shape, 0.1),
        decay=np.full((1, 5, 31), 0.1),
        departure=np.full((1, 5, 31), departure),
    )


def test_thresholds_split_the_mark_as_the_rates_say():
    t = rates(0.25, 0.05).thresholds()
    assert t.sign_up[0, 0, 0, 2] == WORD_RANGE // 8
    assert t.strike[0, 0, 0, 2] / WORD_RANGE == pytest.approx(0.45 / 2)
    assert 1 - t.decay[0, 2, 0] / WORD_RANGE == pytest.approx(0.15 / 2)
    assert 1 - t.departure[0, 2, 0] / WORD_RANGE == pytest.approx(0.05 / 2)


def test_rates_above_the_rate_of_the_marks_are_refused():
    with pytest.raises(
        InputError, match=r"2\.010 a year together exceed the rate of the marks, 2 a year"
    ):
        rates(1.61, 0.1).thresholds()


def test_phases_begin_at_the_dates_of_the_changes():
    from pathlib import Path

    from sim.effort import register_rates
    from sim.grid import load_grid
    from sim.policy import Policy

    grid = load_grid(Path(__file__).parents[2] / "data/twente_grid")
    restart = {"register": {"sign_ups_processed": True}}
    policy = Policy(
        name="restart",
        register={"sign_ups_processed": False},
        changes=[{"from_day": date(2017, 7, 1), "levers": restart}],
    )
    found = register_rates([policy], grid, PARAMETERS, date(2014, 7, 1))
    assert found.sign_up[0].max() == 0.0
    assert found.sign_up[1].max() > 0.0
    assert found.phase_s[1] == 1096 * 86_400
