"""The C loop yields the engine's outcomes, the check notices what it does not, and without a
compiler it is left out with a word on why.
"""

from dataclasses import replace

import numpy as np
import pytest

import benchmarks.limit as command
from benchmarks.contestant import Outcome, UnavailableError
from benchmarks.contestants.limit import build
from benchmarks.contestants.limit.build import compiler
from benchmarks.contestants.limit.loop import Loop
from benchmarks.contestants.limit.structure import Given, constant, filled
from benchmarks.rounds import OutcomesDifferError
from sim.policy import Policy
from sim.replication import simulate
from tests.benchmarks.small import POLICIES, altered, small_workload


def _has_compiler():
    try:
        compiler()
    except UnavailableError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not _has_compiler(), reason="there is no C compiler")

# Policies in which one thing after the other differs, up to as many as the loop takes.
MORE = (
    POLICIES[0].model_copy(update={"name": "idle", "operator_use": 0.0}),
    *(
        Policy(name=f"p{i}", operator_use=0.9, **levers)
        for i, levers in enumerate(
            (
                {"channels": {"sms": {"messages_per_second": None}, "voice": {"lines": None}}},
                {"channels": {"sms": {"messages_per_second": 0.03}, "app": {"enabled": False}}},
                {"control_room": {"unlimited": True, "open_minutes_factor": 0.2}},
                {"circle": {"radius_urban_m": 500.0}, "channels": {"email": {"enabled": True}}},
            )
        )
    ),
)


def engine_of(given):
    return simulate(
        given.world,
        given.policies,
        given.parameters,
        seed=given.seed,
        replication=given.replication,
        start=given.start,
        years=given.years,
    )


def run(given):
    loop = Loop(given)
    loop.run()
    return loop


@pytest.fixture(scope="module")
def workload():
    return small_workload(policies=POLICIES + MORE)


@pytest.fixture(scope="module")
def engine(workload):
    return engine_of(workload)


@needs_compiler
def test_the_loop_is_the_engine(workload, engine):
    loop = run(workload)
    assert command.faults_of(loop, workload, engine) == []
    # A second run starts afresh, in the memory of the first.
    loop.run()
    assert command.faults_of(loop, workload, engine) == []
    assert engine.actions["true_tips"].sum() > 100
    assert engine.register["struck_off"].sum() > 0
    assert engine.register["reentries"].sum() > 0


@needs_compiler
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_one_policy_alone_is_the_engine_too(policy):
    given = small_workload(policies=(policy,), replication=3)
    assert command.faults_of(run(given), given, engine_of(given)) == []


@needs_compiler
def test_without_alerts_only_the_books_remain():
    given = small_workload(policies=(MORE[0],))
    engine, loop = engine_of(given), run(given)
    assert command.book_faults(engine.register, loop.register()) == []
    assert len(loop.actions()["incident_id"]) == len(engine.actions["incident_id"]) == 0


@needs_compiler
@pytest.mark.parametrize("name", ["noticed_while_open", "minutes_to_end", "unit_s", "cause"])
def test_an_altered_action_is_noticed(workload, engine, name):
    actions = altered(Outcome((), engine.actions, 0), name, row=7).actions
    other = replace(engine, actions=actions)
    faults = command.faults_of(run(workload), workload, other)
    assert len(faults) == 1
    assert name in faults[0]


@needs_compiler
def test_an_altered_book_is_noticed(workload, engine):
    changed = engine.register["struck"].copy()
    changed[3] += 1
    faults = command.faults_of(
        run(workload), workload, replace(engine, register={**engine.register, "struck": changed})
    )
    assert faults == [f"books: struck: 1 of {len(changed)} rows differ"]
    short = {name: values[1:] for name, values in engine.register.items()}
    assert len(command.book_faults(engine.register, short)) == len(short)


@needs_compiler
def test_no_speed_is_told_where_outcomes_differ(workload, monkeypatch):
    actions = Loop.actions

    def wrong(loop):
        table = actions(loop)
        return {**table, "recipients": table["recipients"] + 1}

    monkeypatch.setattr(Loop, "actions", wrong)
    with pytest.raises(OutcomesDifferError, match="recipients"):
        command.measure(workload, 1, lambda _line: None)


@needs_compiler
def test_the_command_prints_times_and_stages(monkeypatch, capsys):
    monkeypatch.setattr(command, "workload", lambda _size: small_workload())
    assert command.main(["--rounds", "2"]) == command.DONE
    printed = capsys.readouterr()
    assert "identical" in printed.err
    for word in (command.LOOP, command.STAGES, command.WHOLE, "register", "control rooms"):
        assert word in printed.out


def test_without_a_compiler_it_is_left_out_in_one_line(monkeypatch, capsys):
    build.library.cache_clear()
    monkeypatch.setattr(build.shutil, "which", lambda _name: None)
    monkeypatch.setattr(command, "workload", lambda _size: small_workload())
    assert command.main([]) == command.DONE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "the C loop is left out: no C compiler was found (gcc, cc, clang)\n"


@needs_compiler
def test_what_the_compiler_refuses_is_left_out_too(monkeypatch, tmp_path):
    build.library.cache_clear()
    broken = tmp_path / "broken.c"
    broken.write_text("int main( {", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", broken)
    with pytest.raises(UnavailableError, match="does not compile"):
        build.library()


@needs_compiler
def test_more_policies_than_bits_are_refused():
    crowd = [POLICIES[0].model_copy(update={"name": f"p{i}"}) for i in range(17)]
    assert constant("MOST_POLICIES") == 16
    with pytest.raises(UnavailableError, match="16 policies"):
        Loop(small_workload(policies=tuple(crowd)))


def test_a_structure_takes_all_of_its_fields_and_no_others():
    with pytest.raises(KeyError, match="seed"):
        filled(Given, {})
    with pytest.raises(KeyError, match="no_such_field"):
        filled(Given, {"no_such_field": np.zeros(1)})
