"""The table fits the terminal and prints what the run found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.terminal import NAME_WIDTH, number, terminal_table
from sim.errors import InputError
from tests.report.synthetic import MEASURES, NAN, PER_ACTION, SyntheticRun

ANY = st.floats(allow_nan=True, allow_infinity=True)


def row(text, policy, block):
    """Return the cells of a policy in a block: 1 reach, 2 success, 3 price."""
    lines = text.split("\n\n")[block].splitlines()
    (line,) = [line for line in lines if line.startswith(policy[:NAME_WIDTH])]
    return line[NAME_WIDTH:].split()


@given(
    st.dictionaries(st.sampled_from(list(MEASURES)), st.tuples(ANY, ANY, ANY)),
    st.tuples(ANY, ANY, ANY),
)
def test_no_line_is_wider_than_the_terminal(values, factor):
    run = SyntheticRun(policies=("current_agreements", "frozen", "x" * 64))
    run.variance_reduction = factor
    for measure, estimate in values.items():
        for policy in run.policies:
            run.values[policy, measure] = run.steps[policy, measure] = estimate
    text = terminal_table(run)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "nan" not in text
    assert "inf" not in text


@given(ANY, st.integers(7, 12), st.integers(0, 2))
def test_a_number_fits_and_is_near_its_value(value, width, digits):
    text = number(value, width, digits)
    assert len(text) <= width
    if text != "-" and text[-1].isdigit():
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.5, abs=0.51)


@pytest.mark.parametrize("value", [-0.0, -0.04, 0.0])
def test_zero_has_no_sign(value):
    assert number(value, 8, 1) == "0.0"


def test_the_figures_are_those_of_the_run():
    run = SyntheticRun().with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    text = terminal_table(run)
    assert row(text, "frozen", 1) == ["37,000", "30,000", "100", "2,000", "1,100"]
    cells = row(text, "frozen", 2)
    assert cells[:6] == ["9.0", "[8.0,", "10.0]", "35.0", "[31.5,", "38.5]"]
    assert cells[6:] == ["-3.0", "[-3.4,", "-2.6]", "5.0"]
    assert row(text, "current_agreements", 2)[-2:] == ["reference", "-"]
    assert row(text, "frozen", 3) == ["150", "20,000", "10,000", "30,000", "60,000"]


def test_the_precision_of_the_main_difference_is_told():
    run = SyntheticRun().with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    said = "frozen - current_agreements\n  width of its interval 0.80 points"
    assert said in terminal_table(run)
    assert "variance reduction by shared draws 5.0 [3.0, 8.0]" in terminal_table(run)
    run.with_direct("frozen", 0.09, (-0.03, NAN, NAN))
    assert "width of its interval - points" in terminal_table(run)


@pytest.mark.parametrize(
    "factor,told",
    [(5.04, "5.0"), (99.94, "99.9"), (99.96, "100"), (998.0, "998"), (1e6, ">999"), (NAN, "-")],
)
def test_the_gain_of_shared_draws_fits_its_column(factor, told):
    run = SyntheticRun()
    run.variance_reduction = (factor, NAN, NAN)
    text = terminal_table(run)
    assert row(text, "frozen", 2)[-1] == told
    assert "gain: independent seeds would need that many times as many replications" in text


@pytest.mark.parametrize(
    "reason,reached,told",
    [
        ("target", 0.0049, "60 replications gave a half-width of 0.0049, 0.005 was asked for."),
        ("maximum", 0.0061, "the largest number, 60 replications, gave a half-width of 0.0061;"),
        ("maximum", None, "the largest number, 60 replications, gave no interval; 0.005 was ask"),
        ("no_value", None, "stopped after 60 replications: none has a value."),
    ],
)
def test_how_the_number_of_replications_was_chosen_is_told(reason, reached, told):
    run = SyntheticRun().with_precision(reason, reached)
    text = terminal_table(run)
    assert told in " ".join(text.split())
    assert "Looked at every 20, at most 2000." in " ".join(text.split())
    assert "60 replications, seed 7" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "chosen by precision" not in terminal_table(SyntheticRun())


@pytest.mark.parametrize("nothing", [NAN, 0.0])
def test_a_policy_without_actions_has_no_shares(nothing):
    run = SyntheticRun().without_actions("frozen")
    for measure in PER_ACTION:
        run.values["frozen", measure] = (nothing, nothing, nothing)
    text = terminal_table(run)
    assert row(text, "frozen", 1)[2:] == ["0", "-", "-"]
    assert row(text, "frozen", 2) == ["-", "-", "-", "-"]


def test_failed_replications_are_told():
    run = SyntheticRun()
    assert "failed" not in terminal_table(run)
    run.failures = [{"replication": 1}]
    assert "1 replications failed" in terminal_table(run)
    assert "9 replications, seed 7" in terminal_table(run)


def test_a_terminal_that_is_too_narrow_is_refused():
    with pytest.raises(InputError, match="79 is under 80"):
        terminal_table(SyntheticRun(), 79)
