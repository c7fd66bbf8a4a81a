"""What a run is: its identity by content, hashes of the policies, and its configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from experiments.engine.store import sha256_of
from experiments.study import ROOT, LoadedStudy
from sim.errors import DataError
from sim.policy import Policy

SCHEMA_VERSION = 2
"""Raised when the layout of a folder or table changes: older folders are then left alone."""
LOCK_FILE = "requirements.lock"
DATA_SUFFIXES = frozenset({".csv", ".json", ".parquet", ".toml"})
PACKAGES = (
    "simpy",
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "pandas",
    "pyarrow",
    "geopandas",
    "pydantic",
    "dask",
    "distributed",
)
WORDS_OF_A_POLICY = frozenset({"intent", "source"})


class Design(NamedTuple):
    """A run, fully decided: where it lands, what it holds, and what it was made from."""

    run_id: str
    identity: dict[str, Any]
    hashes: tuple[str, ...]
    """Hash of each policy, in the order of the study."""


def design(loaded: LoadedStudy, *, root: Path = ROOT) -> Design:
    """Return the identity of a run; policies and replications are its contents and no part of it.

    Args:
        loaded: the study with its policies resolved.
        root: the checkout, which holds `sim/` and the lock.

    Raises:
        DataError: a file that belongs to the identity cannot be read.
    """
    study = loaded.study
    identity = {
        "schema": SCHEMA_VERSION,
        "seed": study.seed,
        "start": study.start.isoformat(),
        "years": study.years,
        "parameters": dict(loaded.parameters.as_dict()),
        "grid_sha256": folder_sha256(loaded.grid_folder, DATA_SUFFIXES),
        "behaviour_sha256": folder_sha256(loaded.behaviour_folder, DATA_SUFFIXES),
        "model_sha256": folder_sha256(root / "sim", frozenset({".py"})),
        "lock_sha256": _lock_sha256(root),
    }
    run_id = hashlib.sha256(canonical_json(identity)).hexdigest()[:16]
    return Design(run_id, identity, tuple(policy_hash(policy) for policy in loaded.policies))


def canonical_json(value: object) -> bytes:
    """Return JSON with sorted keys and no spaces, so that equal values give equal bytes.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def policy_hash(policy: Policy) -> str:
    """Return 16 hexadecimal digits for a policy's levers and name; its other words may change."""
    levers = policy.model_dump(mode="json", by_alias=True, exclude=set(WORDS_OF_A_POLICY))
    return hashlib.sha256(canonical_json(levers)).hexdigest()[:16]


def folder_sha256(folder: Path, suffixes: frozenset[str]) -> str:
    """Return one sha256 over the names and bytes of the files with these suffixes, by name.

    Raises:
        DataError: the folder holds no such file, or one cannot be read.
    """
    try:
        files = sorted(
            (path.relative_to(folder).as_posix(), path)
            for path in folder.rglob("*")
            if path.suffix in suffixes and path.is_file()
        )
        digests = [(name, sha256_of(path)) for name, path in files]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error}") from error
    if len(digests) == 0:
        raise DataError(f"{folder}: no files ({', '.join(sorted(suffixes))}) here")
    return hashlib.sha256(canonical_json(digests)).hexdigest()


def _lock_sha256(root: Path) -> str:
    path = root / LOCK_FILE
    if path.exists():
        return sha256_of(path)
    # An installed copy has no lock; what it runs on is then named by the versions.
    return hashlib.sha256(canonical_json(versions())).hexdigest()


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of the packages that figures may depend on."""
    return {package: metadata.version(package) for package in PACKAGES}


def config(loaded: LoadedStudy, run_id: str) -> str:
    """Return the resolved configuration as TOML: the study, every parameter, every lever."""
    return to_toml(
        {
            **loaded.study.model_dump(mode="python", exclude_none=True),
            "run_id": run_id,
            "parameters": dict(loaded.parameters.as_dict()),
            "policy": {
                p.name: _without_none(p.model_dump(mode="python", by_alias=True))
                for p in loaded.policies
            },
        }
    )


def _without_none(value: object) -> object:
    """Return a value with the word none for None: TOML has no null."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return "none" if value is None else value


def to_toml(document: Mapping[str, Any]) -> str:
    """Return a mapping as TOML 1.0 that `tomllib` reads back equal (a tuple comes back as a list).

    Raises:
        TypeError: a value has no TOML form, such as None.
    """
    lines: list[str] = []
    _table(lines, (), document)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(lines: list[str], path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if len(path) > 0 and (len(plain) > 0 or len(table) == 0):
        lines += ["", f"[{'.'.join(map(_key, path))}]"]
    lines += [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, Mapping):
            _table(lines, (*path, key), value)


def _key(key: str) -> str:
    bare = len(key) > 0 and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    return key if bare else _text(key)


def _text(text: str) -> str:
    # JSON escapes what TOML wants escaped, save DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(v)}" for key, v in value.items()) + "}"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    # Before int: True is one.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no TOML form: {value!r}")
