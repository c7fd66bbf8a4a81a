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
from scipy.special import ndtri, pdtrik

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Spans: TypeAlias = NDArray[np.int32]
"""Seconds after an alert: 32 bits halve the memory that the large arrays move."""
Words: TypeAlias = NDArray[np.uint64]
Bools: TypeAlias = NDArray[np.bool_]

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_LARGE_MEAN = 500.0
_BLOCK = 8192  # the temporaries of a block stay in the second-level cache

WORD_RANGE = 1 << 32
"""Number of values of one draw; thresholds for integer uniforms are counted in it."""


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
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0 = c0 * _MULTIPLIER_0
        p1 = c2 * _MULTIPLIER_1
        c0 = p1 >> _SHIFT
        c0 ^= c1
        c0 ^= np.uint64(k0)
        c2 = p0 >> _SHIFT
        c2 ^= c3
        c2 ^= np.uint64(k1)
        p1 &= _LOW
        p0 &= _LOW
        c1, c3 = p1, p0
        k0 = (k0 + _WEYL_0) & 0xFFFFFFFF
        k1 = (k1 + _WEYL_1) & 0xFFFFFFFF
    return c0, c1, c2, c3


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
        n = first.size
        out = np.empty((4, n), dtype=np.uint64)
        for start in range(0, n, _BLOCK):
            part = slice(start, min(start + _BLOCK, n))
            counter = (
                first[part].astype(np.uint64),
                second[part].astype(np.uint64),
                third[part].astype(np.uint64),
                np.full(part.stop - part.start, int(purpose), dtype=np.uint64),
            )
            out[:, part] = philox4x32(counter, (self.seed, self.replication))
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
    """Round durations or times in seconds to whole seconds, half to even: the one place where it
    is done.

    Infinite values (it never happens) become `NEVER_S`. `log` and `exp` differ in the last bit
    between libraries; whole seconds make the engine, the reference model and every machine agree.

    Raises:
        ValueError: if one of them is not a number; SimPy would take it and lose its order of
        events.
    """
    seconds = np.asarray(value, dtype=np.float64)
    if np.isnan(seconds).any():
        raise ValueError("a time in seconds is not a number")
    return np.where(seconds < NEVER_S, np.rint(np.minimum(seconds, NEVER_S)), NEVER_S).astype(
        np.int64
    )


NEVER_S = 1 << 40
"""A time later than every horizon: what never happens happens then (seconds, about 35,000
years)."""


NEVER_AFTER_S = (1 << 30) - 1
"""The same for spans after an alert, of which two can be added in 32 bits (seconds, 34 years)."""


def to_span_s(value: ArrayLike) -> Spans:
    """Round spans of time in seconds as `to_seconds` does, to 32-bit integers; `NEVER_AFTER_S` for
    never.
    """
    return np.minimum(to_seconds(value), NEVER_AFTER_S).astype(np.int32)


def normal_score(uniform: ArrayLike) -> Floats:
    """Return the standard normal quantile of each uniform."""
    return np.asarray(ndtri(np.asarray(uniform, dtype=np.float64)))


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
    flat_u, flat_mu = np.ascontiguousarray(u).reshape(-1), np.ascontiguousarray(mu).reshape(-1)
    flat_count = np.zeros(flat_u.shape, dtype=np.int64)
    # exp(-mean) underflows near 745; there the inverse of the incomplete gamma function takes
    # over.
    large = flat_mu > _LARGE_MEAN
    flat_count[large] = np.ceil(pdtrik(flat_u[large], flat_mu[large])).astype(np.int64)
    probability = np.exp(-mu)
    cumulative = probability.copy()
    open_ = np.flatnonzero((flat_u > cumulative.ravel()) & ~large)
    p, total = probability.reshape(-1)[open_], cumulative.reshape(-1)[open_]
    k = 0
    while open_.size:
        k += 1
        p = p * flat_mu[open_] / k
        total = total + p
        flat_count[open_] = k
        # The sum can stall a hair below 1; a term that no longer adds ends the search.
        more = (flat_u[open_] > total) & ((p > 0.0) & (total + p > total) | (k < flat_mu[open_]))
        open_, p, total = open_[more], p[more], total[more]
    return flat_count.reshape(u.shape)


def mixture_latency(uniform: ArrayLike, parts: tuple[tuple[float, float, float], ...]) -> Floats:
    """Return a latency from a mixture of log-normals that may never happen: one uniform decides
    both.

    The uniform picks the part by its share and, rescaled within the part, the quantile. What the
    shares leave over of 1 is the probability that it never happens (infinite).

    Args:
        uniform: array [n] in (0, 1).
        parts: (share, median, sigma) of each log-normal.

    Returns:
        Latencies [n] in the unit of the medians.
    """
    u = np.asarray(uniform, dtype=np.float64)
    out = np.full(u.shape, np.inf)
    low = 0.0
    for share, median, sigma in parts:
        inside = (u >= low) & (u < low + share)
        if share > 0.0 and inside.any():
            within = np.clip((u[inside] - low) / share, 0.5 / WORD_RANGE, 1.0 - 0.5 / WORD_RANGE)
            out[inside] = lognormal(within, median, sigma)
        low += share
    return out
