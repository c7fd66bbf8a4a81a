"""The register, one record at a time: each candidate walks through the own marks in time."""

from collections import Counter
from datetime import date

from sim.clock import DAY_S, YEAR_S, date_to_s
from sim.draws import Purpose
from tests.reference.philox import WORDS, exponential, seconds, uniform
from tests.reference.rates import MARKS_PER_YEAR, Thresholds

GONE, OUT, STALE, GOOD = range(4)
ENTRY, MARK, LETTER = range(3)
WEEK_S = 7 * DAY_S


class Record:
    """What the register of one policy knows of one person."""

    __slots__ = ("alerts", "next", "person", "state", "struck")

    def __init__(self, person, stale_share):
        self.person = person
        self.state = OUT if person.entry_s < 0 else GONE
        if person.registered_at_start:
            self.state = STALE if person.stale_level < stale_share else GOOD
        self.struck = False
        self.alerts = []
        self.next = 0

    @property
    def listed(self):
        """Tell whether the person is on the register and not struck off: gets messages."""
        return self.state >= STALE and not self.struck

    def alerts_last_year(self, at_s):
        """Count the alerts before a moment that covered the home less than a year before."""
        return sum(1 for alert_s in self.alerts if at_s - YEAR_S < alert_s < at_s)

    def alerts_last_week(self, at_s):
        """Count the alerts so far that covered the home less than a week before."""
        return sum(1 for alert_s in self.alerts if alert_s > at_s - WEEK_S)


class Marks:
    """The marks of everybody, the same under all policies; drawn when first asked for."""

    def __init__(self, draws, until_s):
        self._draws, self._until_s = draws, until_s
        self._known = {}

    def of(self, person):
        """Return (when, kind, number, word) of a person's entry and marks."""
        if person.id not in self._known:
            events = []
            if person.entry_s >= 0:
                events.append((person.entry_s, ENTRY, 0, 0))
            clock, number = 0.0, 0
            while True:
                words = self._draws.words(Purpose.MARK, person.id, number)
                clock += exponential(uniform(words[0])) * (YEAR_S / MARKS_PER_YEAR)
                at_s = seconds(clock)
                if at_s > self._until_s:
                    break
                events.append((at_s, MARK, number, words[1]))
                number += 1
            self._known[person.id] = sorted(events)
        return self._known[person.id]


class Register:
    """The register of one policy."""

    def __init__(self, given, book, marks):
        self._marks, self._draws, self._p = marks, given.draws, given.p
        self._thresholds = Thresholds(book, given.inhabitants, given.p)
        self._letters = [
            ((day - date(2000, 1, 1)).days, date_to_s(given.start, day), town, share)
            for (day, town), share in sorted(book.letters().items())
        ]
        self._events_of = {}
        self.flows = Counter()
        self._join = min(given.p.campaign_join_share / given.p.willing_share, 1.0)
        self.records = {
            person.id: Record(person, given.p.stale_share_at_start) for person in given.people
        }

    def bring_to(self, record, to_s):
        """Let everything happen to a record that is due up to and including a moment."""
        events = self._events(record.person)
        while record.next < len(events) and events[record.next][0] <= to_s:
            self._happen(record, *events[record.next])
            record.next += 1

    def _events(self, person):
        if not self._letters:
            return self._marks.of(person)
        if person.id not in self._events_of:
            self._events_of[person.id] = sorted(self._marks.of(person) + self._answers(person))
        return self._events_of[person.id]

    def _answers(self, person):
        """Return when a person would answer the letters that are written in the own town."""
        answers = []
        for number, sent_s, town, share in self._letters:
            if town == person.municipality:
                words = self._draws.words(Purpose.CAMPAIGN, person.id, number)
                if words[0] < int(min(share, 1.0) * self._join * WORDS):
                    later = uniform(words[1]) * self._p.campaign_weeks * 7 * DAY_S
                    answers.append((sent_s + seconds(later), LETTER, number, 0))
        return answers

    def _happen(self, record, at_s, kind, _number, word):
        """Let an entry, a mark or the answer to a letter change a record."""
        state, struck, listed = record.state, record.struck, record.listed
        if kind == ENTRY and state == GONE:
            record.state = OUT
        elif kind == LETTER and state in (OUT, STALE):
            record.state = GOOD
        elif kind == MARK:
            self._mark(record, at_s, word)
        if record.state != STALE:
            record.struck = False
        flow = {
            "signups": state == OUT and record.state == GOOD,
            "reentries": struck and record.state == GOOD,
            "departures": listed and record.state == GONE,
            "struck_off": record.struck and not struck,
        }
        for name, happened in flow.items():
            self.flows[name, record.person.municipality] += happened

    def _mark(self, record, at_s, word):
        """Compare the word of a mark with the thresholds that hold for the person."""
        person, state = record.person, record.state
        sign_up, upkeep, strike = self._thresholds.up(at_s, person.municipality, person.age_band)
        decay, departure = self._thresholds.down(person.age_band, record.alerts_last_year(at_s))
        if word < sign_up:
            if state in (OUT, STALE):
                record.state = GOOD
        elif word < upkeep:
            if state == STALE:
                record.state = GOOD
        elif word < strike:
            if state == STALE:
                record.struck = True
        elif word >= departure:
            record.state = GONE
        elif word >= decay and state == GOOD:
            record.state = STALE

    def books(self, before_s):
        """Return what the register counts just before a moment, by (measure, municipality)."""
        books = Counter()
        for record in self.records.values():
            self.bring_to(record, before_s - 1)
            town = record.person.municipality
            books["registered", town] += record.listed
            books["good", town] += record.state == GOOD
            books["stale", town] += record.state == STALE
            books["struck", town] += record.struck
        return books + self.flows
