"""The charts of a run: each takes facts and words, draws on a canvas and tells its own numbers in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.report import statements
from experiments.report.chart_tools import (
    DOWN,
    FOURTH,
    GRID,
    INK,
    MAIN,
    OTHER,
    PALE,
    QUIET,
    REFERENCE,
    UNCLEAR,
    UP,
    Canvas,
    Style,
    axes_at,
    place_labels,
    spread,
    style_of,
    width_in,
)
from experiments.report.facts import Estimate, Facts
from experiments.report.words import NOTHING, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAME_LINE_SHARE = 0.02
"""Lines that end within this share of the axis are named together."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its name, its words, and how to draw it."""

    name: str
    title: str
    subtitle: str
    source: str
    alternative: str
    draw: Callable[[Canvas], Figure]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a dot plot; `text` is the value in words."""

    label: str
    estimate: Estimate
    text: str
    style: Style


def all_charts(facts: Facts, words: Words) -> list[Chart]:
    """Return the charts of a run in the order of the page; the map is made by `maps`."""
    makers = (direct_share, differences, base, extra_and_cost, hours_saved, coverage)
    return [make(facts, words) for make in makers]


def _chart(
    facts: Facts,
    words: Words,
    name: str,
    title: str,
    alternative: str,
    draw: Callable[[Canvas], Figure],
) -> Chart:
    setting = facts.setting
    subtitle = words(
        f"subtitle.{name}",
        level=words.level(setting.level),
        n=words.count(setting.replications),
        years=words.count(setting.years),
        reference=words.policy(setting.reference),
    )
    source = words("page.source", run_id=setting.run_id)
    return Chart(name, title, subtitle, source, alternative, draw)


def direct_share(facts: Facts, words: Words) -> Chart:
    """Return the dot plot of the share solved directly, highest first."""
    rows = _level_rows(
        facts, words, "direct_share", 100.0, lambda value: f"{words.decimal(value, 1)} %"
    )
    return _chart(
        facts,
        words,
        "direct",
        statements.direct_title(facts, words),
        _dots_alternative(words, rows),
        lambda canvas: _dot_plot(canvas, rows, words("axis.direct"), words),
    )


def hours_saved(facts: Facts, words: Words) -> Chart:
    """Return the dot plot of hours saved a year, highest first."""
    rows = _level_rows(facts, words, "hours_saved_per_year", 1.0, words.count)
    return _chart(
        facts,
        words,
        "hours",
        statements.hours_title(facts, words),
        _dots_alternative(words, rows),
        lambda canvas: _dot_plot(canvas, rows, words("axis.hours"), words),
    )


def differences(facts: Facts, words: Words) -> Chart:
    """Return the differences from the reference in direct share, with a zero line."""

    def of(value: float) -> str:
        return words.signed(value, lambda number: words.decimal(number, 1))

    rows = []
    for policy in facts.others:
        found = facts.difference(policy, "direct_share").times(100)
        acting = facts.has_actions(policy) and found.known
        said = statements.verdict(facts, words, policy)
        style = {1: UP, -1: DOWN, 0: UNCLEAR}[found.direction]
        text = f"{of(found.mean)} · {said}" if acting else words("axis.no_actions")
        rows.append(Row(words.policy(policy), found if acting else Estimate(), text, style))
    rows.sort(key=_highest_first)
    return _chart(
        facts,
        words,
        "differences",
        statements.differences_title(facts, words),
        _dots_alternative(words, rows),
        lambda canvas: _dot_plot(canvas, rows, words("axis.differences"), words, about_zero=True),
    )


def _level_rows(
    facts: Facts, words: Words, measure: str, factor: float, of: Callable[[float], str]
) -> list[Row]:
    rows = []
    for policy in facts.setting.policies:
        found = facts.value(policy, measure).times(factor)
        acting = facts.has_actions(policy) and found.known
        text = of(found.mean) if acting else words("axis.no_actions")
        found = found if acting else Estimate()
        rows.append(Row(words.policy(policy), found, text, style_of(facts, policy)))
    return sorted(rows, key=_highest_first)


def _highest_first(row: Row) -> tuple[bool, float]:
    return (not row.estimate.known, -row.estimate.mean if row.estimate.known else 0.0)


def _dots_alternative(words: Words, rows: Sequence[Row]) -> str:
    said = [words("alternative.dots_row", policy=row.label, value=row.text) for row in rows]
    return words("alternative.dots", rows="; ".join(said))


def _dot_plot(
    canvas: Canvas, rows: Sequence[Row], axis: str, words: Words, *, about_zero: bool = False
) -> Figure:
    """Draw rows of a dot with its interval: names left and values right, on a narrow canvas above."""
    row_in = 0.44 if canvas.narrow else 0.3
    body = 0.55 + row_in * len(rows) + (0.22 if about_zero else 0.0)
    figure, _, foot = canvas.figure(body)
    left = 0.15 if canvas.narrow else 0.2 + max(width_in(figure, row.label, 9.5) for row in rows)
    right = 0.15 if canvas.narrow else 0.25 + max(width_in(figure, row.text, 9.5) for row in rows)
    axes = axes_at(
        figure, left, foot + 0.5, canvas.width_in - left - right, row_in * len(rows)
    )
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
    _format_ticks(axes, words)
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


def _format_ticks(axes: Axes, words: Words, which: str = "x") -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def shown(value: float, _position: int | None = None) -> str:
        digits = next((d for d in (0, 1, 2) if math.isclose(round(value, d), value, abs_tol=1e-9)), 3)
        return words.decimal(value, digits)

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(shown))


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


def base(facts: Facts, words: Words) -> Chart:
    """Return registered and reachable participants over the years; a few lines named, the rest grey."""
    said = [
        words(
            "alternative.base_row",
            policy=words.policy(policy),
            first=words.count(found.registered[0]),
            last=words.count(found.registered[-1]),
            first_good=words.count(found.good[0]),
            last_good=words.count(found.good[-1]),
        )
        for policy, found in ((p, facts.bases[p]) for p in facts.setting.policies if p in facts.bases)
    ]
    alternative = words(
        "alternative.base", years=words.count(facts.setting.years), rows="; ".join(said)
    )
    return _chart(
        facts,
        words,
        "base",
        statements.base_title(facts, words),
        alternative,
        lambda canvas: _base_lines(canvas, facts, words),
    )


def named_lines(facts: Facts) -> dict[str, Style]:
    """Return the policies whose lines are named: reference, main comparison, highest and lowest end."""
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


def _base_lines(canvas: Canvas, facts: Facts, words: Words) -> Figure:
    panel_in, gap_in = 1.9, 0.45
    figure, _, foot = canvas.figure(0.55 + 2 * panel_in + gap_in + 0.25)
    named = named_lines(facts)
    size = 8.5 if canvas.narrow else 9.5
    names = {p: "\n".join(_wrapped(words.policy(p), 15)) for p in named}
    right = 0.2 + max(width_in(figure, line, size) for n in names.values() for line in n.split("\n"))
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
        _line_names(axes, facts, names, measure, size)
        _format_ticks(axes, words)
        _format_ticks(axes, words, "y")
    axes.set_xlabel(words("axis.years"))
    return figure


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [text]


def _line_names(
    axes: Axes, facts: Facts, names: dict[str, str], measure: str, size: float
) -> None:
    low, high = axes.get_ylim()
    ends = [float(getattr(facts.bases[policy], measure)[-1]) for policy in names]
    # Room for the two lines of a name, in the axis' own unit.
    panel_pt = axes.get_window_extent().height / axes.get_figure().dpi * 72
    gap = (high - low) * 2.45 * size / panel_pt
    for (policy, name), y in zip(
        names.items(), spread(ends, gap, low + gap / 2, high - gap / 4), strict=True
    ):
        axes.annotate(
            name, (facts.setting.years, y), (9, 0), textcoords="offset points", va="center",
            size=size, color=named_lines(facts)[policy].color, annotation_clip=False,
        )  # fmt: skip


def extra_and_cost(facts: Facts, words: Words) -> Chart:
    """Return extra solutions a year against cost a year."""
    known = [
        p
        for p in facts.setting.policies
        if facts.value(p, "found_only_by_alert_per_year").known
        and facts.value(p, "cost_eur_per_year").known
    ]
    said = [
        words(
            "alternative.cost_row",
            policy=words.policy(p),
            number=words.decimal(facts.value(p, "found_only_by_alert_per_year").mean, 1),
            cost=words.eur(facts.value(p, "cost_eur_per_year").mean),
        )
        for p in known
    ]
    return _chart(
        facts,
        words,
        "cost",
        statements.cost_title(facts, words),
        words("alternative.cost", rows="; ".join(said) or NOTHING),
        lambda canvas: _scatter(canvas, facts, words, known),
    )


def _scatter(canvas: Canvas, facts: Facts, words: Words, policies: Sequence[str]) -> Figure:
    body = 4.6 if canvas.narrow else 4.0
    figure, _, foot = canvas.figure(body)
    axes = axes_at(figure, 0.6, foot + 0.5, canvas.width_in - 0.75, body - 0.65)
    points, intervals = [], []
    tops, costs = [1e-9], [1e-9]
    for policy in policies:
        extra = facts.value(policy, "found_only_by_alert_per_year")
        cost_keur = facts.value(policy, "cost_eur_per_year").mean / 1000
        style = style_of(facts, policy)
        if math.isfinite(extra.low) and math.isfinite(extra.high):
            axes.plot([cost_keur] * 2, [extra.low, extra.high], color=style.color, lw=1.4, zorder=2)
            intervals.append((cost_keur, extra.low, extra.high))
            tops.append(extra.high)
        axes.plot([cost_keur], [extra.mean], style.marker, color=style.color, ms=8, zorder=3)
        points.append((cost_keur, extra.mean))
        tops.append(extra.mean)
        costs.append(cost_keur)
    axes.set_ylim(0, max(tops) * 1.12)
    # From zero on both sides: a costly choice far out must look far out.
    axes.set_xlim(-0.02 * max(costs), max(costs) * 1.12)
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(words("axis.cost"))
    axes.set_ylabel(words("axis.extra"))
    _format_ticks(axes, words)
    _format_ticks(axes, words, "y")
    names = [words.policy(p) for p in policies]
    place_labels(axes, points, names, intervals, size=8.0 if canvas.narrow else 9.0)
    return figure


def coverage(facts: Facts, words: Words) -> Chart:
    """Return registered per 100 inhabitants of each municipality, at the start and at the end."""
    reference = facts.setting.reference
    places = [p for p in facts.places if (reference, p.gm_code) in facts.coverage]
    places.sort(key=lambda p: -facts.coverage[reference, p.gm_code][1])
    said = [
        words(
            "alternative.coverage_row",
            place=place.name,
            first=words.hundred(facts.coverage[reference, place.gm_code][0]),
            last=words.hundred(facts.coverage[reference, place.gm_code][1]),
        )
        for place in places
    ]
    return _chart(
        facts,
        words,
        "coverage",
        statements.coverage_title(facts, words),
        words("alternative.coverage", rows="; ".join(said) or NOTHING),
        lambda canvas: _ranges(canvas, facts, words, [(p.gm_code, p.name) for p in places]),
    )


def _ranges(
    canvas: Canvas, facts: Facts, words: Words, places: Sequence[tuple[str, str]]
) -> Figure:
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
        label = words("axis.end_policy", years=years, policy=words.policy(policy))
        series.append((policy, 1, style_of(facts, policy), 6, label))
    handles = []
    for policy, moment, style, size, label in series:
        xs = [facts.coverage.get((policy, code), (math.nan,) * 2)[moment] * 100 for code, _ in places]
        handles += axes.plot(
            xs, range(len(places)), style.marker, color=style.color, mfc=style.face, ms=size, label=label
        )
    for y, (code, _) in enumerate(places):
        found = [facts.coverage.get((p, code), (math.nan,) * 2)[m] * 100 for p, m, *_ in series]
        known = [value for value in found if math.isfinite(value)]
        axes.plot([min(known), max(known)], [y, y], color=GRID, lw=2, zorder=0)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_yticks(range(len(places)), [name for _, name in places], color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(words("axis.coverage"))
    _format_ticks(axes, words)
    figure.legend(
        handles=handles, loc="lower left", frameon=False, ncols=1 if canvas.narrow else 3, fontsize=8.5,
        bbox_to_anchor=(0.0, (foot + 0.5 + row_in * len(places)) / figure.get_figheight()),
        borderaxespad=0.2, handletextpad=0.2, columnspacing=1.2,
    )  # fmt: skip
    return figure
