"""The scene of each alert: hour, whereabouts, levers, adoption, closing, and bounds of what
anybody could have to tell.
"""

from __future__ import annotations

import numpy as np

from sim.actions import Actions
from sim.adoption import AppShares
from sim.draws import Bools, Floats
from sim.exposure import Alerts, most_in_a_week
from sim.incidents import Incidents
from sim.people import Behaviour, Scenes
from sim.presence import at_work_time
from sim.setting import Setting
from sim.sightings import Observed, most_fresh_sightings, most_retrospective_sightings
from sim.subjects import Subjects
from sim.tips import knowledge_share

_SLACK = 1e-9
"""Relative margin of the bounds, far above the rounding of the sums behind them."""


def scenes_of(
    setting: Setting,
    alerts: Alerts,
    past: Bools,
    incidents: Incidents,
    subjects: Subjects,
    actions: Actions,
    app: AppShares,
) -> Scenes:
    """Return what holds at each alert.

    Args:
        setting: what every stage reads.
        alerts: all alerts.
        past: whether each belongs to the time before the start.
        incidents: all incidents.
        subjects: their subjects.
        actions: of all incidents under all policies.
        app: adoption of the app.
    """
    calendar, p = setting.calendar, setting.parameters
    row = calendar.row(alerts.at_s)
    day, hour = calendar.day_type[row], calendar.hour_of_day[row]
    levers = actions.levers[alerts.incident]
    close_s = actions.planned_close_s[alerts.incident] - alerts.at_s[:, None]
    share, moved = app.at(alerts.at_s, levers)
    observed = Observed(
        incident=alerts.incident,
        at_s=alerts.at_s,
        dark=~calendar.is_day(alerts.at_s),
        latest_close_s=close_s.max(axis=1, initial=0),
    )
    fresh = most_fresh_sightings(observed, incidents, subjects, p)
    earlier = most_retrospective_sightings(observed, incidents, subjects, p)
    return Scenes(
        past=past,
        case=incidents.id[alerts.incident],
        asleep=setting.world.occupancy.asleep[day, hour],
        away=setting.world.occupancy.away[day, hour],
        at_work=at_work_time(calendar, alerts.at_s),
        levers=levers,
        app_share=share,
        app_moved=moved,
        close_s=close_s,
        fresh_level=_level(fresh),
        retrospective_level=_level(earlier),
        knowledge_level=knowledge_share(incidents, p)[alerts.incident],
        false_level=np.full(len(alerts.at_s), p.false_per_1000_attending / 1000.0),
    )


def behaviour_of(setting: Setting, alerts: Alerts) -> Behaviour:
    """Return how people behave."""
    p, stream = setting.parameters, setting.stream
    weeks = np.arange(most_in_a_week(alerts) + 1)
    return Behaviour(
        key=(stream.seed, stream.replication),
        road=p.road_share_of_away,
        wheel=p.driver_share_of_road,
        attend=np.asarray(p.attend_share * p.fatigue_factor**weeks, dtype=np.float64),
        search=p.search_share,
    )


def _level(bound: Floats) -> Floats:
    """Return the uniform from which on a unit exponential exceeds a bound."""
    return np.asarray(-np.expm1(-bound * (1.0 + _SLACK)) + _SLACK * (bound > 0.0))
