"""The timeline of a replication, run by SimPy: spell by spell the people live through the alerts,
then the control room of each policy works through the calls that these set off, then the spell is
settled.

What happens within an alert and within a control room are compiled loops: a SimPy event for each
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
    spell_ends_s: Sequence[int],
    live_until: Callable[[int], None],
    work_until: Sequence[Callable[[int], None]],
    settle: Callable[[], None],
) -> None:
    """Run people, control rooms and settlements.

    Args:
        first_s: the first moment.
        spell_ends_s: ends of the spells in ascending order, the last after the last alert.
        live_until: lets the people live through the alerts before a moment.
        work_until: each lets the control room of one policy work until a moment.
        settle: called when all control rooms have.
    """
    env = simpy.Environment(initial_time=first_s)

    def control_room(work: Callable[[int], None]) -> Process:
        work(int(env.now))
        yield env.timeout(0)

    def spells() -> Process:
        for end_s in spell_ends_s:
            yield env.timeout(end_s - env.now)
            live_until(end_s)
            yield env.all_of([env.process(control_room(work)) for work in work_until])
            settle()

    env.process(spells())
    env.run()
