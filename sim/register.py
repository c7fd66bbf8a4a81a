"""The register of participants: four ordered states, moved by marks that all policies share
(Harris's graphical construction).

Every candidate has a Poisson stream of marks; a mark carries one integer uniform that is compared
with thresholds which depend on the policy, the municipality, the age band, the time and the
exposure, never on the candidate's own state. Each mark is therefore a monotone map of the states,
and policies that are ordered in their thresholds stay ordered in every candidate at every moment
(T. E. Harris, "Additive set-valued Markov processes and graphical methods", Annals of Probability
6 (1978), doi:10.1214/aop/1176995523).

Candidates do not touch each other, and their exposure is known beforehand. So a spell of
time is worked out one candidate after the other, before its alerts; what changes is noted down,
and the alerts around a home let it happen. The books of the months are kept as changes by month.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.adoption import Adoption, count_months_of_use
from sim.candidates import Candidates, registered_at_start
from sim.clock import YEAR_S
from sim.compiled import compiled, inlined
from sim.crowd import Crowd
from sim.draws import Bools, Ints, Purpose, Stream
from sim.effort import EXPOSURE_LIMIT, MARK_RATE_PER_YEAR, Thresholds
from sim.exposure import Exposure, count_last_year
from sim.scalar import NEVER_S

Person: TypeAlias = Any
"""A record of the type `sim.crowd.PERSON`."""
Clock: TypeAlias = Any
"""A record of the type `sim.crowd.CLOCK`."""
_BY_MARK, _BY_LETTER = range(2)


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
_BEYOND_S = 50 * YEAR_S
"""Nobody looks at the register so late."""
_DAY_S = 86_400
_SIGN_UP, _UPKEEP, _STRIKE = range(3)
_DECAY, _DEPARTURE = range(2)


class Rules(NamedTuple):
    """What marks and letters do, as the compiled loops read it.

    Attributes:
        key: seed and replication.
        phase_s: start of each phase.
        up: thresholds of sign-up, upkeep and striking off, [3, phase, policy, municipality, age
            band]; see `Thresholds`.
        down: thresholds of decay and departure, [2, policy, age band, alerts in the last year].
        idle_from, idle_to: marks from the one to below the other do nothing under any policy.
        gone_from: marks from here on are a departure under every policy.
        letter_at_s, letter_day: moment and number of each letter.
        join: its joining threshold by [letter, policy, municipality].
        join_most: the largest of each letter.
        answer_s: an answer comes at most so long after the letter.
    """

    key: tuple[int, int]
    phase_s: Ints
    up: Ints
    down: Ints
    idle_from: int
    idle_to: int
    gone_from: int
    letter_at_s: Ints
    letter_day: Ints
    join: Ints
    join_most: Ints
    answer_s: float


class Book(NamedTuple):
    """The register of the people [n] at the moment of the last alert around each, and the monthly
    books.

    Attributes:
        code: `State`, plus `STRUCK` for stale records that were struck off, [n, p].
        ahead: the same at the end of the spell that is worked out.
        month_ends_s: ends of the months.
        stocks: registered, good, stale and struck: the change in each month, [month, 4, policy,
            municipality]; month 0 is the start, the last row what comes after the last month.
        flows: see `FLOWS`, during each month, in the same shape.
        app_users: at the end of each month, [month, policy, municipality].
        alerts, changed: room for the alerts of the last year and for who changed, [p].
    """

    code: NDArray[np.uint8]
    ahead: NDArray[np.uint8]
    month_ends_s: Ints
    stocks: Ints
    flows: Ints
    app_users: Ints
    alerts: Ints
    changed: Bools


class Changes(NamedTuple):
    """What changes in the register in a spell of time, candidate by candidate and in the order of
    time.

    Attributes:
        at_s: when; those of a candidate end with `NEVER_S`.
        code: the new row of `Book.code`, [change, p].
        size: how many there are, [1].
    """

    at_s: Ints
    code: NDArray[np.uint8]
    size: Ints


_MOST_CHANGES = 512
"""Changes of one candidate in a spell for which there must be room."""


def room_for_changes(n: int, n_policies: int) -> Changes:
    """Return room for n changes, at least those of one candidate."""
    most = max(n, 2 * _MOST_CHANGES)
    return Changes(
        at_s=np.full(most, NEVER_S),
        code=np.zeros((most, n_policies), dtype=np.uint8),
        size=np.zeros(1, dtype=np.int64),
    )


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
    join = np.array([letter.join for letter in letters], dtype=np.int64).reshape(shape)
    return Rules(
        key=(stream.seed, stream.replication),
        phase_s=t.phase_s,
        up=np.stack([t.sign_up, t.upkeep, t.strike]),
        down=np.stack([t.decay, t.departure]),
        idle_from=int(t.strike.max()),
        idle_to=int(t.decay.min()),
        gone_from=int(t.departure.max()),
        letter_at_s=np.array([letter.at_s for letter in letters], dtype=np.int64),
        letter_day=np.array([letter.day_number for letter in letters], dtype=np.int64),
        join=join,
        join_most=join.max(axis=(1, 2), initial=0),
        answer_s=float(weeks * 7 * _DAY_S),
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
        crowd: the candidates; their first marks are drawn.
        first: `State` of each at the start, the same under every policy.
        rules: what moves them.
        adoption: of the app.
        month_ends_s: ends of the months of the study.
        n_municipalities: number of municipalities.
    """
    n_policies, months = rules.up.shape[2], len(month_ends_s)
    shape = (months + 2, 4, n_policies, n_municipalities)
    book = Book(
        code=np.repeat(first[:, None], n_policies, axis=1),
        ahead=np.repeat(first[:, None], n_policies, axis=1),
        month_ends_s=month_ends_s,
        stocks=np.zeros(shape, dtype=np.int64),
        flows=np.zeros(shape, dtype=np.int64),
        app_users=np.zeros((months + 2, n_policies, n_municipalities), dtype=np.int64),
        alerts=np.zeros(n_policies, dtype=np.int64),
        changed=np.ones(n_policies, dtype=np.bool_),
    )
    towns = crowd.people["municipality"]
    for k, wanted in ((1, _GOOD), (2, _STALE)):
        counts = np.bincount(towns[first == wanted], minlength=n_municipalities)
        book.stocks[0, k] += counts
        book.stocks[0, 0] += counts
    crowd.clocks["seen_s"] = _IN_THE_BEGINNING_S
    crowd.clocks["mark_round"] = -1
    _begin(book, crowd, rules, adoption)
    return book


@compiled
def _begin(book: Book, crowd: Crowd, rules: Rules, adoption: Adoption) -> None:
    """Draw the first mark of everybody and count the first users of the app."""
    for j in range(len(crowd.people)):
        person, clock = crowd.people[j], crowd.clocks[j]
        if clock.entry_s < 0:
            count_months_of_use(book.app_users, adoption, person, 0, book.changed, 1)
        _draw_mark(person, clock, rules)
        crowd.due_s[j], crowd.listed[j] = NEVER_S, book.code[j, 0] >= _STALE


@inlined
def _draw_mark(person: Person, clock: Clock, rules: Rules) -> None:
    """Draw on to the next mark that does anything, or to any that comes too late to matter: where
    rates are tiny, or all of them nought, there would be no end.
    """
    at, round_ = clock.mark_at_s, clock.mark_round
    while True:
        round_ += 1
        words = scalar.philox(person.id, round_, 0, _MARK, rules.key[0], rules.key[1])
        at += scalar.exponential(scalar.uniform(words[0])) * _BETWEEN_MARKS_S
        if words[1] < rules.idle_from or words[1] >= rules.idle_to or at > _BEYOND_S:
            break
    clock.mark_at_s, clock.mark_round = at, round_
    clock.mark_s, clock.mark_word = scalar.whole_seconds(at), words[1]


@compiled
def work_out(
    book: Book,
    crowd: Crowd,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    changes: Changes,
    first: int,
    to_s: int,
) -> int:
    """Work out what happens to candidates from number `first` on up to and including `to_s`, and
    note what changes.

    Returns:
        The number of the candidate for which there may be no room; their number when all are done.
    """
    for j in range(first, len(crowd.people)):
        begin = changes.size[0]
        if begin + _MOST_CHANGES > len(changes.at_s):
            return j
        _follow(book, crowd, rules, adoption, exposure, changes, j, to_s)
        end = changes.size[0]
        if end > begin:
            changes.at_s[end] = NEVER_S
            changes.size[0] = end + 1
            crowd.due_s[j], crowd.next_change[j] = changes.at_s[begin], begin
    return len(crowd.people)


@inlined
def _follow(
    book: Book,
    crowd: Crowd,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    changes: Changes,
    j: int,
    to_s: int,
) -> None:
    """Follow candidate j up to and including `to_s`, in the order of time; at one second entry,
    marks, letters.
    """
    person, clock = crowd.people[j], crowd.clocks[j]
    letter, letter_s, letters = -1, clock.seen_s, len(rules.letter_at_s) > 0
    while True:
        at, kind, found = clock.mark_s, _BY_MARK, -1
        if letters:
            found, found_s = _next_letter(person, rules, letter, letter_s, to_s)
            if found >= 0 and found_s < at:
                at, kind = found_s, _BY_LETTER
        if clock.seen_s < clock.entry_s <= min(at, to_s):
            clock.seen_s = clock.entry_s
            _enter(book, adoption, person, clock, j)
            _note(book, changes, j, clock.entry_s)
        if at > to_s:
            break
        if kind == _BY_MARK:
            if _mark(book, rules, adoption, exposure, person, clock, j):
                _note(book, changes, j, at)
            if clock.mark_word >= rules.gone_from and clock.entry_s <= at:
                clock.mark_s = NEVER_S
            else:
                _draw_mark(person, clock, rules)
        else:
            letter, letter_s = found, at
            _answer(book, rules, person, j, letter, at)
            _note(book, changes, j, at)
    clock.seen_s = to_s


@inlined
def _note(book: Book, changes: Changes, j: int, at_s: int) -> None:
    """Note that a candidate's records have changed."""
    k = changes.size[0]
    changes.at_s[k], changes.size[0] = at_s, k + 1
    for p in range(book.ahead.shape[1]):
        changes.code[k, p] = book.ahead[j, p]


@inlined
def catch_up(book: Book, crowd: Crowd, changes: Changes, j: int, to_s: int) -> None:
    """Let the changes of candidate j up to and including `to_s` happen."""
    k = crowd.next_change[j]
    while changes.at_s[k] <= to_s:
        k += 1
    listed = False
    for p in range(book.code.shape[1]):
        code = changes.code[k - 1, p]
        book.code[j, p] = code
        listed = listed | ((code >= _STALE) & (code < STRUCK))
    crowd.listed[j] = listed
    crowd.next_change[j], crowd.due_s[j] = k, changes.at_s[k]


@compiled
def catch_up_all(book: Book, crowd: Crowd, changes: Changes, to_s: int) -> None:
    """Let the changes of everybody up to and including `to_s` happen."""
    for j in range(len(crowd.people)):
        if crowd.due_s[j] <= to_s:
            catch_up(book, crowd, changes, j, to_s)


@compiled
def _next_letter(
    person: Person, rules: Rules, after: int, after_s: int, to_s: int
) -> tuple[int, int]:
    """Return the next letter that somebody would answer after letter `after` answered at `after_s`
    (-1: any later than that moment), and when; -1 for none up to `to_s`.
    """
    best, best_s = -1, NEVER_S
    for k in range(len(rules.letter_at_s)):
        if rules.letter_at_s[k] > to_s or rules.letter_at_s[k] + rules.answer_s + 1 < after_s:
            continue
        words = scalar.philox(
            person.id, rules.letter_day[k], 0, _CAMPAIGN, rules.key[0], rules.key[1]
        )
        at = rules.letter_at_s[k] + scalar.whole_seconds(scalar.uniform(words[1]) * rules.answer_s)
        later = at > after_s or (at == after_s and 0 <= after < k)
        if later and at < best_s and words[0] < rules.join_most[k]:
            best, best_s = k, at
    return best, best_s


@inlined
def _enter(book: Book, adoption: Adoption, person: Person, clock: Clock, j: int) -> None:
    """Let a newcomer appear."""
    for p in range(book.ahead.shape[1]):
        book.ahead[j, p] = _OUT
        book.changed[p] = True
    month = number_after(book.month_ends_s, clock.entry_s) + 1
    count_months_of_use(book.app_users, adoption, person, month, book.changed, 1)


@compiled
def number_after(moments_s: Ints, at_s: int) -> int:
    """Return how many of some ascending moments lie at or before a moment."""
    low, high = 0, len(moments_s)
    while low < high:
        middle = (low + high) >> 1
        if moments_s[middle] <= at_s:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def _mark(
    book: Book,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    person: Person,
    clock: Clock,
    j: int,
) -> bool:
    """Let the next mark of somebody do what it does under each policy; tell whether anything
    changes.
    """
    word, at_s = np.int64(clock.mark_word), clock.mark_s
    leaves, changes = False, False
    # What happens at the end of a month belongs to the next.
    month = number_after(book.month_ends_s, at_s) + 1
    if word >= rules.idle_to:
        count_last_year(exposure, person.x_dm, person.y_dm, at_s, book.alerts)
        for p in range(book.ahead.shape[1]):
            code = book.ahead[j, p]
            new = _pushed_down(rules, person.age_band, p, book.alerts[p], word, code)
            book.changed[p] = new == _GONE and code != _GONE
            leaves = leaves or book.changed[p]
            if new != code:
                _settle(book, month, p, person.municipality, code, new)
                book.ahead[j, p], changes = new, True
        if leaves:
            count_months_of_use(book.app_users, adoption, person, month, book.changed, -1)
    else:
        phase = number_after(rules.phase_s, at_s) - 1
        for p in range(book.ahead.shape[1]):
            code = book.ahead[j, p]
            new = _pulled_up(
                rules.up[:, phase, p, person.municipality, person.age_band], word, code
            )
            if new != code:
                _settle(book, month, p, person.municipality, code, new)
                book.ahead[j, p], changes = new, True
    return changes


@inlined
def _pushed_down(rules: Rules, age: int, p: int, alerts: int, word: int, code: int) -> int:
    """Return what decay and departure make of a record."""
    exposed = min(alerts, EXPOSURE_LIMIT)
    new = np.int64(code)
    if word >= rules.down[_DEPARTURE, p, age, exposed]:
        new = _GONE
    elif word >= rules.down[_DECAY, p, age, exposed] and code == _GOOD:
        new = _STALE
    return new


@inlined
def _pulled_up(up: Ints, word: int, code: int) -> int:
    """Return what sign-up, upkeep and striking off make of a record."""
    new, state = np.int64(code), code & _STATE
    if word < up[_SIGN_UP]:
        if state in (_OUT, _STALE):
            new = _GOOD
    elif word < up[_UPKEEP]:
        if state == _STALE:
            new = _GOOD
    elif word < up[_STRIKE] and state == _STALE:
        new = _STALE + STRUCK
    return new


@inlined
def _answer(book: Book, rules: Rules, person: Person, j: int, letter: int, at_s: int) -> None:
    """Let somebody answer a letter."""
    words = scalar.philox(
        person.id, rules.letter_day[letter], 0, _CAMPAIGN, rules.key[0], rules.key[1]
    )
    month = number_after(book.month_ends_s, at_s) + 1
    for p in range(book.ahead.shape[1]):
        code = book.ahead[j, p]
        state = code & _STATE
        if words[0] < rules.join[letter, p, person.municipality] and (state in (_OUT, _STALE)):
            _settle(book, month, p, person.municipality, code, _GOOD)
            book.ahead[j, p] = _GOOD


@inlined
def _settle(book: Book, month: int, p: int, town: int, before: int, after: int) -> None:
    """Keep the books of one change of one candidate under one policy."""
    if month < book.stocks.shape[0]:
        was, now = before >= STRUCK, after >= STRUCK
        old, new = before & _STATE, after & _STATE
        listed, lists = old >= _STALE and not was, new >= _STALE and not now
        book.stocks[month, 0, p, town] += np.int64(lists) - np.int64(listed)
        book.stocks[month, 1, p, town] += np.int64(new == _GOOD) - np.int64(old == _GOOD)
        book.stocks[month, 2, p, town] += np.int64(new == _STALE) - np.int64(old == _STALE)
        book.stocks[month, 3, p, town] += np.int64(now) - np.int64(was)
        book.flows[month, 0, p, town] += np.int64(old == _OUT and new == _GOOD)
        book.flows[month, 1, p, town] += np.int64(was and new == _GOOD)
        book.flows[month, 2, p, town] += np.int64(listed and new == _GONE)
        book.flows[month, 3, p, town] += np.int64(now and not was)


def first_states(candidates: Candidates, stale_share: float) -> NDArray[np.uint8]:
    """Return the state of each candidate at the start, the same under every policy."""
    state = np.where(candidates.entry_s < 0, State.OUT, State.GONE).astype(np.uint8)
    registered = registered_at_start(candidates)
    state[registered] = State.GOOD
    state[registered & (candidates.stale_level < stale_share)] = State.STALE
    return state
