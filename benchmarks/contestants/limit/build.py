"""Compile the C loop into a temporary folder and load it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.contestant import UnavailableError
from benchmarks.contestants.limit.structure import Given, Outcomes

COMPILERS = ("gcc", "cc", "clang")
"""Tried in this order."""
FLAGS = (
    *("-std=gnu11", "-O3", "-march=native", "-ffp-contract=off"),
    # Neither changes a value; without them no loop with a root or a choice uses vectors.
    *("-fno-math-errno", "-fno-trapping-math"),
    *("-shared", "-fPIC", "-Wall", "-Wextra"),
)
"""Arithmetic stays that of IEEE 754, step by step: no fused and no reordered operations."""
FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "limit.c"
_SHOWN = 2_000


def compiler() -> str:
    """Return the path of a C compiler.

    Raises:
        UnavailableError: there is none.
    """
    for name in COMPILERS:
        found = shutil.which(name)
        if found is not None:
            return found
    raise UnavailableError(f"no C compiler was found ({', '.join(COMPILERS)})")


@cache
def library() -> ctypes.CDLL:
    """Compile and load the loop, once for this process; the folder is gone when it returns.

    Raises:
        UnavailableError: there is no compiler, or it does not take the source.
    """
    program = compiler()
    # On Windows a loaded library cannot be removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "limit.so"
        command = [program, *FLAGS, str(SOURCE), "-o", str(target), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UnavailableError(f"{program} does not compile it: {done.stderr[-_SHOWN:]}")
        loaded = ctypes.CDLL(str(target))
    loaded.limit_run.argtypes = [ctypes.POINTER(Given), ctypes.POINTER(Outcomes)]
    loaded.limit_run.restype = ctypes.c_int
    return loaded
