"""The control room and the police units: calls, queues, follow-up and the end of each incident.

Operators and the units of each area are resources with a first-come queue each; calls wait for an
operator until they are answered or hang up. Events happen in the order of time; of one second
first whatever was set in motion before, in the order in which it was, then hang-ups, then the
calls of that second, tips before others. "The earliest end wins" is a number that each incident
carries,
not an event: it can only come earlier or, while still ahead, be replaced.

The same room with a SimPy process for each call, unit and action is in `tests/reference`; it takes
some hundred times as long, and every outcome is compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim import scalar
from sim.actions import Action
from sim.compiled import compiled, inlined
from sim.draws import Bools, Floats, Ints, Purpose, Stream, lognormal, poisson_count, to_seconds
from sim.incidents import NONE, OWN_RETURN, PARTICIPANT, POLICE, Incidents
from sim.parameters import Parameters
from sim.scalar import NEVER_S
from sim.tips import TipKind, Tips

_BACKGROUND_SIGMA = 0.5
_MOST_BACKGROUND = 256
_OTHER = -1
"""Kind of a call that is not about the action."""
_FALSE, _KNOWLEDGE = int(TipKind.FALSE), int(TipKind.KNOWLEDGE)
_NOBODY = -1
_SOON = ("s", "order", "what", "call")
"""Columns of the heap of events, see `Floor`."""
_SERVED, _GRANTED, _TAKEN, _UNIT_GRANTED, _ARRIVED, _LEFT_SCENE, _HANGS_UP = range(7)


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


TALLIES = (
    "true_tips",
    "false_tips",
    "calls_handled",
    "calls_lost",
    "unit_s",
    "unit_s_on_false_tips",
)
"""Sums over the tips of an incident: calls made, handled and given up, and the time of units."""


@dataclass(slots=True)
class Ending:
    """How and when each incident ends under one policy, and what happened to each tip.

    Attributes:
        end_s, cause: by incident.
        police_s: the police clock after all handled tips, by incident.
        true_handled: true tips handled before the end, by incident.
        closed_s: closing message, by incident (planned or earlier).
        tallies: `TALLIES` by incident.
        tips: the tips of the following columns, in the order in which they were taken; none
            where the room does not keep them.
        handled_s, arrival_s: of each tip, `NEVER_S` where it did not come to that.
        made, lost: the call was made; the caller hung up.
        found: the tip led to the find.
        unit_busy_s: time a unit spent on each tip.
        operator_s: time operators spent on each incident, background included, within the time
            that it was open.
        waits: (requested_s, begun_s, left_s) of every call kept that an operator took, [n, 3].
        waiting_s, talking_s: time integrals of the number of calls in the queue and in service.
        driving_s: time integral of the number of units under way, by area.
    """

    end_s: Ints
    cause: Ints
    police_s: Ints
    true_handled: Ints
    closed_s: Ints
    tallies: dict[str, Ints]
    tips: Tips
    handled_s: Ints
    arrival_s: Ints
    made: Bools
    lost: Bools
    found: Bools
    unit_busy_s: Ints
    operator_s: Ints
    waits: Ints
    waiting_s: int
    talking_s: int
    driving_s: Ints


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


class Rules(NamedTuple):
    """What tips do to the police and to the find; see the parameters of these names."""

    speed_up_first: float
    speed_up_next: float
    speed_up_limit: float
    find_knowledge_share: float
    find_fresh_share: float
    find_old_share: float
    find_decay_minutes: float

    @classmethod
    def of(cls, p: Parameters) -> Rules:
        """Take the rules from the parameters."""
        return cls(
            p.police_speed_up_first,
            p.police_speed_up_next,
            max(p.police_speed_up_limit, 1.0),
            p.find_knowledge_share,
            max(p.find_fresh_share, p.find_old_share),
            p.find_old_share,
            p.find_decay_minutes,
        )


def speed_up(handled: int, parameters: Parameters) -> float:
    """Return the factor on the hazard of the police clock after a number of handled true tips."""
    return _pace(handled, Rules.of(parameters))


@compiled
def _pace(handled: int, rules: Rules) -> float:
    if handled == 0:
        return 1.0
    return min(rules.speed_up_first * rules.speed_up_next ** (handled - 1), rules.speed_up_limit)


@compiled
def sooner(now_s: int, police_s: int, before: float, after: float) -> int:
    """Return the police clock after its pace changed at `now_s` from one factor to another: a
    change of time.

    The time still to go shrinks by the ratio of the factors, so that the clock can only come
    earlier.
    """
    if police_s >= NEVER_S or police_s <= now_s:
        return police_s
    return now_s + scalar.whole_seconds((police_s - now_s) * (before / after))


@compiled
def _find_share(kind: int, age_s: int, rules: Rules) -> float:
    """Return the probability that a true tip about a solvable case leads to the find when a unit
    arrives, by the age of what was seen.
    """
    if kind == _KNOWLEDGE:
        return rules.find_knowledge_share
    fading = math.exp(-age_s / (60.0 * rules.find_decay_minutes))
    return rules.find_old_share + (rules.find_fresh_share - rules.find_old_share) * fading


class Calls(NamedTuple):
    """Calls [n] and what became of them.

    Attributes:
        at_s, incident, kind: when, about what; `TipKind`, or -1 for other calls.
        caller: number that settles the order of calls of one second about one incident.
        encounter_s, service_s, patience_s, response_s, scene_s, dispatched, find_level: see
            `Tips`.
        next: the call behind it in a queue.
        made, granted, lost, found: what happened.
        begun_s, handled_s, drove_s, arrival_s, unit_busy_s: when, and for how long.
    """

    at_s: Ints
    incident: Ints
    kind: Ints
    caller: Ints
    encounter_s: Ints
    service_s: Ints
    patience_s: Ints
    response_s: Ints
    scene_s: Ints
    dispatched: Bools
    find_level: Floats
    next: Ints
    made: Bools
    granted: Bools
    lost: Bools
    found: Bools
    begun_s: Ints
    handled_s: Ints
    drove_s: Ints
    arrival_s: Ints
    unit_busy_s: Ints


class Cases(NamedTuple):
    """Incidents [n] and how they stand.

    Attributes:
        area: where units come from.
        returned_s, horizon_s: own return and end of the follow-up.
        solvable: by kind of true tip, [3, n].
        find_factor: see `Room`.
        end_s, cause, police_s, handled: end, its cause, police clock, true tips handled.
        operator_s: time that operators spent.
    """

    area: Ints
    returned_s: Ints
    horizon_s: Ints
    solvable: Bools
    find_factor: Floats
    end_s: Ints
    cause: Ints
    police_s: Ints
    handled: Ints
    operator_s: Ints


class Floor(NamedTuple):
    """Operators, units, queues and what is going to happen.

    Attributes:
        operators, units: how many, units in each area.
        unlimited: nobody waits.
        busy: operators at work and calls in the queue, [2].
        driving: units under way by area.
        head, tail: first and last in the queue of the operators and of the units of each area,
            [1 + areas].
        soon_s, soon_order, soon_what, soon_call: events, as a binary heap.
        size: events in the heap, events so far, calls of the order that have come, the moment.
        waiting_s, talking_s, driving_s: time integrals; the first two by [0].
    """

    operators: int
    units: int
    unlimited: bool
    busy: Ints
    driving: Ints
    head: Ints
    tail: Ints
    soon_s: Ints
    soon_order: Ints
    soon_what: Ints
    soon_call: Ints
    size: Ints
    integral_s: Ints
    driving_s: Ints


class ControlRoom:
    """One control room over a whole replication.

    Args:
        incidents: all incidents.
        planned: actions of the policy, [n incidents].
        area: police area of each incident.
        tips: potential tips of the policy that are known at first, or all of them.
        background: other calls in the order of incident and moment.
        room: operators and units.
        parameters: uncertain parameters.
        keep: keep what became of each tip; else only `TALLIES` of those that are over.
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
        *,
        keep: bool = True,
    ) -> None:
        self._planned, self._keep, self._background = planned, keep, background
        self._closing_delay_s = int(to_seconds(60.0 * parameters.closing_delay_minutes))
        self._rules = Rules.of(parameters)
        n, areas = len(incidents), int(area.max(initial=0)) + 1
        self._cases = Cases(
            area=area,
            returned_s=incidents.return_s,
            horizon_s=incidents.horizon_s,
            solvable=incidents.solvable,
            find_factor=room.find_factor,
            end_s=incidents.counterfactual_s.copy(),
            cause=incidents.counterfactual_cause.copy(),
            police_s=incidents.police_s.copy(),
            handled=np.zeros(n, dtype=np.int64),
            operator_s=np.zeros(n, dtype=np.int64),
        )
        self._calls, _ = _calls_of(Tips.none(), *(np.zeros(0, dtype=np.int64),) * 4)
        self._order = np.zeros(0, dtype=np.int64)
        self._taken: list[Tips] = []
        self._places: list[Ints] = []
        self._known_until_s = -NEVER_S
        self._tallies = {name: np.zeros(n, dtype=np.int64) for name in TALLIES}
        self._floor = Floor(
            operators=room.operators,
            units=room.units,
            unlimited=room.unlimited,
            busy=np.zeros(2, dtype=np.int64),
            driving=np.zeros(areas, dtype=np.int64),
            head=np.full(1 + areas, _NOBODY, dtype=np.int64),
            tail=np.full(1 + areas, _NOBODY, dtype=np.int64),
            **{f"soon_{what}": np.zeros(0, dtype=np.int64) for what in _SOON},
            size=np.array([0, 0, 0, -NEVER_S], dtype=np.int64),
            integral_s=np.zeros(2, dtype=np.int64),
            driving_s=np.zeros(areas, dtype=np.int64),
        )
        if len(tips) > 0:
            self.take(tips, NEVER_S)

    def take(self, tips: Tips, alerts_until_s: int) -> None:
        """Take note of calls to come: tips, and the other calls of the actions alerted before a
        moment of which none was known yet.
        """
        others = self._other_calls(alerts_until_s)
        calls, place = _calls_of(tips, *others)
        offset = len(self._calls.at_s)
        self._calls = Calls._make(
            np.concatenate(pair) for pair in zip(self._calls, calls, strict=True)
        )
        new = offset + np.arange(len(calls.at_s))
        pending = np.concatenate([self._order[self._floor.size[2] :], new])
        some = Calls._make(values[pending] for values in self._calls)
        # At one second tips come before other calls, each by incident and caller.
        key = (some.kind, some.caller, some.incident, some.kind == _OTHER, some.at_s)
        self._order = pending[np.lexsort(key)]
        self._floor.size[2] = 0
        most, size = 2 * len(self._calls.at_s) + 1, int(self._floor.size[0])
        wider = {}
        for what in _SOON:
            wider[f"soon_{what}"] = np.zeros(most, dtype=np.int64)
            wider[f"soon_{what}"][:size] = getattr(self._floor, f"soon_{what}")[:size]
        self._floor = self._floor._replace(**wider)
        if self._keep:
            self._taken.append(tips)
            self._places.append(offset + place)

    def _other_calls(self, alerts_until_s: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Return incident, moment, service time and number of further other calls while actions
        are open.
        """
        planned, background = self._planned, self._background
        alert_s = planned.alert_s[background.incident]
        number = np.flatnonzero(
            planned.used[background.incident]
            & (alert_s >= self._known_until_s)
            & (alert_s < alerts_until_s)
        )
        self._known_until_s = alerts_until_s
        incident = background.incident[number]
        at_s = alert_s[number] + background.offset_s[number]
        inside = at_s < planned.planned_close_s[incident]
        return (
            incident[inside],
            at_s[inside],
            background.service_s[number][inside],
            number[inside],
        )

    def advance(self, until_s: int) -> None:
        """Let everything happen before a moment; all calls before it must be known."""
        if self._floor.size[3] == -NEVER_S and len(self._order) > 0:
            self._floor.size[3] = self._calls.at_s[self._order[0]]
        _run(self._calls, self._order, self._cases, self._floor, self._rules, until_s)
        if not self._keep:
            self._forget()

    def closed_s(self) -> Ints:
        """Return the closing message of each incident as things stand: planned or earlier."""
        after_end = self._cases.end_s + self._closing_delay_s
        planned = self._planned
        return np.minimum(planned.planned_close_s, np.maximum(after_end, planned.alert_s))

    def run(self) -> Ending:
        """Run to the last event and return how everything ended."""
        if self._known_until_s < NEVER_S:
            self.take(Tips.none(), NEVER_S)
        self.advance(NEVER_S)
        calls, cases = self._calls, self._cases
        if self._keep:
            self._add_up(np.ones(len(calls.at_s), dtype=np.bool_))
        none = [np.zeros(0, dtype=np.int64)]
        tips = np.concatenate(self._places or none)
        taken = calls.begun_s < NEVER_S
        waits = (calls.at_s, calls.begun_s, calls.begun_s + calls.service_s)
        return Ending(
            end_s=cases.end_s,
            cause=cases.cause,
            police_s=cases.police_s,
            true_handled=cases.handled,
            closed_s=self.closed_s(),
            tallies=self._tallies,
            tips=Tips.stacked(self._taken),
            handled_s=calls.handled_s[tips],
            arrival_s=calls.arrival_s[tips],
            made=calls.made[tips],
            lost=calls.lost[tips],
            found=calls.found[tips],
            unit_busy_s=calls.unit_busy_s[tips],
            operator_s=cases.operator_s,
            waits=np.stack([values[taken] for values in waits], axis=1),
            waiting_s=int(self._floor.integral_s[0]),
            talking_s=int(self._floor.integral_s[1]),
            driving_s=self._floor.driving_s,
        )

    def _forget(self) -> None:
        """Add up the calls that are over and drop them."""
        floor, n = self._floor, len(self._calls.at_s)
        open_ = np.zeros(n, dtype=np.bool_)
        open_[self._order[floor.size[2] :]] = True
        open_[floor.soon_call[: floor.size[0]]] = True
        for first in floor.head.tolist():
            waiting = int(first)
            while waiting != _NOBODY:
                open_[waiting] = True
                waiting = int(self._calls.next[waiting])
        self._add_up(~open_)
        number = np.append(np.cumsum(open_) - 1, _NOBODY)
        self._calls = Calls._make(values[open_] for values in self._calls)
        self._calls.next[:] = number[self._calls.next]
        floor.soon_call[: floor.size[0]] = number[floor.soon_call[: floor.size[0]]]
        floor.head[:], floor.tail[:] = number[floor.head], number[floor.tail]
        self._order = number[self._order[floor.size[2] :]]
        floor.size[2] = 0

    def _add_up(self, over: Bools) -> None:
        """Add the calls that are over to the tallies."""
        calls = Calls._make(values[over & (self._calls.kind != _OTHER)] for values in self._calls)
        true = calls.kind != _FALSE
        weights = {
            "true_tips": calls.made & true,
            "false_tips": calls.made & ~true,
            "calls_handled": calls.handled_s < NEVER_S,
            "calls_lost": calls.lost,
            "unit_s": calls.unit_busy_s,
            "unit_s_on_false_tips": calls.unit_busy_s * ~true,
        }
        for name, weight in weights.items():
            total = self._tallies[name]
            total += np.bincount(calls.incident, weight, len(total)).astype(np.int64)


def _calls_of(
    tips: Tips, incident: Ints, at_s: Ints, service_s: Ints, number: Ints
) -> tuple[Calls, Ints]:
    """Put tips and other calls together.

    Returns:
        The calls, and the place of each tip among them.
    """
    n, others = len(tips) + len(at_s), np.zeros(len(at_s), dtype=np.int64)

    def joined(of_tips: Ints, of_others: Ints) -> Ints:
        return np.concatenate([of_tips, of_others])

    never = np.full(n, NEVER_S)
    return Calls(
        at_s=joined(tips.call_s, at_s),
        incident=joined(tips.incident, incident),
        kind=joined(tips.kind, others + _OTHER),
        caller=joined(tips.caller, number),
        encounter_s=joined(tips.encounter_s, others),
        service_s=joined(tips.service_s, service_s),
        patience_s=joined(tips.patience_s, others),
        response_s=joined(tips.response_s, others),
        scene_s=joined(tips.scene_s, others),
        dispatched=np.concatenate([tips.dispatched, others > 0]),
        find_level=np.concatenate([tips.find_level, others + 1.0]),
        next=np.full(n, _NOBODY, dtype=np.int64),
        made=np.zeros(n, dtype=np.bool_),
        granted=np.zeros(n, dtype=np.bool_),
        lost=np.zeros(n, dtype=np.bool_),
        found=np.zeros(n, dtype=np.bool_),
        begun_s=never,
        handled_s=never.copy(),
        drove_s=never.copy(),
        arrival_s=never.copy(),
        unit_busy_s=np.zeros(n, dtype=np.int64),
    ), np.arange(len(tips))


@compiled
def _run(
    calls: Calls, order: Ints, cases: Cases, floor: Floor, rules: Rules, until_s: int
) -> None:
    """Let every call and everything that follows from it happen before a moment, in the order of
    time.
    """
    while True:
        step = floor.size[2]
        call = order[step] if step < len(order) else 0
        call_s = calls.at_s[call] if step < len(order) else NEVER_S
        soon_s = floor.soon_s[0] >> 1 if floor.size[0] > 0 else NEVER_S
        if min(soon_s, call_s) >= until_s:
            break
        if soon_s <= call_s:
            what, k = floor.soon_what[0], floor.soon_call[0]
            _pop(floor)
            _pass_time(floor, soon_s)
            _happen(calls, cases, floor, rules, soon_s, what, k)
        else:
            floor.size[2] = step + 1
            _pass_time(floor, call_s)
            _ring(calls, cases, floor, call_s, call)


@inlined
def _pass_time(floor: Floor, now: int) -> None:
    """Add up the time that calls and units spend."""
    spell = now - floor.size[3]
    floor.size[3] = now
    floor.integral_s[0] += floor.busy[1] * spell
    floor.integral_s[1] += floor.busy[0] * spell
    for area in range(len(floor.driving)):
        floor.driving_s[area] += floor.driving[area] * spell


@inlined
def _ring(calls: Calls, cases: Cases, floor: Floor, now: int, k: int) -> None:
    """Take a call: an operator is free, or it joins the queue."""
    other = calls.kind[k] == _OTHER
    if other or now < cases.end_s[calls.incident[k]]:
        calls.made[k] = True
        if floor.unlimited:
            if not other:
                calls.begun_s[k] = now
                _push(floor, now + calls.service_s[k], 0, _SERVED, k)
        elif floor.busy[0] < floor.operators:
            floor.busy[0] += 1
            calls.begun_s[k] = now
            _push(floor, now + calls.service_s[k], 0, _SERVED, k)
        else:
            _join(calls, floor, 0, k)
            floor.busy[1] += 1
            if not other:
                _push(floor, now + calls.patience_s[k], 1, _HANGS_UP, k)


@compiled
def _happen(
    calls: Calls, cases: Cases, floor: Floor, rules: Rules, now: int, what: int, k: int
) -> None:
    """Let one thing happen to call k."""
    incident = calls.incident[k]
    area = cases.area[incident]
    if what == _HANGS_UP:
        if not calls.granted[k]:
            calls.lost[k] = True
            floor.busy[1] -= 1
    elif what == _GRANTED and calls.kind[k] != _OTHER:
        # A caller who could still hang up takes a step more to be answered than one who cannot.
        _push(floor, now, 0, _TAKEN, k)
    elif what in (_GRANTED, _TAKEN):
        calls.begun_s[k] = now
        _push(floor, now + calls.service_s[k], 0, _SERVED, k)
    elif what == _SERVED:
        cases.operator_s[incident] += calls.service_s[k]
        if not floor.unlimited:
            _free_operator(calls, floor, now)
        if calls.kind[k] != _OTHER:
            _handle(calls, cases, rules, now, k)
            if calls.dispatched[k] and now < cases.end_s[incident]:
                if floor.unlimited:
                    _drive(calls, floor, now, k)
                elif floor.driving[area] < floor.units:
                    floor.driving[area] += 1
                    _drive(calls, floor, now, k)
                else:
                    _join(calls, floor, 1 + area, k)
    elif what == _UNIT_GRANTED:
        if now < cases.end_s[incident]:
            _drive(calls, floor, now, k)
        else:
            _free_unit(calls, floor, area, now)
    elif what == _ARRIVED and now < cases.end_s[incident]:
        calls.arrival_s[k] = now
        kind, share = calls.kind[k], 0.0
        if kind != _FALSE and cases.solvable[kind, incident]:
            seen = calls.encounter_s[k]
            share = _find_share(kind, now - seen if seen < NEVER_S else 0, rules)
        if calls.find_level[k] < share * cases.find_factor[incident]:
            calls.found[k] = True
            cases.end_s[incident], cases.cause[incident] = now, PARTICIPANT
        _push(floor, now + calls.scene_s[k], 0, _LEFT_SCENE, k)
    else:
        calls.unit_busy_s[k] = now - calls.drove_s[k]
        if not floor.unlimited:
            _free_unit(calls, floor, area, now)


@inlined
def _handle(calls: Calls, cases: Cases, rules: Rules, now: int, k: int) -> None:
    """Note a handled tip; a true one speeds up the police from now on."""
    i = calls.incident[k]
    calls.handled_s[k] = now
    if calls.kind[k] != _FALSE and now < cases.end_s[i]:
        before = cases.handled[i]
        cases.handled[i] = before + 1
        cases.police_s[i] = sooner(
            now, cases.police_s[i], _pace(before, rules), _pace(before + 1, rules)
        )
        # Nobody has found the subject: police before own return before the horizon.
        first = min(cases.police_s[i], cases.returned_s[i])
        cases.end_s[i] = min(first, cases.horizon_s[i])
        if first >= cases.horizon_s[i]:
            cases.cause[i] = NONE
        elif cases.police_s[i] <= cases.returned_s[i]:
            cases.cause[i] = POLICE
        else:
            cases.cause[i] = OWN_RETURN


@inlined
def _drive(calls: Calls, floor: Floor, now: int, k: int) -> None:
    calls.drove_s[k] = now
    _push(floor, now + calls.response_s[k], 0, _ARRIVED, k)


@inlined
def _join(calls: Calls, floor: Floor, queue: int, k: int) -> None:
    """Let a call join the end of a queue."""
    if floor.head[queue] == _NOBODY:
        floor.head[queue] = k
    else:
        calls.next[floor.tail[queue]] = k
    floor.tail[queue] = k


@inlined
def _leave(calls: Calls, floor: Floor, queue: int) -> int:
    """Take the first of a queue who has not hung up, -1 for nobody."""
    k = floor.head[queue]
    while k != _NOBODY and calls.lost[k]:
        k = calls.next[k]
    floor.head[queue] = _NOBODY if k == _NOBODY else calls.next[k]
    if k != _NOBODY:
        calls.next[k] = _NOBODY
    return k


@inlined
def _free_operator(calls: Calls, floor: Floor, now: int) -> None:
    k = _leave(calls, floor, 0)
    if k == _NOBODY:
        floor.busy[0] -= 1
    else:
        floor.busy[1] -= 1
        calls.granted[k] = True
        _push(floor, now, 0, _GRANTED, k)


@inlined
def _free_unit(calls: Calls, floor: Floor, area: int, now: int) -> None:
    k = _leave(calls, floor, 1 + area)
    if k == _NOBODY:
        floor.driving[area] -= 1
    else:
        _push(floor, now, 0, _UNIT_GRANTED, k)


@compiled
def _push(floor: Floor, at_s: int, last: int, what: int, k: int) -> None:
    """Plan an event; `last` puts it behind everything else of its second."""
    key, order = 2 * at_s + last, floor.size[1]
    i = floor.size[0]
    floor.size[0], floor.size[1] = i + 1, order + 1
    while i > 0:
        above = (i - 1) >> 1
        if floor.soon_s[above] <= key:
            break
        _move(floor, above, i)
        i = above
    floor.soon_s[i], floor.soon_order[i] = key, order
    floor.soon_what[i], floor.soon_call[i] = what, k


@compiled
def _pop(floor: Floor) -> None:
    """Take the next event out of the heap."""
    n = floor.size[0] - 1
    floor.size[0] = n
    key, order = floor.soon_s[n], floor.soon_order[n]
    what, k, i = floor.soon_what[n], floor.soon_call[n], 0
    while 2 * i + 1 < n:
        below = 2 * i + 1
        if below + 1 < n and _is_before(
            floor, below + 1, floor.soon_s[below], floor.soon_order[below]
        ):
            below += 1
        if not _is_before(floor, below, key, order):
            break
        _move(floor, below, i)
        i = below
    floor.soon_s[i], floor.soon_order[i] = key, order
    floor.soon_what[i], floor.soon_call[i] = what, k


@inlined
def _is_before(floor: Floor, i: int, key: int, order: int) -> bool:
    return floor.soon_s[i] < key or (floor.soon_s[i] == key and floor.soon_order[i] < order)


@inlined
def _move(floor: Floor, source: int, to: int) -> None:
    floor.soon_s[to], floor.soon_order[to] = floor.soon_s[source], floor.soon_order[source]
    floor.soon_what[to], floor.soon_call[to] = floor.soon_what[source], floor.soon_call[source]
