"""What a run found, as the one object that charts, sentences and tables read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""Stands in the tables for every municipality and every kind of incident together."""
PAYER_MEASURES: dict[str, str] = {
    "municipality": "cost_municipal_eur_per_year",
    "region": "cost_regional_eur_per_year",
    "police": "cost_police_eur_per_year",
}
CAUSES = ("participant", "police", "own_return", "none")
"""How an incident ends; `none` is not within its own horizon."""
REGISTER_COLUMNS = ("scenario", "replication", "month", "gm_code", "registered", "good")
ACTION_COLUMNS = (
    *("scenario", "counterfactual_cause", "cause", "direct", "found_only_by_alert"),
    "hours_saved",
)


class Run(Protocol):
    """The part of a run folder that a report reads."""

    @property
    def path(self) -> Path:
        """The folder."""

    def manifest(self) -> Mapping[str, Any]:
        """What was run, on what, and how it ended."""

    def table(
        self, name: str, columns: Sequence[str] | None = None, *, categories: bool = False
    ) -> pd.DataFrame:
        """A table of the run by name, all its columns or some, texts as categories or not."""


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality of the run."""

    gm_code: str
    name: str
    inhabitants: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; NaN where there is nothing to average; `n` counts replications."""

    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a mean at all."""
        return math.isfinite(self.mean)

    @property
    def direction(self) -> int:
        """+1 or -1 where the whole interval lies on that side of zero, otherwise 0.

        A mean without an interval (one replication) gives 0: nothing is clear from it.
        """
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return 0
        return int(self.low > 0) - int(self.high < 0)

    def times(self, factor: float) -> Estimate:
        """Return the estimate in another unit; `factor` is at least 0."""
        return Estimate(self.mean * factor, self.low * factor, self.high * factor, self.n)


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The register of one policy over time; arrays [months + 1], month 0 is the start."""

    registered: NDArray[np.float64]
    good: NDArray[np.float64]

    @property
    def years(self) -> NDArray[np.float64]:
        """Years since the start, shape [months + 1]."""
        return np.arange(self.registered.size) / 12


@dataclass(frozen=True, slots=True)
class Fates:
    """How the actions of a policy ended, beside how they would have ended without the alert.

    `share[without][with_alert]` is a share of all actions (they sum to 1; NaN without actions);
    `direct_extra_share` is the share of actions found directly that would not have been found;
    `direct_hours_earlier` is the median for the other direct finds.
    """

    share: Mapping[str, Mapping[str, float]]
    direct_share: float
    direct_extra_share: float
    extra_share: float
    direct_hours_earlier: float
    n_actions: int

    def without(self, cause: str) -> float:
        """Return the share of actions that would have ended by `cause` without the alert."""
        return math.fsum(self.share[cause].values())


@dataclass(frozen=True, slots=True)
class Setting:
    """What was run, from the manifest; `main` is compared with `reference` first of all."""

    study: str
    grid: str
    policies: tuple[str, ...]
    intents: Mapping[str, str]
    reference: str
    main: str
    level: float
    seed: int
    start: date
    years: int
    replications: int
    failed: int
    run_id: str
    versions: Mapping[str, str]
    places: tuple[Place, ...]
    precision: Mapping[str, Any] | None = None
    """How the number of replications was chosen, None where the study stated it."""


Key = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Everything that a report says about a run; made by `read_facts`."""

    setting: Setting
    values: Mapping[Key, Estimate]
    differences: Mapping[Key, Estimate]
    reductions: Mapping[str, Estimate]
    """By policy, for `direct_share`: variance with independent seeds over that of pairs."""
    bases: Mapping[str, Base] = field(default_factory=dict)
    coverage: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    fates: Mapping[str, Fates] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """The municipalities, in order of code."""
        return self.setting.places

    def value(self, policy: str, measure: str, gm_code: str = ALL, year: int = 0) -> Estimate:
        """Return a measure of a policy, an unknown estimate where there is none; year 0 is all."""
        return self.values.get((policy, measure, gm_code, year), Estimate())

    def difference(self, policy: str, measure: str, gm_code: str = ALL) -> Estimate:
        """Return policy minus reference over the whole horizon, paired by replication."""
        if policy == self.setting.reference:
            return Estimate(0.0, 0.0, 0.0, self.value(policy, measure, gm_code).n)
        return self.differences.get((policy, measure, gm_code, 0), Estimate())

    def reduction(self, policy: str) -> Estimate:
        """Return how many times as many replications independent seeds would need."""
        return self.reductions.get(policy, Estimate())

    @property
    def others(self) -> tuple[str, ...]:
        """The policies other than the reference, in the order of the study."""
        return tuple(p for p in self.setting.policies if p != self.setting.reference)

    @property
    def inhabitants(self) -> int:
        """Inhabitants of the region."""
        return sum(place.inhabitants for place in self.places)

    def ranked(self, measure: str) -> list[str]:
        """Return the policies that have the measure, highest mean first; ties in study order."""
        known = [p for p in self.setting.policies if self.value(p, measure).known]
        return sorted(known, key=lambda p: -self.value(p, measure).mean)

    def has_actions(self, policy: str) -> bool:
        """Whether the policy sends any alert."""
        actions = self.value(policy, "actions_per_year")
        return actions.known and actions.mean > 0


def read_facts(run: Run) -> Facts:
    """Read what the report needs from the manifest and the tables of a run.

    Raises:
        DataError: the manifest lacks a field, or a table lacks the reference policy.
    """
    setting = read_setting(run.manifest())
    register = run.table("register", REGISTER_COLUMNS, categories=True)
    return replace(
        read_estimates(run),
        bases=_bases(register, setting.policies),
        coverage=_coverage(register, setting.places),
        fates=_fates(run.table("actions", ACTION_COLUMNS, categories=True), setting.policies),
    )


def read_estimates(run: Run) -> Facts:
    """Read what stands in the summary and the differences alone: no bases, coverage or fates.

    Raises:
        DataError: as `read_facts`.
    """
    setting = read_setting(run.manifest())
    values = _estimates(run.table("summary", categories=True))
    if not any(key[0] == setting.reference for key in values):
        raise DataError(f"summary: the reference policy {setting.reference!r} is not in the table")
    differences = run.table("differences", categories=True)
    return Facts(
        setting=setting,
        values=values,
        differences=_estimates(differences),
        reductions=_reductions(differences),
    )


def read_setting(manifest: Mapping[str, Any]) -> Setting:
    """Return what was run.

    Raises:
        DataError: a field is missing or has another form.
    """
    try:
        study = manifest["study"]
        failed = len(manifest["failures"])
        precision = manifest.get("precision")
        asked = study["replications"] if precision is None else precision["replications"]
        policies = tuple(str(policy["name"]) for policy in manifest["policies"])
        reference, main = str(study["reference"]), str(study["main_difference"])
        others = [policy for policy in policies if policy != reference]
        return Setting(
            study=str(study["name"]),
            grid=str(study.get("grid", "")),
            policies=policies,
            intents={str(p["name"]): str(p.get("intent", "")) for p in manifest["policies"]},
            reference=reference,
            # A study may leave the main comparison out; then the first other policy is it.
            main=main if main in policies else (others or [reference])[0],
            level=float(study["level"]),
            seed=int(manifest["seed"]),
            start=date.fromisoformat(str(study["start"])),
            years=int(study["years"]),
            replications=int(asked) - failed,
            failed=failed,
            run_id=str(manifest["run_id"]),
            versions={str(name): str(of) for name, of in manifest["versions"].items()},
            places=tuple(
                Place(str(place["gm_code"]), str(place["name"]), int(place["inhabitants"]))
                for place in manifest["municipalities"]
            ),
            precision=precision,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"manifest: a field is missing or has another form: {error!r}") from error


def _estimates(table: pd.DataFrame) -> dict[Key, Estimate]:
    """Return all kinds of incidents together, with the interval of the replications."""
    rows = table[(table["kind"] == ALL) & (table["interval"] == "monte_carlo")]
    keys, estimates = (
        zip(*(rows[name].tolist() for name in names), strict=True)
        for names in (("scenario", "measure", "gm_code", "year"), ("mean", "low", "high", "n"))
    )
    return {key: Estimate(*estimate) for key, estimate in zip(keys, estimates, strict=True)}


def _reductions(differences: pd.DataFrame) -> dict[str, Estimate]:
    rows = differences[
        (differences["measure"] == "direct_share")
        & (differences["gm_code"] == ALL)
        & (differences["kind"] == ALL)
        & (differences["year"] == 0)
        & (differences["interval"] == "monte_carlo")
    ]
    names = ("scenario", *(f"variance_reduction{end}" for end in ("", "_low", "_high")), "n")
    return {
        str(policy): Estimate(float(factor), float(low), float(high), int(n))
        for policy, factor, low, high, n in zip(*(rows[name] for name in names), strict=True)
    }


def _bases(register: pd.DataFrame, policies: tuple[str, ...]) -> dict[str, Base]:
    sums = register.groupby(["scenario", "month"], observed=True)[["registered", "good"]].sum()
    means = (sums / register["replication"].nunique()).sort_index()
    found = {
        str(policy): Base(
            means.loc[policy, "registered"].to_numpy(dtype=float),
            means.loc[policy, "good"].to_numpy(dtype=float),
        )
        for policy in means.index.unique("scenario")
    }
    return {policy: found[policy] for policy in policies if policy in found}


def _coverage(
    register: pd.DataFrame, places: tuple[Place, ...]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (registered per inhabitant at the start, at the end) by policy and municipality."""
    people = {place.gm_code: place.inhabitants for place in places}
    last = register["month"].max()
    ends = register[register["month"].isin([0, last])]
    means = ends.groupby(["scenario", "gm_code", "month"], observed=True)["registered"].mean()
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in means.reset_index().itertuples(index=False):
        policy, gm_code, month, registered = row
        found.setdefault((str(policy), str(gm_code)), {})[int(month)] = float(registered)
    return {
        (policy, gm_code): (at[0] / people[gm_code], at[int(last)] / people[gm_code])
        for (policy, gm_code), at in found.items()
        if people.get(gm_code, 0) > 0
    }


def _fates(actions: pd.DataFrame, policies: tuple[str, ...]) -> dict[str, Fates]:
    grouped = dict(iter(actions.groupby("scenario", observed=True)))
    return {policy: _fate(grouped.get(policy, actions.iloc[:0])) for policy in policies}


def _fate(actions: pd.DataFrame) -> Fates:
    n = len(actions)
    pairs = actions.groupby(["counterfactual_cause", "cause"], observed=True).size().to_dict()
    direct = actions[actions["direct"].to_numpy(dtype=bool)]
    extra = direct["found_only_by_alert"].to_numpy(dtype=bool)
    earlier_hours = direct["hours_saved"].to_numpy(dtype=float)[~extra]

    def share(count: float) -> float:
        return float(count) / n if n > 0 else math.nan

    return Fates(
        share={a: {b: share(pairs.get((a, b), 0)) for b in CAUSES} for a in CAUSES[1:]},
        direct_share=share(len(direct)),
        direct_extra_share=share(extra.sum()),
        extra_share=share(actions["found_only_by_alert"].sum()),
        direct_hours_earlier=float(np.median(earlier_hours)) if earlier_hours.size else math.nan,
        n_actions=n,
    )
