"""The first year of the current agreements against the figures known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from experiments.analysis.statistics import Floats, student
from experiments.engine.workers import Model, Outcomes
from experiments.study import ROOT, LoadedStudy
from scenarios.inputs import Faults, Layers, nearest, read_document
from scenarios.validate import validate
from sim.errors import InputError

TARGETS = ROOT / "data" / "targets" / "burgernet.toml"
THREE_CITIES = ("GM0153", "GM0164", "GM0141")
"""Enschede, Hengelo and Almelo."""
LEVEL = 0.95
MEASURES = {
    "actions_per_year": "actions a year",
    "missing_share": "missing persons, share",
    "three_cities_share": "Enschede, Hengelo, Almelo, share",
    "registered_mean": "registered, mean of the months",
    "direct_share": "direct, share",
    "resolved_with_help_share": "direct or contributed, share",
    "recipients_per_action": "recipients per action",
    "message_cost_eur_per_year": "messages, EUR a year",
}
"""Measure: how the table calls it."""


class Target(BaseModel):
    """One figure, with the band in which the mean over the replications must lie."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    measure: str = Field(description="one of the measures of the first year")
    value: float = Field(description="middle of the target")
    low: float = Field(description="lower end of the band")
    high: float = Field(description="upper end of the band")
    source: str = Field(min_length=1, description="where the figure comes from")

    @model_validator(mode="after")
    def _in_order(self) -> Target:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.measure}: low <= value <= high does not hold")
        return self


class Targets(BaseModel):
    """A file of targets."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: Literal["targets"] = Field(description="what the file holds")
    schema_version: Literal[1] = Field(description="version of this format")
    name: str = Field(min_length=1, description="name of the set")
    policy: str = Field(min_length=1, description="policy whose first year they describe")
    targets: tuple[Target, ...] = Field(min_length=1, strict=False, description="the figures")


class Check(NamedTuple):
    """A target beside the model's own figure: mean over the replications and its interval."""

    target: Target
    mean: float
    low: float
    high: float

    @property
    def met(self) -> bool:
        """Whether the mean lies in the band, ends included."""
        return self.target.low <= self.mean <= self.target.high


def load_targets(path: Path = TARGETS) -> Targets:
    """Load a file of targets.

    Raises:
        InputError: with every fault of the file.
    """
    faults = Faults()
    document = read_document(path, faults)
    if document is not None:
        source = Layers((document,))
        validate(Targets, document.content, source, faults)
        stated = document.content.get("targets")
        for position, entry in enumerate(stated if isinstance(stated, list) else []):
            measure = entry.get("measure") if isinstance(entry, dict) else None
            if isinstance(measure, str) and measure not in MEASURES:
                key = ("targets", position, "measure")
                text = f"unknown measure '{measure}'{nearest(measure, MEASURES)}"
                faults.add(source.place(key), key, text)
    faults.raise_all()
    return Targets.model_validate({} if document is None else document.content)


def first_year_checks(
    loaded: LoadedStudy,
    replications: int = 8,
    *,
    targets: Targets | None = None,
    model: Model | None = None,
) -> list[Check]:
    """Simulate one year of the policy of the targets and return every target with its figure.

    Args:
        loaded: a study; its seed, start and parameters are used.
        replications: how many years to simulate.
        targets: the figures to meet; those of `data/targets` by default.
        model: stands in for the model.

    Raises:
        InputError: the study lacks the policy of the targets, or there are no replications.
    """
    from experiments.engine.runner import the_model

    wanted = load_targets() if targets is None else targets
    policies = [policy for policy in loaded.policies if policy.name == wanted.policy]
    if len(policies) == 0:
        raise InputError(f"{loaded.path}: policies: the targets need {wanted.policy!r}")
    if replications < 1:
        raise InputError(f"replications: {replications} is less than 1")
    run = the_model() if model is None else model
    world = run.load_world(loaded.grid_folder, loaded.behaviour_folder)
    years = [
        first_year(
            run.simulate(
                world,
                policies,
                loaded.parameters,
                seed=loaded.study.seed,
                replication=replication,
                start=loaded.study.start,
                years=1,
            )
        )
        for replication in range(replications)
    ]
    return [_check(target, years) for target in wanted.targets]


def first_year(result: Outcomes) -> dict[str, float]:
    """Return the measures of one replication of one year under one policy; NaN without actions."""
    actions, register = result.actions, result.register
    n = len(actions["incident_id"])
    monthly = np.bincount(register["month"], register["registered"])
    return {
        "actions_per_year": float(n),
        "missing_share": _share(actions["kind"] == "missing"),
        "three_cities_share": _share(np.isin(actions["gm_code"], THREE_CITIES)),
        "registered_mean": float(monthly[1:].mean()),
        "direct_share": _share(actions["direct"]),
        "resolved_with_help_share": _share(actions["direct"] | actions["contributed"]),
        "recipients_per_action": _share(actions["recipients"]),
        "message_cost_eur_per_year": float(actions["message_cost_eur"].sum()),
    }


def _share(column: NDArray[Any]) -> float:
    return float(column.mean()) if len(column) > 0 else float("nan")


def _check(target: Target, years: Sequence[Mapping[str, float]]) -> Check:
    sample: Floats = np.array([[[year[target.measure]] for year in years]])
    found = student(sample, LEVEL)
    return Check(target, *(float(end[0, 0]) for end in (found.mean, found.low, found.high)))


def first_year_table(
    loaded: LoadedStudy,
    replications: int = 8,
    *,
    targets: Targets | None = None,
    model: Model | None = None,
) -> str:
    """Return the checks as a table of plain text; arguments and errors of `first_year_checks`."""
    checks = first_year_checks(loaded, replications, targets=targets, model=model)
    head = f"{'measure':<34}{'target':>17}{'value':>10}{'95 % interval':>19}  met"
    lines = [head, "-" * len(head)]
    lines += [_line(check) for check in checks]
    met = sum(check.met for check in checks)
    return "\n".join([*lines, f"{met} of {len(checks)} met over {replications} replications"])


def _line(check: Check) -> str:
    target = check.target
    share = target.measure.endswith("share")
    band, interval = (
        f"{_number(low, share=share)} - {_number(high, share=share)}"
        for low, high in ((target.low, target.high), (check.low, check.high))
    )
    value = _number(check.mean, share=share)
    met = "yes" if check.met else "no"
    return f"{MEASURES[target.measure]:<34}{band:>17}{value:>10}{interval:>19}  {met}"


def _number(number: float, *, share: bool) -> str:
    return f"{number:.3f}" if share else f"{number:,.0f}"
