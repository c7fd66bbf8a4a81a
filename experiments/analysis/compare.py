"""The table of differences: every policy against a reference, paired by replication.

Policies share the draws of a replication, so their difference is taken within it and the interval
is that of the mean of these differences. Shares are compared twice: over the actions of each
policy, and (`_common`) over the incidents that both used, which takes out that one policy simply
uses other incidents. A policy against itself is exactly zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.measures import (
    ORDER,
    RATIOS,
    SHARES,
    Grouping,
    Values,
    cell_codes,
    grouped,
)
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


def differences(values: Values, reference: str | None = None) -> pd.DataFrame:
    """Return the paired differences of every policy (itself included: zero) against a reference.

    Args:
        values: the measures of a run.
        reference: a policy of the run; the study's by default.

    Raises:
        InputError: the run has no such policy.
    """
    name = values.reference if reference is None else reference
    if name not in values.policies:
        raise InputError(
            f"against: {name!r} is none of the policies of this run: {', '.join(values.policies)}"
        )
    table = frame(_estimates(values, values.policies.index(name)), values.policies, MEASURES)
    table["reference"] = name
    return table


def _estimates(values: Values, reference: int) -> Estimates:
    pairs = [
        _common_incidents(values, policy, reference) for policy in range(len(values.policies))
    ]
    for cells in values.cells:
        for name, sample in cells.linear().items():
            yield (
                cells,
                name,
                _columns(sample, np.broadcast_to(sample[[reference]], sample.shape), values.level),
            )
        for name, (own, other) in _common(values, cells.grouping, pairs).items():
            yield cells, name + COMMON, _columns(own, other, values.level)


def _columns(own: Floats, other: Floats, level: float) -> dict[str, NDArray[Any]]:
    difference = own - other
    return {
        **columns_of(student(difference, level), level),
        "share_positive": share_positive(difference),
        "variance_reduction": variance_reduction(own, other),
    }


def _common_incidents(
    values: Values, policy: int, reference: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of a policy and of the reference, in step, for the incidents that both used."""
    actions = values.actions
    _, incident = np.unique(actions.incident, return_inverse=True)
    key = actions.replication * (incident.max(initial=0) + 1) + incident
    own, other = (np.flatnonzero(actions.policy == index) for index in (policy, reference))
    _, in_own, in_other = np.intersect1d(
        key[own], key[other], assume_unique=True, return_indices=True
    )
    return own[in_own], other[in_other]


def _common(
    values: Values, grouping: Grouping, pairs: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> Mapping[str, tuple[Floats, Floats]]:
    """Return the shares of each policy and of the reference over the incidents that both used, (policies, replications, cells)."""
    actions = values.actions
    cell, n_cells = cell_codes(values, grouping)
    shape = (len(values.policies), values.replications, n_cells)
    found = {name: (np.full(shape, np.nan), np.full(shape, np.nan)) for name in SHARES}
    for policy, sides in enumerate(pairs):
        # Year, place and kind are those of the incident, so they are the same on both sides.
        inside = cell[sides[0]] >= 0
        flat = (actions.replication[sides[0]] * n_cells + cell[sides[0]])[inside]
        count = grouped(flat, np.ones(len(flat)), shape[1:])
        for name in SHARES:
            column = actions.sums[RATIOS[name][0]]
            for side, rows in enumerate(sides):
                helped = grouped(flat, column[rows[inside]], shape[1:])
                found[name][side][policy] = over(helped, count)
    return found
