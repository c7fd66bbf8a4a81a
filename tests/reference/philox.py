"""The addressed draws once more, one number at a time in Python integers, and the quantiles that
the reference model needs.

Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11
(2011), figure 4. Written from the paper, not from `sim.draws`; the two share only the rounding to
whole seconds and the numbers of the purposes.
"""

import math

from scipy.special import ndtri

from sim.draws import to_seconds

WORDS = 1 << 32
MASK = WORDS - 1
ROUNDS = 10


def philox4x32(counter, key):
    """Return the four output words for a counter of four words and a key of two."""
    right0, left0, right1, left1 = counter
    key0, key1 = key
    for _ in range(ROUNDS):
        product0 = 0xD2511F53 * right0
        product1 = 0xCD9E8D57 * right1
        right0 = (product1 >> 32) ^ left0 ^ key0
        right1 = (product0 >> 32) ^ left1 ^ key1
        left0 = product1 & MASK
        left1 = product0 & MASK
        key0 = (key0 + 0x9E3779B9) & MASK
        key1 = (key1 + 0xBB67AE85) & MASK
    return right0, left0, right1, left1


class Draws:
    """The random numbers of one replication, by address."""

    def __init__(self, seed, replication):
        self._key = (seed, replication)

    def words(self, purpose, a, b=0, c=0):
        """Return four whole numbers below 2**32."""
        return philox4x32((a, b, c, int(purpose)), self._key)

    def uniforms(self, purpose, a, b=0, c=0):
        """Return four numbers strictly between 0 and 1."""
        return [uniform(word) for word in self.words(purpose, a, b, c)]


def uniform(word):
    """Return the middle of the word's interval."""
    return (word + 0.5) / WORDS


def seconds(value):
    """Round to whole seconds through the one shared function."""
    return int(to_seconds(value))


def lognormal(u, median, sigma):
    return median * math.exp(sigma * float(ndtri(u)))


def exponential(u):
    return -math.log1p(-u)


def poisson(u, mean):
    """Return the smallest count whose cumulated probability reaches u."""
    count, probability = 0, math.exp(-mean)
    reached = probability
    while u > reached:
        count += 1
        probability *= mean / count
        if reached + probability <= reached and count > mean:
            return count
        reached += probability
    return count


def mixture(u, *parts):
    """Return a latency from log-normals (share, median, sigma), or infinity for the rest."""
    low = 0.0
    for share, median, sigma in parts:
        if share > 0.0 and low <= u < low + share:
            within = (u - low) / share
            return lognormal(min(max(within, 0.5 / WORDS), 1.0 - 0.5 / WORDS), median, sigma)
        low += share
    return math.inf
