"""The register of participants: four ordered states, moved by marks that all policies share
(Harris's graphical construction).

Every candidate has a Poisson stream of marks; a mark carries one integer uniform that is compared
with thresholds which depend on the policy, the municipality, the age band, the time and the
exposure, never on the candidate's own state. Each mark is therefore a monotone map of the states,
and policies that are ordered in their thresholds stay ordered in every candidate at every moment
(T. E. Harris, "Additive set-valued Markov processes and graphical methods", Annals of Probability
6 (1978), doi:10.1214/aop/1176995523).

Candidates do not touch each other, so each is moved on only when somebody looks: an alert around
its home, or the end of the study. The books of the months are kept as changes by month.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.adoption import Adoption, count_months_of_use
from sim.candidates import Candidates, registered_at_start
from sim.clock import YEAR_S
from sim.compiled import compiled
from sim.crowd import Crowd
from sim.draws import Bools, Floats, Ints, Purpose, Stream
from sim.effort import EXPOSURE_LIMIT, MARK_RATE_PER_YEAR, Thresholds
from sim.exposure import Exposure, count_last_year
from sim.scalar import NEVER_S


class State(IntEnum):
    """The ordered states of a candidate."""

    GONE = 0
    OUT = 1
    STALE = 2
    GOOD = 3


FLOWS = ("signups", "reentries", "departures", "struck_off")
"""Flows that change the number registered, in the order of `Register.flows`."""
STOCKS = ("registered", "good", "stale", "struck")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dated campaign: `join` is the joining threshold by [policy, municipality]; 0 where nothing
    is sent.
    """

    day_number: int
    at_s: int
    join: Ints


STRUCK = 4
"""Added to the state in `Book.code` where relation management has struck the record off."""
_STATE = 3
_BETWEEN_MARKS_S = YEAR_S / MARK_RATE_PER_YEAR
_GONE, _OUT, _STALE, _GOOD = (int(state) for state in State)
_MARK, _CAMPAIGN = int(Purpose.MARK), int(Purpose.CAMPAIGN)
_IN_THE_BEGINNING_S = -1
_DAY_S = 86_400


class Rules(NamedTuple):
    """What marks and letters do, as the compiled loops read it.

    Attributes:
        key: seed and replication.
        thresholds: see `Thresholds`: phase_s, sign_up, upkeep, strike, decay, departure.
        idle_from, idle_to: marks from the one to below the other do nothing under any policy.
        gone_from: marks from here on are a departure under every policy.
        letter_at_s, letter_day: moment and number of each letter.
        join: its joining threshold by [letter, policy, municipality].
        answer_s: an answer comes at most so long after the letter.
    """

    key: tuple[int, int]
    phase_s: Ints
    sign_up: Ints
    upkeep: Ints
    strike: Ints
    decay: Ints
    departure: Ints
    idle_from: int
    idle_to: int
    gone_from: int
    letter_at_s: Ints
    letter_day: Ints
    join: Ints
    answer_s: float


class Book(NamedTuple):
    """The candidates [n] at the moment up to which each was followed, and the monthly books.

    Attributes:
        code: `State`, plus `STRUCK` for stale records that were struck off, [n, p].
        seen_s: up to when a candidate was followed.
        mark_at_s: exact moment of the next mark, `mark_s` in whole seconds, `NEVER_S` for none.
        mark_word: its integer uniform; `mark_round` its number.
        month_ends_s: ends of the months.
        stocks: registered, good, stale and struck: the change in each month, [month, 4, policy,
            municipality]; month 0 is the start, the last row what comes after the last month.
        flows: see `FLOWS`, during each month, in the same shape.
        app_users: at the end of each month, [month, policy, municipality].
        alerts, changed: room for the alerts of the last year and for who changed, [p].
    """

    code: NDArray[np.uint8]
    seen_s: Ints
    mark_at_s: Floats
    mark_s: Ints
    mark_word: NDArray[np.uint32]
    mark_round: NDArray[np.int32]
    month_ends_s: Ints
    stocks: Ints
    flows: Ints
    app_users: Ints
    alerts: Ints
    changed: Bools


def rules_of(thresholds: Thresholds, letters: list[Letter], weeks: float, stream: Stream) -> Rules:
    """Put together what moves candidates.

    Args:
        thresholds: of the marks.
        letters: dated campaigns, in the order of their days.
        weeks: answers come within so many weeks, evenly.
        stream: draws of the replication.
    """
    t = thresholds
    shape = (len(letters), *t.sign_up.shape[1:3])
    return Rules(
        key=(stream.seed, stream.replication),
        phase_s=t.phase_s,
        sign_up=t.sign_up,
        upkeep=t.upkeep,
        strike=t.strike,
        decay=t.decay,
        departure=t.departure,
        idle_from=int(t.strike.max()),
        idle_to=int(t.decay.min()),
        gone_from=int(t.departure.max()),
        letter_at_s=np.array([letter.at_s for letter in letters], dtype=np.int64),
        letter_day=np.array([letter.day_number for letter in letters], dtype=np.int64),
        join=np.array([letter.join for letter in letters], dtype=np.int64).reshape(shape),
        answer_s=weeks * 7 * _DAY_S,
    )


def open_book(
    crowd: Crowd,
    first: NDArray[np.uint8],
    rules: Rules,
    adoption: Adoption,
    month_ends_s: Ints,
    n_municipalities: int,
) -> Book:
    """Open the books at the start.

    Args:
        crowd: the candidates.
        first: `State` of each at the start, the same under every policy.
        rules: what moves them.
        adoption: of the app.
        month_ends_s: ends of the months of the study.
        n_municipalities: number of municipalities.
    """
    n, n_policies, months = len(first), rules.sign_up.shape[1], len(month_ends_s)
    book = Book(
        code=np.repeat(first[:, None], n_policies, axis=1),
        seen_s=np.full(n, _IN_THE_BEGINNING_S, dtype=np.int64),
        mark_at_s=np.zeros(n),
        mark_s=np.zeros(n, dtype=np.int64),
        mark_word=np.zeros(n, dtype=np.uint32),
        mark_round=np.zeros(n, dtype=np.int32),
        month_ends_s=month_ends_s,
        stocks=np.zeros((months + 2, 4, n_policies, n_municipalities), dtype=np.int64),
        flows=np.zeros((months + 2, 4, n_policies, n_municipalities), dtype=np.int64),
        app_users=np.zeros((months + 2, n_policies, n_municipalities), dtype=np.int64),
        alerts=np.zeros(n_policies, dtype=np.int64),
        changed=np.ones(n_policies, dtype=np.bool_),
    )
    for k, wanted in ((1, _GOOD), (2, _STALE)):
        counts = np.bincount(crowd.municipality[first == wanted], minlength=n_municipalities)
        book.stocks[0, k] += counts
        book.stocks[0, 0] += counts
    _begin(book, crowd, rules, adoption)
    return book


@compiled
def _begin(book: Book, crowd: Crowd, rules: Rules, adoption: Adoption) -> None:
    """Draw the first mark of everybody and count the first users of the app."""
    for j in range(len(book.mark_s)):
        if crowd.entry_s[j] < 0:
            count_months_of_use(book.app_users, adoption, crowd, j, 0, book.changed, 1)
        book.mark_round[j] = -1
        _next_mark(book, crowd, rules, j)


@compiled
def _next_mark(book: Book, crowd: Crowd, rules: Rules, j: int) -> None:
    """Draw on to the next mark that does anything."""
    at, round_ = book.mark_at_s[j], book.mark_round[j]
    while True:
        round_ += 1
        words = scalar.philox(crowd.id[j], round_, 0, _MARK, rules.key[0], rules.key[1])
        at += scalar.exponential(scalar.uniform(words[0])) * _BETWEEN_MARKS_S
        if words[1] < rules.idle_from or words[1] >= rules.idle_to:
            break
    book.mark_at_s[j], book.mark_round[j] = at, round_
    book.mark_s[j], book.mark_word[j] = scalar.whole_seconds(at), words[1]


@compiled
def bring(
    book: Book,
    crowd: Crowd,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    j: int,
    to_s: int,
) -> None:
    """Let everything happen to candidate j that is due up to and including `to_s`, in the order of
    time; at one second entry, marks, letters.
    """
    seen, entry = book.seen_s[j], crowd.entry_s[j]
    if to_s <= seen:
        return
    letter, letter_s = -1, seen
    while True:
        at, mark = book.mark_s[j], True
        if len(rules.letter_at_s) > 0:
            found, found_s = _next_letter(crowd, rules, j, letter, letter_s, to_s)
            if found >= 0 and found_s < at:
                at, mark = found_s, False
        if seen < entry <= min(at, to_s):
            seen = entry
            _enter(book, crowd, adoption, j, entry)
        if at > to_s:
            break
        if mark:
            _mark(book, crowd, rules, adoption, exposure, j)
            if book.mark_word[j] >= rules.gone_from and entry <= at:
                book.mark_s[j] = NEVER_S
            else:
                _next_mark(book, crowd, rules, j)
        else:
            letter, letter_s = found, found_s
            _letter(book, crowd, rules, j, letter, at)
    book.seen_s[j] = to_s


@compiled
def _next_letter(
    crowd: Crowd, rules: Rules, j: int, after: int, after_s: int, to_s: int
) -> tuple[int, int]:
    """Return the next letter that candidate j would answer after letter `after` answered at
    `after_s` (-1: any later than that moment), and when; -1 for none up to `to_s`.
    """
    best, best_s = -1, NEVER_S
    for k in range(len(rules.letter_at_s)):
        if rules.letter_at_s[k] > to_s or rules.letter_at_s[k] + rules.answer_s + 1 < after_s:
            continue
        words = scalar.philox(
            crowd.id[j], rules.letter_day[k], 0, _CAMPAIGN, rules.key[0], rules.key[1]
        )
        at = rules.letter_at_s[k] + scalar.whole_seconds(scalar.uniform(words[1]) * rules.answer_s)
        later = at > after_s or (at == after_s and 0 <= after < k)
        if later and at < best_s and words[0] < rules.join[k].max():
            best, best_s = k, at
    return best, best_s


@compiled
def _enter(book: Book, crowd: Crowd, adoption: Adoption, j: int, at_s: int) -> None:
    """Let a newcomer appear."""
    book.code[j] = _OUT
    book.changed[:] = True
    month = _month(book, at_s)
    count_months_of_use(book.app_users, adoption, crowd, j, month, book.changed, 1)


@compiled
def _month(book: Book, at_s: int) -> int:
    """Return the month of a moment, from 1; what happens at an end belongs to the next month."""
    return np.searchsorted(book.month_ends_s, at_s, side="right") + 1


@compiled
def _phase(rules: Rules, at_s: int) -> int:
    return np.searchsorted(rules.phase_s, at_s, side="right") - 1


@compiled
def _mark(
    book: Book, crowd: Crowd, rules: Rules, adoption: Adoption, exposure: Exposure, j: int
) -> None:
    """Let the next mark of a candidate do what it does under each policy."""
    word, at_s = np.int64(book.mark_word[j]), book.mark_s[j]
    town, age = crowd.municipality[j], crowd.age_band[j]
    phase, month = _phase(rules, at_s), _month(book, at_s)
    leaves = False
    if word >= rules.idle_to:
        count_last_year(exposure, crowd.homes.x_dm[j], crowd.homes.y_dm[j], at_s, book.alerts)
    for p in range(book.code.shape[1]):
        code = book.code[j, p]
        old, new = code & _STATE, code
        if word >= rules.idle_to:
            alerts = min(book.alerts[p], EXPOSURE_LIMIT)
            if word >= rules.departure[p, age, alerts]:
                new = _GONE
            elif word >= rules.decay[p, age, alerts] and old == _GOOD:
                new = _STALE
        elif word < rules.sign_up[phase, p, town, age]:
            if old in (_OUT, _STALE):
                new = _GOOD
        elif word < rules.upkeep[phase, p, town, age]:
            if old == _STALE:
                new = _GOOD
        elif word < rules.strike[phase, p, town, age] and old == _STALE:
            new = _STALE + STRUCK
        book.changed[p] = new == _GONE and old != _GONE
        leaves = leaves or book.changed[p]
        if new != code:
            _settle(book, month, p, town, code, new)
            book.code[j, p] = new
    if leaves:
        count_months_of_use(book.app_users, adoption, crowd, j, month, book.changed, -1)


@compiled
def _letter(book: Book, crowd: Crowd, rules: Rules, j: int, letter: int, at_s: int) -> None:
    """Let a candidate answer a letter."""
    words = scalar.philox(
        crowd.id[j], rules.letter_day[letter], 0, _CAMPAIGN, rules.key[0], rules.key[1]
    )
    town, month = crowd.municipality[j], _month(book, at_s)
    for p in range(book.code.shape[1]):
        code = book.code[j, p]
        if words[0] < rules.join[letter, p, town] and code & _STATE in (_OUT, _STALE):
            _settle(book, month, p, town, code, _GOOD)
            book.code[j, p] = _GOOD


@compiled
def _settle(book: Book, month: int, p: int, town: int, before: int, after: int) -> None:
    """Keep the books of one change of one candidate under one policy."""
    if month >= book.stocks.shape[0]:
        return
    was, now = before >= STRUCK, after >= STRUCK
    old, new = before & _STATE, after & _STATE
    stocks, flows = book.stocks[month], book.flows[month]
    stocks[0, p, town] += (new >= _STALE and not now) - (old >= _STALE and not was)
    stocks[1, p, town] += (new == _GOOD) - (old == _GOOD)
    stocks[2, p, town] += (new == _STALE) - (old == _STALE)
    stocks[3, p, town] += np.int64(now) - np.int64(was)
    flows[0, p, town] += old == _OUT and new == _GOOD
    flows[1, p, town] += was and new == _GOOD
    flows[2, p, town] += old >= _STALE and not was and new == _GONE
    flows[3, p, town] += now and not was


@compiled
def bring_all(
    book: Book, crowd: Crowd, rules: Rules, adoption: Adoption, exposure: Exposure, to_s: int
) -> None:
    """Let everything happen to everybody that is due up to and including `to_s`."""
    for j in range(len(book.seen_s)):
        bring(book, crowd, rules, adoption, exposure, j, to_s)


def first_states(candidates: Candidates, stale_share: float) -> NDArray[np.uint8]:
    """Return the state of each candidate at the start, the same under every policy."""
    state = np.where(candidates.entry_s < 0, State.OUT, State.GONE).astype(np.uint8)
    registered = registered_at_start(candidates)
    state[registered] = State.GOOD
    state[registered & (candidates.stale_level < stale_share)] = State.STALE
    return state
