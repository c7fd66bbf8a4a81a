"""Replications on one worker and on two: how much of the second worker is gained."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale.country import TiledCountry, national_parameters, national_policies
from experiments.engine import store
from experiments.engine.blocks import Task
from experiments.engine.design import policy_hash
from experiments.engine.workers import Job, Model, parallel
from experiments.study import ROOT, load_study
from sim.replication import simulate


@dataclass(frozen=True, slots=True)
class Plan:
    """What the workers compute.

    Attributes:
        tiles: copies of Twente in the country.
        policies: the first so many of the main study.
        years: length.
        replications: a multiple of both numbers of workers, at least twice the larger.
        rounds: how often one and two workers take turns.
    """

    tiles: int
    policies: int
    years: int
    replications: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Gain:
    """Seconds for one more replication by number of workers.

    The best of the rounds: what else the machine does can only add to these, and it hits two
    workers in another way than one.
    """

    one_s: float
    two_s: float

    @property
    def efficiency(self) -> float:
        """Return the speed of two workers relative to twice that of one."""
        return self.one_s / (2.0 * self.two_s)


def measure_gain(plan: Plan) -> Gain:
    """Run the replications on one and on two workers in turn."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(plan.rounds):
        for workers, found in seconds.items():
            found.append(_seconds_each(plan, workers))
    return Gain(min(seconds[1]), min(seconds[2]))


def _seconds_each(plan: Plan, workers: int) -> float:
    """Return the seconds for each further replication once every worker has finished one.

    The first of each worker carries what happens once: starting it, loading the world and the
    compiled code.

    Raises:
        RuntimeError: a replication failed.
    """
    ended_s = []
    with tempfile.TemporaryDirectory() as folder:
        job = _job(plan, Path(folder))
        tasks = [
            Task(k, tuple(range(plan.policies)), incidents=True) for k in range(plan.replications)
        ]
        for outcome in parallel(job, [tasks], workers):
            if outcome.error is not None:
                raise RuntimeError(f"replication {outcome.replication}: {outcome.error}")
            ended_s.append(time.perf_counter())
    return (ended_s[-1] - ended_s[workers - 1]) / (plan.replications - workers)


def _job(plan: Plan, folder: Path) -> Job:
    loaded = load_study(ROOT / "experiments" / "compare_scenarios.toml")
    policies = national_policies(loaded.policies[: plan.policies], plan.tiles)
    (folder / store.SHARDS).mkdir()
    return Job(
        folder=folder,
        grid_folder=loaded.grid_folder,
        behaviour_folder=loaded.behaviour_folder,
        policies=policies,
        hashes=tuple(policy_hash(policy) for policy in policies),
        parameters=national_parameters(loaded.parameters),
        seed=loaded.study.seed,
        start=loaded.study.start,
        years=plan.years,
        model=Model(simulate, TiledCountry(plan.tiles)),
        largest_block=1,
    )
