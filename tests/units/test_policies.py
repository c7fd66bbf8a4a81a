"""The policies of the memo, how one extends another, and their differences in words."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

import scenarios
from experiments.study import load_study
from scenarios.describe import difference_in_words, lever_rows
from scenarios.inputs import dotted
from scenarios.load import OWN_KEYS, SHIPPED, list_policies, load_policy, resolve
from scenarios.validate import key_names
from sim.errors import InputError
from sim.policy import TASKS, Policy

ROOT = Path(__file__).parents[2]
NAMES = (
    "current_agreements",
    "each_municipality",
    "frozen",
    "frozen_with_app",
    "hosted_by_one",
    "lean",
    "regional_basic",
    "regional_plus",
    "stop",
    "used_as_nationally",
)
TWENTE = 626_330  # inhabitants on 1 January 2014 (CBS)
DAY = date(2014, 7, 1)
ENSCHEDE = "GM0153"


def levers(name):
    return load_policy(name).levers_at(DAY, ENSCHEDE)


def hours_per_month(name, inhabitants):
    effort = levers(name).effort
    tasks = (getattr(effort, task) for task in TASKS)
    return sum(t.hours_per_month_per_1000_inhabitants for t in tasks) * inhabitants / 1000


def eur_per_inhabitant(name):
    effort = levers(name).effort
    return sum(getattr(effort, task).eur_per_inhabitant_per_year for task in TASKS)


def effort_roles(name):
    effort = levers(name).effort
    return {(getattr(effort, task).performer, getattr(effort, task).payer) for task in TASKS}


def leaves(table, way=()):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*way, key))
        else:
            yield (*way, key), value


def test_the_ten_policies_of_the_memo_are_there_and_no_other():
    assert list_policies() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_says_what_it_is_for_and_where_it_comes_from(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.intent.endswith(".")
    assert policy.intent.count(". ") == 0, "one sentence"
    assert len(policy.source) > 40


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_states_only_what_differs_from_the_one_it_extends(name):
    stated = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    parent = stated.get("extends")
    before = load_policy(parent) if parent else Policy(name="defaults")
    held = dict(leaves(before.model_dump(by_alias=True)))
    for key, value in leaves(stated):
        if key[0] not in OWN_KEYS:
            assert held[key] != value, f"{dotted(key)} is the same in {parent}"


def test_the_study_compares_all_of_them():
    study = load_study(ROOT / "experiments" / "compare_scenarios.toml").study
    assert sorted(study.policies) == list(NAMES)
    assert (study.start, study.years, study.seed) == (date(2014, 7, 1), 10, 2014)
    assert (study.reference, study.main_difference) == ("current_agreements", "frozen")


def test_scenario_1_takes_twenty_hours_a_month_for_a_municipality_of_54_000():
    assert hours_per_month("each_municipality", 54_000) == pytest.approx(20.0, abs=0.01)
    assert effort_roles("each_municipality") == {("municipality", "municipality")}


@pytest.mark.parametrize(
    "name, eur, memo, roles",
    [
        ("regional_basic", 0.03, 18_800, {("region", "region")}),
        ("regional_plus", 0.07, 43_880, {("region", "region")}),
        ("hosted_by_one", 0.15, None, {("host", "municipality")}),
    ],
)
def test_an_arrangement_in_euros_adds_up_to_the_memo(name, eur, memo, roles):
    assert eur_per_inhabitant(name) == pytest.approx(eur)
    assert hours_per_month(name, TWENTE) == 0.0
    assert effort_roles(name) == roles
    if memo is not None:
        assert eur_per_inhabitant(name) * TWENTE == pytest.approx(memo, rel=0.002)


def test_the_police_pays_for_relations_under_the_agreements_and_municipalities_recruit():
    effort = levers("current_agreements").effort
    assert (effort.relation_management.performer, effort.relation_management.payer) == (
        "police",
        "police",
    )
    assert effort.communication.performer == effort.communication.payer == "municipality"
    assert levers("current_agreements").register_.sign_ups_processed
    assert 0 < hours_per_month("current_agreements", 54_000) < 20


@pytest.mark.parametrize("name", ["frozen", "frozen_with_app", "stop"])
def test_a_frozen_register_gets_nobody_and_no_hours(name):
    register = levers(name).register_
    assert not register.sign_ups_processed
    assert not register.corrections_processed
    assert hours_per_month(name, TWENTE) == 0.0
    assert eur_per_inhabitant(name) == 0.0


def test_frozen_acts_as_often_as_now_and_stop_never():
    now = levers("current_agreements").operator_use
    assert levers("frozen").operator_use == now
    assert levers("stop").operator_use == 0.0
    assert levers("used_as_nationally").operator_use / now == pytest.approx(4.3 / 1.6, rel=0.05)


def test_frozen_with_app_puts_the_app_and_social_media_in_place_of_upkeep():
    channels = levers("frozen_with_app").channels
    assert channels.app.adoption_factor > 1
    assert channels.app.register_moved_share > 0
    assert channels.social_media.enabled
    assert not levers("frozen").channels.social_media.enabled


def test_lean_takes_half_of_the_hours_of_now():
    ratio = hours_per_month("lean", TWENTE) / hours_per_month("current_agreements", TWENTE)
    assert ratio == pytest.approx(0.5)


def test_only_a_transition_or_an_ending_has_a_cost_that_falls_once():
    once = {name: load_policy(name).one_off_costs for name in NAMES}
    assert {name for name in NAMES if once[name]} == {
        *("regional_basic", "regional_plus", "hosted_by_one", "lean", "stop", "frozen_with_app")
    }
    assert [cost.task for cost in once["stop"]] == ["ending"]


def write(folder, name, text, **header):
    keys = {"kind": "policy", "name": name, "intent": "x", **header}
    head = "".join(f'{key} = "{value}"\n' for key, value in keys.items() if value is not None)
    (folder / f"{name}.toml").write_text(head + text, encoding="utf-8")
    return folder / f"{name}.toml"


def fault_of(name, search):
    with pytest.raises(InputError) as caught:
        load_policy(name, search)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_chain_is_merged_table_by_table_and_lists_as_a_whole(folder):
    cost = "[[one_off_costs]]\nday = 2014-07-01\neur = {}.0\npayer = 'police'\n"
    write(
        folder, "a", "circle.growth_limit = 2.0\ncontrol_room.operators = 3\n" + cost.format(1) * 2
    )
    write(folder, "b", "control_room.units_per_area = 4\n", extends="a")
    write(folder, "c", "control_room.operators = 5\n" + cost.format(9), extends="b")
    policy = load_policy("c", [folder])
    assert (policy.control_room.operators, policy.control_room.units_per_area) == (5, 4)
    assert policy.circle.growth_limit == 2.0
    assert [once.eur for once in policy.one_off_costs] == [9.0]
    assert load_policy("b", [folder]).control_room.operators == 3


def test_intent_and_source_are_not_taken_over(folder):
    write(folder, "a", "", source="Somebody")
    write(folder, "b", "", extends="a")
    assert load_policy("b", [folder]).source == ""
    write(folder, "c", "", extends="a", intent=None)
    assert fault_of("c", [folder]) == "c.toml:1:1: intent: this key is missing"


def test_each_lever_knows_the_file_that_states_it(folder):
    write(folder, "a", "control_room.operators = 3\ncontrol_room.units_per_area = 3\n")
    write(folder, "b", "control_room.operators = 4\n", extends="a")
    origins = {row.key: (row.value, row.origin) for row in lever_rows(resolve("b", [folder]))}
    assert origins["control_room.operators"] == ("4", "b.toml:5")
    assert origins["control_room.units_per_area"] == ("3", "a.toml:5")
    assert origins["operator_use"][1] == "default"


def test_a_fault_that_is_taken_over_stands_in_the_file_of_the_parent(folder):
    write(folder, "a", "control_room.operators = 0\n")
    write(folder, "b", "", extends="a")
    assert fault_of("b", [folder]) == (
        "a.toml:4:26: control_room.operators: must be at least 1, not 0"
    )


def test_a_key_that_a_list_item_lacks_is_missed_there_and_not_in_the_parent(folder):
    write(folder, "a", "[[one_off_costs]]\nday = 2014-07-01\neur = 1.0\npayer = 'police'\n")
    write(folder, "b", "[[one_off_costs]]\neur = 2.0\npayer = 'police'\n", extends="a")
    assert fault_of("b", [folder]) == "b.toml:5:1: one_off_costs[1].day: this key is missing"


@pytest.mark.parametrize("start", ["a", "b", "c", "outside"])
def test_a_policy_that_extends_itself_is_one_fault_with_the_chain(folder, start):
    write(folder, "a", "", extends="b")
    write(folder, "b", "", extends="c")
    write(folder, "c", "", extends="a")
    write(folder, "outside", "", extends="b")
    assert fault_of(start, [folder]) == (
        "a.toml:4:11: extends: a policy cannot extend itself: a -> b -> c -> a"
    )


def test_a_policy_that_extends_only_itself_is_a_fault(folder):
    write(folder, "a", "", extends="a")
    assert fault_of("a", [folder]) == (
        "a.toml:4:11: extends: a policy cannot extend itself: a -> a"
    )


@pytest.mark.parametrize(
    "parent, expected",
    [
        ("frozn", "no policy is called 'frozn' (did you mean 'frozen'?)"),
        ("../frozen", "'../frozen' is no name of a policy: small letters, digits, - and _"),
        ("frozen.toml", "'frozen.toml' is no name of a policy: small letters, digits, - and _"),
        ("", "'' is no name of a policy: small letters, digits, - and _"),
    ],
)
def test_an_unknown_parent_is_a_fault_with_the_nearest_name(folder, parent, expected):
    write(folder, "a", "", extends=parent)
    assert fault_of("a", [folder, SHIPPED]) == f"a.toml:4:11: extends: {expected}"


def test_a_name_must_be_that_of_the_file(folder):
    write(folder, "a", "").rename(folder / "b.toml")
    assert fault_of("b", [folder]) == (
        "b.toml:2:8: name: must be the name of the file, 'b', not 'a'"
    )


def test_two_policies_of_one_name_are_a_fault_that_names_both_files(folder):
    write(folder, "frozen", "")
    text = fault_of("frozen", [folder, SHIPPED])
    assert text.startswith("more than one policy is called 'frozen': frozen.toml and ")
    assert text.endswith(str(Path("scenarios") / "frozen.toml"))
    # The same folder named twice holds each policy once.
    assert load_policy("frozen", [folder, folder]).name == "frozen"


def test_a_study_is_no_policy_even_if_it_has_the_name(folder):
    write(folder, "frozen", "", kind="study")
    assert load_policy("frozen", [folder, SHIPPED]) == load_policy("frozen")
    assert list_policies([folder]) == ()


def test_the_word_none_takes_a_limit_away(folder):
    write(
        folder, "a", 'channels.voice.lines = "none"\nchannels.sms.messages_per_second = "none"\n'
    )
    channels = load_policy("a", [folder]).channels
    assert channels.voice.lines is None
    assert channels.sms.messages_per_second is None
    write(folder, "b", 'control_room.operators = "none"\n')
    assert fault_of("b", [folder]) == (
        "b.toml:4:26: control_room.operators: must be a whole number, not none"
    )


def test_a_dated_change_for_some_municipalities_loads_and_holds_there(folder):
    write(
        folder,
        "a",
        '[[changes]]\nfrom_day = 2017-01-01\nmunicipalities = ["GM0153"]\n'
        "levers.operator_use = 0.1\n",
        extends="frozen",
    )
    policy = load_policy("a", [folder, SHIPPED])
    assert policy.levers_at(date(2017, 1, 1), "GM0153").operator_use == 0.1
    now = load_policy("frozen").operator_use
    assert policy.levers_at(date(2016, 12, 31), "GM0153").operator_use == now
    assert policy.levers_at(date(2017, 1, 1), "GM0141").operator_use == now


def test_the_difference_of_two_policies_in_words():
    now, stop = load_policy("frozen"), load_policy("stop")
    meaning = "share of eligible incidents that the control room turns into an action"
    assert difference_in_words(now, stop) == [
        f"operator_use ({meaning}): from {now.operator_use:g} to 0",
        "one_off_costs[1]: from none to day 2014-07-01, eur 5000, payer 'police', task 'ending'",
    ]
    assert difference_in_words(stop, now)[0].endswith(f"from 0 to {now.operator_use:g}")


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_does_not_differ_from_itself(name):
    assert difference_in_words(load_policy(name), load_policy(name)) == []


def test_every_lever_of_the_model_is_listed():
    rows = lever_rows(resolve("current_agreements"))
    tables = {row.key.split(".")[0].split("[")[0] for row in rows}
    listed = {key for key in key_names(Policy) if key not in OWN_KEYS}
    empty = {"campaigns", "one_off_costs", "changes"}
    assert tables == listed - empty


def test_the_folder_of_the_policies_is_that_of_the_package():
    assert Path(scenarios.__file__).parent == SHIPPED
