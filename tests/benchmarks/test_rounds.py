"""Rounds are interleaved, checked throughout, and turned into figures rightly."""

import gc

import numpy as np
import pytest

from benchmarks.contestant import OUTCOMES, Contestant, Outcome, UnavailableError
from benchmarks.figures import Spread, figures
from benchmarks.rounds import Measured, OutcomesDifferError, Series, measure, timed
from tests.benchmarks.small import altered, small_workload, stand_in

DAY_S = 86_400


def outcome(policies=("plain",), recipients=(100, 300)):
    """Return an outcome with one action for each number of recipients, under every policy."""
    n = len(policies) * len(recipients)
    actions = {name: np.zeros(n) for name in OUTCOMES}
    actions["recipients"] = np.tile(recipients, len(policies))
    actions["scenario"] = np.repeat(policies, len(recipients))
    actions["incident_id"] = np.tile(np.arange(len(recipients)), len(policies))
    actions["reported_at_s"] = actions["incident_id"] * 10 * DAY_S
    actions["kind"] = np.full(n, "missing")
    return Outcome(policies, actions, int(actions["recipients"].sum()))


def recording(name, yields, log):
    """Return a contestant that notes each set-up and each piece of work."""

    def prepare(_workload):
        log.append((name, "prepare"))

        def set_up(round_):
            log.append((name, "set up", round_))

            def work():
                log.append((name, "work", round_))
                return yields[min(round_, len(yields) - 1)]

            return work

        return set_up

    return Contestant(name, name, name, prepare)


def run(contestants, rounds, said=None):
    say = [].append if said is None else said.append
    return measure(contestants, "truth", small_workload(), rounds, say)


def test_rounds_are_interleaved_and_the_truth_comes_first():
    log = []
    contestants = [recording(name, [outcome()], log) for name in ("other", "truth")]
    measured = run(contestants, 2)
    worked = [(name, round_) for name, what, *round_ in log if what == "work"]
    assert worked == [
        *(("truth", [0]), ("other", [0])),
        *(("other", [1]), ("truth", [1])),
        *(("truth", [2]), ("other", [2])),
    ]
    assert [series.contestant.name for series in measured.series] == ["other", "truth"]
    assert [len(series.seconds) for series in measured.series] == [2, 2]


def test_a_difference_in_the_first_pass_ends_it_before_anything_is_timed():
    log = []
    lying = recording("lying", [altered(outcome(), "noticed")], log)
    with pytest.raises(OutcomesDifferError, match="lying: 1 differences") as caught:
        run([lying, recording("truth", [outcome()], log)], 3)
    assert "noticed" in str(caught.value)
    assert ("lying", "work", 1) not in log


def test_a_difference_in_a_timed_pass_is_found_as_well():
    wavering = recording("wavering", [outcome(), outcome(), altered(outcome(), "cause")], [])
    with pytest.raises(OutcomesDifferError, match="wavering"):
        run([wavering, stand_in("truth", outcome())], 3)


def test_who_cannot_run_is_left_out_with_the_reason():
    def prepare(_workload):
        raise UnavailableError("there is no compiler")

    said = []
    absent = Contestant("absent", "absent", "absent", prepare)
    measured = run([absent, stand_in("truth", outcome())], 1, said)
    assert measured.missing == {"absent": "there is no compiler"}
    assert [series.contestant.name for series in measured.series] == ["truth"]
    assert "absent: left out: there is no compiler" in said


def test_only_the_work_is_timed_and_old_garbage_is_left_alone():
    frozen = []

    def work():
        frozen.append(gc.get_freeze_count())
        return outcome()

    found, seconds = timed(work)
    assert found.recipients == 400
    assert seconds >= 0.0
    assert frozen[0] > 1000
    assert gc.get_freeze_count() < frozen[0]


def measured_of(series, engine, years=5):
    workload = small_workload(years=years)
    return Measured(workload, engine.actions, tuple(series), (), {})


def test_figures_are_per_policy_decade_and_ratios_per_recipient():
    whole = outcome(("plain", "idle"), (100, 300))
    whole.actions["recipients"][whole.actions["scenario"] == "idle"] = 0
    both = Outcome(("plain", "idle"), whole.actions, 400)
    one, sample = outcome(("plain",), (100, 300)), outcome(("plain",), (100,))
    series = [
        Series(stand_in("slow", sample), [sample] * 3, [4.0, 8.0]),
        Series(stand_in("one", one), [one] * 3, [2.0, 2.0]),
        Series(stand_in("limit", both, is_limit=True), [both] * 3, [0.5, 1.0]),
    ]
    slow, alone, limit = figures(measured_of(series, both), "slow")
    # A sample of 100 of 400 people takes 4 and 8 s; five years of one policy are half a decade.
    assert slow.decade_s == Spread(48.0, 32.0, 64.0)
    assert slow.recipient_us == Spread(60_000.0, 40_000.0, 80_000.0)
    assert slow.times_reference == Spread(1.0, 1.0, 1.0)
    assert alone.decade_s == Spread(4.0, 4.0, 4.0)
    # Within each round: 40,000 and 80,000 us for 5,000.
    assert alone.times_reference == Spread(12.0, 8.0, 16.0)
    assert alone.times_limit == Spread(3.0, 2.0, 4.0)
    # Two policies over five years are one policy-decade.
    assert limit.decade_s == Spread(0.75, 0.5, 1.0)
    assert limit.times_limit == Spread(1.0, 1.0, 1.0)
    assert limit.policies == 2


def test_each_pass_counts_the_people_that_it_notified_itself():
    """A contestant with random numbers of its own notifies others in every round."""
    passes = [outcome(recipients=(100, n)) for n in (900, 300, 0)]
    series = [Series(stand_in("own", passes[0]), passes, [4.0, 4.0])]
    (found,) = figures(measured_of(series, passes[1]), "own")
    assert found.recipient_us == Spread(25_000.0, 10_000.0, 40_000.0)


def test_without_a_limit_nothing_is_told_as_a_multiple_of_it():
    one = outcome()
    (found,) = figures(measured_of([Series(stand_in("one", one), [one] * 2, [2.0])], one), "one")
    assert found.times_limit is None
