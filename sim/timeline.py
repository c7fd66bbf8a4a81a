"""The timeline of a replication, run by SimPy: incidents become alerts, years are settled."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeAlias

import simpy

Process: TypeAlias = Generator[simpy.Event, Any, None]


def run_timeline(
    alerts: Iterable[tuple[Sequence[int], Sequence[int]]],
    alert: Callable[[int], None],
    settlements_s: Sequence[int],
    settle: Callable[[int], None],
) -> None:
    """Run one process for each incident and one that settles.

    Args:
        alerts: of each incident, the moments of its alerts (policies may alert at different
            moments) in ascending order, and their numbers.
        alert: called with the number of an alert at its moment.
        settlements_s: moments in ascending order.
        settle: called at each of them, after everything else of that second.
    """
    moments = [at_s for of_incident, _ in alerts for at_s in of_incident]
    env = simpy.Environment(initial_time=min([*moments, *settlements_s], default=0))

    def incident(at_s: Sequence[int], numbers: Sequence[int]) -> Process:
        for moment_s, number in zip(at_s, numbers, strict=True):
            yield env.timeout(moment_s - env.now)
            alert(number)

    def settlements() -> Process:
        for moment_s in settlements_s:
            yield env.timeout(moment_s - env.now)
            settle(moment_s)

    for at_s, numbers in alerts:
        env.process(incident(at_s, numbers))
    env.process(settlements())
    env.run()
