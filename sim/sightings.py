"""Sightings: when whoever attends would see and recognise the subject, and who had seen it before
the alert.

A sighting is the first point of a Poisson process with a hazard (never a clipped probability):
encounter times recognition times memory times frailty. The encounter rate is sweep width times
relative speed over the area of the observer's own activity while the subject is inside it (B. O.
Koopman, Search and Screening, 1946/1980). One exponential clock a person runs against the
integrated hazard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import Bools, Floats, Ints, Spans, to_span_s
from sim.incidents import Incidents
from sim.layout import Columns
from sim.parameters import Parameters
from sim.presence import Presence
from sim.scalar import NEVER_AFTER_S
from sim.subjects import Subjects, inside_disc


@dataclass(frozen=True, slots=True)
class Observers:
    """People [n] who may see the subject of an incident each.

    Attributes:
        incident: position of the incident of each row among `incidents` and `subjects`.
        presence: where they are at the alert.
        searches: they look for the subject around where they are.
        alert_s: elapsed second of the alert.
        dark: the sun is down at the alert.
    """

    incident: Ints
    presence: Presence
    searches: Bools
    alert_s: Ints
    dark: Bools


@dataclass(frozen=True, slots=True)
class FreshHazard(Columns):
    """The hazard of a recognised sighting after the alert: two levels and where they hold.

    Times are seconds after the alert and may be negative. The hazard is `moving` between `enter`
    and `leave` and `still` from `stop` to `end`, times the fading memory, times the remaining
    attention after closing.

    Attributes:
        enter, leave: the moving subject is inside the observer's area.
        stop: the subject stands still from here on.
        end: nobody can see the subject any more.
        moving, still: hazard per second, before fading.
        search_end: the observer stops looking, whenever the alert was noticed.
    """

    enter: Floats
    leave: Floats
    stop: Floats
    end: Floats
    moving: Floats
    still: Floats
    search_end: Floats


def recognition(incidents: Incidents, parameters: Parameters) -> Floats:
    """Return the probability of recognising the subject when met, times the case's frailty, by
    incident.
    """
    p = parameters
    base = np.where(incidents.photo, p.recognise_photo, p.recognise_text)
    return np.asarray(
        base * np.where(incidents.conspicuous, p.conspicuous_factor, 1.0) * incidents.frailty
    )


def fresh_hazard(
    observers: Observers, incidents: Incidents, subjects: Subjects, parameters: Parameters
) -> FreshHazard:
    """Return the hazard of each observer of seeing and recognising the subject after the alert."""
    p = parameters
    i, presence = observers.incident, observers.presence
    subject = subjects.take(i)
    driving = presence.driving & ~observers.searches
    walking = presence.on_road & ~presence.driving & ~observers.searches
    modes = (observers.searches, driving, walking)
    radius = np.select(
        modes, (p.search_radius_m, p.car_radius_m, p.walk_radius_m), p.window_radius_m
    )
    speed = np.select(
        modes, (p.search_speed_m_per_s, p.car_speed_m_per_s, p.walk_speed_m_per_s), 0.0
    )
    sweep = np.where(driving, p.sweep_car_m, p.sweep_walk_m)
    sweep = sweep * np.where(observers.dark, p.night_sweep_factor, 1.0)
    alertness = np.select(modes, (p.search_alertness, 1.0, 1.0), p.window_attention_share)
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    on_road = driving | walking
    enter, leave, stops_inside = inside_disc(subject, presence.x_dm, presence.y_dm, radius)
    density = sweep * alertness * recognition(incidents, p)[i] / (np.pi * radius**2)
    moving = density * np.hypot(speed, subject.speed_m_per_s) * np.where(on_road, road, 1.0)
    # Drivers see nobody off the road; people on foot do, without the gain of a shared road.
    still_road = np.select(
        (driving & ~incidents.stationary_on_road[i], on_road & incidents.stationary_on_road[i]),
        (0.0, road),
        1.0,
    )
    still = density * speed * still_road
    offset = (subject.begin_s - observers.alert_s).astype(np.float64)
    return FreshHazard(
        enter=offset + enter,
        leave=offset + leave,
        stop=(subject.stop_s - observers.alert_s).astype(np.float64),
        end=(subject.vanish_s - observers.alert_s).astype(np.float64),
        moving=moving * incidents.visible_transit[i],
        still=still * incidents.visible_stationary[i] * stops_inside,
        search_end=np.where(observers.searches, 60.0 * p.search_minutes, np.inf),
    )


def fading_per_s(parameters: Parameters) -> float:
    """Return the rate at which memory of the alert fades, per second."""
    return float(np.log(2.0)) / (parameters.memory_half_life_h * 3600.0)


def first_sighting_s(
    clock: Floats, hazard: FreshHazard, noticed_s: Spans, close_s: Ints, parameters: Parameters
) -> Spans:
    """Return when the integrated hazard reaches each clock, in seconds after the alert;
    `NEVER_AFTER_S` for never.

    Within each of four pieces (moving or still, before or after closing) the hazard is a constant
    times exp(-k t), so that integral and inverse are closed forms.

    Args:
        clock: unit exponential clocks [n].
        hazard: of the observers [n].
        noticed_s: when they notice, seconds after the alert; nothing is seen before.
        close_s: when the closing message comes, seconds after the alert.
        parameters: uncertain parameters.
    """
    fade = fading_per_s(parameters)
    begin = noticed_s.astype(np.float64)
    end = np.minimum(hazard.end, hazard.search_end)
    close = close_s.astype(np.float64)
    leave = np.minimum(hazard.leave, end)
    enter, still_from = np.maximum(hazard.enter, begin), np.maximum(hazard.stop, begin)
    after = parameters.attention_after_closing
    pieces = (
        (enter, np.minimum(leave, close), hazard.moving),
        (np.maximum(enter, close), leave, hazard.moving * after),
        (still_from, np.minimum(end, close), hazard.still),
        (np.maximum(still_from, close), end, hazard.still * after),
    )
    found = np.full(clock.shape, np.inf)
    left = np.array(clock, dtype=np.float64)
    open_ = np.ones(clock.shape, dtype=np.bool_)
    for start, stop, level in pieces:
        first = np.exp(-fade * start)
        area = np.where(
            stop > start, level * (first - np.exp(-fade * np.maximum(stop, start))) / fade, 0.0
        )
        hit = open_ & (area >= left)
        share = np.where(hit, first - left * fade / np.where(hit, level, 1.0), 1.0)
        found = np.where(
            hit, np.clip(-np.log(np.maximum(share, 1e-300)) / fade, start, stop), found
        )
        open_ &= ~hit
        left = np.where(open_, left - area, left)
    return to_span_s(found)


def retrospective_sighting_s(
    clock: Floats,
    observers: Observers,
    incidents: Incidents,
    subjects: Subjects,
    parameters: Parameters,
) -> Spans:
    """Return when, before the alert, each person passed the subject and will realise it on reading
    the alert.

    Seconds after the alert, hence not positive; `NEVER_AFTER_S` for never. People moved about
    where they are at the alert, on the road for a share of their time.
    """
    p = parameters
    i = observers.incident
    subject = subjects.take(i)
    n = len(i)
    radius = np.full(n, p.retrospective_radius_m)
    enter, leave, stops_inside = inside_disc(
        subject, observers.presence.x_dm, observers.presence.y_dm, radius
    )
    offset = (subject.begin_s - observers.alert_s).astype(np.float64)
    begin = np.maximum(offset, -3600.0 * p.retrospective_hours)
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    seen = p.retrospective_outdoor_share * p.retrospective_share * incidents.frailty[i]
    seen = seen * np.where(incidents.conspicuous[i], p.conspicuous_factor, 1.0)
    seen = (
        seen
        * p.sweep_walk_m
        * np.where(observers.dark, p.night_sweep_factor, 1.0)
        / (np.pi * radius**2)
    )
    moving = (
        seen
        * road
        * np.hypot(p.walk_speed_m_per_s, subject.speed_m_per_s)
        * incidents.visible_transit[i]
    )
    still_road = np.where(incidents.stationary_on_road[i], road, 1.0)
    still = (
        seen * still_road * p.walk_speed_m_per_s * (incidents.visible_stationary[i] & stops_inside)
    )
    stop = (subject.stop_s - observers.alert_s).astype(np.float64)
    until = np.minimum((subject.vanish_s - observers.alert_s).astype(np.float64), 0.0)
    moving_from, moving_to = np.maximum(offset + enter, begin), np.minimum(offset + leave, until)
    still_from = np.maximum(stop, begin)
    moved = np.where(moving_to > moving_from, moving * (moving_to - moving_from), 0.0)
    stood = np.where(until > still_from, still * (until - still_from), 0.0)
    in_motion = (moved >= clock) & (moved > 0.0)
    standing = ~in_motion & (moved + stood >= clock) & (stood > 0.0)
    at = np.where(in_motion, moving_from + clock / np.where(in_motion, moving, 1.0), np.inf)
    at = np.where(standing, still_from + (clock - moved) / np.where(standing, still, 1.0), at)
    return np.where(np.isinf(at), np.int32(NEVER_AFTER_S), np.minimum(to_span_s(at), 0))


def most_fresh_sightings(
    alerts: Observed, incidents: Incidents, subjects: Subjects, parameters: Parameters
) -> Floats:
    """Return upper bounds of the integrated hazard of one observer, by [alert, way to look out]:
    searching, driving, walking, watching from a window.

    Whoever has a larger clock sees nothing, wherever and whenever they look. The subject is at
    most a diameter's way inside an observer's area, memory only fades, and of a constant hazard
    that fades at rate k never more than 1/k counts.
    """
    p, i = parameters, alerts.incident
    subject = subjects.take(i)
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    stop = (subject.stop_s - alerts.at_s).astype(np.float64)
    vanish = (subject.vanish_s - alerts.at_s).astype(np.float64)
    memory_s = 1.0 / fading_per_s(p)
    on_road_still = incidents.stationary_on_road[i]
    ways: tuple[tuple[float, float, float, Floats | float, Floats | float], ...] = (
        (p.search_radius_m, p.search_speed_m_per_s, p.sweep_walk_m * p.search_alertness, 1.0, 1.0),
        (
            p.car_radius_m,
            p.car_speed_m_per_s,
            p.sweep_car_m,
            road,
            np.where(on_road_still, road, 0.0),
        ),
        (
            p.walk_radius_m,
            p.walk_speed_m_per_s,
            p.sweep_walk_m,
            road,
            np.where(on_road_still, road, 1.0),
        ),
        (p.window_radius_m, 0.0, p.sweep_walk_m * p.window_attention_share, 1.0, 1.0),
    )
    bounds = []
    for number, (radius, speed, sweep, moving_road, still_road) in enumerate(ways):
        end = np.minimum(vanish, 60.0 * p.search_minutes if number == 0 else np.inf)
        night = np.where(alerts.dark, p.night_sweep_factor, 1.0)
        density = sweep * night * recognition(incidents, p)[i] / (np.pi * radius**2)
        crossing = 2.0 * radius / np.maximum(subject.pace_m_per_s, 1e-9)
        moving_s = np.minimum(np.clip(np.minimum(stop, end), 0.0, None), crossing)
        begin = np.maximum(stop, 0.0)
        open_s = np.clip(np.minimum(end, alerts.latest_close_s) - begin, 0.0, memory_s)
        late_s = np.clip(end - np.maximum(begin, alerts.latest_close_s), 0.0, memory_s)
        moving = density * np.hypot(speed, subject.speed_m_per_s) * moving_road
        still = density * speed * still_road
        bounds.append(
            moving * incidents.visible_transit[i] * moving_s
            + still
            * incidents.visible_stationary[i]
            * (open_s + p.attention_after_closing * late_s)
        )
    return np.stack(bounds, axis=1)


def most_retrospective_sightings(
    alerts: Observed, incidents: Incidents, subjects: Subjects, parameters: Parameters
) -> Floats:
    """Return upper bounds of the integrated hazard of having passed the subject, by alert."""
    p, i = parameters, alerts.incident
    subject = subjects.take(i)
    radius = p.retrospective_radius_m
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    seen = p.retrospective_outdoor_share * p.retrospective_share * incidents.frailty[i]
    seen = seen * np.where(incidents.conspicuous[i], p.conspicuous_factor, 1.0) * p.sweep_walk_m
    seen = seen * np.where(alerts.dark, p.night_sweep_factor, 1.0) / (np.pi * radius**2)
    begin = np.maximum(
        (subject.begin_s - alerts.at_s).astype(np.float64), -3600.0 * p.retrospective_hours
    )
    until = np.minimum((subject.vanish_s - alerts.at_s).astype(np.float64), 0.0)
    stop = (subject.stop_s - alerts.at_s).astype(np.float64)
    crossing = 2.0 * radius / np.maximum(subject.pace_m_per_s, 1e-9)
    moving_s = np.minimum(np.clip(np.minimum(stop, until) - begin, 0.0, None), crossing)
    still_s = np.clip(until - np.maximum(stop, begin), 0.0, None)
    moving = road * np.hypot(p.walk_speed_m_per_s, subject.speed_m_per_s)
    still_road = np.where(incidents.stationary_on_road[i], road, 1.0)
    still = still_road * p.walk_speed_m_per_s * incidents.visible_stationary[i]
    return np.asarray(seen * (moving * incidents.visible_transit[i] * moving_s + still * still_s))


@dataclass(frozen=True, slots=True)
class Observed:
    """Alerts [n] as far as sightings depend on them.

    Attributes:
        incident: position of the incident.
        at_s: moment.
        dark: the sun is down.
        latest_close_s: latest planned closing message under any policy, seconds after the alert.
    """

    incident: Ints
    at_s: Ints
    dark: Bools
    latest_close_s: Ints
