"""The tables of a run: their columns with types, units and meanings, and their dictionary."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from numpy.typing import NDArray

Columns: TypeAlias = Mapping[str, NDArray[Any]]
"""One table as equally long columns, as the model hands it over."""


class Column(NamedTuple):
    """One column of a table; `unit` is empty where there is none."""

    name: str
    type: Literal["text", "flag", "int32", "int64", "float64"]
    unit: str
    meaning: str


_SCENARIO = Column("scenario", "text", "", "name of the policy (the memo calls it a scenario)")
_REPLICATION = Column(
    "replication", "int32", "", "number of the replication, from 0; all policies share its draws"
)
_DRAW = Column("parameter_draw", "int32", "", "which draw of the uncertain parameters")
_INCIDENT = (
    Column(
        "incident_id",
        "int64",
        "",
        "number of the incident within its replication, the same under every policy",
    ),
    Column("kind", "text", "", "missing, robbery or theft"),
    Column("category", "text", "", "category of the missing person, or mode of flight"),
    Column("gm_code", "text", "", "municipality of the last-known point"),
)
_COUNTERFACTUAL = (
    Column(
        "counterfactual_cause",
        "text",
        "",
        "police, own_return or none: how it would have ended without an action",
    ),
    Column(
        "counterfactual_minutes_to_end",
        "float64",
        "min",
        "from the report; the incident's horizon where none",
    ),
)
_PEOPLE = (
    ("recipients", "people to whom a message was sent"),
    ("delivered", "people whom the message reached"),
    ("noticed", "people who noticed it within 60 minutes of the alert"),
    ("noticed_10min", "people who noticed it within 10 minutes of the alert"),
    ("noticed_while_open", "people who noticed it while the action was open"),
    ("noticed_in_area", "people who noticed it and were inside the circle"),
    ("attending", "people who looked out for the subject"),
    ("searching", "people who went out to search"),
)

ACTIONS = (
    _SCENARIO,
    _REPLICATION,
    _DRAW,
    *_INCIDENT,
    Column("alert_at_s", "int64", "s", "alert, since the start of the study"),
    Column("radius_m", "float64", "m", "radius of the circle"),
    *(Column(name, "int32", "people", meaning) for name, meaning in _PEOPLE),
    Column("true_tips", "int32", "tips", "calls about the subject"),
    Column("false_tips", "int32", "tips", "calls about somebody or something else"),
    Column("cause", "text", "", "participant, police, own_return or none: how the incident ended"),
    Column("direct", "flag", "", "found through a participant"),
    Column("contributed", "flag", "", "a true tip was handled before another cause ended it"),
    Column("contributed_strict", "flag", "", "the police ended it after a handled true tip"),
    Column("minutes_to_end", "float64", "min", "from the report"),
    *_COUNTERFACTUAL,
    Column(
        "hours_saved", "float64", "h", "counterfactual end minus end; 0 when it was not earlier"
    ),
    Column(
        "found_only_by_alert",
        "flag",
        "",
        "found, while the counterfactual has no end within the horizon",
    ),
    Column("message_cost_eur", "float64", "EUR", "cost of the messages of this action"),
    Column("reported_at_s", "int64", "s", "report, since the start of the study"),
    Column("year", "int32", "study year", "study year of the report, from 1"),
    Column("urban", "flag", "", "last-known point in a cell of urbanity 1-3"),
    Column("open_s", "int64", "s", "how long the action was open"),
    Column("operators", "int32", "people", "operators who took calls"),
    Column(
        "operator_busy_s", "float64", "s", "operator time spent on calls while the action was open"
    ),
    Column("calls_handled", "int32", "calls", "calls that an operator took"),
    Column("calls_lost", "int32", "calls", "calls given up in the queue"),
    Column("unit_s", "float64", "s", "time of police units on tips"),
    Column("unit_s_on_false_tips", "float64", "s", "time of police units on false tips"),
    Column("messages_sms", "int32", "messages", "text messages sent, closing messages included"),
    Column(
        "messages_voice", "int32", "messages", "spoken messages sent, closing messages included"
    ),
    Column(
        "public_noticed",
        "float64",
        "people",
        "residents outside register and app who noticed a public message",
    ),
)
INCIDENTS = (
    _REPLICATION,
    _DRAW,
    *_INCIDENT,
    Column("reported_at_s", "int64", "s", "report, since the start of the study"),
    Column("year", "int32", "study year", "study year of the report, from 1"),
    Column("urban", "flag", "", "last-known point in a cell of urbanity 1-3"),
    Column(
        "last_seen_s",
        "int64",
        "s",
        "last seen, since the start of the study (negative: before it)",
    ),
    Column("alert_delay_s", "int64", "s", "from report to alert under the present control room"),
    Column("eligible", "flag", "", "could become an action"),
    Column(
        "use_threshold",
        "float64",
        "share",
        "becomes an action where operator_use exceeds it, if it has not ended",
    ),
    *_COUNTERFACTUAL,
)
REGISTER = (
    _SCENARIO,
    _REPLICATION,
    _DRAW,
    Column("month", "int32", "month", "0 at the start of the study, then the end of each month"),
    Column("gm_code", "text", "", "municipality"),
    Column("registered", "int32", "people", "registered: good plus stale minus struck"),
    Column("good", "int32", "people", "registered, and the contact data reach them"),
    Column("stale", "int32", "people", "registered with contact data that no longer reach them"),
    Column("struck", "int32", "people", "stale records that relation management struck off"),
    Column("app_users", "int32", "people", "users of the app, registered or not"),
    Column("signups", "int32", "people", "signed up for the first time during the month"),
    Column("reentries", "int32", "people", "signed up again during the month"),
    Column("departures", "int32", "people", "left the register during the month"),
    Column("struck_off", "int32", "people", "records struck off during the month"),
)
COSTS = (
    _SCENARIO,
    _REPLICATION,
    _DRAW,
    Column("year", "int32", "study year", "study year, from 1"),
    Column("gm_code", "text", "", "municipality that the cost is for"),
    Column("payer", "text", "", "municipality, region or police"),
    Column(
        "task",
        "text",
        "",
        "one of the memo's three tasks, or messages, campaign, transition, ending",
    ),
    Column("eur", "float64", "EUR", "cost"),
)
SUMMARY = (
    _SCENARIO,
    Column(
        "year", "int32", "study year", "study year (July to June) from 1; 0 is the whole horizon"
    ),
    Column("gm_code", "text", "", "municipality, all, urban or rural"),
    Column("kind", "text", "", "missing, robbery, theft or all"),
    Column("measure", "text", "", "name of the measure; its unit stands in the name"),
    Column("mean", "float64", "as the measure", "mean over the replications"),
    Column(
        "low",
        "float64",
        "as the measure",
        "lower end of the interval; empty where it cannot be estimated",
    ),
    Column(
        "high",
        "float64",
        "as the measure",
        "upper end of the interval; empty where it cannot be estimated",
    ),
    Column("interval", "text", "", "monte_carlo: error of the finite number of replications"),
    Column("level", "float64", "share", "confidence level of the interval"),
    Column("n", "int32", "replications", "replications in which the measure is defined"),
)
DIFFERENCES = (
    *SUMMARY,
    Column("reference", "text", "", "the policy that is subtracted"),
    Column(
        "share_positive",
        "float64",
        "share",
        "share of replications in which the difference is above zero",
    ),
    Column(
        "variance_reduction",
        "float64",
        "ratio",
        "variance with independent seeds over variance with shared draws: independent seeds would "
        "need so many times as many replications",
    ),
    Column(
        "variance_reduction_low",
        "float64",
        "ratio",
        "lower end of its interval, exact for normal values",
    ),
    Column(
        "variance_reduction_high",
        "float64",
        "ratio",
        "upper end of its interval, exact for normal values",
    ),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "actions": ACTIONS, "incidents": INCIDENTS, "register": REGISTER, "costs": COSTS,
    "summary": SUMMARY, "differences": DIFFERENCES,
}  # fmt: skip
MODEL_TABLES = ("actions", "incidents", "register", "costs")
"""The tables that the model fills; the other two are worked out from them."""
POLICY_TABLES = ("actions", "register", "costs")
"""The tables with rows of one policy; incidents are the same under all."""
SORT_KEYS: dict[str, tuple[str, ...]] = {
    "actions": ("incident_id",),
    "incidents": ("incident_id",),
    "register": ("month", "gm_code"),
    "costs": ("year", "gm_code", "payer", "task"),
}
"""Order of the rows within one policy and replication."""


def guard(text: str) -> str:
    """Return a text cell that a spreadsheet will not run as a formula (OWASP, CSV injection)."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def dictionary_csv() -> str:
    """Return the dictionary of all tables as CSV: table, column, type, unit, meaning."""
    import csv

    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(("table", "column", "type", "unit", "meaning"))
    for table, columns in TABLES.items():
        for column in columns:
            writer.writerow((table, *(guard(cell) for cell in column)))
    return sink.getvalue()
