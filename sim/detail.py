"""Tables that only tests and explanations ask for: everybody notified, every potential tip."""

from __future__ import annotations

import numpy as np

from sim.alerts import Recipients
from sim.draws import NEVER_AFTER_S, NEVER_S, Ints, Spans
from sim.incidents import Incidents
from sim.outcomes import PolicyRun, Table
from sim.policy import Policy
from sim.sweep import Chunk


def notified_rows(
    people: Recipients, chunk: Chunk, incidents: Incidents, policies: tuple[Policy, ...]
) -> Table:
    """Return who was addressed under each policy, and when each got and noticed the message."""
    row, policy = np.nonzero(people.addressed)
    incident = chunk.incident[people.circle[row]]
    alert_s = chunk.alert_s[people.circle[row]]

    def moment(after: Spans) -> Ints:
        value = after[row, policy]
        return np.where(value < NEVER_AFTER_S, alert_s + value, NEVER_S)

    return {
        "scenario": np.array([p.name for p in policies])[chunk.columns[policy]],
        "incident_id": incidents.id[incident],
        "candidate_id": people.person_id[row],
        "delivered_s": moment(people.delivered_s),
        "noticed_s": moment(people.noticed_s),
        "attends": people.attends[row, policy],
        "inside": people.inside[row],
    }


def tip_rows(run: PolicyRun, incidents: Incidents) -> Table:
    """Return every potential tip of a policy and what became of it."""
    tips, ending = run.tips, run.ending
    return {
        "scenario": np.full(len(tips), run.name),
        "incident_id": incidents.id[tips.incident],
        "caller_id": tips.caller,
        "tip_kind": tips.kind,
        **{
            name: getattr(tips, name)
            for name in ("delivered_s", "noticed_s", "encounter_s", "call_s")
        },
        "made": ending.made,
        "lost": ending.lost,
        "handled_s": ending.handled_s,
        "arrival_s": ending.arrival_s,
        "found": ending.found,
    }
