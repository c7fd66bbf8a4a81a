"""Works the tables of a run out into measures: one value per policy, replication and cell.

A cell is a combination of study year (0: the whole horizon), municipality (or all, urban, rural)
and kind of incident. Shares and figures per action are ratio estimates: a sum over the cell
divided by another, within one replication. Where the denominator is zero (no action in the cell) a
replication has no value (NaN). Times and hours saved are capped at 24 hours per incident, so that
a few people who stay away for days do not decide the mean; missing persons and robberies also
stand apart in the rows by kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.statistics import Floats, linearised_ratio, over
from experiments.engine.store import RunFolder

if TYPE_CHECKING:
    import pandas as pd

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
    "cost_eur_per_year": ("municipality", "region", "police"),
    "cost_municipal_eur_per_year": ("municipality",),
    "cost_regional_eur_per_year": ("region",),
    "cost_police_eur_per_year": ("police",),
}
"""Measure: whose costs are summed and divided by the years of the cell."""
COST_PER = {
    "cost_per_direct_eur": "direct_per_year",
    "cost_per_hour_saved_eur": "hours_saved_per_year",
}
"""Measure: what the additional cost against `stop` is divided by, also against `stop`, as a ratio of means."""
ORDER = (
    "actions_per_year", *(name for name in RATIOS if name != "operator_occupancy"), "direct_per_year",
    "found_only_by_alert_per_year", "hours_saved_per_year", "median_minutes_to_end", "registered_end", "good_end",
    "app_users_end", "coverage_share", "alerts_per_participant_per_year", "unit_hours_on_false_tips_per_year",
    "operator_occupancy", "message_cost_eur_per_year", *COSTS, *COST_PER,
)  # fmt: skip
"""Every measure, in the order of the tables."""

_COUNTED = (
    "recipients", "delivered", "noticed", "noticed_10min", "noticed_while_open", "noticed_in_area", "true_tips",
    "false_tips", "direct", "contributed", "contributed_strict", "found_only_by_alert", "message_cost_eur", "operator_busy_s",
)  # fmt: skip
_READ = (
    "scenario", "replication", "incident_id", "kind", "gm_code", "year", "urban", *_COUNTED,
    "minutes_to_end", "hours_saved", "open_s", "operators", "unit_s_on_false_tips",
)  # fmt: skip


class Grouping(NamedTuple):
    """A family of cells: by study year or over the horizon; all, each municipality or urban and rural; all or each kind."""

    by_year: bool
    place: str
    by_kind: bool


GROUPINGS = tuple(
    Grouping(by_year, place, by_kind)
    for place in ("all", "municipality", "urban")
    for by_kind in (False, True)
    for by_year in (False, True)
    # Year by place by kind would hold an action or two per cell.
    if not (by_year and by_kind and place != "all")
)


@dataclass(frozen=True)
class Actions:
    """Rows of the actions as codes and sums, arrays of shape (rows,); `place` is -1 outside the known municipalities."""

    policy: NDArray[np.int64]
    replication: NDArray[np.int64]
    year: NDArray[np.int64]
    place: NDArray[np.int64]
    kind: NDArray[np.int64]
    rural: NDArray[np.int64]
    incident: NDArray[np.int64]
    minutes: Floats
    sums: Mapping[str, Floats]


class Cells(NamedTuple):
    """Labels of the cells of a grouping and their measures, each of shape (policies, replications, cells)."""

    grouping: Grouping
    years: NDArray[np.int64]
    places: NDArray[np.str_]
    kinds: NDArray[np.str_]
    values: dict[str, Floats]
    ratios: dict[str, tuple[Floats, Floats]]
    """Measures that are ratios of means over the replications: what stands above and below the line."""

    def linear(self) -> dict[str, Floats]:
        """Return all measures as one value per replication, ratios of means linearised."""
        return {
            **self.values,
            **{name: linearised_ratio(*pair) for name, pair in self.ratios.items()},
        }


@dataclass(frozen=True)
class Values:
    """Everything that is known per replication of a run."""

    policies: tuple[str, ...]
    reference: str
    level: float
    years: int
    replications: int
    municipalities: tuple[str, ...]
    inhabitants: Floats
    actions: Actions
    register: Mapping[str, Floats]
    """By column: shape (policies, replications, months + 1, municipalities)."""
    costs: Mapping[str, Floats]
    """By payer: EUR, shape (policies, replications, years, municipalities + 1); the last place is outside them."""

    @cached_property
    def cells(self) -> tuple[Cells, ...]:
        """The measures of every grouping."""
        return tuple(_cells(self, grouping) for grouping in GROUPINGS)

    def n_cells(self, grouping: Grouping) -> tuple[int, int, int]:
        """Return the number of years, places and kinds of a grouping."""
        places = {"all": 1, "municipality": len(self.municipalities), "urban": len(PLACES)}[
            grouping.place
        ]
        return self.years if grouping.by_year else 1, places, len(KINDS) if grouping.by_kind else 1


def measure(run: RunFolder, contents: Mapping[str, Any]) -> Values:
    """Read the tables of a run.

    Args:
        run: the run folder.
        contents: study, policies and municipalities as in its manifest.
    """
    study = contents["study"]
    policies = tuple(policy["name"] for policy in contents["policies"])
    towns = tuple(town["gm_code"] for town in contents["municipalities"])
    actions = run.table("actions", _READ)
    register = run.table(
        "register",
        ("scenario", "replication", "month", "gm_code", "registered", "good", "app_users"),
    )
    costs = run.table("costs", ("scenario", "replication", "year", "gm_code", "payer", "eur"))
    numbers = np.unique(register["replication"].to_numpy())
    years = int(study["years"])
    return Values(
        policies=policies,
        reference=study["reference"],
        level=float(study["level"]),
        years=years,
        replications=len(numbers),
        municipalities=towns,
        inhabitants=np.array(
            [town["inhabitants"] for town in contents["municipalities"]], dtype=float
        ),
        actions=_actions(actions, policies, numbers, towns),
        register=_register(register, policies, numbers, towns, years),
        costs=_costs(costs, policies, numbers, towns, years),
    )


def _codes(texts: Any, known: Sequence[str]) -> NDArray[np.int64]:
    import pandas as pd

    return np.asarray(pd.Categorical(texts, categories=list(known)).codes, dtype=np.int64)


def _actions(
    table: pd.DataFrame, policies: Sequence[str], numbers: NDArray[Any], towns: Sequence[str]
) -> Actions:
    column = {
        name: table[name].to_numpy()
        for name in table.columns
        if name not in ("scenario", "kind", "gm_code")
    }
    sums = {name: column[name].astype(float) for name in _COUNTED}
    sums["actions"] = np.ones(len(table))
    sums["resolved_with_help"] = (column["direct"] | column["contributed"]).astype(float)
    sums["hours_saved_capped"] = np.minimum(column["hours_saved"], CAP_HOURS)
    sums["operator_open_s"] = column["open_s"].astype(float) * column["operators"]
    sums["unit_h_on_false_tips"] = column["unit_s_on_false_tips"] / 3600.0
    return Actions(
        policy=_codes(table["scenario"], policies),
        replication=np.searchsorted(numbers, column["replication"]),
        year=column["year"].astype(np.int64) - 1,
        place=_codes(table["gm_code"], towns),
        kind=_codes(table["kind"], KINDS),
        rural=(~column["urban"]).astype(np.int64),
        incident=column["incident_id"],
        minutes=np.minimum(column["minutes_to_end"], CAP_HOURS * 60.0),
        sums=sums,
    )


def _register(
    table: pd.DataFrame,
    policies: Sequence[str],
    numbers: NDArray[Any],
    towns: Sequence[str],
    years: int,
) -> dict[str, Floats]:
    shape = (len(policies), len(numbers), MONTHS * years + 1, len(towns))
    index = (
        _codes(table["scenario"], policies), np.searchsorted(numbers, table["replication"]),
        table["month"].to_numpy(), _codes(table["gm_code"], towns),
    )  # fmt: skip
    return {
        name: _filled(shape, index, table[name]) for name in ("registered", "good", "app_users")
    }


def grouped(group: NDArray[np.int64], amounts: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the sum of the amounts of each group, as an array of a shape whose flat index is the group."""
    sums = np.bincount(group, amounts, minlength=int(np.prod(shape)))
    return sums.astype(np.float64).reshape(shape)


def _filled(shape: tuple[int, ...], index: tuple[Any, ...], amounts: Any) -> Floats:
    flat = np.ravel_multi_index(index, shape)
    return grouped(flat, np.asarray(amounts, dtype=float), shape)


def _costs(
    table: pd.DataFrame,
    policies: Sequence[str],
    numbers: NDArray[Any],
    towns: Sequence[str],
    years: int,
) -> dict[str, Floats]:
    shape = (len(policies), len(numbers), years, len(towns) + 1)
    place = _codes(table["gm_code"], towns)
    index = np.stack([
        _codes(table["scenario"], policies), np.searchsorted(numbers, table["replication"]),
        table["year"].to_numpy() - 1, np.where(place < 0, len(towns), place),
    ])  # fmt: skip
    payer = table["payer"].to_numpy()
    eur = table["eur"].to_numpy()
    found = {}
    for name in COSTS["cost_eur_per_year"]:
        rows = payer == name
        found[name] = _filled(shape, tuple(index[:, rows]), eur[rows])
    return found


def _cells(values: Values, grouping: Grouping) -> Cells:
    years, places, kinds = values.n_cells(grouping)
    names = {"all": (ALL,), "municipality": values.municipalities, "urban": PLACES}[grouping.place]
    year, place, kind = (
        axis.ravel()
        for axis in np.meshgrid(range(years), range(places), range(kinds), indexing="ij")
    )
    sums = _sums(values, grouping)
    found = _action_measures(values, grouping, sums)
    ratios: dict[str, tuple[Floats, Floats]] = {}
    # The register and the ledger know municipalities, not whether a cell of the grid is urban.
    if grouping.place != "urban":
        found["alerts_per_participant_per_year"] = _load(values, grouping, sums["recipients"])
        if not grouping.by_kind:
            found |= _register_measures(values, grouping) | _cost_measures(values, grouping)
            ratios = _cost_ratios(values, found)
    return Cells(
        grouping=grouping,
        years=year + 1 if grouping.by_year else np.zeros_like(year),
        places=np.array(names)[place],
        kinds=np.array(KINDS)[kind] if grouping.by_kind else np.full(kind.shape, ALL),
        values=found,
        ratios=ratios,
    )


def cell_codes(values: Values, grouping: Grouping) -> tuple[NDArray[np.int64], int]:
    """Return the cell of each action in a grouping (-1: in none of them) and the number of cells."""
    actions = values.actions
    years, places, kinds = values.n_cells(grouping)
    zero = np.zeros_like(actions.year)
    year = actions.year if grouping.by_year else zero
    place = {"all": zero, "municipality": actions.place, "urban": actions.rural}[grouping.place]
    kind = actions.kind if grouping.by_kind else zero
    inside = (year >= 0) & (year < years) & (place >= 0) & (kind >= 0)
    return np.where(inside, (year * places + place) * kinds + kind, -1), years * places * kinds


def _sums(values: Values, grouping: Grouping) -> dict[str, Floats]:
    """Return the sums over the actions of each cell, and the median time to the end."""
    actions = values.actions
    cell, n_cells = cell_codes(values, grouping)
    shape = (len(values.policies), values.replications, n_cells)
    inside = cell >= 0
    flat = ((actions.policy * values.replications + actions.replication) * n_cells + cell)[inside]
    sums = {name: grouped(flat, column[inside], shape) for name, column in actions.sums.items()}
    sums["median_minutes"] = _medians(flat, actions.minutes[inside], int(np.prod(shape))).reshape(
        shape
    )
    return sums


def _action_measures(
    values: Values, grouping: Grouping, sums: Mapping[str, Floats]
) -> dict[str, Floats]:
    span = 1 if grouping.by_year else values.years
    found = {name: sums[column] / span for name, column in PER_YEAR.items()}
    found |= {name: over(sums[above], sums[below]) for name, (above, below) in RATIOS.items()}
    found["median_minutes_to_end"] = sums["median_minutes"]
    return found


def _medians(group: NDArray[np.int64], numbers: Floats, groups: int) -> Floats:
    """Return the median of each group, NaN for an empty one; numbers that are NaN are left out."""
    known = ~np.isnan(numbers)
    group, numbers = group[known], numbers[known]
    numbers = numbers[np.lexsort((numbers, group))]
    counts = np.bincount(group, minlength=groups)
    first = np.cumsum(counts) - counts
    some = counts > 0
    low, high = (first + (counts - 1) // 2)[some], (first + counts // 2)[some]
    found = np.full(groups, np.nan)
    found[some] = (numbers[low] + numbers[high]) / 2
    return found


def _by_cell(values: Values, grouping: Grouping, amounts: Floats) -> Floats:
    """Return amounts of shape (policies, replications, years or 1, municipalities) as (policies, replications, cells)."""
    of_places = amounts if grouping.place == "municipality" else amounts.sum(axis=3, keepdims=True)
    kinds = values.n_cells(grouping)[2]
    return np.repeat(of_places.reshape(*of_places.shape[:2], -1), kinds, axis=2)


def _months(values: Values, grouping: Grouping, column: str) -> Floats:
    """Return the months of each year (or one span of all) as shape (policies, replications, spans, months, municipalities)."""
    monthly = values.register[column][:, :, 1:]
    spans = values.years if grouping.by_year else 1
    return monthly.reshape(*monthly.shape[:2], spans, -1, monthly.shape[3])


def _load(values: Values, grouping: Grouping, recipients: Floats) -> Floats:
    """Return the recipients of a year over the mean number registered at the ends of its months.

    Recipients who have only the app count above the line; those of a municipality are the
    recipients of the incidents there.
    """
    registered = _by_cell(values, grouping, _months(values, grouping, "registered").mean(axis=3))
    return over(recipients / (1 if grouping.by_year else values.years), registered)


def _register_measures(values: Values, grouping: Grouping) -> dict[str, Floats]:
    columns = {"registered_end": "registered", "good_end": "good", "app_users_end": "app_users"}
    found = {
        name: _by_cell(values, grouping, _months(values, grouping, column)[:, :, :, -1])
        for name, column in columns.items()
    }
    inhabitants = _by_cell(
        values, grouping, np.broadcast_to(values.inhabitants, _last(values, grouping).shape)
    )
    # Coverage is of the inhabitants at the start of the study: no later count is known to the model.
    found["coverage_share"] = over(found["registered_end"], inhabitants)
    return found


def _last(values: Values, grouping: Grouping) -> Floats:
    return _months(values, grouping, "registered")[:, :, :, -1]


def _cost_measures(values: Values, grouping: Grouping) -> dict[str, Floats]:
    cost = {payer: _cost(values, grouping, payer) for payer in values.costs}
    return {
        name: np.sum([cost[payer] for payer in payers], axis=0) for name, payers in COSTS.items()
    }


def _cost(values: Values, grouping: Grouping, payer: str) -> Floats:
    """Return the euros a year of one payer; what belongs to no municipality counts in the whole region only."""
    eur = (
        values.costs[payer]
        if grouping.by_year
        else values.costs[payer].mean(axis=2, keepdims=True)
    )
    return _by_cell(
        values, grouping, eur[:, :, :, :-1] if grouping.place == "municipality" else eur
    )


def _cost_ratios(values: Values, found: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    """Return additional cost and additional success against `stop`, paired; nothing where `stop` is not in the study."""
    if STOP not in values.policies:
        return {}
    stop = values.policies.index(STOP)
    above, *below = (
        found[name] - found[name][[stop]] for name in ("cost_eur_per_year", *COST_PER.values())
    )
    return {name: (above, success) for name, success in zip(COST_PER, below, strict=True)}
