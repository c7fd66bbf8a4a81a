"""The same policies as plain loops in C: what this machine allows."""

from __future__ import annotations

from benchmarks.contestant import Contestant, Outcome, Prepared, Work, Workload
from benchmarks.contestants.limit.loop import Loop


def _prepare(workload: Workload) -> Prepared:
    loop = Loop(workload)
    names = tuple(policy.name for policy in workload.policies)

    def work() -> Outcome:
        loop.run()
        actions = loop.actions()
        return Outcome(names, actions, int(actions["recipients"].sum()))

    def set_up(_round: int) -> Work:
        return work

    return set_up


CONTESTANT = Contestant(
    name="limit",
    label="C loop, all policies together",
    text="plain C loops for all policies together, candidates and incidents given",
    prepare=_prepare,
    is_limit=True,
)
