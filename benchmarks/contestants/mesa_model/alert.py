"""One alert: the subject as an agent, what can be seen of it, and how the action ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mesa
import numpy as np

from benchmarks.contestants.given import Action, Case
from benchmarks.contestants.mesa_model.residents import Place
from sim.categories import CATEGORIES
from sim.draws import Floats
from sim.incidents import NONE, OWN_RETURN, PARTICIPANT, POLICE
from sim.scalar import NEVER_S

if TYPE_CHECKING:
    from benchmarks.contestants.mesa_model.model import BurgernetModel

MINUTE_S = 60
HOUR_S = 3_600
COUNTS = (
    *("recipients", "delivered", "noticed", "noticed_10min", "noticed_in_area"),
    *("attending", "searching", "true_tips", "false_tips"),
)


class Subject(mesa.Agent):
    """Who is looked for: walks straight at a steady pace, then stands still."""

    def __init__(self, model: BurgernetModel, case: Case) -> None:
        super().__init__(model)
        self.case = case
        self.step()

    def step(self) -> None:
        """Move on to the present minute."""
        case, now = self.case, self.model.now_s
        self.moving = now < case.stop_s
        x_m, y_m = path_m(case, np.array([now], dtype=np.float64))
        self.x_m, self.y_m = float(x_m[0]), float(y_m[0])
        seen = case.visible_transit if self.moving else case.visible_stationary
        self.visible = seen and now < case.vanish_s


def path_m(case: Case, at_s: Floats) -> tuple[Floats, Floats]:
    """Return where the subject is at some moments, in metres."""
    way_m = case.pace_m_per_s * (np.minimum(at_s, case.stop_s) - case.begin_s)
    return case.x_dm / 10.0 + case.dx * way_m, case.y_dm / 10.0 + case.dy * way_m


class Alert:
    """An action at work; `counts` holds the people and tips of `COUNTS`."""

    def __init__(self, model: BurgernetModel, action: Action) -> None:
        self.model, self.p, self.action, self.case = model, model.p, action, action.case
        self.subject = Subject(model, action.case)
        self.police_s = action.case.police_s
        self.true_handled = 0
        self.counts = dict.fromkeys(COUNTS, 0)
        self.found = False
        self.expect_end()
        p, case = self.p, self.case
        chance = p.recognise_photo if case.photo else p.recognise_text
        striking = p.conspicuous_factor if case.conspicuous else 1.0
        self.recognition = chance * striking * case.frailty
        self.road = p.road_factor_urban if case.urban else p.road_factor_rural
        self.sweep = p.night_sweep_factor if action.clock.dark else 1.0
        self._past = self._passing_hazard(striking)

    # How it ends.

    def expect_end(self) -> None:
        """Set the end that comes if nobody finds the subject."""
        case = self.case
        first = min(self.police_s, case.return_s)
        self.end_s, self.cause = min(first, case.horizon_s), NONE
        if first < case.horizon_s:
            self.cause = POLICE if self.police_s <= case.return_s else OWN_RETURN

    def over(self) -> bool:
        """Tell whether the incident has ended."""
        return self.model.now_s >= self.end_s

    def find(self) -> None:
        """Let a tip have led to the find just now."""
        self.end_s, self.cause = self.model.now_s, PARTICIPANT

    def speed_up_police(self) -> None:
        """Let the police be sooner, now that one more true tip has been handled."""
        slower, faster = self._pace(self.true_handled), self._pace(self.true_handled + 1)
        self.true_handled += 1
        now = self.model.now_s
        if now < self.police_s < NEVER_S:
            self.police_s = round(now + (self.police_s - now) * slower / faster)
        self.expect_end()

    def _pace(self, handled: int) -> float:
        p = self.p
        if handled == 0:
            return 1.0
        pace = p.police_speed_up_first * p.police_speed_up_next ** (handled - 1)
        return min(pace, max(p.police_speed_up_limit, 1.0))

    # What can be seen and known.

    def attention(self) -> float:
        """Return how much of the attention to the alert is left."""
        hours = (self.model.now_s - self.action.alert_s) / HOUR_S
        left = math.exp2(-hours / self.p.memory_half_life_h)
        closed = self.model.now_s >= self.action.planned_close_s
        return left * (self.p.attention_after_closing if closed else 1.0)

    def knowledge_share(self) -> float:
        """Return the chance that somebody who attends knows something."""
        category, p = CATEGORIES[self.case.category], self.p
        default = 1.0 if category.quantiles_km else p.knowledge_factor_robbery
        factor = p.get(f"knowledge_factor_{category.traits}", default)
        return p.knowledge_per_1000_attending / 1000.0 * factor

    def hazards(self, place: Place, *, searches: bool) -> tuple[float, float, float]:
        """Return radius of activity, and hazards per second of a moving and a standing subject."""
        p, road = self.p, self.road
        sweep, moving_road, still_road, alertness = p.sweep_walk_m, 1.0, 1.0, 1.0
        if searches:
            radius, speed, alertness = (
                p.search_radius_m,
                p.search_speed_m_per_s,
                p.search_alertness,
            )
        elif place.driving:
            radius, speed, sweep = p.car_radius_m, p.car_speed_m_per_s, p.sweep_car_m
            moving_road, still_road = road, road if self.case.stationary_on_road else 0.0
        elif place.on_road:
            radius, speed = p.walk_radius_m, p.walk_speed_m_per_s
            moving_road, still_road = road, road if self.case.stationary_on_road else 1.0
        else:
            radius, speed, alertness = p.window_radius_m, 0.0, p.window_attention_share
        density = sweep * self.sweep * alertness * self.recognition / (math.pi * radius**2)
        both = math.hypot(speed, self.case.speed_m_per_s)
        return radius, density * both * moving_road, density * speed * still_road

    def _passing_hazard(self, striking: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the minutes before the alert, where the subject was, and what passers met."""
        p, case, alert_s = self.p, self.case, self.action.alert_s
        earliest = max(case.begin_s, alert_s - 3600.0 * p.retrospective_hours)
        at_s = np.arange(alert_s - MINUTE_S / 2, earliest, -MINUTE_S)[::-1]
        density = p.retrospective_outdoor_share * p.retrospective_share * case.frailty * striking
        density *= p.sweep_walk_m * self.sweep / (math.pi * p.retrospective_radius_m**2)
        both = math.hypot(p.walk_speed_m_per_s, case.speed_m_per_s)
        moving = density * self.road * both * case.visible_transit
        still_road = self.road if case.stationary_on_road else 1.0
        still = density * p.walk_speed_m_per_s * still_road * case.visible_stationary
        level = np.where(at_s < case.stop_s, moving, still) * (at_s < case.vanish_s)
        return at_s, *path_m(case, at_s), level

    def passed_s(self, place: Place, clock: float) -> float | None:
        """Return when somebody passed the subject before the alert, or nothing."""
        at_s, x_m, y_m, level = self._past
        near = np.hypot(x_m - place.x_m, y_m - place.y_m) <= self.p.retrospective_radius_m
        met = np.cumsum(level * near * MINUTE_S)
        minute = int(np.searchsorted(met, clock))
        return float(at_s[minute]) if minute < len(at_s) else None

    def row(self) -> dict[str, float]:
        """Return what came of the action, named as in the engine's table."""
        direct = self.cause == PARTICIPANT
        return {
            "incident_id": self.case.id,
            **self.counts,
            "direct": direct,
            "contributed": self.true_handled > 0 and not direct,
            "minutes_to_end": (self.end_s - self.case.reported_s) / 60.0,
        }
