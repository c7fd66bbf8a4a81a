"""Every measure of a run, one value per policy, replication and cell.

A cell is a combination of study year (0: the whole horizon), municipality (or all, urban, rural)
and kind of incident. Shares and figures per action are ratio estimates: a sum over the cell
divided by another, within one replication. Where the denominator is zero (no action in the cell)
a replication has no value (NaN). Times and hours saved are capped at 24 hours per incident, so
that a few people who stay away for days do not decide the mean; missing persons and robberies
also stand apart in the rows by kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.measures import (
    ALL,
    COST_PER,
    COSTS,
    PER_YEAR,
    PLACES,
    RATIOS,
    STOP,
    Values,
)
from experiments.analysis.rows import KINDS, Actions, Codes
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


MEDIAN = "median_minutes"
AMOUNTS = tuple(dict.fromkeys([*PER_YEAR.values(), *chain.from_iterable(RATIOS.values())]))
"""What is summed over the actions of a cell."""
Sums: TypeAlias = dict[str, Floats]
"""By amount: (policies, replications, cells); beside them the median of the minutes to the end."""


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
    sums = _sums(values, GROUPINGS)
    # Each is let go as its measures are there: all sums are as large as all measures.
    return [_cells(values, grouping, sums.pop(grouping)) for grouping in GROUPINGS]


def whole(values: Values) -> Cells:
    """Return the measures of the whole region and horizon, one cell."""
    grouping = GROUPINGS[0]
    return _cells(values, grouping, _sums(values, (grouping,))[grouping])


def extent(values: Values, grouping: Grouping) -> tuple[int, int, int]:
    """Return the number of years, places and kinds of a grouping."""
    places = {"all": 1, "municipality": len(values.municipalities), "urban": len(PLACES)}
    years = values.years if grouping.by_year else 1
    return years, places[grouping.place], len(KINDS) if grouping.by_kind else 1


def shape(values: Values, grouping: Grouping) -> tuple[int, int, int]:
    """Return how many policies, replications and cells there are."""
    years, places, kinds = extent(values, grouping)
    return len(values.policies), values.replications, years * places * kinds


def cell_codes(values: Values, grouping: Grouping, actions: Actions) -> tuple[Codes, int]:
    """Return the cell of each action in a grouping and the number of cells.

    Actions that lie in no cell get that number, as if they lay in one more.
    """
    years, places, kinds = extent(values, grouping)
    n_cells = years * places * kinds
    cell, inside = np.zeros_like(actions.year), np.ones(len(actions.year), dtype=np.bool_)
    axes = (
        (grouping.by_year, actions.year, years),
        (grouping.place == "municipality", actions.place, places),
        (grouping.place == "urban", actions.rural, places),
        (grouping.by_kind, actions.kind, kinds),
    )
    for wanted, codes, extent_of in axes:
        if wanted:
            cell = cell * extent_of + codes
            inside &= (codes >= 0) & (codes < extent_of)
    return np.where(inside, cell, n_cells), n_cells


class Groups(NamedTuple):
    """The cells of some actions, a group for each policy, replication and cell.

    Attributes:
        group: of each action, from 0, (rows,).
        first, last: place of their first and last policy and replication among all of them.
        n_cells: how many cells a policy and replication have; one more takes what lies in none.
    """

    group: Codes
    first: int
    last: int
    n_cells: int

    def summed(self, amounts: Floats) -> Floats:
        """Return the sums of amounts (rows, n), added up in the order of the rows.

        Shape (n, pairs, cells).
        """
        from scipy.sparse import csc_array

        # One column for each row, with a single 1 in the row of its group: the product passes
        # once over all amounts, where a count for each of them would pass over the groups again.
        rows = len(self.group)
        belongs = csc_array(
            (np.ones(rows), self.group, np.arange(rows + 1)), shape=(self._size, rows)
        )
        sums = np.asarray(belongs @ amounts)
        return np.moveaxis(sums.reshape(-1, self.n_cells + 1, amounts.shape[1])[:, :-1], 2, 0)

    def medians(self, numbers: Floats, ascending: NDArray[np.intp]) -> Floats:
        """Return the medians of numbers (rows,) as (pairs, cells); `ascending` is their order."""
        found = medians(self.group[ascending], numbers[ascending], self._size)
        return found.reshape(-1, self.n_cells + 1)[:, :-1]

    def put(self, whole: Floats, part: Floats) -> None:
        """Put (..., pairs, cells) where they belong in (..., policies, replications, cells)."""
        flat = whole.reshape(*whole.shape[:-3], -1, self.n_cells)
        flat[..., self.first : self.last + 1, :] = part

    @property
    def _size(self) -> int:
        return (self.last - self.first + 1) * (self.n_cells + 1)


def groups(values: Values, grouping: Grouping, actions: Actions) -> Groups:
    """Return the groups of some actions; those of a policy and replication are all among them."""
    cell, n_cells = cell_codes(values, grouping, actions)
    pair = actions.policy * values.replications + actions.replication
    first, last = int(pair[0]), int(pair[-1])
    return Groups((pair - first) * (n_cells + 1) + cell, first, last, n_cells)


def _cells(values: Values, grouping: Grouping, sums: Sums) -> Cells:
    extents = extent(values, grouping)
    names = {"all": (ALL,), "municipality": values.municipalities, "urban": PLACES}
    axes = np.meshgrid(*(np.arange(n) for n in extents), indexing="ij")
    year, place, kind = (axis.ravel() for axis in axes)
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


def _sums(values: Values, groupings: Sequence[Grouping]) -> dict[Grouping, Sums]:
    """Return the sums over the actions of each cell, and the median time to the end."""
    shapes = {grouping: shape(values, grouping) for grouping in groupings}
    sums = {g: np.zeros((len(AMOUNTS), *of)) for g, of in shapes.items()}
    middle = {g: np.full(of, np.nan) for g, of in shapes.items()}
    for actions in values.actions.pieces(AMOUNTS, "minutes_to_end"):
        amounts = np.stack([actions.amount(name) for name in AMOUNTS], axis=1)
        minutes = actions.minutes()
        ascending = np.argsort(minutes)
        for grouping in groupings:
            cells = groups(values, grouping, actions)
            cells.put(sums[grouping], cells.summed(amounts))
            cells.put(middle[grouping], cells.medians(minutes, ascending))
    return {
        grouping: {MEDIAN: middle[grouping], **dict(zip(AMOUNTS, sums[grouping], strict=True))}
        for grouping in groupings
    }


def _span(values: Values, grouping: Grouping) -> int:
    return 1 if grouping.by_year else values.years


def _action_measures(
    values: Values, grouping: Grouping, sums: Mapping[str, Floats]
) -> dict[str, Floats]:
    span = _span(values, grouping)
    found = {name: sums[column] / span for name, column in PER_YEAR.items()}
    found |= {name: over(sums[above], sums[below]) for name, (above, below) in RATIOS.items()}
    found["median_minutes_to_end"] = sums[MEDIAN]
    return found


def medians(group: Codes, numbers: Floats, n_groups: int) -> Floats:
    """Return the median of each group, (n_groups,); an empty group has NaN.

    Args:
        group: of each number.
        numbers: ascending, NaN at the end; those that are NaN are left out.
        n_groups: how many groups there are.
    """
    known = len(numbers) - int(np.count_nonzero(np.isnan(numbers)))
    # Groups of 16 bits are sorted by radix, ten times as fast as longer ones.
    short = group[:known].astype(np.min_scalar_type(n_groups))
    numbers = numbers[:known][np.argsort(short, kind="stable")]
    counts = np.bincount(group[:known], minlength=n_groups)
    first = np.cumsum(counts) - counts
    some = counts > 0
    low, high = (first + (counts - 1) // 2)[some], (first + counts // 2)[some]
    found = np.full(n_groups, np.nan)
    found[some] = (numbers[low] + numbers[high]) / 2
    return found


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
