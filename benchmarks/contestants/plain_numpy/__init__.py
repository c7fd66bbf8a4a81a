"""The engine's chain with plain SimPy and NumPy: one policy, one alert at a time."""

from __future__ import annotations

from benchmarks.contestant import Contestant, Outcome, Prepared, Workload
from benchmarks.contestants.given import Years
from benchmarks.contestants.plain_numpy.model import Model
from sim.draws import Stream
from sim.policy import Policy


def follow(workload: Workload, policy: Policy, years: Years) -> Outcome:
    """Simulate one policy, from the drawing of the people to the outcomes."""
    stream = Stream(workload.seed, workload.replication)
    actions = Model(workload.world, policy, workload.parameters, stream, years).run()
    return Outcome((policy.name,), actions, int(actions["recipients"].sum()))


def _prepare(workload: Workload) -> Prepared:
    years = Years.of(workload.start, workload.years)
    return lambda _round: lambda: follow(workload, workload.policies[0], years)


CONTESTANT = Contestant(
    name="plain_numpy",
    label="SimPy and NumPy",
    text="plain SimPy and NumPy, one policy and one alert at a time",
    prepare=_prepare,
)
