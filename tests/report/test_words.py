"""The two catalogues match, and numbers are written as each language writes them."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.facts import Estimate
from experiments.report.words import (
    LOCALES,
    MINUS,
    NOTHING,
    Words,
    catalogue,
    digits_that_agree,
    whole_for,
)
from sim.errors import InputError

NAN = float("nan")
SHARES = st.floats(0.0, 1.0)


def placeholders(message):
    return sorted(name for _, name, _, _ in Formatter().parse(message) if name is not None)


def test_both_languages_have_the_same_keys_in_the_same_order():
    assert list(catalogue("nl")) == list(catalogue("en"))


@pytest.mark.parametrize("key", list(catalogue("nl")))
def test_both_languages_fill_the_same_placeholders(key):
    assert placeholders(catalogue("nl")[key]) == placeholders(catalogue("en")[key])


@pytest.mark.parametrize("key", list(catalogue("nl")))
def test_no_message_is_empty_or_left_untranslated(key):
    dutch, english = catalogue("nl")[key], catalogue("en")[key]
    assert dutch.strip() == dutch != ""
    # Long texts that are equal were copied and not translated.
    assert len(dutch) < 30 or dutch != english


def test_an_unknown_language_is_named():
    with pytest.raises(InputError, match="'de' is none of nl, en"):
        Words("de")


def test_numbers_follow_the_language():
    nl, en = Words("nl"), Words("en")
    assert (nl.decimal(1234.56, 1), en.decimal(1234.56, 1)) == ("1.234,6", "1,234.6")
    assert (nl.percent(0.125), en.percent(0.125)) == ("12,5\xa0%", "12.5%")
    assert (nl.eur(-1234.4), en.eur(-1234.4)) == (f"€\xa0{MINUS}1.234", f"{MINUS}€1,234")


@pytest.mark.parametrize("lang", LOCALES)
@pytest.mark.parametrize("value", [-0.0, -0.04, 0.04, 0.0])
def test_what_rounds_to_zero_has_no_sign(lang, value):
    words = Words(lang)
    text = words.signed(value, lambda number: words.decimal(number, 1))
    assert text in {"0,0", "0.0"}


@pytest.mark.parametrize("value", [NAN, float("inf"), float("-inf")])
def test_no_number_is_a_dash(value):
    words = Words("nl")
    found = {words.decimal(value, 1), words.count(value), words.eur(value), words.percent(value)}
    assert found == {NOTHING}
    assert words.with_interval(Estimate(value, value, value), words.count) == NOTHING


def test_a_mean_without_interval_stands_alone():
    assert Words("en").with_interval(Estimate(3.0, NAN, NAN), Words("en").count) == "3"


def test_values_are_not_read_as_patterns():
    assert Words("en").policy("{0.__class__}") == "{0.__class__}"
    assert "{level}" in Words("en")("answer.main_none", policy="{level}")


@given(SHARES, SHARES)
def test_shares_and_their_difference_do_not_contradict(first, second):
    digits = digits_that_agree(first, second, first - second)
    a, b, d = (round(100 * share, digits) for share in (first, second, first - second))
    assert abs(a - b - d) <= (1e-9 if digits == 0 else 1.01 * 10.0**-digits)


@given(st.lists(st.floats(1e-4, 1.0), min_size=1))
def test_every_share_is_at_least_one_of_the_whole(shares):
    whole = whole_for(*shares)
    assert all(share * whole >= 1 - 1e-9 for share in shares)
    assert whole == 100 or min(shares) * whole / 10 < 1


@pytest.mark.parametrize(
    "low,high,direction",
    [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.1, 0), (0.0, 0.1, 0), (NAN, 0.1, 0)],
)
def test_only_an_interval_off_zero_has_a_direction(low, high, direction):
    assert Estimate(0.1, low, high).direction == direction
