"""The tables of the page: a caption, headings, and rows of cells with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from experiments.report import statements
from experiments.report.facts import ALL, CAUSES, PAYER_MEASURES, Estimate, Facts, Place
from experiments.report.words import NOTHING, Format, Words
from sim.parameters import REGISTRY, Parameter

WEAK = ("low", "assumed")
"""Confidence of parameters that a reader must be warned of."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and, where there is one, its interval."""

    text: str
    between: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table for a page; the first cell of a row is its heading."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    wordy: bool = False
    """Whether the cells hold sentences rather than numbers."""


Measure = tuple[str, str, Callable[[Words], Format], bool]
"""Message key of the heading, measure, how it is written, whether the interval is shown."""


def _count(words: Words) -> Format:
    return words.count


def _one(words: Words) -> Format:
    return lambda value: words.decimal(value, 1)


def _two(words: Words) -> Format:
    return lambda value: words.decimal(value, 2)


def _hundred(words: Words) -> Format:
    return lambda share: words.hundred(share, 1)


def _eur(words: Words) -> Format:
    return words.eur


PER_ACTION = frozenset(
    {"recipients_per_action", "noticed_per_action", "direct_share", "contributed_share"}
)
"""Measures that a policy without actions does not have."""
POLICY_MEASURES: tuple[Measure, ...] = (
    ("participants", "registered_end", _count, False),
    ("actions", "actions_per_year", _count, False),
    ("recipients", "recipients_per_action", _count, False),
    ("noticed", "noticed_per_action", _count, False),
    ("direct", "direct_share", _hundred, True),
    ("contributed", "contributed_share", _hundred, True),
    ("direct_year", "direct_per_year", _one, True),
    ("hours", "hours_saved_per_year", _count, True),
    ("cost", "cost_eur_per_year", _eur, False),
)
EXTRA_MEASURES: tuple[Measure, ...] = (
    ("extra_year", "found_only_by_alert_per_year", _two, True),
    ("hours", "hours_saved_per_year", _count, True),
)
EXTRA_COST_MEASURES: tuple[Measure, ...] = (
    ("extra_year", "found_only_by_alert_per_year", _two, True),
    ("cost", "cost_eur_per_year", _eur, True),
)
DIFFERENCE_MEASURES: tuple[Measure, ...] = (
    ("difference_direct", "direct_share", _hundred, True),
    ("difference_direct_year", "direct_per_year", _one, True),
    ("difference_hours", "hours_saved_per_year", _count, True),
    ("difference_cost", "cost_eur_per_year", _eur, True),
)


def estimate_cell(words: Words, estimate: Estimate, of: Format, *, interval: bool = True) -> Cell:
    """Return a mean and, if asked for and known, its interval."""
    if not estimate.known:
        return Cell(NOTHING)
    between = words.interval(estimate, of) if interval else NOTHING
    return Cell(of(estimate.mean), "" if between == NOTHING else between)


def policies(facts: Facts, words: Words) -> Table:
    """Return reach, outcome, time and cost of every policy."""
    people = facts.inhabitants
    columns = (*_heads(words, POLICY_MEASURES), words("column.cost_inhabitant"))
    rows = []
    for policy, row in _rows(facts, words, POLICY_MEASURES):
        total = facts.value(policy, "cost_eur_per_year").mean
        each = words.eur(total / people if people > 0 else math.nan, 2)
        rows.append((*row, Cell(each)))
    return Table(_caption(facts, words, "policies"), columns, tuple(rows))


def measures_table(facts: Facts, words: Words, caption: str, measures: Sequence[Measure]) -> Table:
    """Return some measures of every policy; used under the charts that show them."""
    rows = tuple(row for _, row in _rows(facts, words, measures))
    return Table(words(f"caption.{caption}"), _heads(words, measures), rows)


def differences(facts: Facts, words: Words) -> Table:
    """Return what every other policy does more or less than the reference, also in words."""
    heads = [words("column.policy"), words("column.verdict"), words("column.verdict_year")]
    heads += [words(f"column.{key}") for key, *_ in DIFFERENCE_MEASURES]
    heads.append(words("column.gain"))
    rows = []
    for policy in facts.others:
        row = [
            Cell(words.policy(policy)),
            Cell(statements.verdict(facts, words, policy)),
            Cell(statements.verdict(facts, words, policy, "direct_per_year")),
        ]
        for _, measure, form, _ in DIFFERENCE_MEASURES:
            found = facts.difference(policy, measure)
            if measure in PER_ACTION and not facts.has_actions(policy):
                found = Estimate()
            row.append(estimate_cell(words, found, _signed(words, form(words))))
        saved = facts.reduction(policy) if facts.has_actions(policy) else Estimate()
        row.append(estimate_cell(words, saved, _one(words)))
        rows.append(tuple(row))
    return Table(_caption(facts, words, "differences"), tuple(heads), tuple(rows))


def _signed(words: Words, of: Format) -> Format:
    return lambda value: words.signed(value, of)


def anyway(facts: Facts, words: Words) -> Table:
    """Return how 100 actions of the reference end, by how they would have without the alert."""
    fates = facts.fates[facts.setting.reference]
    heads = [words("column.without"), *(words(f"cause.{cause}") for cause in CAUSES)]
    rows = []
    for without in CAUSES[1:]:
        shares = [fates.share[without][cause] for cause in CAUSES]
        cells = [Cell(words.hundred(share)) for share in (*shares, fates.without(without))]
        rows.append((Cell(words(f"cause.{without}")), *cells))
    sums = [math.fsum(fates.share[w][cause] for w in CAUSES[1:]) for cause in CAUSES]
    cells = [Cell(words.hundred(share)) for share in (*sums, math.fsum(sums))]
    rows.append((Cell(words("column.together")), *cells))
    caption = words("caption.anyway", policy=words.policy(facts.setting.reference))
    return Table(caption, (*heads, words("column.together")), tuple(rows))


def base(facts: Facts, words: Words, measure: str) -> Table:
    """Return `registered` or `good` of every policy at the start and at the end of each year."""
    years = range(facts.setting.years + 1)
    heads = (words("column.policy"), *(f"{words('column.year')} {year}" for year in years))
    rows = []
    for policy in facts.setting.policies:
        if policy in facts.bases:
            values = getattr(facts.bases[policy], measure)
            cells = [Cell(words.count(values[min(12 * year, values.size - 1)])) for year in years]
            rows.append((Cell(words.policy(policy)), *cells))
    caption = f"{words('caption.base')}: {words(f'axis.{measure}')}"
    return Table(caption, heads, tuple(rows))


def payers(facts: Facts, words: Words) -> Table:
    """Return the cost a year of every policy by payer, together and per inhabitant."""
    people = facts.inhabitants
    heads = [words("column.policy"), *(words(f"column.{payer}") for payer in PAYER_MEASURES)]
    heads += [words("column.together"), words("column.cost_inhabitant")]
    rows = []
    for policy in facts.setting.policies:
        found = [facts.value(policy, measure).mean for measure in PAYER_MEASURES.values()]
        total = facts.value(policy, "cost_eur_per_year").mean
        each = total / people if people > 0 else math.nan
        cells = [*(Cell(words.eur(value)) for value in (*found, total)), Cell(words.eur(each, 2))]
        rows.append((Cell(words.policy(policy)), *cells))
    return Table(words("caption.cost"), tuple(heads), tuple(rows))


def places(facts: Facts, words: Words) -> Table:
    """Return every municipality under the reference, and its coverage under the main policy."""
    heads = [words(f"column.{key}") for key in ("place", "inhabitants", "coverage_start")]
    heads += [words("column.coverage_end", policy=words.policy(p)) for p in _two_policies(facts)]
    heads += [words(f"column.{key}") for key in ("actions", "recipients", "direct")]
    heads.append(words("column.municipality") + ": " + words("column.cost").lower())
    rows = tuple(_place_row(facts, words, place) for place in facts.places)
    caption = words("caption.places", policy=words.policy(facts.setting.reference))
    return Table(caption, tuple(heads), rows)


def _two_policies(facts: Facts) -> tuple[str, ...]:
    return tuple(dict.fromkeys((facts.setting.reference, facts.setting.main)))


def _place_row(facts: Facts, words: Words, place: Place) -> tuple[Cell, ...]:
    reference, code = facts.setting.reference, place.gm_code

    def covered(policy: str, moment: int) -> Cell:
        share = facts.coverage.get((policy, code), (math.nan, math.nan))[moment]
        return Cell(words.hundred(share))

    def value(measure: str, of: Format, *, interval: bool = False) -> Cell:
        return estimate_cell(words, facts.value(reference, measure, code), of, interval=interval)

    return (
        Cell(place.name),
        Cell(words.count(place.inhabitants)),
        covered(reference, 0),
        *(covered(policy, 1) for policy in _two_policies(facts)),
        value("actions_per_year", _one(words)),
        value("recipients_per_action", words.count),
        value("direct_share", _hundred(words), interval=True),
        value("cost_municipal_eur_per_year", words.eur),
    )


def coverage(facts: Facts, words: Words) -> Table:
    """Return coverage at the start and the end, the table under chart and map."""
    full = places(facts, words)
    last = 3 + len(_two_policies(facts))
    keep = (0, *range(2, last))
    return Table(
        words("caption.coverage"),
        tuple(full.columns[i] for i in keep),
        tuple(tuple(row[i] for i in keep) for row in full.rows),
    )


def weak_parameters() -> list[Parameter]:
    """Return the parameters with low confidence or none, in the order of the registry."""
    return [parameter for parameter in REGISTRY.values() if parameter.confidence in WEAK]


def assumptions(words: Words) -> Table:
    """Return the parameters that little or nothing is known of."""
    heads = tuple(
        words(f"column.{key}") for key in ("name", "default", "unit", "basis", "confidence")
    )
    rows = tuple(
        (
            Cell(f"{p.name}: {p.note}" if p.note != "" else p.name),
            Cell(words.decimal(p.default, digits(p.default))),
            Cell("" if p.unit == "1" else p.unit),
            Cell(p.source),
            Cell(words(f"confidence.{p.confidence}")),
        )
        for p in weak_parameters()
    )
    return Table(words("caption.assumptions"), heads, rows, wordy=True)


def digits(value: float) -> int:
    """Return the decimals that show three figures of a value, trailing zeros left out."""
    if value == 0:
        return 0
    most = max(0, 2 - math.floor(math.log10(abs(value))))
    return next(d for d in range(most + 1) if d == most or math.isclose(round(value, d), value))


def _heads(words: Words, measures: Sequence[Measure]) -> tuple[str, ...]:
    return (words("column.policy"), *(words(f"column.{key}") for key, *_ in measures))


def _rows(
    facts: Facts, words: Words, measures: Sequence[Measure]
) -> list[tuple[str, tuple[Cell, ...]]]:
    rows = []
    for policy in facts.setting.policies:
        cells = [Cell(words.policy(policy))]
        for _, measure, form, interval in measures:
            found = facts.value(policy, measure, ALL)
            if measure in PER_ACTION and not facts.has_actions(policy):
                found = Estimate()
            cells.append(estimate_cell(words, found, form(words), interval=interval))
        rows.append((policy, tuple(cells)))
    return rows


def _caption(facts: Facts, words: Words, name: str) -> str:
    return words(
        f"caption.{name}",
        level=words.level(facts.setting.level),
        **({"reference": words.policy(facts.setting.reference)} if name == "differences" else {}),
    )
