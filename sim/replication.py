"""The one entry to the model: all policies of one replication over one set of draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import numpy as np

from sim.actions import (
    Actions,
    Circle,
    circles_in_order,
    plan_actions,
    plan_history,
)
from sim.candidates import Candidates, draw_candidates
from sim.clock import YEAR_S, date_to_s
from sim.control_room import ControlRoom, Room, draw_background
from sim.costs import campaigns_of, effort_ledger
from sim.detail import notified_rows, tip_rows
from sim.draws import Bools, Stream
from sim.effort import register_rates
from sim.errors import InputError
from sim.exposure import Alerts
from sim.incidents import Incidents, draw_incidents
from sim.outcomes import (
    PolicyRun,
    Replication,
    Table,
    action_table,
    cost_table,
    incident_table,
    register_table,
    stack,
)
from sim.parameters import Parameters
from sim.policy import Campaign, Policy
from sim.public import PublicField
from sim.region import Region
from sim.register import Letter
from sim.response import attending_people
from sim.scalar import WORD_RANGE
from sim.setting import Setting
from sim.subjects import Subjects, draw_subjects
from sim.timeline import run_timeline
from sim.tips import Attending, Tips, potential_tips
from sim.world import World

_MOST_YEARS = 40
_LETTER_EPOCH = date(2000, 1, 1)


def simulate(
    world: World,
    policies: Sequence[Policy],
    parameters: Parameters,
    *,
    seed: int,
    replication: int,
    start: date = date(2014, 7, 1),
    years: int = 10,
    detail: bool = False,
) -> Replication:
    """Run one replication of the model under some policies that share every random number.

    Args:
        world: grid and tables of the region.
        policies: policies with different names.
        parameters: a value for each uncertain parameter.
        seed: seed of the study, 0 <= seed < 2**32.
        replication: number of the replication.
        start: first day.
        years: length of the study in years, 1 to 40.
        detail: keep every potential tip and everybody notified (for tests and explanations;
            memory).

    Returns:
        The tables of the replication.

    Raises:
        InputError: if policies share a name or there are none, or their rates exceed the rate of
        the marks.
    """
    faults = []
    if not policies:
        faults.append("policies: there must be at least one")
    if len({policy.name for policy in policies}) < len(policies):
        faults.append("policies: two of them share a name")
    if not 1 <= years <= _MOST_YEARS:
        faults.append(f"years: {years} is not in 1..{_MOST_YEARS}")
    if faults:
        raise InputError("\n".join(faults))
    setting = Setting.of(world, policies, parameters, Stream(seed, replication), start, years)
    incidents = draw_incidents(
        world, setting.calendar, parameters, setting.stream, setting.until_s
    )
    # Not kept here: the candidates of a country fill memory that is needed later.
    return simulate_given(
        setting,
        draw_candidates(world, parameters, setting.stream, setting.newcomer_years),
        incidents,
        detail=detail,
    )


def simulate_given(
    setting: Setting, candidates: Candidates, incidents: Incidents, *, detail: bool = False
) -> Replication:
    """Run one replication with candidates and incidents that are given, not drawn.

    Args:
        setting: region, policies, parameters, draws, calendar and levers.
        candidates: in the order of their ids or any other.
        incidents: in the order of their reports, from a year before the start.
        detail: as for `simulate`.
    """
    actions = plan_actions(incidents, setting.table, setting.parameters, setting.left_s)
    actions.used[incidents.reported_s < 0] = False
    subjects = draw_subjects(incidents, setting.parameters, setting.stream)
    circles, past = _alerts_in_time(setting, incidents, actions)
    region = _begin(setting, candidates, incidents, subjects, actions, circles, past)
    course = _Course(setting, region, past, incidents, subjects, actions, detail=detail)
    del candidates
    run_timeline(
        int(region.alerts.at_s.min(initial=0)),
        _year_ends_s(setting),
        course.live_until,
        [partial(course.work_until, column) for column in range(len(setting.policies))],
        course.settle,
    )
    return _tables(setting, region, incidents, actions, course)


class _Course:
    """What happens in a replication: the people's answers, their tips, and what comes of them.

    Args:
        setting: what every stage reads.
        region: at the start.
        past: whether each alert belongs to the time before the start.
        incidents: all incidents.
        subjects: their subjects.
        actions: of all incidents under all policies.
        detail: keep who was notified.

    Attributes:
        notified: rows for `Replication.notified`; empty unless asked for.
    """

    def __init__(
        self,
        setting: Setting,
        region: Region,
        past: Bools,
        incidents: Incidents,
        subjects: Subjects,
        actions: Actions,
        *,
        detail: bool,
    ) -> None:
        self._setting, self._region, self._past, self._detail = setting, region, past, detail
        self._incidents, self._subjects, self._actions = incidents, subjects, actions
        self._public = PublicField(setting, incidents, subjects, actions)
        self._public_noticed = np.zeros(actions.used.shape)
        self._background = draw_background(
            incidents, setting.parameters, setting.longest_open_s, setting.stream
        )
        self._passed: list[int] = [0]
        self._parts: list[Tips] = []
        self.notified: list[Table] = []
        self._rooms = [self._room(column, keep=detail) for column in range(len(setting.policies))]

    def _room(self, column: int, *, keep: bool) -> ControlRoom:
        """Return the control room of a policy before the first call."""
        setting, actions = self._setting, self._actions
        levers = setting.policies[column].control_room
        factor = np.where(actions.away[:, column], levers.away_find_factor, 1.0)
        return ControlRoom(
            self._incidents,
            actions.of_policy(column),
            setting.world.area[self._incidents.municipality].astype(np.int64),
            Tips.none(),
            self._background,
            Room(levers.operators, levers.units_per_area, levers.unlimited, factor),
            setting.parameters,
            keep=keep,
        )

    def live_until(self, at_s: int) -> None:
        """Let the people live through the alerts before a moment; keep what they could tell."""
        region, setting = self._region, self._setting
        first, stop = self._passed[-1], int(np.searchsorted(region.alerts.at_s, at_s))
        self._passed.append(stop)
        region.begin_spell(at_s)
        self._parts = []
        if self._detail:
            for a in (first + np.flatnonzero(~self._past[first:stop])).tolist():
                n = region.pass_alerts(a, a + 1, everybody=True)
                rows = notified_rows(region, a, n, self._incidents, setting.policies)
                self.notified.append(rows)
        else:
            region.pass_alerts(first, stop)
        informants = region.take(first, stop)
        named = attending_people(setting, informants, region.alerts, self._actions)
        self._keep(named)
        own = first + np.flatnonzero(~self._past[first:stop])
        alerts = Alerts._make(values[own] for values in region.alerts)
        shares = self._public.reach(alerts)
        audience = self._public.audience(alerts, shares)
        np.add.at(self._public_noticed, alerts.incident, audience)
        others = self._public.attending(alerts, shares)
        if others is not None:
            self._keep(others)

    def _keep(self, people: Attending) -> None:
        self._parts.append(potential_tips(self._setting, people, self._incidents, self._subjects))

    def work_until(self, column: int, at_s: int) -> None:
        """Let the control room of a policy take the new tips and work until a moment."""
        own = [part.take(np.flatnonzero(part.policy == column)) for part in self._parts]
        room = self._rooms[column]
        room.take(Tips.stacked(own), at_s)
        room.advance(at_s)

    def settle(self) -> None:
        """Count who noticed while the actions of the spell before were open: by now their closing
        messages are out.
        """
        closed = np.stack([room.closed_s() for room in self._rooms], axis=1)
        self._region.count_noticed(closed, self._passed[-2])

    def runs(self) -> list[PolicyRun]:
        """Return what happened under each policy, to the last event."""
        endings = [room.run() for room in self._rooms]
        closed = np.stack([ending.closed_s for ending in endings], axis=1)
        self._region.count_noticed(closed, self._passed[-1])
        counts = self._region.counts()
        return [
            PolicyRun(
                policy.name,
                j,
                ending,
                {name: values[:, j] for name, values in counts.items()},
                self._public_noticed[:, j],
            )
            for j, (policy, ending) in enumerate(zip(self._setting.policies, endings, strict=True))
        ]


def _year_ends_s(setting: Setting) -> list[int]:
    """Return the ends of the years of the study and of the time after it.

    A year of alerts sets off what fits in the caches for a region and in memory for a country.
    """
    return list(range(YEAR_S, setting.last_alert_s + YEAR_S + 1, YEAR_S))


def _begin(
    setting: Setting,
    candidates: Candidates,
    incidents: Incidents,
    subjects: Subjects,
    actions: Actions,
    circles: list[Circle],
    past: Bools,
) -> Region:
    """Put the region at the start."""
    rates = register_rates(
        list(setting.policies), setting.world.grid, setting.parameters, setting.start
    )
    return Region(
        setting,
        candidates,
        incidents,
        subjects,
        actions,
        circles,
        past,
        rates.thresholds(),
        _letters(setting),
    )


def _letters(setting: Setting) -> list[Letter]:
    """Return the dated campaigns: one letter for each day on which any policy writes.

    The share of those written to who join refers to all inhabitants; only the willing answer, so
    that a willing person's probability is that share over the share of the willing.
    """
    p = setting.parameters
    planned = [[campaigns_of(policy, c) for c in setting.gm_codes] for policy in setting.policies]
    days = sorted({c.day for of_policy in planned for of_town in of_policy for c in of_town})
    join = min(p.campaign_join_share / p.willing_share, 1.0)
    letters = []
    for day in days:
        share = np.array(
            [
                [
                    _written(of_town, day) * _open(policy, day, code)
                    for of_town, code in zip(of, setting.gm_codes, strict=True)
                ]
                for of, policy in zip(planned, setting.policies, strict=True)
            ]
        )
        word = np.floor(np.minimum(share, 1.0) * join * WORD_RANGE).astype(np.int64)
        number = (day - _LETTER_EPOCH).days
        letters.append(Letter(number, date_to_s(setting.start, day), word))
    return letters


def _written(campaigns: list[Campaign], day: date) -> float:
    return sum(c.written_share for c in campaigns if c.day == day)


def _open(policy: Policy, day: date, gm_code: str) -> bool:
    """Tell whether sign-ups are processed: a letter brings nobody where they are not."""
    return policy.levers_at(day, gm_code).register_.sign_ups_processed


def _alerts_in_time(
    setting: Setting, incidents: Incidents, actions: Actions
) -> tuple[list[Circle], Bools]:
    """Return all alerts in the order of time, and whether each belongs to the time before the
    start, so that it counts for the exposure only.
    """
    everyone = np.ones(len(setting.policies), dtype=np.bool_)
    history = plan_history(incidents, setting.start, setting.gm_codes, setting.parameters)
    before = [
        (Circle(c.incident, c.alert_s, c.radius_m, everyone), True)
        for c in circles_in_order(history)
    ]
    merged = before + [(circle, False) for circle in circles_in_order(actions)]
    merged.sort(key=lambda pair: pair[0].alert_s)
    past = np.array([is_past for _, is_past in merged], dtype=np.bool_)
    return [circle for circle, _ in merged], past


def _tables(
    setting: Setting,
    region: Region,
    incidents: Incidents,
    actions: Actions,
    course: _Course,
) -> Replication:
    """Put the outcomes into tables."""
    world, policies, replication = setting.world, setting.policies, setting.stream.replication
    ledger = effort_ledger(policies, world.grid, setting.parameters, setting.start, setting.years)
    number = {code: i for i, code in enumerate(setting.gm_codes)}
    runs = course.runs()
    tables = [action_table(setting, run, incidents, actions) for run in runs]
    for run, table in zip(runs, tables, strict=True):
        towns = np.array([number[code] for code in table["gm_code"].tolist()], dtype=np.int64)
        policy = np.full(len(towns), run.column)
        ledger.add_messages(policy, table["year"] - 1, towns, table["message_cost_eur"])
    inside = np.flatnonzero((incidents.reported_s >= 0) & (incidents.reported_s < setting.end_s))
    detail = len(course.notified) > 0
    return Replication(
        actions=stack(tables),
        incidents=incident_table(setting, incidents.take(inside)),
        register=register_table(region.books(), policies, world, replication),
        costs=cost_table(ledger, policies, world, replication),
        tips=stack([tip_rows(run, incidents) for run in runs]) if detail else {},
        notified=stack(course.notified) if detail else {},
    )
