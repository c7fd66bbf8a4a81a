"""What the commands print: plans, comparisons, policies and parameters, as text or for JSON."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.describe import difference_in_words, lever_rows
from scenarios.load import SHIPPED, PolicyFile, list_policies, load_policy, resolve
from sim.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel

    from experiments.study import LoadedStudy, Study

SECONDS_PER_POLICY_YEAR = 0.02
"""Measured on one core with two to ten policies; other machines differ."""
BYTES_PER_POLICY_YEAR = 20_000
"""Tables and shards, measured on the same runs."""

MINUTE_S = 60
WIDEST_VALUE = 40
"""A longer value (a campaign, a change) does not widen its column."""

GAIN = """\
Gain: the variance with independent seeds over that with the draws that policies share, measured
here (in brackets its {level} interval, exact for normal values). Independent seeds would need so
many times as many replications for an interval of the same width."""
COMPARED = (
    ("direct_share", "direct success, share of actions", 100.0, "%"),
    ("contributed_share", "contributed, share of actions", 100.0, "%"),
    ("hours_saved_per_year", "hours saved a year", 1.0, ""),
    ("good_end", "participants in reach at the end", 1.0, ""),
    ("cost_eur_per_year", "cost a year, EUR", 1.0, ""),
)
"""Measures of the comparison in words: name, words, factor and unit."""


def plan(loaded: LoadedStudy, out: Path, workers: int | None) -> dict[str, Any]:
    """Return what running a study would take, without doing any of it.

    Args:
        loaded: the study.
        out: folder of all runs.
        workers: processes; by default one per core.
    """
    from experiments.engine.blocks import tasks
    from experiments.engine.design import design
    from experiments.engine.runner import available_cores
    from experiments.engine.store import read_manifest

    decided, study = design(loaded), loaded.study
    folder = out / study.name / decided.run_id
    manifest = (read_manifest(folder) if folder.is_dir() else None) or {}
    present = frozenset(shard["path"] for shard in manifest.get("shards", ()))
    remaining = tasks(decided.hashes, range(study.replications), present)
    processes = workers if workers is not None else available_cores()
    policy_years = sum(len(task.missing) for task in remaining) * study.years
    parallel = max(1, min(processes, len(remaining)))
    return {
        "study": study.name,
        "run_id": decided.run_id,
        "run_folder": str(folder),
        "policies": list(study.policies),
        "years": study.years,
        "replications": study.replications,
        "replications_to_compute": len(remaining),
        "precision": _planned(study),
        "estimated_s": math.ceil(policy_years * SECONDS_PER_POLICY_YEAR / parallel),
        "estimated_bytes": policy_years * BYTES_PER_POLICY_YEAR,
    }


def _planned(study: Study) -> dict[str, Any] | None:
    """Return what the precision of a study asks for, and after which replications it looks."""
    from experiments.analysis.sequential import FIRST_LOOK

    asked = study.precision
    if asked is None:
        return None
    first = min(study.replications, asked.block * math.ceil(FIRST_LOOK / asked.block))
    return {
        **asked.model_dump(mode="json"),
        "reference": study.reference,
        "level": study.level,
        "first_look": first,
        "most": study.replications,
    }


def plan_in_words(facts: dict[str, Any]) -> str:
    """Return a plan as lines of text."""
    asked = facts["precision"]
    most = "" if asked is None else "at most "
    seconds, size = facts["estimated_s"], facts["estimated_bytes"]
    missing = facts["replications_to_compute"]
    minutes = math.ceil(seconds / MINUTE_S)
    time = "a minute or less" if minutes <= 1 else f"about {minutes} minutes"
    return "\n".join(
        (
            f"run id        {facts['run_id']}",
            f"run folder    {facts['run_folder']}",
            f"policies      {len(facts['policies'])}: {', '.join(facts['policies'])}",
            f"years         {facts['years']}",
            f"replications  {most}{facts['replications']}, {missing} of them still to be computed",
            *([] if asked is None else [f"precision     {_precision_in_words(asked)}"]),
            f"time          {most}{time}",
            f"size          {most}about {math.ceil(size / 1e6)} MB",
        )
    )


def _precision_in_words(asked: dict[str, Any]) -> str:
    named = f"{asked['measure']}, {asked['policy']} - {asked['reference']}"
    return (
        f"{named}: until half its {100 * asked['level']:g} % interval is {asked['half_width']:g}; "
        f"looks after {asked['first_look']} and every {asked['block']} more"
    )


def differences(run_path: Path, against: str | None) -> pd.DataFrame:
    """Return the paired differences of a run over the whole horizon and region.

    Args:
        run_path: a run folder.
        against: the policy to compare with; that of the study by default.

    Raises:
        DataError: there is no run, or a table cannot be read.
        InputError: the run has no such policy.
    """
    from experiments.analysis import compare, measures
    from experiments.engine.store import RunFolder

    run = RunFolder.open(run_path)
    manifest = run.manifest()
    if against in (None, manifest["study"]["reference"]):
        table = run.table("differences")
    else:
        table = compare.differences(measures.measure(run, manifest), against)
    whole = (table["year"] == 0) & (table["gm_code"] == "all") & (table["kind"] == "all")
    return table[whole & (table["scenario"] != table["reference"])].reset_index(drop=True)


def chosen_by_precision(run_path: Path) -> str | None:
    """Return how a run chose its number of replications, None where the study stated it."""
    from experiments.engine.precision import in_words
    from experiments.engine.store import RunFolder

    record = RunFolder.open(run_path).manifest().get("precision")
    return None if record is None else wrapped(in_words(record))


def wrapped(text: str) -> str:
    """Return a text in lines that fit a terminal of 80 characters."""
    import textwrap

    return textwrap.fill(text, 80, break_on_hyphens=False)


def differences_in_words(table: pd.DataFrame) -> str:
    """Return a table of differences as blocks of text, a block per measure."""
    if table.empty:
        return "The run has one policy: there is nothing to compare."
    reference, level = table["reference"].iloc[0], f"{100 * table['level'].iloc[0]:g} %"
    width = max(len(name) for name in table["scenario"])
    over = f"over {table['n'].max()} replications"
    blocks = [f"Difference to {reference}, with its {level} interval, {over}"]
    for measure, words, factor, unit in COMPARED:
        rows = table[table["measure"] == measure]
        lines = []
        for row in rows.to_dict("records"):
            mean, low, high = (factor * float(row[key]) for key in ("mean", "low", "high"))
            interval = f"({low:+,.1f} to {high:+,.1f})"
            saved = gain(row)
            lines.append(
                f"  {row['scenario']:{width}}  {mean:+12,.1f}{unit}  {interval:26}  gain {saved}"
            )
        if lines:
            blocks.append("\n".join((words, *lines)))
    return "\n\n".join((*blocks, GAIN.format(level=level)))


def gain(row: Mapping[Hashable, Any]) -> str:
    """Return how many times as many replications independent seeds would need, with interval."""
    factor, low, high = (float(row[f"variance_reduction{end}"]) for end in ("", "_low", "_high"))
    if math.isnan(factor):
        return "-"
    return f"{factor:,.1f}" + ("" if math.isnan(low) else f" ({low:,.1f} to {high:,.1f})")


def all_policies() -> str:
    """Return the policies that come with the model, each with its intent."""
    names = list_policies()
    width = max(len(name) for name in names)
    return "\n".join(f"{name:{width}}  {load_policy(name).intent}" for name in names)


def one_policy(name: str) -> str:
    """Return the levers of a policy, each with the file that states it."""
    resolved = resolve(name)
    policy, rows = resolved.policy, lever_rows(resolved)
    key_width = max(len(row.key) for row in rows)
    value_width = max(len(row.value) for row in rows if len(row.value) < WIDEST_VALUE)
    heading = [f"{policy.name}: {policy.intent}", f"Source: {policy.source}", ""]
    lines = [f"{r.key:{key_width}}  {r.value:{value_width}}  {r.origin}" for r in rows]
    return "\n".join((*heading, *lines))


def two_policies(first: str, second: str) -> str:
    """Return in words what sets the second policy apart from the first."""
    lines = difference_in_words(load_policy(first), load_policy(second))
    if not lines:
        return f"{first} and {second} have the same levers."
    count = "one lever" if len(lines) == 1 else f"{len(lines)} levers"
    return "\n".join((f"{second} differs from {first} in {count}:", *(f"  {x}" for x in lines)))


def parameters(name: str | None) -> str:
    """Return the registry of uncertain parameters, or everything about one of them.

    Raises:
        InputError: there is no such parameter.
    """
    from scenarios.inputs import nearest
    from sim.parameters import GROUPS, REGISTRY

    if name is not None:
        if name not in REGISTRY:
            raise InputError(f"no parameter is called '{name}'{nearest(name, REGISTRY)}")
        one = REGISTRY[name]
        low, high = one.prior.quantile(0.05), one.prior.quantile(0.95)
        rows = (
            ("unit", one.unit),
            ("default", f"{one.default:g}"),
            ("prior", f"{one.prior}; 90 % between {low:.3g} and {high:.3g}"),
            ("source", one.source),
            ("confidence", one.confidence),
            ("note", one.note or "none"),
        )
        return "\n".join((name, *(f"  {key:10}  {text}" for key, text in rows)))
    width = max(len(key) for key in REGISTRY)
    lines = []
    for group, members in GROUPS.items():
        lines.append(group)
        lines += [
            f"  {p.name:{width}}  {p.default:<10.4g}  {p.unit:24}  {p.confidence}" for p in members
        ]
    return "\n".join(lines)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas of studies and policies by file name."""
    from experiments.study import Study

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    models: dict[str, type[BaseModel]] = {"study": Study, "policy": PolicyFile}
    return {
        f"{name}.schema.json": {**dialect, **model.model_json_schema(by_alias=True)}
        for name, model in models.items()
    }


def checked(file: Path) -> str:
    """Check a study or a policy with all that it names, and say that it is right.

    Raises:
        InputError: with every fault.
    """
    from experiments.study import load_study
    from scenarios.inputs import Faults, read_document, shown_path

    faults = Faults()
    document = read_document(file, faults)
    faults.raise_all()
    if document is not None and document.content.get("kind") == "policy":
        policy = resolve(file, (file.parent, SHIPPED)).policy
        return f"{shown_path(file)}: the policy {policy.name} is right."
    study = load_study(file).study
    count = f"{len(study.policies)} {'policy' if len(study.policies) == 1 else 'policies'}"
    return f"{shown_path(file)}: the study {study.name} is right, with {count}."


def checked_grid(folder: Path | None) -> str:
    """Check a grid folder, by default that of Twente, and say what it holds.

    Raises:
        InputError: with every fault.
    """
    from experiments.study import ROOT
    from scenarios.inputs import shown_path
    from sim.grid import load_grid

    place = ROOT / "data" / "twente_grid" if folder is None else folder
    try:
        grid = load_grid(place)
    except DataError as error:
        raise InputError(str(error)) from error
    return (
        f"{shown_path(place)}: {grid.n_cells:,} cells, {len(grid.municipalities)} municipalities, "
        f"{grid.inhabitants:,} inhabitants; all checks passed."
    )
