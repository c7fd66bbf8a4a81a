"""The check of outcomes finds what differs, and nothing else."""

import numpy as np
import pytest

from benchmarks.check import MEASURES, check, largest_z
from benchmarks.contestant import OUTCOMES, Outcome
from benchmarks.contestants import engine_ten
from tests.benchmarks.small import altered, rows, small_workload, stand_in, with_actions

EXACT = stand_in("exact", None)
ALIKE = stand_in("alike", None, exact=False, columns=MEASURES)


@pytest.fixture(scope="module")
def outcome():
    return engine_ten.CONTESTANT.prepare(small_workload())(0)()


def found(outcome, other, contestant=EXACT):
    return check(contestant, outcome.actions, [other])


def test_the_engine_agrees_with_itself(outcome):
    agreement = found(outcome, outcome)
    assert agreement.faults == ()
    assert agreement.compared == len(outcome.actions["incident_id"])
    assert agreement.in_words() == f"exact: {agreement.compared} actions identical"


@pytest.mark.parametrize("column", OUTCOMES)
def test_one_altered_outcome_is_found(outcome, column):
    agreement = found(outcome, altered(outcome, column, row=7))
    assert len(agreement.faults) == 1
    assert f": {column}: " in agreement.faults[0]
    assert str(outcome.actions["incident_id"][7]) in agreement.faults[0]


def test_an_altered_outcome_is_found_in_any_of_several_passes(outcome):
    passes = [outcome, altered(outcome, "cause"), outcome]
    assert len(check(EXACT, outcome.actions, passes).faults) == 1


def test_no_number_is_no_agreement(outcome):
    hours = outcome.actions["hours_saved"].copy()
    hours[3] = np.nan
    other = with_actions(outcome, {**outcome.actions, "hours_saved": hours})
    assert len(found(outcome, other).faults) == 1


def test_a_sum_in_another_order_is_no_difference(outcome):
    reached = outcome.actions["public_noticed"] * (1.0 + 1e-13)
    other = with_actions(outcome, {**outcome.actions, "public_noticed": reached})
    assert found(outcome, other).faults == ()


def test_a_missing_column_is_found(outcome):
    actions = {name: v for name, v in outcome.actions.items() if name != "unit_s"}
    assert found(outcome, with_actions(outcome, actions)).faults == (
        "unit_s: the column is missing",
    )


def test_actions_of_one_only_are_found(outcome):
    n = len(outcome.actions["incident_id"])
    fewer = with_actions(outcome, rows(outcome.actions, np.arange(n) != 4))
    assert ["of one only" in fault for fault in found(outcome, fewer).faults] == [True]
    strange = {**outcome.actions, "incident_id": outcome.actions["incident_id"].copy()}
    strange["incident_id"][4] = 1
    assert len(found(outcome, with_actions(outcome, strange)).faults) == 2


def test_order_of_rows_plays_no_part(outcome):
    n = len(outcome.actions["incident_id"])
    assert found(outcome, with_actions(outcome, rows(outcome.actions, np.arange(n)[::-1]))) == (
        found(outcome, outcome)
    )


def test_a_sample_is_compared_as_far_as_it_is_settled(outcome):
    actions = outcome.actions
    until_s = 20 * 7 * 86_400
    sample = rows(actions, (actions["scenario"] == "plain") & (actions["alert_at_s"] < until_s))
    n = len(sample["alert_at_s"])
    last = int(np.argmax(sample["alert_at_s"]))
    sample["cause"] = sample["cause"].copy()
    sample["cause"][last] = "cut short"
    agreement = check(EXACT, actions, [Outcome(("plain",), sample, 1, until_s)])
    assert agreement.faults == ()
    assert 0 < agreement.compared < n
    # Taken as the whole, it lacks what comes later, and its last action is another.
    whole = check(EXACT, actions, [Outcome(("plain",), sample, 1)])
    assert len(whole.faults) == (actions["scenario"] == "plain").sum() - n + 1


def test_nothing_compared_is_a_fault(outcome):
    empty = with_actions(outcome, rows(outcome.actions, []))
    assert "only 0 actions could be compared" in found(outcome, empty).faults
    early = Outcome(outcome.policies, outcome.actions, 1, settled_s=0)
    assert found(outcome, early).faults == ("only 0 actions could be compared",)


def noisy(outcome, name, shift, seed=3):
    random = np.random.default_rng(seed)
    values = outcome.actions[name] + random.normal(shift, 1.0, len(outcome.actions[name]))
    return with_actions(outcome, {**outcome.actions, name: values})


def test_in_distribution_noise_passes_and_a_shift_does_not(outcome):
    even = found(outcome, noisy(outcome, "noticed", 0.0), ALIKE)
    assert even.faults == ()
    assert 0.0 < abs(even.z_scores["noticed"]) < largest_z(even.compared)
    assert "alike in distribution" in even.in_words()
    shifted = found(outcome, noisy(outcome, "noticed", 1.0), ALIKE)
    assert [fault.split(":")[0] for fault in shifted.faults] == ["noticed"]


def test_in_distribution_a_constant_shift_or_no_number_is_a_fault(outcome):
    for value in (1.0, np.nan):
        actions = {**outcome.actions, "recipients": outcome.actions["recipients"] + value}
        agreement = found(outcome, with_actions(outcome, actions), ALIKE)
        assert [fault.split(":")[0] for fault in agreement.faults] == ["recipients"]


def test_in_distribution_one_action_says_nothing(outcome):
    one = with_actions(outcome, rows(outcome.actions, [0]))
    agreement = check(ALIKE, one.actions, [one])
    assert agreement.faults == ("only 1 actions could be compared",)


def test_limit_of_a_score_is_that_of_a_t_test():
    # Two-sided 1e-4: Student's t with 9 degrees of freedom, and nearly the normal distribution.
    assert largest_z(10) == pytest.approx(6.594, abs=0.01)
    assert largest_z(100_000) == pytest.approx(3.891, abs=0.01)


def test_faults_are_told_in_words(outcome):
    text = found(outcome, with_actions(outcome, rows(outcome.actions, []))).in_words()
    n = len(outcome.actions["incident_id"])
    assert text.startswith(f"exact: {n + 1} differences from the engine\n")
    assert text.endswith(f"and {n + 1 - 5} more")
