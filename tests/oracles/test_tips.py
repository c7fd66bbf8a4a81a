"""Tips are binomial in the people who attend; finds are binomial in the tips that arrive."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from sim.categories import CATEGORIES
from sim.policy import Policy
from sim.scalar import NEVER_S
from sim.tips import TipKind
from tests.support.worlds import Configuration, Layout, busy_parameters

FALSE_ALARM = 1e-6


def binomial_bounds(n, share):
    return stats.binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], n, share)


@pytest.fixture(scope="module")
def results():
    """Return parameters and some replications in which everything is told, even after closing."""
    world = Layout(people=(500,)).world()
    parameters = busy_parameters(
        world,
        missing=80.0,
        attention_after_closing=1.0,
        false_per_1000_attending=50.0,
        knowledge_per_1000_attending=40.0,
        fatigue_factor=1.0,
        report_share=1.0,
    )
    policy = Policy(name="p", operator_use=1.0, control_room={"unlimited": True})
    runs = [
        Configuration(world, (policy,), parameters, seed=31, replication=k).simulate()
        for k in range(3)
    ]
    return parameters, runs


def attending_by_incident(result):
    """Return how many attend each incident, whenever they notice."""
    people = result.notified
    keep = people["attends"] & (people["noticed_s"] < NEVER_S)
    ids, counts = np.unique(people["incident_id"][keep], return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def tips_by_incident(result, kind):
    keep = result.tips["tip_kind"] == kind
    ids, counts = np.unique(result.tips["incident_id"][keep], return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def test_who_notices_attends_with_one_probability(results):
    parameters, runs = results
    noticed = sum((r.notified["noticed_s"] < NEVER_S).sum() for r in runs)
    attending = sum(r.notified["attends"].sum() for r in runs)
    low, high = binomial_bounds(noticed, parameters.attend_share)
    assert low <= attending <= high


def test_false_tips_are_binomial_in_those_who_attend(results):
    parameters, runs = results
    people = sum(sum(attending_by_incident(r).values()) for r in runs)
    tips = sum(sum(tips_by_incident(r, TipKind.FALSE).values()) for r in runs)
    low, high = binomial_bounds(people, parameters.false_per_1000_attending / 1000)
    assert low <= tips <= high
    assert not low <= people * parameters.false_per_1000_attending / 900 <= high


def test_knowledge_is_binomial_in_those_who_attend_by_category(results):
    parameters, runs = results
    categories = {
        incident: category
        for r in runs
        for incident, category in zip(
            r.actions["incident_id"].tolist(), r.actions["category"].tolist(), strict=True
        )
    }
    people, tips = {}, {}
    for r in runs:
        for counts, into in (
            (attending_by_incident(r), people),
            (tips_by_incident(r, TipKind.KNOWLEDGE), tips),
        ):
            for incident, count in counts.items():
                if incident in categories:
                    name = categories[incident]
                    into[name] = into.get(name, 0) + count
    for category in CATEGORIES:
        traits = category.traits if category.kind == 0 else "robbery"
        factor = parameters.get(f"knowledge_factor_{traits}", 1.0)
        share = parameters.knowledge_per_1000_attending / 1000 * factor
        n = people.get(category.name, 0)
        low, high = binomial_bounds(n, share)
        assert low <= tips.get(category.name, 0) <= high, category.name
    assert len(people) >= 8


def test_units_are_sent_to_false_tips_with_one_probability(results):
    parameters, runs = results
    false = made = sent = 0
    for r in runs:
        rows = (r.tips["tip_kind"] == TipKind.FALSE) & r.tips["made"]
        false += rows.sum()
        ends = dict(
            zip(
                r.actions["incident_id"].tolist(),
                (r.actions["reported_at_s"] + 60 * r.actions["minutes_to_end"]).tolist(),
                strict=True,
            )
        )
        # Of the calls handled a day before the end: nobody is called off on the way.
        end = np.array([ends.get(i, 0) for i in r.tips["incident_id"].tolist()])
        in_time = rows & (r.tips["handled_s"] + 86_400 < end)
        made += in_time.sum()
        sent += (r.tips["arrival_s"][in_time] < NEVER_S).sum()
    assert false > made > 100
    low, high = binomial_bounds(made, parameters.dispatch_false_share)
    assert low <= sent <= high


def test_knowledge_leads_to_the_find_with_one_probability(results):
    """Of the solvable cases: whether a case is solvable is one draw per case."""
    parameters, runs = results
    arrived = found = 0
    for k, r in enumerate(runs):
        setting = Configuration(
            Layout(people=(500,)).world(), (), parameters, seed=31, replication=k
        ).setting()
        _, incidents = Configuration(
            Layout(people=(500,)).world(), (), parameters, seed=31, replication=k
        ).drawn(setting)
        solvable = set(incidents.id[incidents.solvable[TipKind.KNOWLEDGE]].tolist())
        rows = (r.tips["tip_kind"] == TipKind.KNOWLEDGE) & (r.tips["arrival_s"] < NEVER_S)
        in_solvable = np.array([i in solvable for i in r.tips["incident_id"].tolist()])
        assert not r.tips["found"][rows & ~in_solvable].any()
        arrived += (rows & in_solvable).sum()
        found += r.tips["found"][rows & in_solvable].sum()
    assert arrived > 200
    low, high = binomial_bounds(arrived, parameters.find_knowledge_share)
    assert low <= found <= high


@pytest.mark.parametrize("people, channel", [(900, "social_media"), (2_400, "nl_alert")])
def test_tips_of_the_public_are_poisson_in_those_reached(people, channel):
    """The audience without names: the numbers of tips follow from the expected number reached.

    In the fullest cell of Twente live about as many as in the second case.
    """
    world = Layout(people=(people,)).world()
    parameters = busy_parameters(
        world,
        missing=15.0,
        robbery=5.0,
        theft=5.0,
        attention_after_closing=1.0,
        social_reach_share=0.3,
        social_minutes=5.0,
        nl_alert_minutes=5.0,
        nl_alert_qualifies_share=1.0,
        false_per_1000_attending=200.0,
        knowledge_per_1000_attending=100.0,
    )
    off = {"enabled": False}
    policy = Policy(
        name="p",
        operator_use=1.0,
        channels={"sms": off, "voice": off, "app": off, channel: {"enabled": True}},
    )
    expected = {TipKind.FALSE: 0.0, TipKind.KNOWLEDGE: 0.0}
    seen = dict.fromkeys(expected, 0)
    notice_minutes = []
    for replication in range(2):
        configuration = Configuration(
            world,
            (policy,),
            parameters,
            seed=32,
            replication=replication,
            start=date(2021, 1, 1),
        )
        result = configuration.simulate()
        actions, tips = result.actions, result.tips
        attending = actions["public_noticed"] * parameters.public_attend_share
        factor = {
            c.name: parameters.get(
                f"knowledge_factor_{c.traits if c.kind == 0 else 'robbery'}", 1.0
            )
            for c in CATEGORIES
        }
        known = np.array([factor[name] for name in actions["category"].tolist()])
        expected[TipKind.FALSE] += (attending * 0.2).sum()
        expected[TipKind.KNOWLEDGE] += (attending * 0.1 * known).sum()
        inside = np.isin(tips["incident_id"], actions["incident_id"])
        for kind in expected:
            seen[kind] += (inside & (tips["tip_kind"] == kind)).sum()
        alert = dict(
            zip(actions["incident_id"].tolist(), actions["alert_at_s"].tolist(), strict=True)
        )
        false = inside & (tips["tip_kind"] == TipKind.FALSE)
        at_s = np.array([alert[i] for i in tips["incident_id"][false].tolist()])
        notice_minutes.append((tips["noticed_s"][false] - at_s) / 60.0)
    for kind, mean in expected.items():
        low, high = stats.poisson.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], mean)
        assert mean > 300
        assert low <= seen[kind] <= high, kind
    minutes = np.concatenate(notice_minutes)
    low, high = binomial_bounds(len(minutes), 0.5)
    assert low <= (minutes < parameters.social_minutes).sum() <= high
