"""The names of the measures, and the tables of a run read into arrays from which they follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.analysis.statistics import Floats
from experiments.engine.store import RunFolder
from sim.policy import PAYERS

if TYPE_CHECKING:
    import pandas as pd

Codes: TypeAlias = NDArray[np.int64]

ALL = "all"
KINDS = ("missing", "robbery", "theft")
PLACES = ("urban", "rural")
STOP = "stop"
CAP_HOURS = 24.0
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

_SUMMED = (
    "recipients",
    "delivered",
    "noticed",
    "noticed_10min",
    "noticed_while_open",
    "noticed_in_area",
    "true_tips",
    "false_tips",
    "direct",
    "contributed",
    "contributed_strict",
    "found_only_by_alert",
    "message_cost_eur",
    "operator_busy_s",
)
_LABELS = ("scenario", "replication", "incident_id", "kind", "gm_code", "year", "urban")
_WORKED_OUT = ("minutes_to_end", "hours_saved", "open_s", "operators", "unit_s_on_false_tips")
_STOCKS = ("registered", "good", "app_users")


@dataclass(frozen=True)
class Actions:
    """Rows of the actions as codes and amounts, every array of shape (rows,).

    Attributes:
        policy: position of the policy in the study.
        replication: position of the replication among those of the run.
        year: study year from 0.
        place: position of the municipality; -1 for one that the grid does not have.
        kind: position in `KINDS`.
        rural: 0 urban, 1 rural.
        incident: number of the incident.
        minutes: time to the end, capped at 24 hours.
        amounts: by column: what is summed over the rows of a cell.
    """

    policy: Codes
    replication: Codes
    year: Codes
    place: Codes
    kind: Codes
    rural: Codes
    incident: Codes
    minutes: Floats
    amounts: Mapping[str, Floats]


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
        actions: the actions.
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
    actions: Actions
    register: Mapping[str, Floats]
    costs: Mapping[str, Floats]


class _Axes(NamedTuple):
    policies: tuple[str, ...]
    replications: NDArray[np.int64]
    towns: tuple[str, ...]
    years: int


def measure(run: RunFolder, contents: Mapping[str, Any]) -> Values:
    """Read the tables of a run.

    Args:
        run: the run folder.
        contents: study, policies and municipalities as in its manifest.

    Raises:
        DataError: a table is missing or cannot be read.
    """
    study = contents["study"]
    actions = run.table("actions", (*_LABELS, *_SUMMED, *_WORKED_OUT))
    register = run.table("register", ("scenario", "replication", "month", "gm_code", *_STOCKS))
    costs = run.table("costs", ("scenario", "replication", "year", "gm_code", "payer", "eur"))
    axes = _Axes(
        policies=tuple(policy["name"] for policy in contents["policies"]),
        replications=np.unique(register["replication"].to_numpy()),
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
        actions=_actions(actions, axes),
        register=_register(register, axes),
        costs=_costs(costs, axes),
    )


def summed(group: Codes, amounts: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the sum of the amounts of each group, in a shape whose flat index is the group."""
    sums = np.bincount(group, amounts, minlength=int(np.prod(shape)))
    return sums.astype(np.float64).reshape(shape)


def _codes(texts: pd.Series[str], known: Sequence[str]) -> Codes:
    import pandas as pd

    return np.asarray(pd.Categorical(texts, categories=list(known)).codes, dtype=np.int64)


def _actions(table: pd.DataFrame, axes: _Axes) -> Actions:
    texts = ("scenario", "kind", "gm_code")
    column = {name: table[name].to_numpy() for name in table.columns if name not in texts}
    amounts = {name: column[name].astype(np.float64) for name in _SUMMED}
    amounts["actions"] = np.ones(len(table))
    amounts["resolved_with_help"] = (column["direct"] | column["contributed"]).astype(np.float64)
    amounts["hours_saved_capped"] = np.minimum(column["hours_saved"], CAP_HOURS)
    amounts["operator_open_s"] = column["open_s"].astype(np.float64) * column["operators"]
    amounts["unit_h_on_false_tips"] = column["unit_s_on_false_tips"] / 3600.0
    return Actions(
        policy=_codes(table["scenario"], axes.policies),
        replication=np.searchsorted(axes.replications, column["replication"]),
        year=column["year"].astype(np.int64) - 1,
        place=_codes(table["gm_code"], axes.towns),
        kind=_codes(table["kind"], KINDS),
        rural=(~column["urban"]).astype(np.int64),
        incident=column["incident_id"],
        minutes=np.minimum(column["minutes_to_end"], CAP_HOURS * 60.0),
        amounts=amounts,
    )


def _register(table: pd.DataFrame, axes: _Axes) -> dict[str, Floats]:
    months = MONTHS * axes.years + 1
    shape = (len(axes.policies), len(axes.replications), months, len(axes.towns))
    index = (
        _codes(table["scenario"], axes.policies),
        np.searchsorted(axes.replications, table["replication"].to_numpy()),
        table["month"].to_numpy(),
        _codes(table["gm_code"], axes.towns),
    )
    return {name: _placed(shape, index, table[name].to_numpy()) for name in _STOCKS}


def _costs(table: pd.DataFrame, axes: _Axes) -> dict[str, Floats]:
    shape = (len(axes.policies), len(axes.replications), axes.years, len(axes.towns) + 1)
    place = _codes(table["gm_code"], axes.towns)
    index = (
        _codes(table["scenario"], axes.policies),
        np.searchsorted(axes.replications, table["replication"].to_numpy()),
        table["year"].to_numpy() - 1,
        np.where(place < 0, len(axes.towns), place),
    )
    payer, eur = table["payer"].to_numpy(), table["eur"].to_numpy()
    return {name: _placed(shape, index, np.where(payer == name, eur, 0.0)) for name in PAYERS}


def _placed(shape: tuple[int, ...], index: tuple[NDArray[Any], ...], amounts: ArrayLike) -> Floats:
    flat = np.ravel_multi_index(index, shape)
    return summed(np.asarray(flat), np.asarray(amounts, dtype=np.float64), shape)
