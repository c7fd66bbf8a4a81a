"""Runs whose length a precision decides: where they stop, and what may not change that."""

import json
import os
import shutil
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.analysis import cells
from experiments.analysis.sequential import half_width, moments
from experiments.engine import precision, store, tables
from experiments.engine.blocks import Shelf, shard_at
from experiments.engine.runner import run_study
from experiments.engine.store import RunFolder, sha256_of
from experiments.engine.workers import Model
from experiments.study import PRECISION_MEASURES, Precision
from tests.support.fake_run import fake_loaded, fake_simulate, fake_world

PAIR = ("current_agreements", "frozen")
ASKED = 0.0025
"""The fake model needs 60 replications for this: two looks that go on, and one that stops."""
STOPS_AFTER = 60
NARROWER = 0.0019
"""For this it needs 80."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(cells, "GROUPINGS", cells.GROUPINGS[:1])


class Watched:
    """The fake model, with a note of the replications and policies it was asked for."""

    def __init__(self, fault=None):
        self.calls = []
        self.fault = fault or (lambda _replication: None)

    def simulate(self, world, policies, parameters, **named):
        self.calls.append((named["replication"], tuple(p.name for p in policies)))
        self.fault(named["replication"])
        return fake_simulate(world, policies, parameters, **named)


def run(out, policies=PAIR, watched=None, replications=400, **settings):
    options = {"workers": 1, "progress": False}
    options |= {key: settings.pop(key) for key in ("workers", "force") if key in settings}
    stated = {"measure": "direct_share", "half_width": ASKED, "policy": policies[1], **settings}
    loaded = fake_loaded(policies, replications, 1, precision=stated)
    model = Model(fake_simulate if watched is None else watched.simulate, fake_world)
    return run_study(loaded, out=out, model=model, **options)


def digests(folder, pattern="**/*.parquet"):
    return {p.relative_to(folder).as_posix(): sha256_of(p) for p in sorted(folder.glob(pattern))}


def tables_of(found):
    return digests(found.path, "*.parquet")


def shards(found):
    return digests(found.path, "shards/**/*.parquet")


def shelf_of(found):
    return Shelf(store.shard_paths(found.path))


def record(found):
    return found.manifest()["precision"]


def whole(found, name):
    table = found.table(name)
    rows = table[(table.year == 0) & (table.gm_code == "all") & (table.kind == "all")]
    return rows[rows.scenario == "frozen"].set_index("measure")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(cells, "GROUPINGS", cells.GROUPINGS[:1])
        yield run(tmp_path_factory.mktemp("done"))


@pytest.fixture
def copy(done, tmp_path):
    """Return the folder of all runs, with a copy of the run that is done."""
    shutil.copytree(done.path.parents[1], tmp_path / "copy")
    return tmp_path / "copy"


# Where a run stops


def test_run_stops_at_the_first_look_that_is_precise_enough(done):
    found = record(done)
    assert (found["stopped_by"], found["replications"], found["n"]) == ("target", 60, 60)
    assert [look["replications"] for look in found["looks"]] == [20, 40, 60]
    widths = [look["half_width"] for look in found["looks"]]
    assert widths[1] > ASKED >= widths[2] == found["reached_half_width"]
    assert (found["block"], found["first_look"], found["most"]) == (20, 40, 400)
    assert (found["policy"], found["reference"]) == ("frozen", "current_agreements")
    for name in tables.MODEL_TABLES:
        assert sorted(done.table(name)["replication"].unique()) == list(range(60))
    assert whole(done, "summary")["n"].max() == 60
    assert done.manifest()["state"] == "complete"


def test_the_interval_of_the_named_difference_is_that_of_the_rule(done):
    shares = done.table("actions").groupby(["scenario", "replication"], observed=True).direct
    values = shares.mean().unstack("scenario")
    difference = (values["frozen"] - values["current_agreements"]).to_numpy()
    width = float(half_width(moments(difference), 0.95))
    row = whole(done, "differences").loc["direct_share"]
    assert row["mean"] == pytest.approx(difference.mean(), rel=1e-9)
    assert (row["low"], row["high"]) == pytest.approx(
        (difference.mean() - width, difference.mean() + width), rel=1e-9
    )
    assert record(done)["reached_half_width"] == pytest.approx(width, rel=1e-9)


def test_other_intervals_stay_those_of_student(done, tmp_path):
    loaded = fake_loaded(PAIR, STOPS_AFTER, 1)
    model = Model(fake_simulate, fake_world)
    plain = run_study(loaded, out=tmp_path, workers=1, progress=False, model=model)
    assert plain.manifest()["precision"] is None
    ours, theirs = whole(done, "differences"), whole(plain, "differences")
    named = ours.loc["direct_share"], theirs.loc["direct_share"]
    assert named[0]["high"] - named[0]["low"] > 1.1 * (named[1]["high"] - named[1]["low"])
    others = ours.index != "direct_share"
    assert ours[others].equals(theirs[others])


def test_the_largest_number_stops_a_run_and_may_cut_the_last_block(tmp_path):
    found = run(tmp_path, replications=50, half_width=1e-9)
    assert record(found)["stopped_by"] == "maximum"
    assert [look["replications"] for look in record(found)["looks"]] == [20, 40, 50]
    assert found.table("register")["replication"].nunique() == 50
    row = whole(found, "differences").loc["direct_share"]
    half = record(found)["reached_half_width"]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(half)


def test_a_wide_target_stops_at_the_first_look_not_before(tmp_path):
    found = run(tmp_path, half_width=0.5, block=15)
    assert [look["replications"] for look in record(found)["looks"]] == [15, 30, 45]
    assert record(found)["stopped_by"] == "target"


def test_a_difference_without_a_value_stops_the_run_after_the_first_look(tmp_path):
    watched = Watched()
    found = run(tmp_path, policies=("current_agreements", "stop"), watched=watched)
    assert record(found)["stopped_by"] == "no_value"
    assert (record(found)["n"], len(watched.calls)) == (0, 40)
    assert record(found)["reached_half_width"] is None
    assert "none has a value" in precision.in_words(record(found))


def test_equal_values_are_no_precision(tmp_path):
    found = run(tmp_path, replications=60, measure="cost_municipal_eur_per_year", half_width=1e6)
    assert record(found)["stopped_by"] == "maximum"
    assert record(found)["looks"][-1]["half_width"] is None
    row = whole(found, "differences").loc["cost_municipal_eur_per_year"]
    assert np.isnan([row["low"], row["high"]]).all()


@pytest.mark.parametrize("measure", PRECISION_MEASURES)
def test_a_look_sees_what_the_table_of_differences_tells(done, measure):
    manifest = done.manifest()
    study = fake_loaded(PAIR, 400, 1).study
    asked = Precision(measure=measure, policy="frozen", half_width=1e-9)
    hashes = [policy["hash"] for policy in manifest["policies"]]
    looks = precision.Looks(study, asked, done.path, hashes, manifest)
    for block in (range(20), range(20, 40), range(40, 60)):
        looks.look(block, (), shelf_of(done))
    row = whole(done, "differences").loc[measure]
    assert looks.taken[-1].n == row["n"]
    assert looks.taken[-1].mean == pytest.approx(row["mean"], rel=1e-12, abs=1e-15)


# What may not change it


def test_second_call_is_complete_and_computes_nothing(copy, done, monkeypatch):
    before = {p: p.stat().st_mtime_ns for p in copy.rglob("*.*")}
    watched, checked = Watched(), []
    check = store.check_shard

    def noted(folder, shard, known):
        checked.append(shard)
        return check(folder, shard, known)

    monkeypatch.setattr(store, "check_shard", noted)
    again = run(copy, watched=watched)
    assert len(checked) == len(set(checked)) == len(shards(done))
    assert again.was_complete
    assert watched.calls == []
    assert {p: p.stat().st_mtime_ns for p in copy.rglob("*.*")} == before
    assert record(again) == record(done)


def test_a_record_that_does_not_hold_is_written_anew(copy, done):
    (folder,) = copy.glob("fake/*")
    manifest = store.read_manifest(folder)
    manifest["precision"]["looks"].pop()
    store.write_manifest(folder, manifest)
    watched = Watched()
    again = run(copy, watched=watched)
    assert not again.was_complete
    assert watched.calls == []
    assert record(again) == record(done)


def test_interruption_inside_a_block_changes_nothing(tmp_path, done):
    def interrupts(replication):
        if replication == 33:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, watched=Watched(interrupts))
    (folder,) = tmp_path.glob("fake/*")
    kept = digests(folder, "shards/**/*.parquet")
    partial = RunFolder.open(folder).manifest()
    assert partial["state"] == "interrupted"
    assert partial["precision"]["stopped_by"] is None
    assert "not finished" in precision.in_words(partial["precision"])
    watched = Watched()
    resumed = run(tmp_path, watched=watched)
    again = [replication for replication, _ in watched.calls]
    # Only what was under way is lost, a few replications of the block.
    assert again == list(range(again[0], STOPS_AFTER))
    assert 25 < again[0] <= 33
    assert record(resumed) == record(done)
    assert tables_of(resumed) == tables_of(done)
    assert {path: shards(resumed)[path] for path in kept} == kept


def test_run_killed_without_a_manifest_changes_nothing(copy, done):
    (folder,) = copy.glob("fake/*")
    (folder / "manifest.json").unlink()
    lost = [path for path in folder.glob("shards/*/*.parquet") if "-00004" in path.name]
    assert len(lost) > 4
    for path in lost:
        path.unlink()
    kept = digests(folder, "shards/**/*.parquet")
    resumed = run(copy)
    assert record(resumed) == record(done)
    assert tables_of(resumed) == tables_of(done)
    assert {path: shards(resumed)[path] for path in kept} == kept


def test_added_policy_leaves_every_replication_and_their_number(copy, done):
    watched = Watched()
    more = run(copy, policies=(*PAIR, "lean"), watched=watched)
    assert watched.calls == [(k, ("lean",)) for k in range(STOPS_AFTER)]
    after = shards(more)
    assert {path: after[path] for path in shards(done)} == shards(done)
    assert record(more) == record(done)
    mine, theirs = whole(more, "differences"), whole(done, "differences")
    assert mine.equals(theirs)


def test_order_of_policies_changes_nothing(tmp_path, done):
    loaded = fake_loaded(
        PAIR[::-1],
        400,
        1,
        precision={"measure": "direct_share", "half_width": ASKED, "policy": "frozen"},
    )
    model = Model(fake_simulate, fake_world)
    turned = run_study(loaded, out=tmp_path, workers=1, progress=False, model=model)
    assert record(turned) == record(done)
    assert shards(turned) == shards(done)


def slow_first(world, policies, parameters, **named):
    import time

    # Of each block the first replications come last.
    time.sleep(0.2 if named["replication"] % 20 == 0 else 0.0)
    return fake_simulate(world, policies, parameters, **named)


def test_workers_change_nothing_in_whatever_order_they_finish(tmp_path, done):
    watched = SimpleNamespace(simulate=slow_first)
    found = run(tmp_path, watched=watched, workers=2)
    assert record(found) == record(done)
    assert tables_of(found) == tables_of(done)


def test_damaged_shard_is_computed_again_before_the_look(copy, done, capsys):
    (folder,) = copy.glob("fake/*")
    damaged = sorted((folder / "shards" / "actions").iterdir())[7]
    shard = shard_at(damaged.relative_to(folder).as_posix())
    damaged.write_bytes(damaged.read_bytes()[:-9])
    watched = Watched()
    found = run(copy, watched=watched)
    assert [k for k, _ in watched.calls] == list(range(shard.first, shard.last + 1))
    assert "computed anew" in capsys.readouterr().err
    assert record(found) == record(done)
    assert tables_of(found) == tables_of(done)


def test_force_computes_everything_and_stops_at_the_same_look(copy, done):
    watched = Watched()
    found = run(copy, watched=watched, force=True)
    assert len(watched.calls) == STOPS_AFTER
    assert record(found) == record(done)


def test_a_narrower_target_goes_on_and_a_wider_one_leaves_shards(copy, done):
    watched = Watched()
    narrower = run(copy, watched=watched, half_width=NARROWER)
    first = watched.calls[0][0]
    assert first == STOPS_AFTER
    assert record(narrower)["replications"] == 80
    assert {p: d for p, d in shards(narrower).items() if p in shards(done)} == shards(done)
    back = run(copy, watched=watched)
    assert record(back) == record(done)
    assert tables_of(back) == tables_of(done)
    assert len(shards(back)) == len(shards(narrower))
    calls = len(watched.calls)
    assert record(run(copy, watched=watched, half_width=NARROWER)) == record(narrower)
    assert len(watched.calls) == calls


def test_shards_beyond_the_look_stay_even_where_no_manifest_knows_them(copy):
    narrower = run(copy, half_width=NARROWER)
    (narrower.path / "manifest.json").unlink()
    watched = Watched()
    assert record(run(copy, watched=watched))["replications"] == STOPS_AFTER
    assert record(run(copy, watched=watched, half_width=NARROWER))["replications"] == 80
    assert watched.calls == []


def test_a_stated_number_takes_the_place_of_the_precision(tmp_path):
    asked = {"measure": "direct_share", "half_width": ASKED}
    loaded = fake_loaded(PAIR, 400, 1, precision=asked)
    model = Model(fake_simulate, fake_world)
    found = run_study(loaded, out=tmp_path, workers=1, replications=5, progress=False, model=model)
    assert found.manifest()["precision"] is None
    assert "precision" not in found.manifest()["study"]
    assert found.table("register")["replication"].nunique() == 5


# Replications that fail


def fails_at(*numbers):
    def fault(replication):
        if replication in numbers:
            raise ZeroDivisionError("no inhabitants left")

    return fault


def test_a_failed_replication_counts_in_no_look(tmp_path, done):
    found = run(tmp_path, watched=Watched(fails_at(5, 41)), half_width=NARROWER)
    looks = record(found)["looks"]
    assert [(look["replications"], look["n"]) for look in looks[:3]] == [
        (20, 19),
        (40, 39),
        (60, 58),
    ]
    assert [failure["replication"] for failure in found.failures] == [5, 41]
    kept = set(found.table("register")["replication"])
    assert kept == set(range(record(found)["replications"])) - {5, 41}
    assert whole(found, "differences").loc["direct_share", "n"] == record(found)["n"] == len(kept)
    # Once they succeed, the run is the one that never failed.
    healed = run(tmp_path)
    assert record(healed) == record(done)
    assert tables_of(healed) == tables_of(done)


def test_failures_alone_stop_the_run_after_the_first_look(tmp_path):
    watched = Watched(fails_at(*range(400)))
    found = run(tmp_path, watched=watched)
    assert record(found)["stopped_by"] == "no_value"
    assert len(found.failures) == len(watched.calls) == 40


# What a look costs, and what is written


def test_a_look_reads_each_shard_of_the_two_policies_once_and_some_columns(tmp_path, monkeypatch):
    read = []
    original = store.read_batches

    def watched(path, columns, dictionaries):
        if "shards" in path.parts:
            read.append((path.relative_to(tmp_path).as_posix(), tuple(columns)))
        return original(path, columns, dictionaries)

    monkeypatch.setattr(store, "read_batches", watched)
    found = run(tmp_path, policies=(*PAIR, "lean", "stop"), policy="frozen")
    hashes = [p["hash"] for p in found.manifest()["policies"] if p["name"] in PAIR]
    assert len(set(read)) == len(read) > 0
    for path, columns in read:
        shard = shard_at(path.split("/", 2)[2])
        assert shard.policy in hashes
        assert len(columns) < len(tables.TABLES[shard.table])


def test_a_look_takes_its_replications_out_of_larger_shards(tmp_path, done):
    plain = run_study(
        fake_loaded(PAIR, 64, 1),
        out=tmp_path,
        workers=1,
        progress=False,
        model=Model(fake_simulate, fake_world),
    )
    spans = [shard_at(path) for path in shards(plain)]
    # Some cross the end of a block, so that the look takes a part of them.
    assert any(span.first < edge <= span.last for span in spans for edge in (20, 40, 60))
    watched = Watched()
    found = run(tmp_path, watched=watched)
    assert watched.calls == []
    assert record(found) == record(done)
    assert tables_of(found) == tables_of(done)


def test_configuration_and_manifest_hold_the_precision(done):
    text = (done.path / "config.toml").read_text(encoding="utf-8")
    asked = {"measure": "direct_share", "policy": "frozen", "half_width": ASKED, "block": 20}
    assert tomllib.loads(text)["precision"] == asked
    assert done.manifest()["study"]["precision"] == asked
    text = (done.path / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["precision"]["level"] == 0.95


def test_progress_tells_how_wide_the_interval_still_is(done):
    manifest = done.manifest()
    study = fake_loaded(PAIR, 400, 1).study
    asked = Precision(measure="direct_share", policy="frozen", half_width=ASKED)
    hashes = [policy["hash"] for policy in manifest["policies"]]
    looks = precision.Looks(study, asked, done.path, hashes, manifest)
    assert looks.remarks() == []
    looks.look(range(20), (), shelf_of(done))
    width = looks.taken[0].half_width
    assert looks.remarks() == [f"half-width {width:.3g} of {ASKED:g}"]
