"""The engine: what a run is made of, what is computed again, what is on disk after mishaps."""

import csv
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.analysis import cells
from experiments.engine import blocks, design, formats, runner, store, tables
from experiments.engine.runner import run_study
from experiments.engine.store import RunFolder, sha256_of
from experiments.engine.workers import Model
from experiments.study import ROOT
from sim.errors import DataError, InputError
from sim.policy import Policy
from tests.support.fake_run import (
    FAKE_MODEL,
    fake_loaded,
    fake_policy,
    fake_run_folder,
    fake_simulate,
    fake_world,
)

POLICIES = ("current_agreements", "frozen", "stop")
COMPARE = ROOT / "experiments" / "compare_scenarios.toml"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    # A hundred runs of forty files each: most of the time would go to waiting for the disk and
    # to the 500 cells per policy of the summary, which have tests of their own.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(cells, "GROUPINGS", cells.GROUPINGS[:1])


class Watched:
    """The fake model, with a note of what it was asked for."""

    def __init__(self):
        self.calls = []

    def simulate(self, world, policies, parameters, **named):
        self.calls.append((named["replication"], tuple(p.name for p in policies)))
        return fake_simulate(world, policies, parameters, **named)


def run(out, policies=POLICIES, watched=None, simulate=None, replications=3, **settings):
    engine = {k: settings.pop(k) for k in ("workers", "force", "progress") if k in settings}
    loaded = fake_loaded(policies, replications, 1, **settings)
    chosen = simulate or (fake_simulate if watched is None else watched.simulate)
    options = {"workers": 1, "progress": False, **engine}
    return run_study(loaded, out=out, model=Model(chosen, fake_world), **options)


TABLES = "*.parquet"
"""The tables of a run; how its shards are cut depends on what was computed when."""


def digests(folder, pattern="**/*.parquet"):
    return {p.relative_to(folder).as_posix(): sha256_of(p) for p in sorted(folder.glob(pattern))}


def shard_of(folder, table, policy, replication):
    entry = next(p for p in folder.manifest()["policies"] if p["name"] == policy)
    return (
        folder.path / f"shards/{table}/{entry['hash']}-{replication:06d}-{replication:06d}.parquet"
    )


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


# A run and its folder


def test_run_writes_every_file(tmp_path):
    found = run(tmp_path)
    assert found.path.parent == tmp_path / "fake"
    assert re.fullmatch(r"[0-9a-f]{16}", found.path.name)
    names = {p.name for p in found.path.iterdir()}
    assert names == {
        *(f"{table}.parquet" for table in tables.TABLES),
        *("summary.csv", "differences.csv", "columns.csv"),
        *("manifest.json", "config.toml", "shards"),
    }
    assert len(list(found.path.glob("shards/*/*.parquet"))) == 3 * 3 * 3 + 3
    manifest = found.manifest()
    assert manifest["state"] == "complete"
    assert manifest["failures"] == found.failures == []
    for entry in manifest["shards"] + manifest["tables"]:
        path = found.path / entry["path"]
        assert sha256_of(path) == entry["sha256"]
        if path.suffix == ".parquet":
            assert pq.read_metadata(path).num_rows == entry["rows"]


def test_tables_hold_the_rows_of_the_model_in_canonical_order(tmp_path):
    found = run(tmp_path)
    table = found.table("actions")
    place = [POLICIES.index(name) for name in table["scenario"]]
    keys = list(zip(place, table["replication"], table["incident_id"], strict=True))
    assert keys == sorted(set(keys))
    made = [
        fake_simulate(
            None,
            [fake_policy("frozen")],
            None,
            seed=1,
            replication=k,
            start=date(2014, 7, 1),
            years=1,
        )
        for k in range(3)
    ]
    frozen = table[table["scenario"] == "frozen"]
    for column in ("incident_id", "recipients", "direct", "cause", "hours_saved"):
        assert frozen[column].tolist() == [v for m in made for v in m.actions[column].tolist()]


def test_manifest_tells_nothing_of_the_machine(tmp_path):
    text = (run(tmp_path).path / "manifest.json").read_text(encoding="utf-8")
    for secret in (str(tmp_path), str(ROOT), str(Path.home()) + "/", f'"{os.uname().nodename}"'):
        assert secret not in text


def test_second_call_is_complete_and_writes_nothing(tmp_path):
    first = run(tmp_path)
    assert not first.was_complete
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in first.path.rglob("*")}
    watched = Watched()
    second = run(tmp_path, watched=watched)
    assert second.was_complete
    assert second.path == first.path
    assert watched.calls == []
    after = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in first.path.rglob("*")}
    before.pop(first.path, None)
    after.pop(first.path, None)
    assert after == before


def test_run_folder_opens_only_a_run(tmp_path):
    assert RunFolder.open(run(tmp_path).path).table("costs").shape[0] > 0
    with pytest.raises(DataError, match="no run here"):
        RunFolder.open(tmp_path)
    with pytest.raises(DataError, match="'shards' is none of"):
        run(tmp_path).table("shards")


# What is computed again


@pytest.mark.parametrize("table", ["actions", "register", "costs"])
def test_deleted_shard_is_computed_alone(tmp_path, table):
    first = run(tmp_path)
    before = digests(first.path)
    shard_of(first, table, "frozen", 1).unlink()
    watched = Watched()
    second = run(tmp_path, watched=watched)
    assert watched.calls == [(1, ("frozen",))]
    assert not second.was_complete
    assert digests(first.path) == before


def test_deleted_incidents_are_computed_again(tmp_path):
    first = run(tmp_path)
    before = digests(first.path)
    (first.path / "shards/incidents/000002-000002.parquet").unlink()
    watched = Watched()
    run(tmp_path, watched=watched)
    assert [replication for replication, _ in watched.calls] == [2]
    assert digests(first.path) == before


def test_damaged_shard_is_computed_again_and_said(tmp_path, capsys):
    first = run(tmp_path)
    before = digests(first.path)
    path = shard_of(first, "actions", "stop", 0)
    damage(path)
    watched = Watched()
    run(tmp_path, watched=watched)
    assert watched.calls == [(0, ("stop",))]
    assert digests(first.path) == before
    assert f"computed anew: {path}: sha256" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [0.0, 0.5, 0.99])
def test_truncated_shard_is_found_without_a_manifest(tmp_path, cut):
    first = run(tmp_path)
    before = digests(first.path)
    (first.path / "manifest.json").unlink()
    path = shard_of(run(tmp_path / "other"), "register", "frozen", 2)
    path = first.path / path.relative_to(path.parents[2])
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    watched = Watched()
    run(tmp_path, watched=watched)
    assert watched.calls == [(2, ("frozen",))]
    assert digests(first.path) == before


def test_changed_byte_is_found_without_a_manifest(tmp_path):
    first = run(tmp_path)
    before = digests(first.path)
    damage(shard_of(first, "register", "frozen", 2))
    (first.path / "manifest.json").unlink()
    watched = Watched()
    run(tmp_path, watched=watched)
    assert watched.calls == [(2, ("frozen",))]
    assert digests(first.path) == before


@pytest.mark.parametrize("name", ["actions.parquet", "summary.csv"])
def test_damaged_table_is_written_again_without_the_model(tmp_path, name, capsys):
    first = run(tmp_path)
    before = digests(first.path, "*.*")
    damage(first.path / name)
    watched = Watched()
    second = run(tmp_path, watched=watched)
    assert watched.calls == []
    assert not second.was_complete
    before.pop("manifest.json")
    after = digests(first.path, "*.*")
    after.pop("manifest.json")
    assert after == before
    assert name in capsys.readouterr().err


def test_more_replications_keep_the_first(tmp_path):
    few = run(tmp_path, replications=2)
    before = digests(few.path, "shards/**/*.parquet")
    watched = Watched()
    more = run(tmp_path, watched=watched, replications=4)
    assert more.path == few.path
    assert watched.calls == [(2, POLICIES), (3, POLICIES)]
    after = digests(more.path, "shards/**/*.parquet")
    assert {path: after[path] for path in before} == before
    at_once = run(tmp_path / "other", replications=4)
    assert digests(more.path, TABLES) == digests(at_once.path, TABLES)


def test_fewer_replications_leave_the_others_on_disk(tmp_path):
    run(tmp_path, replications=3)
    watched = Watched()
    fewer = run(tmp_path, watched=watched, replications=1)
    assert fewer.table("register")["replication"].unique().tolist() == [0]
    assert run(tmp_path, watched=watched, replications=3).path == fewer.path
    assert watched.calls == []


def test_added_policy_changes_no_other_byte(tmp_path):
    two = run(tmp_path, policies=POLICIES[:2])
    before = digests(two.path, "shards/**/*.parquet")
    rows = two.table("actions")
    watched = Watched()
    three = run(tmp_path, policies=POLICIES, watched=watched)
    assert watched.calls == [(k, ("stop",)) for k in range(3)]
    after = digests(three.path, "shards/**/*.parquet")
    assert {path: after[path] for path in before} == before
    # `stop` has no actions, so the table of actions is the same to the byte.
    assert three.table("actions").equals(rows)
    assert digests(three.path) == digests(run(tmp_path / "other").path)


def test_order_of_policies_changes_only_the_order_of_rows(tmp_path):
    forth = run(tmp_path / "a")
    back = run(tmp_path / "b", policies=POLICIES[::-1])
    assert forth.path.name == back.path.name
    pattern = "shards/**/*.parquet"
    assert digests(forth.path, pattern) == digests(back.path, pattern)


def test_force_computes_everything(tmp_path):
    before = digests(run(tmp_path).path)
    watched = Watched()
    again = run(tmp_path, watched=watched, force=True)
    assert len(watched.calls) == 3
    assert digests(again.path) == before


def test_changed_words_rewrite_the_manifest_only(tmp_path):
    first = run(tmp_path)
    before = digests(first.path)
    policies = [fake_policy(n).model_copy(update={"intent": "new"}) for n in POLICIES[1:]]
    watched = Watched()
    second = run(tmp_path, policies=[POLICIES[0], *policies], watched=watched)
    assert watched.calls == []
    assert second.manifest()["policies"][1]["intent"] == "new"
    assert digests(second.path) == before


# Blocks of replications

TWELVE = "000000-000005", "000006-000007", "000008-000009", "000010-000010", "000011-000011"
"""How the shards of twelve replications are cut by one process."""


def cuts(folder, table="costs"):
    return tuple(sorted({p.stem[-13:] for p in folder.glob(f"shards/{table}/*.parquet")}))


def test_replications_are_kept_in_blocks_that_end_small(tmp_path):
    found = run(tmp_path, replications=12)
    assert cuts(found.path) == cuts(found.path, "incidents") == TWELVE
    rows = pq.read_table(next(found.path.glob("shards/costs/*-000000-000005.parquet")))
    assert sorted(set(rows["replication"].to_pylist())) == list(range(6))
    assert found.table("costs")["replication"].is_monotonic_increasing is False
    assert sorted(found.table("costs")["replication"].unique()) == list(range(12))


def test_tables_do_not_depend_on_how_blocks_are_cut(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", replications=12)
    monkeypatch.setattr(store, "ASSEMBLED_AT_ONCE", 1)
    monkeypatch.setattr(blocks, "LARGEST", 1)
    single = run(tmp_path / "single", replications=12)
    assert len(cuts(single.path)) == 12
    assert digests(single.path, TABLES) == digests(whole.path, TABLES)
    monkeypatch.setattr(blocks, "LARGEST", 4)
    in_steps = [run(tmp_path / "steps", replications=n) for n in (3, 4, 9, 12)][-1]
    assert cuts(in_steps.path) not in (cuts(single.path), cuts(whole.path))
    assert digests(in_steps.path, TABLES) == digests(whole.path, TABLES)


def test_damaged_block_is_computed_again_for_its_policy_alone(tmp_path, capsys):
    first = run(tmp_path, replications=12)
    before = digests(first.path)
    stop = design.policy_hash(fake_policy("stop"))
    path = first.path / f"shards/register/{stop}-000000-000005.parquet"
    damage(path)
    watched = Watched()
    second = run(tmp_path, replications=12, watched=watched)
    assert watched.calls == [(k, ("stop",)) for k in range(6)]
    assert f"computed anew: {path}: sha256" in capsys.readouterr().err
    # Six replications alone are cut in another way than six of twelve.
    assert not path.exists()
    after = digests(second.path)
    assert all(after.get(name, digest) == digest for name, digest in before.items())
    assert run(tmp_path, replications=12).was_complete


def test_force_leaves_nothing_of_before(tmp_path, monkeypatch):
    before = digests(run(tmp_path, replications=12).path)
    monkeypatch.setattr(blocks, "LARGEST", 2)
    watched = Watched()
    again = run(tmp_path, replications=12, watched=watched, force=True)
    assert len(watched.calls) == 12
    assert TWELVE[0] not in cuts(again.path)
    listed = {entry["path"] for entry in again.manifest()["shards"]}
    assert listed == store.shard_paths(again.path)
    assert digests(again.path, TABLES) == {k: v for k, v in before.items() if "/" not in k}


def test_part_of_a_block_is_enough_for_fewer_replications(tmp_path):
    run(tmp_path, replications=12)
    watched = Watched()
    fewer = run(tmp_path, replications=4, watched=watched)
    assert watched.calls == []
    fresh = run(tmp_path / "other", replications=4)
    assert digests(fewer.path, TABLES) == digests(fresh.path, TABLES)
    assert run(tmp_path, replications=12, watched=watched).path == fewer.path
    assert watched.calls == []


def test_failed_replication_leaves_the_rest_of_its_block(tmp_path):
    found = run(tmp_path, replications=12, simulate=fails_at_one)
    assert [failure["replication"] for failure in found.failures] == [1]
    assert cuts(found.path)[:2] == ("000000-000000", "000002-000005")
    watched = Watched()
    again = run(tmp_path, replications=12, watched=watched)
    assert watched.calls == [(1, POLICIES)]
    fresh = run(tmp_path / "other", replications=12)
    assert digests(again.path, TABLES) == digests(fresh.path, TABLES)


# Mishaps


def fails_at_one(world, policies, parameters, **named):
    if named["replication"] == 1:
        raise ZeroDivisionError("no inhabitants left")
    return fake_simulate(world, policies, parameters, **named)


def test_failed_replication_is_recorded_and_the_others_go_on(tmp_path, capsys):
    found = run(tmp_path, simulate=fails_at_one)
    assert found.manifest()["state"] == "complete"
    (failure,) = found.failures
    assert failure["replication"] == 1
    assert failure["error"].startswith("ZeroDivisionError: no inhabitants left (test_engine.py:")
    assert "replication 1 failed" in capsys.readouterr().err
    for table in tables.MODEL_TABLES:
        assert sorted(found.table(table)["replication"].unique()) == [0, 2]
    assert found.table("summary")["n"].max() == 2
    watched = Watched()
    again = run(tmp_path, watched=watched)
    assert watched.calls == [(1, POLICIES)]
    assert again.failures == []
    assert digests(again.path) == digests(run(tmp_path / "other").path)


def test_command_of_a_failure_reproduces_it(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    loaded = replace(fake_loaded(POLICIES, 2, 1), path=COMPARE)
    model = Model(fails_at_one, fake_world)
    found = run_study(loaded, out=tmp_path, workers=1, progress=False, model=model)
    program, option, code = shlex.split(found.failures[0]["reproduce"])
    assert (program, option) == ("python", "-c")
    assert str(ROOT) not in code
    monkeypatch.setattr(runner, "the_model", lambda: model)
    script = tmp_path / "reproduce.py"
    script.write_text(code, encoding="utf-8")
    with pytest.raises(ZeroDivisionError, match="no inhabitants left"):
        runpy.run_path(str(script))


def test_all_replications_failing_leaves_empty_tables(tmp_path):
    def fails(*_arguments, **_named):
        raise RuntimeError("never works")

    found = run(tmp_path, simulate=fails)
    assert len(found.failures) == 3
    assert len(found.table("actions")) == 0
    assert len(found.table("summary")) == 0


def test_faulty_columns_fail_the_replication(tmp_path):
    def lacks_a_column(*arguments, **named):
        result = fake_simulate(*arguments, **named)
        del result.actions["direct"]
        return result

    found = run(tmp_path, simulate=lacks_a_column, replications=1)
    assert "actions: column direct is missing" in found.failures[0]["error"]
    assert list(found.path.glob("shards/**/*.parquet")) == []


def test_wrong_replication_is_refused(tmp_path):
    def always_zero(*arguments, **named):
        return fake_simulate(*arguments, **{**named, "replication": 0})

    found = run(tmp_path, simulate=always_zero, replications=2)
    assert [f["replication"] for f in found.failures] == [1]
    assert "asked for replication 1, got [0]" in found.failures[0]["error"]


def test_refused_input_leaves_nothing(tmp_path):
    def refuses(*_arguments, **_named):
        raise InputError("policies: frozen: the rates exceed the mark rate")

    with pytest.raises(InputError, match="mark rate"):
        run(tmp_path / "out", simulate=refuses)
    assert list(tmp_path.glob("out/*")) == []
    complete = run(tmp_path)
    with pytest.raises(InputError, match="mark rate"):
        run(tmp_path, simulate=refuses, force=True)
    assert len(list(complete.path.glob("shards/**/*.parquet"))) == 30


def interrupted_at_two(world, policies, parameters, **named):
    if named["replication"] == 2:
        raise KeyboardInterrupt
    return fake_simulate(world, policies, parameters, **named)


def test_interrupted_run_can_be_resumed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, simulate=interrupted_at_two, replications=4)
    (folder,) = tmp_path.glob("fake/*")
    assert RunFolder.open(folder).manifest()["state"] == "interrupted"
    assert not (folder / "actions.parquet").exists()
    watched = Watched()
    resumed = run(tmp_path, watched=watched, replications=4)
    assert [replication for replication, _ in watched.calls] == [2, 3]
    assert digests(resumed.path) == digests(run(tmp_path / "other", replications=4).path)


def test_termination_stops_a_serial_run(tmp_path):
    def asked_to_end(*arguments, **named):
        if named["replication"] == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return fake_simulate(*arguments, **named)

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, simulate=asked_to_end)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is handler
    (folder,) = tmp_path.glob("fake/*")
    assert RunFolder.open(folder).manifest()["state"] == "interrupted"
    assert run(tmp_path).manifest()["state"] == "complete"


def test_locked_run_is_left_alone(tmp_path):
    folder = run(tmp_path).path
    with (
        store.locked(folder),
        pytest.raises(DataError, match=rf"process {os.getpid()} is writing"),
    ):
        run(tmp_path)
    assert run(tmp_path).was_complete


def test_lock_of_a_dead_process_is_no_obstacle(tmp_path):
    folder = run(tmp_path).path
    holds = (
        "import os, sys; from pathlib import Path; from experiments.engine import store\n"
        "lock = store.locked(Path(sys.argv[1])); lock.__enter__(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", holds, str(folder)], check=False, cwd=ROOT, timeout=60)
    assert (folder / store.LOCK).read_text(encoding="ascii").isdigit()
    assert run(tmp_path).was_complete
    assert not (folder / store.LOCK).exists()


def test_half_written_files_are_swept_and_never_take_a_name(tmp_path):
    folder = run(tmp_path).path
    orphan = folder / "shards" / "actions" / ".x.parquet.1.tmp"
    orphan.write_bytes(b"half")
    run(tmp_path)
    assert not orphan.exists()

    def fails_halfway():
        with store.replacing(tmp_path / "file") as temporary:
            temporary.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fails_halfway()
    assert not (tmp_path / "file").exists()
    assert list(tmp_path.glob(".file*")) == []


def test_numbers_out_of_range_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as told:
        run_study(fake_loaded(POLICIES), out=tmp_path / "out", workers=0, replications=0, seed=-1)
    assert str(told.value).count("\n") == 2
    assert not (tmp_path / "out").exists()


# Several processes


def test_processes_give_the_bytes_of_the_serial_run(tmp_path):
    serial = run(tmp_path / "serial", replications=5)
    parallel = run(tmp_path / "parallel", replications=5, workers=2)
    assert digests(serial.path, TABLES) == digests(parallel.path, TABLES)


def dies_once(world, policies, parameters, **named):
    mark = Path(os.environ["BURGERNET_TEST_MARK"])
    if named["replication"] == 1 and not mark.exists():
        mark.write_text(str(os.getpid()), encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    if named["replication"] == 2:
        raise ValueError("this one fails")
    return fake_simulate(world, policies, parameters, **named)


def test_killed_worker_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("BURGERNET_TEST_MARK", str(tmp_path / "mark"))
    found = run(tmp_path, simulate=dies_once, replications=4, workers=2)
    assert int((tmp_path / "mark").read_text(encoding="ascii")) != os.getpid()
    assert [failure["replication"] for failure in found.failures] == [2]
    assert digests(run(tmp_path, replications=4).path, TABLES) == digests(
        run(tmp_path / "other", replications=4).path, TABLES
    )


SLOW = """
import time
from pathlib import Path
from experiments.engine.runner import run_study
from experiments.engine.workers import Model
from tests.support.fake_run import fake_loaded, fake_simulate, fake_world

def slow(*arguments, **named):
    time.sleep(0.4)
    return fake_simulate(*arguments, **named)

if __name__ == "__main__":
    import sys
    loaded = fake_loaded(("current_agreements", "frozen", "stop"), 60, 1)
    run_study(loaded, out=Path(sys.argv[1]), workers=2, model=Model(slow, fake_world))
"""


@pytest.mark.parametrize(
    "number,code,least_lines", [(signal.SIGINT, -2, 1), (signal.SIGTERM, 143, 0)]
)
def test_signal_ends_a_parallel_run_that_can_be_resumed(tmp_path, number, code, least_lines):
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("fake/*/shards/costs/*.parquet"))) < 6:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 25
    assert process.returncode == code
    assert "distributed" not in err
    assert least_lines <= len(err.splitlines()) < 60
    (folder,) = tmp_path.glob("fake/*")
    assert RunFolder.open(folder).manifest()["state"] == "interrupted"
    watched = Watched()
    resumed = run(tmp_path, watched=watched, replications=4)
    assert len(watched.calls) < 4
    assert digests(resumed.path, TABLES) == digests(
        run(tmp_path / "other", replications=4).path, TABLES
    )


# Identity


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "sim" / "parameters").mkdir(parents=True)
    (tmp_path / "sim" / "a.py").write_text("A = 1\n", encoding="utf-8")
    (tmp_path / "sim" / "parameters" / "b.py").write_text("B = 1\n", encoding="utf-8")
    (tmp_path / "requirements.lock").write_text("numpy==2\n", encoding="utf-8")
    return tmp_path


def run_id(root, loaded=None):
    return design.design(fake_loaded(POLICIES) if loaded is None else loaded, root=root).run_id


@pytest.mark.parametrize("path", ["sim/a.py", "sim/parameters/b.py", "requirements.lock"])
def test_run_id_follows_model_and_lock(checkout, path):
    before = run_id(checkout)
    assert run_id(checkout) == before
    (checkout / path).write_text("changed\n", encoding="utf-8")
    assert run_id(checkout) != before


def test_run_id_follows_a_new_or_renamed_source(checkout):
    ids = {run_id(checkout)}
    (checkout / "sim" / "c.py").write_text("", encoding="utf-8")
    ids.add(run_id(checkout))
    (checkout / "sim" / "c.py").rename(checkout / "sim" / "d.py")
    ids.add(run_id(checkout))
    assert len(ids) == 3


def test_run_id_follows_seed_start_horizon_parameters_and_data(checkout):
    loaded = fake_loaded(POLICIES)
    grid = checkout / "grid"
    grid.mkdir()
    (grid / "cells.csv").write_text("x\n", encoding="utf-8")
    changed = [
        loaded,
        fake_loaded(POLICIES, seed=2),
        fake_loaded(POLICIES, years=3),
        fake_loaded(POLICIES, start=date(2015, 7, 1)),
        replace(loaded, grid_folder=grid),
        replace(loaded, behaviour_folder=grid),
        replace(loaded, parameters=loaded.parameters.with_values({"attend_share": 0.2})),
    ]
    assert len({run_id(checkout, each) for each in changed}) == len(changed)


def test_run_id_is_the_same_for_contents_and_words(checkout):
    before = run_id(checkout)
    assert run_id(checkout, fake_loaded(POLICIES[:2], replications=50, level=0.9)) == before
    (checkout / "sim" / "README.md").write_text("words", encoding="utf-8")
    (checkout / "sim" / "a.pyc").write_bytes(b"cache")
    assert run_id(checkout) == before


def test_missing_data_is_told(checkout):
    with pytest.raises(DataError, match="no files"):
        run_id(checkout, replace(fake_loaded(POLICIES), grid_folder=checkout / "nowhere"))


def test_policy_hash_follows_levers_and_name_only():
    base = {"name": "a", "intent": "x", "source": "y", "operator_use": 0.3}
    same = design.policy_hash(Policy(**base))
    assert design.policy_hash(Policy(**{**base, "intent": "other", "source": "z"})) == same
    for change in ({"name": "b"}, {"operator_use": 0.31}, {"changes": [{"levers": {}}]}):
        assert design.policy_hash(Policy(**{**base, **change})) != same


# Configuration

KEYS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.dates(date(1, 1, 1), date(9999, 12, 31))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_toml_is_read_back_equal(document):
    found = tomllib.loads(design.to_toml(document))
    assert found == document
    assert repr(found) == repr({key: found[key] for key in found})
    assert json.dumps(found, default=str, sort_keys=True) == json.dumps(
        document, default=str, sort_keys=True
    )


def test_toml_refuses_what_it_cannot_say():
    with pytest.raises(TypeError, match="NoneType has no TOML form"):
        design.to_toml({"a": [None]})


def test_configuration_holds_every_lever_and_parameter(tmp_path):
    loaded = fake_loaded(POLICIES)
    found = tomllib.loads((run(tmp_path).path / "config.toml").read_text(encoding="utf-8"))
    assert found["kind"] == "study"
    assert found["start"] == date(2014, 7, 1)
    assert found["parameters"] == loaded.parameters.as_dict()
    frozen = found["policy"]["frozen"]
    assert frozen["channels"]["sms"]["messages_per_second"] == 20.0
    assert frozen["control_room"]["leaves_twente_on"] == "none"
    assert set(frozen) == set(fake_policy("frozen").model_dump(by_alias=True))


# Tables


def costs(n=3):
    return {
        "scenario": np.array(["a"] * n),
        "replication": np.zeros(n, int),
        "parameter_draw": np.zeros(n, int),
        "year": np.arange(n)[::-1] + 1,
        "gm_code": np.array(["GM0141"] * n),
        "payer": np.array(["region"] * n),
        "task": np.array(["ending"] * n),
        "eur": np.arange(n) * 1.5,
    }


def test_table_is_sorted_and_carries_units():
    table = formats.to_arrow("costs", costs())
    assert table["year"].to_pylist() == [1, 2, 3]
    assert table["eur"].to_pylist() == [3.0, 1.5, 0.0]
    read = pq.read_table(pa.BufferReader(formats.parquet_bytes(table)))
    assert read.schema.field("eur").metadata[b"unit"] == b"EUR"
    assert read.schema.equals(formats.schema("costs"), check_metadata=True)


@pytest.mark.parametrize(
    "change,told",
    [
        ({"eur": None}, "column eur is missing"),
        ({"extra": np.zeros(3)}, "column extra is unknown"),
        ({"eur": np.zeros(2)}, "unequal length"),
        ({"year": np.array([1.0, np.nan, 2.0])}, "column year does not hold int32"),
        ({"year": np.array([1, 2, 2**40])}, "column year does not hold int32"),
        ({"eur": np.array(["a", "b", "c"])}, "column eur does not hold double"),
    ],
)
def test_faulty_columns_are_told(change, told):
    columns = {k: v for k, v in {**costs(), **change}.items() if v is not None}
    with pytest.raises(DataError, match=told):
        formats.to_arrow("costs", columns)


@given(st.permutations(range(12)))
def test_rows_of_a_policy_are_the_same_however_the_model_orders_them(order):
    columns = costs(12)
    columns["scenario"] = np.array(["b", "a", "other"] * 4)
    columns["payer"] = np.array(["region", "police"] * 6)
    columns["year"] = np.arange(12) // 4
    shuffled = {name: values[list(order)] for name, values in columns.items()}
    found = formats.by_policy("costs", shuffled, ["a", "b", "none"])
    for table, name in zip(found, ["a", "b", "none"], strict=True):
        chosen = columns["scenario"] == name
        alone = {key: values[chosen] for key, values in columns.items()}
        assert table.equals(formats.to_arrow("costs", alone))
    assert [table.num_rows for table in found] == [4, 4, 0]


@given(st.lists(st.integers(0, 40), max_size=8))
def test_bytes_depend_on_rows_not_on_parts(sizes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "ROWS_PER_GROUP", 16)
        whole = formats.to_arrow("costs", costs(sum(sizes)))
        ends = np.cumsum([0, *sizes])
        parts = [whole.slice(a, b - a) for a, b in pairwise(ends)]
        sink = pa.BufferOutputStream()
        assert formats.write_parquet(parts, whole.schema, sink) == sum(sizes)
        assert sink.getvalue().to_pybytes() == formats.parquet_bytes(whole)


def test_dictionary_names_every_column_with_its_meaning(tmp_path):
    found = run(tmp_path)
    with (found.path / "columns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in tables.TABLES:
        described = [row["column"] for row in rows if row["table"] == name]
        assert described == pq.read_schema(found.path / f"{name}.parquet").names
    assert all(row["meaning"] and row["type"] for row in rows)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_guarded(start):
    import pandas as pd

    row = {c.name: "x" if c.type == "text" else -1.5 for c in tables.SUMMARY}
    frame = pd.DataFrame([{**row, "measure": start + "cmd|x", "n": -1}])
    head, cells = formats.csv_text("summary", frame).split("\n", 1)
    assert head.startswith("scenario,")
    assert cells == f"x,-1.5,x,x,'{start}cmd|x,-1.5,-1.5,-1.5,x,-1.5,-1\n"


def test_csv_holds_the_numbers_of_the_parquet(tmp_path):
    import pandas as pd

    found = run(tmp_path)
    for name in ("summary", "differences"):
        read = pd.read_csv(found.path / f"{name}.csv")
        pd.testing.assert_frame_equal(read, found.table(name), check_exact=True, check_dtype=False)


def test_report_stand_in_is_a_complete_run(tmp_path):
    found = fake_run_folder(tmp_path, POLICIES, 2, 1, 1)
    assert found.manifest()["study"]["policies"] == list(POLICIES)
    assert FAKE_MODEL.load_world(Path(), Path()) is None
