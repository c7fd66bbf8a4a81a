"""Tips: what attending people could tell the control room, when they would call, and what each
call takes.

Four kinds: fresh sightings, retrospective sightings, knowledge (of the person, a place, a vehicle)
and false tips. These are *potential* tips: the subject's path is not cut short and the action
closes as planned; the control room decides which of them are still made.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from sim.categories import CATEGORIES
from sim.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    Spans,
    Stream,
    exponential,
    lognormal,
    to_seconds,
)
from sim.incidents import Incidents
from sim.layout import Columns
from sim.parameters import Parameters
from sim.scalar import NEVER_AFTER_S, NEVER_S
from sim.setting import Setting
from sim.sightings import Observers, first_sighting_s, fresh_hazard, retrospective_sighting_s
from sim.subjects import Subjects


class TipKind(IntEnum):
    """Kinds of tips; the first three are true."""

    FRESH = 0
    RETROSPECTIVE = 1
    KNOWLEDGE = 2
    FALSE = 3


_REPORT_SIGMA = 0.8
_KNOWLEDGE_SIGMA = 1.0
_FALSE_SIGMA = 1.0
_SERVICE_SIGMA = 0.5
_PATIENCE_SIGMA = 0.7
_SCENE_SIGMA = 0.5


@dataclass(frozen=True, slots=True)
class Tips(Columns):
    """Potential calls [n], each of one person, kind and policy; times in elapsed seconds.

    Attributes:
        policy, incident: numbers.
        caller: id of the candidate, or of a member of the public (from `PUBLIC_ID` on).
        kind: `TipKind`.
        delivered_s, noticed_s: of the caller's message.
        encounter_s: when the subject was seen; `NEVER_S` for knowledge and false tips.
        call_s: when the call would be made.
        service_s, patience_s: of the call.
        response_s, scene_s: of the police unit that follows it up.
        dispatched: a unit is sent (always for true tips).
        find_level: uniform that decides whether a true tip leads to the find.
    """

    policy: Ints
    incident: Ints
    caller: Ints
    kind: Ints
    delivered_s: Ints
    noticed_s: Ints
    encounter_s: Ints
    call_s: Ints
    service_s: Ints
    patience_s: Ints
    response_s: Ints
    scene_s: Ints
    dispatched: Bools
    find_level: Floats

    def __len__(self) -> int:
        return len(self.policy)

    @classmethod
    def none(cls) -> Tips:
        """Return no tips."""
        types = {"dispatched": np.bool_, "find_level": np.float64}
        return cls(**{f.name: np.zeros(0, types.get(f.name, np.int64)) for f in fields(cls)})

    @classmethod
    def stacked(cls, parts: list[Tips]) -> Tips:
        """Put tips together as they are."""
        if not parts:
            return cls.none()
        return cls(
            **{
                f.name: np.concatenate([getattr(part, f.name) for part in parts])
                for f in fields(cls)
            }
        )

    @classmethod
    def joined(cls, parts: list[Tips]) -> Tips:
        """Put tips together, in the order of call, incident, caller and kind: the order in which
        ties are settled.
        """
        whole = cls.stacked(parts)
        return whole.take(np.lexsort((whole.kind, whole.caller, whole.incident, whole.call_s)))


@dataclass(frozen=True, slots=True)
class Attending:
    """People [n] who attend under at least one of p policies.

    Attributes:
        observers: where they are and which incident it is.
        caller: id.
        columns: numbers of the policies, [p].
        attends: by [n, p].
        delivered_s, noticed_s: seconds after the alert, `NEVER_AFTER_S` where they do not attend,
            [n, p].
        close_s: planned closing message, seconds after the alert, [n, p].
        fresh_clock, retrospective_clock: unit exponentials.
        knowledge_level, false_level: uniforms.
    """

    observers: Observers
    caller: Ints
    columns: Ints
    attends: Bools
    delivered_s: Spans
    noticed_s: Spans
    close_s: Ints
    fresh_clock: Floats
    retrospective_clock: Floats
    knowledge_level: Floats
    false_level: Floats


def knowledge_share(incidents: Incidents, parameters: Parameters) -> Floats:
    """Return the probability that an attending person knows something about a case, by
    incident.
    """
    factors = np.array(
        [
            parameters.get(
                f"knowledge_factor_{c.traits}",
                parameters.knowledge_factor_robbery if c.quantiles_km == () else 1.0,
            )
            for c in CATEGORIES
        ]
    )
    return np.asarray(
        np.minimum(
            parameters.knowledge_per_1000_attending / 1000.0 * factors[incidents.category], 1.0
        )
    )


def draw_clocks(stream: Stream, caller: Ints, case: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the fresh and retrospective clocks and the knowledge and false levels of people in
    cases.
    """
    u = stream.uniforms(Purpose.SIGHTING, caller, case)
    return exponential(u[0]), exponential(u[1]), u[2], u[3]


def potential_tips(
    setting: Setting, people: Attending, incidents: Incidents, subjects: Subjects
) -> Tips:
    """Return every call that the attending people could make."""
    p = setting.parameters
    observers = people.observers
    i = observers.incident
    earliest = people.noticed_s.min(axis=1)
    latest_close = people.close_s.max(axis=1)
    hazard = fresh_hazard(observers, incidents, subjects, p)
    # Nobody sees anything later than with the earliest notice and the latest closing of all
    # policies.
    fresh = np.flatnonzero(
        first_sighting_s(people.fresh_clock, hazard, earliest, latest_close, p) < NEVER_AFTER_S
    )
    retrospective_s = retrospective_sighting_s(
        people.retrospective_clock, observers, incidents, subjects, p
    )
    retrospective = np.flatnonzero(retrospective_s < NEVER_AFTER_S)
    knowledge = np.flatnonzero(people.knowledge_level < knowledge_share(incidents, p)[i])
    false = np.flatnonzero(people.false_level < p.false_per_1000_attending / 1000.0)

    near = hazard.take(fresh)
    columns = [
        first_sighting_s(
            people.fresh_clock[fresh],
            near,
            people.noticed_s[fresh, j],
            people.close_s[fresh, j],
            p,
        )
        for j in range(people.attends.shape[1])
    ]
    seen = np.stack(columns, axis=1).astype(np.int64)
    alike = np.ones((1, people.attends.shape[1]), dtype=np.int64)
    never = np.full((1, 1), NEVER_AFTER_S)
    parts = [
        _calls(people, fresh, TipKind.FRESH, seen, incidents, setting),
        _calls(
            people,
            retrospective,
            TipKind.RETROSPECTIVE,
            retrospective_s[retrospective, None] * alike,
            incidents,
            setting,
        ),
        _calls(people, knowledge, TipKind.KNOWLEDGE, never * alike, incidents, setting),
        _calls(people, false, TipKind.FALSE, never * alike, incidents, setting),
    ]
    return Tips.joined(parts)


def _calls(
    people: Attending,
    rows: Ints,
    kind: TipKind,
    seen: Ints,
    incidents: Incidents,
    setting: Setting,
) -> Tips:
    """Return the calls of one kind by some of the people, under each policy under which they
    attend.
    """
    p, stream, world = setting.parameters, setting.stream, setting.world
    observers = people.observers
    i = observers.incident[rows]
    tip = stream.uniforms(Purpose.TIP, people.caller[rows], incidents.id[i], int(kind))
    call = stream.uniforms(Purpose.CALL, people.caller[rows], incidents.id[i], int(kind))
    sighted = kind in (TipKind.FRESH, TipKind.RETROSPECTIVE)
    median, sigma = {
        TipKind.KNOWLEDGE: (p.knowledge_minutes, _KNOWLEDGE_SIGMA),
        TipKind.FALSE: (p.false_minutes, _FALSE_SIGMA),
    }.get(kind, (p.report_delay_minutes, _REPORT_SIGMA))
    delay = to_seconds(lognormal(tip[1], median * 60.0, sigma))[:, None]
    noticed = people.noticed_s[rows].astype(np.int64)
    from_s = seen if kind == TipKind.FRESH else noticed
    call_s = from_s + delay
    made = (
        people.attends[rows]
        & (noticed < NEVER_AFTER_S)
        & (from_s < NEVER_AFTER_S)
        & (delay < NEVER_AFTER_S)
    )
    if sighted:
        made &= (tip[0] < p.report_share)[:, None]
    if kind != TipKind.FRESH:
        # After closing few still respond to what they read; fresh sightings carry this in their
        # hazard.
        made &= (noticed < people.close_s[rows]) | (call[3] < p.attention_after_closing)[:, None]
    row, policy = np.nonzero(made)
    alert_s = observers.alert_s[rows][row]
    seen_s = np.broadcast_to(seen, made.shape)[row, policy]
    town = incidents.municipality[i]
    median_s = 60.0 * np.array(
        [p.response_minutes_city, p.response_minutes_mid, p.response_minutes_rural]
    )
    response = to_seconds(
        lognormal(call[1], median_s[world.response_class[town]], p.response_sigma)
    )
    dispatched = (
        np.ones(len(rows), dtype=np.bool_)
        if kind != TipKind.FALSE
        else tip[0] < p.dispatch_false_share
    )
    return Tips(
        policy=people.columns[policy],
        incident=i[row],
        caller=people.caller[rows][row],
        kind=np.full(len(row), int(kind)),
        delivered_s=alert_s + people.delivered_s[rows][row, policy],
        noticed_s=alert_s + noticed[row, policy],
        encounter_s=np.where(seen_s < NEVER_AFTER_S, alert_s + seen_s, NEVER_S),
        call_s=alert_s + call_s[row, policy],
        service_s=np.maximum(
            to_seconds(lognormal(tip[3], p.service_minutes * 60.0, _SERVICE_SIGMA)), 1
        )[row],
        patience_s=np.maximum(
            to_seconds(lognormal(call[0], p.patience_minutes * 60.0, _PATIENCE_SIGMA)), 1
        )[row],
        response_s=np.maximum(response, 1)[row],
        scene_s=np.maximum(
            to_seconds(lognormal(call[2], p.on_scene_minutes * 60.0, _SCENE_SIGMA)), 1
        )[row],
        dispatched=dispatched[row],
        find_level=tip[2][row],
    )
