"""The table of differences: every policy against a reference, paired by replication.

Policies share the draws of a replication, so their difference is taken within it, and the
interval is that of the mean of these differences. Shares are compared twice: over the actions of
each policy, and (`_common`) over the incidents that both used, which takes out that a policy
simply uses other incidents. A policy against itself is exactly zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.cells import Cells, Grouping, all_cells, groups, shape
from experiments.analysis.measures import ORDER, RATIOS, SHARES, Values
from experiments.analysis.rows import Actions, Codes
from experiments.analysis.statistics import (
    Floats,
    over,
    share_positive,
    student,
    variance_reduction,
)
from experiments.analysis.summary import Estimates, columns_of, frame
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COMMON = "_common"
MEASURES = tuple(
    name
    for measure in ORDER
    for name in ([measure, measure + COMMON] if measure in SHARES else [measure])
)
"""Every measure of the table, in its order."""
_HELP = tuple(RATIOS[name][0] for name in SHARES)
"""What each of `SHARES` counts."""


def differences(
    values: Values, reference: str | None = None, cells: list[Cells] | None = None
) -> pd.DataFrame:
    """Return the paired differences of every policy (itself included: zero) against a reference.

    Args:
        values: the tables of a run.
        reference: a policy of the run; the study's by default.
        cells: `all_cells(values)`, where it is known already.

    Raises:
        InputError: the run has no such policy.
    """
    name = values.reference if reference is None else reference
    if name not in values.policies:
        known = ", ".join(values.policies)
        raise InputError(f"against: {name!r} is none of the policies of this run: {known}")
    if cells is None:
        cells = all_cells(values)
    estimates = _estimates(values, cells, values.policies.index(name))
    table = frame(estimates, values.policies, MEASURES)
    table["reference"] = name
    return table


def _estimates(values: Values, cells: list[Cells], reference: int) -> Estimates:
    common = _common_shares(values, [family.grouping for family in cells], reference)
    for family in cells:
        for name, sample in family.linear().items():
            other = np.broadcast_to(sample[[reference]], sample.shape)
            yield family, name, _columns(sample, other, values.level)
        for name, own, other in zip(SHARES, *common[family.grouping], strict=True):
            yield family, name + COMMON, _columns(own, other, values.level)


def _columns(own: Floats, other: Floats, level: float) -> dict[str, NDArray[Any]]:
    difference = own - other
    saved = variance_reduction(own, other, level)
    return {
        **columns_of(student(difference, level), level),
        "share_positive": share_positive(difference),
        "variance_reduction": saved.mean,
        "variance_reduction_low": saved.low,
        "variance_reduction_high": saved.high,
    }


class _Helped(NamedTuple):
    """Which incidents a policy used, and in which of `SHARES` each of its actions counts.

    Attributes:
        incidents: numbers of the incidents that occur, ascending.
        keys: replication and place among the incidents as one number, ascending, (rows,).
        counts: 1 or 0, (rows, shares).
    """

    incidents: Codes
    keys: Codes
    counts: Floats

    def rows_of(self, actions: Actions) -> Codes:
        """Return the row of the same incident and replication for each action, -1 for none."""
        if len(self.keys) == 0:
            return np.full(len(actions.incident), -1)
        place = _place(self.incidents, actions.incident)
        key = actions.replication * len(self.incidents) + place
        row = _place(self.keys, key)
        same = (self.incidents[place] == actions.incident) & (self.keys[row] == key)
        return np.where(same, row, -1)


def _place(ascending: Codes, wanted: Codes) -> Codes:
    """Return where each wanted number stands, or some other place where it is not there."""
    return np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)


def _helped(values: Values, reference: int) -> _Helped:
    replication, incident = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    counts = [np.empty((0, len(SHARES)))]
    for actions in values.actions.pieces(_HELP):
        own = actions.policy == reference
        replication.append(actions.replication[own])
        incident.append(actions.incident[own])
        counts.append(_counts(actions)[own])
    incidents, place = np.unique(np.concatenate(incident), return_inverse=True)
    keys = np.concatenate(replication) * len(incidents) + place
    return _Helped(incidents, keys, np.concatenate(counts))


def _counts(actions: Actions) -> Floats:
    """Return 1 or 0 for each action and each of `SHARES`, (rows, shares)."""
    return np.stack([actions.amount(name) for name in _HELP], axis=1)


def _common_shares(
    values: Values, groupings: list[Grouping], reference: int
) -> dict[Grouping, tuple[Floats, Floats]]:
    """Return shares of each policy, and of the reference, over the incidents that both used.

    Each of shape (shares, policies, replications, cells).
    """
    helped = _helped(values, reference)
    sides = {}
    for grouping in groupings:
        everything = (len(SHARES), *shape(values, grouping))
        sides[grouping] = np.full(everything, np.nan), np.full(everything, np.nan)
    for actions in values.actions.pieces(_HELP):
        row = helped.rows_of(actions)
        # Year, place and kind are those of the incident, so they are the same on both sides.
        both = actions.chosen(row >= 0)
        if len(both.incident) == 0:
            continue
        amounts = np.concatenate(
            [np.ones((len(both.incident), 1)), _counts(both), helped.counts[row[row >= 0]]], axis=1
        )
        for grouping, (own, other) in sides.items():
            cells = groups(values, grouping, both)
            n, *sums = cells.summed(amounts)
            cells.put(own, over(np.stack(sums[: len(SHARES)]), n))
            cells.put(other, over(np.stack(sums[len(SHARES) :]), n))
    return sides
