"""The plain reference model of the tests: one SimPy process for every recipient and every call.

Too slow for all years: it follows the alerts of the first weeks. Its people are read, their marks
drawn and the records opened before the clock starts, and it keeps no monthly books; the engine
does all of this within its time, so that ratios to this model are rather too low than too high.
"""

# mypy: allow-untyped-calls
# The reference model is written without types.

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contestant import OUTCOMES, Contestant, Outcome, Prepared, Table, Work, Workload
from sim.clock import DAY_S
from tests.reference.actions import row_of
from tests.reference.given import Given
from tests.reference.model import PlainModel, Region


def _prepare(workload: Workload) -> Prepared:
    policy, until_s = workload.policies[0], workload.sample_weeks * 7 * DAY_S
    given = Given(
        workload.world,
        workload.parameters,
        workload.seed,
        workload.replication,
        # Weeks of the first year: no more marks are drawn than for that.
        years=1,
        start=workload.start,
    )
    region = Region(given)

    def set_up(_round: int) -> Work:
        model = PlainModel(region, policy, until_s)
        model.month_ends_s = []

        def work() -> Outcome:
            actions = model.run()
            recipients = sum(len(action.recipients) for action in actions)
            return Outcome(
                (policy.name,), _table(policy.name, actions, given), recipients, until_s
            )

        return work

    return set_up


def _table(name: str, actions: list[Any], given: Any) -> Table:  # noqa: ANN401 - no types there
    rows = [
        {
            **row_of(action, given.p),
            "incident_id": action.case.id,
            "public_noticed": action.public_reached,
        }
        for action in actions
        if action.case.reported_s < given.end_s
    ]
    columns = {key: np.array([row[key] for row in rows]) for key in ("incident_id", *OUTCOMES)}
    return {"scenario": np.full(len(rows), name), **columns}


CONTESTANT = Contestant(
    name="reference",
    label="SimPy process per recipient",
    text="one SimPy process per recipient, on a sample of the alerts",
    prepare=_prepare,
)
