"""How the loops of the model are compiled, and where the compiled code is kept.

Numba turns the loops over people, calls and units into machine code at their first call and keeps
it on disk. Its own check looks only at the file of a loop, not at the files of the functions that
the loop calls; so the code is kept in a folder named after a hash of every file of this package,
and a change anywhere in the model compiles anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba

Function = TypeVar("Function", bound=Callable[..., Any])

FOLDER_VARIABLE = "BURGERNET_KERNELS"
"""Environment variable that names another folder for compiled code."""
_NAME = ".burgernet-kernels"
# A loop over many arrays uses the vector units only after a check that they do not overlap; the
# default allows for eight such checks, and a stage of the model takes more arrays.
llvmlite.binding.set_option("", "-runtime-memory-check-threshold=256")


def compiled(function: Function) -> Function:
    """Compile a function with Numba when it is first called with arguments of some types.

    Arithmetic follows IEEE 754 to the letter (no fused or reordered operations), so that figures
    do not depend on how a loop was compiled; division by zero gives infinity, as in NumPy. The
    function must not make arrays: without Numba's counting of references, which costs more than
    the work of a short function that takes many arrays, it has no memory of its own.
    """
    numba.config.CACHE_DIR = str(_folder() or "")
    make = numba.njit(cache=_folder() is not None, nogil=True, error_model="numpy", _nrt=False)
    return cast("Function", make(function))


def inlined(function: Function) -> Function:
    """Copy a function into the compiled functions that call it: for those that take many arrays
    and are called for every person.
    """
    return cast("Function", numba.njit(error_model="numpy", _nrt=False, inline="always")(function))


def is_complete() -> bool:
    """Tell whether every loop has been compiled before for these sources, Numba and processor."""
    return _folder() is None or _mark().exists()


def note_complete() -> None:
    """Note that every loop has been compiled, for `is_complete`."""
    if _folder() is not None:
        _mark().touch()


def _mark() -> Path:
    """Return the file that says that everything is there."""
    processor = f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()} {sys.version}"
    features = llvmlite.binding.get_host_cpu_features().flatten()
    name = hashlib.sha256(f"{processor} {features}".encode()).hexdigest()[:16]
    return (_folder() or Path()) / f"complete-{name}"


@cache
def _folder() -> Path | None:
    """Return the folder for code compiled from the present sources, None where none can be
    written.
    """
    for parent in _parents():
        folder = parent / _NAME / sources_sha256()[:16]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def _parents() -> Iterator[Path]:
    stated = os.environ.get(FOLDER_VARIABLE)
    if stated:
        yield Path(stated)
        return
    yield Path(__file__).resolve().parent.parent
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@cache
def sources_sha256() -> str:
    """Return one sha256 over the names and bytes of the Python files of this package."""
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(here).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
