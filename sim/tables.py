"""CSV tables read by column, and the list of located faults found in them."""

import csv
import difflib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import DataError

FAULTS_SHOWN = 10  # per column and kind of fault; the rest is counted


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the known name most like `name`, or an empty text."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file by column: `columns[key][row]` is a text, `lines[row]` its line in the file."""

    path: Path
    lines: list[int]
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def texts(self, key: str) -> list[str]:
        """Return a column as it stands; empty texts if the (reported) column is missing."""
        return self.columns.get(key, [""] * len(self))

    def place(self, row: int, key: str) -> str:
        """Return `file:line:column` of a value (exact where no value before it is quoted)."""
        start = 1
        for name, values in self.columns.items():
            if name == key:
                break
            start += len(values[row]) + 1
        return f"{self.path}:{self.lines[row]}:{start}"


class Faults:
    """The faults found so far, one line each, to be raised together."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, place: str, what: str) -> None:
        """Note one fault at `place` (`file:line:column`)."""
        self._messages.append(f"{place}: {what}")

    def rows(
        self, table: Table, key: str, bad: NDArray[np.bool_], what: Callable[[int], str]
    ) -> None:
        """Note the rows of a column where `bad` [n_rows]; `what(row)` says what is wrong.

        Beyond the first `FAULTS_SHOWN` rows the same fault is counted, not repeated; a column that
        is missing altogether was reported by `read_table` and adds nothing.
        """
        if key not in table.columns:
            return
        rows = np.flatnonzero(bad).tolist()
        for row in rows[:FAULTS_SHOWN]:
            self.add(table.place(row, key), f"{key}: {what(row)}")
        if len(rows) > FAULTS_SHOWN:
            self.add(
                table.place(rows[FAULTS_SHOWN], key),
                f"{key}: the same fault on {len(rows) - FAULTS_SHOWN} more lines, "
                f"the last is line {table.lines[rows[-1]]}",
            )

    def error(self) -> DataError:
        """Return the error to raise, every fault on a line of its own."""
        return DataError("\n".join(self._messages))


def read_file(path: Path, faults: Faults) -> bytes | None:
    """Return the content of a file, or None after noting why it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        faults.add(f"{path}:1:1", "the file is missing")
    except OSError as error:
        faults.add(f"{path}:1:1", f"the file cannot be read: {error.strerror}")
    return None


def decode(path: Path, content: bytes, faults: Faults) -> str | None:
    """Return UTF-8 text (a byte-order mark is dropped), or None after noting where it is not."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        faults.add(f"{path}:{line}:{column}", "the file is not UTF-8 text")
        return None


def read_table(path: Path, text: str, known: tuple[str, ...], faults: Faults) -> Table | None:
    """Return a CSV text by column, or None if it has no rows.

    Notes columns that are missing, unknown or repeated, and rows of a wrong length (left out).
    """
    reader = csv.reader(io.StringIO(text, newline=""))
    lines: list[int] = []
    rows: list[list[str]] = []
    header: list[str] = []
    try:
        header = next(reader, [])
        _check_header(path, header, known, faults)
        for row in reader:
            if len(row) == len(header):
                lines.append(reader.line_num)
                rows.append(row)
            else:
                faults.add(
                    f"{path}:{reader.line_num}:1",
                    f"{len(row)} values where the header names {len(header)} columns",
                )
    except csv.Error as error:
        faults.add(f"{path}:{reader.line_num}:1", f"not valid CSV: {error}")
    if not rows:
        faults.add(f"{path}:1:1", "the table has no rows")
        return None
    return Table(path, lines, dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)))


def _check_header(path: Path, header: list[str], known: tuple[str, ...], faults: Faults) -> None:
    missing = [name for name in known if name not in header]
    start = 1
    for position, name in enumerate(header):
        place = f"{path}:1:{start}"
        if name not in known:
            faults.add(place, f"{name}: unknown column{nearest(name, missing or known)}")
        elif name in header[:position]:
            faults.add(place, f"{name}: the column stands here for the second time")
        start += len(name) + 1
    for name in missing:
        faults.add(f"{path}:1:1", f"{name}: the column is missing")


def numbers(
    table: Table,
    key: str,
    faults: Faults,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    *,
    whole: bool = False,
) -> NDArray[np.float64]:
    """Return a column as float64 [n_rows]; NaN stands where a fault was noted.

    Each value must be a finite number within `bounds` (both included) and, if `whole`, an integer.
    """
    texts = table.texts(key)
    values = np.array([_number(text) for text in texts], dtype=np.float64)

    def reject(bad: NDArray[np.bool_], rule: str) -> None:
        faults.rows(table, key, bad, lambda row: f"must be {rule}, is '{texts[row]}'")
        values[bad] = np.nan

    low, high = bounds
    reject(~np.isfinite(values), "a finite number")
    limit = f"at least {low:g}" if np.isinf(high) else f"from {low:g} to {high:g}"
    reject((values < low) | (values > high), limit)
    if whole:
        reject(np.isfinite(values) & (values != np.floor(values)), "a whole number")
    return values


def check_unique(table: Table, key: str, faults: Faults) -> None:
    """Note every value of a column that stands on an earlier line already."""
    values = table.texts(key)
    first: dict[str, int] = {}
    for row, value in enumerate(values):
        first.setdefault(value, row)
    repeated = np.array([first[value] != row for row, value in enumerate(values)])
    faults.rows(
        table,
        key,
        repeated,
        lambda row: f"'{values[row]}' stands on line {table.lines[first[values[row]]]} already",
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
