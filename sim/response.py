"""The people who might have something to tell after an alert, as observers with clocks."""

from __future__ import annotations

import numpy as np

from sim.actions import Actions
from sim.alerts import Informants
from sim.draws import exponential
from sim.exposure import Alerts
from sim.people import DRIVING, SEARCHING, WALKING
from sim.presence import Presence
from sim.scalar import NEVER_AFTER_S
from sim.setting import Setting
from sim.sightings import Observers
from sim.tips import Attending


def attending_people(
    setting: Setting, some: Informants, alerts: Alerts, actions: Actions
) -> Attending:
    """Return informants as people who attend under some policy, with their clocks.

    Args:
        setting: what every stage reads.
        some: the informants.
        alerts: all alerts.
        actions: all actions.
    """
    incident, alert_s = alerts.incident[some.alert], alerts.at_s[some.alert]
    planned = actions.planned_close_s[incident]
    # Searchers and sleepers need no place of their own here: those asleep do not search, and who
    # searches does so on foot, wherever that is.
    on_road = (some.way == DRIVING) | (some.way == WALKING)
    presence = Presence(
        asleep=np.zeros(len(some.alert), dtype=np.bool_),
        away=on_road,
        on_road=on_road,
        driving=some.way == DRIVING,
        x_dm=some.x_dm,
        y_dm=some.y_dm,
    )
    return Attending(
        observers=Observers(
            incident, presence, some.way == SEARCHING, alert_s, ~setting.calendar.is_day(alert_s)
        ),
        caller=some.caller,
        columns=np.arange(len(setting.policies)),
        attends=some.noticed_s < NEVER_AFTER_S,
        delivered_s=some.delivered_s,
        noticed_s=some.noticed_s,
        close_s=planned - alert_s[:, None],
        fresh_clock=exponential(some.level[:, 0]),
        retrospective_clock=exponential(some.level[:, 1]),
        knowledge_level=some.level[:, 2],
        false_level=some.level[:, 3],
    )
