"""One replication as a whole: what it refuses, its timeline, and years in which nothing happens."""

import numpy as np
import pytest

from sim.errors import InputError
from sim.policy import Policy
from sim.register import State
from sim.replication import _year_ends_s, simulate
from sim.timeline import run_timeline
from tests.support.registers import Opened
from tests.support.worlds import TABLES, Configuration, Layout, busy_parameters

WORLD = Layout().world()


def test_faults_of_a_call_are_told_together():
    parameters = busy_parameters(WORLD)
    twins = [Policy(name="same"), Policy(name="same")]
    with pytest.raises(InputError) as caught:
        simulate(WORLD, twins, parameters, seed=1, replication=0, years=41)
    assert str(caught.value).splitlines() == [
        "policies: two of them share a name",
        "years: 41 is not in 1..40",
    ]
    with pytest.raises(InputError, match="policies: there must be at least one"):
        simulate(WORLD, [], parameters, seed=1, replication=0)


def test_the_people_live_year_by_year_and_then_the_control_rooms_work():
    happened = []

    def room(name):
        return lambda: happened.append(name)

    run_timeline(-50, [10, 20, 35], happened.append, [room("first"), room("second")])
    assert happened == [10, 20, 35, "first", "second"]


def test_a_fault_in_a_stage_ends_the_timeline():
    def fails(at_s):
        raise InputError(f"at {at_s}")

    with pytest.raises(InputError, match="at 10"):
        run_timeline(0, [10, 20], fails, [lambda: pytest.fail("no room works")])


@pytest.mark.parametrize("years", [1, 3, 40])
def test_no_alert_is_later_than_the_last_year(years):
    setting = Configuration(WORLD, (), busy_parameters(WORLD), years=years).setting()
    ends_s = _year_ends_s(setting)
    assert ends_s == sorted(set(ends_s))
    assert 0 < ends_s[0]
    assert ends_s[-2] <= setting.last_alert_s < ends_s[-1]


QUIET = busy_parameters(WORLD, missing=0.0, robbery=0.0, theft=0.0)


@pytest.mark.parametrize(
    "parameters, use", [(QUIET, 1.0), (busy_parameters(WORLD), 0.0)], ids=["quiet", "unused"]
)
def test_without_a_single_action_the_register_still_lives(parameters, use):
    policies = tuple(Policy(name=f"p{i}", operator_use=use) for i in range(2))
    opened = Configuration(WORLD, policies, parameters).opened()
    result = opened.result
    assert len(result.actions["incident_id"]) == 0
    assert (len(result.incidents["incident_id"]) == 0) == (parameters is QUIET)
    assert result.register["signups"].sum() > 0
    assert result.register["departures"].sum() > 0
    first, last = opened.register.moments[0].state, opened.register.moments[-1].state
    assert (first != last).any()
    assert State.GOOD in last
    for name in TABLES:
        table = getattr(result, name)
        assert len({len(column) for column in table.values()}) <= 1, name
    assert (result.costs["eur"] >= 0).all()


def test_a_year_without_people_has_actions_that_nobody_hears_of():
    policy = Policy(name="p", operator_use=1.0, channels={"email": {"enabled": True}})
    configuration = Configuration(WORLD, (policy,), busy_parameters(WORLD))
    setting = configuration.setting()
    candidates, incidents = configuration.drawn(setting)
    nobody = candidates.take(np.zeros(0, dtype=np.int64))
    opened = Opened.of(setting, nobody, incidents)
    actions = opened.result.actions
    assert len(actions["recipients"]) > 10
    for name in ("recipients", "delivered", "noticed", "attending", "true_tips"):
        assert actions[name].sum() == 0
    assert (opened.result.register["registered"] == 0).all()
