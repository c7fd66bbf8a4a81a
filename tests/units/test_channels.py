"""The seven channels: each is switched by the policy and does what it says."""

from datetime import date
from math import floor

import numpy as np
import pytest
from scipy import stats

from sim.candidates import registered_at_start, willing_share
from sim.categories import CATEGORIES
from sim.public import PUBLIC_ID
from sim.register import State
from sim.scalar import NEVER_S
from tests.support.messages import (
    NAMES,
    QUALIFIES,
    WORLD,
    only,
    opened,
    places,
    rows,
    state_at,
)
from tests.support.worlds import rows_where

NAMED = ("sms", "voice", "app", "email")
PUBLIC = ("social_media", "nl_alert", "amber_alert")


def test_there_are_seven_channels():
    assert set(NAMES) == {*NAMED, *PUBLIC}


def test_with_every_channel_off_nobody_hears_anything():
    result = opened(only()).result
    actions = result.actions
    assert len(actions["recipients"]) > 30
    assert actions["recipients"].sum() == actions["public_noticed"].sum() == 0
    assert actions["message_cost_eur"].sum() == 0
    assert (actions["cause"] == actions["counterfactual_cause"]).all()


@pytest.mark.parametrize("channel", NAMED)
def test_a_channel_that_is_off_sends_nothing_and_on_it_does(channel):
    other = {name: {} for name in NAMED if name != channel}
    run = opened(only("one", **{channel: {}}), only("rest", **other))
    own, rest = (rows(run, name) for name in ("one", "rest"))
    assert len(own["who"]) > 100
    if channel == "sms":
        assert not run.candidates.prefers_voice[own["who"]].any()
    if channel == "voice":
        assert run.candidates.prefers_voice[own["who"]].all()
    actions = rows_where(run.result.actions, scenario="rest")
    for name in ("sms", "voice"):
        assert (actions[f"messages_{name}"].sum() == 0) == (name == channel)
    assert len(rest["who"]) > 100


@pytest.mark.parametrize("per_second", [0.01, 0.7, 3.0])
def test_the_gateway_sends_so_many_texts_a_second(per_second):
    run = opened(
        only("slow", sms={"messages_per_second": per_second}),
        only("fast", sms={"messages_per_second": None}),
    )
    slow, fast = (rows(run, name) for name in ("slow", "fast"))
    assert (slow["candidate_id"] == fast["candidate_id"]).all()
    arrives = fast["delivered_s"] < NEVER_S
    assert (arrives == (slow["delivered_s"] < NEVER_S)).all()
    later = (slow["delivered_s"] - fast["delivered_s"])[arrives].tolist()
    assert later == [floor(place / per_second) for place in places(run, slow)[arrives].tolist()]
    assert max(later) > 0


def test_a_gateway_however_slow_sends_nothing_before_the_alert():
    run = opened(only(sms={"messages_per_second": 1e-9}))
    table = rows(run)
    assert (table["delivered_s"] >= table["alert_s"]).all()
    assert (table["noticed_s"] >= table["delivered_s"]).all()


def test_texts_reach_good_records_except_those_lost_on_the_way():
    lost = 0.3
    run = opened(only(sms={}), sms_lost_share=lost)
    table = rows(run)
    state = state_at(run, table)
    arrived = table["delivered_s"] < NEVER_S
    assert set(state.tolist()) == {State.STALE, State.GOOD}
    assert not arrived[state == State.STALE].any()
    good = (state == State.GOOD).sum()
    low, high = stats.binom.ppf([0.5e-6, 1 - 0.5e-6], good, 1 - lost)
    assert low <= arrived.sum() <= high
    delay = (table["delivered_s"] - table["alert_s"])[arrived] - floor_places(run, table, arrived)
    middle = run.setting.parameters.sms_delay_s
    low, high = stats.binom.ppf([0.5e-6, 1 - 0.5e-6], arrived.sum(), 0.5)
    assert low <= (delay <= middle).sum() <= high * 1.05


def floor_places(run, table, some):
    return places(run, table)[some] // 20


@pytest.mark.parametrize("lines, call_s", [(1, 40), (3, 25), (None, 40)])
def test_voice_calls_wait_for_a_line(lines, call_s):
    run = opened(only(voice={"lines": lines, "call_s": call_s}))
    table = rows(run)
    good = state_at(run, table) == State.GOOD
    assert ((table["delivered_s"] < NEVER_S) == good).all()
    begun = places(run, table) // lines * call_s if lines else np.zeros(len(good), dtype=int)
    assert ((table["delivered_s"] - table["alert_s"])[good] == begun[good]).all()
    assert lines is None or begun.max() > 0


def test_the_app_reaches_whoever_is_inside_registered_or_not():
    run = opened(only(app={"adoption_factor": 5.0}))
    table = rows(run)
    assert table["inside"].all()
    assert (table["delivered_s"] - table["alert_s"] == 5).all()
    state = state_at(run, table)
    assert {State.OUT, State.GOOD} <= set(state.tolist())
    assert State.GONE not in set(state.tolist())
    # Some of those inside live outside: the home does not matter.
    incidents = run.incidents
    order = np.argsort(incidents.id)
    case = order[np.searchsorted(incidents.id[order], table["incident_id"])]
    east = run.candidates.x_dm[table["who"]] - incidents.x_dm[case]
    north = run.candidates.y_dm[table["who"]] - incidents.y_dm[case]
    away = east**2 + north**2 > 7_000**2
    assert 0 < away.sum() < len(away)


def test_adoption_grows_with_the_lever_and_the_years():
    run = opened(
        only("none", app={"adoption_factor": 0.0}),
        only("some", app={}),
        only("more", app={"adoption_factor": 3.0}),
    )
    sets = [
        set(
            zip(
                *(rows(run, name)[c].tolist() for c in ("incident_id", "candidate_id")),
                strict=True,
            )
        )
        for name in ("none", "some", "more")
    ]
    assert sets[0] == set()
    assert sets[0] < sets[1] < sets[2]
    users = [rows_where(run.result.register, scenario=name) for name in ("some", "more")]
    for table in users:
        month = table["app_users"].reshape(13, -1).sum(axis=1)
        assert month[-1] > month[0]


def test_moving_the_register_to_the_app_takes_those_who_were_registered_at_the_start():
    run = opened(only(app={"adoption_factor": 0.0, "register_moved_share": 1.0}))
    started = registered_at_start(run.candidates)
    assert started[rows(run)["who"]].all()
    first = run.result.register["app_users"].reshape(13, -1)[0].sum()
    assert first == started.sum()
    half = opened(only(app={"adoption_factor": 0.0, "register_moved_share": 0.5}))
    moved = half.result.register["app_users"].reshape(13, -1)[0].sum()
    low, high = stats.binom.ppf([0.5e-6, 1 - 0.5e-6], first, 0.5)
    assert low <= moved <= high


def test_mail_goes_to_every_registered_and_is_read_by_some():
    run = opened(only(email={}))
    table = rows(run)
    voice = run.candidates.prefers_voice[table["who"]]
    assert 0 < voice.sum() < len(voice)
    good = state_at(run, table) == State.GOOD
    assert ((table["delivered_s"] - table["alert_s"])[good] == 60).all()
    assert (table["delivered_s"][~good] == NEVER_S).all()
    read = (table["noticed_s"] < NEVER_S).sum()
    share = run.setting.parameters.email_read_share
    low, high = stats.binom.ppf([0.5e-6, 1 - 0.5e-6], good.sum(), share)
    assert low <= read <= high


def test_two_channels_count_a_person_once_and_deliver_with_the_first():
    run = opened(only("texts", sms={}), only("both", sms={}, email={}), only("mails", email={}))
    texts, both, mails = (
        {
            (i, c): d
            for i, c, d in zip(
                *(
                    rows(run, name)[k].tolist()
                    for k in ("incident_id", "candidate_id", "delivered_s")
                ),
                strict=True,
            )
        }
        for name in ("texts", "both", "mails")
    )
    assert both.keys() == mails.keys() > texts.keys()
    for key, delivered in both.items():
        assert delivered == min(mails[key], texts.get(key, NEVER_S))


def test_letting_sleepers_sleep():
    """Asleep, fewer notice within the hour than awake: on the whole and per hour of the day."""
    run = opened(only(sms={}))
    table = rows(run)
    hour = run.setting.calendar.hour_of_day[run.setting.calendar.row(table["alert_s"])]
    quick = table["noticed_s"] - table["alert_s"] <= 3600
    good = state_at(run, table) == State.GOOD
    night, evening = good & (hour >= 1) & (hour < 5), good & (hour >= 18) & (hour < 21)
    assert min(night.sum(), evening.sum()) > 100
    assert quick[night].mean() < 0.5 * quick[evening].mean()


# ---- public channels


def residents_inside(run, action):
    """Return residents per cell, those of cells with their middle in the circle, the incident."""
    grid = WORLD.grid
    people = grid.population[:, None] * grid.age_weight
    adults = people * np.array([0.0, 0.9, 1.0, 1.0, 1.0])
    others = (adults - people * willing_share(grid, run.setting.parameters)).sum(axis=1)
    i = int(np.flatnonzero(run.incidents.id == action["incident_id"])[0])
    east = grid.x_dm + grid.size_dm // 2 - run.incidents.x_dm[i]
    north = grid.y_dm + grid.size_dm // 2 - run.incidents.y_dm[i]
    inside = east**2 + north**2 <= 7_000**2
    return others, others[inside].sum(), i


def actions_of(run, name="p"):
    table = rows_where(run.result.actions, scenario=name)
    for k in range(len(table["incident_id"])):
        yield {column: values[k] for column, values in table.items()}


def test_social_media_reach_a_share_of_the_residents_of_the_circle():
    run = opened(only(social_media={}))
    share = run.setting.parameters.social_reach_share
    assert len(run.result.notified["candidate_id"]) == 0
    reached = 0
    for action in actions_of(run):
        _, inside, _ = residents_inside(run, action)
        assert action["public_noticed"] == pytest.approx(share * inside)
        assert action["recipients"] == 0
        reached += inside > 0
    assert reached > 30
    assert (run.result.tips["caller_id"] >= PUBLIC_ID).all()


@pytest.mark.parametrize(
    "start, low, high", [(date(2012, 7, 1), 0.42, 0.42), (date(2021, 1, 1), 0.9, 0.9)]
)
def test_nl_alert_goes_to_the_circle_where_life_is_in_danger(start, low, high):
    run = opened(only(nl_alert={}), start=start)
    grave = 0
    for action in actions_of(run):
        _, inside, i = residents_inside(run, action)
        if run.incidents.danger_level[i] < QUALIFIES:
            assert low * inside <= action["public_noticed"] * (1 + 1e-9)
            assert action["public_noticed"] <= high * inside * (1 + 1e-9)
            grave += 1
        else:
            assert action["public_noticed"] == 0
    assert grave > 10


def test_the_reach_of_nl_alert_grows_from_2015_to_2020():
    shares = []
    for start in (date(2014, 1, 1), date(2017, 7, 1), date(2021, 1, 1)):
        run = opened(only(nl_alert={}), start=start)
        table = run.result.actions
        inside = np.array([residents_inside(run, action)[1] for action in actions_of(run)])
        reached = table["public_noticed"] > 0
        shares.append((table["public_noticed"][reached] / inside[reached]).mean())
    assert shares[0] == pytest.approx(0.42)
    assert 0.63 < shares[1] < 0.78
    assert shares[2] == pytest.approx(0.90)


def test_amber_alert_is_for_children_in_danger_and_for_the_whole_region():
    run = opened(only(amber_alert={}))
    share = run.setting.parameters.amber_reach_share
    young = [c.name for c in CATEGORIES if c.traits in ("child", "youth")]
    grave = 0
    for action in actions_of(run):
        others, _, i = residents_inside(run, action)
        if action["category"] in young and run.incidents.danger_level[i] < QUALIFIES:
            assert action["public_noticed"] == pytest.approx(share * others.sum())
            grave += 1
        else:
            assert action["public_noticed"] == 0
    assert grave > 3


def test_who_is_reached_by_two_public_channels_counts_once():
    run = opened(
        only("nl", nl_alert={}),
        only("social", social_media={}),
        only("both", nl_alert={}, social_media={}),
        start=date(2021, 1, 1),
    )
    both, nl, social = (list(actions_of(run, name)) for name in ("both", "nl", "social"))
    shared = 0
    for one, two, three in zip(both, nl, social, strict=True):
        _, inside, _ = residents_inside(run, one)
        if inside == 0:
            continue
        missed = (1 - two["public_noticed"] / inside) * (1 - three["public_noticed"] / inside)
        assert one["public_noticed"] == pytest.approx(inside * (1 - missed))
        shared += two["public_noticed"] > 0
    assert shared > 10
