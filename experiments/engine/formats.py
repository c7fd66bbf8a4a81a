"""Rows of a table as Arrow, Parquet and CSV: equal rows give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.engine.tables import (
    MODEL_TABLES,
    SORT_KEYS,
    TABLES,
    Columns,
    guard,
)
from sim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS_PER_GROUP = 100_000


class Layout(NamedTuple):
    """How a table lies in a Parquet file: compression, columns with a dictionary, statistics."""

    compression: Literal["lz4", "zstd"]
    dictionary: bool | list[str]
    statistics: bool


TABLE_LAYOUT = Layout("zstd", dictionary=True, statistics=True)
"""Small, and quick to search: for the tables that people read."""
SHARD_LAYOUT = Layout(
    "lz4",
    sorted({c.name for name in MODEL_TABLES for c in TABLES[name] if c.type == "text"}),
    statistics=False,
)
"""Quick to write and to read, and a half larger: for what is read once, to make the tables."""


def schema(name: str) -> pa.Schema:
    """Return the Arrow schema of a table, with unit and meaning as metadata of each field."""
    import pyarrow as pa

    types = {
        "text": pa.string(), "flag": pa.bool_(),
        "int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64(),
    }  # fmt: skip
    return pa.schema(
        [
            pa.field(c.name, types[c.type], metadata={"unit": c.unit, "meaning": c.meaning})
            for c in TABLES[name]
        ],
        metadata={"table": name},
    )


def to_arrow(name: str, columns: Columns) -> pa.Table:
    """Return columns as an Arrow table with the schema of `name`, rows in canonical order.

    Args:
        name: one of `TABLES`.
        columns: every column of the table, and no other, as arrays of shape (rows,).

    Raises:
        DataError: a column is missing, unknown, of another length, or holds values its type
            cannot.
    """
    _check_columns(name, columns)
    keys = [np.asarray(columns[key]) for key in SORT_KEYS.get(name, ())]
    return _arrow(name, columns, canonical_order(keys))


def by_policy(name: str, columns: Columns, policies: Sequence[str]) -> list[pa.Table]:
    """Return the rows of each policy as an Arrow table, those of a policy in canonical order.

    Args:
        name: one of `POLICY_TABLES`.
        columns: as for `to_arrow`.
        policies: names; rows of other policies are left out.

    Raises:
        DataError: as `to_arrow`.
    """
    _check_columns(name, columns)
    policy = _positions(np.asarray(columns["scenario"]), policies)
    keys = [policy, *(np.asarray(columns[key]) for key in SORT_KEYS[name])]
    order = canonical_order(keys)
    table = _arrow(name, columns, order)
    sorted_policy = policy if order is None else policy[order]
    ends = np.searchsorted(sorted_policy, np.arange(len(policies) + 1)).tolist()
    return [table.slice(begin, end - begin) for begin, end in pairwise(ends)]


def _check_columns(name: str, columns: Columns) -> None:
    wanted = [column.name for column in TABLES[name]]
    faults = [f"{name}: column {c} is missing" for c in wanted if c not in columns]
    faults += [f"{name}: column {c} is unknown" for c in columns if c not in wanted]
    if not faults and len({len(columns[c]) for c in wanted}) != 1:
        lengths = ", ".join(f"{c} {len(columns[c])}" for c in wanted)
        faults = [f"{name}: columns of unequal length: {lengths}"]
    if faults:
        raise DataError("\n".join(faults))


def _arrow(name: str, columns: Columns, order: NDArray[np.intp] | None) -> pa.Table:
    import pyarrow as pa

    target = schema(name)
    arrays = []
    for field in target:
        values = np.asarray(columns[field.name])
        try:
            arrays.append(
                pa.array(values[order] if order is not None else values, from_pandas=False).cast(
                    field.type
                )
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise DataError(
                f"{name}: column {field.name} does not hold {field.type}: {error}"
            ) from error
    return pa.Table.from_arrays(arrays, schema=target)


def _positions(texts: NDArray[Any], known: Sequence[str]) -> NDArray[np.intp]:
    """Return where each text stands among the known ones, behind them where it does not.

    Rows of a policy lie together, so that only the first of each run is looked up.
    """
    if len(texts) == 0:
        return np.empty(0, dtype=np.intp)
    begins = np.flatnonzero(np.concatenate([[True], texts[1:] != texts[:-1]]))
    where = {text: position for position, text in enumerate(known)}
    found = np.array([where.get(text, len(known)) for text in texts[begins].tolist()])
    return np.repeat(found, np.diff(begins, append=len(texts)))


def canonical_order(keys: Sequence[NDArray[Any]]) -> NDArray[np.intp] | None:
    """Return the stable order of rows by `keys`, the first the slowest; None for rows in order."""
    tied: NDArray[np.bool_] | None = None
    for key in keys:
        before, after = key[:-1], key[1:]
        falls = before > after
        if np.any(falls if tied is None else tied & falls):
            return np.lexsort(keys[::-1])
        same = before == after
        tied = same if tied is None else tied & same
    return None


def parquet_bytes(table: pa.Table, layout: Layout = TABLE_LAYOUT) -> bytes:
    """Return the table as Parquet; the same table always gives the same bytes."""
    sink = io.BytesIO()
    write_parquet([table], table.schema, sink, layout)
    return sink.getvalue()


def write_parquet(
    parts: Iterable[pa.Table],
    target: pa.Schema,
    sink: Path | BinaryIO,
    layout: Layout = TABLE_LAYOUT,
) -> int:
    """Write tables one after the other as one Parquet file and return the number of rows.

    Row groups are filled to `ROWS_PER_GROUP` whatever the sizes of the parts, so that the bytes
    depend on the rows only, while no more than a group and a part are in memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    waiting = target.empty_table()
    with pq.ParquetWriter(
        sink,
        target,
        compression=layout.compression,
        use_dictionary=layout.dictionary,
        write_statistics=layout.statistics,
        write_page_checksum=True,
    ) as writer:
        for part in parts:
            rows += part.num_rows
            waiting = pa.concat_tables([waiting, part])
            while waiting.num_rows >= ROWS_PER_GROUP:
                writer.write_table(
                    waiting.slice(0, ROWS_PER_GROUP).combine_chunks(),
                    row_group_size=ROWS_PER_GROUP,
                )
                waiting = waiting.slice(ROWS_PER_GROUP)
        if waiting.num_rows > 0 or rows == 0:
            writer.write_table(waiting.combine_chunks(), row_group_size=ROWS_PER_GROUP)
    return rows


def csv_text(name: str, frame: pd.DataFrame) -> str:
    """Return a table as CSV: text guarded against formulas, numbers in full, nothing for NaN."""
    guarded = frame.loc[:, [column.name for column in TABLES[name]]].copy()
    for column in TABLES[name]:
        if column.type == "text":
            texts = guarded[column.name]
            guarded[column.name] = texts.map({text: guard(text) for text in texts.unique()})
    text: str = guarded.to_csv(index=False, lineterminator="\n")
    return text
