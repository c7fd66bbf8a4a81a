"""The bounds of what somebody could have to tell rule out nobody who would have had something."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given

import sim.scenes
from sim.presence import Presence
from sim.scalar import NEVER_AFTER_S
from sim.sightings import (
    Observed,
    Observers,
    first_sighting_s,
    fresh_hazard,
    most_fresh_sightings,
    most_retrospective_sightings,
    retrospective_sighting_s,
)
from sim.subjects import draw_subjects
from tests.support.worlds import (
    SEEDS,
    TABLES,
    Configuration,
    Layout,
    busy_parameters,
    configurations,
    examples,
    parameters,
    same_tables,
)

SEARCHING, DRIVING, WALKING, WATCHING = range(4)
WORLD = Layout().world()


def many_observers(p, seed):
    """Return incidents, subjects, alerts, and observers of them where most is seen: close to the
    path, or to the place where the subject stands.
    """
    configuration = Configuration(WORLD, (), p, seed=seed)
    setting = configuration.setting()
    _, incidents = configuration.drawn(setting)
    subjects = draw_subjects(incidents, p, setting.stream)
    at_random = np.random.default_rng(seed)
    n = len(incidents)
    alerts = Observed(
        incident=np.arange(n),
        at_s=incidents.reported_s + at_random.integers(0, 20_000, n),
        dark=at_random.random(n) < 0.5,
        latest_close_s=at_random.integers(0, 8_000, n),
    )
    each = 12
    a = np.repeat(np.arange(n), each)
    # On the whole way or at its end, at most a little aside.
    along = np.where(at_random.random(n * each) < 0.4, 1.0, at_random.random(n * each))
    way_m = (subjects.pace_m_per_s * (subjects.stop_s - subjects.begin_s))[a] * along
    aside_m = at_random.normal(0.0, 1.0, (2, n * each)) * at_random.choice([0.0, 5.0, 100.0])
    x_dm = subjects.x_dm[a] + np.rint(10 * (way_m * subjects.dx[a] + aside_m[0])).astype(int)
    y_dm = subjects.y_dm[a] + np.rint(10 * (way_m * subjects.dy[a] + aside_m[1])).astype(int)
    way = at_random.integers(0, 4, n * each)
    on_road = (way == DRIVING) | (way == WALKING)
    presence = Presence(
        asleep=np.zeros(n * each, dtype=bool),
        away=on_road,
        on_road=on_road,
        driving=way == DRIVING,
        x_dm=x_dm,
        y_dm=y_dm,
    )
    observers = Observers(a, presence, way == SEARCHING, alerts.at_s[a], alerts.dark[a])
    return incidents, subjects, alerts, observers, way


@given(parameters(WORLD), SEEDS)
@examples(60)
def test_nobody_with_a_clock_above_the_bound_sees_the_subject_after_the_alert(p, seed):
    incidents, subjects, alerts, observers, way = many_observers(p, seed)
    bound = most_fresh_sightings(alerts, incidents, subjects, p)[observers.incident, way]
    hazard = fresh_hazard(observers, incidents, subjects, p)
    at_once = np.zeros(len(way), dtype=np.int64)
    late = alerts.latest_close_s[observers.incident]
    clock = bound * (1 + 1e-9) + 1e-12
    assert (first_sighting_s(clock, hazard, at_once, late, p) == NEVER_AFTER_S).all()
    sooner = late // 2
    assert (first_sighting_s(clock, hazard, at_once, sooner, p) == NEVER_AFTER_S).all()


@given(parameters(WORLD), SEEDS)
@examples(60)
def test_nobody_with_a_clock_above_the_bound_remembers_the_subject(p, seed):
    incidents, subjects, alerts, observers, _ = many_observers(p, seed)
    bound = most_retrospective_sightings(alerts, incidents, subjects, p)[observers.incident]
    seen = retrospective_sighting_s(bound * (1 + 1e-9) + 1e-12, observers, incidents, subjects, p)
    assert (seen == NEVER_AFTER_S).all()


@pytest.mark.parametrize("seed", range(5))
def test_some_of_those_well_below_the_bounds_do(seed):
    """The bounds are not so far off that they would hold for anything."""
    p = busy_parameters(WORLD, missing=300.0)
    incidents, subjects, alerts, observers, way = many_observers(p, seed)
    i = observers.incident
    fresh = most_fresh_sightings(alerts, incidents, subjects, p)[i, way]
    earlier = most_retrospective_sightings(alerts, incidents, subjects, p)[i]
    hazard = fresh_hazard(observers, incidents, subjects, p)
    at_once, late = np.zeros(len(way), dtype=np.int64), alerts.latest_close_s[i]
    clock = np.where(fresh > 0.0, 0.4 * fresh, np.inf)
    seen = first_sighting_s(clock, hazard, at_once, late, p) < NEVER_AFTER_S
    known = retrospective_sighting_s(0.4 * earlier, observers, incidents, subjects, p)
    assert (known < NEVER_AFTER_S)[earlier > 0.0].mean() > 0.2
    for number in (SEARCHING, DRIVING, WALKING, WATCHING):
        some = (way == number) & (fresh > 0.0)
        assert some.sum() > 100
        assert seen[some].mean() > 0.02, number


@given(configurations())
@examples(25)
def test_without_the_bounds_every_table_is_the_same(configuration):
    bounded = configuration.simulate()
    with patch.object(sim.scenes, "_level", np.ones_like):
        everybody = configuration.simulate()
    for name in TABLES:
        assert same_tables(getattr(bounded, name), getattr(everybody, name)) == []
