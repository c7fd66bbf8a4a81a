"""The engine for all policies together, over shared draws."""

from __future__ import annotations

from benchmarks.contestant import Contestant, Prepared, Workload
from benchmarks.contestants.engine_one import follow


def _prepare(workload: Workload) -> Prepared:
    return lambda _round: lambda: follow(workload, workload.policies)


CONTESTANT = Contestant(
    name="engine_ten",
    label="engine, all policies together",
    text="the engine, all policies together over shared draws",
    prepare=_prepare,
)
