"""The command `bench scale`: what is measured, printed and written."""

from __future__ import annotations

from pathlib import Path

from benchmarks import machine
from benchmarks.rounds import Say
from benchmarks.scale import report
from benchmarks.scale.country import TiledCountry, national_parameters, national_policies
from benchmarks.scale.limits import Limit, limits
from benchmarks.scale.study import Extent, grow
from benchmarks.scale.workers import measure_gain
from experiments.study import ROOT, load_study

PAGE = "scale.md"
COMMAND = "python3 run.py bench scale"


def largest_limits(extent: Extent) -> list[Limit]:
    """Return what the largest country with the largest rate needs of the model's addresses."""
    loaded, tiles = load_study(ROOT / "experiments" / "compare_scenarios.toml"), max(extent.tiles)
    return limits(
        TiledCountry(tiles)(loaded.grid_folder, loaded.behaviour_folder),
        national_policies(loaded.policies, tiles),
        national_parameters(loaded.parameters, max(extent.rates)),
        loaded.study.start,
        extent.base.years,
    )


def scale(extent: Extent, out: Path | None, say: Say) -> None:
    """Measure the growth, print its tables and write page and plot.

    Args:
        extent: how far the study goes.
        out: folder of the page and the plot; nothing is written without one.
        say: takes lines on how it goes.

    Raises:
        OverflowError: the model cannot address the largest country.
    """
    needed = largest_limits(extent)
    too_small = [limit.what for limit in needed if not limit.holds]
    if too_small:
        raise OverflowError(f"too small for {max(extent.tiles)} tiles: {', '.join(too_small)}")
    growths = grow(extent, say)
    gain = measure_gain(extent.plan)
    for growth in growths:
        print("\n".join([*report.growth_table(growth), ""]))
    print("\n".join([*report.slope_table(growths), "", report.gain_in_words(gain, extent)]))
    if out is not None:
        text = report.page(growths, gain, needed, extent, machine.facts(), COMMAND)
        (out / PAGE).write_text(text, encoding="utf-8")
        (out / report.PLOT).write_text(report.plot(growths), encoding="utf-8")
        say(f"written: {out / PAGE}, {out / report.PLOT}")
