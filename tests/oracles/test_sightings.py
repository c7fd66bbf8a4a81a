"""Sightings against the integral of their hazard, taken step by step along the subject's path."""

from dataclasses import fields
from unittest.mock import patch

import numpy as np
import pytest
from scipy import stats

import sim.replication
import sim.scenes
from sim.policy import Policy
from sim.presence import Presence
from sim.public import upper_bounds
from sim.scalar import NEVER_AFTER_S
from sim.sightings import (
    Observers,
    first_sighting_s,
    fresh_hazard,
    recognition,
    retrospective_sighting_s,
)
from sim.subjects import draw_subjects
from sim.tips import TipKind
from tests.support.worlds import Configuration, Layout, busy_parameters

REPLICATIONS = 8
NORMAL_BOUND = stats.norm.isf(0.5e-6)
SHARP = {
    "recognise_photo": 1.0,
    "recognise_text": 0.8,
    "sweep_walk_m": 80.0,
    "sweep_car_m": 60.0,
    "retrospective_share": 1.0,
    "retrospective_outdoor_share": 1.0,
    "window_attention_share": 1.0,
    "memory_half_life_h": 2.0,
    "attention_after_closing": 0.3,
}


@pytest.fixture(scope="module")
def scene():
    """Return incidents with their subjects and people of every kind somewhere near the paths."""
    world = Layout().world()
    parameters = busy_parameters(world, missing=300.0, robbery=60.0, theft=60.0, **SHARP)
    configuration = Configuration(world, (), parameters, seed=41)
    setting = configuration.setting()
    _, incidents = configuration.drawn(setting)
    subjects = draw_subjects(incidents, parameters, setting.stream)
    at_random = np.random.default_rng(42)
    n = 600
    i = at_random.integers(0, len(incidents), n)
    # Somewhere along the way of the subject, some hundred metres off.
    along = at_random.random(n) * 1.2
    way_m = (subjects.pace_m_per_s * (subjects.stop_s - subjects.begin_s))[i] * along
    off_m = at_random.normal(0.0, 400.0, (2, n)) * at_random.choice([0.05, 1.0, 2.0], n)
    x_dm = subjects.x_dm[i] + np.rint(10 * (way_m * subjects.dx[i] + off_m[0])).astype(np.int64)
    y_dm = subjects.y_dm[i] + np.rint(10 * (way_m * subjects.dy[i] + off_m[1])).astype(np.int64)
    mode = at_random.integers(0, 4, n)
    alert_s = incidents.reported_s[i] + at_random.integers(60, 5_000, n)
    on_road = (mode == 2) | (mode == 3)
    presence = Presence(
        asleep=mode == 0, away=on_road, on_road=on_road, driving=mode == 3, x_dm=x_dm, y_dm=y_dm
    )
    people = Observers(
        incident=i,
        presence=presence,
        searches=at_random.random(n) < 0.25,
        alert_s=alert_s,
        dark=at_random.random(n) < 0.4,
    )
    return parameters, incidents, subjects, people, at_random


def mode_of(people, p):
    """Return radius, speed, sweep width and alertness of each person, from the description."""
    driving = people.presence.driving & ~people.searches
    walking = people.presence.on_road & ~people.presence.driving & ~people.searches
    n = len(people.incident)
    radius, speed = np.full(n, p.window_radius_m), np.zeros(n)
    sweep, alert = np.full(n, p.sweep_walk_m), np.full(n, p.window_attention_share)
    radius[walking], speed[walking], alert[walking] = p.walk_radius_m, p.walk_speed_m_per_s, 1.0
    radius[driving], speed[driving], alert[driving] = p.car_radius_m, p.car_speed_m_per_s, 1.0
    sweep[driving] = p.sweep_car_m
    radius[people.searches], speed[people.searches] = p.search_radius_m, p.search_speed_m_per_s
    alert[people.searches] = p.search_alertness
    sweep = np.where(people.dark, sweep * p.night_sweep_factor, sweep)
    return radius, speed, sweep, alert, driving, walking


def distance_m(subjects, i, at_s, people):
    """Return the distance between each person and the subject at elapsed times [t, n]."""
    gone_s = np.clip(at_s - subjects.begin_s[i], 0, (subjects.stop_s - subjects.begin_s)[i])
    east = subjects.x_dm[i] / 10 + subjects.pace_m_per_s[i] * subjects.dx[i] * gone_s
    north = subjects.y_dm[i] / 10 + subjects.pace_m_per_s[i] * subjects.dy[i] * gone_s
    return np.hypot(east - people.presence.x_dm / 10, north - people.presence.y_dm / 10)


def fresh_rate(scene, after_s, noticed_s, close_s):
    """Return the hazard of a recognised sighting at times after the alert, [t, n], per second."""
    p, incidents, subjects, people = scene
    i = people.incident
    radius, speed, sweep, alert, driving, walking = mode_of(people, p)
    t = after_s[:, None]
    at_s = people.alert_s + t
    moving = at_s < subjects.stop_s[i]
    inside = distance_m(subjects, i, at_s, people) <= radius
    relative = np.where(moving, np.hypot(speed, subjects.speed_m_per_s[i]), speed)
    rate = sweep * alert * relative / (np.pi * radius**2) * recognition(incidents, p)[i]
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    on_foot_or_wheels = driving | walking
    still_on_road = incidents.stationary_on_road[i]
    shared = on_foot_or_wheels & (moving | still_on_road)
    rate = np.where(shared, rate * road, rate)
    rate = np.where(driving & ~moving & ~still_on_road, 0.0, rate)
    visible = np.where(moving, incidents.visible_transit[i], incidents.visible_stationary[i])
    looks = (t >= noticed_s) & (at_s < subjects.vanish_s[i]) & (at_s >= subjects.begin_s[i])
    looks &= ~people.searches | (t < 60 * p.search_minutes)
    faded = 0.5 ** (t / (3600 * p.memory_half_life_h)) * np.where(
        t < close_s, 1.0, p.attention_after_closing
    )
    return rate * visible * inside * looks * faded


def steps(until_s):
    """Return edges of time, fine while people move and coarse when only memory fades."""
    fine, coarse = np.arange(0, 10_800, 10.0), np.arange(10_800, until_s + 300, 300.0)
    return np.concatenate([fine, coarse])


def integrated(scene, noticed_s, close_s, until_s=8 * 86_400):
    """Return edges of time and the integral of the hazard up to each, [t, n]."""
    edges = steps(until_s)
    width = np.diff(edges)
    rate = fresh_rate(scene, edges[:-1] + width / 2, noticed_s, close_s)
    total = np.concatenate(
        [np.zeros((1, rate.shape[1])), np.cumsum(rate * width[:, None], axis=0)]
    )
    return edges, total, rate


def test_each_person_sees_when_the_integral_reaches_the_clock(scene):
    p, incidents, subjects, people, at_random = scene
    n = len(people.incident)
    noticed_s = at_random.integers(5, 6_000, n)
    close_s = at_random.integers(1_800, 5_400, n)
    edges, total, rate = integrated(scene[:4], noticed_s, close_s)
    # Entering, leaving and the changes of pace fall inside a step: each shifts it by one rate.
    slack = 6 * 10.0 * rate[:1080].max(axis=0) + 4 * 300.0 * rate[1080:].max(axis=0) + 1e-9
    hazard = fresh_hazard(people, incidents, subjects, p)
    whole = total[-1]
    sure = whole > 5 * slack
    assert sure.sum() > 100
    for share in (0.02, 0.3, 0.6, 0.9):
        clock = share * whole + (~sure)
        seen = first_sighting_s(clock, hazard, noticed_s, close_s, p)
        checked = np.flatnonzero(sure & (clock + slack < whole))
        assert len(checked) > 50
        for k in checked:
            assert seen[k] < NEVER_AFTER_S
            assert seen[k] >= noticed_s[k]
            reached = np.interp(seen[k] + np.array([-1.0, 1.0]), edges, total[:, k])
            assert reached[0] <= clock[k] + slack[k]
            assert reached[1] >= clock[k] - slack[k]
    beyond = first_sighting_s(whole + slack, hazard, noticed_s, close_s, p)
    assert (beyond >= NEVER_AFTER_S).all()


def test_every_way_of_looking_takes_part(scene):
    """The comparison above has walkers, drivers, searchers and people at windows in it."""
    p, _, _, people, at_random = scene
    n = len(people.incident)
    noticed_s, close_s = np.full(n, 60), np.full(n, 3_600)
    _, total, _ = integrated(scene[:4], noticed_s, close_s, 86_400)
    *_, driving, walking = mode_of(people, p)
    window = ~people.presence.on_road & ~people.searches
    for some in (driving, walking, people.searches, window):
        assert (total[-1][some] > 0).sum() >= 5
    del at_random


def test_no_person_exceeds_the_bounds_of_the_public(scene):
    """The public is thinned by upper bounds of what one person could see, early and open long."""
    p, incidents, subjects, people, _ = scene
    bounds = upper_bounds(people.incident, incidents, subjects, p)
    hazard = fresh_hazard(people, incidents, subjects, p)
    n = len(people.incident)
    early, late = np.zeros(n, dtype=np.int64), np.full(n, int(60 * p.open_minutes_high * 3))
    seen = first_sighting_s(bounds[TipKind.FRESH], hazard, early, late, p)
    assert (seen >= NEVER_AFTER_S).all()
    clock = bounds[TipKind.RETROSPECTIVE]
    seen = retrospective_sighting_s(clock, people, incidents, subjects, p)
    assert (seen >= NEVER_AFTER_S).all()


def test_retrospective_sightings_follow_their_integral(scene):
    p, incidents, subjects, people, _ = scene
    i = people.incident
    back_s = np.arange(-3_600.0 * p.retrospective_hours, 0.0, 10.0)
    t = back_s[:, None] + 5.0
    at_s = people.alert_s + t
    began = at_s >= subjects.begin_s[i]
    moving = at_s < subjects.stop_s[i]
    near = distance_m(subjects, i, at_s, people) <= p.retrospective_radius_m
    relative = np.where(
        moving, np.hypot(p.walk_speed_m_per_s, subjects.speed_m_per_s[i]), p.walk_speed_m_per_s
    )
    road = np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural)
    road = np.where(moving | incidents.stationary_on_road[i], road, 1.0)
    sweep = p.sweep_walk_m * np.where(people.dark, p.night_sweep_factor, 1.0)
    known = p.retrospective_share * p.retrospective_outdoor_share * incidents.frailty[i]
    known = known * np.where(incidents.conspicuous[i], p.conspicuous_factor, 1.0)
    visible = np.where(moving, incidents.visible_transit[i], incidents.visible_stationary[i])
    out = at_s < subjects.vanish_s[i]
    rate = known * sweep * relative * road / (np.pi * p.retrospective_radius_m**2)
    rate = rate * visible * near * began * out
    total = np.concatenate([np.zeros((1, len(i))), np.cumsum(10.0 * rate, axis=0)])
    edges = np.append(back_s, 0.0)
    slack = 6 * 10.0 * rate.max(axis=0) + 1e-9
    whole = total[-1]
    sure = whole > 5 * slack
    assert sure.sum() > 100
    for share in (0.1, 0.5, 0.9):
        clock = share * whole + (~sure)
        seen = retrospective_sighting_s(clock, people, incidents, subjects, p)
        checked = np.flatnonzero(sure & (clock + slack < whole))
        assert len(checked) > 50
        for k in checked:
            assert seen[k] <= 0
            reached = np.interp(seen[k] + np.array([-1.0, 1.0]), edges, total[:, k])
            assert reached[0] <= clock[k] + slack[k]
            assert reached[1] >= clock[k] - slack[k]
    beyond = retrospective_sighting_s(whole + slack, people, incidents, subjects, p)
    assert (beyond >= NEVER_AFTER_S).all()


def may_meet(people, subjects, p):
    """Tell who is so near the start of a path that they can meet the subject at all."""
    i = people.incident
    way_m = (subjects.pace_m_per_s * (subjects.stop_s - subjects.begin_s))[i]
    east, north = people.presence.x_dm - subjects.x_dm[i], people.presence.y_dm - subjects.y_dm[i]
    return np.hypot(east, north) / 10 <= way_m + mode_of(people, p)[0] + 1


def some_of(people, rows):
    return Observers(
        people.incident[rows],
        Presence(**{f.name: getattr(people.presence, f.name)[rows] for f in fields(Presence)}),
        people.searches[rows],
        people.alert_s[rows],
        people.dark[rows],
    )


def test_the_number_of_fresh_sightings_is_the_sum_of_their_probabilities():
    """Over a whole study: people, places, notices and closing as simulated, clocks integrated."""
    world = Layout(people=(300,)).world()
    near = {"search_radius_m": 300.0, "walk_radius_m": 400.0, "distance_factor": 0.1}
    plain = {"visible_stationary_" + traits: 1.0 for traits in ("dementia", "despondent", "child")}
    # So few recognise what they see that the probabilities stay well below one.
    blunt = {"recognise_photo": 0.05, "recognise_text": 0.05}
    eager = {"search_share": 0.9, "attend_share": 1.0, "report_share": 1.0}
    parameters = busy_parameters(
        world,
        missing=40.0,
        robbery=10.0,
        theft=0.0,
        registered_at_start=90_000.0,
        **{**SHARP, **near, **plain, **eager, **blunt},
    )
    policy = Policy(name="p", operator_use=1.0)
    mean = variance = seen = 0.0
    for replication in range(REPLICATIONS):
        configuration = Configuration(
            world, (policy,), parameters, seed=43, replication=replication
        )
        crowds = []
        original = sim.replication.potential_tips

        def noting(setting, people, incidents, subjects, crowds=crowds, original=original):
            crowds.append((people, incidents, subjects))
            return original(setting, people, incidents, subjects)

        # Without bounds everybody who attends may have something to tell, and is seen here.
        with (
            patch.object(sim.replication, "potential_tips", noting),
            patch.object(sim.scenes, "_level", np.ones_like),
        ):
            result = configuration.simulate()
        # What is seen later than a day after the alert, nearly forgotten, is left out.
        fresh = result.tips["tip_kind"] == TipKind.FRESH
        seen += (result.tips["encounter_s"] - result.tips["noticed_s"] < 80_000)[fresh].sum()
        for people, incidents, subjects in crowds:
            near = people.attends[:, 0] & may_meet(people.observers, subjects, parameters)
            scene = parameters, incidents, subjects, some_of(people.observers, near)
            noticed_s, close_s = people.noticed_s[near, 0], people.close_s[near, 0]
            _, total, _ = integrated(scene, noticed_s, close_s, 86_400)
            chance = -np.expm1(-total[-1])
            mean += chance.sum()
            variance += (chance * (1 - chance)).sum()
    assert mean > 200
    # One in a hundred of the integral for the steps of time.
    assert abs(seen - mean) < NORMAL_BOUND * np.sqrt(variance) + 0.01 * mean
