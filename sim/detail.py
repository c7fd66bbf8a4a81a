"""Tables that only tests and explanations ask for: everybody notified, every potential tip."""

from __future__ import annotations

import numpy as np

from sim.draws import Ints, Spans
from sim.incidents import Incidents
from sim.outcomes import PolicyRun, Table
from sim.policy import Policy
from sim.region import Region
from sim.scalar import NEVER_AFTER_S, NEVER_S


def notified_rows(
    region: Region, a: int, n: int, incidents: Incidents, policies: tuple[Policy, ...]
) -> Table:
    """Return who was addressed by alert a under each policy, and when each got and noticed the
    message.

    Args:
        region: just after the alert, with everybody around it located.
        a: number of the alert.
        n: number of people around.
        incidents: all incidents.
        policies: the policies.
    """
    answers, people, alert_s = region.answers, region.people, int(region.alerts.at_s[a])
    columns = region.alerts.columns[a, : region.alerts.n_columns[a]]
    column, row = np.nonzero(answers.addressed[: len(columns), :n])

    def moment(after: Spans) -> Ints:
        value = after[column, row].astype(np.int64)
        return np.where(value < NEVER_AFTER_S, alert_s + value, NEVER_S)

    return {
        "scenario": np.array([p.name for p in policies])[columns[column]],
        "incident_id": np.full(len(row), incidents.id[region.alerts.incident[a]]),
        "candidate_id": people.id[row].astype(np.int64),
        "delivered_s": moment(answers.delivered_s),
        "noticed_s": moment(answers.noticed_s),
        "attends": answers.attends[column, row].astype(np.bool_),
        "inside": people.inside[row].astype(np.bool_),
    }


def tip_rows(run: PolicyRun, incidents: Incidents) -> Table:
    """Return every potential tip of a policy and what became of it."""
    tips, ending = run.ending.tips, run.ending
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
