"""Maps of the municipalities on the grid's own outlines, with the value printed in each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.report import statements
from experiments.report.chart_tools import INK, PALE, QUIET, Canvas, axes_at, short
from experiments.report.charts import Chart
from experiments.report.facts import Facts
from experiments.report.words import Words

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_GRID = "data/twente_grid"
PALE_BLUES = ("#eef4f9", "#8fbfe0")
"""Light enough that dark names stay readable on every shade."""
SCALE_KM = 10


def grid_folder(facts: Facts) -> Path | None:
    """Return the folder of the run's grid, nothing where this checkout does not have it."""
    folder = ROOT / (facts.setting.grid or DEFAULT_GRID)
    return folder if (folder / "cells.csv").is_file() else None


def load_outlines(folder: Path) -> GeoDataFrame:
    """Return one row per municipality (gm_code, name, geometry) in metres of EPSG:28992.

    Raises:
        DataError: the grid is faulty.
    """
    from sim.grid import load_grid, municipality_outlines

    outlines = municipality_outlines(load_grid(folder))
    # Joined cells keep a point at every corner of a cell; those on a straight edge say nothing.
    outlines["geometry"] = outlines.geometry.simplify(0.0)
    return outlines


def coverage_map(facts: Facts, words: Words, outlines: GeoDataFrame) -> Chart:
    """Return two maps of registered per 100 inhabitants: start and end of the reference policy."""
    reference, setting = facts.setting.reference, facts.setting
    years = words.count(setting.years)
    said = [
        words(
            "alternative.coverage_row",
            place=place.name,
            first=words.hundred(facts.coverage[reference, place.gm_code][0]),
            last=words.hundred(facts.coverage[reference, place.gm_code][1]),
        )
        for place in facts.places
        if (reference, place.gm_code) in facts.coverage
    ]
    return Chart(
        name="map",
        title=statements.map_title(facts, words),
        subtitle=words("subtitle.map", years=years, n=words.count(setting.replications)),
        source=words("page.source_map", run_id=setting.run_id),
        alternative=words("alternative.map", years=years, rows="; ".join(said)),
        draw=lambda canvas: _two_maps(canvas, facts, words, outlines),
    )


def _two_maps(canvas: Canvas, facts: Facts, words: Words, outlines: GeoDataFrame) -> Figure:
    west, south, east, north = outlines.total_bounds
    panels = 1 if canvas.narrow else 2
    width = (canvas.width_in - 0.1 * (panels + 1)) / panels
    height = width * (north - south) / (east - west)
    down = 2 if canvas.narrow else 1
    figure, _, foot = canvas.figure((height + 0.35) * down + 0.1)
    titles = (words("axis.start"), words("axis.end", years=words.count(facts.setting.years)))
    reference = facts.setting.reference
    known = [
        v for (policy, _), pair in facts.coverage.items() if policy == reference for v in pair
    ]
    for moment, title in enumerate(titles):
        column, row = (0, moment) if canvas.narrow else (moment, 0)
        bottom = foot + (down - 1 - row) * (height + 0.35)
        axes = axes_at(figure, 0.1 + column * (width + 0.1), bottom, width, height)
        axes.set_title(title, size=9.5, loc="left", color=QUIET)
        axes.set_axis_off()
        values = [
            facts.coverage.get((facts.setting.reference, str(code)), (math.nan,) * 2)[moment]
            for code in outlines["gm_code"]
        ]
        _one_map(axes, outlines, values, words, (min(known), max(known)))
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        _scale_bar(axes, words, west, south)
    return figure


def _one_map(
    axes: Axes,
    outlines: GeoDataFrame,
    values: list[float],
    words: Words,
    ends: tuple[float, float],
) -> None:
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex
    from shapely import maximum_inscribed_circle

    shades = LinearSegmentedColormap.from_list("blues", PALE_BLUES)
    scale = Normalize(*ends)
    colors = [to_hex(shades(scale(v))) if math.isfinite(v) else "#ffffff" for v in values]
    outlines.plot(ax=axes, color=colors, edgecolor=PALE, linewidth=0.6, aspect="equal")
    for name, shape, value in zip(outlines["name"], outlines.geometry, values, strict=True):
        # The centre of the largest circle inside: where a name has most room.
        x, y = maximum_inscribed_circle(shape, tolerance=100.0).coords[0]
        # A long double name takes two lines, or it would run into its neighbour.
        text = short(str(name)).replace("-", "-\n").replace(" van ", " van\n")
        axes.text(
            x, y, f"{text}\n{words.hundred(value)}", ha="center", va="center",
            size=7, linespacing=1.05, color=INK,
        )  # fmt: skip


def _scale_bar(axes: Axes, words: Words, west: float, south: float) -> None:
    length = SCALE_KM * 1000
    axes.plot([west, west + length], [south + 300] * 2, color=INK, lw=2, solid_capstyle="butt")
    axes.text(west, south + 900, words("axis.km", n=words.count(SCALE_KM)), size=8)
