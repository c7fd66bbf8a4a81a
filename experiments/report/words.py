"""The words and numbers of a language: messages, counts, money, shares and intervals."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources
from typing import Any, Literal, TypeAlias

from experiments.report.facts import Estimate
from sim.errors import InputError

Lang: TypeAlias = Literal["nl", "en"]
LOCALES: dict[str, str] = {"nl": "nl_NL", "en": "en_GB"}
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""
NO_BREAK = "\N{NO-BREAK SPACE}"
Format: TypeAlias = Callable[[float], str]


@functools.cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return the messages of a language by dotted key.

    Raises:
        InputError: there is no such language.
    """
    if lang not in LOCALES:
        raise InputError(f"lang: {lang!r} is none of {', '.join(LOCALES)}")
    file = resources.files("experiments.report").joinpath(f"messages.{lang}.toml")
    return dict(_flat("", tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


class Words:
    """Messages and numbers in one language.

    Args:
        lang: `nl` or `en`.

    Raises:
        InputError: there is no such language.
    """

    def __init__(self, lang: str) -> None:
        self.messages = catalogue(lang)
        self.lang = lang
        self.locale = LOCALES[lang]

    def __call__(self, key: str, **values: str) -> str:
        """Return a message with its placeholders filled; values are never read as a pattern."""
        return self.messages[key].format(**values)

    def policy(self, name: str) -> str:
        """Return what a policy is called, its own name where the catalogue has none."""
        return self.messages.get(f"policy.{name}", name)

    def decimal(self, value: float, digits: int = 0) -> str:
        """Return a number with a fixed number of decimals, without a negative zero."""
        from babel.numbers import format_decimal

        if not math.isfinite(value):
            return NOTHING
        # Beyond what a float resolves, more digits would be invented.
        rounded = round(value, digits) + 0.0
        pattern = "#,##0" + ("." + "0" * digits if digits > 0 else "")
        text: str = format_decimal(abs(rounded), format=pattern, locale=self.locale)
        return (MINUS if rounded < 0 else "") + text

    def count(self, value: float) -> str:
        """Return a whole number."""
        return self.decimal(value)

    def hundred(self, share: float, digits: int = 1) -> str:
        """Return how many of 100 a share is."""
        return self.decimal(share * 100, digits)

    def out_of(self, share: float, whole: int) -> str:
        """Return how many of `whole` a share is, as a whole number."""
        return self.decimal(share * whole)

    def percent(self, share: float, digits: int = 1) -> str:
        """Return a share as a percentage."""
        if not math.isfinite(share):
            return NOTHING
        return self.hundred(share, digits) + (f"{NO_BREAK}%" if self.lang == "nl" else "%")

    def eur(self, value: float, digits: int = 0) -> str:
        """Return an amount of euros."""
        text = self.decimal(value, digits)
        if text == NOTHING:
            return text
        sign, size = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
        # The Dutch space between sign and amount is kept from breaking over lines.
        return f"€{NO_BREAK}{sign}{size}" if self.lang == "nl" else f"{sign}€{size}"

    def signed(self, value: float, of: Format) -> str:
        """Return a difference with its sign; a value that rounds to zero has none."""
        text = of(value)
        bare = text != NOTHING and value > 0 and any(c in "123456789" for c in text)
        return f"+{text}" if bare else text

    def interval(self, estimate: Estimate, of: Format) -> str:
        """Return `low to high`, a dash where there is no interval."""
        if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
            return NOTHING
        return self("word.range", low=of(estimate.low), high=of(estimate.high))

    def with_interval(self, estimate: Estimate, of: Format) -> str:
        """Return `mean (low to high)`, the mean alone where there is no interval."""
        if not estimate.known:
            return NOTHING
        between = self.interval(estimate, of)
        return of(estimate.mean) if between == NOTHING else f"{of(estimate.mean)} ({between})"

    def level(self, level: float) -> str:
        """Return a confidence level, such as `95%`."""
        return self.percent(level, 0 if math.isclose(level * 100, round(level * 100)) else 1)

    def day(self, day: date) -> str:
        """Return a date in words."""
        from babel.dates import format_date

        text: str = format_date(day, format="long", locale=self.locale)
        return text


def whole_for(*shares: float) -> int:
    """Return 100, 1,000 or 10,000: the smallest whole of which every share is at least 1, or 0."""
    sizes = [abs(share) for share in shares if math.isfinite(share) and share != 0]
    smallest = min(sizes, default=1.0)
    return next((whole for whole in (100, 1000) if smallest * whole >= 1), 10_000)


def digits_that_agree(first: float, second: float, difference: float) -> int:
    """Return the decimals with which two shares, per 100, and their difference do not contradict.

    Rounded to whole numbers, 12 and 9 could stand beside a difference of 4; then one is shown.
    """
    values = (first, second, difference)
    if not all(math.isfinite(value) for value in values):
        return 1
    a, b, d = (round(value * 100) for value in values)
    least = {100: 0, 1000: 1, 10_000: 2}[whole_for(*values)]
    return least if a - b == d else max(1, least)
