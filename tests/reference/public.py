"""The public channels: which residents without a name may tip about a case, cell by cell."""

import math
from dataclasses import dataclass
from datetime import date

from sim.categories import CATEGORIES
from sim.clock import YEAR_S
from sim.draws import Purpose
from sim.policy import LONGEST_OPEN_FACTOR
from tests.reference.philox import lognormal, poisson, seconds
from tests.reference.seeing import Observer, Whereabouts, recognition, road_factor

FIRST_ID = 1 << 31
PER_CELL = 2048
CHANNELS_PER_CELL = 4
ADULTS = 2
CHANNELS = ("nl_alert", "amber_alert", "social_media")
"""The channels in the order in which they count for a person."""
ADULT_SHARE = (0.0, 0.9, 1.0, 1.0, 1.0)
FRESH, RETROSPECTIVE, KNOWLEDGE, FALSE = range(4)


@dataclass(slots=True)
class Informant:
    """A member of the public who may tip in one way: a clock for it, infinite for the others."""

    id: int
    observer: Observer
    noticed_s: int
    kind: int
    clock: float
    level: float


def knowledge_share(case, p):
    """Return the chance that an attending person knows something about a case."""
    category = CATEGORIES[case.category]
    default = p.knowledge_factor_robbery if category.quantiles_km == () else 1.0
    factor = getattr(p, f"knowledge_factor_{category.traits}", default)
    return min(p.knowledge_per_1000_attending / 1000.0 * factor, 1.0)


class Public:
    """The residents who are no candidates."""

    def __init__(self, given):
        self._given, grid, p = given, given.world.grid, given.p
        population, ages = grid.population.tolist(), grid.age_weight.tolist()
        factors = (
            0.0,
            p.willing_factor_15_24,
            p.willing_factor_25_44,
            p.willing_factor_45_64,
            p.willing_factor_65_plus,
        )
        relative = [
            [
                max(1.0 + p.willing_urban_slope * (urbanity - 3.0), 0.0) * factors[a] * adult
                for a, adult in enumerate(ADULT_SHARE)
            ]
            for urbanity in grid.urbanity.tolist()
        ]
        expected = sum(
            population[c] * ages[c][a] * relative[c][a]
            for c in range(grid.n_cells)
            for a in range(5)
        )
        scale = p.willing_share * sum(population) / expected
        self._residents = [
            sum(
                population[c] * ages[c][a] * (ADULT_SHARE[a] - min(relative[c][a] * scale, 1.0))
                for a in range(5)
            )
            for c in range(grid.n_cells)
        ]
        self._corners = list(zip(grid.x_dm.tolist(), grid.y_dm.tolist(), strict=True))
        self._size_dm = grid.size_dm

    def reached_by(self, channel, at_s):
        """Return the share of residents whom a channel would reach alone."""
        p = self._given.p
        if channel == "amber_alert":
            return p.amber_reach_share
        if channel == "social_media":
            return p.social_reach_share
        start_years = (self._given.start - date(2015, 1, 1)).days / 365.25
        year = min(max(start_years + at_s / YEAR_S, 0.0), 5.0)
        grown = (p.nl_alert_reach_2020 - p.nl_alert_reach_2015) * year / 5.0
        return p.nl_alert_reach_2015 + grown

    def audiences(self, action):
        """Return [(channel number, share reached by it first, by it alone, cells)]."""
        case, p, missed, found = action.case, self._given.p, 1.0, []
        danger = case.danger_level
        for number, channel in enumerate(CHANNELS):
            if not getattr(action.levers.channels, channel).enabled:
                continue
            if channel == "nl_alert" and danger >= p.nl_alert_qualifies_share:
                continue
            if channel == "amber_alert" and (
                case.traits not in ("child", "youth") or danger >= p.amber_qualifies_share
            ):
                continue
            alone = self.reached_by(channel, action.alert_s)
            if missed * alone > 0.0:
                cells = self._cells(action, whole_region=channel == "amber_alert")
                found.append((number, missed * alone, alone, cells))
            missed *= 1.0 - alone
        return found

    def _cells(self, action, *, whole_region):
        """Return the cells whose middle lies inside the circle, or all."""
        half, case, reach = self._size_dm // 2, action.case, action.radius_m * 10
        return [
            cell
            for cell, (x_dm, y_dm) in enumerate(self._corners)
            if whole_region
            or (x_dm + half - case.x_dm) ** 2 + (y_dm + half - case.y_dm) ** 2 <= reach**2
        ]

    def expected_reached(self, action):
        return sum(
            first * sum(self._residents[cell] for cell in cells)
            for _, first, _, cells in self.audiences(action)
        )

    def bounds(self, case):
        """Return upper bounds of the expected tips of each kind of one attending person."""
        p = self._given.p
        road = max(road_factor(case, p), 1.0)
        ways = (
            (p.sweep_walk_m * p.search_alertness, p.search_speed_m_per_s, p.search_radius_m, 1.0),
            (p.sweep_car_m, p.car_speed_m_per_s, p.car_radius_m, road),
            (p.sweep_walk_m, p.walk_speed_m_per_s, p.walk_radius_m, road),
            (p.sweep_walk_m * p.window_attention_share, 0.0, p.window_radius_m, 1.0),
        )
        most = max(
            sweep * math.hypot(speed, case.speed_m_per_s) / (math.pi * radius**2) * factor
            for sweep, speed, radius, factor in ways
        )
        spell_s = 60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR
        spell_s += p.attention_after_closing * 7 * 86_400
        passing = p.sweep_walk_m * math.hypot(p.walk_speed_m_per_s, case.speed_m_per_s)
        passing /= math.pi * p.retrospective_radius_m**2
        recalled = p.retrospective_outdoor_share * p.retrospective_share * case.frailty
        recalled *= p.conspicuous_factor if case.conspicuous else 1.0
        return (
            most * recognition(case, p) * spell_s,
            passing * road * recalled * p.retrospective_hours * 3600.0,
            -math.log1p(-min(knowledge_share(case, p), 0.999)),
            -math.log1p(-min(p.false_per_1000_attending / 1000.0, 0.999)),
        )

    def informants(self, action):
        """Yield the attending members of the public who may tip about an action."""
        given, case = self._given, action.case
        p = given.p
        weights = [-math.expm1(-bound) for bound in self.bounds(case)]
        for number, first, alone, cells in self.audiences(action):
            for cell in cells:
                mean = self._residents[cell] * alone * sum(weights) * p.public_attend_share
                u = given.draws.uniforms(Purpose.PUBLIC_COUNT, case.id, cell, number)
                for ordinal in range(min(poisson(u[0], mean), PER_CELL - 1)):
                    who = FIRST_ID + (cell * CHANNELS_PER_CELL + number) * PER_CELL + ordinal
                    person = given.draws.uniforms(Purpose.PUBLIC_PERSON, who, case.id)
                    if person[3] * alone < first:
                        yield self._informant(action, who, cell, number, (person, weights))

    def _informant(self, action, who, cell, channel, drawn):
        p, case = self._given.p, action.case
        person, weights = drawn
        kind, reached, total = 0, weights[0], sum(weights)
        while kind < FALSE and person[0] > reached / total:
            kind += 1
            reached += weights[kind]
        clock = -math.log1p(-person[1] * weights[kind])
        minutes = (p.nl_alert_minutes, p.amber_minutes, p.social_minutes)[channel]
        place = self._given.draws.uniforms(Purpose.PUBLIC_PLACE, who, case.id)
        away = self._given.world.occupancy.away[(*action.wall_clock, ADULTS)]
        road = float(away) * p.road_share_of_away
        corner = self._corners[cell]
        where = Whereabouts(
            corner[0] + int(place[0] * self._size_dm),
            corner[1] + int(place[1] * self._size_dm),
            away=place[2] < road,
            on_road=place[2] < road,
            driving=place[2] < road * p.driver_share_of_road,
        )
        return Informant(
            id=who,
            observer=Observer(where, place[3] < p.search_share, action.alert_s, action.dark),
            noticed_s=action.alert_s + seconds(lognormal(person[2], minutes * 60.0, 1.0)),
            kind=kind,
            clock=clock,
            level=-math.expm1(-clock),
        )
