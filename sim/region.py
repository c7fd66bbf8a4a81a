"""The region while a replication runs: its people, its register and its alerts, for all policies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.actions import Actions, Circle
from sim.adoption import AppShares
from sim.alerts import (
    COUNTS,
    Informants,
    Reached,
    Response,
    Watched,
    count_notices,
    gather,
    line_up,
    respond,
)
from sim.candidates import Candidates
from sim.channels import CHANNELS, channels_of
from sim.clock import date_to_s, month_starts
from sim.crowd import crowd_of
from sim.draws import Ints
from sim.effort import Thresholds
from sim.exposure import alerts_of, exposure_of, most_in_a_week
from sim.incidents import Incidents
from sim.register import Letter, bring_all, first_states, open_book, rules_of
from sim.scenes import people_of, scenes_of
from sim.setting import Setting
from sim.subjects import Subjects

_LEAST_ROOM = 1_024


@dataclass(frozen=True, slots=True)
class MonthlyCounts:
    """The register at the ends of months: stocks and flows by [month, 4, policy, municipality],
    users of the app by [month, policy, municipality]; month 0 is the start.
    """

    stocks: Ints
    flows: Ints
    app_users: Ints


class Region:
    """People, register and alerts of one replication under all policies.

    Args:
        setting: what every stage reads.
        candidates: all candidates.
        incidents: all incidents.
        subjects: their subjects.
        actions: of all incidents under all policies.
        circles: all alerts in the order of time, those before the start included.
        thresholds, letters: what moves the register.
        watch: keep everybody of each alert in `watched` until the next.

    Attributes:
        alerts: all alerts.
        scenes: what holds at each.
        response: what they leave behind.
    """

    def __init__(
        self,
        setting: Setting,
        candidates: Candidates,
        incidents: Incidents,
        subjects: Subjects,
        actions: Actions,
        circles: list[Circle],
        thresholds: Thresholds,
        letters: list[Letter],
        *,
        watch: bool = False,
    ) -> None:
        p = setting.parameters
        app = AppShares(setting)
        months = month_starts(setting.start, 12 * setting.years)[1:]
        ends = np.array([date_to_s(setting.start, day) for day in months], dtype=np.int64)
        self.crowd, order = crowd_of(candidates, app.possible_users(candidates))
        self.alerts = alerts_of(circles, incidents)
        self._exposure = exposure_of(self.alerts, candidates.x_dm, candidates.y_dm)
        self._rules = rules_of(thresholds, letters, p.campaign_weeks, setting.stream)
        self._adoption = app.by_month(ends)
        first = first_states(candidates.take(order), p.stale_share_at_start)
        self.book = open_book(
            self.crowd, first, self._rules, self._adoption, ends, setting.n_municipalities
        )
        self.scenes = scenes_of(setting, self.alerts, incidents, subjects, actions, app)
        self._channels = channels_of(setting.table, p)
        self._people = people_of(setting, self.alerts)
        n_alerts, n_policies = self.alerts.policies.shape
        self._lately = np.zeros(most_in_a_week(self.alerts), dtype=np.int64)
        shape = (len(incidents), n_policies)
        self.response = Response(
            counts=np.zeros((len(COUNTS), *shape), dtype=np.int64),
            messages=np.zeros((len(CHANNELS), *shape), dtype=np.int64),
            notices=np.zeros(0, dtype=np.uint16),
            notice_start=np.zeros((n_alerts, n_policies), dtype=np.int64),
            notice_end=np.zeros((n_alerts, n_policies), dtype=np.int64),
            informants=_room_for(0, n_policies),
            cursor=np.zeros(2, dtype=np.int64),
        )
        self._reached = _rows(_LEAST_ROOM)
        self._buckets = np.zeros(_LEAST_ROOM + 1, dtype=np.int64)
        self._watch = watch
        self.watched = _watched(0, n_policies)

    def alert(self, a: int) -> int:
        """Let everybody around alert a get, notice and perhaps heed its first message.

        Returns:
            The number of people around.
        """
        given = (a, self.scenes, self.crowd, self.book, self._rules, self._adoption)
        n = gather(*given, self._exposure, self._reached)
        if n > len(self._reached.who):
            room = 1 << (n - 1).bit_length()
            self._reached = _rows(room)
            gather(*given, self._exposure, self._reached)
        buckets = max(1 << max(n - 1, 1).bit_length(), 2)
        if len(self._buckets) != buckets + 1:
            self._buckets = np.zeros(buckets + 1, dtype=np.int64)
        line_up(
            n, int(self.scenes.case[a]), self.crowd, self._people, self._reached, self._buckets
        )
        self._make_room(n, int(self.alerts.policies[a].sum()))
        if self._watch:
            self.watched = _watched(n, self.alerts.policies.shape[1])
        respond(
            a,
            n,
            self._reached,
            self.scenes,
            self.crowd,
            self.book,
            self._exposure,
            self._channels,
            self._people,
            self.response,
            self.watched,
            self._lately,
        )
        return n

    def reached_ids(self, n: int) -> Ints:
        """Return the addresses of the first n people around the last alert."""
        return np.asarray(self.crowd.id[self._reached.who[:n]])

    def close(self) -> None:
        """Follow everybody to the end of the last month."""
        last_s = int(self.book.month_ends_s[-1]) - 1
        bring_all(self.book, self.crowd, self._rules, self._adoption, self._exposure, last_s)

    def counts(self) -> dict[str, Ints]:
        """Return every count of the response by [incident, policy]."""
        counted = dict(zip(COUNTS, self.response.counts, strict=True))
        sent = {
            f"messages_{channel.name}": messages
            for channel, messages in zip(CHANNELS, self.response.messages, strict=True)
        }
        return counted | sent

    def noticed_before(self, closed_s: Ints) -> Ints:
        """Return how many noticed before the closing message, by [incident, policy].

        Args:
            closed_s: when it went out, by [incident, policy].
        """
        out = np.zeros(closed_s.shape, dtype=np.int64)
        count_notices(self.alerts, self.response, closed_s, out)
        return out

    def books(self) -> MonthlyCounts:
        """Return the books of the register at the start and at the ends of the months."""
        months = len(self.book.month_ends_s) + 1
        return MonthlyCounts(
            np.cumsum(self.book.stocks[:months], axis=0),
            self.book.flows[:months],
            self.book.app_users[:months],
        )

    def forget(self) -> None:
        """Drop the notices and informants so far: somebody has taken them."""
        self.response.cursor[:] = 0

    def _make_room(self, n: int, n_policies: int) -> None:
        """Make sure that the answers of n people fit."""
        notices, informants = (int(v) for v in self.response.cursor)
        if notices + n * n_policies > len(self.response.notices):
            longer = np.zeros(2 * (notices + n * n_policies), dtype=np.uint16)
            longer[:notices] = self.response.notices[:notices]
            self.response = self.response._replace(notices=longer)
        if informants + n > len(self.response.informants.alert):
            wider = _room_for(2 * (informants + n), self.alerts.policies.shape[1])
            for new, old in zip(wider, self.response.informants, strict=True):
                new[:informants] = old[:informants]
            self.response = self.response._replace(informants=wider)


def _rows(n: int) -> Reached:
    return Reached(
        who=np.zeros(n, dtype=np.int32),
        at_home=np.zeros(n, dtype=np.bool_),
        words=np.zeros((n, 4), dtype=np.uint32),
        order=np.zeros(n, dtype=np.int32),
    )


def _room_for(n: int, n_policies: int) -> Informants:
    def flags() -> np.ndarray:
        return np.zeros(n, dtype=np.bool_)

    return Informants(
        alert=np.zeros(n, dtype=np.int64),
        caller=np.zeros(n, dtype=np.int64),
        x_dm=np.zeros(n, dtype=np.int64),
        y_dm=np.zeros(n, dtype=np.int64),
        asleep=flags(),
        on_road=flags(),
        driving=flags(),
        searches=flags(),
        delivered_s=np.zeros((n, n_policies), dtype=np.int32),
        noticed_s=np.zeros((n, n_policies), dtype=np.int32),
        level=np.zeros((n, 4)),
    )


def _watched(n: int, n_policies: int) -> Watched:
    shape = (n, n_policies)
    return Watched(
        addressed=np.zeros(shape, dtype=np.bool_),
        attends=np.zeros(shape, dtype=np.bool_),
        delivered_s=np.zeros(shape, dtype=np.int32),
        noticed_s=np.zeros(shape, dtype=np.int32),
        inside=np.zeros(n, dtype=np.bool_),
    )
