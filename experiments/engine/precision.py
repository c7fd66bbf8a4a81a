"""When a run is long enough: blocks of replications in order, and a look at one difference.

What a look sees depends on the replications of whole blocks only: neither interruptions nor
workers nor further policies change at which look a run stops. A replication that failed counts in
no look, as it counts in no table; when it succeeds in a later call, the looks are taken anew.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from experiments.analysis import cells, measures, sequential
from experiments.analysis.statistics import Floats
from experiments.engine import store
from experiments.engine.blocks import Shelf
from experiments.study import Precision, Study

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

RULE = "experiments.analysis.sequential"
REACHED, LARGEST, NO_VALUE = "target", "maximum", "no_value"
StoppedBy: TypeAlias = Literal["target", "maximum", "no_value"]


class Look(NamedTuple):
    """What was seen after a block.

    Attributes:
        replications: how many had been asked for by then.
        n: how many of them have a value under both policies.
        mean: mean difference, in the unit of the measure; None without values.
        half_width: of its interval; None where there is none.
    """

    replications: int
    n: int
    mean: float | None
    half_width: float | None


class Looks:
    """Looks at the difference that a study names, after each block, until it is precise enough.

    Args:
        study: the study.
        asked: its precision.
        folder: the run folder.
        hashes: hash of each policy of the study, in its order.
        contents: study, policies and municipalities as in the manifest.
    """

    def __init__(
        self,
        study: Study,
        asked: Precision,
        folder: Path,
        hashes: Sequence[str],
        contents: Mapping[str, Any],
    ) -> None:
        self.asked = asked
        self.most = study.replications
        self.level = study.level
        self.taken: list[Look] = []
        self.stopped_by: StoppedBy | None = None
        self._folder = folder
        names = list(study.policies)
        pair = [names.index(name) for name in (str(self.asked.policy), study.reference)]
        self._hashes = [hashes[index] for index in pair]
        policies = [contents["policies"][index] for index in pair]
        self._contents = {**contents, "policies": policies}
        self._values: list[Floats] = []
        self._reference = study.reference

    def blocks(self) -> Iterator[range]:
        """Yield the replications of one block after the other; each must be looked at."""
        for first in range(0, self.most, self.asked.block):
            if self.stopped_by is None:
                yield range(first, min(first + self.asked.block, self.most))

    def look(self, block: range, failed: Collection[int], shelf: Shelf) -> None:
        """Read the difference in the replications of a block and decide whether to go on.

        Args:
            block: the block that `blocks` gave last, computed as far as it can be.
            failed: replications that count nowhere.
            shelf: where the others lie.

        Raises:
            DataError: a shard cannot be read.
        """
        whole = [k for k in block if k not in failed]
        self._values.append(self._differences(whole, shelf))
        found = sequential.moments(np.concatenate(self._values))
        width = float(sequential.half_width(found, self.level))
        self.taken.append(Look(block.stop, int(found.n), _known(found.mean), _known(width)))
        if sequential.is_reached(found, self.level, self.asked.half_width):
            self.stopped_by = "target"
        elif block.stop >= self.most:
            self.stopped_by = "maximum"
        elif block.stop >= sequential.FIRST_LOOK and found.n == 0:
            self.stopped_by = "no_value"

    def _differences(self, replications: Sequence[int], shelf: Shelf) -> Floats:
        """Return policy minus reference in each of these replications, NaN where undefined."""
        if len(replications) == 0:
            return np.empty(0)
        pair = _Pair(self._folder, self._hashes, replications, shelf)
        sample = cells.whole(measures.measure(pair, self._contents)).samples[self.asked.measure]
        return np.asarray(sample[0, :, 0] - sample[1, :, 0])

    def record(self) -> dict[str, Any]:
        """Return the rule and what came of it, for the manifest."""
        last = self.taken[-1] if self.taken else Look(0, 0, None, None)
        return {
            **self.asked.model_dump(mode="json"),
            "reference": self._reference,
            "level": self.level,
            "rule": RULE,
            "first_look": sequential.FIRST_LOOK,
            "most": self.most,
            "stopped_by": self.stopped_by,
            "replications": last.replications,
            "n": last.n,
            "reached_half_width": last.half_width,
            "looks": [look._asdict() for look in self.taken],
        }

    def remarks(self) -> list[str]:
        """Return how wide the interval was at the last look, in words, if there was one."""
        width = self.taken[-1].half_width if self.taken else None
        return [] if width is None else [f"half-width {width:.3g} of {self.asked.half_width:g}"]

    def put_interval(self, differences: pd.DataFrame) -> None:
        """Give the named difference, in the table of differences, the interval of the rule."""
        width = self.taken[-1].half_width
        row = (
            (differences["scenario"] == self.asked.policy)
            & (differences["measure"] == self.asked.measure)
            & (differences["gm_code"] == measures.ALL)
            & (differences["kind"] == measures.ALL)
            & (differences["year"] == 0)
        )
        half = math.nan if width is None else width
        for end, sign in (("low", -1), ("high", 1)):
            differences.loc[row, end] = differences.loc[row, "mean"] + sign * half


class _Pair(store.RunFolder):
    """Some replications of two policies, read from their shards as if they were a run."""

    def __init__(
        self, path: Path, hashes: Sequence[str], replications: Sequence[int], shelf: Shelf
    ) -> None:
        super().__init__(path)
        self._hashes = hashes
        self._replications = replications
        self._shelf = shelf

    def batches(
        self, name: str, columns: Sequence[str], dictionaries: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of a table, `replication` among them, piece by piece."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for piece in self._shelf.pieces(name, self._hashes, self._replications):
            wanted = pa.array(piece.replications, pa.int32())
            # A shard may hold more replications than those that are looked at.
            for batch in store.read_batches(self.path / piece.shard.path, columns, dictionaries):
                rows = batch.filter(pc.is_in(batch["replication"], wanted))
                if rows.num_rows > 0:
                    yield rows


def _known(value: float | Floats) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def in_words(record: Mapping[str, Any]) -> str:
    """Return a record of the manifest as one or two sentences."""
    width, asked = record["reached_half_width"], f"{record['half_width']:g}"
    named = f"{record['measure']}, {record['policy']} - {record['reference']}"
    reached = "no interval" if width is None else f"a half-width of {width:.3g}"
    why = {
        REACHED: f"{record['replications']} replications gave {reached}, {asked} was asked for",
        LARGEST: f"the largest number, {record['replications']} replications, gave {reached}; "
        f"{asked} was asked for and not reached",
        NO_VALUE: f"stopped after {record['replications']} replications: none has a value",
    }
    reason = why.get(str(record["stopped_by"]), "not finished")
    return (
        f"number of replications chosen by precision ({named}): {reason}. "
        f"Looked at every {record['block']}, at most {record['most']}."
    )
