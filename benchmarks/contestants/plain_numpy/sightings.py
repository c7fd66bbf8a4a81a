"""When people see the subject of one case: after the alert, or before it and realised on reading.

The hazards are those of `docs/model.md`: sweep width times relative speed over the area of the
observer's own activity while the subject is inside it, times recognition, memory and frailty; one
exponential clock a person runs against the integrated hazard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.contestants.given import Case
from benchmarks.contestants.plain_numpy.places import Whereabouts
from sim.draws import Bools, Floats, Ints, to_seconds
from sim.parameters import Parameters
from sim.scalar import NEVER_AFTER_S


@dataclass(frozen=True, slots=True)
class Observers:
    """People [n] who attend to one alert."""

    where: Whereabouts
    searches: Bools
    alert_s: int
    dark: bool


def recognition(case: Case, p: Parameters) -> float:
    """Return the chance to recognise the subject when met, times the frailty of the case."""
    chance = p.recognise_photo if case.photo else p.recognise_text
    return chance * (p.conspicuous_factor if case.conspicuous else 1.0) * case.frailty


def road_factor(case: Case, p: Parameters) -> float:
    """Return how much more is seen of each other on a shared road."""
    return p.road_factor_urban if case.urban else p.road_factor_rural


def inside_disc(case: Case, where: Whereabouts, radius_m: Floats) -> tuple[Floats, Floats, Bools]:
    """Return when the moving subject is inside each disc, and whether it stops inside.

    Times are seconds since it was last seen; equal where it is never inside.
    """
    east, north = (where.x_dm - case.x_dm) / 10.0, (where.y_dm - case.y_dm) / 10.0
    along = east * case.dx + north * case.dy
    half2 = radius_m**2 - (east**2 + north**2 - along**2)
    half = np.sqrt(np.maximum(half2, 0.0))
    duration = float(case.stop_s - case.begin_s)
    pace = max(case.pace_m_per_s, 1e-9)
    hit = half2 > 0.0
    enter = np.where(hit, np.clip((along - half) / pace, 0.0, duration), 0.0)
    leave = np.where(hit, np.clip((along + half) / pace, 0.0, duration), 0.0)
    stops_inside = hit & ((case.pace_m_per_s * duration - along) ** 2 <= half2)
    return enter, leave, stops_inside


def fresh_sighting_s(
    observers: Observers,
    case: Case,
    clock: Floats,
    noticed_s: Ints,
    close_s: int,
    p: Parameters,
) -> Ints:
    """Return when each observer first sees and recognises the subject, seconds after the alert.

    Args:
        observers: people [n].
        case: the case.
        clock: unit exponential clocks [n].
        noticed_s: when they notice the alert, seconds after it, [n].
        close_s: planned closing message, seconds after the alert.
        p: uncertain parameters.

    Returns:
        Whole seconds [n], `NEVER_AFTER_S` for never.
    """
    radius, moving, still = _levels(observers, case, p)
    enter, leave, stops_inside = inside_disc(case, observers.where, radius)
    moving, still = moving * case.visible_transit, still * case.visible_stationary * stops_inside
    offset = float(case.begin_s - observers.alert_s)
    searching_until = np.where(observers.searches, 60.0 * p.search_minutes, np.inf)
    end = np.minimum(float(case.vanish_s - observers.alert_s), searching_until)
    enter, leave = np.maximum(offset + enter, noticed_s), np.minimum(offset + leave, end)
    still_from = np.maximum(float(case.stop_s - observers.alert_s), noticed_s)
    after = p.attention_after_closing
    pieces = (
        (enter, np.minimum(leave, close_s), moving),
        (np.maximum(enter, close_s), leave, moving * after),
        (still_from, np.minimum(end, close_s), still),
        (np.maximum(still_from, close_s), end, still * after),
    )
    return _first_hit_s(clock, pieces, float(np.log(2.0)) / (p.memory_half_life_h * 3600.0))


def _levels(observers: Observers, case: Case, p: Parameters) -> tuple[Floats, Floats, Floats]:
    """Return radius of activity and hazards per second of a moving and a standing subject."""
    where, searches = observers.where, observers.searches
    driving = where.driving & ~searches
    walking = where.on_road & ~where.driving & ~searches
    modes = (searches, driving, walking)
    radius = np.select(
        modes, (p.search_radius_m, p.car_radius_m, p.walk_radius_m), p.window_radius_m
    )
    speeds = (p.search_speed_m_per_s, p.car_speed_m_per_s, p.walk_speed_m_per_s)
    speed = np.select(modes, speeds, 0.0)
    sweep = np.where(driving, p.sweep_car_m, p.sweep_walk_m)
    sweep = sweep * (p.night_sweep_factor if observers.dark else 1.0)
    alertness = np.select(modes, (p.search_alertness, 1.0, 1.0), p.window_attention_share)
    density = sweep * alertness * recognition(case, p) / (np.pi * radius**2)
    road, on_road = road_factor(case, p), driving | walking
    moving = density * np.hypot(speed, case.speed_m_per_s) * np.where(on_road, road, 1.0)
    if case.stationary_on_road:
        still_road = np.where(on_road, road, 1.0)
    else:
        still_road = np.where(driving, 0.0, 1.0)
    return radius, moving, density * speed * still_road


_Piece = tuple[Floats, Floats, Floats]
"""From when to when a hazard holds, and its level per second."""


def _first_hit_s(clock: Floats, pieces: tuple[_Piece, ...], fade: float) -> Ints:
    """Return when the integral of the pieces, times exp(-fade t), reaches the clocks."""
    found = np.full(clock.shape, np.inf)
    left, waiting = clock.copy(), np.ones(clock.shape, dtype=np.bool_)
    for start, stop, level in pieces:
        first = np.exp(-fade * start)
        area = level * (first - np.exp(-fade * np.maximum(stop, start))) / fade
        hit = waiting & (stop > start) & (area >= left)
        memory = first[hit] - left[hit] * fade / level[hit]
        at = -np.log(np.maximum(memory, 1e-300)) / fade
        found[hit] = np.clip(at, start[hit], stop[hit])
        waiting &= ~hit
        left = left - np.where(stop > start, area, 0.0)
    return np.minimum(to_seconds(found), NEVER_AFTER_S)


def earlier_sighting_s(observers: Observers, case: Case, clock: Floats, p: Parameters) -> Ints:
    """Return when, before the alert, each observer passed the subject and will realise it.

    Seconds after the alert, hence not positive; `NEVER_AFTER_S` for never.
    """
    n = len(clock)
    radius_m = p.retrospective_radius_m
    enter, leave, stops_inside = inside_disc(case, observers.where, np.full(n, radius_m))
    recalled = p.retrospective_outdoor_share * p.retrospective_share * case.frailty
    recalled *= p.conspicuous_factor if case.conspicuous else 1.0
    sweep = p.sweep_walk_m * (p.night_sweep_factor if observers.dark else 1.0)
    density = recalled * sweep / (np.pi * radius_m**2)
    road = road_factor(case, p)
    moving = density * road * float(np.hypot(p.walk_speed_m_per_s, case.speed_m_per_s))
    moving *= case.visible_transit
    still = density * (road if case.stationary_on_road else 1.0) * p.walk_speed_m_per_s
    standing = still * (case.visible_stationary & stops_inside)
    offset = float(case.begin_s - observers.alert_s)
    begin = max(offset, -3600.0 * p.retrospective_hours)
    until = min(float(case.vanish_s - observers.alert_s), 0.0)
    from_s, to_s = np.maximum(offset + enter, begin), np.minimum(offset + leave, until)
    still_from = max(float(case.stop_s - observers.alert_s), begin)
    moved = moving * np.maximum(to_s - from_s, 0.0)
    stood = standing * max(until - still_from, 0.0)
    in_motion = (moved >= clock) & (moved > 0.0)
    at_rest = ~in_motion & (moved + stood >= clock) & (stood > 0.0)
    at = np.full(n, np.inf)
    at[in_motion] = from_s[in_motion] + clock[in_motion] / moving
    at[at_rest] = still_from + (clock - moved)[at_rest] / standing[at_rest]
    return np.where(np.isinf(at), NEVER_AFTER_S, np.minimum(to_seconds(at), 0))
