"""A study: which policies are compared, over which years, with which seed; and its loading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from experiments.analysis.measures import COST_PER, ORDER
from experiments.analysis.sequential import FIRST_LOOK
from scenarios.inputs import SLUG, Document, Faults, KeyPath, Layers, Place, nearest, read_document
from scenarios.load import SHIPPED, Resolved, find_by_name, resolve_file
from scenarios.validate import validate
from sim.errors import DataError
from sim.parameters import Parameters
from sim.policy import Policy

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds the packages and `data`."""
BEHAVIOUR = ROOT / "data" / "behaviour"
OCCUPANCY = "occupancy_by_hour.csv"
SCHEMA_VERSION = 1
MAX_SEED = 2**32 - 1
MAX_REPLICATIONS = 100_000
PRECISION_MEASURES = tuple(name for name in ORDER if name not in COST_PER)
"""Measures that have one value per replication; a ratio of means over replications has not."""
SHARE_ENDS = ("_share", "_occupancy")
WIDEST, LARGEST_BLOCK = 1e9, 1000
WIDEST_SHARE = 0.5
"""Half-width in a share that nobody means: it was stated in points or per cent."""

Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class Precision(BaseModel):
    """The precision that one difference to the reference shall have; it decides how often to run.

    Replications are run in blocks until the interval of the difference over the whole horizon and
    region is narrow enough (`experiments.analysis.sequential`), at most `replications` of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    measure: str = Field(
        description="measure whose difference is meant, by its name in the tables",
        json_schema_extra={"enum": list(PRECISION_MEASURES)},
    )
    policy: str | None = Field(
        None, description="policy that is compared with the reference; main_difference by default"
    )
    half_width: float = Field(
        gt=0.0,
        le=WIDEST,
        description="half the width of the interval, in the unit of the measure (0.005 of a share "
        "is half a percentage point)",
    )
    block: int = Field(
        20, ge=10, le=LARGEST_BLOCK, description="replications between two looks at the interval"
    )


class StudyTable(BaseModel):
    """The keys of a study, each checked by itself."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: Literal["study"] = Field(description="what the file holds")
    schema_version: Literal[1] = Field(description="version of this format")
    name: Slug = Field(description="name of the folder of its runs")
    intent: str = Field(min_length=1, max_length=600, description="the question, in one sentence")
    seed: int = Field(ge=0, le=MAX_SEED, description="seed of every random number")
    start: date = Field(ge=date(2000, 1, 1), le=date(2100, 1, 1), description="first day")
    years: int = Field(ge=1, le=40, description="length of the horizon")
    replications: int = Field(
        ge=1,
        le=MAX_REPLICATIONS,
        description="independent repetitions; with `precision` the largest number of them",
    )
    precision: Precision | None = Field(
        None, description="lets the precision of one difference choose the number of repetitions"
    )
    policies: tuple[Slug, ...] = Field(
        min_length=1, max_length=100, strict=False, description="names of the policies"
    )
    reference: str = Field(description="policy that the others are compared with")
    main_difference: str = Field(
        "frozen",
        description="policy whose difference to the reference is the answer; where none is "
        "stated, frozen if it is among the policies, else the first that is not the reference",
    )
    level: float = Field(0.95, ge=0.5, lt=1.0, description="level of the intervals")
    grid: str = Field(
        "data/twente_grid",
        min_length=1,
        description="folder of the grid, from the folder of the study or that of the program",
    )
    parameters: dict[str, float] = Field(
        default_factory=dict, description="values of uncertain parameters other than the defaults"
    )


class Study(StudyTable):
    """A study whose keys agree with each other.

    Raises:
        ValidationError: from pydantic, where a key is wrong or two keys contradict each other.
    """

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, values: object) -> object:
        return completed(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _agrees(self) -> Study:
        conflicts = [f"{key[0]}: {text}" for key, text in study_conflicts(self.model_dump())]
        if conflicts:
            raise ValueError("; ".join(conflicts))
        return self


@dataclass(frozen=True)
class LoadedStudy:
    """A study with everything that it names, checked.

    Attributes:
        path: the file.
        study: its keys.
        policies: the resolved policies, in the order of the study.
        parameters: a value for every uncertain parameter.
        grid_folder: folder of the cells and municipalities.
        behaviour_folder: folder of the tables of behaviour.
    """

    path: Path
    study: Study
    policies: tuple[Policy, ...]
    parameters: Parameters
    grid_folder: Path
    behaviour_folder: Path

    def changed(self, *, replications: int | None, seed: int | None) -> LoadedStudy:
        """Return the study with another number of replications or seed, where one is given.

        A number of replications takes the place of the study's precision as well.
        """
        stated = {"replications": replications, "seed": seed}
        update: dict[str, Any] = {k: value for k, value in stated.items() if value is not None}
        if replications is not None:
            update["precision"] = None
        return replace(self, study=self.study.model_copy(update=update))


def load_study(path: Path) -> LoadedStudy:
    """Load a study, the policies that it names, its parameters and its grid.

    Policies are looked up in the folder of the study and among those that come with the model.

    Raises:
        InputError: with every fault of all these files, sorted by file and line.
    """
    faults = Faults()
    document = read_document(path, faults)
    if document is None:
        faults.raise_all()
        raise AssertionError(f"no document and no fault: {path}")
    values, source = document.content, Layers((document,))
    validate(StudyTable, values, source, faults)
    for key, text in study_conflicts(completed(values)):
        faults.add(source.place(key), key, text)
    policies = list(_policies(document, faults))
    parameters = _parameters(document, faults)
    grid_folder = _grid_folder(document)
    codes = _check_world(grid_folder, source.place(("grid",)), faults)
    for resolved in policies if codes else ():
        _check_codes(resolved, codes, faults)
    faults.raise_all()
    return LoadedStudy(
        path=path,
        study=Study.model_validate(values),
        policies=tuple(resolved.policy for resolved in policies),
        parameters=parameters,
        grid_folder=grid_folder,
        behaviour_folder=BEHAVIOUR,
    )


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a study with the policies that it leaves to be found, if they can be.

    These are `main_difference` and `precision.policy`.
    """
    policies, out = _texts(values.get("policies")), dict(values)
    if "main_difference" not in values and policies:
        others = [name for name in policies if name != values.get("reference")]
        first = others[0] if others else policies[0]
        out["main_difference"] = "frozen" if "frozen" in policies else first
    main, precision = out.get("main_difference"), values.get("precision")
    if isinstance(precision, dict) and main in policies:
        out["precision"] = {"policy": main, **precision}
    return out


def study_conflicts(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (key, what is wrong) for keys of a study that contradict each other.

    Values of a wrong type are passed over: they are faults of their own.
    """
    listed = _listed(values.get("policies"))
    policies = _texts(listed)
    for position, name in enumerate(listed):
        first = listed.index(name)
        if isinstance(name, str) and first < position:
            yield ("policies", position), f"'{name}' stands already at policies[{first + 1}]"
    for key in ("reference", "main_difference"):
        name = values.get(key)
        if policies and isinstance(name, str) and name not in policies:
            yield (key,), f"'{name}' is not among 'policies'{nearest(name, policies)}"
    precision = values.get("precision")
    if isinstance(precision, Mapping):
        for name, text in _precision_conflicts(precision, values, policies):
            yield ("precision", name), text
        replications = values.get("replications")
        if isinstance(replications, int) and 1 <= replications < FIRST_LOOK:
            text = f"{replications} is fewer than 'precision' needs before it stops: {FIRST_LOOK}"
            yield ("replications",), text


def _precision_conflicts(
    precision: Mapping[str, Any], values: Mapping[str, Any], policies: Sequence[str]
) -> Iterator[tuple[str, str]]:
    measure, policy, half = (precision.get(key) for key in ("measure", "policy", "half_width"))
    if isinstance(measure, str) and measure not in PRECISION_MEASURES:
        if measure in COST_PER:
            text = f"'{measure}' is a ratio of means: it has no value in a single replication"
        else:
            text = f"no measure is called '{measure}'{nearest(measure, PRECISION_MEASURES)}"
        yield "measure", text
    elif isinstance(measure, str) and measure.endswith(SHARE_ENDS) and _is_above(half):
        text = f"{half} is more than {WIDEST_SHARE}, and '{measure}' is a share: a point is 0.01"
        yield "half_width", text
    if isinstance(policy, str) and policy not in policies:
        yield "policy", f"'{policy}' is not among 'policies'{nearest(policy, policies)}"
    elif isinstance(policy, str) and policy == values.get("reference"):
        yield "policy", f"'{policy}' is the reference: its difference is always zero"
    block, replications = precision.get("block"), values.get("replications")
    if not isinstance(block, int) or not isinstance(replications, int):
        return
    if replications < block <= LARGEST_BLOCK:
        yield "block", f"{block} is more than 'replications'"


def _is_above(half_width: object) -> bool:
    if isinstance(half_width, bool) or not isinstance(half_width, int | float):
        return False
    return WIDEST_SHARE < half_width <= WIDEST


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _texts(value: object) -> list[str]:
    return [item for item in _listed(value) if isinstance(item, str)]


def _policies(document: Document, faults: Faults) -> Iterator[Resolved]:
    """Yield the policies that a study names, recording the faults of the others."""
    listed = _listed(document.content.get("policies"))
    for position, name in enumerate(listed):
        if not isinstance(name, str) or name in listed[:position] or not SLUG.fullmatch(name):
            continue
        search = (document.path.parent, SHIPPED)
        path = find_by_name(name, search)
        if isinstance(path, str):
            key: KeyPath = ("policies", position)
            faults.add(document.place(key), key, path)
            continue
        resolved = resolve_file(path, search, faults)
        if resolved is not None:
            yield resolved


def _parameters(document: Document, faults: Faults) -> Parameters:
    """Return the parameters with the study's own values, recording what is wrong with these."""
    stated = document.content.get("parameters")
    good: dict[str, float] = {}
    for name, value in (stated if isinstance(stated, dict) else {}).items():
        key: KeyPath = ("parameters", name)
        if name not in Parameters.registry:
            hint = nearest(name, Parameters.registry)
            faults.add(document.place(key, "key"), key, f"unknown parameter{hint}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = Parameters.fault(name, value)
            if text is None:
                good[name] = value
            elif value - value == 0:  # NaN and infinity are faults of the table
                faults.add(document.place(key), key, text.removeprefix(f"{name}: "))
    return Parameters.defaults().with_values(good)


def _grid_folder(document: Document) -> Path:
    stated = document.content.get("grid", StudyTable.model_fields["grid"].default)
    if not isinstance(stated, str):
        return ROOT / str(StudyTable.model_fields["grid"].default)
    beside = document.path.parent / stated
    return beside if beside.is_dir() else ROOT / stated


def _check_world(folder: Path, place: Place, faults: Faults) -> tuple[str, ...]:
    """Check grid and behaviour; return the codes of the municipalities, none of a faulty grid."""
    from sim.grid import load_grid
    from sim.world import load_occupancy

    if not folder.is_dir():
        faults.add(place, ("grid",), f"there is no folder '{folder.name}' with a grid")
        return ()
    try:
        load_occupancy(BEHAVIOUR / OCCUPANCY)
    except DataError as error:
        faults.add_lines(str(error))
    try:
        return tuple(m.gm_code for m in load_grid(folder).municipalities)
    except DataError as error:
        faults.add_lines(str(error))
    return ()


def _check_codes(resolved: Resolved, codes: Sequence[str], faults: Faults) -> None:
    """Record the municipalities of a policy's changes that the grid does not have."""
    for position, change in enumerate(resolved.policy.changes):
        for number, code in enumerate(change.municipalities):
            if code not in codes:
                key: KeyPath = ("changes", position, "municipalities", number)
                text = f"the grid has no municipality '{code}'{nearest(code, codes)}"
                faults.add(resolved.layers.place(key), key, text)
