"""The region while a replication runs: its people, register and alerts, for all policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actions import Actions, Circle
from sim.adoption import AppShares
from sim.alerts import (
    COUNTS,
    Informants,
    Response,
    count_notices,
    follow,
    room_for_answers,
)
from sim.candidates import Candidates
from sim.channels import CHANNELS, channels_of
from sim.clock import date_to_s, month_starts
from sim.crowd import crowd_of
from sim.draws import Bools, Ints
from sim.effort import Thresholds
from sim.exposure import alerts_of, exposure_of, most_in_a_week
from sim.incidents import Incidents
from sim.people import People, room_for_people
from sim.register import (
    Letter,
    catch_up_all,
    first_states,
    open_book,
    room_for_changes,
    rules_of,
    work_out,
)
from sim.scalar import NEVER_S
from sim.scenes import behaviour_of, scenes_of
from sim.setting import Setting
from sim.subjects import Subjects

_ROOM = 1 << 14
"""People, notices and informants for which there is room at first."""


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
        circles: all alerts in the order of time.
        past: whether each belongs to the time before the start.
        thresholds: of the marks that move the register.
        letters: campaigns.

    Attributes:
        alerts: all alerts.
        response: what they leave behind.
        people, answers: everybody around the last alert, and what they did.
    """

    def __init__(
        self,
        setting: Setting,
        candidates: Candidates,
        incidents: Incidents,
        subjects: Subjects,
        actions: Actions,
        circles: list[Circle],
        past: Bools,
        thresholds: Thresholds,
        letters: list[Letter],
    ) -> None:
        p = setting.parameters
        app = AppShares(setting)
        months = month_starts(setting.start, 12 * setting.years)[1:]
        ends = np.array([date_to_s(setting.start, day) for day in months], dtype=np.int64)
        self._crowd, order = crowd_of(candidates, app.possible_users(candidates))
        self.alerts = alerts_of(circles, incidents, len(setting.policies))
        self._exposure = exposure_of(self.alerts, candidates.x_dm, candidates.y_dm)
        self._rules = rules_of(thresholds, letters, p.campaign_weeks, setting.stream)
        self._adoption = app.by_month(ends)
        first = first_states(candidates, p.stale_share_at_start)[order]
        self._book = open_book(
            self._crowd, first, self._rules, self._adoption, ends, setting.n_municipalities
        )
        self._scenes = scenes_of(setting, self.alerts, past, incidents, subjects, actions, app)
        self._channels = channels_of(setting.table, p)
        self._behaviour = behaviour_of(setting, self.alerts)
        n_policies = len(setting.policies)
        self._marks = np.zeros(len(candidates), dtype=np.uint8)
        self._changes = room_for_changes(len(candidates) // 4, n_policies)
        self.people = self._room_for_people(_ROOM)
        self.answers = room_for_answers(_ROOM, n_policies)
        self.response = _response(len(incidents), len(circles), n_policies)
        self._noticed = np.zeros((len(incidents), n_policies), dtype=np.int64)
        self._kept: list[tuple[int, int, NDArray[np.uint16]]] = []

    def pass_alerts(self, first: int, stop: int, *, everybody: bool = False) -> int:
        """Let the alerts from `first` to before `stop` happen: everybody around each of them gets,
        notices and perhaps heeds its first message.

        Args:
            first: number of the first.
            stop: number after the last.
            everybody: locate also those whom no message could reach.

        Returns:
            The number of people around the last of them.
        """
        while first < stop:
            first = follow(
                first,
                stop,
                self._scenes,
                self._crowd,
                self._book,
                self.alerts,
                self._changes,
                self._channels,
                self._behaviour,
                everybody,
                self._marks,
                self.people,
                self.answers,
                self.response,
            )
            if first < stop:
                self._make_room(int(self.response.cursor[2]))
        return int(self.response.cursor[2])

    def begin_spell(self, before_s: int) -> None:
        """Work the register out up to a moment; the alerts of the spell before have passed."""
        catch_up_all(self._book, self._crowd, self._changes, NEVER_S - 1)
        self._changes.size[0] = 0
        given = (self._book, self._crowd, self._rules, self._adoption, self._exposure)
        first, n = 0, len(self._crowd.people)
        while (first := work_out(*given, self._changes, first, before_s - 1)) < n:
            wider = room_for_changes(2 * len(self._changes.at_s), self._changes.code.shape[1])
            room: tuple[NDArray[Any], ...] = wider
            for new, old in zip(room, self._changes, strict=True):
                new[: len(old)] = old
            self._changes = wider

    def counts(self) -> dict[str, Ints]:
        """Return every count of the response by [incident, policy]."""
        counted = dict(zip(COUNTS, self.response.counts, strict=True))
        sent = {
            f"messages_{channel.name}": messages
            for channel, messages in zip(CHANNELS, self.response.messages, strict=True)
        }
        return counted | sent | {"noticed_while_open": self._noticed}

    def count_noticed(self, closed_s: Ints, stop: int) -> None:
        """Count who noticed before the closing message, in the alerts before number `stop`, and
        drop their moments of noticing.

        Args:
            closed_s: when the closing message went out, by [incident, policy].
            stop: number after the last alert whose closing is known.
        """
        while self._kept and self._kept[0][1] <= stop:
            first, last, notices = self._kept.pop(0)
            response = self.response._replace(notices=notices)
            count_notices(self.alerts, first, last, response, closed_s, self._noticed)

    def books(self) -> MonthlyCounts:
        """Return the books of the register at the start and at the ends of the months."""
        months = len(self._book.month_ends_s) + 1
        return MonthlyCounts(
            np.cumsum(self._book.stocks[:months], axis=0),
            self._book.flows[:months],
            self._book.app_users[:months],
        )

    def take(self, first: int, stop: int) -> Informants:
        """Return the informants of the alerts from `first` to before `stop`, which are all that
        happened since the last call, and put their notices away until closing times are known.
        """
        notices, informants = (int(v) for v in self.response.cursor[:2])
        self._kept.append((first, stop, self.response.notices[:notices].copy()))
        self.response.cursor[:2] = 0
        return Informants._make(values[:informants].copy() for values in self.response.informants)

    def _make_room(self, n: int) -> None:
        """Make sure that the answers of n more people fit."""
        notices, informants = (int(v) for v in self.response.cursor[:2])
        n_policies = self.alerts.policies.shape[1]
        if n > len(self.people.who):
            self.people = self._room_for_people(2 * n)
            self.answers = room_for_answers(2 * n, n_policies)
        if notices + n * n_policies + 1 > len(self.response.notices):
            longer = np.zeros(2 * (notices + n * n_policies + 1), dtype=np.uint16)
            longer[:notices] = self.response.notices[:notices]
            self.response = self.response._replace(notices=longer)
        if informants + n > len(self.response.informants.alert):
            wider = _room_for(2 * (informants + n), n_policies)
            room: tuple[NDArray[Any], ...] = wider
            for new, old in zip(room, self.response.informants, strict=True):
                new[:informants] = old[:informants]
            self.response = self.response._replace(informants=wider)

    def _room_for_people(self, n: int) -> People:
        n_policies = self.alerts.policies.shape[1]
        return room_for_people(n, n_policies, len(CHANNELS), most_in_a_week(self.alerts))


def _response(n_incidents: int, n_alerts: int, n_policies: int) -> Response:
    shape = (n_incidents, n_policies)
    return Response(
        counts=np.zeros((len(COUNTS), *shape), dtype=np.int64),
        messages=np.zeros((len(CHANNELS), *shape), dtype=np.int64),
        notices=np.zeros(_ROOM, dtype=np.uint16),
        notice_start=np.zeros((n_alerts, n_policies), dtype=np.int64),
        notice_end=np.zeros((n_alerts, n_policies), dtype=np.int64),
        informants=_room_for(_ROOM, n_policies),
        cursor=np.zeros(4, dtype=np.int64),
    )


def _room_for(n: int, n_policies: int) -> Informants:
    return Informants(
        alert=np.zeros(n, dtype=np.int64),
        caller=np.zeros(n, dtype=np.int64),
        x_dm=np.zeros(n, dtype=np.int64),
        y_dm=np.zeros(n, dtype=np.int64),
        way=np.zeros(n, dtype=np.uint8),
        delivered_s=np.zeros((n, n_policies), dtype=np.int32),
        noticed_s=np.zeros((n, n_policies), dtype=np.int32),
        level=np.zeros((n, 4)),
    )
