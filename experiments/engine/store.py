"""The run folder on disk: shards, tables and manifest, written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.engine import formats, tables
from sim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MANIFEST = "manifest.json"
CONFIG = "config.toml"
DICTIONARY = "columns.csv"
SHARDS = "shards"
LOCK = ".lock"
TEMPORARY = ".tmp"
ASSEMBLED_AT_ONCE = 2


class Shard(NamedTuple):
    """Rows of a table for a policy (its hash; empty: incidents), replications first to last."""

    table: str
    policy: str
    first: int
    last: int

    @property
    def path(self) -> str:
        """Return where the shard lies, relative to the run folder."""
        block = f"{self.first:06d}-{self.last:06d}.parquet"
        return f"{SHARDS}/{self.table}/{self.policy}{'-' if self.policy else ''}{block}"


class Piece(NamedTuple):
    """What a table takes from a shard: the rows of some of its replications, in their order."""

    shard: Shard
    replications: tuple[int, ...]


class Receipt(NamedTuple):
    """What is known of a written file: path from the run folder, rows, sha256 of its bytes."""

    path: str
    rows: int
    sha256: str


class RunFolder:
    """A run on disk: `manifest()`, `failures` and the tables as pandas frames."""

    def __init__(self, path: Path, *, was_complete: bool = False) -> None:
        self.path = path
        self.was_complete = was_complete
        """Nothing had to be done: the run was found complete."""

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r}, was_complete={self.was_complete})"

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return the run in a folder.

        Raises:
            DataError: the folder holds no run, or a manifest that cannot be read.
        """
        folder = cls(path)
        folder.manifest()
        return folder

    def manifest(self) -> dict[str, Any]:
        """Return the manifest: state, study, policies, hashes, versions, shards, failures.

        Raises:
            DataError: it is missing or cannot be read.
        """
        found = read_manifest(self.path)
        if found is None:
            raise DataError(f"{self.path}: no run here ({MANIFEST} is missing or cannot be read)")
        return found

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Replications that raised: `replication`, `error` (text), `reproduce` (a command)."""
        return list(self.manifest()["failures"])

    def table(
        self, name: str, columns: Sequence[str] | None = None, *, categories: bool = False
    ) -> pd.DataFrame:
        """Return a table, or only some of its columns, as a frame.

        Args:
            name: actions, incidents, register, costs, summary or differences.
            columns: the columns wanted; all by default.
            categories: give texts as categories, which take less time and memory.

        Raises:
            DataError: there is no such table, or it cannot be read.
        """
        if name not in tables.TABLES:
            raise DataError(f"table: {name!r} is none of {', '.join(tables.TABLES)}")
        texts = [c.name for c in tables.TABLES[name] if c.type == "text"] if categories else []
        table = read_parquet(self.path / f"{name}.parquet", columns, dictionaries=texts)
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def batches(
        self, name: str, columns: Sequence[str], dictionaries: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of a table piece by piece, as `read_batches`."""
        return read_batches(self.path / f"{name}.parquet", columns, dictionaries)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a run folder, or None where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the manifest of a run folder."""
    write_bytes(
        folder / MANIFEST, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    )


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, dictionaries: Sequence[str] = ()
) -> pa.Table:
    """Return a Parquet file as an Arrow table, its page checksums verified.

    Args:
        path: the file.
        columns: the columns wanted; all by default.
        dictionaries: columns of text that come as positions in a dictionary.

    Raises:
        DataError: the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path, page_checksum_verification=True, read_dictionary=list(dictionaries)
        ) as file:
            return file.read(columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def read_batches(
    path: Path, columns: Sequence[str], dictionaries: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield some columns of a table piece by piece, none of them empty.

    Args:
        path: the Parquet file.
        columns: names, in the order wanted.
        dictionaries: those of text; they come as positions in a dictionary.

    Raises:
        DataError: the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path, page_checksum_verification=True, read_dictionary=list(dictionaries)
        ) as file:
            batches = file.iter_batches(formats.ROWS_PER_GROUP, columns=list(columns))
            yield from (batch for batch in batches if batch.num_rows > 0)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


@contextlib.contextmanager
def replacing(path: Path, *, flush: bool = True) -> Iterator[Path]:
    """Give a temporary file that takes the place of `path` when the block ends well.

    Args:
        path: the file.
        flush: wait until the disk has it, so that it survives a failure of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        if flush:
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Write a file whole or not at all; `flush` as for `replacing`."""
    with replacing(path, flush=flush) as temporary:
        temporary.write_bytes(data)


def sweep(folder: Path) -> int:
    """Delete the temporary files that a killed run left behind and return how many there were."""
    orphans = list(folder.rglob(f".*{TEMPORARY}"))
    for orphan in orphans:
        orphan.unlink(missing_ok=True)
    return len(orphans)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run folder for this process; the kernel lets go of it however the process ends.

    The number of the process stands in the lock file only to be told to the second one.

    Raises:
        DataError: another process holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with contextlib.ExitStack() as stack:
        while True:
            file = stack.enter_context(path.open("a+", encoding="ascii"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise DataError(
                    f"{folder}: process {file.read().strip() or '?'} is writing this run"
                ) from error
            # Its holder may have deleted the file between our opening and locking it.
            if _is_still(path, file.fileno()):
                break
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def shard_paths(folder: Path) -> set[str]:
    """Return the paths, from the run folder, of all files where shards lie."""
    found = (folder / SHARDS).glob("*/*.parquet")
    return {path.relative_to(folder).as_posix() for path in found}


def write_shard(folder: Path, shard: Shard, table: pa.Table) -> Receipt:
    """Write the rows of a shard and return its receipt."""
    data = formats.parquet_bytes(table, formats.SHARD_LAYOUT)
    # Some thirty files a block: waiting for the disk each time would take longer than to write
    # them. A shard that a failure of power cut short is found by its sha256 or its checksums.
    write_bytes(folder / shard.path, data, flush=False)
    return Receipt(shard.path, table.num_rows, hashlib.sha256(data).hexdigest())


def check_shard(folder: Path, shard: Shard, known: Receipt | None) -> Receipt | None:
    """Return the receipt of a shard on disk, None where it is absent.

    A shard that the manifest knows must have the bytes it had; one it does not know (the run was
    killed before it was noted) must be readable to the last page.

    Raises:
        DataError: the shard is damaged.
    """
    path = folder / shard.path
    if not path.exists():
        return None
    digest = sha256_of(path)
    if known is None:
        table = read_parquet(path)
        if not table.schema.equals(formats.schema(shard.table), check_metadata=True):
            raise DataError(f"{path}: not the columns of {shard.table}")
        return Receipt(shard.path, table.num_rows, digest)
    if digest != known.sha256:
        raise DataError(
            f"{path}: sha256 is {digest[:12]}..., the manifest says {known.sha256[:12]}..."
        )
    return known


def is_intact(folder: Path, known: Receipt) -> bool:
    """Return whether a file still has the bytes it had when it was written."""
    path = folder / known.path
    return path.is_file() and sha256_of(path) == known.sha256


def assemble(folder: Path, pieces: Mapping[str, Iterable[Piece]]) -> list[Receipt]:
    """Write each table from pieces of shards, in the order given, and return the receipts."""
    # Nearly all the time goes to reading and packing columns, which lets other threads run: the
    # table of the actions takes as long as the others together.
    with ThreadPoolExecutor(ASSEMBLED_AT_ONCE) as threads:
        return list(threads.map(lambda name: _assemble(folder, name, pieces[name]), pieces))


def _assemble(folder: Path, name: str, pieces: Iterable[Piece]) -> Receipt:
    path = folder / f"{name}.parquet"
    with replacing(path) as temporary:
        parts = (_read_piece(folder, piece) for piece in pieces)
        rows = formats.write_parquet(parts, formats.schema(name), temporary)
        digest = sha256_of(temporary)
    return Receipt(path.name, rows, digest)


def _read_piece(folder: Path, piece: Piece) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = read_parquet(folder / piece.shard.path)
    if len(piece.replications) == piece.shard.last - piece.shard.first + 1:
        return table
    wanted = pa.array(piece.replications, table["replication"].type)
    return table.filter(pc.is_in(table["replication"], wanted))


def write_frame(folder: Path, name: str, frame: pd.DataFrame) -> list[Receipt]:
    """Write a table that was worked out as Parquet and as CSV, and return the receipts of both."""
    columns = {column.name: frame[column.name].to_numpy() for column in tables.TABLES[name]}
    table = formats.to_arrow(name, columns)
    files = {
        f"{name}.parquet": formats.parquet_bytes(table),
        f"{name}.csv": formats.csv_text(name, frame).encode(),
    }
    for path, data in files.items():
        write_bytes(folder / path, data)
    return [
        Receipt(path, table.num_rows, hashlib.sha256(data).hexdigest())
        for path, data in files.items()
    ]
