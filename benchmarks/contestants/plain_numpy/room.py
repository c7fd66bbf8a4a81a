"""The control room of one policy in SimPy: one process for each call, operators and police units.

Whatever ends an incident is a number that it carries; the earliest wins. At one second, police
and own return win from a unit, and units and operators come before callers.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import simpy

from benchmarks.contestants.given import Action
from benchmarks.contestants.plain_numpy.tips import FALSE, KNOWLEDGE, Calls
from sim.draws import Purpose, Stream, lognormal, poisson_count, to_seconds
from sim.incidents import NONE, OWN_RETURN, PARTICIPANT, POLICE
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR, ControlRoom
from sim.scalar import NEVER_S

_MOST_OTHER_CALLS = 256
_OTHER = 0.5
_LAST = simpy.events.EventPriority(2)
_Process = Generator[simpy.Event, Any, None]


@dataclass(slots=True)
class Ending:
    """How one incident goes on and ends, and what the calls about it came to."""

    action: Action
    police_s: int
    end_s: int
    cause: int
    true_handled: int = 0
    operator_s: int = 0
    true_tips: int = 0
    false_tips: int = 0
    handled: int = 0
    lost: int = 0
    unit_s: int = 0
    unit_s_on_false_tips: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call; times as in `Calls`."""

    case: int
    caller: int
    kind: int
    encounter_s: int
    call_s: int
    service_s: int
    patience_s: int
    response_s: int
    scene_s: int
    dispatched: bool
    find_level: float


@dataclass(slots=True)
class Desk:
    """The control room at work.

    Args:
        levers: operators and units.
        parameters: uncertain parameters.
        first_s: no call is earlier.
    """

    levers: ControlRoom
    parameters: Parameters
    first_s: int
    endings: dict[int, Ending] = field(default_factory=dict)
    env: simpy.Environment = field(init=False)
    operators: simpy.Resource = field(init=False)
    units: dict[int, simpy.Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = simpy.Environment(initial_time=self.first_s)
        self.operators = simpy.Resource(self.env, capacity=self.levers.operators)

    def take_on(self, action: Action) -> None:
        """Take on an action that has not begun."""
        case = action.case
        self.endings[case.position] = Ending(
            action, case.police_s, case.counterfactual_s, case.counterfactual_cause
        )
        if action.area not in self.units:
            capacity = self.levers.units_per_area
            self.units[action.area] = simpy.Resource(self.env, capacity=capacity)

    def run(self, tips: Calls, stream: Stream) -> None:
        """Let all calls come in and run to the last event."""
        columns = (getattr(tips, f.name).tolist() for f in fields(Calls))
        # Processes that start in this order call in this order where they call in one second: tips
        # by incident, caller and kind, then the other calls.
        for row in zip(*columns, strict=True):
            self.env.process(self._tip(Call(*row)))
        for i, at_s, service_s in self._other_calls(stream):
            self.env.process(self._other_call(self.endings[i], at_s, service_s))
        self.env.run()

    def _other_calls(self, stream: Stream) -> list[tuple[int, int, int]]:
        """Draw the calls that are not about the action while it is open, by time."""
        if self.levers.unlimited:
            return []
        p = self.parameters
        longest_s = int(60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR)
        mean = p.background_calls_per_hour * (longest_s / 3600.0)
        found = []
        for i, ending in self.endings.items():
            action = ending.action
            u = stream.uniforms(Purpose.BACKGROUND_COUNT, action.case.id)[0]
            count = min(int(poisson_count(u, np.array([mean]))[0]), _MOST_OTHER_CALLS)
            drawn = stream.uniforms(Purpose.BACKGROUND_CALL, action.case.id, np.arange(count))
            at_s = action.alert_s + (drawn[0] * longest_s).astype(np.int64)
            service_s = to_seconds(lognormal(drawn[1], p.service_minutes * 60.0, _OTHER))
            found += [
                (at, i, ordinal, max(service, 1))
                for ordinal, (at, service) in enumerate(
                    zip(at_s.tolist(), service_s.tolist(), strict=True)
                )
                if at < action.planned_close_s
            ]
        return [(i, at, service) for at, i, _, service in sorted(found)]

    def _moment(self, delay_s: int) -> simpy.Event:
        """Return an event that comes after everything else of its second."""
        event = simpy.Event(self.env)
        event._ok, event._value = True, None  # noqa: SLF001 - SimPy has no late timeout
        self.env.schedule(event, _LAST, delay_s)
        return event

    def _other_call(self, ending: Ending, at_s: int, service_s: int) -> _Process:
        yield self._moment(at_s - self.first_s)
        with self.operators.request() as turn:
            yield turn
            yield self.env.timeout(service_s)
        ending.operator_s += service_s

    def _tip(self, call: Call) -> _Process:
        """Call, wait for an operator or hang up, be heard, set a unit in motion."""
        yield self._moment(call.call_s - self.first_s)
        ending = self.endings[call.case]
        if self.env.now >= ending.end_s:
            return
        ending.true_tips += call.kind != FALSE
        ending.false_tips += call.kind == FALSE
        if self.levers.unlimited:
            yield self.env.timeout(call.service_s)
        else:
            with self.operators.request() as turn:
                yield turn | self._moment(call.patience_s)
                if not turn.triggered:
                    ending.lost += 1
                    return
                yield self.env.timeout(call.service_s)
        ending.operator_s += call.service_s
        self._heard(ending, call)
        if call.dispatched and self.env.now < ending.end_s:
            yield from self._follow_up(ending, call)

    def _heard(self, ending: Ending, call: Call) -> None:
        """Note a tip; a true one speeds up the police from now on."""
        now = int(self.env.now)
        ending.handled += 1
        if call.kind == FALSE or now >= ending.end_s:
            return
        slower, faster = (self._pace(ending.true_handled + k) for k in (0, 1))
        ending.true_handled += 1
        if now < ending.police_s < NEVER_S:
            left_s = (ending.police_s - now) * (slower / faster)
            ending.police_s = now + int(to_seconds(left_s))
        case = ending.action.case
        first = min(ending.police_s, case.return_s)
        ending.end_s = min(first, case.horizon_s)
        if first >= case.horizon_s:
            ending.cause = NONE
        else:
            ending.cause = POLICE if ending.police_s <= case.return_s else OWN_RETURN

    def _pace(self, handled: int) -> float:
        """Return the factor on the hazard of the police clock after some true tips."""
        p = self.parameters
        if handled == 0:
            return 1.0
        pace = p.police_speed_up_first * p.police_speed_up_next ** (handled - 1)
        return min(pace, max(p.police_speed_up_limit, 1.0))

    def _follow_up(self, ending: Ending, call: Call) -> _Process:
        """Send a unit; a true tip may lead to the find when it arrives."""
        if self.levers.unlimited:
            yield from self._drive(ending, call)
            return
        with self.units[ending.action.area].request() as unit:
            yield unit
            if self.env.now < ending.end_s:
                yield from self._drive(ending, call)

    def _drive(self, ending: Ending, call: Call) -> _Process:
        env, begun_s = self.env, int(self.env.now)
        yield env.timeout(call.response_s)
        now = int(env.now)
        if now < ending.end_s:
            if call.find_level < self._find_share(ending, call, now):
                ending.end_s, ending.cause = now, PARTICIPANT
            yield env.timeout(call.scene_s)
        busy_s = int(env.now) - begun_s
        ending.unit_s += busy_s
        ending.unit_s_on_false_tips += busy_s * (call.kind == FALSE)

    def _find_share(self, ending: Ending, call: Call, now_s: int) -> float:
        """Return the chance that a tip leads to the find, by the age of what was seen."""
        p = self.parameters
        if call.kind == FALSE or not ending.action.case.solvable[call.kind]:
            return 0.0
        if call.kind == KNOWLEDGE:
            return p.find_knowledge_share * ending.action.find_factor
        minutes = (now_s - call.encounter_s) / 60.0
        fresh = max(p.find_fresh_share, p.find_old_share)
        fading = float(np.exp(-minutes / p.find_decay_minutes))
        share = p.find_old_share + (fresh - p.find_old_share) * fading
        return share * ending.action.find_factor


def closed_s(ending: Ending, parameters: Parameters) -> int:
    """Return when the closing message goes out: as planned, or some time after the end."""
    after_end_s = ending.end_s + int(to_seconds(60.0 * parameters.closing_delay_minutes))
    return min(ending.action.planned_close_s, max(after_end_s, ending.action.alert_s))
