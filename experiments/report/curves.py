"""Lines over the years and the scatter of effect against cost, with names at the marks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.report.chart_tools import (
    FOURTH,
    GRID,
    MAIN,
    OTHER,
    PALE,
    QUIET,
    REFERENCE,
    Canvas,
    Style,
    axes_at,
    format_ticks,
    short,
    style_of,
    width_in,
)
from experiments.report.facts import Facts
from experiments.report.labels import Point, Upright, place_labels, spread
from experiments.report.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAME_LINE_SHARE = 0.02
"""Lines that end within this share of the highest are told apart by one name."""


def named_lines(facts: Facts) -> dict[str, Style]:
    """Return the policies whose lines are named: reference, main one, highest and lowest end."""
    ends = {p: facts.bases[p].registered[-1] for p in facts.setting.policies if p in facts.bases}
    named = {
        p: style
        for p, style in ((facts.setting.reference, REFERENCE), (facts.setting.main, MAIN))
        if p in ends
    }
    apart = SAME_LINE_SHARE * max(ends.values(), default=0.0)
    extremes = (max(ends, key=lambda p: ends[p]), min(ends, key=lambda p: ends[p]))
    for policy, style in zip(extremes, (OTHER, FOURTH), strict=True):
        if all(abs(ends[policy] - ends[other]) > apart for other in named):
            named[policy] = style
    return named


def base_lines(canvas: Canvas, facts: Facts, words: Words) -> Figure:
    """Draw registered above reachable participants, month by month, on one scale."""
    panel_in, gap_in = 1.9, 0.45
    figure, _, foot = canvas.figure(0.55 + 2 * panel_in + gap_in + 0.25)
    named = named_lines(facts)
    size = 8.5 if canvas.narrow else 9.5
    names = {p: "\n".join(_wrapped(short(words.policy(p)), 15)) for p in named}
    lines = [line for name in names.values() for line in name.split("\n")]
    right = 0.2 + max(width_in(figure, line, size) for line in lines)
    left = 0.62
    width = canvas.width_in - left - right
    top = max(float(found.registered.max()) for found in facts.bases.values()) * 1.05
    for panel, measure in enumerate(("registered", "good")):
        bottom = foot + 0.5 + (1 - panel) * (panel_in + gap_in)
        axes = axes_at(figure, left, bottom, width, panel_in)
        axes.set_xlim(0, facts.setting.years)
        axes.set_ylim(0, top if top > 0 else 1)
        axes.set_title(words(f"axis.{measure}"), loc="left", size=9.5, color=QUIET)
        axes.grid(axis="y", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        for policy, found in facts.bases.items():
            values = getattr(found, measure)
            style = named.get(policy)
            if style is None:
                axes.plot(found.years, values, color=PALE, lw=1, zorder=1)
            else:
                axes.plot(
                    found.years, values, style.line, color=style.color, lw=2, zorder=2,
                    marker=style.marker, markevery=[values.size - 1], clip_on=False,
                )  # fmt: skip
        _line_names(axes, facts, names, measure, size, panel_in)
        format_ticks(axes, words)
        format_ticks(axes, words, "y")
        if panel == 1:
            axes.set_xlabel(words("axis.years"))
    return figure


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [text]


def _line_names(
    axes: Axes, facts: Facts, names: dict[str, str], measure: str, size: float, panel_in: float
) -> None:
    low, high = axes.get_ylim()
    ends = [float(getattr(facts.bases[policy], measure)[-1]) for policy in names]
    # Room for the two lines of a name, in the axis' own unit.
    panel_pt = panel_in * 72
    gap = (high - low) * 2.45 * size / panel_pt
    for (policy, name), y in zip(
        names.items(), spread(ends, gap, low + gap / 2, high - gap / 4), strict=True
    ):
        axes.annotate(
            name, (facts.setting.years, y), (9, 0), textcoords="offset points", va="center",
            size=size, color=named_lines(facts)[policy].color, annotation_clip=False,
        )  # fmt: skip


def scatter(canvas: Canvas, facts: Facts, words: Words, policies: Sequence[str]) -> Figure:
    """Draw a dot per policy; on a narrow canvas numbers stand beside the dots and names below."""
    names = [short(words.policy(p)) for p in policies]
    key_in = 0.19 * len(names) if canvas.narrow else 0.0
    body = 4.0 + key_in
    figure, height, foot = canvas.figure(body)
    axes = axes_at(figure, 0.6, foot + key_in + 0.5, canvas.width_in - 0.75, body - key_in - 0.65)
    points, intervals = [], []
    for policy in policies:
        extra = facts.value(policy, "found_only_by_alert_per_year")
        cost_keur = facts.value(policy, "cost_eur_per_year").mean / 1000
        style = style_of(facts, policy)
        points.append((cost_keur, extra.mean))
        if math.isfinite(extra.low) and math.isfinite(extra.high):
            intervals.append((cost_keur, extra.low, extra.high))
            between = [extra.low, extra.high]
            axes.plot([cost_keur] * 2, between, color=style.color, lw=1.4, zorder=2)
        axes.plot(
            [cost_keur], [extra.mean], style.marker, color=style.color, ms=8, zorder=3,
            clip_on=False,
        )  # fmt: skip
    top = max([1e-9, *(y for _, y in points), *(high for _, _, high in intervals)])
    right = max([1e-9, *(x for x, _ in points)])
    axes.set_ylim(0, top * 1.12)
    # From zero on both sides: a costly choice far out must look far out.
    axes.set_xlim(-0.02 * right, right * 1.12)
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(words("axis.cost"))
    axes.set_ylabel(words("axis.extra"))
    format_ticks(axes, words)
    format_ticks(axes, words, "y")
    if canvas.narrow:
        _numbered(axes, points, intervals, names, (foot + key_in) / height)
    else:
        place_labels(axes, points, names, intervals)
    return figure


def _numbered(
    axes: Axes,
    points: Sequence[Point],
    intervals: Sequence[Upright],
    names: Sequence[str],
    top: float,
) -> None:
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    order = sorted(range(len(points)), key=lambda i: (-points[i][1], points[i][0]))
    numbers = [str(order.index(i) + 1) for i in range(len(points))]
    place_labels(axes, points, numbers, intervals)
    step = 0.19 / figure.get_figheight()
    for line, i in enumerate(order):
        y = top - step * (line + 0.5)
        figure.text(0.05, y, f"{line + 1}  {names[i]}", size=9, va="center")
