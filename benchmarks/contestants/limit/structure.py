"""The structures of the C header as ctypes: read from it, so that there is one list of fields."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.parameters import Parameters

HEADER = Path(__file__).resolve().parent / "given.h"
Array: TypeAlias = NDArray[Any]
_STRUCTURE = re.compile(r"typedef struct \{(.*?)\} (\w+);", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FIELD = re.compile(r"(?:const )?(\w+) (\*?)(\w+);")
_CONSTANT = re.compile(r"(\w+) = (\d+)")
_TYPES: dict[str, tuple[type[Any], type[np.generic]]] = {
    "double": (ctypes.c_double, np.float64),
    "int64_t": (ctypes.c_int64, np.int64),
    "uint8_t": (ctypes.c_uint8, np.uint8),
}


def _fields_of(name: str) -> list[tuple[str, bool, str]]:
    """Return type, whether it is a pointer, and name of each field of a structure."""
    bodies = {found[2]: found[1] for found in _STRUCTURE.finditer(_text())}
    lines = _FIELD.findall(_COMMENT.sub("", bodies[name]))
    return [(kind, pointer == "*", field) for kind, pointer, field in lines]


def _text() -> str:
    return HEADER.read_text(encoding="utf-8")


def constant(name: str) -> int:
    """Return a constant of the header."""
    return int(dict(_CONSTANT.findall(_text()))[name])


class ParameterStructure(ctypes.Structure):
    """The parameters that the loop reads."""

    _fields_ = [(name, ctypes.c_double) for _, _, name in _fields_of("Parameters")]


def _types_of(name: str) -> list[tuple[str, Any]]:
    return [
        (
            field,
            ParameterStructure
            if kind == "Parameters"
            else ctypes.POINTER(_TYPES[kind][0])
            if pointer
            else _TYPES[kind][0],
        )
        for kind, pointer, field in _fields_of(name)
    ]


class Given(ctypes.Structure):
    """What the loop is given."""

    _fields_ = _types_of("Given")


class Outcomes(ctypes.Structure):
    """What it yields."""

    _fields_ = _types_of("Outcomes")


def parameter_structure(parameters: Parameters) -> ParameterStructure:
    """Return the parameters that the loop reads."""
    names = [name for _, _, name in _fields_of("Parameters")]
    return ParameterStructure(**{name: float(parameters[name]) for name in names})


def filled(structure: type[Any], values: Mapping[str, Any]) -> tuple[Any, dict[str, Array]]:
    """Fill a structure.

    Args:
        structure: `Given` or `Outcomes`.
        values: a value or an array for each of its fields.

    Returns:
        The structure, and its arrays in the types that it points to, by name: they must live as
        long as it does.

    Raises:
        KeyError: a field is missing, or there is none of a name.
    """
    fields = _fields_of(structure.__name__)
    unknown = set(values) ^ {name for _, _, name in fields}
    if unknown:
        raise KeyError(f"{structure.__name__}: {', '.join(sorted(unknown))}")
    made, arrays = structure(), {}
    for kind, pointer, name in fields:
        if pointer:
            arrays[name] = np.ascontiguousarray(values[name], dtype=_TYPES[kind][1])
            address = arrays[name].ctypes.data_as(ctypes.POINTER(_TYPES[kind][0]))
            setattr(made, name, address)
        else:
            setattr(made, name, values[name])
    return made, arrays
