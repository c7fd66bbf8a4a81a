"""Law 2: each channel reaches its audience only, and each stage is a part of the one before."""

from math import floor

import numpy as np
from hypothesis import given

from sim.draws import Purpose, to_uniform
from sim.exposure import WEEK_S
from sim.policy import Policy
from sim.public import PUBLIC_ID
from sim.register import State
from sim.scalar import NEVER_S
from sim.tips import TipKind
from tests.support.scenes import scenes, sets_by_action
from tests.support.worlds import (
    Configuration,
    Layout,
    busy_parameters,
    configurations,
    examples,
    pairs,
    rows_where,
)


@given(configurations())
@examples(15)
def test_the_addressed_are_exactly_the_audiences_of_the_enabled_channels(configuration):
    opened = configuration.opened()
    addressed = sets_by_action(opened.result.notified)
    for scene in scenes(configuration, opened):
        sms, voice, mail = scene.by_register()
        wanted = set(opened.candidates.id[sms | voice | mail | scene.by_app()].tolist())
        key = str(scene.row["scenario"]), int(scene.row["incident_id"])
        assert addressed.get(key, set()) == wanted
        assert scene.row["recipients"] == len(wanted)
        assert scene.row["messages_sms"] == sms.sum()
        assert scene.row["messages_voice"] == voice.sum()


@given(configurations())
@examples(12)
def test_delivered_are_reached_at_home_or_through_the_app(configuration):
    opened = configuration.opened()
    table = opened.result.notified
    delivered = sets_by_action(table, table["delivered_s"] < NEVER_S)
    for scene in scenes(configuration, opened):
        good = set(opened.candidates.id[scene.listed & (scene.state == State.GOOD)].tolist())
        app = set(opened.candidates.id[scene.by_app()].tolist())
        key = str(scene.row["scenario"]), int(scene.row["incident_id"])
        reached = delivered.get(key, set())
        assert reached <= good | app
        assert app <= reached
        assert scene.row["delivered"] == len(reached)


@given(configurations())
@examples(12)
def test_each_stage_is_a_part_of_the_one_before_and_the_counts_are_their_sizes(configuration):
    result = configuration.simulate()
    table, actions = result.notified, result.actions
    if not table:
        return
    alert = dict(
        zip(
            zip(actions["scenario"].tolist(), actions["incident_id"].tolist(), strict=True),
            zip(actions["alert_at_s"].tolist(), actions["open_s"].tolist(), strict=True),
            strict=True,
        )
    )
    where = list(zip(table["scenario"].tolist(), table["incident_id"].tolist(), strict=True))
    known = np.array([key in alert for key in where])
    first, open_s = (np.array([alert.get(key, (0, 0))[k] for key in where]) for k in (0, 1))
    after = table["noticed_s"] - first
    hour = known & (after <= 3600)
    stages = {
        "recipients": known,
        "delivered": known & (table["delivered_s"] < NEVER_S),
        "noticed": hour,
        "noticed_10min": known & (after <= 600),
        "noticed_in_area": hour & table["inside"],
        "attending": hour & table["attends"],
        "noticed_while_open": known & (after < open_s),
    }
    sets = {name: sets_by_action(table, flags) for name, flags in stages.items()}
    whole = sets["recipients"]
    assert not (table["attends"] & (table["noticed_s"] >= NEVER_S)).any()
    assert not ((table["noticed_s"] < NEVER_S) & (table["delivered_s"] >= NEVER_S)).any()
    for k, key in enumerate(alert):
        for name, members in sets.items():
            assert actions[name][k] == len(members.get(key, ())), name
        parts = [sets[name].get(key, set()) for name in ("delivered", "noticed", "noticed_10min")]
        assert parts[2] <= parts[1] <= parts[0] <= whole.get(key, set())
        assert actions["searching"][k] <= actions["attending"][k]


@given(configurations())
@examples(15)
def test_who_attends_is_tired_by_the_alerts_of_the_last_week(configuration):
    """Each further alert of the policy that covered the home, however lately, is one factor."""
    opened, p = configuration.opened(), configuration.parameters
    alerts, people = opened.alerts, opened.candidates
    if not opened.result.notified:
        return
    order = np.argsort(people.id)
    for scene in scenes(configuration, opened):
        name, incident = str(scene.row["scenario"]), int(scene.row["incident_id"])
        row = rows_where(opened.result.notified, scenario=name, incident_id=incident)
        who = order[np.searchsorted(people.id[order], row["candidate_id"])]
        (a,) = np.flatnonzero(
            (alerts.incident == scene.incident) & alerts.policies[:, scene.column]
        )
        before = np.arange(len(alerts.at_s)) < a
        lately = before & (alerts.at_s > alerts.at_s[a] - WEEK_S)
        lately &= alerts.policies[:, scene.column]
        count = np.zeros(len(who), dtype=np.int64)
        for b in np.flatnonzero(lately):
            east, north = people.x_dm[who] - alerts.x_dm[b], people.y_dm[who] - alerts.y_dm[b]
            count += east**2 + north**2 <= alerts.radius_dm[b] ** 2
        words = opened.setting.stream.words(Purpose.RESPONSE, row["candidate_id"], incident)
        willing = to_uniform(words)[0] < p.attend_share * p.fatigue_factor**count
        assert (row["attends"] == (willing & (row["noticed_s"] < NEVER_S))).all()


@given(configurations())
@examples(15)
def test_callers_attend_or_belong_to_a_public_that_was_addressed(configuration):
    opened = configuration.opened()
    tips, people = opened.result.tips, opened.result.notified
    if not tips:
        return
    attending = sets_by_action(people, people["attends"], people["noticed_s"] < NEVER_S)
    named = tips["caller_id"] < PUBLIC_ID
    for key, callers in sets_by_action(tips, named, key="caller_id").items():
        assert callers <= attending[key]
    public = sets_by_action(tips, ~named, key="caller_id")
    for scene in scenes(configuration, opened):
        key = str(scene.row["scenario"]), int(scene.row["incident_id"])
        channels = scene.levers.channels
        danger = opened.incidents.danger_level[scene.incident]
        young = scene.row["category"] in ("child", "youth")
        p = configuration.parameters
        open_to_all = (
            channels.social_media.enabled
            or (channels.nl_alert.enabled and danger < p.nl_alert_qualifies_share)
            or (channels.amber_alert.enabled and young and danger < p.amber_qualifies_share)
        )
        assert open_to_all or (key not in public and scene.row["public_noticed"] == 0.0)


@given(configurations())
@examples(12)
def test_the_tips_of_an_action_are_those_that_were_made(configuration):
    result = configuration.simulate()
    actions, tips = result.actions, result.tips
    if not tips:
        return
    for k in range(len(actions["incident_id"])):
        own = rows_where(
            tips, scenario=actions["scenario"][k], incident_id=actions["incident_id"][k]
        )
        true = own["tip_kind"] != TipKind.FALSE
        assert actions["true_tips"][k] == (own["made"] & true).sum()
        assert actions["false_tips"][k] == (own["made"] & ~true).sum()
        assert actions["calls_lost"][k] == own["lost"].sum()
        assert actions["calls_handled"][k] == (own["handled_s"] < NEVER_S).sum()
        # A person tells one thing of a kind.
        assert len(pairs(own, "caller_id", "tip_kind")) == len(own["caller_id"])


@given(configurations())
@examples(15)
def test_closing_messages_go_to_everybody_whose_first_message_had_gone_out(configuration):
    opened = configuration.opened()
    for scene in scenes(configuration, opened):
        row, channels = scene.row, scene.levers.channels
        open_s = int(row["open_s"])
        rate, lines = channels.sms.messages_per_second, channels.voice.lines
        texts = range(int(row["messages_sms"]))
        calls = range(int(row["messages_voice"]))
        text_s = [0 if rate is None else floor(place / rate) for place in texts]
        call_s = [
            0 if lines is None else place // lines * channels.voice.call_s for place in calls
        ]
        eur = channels.sms.price_eur * (len(texts) + sum(s < open_s for s in text_s))
        eur += channels.voice.price_eur * (len(calls) + sum(s < open_s for s in call_s))
        assert np.isclose(row["message_cost_eur"], eur, rtol=1e-12, atol=1e-12)


def test_the_examples_reach_every_channel_and_every_kind_of_tip():
    """The laws above would hold for nothing: here something happens in every channel."""
    world = Layout(people=(400,)).world()
    everything = {
        name: {"enabled": True}
        for name in ("sms", "voice", "app", "email", "social_media", "nl_alert", "amber_alert")
    }
    configuration = Configuration(
        world,
        (Policy(name="all", operator_use=1.0, channels=everything),),
        busy_parameters(
            world,
            missing=150.0,
            nl_alert_qualifies_share=0.5,
            amber_qualifies_share=0.5,
            knowledge_per_1000_attending=20.0,
            retrospective_share=0.5,
        ),
    )
    opened = configuration.opened()
    tips, actions = opened.result.tips, opened.result.actions
    for named in (True, False):
        some = tips["tip_kind"][(tips["caller_id"] < PUBLIC_ID) == named]
        assert set(some.tolist()) == {int(kind) for kind in TipKind}
    for name in ("messages_sms", "messages_voice", "public_noticed", "noticed_while_open"):
        assert actions[name].sum() > 0
    assert any(scene.by_app().any() for scene in scenes(configuration, opened))
    assert (actions["cause"] == "participant").any()
