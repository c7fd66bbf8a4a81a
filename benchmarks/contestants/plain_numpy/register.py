"""The register of one policy, moved through time by entries, marks and letters."""

from __future__ import annotations

from collections import deque
from datetime import date

import numpy as np

from sim.candidates import Candidates, registered_at_start
from sim.clock import DAY_S, YEAR_S, date_to_s
from sim.costs import campaigns_of
from sim.draws import Floats, Ints, Purpose, Stream, exponential, to_seconds, to_uniform
from sim.effort import EXPOSURE_LIMIT, MARK_RATE_PER_YEAR, Thresholds, register_rates
from sim.grid import Grid
from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import WORD_RANGE

GONE, OUT, STALE, GOOD = range(4)
"""States of a candidate, ordered."""
_ENTRY, _MARK, _LETTER = range(3)
_WEEK_S = 7 * DAY_S
_LETTER_EPOCH = date(2000, 1, 1)


class Register:
    """States of all candidates, and how often they were alerted lately.

    Args:
        candidates: all candidates.
        grid: the region.
        policy: the policy.
        parameters: uncertain parameters.
        stream: draws of the replication.
        start: first day.
        until_s: nothing is drawn for later.

    Attributes:
        state: state of each candidate, [n].
        struck: stale record that was struck off, [n].
        week: alerts in the last week that covered the home, [n].
    """

    def __init__(
        self,
        candidates: Candidates,
        grid: Grid,
        policy: Policy,
        parameters: Parameters,
        stream: Stream,
        start: date,
        until_s: int,
    ) -> None:
        p = parameters
        registered = registered_at_start(candidates)
        self.state = np.where(candidates.entry_s < 0, OUT, GONE)
        self.state[registered] = GOOD
        self.state[registered & (candidates.stale_level < p.stale_share_at_start)] = STALE
        self.struck = np.zeros(len(candidates), dtype=np.bool_)
        self.week = np.zeros(len(candidates), dtype=np.int64)
        self._year = np.zeros(len(candidates), dtype=np.int64)
        self._leaving: dict[int, deque[tuple[int, Ints]]] = {YEAR_S: deque(), _WEEK_S: deque()}
        self._town, self._age = candidates.municipality, candidates.age_band
        self._thresholds = register_rates([policy], grid, p, start).thresholds()
        parts = [_entries(candidates, until_s)]
        parts += _marks(candidates, self._thresholds, stream, until_s)
        parts += _letters(candidates, grid, policy, p, stream, start, until_s)
        columns = [np.concatenate([part[i] for part in parts]) for i in range(4)]
        at_s, who, kind, _ = columns
        # lexsort is stable: marks of one candidate in one second stay in the order of drawing.
        order = np.lexsort((kind, who, at_s))
        self._at_s, self._who, self._kind, self._word = (column[order] for column in columns)
        self._next = 0

    def advance(self, to_s: int) -> None:
        """Let everything happen that is due up to and including a moment."""
        year, week = self._leaving[YEAR_S], self._leaving[_WEEK_S]
        while year and year[0][0] <= to_s:
            change_s, covered = year.popleft()
            self._apply(change_s - 1)
            self._year[covered] -= 1
        self._apply(to_s)
        while week and week[0][0] <= to_s:
            self.week[week.popleft()[1]] -= 1

    def remember(self, alert_s: int, covered: Ints) -> None:
        """Count an alert whose circle covers the homes of some candidates."""
        self._year[covered] += 1
        self.week[covered] += 1
        for span_s, queue in self._leaving.items():
            queue.append((alert_s + span_s, covered))

    def _apply(self, to_s: int) -> None:
        stop = int(np.searchsorted(self._at_s, to_s, side="right"))
        rows = np.arange(self._next, stop)
        self._next = stop
        while rows.size > 0:
            # The first event of each candidate, then the second ones, and so on.
            _, first = np.unique(self._who[rows], return_index=True)
            self._apply_once(rows[np.sort(first)])
            rows = np.delete(rows, first)

    def _apply_once(self, rows: Ints) -> None:
        """Apply at most one event to each candidate."""
        who, kind, word, t = self._who[rows], self._kind[rows], self._word[rows], self._thresholds
        town, age, old = self._town[who], self._age[who], self.state[who]
        phase = np.searchsorted(t.phase_s, self._at_s[rows], side="right") - 1
        sign_up, upkeep, strike = (x[phase, 0, town, age] for x in (t.sign_up, t.upkeep, t.strike))
        alerts = np.minimum(self._year[who], EXPOSURE_LIMIT)
        decay, departure = t.decay[0, age, alerts], t.departure[0, age, alerts]
        mark, listable = kind == _MARK, (old == OUT) | (old == STALE)
        new = old.copy()
        new[mark & (word < sign_up) & listable] = GOOD
        new[mark & (sign_up <= word) & (word < upkeep) & (old == STALE)] = GOOD
        new[mark & (decay <= word) & (word < departure) & (old == GOOD)] = STALE
        new[mark & (departure <= word)] = GONE
        new[(kind == _LETTER) & listable] = GOOD
        new[(kind == _ENTRY) & (old == GONE)] = OUT
        strikes = mark & (upkeep <= word) & (word < strike) & (old == STALE)
        self.state[who] = new
        self.struck[who] = (self.struck[who] | strikes) & (new == STALE)


_Part = tuple[Ints, Ints, Ints, Ints]
"""When, who, which kind of event, and the integer uniform of a mark."""


def _part(at_s: Ints, who: Ints, kind: int, word: Ints | None = None) -> _Part:
    zero = np.zeros(len(who), dtype=np.int64)
    return at_s, who, zero + kind, zero if word is None else word


def _entries(candidates: Candidates, until_s: int) -> _Part:
    who = np.flatnonzero((candidates.entry_s >= 0) & (candidates.entry_s <= until_s))
    return _part(candidates.entry_s[who], who, _ENTRY)


def _marks(
    candidates: Candidates, thresholds: Thresholds, stream: Stream, until_s: int
) -> list[_Part]:
    """Draw the k-th marks of all candidates whose marks have not passed the end, for each k."""
    who, clock = np.arange(len(candidates)), np.zeros(len(candidates))
    lowest, highest = int(thresholds.strike.max()), int(thresholds.decay.min())
    parts: list[_Part] = []
    while who.size > 0:
        words = stream.words(Purpose.MARK, candidates.id[who], len(parts))
        clock = clock + exponential(to_uniform(words[0])) * (YEAR_S / MARK_RATE_PER_YEAR)
        at_s, word = to_seconds(clock), words[1].astype(np.int64)
        # In between the thresholds a mark does nothing.
        acts = (at_s <= until_s) & ((word < lowest) | (word >= highest))
        parts.append(_part(at_s[acts], who[acts], _MARK, word[acts]))
        going_on = at_s <= until_s
        who, clock = who[going_on], clock[going_on]
    return parts


def _letters(
    candidates: Candidates,
    grid: Grid,
    policy: Policy,
    parameters: Parameters,
    stream: Stream,
    start: date,
    until_s: int,
) -> list[_Part]:
    """Draw who answers the household letters of the policy, and when.

    The share of those written to who join refers to all inhabitants; only the willing answer.
    """
    p, parts = parameters, []
    join = min(p.campaign_join_share / p.willing_share, 1.0)
    for day, share in sorted(_written_share(grid, policy).items()):
        threshold = np.floor(np.minimum(share, 1.0) * join * WORD_RANGE)[candidates.municipality]
        words = stream.words(Purpose.CAMPAIGN, candidates.id, (day - _LETTER_EPOCH).days)
        later_s = to_seconds(to_uniform(words[1]) * p.campaign_weeks * 7 * DAY_S)
        at_s = date_to_s(start, day) + later_s
        who = np.flatnonzero((words[0] < threshold) & (at_s <= until_s))
        parts.append(_part(at_s[who], who, _LETTER))
    return parts


def _written_share(grid: Grid, policy: Policy) -> dict[date, Floats]:
    """Return the share of inhabitants written to on each day, by municipality."""
    written: dict[date, Floats] = {}
    for town, place in enumerate(grid.municipalities):
        for campaign in campaigns_of(policy, place.gm_code):
            levers = policy.levers_at(campaign.day, place.gm_code)
            if levers.register_.sign_ups_processed:
                share = written.setdefault(campaign.day, np.zeros(len(grid.municipalities)))
                share[town] += campaign.written_share
    return written
