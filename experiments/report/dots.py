"""Dot plots with one row per policy or municipality, with intervals or from start to end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.report.chart_tools import (
    GRID,
    INK,
    QUIET,
    REFERENCE,
    UNCLEAR,
    Canvas,
    Style,
    axes_at,
    format_ticks,
    short,
    style_of,
    width_in,
)
from experiments.report.facts import Estimate, Facts
from experiments.report.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a dot plot; `text` is the value in words."""

    label: str
    estimate: Estimate
    text: str
    style: Style


def dot_plot(
    canvas: Canvas, rows: Sequence[Row], axis: str, words: Words, *, about_zero: bool = False
) -> Figure:
    """Draw rows of a dot with its interval: name left, value right; on a narrow canvas above."""
    row_in = 0.44 if canvas.narrow else 0.3
    body = 0.55 + row_in * len(rows) + (0.22 if about_zero else 0.0)
    figure, _, foot = canvas.figure(body)
    left = 0.15 if canvas.narrow else 0.2 + max(width_in(figure, row.label, 9.5) for row in rows)
    right = 0.15 if canvas.narrow else 0.25 + max(width_in(figure, row.text, 9.5) for row in rows)
    axes = axes_at(figure, left, foot + 0.5, canvas.width_in - left - right, row_in * len(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(axis)
    for y, row in enumerate(rows):
        _dot(axes, row, y + (0.2 if canvas.narrow else 0.0))
        _row_words(axes, row, y, narrow=canvas.narrow)
    _set_range(axes, rows, about_zero=about_zero)
    format_ticks(axes, words)
    if about_zero:
        _zero_line(axes, words)
    return figure


def _dot(axes: Axes, row: Row, y: float) -> None:
    found, style = row.estimate, row.style
    if not found.known:
        return
    if math.isfinite(found.low) and math.isfinite(found.high):
        axes.plot([found.low, found.high], [y, y], color=style.color, lw=2.2, zorder=2)
    axes.plot(
        [found.mean],
        [y],
        style.marker,
        color=style.color,
        mfc=style.face,
        ms=7,
        mew=1.5,
        zorder=3,
    )


def _row_words(axes: Axes, row: Row, y: int, *, narrow: bool) -> None:
    across = axes.get_yaxis_transform()
    weight = "bold" if row.style is REFERENCE else "normal"
    if narrow:
        at = y - 0.2
        # White behind the words: the zero line and the grid run through them otherwise.
        paper = {"facecolor": "white", "linewidth": 0, "pad": 1.0}
        axes.text(
            0.0, at, row.label, transform=across, va="center", size=9, weight=weight, bbox=paper
        )
        axes.text(1.0, at, row.text, transform=across, va="center", ha="right", size=9, bbox=paper)
    else:
        axes.annotate(
            row.label, (0, y), (-8, 0), xycoords=across, textcoords="offset points",
            ha="right", va="center", weight=weight, annotation_clip=False,
        )  # fmt: skip
        axes.annotate(
            row.text, (1, y), (10, 0), xycoords=across, textcoords="offset points",
            va="center", annotation_clip=False,
        )  # fmt: skip


def _set_range(axes: Axes, rows: Sequence[Row], *, about_zero: bool) -> None:
    ends = [e for row in rows for e in (row.estimate.mean, row.estimate.low, row.estimate.high)]
    known = [end for end in ends if math.isfinite(end)]
    high = max([0.0, *known])
    low = min([0.0, *known])
    room = 0.05 * (high - low) if high > low else 1.0
    # A share or an amount is read from zero; a difference needs both sides of it.
    axes.set_xlim(low - room if about_zero or low < 0 else 0.0, high + room)


def _zero_line(axes: Axes, words: Words) -> None:
    axes.axvline(0, color=INK, lw=1.2, zorder=1)
    low, high = axes.get_xlim()
    across = axes.get_xaxis_transform()
    # A side too small to hold its words says nothing anyway.
    if -low > 0.3 * (high - low):
        axes.annotate(
            f"◂ {words('axis.minus_side')}", (0, 1), (-4, 6), xycoords=across,
            textcoords="offset points", ha="right", size=8.5, color=QUIET,
        )  # fmt: skip
    if high > 0.3 * (high - low):
        axes.annotate(
            f"{words('axis.plus_side')} ▸", (0, 1), (4, 6), xycoords=across,
            textcoords="offset points", size=8.5, color=QUIET,
        )  # fmt: skip


def ranges(
    canvas: Canvas, facts: Facts, words: Words, places: Sequence[tuple[str, str]]
) -> Figure:
    """Draw each municipality's coverage at the start and, under two policies, at the end."""
    setting = facts.setting
    row_in, key_in = 0.24, 0.7 if canvas.narrow else 0.3
    figure, _, foot = canvas.figure(0.55 + row_in * len(places) + key_in)
    left = 0.2 + max((width_in(figure, name, 9.5) for _, name in places), default=1.0)
    axes = axes_at(
        figure, left, foot + 0.5, canvas.width_in - left - 0.2, max(row_in * len(places), row_in)
    )
    years = words.count(setting.years)
    series = [(setting.reference, 0, UNCLEAR, 9, words("axis.start"))]
    for policy in dict.fromkeys((setting.reference, setting.main)):
        name = short(words.policy(policy))
        label = words("axis.end_policy", years=years, policy=name)
        series.append((policy, 1, style_of(facts, policy), 6, label))
    handles = []
    for policy, moment, style, size, label in series:
        xs = [_covered(facts, policy, code, moment) for code, _ in places]
        handles += axes.plot(
            xs, range(len(places)), style.marker, color=style.color, mfc=style.face, ms=size,
            label=label,
        )  # fmt: skip
    for y, (code, _) in enumerate(places):
        found = [_covered(facts, policy, code, moment) for policy, moment, *_ in series]
        known = [value for value in found if math.isfinite(value)]
        axes.plot([min(known), max(known)], [y, y], color=GRID, lw=2, zorder=0)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_yticks(range(len(places)), [name for _, name in places], color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(words("axis.coverage"))
    format_ticks(axes, words)
    figure.legend(
        handles=handles, loc="lower left", frameon=False, ncols=1 if canvas.narrow else 3,
        fontsize=8.5,
        bbox_to_anchor=(0.0, (foot + 0.5 + row_in * len(places)) / figure.get_figheight()),
        borderaxespad=0.2, handletextpad=0.2, columnspacing=1.2,
    )  # fmt: skip
    return figure


def _covered(facts: Facts, policy: str, gm_code: str, moment: int) -> float:
    """Return registered per 100 inhabitants at the start (0) or the end (1), NaN where unknown."""
    shares = facts.coverage.get((policy, gm_code), (math.nan, math.nan))
    return shares[moment] * 100
