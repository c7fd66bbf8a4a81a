"""The engine for one policy."""

from __future__ import annotations

from benchmarks.contestant import Contestant, Outcome, Prepared, Workload
from sim.policy import Policy
from sim.replication import simulate


def follow(workload: Workload, policies: tuple[Policy, ...]) -> Outcome:
    """Simulate some policies together, from the drawing of the people to the tables."""
    result = simulate(
        workload.world,
        policies,
        workload.parameters,
        seed=workload.seed,
        replication=workload.replication,
        start=workload.start,
        years=workload.years,
    )
    names = tuple(policy.name for policy in policies)
    return Outcome(names, result.actions, int(result.actions["recipients"].sum()))


def _prepare(workload: Workload) -> Prepared:
    return lambda _round: lambda: follow(workload, workload.policies[:1])


CONTESTANT = Contestant(
    name="engine_one",
    label="engine, one policy",
    text="the engine, one policy at a time",
    prepare=_prepare,
)
