"""The model: alerts, participants, sightings and outcomes of Burgernet, knowing nothing of studies
or reports.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.parameters import Parameters
    from sim.policy import Policy
    from sim.replication import simulate
    from sim.world import World

_HOMES = {
    "Parameters": "sim.parameters",
    "Policy": "sim.policy",
    "World": "sim.world",
    "simulate": "sim.replication",
}

__all__ = ["Parameters", "Policy", "World", "simulate"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import sim.policy` stays light."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
