"""The search around an alert finds everybody inside the circle and nobody else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.crowd import BAND_DM, bands_of, first_east_of, is_within, points_of
from sim.policy import Policy
from tests.support.registers import Opened
from tests.support.scenes import scenes, sets_by_action
from tests.support.worlds import SEEDS, Configuration, Layout, busy_parameters, examples

NEAR_BORDERS = st.builds(
    lambda band, off: band * BAND_DM + off, st.integers(-3, 3), st.integers(-2, 2)
)
COORDINATE = st.one_of(NEAR_BORDERS, st.integers(-16_000, 16_000))
FAR = st.sampled_from((0, 1_000_000_000, -1_000_000_000))


def found_around(points, x_dm, y_dm, radius_dm):
    """Return the numbers of the points that a search by bands comes across and keeps."""
    found = []
    low, high = bands_of(points, y_dm, radius_dm)
    for band in range(low, high):
        k = first_east_of(points, band, x_dm - radius_dm)
        while k < points.start[band + 1] and points.x_dm[k] <= x_dm + radius_dm:
            if is_within(points.x_dm[k], points.y_dm[k], x_dm, y_dm, radius_dm):
                found.append(int(points.number[k]))
            k += 1
    return found


@given(
    st.lists(st.tuples(COORDINATE, COORDINATE), max_size=60),
    st.tuples(COORDINATE, COORDINATE),
    st.one_of(st.integers(0, 3).map(lambda n: n * BAND_DM), st.integers(0, 20_000)),
    FAR,
)
@examples(300)
def test_a_search_finds_exactly_the_points_inside_a_circle(places, centre, radius_dm, far_dm):
    # Some points lie exactly on the edge: 3-4-5 triangles have whole sides.
    fifth = radius_dm // 5
    edge = [(centre[0] + 3 * fifth, centre[1] - 4 * fifth), (centre[0] - radius_dm, centre[1])]
    x_dm, y_dm = (np.array(v, dtype=np.int64) + far_dm for v in zip(*places, *edge, strict=True))
    number = np.arange(len(x_dm))[::-1] * 7
    points = points_of(x_dm, y_dm, number)
    x, y = centre[0] + far_dm, centre[1] + far_dm
    inside = (x_dm - x) ** 2 + (y_dm - y) ** 2 <= radius_dm**2
    found = found_around(points, x, y, radius_dm)
    assert sorted(found) == sorted(number[inside].tolist())
    # The last point, with number 0, lies on the edge.
    assert 0 in found


def test_without_points_a_search_finds_nobody():
    nothing = np.zeros(0, dtype=np.int64)
    assert found_around(points_of(nothing, nothing, nothing), 0, 0, 10**6) == []


def test_points_are_sorted_by_band_then_from_west_to_east():
    at_random = np.random.default_rng(1)
    x_dm, y_dm = at_random.integers(-20_000, 20_000, (2, 500))
    points = points_of(x_dm, y_dm, np.arange(500))
    band = points.y_dm.astype(np.int64) // BAND_DM
    assert (np.lexsort((points.x_dm, band)) == np.arange(500)).all()
    for b, (begin, end) in enumerate(zip(points.start[:-1], points.start[1:], strict=True)):
        assert (band[begin:end] == points.first_band + b).all()
    assert points.start[-1] == 500
    assert (x_dm[points.number] == points.x_dm).all()


RADIUS_DM = 10_000
EDGE = np.array([(6_000, 8_000), (-8_000, 6_000), (0, -10_000), (10_000, 0), (-6_000, -8_000)])


@pytest.mark.parametrize("moved_share", [0.0, 0.5])
@given(SEEDS)
@examples(8)
def test_everybody_on_the_edge_of_a_circle_is_in_it_and_a_decimetre_outside_is_not(
    moved_share, seed
):
    """Homes, workplaces and places of leisure lie on edges, give or take a decimetre."""
    app = {"adoption_factor": 20.0, "register_moved_share": moved_share}
    circle = {"radius_urban_m": RADIUS_DM / 10, "radius_rural_m": RADIUS_DM / 10}
    half = {"municipalities": ["GM9002"], "levers": {"operator_use": 0.5}}
    policies = (
        Policy(name="all", operator_use=1.0, circle=circle, channels={"app": app}),
        Policy(name="some", operator_use=0.9, circle=circle, changes=[half]),
    )
    world = Layout(people=(300,)).world()
    configuration = Configuration(world, policies, busy_parameters(world), seed=seed)
    setting = configuration.setting()
    candidates, incidents = configuration.drawn(setting)
    at_random = np.random.default_rng(seed)
    n = len(candidates)

    def on_edges():
        case = at_random.integers(0, len(incidents), n)
        near = at_random.integers(-1, 2, (n, 2)) * at_random.integers(0, 2, (n, 1))
        off = EDGE[at_random.integers(0, len(EDGE), n)] + near
        return incidents.x_dm[case] + off[:, 0], incidents.y_dm[case] + off[:, 1]

    names = ("x_dm", "y_dm"), ("work_x_dm", "work_y_dm"), ("leisure_x_dm", "leisure_y_dm")
    places = {name: v for pair in names for name, v in zip(pair, on_edges(), strict=True)}
    opened = Opened.of(setting, replace(candidates, **places), incidents)
    addressed = sets_by_action(opened.result.notified)
    edges = beyond = 0
    for scene in scenes(configuration, opened):
        sms, voice, mail = scene.by_register()
        wanted = set(opened.candidates.id[sms | voice | mail | scene.by_app()].tolist())
        key = str(scene.row["scenario"]), int(scene.row["incident_id"])
        assert addressed.get(key, set()) == wanted
        east = opened.candidates.x_dm - scene.centre[0]
        north = opened.candidates.y_dm - scene.centre[1]
        apart = (east**2 + north**2)[scene.listed] - RADIUS_DM**2
        edges += (apart == 0).sum()
        beyond += ((apart > 0) & (apart < 30_000)).sum()
    assert min(edges, beyond) > 20
