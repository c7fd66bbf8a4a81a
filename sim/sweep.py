"""The walk through time: register and exposure move on from alert to alert, and each alert reads
them once for all policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.actions import Circle
from sim.candidates import Candidates, registered_at_start
from sim.clock import DAY_S, YEAR_S, date_to_s, month_starts
from sim.draws import Bools, Floats, Ints
from sim.exposure import Exposure
from sim.incidents import Incidents
from sim.layout import by_policy
from sim.points import PointIndex
from sim.presence import at_work_time
from sim.register import Register, State, app_share
from sim.setting import Setting

CHUNK_ROWS = 24_000
"""Rows of one chunk: large enough that the cost of a call does not count, small enough for the
caches."""


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


_APP_BASE_DAY = date(2014, 11, 1)
_KNOT_DAYS = 30


def app_curve(setting: Setting) -> AppCurve:
    """Return the adoption of the app from a year before the start to after the last alert."""
    p = setting.parameters
    last_s = setting.last_alert_s + _KNOT_DAYS * DAY_S
    at_s = np.arange(-YEAR_S, last_s, _KNOT_DAYS * DAY_S, dtype=np.float64)
    years = (at_s - date_to_s(setting.start, _APP_BASE_DAY)) / YEAR_S
    share = app_share(years, p.app_share_limit, p.app_share_2014, p.app_growth_rate)
    return AppCurve(at_s, share)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the register says at the moments of some alerts: rows [n] of an alert and a candidate,
    under p policies.

    Attributes:
        circle: number of the alert of each row, ascending.
        who: position of the candidate.
        state: `State` under each policy, [n, p].
        struck: struck off under each policy, [n, p].
        alerts_last_week: alerts that covered the home in the week before, [n, p].
        home_inside: the home is inside the circle.
    """

    circle: Ints
    who: Ints
    state: NDArray[np.uint8]
    struck: Bools
    alerts_last_week: NDArray[np.int16]
    home_inside: Bools


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some successive alerts with what the register says about the people around.

    Attributes:
        circles: the alerts, all under the same p policies.
        columns: numbers of those policies, [p].
        selection: their rows.
        shares: share of adoption of the app and share of the first participants moved to it, each
            [circle, p].
    """

    circles: list[Circle]
    columns: Ints
    selection: Selection
    shares: tuple[Floats, Floats]

    @property
    def incident(self) -> Ints:
        """Position of the incident of each alert."""
        return np.array([c.incident for c in self.circles], dtype=np.int64)

    @property
    def alert_s(self) -> Ints:
        """Moment of each alert."""
        return np.array([c.alert_s for c in self.circles], dtype=np.int64)

    @property
    def radius_m(self) -> Ints:
        """Radius of each alert."""
        return np.array([c.radius_m for c in self.circles], dtype=np.int64)


@dataclass(slots=True)
class _Held:
    """Alerts under the same policies that wait to be handed on together."""

    circles: list[Circle] = field(default_factory=list)
    who: list[Ints] = field(default_factory=list)
    home: list[Bools] = field(default_factory=list)
    state: list[NDArray[np.uint8]] = field(default_factory=list)
    struck: list[Bools] = field(default_factory=list)
    alerts_last_week: list[NDArray[np.int16]] = field(default_factory=list)
    shares: list[tuple[Floats, Floats]] = field(default_factory=list)
    rows: int = 0

    def chunk(self) -> Chunk:
        """Put the waiting alerts together."""
        lengths = [len(who) for who in self.who]
        selection = Selection(
            circle=np.repeat(np.arange(len(self.circles)), lengths),
            who=np.concatenate(self.who),
            state=by_policy(np.concatenate(self.state)),
            struck=by_policy(np.concatenate(self.struck)),
            alerts_last_week=by_policy(np.concatenate(self.alerts_last_week)),
            home_inside=np.concatenate(self.home),
        )
        columns = np.flatnonzero(self.circles[0].policies)
        adoption, moved = (np.stack([share[k] for share in self.shares]) for k in (0, 1))
        return Chunk(self.circles, columns, selection, (adoption, moved))


@dataclass(frozen=True, slots=True)
class MonthlyCounts:
    """The register at the ends of months: arrays [month, ..., policy, municipality]."""

    stocks: Ints
    flows: Ints
    app_users: Ints


class Sweep:
    """One pass through the alerts of a replication.

    Args:
        setting: what every stage reads.
        candidates: all candidates.
        incidents: all incidents.
        register: the candidates' states, at the start.
        exposure: alerts lately, empty.
    """

    def __init__(
        self,
        setting: Setting,
        candidates: Candidates,
        incidents: Incidents,
        register: Register,
        exposure: Exposure,
    ) -> None:
        self._candidates, self._register, self._exposure = candidates, register, exposure
        self._table, self._calendar, self._incidents = setting.table, setting.calendar, incidents
        self._curve = app_curve(setting)
        months = month_starts(setting.start, 12 * setting.years)[1:]
        ends = [date_to_s(setting.start, day) for day in months]
        self._month_ends_s = np.array(ends, dtype=np.int64)
        self._n_municipalities = setting.n_municipalities
        table = setting.table
        self._adoption = table.values(lambda v: v.channels.app.adoption_factor, np.float64)
        self._moved = table.values(lambda v: v.channels.app.register_moved_share, np.float64)
        self._app_on = table.values(lambda v: v.channels.app.enabled, np.bool_)
        self._started = registered_at_start(candidates)
        number = np.arange(len(candidates))
        self._mark = np.zeros(len(candidates), dtype=np.bool_)
        self._homes = PointIndex.of(candidates.x_dm, candidates.y_dm, number)
        self._possible = possible = np.flatnonzero(self._may_use_app())
        self._places = {
            True: PointIndex.of(
                candidates.work_x_dm[possible], candidates.work_y_dm[possible], possible
            ),
            False: PointIndex.of(
                candidates.leisure_x_dm[possible], candidates.leisure_y_dm[possible], possible
            ),
        }
        self._stocks = [register.stocks.copy()]
        self._flows = [register.flows.copy()]
        self._app_users = [self._count_app_users(0)]

    def _may_use_app(self) -> Bools:
        """Tell who could use the app at some time under some policy."""
        most = self._curve.share[-1] * self._adoption[self._app_on].max(initial=0.0)
        moved = self._started & (self._candidates.move_level < self._moved.max())
        return np.asarray((self._candidates.app_level < most) | moved) & bool(self._app_on.any())

    def app_shares(self, at_s: int, levers: Ints) -> tuple[Floats, Floats]:
        """Return the share of adoption and the moved share under some sets of levers at a
        moment.
        """
        share = float(self._curve.at(np.array([at_s]))[0])
        on = self._app_on[levers]
        return np.where(on, share * self._adoption[levers], 0.0), np.where(
            on, self._moved[levers], 0.0
        )

    def run(self, circles: list[Circle], history: set[int], levers: Ints) -> Iterator[Chunk]:
        """Go through the alerts in order of time and yield them in chunks.

        Args:
            circles: all alerts, ascending in time.
            history: positions of those before the start, which count for the exposure only.
            levers: numbers of the levers in force, by [incident, p].
        """
        waiting: dict[bytes, _Held] = {}
        for position, circle in enumerate(circles):
            self._move_to(circle.alert_s)
            covered = self._homes.inside(*self._centre(circle), circle.radius_m)
            if position not in history:
                held = waiting.setdefault(circle.policies.tobytes(), _Held())
                self._hold(held, circle, covered, levers[circle.incident])
                if held.rows >= CHUNK_ROWS:
                    yield waiting.pop(circle.policies.tobytes()).chunk()
            self._exposure.add(circle.alert_s, covered, circle.policies)
        for held in waiting.values():
            yield held.chunk()
        self._count_months(int(self._month_ends_s[-1]) + 1)

    def _hold(self, held: _Held, circle: Circle, covered: Ints, levers: Ints) -> None:
        """Read the register around an alert under its policies."""
        columns = np.flatnonzero(circle.policies)
        share = self.app_shares(circle.alert_s, levers[columns])
        who, home = self._around(circle, covered, share)
        held.circles.append(circle)
        held.who.append(who)
        held.home.append(home)
        held.state.append(self._register.state[who][:, columns])
        held.struck.append(self._register.struck[who][:, columns])
        held.alerts_last_week.append(self._exposure.last_week(who)[:, columns])
        held.shares.append(share)
        held.rows += len(who)

    def counts(self) -> MonthlyCounts:
        """Return the monthly books; complete once `run` has ended."""
        return MonthlyCounts(
            np.stack(self._stocks), np.stack(self._flows), np.stack(self._app_users)
        )

    def _centre(self, circle: Circle) -> tuple[int, int]:
        return int(self._incidents.x_dm[circle.incident]), int(
            self._incidents.y_dm[circle.incident]
        )

    def _move_to(self, at_s: int) -> None:
        """Bring register, exposure and books to a moment."""
        self._count_months(at_s)
        self._advance(at_s)

    def _advance(self, at_s: int) -> None:
        while (change := self._exposure.next_change_s()) is not None and change <= at_s:
            self._register.advance(change - 1, self._exposure)
            self._exposure.expire(change)
        self._register.advance(at_s, self._exposure)
        self._exposure.expire(at_s)

    def _count_months(self, before_s: int) -> None:
        """Count the register at each end of a month before a moment."""
        while (done := len(self._stocks) - 1) < len(self._month_ends_s) and self._month_ends_s[
            done
        ] < before_s:
            end = int(self._month_ends_s[done])
            self._advance(end - 1)
            self._stocks.append(self._register.stocks.copy())
            self._flows.append(self._register.flows.copy())
            self._app_users.append(self._count_app_users(end))

    def _count_app_users(self, at_s: int) -> Ints:
        """Count the app users by [policy, municipality]."""
        n_policies = self._register.state.shape[1]
        out = np.zeros((n_policies, self._n_municipalities), dtype=np.int64)
        who = self._possible
        town, started = self._candidates.municipality[who], self._started[who]
        level, move = self._candidates.app_level[who], self._candidates.move_level[who]
        there = self._register.state[who] != State.GONE
        phase = int(np.searchsorted(self._table.phase_s, at_s, side="right")) - 1
        alike: dict[bytes, Bools] = {}
        for j in range(n_policies):
            levers = self._table.number[j, phase]
            if (key := levers.tobytes()) not in alike:
                share, moved = self.app_shares(at_s, levers)
                alike[key] = (level < share[town]) | (started & (move < moved[town]))
            out[j] = np.bincount(town[alike[key] & there[:, j]], minlength=self._n_municipalities)
        return out

    def _around(
        self, circle: Circle, covered: Ints, share: tuple[Floats, Floats]
    ) -> tuple[Ints, Bools]:
        """Return who may be reached, ascending, and whose home is inside the circle."""
        listed = self._register.best[covered] >= State.STALE
        users = self._uses_app(covered, share)
        at_home = covered[listed | users]
        work = bool(at_work_time(self._calendar, np.array([circle.alert_s]))[0])
        away = self._places[work].inside(*self._centre(circle), circle.radius_m)
        away = away[self._uses_app(away, share)]
        # Marks instead of set operations: both lists are sorted and short beside all candidates.
        self._mark[covered] = True
        who = np.sort(np.concatenate([at_home, away[~self._mark[away]]]))
        home = self._mark[who]
        self._mark[covered] = False
        return who, home

    def _uses_app(self, who: Ints, share: tuple[Floats, Floats]) -> Bools:
        """Tell who uses the app under some policy of the alert, gone or not."""
        most, moved = share[0].max(), share[1].max()
        by_move = self._started[who] & (self._candidates.move_level[who] < moved)
        return np.asarray((self._candidates.app_level[who] < most) | by_move)
