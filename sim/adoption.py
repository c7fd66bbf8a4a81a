"""Adoption of the app: who uses it when, under which policy, and monthly counts of its users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from sim.candidates import Candidates, registered_at_start
from sim.clock import DAY_S, YEAR_S, date_to_s
from sim.compiled import compiled
from sim.draws import Bools, Floats, Ints
from sim.setting import Setting

_APP_BASE_DAY = date(2014, 11, 1)
_KNOT_DAYS = 30


@dataclass(frozen=True, slots=True)
class AppCurve:
    """Adoption of the app over time.

    Attributes:
        at_s: moments at which the curve is known.
        share: share of the willing at those moments.
    """

    at_s: Floats
    share: Floats

    def at(self, seconds: Ints) -> Floats:
        """Return the share at some moments, by linear interpolation between the known ones."""
        return np.interp(np.asarray(seconds, dtype=np.float64), self.at_s, self.share)


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


def app_curve(setting: Setting) -> AppCurve:
    """Return the adoption of the app from a year before the start to after the last alert."""
    p = setting.parameters
    last_s = setting.last_alert_s + _KNOT_DAYS * DAY_S
    at_s = np.arange(-YEAR_S, last_s, _KNOT_DAYS * DAY_S, dtype=np.float64)
    years = (at_s - date_to_s(setting.start, _APP_BASE_DAY)) / YEAR_S
    share = app_share(years, p.app_share_limit, p.app_share_2014, p.app_growth_rate)
    return AppCurve(at_s, share)


class AppShares:
    """The curve under the levers of each policy.

    Args:
        setting: what every stage reads.
    """

    def __init__(self, setting: Setting) -> None:
        self.curve = app_curve(setting)
        table = setting.table
        self._table = table
        self._on = table.values(lambda v: v.channels.app.enabled, np.bool_)
        self._factor = table.values(lambda v: v.channels.app.adoption_factor, np.float64)
        self._moved = table.values(lambda v: v.channels.app.register_moved_share, np.float64)

    def at(self, at_s: Ints, levers: Ints) -> tuple[Floats, Floats]:
        """Return the share of adoption and the share of the first participants moved to the app.

        Args:
            at_s: moments [n].
            levers: numbers of the sets of levers, [n, ...].

        Returns:
            Two arrays of the shape of `levers`.
        """
        on = self._on[levers]
        curve = self.curve.at(at_s).reshape((-1,) + (1,) * (levers.ndim - 1))
        share = np.where(on, curve * self._factor[levers], 0.0)
        return share, np.where(on, self._moved[levers], 0.0)

    def possible_users(self, candidates: Candidates) -> Bools:
        """Tell who could use the app at some time under some policy."""
        most = self.curve.share.max() * self._factor[self._on].max(initial=0.0)
        moved = registered_at_start(candidates) & (candidates.move_level < self._moved.max())
        return np.asarray((candidates.app_level < most) | moved) & bool(self._on.any())

    def by_month(self, month_ends_s: Ints) -> Adoption:
        """Return the shares at the start and at the ends of the months.

        Args:
            month_ends_s: ends of the months [m].
        """
        at_s = np.concatenate(([0], month_ends_s))
        phase = np.searchsorted(self._table.phase_s, at_s, side="right") - 1
        known: dict[bytes, int] = {}
        shares: list[Floats] = []
        moves: list[Floats] = []
        kind = []
        for number in self._table.number:
            share, moved = self.at(at_s, number[phase])
            key = share.tobytes() + moved.tobytes()
            if key not in known:
                known[key] = len(known)
                shares.append(share)
                moves.append(moved)
            kind.append(known[key])
        share, moved = np.stack(shares), np.stack(moves)
        return Adoption(
            np.array(kind, dtype=np.int64), share, moved, float(share.max()), float(moved.max())
        )


class Adoption(NamedTuple):
    """Shares of adoption at the ends of the months.

    Attributes:
        kind: policies with the same shares share a number, [p].
        share: adoption by [kind, month, municipality]; month 0 is the start.
        moved: share of the first participants moved to the app, in the same shape.
        most, most_moved: the largest of them.
    """

    kind: Ints
    share: Floats
    moved: Floats
    most: float
    most_moved: float


@compiled
def count_months_of_use(
    users: Ints,
    adoption: Adoption,
    person: Any,  # noqa: ANN401 - a record of the type PERSON
    month: int,
    who: Bools,
    sign: int,
) -> None:
    """Count somebody at the end of each month, from one on, in which they use the app if present.

    Args:
        users: counts by [month, policy, municipality].
        adoption: the shares.
        person: a record of the type `PERSON`.
        month: the first month.
        who: the policies concerned, [p].
        sign: 1 to count, -1 to take the count back.
    """
    town, level = person.municipality, person.app_level
    by_move = person.started and person.move_level < adoption.most_moved
    if level >= adoption.most and not by_move:
        return
    for kind in range(adoption.share.shape[0]):
        for m in range(month, adoption.share.shape[1]):
            if level < adoption.share[kind, m, town] or (
                by_move and person.move_level < adoption.moved[kind, m, town]
            ):
                for p in range(len(who)):
                    if who[p] and adoption.kind[p] == kind:
                        users[m, p, town] += sign
