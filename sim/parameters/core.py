"""What an uncertain parameter is: a name, a unit, a prior, a default, a source and a
confidence.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy.special import betaincinv, gammaincinv, ndtri

from sim.errors import InputError

Confidence: TypeAlias = Literal["high", "medium", "low", "assumed"]


@dataclass(frozen=True, slots=True)
class Beta:
    """Beta distribution on (0, 1)."""

    a: float
    b: float

    def quantile(self, share: float) -> float:
        """Return the quantile at `share`."""
        return float(betaincinv(self.a, self.b, share))

    support = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Log-normal distribution with its median in the parameter's unit and sigma on the log
    scale.
    """

    median: float
    sigma: float

    def quantile(self, share: float) -> float:
        """Return the quantile at `share`."""
        return self.median * math.exp(self.sigma * float(ndtri(share)))

    support = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal distribution, meant for quantities far from zero."""

    mean: float
    sd: float

    def quantile(self, share: float) -> float:
        """Return the quantile at `share`."""
        return self.mean + self.sd * float(ndtri(share))

    support = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma distribution with unit scale: normalised weights of this kind are Dirichlet
    distributed.
    """

    shape: float

    def quantile(self, share: float) -> float:
        """Return the quantile at `share`."""
        return float(gammaincinv(self.shape, share))

    support = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform distribution between two bounds."""

    low: float
    high: float

    def quantile(self, share: float) -> float:
        """Return the quantile at `share`."""
        return self.low + (self.high - self.low) * share

    @property
    def support(self) -> tuple[float, float]:
        """The bounds."""
        return self.low, self.high


Prior: TypeAlias = Beta | LogNormal | Normal | Gamma | Uniform


@dataclass(frozen=True, slots=True)
class Parameter:
    """One uncertain parameter of the model.

    Attributes:
        name: its name in code, studies and tables; the unit is part of it.
        unit: its unit in words (`1` for shares and factors).
        default: the value used when a study says nothing, in the unit.
        prior: what is believed before the region's figures are used.
        source: where the prior comes from.
        confidence: `high`, `medium` or `low` evidence, or `assumed` where there is none.
        note: why the default differs from the prior's median, or what the parameter means.
    """

    name: str
    unit: str
    default: float
    prior: Prior
    source: str
    confidence: Confidence
    note: str = ""


class Parameters(Mapping[str, float]):
    """One value for every parameter; immutable, by name or as an attribute.

    Args:
        values: every registered name with its value.

    Raises:
        InputError: naming each unknown or missing name and each value outside its support.
    """

    __slots__ = ("_values",)
    _values: dict[str, float]
    registry: Mapping[str, Parameter] = {}

    def __init__(self, values: Mapping[str, float]) -> None:
        faults = [fault for name, value in values.items() if (fault := self.fault(name, value))]
        faults += [f"{name}: missing" for name in self.registry if name not in values]
        if faults:
            raise InputError("\n".join(faults))
        object.__setattr__(self, "_values", {name: float(values[name]) for name in self.registry})

    @classmethod
    def defaults(cls) -> Parameters:
        """Return the values set by the first calibration."""
        return cls({name: parameter.default for name, parameter in cls.registry.items()})

    def with_values(self, changes: Mapping[str, float]) -> Parameters:
        """Return a copy with some values changed; faults as for the constructor."""
        return Parameters({**self._values, **changes})

    @classmethod
    def fault(cls, name: str, value: object) -> str | None:
        """Return what is wrong with a value for a parameter, or nothing."""
        parameter = cls.registry.get(name)
        if parameter is None:
            near = difflib.get_close_matches(name, cls.registry, 1, 0.4)
            return f"{name}: unknown parameter" + (f" (nearest: {near[0]})" if near else "")
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            return f"{name}: {value!r} is not a finite number"
        low, high = parameter.prior.support
        if not low <= value <= high:
            return f"{name}: {value} is outside {low:g}..{high:g} ({parameter.unit})"
        return None

    def as_dict(self) -> dict[str, float]:
        """Return the values by name."""
        return dict(self._values)

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no parameter {name}") from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"parameters are immutable: {name}")

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, float]]]:
        return Parameters, (dict(self._values),)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        changed = {n: v for n, v in self._values.items() if v != self.registry[n].default}
        return f"Parameters({len(self)} values, changed from the defaults: {changed or 'none'})"
