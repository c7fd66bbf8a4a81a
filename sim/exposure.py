"""Exposure: how many alerts covered a home lately, whatever the state of whoever lives there."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from sim.clock import DAY_S, YEAR_S
from sim.draws import Bools, Ints

WEEK_S = 7 * DAY_S


class Exposure:
    """Counts of the last year and week by candidate, for groups of policies with the same alerts.

    Exposure follows from the incidents and the policy's circles alone, never from the register, so
    that the chain runs one way: incidents, exposure, register.

    Args:
        group: the group of each policy, whole numbers from 0.
        n_candidates: number of candidates.
    """

    def __init__(self, group: Ints, n_candidates: int) -> None:
        self._group = group
        n_groups = int(group.max(initial=-1)) + 1
        self._year = np.zeros((n_candidates, n_groups), dtype=np.int16)
        self._week = np.zeros((n_candidates, n_groups), dtype=np.int16)
        self._leaving: deque[tuple[int, NDArray[np.int32], Bools]] = deque()
        self._leaving_week: deque[tuple[int, NDArray[np.int32], Bools]] = deque()

    def next_change_s(self) -> int | None:
        """Return when the next alert leaves the last year, or nothing."""
        return self._leaving[0][0] if self._leaving else None

    def add(self, at_s: int, covered: Ints, policies: Bools) -> None:
        """Count an alert at `at_s` whose circle covers the homes of some candidates, under some
        policies.
        """
        groups = np.zeros(self._year.shape[1], dtype=np.bool_)
        groups[self._group[policies]] = True
        small = covered.astype(np.int32)
        for counts, queue, span_s in (
            (self._year, self._leaving, YEAR_S),
            (self._week, self._leaving_week, WEEK_S),
        ):
            self._count(counts, small, groups, 1)
            queue.append((at_s + span_s, small, groups))

    def expire(self, now_s: int) -> None:
        """Forget the alerts that lie a year or a week back at `now_s`."""
        for counts, queue in ((self._year, self._leaving), (self._week, self._leaving_week)):
            while queue and queue[0][0] <= now_s:
                _, covered, groups = queue.popleft()
                self._count(counts, covered, groups, -1)

    @staticmethod
    def _count(
        counts: NDArray[np.int16], covered: NDArray[np.int32], groups: Bools, change: int
    ) -> None:
        for group in np.flatnonzero(groups):
            counts[covered, group] += np.int16(change)

    def last_year(self, candidates: Ints) -> NDArray[np.int16]:
        """Return the alerts in the last year by [candidate, policy]."""
        return np.asarray(self._year[candidates][:, self._group])

    def last_week(self, candidates: Ints) -> NDArray[np.int16]:
        """Return the alerts in the last week by [candidate, policy]."""
        return np.asarray(self._week[candidates][:, self._group])
