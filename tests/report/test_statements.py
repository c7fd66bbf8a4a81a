"""The words stay true whatever the run found."""

import pytest

from experiments.report import statements
from experiments.report.page import render
from experiments.report.words import MINUS, Words, catalogue
from tests.report.synthetic import NAN, SyntheticRun

EN, NL = Words("en"), Words("nl")
CLEARLY_MORE = (14.0, (2.0, 1.0, 3.0))
CLEARLY = {"en": ("clearly more", "clearly fewer"), "nl": ("duidelijk meer", "duidelijk minder")}


def everything(run, words):
    facts = run.facts
    titles = (
        statements.direct_title(facts, words),
        statements.differences_title(facts, words),
        statements.base_title(facts, words),
        statements.cost_title(facts, words),
        statements.hours_title(facts, words),
    )
    verdicts = [statements.verdict(facts, words, p) for p in facts.others]
    return "\n".join([*statements.answer(facts, words), *titles, *verdicts])


@pytest.mark.parametrize("words", [NL, EN], ids=["nl", "en"])
def test_without_a_difference_no_sentence_claims_one(words):
    said = everything(SyntheticRun(), words)
    unclear = catalogue(words.lang)["verdict.unclear"]
    assert said.count(unclear) == 3  # in the answer, and twice as a verdict
    more, fewer = CLEARLY[words.lang]
    claims = [line for line in said.splitlines() if more in line or fewer in line]
    assert [line for line in claims if not line.startswith(("Geen", "No "))] == []


def test_fewer_and_more_follow_the_numbers():
    down = SyntheticRun().with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    up = SyntheticRun().with_direct("frozen", 0.15, (0.03, 0.026, 0.034))
    assert statements.answer(down.facts, EN)[1] == (
        "Under \u2018Freeze the base’ a response leads directly to the solution in 9 of 100 "
        "actions: 3 fewer (95% interval: 2.6 to 3.4 fewer)."
    )
    assert "15 of 100 actions: 3 more (95%" in statements.answer(up.facts, EN)[1]
    assert "3 meer (95\xa0%" in statements.answer(up.facts, NL)[1]
    assert statements.verdict(down.facts, NL, "frozen") == "duidelijk minder"
    assert statements.verdict(up.facts, NL, "frozen") == "duidelijk meer"


def test_a_changed_ranking_changes_the_best():
    higher = (0.14, (0.02, 0.01, 0.03))
    first = SyntheticRun().with_direct("regional_plus", *higher, per_year=CLEARLY_MORE)
    second = SyntheticRun().with_direct("frozen", *higher, per_year=CLEARLY_MORE)
    assert statements.answer(first.facts, EN)[2].startswith(
        "\u2018Regional, extra package’ gives most"
    )
    assert statements.answer(second.facts, EN)[2].startswith("\u2018Freeze the base’ gives most")


def test_a_higher_mean_that_is_not_clear_is_not_called_best():
    unclear = (19.0, (7.0, -1.0, 15.0))
    run = SyntheticRun().with_direct("frozen", 0.14, (0.02, -0.01, 0.05), per_year=unclear)
    assert statements.best_by_number(run.facts) is None
    assert statements.answer(run.facts, EN)[2].startswith("No other choice gives clearly more")
    run.with_direct("regional_plus", 0.13, (0.01, 0.005, 0.015), per_year=CLEARLY_MORE)
    # Clearly above the reference, but not the highest mean: "most" would be false.
    said = statements.answer(run.facts, EN)[2]
    assert said.startswith("Clearly more direct solutions")
    assert "most" not in said
    assert "\u2018Regional, extra package’: 14.0 a year" in said


def test_one_wide_interval_is_no_clear_difference():
    run = SyntheticRun().with_direct("frozen", 0.02, (-0.10, -0.9, 0.7))
    assert "no clear difference" in statements.answer(run.facts, EN)[1]
    said = f"(difference {MINUS}10.0; 95% interval: {MINUS}90.0 to +70.0)"
    assert said in statements.answer(run.facts, EN)[1]
    assert statements.differences_title(run.facts, EN).startswith("No choice differs clearly")


def test_a_single_replication_gives_no_certainty():
    run = SyntheticRun().with_direct("frozen", 0.02, (-0.10, NAN, NAN))
    assert "cannot be told" in statements.answer(run.facts, EN)[1]
    assert statements.verdict(run.facts, EN, "frozen") == "cannot be told"


def test_a_policy_without_actions_gets_no_success():
    run = SyntheticRun().without_actions("frozen")
    assert (
        statements.answer(run.facts, EN)[1] == "Under \u2018Freeze the base’ there are no actions."
    )
    assert statements.verdict(run.facts, EN, "frozen") == "no actions"
    assert statements.direct_title(run.facts, EN) == "Solved directly: 12.0 of 100 actions"


def test_a_reference_without_actions_is_said_so():
    run = SyntheticRun().without_actions("current_agreements")
    assert "no actions" in statements.answer(run.facts, EN)[0]
    assert statements.anyway(run.facts, EN) == [EN("anyway.none", policy="Current agreements")]


def test_what_happens_anyway_is_counted_from_the_actions():
    said = " ".join(statements.anyway(SyntheticRun().facts, EN))
    assert "93 would have ended without the message too: 49 because the police" in said
    assert "and 44 because someone came back" in said
    assert "Of 100 actions a participant solves 12 directly. Of those, 2 would" in said
    assert "2 of 100 actions are solved only thanks" in said
    assert "for half of them by 2.0 hours" in said
    assert "Counted over 100 simulated" in said


def test_shares_that_differ_do_not_look_equal():
    run = SyntheticRun()
    helped = ("none", "police", False, True, 24.0)
    run.actions["current_agreements"] = [*10 * run.actions["current_agreements"][:-1], helped]
    said = " ".join(statements.anyway(run.facts, EN))
    assert "Of 1,000 actions a participant solves 121 directly. Of those, 20 would" in said
    assert "21 of 1,000 actions are solved only thanks" in said


def test_the_count_of_clear_differences_is_in_the_title():
    run = SyntheticRun(policies=("current_agreements", "frozen", "lean", "regional_plus", "stop"))
    run.with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    run.with_direct("lean", 0.11, (-0.01, -0.02, -0.001))
    run.with_direct("regional_plus", 0.14, (0.02, 0.01, 0.03)).without_actions("stop")
    title = statements.differences_title(run.facts, EN)
    assert "1 choice with a clearly larger share solved directly, 2 with a clearly sm" in title


def test_extra_solutions_are_claimed_only_when_clear():
    run = SyntheticRun()
    run.values["frozen", "found_only_by_alert_per_year"] = (3.0, 1.0, 5.0)
    assert statements.cost_title(run.facts, EN).startswith("No choice gives clearly more extra")
    assert "\u2018Current agreements’: 2.0 a year" in statements.cost_title(run.facts, EN)
    run.steps["frozen", "found_only_by_alert_per_year"] = (1.0, 0.5, 1.5)
    assert statements.cost_title(run.facts, EN).startswith(
        "On average \u2018Freeze the base’ gives most"
    )


def test_costs_are_those_of_the_table():
    assert statements.cost(SyntheticRun().facts, EN) == (
        "Under \u2018Current agreements’ the municipalities together pay €20,000 a year, the "
        "region €10,000 and the police €30,000. Together that is €60,000, or €0.26 per inhabitant."
    )


def test_the_register_is_that_of_the_run():
    run = SyntheticRun()
    run.ends["frozen"] = 20_000
    assert statements.base_title(run.facts, EN).startswith("After 2 years: 19,9")
    assert len(statements.base(run.facts, EN)) == 2


class Recorder(dict):
    """A catalogue that remembers what was asked for."""

    def __init__(self, messages):
        super().__init__(messages)
        self.asked = set()

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)


def runs():
    names = [key.removeprefix("policy.") for key in catalogue("en") if key.startswith("policy.")]
    full = SyntheticRun(policies=tuple(names)).without_actions("stop")
    full.study["main_difference"] = "frozen"
    full.with_direct("frozen", 0.09, (-0.03, -0.034, -0.026))
    full.with_direct("lean", 0.11, (-0.01, -0.012, -0.008))
    for policy in ("regional_plus", "hosted_by_one"):
        full.with_direct(policy, 0.14, (0.02, 0.01, 0.03), per_year=CLEARLY_MORE)
        for measure in ("found_only_by_alert_per_year", "hours_saved_per_year"):
            full.values[policy, measure] = (200.0, 190.0, 210.0)
            full.steps[policy, measure] = (50.0, 40.0, 60.0)
    full.failures = [{"replication": 3}]
    yield full
    yield SyntheticRun().with_precision()
    yield SyntheticRun().with_precision("maximum", 0.0061)
    yield SyntheticRun().with_precision("no_value", None)
    alone = (20.0, (8.0, NAN, NAN))
    one = SyntheticRun().with_direct("frozen", 0.2, (0.08, NAN, NAN), per_year=alone)
    one.study["replications"] = 1
    one.with_direct("regional_plus", 0.14, (0.02, 0.01, 0.03), per_year=CLEARLY_MORE)
    yield one
    yield SyntheticRun().without_actions("frozen")
    silent = SyntheticRun(policies=("current_agreements",)).without_actions("current_agreements")
    silent.ends["current_agreements"] = 20_000
    yield silent
    yield SyntheticRun().with_direct("frozen", 0.15, (0.03, 0.026, 0.034))
    nowhere = SyntheticRun()
    nowhere.places = (("GM0141", "Almelo", 0), ("GM0153", "Enschede", 0))
    yield nowhere
    uneven = SyntheticRun()
    uneven.places = (("GM0141", "Almelo", 7), ("GM0153", "Enschede", 160_000))
    yield uneven


def test_every_message_is_used_by_some_run_and_none_is_missing():
    words = Words("en")
    words.messages = Recorder(words.messages)
    for run in runs():
        render(run.facts, words)
    assert set(words.messages) - words.messages.asked == set()
