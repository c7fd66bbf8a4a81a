"""The engine beside the C loop, the limit of the hardware: outcomes first, then processor time.

`python -m benchmarks.limit` in the environment. The loop also takes part in the comparison of all
contestants; this command tells more: the stages of the loop, and the monthly books are compared.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.check import check
from benchmarks.compare import FULL, workload
from benchmarks.contestant import Outcome, Table, UnavailableError, Workload
from benchmarks.contestants.limit import CONTESTANT
from benchmarks.contestants.limit.loop import Loop
from benchmarks.figures import YEARS_OF_A_DECADE, Spread
from benchmarks.page import spread, table
from benchmarks.rounds import OutcomesDifferError, Say
from sim.candidates import draw_candidates
from sim.draws import Stream
from sim.incidents import draw_incidents
from sim.outcomes import Replication
from sim.replication import simulate, simulate_given
from sim.setting import Setting

DONE, DIFFER = 0, 1
LOOP, STAGES, WHOLE = "C loop", "engine, people and incidents given", "engine, whole replication"
"""The loop is also given what is planned, and makes no tables: a few hundredths of the engine."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What the rounds yielded.

    Attributes:
        seconds: processor time of each round, by who took it.
        stage_s: seconds of each stage of the loop in each round.
        policy_decades: policies times decades of a pass.
    """

    seconds: dict[str, list[float]]
    stage_s: dict[str, list[float]]
    policy_decades: float


def faults_of(loop: Loop, given: Workload, engine: Replication) -> list[str]:
    """Return every difference between the last run of the loop and the engine: of actions,
    incident by incident, and of the monthly books.
    """
    actions = loop.actions()
    names = tuple(policy.name for policy in given.policies)
    outcome = Outcome(names, actions, int(actions["recipients"].sum()))
    faults = list(check(CONTESTANT, engine.actions, [outcome]).faults)
    return faults + book_faults(engine.register, loop.register())


def book_faults(engine: Table, loop: Table) -> list[str]:
    """Return which columns of the monthly books differ, and in how many rows."""
    faults = []
    for name, values in loop.items():
        if len(values) != len(engine[name]):
            faults.append(f"books: {name}: {len(values)} rows for {len(engine[name])}")
        elif (n := int(np.count_nonzero(values != engine[name]))) > 0:
            faults.append(f"books: {name}: {n} of {len(values)} rows differ")
    return faults


def measure(given: Workload, rounds: int, say: Say) -> Found:
    """Check the loop against the engine, then time both in interleaved rounds.

    Args:
        given: what is simulated.
        rounds: number of timed passes of each.
        say: takes a line on how it goes.

    Raises:
        UnavailableError: the loop cannot run here.
        OutcomesDifferError: it does not yield the engine's outcomes; nothing is timed.
    """
    loop = Loop(given)
    passes = {LOOP: loop.run, STAGES: _given_engine(given), WHOLE: lambda: _whole_engine(given)}
    loop.run()
    engine = _whole_engine(given)
    faults = faults_of(loop, given, engine)
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise OutcomesDifferError("\n".join(faults[:_SHOWN] + more))
    say(f"{len(engine.actions['incident_id'])} actions and all monthly books identical")
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    stage_s: dict[str, list[float]] = {name: [] for name in loop.stage_s()}
    for round_ in range(1, rounds + 1):
        # To and fro: nobody always comes after the same one.
        for name in sorted(passes, reverse=round_ % 2 == 0):
            seconds[name].append(_seconds(passes[name]))
        for name, value in loop.stage_s().items():
            stage_s[name].append(value)
        say(f"round {round_} of {rounds}")
    decades = len(given.policies) * given.years / YEARS_OF_A_DECADE
    return Found(seconds, stage_s, decades)


def _whole_engine(given: Workload) -> Replication:
    return simulate(
        given.world,
        given.policies,
        given.parameters,
        seed=given.seed,
        replication=given.replication,
        start=given.start,
        years=given.years,
    )


def _given_engine(given: Workload) -> Callable[[], Replication]:
    """Return the engine's work on the candidates and incidents that the loop is given."""
    stream, p = Stream(given.seed, given.replication), given.parameters
    setting = Setting.of(given.world, given.policies, p, stream, given.start, given.years)
    incidents = draw_incidents(given.world, setting.calendar, p, stream, setting.until_s)
    candidates = draw_candidates(given.world, p, stream, setting.newcomer_years)
    return lambda: simulate_given(setting, candidates, incidents)


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor time that some work takes."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def lines_of(found: Found) -> list[str]:
    """Return the tables of the figures: medians with their range over the rounds; ratios are taken
    within each round.
    """
    limit = found.seconds[LOOP]
    rows = []
    for name, seconds in found.seconds.items():
        each = Spread.of([value / found.policy_decades for value in seconds])
        times = Spread.of([value / least for value, least in zip(seconds, limit, strict=True)])
        rows.append([name, spread(Spread.of(seconds)), spread(each), spread(times)])
    header = ["who", "s per replication", "s per policy-decade", "times the C loop"]
    stages = [[name, spread(Spread.of(values))] for name, values in found.stage_s.items()]
    return [*table(header, rows), "", *table(["stage of the C loop", "s"], stages)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and return the exit code: 1 where outcomes differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limit", description=__doc__)
    parser.add_argument("--years", type=int, default=FULL.years, help="of the main study")
    parser.add_argument("--rounds", type=int, default=FULL.rounds, help="how often")
    asked = parser.parse_args(arguments)
    given = workload(replace(FULL, years=asked.years))
    try:
        found = measure(given, asked.rounds, _say)
    except UnavailableError as error:
        _say(f"the C loop is left out: {error}")
        return DONE
    except OutcomesDifferError as error:
        _say(f"outcomes differ, so that no speed is told:\n{error}")
        return DIFFER
    print("\n".join(lines_of(found)))
    return DONE


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
