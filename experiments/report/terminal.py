"""The outcome of a run as plain text for a terminal: stacked blocks, one line per policy."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable

from experiments.engine.precision import in_words
from experiments.report.facts import PAYER_MEASURES, Estimate, Facts, Run, read_estimates
from sim.errors import InputError

NOTHING = "-"
NAME_WIDTH = 18
NARROWEST = 80
MOST_GAIN = 999.0
TENTHS_BELOW = 99.95
UNITS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))

Cell = Callable[[Facts, str, int], str]
Column = tuple[str, str, int, Cell]
"""Two lines of heading, a width and what stands in the cell."""


def terminal_table(run: Run, width: int = 80) -> str:
    """Return the outcome of a run in lines of at most `width` characters, no newline at the end.

    Raises:
        InputError: `width` is under 80.
        DataError: a table of the run cannot be read.
    """
    if width < NARROWEST:
        raise InputError(f"width: {width} is under {NARROWEST}")
    facts = read_estimates(run)
    blocks = [_block(facts, columns, width) for columns in (_reach(), _success(facts), _price())]
    return "\n\n".join([_heading(facts, width), *blocks, _precision(facts, width)])


def number(value: float, width: int, digits: int = 0) -> str:
    """Return a number that fits `width` characters, `-` for no number, never a negative zero."""
    if not math.isfinite(value):
        return NOTHING
    for decimals in range(digits, -1, -1):
        text = f"{round(value, decimals) + 0.0:,.{decimals}f}"
        if len(text) <= width:
            return text
    for size, unit in UNITS:
        text = f"{value / size:,.0f}{unit}"
        if abs(value) >= size and len(text) <= width:
            return text
    return f"{value:.0e}"


def _heading(facts: Facts, width: int) -> str:
    setting = facts.setting
    line = (
        f"{setting.study}: {setting.years} years from {setting.start.isoformat()}, "
        f"{setting.replications} replications, seed {setting.seed}"
    )
    return _cut(line, width)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "~"


def _block(facts: Facts, columns: list[Column], width: int) -> str:
    heads = [
        " ".join(
            [f"{name:<{NAME_WIDTH}}", *(f"{column[line]:>{column[2]}}" for column in columns)]
        )
        for line, name in ((0, ""), (1, "policy"))
    ]
    rows = [
        " ".join(
            [
                f"{_cut(policy, NAME_WIDTH):<{NAME_WIDTH}}",
                *(f"{cell(facts, policy, size):>{size}}" for _, _, size, cell in columns),
            ]
        )
        for policy in facts.setting.policies
    ]
    rule = "-" * (NAME_WIDTH + sum(size + 1 for _, _, size, _ in columns))
    return "\n".join(_cut(line.rstrip(), width) for line in [*heads, rule, *rows])


def _mean(measure: str, digits: int = 0, *, per_action: bool = False) -> Cell:
    def cell(facts: Facts, policy: str, width: int) -> str:
        if per_action and not facts.has_actions(policy):
            return NOTHING
        return number(facts.value(policy, measure).mean, width, digits)

    return cell


def _reach() -> list[Column]:
    return [
        ("participants", "at the end", 12, _mean("registered_end")),
        ("of whom", "reachable", 10, _mean("good_end")),
        ("actions", "a year", 8, _mean("actions_per_year")),
        ("recipients", "per action", 10, _mean("recipients_per_action", per_action=True)),
        ("noticed", "per action", 10, _mean("noticed_per_action", per_action=True)),
    ]


def _success(facts: Facts) -> list[Column]:
    def share(measure: str) -> Cell:
        def cell(facts: Facts, policy: str, width: int) -> str:
            if not facts.has_actions(policy):
                return NOTHING
            return _interval(facts.value(policy, measure).times(100), width)

        return cell

    def difference(facts: Facts, policy: str, width: int) -> str:
        if not facts.has_actions(policy):
            return NOTHING
        if policy == facts.setting.reference:
            return "reference"
        return _interval(facts.difference(policy, "direct_share").times(100), width, signed=True)

    level = f"{100 * facts.setting.level:g}%"
    return [
        ("direct %", f"[{level}]", 17, share("direct_share")),
        ("contributed %", f"[{level}]", 17, share("contributed_share")),
        ("direct, difference", f"in points [{level}]", 20, difference),
        ("", "gain", 4, _gain),
    ]


def _gain(facts: Facts, policy: str, _width: int) -> str:
    found = facts.reduction(policy)
    if policy == facts.setting.reference or not facts.has_actions(policy) or not found.known:
        return NOTHING
    if found.mean >= MOST_GAIN:
        return f">{MOST_GAIN:.0f}"
    return number(found.mean, 4, 1 if found.mean < TENTHS_BELOW else 0)


def _interval(estimate: Estimate, width: int, *, signed: bool = False) -> str:
    if not estimate.known:
        return NOTHING

    def part(value: float) -> str:
        text = number(value, 7, 1)
        return f"+{text}" if signed and value > 0 and text.strip("0.,") else text

    text = f"{part(estimate.mean)} [{part(estimate.low)}, {part(estimate.high)}]"
    return text if len(text) <= width else part(estimate.mean)


def _price() -> list[Column]:
    hours: Column = ("hours saved", "a year", 11, _mean("hours_saved_per_year"))
    payers: list[Column] = [
        ("EUR a year" if payer == "municipality" else "", payer, 12, _mean(measure))
        for payer, measure in PAYER_MEASURES.items()
    ]
    return [hours, *payers, ("", "total", 10, _mean("cost_eur_per_year"))]


def _precision(facts: Facts, width: int) -> str:
    setting = facts.setting
    found = facts.difference(setting.main, "direct_share").times(100)
    # By hand: the difference of infinite ends would be no number with a warning.
    known = math.isfinite(found.low) and math.isfinite(found.high)
    wide = number(found.high - found.low if known else math.nan, 8, 2)
    saved = facts.reduction(setting.main)
    factor, low, high = (number(value, 8, 1) for value in (saved.mean, saved.low, saved.high))
    lines = [
        f"main difference in direct share: {setting.main} - {setting.reference}",
        f"  width of its interval {wide} points",
        f"  variance reduction by shared draws {factor} [{low}, {high}]",
        "gain: independent seeds would need that many times as many replications",
    ]
    if setting.precision is not None:
        lines += textwrap.wrap(in_words(setting.precision), width, break_on_hyphens=False)
    if setting.failed > 0:
        lines.append(f"  {setting.failed} replications failed and do not count")
    return "\n".join(_cut(line, width) for line in lines)
