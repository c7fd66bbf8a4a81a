"""What differs between the engine and the plain model, incident by incident."""

import math

from sim.scalar import NEVER_S
from tests.reference.actions import row_of

APPROXIMATE = ("public_noticed",)
"""Expectations, not outcomes: sums in another order."""


def rows(table):
    """Return the rows of a table as dictionaries."""
    columns = {name: values.tolist() for name, values in table.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def differences(engine, name, actions, p, settled_s=NEVER_S):
    """Return (incidents compared, [what differs]) of one policy.

    Args:
        engine: the engine's replication, with detail.
        name: of the policy.
        actions: the plain model's actions.
        p: parameters.
        settled_s: incidents with a horizon after this moment are not compared.
    """
    of_case = {a.case.id: a for a in actions if a.case.horizon_s <= settled_s}
    in_engine = {row["incident_id"]: row for row in rows(_of(engine.actions, name))}
    in_study = set(engine.incidents["incident_id"].tolist())
    wanted = of_case.keys() & in_study
    settled = {c for c, row in in_engine.items() if c in of_case or _is_settled(row, settled_s)}
    found = [f"{name}: incident {c}: action of one only" for c in sorted(wanted ^ settled)]
    notified = _by_case(_of(engine.notified, name))
    tips = _by_case(_of(engine.tips, name))
    for case in sorted(wanted & settled):
        action = of_case[case]
        faults = _row_differences(in_engine[case], action, p)
        faults += _people_differences(notified.get(case, []), action)
        faults += _tip_differences(tips.get(case, []), action)
        found += [f"{name}: incident {case}: {fault}" for fault in faults]
    return len(wanted & settled), found


def book_differences(engine, name, books, gm_codes):
    """Return what differs in the register at the ends of the months counted in `books`."""
    stocks = ("registered", "good", "stale", "struck")
    flows = ("signups", "reentries", "departures", "struck_off")
    found = []
    for row in rows(_of(engine.register, name)):
        month, town = row["month"], gm_codes.index(row["gm_code"])
        if month not in books:
            continue
        mine = {stock: books[month][stock, town] for stock in stocks}
        for flow in flows:
            before = books[month - 1][flow, town] if month > 0 else 0
            mine[flow] = books[month][flow, town] - before
        found += [
            f"{name}: register, month {month}, {row['gm_code']}: {key}: engine {row[key]}, "
            f"plain {value}"
            for key, value in mine.items()
            if row[key] != value
        ]
    return found


def _is_settled(row, settled_s):
    days = 7 if row["kind"] == "missing" else 2
    return row["reported_at_s"] + days * 86_400 <= settled_s


def _of(table, name):
    mine = table["scenario"] == name
    return {column: values[mine] for column, values in table.items()}


def _by_case(table):
    found = {}
    for row in rows(table):
        found.setdefault(row["incident_id"], []).append(row)
    return found


def _row_differences(row, action, p):
    mine = {**row_of(action, p), "public_noticed": action.public_reached}
    return [
        f"{key}: engine {row[key]}, plain {value}"
        for key, value in mine.items()
        if not _same(key, row[key], value)
    ]


def _same(key, one, other):
    if key in APPROXIMATE:
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def _people_differences(engine_rows, action):
    engine = {
        r["candidate_id"]: (r["delivered_s"], r["noticed_s"], r["attends"], r["inside"])
        for r in engine_rows
    }
    plain = {
        r.person.id: (r.delivered_s, r.noticed_s, r.attends, r.inside) for r in action.recipients
    }
    return _dictionary_differences("recipient", engine, plain) + (
        ["somebody is addressed twice"] if len(engine) < len(engine_rows) else []
    )


TIP_COLUMNS = (
    "delivered_s",
    "noticed_s",
    "encounter_s",
    "call_s",
    "made",
    "lost",
    "handled_s",
    "arrival_s",
    "found",
)


def _tip_differences(engine_rows, action):
    engine = {
        (r["caller_id"], r["tip_kind"]): tuple(r[c] for c in TIP_COLUMNS) for r in engine_rows
    }
    plain = {
        (tip.caller, tip.kind): tuple(getattr(tip, c) for c in TIP_COLUMNS) for tip in action.tips
    }
    return _dictionary_differences("tip", engine, plain)


def _dictionary_differences(what, engine, plain):
    return [
        f"{what} {key}: engine {engine.get(key)}, plain {plain.get(key)}"
        for key in sorted(engine.keys() | plain.keys())
        if engine.get(key) != plain.get(key)
    ]
