"""Runs a study: finds what is missing, has it computed, and writes the tables and the manifest."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import platform
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from experiments.engine import blocks, design, store, tables
from experiments.engine.blocks import Shelf, Task
from experiments.engine.design import Design
from experiments.engine.precision import Looks
from experiments.engine.progress import say, shown
from experiments.engine.store import Receipt, RunFolder, Shard
from experiments.engine.warm import ensure_compiled
from experiments.engine.workers import Job, Model, Outcome, Outcomes, parallel, serial
from experiments.study import MAX_REPLICATIONS, MAX_SEED, ROOT, LoadedStudy, load_study
from sim.errors import DataError, InputError

SECONDS_BETWEEN_NOTES = 5.0
MUNICIPALITIES = "municipalities.csv"


def run_study(
    loaded: LoadedStudy,
    *,
    out: Path,
    workers: int | None = None,
    replications: int | None = None,
    seed: int | None = None,
    force: bool = False,
    progress: bool = True,
    model: Model | None = None,
) -> RunFolder:
    """Run a study, or what is missing of it, and return its folder `out/STUDY/RUN_ID`.

    Args:
        loaded: the study with its policies resolved.
        out: folder of all runs.
        workers: processes; by default one per core that this process may use, never more than
            there are tasks.
        replications: instead of the study's number, and of its precision.
        seed: instead of the study's.
        force: compute everything anew, whatever is there.
        progress: show progress on standard error: a bar on a terminal, a line every 30 seconds
            elsewhere.
        model: stands in for `sim.replication.simulate` and `World.load`.

    Raises:
        InputError: a number is out of range, or the model refuses the study.
        DataError: data cannot be read, or another process is writing this run.
        KeyboardInterrupt: Ctrl-C; the folder can be resumed.
    """
    loaded = _with_changes(loaded, workers, replications, seed)
    plan = design.design(loaded)
    folder = out / loaded.study.name / plan.run_id
    with store.locked(folder):
        run = _Run(loaded, plan, folder, the_model() if model is None else model)
        return run.run(workers, force=force, progress=progress)


def the_model() -> Model:
    """Return the model itself."""
    from sim.replication import simulate
    from sim.world import World

    return Model(simulate, World.load)


def reproduce(study: Path, replication: int, *, seed: int | None = None) -> Outcomes:
    """Compute one replication of a study in this process; what it raises is raised here."""
    model = the_model()
    loaded = _with_changes(load_study(study), None, None, seed)
    return model.simulate(
        model.load_world(loaded.grid_folder, loaded.behaviour_folder),
        loaded.policies,
        loaded.parameters,
        seed=loaded.study.seed,
        replication=replication,
        start=loaded.study.start,
        years=loaded.study.years,
    )


def _with_changes(
    loaded: LoadedStudy, workers: int | None, replications: int | None, seed: int | None
) -> LoadedStudy:
    faults = []
    if workers is not None and workers < 1:
        faults.append(f"workers: {workers} is less than 1")
    if replications is not None and not 1 <= replications <= MAX_REPLICATIONS:
        faults.append(f"replications: {replications} is not between 1 and {MAX_REPLICATIONS}")
    if seed is not None and not 0 <= seed <= MAX_SEED:
        faults.append(f"seed: {seed} is not between 0 and {MAX_SEED}")
    if len(faults) > 0:
        raise InputError("\n".join(faults))
    return loaded.changed(replications=replications, seed=seed)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Run:
    """One call of `run_study` on a folder that it holds."""

    def __init__(self, loaded: LoadedStudy, plan: Design, folder: Path, model: Model) -> None:
        self.loaded = loaded
        self.plan = plan
        self.folder = folder
        self.model = model
        self.receipts: dict[str, Receipt] = {}
        self.failures: dict[int, str] = {}
        self.begun = time.monotonic()
        self.before = store.read_manifest(folder) or {}
        self.unchecked: list[Shard] = []
        self.looks: Looks | None = None
        self.asked = range(0)
        """The replications asked for so far; all that the tables hold in the end."""
        self.is_new = len(self.before) == 0 and not (folder / store.SHARDS).exists()

    def run(self, workers: int | None, *, force: bool, progress: bool) -> RunFolder:
        store.sweep(self.folder)
        contents = self._contents()
        study = self.loaded.study
        if study.precision is not None:
            self.looks = Looks(study, study.precision, self.folder, self.plan.hashes, contents)
        if not force:
            self.receipts = {e["path"]: Receipt(**e) for e in self.before.get("shards", [])}
            self.unchecked = self._found()
        stretches = self._stretches()
        first = next(stretches, None)
        if first is None and self._is_complete(contents):
            return RunFolder(self.folder, was_complete=True)
        store.write_bytes(
            self.folder / store.CONFIG, design.config(self.loaded, self.plan.run_id).encode()
        )
        store.write_bytes(self.folder / store.DICTIONARY, tables.dictionary_csv().encode())
        self._write_manifest("running", contents)
        try:
            if first is not None:
                self._compute(first, stretches, workers, contents, progress=progress)
            self._clear_shards()
            written = self._write_tables(contents)
        except InputError:
            self._withdraw()
            raise
        except BaseException:
            # On a full disk this fails as well; what went wrong first is what counts.
            with contextlib.suppress(OSError):
                self._write_manifest("interrupted", contents)
            raise
        self._write_manifest("complete", contents, written)
        return RunFolder(self.folder)

    def _stretches(self) -> Iterator[list[Task]]:
        """Yield what is missing of each stretch; when it has been computed, look whether to go on.

        A stretch is a block of the precision; without one it is all replications.
        """
        looks = self.looks
        whole = range(self.loaded.study.replications)
        for stretch in (whole,) if looks is None else looks.blocks():
            self.asked = range(stretch.stop)
            self._take_stock(stretch)
            todo = blocks.tasks(self.plan.hashes, stretch, self.receipts)
            if len(todo) > 0:
                yield todo
            if looks is not None:
                looks.look(stretch, self.failures, Shelf(self.receipts))

    def _withdraw(self) -> None:
        """Leave nothing of a study that the model refuses, unless there was a run before."""
        if self.is_new:
            shutil.rmtree(self.folder)
            # The folders of the study and of all runs stay only where other runs lie in them.
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()
                self.folder.parent.parent.rmdir()

    def _contents(self) -> dict[str, Any]:
        """Return what the tables are made of, save the shards: as it stands in the manifest."""
        study = self.loaded.study.model_dump(mode="json", exclude_none=True)
        policies = [
            {"name": policy.name, "hash": name, "intent": policy.intent}
            for policy, name in zip(self.loaded.policies, self.plan.hashes, strict=True)
        ]
        contents = {
            "study": study,
            "policies": policies,
            "municipalities": municipalities(self.loaded.grid_folder),
            "analysis_sha256": design.folder_sha256(
                ROOT / "experiments" / "analysis", frozenset({".py"})
            ),
        }
        # As it comes back from the file: tuples as lists.
        as_read: dict[str, Any] = json.loads(json.dumps(contents))
        return as_read

    def _take_stock(self, stretch: range) -> None:
        """Find the shards that are there and whole; keep what is known of those not asked for."""
        near = [shard for shard in self.unchecked if shard.first < stretch.stop]
        self.unchecked = self.unchecked[len(near) :]
        for shard in near:
            known = self.receipts.pop(shard.path, None)
            try:
                receipt = store.check_shard(self.folder, shard, known)
            except DataError as error:
                say(f"computed anew: {error}")
                continue
            if receipt is not None:
                self.receipts[shard.path] = receipt

    def _found(self) -> list[Shard]:
        """Return the shards that are known or there and may be asked for, the first first."""
        found = {*self.receipts, *store.shard_paths(self.folder)}
        shards = blocks.asked_for(found, self.plan.hashes, self.loaded.study.replications)
        return sorted(shards, key=lambda shard: shard.first)

    def _clear_shards(self) -> None:
        """Delete what nothing may read again: damaged shards, and those that `force` replaced."""
        unknown = store.shard_paths(self.folder) - self.receipts.keys()
        for shard in blocks.asked_for(unknown, self.plan.hashes, len(self.asked)):
            (self.folder / shard.path).unlink()

    def _is_complete(self, contents: dict[str, Any]) -> bool:
        if self.before.get("state") != "complete":
            return False
        wanted = {**contents, "precision": self._precision()}
        if any(self.before.get(key) != value for key, value in wanted.items()):
            return False
        written = [Receipt(**entry) for entry in self.before.get("tables", [])]
        damaged = [r.path for r in written if not store.is_intact(self.folder, r)]
        for path in damaged:
            say(f"written anew: {self.folder / path} is missing or damaged")
        return len(damaged) == 0

    def _precision(self) -> dict[str, Any] | None:
        return None if self.looks is None else self.looks.record()

    def _compute(
        self,
        first: Sequence[Task],
        others: Iterable[Sequence[Task]],
        workers: int | None,
        contents: dict[str, Any],
        *,
        progress: bool,
    ) -> None:
        if self.model == the_model():
            ensure_compiled()
        block = len(first) if self.looks is None else self.looks.asked.block
        processes = min(available_cores() if workers is None else workers, block)
        total = len(first) if self.looks is None else None
        noted = time.monotonic()
        with contextlib.ExitStack() as stack:
            advance = stack.enter_context(shown(total, show=progress))
            # Closed here and now: whatever goes wrong, no worker outlives this call.
            todo = chain([first], others)
            outcomes = stack.enter_context(closing(_outcomes(self._job(), todo, processes)))
            for outcome in outcomes:
                self._note(outcome)
                advance(self._remarks())
                if time.monotonic() - noted > SECONDS_BETWEEN_NOTES:
                    self._write_manifest("running", contents)
                    noted = time.monotonic()

    def _remarks(self) -> str:
        """Return what to say beside the progress: failures, and how wide the interval still is."""
        remarks = [f"{len(self.failures)} failed"] if len(self.failures) > 0 else []
        if self.looks is not None:
            remarks += self.looks.remarks()
        return ", ".join(remarks)

    def _job(self) -> Job:
        study = self.loaded.study
        return Job(
            folder=self.folder,
            grid_folder=self.loaded.grid_folder,
            behaviour_folder=self.loaded.behaviour_folder,
            policies=self.loaded.policies,
            hashes=self.plan.hashes,
            parameters=self.loaded.parameters,
            seed=study.seed,
            start=study.start,
            years=study.years,
            model=self.model,
            largest_block=blocks.largest_block(
                len(self.plan.hashes),
                study.years,
                sum(town["inhabitants"] for town in municipalities(self.loaded.grid_folder)),
            ),
        )

    def _note(self, outcome: Outcome) -> None:
        self.receipts.update((receipt.path, receipt) for receipt in outcome.receipts)
        if outcome.error is not None:
            self.failures[outcome.replication] = outcome.error
            say(f"replication {outcome.replication} failed: {outcome.error}")

    def _write_tables(self, contents: dict[str, Any]) -> list[Receipt]:
        # A replication counts only where every policy has it, so that comparisons stay paired.
        whole = [k for k in self.asked if k not in self.failures]
        shelf = Shelf(self.receipts)
        written = store.assemble(
            self.folder,
            {name: shelf.pieces(name, self.plan.hashes, whole) for name in tables.MODEL_TABLES},
        )
        from experiments.analysis import cells, compare, measures, summary

        values = measures.measure(RunFolder(self.folder), contents)
        found = cells.all_cells(values)
        frames = {
            "summary": summary.summarise(values, found),
            "differences": compare.differences(values, cells=found),
        }
        if self.looks is not None:
            self.looks.put_interval(frames["differences"])
        for name, frame in frames.items():
            written += store.write_frame(self.folder, name, frame)
        return written

    def _write_manifest(
        self, state: str, contents: dict[str, Any], written: Sequence[Receipt] = ()
    ) -> None:
        manifest = {
            "schema_version": design.SCHEMA_VERSION,
            "run_id": self.plan.run_id,
            "state": state,
            "seed": self.loaded.study.seed,
            **contents,
            "precision": self._precision(),
            "identity": self.plan.identity,
            "versions": {"python": platform.python_version(), **design.versions()},
            "processor": processor(),
            "failures": [self._failure(k, self.failures[k]) for k in sorted(self.failures)],
            "wall_s": round(time.monotonic() - self.begun, 3),
            "tables": [receipt._asdict() for receipt in written],
            "shards": [self.receipts[path]._asdict() for path in sorted(self.receipts)],
        }
        store.write_manifest(self.folder, manifest)

    def _failure(self, replication: int, error: str) -> dict[str, Any]:
        study, seed = _portable(self.loaded.path), self.loaded.study.seed
        call = f"reproduce(Path({study!r}), {replication}, seed={seed})"
        code = f"from pathlib import Path; from experiments.engine.runner import reproduce; {call}"
        return {"replication": replication, "error": error, "reproduce": f'python -c "{code}"'}


def _outcomes(
    job: Job, stretches: Iterable[Sequence[Task]], processes: int
) -> Generator[Outcome, None, None]:
    return serial(job, stretches) if processes == 1 else parallel(job, stretches, processes)


def _portable(path: Path) -> str:
    """Return a path without folders of this machine: relative to the present one, or the name."""
    here = Path.cwd()
    full = path.resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.name


def municipalities(grid_folder: Path) -> list[dict[str, Any]]:
    """Return code, name and inhabitants of each municipality of a grid.

    Raises:
        DataError: the table is missing or faulty.
    """
    path = grid_folder / MUNICIPALITIES
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            {
                "gm_code": row["gm_code"],
                "name": row["name"],
                "inhabitants": int(row["population_2014"]),
            }
            for row in rows
        ]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error!r}") from error


def processor() -> list[str]:
    """Return the processor features that NumPy found; log and exp may differ by them."""
    import numpy as np

    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return [platform.machine(), *found]
