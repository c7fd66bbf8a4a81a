"""Where people are: homes inside a circle, and who sleeps, is away or on the road at an alert."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from benchmarks.contestants.given import WallClock
from sim.candidates import Candidates
from sim.draws import Bools, Floats, Ints
from sim.parameters import Parameters
from sim.world import Occupancy


class Points:
    """Points of the plane in decimetres, sorted to the north so that few are looked at."""

    def __init__(self, x_dm: Ints, y_dm: Ints, number: Ints) -> None:
        order = np.argsort(y_dm, kind="stable")
        self._x, self._y, self._number = x_dm[order], y_dm[order], number[order]

    def inside(self, x_dm: int, y_dm: int, radius_m: int) -> Ints:
        """Return the numbers of the points at most a radius away, ascending."""
        radius_dm = radius_m * 10
        low, high = np.searchsorted(self._y, (y_dm - radius_dm, y_dm + radius_dm + 1))
        apart = (self._x[low:high] - x_dm) ** 2 + (self._y[low:high] - y_dm) ** 2
        return np.sort(self._number[low:high][apart <= radius_dm**2])


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """State and place of people [n] at an alert; driving is part of on_road, that of away."""

    asleep: Bools
    away: Bools
    on_road: Bools
    driving: Bools
    x_dm: Ints
    y_dm: Ints

    def take(self, rows: Ints) -> Whereabouts:
        """Return some of the people."""
        return Whereabouts(*(getattr(self, field.name)[rows] for field in fields(self)))


def locate(
    candidates: Candidates,
    who: Ints,
    clock: WallClock,
    uniform: Floats,
    occupancy: Occupancy,
    parameters: Parameters,
) -> Whereabouts:
    """Return where candidates are; low uniforms sleep, high ones are away, the highest drive."""
    p, age = parameters, candidates.age_band[who]
    away_share = occupancy.away[clock.day, clock.hour, age]
    rest = 1.0 - uniform
    away = rest < away_share
    on_road = rest < away_share * p.road_share_of_away
    driving = rest < away_share * p.road_share_of_away * p.driver_share_of_road
    if clock.working:
        away_x, away_y = candidates.work_x_dm[who], candidates.work_y_dm[who]
    else:
        away_x, away_y = candidates.leisure_x_dm[who], candidates.leisure_y_dm[who]
    elsewhere = away & ~on_road
    return Whereabouts(
        asleep=(uniform < occupancy.asleep[clock.day, clock.hour, age]) & ~away,
        away=away,
        on_road=on_road,
        driving=driving,
        x_dm=np.where(elsewhere, away_x, candidates.x_dm[who]),
        y_dm=np.where(elsewhere, away_y, candidates.y_dm[who]),
    )
