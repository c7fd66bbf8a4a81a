"""Empty circles: nobody is within r with probability exp(-lambda pi r^2) where all is alike."""

from math import dist

import numpy as np
import pytest
from scipy import stats

from sim.parameters import REGISTRY
from sim.policy import Policy
from sim.world import World
from tests.support.worlds import CORNER_DM, Configuration, Layout, busy_parameters, occupancy

SIDE = 24
PEOPLE = 100
REPLICATIONS = 40
STILL = dict.fromkeys(
    (name for name in REGISTRY if name.startswith(("moves_", "deaths_", "lapse_", "number_"))), 0.0
)
STILL |= {"optout_per_alert": 0.0, "spontaneous_sign_up_rate": 0.0}


def apart(x_dm, y_dm, radius_m):
    """Tell which points have circles that neither overlap nor leave the world, in turn."""
    radius_dm, side_dm = 10 * radius_m, SIDE * 5_000
    kept = []
    for point in zip((x_dm - CORNER_DM[0]).tolist(), (y_dm - CORNER_DM[1]).tolist(), strict=True):
        clear = min(point) >= radius_dm and max(point) <= side_dm - radius_dm
        others = [place for place, keep in kept if keep]
        kept.append((point, clear and all(dist(point, q) > 2 * radius_dm for q in others)))
    return np.array([keep for _, keep in kept])


@pytest.mark.parametrize("radius_m", [150, 300])
def test_the_share_of_empty_circles(radius_m):
    """Recipients are everybody registered with home in the circle: texts and calls, no app."""
    world = World.of(
        Layout(people=(PEOPLE,), columns=SIDE, rows=SIDE, urbanity=(3, 3)).grid(), occupancy()
    )
    registered = 1_000.0 / world.scale
    parameters = busy_parameters(
        world,
        missing=80.0,
        robbery=0.0,
        theft=0.0,
        registered_at_start=registered,
        willing_urban_slope=0.0,
        **STILL,
    )
    circle = {"radius_urban_m": float(radius_m), "radius_rural_m": float(radius_m)}
    policy = Policy(
        name="all", operator_use=1.0, circle=circle, channels={"app": {"enabled": False}}
    )
    empty = total = people = 0
    for replication in range(REPLICATIONS):
        opened = Configuration(
            world, (policy,), parameters, seed=13, replication=replication
        ).opened()
        actions, incidents = opened.result.actions, opened.incidents
        where = np.searchsorted(incidents.id[np.argsort(incidents.id)], actions["incident_id"])
        rows = np.argsort(incidents.id)[where]
        keep = apart(incidents.x_dm[rows], incidents.y_dm[rows], radius_m)
        empty += (actions["recipients"][keep] == 0).sum()
        people += actions["recipients"][keep].sum()
        total += keep.sum()
    assert total > 1000
    km2 = SIDE**2 * 0.25
    # The expected number registered is that of the parameters, whatever the share of the willing.
    mean = 1_000.0 / km2 * np.pi * (radius_m / 1000.0) ** 2
    low, high = stats.binom.ppf([0.5e-6, 1 - 0.5e-6], total, np.exp(-mean))
    assert low <= empty <= high
    low, high = stats.poisson.ppf([0.5e-6, 1 - 0.5e-6], total * mean)
    assert low <= people <= high
    # The interval is narrow enough to tell a circle from its square or its half.
    assert not low <= total * mean * 4 / np.pi <= high
