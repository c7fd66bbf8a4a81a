"""The page and the plot of the study of scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.page import number, table
from benchmarks.plot import WIDE_IN, heading
from benchmarks.scale.limits import Limit
from benchmarks.scale.study import Extent, Growth
from benchmarks.scale.workers import Gain
from experiments.report.chart_tools import (
    BLUE,
    GRID,
    ORANGE,
    QUIET,
    axes_at,
    drawing,
    svg_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT = "scale.svg"
_PAGE = """\
# How the engine grows

*Written by `{command}`; run it again rather than edit it.*

The country is Twente side by side with itself, with the national participation of 8.3 % and about
4.3 actions per 10,000 inhabitants a year under every policy but `stop`. One replication of {years}
years; each point in a fresh process, medians of {rounds} rounds. Where it is not what grows, the
country has {tiles} tiles of 626,330 inhabitants and there are {policies} policies.

![Processor time and memory by inhabitants, actions and policies]({plot})

{tables}

Slopes are those of the logarithm of time or memory over the logarithm of what grows: 1 is linear,
less is better; *last step* is the slope between the two largest points, where fixed costs weigh
least.

{slopes}

## Workers

{workers}

## What the country needs of the model's addresses

For {largest} tiles over {years} years, at {rate} times the national rate.

{limits}

- Robberies follow inhabitants and density: the shares of the three cities of Twente go by name,
  and no copy has their names.
- Each tile brings two operators, at most 50 together, as many as a policy may have. Every tile has
  police areas of its own.

## Measured on

{machine}
"""


def growth_table(growth: Growth) -> list[str]:
    """Return the points of one axis."""
    columns = {
        growth.axis.unit: [f"{value:,.0f}" for value in growth.values],
        "participants": [f"{cost.participants:,}" for cost in growth.costs],
        "actions a year": [f"{cost.actions_per_year:,.0f}" for cost in growth.costs],
        "recipients": [f"{cost.recipients:,}" for cost in growth.costs],
        "CPU s": [number(cost.cpu_s) for cost in growth.costs],
        "wall s": [number(cost.wall_s) for cost in growth.costs],
        "peak MB": [number(cost.peak_mb) for cost in growth.costs],
    }
    return table(list(columns), list(zip(*columns.values(), strict=True)))


def slope_table(growths: Sequence[Growth]) -> list[str]:
    """Return the slopes of all axes."""
    rows = [
        [
            growth.axis.name,
            f"{growth.cpu_slope:.2f}",
            f"{growth.last_cpu_slope:.2f}",
            f"{growth.memory_slope:.2f}",
            "linear or better" if growth.linear_or_better else "worse than linear",
        ]
        for growth in growths
    ]
    return table(["by", "time", "time, last step", "memory", "growth"], rows)


def gain_in_words(gain: Gain, extent: Extent) -> str:
    """Return what a second worker gains."""
    plan, one, two = extent.plan, number(gain.one_s), number(gain.two_s)
    return (
        f"One more replication of {plan.policies} policies over {plan.years} years of "
        f"{plan.tiles} tile(s) takes {one} s on one worker and {two} s on two, best of "
        f"{plan.rounds} rounds: an efficiency of {100.0 * gain.efficiency:.0f} %."
    )


def page(
    growths: Sequence[Growth],
    gain: Gain,
    limits: Sequence[Limit],
    extent: Extent,
    machine: Mapping[str, str],
    command: str,
) -> str:
    """Return the whole page."""
    rows = [
        [limit.what, f"{limit.needed:,}", f"{limit.below:,}", "holds" if limit.holds else "FAILS"]
        for limit in limits
    ]
    tables = [
        f"### By {growth.axis.name}\n\n" + "\n".join(growth_table(growth)) for growth in growths
    ]
    return _PAGE.format(
        command=command,
        years=extent.base.years,
        rounds=extent.rounds,
        tiles=extent.base.tiles,
        policies=extent.base.policies,
        plot=PLOT,
        tables="\n\n".join(tables),
        slopes="\n".join(slope_table(growths)),
        workers=gain_in_words(gain, extent),
        largest=max(extent.tiles),
        rate=f"{max(extent.rates):g}",
        limits="\n".join(table(["what", "needed", "below", ""], rows)),
        machine="\n".join(table(["what", "which"], [[n, v] for n, v in machine.items()])),
    )


_PANEL_IN, _GAP_IN, _LEFT_IN = 1.55, 0.75, 0.55


def plot(growths: Sequence[Growth]) -> str:
    """Draw time (above) and memory (below) along every axis, on logarithmic scales."""
    from matplotlib.figure import Figure

    width = (WIDE_IN - _LEFT_IN * len(growths) - 0.35) / len(growths)
    height = 0.85 + 2 * _PANEL_IN + 2 * _GAP_IN
    with drawing():
        figure = Figure(figsize=(WIDE_IN, height))
        heading(
            figure,
            "Time and memory of one replication as the country grows",
            "Logarithmic scales; the thin line is linear growth from the first point",
        )
        for i, growth in enumerate(growths):
            left = _LEFT_IN * (i + 1) + width * i
            _panels(figure, growth, left, width, first=i == 0)
        return svg_text(figure)


def _panels(figure: Figure, growth: Growth, left: float, width: float, *, first: bool) -> None:
    above = axes_at(figure, left, _GAP_IN + _PANEL_IN + _GAP_IN, width, _PANEL_IN)
    below = axes_at(figure, left, _GAP_IN - 0.1, width, _PANEL_IN)
    time = [cost.cpu_s for cost in growth.costs]
    memory = [cost.peak_mb for cost in growth.costs]
    _panel(above, growth, time, (ORANGE, "s", growth.cpu_slope))
    _panel(below, growth, memory, (BLUE, "o", growth.memory_slope))
    for axes, unit in ((above, "CPU s"), (below, "peak MB")):
        if first:
            axes.set_title(unit, loc="left", size=9, color=QUIET)
    below.set_xlabel(growth.axis.unit)


def _panel(
    axes: Axes, growth: Growth, values: Sequence[float], look: tuple[str, str, float]
) -> None:
    color, marker, slope = look
    x = growth.values
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.plot([x[0], x[-1]], [values[0], values[0] * x[-1] / x[0]], color=QUIET, lw=0.8)
    axes.plot(x, values, marker + "-", color=color, ms=5, lw=1.6)
    axes.text(0.04, 0.9, f"slope {slope:.2f}", transform=axes.transAxes, va="top", color=color)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: _short(value))
        axis.set_minor_formatter(lambda _value, _: "")
    for i in (0, -1):
        at, text = (x[i], values[i]), number(values[i])
        axes.annotate(text, at, (9, -11), textcoords="offset points", ha="center", size=8)
    axes.margins(0.16)


def _short(value: float) -> str:
    """Return a power of ten in few letters."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
