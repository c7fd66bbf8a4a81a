"""The command `bench`: arguments, exit codes, and where it writes."""

import pytest

import benchmarks.__main__ as command
from benchmarks import compare
from benchmarks.rounds import OutcomesDifferError
from benchmarks.scale import study
from tests.benchmarks.small import altered, small_workload, stand_in
from tests.benchmarks.test_rounds import outcome


@pytest.fixture
def asked(monkeypatch):
    """Return what was asked of the comparison and of the study, which are not run."""
    calls = []
    monkeypatch.setattr(command, "compare", lambda *args: calls.append(("compare", *args[:2])))
    monkeypatch.setattr(command, "scale", lambda *args: calls.append(("scale", *args[:2])))
    return calls


def test_without_arguments_the_contestants_are_compared_in_full(asked):
    assert command.main([]) == 0
    assert asked == [("compare", compare.FULL, compare.ROOT / "docs")]


def test_a_quick_look_writes_nothing_unless_told_where(asked, tmp_path):
    command.main(["--quick"])
    command.main(["--quick", "--rounds", "3", "--out", str(tmp_path)])
    assert asked[0] == ("compare", compare.QUICK, None)
    assert asked[1][1].rounds == 3
    assert asked[1][2] == tmp_path


def test_scale_is_a_word_of_its_own(asked):
    assert command.main(["scale"]) == command.main(["scale", "--quick", "--rounds", "2"]) == 0
    assert asked[0] == ("scale", study.FULL, compare.ROOT / "docs")
    assert asked[1][1].tiles == study.QUICK.tiles
    assert asked[1][1].rounds == 2


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--rounds", "x"], ["speed"]])
def test_wrong_usage_is_2(asked, arguments):
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert asked == []


@pytest.fixture
def contestants(monkeypatch):
    """Return a function that puts other contestants and a small workload in the command."""

    def use(*found):
        monkeypatch.setattr(compare, "CONTESTANTS", found)
        monkeypatch.setattr(compare, "REFERENCE", "truth")
        monkeypatch.setattr(compare, "TRUTH", "truth")
        monkeypatch.setattr(compare, "workload", lambda _size: small_workload())

    return use


def test_where_outcomes_differ_no_speed_is_told_and_the_exit_code_is_1(
    contestants, capsys, tmp_path
):
    lying = stand_in("lying", altered(outcome(), "direct"))
    contestants(stand_in("truth", outcome()), lying)
    assert command.main(["--quick", "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "lying: 1 differences" in printed.err
    assert list(tmp_path.iterdir()) == []


def test_where_they_agree_table_page_and_plot_are_made(contestants, capsys, tmp_path):
    contestants(stand_in("truth", outcome()), stand_in("other", outcome()))
    assert command.main(["--quick", "--rounds", "1", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("| contestant | policies |")
    page = (tmp_path / compare.PAGE).read_text(encoding="utf-8")
    assert printed.splitlines()[2] in page
    assert (tmp_path / compare.PLOT).read_text(encoding="utf-8").startswith("<?xml")


def test_the_comparison_itself_raises_what_differs(contestants):
    contestants(stand_in("truth", outcome()), stand_in("lying", altered(outcome(), "unit_s")))
    with pytest.raises(OutcomesDifferError, match="unit_s"):
        compare.compare(compare.QUICK, None, lambda _text: None)


def test_the_workload_is_the_main_study():
    given = compare.workload(compare.QUICK)
    assert len(given.policies) == 10
    assert given.policies[0].name == "current_agreements"
    assert (given.years, given.sample_weeks) == (1, compare.QUICK.sample_weeks)


@pytest.mark.slow
def test_the_whole_command_in_short(capsys, tmp_path):
    assert command.main(["--quick", "--rounds", "1", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("\n") > 10
