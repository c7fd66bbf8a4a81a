"""Addressed random numbers: every draw is a pure function of where it is used.

A draw has an address, (seed, replication, purpose, a, b, c), and no history. Policies therefore
share every draw whose address they share, the order of evaluation cannot matter, and adding a
policy, a worker or a year changes no other number. The generator is Philox4x32-10 of Salmon,
Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3", SC11 (2011), doi:10.1145/2063384.2063405; the published known answers
are a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import scalar
from sim.compiled import compiled
from sim.scalar import NEVER_AFTER_S, WORD_RANGE

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Spans: TypeAlias = NDArray[np.int32]
"""Seconds after an alert: 32 bits halve the memory that the large arrays move."""
Words: TypeAlias = NDArray[np.uint64]
Bools: TypeAlias = NDArray[np.bool_]


class Purpose(IntEnum):
    """What a draw decides; numbers are part of the addresses and are never used for anything
    else.
    """

    RESIDENT = 1
    HOME = 2
    PERSON = 3
    WORKPLACE = 4
    LEISURE_PLACE = 5
    ENTRY = 6
    MARK = 7
    CAMPAIGN = 8
    APP = 9

    ARRIVAL_COUNT = 20
    ARRIVAL_TIME = 21
    ARRIVAL_PLACE = 22
    ARRIVAL_CASE = 23
    ARRIVAL_DELAY = 24
    COUNTERFACTUAL = 25
    SOLVABLE = 26
    SUBJECT = 27
    FLIGHT = 28
    BACKGROUND_COUNT = 29
    BACKGROUND_CALL = 30
    CONTROL_ROOM = 31

    RECEIPT = 40
    RESPONSE = 41
    SIGHTING = 42
    TIP = 43
    CALL = 44
    PUBLIC_COUNT = 45
    PUBLIC_PERSON = 46
    PUBLIC_PLACE = 47
    PUBLIC_AUDIENCE = 48
    MAIL = 49


def philox4x32(
    counter: tuple[Words, Words, Words, Words], key: tuple[int, int]
) -> tuple[Words, ...]:
    """Return the four output words of Philox4x32-10.

    Args:
        counter: four equally long one-dimensional uint64 arrays with values below 2**32.
        key: two integers below 2**32.

    Returns:
        Four uint64 arrays with values below 2**32.
    """
    out = np.empty((4, len(counter[0])), dtype=np.uint64)
    _fill_words(*counter, *key, out)
    return tuple(out)


@compiled
def _fill_words(
    a: Words, b: Words, c: Words, purpose: Words, seed: int, replication: int, out: Words
) -> None:
    for i in range(a.size):
        words = scalar.philox(a[i], b[i], c[i], purpose[i], seed, replication)
        out[0, i], out[1, i], out[2, i], out[3, i] = words


@dataclass(frozen=True, slots=True)
class Stream:
    """The random numbers of one replication of a study.

    Args:
        seed: the study's seed, 0 <= seed < 2**32.
        replication: the replication's number, 0 <= replication < 2**32.

    Raises:
        ValueError: if one of them is out of range.
    """

    seed: int
    replication: int

    def __post_init__(self) -> None:
        for name, value in (("seed", self.seed), ("replication", self.replication)):
            if not 0 <= value < WORD_RANGE:
                raise ValueError(f"{name}: {value} is not in 0..{WORD_RANGE - 1}")

    def words(self, purpose: Purpose, a: ArrayLike, b: ArrayLike = 0, c: ArrayLike = 0) -> Words:
        """Return four integer uniforms on 0..2**32-1 for each address.

        Args:
            purpose: what the draws decide.
            a: integers in 0..2**32-1, broadcast with `b` and `c` to n addresses.
            b: the second part of the address.
            c: the third part of the address.

        Returns:
            uint64 array [4, n].
        """
        first, second, third = np.broadcast_arrays(
            np.atleast_1d(np.asarray(a)),
            np.atleast_1d(np.asarray(b)),
            np.atleast_1d(np.asarray(c)),
        )
        counter = (
            first.astype(np.uint64),
            second.astype(np.uint64),
            third.astype(np.uint64),
            np.broadcast_to(np.uint64(purpose), first.shape),
        )
        out = np.empty((4, first.size), dtype=np.uint64)
        _fill_words(*counter, self.seed, self.replication, out)
        return out

    def uniforms(
        self, purpose: Purpose, a: ArrayLike, b: ArrayLike = 0, c: ArrayLike = 0
    ) -> Floats:
        """Return four uniforms strictly between 0 and 1 for each address, as a float array [4,
        n].
        """
        return to_uniform(self.words(purpose, a, b, c))


def to_uniform(words: Words) -> Floats:
    """Map words 0..2**32-1 to the midpoints of 2**32 equal intervals: never 0 and never 1."""
    uniform = words.astype(np.float64)
    uniform += 0.5
    uniform *= 1.0 / WORD_RANGE
    return uniform


def to_seconds(value: ArrayLike) -> Ints:
    """Round durations or times in seconds to whole seconds as `sim.scalar.whole_seconds` does.

    Infinite values (it never happens) become `NEVER_S`.

    Raises:
        ValueError: if one of them is not a number; SimPy would take it and lose its order of
        events.
    """
    seconds = np.asarray(value, dtype=np.float64)
    if np.isnan(seconds).any():
        raise ValueError("a time in seconds is not a number")
    out = np.empty(seconds.shape, dtype=np.int64)
    _round_all(np.ascontiguousarray(seconds).reshape(-1), out.reshape(-1))
    return out


@compiled
def _round_all(seconds: Floats, out: Ints) -> None:
    for i in range(seconds.size):
        out[i] = scalar.whole_seconds(seconds[i])


def to_span_s(value: ArrayLike) -> Spans:
    """Round spans of time in seconds as `to_seconds` does, to 32-bit integers; `NEVER_AFTER_S` for
    never.
    """
    return np.minimum(to_seconds(value), NEVER_AFTER_S).astype(np.int32)


def normal_score(uniform: ArrayLike) -> Floats:
    """Return the standard normal quantile of each uniform, see `sim.scalar.normal_score`."""
    u = np.asarray(uniform, dtype=np.float64)
    out = np.empty(u.shape)
    _score_all(np.ascontiguousarray(u).reshape(-1), out.reshape(-1))
    return out


@compiled
def _score_all(u: Floats, out: Floats) -> None:
    for i in range(u.size):
        out[i] = scalar.normal_score(u[i])


def lognormal(uniform: ArrayLike, median: ArrayLike, sigma: ArrayLike) -> Floats:
    """Return the log-normal quantile: `median` carries the unit, `sigma` is on the log scale."""
    return np.asarray(median * np.exp(np.asarray(sigma) * normal_score(uniform)), dtype=np.float64)


def triangular(uniform: ArrayLike, low: float, mode: float, high: float) -> Floats:
    """Return the quantile of the triangular distribution on [low, high] with its mode inside."""
    u = np.asarray(uniform, dtype=np.float64)
    cut = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
    return np.where(u < cut, rising, falling)


def exponential(uniform: ArrayLike) -> Floats:
    """Return the quantile of the unit exponential; smaller uniforms give smaller values."""
    return np.asarray(-np.log1p(-np.asarray(uniform, dtype=np.float64)), dtype=np.float64)


def poisson_count(uniform: ArrayLike, mean: ArrayLike) -> Ints:
    """Return the Poisson quantile by summing the probabilities: a larger mean never gives
    fewer.

    Args:
        uniform: array [n] in (0, 1).
        mean: array [n], 0 <= mean.

    Returns:
        Whole numbers [n].
    """
    u, mu = np.broadcast_arrays(
        np.asarray(uniform, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    )
    count = np.zeros(u.shape, dtype=np.int64)
    _count_all(
        np.ascontiguousarray(u).reshape(-1),
        np.ascontiguousarray(mu).reshape(-1),
        count.reshape(-1),
    )
    return count


@compiled
def _count_all(uniform: Floats, mean: Floats, count: Ints) -> None:
    for i in range(uniform.size):
        count[i] = scalar.poisson(uniform[i], mean[i])
