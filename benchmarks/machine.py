"""The facts of the machine and the libraries that figures of speed depend on."""

from __future__ import annotations

import os
import platform
from importlib import metadata

LIBRARIES = ("numpy", "numba", "simpy", "mesa")


def facts() -> dict[str, str]:
    """Return what stands beside measured figures; nothing that names a machine or its owner."""
    versions = ", ".join(f"{library} {metadata.version(library)}" for library in LIBRARIES)
    return {
        "cores": str(cores()),
        "processor": platform.machine(),
        "system": platform.system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": versions,
    }


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
