"""Which shards hold which replications, and which of the missing ones are computed together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from experiments.engine.store import Piece, Shard
from experiments.engine.tables import MODEL_TABLES, POLICY_TABLES

LARGEST = 8
"""Most replications in a block; a power of two, so that smaller blocks nest in larger ones."""
WORK_OF_A_BLOCK = 7e8
"""Policies x years x inhabitants that a core gets through in some three seconds."""
_PATH = re.compile(
    r"shards/(?P<table>[a-z]+)/(?:(?P<policy>[0-9a-f]{16})-)?(\d{6})-(\d{6})\.parquet"
)


class Task(NamedTuple):
    """One replication: policies (by position) that miss shards; whether incidents are missing."""

    replication: int
    missing: tuple[int, ...]
    incidents: bool


def shard_at(path: str) -> Shard | None:
    """Return the shard that lies at a path from the run folder, None where no shard lies there."""
    found = _PATH.fullmatch(path)
    if found is None or found["table"] not in MODEL_TABLES:
        return None
    first, last = (int(number) for number in found.groups()[2:])
    return Shard(found["table"], found["policy"] or "", first, last)


def asked_for(paths: Iterable[str], hashes: Sequence[str], replications: int) -> list[Shard]:
    """Return the shards among some paths that hold any of what is asked for, in order.

    Args:
        paths: from the run folder.
        hashes: hash of each policy.
        replications: how many replications are asked for.
    """
    shards = [shard for shard in map(shard_at, paths) if shard is not None]
    policies = {*hashes, ""}
    return sorted(s for s in shards if s.policy in policies and s.first < replications)


class Shelf:
    """Tells in which shard the rows of a table, policy and replication lie."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Take the shards at these paths, each whole; of two that overlap either will do."""
        self._shards: dict[tuple[str, str], dict[int, Shard]] = {}
        for shard in sorted(shard for shard in map(shard_at, paths) if shard is not None):
            of_policy = self._shards.setdefault((shard.table, shard.policy), {})
            of_policy.update(dict.fromkeys(range(shard.first, shard.last + 1), shard))

    def holds(self, table: str, policy: str, replication: int) -> bool:
        """Return whether a replication is there; the policy (a hash) is empty for incidents."""
        return replication in self._shards.get((table, policy), {})

    def pieces(
        self, table: str, hashes: Sequence[str], replications: Sequence[int]
    ) -> Iterator[Piece]:
        """Yield what to read of which shards for a table: by policy, then by replication.

        Args:
            table: one of the model's tables.
            hashes: hash of each policy, in the order of the table.
            replications: in ascending order; every one of them is there.
        """
        for policy in hashes if table in POLICY_TABLES else ("",):
            shards = self._shards.get((table, policy), {})
            for shard, some in groupby(replications, shards.__getitem__):
                yield Piece(shard, tuple(some))


def tasks(
    hashes: Sequence[str], replications: Iterable[int], present: Iterable[str]
) -> list[Task]:
    """Return what remains to be computed, a task for each replication that misses anything.

    Args:
        hashes: hash of each policy.
        replications: those that are asked for, ascending.
        present: paths of the shards that are there and whole.
    """
    shelf, found = Shelf(present), []
    for replication in replications:
        missing = tuple(
            index
            for index, policy in enumerate(hashes)
            if not all(shelf.holds(table, policy, replication) for table in POLICY_TABLES)
        )
        incidents = not shelf.holds("incidents", "", replication)
        if len(missing) > 0 or incidents:
            found.append(Task(replication, missing, incidents))
    return found


def largest_block(policies: int, years: int, inhabitants: int) -> int:
    """Return how many replications at most make a block: a power of two, from 1 to `LARGEST`.

    An interruption costs the blocks under way, so that a block should take a few seconds; fewer
    replications than that make more files than needed.
    """
    fitting = WORK_OF_A_BLOCK / (policies * years * max(inhabitants, 1))
    size = LARGEST
    while size > 1 and size > fitting:
        size //= 2
    return size


def blocks(todo: Sequence[Task], workers: int, largest: int) -> list[tuple[Task, ...]]:
    """Return tasks put together: consecutive replications that miss the same, in order.

    A block begins and ends within the same multiple of `largest`. Blocks become smaller towards
    the end, down to one replication, so that the workers finish together and a few replications
    are spread over all of them.

    Args:
        todo: tasks by ascending replication.
        workers: how many processes share them.
        largest: most replications in a block.
    """
    found: list[tuple[Task, ...]] = []
    begin = 0
    while begin < len(todo):
        most = min(largest, max(1, (len(todo) - begin) // (2 * workers)))
        end = begin + 1
        while end < min(begin + most, len(todo)) and _go_together(
            todo[end - 1], todo[end], largest
        ):
            end += 1
        found.append(tuple(todo[begin:end]))
        begin = end
    return found


def _go_together(one: Task, other: Task, largest: int) -> bool:
    return (
        other.replication == one.replication + 1
        and other.replication % largest > 0
        and (other.missing, other.incidents) == (one.missing, one.incidents)
    )
