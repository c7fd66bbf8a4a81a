"""The charts of a run: each takes facts and words, and tells in words what it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.report import statements
from experiments.report.chart_tools import DOWN, UNCLEAR, UP, Canvas, short, style_of
from experiments.report.curves import base_lines, scatter
from experiments.report.dots import Row, dot_plot, ranges
from experiments.report.facts import Estimate, Facts
from experiments.report.words import NOTHING, Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its name, its words, and how to draw it."""

    name: str
    title: str
    subtitle: str
    source: str
    alternative: str
    draw: Callable[[Canvas], Figure]


def all_charts(facts: Facts, words: Words) -> list[Chart]:
    """Return the charts of a run in the order of the page; the map is made by `maps`."""
    makers = [direct_share, base, extra_and_cost, hours_saved]
    if len(facts.others) > 0:
        makers.insert(1, differences)
    if len(facts.coverage) > 0:
        makers.append(coverage)
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
        facts, words, "direct_share", 100.0, lambda value: words.percent(value / 100)
    )
    return _chart(
        facts,
        words,
        "direct",
        statements.direct_title(facts, words),
        _dots_alternative(words, rows),
        lambda canvas: dot_plot(canvas, rows, words("axis.direct"), words),
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
        lambda canvas: dot_plot(canvas, rows, words("axis.hours"), words),
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
        label = short(words.policy(policy))
        rows.append(Row(label, found if acting else Estimate(), text, style))
    rows.sort(key=_highest_first)
    return _chart(
        facts,
        words,
        "differences",
        statements.differences_title(facts, words),
        _dots_alternative(words, rows),
        lambda canvas: dot_plot(canvas, rows, words("axis.differences"), words, about_zero=True),
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
        rows.append(Row(short(words.policy(policy)), found, text, style_of(facts, policy)))
    return sorted(rows, key=_highest_first)


def _highest_first(row: Row) -> tuple[bool, float]:
    return (not row.estimate.known, -row.estimate.mean if row.estimate.known else 0.0)


def _dots_alternative(words: Words, rows: Sequence[Row]) -> str:
    said = [words("alternative.dots_row", policy=row.label, value=row.text) for row in rows]
    return words("alternative.dots", rows="; ".join(said))


def base(facts: Facts, words: Words) -> Chart:
    """Return registered and reachable participants over the years, a few lines named."""
    said = [
        words(
            "alternative.base_row",
            policy=words.policy(policy),
            first=words.count(found.registered[0]),
            last=words.count(found.registered[-1]),
            first_good=words.count(found.good[0]),
            last_good=words.count(found.good[-1]),
        )
        for policy, found in facts.bases.items()
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
        lambda canvas: base_lines(canvas, facts, words),
    )


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
        lambda canvas: scatter(canvas, facts, words, known),
    )


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
        lambda canvas: ranges(canvas, facts, words, [(p.gm_code, short(p.name)) for p in places]),
    )
