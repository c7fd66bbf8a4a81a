"""The control room and the police units: calls, queues, follow-up and the end of each incident,
run by SimPy.

One environment a policy and replication runs the whole horizon in integer seconds; idle time costs
nothing. Operators and the units of each area are resources. "The earliest end wins" is a number
that each incident carries, not an event: it can only come earlier or, while still ahead, be
replaced, so that no losing timeout stays behind.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import simpy

from sim.actions import Action
from sim.draws import (
    NEVER_S,
    Bools,
    Floats,
    Ints,
    Purpose,
    Stream,
    lognormal,
    poisson_count,
    to_seconds,
)
from sim.incidents import NONE, OWN_RETURN, PARTICIPANT, POLICE, Incidents
from sim.parameters import Parameters
from sim.tips import TipKind, Tips

Process: TypeAlias = Generator[simpy.Event, Any, None]
_BACKGROUND_SIGMA = 0.5
_MOST_BACKGROUND = 256
_LAST = simpy.events.EventPriority(2)


@dataclass(frozen=True, slots=True)
class Background:
    """Other calls while an action may be open, the same under all policies: arrays [n] in the
    order of incident and moment.

    Attributes:
        incident: position of the incident.
        offset_s: seconds after the alert.
        service_s: time that the call takes an operator.
    """

    incident: Ints
    offset_s: Ints
    service_s: Ints


@dataclass(frozen=True, slots=True)
class Room:
    """What the control room of one policy has.

    Attributes:
        operators: number of operators.
        units: units in each area.
        unlimited: nobody waits for an operator or a unit.
        find_factor: chance that a tip leads to the find, relative to today, by incident.
    """

    operators: int
    units: int
    unlimited: bool
    find_factor: Floats


@dataclass(slots=True)
class Ending:
    """How and when each incident ends under one policy, and what happened to each tip.

    Attributes:
        end_s, cause: by incident.
        police_s: the police clock after all handled tips, by incident.
        true_handled: true tips handled before the end, by incident.
        closed_s: closing message, by incident (planned or earlier).
        handled_s, arrival_s: of each tip, `NEVER_S` where it did not come to that.
        made, lost: the call was made; the caller hung up.
        found: the tip led to the find.
        unit_busy_s: time a unit spent on each tip.
        operator_s: time operators spent on each incident, background included, within the time
            that it was open.
        waits: for tests: (requested_s, begun_s, left_s) of every call that reached the queue.
    """

    end_s: Ints
    cause: Ints
    police_s: Ints
    true_handled: Ints
    closed_s: Ints
    handled_s: Ints
    arrival_s: Ints
    made: Bools
    lost: Bools
    found: Bools
    unit_busy_s: Ints
    operator_s: Ints
    waits: list[tuple[int, int, int]]


def draw_background(
    incidents: Incidents, parameters: Parameters, longest_s: int, stream: Stream
) -> Background:
    """Draw other calls in the window of each action, from the alert to the longest planned
    closing.
    """
    p = parameters
    hours = longest_s / 3600.0
    n = len(incidents)
    count = poisson_count(
        stream.uniforms(Purpose.BACKGROUND_COUNT, incidents.id)[0],
        np.full(n, p.background_calls_per_hour * hours),
    )
    count = np.minimum(count, _MOST_BACKGROUND)
    incident = np.repeat(np.arange(n), count)
    ordinal = np.arange(len(incident)) - np.repeat(np.cumsum(count) - count, count)
    u = stream.uniforms(Purpose.BACKGROUND_CALL, incidents.id[incident], ordinal)
    offset = (u[0] * longest_s).astype(np.int64)
    service = np.maximum(
        to_seconds(lognormal(u[1], p.service_minutes * 60.0, _BACKGROUND_SIGMA)), 1
    )
    order = np.lexsort((ordinal, offset, incident))
    return Background(incident[order], offset[order], service[order])


def speed_up(handled: int, parameters: Parameters) -> float:
    """Return the factor on the hazard of the police clock after a number of handled true tips."""
    p = parameters
    if handled == 0:
        return 1.0
    return min(
        p.police_speed_up_first * p.police_speed_up_next ** (handled - 1),
        max(p.police_speed_up_limit, 1.0),
    )


def sooner(now_s: int, police_s: int, before: float, after: float) -> int:
    """Return the police clock after its pace changed at `now_s` from one factor to another: a
    change of time.

    The time still to go shrinks by the ratio of the factors, so that the clock can only come
    earlier.
    """
    if police_s >= NEVER_S or police_s <= now_s:
        return police_s
    return now_s + int(to_seconds((police_s - now_s) * (before / after)))


def find_share(kind: int, age_s: int, solvable: Bools, parameters: Parameters) -> float:
    """Return the probability that a true tip leads to the find when a unit arrives, by the age of
    what was seen.
    """
    p = parameters
    if kind == TipKind.FALSE or not solvable[kind]:
        return 0.0
    if kind == TipKind.KNOWLEDGE:
        return p.find_knowledge_share
    fresh = max(p.find_fresh_share, p.find_old_share)
    return float(
        p.find_old_share
        + (fresh - p.find_old_share) * np.exp(-age_s / (60.0 * p.find_decay_minutes))
    )


class _Late(simpy.Event):
    """A timeout that comes after everything else of its second.

    Units that arrive and operators who hang up come before callers who ring or lose patience in
    the same second; otherwise that would depend on when some unrelated event was scheduled.
    """

    def __init__(self, env: simpy.Environment, delay: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=_LAST, delay=delay)


@dataclass(frozen=True, slots=True)
class _Calls:
    """The columns of the tips that the processes read, as lists."""

    incident: list[int]
    kind: list[int]
    encounter_s: list[int]
    service_s: list[int]
    patience_s: list[int]
    response_s: list[int]
    scene_s: list[int]
    dispatched: list[bool]
    find_level: list[float]

    @classmethod
    def of(cls, tips: Tips) -> _Calls:
        return cls(**{f.name: getattr(tips, f.name).tolist() for f in fields(cls)})


class ControlRoom:
    """The control room of one policy at work.

    Args:
        incidents: all incidents.
        planned: which of them are actions, when they begin and are to close.
        area: police area of each incident.
        tips: the policy's potential tips, in order.
        background: other calls.
        room: operators and units.
        parameters: uncertain parameters.
    """

    def __init__(
        self,
        incidents: Incidents,
        planned: Action,
        area: Ints,
        tips: Tips,
        background: Background,
        room: Room,
        parameters: Parameters,
    ) -> None:
        self._room, self._parameters = room, parameters
        self._alert_s, self._planned_s = planned.alert_s, planned.planned_close_s
        # Lists: SimPy's processes read single values, for which arrays are several times slower.
        self._call = _Calls.of(tips)
        self._area: list[int] = area.tolist()
        self._returned: list[int] = incidents.return_s.tolist()
        self._horizon: list[int] = incidents.horizon_s.tolist()
        self._solvable = incidents.solvable
        first = int(incidents.reported_s.min()) if len(incidents) else 0
        self._env = simpy.Environment(initial_time=first)
        self._desk = simpy.Resource(self._env, capacity=room.operators)
        areas = int(area.max(initial=0)) + 1
        self._units = [simpy.Resource(self._env, capacity=room.units) for _ in range(areas)]
        n, m = len(incidents), len(tips)
        self._end: list[int] = incidents.counterfactual_s.tolist()
        self._cause: list[int] = incidents.counterfactual_cause.tolist()
        self._police: list[int] = incidents.police_s.tolist()
        self._handled_true = [0] * n
        self._operator_s = [0] * n
        self.ending = Ending(
            end_s=incidents.counterfactual_s.copy(),
            cause=incidents.counterfactual_cause.copy(),
            police_s=incidents.police_s.copy(),
            true_handled=np.zeros(n, dtype=np.int64),
            closed_s=planned.planned_close_s.copy(),
            handled_s=np.full(m, NEVER_S),
            arrival_s=np.full(m, NEVER_S),
            made=np.zeros(m, dtype=np.bool_),
            lost=np.zeros(m, dtype=np.bool_),
            found=np.zeros(m, dtype=np.bool_),
            unit_busy_s=np.zeros(m, dtype=np.int64),
            operator_s=np.zeros(n, dtype=np.int64),
            waits=[],
        )
        self._schedule(planned.used, tips.call_s, background)

    def run(self) -> Ending:
        """Run to the last event and return how everything ended."""
        self._env.run()
        ending, p = self.ending, self._parameters
        ending.end_s = np.array(self._end, dtype=np.int64)
        ending.cause = np.array(self._cause, dtype=np.int64)
        ending.police_s = np.array(self._police, dtype=np.int64)
        ending.true_handled = np.array(self._handled_true, dtype=np.int64)
        ending.operator_s = np.array(self._operator_s, dtype=np.int64)
        after_end = ending.end_s + int(to_seconds(60.0 * p.closing_delay_minutes))
        ending.closed_s = np.minimum(self._planned_s, np.maximum(after_end, self._alert_s))
        return ending

    def _schedule(self, used: Bools, tip_call_s: Ints, background: Background) -> None:
        """Start one process that walks through all calls in the order of time."""
        alert_s, n_tips = self._alert_s, len(tip_call_s)
        busy = used[background.incident]
        incident = background.incident[busy]
        at = alert_s[incident] + background.offset_s[busy]
        inside = at < self._planned_s[incident]
        self._other = list(
            zip(
                incident[inside].tolist(), background.service_s[busy][inside].tolist(), strict=True
            )
        )
        at = np.concatenate([tip_call_s, at[inside]])
        number = np.arange(len(at))
        # At one second tips come before other calls, in their own order: the sort is stable and
        # ties are explicit.
        order = np.argsort(at, kind="stable")
        self._env.process(self._walk(at[order].tolist(), number[order].tolist(), n_tips))

    def _walk(self, at: list[int], number: list[int], n_tips: int) -> Process:
        env = self._env
        for call_s, call in zip(at, number, strict=True):
            if call_s > env.now:
                yield _Late(env, call_s - int(env.now))
            if call < n_tips:
                self._tip_comes(call)
            elif not self._room.unlimited:
                env.process(self._other_call(*self._other[call - n_tips]))

    def _tip_comes(self, tip: int) -> None:
        """Let a caller dial, unless the incident has ended."""
        incident = self._call.incident[tip]
        if self._env.now < self._end[incident]:
            self.ending.made[tip] = True
            self._env.process(self._answer(tip, incident))

    def _other_call(self, incident: int, service_s: int) -> Process:
        """Occupy an operator with a call that is not about the action."""
        asked = int(self._env.now)
        with self._desk.request() as turn:
            if not turn.triggered:
                yield turn
            begun = int(self._env.now)
            yield self._env.timeout(service_s)
            self._work(incident, asked, begun)

    def _work(self, incident: int, asked_s: int, begun_s: int) -> None:
        """Book an operator's time."""
        self._operator_s[incident] += int(self._env.now) - begun_s
        self.ending.waits.append((asked_s, begun_s, int(self._env.now)))

    def _answer(self, tip: int, incident: int) -> Process:
        """Wait for an operator, be heard, and set a unit in motion."""
        env, calls = self._env, self._call
        asked = int(env.now)
        service = calls.service_s[tip]
        if self._room.unlimited:
            yield env.timeout(service)
            self._work(incident, asked, asked)
        else:
            with self._desk.request() as turn:
                if not turn.triggered:
                    yield turn | _Late(env, calls.patience_s[tip])
                    if not turn.triggered:
                        self.ending.lost[tip] = True
                        return
                begun = int(env.now)
                yield env.timeout(service)
                self._work(incident, asked, begun)
        self._handled(tip, incident)
        if calls.dispatched[tip] and env.now < self._end[incident]:
            yield from self._follow_up(tip, incident)

    def _handled(self, tip: int, incident: int) -> None:
        """Note a handled tip; a true one speeds up the police from now on."""
        now = int(self._env.now)
        self.ending.handled_s[tip] = now
        if self._call.kind[tip] == TipKind.FALSE or now >= self._end[incident]:
            return
        before = self._handled_true[incident]
        self._handled_true[incident] = before + 1
        pace = speed_up(before, self._parameters), speed_up(before + 1, self._parameters)
        self._police[incident] = sooner(now, self._police[incident], *pace)
        self._settle(incident)

    def _settle(self, incident: int) -> None:
        """Set the end of an incident that nobody has found: police before own return before the
        horizon.
        """
        police, returned = self._police[incident], self._returned[incident]
        horizon = self._horizon[incident]
        end = min(police, returned, horizon)
        self._end[incident] = end
        self._cause[incident] = (
            NONE
            if end == horizon and min(police, returned) >= horizon
            else POLICE
            if police <= returned
            else OWN_RETURN
        )

    def _follow_up(self, tip: int, incident: int) -> Process:
        """Send a unit; a true tip may lead to the find when it arrives."""
        env = self._env
        if self._room.unlimited:
            yield from self._drive(tip, incident)
            return
        with self._units[self._area[incident]].request() as unit:
            if not unit.triggered:
                yield unit
            if env.now >= self._end[incident]:
                return
            yield from self._drive(tip, incident)

    def _drive(self, tip: int, incident: int) -> Process:
        env, calls = self._env, self._call
        begun = int(env.now)
        yield env.timeout(calls.response_s[tip])
        now = int(env.now)
        if now < self._end[incident]:
            self.ending.arrival_s[tip] = now
            if self._leads_to_find(tip, incident, now):
                self.ending.found[tip] = True
                self._end[incident], self._cause[incident] = now, PARTICIPANT
            yield env.timeout(calls.scene_s[tip])
        self.ending.unit_busy_s[tip] = int(env.now) - begun

    def _leads_to_find(self, tip: int, incident: int, now_s: int) -> bool:
        calls = self._call
        seen = calls.encounter_s[tip]
        age_s = now_s - seen if seen < NEVER_S else 0
        share = find_share(calls.kind[tip], age_s, self._solvable[:, incident], self._parameters)
        return bool(calls.find_level[tip] < share * self._room.find_factor[incident])
