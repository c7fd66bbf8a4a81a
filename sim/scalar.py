"""The arithmetic of one draw, compiled: Philox, uniforms, quantiles, and rounding to seconds.

Loops over people call these functions; `sim.draws` offers them for arrays.
"""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import compiled, inlined

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
_NEVER, _NEVER_AFTER = float(NEVER_S), float(NEVER_AFTER_S)
_CENTRE, _TAIL = 0.425, 1.6
_LARGE_MEAN = 500.0
_MANTISSA = np.int64(52)
_ROOT_OF_HALF = np.int64(0x3FE6A09E667F3BCD)
"""The bits of the square root of 1/2."""
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_INVERSE_LN2 = 1.44269504088896338700
_L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_E1, _E2, _E3, _E4, _E5 = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)

FourWords = tuple[int, int, int, int]


@inlined
def philox(a: int, b: int, c: int, purpose: int, seed: int, replication: int) -> FourWords:
    """Return the four words 0..2**32-1 of Philox4x32-10 for a counter (a, b, c, purpose) and a key
    (seed, replication), all below 2**32.
    """
    # The masks tell the compiler that products have 64 bits: it then works on eight at a time.
    c0, c1 = np.uint64(a) & _LOW, np.uint64(b) & _LOW
    c2, c3 = np.uint64(c) & _LOW, np.uint64(purpose) & _LOW
    k0, k1 = np.uint64(seed) & _LOW, np.uint64(replication) & _LOW
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIER_0, c2 * _MULTIPLIER_1
        c0, c2 = (p1 >> _SHIFT) ^ c1 ^ k0, (p0 >> _SHIFT) ^ c3 ^ k1
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    return np.int64(c0), np.int64(c1), np.int64(c2), np.int64(c3)


@inlined
def uniform(word: int) -> float:
    """Return the midpoint of the word's interval: never 0 and never 1."""
    return (word + 0.5) * _INTERVAL


@inlined
def log(x: float) -> float:
    """Return the natural logarithm of a normal positive number, to one unit in the last place.

    The method of fdlibm (Sun Microsystems, 1993, e_log.c) without its branches, so that a loop
    works on several numbers at a time; the same on every machine.
    """
    bits = np.float64(x).view(np.int64)
    # x = m * 2**e with m between the square roots of 1/2 and 2.
    e = (bits - _ROOT_OF_HALF) >> _MANTISSA
    f = np.int64(bits - (e << _MANTISSA)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = z * (_L1 + w * (_L3 + w * (_L5 + w * _L7)))
    even = w * (_L2 + w * (_L4 + w * _L6))
    half, k = 0.5 * f * f, np.float64(e)
    return k * _LN2_HIGH - ((half - (s * (half + odd + even) + k * _LN2_LOW)) - f)


@inlined
def exp(x: float) -> float:
    """Return the exponential of a number between -700 and 700 (others are taken for the nearer of
    these), to one unit in the last place: fdlibm's e_exp.c without branches.
    """
    x = min(max(x, -700.0), 700.0)
    k = np.rint(x * _INVERSE_LN2)
    high, low = x - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (_E1 + t * (_E2 + t * (_E3 + t * (_E4 + t * _E5))))
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    return np.int64(np.float64(y).view(np.int64) + (np.int64(k) << _MANTISSA)).view(np.float64)


@inlined
def exponential(u: float) -> float:
    """Return the quantile of the unit exponential; smaller uniforms give smaller values.

    1 - u is exact for the midpoints of 2**32 intervals, so that nothing is lost before the
    logarithm.
    """
    return -log(1.0 - u)


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


@inlined
def _polynomial(x: float, c: tuple[float, ...]) -> float:
    """Return a polynomial of degree 7, the highest coefficient first."""
    return (
        (((((c[0] * x + c[1]) * x + c[2]) * x + c[3]) * x + c[4]) * x + c[5]) * x + c[6]
    ) * x + c[7]


@inlined
def normal_score(u: float) -> float:
    """Return the standard normal quantile of a uniform from 2**-33 to 1 - 2**-33.

    M. J. Wichura, Algorithm AS 241, PPND16, Applied Statistics 37 (1988), doi:10.2307/2347330
    (relative error about 1e-16); its part for farther tails is never reached.
    """
    q = u - 0.5
    centre = abs(q) <= _CENTRE
    r = math.sqrt(-log(min(u, 1.0 - u))) - _TAIL
    x = _CENTRE * _CENTRE - q * q if centre else r
    above = q * _polynomial(x, _CENTRE_ABOVE) if centre else _polynomial(x, _TAIL_ABOVE)
    below = _polynomial(x, _CENTRE_BELOW) if centre else _polynomial(x, _TAIL_BELOW)
    value = above / below
    return -value if (q < 0.0) & (not centre) else value


@inlined
def lognormal(u: float, median: float, sigma: float) -> float:
    """Return the log-normal quantile: `median` carries the unit, `sigma` is on the log scale."""
    return median * exp(sigma * normal_score(u))


@inlined
def whole_seconds(value: float) -> int:
    """Round a duration or time in seconds to whole seconds, half to even; `NEVER_S` for infinity.

    The one place where it is done: `log` and `exp` differ in the last bit between libraries, and
    whole seconds make the engine, the reference model and every machine agree. The value must be a
    number.
    """
    return np.int64(np.rint(min(value, _NEVER)))


@inlined
def span(value: float) -> int:
    """Round a span of time in seconds as `whole_seconds` does; `NEVER_AFTER_S` for never."""
    return np.int64(np.rint(min(value, _NEVER_AFTER)))


@compiled
def poisson(u: float, mean: float) -> int:
    """Return the Poisson quantile by summing probabilities: a larger mean never gives fewer."""
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
