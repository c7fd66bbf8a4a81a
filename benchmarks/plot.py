"""The plot of the comparison: dots on a logarithmic scale, their values written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.figures import Figures
from benchmarks.page import number
from experiments.report.chart_tools import (
    BLUE,
    GRID,
    INK,
    ORANGE,
    QUIET,
    axes_at,
    drawing,
    svg_text,
    width_in,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE_IN = 7.2
_ROW_IN, _HEAD_IN, _FOOT_IN = 0.42, 0.75, 0.35
_SIZE = 9.5


def speed_plot(found: Sequence[Figures], reference: str) -> str:
    """Draw the seconds per policy-decade of all contestants, the slowest first."""
    from matplotlib.figure import Figure

    order = sorted(found, key=lambda one: -one.decade_s.median)
    names = [one.contestant.label for one in order]
    values = [_value(one, reference) for one in order]
    body = _ROW_IN * len(order)
    with drawing():
        figure = Figure(figsize=(WIDE_IN, _HEAD_IN + body + _FOOT_IN))
        heading(
            figure,
            "Time for one policy over ten years",
            "Seconds of processor time on a logarithmic scale; median and range over the rounds",
        )
        left = 0.3 + max(width_in(figure, name, _SIZE) for name in names)
        right = 0.3 + max(width_in(figure, value, _SIZE) for value in values)
        axes = axes_at(figure, left, _FOOT_IN, WIDE_IN - left - right, body)
        _rows(axes, order, names, values)
        return svg_text(figure)


def _value(one: Figures, reference: str) -> str:
    """Return the time and how many times as fast as the reference that is."""
    seconds = f"{number(one.decade_s.median)} s"
    if one.contestant.name == reference:
        return f"{seconds} (reference)"
    return f"{seconds}, {number(one.times_reference.median)} times as fast"


def heading(figure: Figure, title: str, subtitle: str) -> None:
    """Write what is shown above it."""
    height = float(figure.get_size_inches()[1])
    figure.text(0.015, 1.0 - 0.12 / height, title, va="top", size=12, weight="bold")
    figure.text(0.015, 1.0 - 0.4 / height, subtitle, va="top", size=9, color=QUIET)


def _rows(
    axes: Axes, order: Sequence[Figures], names: Sequence[str], values: Sequence[str]
) -> None:
    axes.set_xscale("log")
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_yticks(range(len(order)), names, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    beside = axes.get_yaxis_transform()
    for y, (one, value) in enumerate(zip(order, values, strict=True)):
        ours = one.contestant.name.startswith("engine")
        color, marker = (ORANGE, "s") if ours else (BLUE, "o")
        axes.plot([one.decade_s.low, one.decade_s.high], [y, y], color=color, lw=2.2)
        axes.plot([one.decade_s.median], [y], marker, color=color, ms=7)
        axes.text(1.04, y, value, transform=beside, va="center")
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
