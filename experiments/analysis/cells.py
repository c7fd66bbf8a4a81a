"""Every measure of a run, one value per policy, replication and cell.

A cell is a combination of study year (0: the whole horizon), municipality (or all, urban, rural)
and kind of incident. Shares and figures per action are ratio estimates: a sum over the cell
divided by another, within one replication. Where the denominator is zero (no action in the cell)
a replication has no value (NaN). Times and hours saved are capped at 24 hours per incident, so
that a few people who stay away for days do not decide the mean; missing persons and robberies
also stand apart in the rows by kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.measures import (
    ALL,
    COST_PER,
    COSTS,
    KINDS,
    PER_YEAR,
    PLACES,
    RATIOS,
    STOP,
    Codes,
    Values,
    summed,
)
from experiments.analysis.statistics import Floats, linearised_ratio, over


class Grouping(NamedTuple):
    """A family of cells: each year or the horizon; all, each municipality, urban; each kind."""

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


class Cells(NamedTuple):
    """The cells of a grouping and their measures.

    Attributes:
        grouping: the family.
        years, places, kinds: labels of the cells, each of shape (cells,).
        samples: by measure: one value per replication, (policies, replications, cells).
        ratios: by measure that is a ratio of means over the replications: what stands above the
            line and what below it, each of the same shape.
    """

    grouping: Grouping
    years: Codes
    places: NDArray[np.str_]
    kinds: NDArray[np.str_]
    samples: dict[str, Floats]
    ratios: dict[str, tuple[Floats, Floats]]

    def linear(self) -> dict[str, Floats]:
        """Return all measures as one value per replication, ratios of means linearised."""
        linear = {name: linearised_ratio(*pair) for name, pair in self.ratios.items()}
        return {**self.samples, **linear}


def all_cells(values: Values) -> list[Cells]:
    """Return the measures of every grouping."""
    return [_cells(values, grouping) for grouping in GROUPINGS]


def whole(values: Values) -> Cells:
    """Return the measures of the whole region and horizon, one cell."""
    return _cells(values, GROUPINGS[0])


def extent(values: Values, grouping: Grouping) -> tuple[int, int, int]:
    """Return the number of years, places and kinds of a grouping."""
    places = {"all": 1, "municipality": len(values.municipalities), "urban": len(PLACES)}
    years = values.years if grouping.by_year else 1
    return years, places[grouping.place], len(KINDS) if grouping.by_kind else 1


def cell_codes(values: Values, grouping: Grouping) -> tuple[Codes, int]:
    """Return the cell of each action in a grouping (-1: in none) and the number of cells."""
    actions = values.actions
    years, places, kinds = extent(values, grouping)
    zero = np.zeros_like(actions.year)
    year = actions.year if grouping.by_year else zero
    place = {"all": zero, "municipality": actions.place, "urban": actions.rural}[grouping.place]
    kind = actions.kind if grouping.by_kind else zero
    inside = (year >= 0) & (year < years) & (place >= 0) & (kind >= 0)
    return np.where(inside, (year * places + place) * kinds + kind, -1), years * places * kinds


def _cells(values: Values, grouping: Grouping) -> Cells:
    extents = extent(values, grouping)
    names = {"all": (ALL,), "municipality": values.municipalities, "urban": PLACES}
    axes = np.meshgrid(*(np.arange(n) for n in extents), indexing="ij")
    year, place, kind = (axis.ravel() for axis in axes)
    sums = _sums(values, grouping)
    samples = _action_measures(values, grouping, sums)
    ratios: dict[str, tuple[Floats, Floats]] = {}
    # Register and ledger know municipalities, not whether a cell of the grid is urban.
    if grouping.place != "urban":
        samples["alerts_per_participant_per_year"] = _load(values, grouping, sums["recipients"])
        if not grouping.by_kind:
            samples |= _register_measures(values, grouping) | _cost_measures(values, grouping)
            ratios = _cost_ratios(values, samples)
    return Cells(
        grouping=grouping,
        years=year + 1 if grouping.by_year else np.zeros_like(year),
        places=np.array(names[grouping.place])[place],
        kinds=np.array(KINDS)[kind] if grouping.by_kind else np.full(kind.shape, ALL),
        samples=samples,
        ratios=ratios,
    )


def _sums(values: Values, grouping: Grouping) -> dict[str, Floats]:
    """Return the sums over the actions of each cell, and the median time to the end."""
    actions = values.actions
    cell, n_cells = cell_codes(values, grouping)
    shape = (len(values.policies), values.replications, n_cells)
    inside = cell >= 0
    group = ((actions.policy * values.replications + actions.replication) * n_cells + cell)[inside]
    sums = {name: summed(group, a[inside], shape) for name, a in actions.amounts.items()}
    sums["median_minutes"] = medians(group, actions.minutes[inside], shape)
    return sums


def _span(values: Values, grouping: Grouping) -> int:
    return 1 if grouping.by_year else values.years


def _action_measures(
    values: Values, grouping: Grouping, sums: Mapping[str, Floats]
) -> dict[str, Floats]:
    span = _span(values, grouping)
    found = {name: sums[column] / span for name, column in PER_YEAR.items()}
    found |= {name: over(sums[above], sums[below]) for name, (above, below) in RATIOS.items()}
    found["median_minutes_to_end"] = sums["median_minutes"]
    return found


def medians(group: Codes, numbers: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the median of each group, in a shape whose flat index is the group.

    An empty group has NaN; numbers that are NaN are left out.
    """
    known = ~np.isnan(numbers)
    group, numbers = group[known], numbers[known]
    numbers = numbers[np.lexsort((numbers, group))]
    counts = np.bincount(group, minlength=int(np.prod(shape)))
    first = np.cumsum(counts) - counts
    some = counts > 0
    low, high = (first + (counts - 1) // 2)[some], (first + counts // 2)[some]
    found = np.full(len(counts), np.nan)
    found[some] = (numbers[low] + numbers[high]) / 2
    return found.reshape(shape)


def _by_cell(values: Values, grouping: Grouping, amounts: Floats) -> Floats:
    """Return amounts per year (or one span) and municipality as amounts per cell.

    From (policies, replications, years or 1, municipalities) to (policies, replications, cells).
    """
    summed_up = grouping.place != "municipality"
    of_places = amounts.sum(axis=3, keepdims=True) if summed_up else amounts
    kinds = extent(values, grouping)[2]
    cells = of_places.shape[2] * of_places.shape[3]
    return np.repeat(of_places.reshape(*of_places.shape[:2], cells), kinds, axis=2)


def _months(values: Values, grouping: Grouping, column: str) -> Floats:
    """Return the ends of the months of each year, or of the horizon as one span.

    Shape (policies, replications, spans, months of a span, municipalities).
    """
    monthly = values.register[column][:, :, 1:]
    spans = values.years if grouping.by_year else 1
    policies, replications, months, towns = monthly.shape
    return monthly.reshape(policies, replications, spans, months // spans, towns)


def _load(values: Values, grouping: Grouping, recipients: Floats) -> Floats:
    """Return the recipients of a year over the mean number registered at the ends of its months.

    Recipients who have only the app count above the line; those of a municipality are the
    recipients of the incidents there, wherever they live.
    """
    registered = _by_cell(values, grouping, _months(values, grouping, "registered").mean(axis=3))
    return over(recipients / _span(values, grouping), registered)


def _register_measures(values: Values, grouping: Grouping) -> dict[str, Floats]:
    last = {name: _months(values, grouping, name)[:, :, :, -1] for name in values.register}
    inhabitants = np.broadcast_to(values.inhabitants, last["registered"].shape)
    registered = _by_cell(values, grouping, last["registered"])
    return {
        "registered_end": registered,
        "good_end": _by_cell(values, grouping, last["good"]),
        "app_users_end": _by_cell(values, grouping, last["app_users"]),
        # Of the inhabitants at the start: the model knows no later count.
        "coverage_share": over(registered, _by_cell(values, grouping, inhabitants)),
    }


def _cost_measures(values: Values, grouping: Grouping) -> dict[str, Floats]:
    cost = {payer: _cost(values, grouping, payer) for payer in values.costs}
    return {name: sum_of([cost[payer] for payer in payers]) for name, payers in COSTS.items()}


def sum_of(parts: list[Floats]) -> Floats:
    """Return the sum of arrays of one shape."""
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def _cost(values: Values, grouping: Grouping, payer: str) -> Floats:
    """Return a payer's euros a year; what belongs to no municipality counts in the region only."""
    yearly = values.costs[payer]
    eur = yearly if grouping.by_year else yearly.mean(axis=2, keepdims=True)
    return _by_cell(values, grouping, eur[..., :-1] if grouping.place == "municipality" else eur)


def _cost_ratios(
    values: Values, samples: Mapping[str, Floats]
) -> dict[str, tuple[Floats, Floats]]:
    """Return cost and success added to those of `stop`, paired; nothing if no policy stops."""
    if STOP not in values.policies:
        return {}
    stop = values.policies.index(STOP)
    added = {
        name: samples[name] - samples[name][[stop]]
        for name in ("cost_eur_per_year", *COST_PER.values())
    }
    return {name: (added["cost_eur_per_year"], added[below]) for name, below in COST_PER.items()}
