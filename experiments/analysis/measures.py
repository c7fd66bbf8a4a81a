"""The names of the measures, and the tables of a run as arrays from which they follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.analysis.rows import ActionRows, Axes, Codes, read_pieces, replications_of
from experiments.analysis.statistics import Floats
from experiments.engine.store import RunFolder
from sim.policy import PAYERS

ALL = "all"
PLACES = ("urban", "rural")
STOP = "stop"
MONTHS = 12

PER_YEAR = {
    "actions_per_year": "actions",
    "direct_per_year": "direct",
    "found_only_by_alert_per_year": "found_only_by_alert",
    "hours_saved_per_year": "hours_saved_capped",
    "unit_hours_on_false_tips_per_year": "unit_h_on_false_tips",
    "message_cost_eur_per_year": "message_cost_eur",
}
"""Measure: what is summed and divided by the years of the cell."""
RATIOS = {
    "recipients_per_action": ("recipients", "actions"),
    "delivered_per_action": ("delivered", "actions"),
    "noticed_per_action": ("noticed", "actions"),
    "noticed_10min_per_action": ("noticed_10min", "actions"),
    "noticed_while_open_per_action": ("noticed_while_open", "actions"),
    "noticed_in_area_per_action": ("noticed_in_area", "actions"),
    "true_tips_per_action": ("true_tips", "actions"),
    "false_tips_per_action": ("false_tips", "actions"),
    "direct_share": ("direct", "actions"),
    "contributed_share": ("contributed", "actions"),
    "contributed_strict_share": ("contributed_strict", "actions"),
    "resolved_with_help_share": ("resolved_with_help", "actions"),
    "operator_occupancy": ("operator_busy_s", "operator_open_s"),
}
"""Measure: what is summed above and below the line."""
SHARES = (
    "direct_share",
    "contributed_share",
    "contributed_strict_share",
    "resolved_with_help_share",
)
COSTS = {
    "cost_eur_per_year": PAYERS,
    "cost_municipal_eur_per_year": PAYERS[:1],
    "cost_regional_eur_per_year": PAYERS[1:2],
    "cost_police_eur_per_year": PAYERS[2:],
}
"""Measure: whose costs are summed and divided by the years of the cell."""
COST_PER = {
    "cost_per_direct_eur": "direct_per_year",
    "cost_per_hour_saved_eur": "hours_saved_per_year",
}
"""Measure: what the cost added to that of `stop` is divided by (what is added to `stop`)."""
ORDER = (
    "actions_per_year",
    *(name for name in RATIOS if name != "operator_occupancy"),
    "direct_per_year",
    "found_only_by_alert_per_year",
    "hours_saved_per_year",
    "median_minutes_to_end",
    "registered_end",
    "good_end",
    "app_users_end",
    "coverage_share",
    "alerts_per_participant_per_year",
    "unit_hours_on_false_tips_per_year",
    "operator_occupancy",
    "message_cost_eur_per_year",
    *COSTS,
    *COST_PER,
)
"""Every measure, in the order of the tables."""

_STOCKS = ("registered", "good", "app_users")


@dataclass(frozen=True)
class Values:
    """The tables of a run as arrays.

    Attributes:
        policies: names, in the order of the study.
        reference: the study's reference policy.
        level: confidence level of the study's intervals.
        years: length of the study.
        replications: how many the tables hold.
        municipalities: codes, in the order of the grid.
        inhabitants: of each municipality, at the start.
        actions: the rows of the actions, read as they are needed.
        register: by column: people, (policies, replications, months + 1, municipalities).
        costs: by payer: EUR, (policies, replications, years, municipalities + 1); the last place
            takes what belongs to none of them.
    """

    policies: tuple[str, ...]
    reference: str
    level: float
    years: int
    replications: int
    municipalities: tuple[str, ...]
    inhabitants: Floats
    actions: ActionRows
    register: Mapping[str, Floats]
    costs: Mapping[str, Floats]


def measure(run: RunFolder, contents: Mapping[str, Any]) -> Values:
    """Read the tables of a run.

    Args:
        run: the run folder.
        contents: study, policies and municipalities as in its manifest.

    Raises:
        DataError: a table is missing or cannot be read.
    """
    study = contents["study"]
    axes = Axes(
        policies=tuple(policy["name"] for policy in contents["policies"]),
        replications=replications_of(run),
        towns=tuple(town["gm_code"] for town in contents["municipalities"]),
        years=int(study["years"]),
    )
    inhabitants = [town["inhabitants"] for town in contents["municipalities"]]
    return Values(
        policies=axes.policies,
        reference=study["reference"],
        level=float(study["level"]),
        years=axes.years,
        replications=len(axes.replications),
        municipalities=axes.towns,
        inhabitants=np.array(inhabitants, dtype=np.float64),
        actions=ActionRows(run, axes),
        register=_register(run, axes),
        costs=_costs(run, axes),
    )


def summed(group: Codes, amounts: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the sum of the amounts of each group, in a shape whose flat index is the group."""
    sums = np.bincount(group, amounts, minlength=int(np.prod(shape)))
    return sums.astype(np.float64).reshape(shape)


def _register(run: RunFolder, axes: Axes) -> dict[str, Floats]:
    months = MONTHS * axes.years + 1
    shape = (len(axes.policies), len(axes.replications), months, len(axes.towns))
    found = {name: np.zeros(shape) for name in _STOCKS}
    texts = {"scenario": axes.policies, "gm_code": axes.towns}
    for column in read_pieces(run, "register", ("replication", "month", *_STOCKS), texts):
        replication = axes.position(column["replication"])
        index = (column["scenario"], replication, column["month"], column["gm_code"])
        for name, amounts in found.items():
            amounts[index] = column[name]
    return found


def _costs(run: RunFolder, axes: Axes) -> dict[str, Floats]:
    shape = (len(axes.policies), len(axes.replications), axes.years, len(axes.towns) + 1)
    found: dict[str, Floats] = {name: np.zeros(shape) for name in PAYERS}
    texts = {"scenario": axes.policies, "gm_code": axes.towns, "payer": PAYERS}
    for column in read_pieces(run, "costs", ("replication", "year", "eur"), texts):
        # The last place, to which -1 points, takes what belongs to no municipality.
        replication = axes.position(column["replication"])
        index = (column["scenario"], replication, column["year"] - 1, column["gm_code"])
        for position, amounts in enumerate(found.values()):
            np.add.at(amounts, index, np.where(column["payer"] == position, column["eur"], 0.0))
    return found
