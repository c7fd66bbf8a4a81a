"""The people around an alert: their order in line, and when they get and notice a message."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.channels import PARTS, Waking
from sim.people import _draw_spans, line_up, room_for_people
from sim.scalar import NEVER_AFTER_S, WORD_RANGE
from tests.reference.philox import mixture
from tests.support.worlds import examples

WORD = st.integers(0, WORD_RANGE - 1)
FALSE_ALARM = 1e-6


@given(
    st.lists(
        st.tuples(
            st.one_of(WORD, st.sampled_from((0, 1, 77, 1 << 31, WORD_RANGE - 1))),
            st.integers(0, WORD_RANGE - 1),
        ),
        max_size=200,
        unique_by=lambda pair: pair[1],
    )
)
@examples(300)
def test_people_stand_in_line_by_their_draw_and_then_by_their_number(pairs):
    assert in_line(pairs) == sorted(range(len(pairs)), key=pairs.__getitem__)


@pytest.mark.parametrize("n", [1, 2, 1023, 1024, 1025, 30_000])
@pytest.mark.parametrize("words", [1, 5, WORD_RANGE])
def test_long_lines_and_many_equal_draws(n, words):
    if n == 30_000 and words < WORD_RANGE:
        n = 3_000
    at_random = np.random.default_rng(n)
    ids = at_random.choice(WORD_RANGE, n, replace=False)
    word = at_random.integers(0, words, n)
    assert in_line(list(zip(word, ids, strict=True))) == np.lexsort((ids, word)).tolist()


def in_line(pairs):
    """Return the order of people of (draw, number), in a room with space to spare."""
    n = len(pairs)
    people = room_for_people(n + 3, 1, 1, 0)
    word, id_ = np.array(pairs, dtype=np.uint32).reshape(-1, 2).T
    people.id[:n] = id_
    line_up(n, np.ascontiguousarray(word), people)
    return people.order[:n].tolist()


def spans(words, waking, mixtures, unit_s):
    """Return the latencies of people by their draws and what they are doing."""
    n = len(words)
    people = room_for_people(n, 1, 1, 0)
    people.some[:] = np.arange(n)
    people.waking[:] = waking
    _draw_spans(n, np.array(words, dtype=np.uint32), padded(mixtures), unit_s, people)
    return people.span_s.copy()


def padded(mixtures):
    out = np.zeros((len(Waking), PARTS, 3))
    for state, parts in enumerate(mixtures):
        out[state, : len(parts)] = parts
    return out


SHARE = st.one_of(st.sampled_from((0.0, 0.5, 1.0)), st.floats(0.0, 1.0))
PART = st.tuples(SHARE, st.floats(0.01, 500.0), st.floats(0.0, 2.0))
MIXTURES = st.lists(
    st.lists(PART, min_size=1, max_size=PARTS), min_size=len(Waking), max_size=len(Waking)
)


@given(st.lists(st.tuples(WORD, st.sampled_from(Waking)), min_size=1, max_size=30), MIXTURES)
@examples(200)
def test_latencies_are_the_quantiles_of_the_mixture_of_ones_state(people, mixtures):
    words, waking = (np.array(values) for values in zip(*people, strict=True))
    found = spans(words, waking, mixtures, 60.0)
    for span_s, word, state in zip(found.tolist(), words.tolist(), waking.tolist(), strict=True):
        exact_s = 60.0 * mixture((word + 0.5) / WORD_RANGE, *mixtures[state])
        if math.isinf(exact_s) and _is_one_moment(mixtures):
            exact_s = 60.0 * mixtures[0][0][1]
        if exact_s > NEVER_AFTER_S:
            assert span_s == NEVER_AFTER_S
        else:
            assert abs(span_s - exact_s) <= 0.5 + 1e-9 * exact_s


def _is_one_moment(mixtures):
    return {(share, sigma) for (share, _, sigma), *_ in mixtures} == {(1.0, 0.0)}


@pytest.mark.parametrize("state", Waking)
def test_a_mixture_has_its_shares_and_medians(state):
    words = np.random.default_rng(3).integers(0, WORD_RANGE, 50_000)
    parts = [(0.5, 300.0, 1.0), (0.2, 250_000.0, 1.2)]
    others = [[(1.0, 7.0, 0.1)]] * len(Waking)
    mixtures = [parts if s == state else others[s] for s in Waking]
    seconds = spans(words, np.full(len(words), state), mixtures, 1.0)
    u = (words + 0.5) / WORD_RANGE
    first, second, never = u < 0.5, (u >= 0.5) & (u < 0.7), u >= 0.7
    assert (seconds[never] == NEVER_AFTER_S).all()
    assert (seconds[~never] < NEVER_AFTER_S).all()
    for rows, (_, median, sigma) in zip((first, second), parts, strict=True):
        # Whole seconds, in the middle of which a value lies that is hardly another.
        test = stats.kstest(np.log(np.maximum(seconds[rows], 0.5) / median) / sigma, "norm")
        assert test.statistic < 0.02 + stats.kstwobign.isf(FALSE_ALARM) / np.sqrt(rows.sum())


@given(SHARE, SHARE, st.lists(WORD, min_size=1, max_size=20))
def test_a_mixture_never_happens_beyond_its_shares(one, two, words):
    parts = [(one, 3.0, 1.0), (two, 25.0, 1.2)]
    seconds = spans(words, np.zeros(len(words)), [parts, parts, parts], 60.0)
    u = (np.array(words) + 0.5) / WORD_RANGE
    assert (seconds >= 0).all()
    assert ((seconds == NEVER_AFTER_S) == (u >= one + two)).all()
