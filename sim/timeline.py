"""The timeline of a replication, run by SimPy: the people live through the alerts year by
year, and when all alerts are over each policy's control room works through its calls.

What happens within an alert and within a control room are compiled loops; a SimPy event for each
call, unit and action took a third of a replication, and one for each recipient a hundred times a
replication. Both are kept in the reference model of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias

import simpy

Process: TypeAlias = Generator[simpy.Event, Any, None]


def run_timeline(
    first_s: int,
    year_ends_s: Sequence[int],
    live_until: Callable[[int], None],
    control_rooms: Sequence[Callable[[], None]],
) -> None:
    """Run the people and then the control rooms.

    Args:
        first_s: the first moment.
        year_ends_s: ends of the years in ascending order, the last after the last alert.
        live_until: lets the people live through the alerts before a moment.
        control_rooms: each works through all calls under one policy.
    """
    env = simpy.Environment(initial_time=first_s)

    def people() -> Process:
        for end_s in year_ends_s:
            yield env.timeout(end_s - env.now)
            live_until(end_s)

    def control_room(work: Callable[[], None], alerts_over: simpy.Process) -> Process:
        yield alerts_over
        work()

    alerts_over = env.process(people())
    for work in control_rooms:
        env.process(control_room(work, alerts_over))
    env.run()
