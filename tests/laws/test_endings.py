"""Laws 3 and 4: times in their order, one cause, and never later than without an alert."""

import numpy as np
from hypothesis import given

from sim.incidents import CAUSES
from sim.scalar import NEVER_S
from sim.tips import TipKind
from tests.support.worlds import configurations, examples, pairs

DAY_S = 86_400
HORIZON_S = {"missing": 7 * DAY_S, "robbery": 2 * DAY_S, "theft": 2 * DAY_S}


def tips_with_incidents(opened):
    """Return the tips and, for each, alert, last seen, horizon and end of its incident."""
    tips, actions, incidents = opened.result.tips, opened.result.actions, opened.incidents
    facts = {}
    for k, incident in enumerate(actions["incident_id"].tolist()):
        i = int(np.flatnonzero(incidents.id == incident)[0])
        reported = int(incidents.reported_s[i])
        facts[actions["scenario"][k], incident] = (
            int(actions["alert_at_s"][k]),
            int(incidents.last_seen_s[i]),
            reported + HORIZON_S[actions["kind"][k]],
            reported + round(60.0 * actions["minutes_to_end"][k]),
            actions["cause"][k] == "participant",
            actions["cause"][k] == "none",
        )
    if not tips:
        return None
    keys = list(zip(tips["scenario"].tolist(), tips["incident_id"].tolist(), strict=True))
    known = np.array([key in facts for key in keys], dtype=bool)
    if not known.any():
        return None
    rows = {name: column[known] for name, column in tips.items()}
    about = np.array([facts[key] for key, keep in zip(keys, known, strict=True) if keep])
    names = ("alert", "seen", "horizon", "end", "by_participant", "by_nobody")
    return {**rows, **dict(zip(names, about.T, strict=True))}


@given(configurations())
@examples(20)
def test_times_are_ordered_where_the_stages_occurred(configuration):
    rows = tips_with_incidents(configuration.opened())
    if rows is None:
        return
    assert (rows["alert"] <= rows["delivered_s"]).all()
    assert (rows["delivered_s"] <= rows["noticed_s"]).all()
    assert (rows["noticed_s"] <= rows["call_s"]).all()
    assert (rows["call_s"] < NEVER_S).all()
    fresh = rows["tip_kind"] == TipKind.FRESH
    assert (rows["noticed_s"] <= rows["encounter_s"])[fresh].all()
    assert (rows["encounter_s"] <= rows["call_s"])[fresh].all()
    before = rows["tip_kind"] == TipKind.RETROSPECTIVE
    assert (rows["seen"] <= rows["encounter_s"])[before].all()
    assert (rows["encounter_s"] <= rows["alert"])[before].all()
    assert (rows["encounter_s"] == NEVER_S)[~fresh & ~before].all()
    handled, arrived = rows["handled_s"] < NEVER_S, rows["arrival_s"] < NEVER_S
    assert (rows["call_s"] < rows["handled_s"])[handled].all()
    assert (rows["handled_s"] < rows["arrival_s"])[arrived].all()
    # One thing follows from the other.
    assert (arrived <= handled).all()
    assert (handled <= rows["made"]).all()
    assert (rows["lost"] <= rows["made"]).all()
    assert not (rows["lost"] & handled).any()
    assert ((handled | rows["lost"]) == rows["made"]).all()
    assert (rows["found"] <= arrived).all()


@given(configurations())
@examples(20)
def test_nothing_is_done_after_the_end_or_the_horizon(configuration):
    rows = tips_with_incidents(configuration.opened())
    if rows is None:
        return
    assert (rows["end"] <= rows["horizon"]).all()
    assert (rows["call_s"] < rows["end"])[rows["made"]].all()
    assert (rows["made"] == (rows["call_s"] < rows["end"])).all()
    arrived = rows["arrival_s"] < NEVER_S
    assert (rows["arrival_s"] <= rows["end"])[arrived].all()
    seen = rows["encounter_s"] < NEVER_S
    assert (rows["encounter_s"] <= rows["horizon"])[seen].all()


@given(configurations())
@examples(20)
def test_a_find_is_the_arrival_that_ends_the_incident(configuration):
    rows = tips_with_incidents(configuration.opened())
    if rows is None:
        return
    found = rows["found"]
    assert (rows["arrival_s"] == rows["end"])[found].all()
    assert rows["by_participant"][found].all()
    assert (rows["tip_kind"] != TipKind.FALSE)[found].all()
    # Each incident ended by a participant has exactly one find, all others have none.
    ended = pairs(
        {name: column[rows["by_participant"] > 0] for name, column in rows.items()},
        "scenario",
        "incident_id",
    )
    finds = {name: column[found] for name, column in rows.items()}
    assert pairs(finds, "scenario", "incident_id") == ended
    assert len(finds["found"]) == len(ended)


@given(configurations())
@examples(20)
def test_every_incident_has_one_cause_and_ends_no_later_than_without_an_alert(configuration):
    result = configuration.simulate()
    actions = result.actions
    cause, end = actions["cause"], actions["minutes_to_end"]
    before, before_cause = (
        actions["counterfactual_minutes_to_end"],
        actions["counterfactual_cause"],
    )
    assert set(cause.tolist()) <= set(CAUSES)
    assert (end <= before).all()
    assert np.allclose(actions["hours_saved"], (before - end) / 60.0, rtol=0, atol=1e-9)
    assert (actions["hours_saved"] >= 0.0).all()
    assert (actions["direct"] == (cause == "participant")).all()
    assert not (actions["direct"] & actions["contributed"]).any()
    assert (actions["contributed_strict"] <= actions["contributed"]).all()
    assert (cause[actions["contributed_strict"]] == "police").all()
    # Nothing but a participant or a faster police can end it sooner, and only if there was a tip.
    sooner = end < before
    assert set(cause[sooner].tolist()) <= {"participant", "police"}
    assert (actions["direct"] | actions["contributed"])[sooner].all()
    assert (actions["true_tips"] > 0)[sooner].all()
    assert (cause == before_cause)[~sooner].all()
    only = actions["found_only_by_alert"]
    assert (only == ((before_cause == "none") & (cause != "none"))).all()
    # Each policy has each incident once.
    assert len(pairs(actions, "scenario", "incident_id")) == len(cause)


@given(configurations())
@examples(20)
def test_contributed_means_that_a_true_tip_was_handled_before_the_end(configuration):
    opened = configuration.opened()
    rows = tips_with_incidents(opened)
    actions = opened.result.actions
    helped = {
        key
        for key, flag in zip(
            zip(actions["scenario"].tolist(), actions["incident_id"].tolist(), strict=True),
            (actions["direct"] | actions["contributed"]).tolist(),
            strict=True,
        )
        if flag
    }
    if rows is None:
        assert not helped
        return
    true = (rows["tip_kind"] != TipKind.FALSE) & (rows["handled_s"] < NEVER_S)
    # Of two tips handled in one second the first may end it: then the second came after the end.
    before = pairs(
        {n: c[true & (rows["handled_s"] < rows["end"])] for n, c in rows.items()},
        "scenario",
        "incident_id",
    )
    at_most = pairs(
        {n: c[true & (rows["handled_s"] <= rows["end"])] for n, c in rows.items()},
        "scenario",
        "incident_id",
    )
    assert before <= helped <= at_most
