"""The registry of uncertain parameters: everything that no policy decides."""

from sim.parameters import events, organisation, people, response
from sim.parameters.core import Parameter, Parameters

GROUPS: dict[str, tuple[Parameter, ...]] = {
    "people": people.PARAMETERS,
    "events": events.PARAMETERS,
    "response": response.PARAMETERS,
    "organisation": organisation.PARAMETERS,
}
"""Every parameter by group."""

REGISTRY: dict[str, Parameter] = {p.name: p for group in GROUPS.values() for p in group}
"""Every parameter by name."""

Parameters.registry = REGISTRY

__all__ = ["GROUPS", "REGISTRY", "Parameter", "Parameters"]
