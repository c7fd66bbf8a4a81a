"""From seconds to the figures of the table: per policy-decade, and as multiples of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.contestant import Contestant
from benchmarks.rounds import Measured, Series

YEARS_OF_A_DECADE = 10


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return median and range."""
        return cls(float(np.median(values)), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the table says of one contestant.

    Attributes:
        contestant: who.
        policies: number of policies that it follows.
        recipients: people notified in a pass.
        decade_s: seconds of processor time for one policy over ten years, mean of its policies.
        recipient_us: microseconds for each person notified.
        times_reference: how many times as fast as the reference, per person notified.
        times_limit: how many times as long as the limit takes; nothing without a limit.
    """

    contestant: Contestant
    policies: int
    recipients: int
    decade_s: Spread
    recipient_us: Spread
    times_reference: Spread
    times_limit: Spread | None


def figures(measured: Measured, reference: str) -> list[Figures]:
    """Return the figures of all contestants, in their order.

    Ratios are taken within each round and per person notified, so that one policy compares with
    ten and a sample with the whole.
    """
    by_name = {series.contestant.name: series for series in measured.series}
    base = _per_recipient_us(by_name[reference])
    limits = [_per_recipient_us(s) for s in measured.series if s.contestant.is_limit]
    found = []
    for series in measured.series:
        own = _per_recipient_us(series)
        outcome = series.outcomes[0]
        people = recipients_per_policy_decade(measured, outcome.policies)
        found.append(
            Figures(
                contestant=series.contestant,
                policies=len(outcome.policies),
                recipients=outcome.recipients,
                decade_s=Spread.of([us * people / 1e6 for us in own]),
                recipient_us=Spread.of(own),
                times_reference=Spread.of([b / o for b, o in zip(base, own, strict=True)]),
                times_limit=Spread.of([o / limit for o, limit in zip(own, limits[0], strict=True)])
                if limits
                else None,
            )
        )
    return found


def recipients_per_policy_decade(measured: Measured, policies: tuple[str, ...]) -> float:
    """Return how many people the engine notifies in ten years, mean of some policies."""
    mine = np.isin(measured.engine["scenario"], policies)
    decades = len(policies) * measured.workload.years / YEARS_OF_A_DECADE
    return float(measured.engine["recipients"][mine].sum() / decades)


def _per_recipient_us(series: Series) -> list[float]:
    """Return the microseconds for each person notified in each timed pass."""
    timed = series.outcomes[1:]
    return [
        1e6 * seconds / outcome.recipients
        for seconds, outcome in zip(series.seconds, timed, strict=True)
    ]
