"""The summary table: mean over the replications and interval of every measure.

Each measure has one value per replication (`experiments.analysis.measures`); the table gives their
mean with a Student-t interval, whose kind `monte_carlo` says that it shrinks as replications are
added. Cost per success is a ratio of means over the replications with Fieller's interval. The
column `n` says how many replications have a value: a share of the actions of a small municipality
has none in a replication without an action there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.measures import ALL, KINDS, ORDER, PLACES, Cells, Values
from experiments.analysis.statistics import Estimate, fieller, student

if TYPE_CHECKING:
    import pandas as pd

INTERVAL = "monte_carlo"
Estimates: TypeAlias = Iterator[tuple[Cells, str, dict[str, NDArray[Any]]]]
"""Cells, measure, and columns of shape (policies, cells), `mean` among them."""


def summarise(values: Values) -> pd.DataFrame:
    """Return the summary table: mean over the replications and interval of every measure in every cell that has one."""
    return frame(_estimates(values), values.policies)


def _estimates(values: Values) -> Estimates:
    for cells in values.cells:
        for name, sample in cells.values.items():
            yield cells, name, columns_of(student(sample, values.level), values.level)
        for name, (above, below) in cells.ratios.items():
            yield cells, name, columns_of(fieller(above, below, values.level), values.level)


def columns_of(estimate: Estimate, level: float) -> dict[str, NDArray[Any]]:
    """Return an estimate as the columns that summary and differences share."""
    shape = estimate.mean.shape
    return {
        **estimate._asdict(),
        "interval": np.full(shape, INTERVAL),
        "level": np.full(shape, level),
    }


def frame(
    estimates: Estimates, policies: Sequence[str], measures: Sequence[str] = ORDER
) -> pd.DataFrame:
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
        labels = {
            "year": cells.years[cell],
            "gm_code": cells.places[cell],
            "kind": cells.kinds[cell],
        }
        chosen = {key: column[policy, cell] for key, column in columns.items()}
        order = {"_policy": policy, "_measure": np.full(len(policy), measures.index(name))}
        parts.append({**order, **labels, **chosen})
    together = pd.DataFrame(
        {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    )
    for key, ranks in (
        ("gm_code", _places_in_order(together["gm_code"])),
        ("kind", [ALL, *KINDS]),
    ):
        together["_" + key] = pd.Categorical(together[key], categories=ranks).codes
    together = together.sort_values(
        ["_policy", "year", "_gm_code", "_kind", "_measure"], ignore_index=True
    )
    together.insert(0, "scenario", np.array(policies, dtype=object)[together["_policy"]])
    together["measure"] = np.array(measures, dtype=object)[together["_measure"]]
    return together.drop(columns=[name for name in together.columns if name.startswith("_")])


def _places_in_order(found: Iterable[str]) -> list[str]:
    towns = sorted(set(found) - {ALL, *PLACES})
    return [ALL, *towns, *PLACES]
