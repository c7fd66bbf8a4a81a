"""Nothing is left out: contestants, outcomes."""

import pkgutil
from importlib import import_module

import benchmarks.contestants
from benchmarks.contestant import KEYS, OUTCOMES
from benchmarks.registry import CONTESTANTS, REFERENCE, TRUTH
from sim.replication import simulate
from tests.benchmarks.small import POLICIES, small_workload

# Columns of the engine's table that say which action it is, not what came of it.
LABELS = {
    *("replication", "parameter_draw", "kind", "category", "gm_code"),
    *("reported_at_s", "year", "urban", "operators"),
}


def test_every_module_with_a_contestant_is_registered_under_its_own_name():
    found = {}
    for module in pkgutil.iter_modules(benchmarks.contestants.__path__):
        loaded = import_module(f"benchmarks.contestants.{module.name}")
        if hasattr(loaded, "CONTESTANT"):
            found[module.name] = loaded.CONTESTANT
    assert {one.name: one for one in CONTESTANTS} == found
    assert len(CONTESTANTS) == len(found) >= 5
    assert {REFERENCE, TRUTH} <= set(found)
    assert not any(not one.exact for one in CONTESTANTS if one.name in (REFERENCE, TRUTH))


def test_every_outcome_of_the_engine_is_compared():
    given = small_workload()
    engine = simulate(given.world, POLICIES[:1], given.parameters, seed=1, replication=0, years=1)
    assert {*KEYS, *OUTCOMES, *LABELS} == set(engine.actions)
