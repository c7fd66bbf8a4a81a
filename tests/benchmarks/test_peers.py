"""The contestants simulate what the engine simulates."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.check import check
from benchmarks.contestant import UnavailableError
from benchmarks.contestants import engine_ten, mesa_model, plain_numpy, reference
from benchmarks.contestants.given import Years
from benchmarks.contestants.mesa_model.model import BurgernetModel
from benchmarks.contestants.mesa_model.residents import GOOD
from benchmarks.registry import CONTESTANTS
from sim.replication import simulate
from tests.benchmarks.small import POLICIES, small_workload

AGES = ("15_24", "25_44", "45_64", "65_plus")


@pytest.fixture(scope="module")
def workload():
    return small_workload()


@pytest.fixture(scope="module")
def engine(workload):
    """Return the engine's table of actions under all policies."""
    return engine_ten.CONTESTANT.prepare(workload)(0)().actions


def test_the_small_world_is_lively(engine):
    for name in (policy.name for policy in POLICIES):
        mine = engine["scenario"] == name
        assert mine.sum() > 40
        assert engine["true_tips"][mine].sum() > 20
        assert 3 <= engine["direct"][mine].sum() < mine.sum()
    assert engine["calls_lost"][engine["scenario"] == "tight"].sum() > 0
    assert engine["public_noticed"][engine["scenario"] == "everything"].max() > 0.0


@pytest.mark.parametrize(
    "contestant", [one for one in CONTESTANTS if one.exact], ids=lambda one: one.name
)
def test_each_exact_contestant_agrees_with_the_engine(workload, engine, contestant):
    try:
        set_up = contestant.prepare(workload)
    except UnavailableError as error:
        pytest.skip(str(error))
    agreement = check(contestant, engine, [set_up(0)()])
    assert agreement.faults == ()
    assert agreement.compared > 20


def test_mesa_agrees_with_the_engine_in_distribution():
    # A register that stands still: in so small a world, what happens to it happens to all actions
    # at once, and they are no independent comparisons.
    still = dict.fromkeys(
        (
            *(f"moves_{kind}_{age}" for kind in ("within", "between") for age in AGES),
            *("deaths_under_65", "deaths_65_plus", "lapse_rate", "number_change_rate"),
            *("optout_per_alert", "spontaneous_sign_up_rate", "recruiting_rate_max"),
            *("correction_rate_max", "strike_rate_max"),
        ),
        0.0,
    )
    workload = small_workload()
    workload = replace(workload, parameters=workload.parameters.with_values(still))
    engine = engine_ten.CONTESTANT.prepare(workload)(0)().actions
    set_up = mesa_model.CONTESTANT.prepare(workload)
    agreement = check(mesa_model.CONTESTANT, engine, [set_up(seed)() for seed in range(2)])
    assert agreement.faults == ()
    assert agreement.compared > 20


def test_mesa_moves_the_register_as_the_engine_does(workload):
    """Count the registered and those in reach after a year without a single alert."""
    idle = small_workload(policies=(POLICIES[0].model_copy(update={"operator_use": 0.0}),))
    given = replace(mesa_model.what_is_given(workload), policy=idle.policies[0], history=[])
    model = BurgernetModel(replace(given, actions=[]), seed=1)
    for week in range(1, 53):
        model.now_s = week * 7 * 86_400
        model.week()
    register = simulate(
        idle.world, idle.policies, idle.parameters, seed=5, replication=0, years=1
    ).register
    end = register["month"] == 12
    residents = model.residents
    for name, count in (
        ("registered", sum(resident.listed for resident in residents)),
        ("good", sum(resident.state == GOOD for resident in residents)),
    ):
        expected = int(register[name][end].sum())
        assert count == pytest.approx(expected, abs=4.0 * (2.0 * expected * 0.15) ** 0.5)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("replication", [0, 1])
def test_plain_numpy_agrees_under_every_kind_of_policy(policy, replication):
    workload = small_workload(replication=replication)
    engine = engine_ten.CONTESTANT.prepare(workload)(0)()
    outcome = plain_numpy.follow(workload, policy, Years.of(workload.start, workload.years))
    agreement = check(plain_numpy.CONTESTANT, engine.actions, [outcome])
    assert agreement.faults == ()
    assert agreement.compared > 40


def test_plain_numpy_finds_nothing_to_do_without_alerts(workload):
    idle = POLICIES[0].model_copy(update={"name": "idle", "operator_use": 0.0})
    outcome = plain_numpy.follow(workload, idle, Years.of(workload.start, 1))
    assert outcome.recipients == len(outcome.actions["incident_id"]) == 0


def test_the_samples_follow_the_first_weeks_only(workload, engine):
    for contestant in (reference.CONTESTANT, mesa_model.CONTESTANT):
        short = contestant.prepare(replace(workload, sample_weeks=5))(0)()
        assert 0 < short.recipients < engine["recipients"][engine["scenario"] == "plain"].sum()
        assert short.settled_s == 5 * 7 * 86_400


def test_mesa_has_random_numbers_of_its_own_that_repeat(workload):
    set_up = mesa_model.CONTESTANT.prepare(replace(workload, sample_weeks=5))
    one, again, other = (set_up(seed)().actions for seed in (1, 1, 2))
    assert np.array_equal(one["noticed"], again["noticed"])
    assert not np.array_equal(one["noticed"], other["noticed"])


@pytest.mark.parametrize(
    "levers, word",
    [
        ({"channels": {"email": {"enabled": True}}}, "email"),
        ({"channels": {"social_media": {"enabled": True}}}, "social_media"),
        ({"channels": {"app": {"register_moved_share": 0.2}}}, "register_moved_share"),
        ({"control_room": {"unlimited": True}}, "unlimited"),
    ],
)
def test_mesa_refuses_levers_that_it_does_not_know(workload, levers, word):
    policy = type(POLICIES[0])(name="other", operator_use=1.0, **levers)
    with pytest.raises(UnavailableError, match=word):
        mesa_model.CONTESTANT.prepare(replace(workload, policies=(policy,)))
