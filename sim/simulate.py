"""The one entry to the model: all policies of one replication over one set of draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from sim.actions import Actions, Circle, alert_groups, circles_in_order, plan_actions
from sim.alerts import Recipients, reach
from sim.candidates import Candidates, draw_candidates
from sim.clock import DAY_S, YEAR_S, Calendar, add_years, build_calendar, date_to_s, month_starts
from sim.control_room import Background, ControlRoom, Ending, Room, draw_background
from sim.costs import campaigns_of, effort_ledger
from sim.draws import NEVER_S, WORD_RANGE, Bools, Floats, Ints, Stream
from sim.effort import register_rates
from sim.errors import InputError
from sim.exposure import Exposure
from sim.grid import CellIndex
from sim.incidents import HORIZON_S, LONGEST_ALERT_DELAY_S, Incidents, draw_incidents
from sim.levers import LeverTable
from sim.outcomes import (
    PolicyRun,
    Replication,
    Table,
    action_table,
    cost_table,
    empty_counts,
    incident_table,
    register_table,
    stack,
)
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR, Policy
from sim.public import PublicAlerts, audience_mean, channel_reach, possible_informants, residents
from sim.register import Letter, Register, app_share, draw_events
from sim.response import NoticeTimes, attending_people, count_response, notice_times
from sim.subjects import Subjects, draw_subjects
from sim.sweep import AppCurve, Chunk, Sweep
from sim.tips import Tips, potential_tips
from sim.world import World

HISTORY_DAYS = 372
"""Days before the start for which incidents are drawn: the exposure of the first day looks a year back."""
_LEVER_DELAY_S = 2 * 240 * 60
_TAIL_S = max(HORIZON_S.values()) + LONGEST_ALERT_DELAY_S + _LEVER_DELAY_S
"""Incidents are drawn this long past the end: they may compete with earlier ones for operators, units and attention."""
_APP_BASE_DAY = date(2014, 11, 1)


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
        detail: keep every potential tip and everybody notified (for tests and explanations; memory).

    Returns:
        The tables of the replication.

    Raises:
        InputError: if policies share a name or there are none, or their rates exceed the rate of the marks.
    """
    faults = []
    if not policies:
        faults.append("policies: there must be at least one")
    if len({policy.name for policy in policies}) < len(policies):
        faults.append("policies: two of them share a name")
    if not 1 <= years <= 40:
        faults.append(f"years: {years} is not in 1..40")
    if faults:
        raise InputError("\n".join(faults))
    return _Run(world, tuple(policies), parameters, Stream(seed, replication), start, years, detail).result()


@lru_cache(maxsize=4)
def _calendar(start: date, days_after: int) -> Calendar:
    return build_calendar(start, HISTORY_DAYS + 4, days_after)


@dataclass(slots=True)
class _Collected:
    """What the chunks leave behind.

    Attributes:
        counts: response by [incident, policy].
        public: people reached in public by [incident, policy], expected.
        notices: alerts of a chunk with the moments of noticing.
        tips: potential tips.
        notified: rows for `Replication.notified`.
    """

    counts: dict[str, Ints]
    public: Floats
    notices: list[NoticeTimes]
    tips: list[Tips]
    notified: list[Table]


class _Run:
    """One replication, from draws to tables."""

    def __init__(
        self, world: World, policies: tuple[Policy, ...], parameters: Parameters, stream: Stream, start: date, years: int,
        detail: bool,
    ) -> None:
        self.world, self.policies, self.parameters, self.stream = world, policies, parameters, stream
        self.start, self.years, self.detail = start, years, detail
        self.end_s = date_to_s(start, add_years(start, years))
        self.until_s = self.end_s + _TAIL_S
        self.last_alert_s = self.until_s + LONGEST_ALERT_DELAY_S + _LEVER_DELAY_S
        self.calendar = _calendar(start, self.last_alert_s // DAY_S + 3)
        self.codes = [m.gm_code for m in world.grid.municipalities]
        self.table = LeverTable.of(policies, self.codes, start)
        self.year_starts_s = np.array([date_to_s(start, add_years(start, y)) for y in range(years)], dtype=np.int64)

    def result(self) -> Replication:
        """Run everything."""
        incidents = draw_incidents(self.world, self.calendar, self.parameters, self.stream, self.until_s)
        candidates = draw_candidates(self.world, self.parameters, self.stream, self.last_alert_s // YEAR_S + 1)
        return self.with_given(candidates, incidents)

    def with_given(self, candidates: Candidates, incidents: Incidents) -> Replication:
        """Run everything after the drawing of candidates and incidents."""
        history = plan_history(incidents, self.start, self.codes, self.parameters)
        actions = plan_actions(incidents, self.table, self.parameters, self._left_s())
        actions.used[incidents.reported_s < 0] = False
        subjects = draw_subjects(incidents, self.parameters, self.stream)
        sweep = self._sweep(candidates, incidents, actions)
        circles = [(c, False) for c in circles_in_order(actions)]
        everyone = np.ones(len(self.policies), dtype=np.bool_)
        past = [(Circle(c.incident, c.alert_s, c.radius_m, everyone), True) for c in circles_in_order(history)]
        merged = sorted(past + circles, key=lambda pair: pair[0].alert_s)
        kept = self._follow(sweep, merged, candidates, incidents, subjects, actions)
        return self._tables(sweep, incidents, actions, kept)

    def _left_s(self) -> Ints:
        days = [policy.control_room.leaves_twente_on for policy in self.policies]
        return np.array([NEVER_S if d is None else date_to_s(self.start, d) for d in days], dtype=np.int64)

    def _sweep(self, candidates: Candidates, incidents: Incidents, actions: Actions) -> Sweep:
        p, n_towns = self.parameters, len(self.codes)
        thresholds = register_rates(list(self.policies), self.world.grid, p, self.start).thresholds()
        letters = self._letters()
        events = draw_events(candidates, letters, p.campaign_weeks, self.last_alert_s, self.stream)
        register = Register(candidates, events, thresholds, letters, p.stale_share_at_start, n_towns)
        exposure = Exposure(alert_groups(actions), len(candidates))
        ends = [date_to_s(self.start, day) for day in month_starts(self.start, 12 * self.years)[1:]]
        return Sweep(
            candidates, register, exposure, self._app_curve(), self.table, self.calendar, incidents,
            np.array(ends, dtype=np.int64), n_towns,
        )

    def _letters(self) -> list[Letter]:
        """Return the dated campaigns of all policies; one letter for each day on which any policy writes."""
        planned = [[campaigns_of(policy, code) for code in self.codes] for policy in self.policies]
        days = sorted({c.day for of_policy in planned for of_town in of_policy for c in of_town})
        join = min(self.parameters.campaign_join_share / self.parameters.willing_share, 1.0)
        letters = []
        for day in days:
            share = [[sum(c.written_share for c in towns if c.day == day) for towns in of] for of in planned]
            word = np.floor(np.minimum(np.array(share), 1.0) * join * WORD_RANGE).astype(np.int64)
            letters.append(Letter((day - date(2000, 1, 1)).days, date_to_s(self.start, day), word))
        return letters

    def _app_curve(self) -> AppCurve:
        p = self.parameters
        at_s = np.arange(-YEAR_S, self.last_alert_s + 30 * DAY_S, 30 * DAY_S, dtype=np.float64)
        years = (at_s - date_to_s(self.start, _APP_BASE_DAY)) / YEAR_S
        return AppCurve(at_s, app_share(years, p.app_share_limit, p.app_share_2014, p.app_growth_rate))

    def _follow(
        self, sweep: Sweep, merged: list[tuple[Circle, bool]], candidates: Candidates, incidents: Incidents,
        subjects: Subjects, actions: Actions,
    ) -> _Collected:
        """Go through all alerts and collect what the people do."""
        n, p = len(incidents), len(self.policies)
        kept = _Collected(empty_counts(n, p), np.zeros((n, p)), [], [], [])
        past = {i for i, (_, before) in enumerate(merged) if before}
        publicly = _Public(self, incidents, subjects, actions)
        longest_s = int(60.0 * self.parameters.open_minutes_high * LONGEST_OPEN_FACTOR) + 1
        for chunk in sweep.run([c for c, _ in merged], past, actions.levers):
            people = self._reach(chunk, candidates, incidents, actions)
            where = np.array([c.incident for c in chunk.circles])
            for name, count in count_response(people, len(chunk.circles)).items():
                kept.counts[name][where[:, None], chunk.columns] += count
            kept.notices.append(notice_times(people, chunk.circles, chunk.columns, longest_s))
            dark = ~self.calendar.is_day(np.array([c.alert_s for c in chunk.circles], dtype=np.int64))
            attending = attending_people(
                people, chunk.circles, chunk.columns, actions, incidents, dark, self.stream
            )
            kept.tips.append(potential_tips(attending, incidents, subjects, self.world, self.parameters, self.stream))
            publicly.add(chunk, dark, kept)
            if self.detail:
                kept.notified.append(_notified(people, chunk, incidents, self.policies))
        return kept

    def _reach(self, chunk: Chunk, candidates: Candidates, incidents: Incidents, actions: Actions) -> Recipients:
        where = np.array([c.incident for c in chunk.circles])
        return reach(
            chunk.selection, chunk.circles, actions.levers[where][:, chunk.columns], np.stack([incidents.x_dm[where], incidents.y_dm[where]]),
            chunk.shares, candidates, self.world, self.calendar, self.table, self.parameters, self.stream, incidents.id[where],
        )

    def _tables(self, sweep: Sweep, incidents: Incidents, actions: Actions, kept: _Collected) -> Replication:
        p, replication = self.parameters, self.stream.replication
        ledger = effort_ledger(self.policies, self.world.grid, p, self.start, self.years)
        longest_s = int(60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR)
        background = draw_background(incidents, p, longest_s, self.stream)
        tips = Tips.joined(kept.tips) if kept.tips else None
        runs = [self._run_policy(j, incidents, actions, tips, background, kept) for j in range(len(self.policies))]
        _count_while_open(runs, actions, kept.notices)
        tables = []
        for run, policy in zip(runs, self.policies, strict=True):
            table = action_table(
                run, incidents, actions, self.table, self.world, replication, self.year_starts_s, self.end_s,
                policy.control_room.operators,
            )
            towns = np.array([self.codes.index(code) for code in table["gm_code"].tolist()], dtype=np.int64)
            ledger.add_messages(np.full(len(towns), run.column), table["year"] - 1, towns, table["message_cost_eur"])
            tables.append(table)
        inside = np.flatnonzero((incidents.reported_s >= 0) & (incidents.reported_s < self.end_s))
        return Replication(
            actions=stack(tables),
            incidents=incident_table(incidents.take(inside), self.world, replication, self.year_starts_s),
            register=register_table(sweep.counts(), self.policies, self.world, replication),
            costs=cost_table(ledger, self.policies, self.world, replication),
            tips=stack([_tip_rows(run, incidents) for run in runs]) if self.detail else {},
            notified=stack(kept.notified) if self.detail else {},
        )

    def _run_policy(
        self, j: int, incidents: Incidents, actions: Actions, tips: Tips | None, background: Background, kept: _Collected
    ) -> PolicyRun:
        levers = self.policies[j].control_room
        own = no_tips() if tips is None else tips.take(np.flatnonzero(tips.policy == j))
        factor = np.where(actions.away[:, j], levers.away_find_factor, 1.0)
        room = Room(levers.operators, levers.units_per_area, levers.unlimited, factor)
        ending: Ending = ControlRoom(
            incidents, actions.used[:, j], actions.alert_s[:, j], actions.planned_close_s[:, j],
            self.world.area[incidents.municipality], own, background, room, self.parameters,
        ).run()
        counts = {name: values[:, j] for name, values in kept.counts.items()}
        return PolicyRun(self.policies[j].name, j, own, ending, counts, kept.public[:, j])


class _Public:
    """The public channels of a run; idle where no policy uses one."""

    def __init__(self, run: _Run, incidents: Incidents, subjects: Subjects, actions: Actions) -> None:
        self._run, self._incidents, self._subjects, self._actions = run, incidents, subjects, actions
        self._index = CellIndex.of(run.world.grid)
        self._people = residents(run.world.grid, run.parameters)
        self._start_years = (run.start - date(2015, 1, 1)).days / 365.25

    def add(self, chunk: Chunk, dark: Bools, kept: _Collected) -> None:
        """Add what the public does in the alerts of a chunk."""
        run, circles, columns = self._run, chunk.circles, chunk.columns
        incident = np.array([c.incident for c in circles])
        alert_s = np.array([c.alert_s for c in circles], dtype=np.int64)
        alerts = PublicAlerts(
            incident, alert_s, np.array([c.radius_m for c in circles]), columns, self._actions.levers[incident][:, columns],
            self._actions.planned_close_s[incident][:, columns] - alert_s[:, None], dark,
        )
        share = channel_reach(alerts, self._incidents, run.table, run.parameters, self._start_years)
        if share.max() <= 0.0:
            return
        centre = np.stack([self._incidents.x_dm[incident], self._incidents.y_dm[incident]])
        mean = audience_mean(alerts, run.world.grid, self._index, self._people, share, centre)
        kept.public[incident[:, None], columns] += mean
        informants = possible_informants(
            alerts, share, self._start_years, self._incidents, self._subjects, run.world, self._index, self._people,
            run.calendar, run.parameters, run.stream,
        )
        if informants is not None:
            kept.tips.append(
                potential_tips(informants, self._incidents, self._subjects, run.world, run.parameters, run.stream)
            )


def plan_history(incidents: Incidents, start: date, codes: list[str], parameters: Parameters) -> Actions:
    """Return the actions before the start, under the present agreements whatever the policy."""
    table = LeverTable.of([Policy(name="history")], codes, start)
    actions = plan_actions(incidents, table, parameters, np.array([NEVER_S], dtype=np.int64))
    actions.used[incidents.reported_s >= 0] = False
    return actions


def no_tips() -> Tips:
    """Return a table of no tips."""
    zero = np.zeros(0, dtype=np.int64)
    return Tips(*[zero] * 12, dispatched=np.zeros(0, dtype=np.bool_), find_level=np.zeros(0))


def _count_while_open(runs: list[PolicyRun], actions: Actions, notices: list[NoticeTimes]) -> None:
    """Count who noticed before the closing message, now that it is known when that went out."""
    closed = np.stack([run.ending.closed_s for run in runs], axis=1)
    open_ = np.zeros(closed.shape, dtype=np.int64)
    for times in notices:
        incident = np.array([c.incident for c in times.circles])
        alert_s = np.array([c.alert_s for c in times.circles], dtype=np.int64)
        close_s = closed[incident][:, times.columns] - alert_s[:, None]
        open_[incident[:, None], times.columns] += times.count_before(close_s)
    for run in runs:
        run.counts["noticed_while_open"] = open_[:, run.column]


def _notified(people: Recipients, chunk: Chunk, incidents: Incidents, policies: tuple[Policy, ...]) -> Table:
    row, policy = np.nonzero(people.addressed)
    incident = np.array([c.incident for c in chunk.circles])[people.circle[row]]
    alert_s = np.array([c.alert_s for c in chunk.circles], dtype=np.int64)[people.circle[row]]

    def moment(after: Ints) -> Ints:
        value = after[row, policy]
        return np.where(value < NEVER_S, alert_s + value, NEVER_S)

    return {
        "scenario": np.array([p.name for p in policies])[chunk.columns[policy]],
        "incident_id": incidents.id[incident],
        "candidate_id": people.person_id[row],
        "delivered_s": moment(people.delivered_s),
        "noticed_s": moment(people.noticed_s),
        "attends": people.attends[row, policy],
        "inside": people.inside[row],
    }


def _tip_rows(run: PolicyRun, incidents: Incidents) -> Table:
    tips, ending = run.tips, run.ending
    return {
        "scenario": np.full(len(tips), run.name),
        "incident_id": incidents.id[tips.incident],
        "caller_id": tips.caller,
        "tip_kind": tips.kind,
        **{name: getattr(tips, name) for name in ("delivered_s", "noticed_s", "encounter_s", "call_s")},
        "made": ending.made,
        "lost": ending.lost,
        "handled_s": ending.handled_s,
        "arrival_s": ending.arrival_s,
        "found": ending.found,
    }
