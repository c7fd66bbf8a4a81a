"""Subjects: distances of the tables, and when a path is inside a disc."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.categories import CATEGORIES, QUANTILE_SHARES
from sim.subjects import Subjects, distance_m, inside_disc

TABLED = [i for i, category in enumerate(CATEGORIES) if category.quantiles_km]


@pytest.mark.parametrize("category", TABLED)
def test_distances_pass_through_the_quantiles_of_the_table(category):
    found = distance_m(category, np.array(QUANTILE_SHARES), 0.0, 1.0)
    np.testing.assert_allclose(
        found, np.array(CATEGORIES[category].quantiles_km) * 1000, rtol=1e-9
    )


@pytest.mark.parametrize("category", TABLED)
def test_distances_grow_with_the_uniform_and_start_near(category):
    u = np.linspace(1e-6, 1 - 1e-6, 4001)
    found = distance_m(category, u, 0.10, 1.0)
    assert (found[u < 0.10] <= 50.0).all()
    assert (np.diff(found[u >= 0.10]) >= 0).all()
    assert np.isfinite(found).all()


def straight(length_m, seconds, angle):
    n = np.array([0])
    return Subjects(
        x_dm=n,
        y_dm=n,
        dx=np.cos([angle]),
        dy=np.sin([angle]),
        pace_m_per_s=np.array([length_m / seconds]),
        speed_m_per_s=np.array([2.0]),
        begin_s=n,
        stop_s=np.array([seconds]),
        vanish_s=np.array([10**6]),
        flees=np.array([False]),
    )


@given(
    st.floats(10, 5000),
    st.integers(60, 20_000),
    st.floats(0, 6.28),
    st.integers(-60_000, 60_000),
    st.integers(-60_000, 60_000),
    st.floats(20, 3000),
)
def test_the_time_inside_a_disc_is_that_of_small_steps(
    length_m, seconds, angle, x_dm, y_dm, radius_m
):
    subject = straight(length_m, seconds, angle)
    enter, leave, stops = inside_disc(
        subject, np.array([x_dm]), np.array([y_dm]), np.array([radius_m])
    )
    steps = np.linspace(0, seconds, 2001)
    way = steps / seconds * length_m
    apart = np.hypot(way * np.cos(angle) - x_dm / 10, way * np.sin(angle) - y_dm / 10)
    inside = (apart <= radius_m).mean() * seconds
    assert leave[0] - enter[0] == pytest.approx(inside, abs=3 * seconds / 2000)
    if abs(apart[-1] - radius_m) > 1e-6:
        assert bool(stops[0]) == (apart[-1] <= radius_m)
