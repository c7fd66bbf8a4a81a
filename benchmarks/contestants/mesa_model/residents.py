"""Residents who would ever take part, as agents with a record on the register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mesa

from sim.clock import DAY_S, YEAR_S

if TYPE_CHECKING:
    from benchmarks.contestants.mesa_model.model import BurgernetModel

GONE, OUT, STALE, GOOD = range(4)
"""States on the register, ordered."""
WEEK_S = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class Person:
    """What never changes about a resident; places in metres."""

    home_m: tuple[float, float]
    work_m: tuple[float, float]
    leisure_m: tuple[float, float]
    town: int
    age_band: int
    prefers_voice: bool
    entry_s: int
    app_level: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is at the moment of an alert."""

    x_m: float
    y_m: float
    asleep: bool = False
    away: bool = False
    on_road: bool = False
    driving: bool = False


class Resident(mesa.Agent):
    """Somebody who would ever take part; the record changes week by week."""

    def __init__(self, model: BurgernetModel, person: Person, state: int) -> None:
        super().__init__(model)
        self.person, self.state = person, state
        self.struck = False
        self.to_come = person.entry_s >= 0
        self.alerts: list[int] = []
        """Moments of the alerts whose circle covered the home."""

    @property
    def listed(self) -> bool:
        """Whether messages are sent."""
        return self.state >= STALE and not self.struck

    def uses_app(self, share: float) -> bool:
        """Tell whether this resident has the app at a share of adoption."""
        return self.state != GONE and self.person.app_level < share

    def alerts_within(self, span_s: int) -> int:
        """Count the alerts in the span before now."""
        return sum(self.model.now_s - span_s < alert_s for alert_s in self.alerts)

    def week(self) -> None:
        """Let a week pass on the register."""
        if self.to_come and self.person.entry_s <= self.model.now_s:
            self.state, self.to_come = OUT, False
        if self.state == GONE:
            return
        year_ago_s = self.model.now_s - YEAR_S
        self.alerts = [alert_s for alert_s in self.alerts if alert_s > year_ago_s]
        person, alerts = self.person, len(self.alerts)
        chances = self.model.weekly_chances(person.town, person.age_band, alerts)
        u = self.random.random()
        for change, chance in zip((self._go, self._move, self._join), chances[:3], strict=True):
            if u < chance:
                change()
                return
            u -= chance
        if self.state == STALE and u < chances[3]:
            self._join()
        elif self.state == STALE and u < chances[3] + chances[4]:
            self.struck = True

    def _go(self) -> None:
        self.state, self.struck = GONE, False

    def _move(self) -> None:
        if self.state == GOOD:
            self.state = STALE

    def _join(self) -> None:
        self.state, self.struck = GOOD, False

    def whereabouts(self) -> Place:
        """Draw where this resident is now."""
        person, p, clock = self.person, self.model.p, self.model.clock
        away, asleep = self.model.occupancy(person.age_band)
        u = self.random.random()
        if u < away * p.road_share_of_away:
            driving = self.random.random() < p.driver_share_of_road
            return Place(*person.home_m, away=True, on_road=True, driving=driving)
        if u < away:
            return Place(*(person.work_m if clock.working else person.leisure_m), away=True)
        return Place(*person.home_m, asleep=u < away + asleep)
