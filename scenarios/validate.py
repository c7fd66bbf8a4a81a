"""Checking tables against pydantic models, and saying in plain words what is wrong and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from scenarios.inputs import SLUG, Faults, KeyPath, Layers, nearest, shown_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ModelT = TypeVar("ModelT", bound=BaseModel)

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def validate(
    model: type[ModelT],
    values: Mapping[str, Any],
    source: Layers,
    faults: Faults,
    *,
    prefix: KeyPath = (),
) -> ModelT | None:
    """Validate a table against a model; every fault is recorded where its key stands.

    Args:
        model: the pydantic model of the table.
        values: the table.
        source: the documents that the table was made from.
        faults: receives the faults.
        prefix: the way from the top of the documents to the table.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _record(model, detail, source, faults, prefix)
    return None


def _record(
    model: type[BaseModel], detail: ErrorDetails, source: Layers, faults: Faults, prefix: KeyPath
) -> None:
    key = (*prefix, *detail["loc"])
    if detail["type"] == "extra_forbidden":
        hint = _nearest_key(model, detail["loc"])
        faults.add(source.place(key, "key"), key, f"unknown key{hint}")
    elif detail["type"] == "value_error":
        _record_conflict(detail, source, faults, key)
    else:
        faults.add(source.place(key), key, describe_error(detail))


def _record_conflict(detail: ErrorDetails, source: Layers, faults: Faults, key: KeyPath) -> None:
    """Record a conflict between keys of a table at the last of them, with the others' places."""
    message = describe_error(detail)
    named = [
        (*key, word)
        for word in dict.fromkeys(_WORD.findall(message))
        if source.owner((*key, word)) is not None
    ]
    if not named:
        faults.add(source.place(key), key, message)
        return
    order = {id(document): i for i, document in enumerate(source.documents)}
    ranked = sorted(named, key=lambda k: (order[id(source.owner(k))], source.place(k).line))
    last, others = ranked[-1], ranked[:-1]
    also = "".join(f"; {k[-1]} stands at {source.place(k, 'key')}" for k in others)
    faults.add(source.place(last, "key"), last, f"{message}{also}")


_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "date_type": "a date such as 2014-07-01, without quotes",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_BOUNDS = {
    "greater_than_equal": "at least {}",
    "greater_than": "more than {}",
    "less_than_equal": "at most {}",
    "less_than": "less than {}",
}
_LENGTHS = {
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}


_PATTERNS = {
    SLUG.pattern: "at most 64 small letters, digits, - and _",
    f"^{SLUG.pattern}$": "at most 64 small letters, digits, - and _",
}


def _bound(context: Mapping[str, Any]) -> str:
    """Return the one bound that pydantic names, as people write numbers and dates."""
    bound = next(context[name] for name in ("ge", "gt", "le", "lt") if name in context)
    return f"{bound:,.12g}" if isinstance(bound, int | float) else str(bound)


def describe_error(detail: ErrorDetails) -> str:
    """Return what is wrong with a value, in plain words, with the offending value."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    seen = shown_value(value)
    if kind == "value_error":
        text = str(context["error"])
    elif kind == "missing":
        text = "this key is missing"
    elif kind == "literal_error":
        expected = str(context["expected"])
        hint = nearest(str(value), re.findall("'([^']*)'", expected))
        text = f"must be {expected}, not {seen}{hint}"
    elif kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        text = f"must be {_PATTERNS.get(pattern, f'like {pattern}')}, not {seen}"
    elif kind in _TYPES:
        text = f"must be {_TYPES[kind]}, not {seen}"
    elif kind in _BOUNDS:
        text = f"must be {_BOUNDS[kind].format(_bound(context))}, not {seen}"
    elif kind in _LENGTHS and context.get("min_length") == 1:
        text = "must not be empty"
    elif kind in _LENGTHS:
        text = f"must have {_LENGTHS[kind].format(**context)}, not {len(value)}"
    else:
        text = f"{detail['msg'][0].lower()}{detail['msg'][1:]}, not {seen}"
    return text


def _nearest_key(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """Return a hint for an unknown key: the like in its own table, or its equal in another one."""
    table = _model_at(model, loc[:-1])
    key = str(loc[-1])
    elsewhere = [".".join(path) for path, _ in leaf_fields(model) if path[-1] == key]
    if elsewhere:
        return f" (did you mean '{elsewhere[0]}'?)"
    known = sorted(key_names(table)) if table is not None else []
    return nearest(key, known) or (f"; known here: {', '.join(known)}" if known else "")


def key_names(model: type[BaseModel]) -> list[str]:
    """Return the keys of a table as they stand in a file."""
    return [info.alias or name for name, info in model.model_fields.items()]


def leaf_fields(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (way to the key, its description) for every key of a model that is no table."""
    for name, info in model.model_fields.items():
        key = (*path, info.alias or name)
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaf_fields(inner, key)
        else:
            yield key, info.description or ""


def _model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None:
            return None
        if isinstance(part, int):
            continue
        fields = {info.alias or name: info for name, info in current.model_fields.items()}
        current = _inner_model(fields[part].annotation) if part in fields else None
    return current


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _inner_model(a)) is not None), None)
