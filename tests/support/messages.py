"""Policies of some channels and no other in a busy small world, and who was notified how."""

import numpy as np

from sim.draws import Purpose
from sim.policy import Channels, Policy
from tests.support.worlds import Configuration, Layout, busy_parameters, rows_where

NAMES = tuple(Channels.model_fields)
WORLD = Layout(people=(400,)).world()
CIRCLE = {"radius_urban_m": 700.0, "radius_rural_m": 700.0}
QUALIFIES = 0.4


def only(name="p", **channels):
    """Return a policy with these channels and no other."""
    switched = {channel: {"enabled": False} for channel in NAMES}
    for channel, levers in channels.items():
        switched[channel] = {"enabled": True, **levers}
    return Policy(name=name, operator_use=1.0, circle=CIRCLE, channels=switched)


def opened(*policies, start=None, **changes):
    values = {"nl_alert_qualifies_share": QUALIFIES, "amber_qualifies_share": QUALIFIES}
    parameters = busy_parameters(WORLD, missing=60.0, **{**values, **changes})
    extra = {} if start is None else {"start": start}
    return Configuration(WORLD, policies, parameters, seed=51, **extra).opened()


def rows(run, name="p"):
    """Return who was notified in the study's actions, with the position of each candidate."""
    actions = rows_where(run.result.actions, scenario=name)
    table = rows_where(run.result.notified, scenario=name)
    alert = dict(zip(actions["incident_id"].tolist(), actions["alert_at_s"].tolist(), strict=True))
    keep = np.array([i in alert for i in table["incident_id"].tolist()], dtype=bool)
    table = {column: values[keep] for column, values in table.items()}
    table["alert_s"] = np.array([alert[i] for i in table["incident_id"].tolist()])
    order = np.argsort(run.candidates.id)
    table["who"] = order[np.searchsorted(run.candidates.id[order], table["candidate_id"])]
    return table


def state_at(run, table, column=0):
    return np.array(
        [
            run.by_time[at_s].state[who, column]
            for at_s, who in zip(table["alert_s"].tolist(), table["who"].tolist(), strict=True)
        ]
    )


def places(run, table):
    """Return the place in the line of its alert of each message: by the order draw, then by id."""
    words = run.setting.stream.words(Purpose.RECEIPT, table["candidate_id"], table["incident_id"])[
        1
    ]
    order = np.lexsort((table["candidate_id"], words, table["incident_id"]))
    place = np.empty(len(order), dtype=np.int64)
    seen = {}
    for k in order.tolist():
        incident = int(table["incident_id"][k])
        place[k] = seen.get(incident, 0)
        seen[incident] = place[k] + 1
    return place
