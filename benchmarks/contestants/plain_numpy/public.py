"""Members of the public who may tip about one action: a thinned Poisson field over the cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.contestants.given import Action, Case
from benchmarks.contestants.plain_numpy.places import Whereabouts
from benchmarks.contestants.plain_numpy.sightings import Observers, recognition, road_factor
from benchmarks.contestants.plain_numpy.tips import (
    FALSE,
    FRESH,
    KNOWLEDGE,
    RETROSPECTIVE,
    Attending,
    knowledge_share,
)
from sim.candidates import ADULT_SHARE, willing_share
from sim.categories import CATEGORIES
from sim.clock import YEAR_S
from sim.draws import Floats, Ints, Purpose, Stream, lognormal, poisson_count, to_seconds
from sim.incidents import HORIZON_S
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR
from sim.world import World

_FIRST_ID = 1 << 31
_PER_CELL = 2048
_CHANNELS_PER_CELL = 4
_CHANNELS = ("nl_alert", "amber_alert", "social_media")
"""In the order in which they count for a person whom several reach."""
_NOTICE = 1.0
_ADULTS = 2
_NEARLY_SURE = 0.999


@dataclass(frozen=True, slots=True)
class Audience:
    """The residents whom one channel addresses.

    Attributes:
        channel: its number.
        first: share of them whom it reaches first.
        alone: share whom it would reach if it were the only one.
        cells: where they live.
    """

    channel: int
    first: float
    alone: float
    cells: Ints


class Public:
    """The residents who are no candidates."""

    def __init__(self, world: World, parameters: Parameters, stream: Stream, start: date) -> None:
        self._world, self._p, self._stream = world, parameters, stream
        self._start_years = (start - date(2015, 1, 1)).days / 365.25
        grid = world.grid
        adults = grid.population[:, None] * grid.age_weight * ADULT_SHARE
        willing = grid.population[:, None] * grid.age_weight * willing_share(grid, parameters)
        self._people = np.maximum((adults - willing).sum(axis=1), 0.0)
        half = grid.size_dm // 2
        self._middle = grid.x_dm + half, grid.y_dm + half

    def audiences(self, action: Action) -> list[Audience]:
        """Return the audience of each channel that the policy uses for a case."""
        found, missed = [], 1.0
        for number, name in enumerate(_CHANNELS):
            if getattr(action.levers.channels, name).enabled and self._qualifies(name, action):
                alone = self._reach(name, action.alert_s)
                if missed * alone > 0.0:
                    cells = self._cells(name, action)
                    found.append(Audience(number, missed * alone, alone, cells))
                missed *= 1.0 - alone
        return found

    def reached(self, audiences: list[Audience]) -> float:
        """Return the expected number of people reached."""
        return sum(float(a.first * self._people[a.cells].sum()) for a in audiences)

    def informants(self, action: Action, audience: Audience) -> Attending:
        """Draw the attending members of an audience who may tip, each in one way only."""
        case, p = action.case, self._p
        weight = -np.expm1(-_bounds(case, p))
        mean = self._people[audience.cells] * audience.alone * weight.sum()
        mean = mean * p.public_attend_share
        u = self._stream.uniforms(Purpose.PUBLIC_COUNT, case.id, audience.cells, audience.channel)
        count = np.minimum(poisson_count(u[0], mean), _PER_CELL - 1)
        cell = np.repeat(audience.cells, count)
        ordinal = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
        who = (cell * _CHANNELS_PER_CELL + audience.channel) * _PER_CELL + ordinal + _FIRST_ID
        person = self._stream.uniforms(Purpose.PUBLIC_PERSON, who, case.id)
        attends = np.flatnonzero(person[3] * audience.alone < audience.first)
        who, cell, person = who[attends], cell[attends], person[:, attends]
        return self._attending(action, audience.channel, who, cell, (person, weight))

    def _attending(
        self, action: Action, channel: int, who: Ints, cell: Ints, drawn: tuple[Floats, Floats]
    ) -> Attending:
        p, (person, weight) = self._p, drawn
        limits = np.cumsum(weight) / weight.sum()
        kind = np.minimum((person[0] > limits[:, None]).sum(axis=0), FALSE)
        clock = -np.log1p(-person[1] * weight[kind])
        level = -np.expm1(-clock)
        minutes = (p.nl_alert_minutes, p.amber_minutes, p.social_minutes)[channel]
        return Attending(
            observers=self._observers(action, who, cell),
            caller=who,
            noticed_s=to_seconds(lognormal(person[2], minutes * 60.0, _NOTICE)),
            fresh_clock=np.where(kind == FRESH, clock, np.inf),
            retrospective_clock=np.where(kind == RETROSPECTIVE, clock, np.inf),
            knowledge_level=np.where(kind == KNOWLEDGE, level, 1.0),
            false_level=np.where(kind == FALSE, level, 1.0),
        )

    def _observers(self, action: Action, who: Ints, cell: Ints) -> Observers:
        """Return where they are: in their cell, some on the road."""
        p, grid = self._p, self._world.grid
        place = self._stream.uniforms(Purpose.PUBLIC_PLACE, who, action.case.id)
        clock = action.clock
        away = float(self._world.occupancy.away[clock.day, clock.hour, _ADULTS])
        road = away * p.road_share_of_away
        where = Whereabouts(
            asleep=np.zeros(len(who), dtype=np.bool_),
            away=place[2] < road,
            on_road=place[2] < road,
            driving=place[2] < road * p.driver_share_of_road,
            x_dm=grid.x_dm[cell] + (place[0] * grid.size_dm).astype(np.int64),
            y_dm=grid.y_dm[cell] + (place[1] * grid.size_dm).astype(np.int64),
        )
        return Observers(where, place[3] < p.search_share, action.alert_s, clock.dark)

    def _qualifies(self, name: str, action: Action) -> bool:
        p, case = self._p, action.case
        if name == "nl_alert":
            return case.danger_level < p.nl_alert_qualifies_share
        if name == "amber_alert":
            child = CATEGORIES[case.category].traits in ("child", "youth")
            return child and case.danger_level < p.amber_qualifies_share
        return True

    def _reach(self, name: str, alert_s: int) -> float:
        p = self._p
        if name == "nl_alert":
            known = (p.nl_alert_reach_2015, p.nl_alert_reach_2020)
            return float(np.interp(self._start_years + alert_s / YEAR_S, (0.0, 5.0), known))
        return p.amber_reach_share if name == "amber_alert" else p.social_reach_share

    def _cells(self, name: str, action: Action) -> Ints:
        """Return the cells with their middle inside the circle, or all."""
        if name == "amber_alert":
            return np.arange(self._world.grid.n_cells)
        case, (x_dm, y_dm) = action.case, self._middle
        apart = (x_dm - case.x_dm) ** 2 + (y_dm - case.y_dm) ** 2
        return np.flatnonzero(apart <= (action.radius_m * 10) ** 2)


def _bounds(case: Case, p: Parameters) -> Floats:
    """Return upper bounds of the expected tips of each kind of one attending person, [4].

    Neither a policy nor the memory of people enters them, so that these cannot change who is
    drawn.
    """
    road = max(road_factor(case, p), 1.0)
    modes = (
        (p.sweep_walk_m * p.search_alertness, p.search_speed_m_per_s, p.search_radius_m, 1.0),
        (p.sweep_car_m, p.car_speed_m_per_s, p.car_radius_m, road),
        (p.sweep_walk_m, p.walk_speed_m_per_s, p.walk_radius_m, road),
        (p.sweep_walk_m * p.window_attention_share, 0.0, p.window_radius_m, 1.0),
    )
    most = max(
        sweep * float(np.hypot(speed, case.speed_m_per_s)) / (np.pi * radius**2) * factor
        for sweep, speed, radius, factor in modes
    )
    spell_s = 60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR
    spell_s += p.attention_after_closing * max(HORIZON_S.values())
    passing = p.sweep_walk_m * float(np.hypot(p.walk_speed_m_per_s, case.speed_m_per_s))
    passing /= np.pi * p.retrospective_radius_m**2
    recalled = p.retrospective_outdoor_share * p.retrospective_share * case.frailty
    recalled *= p.conspicuous_factor if case.conspicuous else 1.0
    sure = [knowledge_share(case, p), p.false_per_1000_attending / 1000.0]
    return np.array(
        [
            most * recognition(case, p) * spell_s,
            passing * road * recalled * p.retrospective_hours * 3600.0,
            *(-np.log1p(-np.minimum(sure, _NEARLY_SURE))),
        ]
    )
