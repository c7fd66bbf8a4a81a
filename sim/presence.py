"""Where candidates are at the moment of an alert: asleep or awake at home, at an away place, or on
the road.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.candidates import Candidates
from sim.clock import Calendar, DayType
from sim.draws import Bools, Floats, Ints
from sim.layout import Columns
from sim.setting import Setting

WORK_HOURS = (7, 18)
"""On weekdays between these hours who is away is at the usual daytime place, else at the place of
leisure."""


@dataclass(frozen=True, slots=True)
class Presence(Columns):
    """State and place of people [n] at the moment of an alert.

    Attributes:
        asleep, away: at home asleep; not at home. Neither: at home awake.
        on_road, driving: part of being away; driving is part of being on the road.
        x_dm, y_dm: home, the away place, or for those on the road the home around which they move.
    """

    asleep: Bools
    away: Bools
    on_road: Bools
    driving: Bools
    x_dm: Ints
    y_dm: Ints


def at_work_time(calendar: Calendar, at_s: Ints) -> Bools:
    """Tell for each moment whether who is away is at the daytime place."""
    row = calendar.row(at_s)
    hour = calendar.hour_of_day[row]
    return np.asarray(
        (calendar.day_type[row] == DayType.WEEKDAY)
        & (hour >= WORK_HOURS[0])
        & (hour < WORK_HOURS[1])
    )


def locate(
    setting: Setting, candidates: Candidates, who: Ints, at_s: Ints, uniform: Floats
) -> Presence:
    """Return where candidates are; one uniform decides on sleep, absence, road and wheel.

    Args:
        setting: what every stage reads.
        candidates: all candidates.
        who: positions of the people [n] among them.
        at_s: moment of the alert for each [n].
        uniform: draws [n].
    """
    calendar, occupancy, parameters = setting.calendar, setting.world.occupancy, setting.parameters
    row = calendar.row(at_s)
    day, hour, age = calendar.day_type[row], calendar.hour_of_day[row], candidates.age_band[who]
    p_away = occupancy.away[day, hour, age]
    asleep = uniform < occupancy.asleep[day, hour, age]
    # The uppermost part of the uniform is away; within it, rescaled, its lowest part is on the
    # road, driving first.
    rest = 1.0 - uniform
    away = rest < p_away
    on_road = rest < p_away * parameters.road_share_of_away
    driving = rest < p_away * parameters.road_share_of_away * parameters.driver_share_of_road
    elsewhere = away & ~on_road
    work = at_work_time(calendar, at_s)
    away_x = np.where(work, candidates.work_x_dm[who], candidates.leisure_x_dm[who])
    away_y = np.where(work, candidates.work_y_dm[who], candidates.leisure_y_dm[who])
    return Presence(
        asleep=asleep & ~away,
        away=away,
        on_road=on_road,
        driving=driving,
        x_dm=np.where(elsewhere, away_x, candidates.x_dm[who]),
        y_dm=np.where(elsewhere, away_y, candidates.y_dm[who]),
    )
