"""The levers in force by policy, time and municipality, looked up once and then by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.clock import date_to_s
from sim.draws import Ints
from sim.policy import Levers, Policy


@dataclass(frozen=True, slots=True)
class LeverTable:
    """Every distinct set of levers of some policies, and where it holds.

    Attributes:
        levers: the distinct sets.
        number: the set in force, by [policy, phase, municipality].
        phase_s: start of each phase in elapsed seconds, the first far in the past.
    """

    levers: tuple[Levers, ...]
    number: Ints
    phase_s: Ints

    @classmethod
    def of(cls, policies: Sequence[Policy], gm_codes: Sequence[str], start: date) -> LeverTable:
        """Resolve the levers of policies for each municipality from every date on which one of
        them changes.
        """
        days = sorted({day for policy in policies for day in policy.change_days()})
        known: list[Levers] = []
        number = np.zeros((len(policies), len(days) + 1, len(gm_codes)), dtype=np.int64)
        for i, policy in enumerate(policies):
            for j, day in enumerate([date.min, *days]):
                for k, code in enumerate(gm_codes):
                    number[i, j, k] = _number(known, policy.levers_at(day, code))
        starts = np.array([-(1 << 40), *(date_to_s(start, day) for day in days)], dtype=np.int64)
        return cls(tuple(known), number, starts)

    def at(self, at_s: Ints, municipality: Ints) -> Ints:
        """Return the numbers of the sets in force at times [n] in municipalities [n], as [n,
        policy].
        """
        phase = np.searchsorted(self.phase_s, at_s, side="right") - 1
        return np.asarray(self.number[:, phase, municipality].T)

    def values(self, read: Callable[[Levers], Any], dtype: type[np.generic]) -> NDArray[Any]:
        """Return one lever of every distinct set as an array."""
        return np.array([read(levers) for levers in self.levers], dtype=dtype)


def _number(known: list[Levers], levers: Levers) -> int:
    for i, other in enumerate(known):
        if other == levers:
            return i
    known.append(levers)
    return len(known) - 1
