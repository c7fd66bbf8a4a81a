"""Exposure: how many alerts covered a home lately, whatever the state of whoever lives there.

Exposure follows from the incidents and the policy's circles alone, never from the register, so
that the chain runs one way: incidents, exposure, register.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.actions import Circle
from sim.clock import DAY_S, YEAR_S
from sim.compiled import compiled
from sim.crowd import is_within
from sim.draws import Bools, Ints
from sim.incidents import Incidents

WEEK_S = 7 * DAY_S
_TILE_DM = 10_000
"""Alerts are listed by squares of 1 km: a home is compared with the few that touch its own."""


class Alerts(NamedTuple):
    """All alerts in the order of time [a], those before the start included.

    Attributes:
        incident: position of the incident.
        at_s: moment.
        x_dm, y_dm, radius_dm: circle.
        policies: the policies that alert, [a, p].
        columns: their numbers, ascending from the left, [a, p].
        n_columns: how many they are.
    """

    incident: Ints
    at_s: Ints
    x_dm: Ints
    y_dm: Ints
    radius_dm: Ints
    policies: Bools
    columns: Ints
    n_columns: Ints


class Exposure(NamedTuple):
    """The alerts that touch each square of a raster.

    Attributes:
        alerts: all alerts.
        west_dm, south_dm: corner of the raster.
        columns: squares of a row.
        start: place where the alerts of each square begin, and the end, [squares + 1].
        touching: numbers of the alerts, ascending within each square.
    """

    alerts: Alerts
    west_dm: int
    south_dm: int
    columns: int
    start: Ints
    touching: NDArray[np.int32]


def alerts_of(circles: Sequence[Circle], incidents: Incidents, n_policies: int) -> Alerts:
    """Return alerts as arrays.

    Args:
        circles: in the order of time; there may be none.
        incidents: all incidents.
        n_policies: number of policies.
    """
    incident = np.array([c.incident for c in circles], dtype=np.int64)
    policies = np.zeros((len(circles), n_policies), dtype=np.bool_)
    for a, circle in enumerate(circles):
        policies[a] = circle.policies
    return Alerts(
        incident=incident,
        at_s=np.array([c.alert_s for c in circles], dtype=np.int64),
        x_dm=incidents.x_dm[incident],
        y_dm=incidents.y_dm[incident],
        radius_dm=np.array([c.radius_m * 10 for c in circles], dtype=np.int64),
        policies=policies,
        columns=np.argsort(~policies, axis=1, kind="stable"),
        n_columns=policies.sum(axis=1),
    )


def exposure_of(alerts: Alerts, x_dm: Ints, y_dm: Ints) -> Exposure:
    """List the alerts by square for homes at some points.

    Args:
        alerts: all alerts.
        x_dm, y_dm: the homes.
    """
    west, south = (int(v.min()) if v.size else 0 for v in (x_dm, y_dm))
    east, north = (int(v.max()) if v.size else 0 for v in (x_dm, y_dm))
    columns, rows = (east - west) // _TILE_DM + 1, (north - south) // _TILE_DM + 1
    raster = (west, south, columns, rows)
    count = np.zeros(columns * rows + 1, dtype=np.int64)
    _list_alerts(alerts, raster, count[1:], np.zeros(0, dtype=np.int32))
    start = np.cumsum(count)
    touching = np.zeros(int(start[-1]), dtype=np.int32)
    _list_alerts(alerts, raster, start[:-1].copy(), touching)
    return Exposure(alerts, west, south, columns, start, touching)


@compiled
def _list_alerts(
    alerts: Alerts, raster: tuple[int, int, int, int], at: Ints, into: NDArray[np.int32]
) -> None:
    """Advance `at` by one for each alert of a square, and note the alert there if `into` is not
    empty.
    """
    west, south, columns, rows = raster
    for a in range(len(alerts.at_s)):
        x, y, radius = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a]
        for row in range(
            max((y - radius - south) // _TILE_DM, 0),
            min((y + radius - south) // _TILE_DM + 1, rows),
        ):
            bottom = south + row * _TILE_DM
            north = max(bottom - y, y - bottom - _TILE_DM, 0)
            for column in range(
                max((x - radius - west) // _TILE_DM, 0),
                min((x + radius - west) // _TILE_DM + 1, columns),
            ):
                left = west + column * _TILE_DM
                east = max(left - x, x - left - _TILE_DM, 0)
                if east * east + north * north <= radius * radius:
                    square = row * columns + column
                    if len(into) > 0:
                        into[at[square]] = a
                    at[square] += 1


@compiled
def count_last_year(exposure: Exposure, x_dm: int, y_dm: int, at_s: int, count: Ints) -> None:
    """Count the alerts that covered a home in the year before a moment.

    Args:
        exposure: the alerts by square.
        x_dm, y_dm: home.
        at_s: the moment; alerts at this very second do not count.
        count: set to the number under each policy, [p].
    """
    alerts = exposure.alerts
    for p in range(len(count)):
        count[p] = 0
    square = (np.int64(y_dm) - exposure.south_dm) // _TILE_DM * exposure.columns + (
        np.int64(x_dm) - exposure.west_dm
    ) // _TILE_DM
    low, stop = exposure.start[square], exposure.start[square + 1]
    high = stop
    while low < high:
        middle = (low + high) >> 1
        if alerts.at_s[exposure.touching[middle]] <= at_s - YEAR_S:
            low = middle + 1
        else:
            high = middle
    for k in range(low, stop):
        a = exposure.touching[k]
        if alerts.at_s[a] >= at_s:
            break
        if is_within(x_dm, y_dm, alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a]):
            for p in range(len(count)):
                count[p] += alerts.policies[a, p]


@compiled
def alerts_of_last_week(alerts: Alerts, a: int, found: Ints) -> tuple[int, int]:
    """Find the alerts of the week before alert `a` under a policy that both share.

    Args:
        alerts: all alerts.
        a: number of the alert.
        found: set to their numbers, those whose circle meets that of `a` first; holds as many as
            `most_in_a_week` says.

    Returns:
        How many circles meet that of `a`, and how many there are.
    """
    near, n, b = 0, 0, a - 1
    while b >= 0 and alerts.at_s[b] > alerts.at_s[a] - WEEK_S:
        shared = False
        for k in range(alerts.n_columns[a]):
            shared = shared or alerts.policies[b, alerts.columns[a, k]]
        if shared:
            found[n] = b
            east, north = alerts.x_dm[b] - alerts.x_dm[a], alerts.y_dm[b] - alerts.y_dm[a]
            reach = alerts.radius_dm[b] + alerts.radius_dm[a]
            if east * east + north * north <= reach * reach:
                found[n], found[near] = found[near], b
                near += 1
            n += 1
        b -= 1
    return near, n


def most_in_a_week(alerts: Alerts) -> int:
    """Return how many alerts at most come in the week before one of them."""
    if len(alerts.at_s) == 0:
        return 0
    number = np.arange(len(alerts.at_s))
    first = np.searchsorted(alerts.at_s, alerts.at_s - WEEK_S, side="right")
    return int((number - first).max())
