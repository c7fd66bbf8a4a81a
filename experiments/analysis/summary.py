"""The summary table: mean over the replications and interval of every measure.

Each measure has one value per replication (`experiments.analysis.cells`); the table gives their
mean with a Student-t interval, called `monte_carlo` because it shrinks as replications are added.
Cost per success is a ratio of means over the replications with Fieller's interval. The column `n`
says how many replications have a value: a share of the actions of a small municipality has none
in a replication without an action there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.cells import Cells, all_cells
from experiments.analysis.measures import ALL, ORDER, PLACES, Values
from experiments.analysis.rows import KINDS
from experiments.analysis.statistics import Estimate, fieller, student

if TYPE_CHECKING:
    import pandas as pd

INTERVAL = "monte_carlo"
Estimates: TypeAlias = Iterator[tuple[Cells, str, dict[str, NDArray[Any]]]]
"""Cells, measure, and columns of shape (policies, cells), `mean` among them."""


def summarise(values: Values, cells: list[Cells] | None = None) -> pd.DataFrame:
    """Return the summary table: mean and interval of every measure in every cell that has one.

    Args:
        values: the tables of a run.
        cells: `all_cells(values)`, where it is known already.
    """
    families = all_cells(values) if cells is None else cells
    return frame(_estimates(families, values.level), values.policies, ORDER)


def _estimates(cells: list[Cells], level: float) -> Estimates:
    for family in cells:
        for name, sample in family.samples.items():
            yield family, name, columns_of(student(sample, level), level)
        for name, (above, below) in family.ratios.items():
            yield family, name, columns_of(fieller(above, below, level), level)


def columns_of(estimate: Estimate, level: float) -> dict[str, NDArray[Any]]:
    """Return an estimate as the columns that summary and differences share."""
    shape = estimate.mean.shape
    constant = {"interval": np.full(shape, INTERVAL), "level": np.full(shape, level)}
    return {**estimate._asdict(), **constant}


def frame(estimates: Estimates, policies: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Return estimates as a tidy frame in canonical order, without the rows that have no mean.

    Args:
        estimates: cells, measure, and columns of shape (policies, cells) among which `mean`.
        policies: their names, in the order of the study.
        measures: every measure that occurs, in the order of the table.
    """
    import pandas as pd

    parts = []
    for cells, name, columns in estimates:
        policy, cell = np.nonzero(~np.isnan(columns["mean"]))
        parts.append(
            {
                "_policy": policy,
                "_measure": np.full(len(policy), measures.index(name)),
                "year": cells.years[cell],
                "gm_code": cells.places[cell],
                "kind": cells.kinds[cell],
                **{key: column[policy, cell] for key, column in columns.items()},
            }
        )
    table = pd.DataFrame({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
    ranks = {"gm_code": _places_in_order(table["gm_code"]), "kind": [ALL, *KINDS]}
    for key, labels in ranks.items():
        table["_" + key] = pd.Categorical(table[key], categories=labels).codes
    order = ["_policy", "year", "_gm_code", "_kind", "_measure"]
    table = table.sort_values(order, ignore_index=True)
    table.insert(0, "scenario", np.array(policies, dtype=object)[table["_policy"]])
    table["measure"] = np.array(measures, dtype=object)[table["_measure"]]
    return table.drop(columns=[name for name in table.columns if name.startswith("_")])


def _places_in_order(found: Iterable[str]) -> list[str]:
    return [ALL, *sorted(set(found) - {ALL, *PLACES}), *PLACES]
