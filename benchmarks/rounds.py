"""Rounds: every contestant in turn, again and again, so that what else goes on hits all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.check import Agreement, check
from benchmarks.contestant import (
    Contestant,
    Outcome,
    Prepared,
    Table,
    UnavailableError,
    Work,
    Workload,
)

Say = Callable[[str], None]


class OutcomesDifferError(Exception):
    """Contestants do not simulate the same; the message says where."""


@dataclass(slots=True)
class Series:
    """The passes of one contestant.

    Attributes:
        contestant: who.
        outcomes: what each pass yielded, the first, untimed one included.
        seconds: processor time of each timed pass.
    """

    contestant: Contestant
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that the rounds yielded.

    Attributes:
        workload: what was simulated.
        engine: the engine's table of actions, with which all were compared.
        series: passes by contestant, in the order of the registry.
        agreements: how each contestant compares with the engine.
        missing: why a contestant could not take part, by name.
    """

    workload: Workload
    engine: Table
    series: tuple[Series, ...]
    agreements: tuple[Agreement, ...]
    missing: dict[str, str]


def measure(
    contestants: Sequence[Contestant], truth: str, workload: Workload, rounds: int, say: Say
) -> Measured:
    """Check all contestants against each other, then time them in interleaved rounds.

    Args:
        contestants: who takes part.
        truth: name of the one whose outcomes the others are compared with.
        workload: what all simulate.
        rounds: number of timed passes of each.
        say: takes a line on how it goes.

    Raises:
        OutcomesDifferError: outcomes differ, in the first pass or a timed one.
    """
    ready, missing = _prepare(contestants, workload, say)
    series = {name: Series(contestant) for name, (contestant, _) in ready.items()}
    # The truth first: the others are checked as soon as they have run.
    for name in sorted(ready, key=lambda name: name != truth):
        outcome, _ = timed(ready[name][1](0))
        series[name].outcomes.append(outcome)
        engine = series[truth].outcomes[0].actions
        say(agreement_of(series[name], engine).in_words())
    for round_ in range(1, rounds + 1):
        # To and fro: nobody always comes after the same one.
        for name in sorted(ready, reverse=round_ % 2 == 0):
            outcome, seconds = timed(ready[name][1](round_))
            series[name].outcomes.append(outcome)
            series[name].seconds.append(seconds)
        say(f"round {round_} of {rounds}")
    engine = series[truth].outcomes[0].actions
    agreements = tuple(agreement_of(one, engine) for one in series.values())
    return Measured(workload, engine, tuple(series.values()), agreements, missing)


def agreement_of(series: Series, engine: Table) -> Agreement:
    """Return how all passes so far agree with the engine.

    Raises:
        OutcomesDifferError: they do not.
    """
    agreement = check(series.contestant, engine, series.outcomes)
    if agreement.faults:
        raise OutcomesDifferError(agreement.in_words())
    return agreement


def timed(work: Work) -> tuple[Outcome, float]:
    """Run the timed part of a pass and return its outcome and seconds of processor time."""
    gc.collect()
    # What is there already is not searched for garbage again while the work runs.
    gc.freeze()
    begun = time.process_time()
    outcome = work()
    seconds = time.process_time() - begun
    gc.unfreeze()
    return outcome, seconds


def _prepare(
    contestants: Sequence[Contestant], workload: Workload, say: Say
) -> tuple[dict[str, tuple[Contestant, Prepared]], dict[str, str]]:
    ready, missing = {}, {}
    for contestant in contestants:
        try:
            ready[contestant.name] = contestant, contestant.prepare(workload)
        except UnavailableError as error:
            missing[contestant.name] = str(error)
            say(f"{contestant.name}: left out: {error}")
    return ready, missing
