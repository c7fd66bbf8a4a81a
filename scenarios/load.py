"""Finding, merging and checking policies: a file states what differs, `extends` names the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenarios.inputs import (
    SLUG,
    Document,
    Faults,
    KeyPath,
    Layers,
    nearest,
    read_document,
    shown_path,
    shown_value,
)
from scenarios.validate import describe_error, key_names, validate
from sim.errors import InputError
from sim.policy import REGIONAL_LEVERS, Levers, Policy, merge

SHIPPED = Path(__file__).parent
"""The folder of the policies that come with the model."""
NONE = "none"
"""What a file says to take away a value: no limit on lines or throughput, no date."""
OWN_KEYS = frozenset({"kind", "name", "extends", "intent", "source"})
"""Keys that a policy does not take over from the one it extends."""


_KIND = Field(description="what the file holds")
_EXTENDS = Field(None, description="policy whose levers hold where none is stated")
_INTENT = Field(min_length=1, max_length=600, description="why this policy, in one sentence")


class Header(BaseModel):
    """The keys of a policy file that no other policy takes over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    kind: Literal["policy"] = _KIND
    extends: str | None = _EXTENDS
    intent: str = _INTENT


class PolicyFile(Policy):
    """The contents of a policy file: a policy, its kind and the policy that it extends."""

    kind: Literal["policy"] = _KIND
    extends: str | None = _EXTENDS
    intent: str = _INTENT


@dataclass(frozen=True, slots=True)
class Resolved:
    """A policy with everything it takes over, and the files that each lever came from.

    Attributes:
        policy: the policy, checked.
        values: the merged table, without the levers that no file states.
        layers: the files, the farthest ancestor first.
    """

    policy: Policy
    values: dict[str, Any]
    layers: Layers

    def origin(self, key: KeyPath) -> str:
        """Return the `file:line` that states a lever, or `default`."""
        owner = self.layers.owner(key)
        if owner is None:
            return "default"
        place = owner.place(key, "key")
        return f"{place.file}:{place.line}" if place.line > 0 else place.file


def list_policies(search: Sequence[Path] = (SHIPPED,)) -> tuple[str, ...]:
    """Return the names of the policies in the folders, by the names of their files."""
    files = [path for folder in search for path in folder.glob("*.toml")]
    return tuple(sorted({path.stem for path in files if _is_policy(path)}))


def load_policy(name_or_path: str | Path, search: Sequence[Path] = (SHIPPED,)) -> Policy:
    """Return a policy by its name, or from a file.

    Args:
        name_or_path: a name such as `frozen`, or the path of a TOML file.
        search: the folders in which names are looked up.

    Raises:
        InputError: with every fault of the policy and of those it extends.
    """
    return resolve(name_or_path, search).policy


def resolve(name_or_path: str | Path, search: Sequence[Path] = (SHIPPED,)) -> Resolved:
    """Return a policy together with the origin of each of its levers.

    Raises:
        InputError: with every fault of the policy and of those it extends.
    """
    faults = Faults()
    path = find_policy(name_or_path, search)
    if isinstance(path, str):
        raise InputError(path)
    resolved = resolve_file(path, search, faults)
    faults.raise_all()
    if resolved is None:
        raise AssertionError(f"no policy and no fault: {name_or_path}")
    return resolved


def find_policy(name_or_path: str | Path, search: Sequence[Path]) -> Path | str:
    """Return the file of a policy, or a text that says why there is none."""
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return Path(name_or_path)
    return find_by_name(name_or_path, search)


def find_by_name(name: str, search: Sequence[Path]) -> Path | str:
    """Return the file of a policy in one of the folders, or a text that says why there is none."""
    if not SLUG.fullmatch(name):
        return f"{shown_value(name)} is no name of a policy: small letters, digits, - and _"
    files = {(folder / f"{name}.toml").resolve(): folder / f"{name}.toml" for folder in search}
    found = [path for path in files.values() if path.is_file() and _is_policy(path, broken=True)]
    if len(found) > 1:
        places = " and ".join(shown_path(path) for path in found)
        return f"more than one policy is called '{name}': {places}"
    if not found:
        return f"no policy is called '{name}'{nearest(name, list_policies(search))}"
    return found[0]


def resolve_file(path: Path, search: Sequence[Path], faults: Faults) -> Resolved | None:
    """Return the policy of a file; none, with faults recorded, where something is wrong."""
    documents = _chain(path, search, faults)
    if documents is None:
        return None
    layers, values = Layers(documents, OWN_KEYS), dict[str, Any]()
    for document in documents:
        taken_over = {k: v for k, v in values.items() if k not in OWN_KEYS}
        values = merge(taken_over, document.content)
    values = {k: v if k in OWN_KEYS else _with_none(v) for k, v in values.items()}
    policy = _checked(values, layers, faults)
    return None if policy is None else Resolved(policy, values, layers)


def _is_policy(path: Path, *, broken: bool = False) -> bool:
    """Tell whether a file holds a policy; `broken` is the answer where it cannot be read."""
    document = read_document(path, Faults())
    return broken if document is None else document.content.get("kind") == "policy"


def _chain(path: Path, search: Sequence[Path], faults: Faults) -> tuple[Document, ...] | None:
    """Return the file and all that it extends, the farthest ancestor first."""
    chain: list[Document] = []
    while True:
        document = read_document(path, faults)
        if document is None:
            return None
        chain.append(document)
        _check_header(document, faults)
        parent = document.content.get("extends")
        if not isinstance(parent, str):
            return tuple(reversed(chain))
        found = find_by_name(parent, (path.parent, *search))
        if isinstance(found, str):
            faults.add(document.place(("extends",)), ("extends",), found)
            return None
        seen = [one.path.resolve() for one in chain]
        if found.resolve() in seen:
            _record_cycle(chain[seen.index(found.resolve()) :], faults)
            return None
        path = found


def _check_header(document: Document, faults: Faults) -> None:
    validate(Header, document.content, Layers((document,)), faults)
    name, stem = document.content.get("name"), document.path.stem
    if isinstance(name, str) and name != stem:
        text = f"must be the name of the file, '{stem}', not {shown_value(name)}"
        faults.add(document.place(("name",)), ("name",), text)


def _record_cycle(cycle: list[Document], faults: Faults) -> None:
    """Record a cycle once, at the member that comes first by name, whichever policy led to it."""
    first = min(range(len(cycle)), key=lambda i: cycle[i].path.stem)
    turned = [*cycle[first:], *cycle[:first], cycle[first]]
    names = " -> ".join(document.path.stem for document in turned)
    place = cycle[first].place(("extends",))
    faults.add(place, ("extends",), f"a policy cannot extend itself: {names}")


def _checked(values: dict[str, Any], layers: Layers, faults: Faults) -> Policy | None:
    known = len(faults)
    changes = values.get("changes")
    listed = changes if isinstance(changes, list) else []
    bare = [_without_levers(change) for change in listed]
    validate(PolicyFile, {**values, "changes": bare} if listed else values, layers, faults)
    for position, change in enumerate(listed):
        if isinstance(change, dict) and isinstance(change.get("levers"), dict):
            _check_change(position, change, values, layers, faults)
    if len(faults) > known:
        return None
    own = {key: value for key, value in values.items() if key not in ("kind", "extends")}
    policy = validate(Policy, own, layers, faults)
    if policy is not None:
        _check_together(policy, layers, faults)
    return policy if len(faults) == known else None


def _with_none(value: object) -> object:
    """Return a value with the word `none`, TOML having no null, replaced by none at all."""
    if isinstance(value, dict):
        return {key: _with_none(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_none(inner) for inner in value]
    return None if value == NONE else value


def _without_levers(change: object) -> object:
    """Return a change whose levers are left out where they are a table: they are checked apart."""
    if isinstance(change, dict) and isinstance(change.get("levers"), dict):
        return {**change, "levers": {}}
    return change


def _check_change(
    position: int,
    change: dict[str, Any],
    values: dict[str, Any],
    layers: Layers,
    faults: Faults,
) -> None:
    """Check the levers of one change, laid over the policy's own where those are right."""
    levers = change["levers"]
    base = {key: value for key, value in values.items() if key in key_names(Levers)}
    try:
        Levers.model_validate(base)
    except ValidationError:
        base = {}
    way: KeyPath = ("changes", position, "levers")
    validate(Levers, merge(base, levers), layers, faults, prefix=way)
    for lever in REGIONAL_LEVERS:
        if lever in levers and change.get("municipalities"):
            text = "is one for the whole region: it cannot stand beside 'municipalities'"
            faults.add(layers.place((*way, lever), "key"), (*way, lever), text)


def _check_together(policy: Policy, layers: Layers, faults: Faults) -> None:
    """Check the levers that hold when several changes have begun."""
    codes = {code for change in policy.changes for code in change.municipalities}
    for day in (date.min, *policy.change_days()):
        for code in sorted({"", *codes}):
            try:
                policy.levers_at(day, code)
            except ValidationError as error:
                where = f" in {code}" if code else ""
                what = describe_error(error.errors(include_url=False)[0])
                text = f"taken together from {day}{where} they contradict each other: {what}"
                faults.add(layers.place(("changes",)), ("changes",), text)
                return
