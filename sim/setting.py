"""What every stage of one replication reads: region, policies, parameters, draws, calendar and
levers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from sim.clock import DAY_S, YEAR_S, Calendar, add_years, build_calendar, date_to_s
from sim.draws import Ints, Stream
from sim.incidents import HORIZON_S, LONGEST_ALERT_DELAY_S
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR, Policy
from sim.scalar import NEVER_S
from sim.world import World

HISTORY_DAYS = 372
"""Days before the start for which incidents are drawn: the first exposure looks a year back."""
_LONGEST_SEEN_DAYS = 4
_LEVER_DELAY_S = 2 * 240 * 60
"""Longest delay that the levers of a control room can add to an alert."""
_TAIL_S = max(HORIZON_S.values()) + LONGEST_ALERT_DELAY_S + _LEVER_DELAY_S


@dataclass(frozen=True, slots=True)
class Setting:
    """The given of one replication.

    Attributes:
        world: grid and tables of the region.
        policies: the policies, each a column of arrays [..., p].
        parameters: uncertain parameters.
        stream: draws of the replication.
        start: first day.
        years: length of the study.
        calendar: hours of the wall clock.
        table: levers in force.
    """

    world: World
    policies: tuple[Policy, ...]
    parameters: Parameters
    stream: Stream
    start: date
    years: int
    calendar: Calendar
    table: LeverTable

    @classmethod
    def of(
        cls,
        world: World,
        policies: Sequence[Policy],
        parameters: Parameters,
        stream: Stream,
        start: date,
        years: int,
    ) -> Setting:
        """Put a setting together."""
        codes = [m.gm_code for m in world.grid.municipalities]
        end_s = date_to_s(start, add_years(start, years))
        days = (end_s + _TAIL_S + LONGEST_ALERT_DELAY_S + _LEVER_DELAY_S) // DAY_S + 3
        return cls(
            world=world,
            policies=tuple(policies),
            parameters=parameters,
            stream=stream,
            start=start,
            years=years,
            calendar=_calendar(start, days),
            table=LeverTable.of(policies, codes, start),
        )

    @property
    def n_municipalities(self) -> int:
        """Number of municipalities."""
        return len(self.world.grid.municipalities)

    @property
    def gm_codes(self) -> list[str]:
        """Codes of the municipalities in their order."""
        return [m.gm_code for m in self.world.grid.municipalities]

    @property
    def end_s(self) -> int:
        """End of the study."""
        return date_to_s(self.start, add_years(self.start, self.years))

    @property
    def until_s(self) -> int:
        """End of the drawing of incidents: later ones may compete with those of the study."""
        return self.end_s + _TAIL_S

    @property
    def last_alert_s(self) -> int:
        """No alert is later."""
        return self.until_s + LONGEST_ALERT_DELAY_S + _LEVER_DELAY_S

    @property
    def newcomer_years(self) -> int:
        """Number of years in which newcomers appear."""
        return self.last_alert_s // YEAR_S + 1

    @property
    def longest_open_s(self) -> int:
        """No action is open longer, under any policy whatsoever."""
        return int(60.0 * self.parameters.open_minutes_high * LONGEST_OPEN_FACTOR)

    @property
    def year_starts_s(self) -> Ints:
        """Starts of the study years."""
        starts = [date_to_s(self.start, add_years(self.start, y)) for y in range(self.years)]
        return np.array(starts, dtype=np.int64)

    @property
    def left_s(self) -> Ints:
        """When the control room leaves the region under each policy, `NEVER_S` if it stays."""
        days = [policy.control_room.leaves_twente_on for policy in self.policies]
        left = [NEVER_S if day is None else date_to_s(self.start, day) for day in days]
        return np.array(left, dtype=np.int64)


@lru_cache(maxsize=4)
def _calendar(start: date, days_after: int) -> Calendar:
    return build_calendar(start, HISTORY_DAYS + _LONGEST_SEEN_DAYS, days_after)
