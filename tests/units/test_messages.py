"""Messages of every channel to people who can be named: places in line, arrival and notice are
those that the channel's class says, also for a channel that is new.
"""

from math import floor
from typing import ClassVar

import numpy as np
import pytest

import sim.channels
import sim.region
from sim.channels import (
    CHANNELS,
    Audience,
    Draw,
    Line,
    Preference,
    Waking,
    channels_of,
    no_line,
)
from sim.draws import Purpose, to_uniform
from sim.presence import locate
from sim.register import State
from sim.scalar import NEVER_AFTER_S, NEVER_S
from tests.reference.philox import mixture, seconds
from tests.support.messages import only, opened, places, rows, state_at


class Pager:
    """A channel that no module knows: with draws, a line and mixtures of its own."""

    name: ClassVar[str] = "pager"
    audience: ClassVar[Audience] = Audience.REGISTERED
    prefers: ClassVar[Preference] = Preference.ANY
    draws: ClassVar[tuple[int, int]] = (Draw.OWN, Draw.OWN + 1)

    def enabled(self, table):
        return np.ones(len(table.levers), dtype=bool)

    def line(self, table):
        return no_line(table)._replace(per_second=np.full(len(table.levers), 0.4))

    def delivery_s(self, parameters):
        del parameters
        return ((0.5, 10.0, 0.8), (0.2, 300.0, 0.1))

    def notice_minutes(self, parameters):
        del parameters
        return ((0.6, 1.0, 0.5),), ((0.1, 30.0, 1.0), (0.2, 400.0, 0.2)), ((0.9, 3.0, 0.0),)


class Beeper(Pager):
    """Another, for those inside who have the app, on three lines."""

    name = "beeper"
    audience = Audience.PRESENT

    def line(self, table):
        n = len(table.levers)
        return Line(np.full(n, np.inf), np.full(n, 3), np.full(n, 25))


class Caller(Pager):
    """Another, for those who prefer a call, by one draw of everybody and one of its own."""

    name = "caller"
    prefers = Preference.CALL
    draws = (Draw.NOTICE_EMAIL, Draw.OWN)

    def line(self, table):
        return no_line(table)


NEW = (Pager(), Beeper(), Caller())


@pytest.fixture
def with_new_channels(monkeypatch):
    """Return a function that adds channels to the known ones, for this test."""

    def add(*channels):
        every = (*CHANNELS, *channels)
        for module in (sim.channels, sim.region):
            monkeypatch.setattr(module, "CHANNELS", every)

    return add


def draws_of(run, table, number):
    """Return every draw of people in a case for the channel with a number, [draw, row]."""
    stream, address = run.setting.stream, (table["candidate_id"], table["incident_id"])
    words = [
        stream.words(Purpose.RECEIPT, *address),
        stream.words(Purpose.RESPONSE, *address),
        stream.words(Purpose.RECEIPT, *address, number + 1),
    ]
    return to_uniform(np.concatenate(words))


def waking_of(run, table, uniform):
    place = locate(run.setting, run.candidates, table["who"], table["alert_s"], uniform)
    return np.select((place.away, place.asleep), (Waking.AWAY, Waking.ASLEEP), Waking.AT_HOME)


def check(run, table, channel, number, sent_s):
    """Compare each row with what the channel's class says; return arrivals and notices."""
    p = run.setting.parameters
    u = draws_of(run, table, number)
    waking = waking_of(run, table, u[Draw.PRESENCE])
    registered = channel.audience == Audience.REGISTERED
    good = state_at(run, table) == State.GOOD if registered else np.ones(len(waking), dtype=bool)
    for k, state in enumerate(waking.tolist()):
        delay = seconds(mixture(u[channel.draws[0]][k], *channel.delivery_s(p)))
        notice = channel.notice_minutes(p)[state]
        minutes = mixture(u[channel.draws[1]][k], *notice)
        latency = seconds(minutes * 60.0 * p.notice_time_factor)
        arrives = delay < NEVER_AFTER_S and good[k]
        delivered_s = table["alert_s"][k] + sent_s[k] + delay if arrives else NEVER_S
        noticed_s = delivered_s + latency if arrives and latency < NEVER_AFTER_S else NEVER_S
        assert table["delivered_s"][k] == delivered_s, (channel.name, k)
        assert table["noticed_s"][k] == noticed_s, (channel.name, k)
    return table["delivered_s"] < NEVER_S, table["noticed_s"] < NEVER_S, waking


LEVERS = {
    "sms": {"messages_per_second": 0.3},
    "voice": {"lines": 2, "call_s": 35},
    "app": {"adoption_factor": 5.0},
    "email": {},
}
WITHOUT_LINE = {"sms": {"messages_per_second": None}, "voice": {"lines": None}}
SENT_S = {
    "sms": lambda place: floor(place / 0.3),
    "voice": lambda place: place // 2 * 35,
    "app": lambda _: 0,
    "email": lambda _: 0,
    "pager": lambda place: floor(place / 0.4),
    "beeper": lambda place: place // 3 * 25,
    "caller": lambda _: 0,
}


def one_channel(channel):
    """Return a run in which this channel alone sends, and who got what when."""
    run = opened(
        only(**{channel.name: LEVERS[channel.name]} if channel.name in LEVERS else {}),
        stale_share_at_start=0.3,
        notice_time_factor=1.3,
        app_share_2014=0.2,
    )
    table = rows(run)
    sent_s = np.array([SENT_S[channel.name](place) for place in places(run, table).tolist()])
    return run, table, sent_s


@pytest.mark.parametrize("number", range(len(CHANNELS)))
def test_arrival_and_notice_are_those_that_the_class_says(number):
    channel = CHANNELS[number]
    run, table, sent_s = one_channel(channel)
    arrives, noticed, waking = check(run, table, channel, number, sent_s)
    assert len(arrives) >= arrives.sum() > noticed.sum() > 300
    assert set(waking[noticed].tolist()) == {int(state) for state in Waking}


@pytest.mark.parametrize("channel", NEW, ids=lambda channel: channel.name)
def test_a_new_channel_needs_a_class_and_an_entry_and_nothing_else(channel, with_new_channels):
    with_new_channels(channel)
    if channel.audience == Audience.PRESENT:
        run = opened(
            only("p", app={"adoption_factor": 5.0}),
            app_share_2014=0.2,
            app_quick_share=0.0,
            app_slow_share=0.0,
            asleep_notice_share=0.0,
            morning_notice_share=0.0,
        )
        # The app itself is never noticed: what is noticed, the new channel brought.
        table = rows(run)
        in_line = places(run, table)
        alone_s = table["alert_s"] + 5
        sent_s = np.array([SENT_S["beeper"](place) for place in in_line.tolist()])
        u = draws_of(run, table, len(CHANNELS))
        waking = waking_of(run, table, u[Draw.PRESENCE])
        p = run.setting.parameters
        for k, state in enumerate(waking.tolist()):
            delay = seconds(mixture(u[Draw.OWN][k], *channel.delivery_s(p)))
            latency = seconds(60 * mixture(u[Draw.OWN + 1][k], *channel.notice_minutes(p)[state]))
            comes_s = table["alert_s"][k] + sent_s[k] + delay
            comes_s = comes_s if delay < NEVER_AFTER_S else NEVER_S
            assert table["delivered_s"][k] == min(alone_s[k], comes_s)
            seen = comes_s < NEVER_S and latency < NEVER_AFTER_S
            assert table["noticed_s"][k] == (comes_s + latency if seen else NEVER_S)
        assert (table["noticed_s"] < NEVER_S).sum() > 100
        return
    run, table, sent_s = one_channel(channel)
    arrives, noticed, waking = check(run, table, channel, len(CHANNELS), sent_s)
    assert len(arrives) > arrives.sum() > noticed.sum() > 100
    assert set(waking[noticed].tolist()) == {int(state) for state in Waking}


def test_own_draws_of_two_channels_are_not_the_same(with_new_channels):
    """The same class twice: each entry has draws of its own, so that two arrive where one may not.

    Of those reached, one arrives with probability 0.7, one of two with 0.91.
    """
    shares = []
    for channels in ((Pager(),), (Pager(), Pager())):
        with_new_channels(*channels)
        run = opened(only())
        table = rows(run)
        good = state_at(run, table) == State.GOOD
        shares.append((table["delivered_s"][good] < NEVER_S).mean())
    assert shares[0] == pytest.approx(0.7, abs=0.05)
    assert shares[1] == pytest.approx(0.91, abs=0.03)


def test_a_new_channel_takes_nothing_away_from_the_others(with_new_channels):
    policy = only("p", sms={}, voice={"lines": 3}, email={})
    before = rows(opened(policy))
    with_new_channels(Pager())
    after = rows(opened(policy))
    assert (before["candidate_id"] == after["candidate_id"]).all()
    assert (after["delivered_s"] <= before["delivered_s"]).all()
    assert (after["noticed_s"] <= before["noticed_s"]).all()
    assert (after["noticed_s"] < before["noticed_s"]).any()


@pytest.mark.parametrize("name", ["sms", "voice"])
def test_stale_records_take_places_and_are_never_reached(name):
    changes = {"stale_share_at_start": 0.5, "sms_lost_share": 0.0}
    run = opened(only(**{name: LEVERS[name]}), **changes)
    at_once = opened(only(**{name: WITHOUT_LINE[name]}), **changes)
    table, quick = rows(run), rows(at_once)
    good = state_at(run, table) == State.GOOD
    assert 0.3 < good.mean() < 0.7
    assert (table["delivered_s"][~good] == NEVER_S).all()
    waited_s = (table["delivered_s"] - quick["delivered_s"])[good]
    assert waited_s.tolist() == [SENT_S[name](place) for place in places(run, table)[good]]
    # With none but the good in line everybody would have stood much further in front.
    reached = {column: values[good] for column, values in table.items()}
    assert places(run, table)[good].sum() > 1.5 * places(run, reached).sum()


def test_the_arrays_of_the_channels_are_what_the_classes_say():
    run = opened(only("slow", sms={"messages_per_second": 2.0}, voice={"lines": 4}), only("none"))
    table, p = run.setting.table, run.setting.parameters
    arrays = channels_of(table, p, (*CHANNELS, *NEW))
    for number, channel in enumerate((*CHANNELS, *NEW)):
        assert arrays.audience[number] == channel.audience
        assert arrays.prefers[number] == channel.prefers
        assert (arrays.enabled[number] == channel.enabled(table)).all()
        assert arrays.used[number] == channel.enabled(table).any()
        line = channel.line(table)
        assert (arrays.per_second[number] == line.per_second).all()
        assert (arrays.lines[number] == line.lines).all()
        assert (arrays.call_s[number] == line.call_s).all()
        for state in Waking:
            told = channel.notice_minutes(p)[state]
            assert arrays.notice[number, state, : len(told)].tolist() == [list(x) for x in told]
            assert (arrays.notice[number, state, len(told) :, 0] == 0.0).all()
            told = channel.delivery_s(p)
            assert arrays.delivery[number, state, : len(told)].tolist() == [list(x) for x in told]
