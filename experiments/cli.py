"""The command `burgernet`: its arguments, and how what happens becomes an exit code."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from sim.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.engine.store import RunFolder

# Whatever is heavy is imported by the command that needs it: `burgernet --help` answers at once.

DONE, INVALID, SOME_FAILED, DATA_PROBLEM, INTERRUPTED, TERMINATED = 0, 2, 3, 4, 130, 143

MANIFEST = "manifest.json"
MOST_NAMES = 2
Language: TypeAlias = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")

_FILE = click.Path(path_type=Path)
_REPLICATIONS = click.IntRange(1, 100_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; messages go to standard error.

    Args:
        arguments: the words after `burgernet`; those of the process by default.

    Returns:
        0 done; 2 usage or invalid input; 3 some replications failed; 4 data or disk problem;
        130 or 143 stopped by a signal.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(arguments)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = burgernet.main(args=arguments, prog_name="burgernet", standalone_mode=False)
        sys.stdout.flush()
    except (click.ClickException, click.Abort, KeyboardInterrupt) as error:
        return _unfinished(error)
    except (InputError, DataError, OSError) as error:
        return _refused(error)
    except SystemExit as error:
        # click ends with 1 when the reader of standard output has gone.
        return _reader_gone() if error.code == 1 else int(error.code or DONE)
    return code if isinstance(code, int) else DONE


def _unfinished(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return INVALID
    _say("Stopped.")
    return INTERRUPTED


def _refused(error: InputError | DataError | OSError) -> int:
    if isinstance(error, OSError):
        if error.errno == errno.EPIPE:
            return _reader_gone()
        _say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return DATA_PROBLEM
    _say(str(error))
    if isinstance(error, DataError):
        return DATA_PROBLEM
    count = len(str(error).splitlines())
    _say(f"{count} {'fault' if count == 1 else 'faults'}; nothing was written.")
    return INVALID


def _reader_gone() -> int:
    """Let nothing be written to a pipe that nobody reads (`burgernet ... | head`): no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _say(text: str) -> None:
    click.echo(text, err=True)


_EXAMPLES = """\b
Examples:
  burgernet run experiments/compare_scenarios.toml    the main comparison
  burgernet scenarios                                 the policies
  burgernet report results/compare_scenarios          its report as HTML
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXAMPLES)
@click.version_option(package_name="burgernet-twente", message="%(prog)s %(version)s")
def burgernet() -> None:
    """Compare policies for the citizen-alert network Burgernet in Twente."""


@burgernet.command()
@click.argument("study", type=_FILE)
@click.option(
    "--out", type=_FILE, default="results", show_default=True, help="Folder of all runs."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes; by default one per core.")
@click.option(
    "--replications",
    type=_REPLICATIONS,
    help="Instead of the study's number; its precision then does not count.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Instead of the study's seed.")
@click.option("--force", is_flag=True, help="Compute everything anew.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def run(
    *,
    study: Path,
    out: Path,
    workers: int | None,
    replications: int | None,
    seed: int | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Run a study, or what is missing of it.

    Prints a table of the outcomes and, as the last line, the folder of the run.
    """
    from experiments.study import load_study

    stated = load_study(study)
    loaded = stated.changed(replications=replications, seed=seed)
    if replications is not None and stated.study.precision is not None:
        _say(f"--replications {replications}: the precision of the study does not count.")
    if dry_run:
        from experiments import printing

        facts = printing.plan(loaded, out, workers)
        _print_json(facts) if as_json else click.echo(printing.plan_in_words(facts))
        return DONE
    from experiments.engine.runner import run_study

    done = run_study(loaded, out=out, workers=workers, force=force)
    failures = done.failures
    for failure in failures:
        _say(f"replication {failure['replication']} failed: {failure['error']}")
        _say(f"  to see it again: {failure['reproduce']}")
    if done.was_complete:
        _say("This run was complete already: nothing had to be computed.")
    if as_json:
        _print_json(_outcome(done))
    else:
        from experiments.report import terminal_table

        click.echo(terminal_table(done))
        click.echo(str(done.path))
    return SOME_FAILED if failures else DONE


def _outcome(done: RunFolder) -> dict[str, object]:
    from experiments import printing

    summary = done.table("summary")
    whole = summary[(summary["year"] == 0) & (summary["gm_code"] == "all")]
    return {
        "run_folder": str(done.path),
        "was_complete": done.was_complete,
        "failures": done.failures,
        "precision": done.manifest()["precision"],
        "summary": _records(whole),
        "differences": _records(printing.differences(done.path, None)),
    }


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table for JSON, null where there is no number."""
    rows: list[dict[str, object]] = json.loads(table.to_json(orient="records"))
    return rows


@burgernet.command()
@click.argument("run_folder", metavar="RUN", type=_FILE)
@click.option("--against", metavar="NAME", help="Policy to compare with; by default the study's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every measure.")
def compare(run_folder: Path, against: str | None, *, as_json: bool) -> None:
    """Print the paired differences between policies, and what pairing saved."""
    from experiments import printing

    path = _run_path(run_folder)
    table = printing.differences(path, against)
    if as_json:
        _print_json(_records(table))
        return
    click.echo(printing.differences_in_words(table))
    chosen = printing.chosen_by_precision(path)
    if chosen is not None:
        click.echo(f"\n{chosen}")


@burgernet.command()
@click.argument("run_folder", metavar="RUN", type=_FILE)
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language; by default both.")
@click.option("--out", type=_FILE, help="File to write; asks for --lang.")
def report(run_folder: Path, lang: Language | None, out: Path | None) -> None:
    """Write the report of a run as HTML.

    One self-contained file per language; prints their paths. Unless --out names a file, the
    figures are written beside them, as SVG and PNG.
    """
    if out is not None and lang is None:
        raise click.UsageError("--out names one file: say with --lang in which language.")
    from experiments.engine.store import RunFolder
    from experiments.report import write_all, write_report

    run = RunFolder.open(_run_path(run_folder))
    if out is not None and lang is not None:
        click.echo(str(write_report(run, lang, out)))
        return
    for page in write_all(run, LANGUAGES if lang is None else (lang,)):
        click.echo(str(page))


@burgernet.command()
@click.argument("file", type=_FILE)
def check(file: Path) -> None:
    """Check a study or a policy, and all that it names."""
    from experiments import printing

    click.echo(printing.checked(file))


@burgernet.command()
@click.argument("names", metavar="[NAME [NAME]]", nargs=-1)
def scenarios(names: tuple[str, ...]) -> None:
    """List the policies, or show one, or compare two.

    Of one policy: its levers and the file that states each. Of two: what sets them apart.
    """
    from experiments import printing

    if len(names) > MOST_NAMES:
        raise click.UsageError(f"Name one policy or two, not {len(names)}.")
    shown = (printing.all_policies, printing.one_policy, printing.two_policies)[len(names)]
    click.echo(shown(*names))


@burgernet.command()
@click.argument("study", type=_FILE)
@click.option("--check", "only_check", is_flag=True, help="Print the table of the first year.")
@click.option("--replications", type=_REPLICATIONS, help="Instead of the study's number.")
def calibrate(study: Path, replications: int | None, *, only_check: bool) -> None:
    """Compare the first year with its targets."""
    if not only_check:
        raise click.UsageError("Say --check: it compares the first year with its targets.")
    from experiments.analysis.first_year import first_year_table
    from experiments.analysis.sequential import FIRST_LOOK
    from experiments.study import load_study

    loaded = load_study(study).changed(replications=replications, seed=None)
    # Where a precision decides the number, the study's own is the largest that may come of it.
    number = loaded.study.replications if loaded.study.precision is None else FIRST_LOOK
    click.echo(first_year_table(loaded, number))


@burgernet.command()
@click.argument("name", required=False)
def parameters(name: str | None) -> None:
    """Print the uncertain parameters, or one of them in full."""
    from experiments import printing

    click.echo(printing.parameters(name))


@burgernet.command()
@click.option(
    "--block",
    type=click.IntRange(10, 1000),
    default=20,
    show_default=True,
    help="Replications between two looks; a divisor of 600.",
)
@click.option(
    "--level",
    type=click.FloatRange(0.5, 1.0, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals.",
)
@click.option(
    "--runs",
    type=click.IntRange(100, 1_000_000),
    default=20_000,
    show_default=True,
    help="Runs to imitate for each distribution.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True)
def coverage(*, block: int, level: float, runs: int, seed: int) -> None:
    """Check by simulation how often the intervals of `precision` cover.

    Prints the lowest coverage over many targets for values of known distributions.
    """
    from experiments.analysis.coverage import MOST, table

    if MOST % block != 0:
        raise click.UsageError(f"--block {block} is no divisor of {MOST}.")
    click.echo(table(block=block, level=level, paths=runs, seed=seed))


@burgernet.group()
def grid() -> None:
    """Check the grid of inhabitants."""


@grid.command("check")
@click.argument("folder", type=_FILE, required=False)
def grid_check(folder: Path | None) -> None:
    """Check cells, municipalities and totals of a grid folder; by default that of Twente."""
    from experiments import printing

    click.echo(printing.checked_grid(folder))


@burgernet.command()
@click.option("--out", type=_FILE, help="Folder to write the files into; by default print them.")
def schema(out: Path | None) -> None:
    """Give the JSON Schemas of studies and policies."""
    from experiments import printing

    found = printing.schemas()
    if out is None:
        _print_json(found)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        (out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        click.echo(str(out / name))


def _run_path(path: Path) -> Path:
    """Return the run folder that a path means: itself, or the only run inside it."""
    if (path / MANIFEST).is_file():
        return path
    inside = sorted(p.parent for p in path.glob(f"*/{MANIFEST}")) if path.is_dir() else []
    if len(inside) > 1:
        runs = ", ".join(str(run) for run in inside)
        raise InputError(f"{path}: there are {len(inside)} runs here, name one: {runs}")
    if not inside:
        raise InputError(f"{path}: there is no run here ({MANIFEST} is missing)")
    return inside[0]


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
