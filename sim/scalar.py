"""The arithmetic of one draw, compiled: Philox, uniforms, quantiles, and rounding to seconds.

Loops over people call these functions; `sim.draws` offers them for arrays.
"""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import compiled

WORD_RANGE = 1 << 32
"""Number of values of one draw; thresholds for integer uniforms are counted in it."""
NEVER_S = 1 << 40
"""A time later than every horizon: what never happens happens then (seconds, about 35,000
years)."""
NEVER_AFTER_S = (1 << 30) - 1
"""The same for spans after an alert, of which two can be added in 32 bits (seconds, 34 years)."""

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_ROUNDS = 10
_INTERVAL = 1.0 / WORD_RANGE
_CENTRE = 0.425
_CENTRE_SQUARED = 0.180625
_FAR_TAIL = 5.0
_LARGE_MEAN = 500.0

FourWords = tuple[int, int, int, int]


@compiled
def philox(a: int, b: int, c: int, purpose: int, seed: int, replication: int) -> FourWords:
    """Return the four words 0..2**32-1 of Philox4x32-10 for a counter (a, b, c, purpose) and a key
    (seed, replication), all below 2**32.
    """
    c0, c1, c2, c3 = np.uint64(a), np.uint64(b), np.uint64(c), np.uint64(purpose)
    k0, k1 = np.uint64(seed), np.uint64(replication)
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIER_0, c2 * _MULTIPLIER_1
        c0, c2 = (p1 >> _SHIFT) ^ c1 ^ k0, (p0 >> _SHIFT) ^ c3 ^ k1
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    return np.int64(c0), np.int64(c1), np.int64(c2), np.int64(c3)


@compiled
def uniform(word: int) -> float:
    """Return the midpoint of the word's interval: never 0 and never 1."""
    return (word + 0.5) * _INTERVAL


@compiled
def exponential(u: float) -> float:
    """Return the quantile of the unit exponential; smaller uniforms give smaller values.

    1 - u is exact for the midpoints of 2**32 intervals, so that nothing is lost before the
    logarithm.
    """
    return -math.log(1.0 - u)


# Coefficients of Wichura's rational approximations, the highest power first: centre and tails.
_CENTRE_ABOVE = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080,
)  # fmt: skip
_CENTRE_BELOW = (
    5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
    5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0,
)  # fmt: skip
_TAIL_ABOVE = (
    7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
    1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
    4.63033784615654529590, 1.42343711074968357734,
)  # fmt: skip
_TAIL_BELOW = (
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
    1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
    2.05319162663775882187, 1.0,
)  # fmt: skip
_FAR_ABOVE = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
    2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
    5.46378491116411436990, 6.65790464350110377720,
)  # fmt: skip
_FAR_BELOW = (
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
    7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
    5.99832206555887937690e-1, 1.0,
)  # fmt: skip


@compiled
def _polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


@compiled
def normal_score(u: float) -> float:
    """Return the standard normal quantile (M. J. Wichura, Algorithm AS 241, PPND16, Applied
    Statistics 37 (1988), doi:10.2307/2347330; relative error about 1e-16).
    """
    q = u - 0.5
    if abs(q) <= _CENTRE:
        r = _CENTRE_SQUARED - q * q
        return q * _polynomial(r, _CENTRE_ABOVE) / _polynomial(r, _CENTRE_BELOW)
    r = math.sqrt(-math.log(u if q <= 0.0 else 1.0 - u))
    if r <= _FAR_TAIL:
        r -= 1.6
        value = _polynomial(r, _TAIL_ABOVE) / _polynomial(r, _TAIL_BELOW)
    else:
        r -= _FAR_TAIL
        value = _polynomial(r, _FAR_ABOVE) / _polynomial(r, _FAR_BELOW)
    return -value if q < 0.0 else value


@compiled
def lognormal(u: float, median: float, sigma: float) -> float:
    """Return the log-normal quantile: `median` carries the unit, `sigma` is on the log scale."""
    return median * math.exp(sigma * normal_score(u))


@compiled
def whole_seconds(value: float) -> int:
    """Round a duration or time in seconds to whole seconds, half to even; `NEVER_S` for infinity.

    The one place where it is done: `log` and `exp` differ in the last bit between libraries, and
    whole seconds make the engine, the reference model and every machine agree. The value must be a
    number.
    """
    if value >= NEVER_S:
        return NEVER_S
    return np.int64(np.rint(value))


@compiled
def span(value: float) -> int:
    """Round a span of time in seconds as `whole_seconds` does; `NEVER_AFTER_S` for never."""
    return min(whole_seconds(value), NEVER_AFTER_S)


@compiled
def poisson(u: float, mean: float) -> int:
    """Return the Poisson quantile by summing the probabilities: a larger mean never gives fewer."""
    k = 0
    if mean > _LARGE_MEAN:
        # exp(-mean) underflows near 745; what lies twelve deviations below the mean adds nothing.
        k = np.int64(mean - 12.0 * math.sqrt(mean))
    probability = (
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1.0)) if k > 0 else math.exp(-mean)
    )
    total = probability
    while u > total:
        k += 1
        probability = probability * mean / k
        total += probability
        # The sum can stall a hair below 1; a term that no longer adds ends the search.
        if k >= mean and total + probability <= total:
            break
    return k
