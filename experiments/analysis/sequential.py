"""The rule by which a run stops at a target precision, and the interval that belongs to it.

Replications come in whole blocks, and after each block the half-width of the interval is compared
with the one asked for. Stopping at the first that is narrow enough stops where the variance has
been underestimated; an ordinary Student interval then covers too seldom (Singham, D.I. and
Schruben, L.W. (2012), Finite-sample performance of absolute precision stopping rules, INFORMS J.
Computing 24, 624-635; asymptotically nothing is lost: Chow, Y.S. and Robbins, H. (1965), On the
asymptotic theory of fixed-width sequential confidence intervals for the mean, Ann. Math. Statist.
36, 457-462). Skewed values lose more, because a low mean and a low variance come together.
The interval here, mean -+ q s / sqrt(n), is therefore raised twice above Student's:

1. In place of s stands its upper bound, s sqrt((n - 1) / chi2), with chi2 the 5 % quantile for
   n - 1 degrees of freedom: for normal values the bound lies below sigma in one of twenty samples
   only. Inflating the variance by what its estimation may miss is what makes fixed-width intervals
   conservative in Hickernell, F.J., Jiang, L., Liu, Y. and Owen, A.B. (2013), Guaranteed
   conservative fixed width confidence intervals via Monte Carlo sampling, MCQMC 2012, 105-128.
2. The longer arm of the skewness-adjusted interval of Willink, R. (2005), A confidence interval
   and test for the mean of an asymmetric distribution, Comm. Statist. Theory Methods 34, 753-766,
   is used on both sides; the sequential procedure Skart adjusts by the same transformation
   (Tafazzoli, A. and Wilson, J.R. (2011), IIE Transactions 43, 110-128).

Both vanish as n grows. No run stops before `FIRST_LOOK` values, nor while all values are equal.
For normal values mean and variances are independent, so stopping on the variances tells nothing
of the mean; Stein's two-stage rule (1945) would be exact for them, but rests on the variance of
the first block alone, which fails where tails are heavy. A target relative to the mean (Law, A.M.,
Kelton, W.D. and Koenig, L.W. (1981), Comm. Statist. Simulation Comput. 10, 29-39) would tie the
stopping to the mean itself, and a difference may well be near zero: it is not offered. That the
rule keeps its coverage is checked by simulation: `experiments.analysis.coverage`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.statistics import Floats

FIRST_LOOK = 40
"""Values that a run needs before it may stop: fewer show too little of the shape of the values."""
BELOW = 0.05
"""Share of normal samples whose bound of the standard deviation lies below the true one."""
FEWEST = 3
"""Values that a skewness needs."""
NO_SKEWNESS = 1e-8
"""Below this the adjustment changes less than rounding does."""


class Moments(NamedTuple):
    """Number, mean, variance (n - 1) and adjusted Fisher-Pearson skewness, arrays of one shape."""

    n: NDArray[np.int64]
    mean: Floats
    variance: Floats
    skewness: Floats


def moments(values: Floats) -> Moments:
    """Return the moments of values of shape (n,), NaN left out; each of them of shape ().

    Equal values have variance exactly 0; with fewer than three the skewness is NaN.
    """
    known = values[~np.isnan(values)]
    n = np.asarray(len(known))
    if len(known) == 0:
        return Moments(n, *(np.asarray(np.nan) for _ in range(3)))
    # The rounded mean of equal values may differ from them.
    mean = known[0] if known.min() == known.max() else known.mean()
    about = known - mean
    return from_central(n, np.asarray(mean), np.mean(about**2), np.mean(about**3))


def from_central(n: NDArray[np.int64], mean: Floats, second: Floats, third: Floats) -> Moments:
    """Return moments from the mean square and mean cube of the deviations from the mean."""
    variance, skewness = np.full(np.shape(second), np.nan), np.full(np.shape(second), np.nan)
    np.divide(second * n, n - 1, out=variance, where=n > 1)
    spread = np.sqrt(second) ** 3
    factor = np.sqrt(n * np.maximum(n - 1, 0))
    np.divide(third * factor, spread * (n - 2), out=skewness, where=(spread > 0) & (n >= FEWEST))
    return Moments(n, mean, variance, skewness)


def half_width(found: Moments, level: float) -> Floats:
    """Return the half-width of the interval about the mean, NaN where there is none.

    Args:
        found: moments of n values, arrays of any shape.
        level: probability with which the interval covers, also after stopping by its width.

    Returns:
        Half-widths in the unit of the values; NaN with fewer than three values or equal ones.
    """
    from scipy.special import chdtri, stdtrit

    degrees = np.maximum(found.n - 1, 1).astype(np.float64)
    quantile = stdtrit(degrees, (1 + level) / 2) * np.sqrt(degrees / chdtri(degrees, 1 - BELOW))
    tilt = np.abs(found.skewness) / (6 * np.sqrt(found.n))
    skewed = tilt > NO_SKEWNESS
    at = np.where(skewed, tilt, 1.0)
    longer = (1 + np.cbrt(6 * at * (quantile + at) - 1)) / (2 * at)
    raised = np.where(skewed, np.maximum(longer, quantile), quantile)
    known = (found.n >= FEWEST) & (found.variance > 0)
    width = np.full(np.shape(known), np.nan)
    np.multiply(raised, np.sqrt(found.variance / np.maximum(found.n, 1)), out=width, where=known)
    return width


def is_reached(found: Moments, level: float, asked: float) -> NDArray[np.bool_]:
    """Return whether a run may stop: enough values, and an interval no wider than asked for."""
    return (found.n >= FIRST_LOOK) & (half_width(found, level) <= asked)
