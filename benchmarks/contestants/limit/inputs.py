"""What the C loop is given: drawn and planned by the model itself, as for the other peers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

import numpy as np

from benchmarks.contestant import UnavailableError, Workload
from benchmarks.contestants.limit.structure import constant, parameter_structure
from sim.actions import Actions, circles_in_order, plan_actions, plan_history
from sim.adoption import AppShares
from sim.candidates import Candidates, draw_candidates
from sim.channels import CHANNELS, channels_of
from sim.clock import YEAR_S, date_to_s, month_starts
from sim.costs import campaigns_of
from sim.draws import Bools, Stream
from sim.effort import MARK_RATE_PER_YEAR, register_rates
from sim.exposure import Alerts, alerts_of
from sim.incidents import HORIZON_S, Incidents, draw_incidents
from sim.policy import LONGEST_OPEN_FACTOR
from sim.presence import at_work_time
from sim.public import PublicField, residents
from sim.public_channels import PUBLIC_CHANNELS
from sim.scalar import WORD_RANGE
from sim.setting import Setting
from sim.subjects import Subjects, draw_subjects
from sim.tips import knowledge_share

Values: TypeAlias = dict[str, Any]

_KNOWN = ("sms", "voice", "app", "email"), ("nl_alert", "amber_alert", "social_media")
_AT_ONCE = (2, 3)
"""Channels whose messages arrive after the same time for everybody and do not queue."""
_LONGEST_NOTICE_S = 65_535
_LETTER_EPOCH, _PUBLIC_EPOCH = date(2000, 1, 1), date(2015, 1, 1)
_CLASSES = ("city", "mid", "rural")


def what_is_given(workload: Workload) -> tuple[Values, Setting, Incidents, Actions]:
    """Draw candidates and incidents, plan the actions, and return the fields of `Given` by name.

    Raises:
        UnavailableError: the loop does not know what the workload asks for.
    """
    stream = Stream(workload.seed, workload.replication)
    policies, p, start = workload.policies, workload.parameters, workload.start
    setting = Setting.of(workload.world, policies, p, stream, start, workload.years)
    incidents = draw_incidents(setting.world, setting.calendar, p, stream, setting.until_s)
    candidates = draw_candidates(setting.world, p, stream, setting.newcomer_years)
    actions = plan_actions(incidents, setting.table, p, setting.left_s)
    actions.used[incidents.reported_s < 0] = False
    subjects = draw_subjects(incidents, p, stream)
    alerts, past = _alerts(setting, incidents, actions)
    _check(setting)
    values = {
        "seed": stream.seed,
        "replication": stream.replication,
        "n_policies": len(policies),
        "n_towns": setting.n_municipalities,
        "n_levers": len(setting.table.levers),
        "longest_open_s": setting.longest_open_s,
        "longest_horizon_s": max(HORIZON_S.values()),
        "longest_open_factor": LONGEST_OPEN_FACTOR,
        **_candidates(candidates),
        **_register(setting),
        **_letters(setting),
        **_alert_columns(setting, alerts, past, actions),
        **_channels(setting),
        **_incidents(setting, incidents, subjects, actions),
        **_rooms(setting),
        **_public(setting, alerts, past, incidents, subjects, actions),
        "parameters": parameter_structure(p),
    }
    return values, setting, incidents, actions


def _check(setting: Setting) -> None:
    """Refuse what the loop does not know.

    Raises:
        UnavailableError: naming it.
    """
    names = tuple(tuple(c.name for c in every) for every in (CHANNELS, PUBLIC_CHANNELS))
    most = constant("MOST_POLICIES")
    if names != _KNOWN:
        raise UnavailableError(f"it knows the channels {_KNOWN}, not {names}")
    if len(setting.policies) > most:
        raise UnavailableError(f"it takes {most} policies, not {len(setting.policies)}")
    if setting.longest_open_s > _LONGEST_NOTICE_S:
        raise UnavailableError(f"it keeps notices of {_LONGEST_NOTICE_S} s at most")
    channels = channels_of(setting.table, setting.parameters)
    for c in _AT_ONCE:
        alike = (channels.delivery[c, :, 0] == channels.delivery[c, 0, 0]).all()
        queues = (channels.lines[c] > 0).any() or np.isfinite(channels.per_second[c]).any()
        if not alike or channels.delivery[c, 0, 0, 2] != 0.0 or queues:
            raise UnavailableError(f"it sends {CHANNELS[c].name} to everybody at once")


def _alerts(setting: Setting, incidents: Incidents, actions: Actions) -> tuple[Alerts, Bools]:
    """Return all alerts in the order of time, and which come before the start."""
    history = plan_history(incidents, setting.start, setting.gm_codes, setting.parameters)
    everyone = np.ones(len(setting.policies), dtype=np.bool_)
    merged = [(replace(c, policies=everyone), True) for c in circles_in_order(history)]
    merged += [(circle, False) for circle in circles_in_order(actions)]
    merged.sort(key=lambda pair: pair[0].alert_s)
    alerts = alerts_of([circle for circle, _ in merged], incidents, len(setting.policies))
    return alerts, np.array([past for _, past in merged], dtype=np.bool_)


def _candidates(candidates: Candidates) -> Values:
    c = candidates
    alike = (
        *("work_x_dm", "work_y_dm", "leisure_x_dm", "leisure_y_dm", "age_band", "prefers_voice"),
        *("entry_s", "start_level", "stale_level", "app_level", "move_level", "start_share"),
    )
    return {
        "n_candidates": len(c),
        "candidate_id": c.id,
        "home_x_dm": c.x_dm,
        "home_y_dm": c.y_dm,
        "candidate_town": c.municipality,
        **{name: getattr(c, name) for name in alike},
    }


def _register(setting: Setting) -> Values:
    """Return thresholds, months and the adoption of the app at their ends."""
    rates = register_rates(
        list(setting.policies), setting.world.grid, setting.parameters, setting.start
    )
    t = rates.thresholds()
    months = month_starts(setting.start, 12 * setting.years)[1:]
    ends = np.array([date_to_s(setting.start, day) for day in months], dtype=np.int64)
    adoption = AppShares(setting).by_month(ends)
    return {
        "mark_rate_per_year": MARK_RATE_PER_YEAR,
        "n_phases": len(t.phase_s),
        "phase_s": t.phase_s,
        "sign_up": t.sign_up,
        "upkeep": t.upkeep,
        "strike": t.strike,
        "decay": t.decay,
        "departure": t.departure,
        "n_months": len(ends),
        "month_end_s": ends,
        "n_adoptions": len(adoption.share),
        "adoption": adoption.kind,
        "month_share": adoption.share,
        "month_moved": adoption.moved,
    }


def _letters(setting: Setting) -> Values:
    """Return the household letters: day, moment and joining thresholds [letter, p, town]."""
    p, codes = setting.parameters, setting.gm_codes
    planned = [[campaigns_of(policy, code) for code in codes] for policy in setting.policies]
    days = sorted({c.day for of_policy in planned for of_town in of_policy for c in of_town})
    share = np.zeros((len(days), len(planned), len(codes)))
    for i, policy in enumerate(setting.policies):
        for town, code in enumerate(codes):
            for campaign in planned[i][town]:
                if policy.levers_at(campaign.day, code).register_.sign_ups_processed:
                    share[days.index(campaign.day), i, town] += campaign.written_share
    join = min(p.campaign_join_share / p.willing_share, 1.0)
    return {
        "n_letters": len(days),
        "letter_s": np.array([date_to_s(setting.start, day) for day in days], dtype=np.int64),
        "letter_day": np.array([(day - _LETTER_EPOCH).days for day in days], dtype=np.int64),
        "letter_join": np.floor(np.minimum(share, 1.0) * join * WORD_RANGE).astype(np.int64),
    }


def _alert_columns(setting: Setting, alerts: Alerts, past: Bools, actions: Actions) -> Values:
    calendar, occupancy = setting.calendar, setting.world.occupancy
    row = calendar.row(alerts.at_s)
    day, hour = calendar.day_type[row], calendar.hour_of_day[row]
    levers = actions.levers[alerts.incident]
    share, moved = AppShares(setting).at(alerts.at_s, levers)
    return {
        "n_alerts": len(alerts.at_s),
        "alert_incident": alerts.incident,
        "alert_s": alerts.at_s,
        "alert_x_dm": alerts.x_dm,
        "alert_y_dm": alerts.y_dm,
        "alert_radius_dm": alerts.radius_dm,
        "alert_past": past,
        "alert_policies": alerts.policies,
        "alert_levers": levers,
        "app_share": share,
        "app_moved": moved,
        "alert_close_s": actions.planned_close_s[alerts.incident] - alerts.at_s[:, None],
        "asleep_share": occupancy.asleep[day, hour],
        "away_share": occupancy.away[day, hour],
        "at_work": at_work_time(calendar, alerts.at_s),
        "dark": ~calendar.is_day(alerts.at_s),
    }


def _channels(setting: Setting) -> Values:
    channels, table = channels_of(setting.table, setting.parameters), setting.table
    return {
        "channel_enabled": channels.enabled,
        "text_per_second": channels.per_second[0],
        "call_lines": channels.lines[1],
        "call_s": table.values(lambda v: v.channels.voice.call_s, np.int64),
        "text_price_eur": table.values(lambda v: v.channels.sms.price_eur, np.float64),
        "call_price_eur": table.values(lambda v: v.channels.voice.price_eur, np.float64),
        "delivery": channels.delivery,
        "notice": channels.notice,
        "minute_s": channels.minute_s,
    }


def _incidents(
    setting: Setting, incidents: Incidents, subjects: Subjects, actions: Actions
) -> Values:
    p, world = setting.parameters, setting.world
    minutes = np.array([p[f"response_minutes_{name}"] for name in _CLASSES])
    alike = (
        *("reported_s", "frailty", "photo", "conspicuous", "visible_transit", "solvable"),
        *("visible_stationary", "stationary_on_road", "urban", "police_s", "return_s"),
        "horizon_s",
    )
    of_subject = ("dx", "dy", "pace_m_per_s", "speed_m_per_s", "begin_s", "stop_s", "vanish_s")
    return {
        "n_incidents": len(incidents),
        "incident_id": incidents.id,
        **{name: getattr(incidents, name) for name in alike},
        "knowledge_share": knowledge_share(incidents, p),
        "response_median_s": (60.0 * minutes)[world.response_class[incidents.municipality]],
        "area": world.area[incidents.municipality],
        "subject_x_dm": subjects.x_dm,
        "subject_y_dm": subjects.y_dm,
        **{name: getattr(subjects, name) for name in of_subject},
        "used": actions.used,
        "action_alert_s": actions.alert_s,
        "action_levers": actions.levers,
        "planned_close_s": actions.planned_close_s,
        "away": actions.away,
    }


def _rooms(setting: Setting) -> Values:
    rooms = [policy.control_room for policy in setting.policies]
    return {
        "operators": np.array([room.operators for room in rooms], dtype=np.int64),
        "units": np.array([room.units_per_area for room in rooms], dtype=np.int64),
        "unlimited": np.array([room.unlimited for room in rooms], dtype=np.bool_),
        "away_find_factor": np.array([room.away_find_factor for room in rooms]),
    }


def _public(
    setting: Setting,
    alerts: Alerts,
    past: Bools,
    incidents: Incidents,
    subjects: Subjects,
    actions: Actions,
) -> Values:
    """Return the cells with their residents, and what share of them each channel reaches."""
    grid, p = setting.world.grid, setting.parameters
    reach = PublicField(setting, incidents, subjects, actions).reach(alerts)
    reach[:, past] = 0.0
    years = (setting.start - _PUBLIC_EPOCH).days / 365.25 + alerts.at_s / YEAR_S
    return {
        "n_cells": grid.n_cells,
        "cell_x_dm": grid.x_dm,
        "cell_y_dm": grid.y_dm,
        "residents": residents(grid, p),
        "cell_size_dm": grid.size_dm,
        "public_reach": reach,
        "public_alone": np.stack([c.reach_share(years, p) for c in PUBLIC_CHANNELS]),
        "public_minutes": np.array([c.notice_minutes(p) for c in PUBLIC_CHANNELS]),
        "public_whole": np.array([c.whole_region for c in PUBLIC_CHANNELS], dtype=np.bool_),
    }
