"""How the arrays of people and policies lie in memory, and sums over them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sim.draws import Bools, Ints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Scalar = TypeVar("Scalar", bound=np.generic)


class Columns:
    """A dataclass of equally long arrays [..., n], of which rows can be taken."""

    __slots__ = ()

    def take(self, rows: Ints) -> Self:
        """Return some of the rows, or all of them in another order."""
        names = [field.name for field in fields(cast("DataclassInstance", self))]
        return type(self)(**{name: getattr(self, name)[..., rows] for name in names})


def by_policy(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Store an array [n, p] policy by policy: inner loops run over people, not over few policies.

    Element-wise operations keep the layout of their operands.
    """
    return np.asfortranarray(values)


def run_starts(key: Ints) -> Ints:
    """Return the places where runs of equal values begin in a sorted array."""
    if key.size == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def per_circle(flags: Bools, circle: Ints, n_circles: int) -> Ints:
    """Sum flags [row, p] over the rows of each alert, to [circle, p]; rows are in alert order."""
    begin = run_starts(circle)
    out = np.zeros((n_circles, flags.shape[1]), dtype=np.int64)
    if begin.size > 0:
        for j in range(flags.shape[1]):
            out[circle[begin], j] = np.add.reduceat(flags[:, j], begin, dtype=np.int64)
    return out
