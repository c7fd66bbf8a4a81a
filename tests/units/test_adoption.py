"""Adoption of the app: the curve, and its users at the end of each month, counted one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.adoption import AppShares, app_curve, app_share
from sim.candidates import registered_at_start
from sim.clock import DAY_S, YEAR_S
from sim.policy import Policy
from sim.register import State
from tests.support.worlds import (
    START,
    Configuration,
    Layout,
    bearable,
    busy_parameters,
    configurations,
    examples,
)


@given(
    st.floats(0.05, 0.9),
    st.floats(0.01, 0.9),
    st.floats(0.01, 3.0),
    st.floats(-3.0, 20.0),
)
def test_the_curve_is_a_logistic_through_its_figure(limit, part, growth, years):
    share_2014 = limit * part
    share = float(app_share(years, limit, share_2014, growth))
    assert float(app_share(0.0, limit, share_2014, growth)) == pytest.approx(share_2014)
    assert 0.0 < share <= limit
    # Logit of the share of the limit: straight in time.
    if share < limit * (1 - 1e-9):
        logit = np.log(share / (limit - share)) - np.log(share_2014 / (limit - share_2014))
        assert logit == pytest.approx(growth * years, rel=1e-5, abs=1e-5)


def test_between_its_moments_the_curve_is_straight_and_it_never_falls():
    world = Layout().world()
    setting = Configuration(world, (), busy_parameters(world), years=3).setting()
    curve = app_curve(setting)
    assert curve.at_s[0] == -YEAR_S
    assert curve.at_s[-1] >= setting.last_alert_s
    assert (np.diff(curve.at_s) == 30 * DAY_S).all()
    assert (np.diff(curve.share) > 0.0).all()
    middle = (curve.at_s[:-1] + curve.at_s[1:]) / 2
    assert np.allclose(curve.at(middle), (curve.share[:-1] + curve.share[1:]) / 2)


def levers_by_town(configuration, policy, at_s):
    """Return the levers of the app in each municipality on the day of a moment."""
    day = configuration.setting().calendar.local(at_s).date()
    codes = [place.gm_code for place in configuration.world.grid.municipalities]
    return [policy.levers_at(day, code).channels.app for code in codes]


def users(opened, apps, at_s):
    """Tell who would use the app at a moment if present, by the levers of their town."""
    people = opened.candidates
    share = float(app_curve(opened.setting).at(np.array([at_s]))[0])
    town = people.municipality
    on, factor, moved = (
        np.array([getattr(app, name) for app in apps])[town]
        for name in ("enabled", "adoption_factor", "register_moved_share")
    )
    by_move = registered_at_start(people) & (people.move_level < moved)
    return on & ((people.app_level < share * factor) | by_move)


@given(configurations())
@examples(30)
def test_the_users_at_the_end_of_each_month_are_those_present_who_have_the_app(configuration):
    opened = configuration.opened()
    n_towns = len(configuration.world.grid.municipalities)
    shape = (len(configuration.policies), 12 * configuration.years + 1, n_towns)
    counted = opened.result.register["app_users"].reshape(shape)
    ends_s = opened.register.book.month_ends_s.tolist()
    moments = [opened.register.moments[0], *(opened.by_time[end_s - 1] for end_s in ends_s)]
    possible = AppShares(opened.setting).possible_users(opened.candidates)
    for p, policy in enumerate(configuration.policies):
        for month, (at_s, moment) in enumerate(zip([0, *ends_s], moments, strict=True)):
            uses = users(opened, levers_by_town(configuration, policy, at_s), at_s)
            assert not (uses & ~possible).any()
            there = moment.state[:, p] != State.GONE
            towns = opened.candidates.municipality[uses & there]
            assert (counted[p, month] == np.bincount(towns, minlength=n_towns)).all()


def test_who_departs_or_appears_changes_the_count_of_users():
    """The counts above rise with newcomers and fall with departures, not with the curve alone."""
    world = Layout(people=(400,)).world()
    app = {"adoption_factor": 0.0, "register_moved_share": 1.0}
    policy = Policy(name="p", operator_use=0.0, channels={"app": app})
    flat = Configuration(world, (policy,), busy_parameters(world), years=2)
    month = flat.simulate().register["app_users"].reshape(25, -1).sum(axis=1)
    assert (np.diff(month) <= 0).all()
    assert month[-1] < month[0]
    grown = {"app_growth_rate": 1e-9, "app_share_2014": 0.1, "app_share_limit": 0.9}
    everybody = Policy(name="p", operator_use=0.0, channels={"app": {"adoption_factor": 20.0}})
    stationary = replace(
        flat, policies=(everybody,), parameters=busy_parameters(world, **grown), start=START
    )
    assert bearable(stationary)
    month = stationary.simulate().register["app_users"].reshape(25, -1).sum(axis=1)
    assert (np.diff(month) > 0).any()
    assert (np.diff(month) < 0).any()
