"""The arithmetic of one draw: known answers, and accuracy over the whole range that is used."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

from sim import scalar
from sim.draws import philox4x32
from sim.scalar import NEVER_AFTER_S, NEVER_S, WORD_RANGE
from tests.support.worlds import examples

WORD = st.integers(0, WORD_RANGE - 1)
EDGE_WORDS = (0, 1, 2, WORD_RANGE // 2 - 1, WORD_RANGE // 2, WORD_RANGE - 2, WORD_RANGE - 1)
ONES = "ffffffff"
KNOWN_ANSWERS = [
    (["00000000"] * 4, ["00000000"] * 2, ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]),
    ([ONES] * 4, [ONES] * 2, ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]),
    (
        ["243f6a88", "85a308d3", "13198a2e", "03707344"],
        ["a4093822", "299f31d0"],
        ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"],
    ),
]


def words_of(texts):
    return [int(text, 16) for text in texts]


def ulps(mine, exact):
    """Return how many units in the last place of the exact value lie between the two."""
    return abs(mine - exact) / math.ulp(exact)


@pytest.mark.parametrize("counter, key, answer", KNOWN_ANSWERS)
def test_the_published_known_answers_one_by_one_and_as_arrays(counter, key, answer):
    """Salmon et al., Random123, file kat_vectors: philox4x32 with ten rounds."""
    expected = words_of(answer)
    assert list(scalar.philox(*words_of(counter), *words_of(key))) == expected
    columns = tuple(np.array([word, 0], dtype=np.uint64) for word in words_of(counter))
    several = philox4x32(columns, tuple(words_of(key)))
    assert [int(words[0]) for words in several] == expected


@given(st.lists(WORD, min_size=6, max_size=6))
def test_one_address_alone_is_that_address_among_others(address):
    columns = tuple(np.full(3, word, dtype=np.uint64) for word in address[:4])
    several = philox4x32(columns, (address[4], address[5]))
    alone = scalar.philox(*address)
    assert [words.tolist() for words in several] == [[int(word)] * 3 for word in alone]
    assert all(0 <= word < WORD_RANGE for word in alone)


@given(WORD)
def test_a_uniform_is_the_middle_of_its_interval(word):
    assert scalar.uniform(word) == (2 * word + 1) / (2 * WORD_RANGE)
    assert 0.0 < scalar.uniform(word) < 1.0


@given(st.floats(2.2250738585072014e-308, 1.7e308))
@examples(400)
def test_the_logarithm_is_exact_to_one_unit_in_the_last_place(x):
    assert ulps(scalar.log(x), math.log(x)) <= 1.0


@given(WORD)
@examples(400)
def test_the_logarithm_of_a_uniform_is_exact_to_one_unit_in_the_last_place(word):
    for x in (scalar.uniform(word), 1.0 - scalar.uniform(word)):
        assert ulps(scalar.log(x), math.log(x)) <= 1.0


def test_the_logarithm_at_the_seams_of_the_method():
    seams = [2.0**k * root for k in range(-40, 3) for root in (math.sqrt(0.5), 1.0, math.sqrt(2))]
    near = [step(x) for x in seams for step in (float, up, down)]
    for x in near:
        assert ulps(scalar.log(x), math.log(x)) <= 1.0, x
    assert scalar.log(1.0) == 0.0


def up(x):
    return math.nextafter(x, math.inf)


def down(x):
    return math.nextafter(x, -math.inf)


@given(st.floats(-700.0, 700.0))
@examples(400)
def test_the_exponential_is_exact_to_one_unit_in_the_last_place(x):
    assert ulps(scalar.exp(x), math.exp(x)) <= 1.0


def test_the_exponential_at_the_seams_of_the_method_and_beyond_its_range():
    half = math.log(2.0) / 2.0
    seams = [half * k for k in range(-2000, 2001)]
    for x in [step(x) for x in seams for step in (float, up, down)]:
        assert ulps(scalar.exp(x), math.exp(x)) <= 1.0, x
    assert scalar.exp(0.0) == 1.0
    for beyond in (700.1, 1e6, math.inf):
        assert scalar.exp(beyond) == scalar.exp(700.0)
        assert scalar.exp(-beyond) == scalar.exp(-700.0) > 0.0


@given(WORD)
@examples(400)
def test_an_exponential_is_scipys_quantile(word):
    u = scalar.uniform(word)
    assert scalar.exponential(u) == pytest.approx(stats.expon.ppf(u), rel=1e-14)


NORMAL_SEAMS = (0.075, 0.925, 0.5)
"""Where centre and tails meet (|u - 1/2| = 0.425), and where the quantile is nought."""


@given(WORD)
@examples(1000)
def test_a_normal_score_is_scipys_quantile(word):
    u = scalar.uniform(word)
    assert scalar.normal_score(u) == pytest.approx(ndtri(u), rel=4e-15, abs=0.0)


def test_a_normal_score_at_the_ends_and_seams():
    words = [*EDGE_WORDS, *(int(u * WORD_RANGE) + k for u in NORMAL_SEAMS for k in range(-3, 4))]
    scores = []
    for word in sorted(set(words)):
        u = (word + 0.5) / WORD_RANGE
        scores.append(scalar.normal_score(u))
        assert scores[-1] == pytest.approx(ndtri(u), rel=4e-15, abs=0.0), word
    assert (np.diff(scores) > 0.0).all()
    # The ends are those of 2**32 intervals, and the two sides mirror each other.
    assert scores[0] == -scores[-1] == pytest.approx(-6.338, abs=0.001)


@given(WORD, st.floats(0.1, 1e5), st.floats(0.0, 3.0))
def test_a_lognormal_is_scipys_quantile(word, median, sigma):
    u = scalar.uniform(word)
    expected = median * math.exp(sigma * ndtri(u))
    assert scalar.lognormal(u, median, sigma) == pytest.approx(expected, rel=1e-13)


@given(
    st.one_of(WORD, st.sampled_from(EDGE_WORDS)),
    st.one_of(st.floats(0.0, 30.0), st.floats(400.0, 600.0), st.floats(0.0, 20_000.0)),
)
@examples(600)
def test_a_poisson_count_is_scipys_quantile(word, mean):
    u = (word + 0.5) / WORD_RANGE
    count, theirs = scalar.poisson(u, mean), stats.poisson.ppf(u, mean)
    # Where a step lies within the rounding of the sums, either side of it will do.
    below, reached = stats.poisson.cdf([count - 1, count], mean)
    assert count == theirs or (below < u + 1e-10 and reached > u - 1e-10)
    assert mean > 1000.0 or abs(count - theirs) <= 1


@given(st.integers(-(1 << 40), 1 << 40), st.sampled_from((-0.5, -0.25, 0.0, 0.25, 0.5)))
def test_seconds_are_rounded_half_to_even(whole, part):
    value = whole + part
    wanted = round(value) if value < NEVER_S else NEVER_S
    assert scalar.whole_seconds(value) == wanted
    assert scalar.span(value) == min(wanted, NEVER_AFTER_S)


def test_what_never_happens_is_never():
    assert [scalar.whole_seconds(x) for x in (0.5, 1.5, 2.5, -0.5, 7.49)] == [0, 2, 2, 0, 7]
    for never in (math.inf, 1e300, float(NEVER_S)):
        assert scalar.whole_seconds(never) == NEVER_S
        assert scalar.span(never) == NEVER_AFTER_S
    assert scalar.span(float(NEVER_AFTER_S)) == NEVER_AFTER_S
    # Two spans can be added in 32 bits.
    assert np.iinfo(np.int32).max >= 2 * NEVER_AFTER_S
