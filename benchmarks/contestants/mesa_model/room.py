"""The control room and the police, minute by minute: calls, operators, units."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contestants.mesa_model.alert import Alert
from benchmarks.contestants.mesa_model.recipient import FALSE, KNOWLEDGE
from sim.policy import ControlRoom as RoomLevers

if TYPE_CHECKING:
    from benchmarks.contestants.mesa_model.model import BurgernetModel

_SERVICE, _PATIENCE, _SCENE = 0.5, 0.7, 0.5


@dataclass(slots=True)
class Call:
    """One call; a call that is not about the action has no kind."""

    alert: Alert
    kind: int | None
    seen_s: float | None
    gives_up_s: float
    service_s: float


@dataclass(slots=True)
class Drive:
    """A police unit on its way to the place of a tip, or there."""

    call: Call
    arrival_s: float
    scene_s: float
    leaves_s: float | None = None


class Room:
    """Operators and units of one policy."""

    def __init__(self, model: BurgernetModel, levers: RoomLevers) -> None:
        self._model, self._levers = model, levers
        self._queue: deque[Call] = deque()
        self._talking: list[tuple[float, Call]] = []
        self._waiting: dict[int, deque[Call]] = {}
        self._driving: dict[int, list[Drive]] = {}
        self._to_come: list[tuple[float, Call]] = []

    def take_on(self, alert: Alert) -> None:
        """Draw the other calls that come in while an action is open."""
        p, action, random = self._model.p, alert.action, self._model.random
        at_s: float = action.alert_s
        while True:
            at_s += random.expovariate(p.background_calls_per_hour / 3600.0)
            if at_s >= action.planned_close_s:
                return
            call = Call(alert, None, None, math.inf, self._span_s(p.service_minutes, _SERVICE))
            self._to_come.append((at_s, call))

    def ring(self, alert: Alert, kind: int, seen_s: float | None) -> None:
        """Take a call about an action, unless the incident has ended."""
        if alert.over():
            return
        p, now = self._model.p, self._model.now_s
        alert.counts["false_tips" if kind == FALSE else "true_tips"] += 1
        gives_up_s = now + self._span_s(p.patience_minutes, _PATIENCE)
        service_s = self._span_s(p.service_minutes, _SERVICE)
        self._queue.append(Call(alert, kind, seen_s, gives_up_s, service_s))

    def step(self) -> None:
        """Live through a minute."""
        now = self._model.now_s
        self._queue += [call for at_s, call in self._to_come if at_s <= now]
        self._to_come = [(at_s, call) for at_s, call in self._to_come if at_s > now]
        ended = [call for end_s, call in self._talking if end_s <= now]
        self._talking = [(end_s, call) for end_s, call in self._talking if end_s > now]
        for call in ended:
            if call.kind is not None:
                self._heard(call, call.kind)
        while self._queue and len(self._talking) < self._levers.operators:
            call = self._queue.popleft()
            if call.gives_up_s > now:
                self._talking.append((now + call.service_s, call))
        for area in self._waiting:
            self._step_units(area)

    def _heard(self, call: Call, kind: int) -> None:
        """Note a tip; a true one speeds up the police, and a unit may be sent."""
        if call.alert.over():
            return
        if kind != FALSE:
            call.alert.speed_up_police()
        p, random = self._model.p, self._model.random
        if kind != FALSE or random.random() < p.dispatch_false_share:
            self._waiting.setdefault(call.alert.action.area, deque()).append(call)

    def _step_units(self, area: int) -> None:
        """Let units of one area arrive, look around, leave and set out."""
        now, p = self._model.now_s, self._model.p
        driving = self._driving.setdefault(area, [])
        for drive in driving:
            if drive.leaves_s is None and drive.arrival_s <= now:
                drive.leaves_s = now
                if not drive.call.alert.over():
                    drive.leaves_s += drive.scene_s
                    self._look_around(drive.call)
        self._driving[area] = driving = [
            drive for drive in driving if drive.leaves_s is None or drive.leaves_s > now
        ]
        waiting = self._waiting[area]
        while waiting and len(driving) < self._levers.units_per_area:
            call = waiting.popleft()
            if not call.alert.over():
                minutes = call.alert.action.response_minutes
                arrival_s = now + self._span_s(minutes, p.response_sigma)
                driving.append(Drive(call, arrival_s, self._span_s(p.on_scene_minutes, _SCENE)))

    def _look_around(self, call: Call) -> None:
        """Find the subject or not, by the age of what was seen."""
        p, alert = self._model.p, call.alert
        if call.kind is None or call.kind == FALSE or not alert.case.solvable[call.kind]:
            return
        share = p.find_knowledge_share
        if call.kind != KNOWLEDGE and call.seen_s is not None:
            minutes = (self._model.now_s - call.seen_s) / 60.0
            fresh = max(p.find_fresh_share, p.find_old_share)
            fading = math.exp(-minutes / p.find_decay_minutes)
            share = p.find_old_share + (fresh - p.find_old_share) * fading
        if self._model.random.random() < share * alert.action.find_factor:
            alert.find()

    def _span_s(self, minutes: float, sigma: float) -> float:
        return 60.0 * float(self._model.random.lognormvariate(math.log(minutes), sigma))
