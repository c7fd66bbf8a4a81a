"""The rows of a run's tables, read piece by piece as arrays, so that memory does not grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.statistics import Floats
from experiments.engine.store import RunFolder

Codes: TypeAlias = NDArray[np.int64]
Arrays: TypeAlias = dict[str, NDArray[Any]]
"""Columns of a piece of a table, each of shape (rows,)."""

KINDS = ("missing", "robbery", "theft")
CAP_HOURS = 24.0
COUNT = "actions"


class _Amount(NamedTuple):
    """What is summed over actions without being a column: how it is worked out of columns."""

    columns: tuple[str, ...]
    made: Callable[..., NDArray[Any]]


_AMOUNTS = {
    "resolved_with_help": _Amount(("direct", "contributed"), np.logical_or),
    "hours_saved_capped": _Amount(("hours_saved",), lambda hours: np.minimum(hours, CAP_HOURS)),
    "operator_open_s": _Amount(("open_s", "operators"), lambda open_s, n: open_s * n),
    "unit_h_on_false_tips": _Amount(("unit_s_on_false_tips",), lambda unit_s: unit_s / 3600.0),
}


def _amount(name: str) -> _Amount:
    return _AMOUNTS.get(name, _Amount((name,), np.asarray))


class Axes(NamedTuple):
    """What the rows of a run are counted by: policies, replications, municipalities, years."""

    policies: tuple[str, ...]
    replications: NDArray[np.int64]
    towns: tuple[str, ...]
    years: int

    def position(self, replications: NDArray[Any]) -> Codes:
        """Return where each replication stands among those of the run."""
        return np.searchsorted(self.replications, replications)


@dataclass(frozen=True)
class Actions:
    """Some rows of the actions, at least one: all those of some replications of some policies.

    Attributes:
        policy: position of the policy in the study; this and all others of shape (rows,).
        replication: position of the replication among those of the run.
        year: study year from 0.
        place: position of the municipality; -1 for one that the grid does not have.
        kind: position in `KINDS`.
        rural: 0 urban, 1 rural.
        incident: number of the incident.
        columns: the other columns that were asked for.
    """

    policy: Codes
    replication: Codes
    year: Codes
    place: Codes
    kind: Codes
    rural: Codes
    incident: Codes
    columns: Mapping[str, NDArray[Any]]

    def amount(self, name: str) -> Floats:
        """Return what is summed over the rows of a cell: a column, or what is made of columns."""
        if name == COUNT:
            return np.ones(len(self.policy))
        columns, made = _amount(name)
        return np.asarray(made(*(self.columns[column] for column in columns)), dtype=np.float64)

    def chosen(self, rows: NDArray[np.bool_]) -> Actions:
        """Return the rows where `rows` (shape (rows,)) holds."""
        labels = (field.name for field in fields(self) if field.name != "columns")
        return Actions(
            **{name: getattr(self, name)[rows] for name in labels},
            columns={name: of[rows] for name, of in self.columns.items()},
        )

    def minutes(self) -> Floats:
        """Return the minutes to the end, capped at 24 hours."""
        capped: Floats = np.minimum(self.columns["minutes_to_end"], CAP_HOURS * 60.0)
        return capped


class ActionRows(NamedTuple):
    """The table of the actions of a run."""

    run: RunFolder
    axes: Axes

    def pieces(self, amounts: Sequence[str], *others: str) -> Iterator[Actions]:
        """Yield the actions piece by piece, a replication of a policy never in two of them.

        Args:
            amounts: those that will be asked for.
            others: further columns.
        """
        made_of = (column for name in amounts for column in _amount(name).columns)
        columns = sorted({*made_of, *others} - {COUNT})
        texts = {"scenario": self.axes.policies, "kind": KINDS, "gm_code": self.axes.towns}
        labels = ("replication", "incident_id", "year", "urban")
        rest: Arrays | None = None
        for piece in read_pieces(self.run, "actions", (*labels, *columns), texts):
            rows = piece if rest is None else _joined(rest, piece)
            # The last replication may go on in the next piece.
            whole = _begin_of_last(rows)
            rest = _cut(rows, slice(whole, None))
            if whole > 0:
                yield self._actions(_cut(rows, slice(whole)), columns)
        if rest is not None:
            yield self._actions(rest, columns)

    def _actions(self, rows: Arrays, columns: Sequence[str]) -> Actions:
        return Actions(
            policy=rows["scenario"],
            replication=self.axes.position(rows["replication"]),
            year=rows["year"].astype(np.int64) - 1,
            place=rows["gm_code"],
            kind=rows["kind"],
            rural=(~rows["urban"]).astype(np.int64),
            incident=rows["incident_id"],
            columns={name: rows[name] for name in columns},
        )


def _joined(one: Arrays, other: Arrays) -> Arrays:
    return {name: np.concatenate([one[name], other[name]]) for name in one}


def _cut(rows: Arrays, part: slice) -> Arrays:
    return {name: values[part] for name, values in rows.items()}


def _begin_of_last(rows: Arrays) -> int:
    """Return the first of the rows at the end that share policy and replication."""
    ends = (rows["scenario"] == rows["scenario"][-1]) & (
        rows["replication"] == rows["replication"][-1]
    )
    others = np.flatnonzero(~ends)
    return int(others[-1]) + 1 if len(others) > 0 else 0


def read_pieces(
    run: RunFolder, table: str, columns: Sequence[str], texts: Mapping[str, Sequence[str]]
) -> Iterator[Arrays]:
    """Yield a table piece by piece, none of them empty.

    Args:
        run: the run folder.
        table: name of the table.
        columns: numbers and flags to read.
        texts: by column of text: the texts that are known; a row has the position of its text
            among them, -1 for another.

    Raises:
        DataError: the file is missing or damaged.
    """
    for batch in run.batches(table, (*texts, *columns), tuple(texts)):
        piece = {name: batch[name].to_numpy(zero_copy_only=False) for name in columns}
        for name, known in texts.items():
            where = {text: position for position, text in enumerate(known)}
            found = batch[name].dictionary.to_pylist()
            positions = np.array([where.get(text, -1) for text in found], dtype=np.int64)
            piece[name] = positions[batch[name].indices.to_numpy()]
        yield piece


def replications_of(run: RunFolder) -> NDArray[np.int64]:
    """Return the replications of a run, ascending.

    Raises:
        DataError: as `read_pieces`.
    """
    found = [
        np.unique(p["replication"]) for p in read_pieces(run, "register", ("replication",), {})
    ]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))
