"""Actions: which incidents the control room turns into an alert under each policy, when, and how
wide the circle is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sim.categories import Kind
from sim.draws import Bools, Ints, to_seconds
from sim.incidents import Incidents
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import NEVER_S


@dataclass(frozen=True, slots=True)
class Actions:
    """Every pair of an incident and a policy, [n incidents, p policies]; times in elapsed seconds.

    Attributes:
        used: the incident becomes an action under the policy.
        alert_s: moment of the alert.
        radius_m: radius of the circle.
        levers: number of the levers in force.
        planned_close_s: when the closing message is planned.
        away: the control room has left the region.
    """

    used: Bools
    alert_s: Ints
    radius_m: Ints
    levers: Ints
    planned_close_s: Ints
    away: Bools

    def of_policy(self, column: int) -> Action:
        """Return what one policy plans, by incident."""
        return Action(
            self.used[:, column], self.alert_s[:, column], self.planned_close_s[:, column]
        )


@dataclass(frozen=True, slots=True)
class Action:
    """What one policy plans for each incident, arrays [n]; see `Actions`."""

    used: Bools
    alert_s: Ints
    planned_close_s: Ints


@dataclass(frozen=True, slots=True)
class Circle:
    """One alert as the people in it get it: shared by the policies that alert at one moment with
    one radius.
    """

    incident: int
    alert_s: int
    radius_m: int
    policies: Bools


def plan_actions(
    incidents: Incidents, table: LeverTable, parameters: Parameters, left_s: Ints
) -> Actions:
    """Decide for every incident and policy whether there is an action, when, and with which
    circle.

    An incident is used where the policy's `operator_use` exceeds the incident's own level, and
    only if it has not ended without an alert by the moment of the alert. Nothing here looks at
    participants.

    Args:
        incidents: eligible incidents.
        table: levers.
        parameters: uncertain parameters.
        left_s: when the control room leaves the region under each policy [p], `NEVER_S` if it
            stays.
    """
    levers = table.at(incidents.reported_s, incidents.municipality)
    use = table.values(lambda v: v.operator_use, np.float64)[levers]
    extra = table.values(lambda v: v.control_room.extra_decision_minutes, np.float64)[levers]
    away_extra = table.values(lambda v: v.control_room.away_extra_decision_minutes, np.float64)[
        levers
    ]
    away = incidents.reported_s[:, None] >= left_s[None, :]
    delay_s = incidents.alert_delay_s[:, None] + to_seconds(
        60.0 * (extra + np.where(away, away_extra, 0.0))
    )
    alert_s = incidents.reported_s[:, None] + delay_s
    used = (incidents.use_level[:, None] < use) & (alert_s < incidents.counterfactual_s[:, None])
    p = parameters
    open_minutes = (
        p.open_minutes_low + (p.open_minutes_high - p.open_minutes_low) * incidents.open_level
    )
    factor = table.values(lambda v: v.control_room.open_minutes_factor, np.float64)[levers]
    return Actions(
        used=used,
        alert_s=alert_s,
        radius_m=_radius_m(incidents, table, levers, alert_s),
        levers=levers,
        planned_close_s=alert_s + to_seconds(60.0 * open_minutes[:, None] * factor),
        away=away,
    )


def _radius_m(incidents: Incidents, table: LeverTable, levers: Ints, alert_s: Ints) -> Ints:
    """Return the radius of each circle in whole metres."""
    urban = table.values(lambda v: v.circle.radius_urban_m, np.float64)[levers]
    rural = table.values(lambda v: v.circle.radius_rural_m, np.float64)[levers]
    robbery = table.values(lambda v: v.circle.robbery_factor, np.float64)[levers]
    growth = table.values(lambda v: v.circle.growth_share_per_hour, np.float64)[levers]
    limit = table.values(lambda v: v.circle.growth_limit, np.float64)[levers]
    hours = (alert_s - incidents.last_seen_s[:, None]) / 3600.0
    radius = np.where(incidents.urban[:, None], urban, rural)
    radius = radius * np.where((incidents.kind != Kind.MISSING)[:, None], robbery, 1.0)
    grown = np.minimum(1.0 + growth * hours, limit)
    return np.asarray(np.rint(radius * grown), dtype=np.int64)


def circles_in_order(actions: Actions) -> list[Circle]:
    """Return the alerts in the order of time, one for all policies that share moment and
    radius.
    """
    rows, columns = np.nonzero(actions.used)
    alert, radius = actions.alert_s[rows, columns], actions.radius_m[rows, columns]
    order = np.lexsort((columns, radius, rows, alert))
    circles: list[Circle] = []
    last: tuple[int, int, int] | None = None
    for i in order:
        key = (int(rows[i]), int(alert[i]), int(radius[i]))
        if key != last:
            circles.append(Circle(*key, policies=np.zeros(actions.used.shape[1], dtype=np.bool_)))
            last = key
        circles[-1].policies[columns[i]] = True
    return circles


def alert_groups(actions: Actions) -> Ints:
    """Return a group number for each policy: policies with the same alerts share one, from 0."""
    groups: dict[bytes, int] = {}
    numbers = []
    for j in range(actions.used.shape[1]):
        used = actions.used[:, j]
        key = (
            used.tobytes()
            + actions.alert_s[used, j].tobytes()
            + actions.radius_m[used, j].tobytes()
        )
        numbers.append(groups.setdefault(key, len(groups)))
    return np.array(numbers, dtype=np.int64)


def plan_history(
    incidents: Incidents, start: date, codes: list[str], parameters: Parameters
) -> Actions:
    """Return the actions before the start, under the present agreements whatever the policy."""
    table = LeverTable.of([Policy(name="history")], codes, start)
    actions = plan_actions(incidents, table, parameters, np.array([NEVER_S], dtype=np.int64))
    actions.used[incidents.reported_s >= 0] = False
    return actions
