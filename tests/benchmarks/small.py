"""A small workload in which much happens, and stand-ins for contestants."""

from datetime import date

import numpy as np

from benchmarks.contestant import Contestant, Outcome, Workload
from sim.policy import Policy
from tests.support.worlds import START, Layout, busy_parameters

# One operator, one unit an area, one voice line, few texts a second: everybody waits.
TIGHT = {
    "control_room": {"operators": 1, "units_per_area": 1},
    "channels": {"voice": {"lines": 1}, "sms": {"messages_per_second": 0.7}},
}
# Every lever that has a stage of its own, dated and local changes among them.
EVERYTHING = {
    "operator_use": 0.8,
    "control_room": {"leaves_twente_on": date(2015, 1, 10), "extra_decision_minutes": 3.0},
    "circle": {"robbery_factor": 0.8, "growth_share_per_hour": 0.05},
    "channels": {
        "app": {"register_moved_share": 0.3, "adoption_factor": 1.5},
        "email": {"enabled": True},
        "social_media": {"enabled": True},
        "nl_alert": {"enabled": True},
        "amber_alert": {"enabled": True},
    },
    "campaigns": [{"day": date(2014, 9, 3), "written_share": 0.5}],
    "changes": [
        {"municipalities": ["GM9002"], "levers": {"channels": {"voice": {"enabled": False}}}},
        {
            "from_day": date(2014, 11, 20),
            "levers": {
                "circle": {"radius_urban_m": 800.0},
                "register": {"corrections_processed": False},
            },
        },
    ],
}
EFFORT = {
    task: {"hours_per_month_per_1000_inhabitants": 3.0}
    for task in ("policy_work", "relation_management", "communication")
}
POLICIES = (
    Policy(name="plain", operator_use=1.0, effort=EFFORT),
    Policy(name="tight", **{**TIGHT, "operator_use": 1.0}),
    Policy(name="everything", **EVERYTHING),
)


def small_workload(**changes):
    """Return a year of two towns with some dozen actions."""
    world = Layout(columns=6, rows=6, people=(150, 300, 80)).world()
    lively = {
        "recognise_photo": 0.95,
        "recognise_text": 0.8,
        "retrospective_share": 0.8,
        "false_per_1000_attending": 100.0,
        "knowledge_per_1000_attending": 50.0,
        "nl_alert_qualifies_share": 0.5,
        "amber_qualifies_share": 0.5,
    }
    given = {
        "world": world,
        "policies": POLICIES,
        "parameters": busy_parameters(world, missing=120.0, **lively),
        "seed": 5,
        "replication": 0,
        "start": START,
        "years": 1,
        "sample_weeks": 10,
    }
    return Workload(**{**given, **changes})


def stand_in(name, outcome, **traits):
    """Return a contestant whose every pass yields `outcome`."""
    return Contestant(name, name, name, lambda _workload: lambda _round: lambda: outcome, **traits)


def altered(outcome, column, row=0):
    """Return an outcome in which one value differs."""
    values = outcome.actions[column].copy()
    if values.dtype.kind == "U":
        values[row] = "none" if values[row] != "none" else "police"
    elif values.dtype.kind == "b":
        values[row] = ~values[row]
    else:
        values[row] += 1
    return with_actions(outcome, {**outcome.actions, column: values})


def with_actions(outcome, actions):
    """Return an outcome with other actions."""
    return Outcome(outcome.policies, actions, outcome.recipients, outcome.settled_s)


def rows(table, keep):
    """Return some rows of a table."""
    return {name: np.asarray(values)[keep] for name, values in table.items()}
