"""The register as tests want to see it: everybody at moments of their choice."""

from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

import sim.replication
from sim.adoption import Adoption
from sim.crowd import crowd_of
from sim.exposure import Alerts, exposure_of
from sim.register import (
    STRUCK,
    catch_up_all,
    first_states,
    open_book,
    room_for_changes,
    rules_of,
    work_out,
)


@dataclass
class Moment:
    """The register at one moment, under all policies: candidates in the order of the test's."""

    at_s: int
    state: np.ndarray
    struck: np.ndarray
    stocks: np.ndarray
    flows: np.ndarray


class Walk:
    """A register in which everybody is brought to moment after moment.

    Args:
        candidates: whose order the states have.
        crowd, book, rules, adoption, exposure: of the register, just opened.
    """

    def __init__(self, candidates, crowd, book, rules, adoption, exposure):
        self.crowd, self.book, self.rules = crowd, book, rules
        self._given = book, crowd, rules, adoption, exposure
        self._changes = room_for_changes(64 * len(crowd.people), book.code.shape[1])
        order = np.argsort(candidates.id)
        self._place = order[np.searchsorted(candidates.id[order], crowd.people["id"])]
        self.moments = [self._moment(-1)]

    @classmethod
    def in_region(cls, region, candidates):
        """Return a walk through the register of a region in which nothing has happened yet."""
        return cls(
            candidates,
            region._crowd,
            region._book,
            region._rules,
            region._adoption,
            region._exposure,
        )

    @classmethod
    def by_rules(cls, candidates, thresholds, letters, stream, *, stale=0.2, alerts=None, years=1):
        """Return a walk by thresholds and letters of the test's own, in a region without the app.

        Args:
            candidates: the people.
            thresholds: of the marks.
            letters: campaigns.
            stream: draws.
            stale: share of the records that are stale at the start.
            alerts: `Alerts` that people are exposed to; none by default.
            years: time for which the books are kept.
        """
        _, n_policies, n_towns, _ = thresholds.sign_up.shape
        crowd, order = crowd_of(candidates, np.zeros(len(candidates), dtype=bool))
        month_ends_s = np.arange(1, 12 * years + 1) * 2_629_800
        nobody = np.zeros((1, len(month_ends_s) + 1, n_towns))
        adoption = Adoption(np.zeros(n_policies, dtype=np.int64), nobody, nobody, 0.0, 0.0)
        rules = rules_of(thresholds, letters, 6.0, stream)
        first = first_states(candidates, stale)[order]
        book = open_book(crowd, first, rules, adoption, month_ends_s, n_towns)
        some = alerts or circles_alerts([], n_policies)
        exposure = exposure_of(some, candidates.x_dm, candidates.y_dm)
        return cls(candidates, crowd, book, rules, adoption, exposure)

    def look(self, at_s):
        """Bring everybody to a moment, later than the last, and return the register."""
        self._changes.size[0] = 0
        assert work_out(*self._given, self._changes, 0, at_s) == len(self._place)
        catch_up_all(self.book, self.crowd, self._changes, at_s)
        self.moments.append(self._moment(at_s))
        return self.moments[-1]

    def _moment(self, at_s):
        code = np.empty_like(self.book.code)
        code[self._place] = self.book.code
        # The books are kept as changes by month: together they are the register of this moment.
        stocks, flows = (changes.sum(axis=0) for changes in (self.book.stocks, self.book.flows))
        return Moment(at_s, code & 3, code >= STRUCK, stocks, flows)


def circles_alerts(circles, n_policies):
    """Return alerts from (at_s, x_dm, y_dm, radius_dm, flags of the policies) by moment."""
    at_s, x_dm, y_dm, radius_dm, policies = zip(*circles, strict=True) if circles else ((),) * 5
    flags = np.array(policies, dtype=bool).reshape(-1, n_policies)
    numbers = np.arange(len(circles), dtype=np.int64)
    places = (np.array(values, dtype=np.int64) for values in (at_s, x_dm, y_dm, radius_dm))
    order = np.argsort(~flags, axis=1, kind="stable")
    return Alerts(numbers, *places, flags, order, flags.sum(axis=1))


@dataclass
class Opened:
    """A finished replication with its candidates, incidents and register through time.

    Attributes:
        setting, candidates, incidents: what was given.
        result: the tables.
        alerts: all alerts, those before the start included.
        register: a walk through the moments of all alerts and the ends of all months.
        by_time: `Moment` by its moment.
    """

    setting: object
    candidates: object
    incidents: object
    result: object
    alerts: Alerts
    register: Walk
    by_time: dict

    @classmethod
    def of(cls, setting, candidates, incidents):
        """Run a replication, and walk through the register of another copy of its region."""
        copies = []
        begin = sim.replication._begin

        def beginning(*given):
            copies.append(begin(*given))
            return begin(*given)

        with patch.object(sim.replication, "_begin", beginning):
            result = sim.replication.simulate_given(setting, candidates, incidents, detail=True)
        (region,) = copies
        walk = Walk.in_region(region, candidates)
        alerts_s = region.alerts.at_s[region.alerts.at_s >= 0]
        for at_s in np.union1d(alerts_s, region._book.month_ends_s - 1).tolist():
            walk.look(at_s)
        by_time = {moment.at_s: moment for moment in walk.moments}
        return cls(setting, candidates, incidents, result, region.alerts, walk, by_time)
