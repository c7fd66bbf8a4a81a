"""The comparison of the contestants: what is measured, printed and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.contestant import Workload
from benchmarks.figures import figures
from benchmarks.page import PLOT, page, profile_table, speed_table
from benchmarks.plot import speed_plot
from benchmarks.profile import shares
from benchmarks.registry import CONTESTANTS, REFERENCE, TRUTH
from benchmarks.rounds import Say, measure
from experiments.study import ROOT, load_study
from sim.world import World

STUDY = ROOT / "experiments" / "compare_scenarios.toml"
PAGE = "benchmarks.md"
COMMAND = "python3 run.py bench"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    years: int
    sample_weeks: int
    rounds: int


FULL = Size(years=10, sample_weeks=8, rounds=5)
QUICK = Size(years=1, sample_weeks=4, rounds=2)


def workload(size: Size) -> Workload:
    """Return the main study, or its first years."""
    loaded = load_study(STUDY)
    return Workload(
        world=World.load(loaded.grid_folder, loaded.behaviour_folder),
        policies=loaded.policies,
        parameters=loaded.parameters,
        seed=loaded.study.seed,
        replication=0,
        start=loaded.study.start,
        years=size.years,
        sample_weeks=size.sample_weeks,
    )


def compare(size: Size, out: Path | None, say: Say) -> None:
    """Measure all contestants, print the tables and write page and plot.

    Args:
        size: how much is measured.
        out: folder of the page and the plot; nothing is written without one.
        say: takes lines on how it goes.

    Raises:
        OutcomesDifferError: the contestants do not simulate the same; no speed is printed.
    """
    given = workload(size)
    measured = measure(CONTESTANTS, TRUTH, given, size.rounds, say)
    found = figures(measured, REFERENCE)
    engine = next(one for one in CONTESTANTS if one.name == TRUTH)
    profile = shares(engine.prepare(given)(0))
    print("\n".join([*speed_table(found), "", *profile_table(profile)]))
    if out is not None:
        text = page(measured, found, profile, machine.facts(), COMMAND)
        (out / PAGE).write_text(text, encoding="utf-8")
        (out / PLOT).write_text(speed_plot(found, REFERENCE), encoding="utf-8")
        say(f"written: {out / PAGE}, {out / PLOT}")
