"""Where people are, and when they see the subject of a case: formulas for one person at a time."""

import math
from dataclasses import dataclass
from itertools import pairwise

from sim.clock import DayType
from tests.reference.philox import seconds


@dataclass(slots=True)
class Whereabouts:
    """Where one person is at the moment of an alert."""

    x_dm: int
    y_dm: int
    asleep: bool = False
    away: bool = False
    on_road: bool = False
    driving: bool = False

    def within(self, x_dm, y_dm, radius_m):
        return (self.x_dm - x_dm) ** 2 + (self.y_dm - y_dm) ** 2 <= (radius_m * 10) ** 2


def locate(person, u, day_type, hour, given):
    """Return where a candidate is: low uniforms sleep, high ones are away, the highest drive."""
    p, occupancy = given.p, given.world.occupancy
    away_share = float(occupancy.away[day_type, hour, person.age_band])
    road_share = away_share * p.road_share_of_away
    top = 1.0 - u
    if top >= away_share:
        asleep = u < float(occupancy.asleep[day_type, hour, person.age_band])
        return Whereabouts(person.x_dm, person.y_dm, asleep=asleep)
    if top < road_share:
        driving = top < road_share * p.driver_share_of_road
        return Whereabouts(person.x_dm, person.y_dm, away=True, on_road=True, driving=driving)
    if day_type == DayType.WEEKDAY and 7 <= hour < 18:
        return Whereabouts(person.work_x_dm, person.work_y_dm, away=True)
    return Whereabouts(person.leisure_x_dm, person.leisure_y_dm, away=True)


@dataclass(slots=True)
class Observer:
    """One person who looks out for the subject of one case."""

    where: Whereabouts
    searches: bool
    alert_s: int
    dark: bool


def passage(case, x_dm, y_dm, radius_m):
    """Return from when to when the moving subject is inside a disc, elapsed seconds, or nothing.

    And whether the place where it stops lies inside. The way is a straight line at a steady pace;
    the circle cuts it where a quadratic equation says.
    """
    east, north = (case.x_dm - x_dm) / 10.0, (case.y_dm - y_dm) / 10.0
    duration = case.stop_s - case.begin_s
    length = case.pace_m_per_s * duration
    # |(east, north) + way * (dx, dy)| = radius, with the way in metres.
    half_b = east * case.dx + north * case.dy
    c = east * east + north * north - radius_m * radius_m
    discriminant = half_b * half_b - c
    if discriminant <= 0.0:
        return None, False
    first, last = -half_b - math.sqrt(discriminant), -half_b + math.sqrt(discriminant)
    stops_inside = first <= length <= last
    if length <= 0.0:
        return ((case.begin_s, case.stop_s) if stops_inside else None), stops_inside
    enter = min(max(first / case.pace_m_per_s, 0.0), duration)
    leave = min(max(last / case.pace_m_per_s, 0.0), duration)
    return (case.begin_s + enter, case.begin_s + leave), stops_inside


def recognition(case, p):
    """Return the chance to recognise the subject when met, times the frailty of the case."""
    chance = p.recognise_photo if case.photo else p.recognise_text
    return chance * (p.conspicuous_factor if case.conspicuous else 1.0) * case.frailty


def road_factor(case, p):
    return p.road_factor_urban if case.urban else p.road_factor_rural


def fading(p):
    return math.log(2.0) / (p.memory_half_life_h * 3600.0)


def levels(observer, case, p):
    """Return the hazards per second of meeting and recognising a moving and a standing subject."""
    where, still_road, moving_road = observer.where, 1.0, 1.0
    if observer.searches:
        radius, speed, sweep, alertness = (
            p.search_radius_m,
            p.search_speed_m_per_s,
            p.sweep_walk_m,
            p.search_alertness,
        )
    elif where.on_road:
        alertness, moving_road = 1.0, road_factor(case, p)
        if where.driving:
            radius, speed, sweep = p.car_radius_m, p.car_speed_m_per_s, p.sweep_car_m
            still_road = 0.0
        else:
            radius, speed, sweep = p.walk_radius_m, p.walk_speed_m_per_s, p.sweep_walk_m
        if case.stationary_on_road:
            still_road = road_factor(case, p)
    else:
        radius, speed, sweep, alertness = (
            p.window_radius_m,
            0.0,
            p.sweep_walk_m,
            p.window_attention_share,
        )
    if observer.dark:
        sweep *= p.night_sweep_factor
    density = sweep * alertness * recognition(case, p) / (math.pi * radius**2)
    moving = density * math.hypot(speed, case.speed_m_per_s) * moving_road
    standing = density * speed * still_road
    return (
        radius,
        moving if case.visible_transit else 0.0,
        standing if case.visible_stationary else 0.0,
    )


def fresh_sighting(observer, case, noticed_s, close_s, clock, p):
    """Return the second of the first recognised sighting after noticing, or nothing.

    All times are elapsed seconds. Goes from one moment at which something changes to the next; in
    between the hazard is a level times the fading memory of the alert.
    """
    radius, moving, standing = levels(observer, case, p)
    moves, stops_inside = passage(case, observer.where.x_dm, observer.where.y_dm, radius)
    end = float(case.vanish_s)
    if observer.searches:
        end = min(end, observer.alert_s + 60.0 * p.search_minutes)
    enter, leave = moves if moves is not None else (end, end)
    cuts = sorted({float(noticed_s), enter, leave, float(case.stop_s), float(close_s), end})
    fade, alert_s = fading(p), observer.alert_s
    left = clock
    for begin, stop in pairwise(cuts):
        if begin < noticed_s or stop > end:
            continue
        level = moving if enter <= begin < leave else 0.0
        if begin >= case.stop_s and stops_inside:
            level += standing
        if begin >= close_s:
            level *= p.attention_after_closing
        if level <= 0.0:
            continue
        fresh, faded = math.exp(-fade * (begin - alert_s)), math.exp(-fade * (stop - alert_s))
        area = level * (fresh - faded) / fade
        if area >= left:
            memory = max(fresh - left * fade / level, 1e-300)
            after = -math.log(memory) / fade
            return alert_s + seconds(min(max(after, begin - alert_s), stop - alert_s))
        left -= area
    return None


def earlier_sighting(observer, case, clock, p):
    """Return the second before the alert at which the person passed the subject, or nothing."""
    radius = p.retrospective_radius_m
    moves, stops_inside = passage(case, observer.where.x_dm, observer.where.y_dm, radius)
    remembered = p.retrospective_outdoor_share * p.retrospective_share * case.frailty
    if case.conspicuous:
        remembered *= p.conspicuous_factor
    sweep = p.sweep_walk_m * (p.night_sweep_factor if observer.dark else 1.0)
    density = remembered * sweep / (math.pi * radius**2)
    road = road_factor(case, p)
    moving = density * road * math.hypot(p.walk_speed_m_per_s, case.speed_m_per_s)
    standing = density * p.walk_speed_m_per_s * (road if case.stationary_on_road else 1.0)
    spells = []
    if moves is not None and case.visible_transit:
        spells.append((*moves, moving))
    if stops_inside and case.visible_stationary:
        spells.append((float(case.stop_s), float(case.vanish_s), standing))
    alert_s = observer.alert_s
    earliest = max(case.begin_s, alert_s - 3600.0 * p.retrospective_hours)
    left = clock
    for first, last, level in spells:
        begin, stop = max(first, earliest), min(last, case.vanish_s, alert_s)
        if stop > begin and level > 0.0:
            if level * (stop - begin) >= left:
                after = begin - alert_s + left / level
                return alert_s + min(seconds(after), 0)
            left -= level * (stop - begin)
    return None
