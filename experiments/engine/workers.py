"""Computes blocks of replications, here or in other processes; each writes its own shards."""

# mypy: allow-untyped-calls
# distributed declares itself typed, but leaves the functions called here without types.

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

import numpy as np

from experiments.engine import formats, store, tables
from experiments.engine.blocks import Task, blocks
from experiments.engine.store import Receipt, Shard
from sim.errors import DataError, InputError
from sim.parameters import Parameters
from sim.policy import Policy

if TYPE_CHECKING:
    import pyarrow as pa
    from distributed import Client, Future

LoadWorld: TypeAlias = Callable[[Path, Path], object]
"""Loads what every replication is given from the folders of the grid and of the behaviour."""
INTERRUPTED, TERMINATED = 130, 143
SECONDS_BETWEEN_LOOKS = 0.5
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Outcomes(Protocol):
    """What the model returns: four tables of one replication under some policies."""

    @property
    def actions(self) -> tables.Columns:
        """One row for each action."""

    @property
    def incidents(self) -> tables.Columns:
        """One row for each eligible incident, the same under all policies."""

    @property
    def register(self) -> tables.Columns:
        """One row for each policy, month and municipality."""

    @property
    def costs(self) -> tables.Columns:
        """One row for each policy, year, municipality, payer and task."""


class Model(NamedTuple):
    """What is run: `sim.replication.simulate` with `World.load`, or stand-ins for them."""

    simulate: Callable[..., Outcomes]
    load_world: LoadWorld


class Job(NamedTuple):
    """What every task of a run shares; it travels to the workers, so all of it can be pickled."""

    folder: Path
    grid_folder: Path
    behaviour_folder: Path
    policies: tuple[Policy, ...]
    hashes: tuple[str, ...]
    parameters: Parameters
    seed: int
    start: date
    years: int
    model: Model
    largest_block: int


class Outcome(NamedTuple):
    """What is left of a task: the text of what it raised, or receipts of its shards.

    The last of the replications that share a shard has its receipt.
    """

    replication: int
    receipts: tuple[Receipt, ...]
    error: str | None


Parts: TypeAlias = "dict[tuple[str, str], pa.Table]"
"""Rows of one replication by table and policy (its hash; empty: incidents)."""


class _Recorded:
    """Keeps the text of what a replication raises, so that the others can go on.

    Invalid input and a disk that fails are no fault of one replication: they pass, and end the
    run.
    """

    def __init__(self) -> None:
        self.text: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, InputError | OSError):
            return False
        where = traceback.extract_tb(trace)[-1]
        place = f"{Path(where.filename).name}:{where.lineno} in {where.name}"
        self.text = f"{type(error).__name__}: {error} ({place})"
        return True


def perform(job: Job, block: Sequence[Task]) -> list[Outcome]:
    """Compute replications for the policies that miss them and write their shards.

    Args:
        job: what the run shares.
        block: consecutive replications that miss the same.

    Returns:
        An outcome for each replication, in their order.

    Raises:
        InputError: the model refuses a policy or parameter.
        DataError: the world cannot be loaded.
        OSError: a shard cannot be written.
    """
    world = _world(job.model.load_world, job.grid_folder, job.behaviour_folder)
    outcomes: list[Outcome] = []
    waiting: list[Parts] = []
    for task in block:
        with _Recorded() as recorded:
            # All are checked before the first is written: a faulty replication leaves nothing.
            waiting.append(_compute(job, world, task))
        if recorded.text is not None:
            _write(job, outcomes, waiting)
        outcomes.append(Outcome(task.replication, (), recorded.text))
    _write(job, outcomes, waiting)
    return outcomes


def _compute(job: Job, world: object, task: Task) -> Parts:
    # Incidents are the same under all policies: where only they are missing, any policy will do.
    wanted = task.missing if len(task.missing) > 0 else (0,)
    result = job.model.simulate(
        world,
        [job.policies[index] for index in wanted],
        job.parameters,
        seed=job.seed,
        replication=task.replication,
        start=job.start,
        years=job.years,
    )
    parts: Parts = {}
    if task.incidents:
        columns = _of_replication("incidents", result.incidents, task.replication)
        parts["incidents", ""] = formats.to_arrow("incidents", columns)
    names = [job.policies[index].name for index in task.missing]
    hashes = [job.hashes[index] for index in task.missing]
    for table in tables.POLICY_TABLES:
        columns = _of_replication(table, getattr(result, table), task.replication)
        of_policies = formats.by_policy(table, columns, names)
        parts |= {(table, policy): part for policy, part in zip(hashes, of_policies, strict=True)}
    return parts


def _write(job: Job, outcomes: list[Outcome], waiting: list[Parts]) -> None:
    """Write the replications that wait, give the last of them the receipts, and empty the list."""
    import pyarrow as pa

    if len(waiting) == 0:
        return
    last = outcomes.pop()
    first = last.replication - len(waiting) + 1
    receipts = [
        store.write_shard(
            job.folder,
            Shard(table, policy, first, last.replication),
            pa.concat_tables([parts[table, policy] for parts in waiting]),
        )
        for table, policy in waiting[0]
    ]
    outcomes.append(last._replace(receipts=tuple(receipts)))
    waiting.clear()


@lru_cache(maxsize=1)
def _world(load_world: LoadWorld, grid_folder: Path, behaviour_folder: Path) -> object:
    return load_world(grid_folder, behaviour_folder)


def _of_replication(table: str, columns: tables.Columns, replication: int) -> tables.Columns:
    found = np.unique(columns["replication"])
    if len(found) > 1 or (len(found) == 1 and found[0] != replication):
        raise DataError(f"{table}: asked for replication {replication}, got {found.tolist()}")
    return columns


def serial(job: Job, stretches: Iterable[Sequence[Task]]) -> Generator[Outcome, None, None]:
    """Compute the tasks one after the other in this process.

    A stretch is asked for when every outcome of the one before has been taken.
    """
    with _terminable():
        for todo in stretches:
            for block in blocks(todo, 1, job.largest_block):
                yield from perform(job, block)


def parallel(
    job: Job, stretches: Iterable[Sequence[Task]], workers: int
) -> Generator[Outcome, None, None]:
    """Compute the tasks in `workers` processes here and yield the outcomes as they come.

    A stretch is asked for when every outcome of the one before has been taken. No more than twice
    as many blocks as workers are handed out at a time. A worker that dies is started anew and its
    block given to another; the tasks of a block that kills several workers come back as failed.

    Raises:
        KeyboardInterrupt: Ctrl-C; a second one ends the process at once.
        SystemExit: the process was asked to end (SIGTERM).
    """
    with _stoppable() as stop, _cluster(workers, stop) as client:
        for todo in stretches:
            waiting = blocks(todo, workers, job.largest_block)[::-1]
            running: dict[Future[Any], tuple[Task, ...]] = {}
            while len(waiting) > 0 or len(running) > 0:
                while len(waiting) > 0 and len(running) < 2 * workers:
                    block = waiting.pop()
                    running[client.submit(perform, job, block, pure=False)] = block
                for future in _done(running, stop):
                    yield from _outcomes(future, running.pop(future))


def _done(running: Mapping[Future[Any], object], stop: _Stop) -> list[Future[Any]]:
    from distributed import wait

    while True:
        stop.check()
        with contextlib.suppress(TimeoutError):
            return list(
                wait(
                    list(running), timeout=SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED"
                ).done
            )


def _outcomes(future: Future[Any], block: Sequence[Task]) -> list[Outcome]:
    from distributed import KilledWorker

    try:
        outcomes: list[Outcome] = future.result()
    except KilledWorker as error:
        text = f"KilledWorker: the worker process died each time ({error.allowed_failures + 1})"
        return [Outcome(task.replication, (), text) for task in block]
    return outcomes


@contextlib.contextmanager
def _cluster(workers: int, stop: _Stop) -> Iterator[Client]:
    import logging

    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.nanny.pre-spawn-environ": ONE_THREAD,
        "distributed.worker.daemon": True,
    }
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="burgernet-", ignore_cleanup_errors=True)
        )
        stack.enter_context(dask.config.set(settings))
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                local_directory=scratch,
                silence_logs=logging.CRITICAL,
            )
        )
        client = stack.enter_context(Client(cluster))
        # The workers ignore Ctrl-C, having inherited that; from here on this process notes it.
        stop.listen()
        yield client


class _Stop:
    """Notes a signal that asks the run to end; what is under way is left, what is there stays."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def listen(self) -> None:
        """Start to note Ctrl-C."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.note)

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal; a second Ctrl-C finds somebody who will not wait."""
        if self.signal is not None and number == signal.SIGINT:
            import os

            os._exit(INTERRUPTED)
        self.signal = number

    def check(self) -> None:
        """Raise what the noted signal stands for."""
        if self.signal == signal.SIGTERM:
            raise SystemExit(TERMINATED)
        if self.signal is not None:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _stoppable() -> Iterator[_Stop]:
    stop = _Stop()
    with _handlers({signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: stop.note}):
        yield stop


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    with _handlers({signal.SIGTERM: end}):
        yield


@contextlib.contextmanager
def _handlers(handlers: dict[int, Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # Python lets only the main thread set handlers; elsewhere the caller's stand.
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
