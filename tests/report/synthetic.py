"""Runs whose figures a test chooses, so that it knows which words are true of them."""

from datetime import date
from pathlib import Path

import pandas as pd

from experiments.engine.tables import TABLES
from experiments.report.facts import read_facts

NAN = float("nan")
START = date(2014, 7, 1)
PLACES = (("GM0141", "Almelo", 70_000), ("GM0153", "Enschede", 160_000))
MEASURES = {
    "actions_per_year": 100.0,
    "recipients_per_action": 2000.0,
    "noticed_per_action": 1100.0,
    "direct_share": 0.12,
    "contributed_share": 0.35,
    "direct_per_year": 12.0,
    "found_only_by_alert_per_year": 2.0,
    "hours_saved_per_year": 150.0,
    "registered_end": 37_000.0,
    "good_end": 30_000.0,
    "cost_eur_per_year": 60_000.0,
    "cost_municipal_eur_per_year": 20_000.0,
    "cost_regional_eur_per_year": 10_000.0,
    "cost_police_eur_per_year": 30_000.0,
}
PER_ACTION = ("recipients_per_action", "noticed_per_action", "direct_share", "contributed_share")


class SyntheticRun:
    """Policies that are all alike until a test says otherwise, in place of a run folder."""

    def __init__(self, path=Path(), policies=("current_agreements", "frozen", "regional_plus")):
        self.path = path
        self.policies = policies
        self.places = PLACES
        self.study = {
            "name": "synthetic",
            "grid": "data/twente_grid",
            "reference": policies[0],
            "main_difference": policies[1] if len(policies) > 1 else policies[0],
            "level": 0.95,
            "start": START.isoformat(),
            "years": 2,
            "replications": 10,
        }
        self.failures = []
        self.intents = dict.fromkeys(policies, "")
        self.versions = {"python": "3.11.0"}
        self.variance_reduction = (5.0, 3.0, 8.0)
        self.precision = None
        self.values = {
            (p, m): (mean, mean * 0.9, mean * 1.1)
            for p in policies
            for m, mean in MEASURES.items()
        }
        self.steps = {(p, m): (0.0, -0.01, 0.01) for p in policies for m in MEASURES}
        self.ends = dict.fromkeys(policies, 37_000)
        self.actions = {p: _actions() for p in policies}

    def without_actions(self, policy):
        """Make a policy one that never alerts."""
        for measure in MEASURES:
            self.values[policy, measure] = (0.0, 0.0, 0.0)
            self.steps[policy, measure] = (-1.0, -1.1, -0.9)
        for measure in PER_ACTION:
            self.values[policy, measure] = self.steps[policy, measure] = (NAN, NAN, NAN)
        self.actions[policy] = []
        return self

    def with_precision(self, stopped_by="target", reached=0.0049):
        """Let the number of replications have been chosen by a precision."""
        self.precision = {
            "measure": "direct_share",
            "policy": self.policies[1],
            "reference": self.policies[0],
            "half_width": 0.005,
            "block": 20,
            "most": 2000,
            "stopped_by": stopped_by,
            "replications": 60,
            "reached_half_width": reached,
        }
        return self

    def with_direct(self, policy, mean, step, *, per_year=None):
        """Set the direct share of a policy and its difference (mean, low, high)."""
        self.values[policy, "direct_share"] = (mean, mean - 0.01, mean + 0.01)
        self.steps[policy, "direct_share"] = step
        if per_year is not None:
            number, self.steps[policy, "direct_per_year"] = per_year
            self.values[policy, "direct_per_year"] = (number, number - 1, number + 1)
        return self

    def manifest(self):
        return {
            "study": self.study,
            "policies": [{"name": p, "intent": self.intents[p]} for p in self.policies],
            "failures": self.failures,
            "precision": self.precision,
            "run_id": "0123456789abcdef",
            "seed": 7,
            "versions": self.versions,
            "municipalities": [
                dict(zip(("gm_code", "name", "inhabitants"), place, strict=True))
                for place in self.places
            ],
        }

    def table(self, name, columns=None, *, categories=False):
        frame = getattr(self, f"_{name}")()
        if categories:
            texts = [c.name for c in TABLES[name] if c.type == "text" and c.name in frame]
            frame = frame.astype(dict.fromkeys(texts, "category"))
        return frame if columns is None else frame[list(columns)]

    def _summary(self):
        return _long(self.values)

    def _differences(self):
        ends = ("", "_low", "_high")
        columns = [f"variance_reduction{end}" for end in ends]
        return _long(self.steps).assign(**dict(zip(columns, self.variance_reduction, strict=True)))

    def _register(self):
        last = 12 * self.study["years"]
        people = max(1, sum(place[2] for place in self.places))
        return pd.DataFrame(
            [
                (policy, 0, month, code, total * each // people, total * each // people * 4 // 5)
                for policy in self.policies
                for month in range(last + 1)
                for code, _, each in self.places
                for total in [37_000 + (self.ends[policy] - 37_000) * month // last]
            ],
            columns=["scenario", "replication", "month", "gm_code", "registered", "good"],
        )

    def _actions(self):
        columns = ("counterfactual_cause", "cause", "direct", "found_only_by_alert", "hours_saved")
        rows = [(policy, *row) for policy, found in self.actions.items() for row in found]
        return pd.DataFrame(rows, columns=["scenario", *columns])

    @property
    def facts(self):
        return read_facts(self)


def _actions():
    """Of 100 actions 12 are solved directly, 2 of them only so; 5 more are never solved."""
    return [
        *[("police", "participant", True, False, 2.0)] * 6,
        *[("own_return", "participant", True, False, 8.0)] * 4,
        *[("none", "participant", True, True, 24.0)] * 2,
        *[("none", "none", False, False, 0.0)] * 5,
        *[("police", "police", False, False, 0.0)] * 43,
        *[("own_return", "own_return", False, False, 0.0)] * 40,
    ]


def _long(estimates):
    return pd.DataFrame(
        [
            (policy, 0, "all", "all", measure, *estimate, "monte_carlo", 0.95, 10)
            for (policy, measure), estimate in estimates.items()
        ],
        columns=[
            *("scenario", "year", "gm_code", "kind", "measure", "mean", "low", "high"),
            *("interval", "level", "n"),
        ],
    )
