"""Law 5: with nothing to compete for, more participants, ground, haste or memory never do harm."""

import sys
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.control_room import sooner, speed_up
from sim.parameters import Parameters
from sim.policy import Policy
from sim.register import State
from sim.tips import TipKind
from tests.support.worlds import (
    DAYS,
    SEEDS,
    START,
    Configuration,
    Layout,
    bearable,
    busy_parameters,
    examples,
    pairs,
    parameters,
    rows_where,
    worlds,
)

TIRELESS = {"fatigue_factor": 1.0, "optout_per_alert": 0.0}
UNLIMITED = {
    "control_room": {"unlimited": True},
    "channels": {"sms": {"messages_per_second": None}, "voice": {"lines": None}},
}


def unlimited(name, *, channels=None, **levers):
    """Return a policy under which nobody waits for anybody."""
    merged = {key: dict(value) for key, value in UNLIMITED["channels"].items()}
    for key, value in (channels or {}).items():
        merged[key] = {**merged.get(key, {}), **value}
    return Policy(
        name=name,
        operator_use=1.0,
        control_room=UNLIMITED["control_room"],
        channels=merged,
        **levers,
    )


@dataclass(frozen=True)
class Harvest:
    """What the law compares, per policy."""

    noticed: set
    sightings: set
    calls: dict
    ends: dict
    helped: set
    direct: set


def harvest(result, name):
    actions = rows_where(result.actions, scenario=name)
    alerts = dict(
        zip(actions["incident_id"].tolist(), actions["alert_at_s"].tolist(), strict=True)
    )
    people = rows_where(result.notified, scenario=name) if result.notified else {}
    tips = rows_where(result.tips, scenario=name) if result.tips else {}
    noticed = {
        (incident, who)
        for incident, who, at_s in zip(
            *(people[c].tolist() for c in ("incident_id", "candidate_id", "noticed_s")),
            strict=True,
        )
        if incident in alerts and at_s - alerts[incident] <= 3600
    }
    true = {n: c[tips["tip_kind"] != TipKind.FALSE] for n, c in tips.items()}
    ids = actions["incident_id"].tolist()
    return Harvest(
        noticed=noticed,
        sightings=pairs(true, "incident_id", "caller_id", "tip_kind"),
        calls=dict(
            zip(
                zip(
                    *(true[c].tolist() for c in ("incident_id", "caller_id", "tip_kind")),
                    strict=True,
                ),
                true["call_s"].tolist(),
                strict=True,
            )
        ),
        ends=dict(zip(ids, actions["minutes_to_end"].tolist(), strict=True)),
        helped={
            i
            for i, d, c in zip(ids, actions["direct"], actions["contributed"], strict=True)
            if d or c
        },
        direct={i for i, d in zip(ids, actions["direct"], strict=True) if d},
    )


def never_worse(better, worse):
    """Assert the law; return whether the two differ at all."""
    assert worse.noticed <= better.noticed
    assert worse.sightings <= better.sightings
    assert all(better.calls[key] <= at_s for key, at_s in worse.calls.items())
    assert better.ends.keys() == worse.ends.keys()
    later = {i for i, minutes in worse.ends.items() if better.ends[i] > minutes}
    assert not later
    assert worse.helped <= better.helped
    return better != worse


PUBLIC = st.sampled_from(
    ({}, {"social_media": {"enabled": True}}, {"nl_alert": {"enabled": True}})
)
CHANNELS = st.fixed_dictionaries(
    {},
    optional={
        "app": st.fixed_dictionaries(
            {"enabled": st.booleans(), "adoption_factor": st.floats(0.0, 6.0)}
        ),
        "email": st.fixed_dictionaries({"enabled": st.booleans()}),
    },
)


@st.composite
def comparisons(draw, *, public=True):
    """Return world, parameters, channels and a seed on which two policies can be compared."""
    world = draw(worlds())
    own = draw(parameters(world, **TIRELESS))
    channels = {**draw(CHANNELS), **(draw(PUBLIC) if public else {})}
    radius = draw(st.floats(200.0, 2500.0))
    return world, own, channels, radius, draw(SEEDS)


def _circle(radius, factor=1.0):
    return {"radius_urban_m": radius * factor, "radius_rural_m": radius * factor}


@given(comparisons(), st.lists(DAYS, min_size=1, max_size=2), st.floats(0.5, 10.0))
@examples(15)
def test_more_participants(comparison, days, hours):
    world, own, channels, radius, seed = comparison
    task = {"performer": "region", "hours_per_month_per_1000_inhabitants": hours}
    tasks = ("policy_work", "relation_management", "communication")
    fewer = unlimited("fewer", channels=channels, circle=_circle(radius))
    more = unlimited(
        "more",
        channels=channels,
        circle=_circle(radius),
        effort=dict.fromkeys(tasks, task),
        campaigns=[{"day": day, "written_share": 1.0} for day in days],
    )
    configuration = Configuration(world, (fewer, more), own, seed=seed, years=2)
    assume(bearable(configuration))
    opened = configuration.opened()
    for moment in opened.register.moments:
        good = moment.state == State.GOOD
        assert (good[:, 0] <= good[:, 1]).all()
    never_worse(harvest(opened.result, "more"), harvest(opened.result, "fewer"))


@given(comparisons(), st.floats(1.0, 3.0))
@examples(15)
def test_a_larger_radius(comparison, factor):
    world, own, channels, radius, seed = comparison
    small = unlimited("small", channels=channels, circle=_circle(radius))
    large = unlimited("large", channels=channels, circle=_circle(radius, factor))
    result = Configuration(world, (small, large), own, seed=seed).simulate()
    never_worse(harvest(result, "large"), harvest(result, "small"))


@given(comparisons(), st.floats(0.1, 1.0))
@examples(15)
def test_faster_noticing(comparison, factor):
    world, own, channels, radius, seed = comparison
    policy = unlimited("same", channels=channels, circle=_circle(radius))
    slow = Configuration(world, (policy,), own, seed=seed).simulate()
    quicker = own.with_values({"notice_time_factor": own.notice_time_factor * factor})
    fast = Configuration(world, (policy,), quicker, seed=seed).simulate()
    never_worse(harvest(fast, "same"), harvest(slow, "same"))


@given(comparisons(), st.floats(1.0, 20.0))
@examples(15)
def test_a_longer_memory(comparison, factor):
    world, own, channels, radius, seed = comparison
    policy = unlimited("same", channels=channels, circle=_circle(radius))
    short = Configuration(world, (policy,), own, seed=seed).simulate()
    better = own.with_values({"memory_half_life_h": own.memory_half_life_h * factor})
    long = Configuration(world, (policy,), better, seed=seed).simulate()
    never_worse(harvest(long, "same"), harvest(short, "same"))


# ---- why it holds: the clock of the police


@given(
    st.integers(1, 40_000),
    st.lists(st.integers(0, 40_000), max_size=5),
    st.integers(0, 40_000),
    st.floats(1.0, 3.0),
    st.floats(1.0, 1.5),
    st.floats(1.0, 4.0),
)
@examples(200)
def test_one_more_tip_never_makes_the_police_later(clock_s, tips_s, more_s, first, then, limit):
    own = Parameters.defaults().with_values(
        {
            "police_speed_up_first": first,
            "police_speed_up_next": then,
            "police_speed_up_limit": limit,
        }
    )

    def police_after(moments):
        police_s, handled = clock_s, 0
        for at_s in sorted(moments):
            pace = speed_up(handled, own), speed_up(handled + 1, own)
            sped = sooner(at_s, police_s, *pace)
            assert min(at_s, police_s) <= sped <= police_s
            # What comes after the police does not count.
            handled += at_s < police_s
            police_s = sped
        assert 1.0 <= speed_up(handled, own) <= max(limit, 1.0)
        return police_s

    assert police_after([*tips_s, more_s]) <= police_after(tips_s)


# ---- where it does not hold

BIG = Layout(people=(600,), columns=4, rows=4)
SHOWN = 6


def _pair(levers):
    """Return two policies that differ only in a campaign before the first day's end."""
    letter = [{"day": START, "written_share": 1.0}]
    base = {"operator_use": 1.0, **levers}
    return Policy(name="fewer", **base), Policy(name="more", **base, campaigns=letter)


def _find_counts(levers, **changes):
    """Count incidents that fewer participants solve directly and more do not, and later ends."""
    world = BIG.world()
    own = busy_parameters(
        world,
        missing=150.0,
        knowledge_per_1000_attending=40.0,
        police_speed_up_first=3.0,
        police_speed_up_next=1.5,
        police_speed_up_limit=4.0,
        recognise_photo=0.5,
        recognise_text=0.5,
        **TIRELESS,
        **changes,
    )
    lost = later = unseen = total = 0
    for replication in range(SHOWN):
        configuration = Configuration(world, _pair(levers), own, seed=5, replication=replication)
        result = configuration.simulate()
        fewer, more = harvest(result, "fewer"), harvest(result, "more")
        total += len(fewer.ends)
        lost += len(fewer.direct - more.direct)
        later += sum(more.ends[i] > minutes for i, minutes in fewer.ends.items())
        unseen += len(fewer.noticed - more.noticed)
    return total, lost, later, unseen


def test_direct_alone_is_not_monotone(capsys):
    """An early tip of the larger base speeds the police, who then win the race."""
    total, lost, later, unseen = _find_counts(UNLIMITED)
    with capsys.disabled():
        sys.stdout.write(f"\ndirect lost to more participants: {lost} of {total} actions\n")
    assert lost > 0
    assert later == unseen == 0


def test_limits_break_the_law(capsys):
    """With one operator, unit and line and a slow gateway participants are in each other's way."""
    limits = {
        "control_room": {"operators": 1, "units_per_area": 1},
        "channels": {"sms": {"messages_per_second": 0.05}, "voice": {"lines": 1}},
    }
    total, _, later, unseen = _find_counts(limits, false_per_1000_attending=60.0)
    with capsys.disabled():
        sys.stdout.write(f"\nended later with more participants: {later} of {total} actions\n")
    assert later > 0
    assert unseen > 0


@pytest.mark.slow
@given(comparisons(), st.floats(1.0, 3.0), st.floats(0.1, 1.0), st.floats(1.0, 20.0))
@examples(150)
def test_all_at_once(comparison, wider, quicker, longer):
    world, own, channels, radius, seed = comparison
    small = unlimited("same", channels=channels, circle=_circle(radius))
    large = unlimited("same", channels=channels, circle=_circle(radius, wider))
    good = own.with_values(
        {
            "notice_time_factor": own.notice_time_factor * quicker,
            "memory_half_life_h": own.memory_half_life_h * longer,
        }
    )
    worse = Configuration(world, (small,), own, seed=seed).simulate()
    better = Configuration(world, (large,), good, seed=seed).simulate()
    never_worse(harvest(better, "same"), harvest(worse, "same"))
