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

from experiments.analysis.cells import Cells, Grouping, all_cells, cell_codes
from experiments.analysis.measures import ORDER, RATIOS, SHARES, Values, summed
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


class _Common(NamedTuple):
    """Rows of the actions of a policy and of the reference for the incidents that both used."""

    own: NDArray[np.intp]
    other: NDArray[np.intp]


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
    common = [_common(values, policy, reference) for policy in range(len(values.policies))]
    for family in cells:
        for name, sample in family.linear().items():
            other = np.broadcast_to(sample[[reference]], sample.shape)
            yield family, name, _columns(sample, other, values.level)
        shares = _common_shares(values, family.grouping, common)
        for name, (own, other) in shares.items():
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


def _common(values: Values, policy: int, reference: int) -> _Common:
    actions = values.actions
    _, incident = np.unique(actions.incident, return_inverse=True)
    key = actions.replication * (incident.max(initial=0) + 1) + incident
    own, other = (np.flatnonzero(actions.policy == index) for index in (policy, reference))
    _, in_own, in_other = np.intersect1d(
        key[own], key[other], assume_unique=True, return_indices=True
    )
    return _Common(own[in_own], other[in_other])


def _common_shares(
    values: Values, grouping: Grouping, common: list[_Common]
) -> dict[str, tuple[Floats, Floats]]:
    """Return shares of each policy, and of the reference, over the incidents that both used."""
    cell, n_cells = cell_codes(values, grouping)
    shape = (len(common), values.replications, n_cells)
    found = {name: (np.full(shape, np.nan), np.full(shape, np.nan)) for name in SHARES}
    for policy, rows in enumerate(common):
        # Year, place and kind are those of the incident, so they are the same on both sides.
        inside = cell[rows.own] >= 0
        group = (values.actions.replication[rows.own] * n_cells + cell[rows.own])[inside]
        count = summed(group, np.ones(len(group)), shape[1:])
        for name, sides in found.items():
            helped = values.actions.amounts[RATIOS[name][0]]
            for side, chosen in zip(sides, rows, strict=True):
                side[policy] = over(summed(group, helped[chosen[inside]], shape[1:]), count)
    return found
