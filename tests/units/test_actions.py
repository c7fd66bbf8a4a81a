"""Actions: rate of use, delays, circles, and the date on which the control room leaves."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.actions import alert_groups, circles_in_order, plan_actions
from sim.categories import Kind
from sim.draws import Stream
from sim.incidents import draw_incidents
from sim.parameters import Parameters
from sim.policy import Policy
from sim.setting import Setting
from sim.world import World

ROOT = Path(__file__).parents[2]
START = date(2014, 7, 1)
PARAMETERS = Parameters.defaults()


@pytest.fixture(scope="module")
def world():
    return World.load(ROOT / "data/twente_grid", ROOT / "data/behaviour")


@pytest.fixture(scope="module")
def incidents(world):
    setting = Setting.of(world, [Policy(name="any")], PARAMETERS, Stream(1, 0), START, 1)
    return draw_incidents(world, setting.calendar, PARAMETERS, setting.stream, setting.until_s)


def plan(world, incidents, *policies):
    setting = Setting.of(world, policies, PARAMETERS, Stream(1, 0), START, 1)
    return plan_actions(incidents, setting.table, PARAMETERS, setting.left_s)


def test_the_actions_of_a_smaller_share_are_a_subset(world, incidents):
    actions = plan(
        world,
        incidents,
        *(Policy(name=f"p{i}", operator_use=u) for i, u in enumerate((0.0, 0.3, 0.7, 1.0))),
    )
    used = actions.used
    assert not used[:, 0].any()
    assert (used[:, 1] <= used[:, 2]).all()
    assert (used[:, 2] <= used[:, 3]).all()
    assert used[:, 1].sum() < used[:, 2].sum() < used[:, 3].sum()


def test_what_has_ended_by_the_alert_is_no_action(world, incidents):
    late = Policy(name="late", operator_use=1.0, control_room={"extra_decision_minutes": 120.0})
    actions = plan(world, incidents, Policy(name="now", operator_use=1.0), late)
    assert (actions.alert_s[:, 1] - actions.alert_s[:, 0] == 7200).all()
    ended = incidents.counterfactual_s <= actions.alert_s[:, 1]
    assert not actions.used[ended, 1].any()
    assert actions.used[ended, 0].any()


def test_the_control_room_leaves_on_a_date(world, incidents):
    leaving = {"leaves_twente_on": date(2015, 1, 1), "away_extra_decision_minutes": 30.0}
    actions = plan(
        world, incidents, Policy(name="stays"), Policy(name="leaves", control_room=leaving)
    )
    after = incidents.reported_s >= 184 * 86_400 + 3600
    assert (actions.away[:, 1] == after).all()
    assert (actions.alert_s[:, 1] - actions.alert_s[:, 0] == np.where(after, 1800, 0)).all()
    assert not actions.away[:, 0].any()


def test_the_circle_follows_density_kind_and_time(world, incidents):
    circle = {
        "radius_urban_m": 1000.0,
        "radius_rural_m": 2000.0,
        "robbery_factor": 0.5,
        "growth_share_per_hour": 0.1,
        "growth_limit": 1.2,
    }
    actions = plan(world, incidents, Policy(name="p", circle=circle))
    hours = (actions.alert_s[:, 0] - incidents.last_seen_s) / 3600
    wanted = np.where(incidents.urban, 1000.0, 2000.0) * np.where(
        incidents.kind == Kind.MISSING, 1.0, 0.5
    )
    np.testing.assert_array_equal(
        actions.radius_m[:, 0], np.rint(wanted * np.minimum(1 + 0.1 * hours, 1.2))
    )


def test_levers_of_one_municipality_hold_only_there(world, incidents):
    stop = {"municipalities": ["GM0153"], "levers": {"operator_use": 0.0}}
    actions = plan(
        world,
        incidents,
        Policy(name="all", operator_use=1.0),
        Policy(name="one", operator_use=1.0, changes=[stop]),
    )
    codes = np.array([m.gm_code for m in world.grid.municipalities])[incidents.municipality]
    assert not actions.used[codes == "GM0153", 1].any()
    elsewhere = codes != "GM0153"
    assert (actions.used[elsewhere, 1] == actions.used[elsewhere, 0]).all()


def test_policies_with_the_same_alerts_share_circles_and_exposure(world, incidents):
    wide = Policy(name="wide", circle={"radius_urban_m": 5000.0})
    actions = plan(world, incidents, Policy(name="a"), Policy(name="b"), wide)
    assert alert_groups(actions).tolist() == [0, 0, 1]
    circles = circles_in_order(actions)
    assert all(c.policies[0] == c.policies[1] for c in circles)
    assert [c.alert_s for c in circles] == sorted(c.alert_s for c in circles)
    assert sum(int(c.policies[0]) for c in circles) == actions.used[:, 0].sum()


def test_resources_cannot_change_on_the_way():
    with pytest.raises(ValueError, match=r"control_room\.operators holds from the start on"):
        Policy(name="p", changes=[{"levers": {"control_room": {"operators": 3}}}])
    with pytest.raises(ValueError, match="control_room is one for the region"):
        Policy(name="p", changes=[{"municipalities": ["GM0153"], "levers": {"control_room": {}}}])
