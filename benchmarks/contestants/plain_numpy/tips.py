"""The calls that people who attend could make about one case."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from benchmarks.contestants.given import Action, Case
from benchmarks.contestants.plain_numpy.sightings import (
    Observers,
    earlier_sighting_s,
    fresh_sighting_s,
)
from sim.categories import CATEGORIES
from sim.draws import Bools, Floats, Ints, Purpose, Stream, exponential, lognormal, to_seconds
from sim.parameters import Parameters
from sim.scalar import NEVER_AFTER_S, NEVER_S

FRESH, RETROSPECTIVE, KNOWLEDGE, FALSE = range(4)
"""Kinds of tips; the first three are true."""
_REPORT, _KNOWLEDGE, _FALSE, _SERVICE, _PATIENCE, _SCENE = 0.8, 1.0, 1.0, 0.5, 0.7, 0.5


@dataclass(frozen=True, slots=True)
class Attending:
    """People [n] who attend to one alert.

    Attributes:
        observers: where they are.
        caller: id.
        noticed_s: seconds after the alert.
        fresh_clock, retrospective_clock: unit exponentials.
        knowledge_level, false_level: uniforms.
    """

    observers: Observers
    caller: Ints
    noticed_s: Ints
    fresh_clock: Floats
    retrospective_clock: Floats
    knowledge_level: Floats
    false_level: Floats

    def take(self, rows: Ints) -> Attending:
        """Return some of the people."""
        observers = replace(
            self.observers,
            where=self.observers.where.take(rows),
            searches=self.observers.searches[rows],
        )
        columns = [getattr(self, field.name)[rows] for field in fields(self)[1:]]
        return Attending(observers, *columns)


@dataclass(frozen=True, slots=True)
class Calls:
    """Potential calls [n]; times in elapsed seconds, `NEVER_S` for never."""

    case: Ints
    caller: Ints
    kind: Ints
    encounter_s: Ints
    call_s: Ints
    service_s: Ints
    patience_s: Ints
    response_s: Ints
    scene_s: Ints
    dispatched: Bools
    find_level: Floats

    @classmethod
    def joined(cls, parts: list[Calls]) -> Calls:
        """Put calls together in the order in which ties are settled."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
        }
        order = np.lexsort(tuple(columns[key] for key in ("kind", "caller", "case", "call_s")))
        return cls(**{name: values[order] for name, values in columns.items()})


def draw_minds(stream: Stream, person_id: Ints, case: Case) -> tuple[Floats, ...]:
    """Return two clocks and two levels of each person, in the order of `Attending`."""
    fresh, retrospective, knowledge, false = stream.uniforms(Purpose.SIGHTING, person_id, case.id)
    return exponential(fresh), exponential(retrospective), knowledge, false


def knowledge_share(case: Case, p: Parameters) -> float:
    """Return the chance that an attending person knows something about a case."""
    category = CATEGORIES[case.category]
    default = 1.0 if category.quantiles_km else p.knowledge_factor_robbery
    factor = p.get(f"knowledge_factor_{category.traits}", default)
    return min(p.knowledge_per_1000_attending / 1000.0 * factor, 1.0)


def potential_calls(
    people: Attending, action: Action, stream: Stream, p: Parameters
) -> list[Calls]:
    """Return the calls of each kind."""
    case, observers = action.case, people.observers
    close_s = action.planned_close_s - action.alert_s
    seen = fresh_sighting_s(observers, case, people.fresh_clock, people.noticed_s, close_s, p)
    passed = earlier_sighting_s(observers, case, people.retrospective_clock, p)
    nothing = np.full(len(seen), NEVER_AFTER_S)
    happens = {
        FRESH: (seen < NEVER_AFTER_S, seen),
        RETROSPECTIVE: (passed < NEVER_AFTER_S, passed),
        KNOWLEDGE: (people.knowledge_level < knowledge_share(case, p), nothing),
        FALSE: (people.false_level < p.false_per_1000_attending / 1000.0, nothing),
    }
    return [
        _calls(kind, people.take(np.flatnonzero(flags)), at_s[flags], action, stream, p)
        for kind, (flags, at_s) in happens.items()
    ]


def _calls(
    kind: int, people: Attending, seen_s: Ints, action: Action, stream: Stream, p: Parameters
) -> Calls:
    """Return the calls of one kind by people who all have something to tell."""
    case, alert_s = action.case, action.alert_s
    tip = stream.uniforms(Purpose.TIP, people.caller, case.id, kind)
    call = stream.uniforms(Purpose.CALL, people.caller, case.id, kind)
    minutes, sigma = {
        KNOWLEDGE: (p.knowledge_minutes, _KNOWLEDGE),
        FALSE: (p.false_minutes, _FALSE),
    }.get(kind, (p.report_delay_minutes, _REPORT))
    delay_s = to_seconds(lognormal(tip[1], minutes * 60.0, sigma))
    begun_s = seen_s if kind == FRESH else people.noticed_s
    made = (begun_s < NEVER_AFTER_S) & (delay_s < NEVER_AFTER_S)
    if kind in (FRESH, RETROSPECTIVE):
        made &= tip[0] < p.report_share
    if kind != FRESH:
        # After closing few still respond to what they read; a fresh sighting has that in its
        # hazard.
        open_ = people.noticed_s < action.planned_close_s - alert_s
        made &= open_ | (call[3] < p.attention_after_closing)
    rows = np.flatnonzero(made)
    tip, call, seen_s = tip[:, rows], call[:, rows], seen_s[rows]
    return Calls(
        case=np.full(len(rows), case.position),
        caller=people.caller[rows],
        kind=np.full(len(rows), kind),
        encounter_s=np.where(seen_s < NEVER_AFTER_S, alert_s + seen_s, NEVER_S),
        call_s=alert_s + begun_s[rows] + delay_s[rows],
        service_s=_at_least_one(tip[3], p.service_minutes, _SERVICE),
        patience_s=_at_least_one(call[0], p.patience_minutes, _PATIENCE),
        response_s=_at_least_one(call[1], action.response_minutes, p.response_sigma),
        scene_s=_at_least_one(call[2], p.on_scene_minutes, _SCENE),
        dispatched=(tip[0] < p.dispatch_false_share) | (kind != FALSE),
        find_level=tip[2],
    )


def _at_least_one(uniform: Floats, minutes: float, sigma: float) -> Ints:
    """Return log-normal spans in whole seconds, at least one."""
    return np.maximum(to_seconds(lognormal(uniform, minutes * 60.0, sigma)), 1)
