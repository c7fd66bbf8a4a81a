"""Addressed random numbers: the address of each, uniformity, and the quantiles made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.draws import (
    Purpose,
    Stream,
    exponential,
    lognormal,
    normal_score,
    poisson_count,
    to_seconds,
    to_span_s,
    to_uniform,
    triangular,
)
from sim.scalar import NEVER_AFTER_S, NEVER_S, WORD_RANGE

FALSE_ALARM = 1e-6
WORD = st.integers(0, WORD_RANGE - 1)
UNIFORM = st.floats(1e-9, 1.0 - 1e-9)


def philox_in_integers(counter, key):
    """Return Philox4x32-10 in Python's own integers, as the paper writes it down."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    low = WORD_RANGE - 1
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & low, (p0 >> 32) ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + 0x9E3779B9) & low, (k1 + 0xBB67AE85) & low
    return [c0, c1, c2, c3]


@given(WORD, WORD, st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=20))
def test_a_stream_is_philox_at_the_address(seed, replication, addresses):
    a, b, c = (np.array(part, dtype=np.int64) for part in zip(*addresses, strict=True))
    words = Stream(seed, replication).words(Purpose.MARK, a, b, c)
    for k, address in enumerate(addresses):
        expected = philox_in_integers((*address, int(Purpose.MARK)), (seed, replication))
        assert words[:, k].tolist() == expected


def test_addresses_do_not_meet():
    """Seed, replication, purpose and each part of the address all tell draws apart."""
    seen = set()
    for seed, replication in ((1, 0), (0, 1), (1, 1)):
        stream = Stream(seed, replication)
        for purpose in Purpose:
            for address in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
                seen.add(tuple(stream.words(purpose, *address)[:, 0].tolist()))
    assert len(seen) == 3 * len(Purpose) * 4
    assert len({int(purpose) for purpose in Purpose}) == len(Purpose)


@pytest.mark.parametrize("seed", [-1, WORD_RANGE])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed: {seed}"):
        Stream(seed, 0)
    with pytest.raises(ValueError, match=f"replication: {seed}"):
        Stream(0, seed)


@pytest.fixture(scope="module")
def uniforms():
    return Stream(2014, 7).uniforms(Purpose.RECEIPT, np.arange(50_000), 3)


def test_uniforms_are_uniform_and_the_four_words_independent(uniforms):
    for row in uniforms:
        assert stats.kstest(row, "uniform").pvalue > FALSE_ALARM
    n = uniforms.shape[1]
    correlation = np.corrcoef(np.concatenate([uniforms, uniforms[:, ::-1]]))
    apart = correlation[np.triu_indices(8, 1)]
    assert (abs(apart) * np.sqrt(n) < stats.norm.isf(FALSE_ALARM / 2 / len(apart))).all()
    # Neighbouring addresses know nothing of each other.
    next_to = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in uniforms]
    assert (abs(np.array(next_to)) * np.sqrt(n) < stats.norm.isf(FALSE_ALARM / 2 / 4)).all()


def test_a_uniform_is_never_0_nor_1():
    ends = to_uniform(np.array([0, 1, WORD_RANGE - 2, WORD_RANGE - 1], dtype=np.uint64))
    assert (ends > 0.0).all()
    assert (ends < 1.0).all()
    assert (np.diff(ends) > 0.0).all()
    assert np.isfinite(normal_score(ends)).all()
    assert np.isfinite(exponential(ends)).all()


@given(st.lists(st.tuples(UNIFORM, st.floats(0.0, 100.0)), min_size=1, max_size=50))
def test_poisson_counts_are_scipys_quantiles(pairs):
    u, mean = (np.array(part) for part in zip(*pairs, strict=True))
    counts = poisson_count(u, mean)
    theirs = stats.poisson.ppf(u, mean)
    # Where the uniform lies on a step to the last digits, either side of the step will do.
    on_step = abs(stats.poisson.cdf(np.minimum(counts, theirs), mean) - u) < 1e-11
    assert ((counts == theirs) | (on_step & (abs(counts - theirs) <= 1))).all()


@given(UNIFORM, st.lists(st.floats(0.0, 50.0), min_size=2, max_size=30))
def test_a_larger_mean_never_gives_fewer(u, means):
    counts = poisson_count(np.full(len(means), u), np.sort(means))
    assert (np.diff(counts) >= 0).all()


def test_poisson_counts_at_the_ends():
    ends = np.array([0.5 / WORD_RANGE, 1.0 - 0.5 / WORD_RANGE])
    assert poisson_count(ends, np.zeros(2)).tolist() == [0, 0]
    assert poisson_count(ends, np.full(2, 1e-12)).tolist() == [0, 0]
    assert poisson_count(ends, np.full(2, 8.0)).tolist() == stats.poisson.ppf(ends, 8.0).tolist()
    assert poisson_count(np.zeros(0), np.zeros(0)).tolist() == []


def test_quantiles_are_those_of_scipy(uniforms):
    u = uniforms[1][:2000]
    assert np.allclose(exponential(u), stats.expon.ppf(u), rtol=1e-12)
    assert np.allclose(lognormal(u, 12.0, 0.7), stats.lognorm.ppf(u, 0.7, scale=12.0), rtol=1e-12)
    assert np.allclose(
        triangular(u, 0.4, 0.8, 1.6), stats.triang.ppf(u, 1 / 3, loc=0.4, scale=1.2), rtol=1e-12
    )


def test_seconds_are_rounded_half_to_even_and_never_is_never():
    assert to_seconds([0.5, 1.5, 2.5, -0.5, -1.5, 7.49]).tolist() == [0, 2, 2, 0, -2, 7]
    assert to_seconds([np.inf, 1e300, float(NEVER_S)]).tolist() == [NEVER_S] * 3
    assert to_seconds(NEVER_S - 1).tolist() == NEVER_S - 1
    assert to_seconds([]).dtype == np.int64
    assert to_span_s([np.inf, 2.5]).tolist() == [NEVER_AFTER_S, 2]
    assert to_span_s([2.5]).dtype == np.int32


@given(st.floats(0.0, 1e12), st.floats(0.0, 1e12))
def test_rounding_keeps_the_order(one, other):
    low, high = sorted((one, other))
    assert to_seconds(low) <= to_seconds(high)
    assert to_span_s(low) <= to_span_s(high)
    assert abs(float(to_seconds(min(one, 1e11))) - min(one, 1e11)) <= 0.5
