"""What the peers of the engine are given: the calendar, and incidents and alerts as objects.

Which incidents there are and which of them a policy makes an alert of is exogenous: drawn and
planned by the model itself. Everything that follows is the peers' own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from sim.actions import Actions, plan_actions, plan_history
from sim.clock import DAY_S, Calendar, DayType, add_years, build_calendar, date_to_s
from sim.incidents import Incidents
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.policy import Levers, Policy
from sim.scalar import NEVER_S
from sim.subjects import Subjects
from sim.world import World

_HISTORY_DAYS = 380
"""Days before the start from which incidents are drawn: a year of exposure, and some more."""
_TAIL_DAYS = 10
"""Days after the end up to which incidents are drawn: they may compete with earlier ones."""
_WORK_HOURS = (7, 18)


@dataclass(frozen=True, slots=True)
class Years:
    """The years of a study and their calendar, the same in every replication.

    Attributes:
        start: first day.
        end_s: end of the study.
        until_s: end of the drawing of incidents.
        calendar: hours of the wall clock.
    """

    start: date
    end_s: int
    until_s: int
    calendar: Calendar

    @classmethod
    def of(cls, start: date, years: int) -> Years:
        """Build the calendar."""
        end_s = date_to_s(start, add_years(start, years))
        days = end_s // DAY_S + _TAIL_DAYS
        return cls(start, end_s, days * DAY_S, build_calendar(start, _HISTORY_DAYS, days + 10))


@dataclass(frozen=True, slots=True)
class WallClock:
    """The moment of an alert as the people live it."""

    day: DayType
    hour: int
    dark: bool

    @classmethod
    def at(cls, calendar: Calendar, alert_s: int) -> WallClock:
        """Read the calendar."""
        row = int(calendar.row(alert_s))
        dark = not bool(calendar.is_day(alert_s))
        return cls(DayType(calendar.day_type[row]), int(calendar.hour_of_day[row]), dark)

    @property
    def working(self) -> bool:
        """Whether who is away is at the usual daytime place."""
        first, last = _WORK_HOURS
        return self.day == DayType.WEEKDAY and first <= self.hour < last


@dataclass(frozen=True, slots=True)
class Case:
    """One incident; fields as in `sim.incidents.Incidents` and `sim.subjects.Subjects`.

    `position` is its place among all incidents in the order of their report.
    """

    position: int
    id: int
    category: int
    municipality: int
    x_dm: int
    y_dm: int
    reported_s: int
    frailty: float
    photo: bool
    conspicuous: bool
    visible_transit: bool
    visible_stationary: bool
    stationary_on_road: bool
    urban: bool
    danger_level: float
    police_s: int
    return_s: int
    horizon_s: int
    counterfactual_s: int
    counterfactual_cause: int
    dx: float
    dy: float
    pace_m_per_s: float
    speed_m_per_s: float
    begin_s: int
    stop_s: int
    vanish_s: int
    solvable: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """A case that the control room has made an alert of.

    Attributes:
        case: the case.
        levers: what the policy decides in the municipality at the time of the report.
        alert_s: moment of the alert.
        radius_m: of the circle.
        planned_close_s: when the closing message is planned.
        clock: what the wall clock shows at the alert.
        response_minutes: median time of a police unit to the place.
        area: police area.
        find_factor: chance that a tip leads to the find, relative to today.
    """

    case: Case
    levers: Levers
    alert_s: int
    radius_m: int
    planned_close_s: int
    clock: WallClock
    response_minutes: float
    area: int
    find_factor: float


def cases(incidents: Incidents, subjects: Subjects) -> Iterator[Case]:
    """Yield every incident with its subject, in the order of the arrays."""
    columns: list[list[Any]] = []
    for name in (field.name for field in fields(Case) if field.name != "position"):
        table = incidents if hasattr(incidents, name) else subjects
        columns.append(np.asarray(getattr(table, name)).T.tolist())
    for position, row in enumerate(zip(*columns, strict=True)):
        values: list[Any] = [*row[:-1], tuple(row[-1])]
        yield Case(position, *values)


def alerts(
    incidents: Incidents,
    subjects: Subjects,
    policy: Policy,
    parameters: Parameters,
    world: World,
    years: Years,
) -> tuple[list[Action], list[Action]]:
    """Return the alerts before the start, under the present agreements, and the policy's."""
    p, start = parameters, years.start
    codes = [m.gm_code for m in world.grid.municipalities]
    left = policy.control_room.leaves_twente_on
    left_s = NEVER_S if left is None else date_to_s(start, left)
    table = LeverTable.of([policy], codes, start)
    planned = plan_actions(incidents, table, p, np.array([left_s]))
    planned.used[incidents.reported_s < 0] = False
    every_case = list(cases(incidents, subjects))
    past = plan_history(incidents, start, codes, p)
    return (
        _actions(every_case, past, (Levers(),), 1.0, p, world, years),
        _actions(
            every_case,
            planned,
            table.levers,
            policy.control_room.away_find_factor,
            p,
            world,
            years,
        ),
    )


def _actions(
    every_case: list[Case],
    planned: Actions,
    levers: tuple[Levers, ...],
    away_find_factor: float,
    p: Parameters,
    world: World,
    years: Years,
) -> list[Action]:
    """Return the actions that one policy plans, in the order of the reports."""
    minutes = (p.response_minutes_city, p.response_minutes_mid, p.response_minutes_rural)
    found = []
    for i in np.flatnonzero(planned.used[:, 0]).tolist():
        case, alert_s = every_case[i], int(planned.alert_s[i, 0])
        found.append(
            Action(
                case=case,
                levers=levers[planned.levers[i, 0]],
                alert_s=alert_s,
                radius_m=int(planned.radius_m[i, 0]),
                planned_close_s=int(planned.planned_close_s[i, 0]),
                clock=WallClock.at(years.calendar, alert_s),
                response_minutes=minutes[world.response_class[case.municipality]],
                area=int(world.area[case.municipality]),
                find_factor=away_find_factor if planned.away[i, 0] else 1.0,
            )
        )
    return found
