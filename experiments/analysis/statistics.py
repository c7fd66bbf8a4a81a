"""Means over replications and their intervals, along one axis of an array and without loops."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
REPLICATIONS = 1
"""Axis of the replications in every array of this package: (policies, replications, cells)."""
FEWEST_PAIRS = 3
"""With two pairs the correlation of their sum and difference is always one."""


class Estimate(NamedTuple):
    """A mean with its interval, shaped as the sample without the axis of the replications."""

    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


def student(sample: Floats, level: float) -> Estimate:
    """Return mean and Student-t interval over axis 1; NaN marks a replication without a value.

    The interval covers the mean over infinitely many replications with probability `level` when
    the values are independent and their mean is near normal. With fewer than two values it is NaN.
    """
    n = np.sum(~np.isnan(sample), axis=REPLICATIONS)
    mean = _mean(sample, n)
    half = _quantile(level, n) * np.sqrt(_covariance(sample, sample, n) / np.maximum(n, 1))
    return Estimate(mean, mean - half, mean + half, n)


def fieller(above: Floats, below: Floats, level: float) -> Estimate:
    """Return the ratio of the means of two paired samples over axis 1, with Fieller's interval.

    Fieller, E.C. (1954), Some problems in interval estimation, J. R. Stat. Soc. B 16, 175-185: the
    interval holds the ratios r for which mean(above - r below) does not differ from zero. Where
    the mean below differs from zero too little for a bounded interval, both ends are NaN; where it
    is not positive, the ratio is NaN as well.
    """
    both = ~np.isnan(above) & ~np.isnan(below)
    n = np.sum(both, axis=REPLICATIONS)
    x, y = np.where(both, above, np.nan), np.where(both, below, np.nan)
    mean_x, mean_y = _mean(x, n), _mean(y, n)
    t2 = _quantile(level, n) ** 2 / np.maximum(n, 1)
    xx, yy, xy = (t2 * _covariance(a, b, n) for a, b in ((x, x), (y, y), (x, y)))
    a, b, c = mean_y**2 - yy, mean_x * mean_y - xy, mean_x**2 - xx
    bounded = a > 0
    positive = mean_y > 0
    # Rounding can carry the discriminant of two proportional samples just below zero.
    root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
    ends = [np.where(bounded & positive, over(end, a), np.nan) for end in (b - root, b + root)]
    return Estimate(np.where(positive, over(mean_x, mean_y), np.nan), ends[0], ends[1], n)


def linearised_ratio(above: Floats, below: Floats) -> Floats:
    """Return one value per replication that has the mean and the error of a ratio of means.

    The value is r + (above - r below) / mean(below) with r the ratio of means (Cochran, Sampling
    Techniques, section 6.4); values of two policies of the same replications can be subtracted
    like any other measure. NaN where the mean below is not positive.
    """
    n = np.sum(~np.isnan(above), axis=REPLICATIONS)
    mean_x, mean_y = (np.expand_dims(_mean(x, n), REPLICATIONS) for x in (above, below))
    positive = mean_y > 0
    ratio = np.where(positive, over(mean_x, mean_y), np.nan)
    return ratio + over(above - ratio * below, np.where(positive, mean_y, np.nan))


def share_positive(sample: Floats) -> Floats:
    """Return the share of values over axis 1 that are above zero; NaN where there are none."""
    n = np.sum(~np.isnan(sample), axis=REPLICATIONS)
    return over(np.sum(sample > 0, axis=REPLICATIONS), n)


def variance_reduction(first: Floats, second: Floats, level: float) -> Estimate:
    """Return by how much pairing shrinks the variance of a difference, with interval, over axis 1.

    The factor is (var a + var b) / var(a - b): with seeds of their own the two arms would be
    independent, and the variances would add up. So many times as many replications would
    independent seeds need for an interval of the same width. Both variances are measured within
    the same replications; they are those of single arms, which pairing does not touch.

    With S = a + b and D = a - b the factor is (var S / var D + 1) / 2, and the interval is that of
    Pitman (1939, Biometrika 31, 9-12) and Morgan (1939, Biometrika 31, 13-19) for the ratio of two
    correlated variances: w (K -+ sqrt(K^2 - 1)) with w the ratio measured, r the correlation of S
    and D, and K = 1 + 2 (1 - r^2) t^2 / (n - 2). It is exact for normal pairs; like every interval
    for a variance it is too narrow where tails are heavy. NaN where the difference does not vary;
    with fewer than three pairs there is no interval.
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    n = np.sum(both, axis=REPLICATIONS)
    a, b = np.where(both, first, np.nan), np.where(both, second, np.nan)
    total, difference = a + b, a - b
    spread = _covariance(difference, difference, n)
    ratio = over(_covariance(total, total, n), spread)
    together = _covariance(total, difference, n)
    correlation2 = over(over(together**2, spread), _covariance(total, total, n))
    # Rounding can carry the square of a correlation just above one.
    free = np.maximum(1 - correlation2, 0.0)
    t2 = _quantile(level, n - 1) ** 2
    excess = np.where(n > FEWEST_PAIRS - 1, over(2 * free * t2, n - 2), np.nan)
    stretch = 1 + excess + np.sqrt(excess * (excess + 2))
    low, high = ratio / stretch, ratio * stretch
    return Estimate((1 + ratio) / 2, (1 + low) / 2, (1 + high) / 2, n)


def _mean(sample: Floats, n: NDArray[np.int64]) -> Floats:
    return over(np.nansum(sample, axis=REPLICATIONS), n)


def _covariance(first: Floats, second: Floats, n: NDArray[np.int64]) -> Floats:
    """Return the unbiased covariance over axis 1; NaN with fewer than two values."""
    a = first - np.expand_dims(_mean(first, n), REPLICATIONS)
    b = a if second is first else second - np.expand_dims(_mean(second, n), REPLICATIONS)
    return np.where(n > 1, over(np.nansum(a * b, axis=REPLICATIONS), n - 1), np.nan)


def _quantile(level: float, n: NDArray[np.int64]) -> Floats:
    # scipy.stats takes most of a second to import; this is the function behind its t.ppf.
    from scipy.special import stdtrit

    # Nearly all cells have the same n.
    different, place = np.unique(n, return_inverse=True)
    degrees = np.maximum(different - 1, 1).astype(np.float64)
    return np.asarray(stdtrit(degrees, (1 + level) / 2), dtype=np.float64)[place]


def over(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Return above / below, NaN where below is 0."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below != 0)
    return out
