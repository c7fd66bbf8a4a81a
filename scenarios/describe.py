"""Policies in words: every lever with its origin, and what sets two policies apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scenarios.inputs import KeyPath, dotted, shown_value
from scenarios.load import OWN_KEYS, Resolved
from scenarios.validate import leaf_fields
from sim.policy import Policy


class LeverRow(NamedTuple):
    """One lever of a policy: its dotted key, its value as text, and the file that states it."""

    key: str
    value: str
    origin: str


def lever_rows(resolved: Resolved) -> list[LeverRow]:
    """Return every lever of a policy, defaults included, in the order of the model."""
    return [
        LeverRow(dotted(key), value_in_words(value), resolved.origin(key))
        for key, value in _levers(resolved.policy)
    ]


def difference_in_words(first: Policy, second: Policy) -> list[str]:
    """Return a line for every lever in which the second policy differs from the first."""
    meanings = {".".join(key): text for key, text in leaf_fields(Policy)}
    before = {dotted(key): value for key, value in _levers(first)}
    after = {dotted(key): value for key, value in _levers(second)}
    lines = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old != new:
            meaning = f" ({meanings[key]})" if meanings.get(key, "") else ""
            lines.append(f"{key}{meaning}: from {value_in_words(old)} to {value_in_words(new)}")
    return lines


def value_in_words(value: object) -> str:
    """Return a value as people read it: `none` for no value, an empty list or a missing item."""
    if isinstance(value, dict):
        inner = [f"{dotted(way)} {value_in_words(leaf)}" for way, leaf in _leaves((), value)]
        return ", ".join(inner) or "none"
    if value is None or value == ():
        return "none"
    return f"{value:g}" if isinstance(value, float) else shown_value(value)


def _levers(policy: Policy) -> Iterator[tuple[KeyPath, object]]:
    """Yield every lever, with the way to it."""
    table = policy.model_dump(by_alias=True, exclude=set(OWN_KEYS))
    yield from _leaves((), table)


def _leaves(way: KeyPath, value: object) -> Iterator[tuple[KeyPath, object]]:
    """Yield what tables hold; an item of a list is one whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves((*way, key), inner)
    elif isinstance(value, list | tuple):
        yield from (((*way, position), item) for position, item in enumerate(value))
    else:
        yield way, value
