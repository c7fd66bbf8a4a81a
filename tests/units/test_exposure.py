"""Exposure: the alerts of the last year and week that covered a home, counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.actions import Circle
from sim.clock import YEAR_S
from sim.exposure import (
    WEEK_S,
    alerts_of,
    alerts_of_last_week,
    count_last_year,
    exposure_of,
    most_in_a_week,
)
from tests.support.registers import circles_alerts
from tests.support.worlds import Configuration, Layout, busy_parameters, examples

NOW_S = 3 * YEAR_S
TURNS = [
    NOW_S + shift + k for shift in (0, -WEEK_S, -YEAR_S, -YEAR_S - WEEK_S) for k in (-1, 0, 1)
]
"""Moments around which an alert begins or ceases to count, to the second."""
AT_S = st.one_of(st.sampled_from(TURNS), st.integers(NOW_S - 2 * YEAR_S, NOW_S + WEEK_S))
PLACE = st.one_of(st.integers(-3, 3).map(lambda n: n * 5_000), st.integers(-40_000, 40_000))
RADIUS = st.one_of(st.integers(0, 8).map(lambda n: n * 5_000), st.integers(0, 30_000))


@st.composite
def alerts_and_homes(draw):
    """Return alerts of two or three policies, and homes, many of them on the edges of circles."""
    n = draw(st.integers(1, 3))
    flags = st.lists(st.booleans(), min_size=n, max_size=n).filter(any)
    circles = draw(st.lists(st.tuples(AT_S, PLACE, PLACE, RADIUS, flags), max_size=25))
    circles.sort(key=lambda circle: circle[0])
    homes = draw(st.lists(st.tuples(PLACE, PLACE), min_size=1, max_size=10))
    homes += [(x + r // 5 * 3, y - r // 5 * 4) for _, x, y, r, _ in circles[:5]]
    homes += [(x + r + 1, y) for _, x, y, r, _ in circles[:3]]
    x_dm, y_dm = (np.array(v, dtype=np.int64) for v in zip(*homes, strict=True))
    return circles_alerts(circles, n), x_dm, y_dm


def covers(alerts, a, x_dm, y_dm):
    east, north = alerts.x_dm[a] - x_dm, alerts.y_dm[a] - y_dm
    return east**2 + north**2 <= alerts.radius_dm[a] ** 2


@given(alerts_and_homes(), AT_S)
@examples(300)
def test_the_alerts_of_the_last_year_are_those_that_cover_the_home(given_, at_s):
    alerts, x_dm, y_dm = given_
    exposure = exposure_of(alerts, x_dm, y_dm)
    count = np.full(alerts.policies.shape[1], 99)
    for x, y in zip(x_dm.tolist(), y_dm.tolist(), strict=True):
        count_last_year(exposure, x, y, at_s, count)
        # An alert does not count in its own second, and no longer when it is a year old.
        wanted = np.zeros_like(count)
        for a, then in enumerate(alerts.at_s.tolist()):
            if then < at_s < then + YEAR_S and covers(alerts, a, x, y):
                wanted += alerts.policies[a]
        assert count.tolist() == wanted.tolist()


@given(alerts_and_homes())
@examples(300)
def test_the_alerts_of_the_last_week_are_those_of_a_shared_policy(given_):
    alerts, _, _ = given_
    room = most_in_a_week(alerts)
    most = 0
    for a, at_s in enumerate(alerts.at_s.tolist()):
        found = np.full(room, -1)
        near, n = alerts_of_last_week(alerts, a, found)
        earlier = [b for b in range(a) if alerts.at_s[b] > at_s - WEEK_S]
        shared = {b for b in earlier if (alerts.policies[b] & alerts.policies[a]).any()}
        meets = {b for b in shared if meet(alerts, a, b)}
        assert set(found[:n].tolist()) == shared
        assert set(found[:near].tolist()) == meets
        assert (n, near) == (len(shared), len(meets))
        assert (found[n:] == -1).all()
        most = max(most, len(earlier))
    assert room == most


def meet(alerts, a, b):
    reach = int(alerts.radius_dm[a] + alerts.radius_dm[b])
    return (alerts.x_dm[a] - alerts.x_dm[b]) ** 2 + (
        alerts.y_dm[a] - alerts.y_dm[b]
    ) ** 2 <= reach**2


def test_alerts_come_from_circles_with_their_policies_from_the_left():
    world = Layout().world()
    configuration = Configuration(world, (), busy_parameters(world))
    _, incidents = configuration.drawn(configuration.setting())
    flags = [(True, False, True), (False, True, False)]
    circles = [
        Circle(incident, at_s, 300, np.array(of))
        for incident, at_s, of in zip((3, 1), (50, 60), flags, strict=True)
    ]
    alerts = alerts_of(circles, incidents, 3)
    assert alerts.incident.tolist() == [3, 1]
    assert alerts.at_s.tolist() == [50, 60]
    assert (alerts.x_dm == incidents.x_dm[[3, 1]]).all()
    assert alerts.radius_dm.tolist() == [3_000, 3_000]
    assert alerts.policies.tolist() == [list(of) for of in flags]
    assert alerts.n_columns.tolist() == [2, 1]
    assert alerts.columns[0, :2].tolist() == [0, 2]
    assert alerts.columns[1, :1].tolist() == [1]


@pytest.mark.parametrize("n_policies", [1, 4])
def test_without_alerts_nobody_is_exposed(n_policies):
    alerts = circles_alerts([], n_policies)
    x_dm = np.array([5, 9_000])
    exposure = exposure_of(alerts, x_dm, x_dm)
    count = np.full(n_policies, 7)
    count_last_year(exposure, 5, 5, NOW_S, count)
    assert count.tolist() == [0] * n_policies
    assert most_in_a_week(alerts) == 0
