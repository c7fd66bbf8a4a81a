"""A stand-in for the model: the right columns and plausible figures, without a world.

Nothing here says anything about Burgernet. Incidents and their uniforms are shared by all policies
of a replication, so that paired comparisons behave as those of the model do.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from experiments.engine.runner import municipalities, run_study
from experiments.engine.workers import Model
from experiments.study import ROOT, LoadedStudy, Study
from sim.parameters import Parameters
from sim.policy import Policy

TOWNS = municipalities(ROOT / "data" / "twente_grid")
GM_CODES = [town["gm_code"] for town in TOWNS]
URBAN = ("GM0141", "GM0147", "GM0153", "GM0158", "GM0164", "GM0173", "GM1742")
POPULATION = np.array([town["inhabitants"] for town in TOWNS])
WEIGHTS = POPULATION / POPULATION.sum()
ATTEND_SHARE = 0.25
HORIZON_MINUTES = 4 * 24 * 60.0
GROWTH_PER_YEAR = {
    "current_agreements": 0.00,
    "each_municipality": 0.03,
    "regional_basic": 0.02,
    "regional_plus": 0.05,
    "frozen": -0.10,
    "frozen_with_app": -0.08,
    "lean": -0.03,
    "stop": -0.50,
    "hosted_by_one": 0.04,
    "used_as_nationally": 0.00,
}
SHARED = (
    *("incident_id", "kind", "category", "gm_code", "reported_at_s", "year", "urban"),
    *("counterfactual_cause", "counterfactual_minutes_to_end"),
)
USE = {"stop": 0.0, "used_as_nationally": 0.95}
COST_PER_INHABITANT = {
    "each_municipality": 0.09,
    "regional_basic": 0.03,
    "regional_plus": 0.07,
    "hosted_by_one": 0.15,
}


def fake_world(_grid_folder, _behaviour_folder):
    """Stand in for World.load."""


def fake_loaded(policies, replications=4, years=2, seed=1, **settings):
    """Return a loaded study; policies by name or in full, compared with current_agreements."""
    full = tuple(p if isinstance(p, Policy) else fake_policy(p) for p in policies)
    names = tuple(p.name for p in full)
    values = {
        "kind": "study",
        "schema_version": 1,
        "name": "fake",
        "intent": "a stand-in",
        "seed": seed,
        "start": date(2014, 7, 1),
        "years": years,
        "replications": replications,
        "policies": names,
        "reference": "current_agreements" if "current_agreements" in names else names[0],
        **settings,
    }
    return LoadedStudy(
        path=Path("experiments/fake.toml"),
        study=Study.model_validate(values),
        policies=full,
        parameters=Parameters.defaults(),
        grid_folder=ROOT / "data" / "twente_grid",
        behaviour_folder=ROOT / "data" / "behaviour",
    )


def fake_policy(name):
    """Return a policy of which only the name and the rate of use matter here."""
    return Policy(name=name, intent=f"stand-in for {name}", operator_use=USE.get(name, 0.375))


def fake_run_folder(path, policies, replications=4, years=2, seed=1):
    """Write a complete run of stand-in figures below `path` and return its RunFolder."""
    loaded = fake_loaded(policies, replications, years, seed)
    return run_study(loaded, out=path, workers=1, progress=False, model=FAKE_MODEL)


def fake_simulate(_world, policies, _parameters, *, seed, replication, start, years):
    """Return the four tables of one replication; policies do not touch each other."""
    assert start == date(2014, 7, 1)
    incidents = fake_incidents(seed, replication, years)
    runs = [fake_policy_tables(p, incidents, seed, replication, years) for p in policies]
    return SimpleNamespace(
        incidents={k: v for k, v in incidents.items() if not k.startswith("_")},
        actions=_stack([run["actions"] for run in runs]),
        register=_stack([run["register"] for run in runs]),
        costs=_stack([run["costs"] for run in runs]),
    )


FAKE_MODEL = Model(fake_simulate, fake_world)


def fake_incidents(seed, replication, years):
    """Draw the incidents of a replication; what starts with _ are uniforms for the policies."""
    rng = np.random.default_rng([seed, replication])
    n = int(rng.poisson(267 * years))
    cf = np.minimum(rng.exponential(900.0, n), HORIZON_MINUTES)
    none = rng.random(n) < 0.05
    reported = np.sort(rng.integers(0, years * 31_536_000, n))
    gm = rng.choice(len(GM_CODES), n, p=WEIGHTS)
    return {
        "replication": np.full(n, replication),
        "parameter_draw": np.zeros(n, int),
        "incident_id": np.arange(n) + 1000,
        "kind": rng.choice(["missing", "robbery", "theft"], n, p=[0.83, 0.10, 0.07]),
        "category": rng.choice(["dementia", "child", "youth", "other"], n),
        "gm_code": np.array(GM_CODES)[gm],
        "reported_at_s": reported,
        "year": reported // 31_536_000 + 1,
        "urban": np.isin(np.array(GM_CODES)[gm], URBAN),
        "last_seen_s": reported - rng.integers(0, 7200, n),
        "alert_delay_s": rng.integers(300, 3600, n),
        "eligible": np.ones(n, bool),
        "use_threshold": rng.random(n),
        "counterfactual_cause": np.where(none, "none", rng.choice(["police", "own_return"], n)),
        "counterfactual_minutes_to_end": np.where(none, HORIZON_MINUTES, cf),
        "_solve": rng.random(n),
        "_help": rng.random(n),
        "_speed": rng.random(n),
        "_size": rng.lognormal(0.0, 0.5, n),
    }


def fake_policy_tables(policy, incidents, seed, replication, years):
    """Return actions, register and costs of one policy."""
    growth = GROWTH_PER_YEAR.get(policy.name, 0.0)
    return {
        "actions": _actions(policy, growth, incidents, replication),
        "register": _register(policy, growth, seed, replication, years),
        "costs": _costs(policy, replication, years),
    }


def _actions(policy, growth, incidents, replication):
    used = incidents["use_threshold"] < policy.operator_use
    row = {name: values[used] for name, values in incidents.items()}
    n = int(used.sum())
    base = np.exp(growth * (row["reported_at_s"] / 31_536_000.0))
    recipients = (2000 * base * row["_size"]).astype(int)
    noticed = (recipients * 0.55).astype(int)
    direct = row["_solve"] < 0.12 * np.sqrt(base)
    contributed = ~direct & (row["_help"] < 0.35 * np.sqrt(base))
    cf = row["counterfactual_minutes_to_end"]
    minutes = np.where(
        direct, np.minimum(cf, 40 + 40 * row["_speed"]), np.where(contributed, cf * 0.8, cf)
    )
    cause = np.where(direct, "participant", row["counterfactual_cause"])
    true_tips = np.where(direct | contributed, 1 + (row["_speed"] * 3).astype(int), 0)
    false_tips = (noticed * 0.005).astype(int)
    return {
        "scenario": np.full(n, policy.name),
        "replication": np.full(n, replication),
        "parameter_draw": np.zeros(n, int),
        **{name: row[name] for name in SHARED},
        "alert_at_s": row["reported_at_s"] + row["alert_delay_s"],
        "radius_m": np.where(row["urban"], 2750.0, 4500.0),
        "recipients": recipients,
        "delivered": (recipients * 0.85).astype(int),
        "noticed": noticed,
        "noticed_10min": (noticed * 0.6).astype(int),
        "noticed_while_open": (noticed * 0.9).astype(int),
        "noticed_in_area": (noticed * 0.7).astype(int),
        "attending": (noticed * ATTEND_SHARE).astype(int),
        "searching": (noticed * 0.02).astype(int),
        "true_tips": true_tips,
        "false_tips": false_tips,
        "cause": cause,
        "direct": direct,
        "contributed": contributed,
        "contributed_strict": contributed & (cause == "police"),
        "minutes_to_end": minutes,
        "hours_saved": (cf - minutes) / 60.0,
        "found_only_by_alert": direct & (row["counterfactual_cause"] == "none"),
        "message_cost_eur": recipients * 0.15,
        "open_s": np.full(n, 2700),
        "operators": np.full(n, 2),
        "operator_busy_s": 180.0 * (true_tips + false_tips),
        "calls_handled": true_tips + false_tips,
        "calls_lost": np.zeros(n, int),
        "unit_s": 900.0 * (true_tips + false_tips),
        "unit_s_on_false_tips": 900.0 * false_tips,
        "messages_sms": recipients * 2,
        "messages_voice": np.zeros(n, int),
        "public_noticed": np.zeros(n, int),
    }


def _register(policy, growth, seed, replication, years):
    months = np.repeat(np.arange(12 * years + 1), len(GM_CODES))
    gm = np.tile(np.arange(len(GM_CODES)), 12 * years + 1)
    start = 37_000 * (1 + 0.004 * np.random.default_rng([seed, replication, 7]).standard_normal())
    registered = np.rint(start * WEIGHTS[gm] * np.exp(growth * months / 12)).astype(int)
    stale = (registered * 0.18).astype(int)
    flow = np.where(months == 0, 0, registered // 200)
    n = len(months)
    return {
        "scenario": np.full(n, policy.name),
        "replication": np.full(n, replication),
        "parameter_draw": np.zeros(n, int),
        "month": months,
        "gm_code": np.array(GM_CODES)[gm],
        "registered": registered,
        "good": registered - stale,
        "stale": stale,
        "struck": np.zeros(n, int),
        "app_users": np.rint(registered * 0.17 * (1 + months / 60)).astype(int),
        "signups": flow,
        "reentries": flow // 10,
        "departures": flow,
        "struck_off": np.zeros(n, int),
    }


def _costs(policy, replication, years):
    stopped = policy.name == "stop"
    rate = 0.0 if stopped else COST_PER_INHABITANT.get(policy.name, 0.05)
    lines = [
        ("municipality", "communication", rate),
        ("region", "policy_work", rate / 2),
        ("police", "messages", 0.048),
    ]
    rows = [
        (year + 1, code, payer, task, (0.0 if stopped else eur) * inhabitants)
        for year in range(years)
        for code, inhabitants in zip(GM_CODES, POPULATION, strict=True)
        for payer, task, eur in lines
    ]
    year, gm, payer, task, eur = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return {
        "scenario": np.full(n, policy.name),
        "replication": np.full(n, replication),
        "parameter_draw": np.zeros(n, int),
        "year": year,
        "gm_code": gm,
        "payer": payer,
        "task": task,
        "eur": eur,
    }


def _stack(parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
