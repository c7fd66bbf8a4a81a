"""The register of participants: four ordered states, moved by marks that all policies share
(Harris's graphical construction).

Every candidate has a Poisson stream of marks; a mark carries one integer uniform that is compared
with thresholds which depend on the policy, the municipality, the age band, the time and the
exposure, never on the candidate's own state. Each mark is therefore a monotone map of the states,
and policies that are ordered in their thresholds stay ordered in every candidate at every moment
(T. E. Harris, "Additive set-valued Markov processes and graphical methods", Annals of Probability
6 (1978), doi:10.1214/aop/1176995523).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.candidates import Candidates, registered_at_start
from sim.clock import YEAR_S
from sim.draws import Bools, Floats, Ints, Purpose, Stream, exponential, to_seconds, to_uniform
from sim.effort import EXPOSURE_LIMIT, MARK_RATE_PER_YEAR, Thresholds
from sim.exposure import Exposure


class State(IntEnum):
    """The ordered states of a candidate."""

    GONE = 0
    OUT = 1
    STALE = 2
    GOOD = 3


FLOWS = ("signups", "reentries", "departures", "struck_off")
"""Flows that change the number registered, in the order of `Register.flows`."""
STOCKS = ("registered", "good", "stale", "struck")


class Kind(IntEnum):
    """Kinds of events of a candidate; at one moment they happen in this order."""

    ENTRY = 0
    MARK = 1
    LETTER = 2


@dataclass(frozen=True, slots=True)
class Events:
    """Everything that can happen to candidates, in the order of time: arrays [n].

    Attributes:
        at_s: when.
        candidate: position of the candidate in the arrays of candidates.
        kind: `Kind`.
        word: the integer uniform of a mark or a letter.
        letter: number of the letter (0 for other kinds).
    """

    at_s: Ints
    candidate: Ints
    kind: NDArray[np.int8]
    word: Ints
    letter: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Letter:
    """A dated campaign: `join` is the joining threshold by [policy, municipality]; 0 where nothing
    is sent.
    """

    day_number: int
    at_s: int
    join: Ints


def draw_events(
    candidates: Candidates,
    thresholds: Thresholds,
    letters: list[Letter],
    weeks: float,
    until_s: int,
    stream: Stream,
) -> Events:
    """Draw entries, marks and answers to letters up to `until_s`; a longer time adds events and
    changes none.

    Marks whose uniform lies between the thresholds of every policy do nothing and are left out.
    """
    idle = int(thresholds.strike.max()), int(thresholds.decay.min())
    parts = [_entries(candidates, until_s), *_marks(candidates, idle, until_s, stream)]
    parts += [
        _answers(number, letter, candidates, weeks, until_s, stream)
        for number, letter in enumerate(letters)
    ]
    at_s, candidate, kind, word, letter_number = (
        np.concatenate([np.asarray(part[i]) for part in parts]).astype(np.int64) for i in range(5)
    )
    order = np.lexsort((kind, candidate, at_s))
    # Marks of one candidate in the same second keep the order in which they were drawn: lexsort is
    # stable.
    return Events(
        at_s[order],
        candidate[order],
        kind[order].astype(np.int8),
        word[order],
        letter_number[order].astype(np.int16),
    )


_Part = tuple[Ints, Ints, Ints, Ints, Ints]


def _entries(candidates: Candidates, until_s: int) -> _Part:
    who = np.flatnonzero((candidates.entry_s >= 0) & (candidates.entry_s <= until_s))
    zero = np.zeros(len(who), dtype=np.int64)
    return candidates.entry_s[who], who, zero + Kind.ENTRY, zero, zero


def _marks(
    candidates: Candidates, idle: tuple[int, int], until_s: int, stream: Stream
) -> list[_Part]:
    """Draw the marks in rounds, leaving out those that do nothing: the k-th mark of all candidates
    whose k-1-th came in time.
    """
    who = np.arange(len(candidates))
    at = np.zeros(len(candidates))
    parts: list[_Part] = []
    round_ = 0
    while who.size:
        words = stream.words(Purpose.MARK, candidates.id[who], round_)
        at = at + exponential(to_uniform(words[0])) * (YEAR_S / MARK_RATE_PER_YEAR)
        at_s = to_seconds(at)
        alive = at_s <= until_s
        who, at, at_s, word = who[alive], at[alive], at_s[alive], words[1][alive].astype(np.int64)
        acts = (word < idle[0]) | (word >= idle[1])
        zero = np.zeros(int(acts.sum()), dtype=np.int64)
        parts.append((at_s[acts], who[acts], zero + Kind.MARK, word[acts], zero))
        round_ += 1
    return parts


def _answers(
    number: int, letter: Letter, candidates: Candidates, weeks: float, until_s: int, stream: Stream
) -> _Part:
    """Draw when each candidate would answer a letter: some weeks after it, the same under every
    policy.
    """
    words = stream.words(Purpose.CAMPAIGN, candidates.id, letter.day_number)
    at_s = letter.at_s + to_seconds(to_uniform(words[1]) * weeks * 7 * 86_400)
    who = np.flatnonzero((words[0].astype(np.int64) < letter.join.max()) & (at_s <= until_s))
    zero = np.zeros(len(who), dtype=np.int64)
    return at_s[who], who, zero + Kind.LETTER, words[0][who].astype(np.int64), zero + number


class Register:
    """The states of all candidates under all policies at one moment, moving forward in time.

    Attributes:
        state: `State` by [candidate, policy].
        best: the highest state under any policy, [candidate].
        struck: stale records that relation management has struck off, [candidate, policy].
        stocks: registered, good, stale and struck by [4, policy, municipality].
        flows: sums since the start by [4, policy, municipality], see `FLOWS`.
    """

    def __init__(
        self,
        candidates: Candidates,
        events: Events,
        thresholds: Thresholds,
        letters: list[Letter],
        stale_share: float,
        n_municipalities: int,
    ) -> None:
        self.candidates = candidates
        self._events, self._thresholds, self._letters = events, thresholds, letters
        self._next = 0
        n_policies = thresholds.sign_up.shape[1]
        first = first_states(candidates, stale_share)
        self.state = np.repeat(first[:, None], n_policies, axis=1)
        self.struck = np.zeros(self.state.shape, dtype=np.bool_)
        self.best = first.copy()
        self.stocks = np.zeros((4, n_policies, n_municipalities), dtype=np.int64)
        self.flows = np.zeros_like(self.stocks)
        for i, wanted in ((1, State.GOOD), (2, State.STALE)):
            counts = np.bincount(
                candidates.municipality[first == wanted], minlength=n_municipalities
            )
            self.stocks[i] += counts
            self.stocks[0] += counts

    def advance(self, to_s: int, exposure: Exposure) -> None:
        """Let everything happen that is due up to and including `to_s`.

        Args:
            to_s: the new moment.
            exposure: alerts in the last year; must not change on the way.
        """
        stop = int(np.searchsorted(self._events.at_s, to_s, side="right"))
        while self._next < stop:
            end = min(stop, self._next + 65_536)
            phase_end = self._phase_end(self._next, end)
            self._apply(self._next, phase_end, exposure)
            self._next = phase_end

    def _phase_end(self, begin: int, end: int) -> int:
        """Return the end of the events from `begin` that fall in one phase of the thresholds."""
        at_s = self._events.at_s
        later = self._thresholds.phase_s[self._thresholds.phase_s > at_s[begin]]
        if later.size == 0:
            return end
        return min(end, int(np.searchsorted(at_s, later.min(), side="left")))

    def _apply(self, begin: int, end: int, exposure: Exposure) -> None:
        """Apply events of one phase; those of one candidate one after the other."""
        who = self._events.candidate[begin:end]
        order = np.argsort(who, kind="stable")
        again = np.zeros(len(who), dtype=np.int64)
        ordered = who[order]
        first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
        starts = np.flatnonzero(first)
        again[order] = np.arange(len(who)) - np.repeat(
            starts, np.diff(np.append(starts, len(who)))
        )
        for turn in range(int(again.max(initial=0)) + 1):
            self._apply_once(begin + np.flatnonzero(again == turn), exposure)

    def _apply_once(self, rows: Ints, exposure: Exposure) -> None:
        """Apply at most one event to each candidate."""
        events, t = self._events, self._thresholds
        phase = int(np.searchsorted(t.phase_s, events.at_s[rows[0]], side="right")) - 1
        kind = events.kind[rows]
        who = events.candidate[rows]
        word = events.word[rows][:, None]
        town, age = self.candidates.municipality[who], self.candidates.age_band[who]
        old, struck = self.state[who], self.struck[who]
        new = old.copy()

        marked = (kind == Kind.MARK)[:, None]
        policy = np.arange(old.shape[1])[None, :]
        alerts = np.minimum(exposure.last_year(who), EXPOSURE_LIMIT)
        sign_up, upkeep, strike = (
            x[phase][:, town, age].T for x in (t.sign_up, t.upkeep, t.strike)
        )
        decay, departure = (x[policy, age[:, None], alerts] for x in (t.decay, t.departure))
        new[marked & (word < sign_up) & ((old == State.OUT) | (old == State.STALE))] = State.GOOD
        new[marked & (sign_up <= word) & (word < upkeep) & (old == State.STALE)] = State.GOOD
        new[marked & (decay <= word) & (word < departure) & (old == State.GOOD)] = State.STALE
        new[marked & (departure <= word)] = State.GONE
        newly_struck = marked & (upkeep <= word) & (word < strike) & (old == State.STALE) & ~struck

        if self._letters:
            join = np.stack([letter.join for letter in self._letters])[
                events.letter[rows], :, town
            ]
            lettered = (kind == Kind.LETTER)[:, None]
            new[lettered & (word < join) & ((old == State.OUT) | (old == State.STALE))] = (
                State.GOOD
            )
        new[(kind == Kind.ENTRY)[:, None] & (old == State.GONE)] = State.OUT
        self._settle(who, town, old, new, struck, newly_struck)

    def _settle(
        self,
        who: Ints,
        town: Ints,
        old: NDArray[np.uint8],
        new: NDArray[np.uint8],
        struck: Bools,
        newly_struck: Bools,
    ) -> None:
        """Store new states and keep the books."""
        row, policy = np.nonzero((old != new) | newly_struck)
        if row.size == 0:
            return
        before, after, was = old[row, policy], new[row, policy], struck[row, policy]
        now = np.where(after == State.STALE, was | newly_struck[row, policy], False)
        self.state[who[row], policy] = after
        self.best[who] = self.state[who].max(axis=1)
        self.struck[who[row], policy] = now
        place = (policy, town[row])
        listed_before = (before >= State.STALE) & ~was
        listed_after = (after >= State.STALE) & ~now
        for i, change in enumerate(
            (
                listed_after.astype(np.int64) - listed_before,
                (after == State.GOOD).astype(np.int64) - (before == State.GOOD),
                (after == State.STALE).astype(np.int64) - (before == State.STALE),
                now.astype(np.int64) - was,
            )
        ):
            np.add.at(self.stocks[i], place, change)
        for i, happened in enumerate(
            (
                (before == State.OUT) & (after == State.GOOD),
                was & (after == State.GOOD),
                listed_before & (after == State.GONE),
                now & ~was,
            )
        ):
            np.add.at(self.flows[i], place, happened)


def first_states(candidates: Candidates, stale_share: float) -> NDArray[np.uint8]:
    """Return the state of each candidate at the start, the same under every policy."""
    state = np.where(candidates.entry_s < 0, State.OUT, State.GONE).astype(np.uint8)
    registered = registered_at_start(candidates)
    state[registered] = State.GOOD
    state[registered & (candidates.stale_level < stale_share)] = State.STALE
    return state


def app_share(
    at_years_after_2014: Floats, limit: float, share_2014: float, growth_per_year: float
) -> Floats:
    """Return the share of the willing who use the app: a logistic curve through the figure of 1
    November 2014.

    Args:
        at_years_after_2014: years since 1 November 2014.
        limit: share in the end.
        share_2014: share on 1 November 2014, below `limit`.
        growth_per_year: growth rate of the logistic.
    """
    odds = share_2014 / max(limit - share_2014, 1e-9)
    grown = odds * np.exp(growth_per_year * np.asarray(at_years_after_2014))
    return np.asarray(limit * grown / (1.0 + grown))
