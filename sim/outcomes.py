"""The tables of one replication: one row for each action, incident, month and cost, as a
dictionary of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.actions import Actions
from sim.categories import CATEGORIES, KIND_NAMES
from sim.control_room import Ending
from sim.costs import LEDGER_TASKS, Ledger
from sim.draws import Floats, Ints
from sim.incidents import CAUSES, NONE, PARTICIPANT, POLICE, Incidents
from sim.levers import LeverTable
from sim.policy import PAYERS, Policy
from sim.region import MonthlyCounts
from sim.register import FLOWS, STOCKS
from sim.setting import Setting
from sim.world import World

Table: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Replication:
    """Everything that one replication yields under every policy; each table is a dictionary of
    equally long columns.

    Attributes:
        actions: one row for each incident that became an action, per policy.
        incidents: one row for each eligible incident, with its end without an alert.
        register: one row for each policy, month and municipality.
        costs: one row for each policy, year, municipality, payer and task that costs anything.
        tips: one row for each potential tip, only when asked for.
        notified: who was addressed and when each noticed, only when asked for.
    """

    actions: Table
    incidents: Table
    register: Table
    costs: Table
    tips: Table = field(default_factory=dict)
    notified: Table = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = {
            name: len(next(iter(table.values()), []))
            for name in self.__slots__
            if (table := getattr(self, name))
        }
        return "Replication(" + ", ".join(f"{n:,} {name}" for name, n in rows.items()) + ")"


def study_year(at_s: Ints, year_starts_s: Ints) -> Ints:
    """Return the study year of each moment, from 1."""
    return np.asarray(np.searchsorted(year_starts_s, at_s, side="right"))


def incident_table(setting: Setting, incidents: Incidents) -> Table:
    """Return the eligible incidents of the study's years."""
    world, replication, year_starts_s = (
        setting.world,
        setting.stream.replication,
        setting.year_starts_s,
    )
    codes = np.array([m.gm_code for m in world.grid.municipalities])
    return {
        **_stamp(len(incidents), replication),
        "incident_id": incidents.id,
        "kind": np.array(KIND_NAMES)[incidents.kind],
        "category": np.array([c.name for c in CATEGORIES])[incidents.category],
        "gm_code": codes[incidents.municipality],
        "reported_at_s": incidents.reported_s,
        "year": study_year(incidents.reported_s, year_starts_s),
        "urban": incidents.urban,
        "last_seen_s": incidents.last_seen_s,
        "alert_delay_s": incidents.alert_delay_s,
        "eligible": np.ones(len(incidents), dtype=np.bool_),
        "use_threshold": incidents.use_level,
        "counterfactual_cause": np.array(CAUSES)[incidents.counterfactual_cause],
        "counterfactual_minutes_to_end": (incidents.counterfactual_s - incidents.reported_s)
        / 60.0,
    }


def _stamp(n: int, replication: int, scenario: str | None = None) -> Table:
    stamp: Table = {} if scenario is None else {"scenario": np.full(n, scenario)}
    return {
        **stamp,
        "replication": np.full(n, replication),
        "parameter_draw": np.zeros(n, dtype=np.int64),
    }


@dataclass(frozen=True, slots=True)
class PolicyRun:
    """What happened under one policy.

    Attributes:
        name: of the policy.
        column: number of the policy.
        ending: how everything ended.
        counts: `sim.alerts.COUNTS`, messages by channel and `noticed_while_open`, each by
        incident.
        public_noticed: members of the public reached, expected, by incident.
    """

    name: str
    column: int
    ending: Ending
    counts: dict[str, Ints]
    public_noticed: Floats


def action_table(
    setting: Setting, run: PolicyRun, incidents: Incidents, actions: Actions
) -> Table:
    """Return one row for each action of a policy that was reported within the study's years."""
    j, ending = run.column, run.ending
    inside = (incidents.reported_s >= 0) & (incidents.reported_s < setting.end_s)
    rows = np.flatnonzero(actions.used[:, j] & inside)
    some = incidents.take(rows)
    n = len(rows)
    end, cause = ending.end_s[rows], ending.cause[rows]
    before, before_cause = some.counterfactual_s, some.counterfactual_cause
    helped = ending.true_handled[rows] > 0
    direct = cause == PARTICIPANT
    tallies = ending.tallies
    alert_s = actions.alert_s[rows, j]
    base = incident_table(setting, some)
    return {
        **_stamp(n, setting.stream.replication, run.name),
        **{name: base[name] for name in ("incident_id", "kind", "category", "gm_code")},
        "alert_at_s": alert_s,
        "radius_m": actions.radius_m[rows, j],
        **{
            name: run.counts[name][rows]
            for name in ("recipients", "delivered", "noticed", "noticed_10min")
        },
        **{
            name: run.counts[name][rows]
            for name in ("noticed_while_open", "noticed_in_area", "attending", "searching")
        },
        "true_tips": tallies["true_tips"][rows],
        "false_tips": tallies["false_tips"][rows],
        "cause": np.array(CAUSES)[cause],
        "direct": direct,
        "contributed": helped & ~direct,
        "contributed_strict": helped & (cause == POLICE),
        "minutes_to_end": (end - some.reported_s) / 60.0,
        "counterfactual_cause": base["counterfactual_cause"],
        "counterfactual_minutes_to_end": base["counterfactual_minutes_to_end"],
        "hours_saved": (before - end) / 3600.0,
        "found_only_by_alert": (before_cause == NONE) & (cause != NONE),
        "message_cost_eur": message_cost_eur(run.counts, ending, actions, setting.table, j)[rows],
        "reported_at_s": some.reported_s,
        "year": base["year"],
        "urban": some.urban,
        "open_s": ending.closed_s[rows] - alert_s,
        "operators": np.full(n, setting.policies[j].control_room.operators),
        "operator_busy_s": ending.operator_s[rows],
        **{
            name: tallies[name][rows]
            for name in ("calls_handled", "calls_lost", "unit_s", "unit_s_on_false_tips")
        },
        "messages_sms": run.counts["messages_sms"][rows],
        "messages_voice": run.counts["messages_voice"][rows],
        "public_noticed": run.public_noticed[rows],
    }


def message_cost_eur(
    counts: dict[str, Ints], ending: Ending, actions: Actions, table: LeverTable, column: int
) -> Floats:
    """Return the cost of first and closing messages of each incident in euros.

    The closing message goes to everybody whose first message had gone out by then: with a gateway
    of r messages a second those at places below r times the seconds it was open, with L lines of c
    seconds those of the started rounds of calls.
    """
    levers = actions.levers[:, column]
    open_s = np.maximum(ending.closed_s - actions.alert_s[:, column], 0)
    rate = table.values(
        lambda v: (
            np.inf
            if v.channels.sms.messages_per_second is None
            else v.channels.sms.messages_per_second
        ),
        np.float64,
    )
    lines = table.values(
        lambda v: 0 if v.channels.voice.lines is None else v.channels.voice.lines, np.int64
    )[levers]
    call_s = table.values(lambda v: v.channels.voice.call_s, np.int64)[levers]
    text_price = table.values(lambda v: v.channels.sms.price_eur, np.float64)[levers]
    voice_price = table.values(lambda v: v.channels.voice.price_eur, np.float64)[levers]
    texts, calls = counts["messages_sms"], counts["messages_voice"]
    with np.errstate(invalid="ignore"):
        sent = np.where(open_s > 0, np.ceil(open_s * rate[levers]), 0.0)
    closed_texts = np.minimum(texts, sent)
    rounds = -(-open_s // call_s)
    closed_calls = np.where(
        lines > 0, np.minimum(calls, lines * rounds), np.where(open_s > 0, calls, 0)
    )
    return np.asarray((texts + closed_texts) * text_price + (calls + closed_calls) * voice_price)


def register_table(
    books: MonthlyCounts, policies: Sequence[Policy], world: World, replication: int
) -> Table:
    """Return one row for each policy, month and municipality; month 0 is the start."""
    codes = np.array([m.gm_code for m in world.grid.municipalities])
    months, n_policies, n_towns = len(books.app_users), len(policies), len(codes)
    # From [month, measure, policy, municipality] to rows by policy, month, municipality.
    shape = (n_policies, months, n_towns)
    rows = n_policies * months * n_towns
    stock = {
        name: np.moveaxis(books.stocks[:, k], 0, 1).reshape(rows) for k, name in enumerate(STOCKS)
    }
    flow = {
        name: np.moveaxis(books.flows[:, k], 0, 1).reshape(rows) for k, name in enumerate(FLOWS)
    }
    names = np.array([policy.name for policy in policies])
    return {
        "scenario": np.broadcast_to(names[:, None, None], shape).reshape(rows),
        **_stamp(rows, replication),
        "month": np.broadcast_to(np.arange(months)[None, :, None], shape).reshape(rows),
        "gm_code": np.broadcast_to(codes[None, None, :], shape).reshape(rows),
        **stock,
        "app_users": np.moveaxis(books.app_users, 0, 1).reshape(rows),
        **flow,
    }


def cost_table(
    ledger: Ledger, policies: Sequence[Policy], world: World, replication: int
) -> Table:
    """Return one row for each policy, year, municipality, payer and task that costs anything."""
    policy, year, town, payer, task = np.nonzero(ledger.eur)
    codes = np.array([m.gm_code for m in world.grid.municipalities])
    return {
        "scenario": np.array([p.name for p in policies])[policy],
        **_stamp(len(policy), replication),
        "year": year + 1,
        "gm_code": codes[town],
        "payer": np.array(PAYERS)[payer],
        "task": np.array(LEDGER_TASKS)[task],
        "eur": ledger.eur[policy, year, town, payer, task],
    }


def stack(tables: Sequence[Table]) -> Table:
    """Put tables with the same columns under each other."""
    return (
        {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        if tables
        else {}
    )
