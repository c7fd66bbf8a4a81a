"""Faults of input files: each with its place, its key and the nearest known name, all at once."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from experiments.study import Study, load_study
from scenarios import inputs
from scenarios.inputs import MAX_BYTES, Document, Faults, nearest, read_document
from scenarios.load import load_policy, resolve
from sim.errors import InputError

STUDY = """\
kind = "study"
schema_version = 1
name = "small"
intent = "What does freezing do?"
seed = 1
start = 2014-07-01
years = 2
replications = 4
policies = ["current_agreements", "frozen"]
reference = "current_agreements"
"""
POLICY = """\
kind = "policy"
name = "mine"
extends = "current_agreements"
intent = "A policy of a user."
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages show plain names of files."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return str(caught.value).splitlines()


def study_faults(folder, *, old="", new="", more=""):
    assert old in STUDY
    return faults_of(load_study, write(folder, "small.toml", STUDY.replace(old, new) + more))


def policy_faults(folder, text):
    return faults_of(load_policy, write(folder, "mine.toml", POLICY + text))


def test_the_unbroken_study_and_policy_load(folder):
    loaded = load_study(write(folder, "small.toml", STUDY))
    assert loaded.study.start == date(2014, 7, 1)
    assert [policy.name for policy in loaded.policies] == ["current_agreements", "frozen"]
    assert load_policy(write(folder, "mine.toml", POLICY)).name == "mine"


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("seed = 1", "seed = -1", "5:8: seed: must be at least 0, not -1"),
        ("seed = 1", "seed = true", "5:8: seed: must be a whole number, not true"),
        ("seed = 1", "seed = 1.0", "5:8: seed: must be a whole number, not 1.0"),
        ("seed = 1", "seed = 4294967296", "5:8: seed: must be at most 4,294,967,295, not"),
        ("seed = 1\n", "", "1:1: seed: this key is missing"),
        ("years = 2", "years = 0", "7:9: years: must be at least 1, not 0"),
        ("years = 2", "years = 41", "7:9: years: must be at most 40, not 41"),
        ("years = 2", "years = inf", "7:9: years: must be a whole number, not inf"),
        ("replications = 4", 'replications = "4"', "8:16: replications: must be a whole number"),
        ("replications = 4", "replicatons = 4", "8:1: replicatons: unknown key (did you mean 're"),
        ("2014-07-01", '"2014-07-01"', "6:9: start: must be a date such as 2014-07-01, without"),
        ("2014-07-01", "2014-07-01T00:00:00", "6:9: start: must be a date such as 2014-07-01"),
        ("2014-07-01", "1999-12-31", "6:9: start: must be at least 2000-01-01, not 1999-12-31"),
        (
            '"small"',
            '"../up"',
            "3:8: name: must be at most 64 small letters, digits, - and _, not",
        ),
        ('"study"', '"policy"', "1:8: kind: must be 'study', not 'policy'"),
        ("version = 1", "version = 2", "2:18: schema_version: must be 1, not 2"),
        ('"frozen"]', '"frozn"]', "9:35: policies[2]: no policy is called 'frozn' (did you mean"),
        ('"frozen"]', '"frozen", 3]', "9:12: policies[3]: must be text in quotes, not 3"),
        ('"frozen"]', '"../frozen"]', "9:35: policies[2]: must be at most 64 small letters"),
        ('["current_agreements", "frozen"]', "[]", "9:12: policies: must not be empty"),
        ('["current_agreements", "frozen"]', '"frozen"', "9:12: policies: must be a list, not"),
    ],
)
def test_a_fault_of_a_study_is_told_with_its_place(folder, old, new, expected):
    assert any(
        line.startswith(f"small.toml:{expected}")
        for line in study_faults(folder, old=old, new=new)
    )


def test_keys_that_contradict_each_other_are_both_named(folder):
    (line,) = study_faults(folder, old='= "current_agreements"', new='= "curent_agreements"')
    assert line == (
        "small.toml:10:13: reference: 'curent_agreements' is not among 'policies'"
        " (did you mean 'current_agreements'?)"
    )
    (line,) = study_faults(folder, more='main_difference = "stop"\n')
    assert line == "small.toml:11:19: main_difference: 'stop' is not among 'policies'"


PRECISION = '[precision]\nmeasure = "direct_share"\nhalf_width = 0.005\n'


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("0.005", "0", "13:14: precision.half_width: must be more than 0, not 0"),
        ("0.005", "-0.1", "13:14: precision.half_width: must be more than 0, not -0.1"),
        ("0.005", "nan", "13:14: precision.half_width: must be a finite number, not nan"),
        ("0.005", "inf", "13:14: precision.half_width: must be a finite number, not inf"),
        ("0.005", "true", "13:14: precision.half_width: must be a number, not true"),
        ("0.005", '"0.005"', "13:14: precision.half_width: must be a number, not '0.005'"),
        ("0.005", "1e10", "13:14: precision.half_width: must be at most 1,000,000,000, not"),
        (
            "0.005",
            "0.6",
            "13:14: precision.half_width: 0.6 is more than 0.5, and 'direct_share' is a share: a",
        ),
        ("half_width = 0.005\n", "", "11:1: precision.half_width: this key is missing"),
        (
            '"direct_share"',
            '"direct_shar"',
            "12:11: precision.measure: no measure is called 'direct_shar' (did you mean 'direct_s",
        ),
        (
            '"direct_share"',
            '"cost_per_direct_eur"',
            "12:11: precision.measure: 'cost_per_direct_eur' is a ratio of means: it has no value",
        ),
        ('"direct_share"', "3", "12:11: precision.measure: must be text in quotes, not 3"),
        ('measure = "direct_share"\n', "", "11:1: precision.measure: this key is missing"),
        (
            "0.005",
            '0.005\npolicy = "frozn"',
            "14:10: precision.policy: 'frozn' is not among 'policies' (did you mean 'frozen'?)",
        ),
        (
            "0.005",
            '0.005\npolicy = "current_agreements"',
            "14:10: precision.policy: 'current_agreements' is the reference: its difference is al",
        ),
        ("0.005", "0.005\npolicy = 1", "14:10: precision.policy: must be text in quotes, not 1"),
        ("0.005", "0.005\nblock = 9", "14:9: precision.block: must be at least 10, not 9"),
        ("0.005", "0.005\nblock = 1001", "14:9: precision.block: must be at most 1,000, not"),
        ("0.005", "0.005\nblock = 20.0", "14:9: precision.block: must be a whole number, not"),
        ("0.005", "0.005\nblock = 401", "14:9: precision.block: 401 is more than 'replications'"),
        (PRECISION, "precision = 0.005\n", "11:13: precision: must be a table, not 0.005"),
        (PRECISION, "precision = []\n", "11:13: precision: must be a table, not a list"),
    ],
)
def test_a_fault_of_the_precision_is_told_once_with_its_place(folder, old, new, expected):
    assert old in PRECISION
    more = PRECISION.replace(old, new)
    (line,) = study_faults(folder, old="replications = 4", new="replications = 400", more=more)
    assert line.startswith(f"small.toml:{expected}")


def test_an_unknown_key_of_the_precision_is_told_with_the_nearest(folder):
    text = STUDY.replace("s = 4", "s = 400") + PRECISION.replace("half_width", "halfwidth")
    lines = faults_of(load_study, write(folder, "small.toml", text))
    assert lines == [
        "small.toml:11:1: precision.half_width: this key is missing",
        "small.toml:13:1: precision.halfwidth: unknown key (did you mean 'half_width'?)",
    ]


def test_a_precision_needs_as_many_replications_as_the_first_look(folder):
    (line,) = study_faults(folder, old="replications = 4", new="replications = 39", more=PRECISION)
    assert line == (
        "small.toml:8:16: replications: 39 is fewer than 'precision' needs before it stops: 40"
    )


def test_a_precision_of_a_study_with_one_policy_has_no_difference(folder):
    text = (STUDY + PRECISION).replace(', "frozen"]', "]").replace("s = 4", "s = 400")
    (line,) = faults_of(load_study, write(folder, "small.toml", text))
    assert line.startswith("small.toml:11:1: precision.policy: 'current_agreements' is the refer")


@pytest.mark.parametrize(
    "more, policy",
    [
        (PRECISION, "frozen"),
        ('main_difference = "stop"\n' + PRECISION, "stop"),
        ('main_difference = "stop"\n' + PRECISION + 'policy = "frozen"\n', "frozen"),
        ('precision = { measure = "good_end", half_width = 9 }\n', "frozen"),
    ],
)
def test_the_policy_of_a_precision_is_the_main_difference_unless_stated(folder, more, policy):
    text = STUDY.replace('"frozen"]', '"frozen", "stop"]').replace("s = 4", "s = 40") + more
    study = load_study(write(folder, "small.toml", text)).study
    assert study.precision.policy == policy
    assert study.precision.block == 20
    assert load_study(write(folder, "small.toml", STUDY)).study.precision is None


def test_a_number_of_replications_takes_the_place_of_the_precision(folder):
    text = STUDY.replace("s = 4", "s = 400") + PRECISION
    loaded = load_study(write(folder, "small.toml", text))
    assert loaded.changed(replications=3, seed=None).study.precision is None
    assert loaded.changed(replications=None, seed=3).study.precision is not None


def test_a_policy_named_twice_is_a_fault(folder):
    lines = study_faults(folder, old='"frozen"]', new='"frozen", "frozen"]')
    assert lines == ["small.toml:9:45: policies[3]: 'frozen' stands already at policies[2]"]


@pytest.mark.parametrize(
    "value, expected",
    [
        ("attend_share = nan", "12:16: parameters.attend_share: must be a finite number, not nan"),
        ("attend_share = -inf", "12:16: parameters.attend_share: must be a finite number, not -"),
        ("attend_share = true", "12:16: parameters.attend_share: must be a number, not true"),
        ("attend_share = 1.5", "12:16: parameters.attend_share: 1.5 is outside 0..1"),
        ("atend_share = 0.2", "12:1: parameters.atend_share: unknown parameter (did you mean 'at"),
    ],
)
def test_a_fault_of_a_parameter_is_told_once(folder, value, expected):
    (line,) = study_faults(folder, more=f"[parameters]\n{value}\n")
    assert line.startswith(f"small.toml:{expected}")


def test_a_parameter_of_the_study_is_used(folder):
    text = STUDY + "[parameters]\nattend_share = 0.2\n"
    assert load_study(write(folder, "small.toml", text)).parameters["attend_share"] == 0.2


def test_without_frozen_the_main_difference_is_the_first_other_policy(folder):
    text = STUDY.replace('"frozen"]', '"stop", "lean"]')
    assert load_study(write(folder, "small.toml", text)).study.main_difference == "stop"
    assert load_study(write(folder, "small.toml", STUDY)).study.main_difference == "frozen"


def test_a_study_made_in_python_is_checked_as_well():
    stated = {
        "kind": "study",
        "schema_version": 1,
        "name": "s",
        "intent": "x",
        "seed": 1,
        "start": date(2014, 7, 1),
        "years": 1,
        "replications": 1,
    }
    with pytest.raises(ValidationError, match="'b' is not among 'policies'"):
        Study(**stated, policies=("a",), reference="b")
    assert Study(**stated, policies=("a",), reference="a").main_difference == "a"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("operators = 3", "5:1: operators: unknown key (did you mean 'control_room.operators'?)"),
        ("operator_use = nan", "5:16: operator_use: must be a finite number, not nan"),
        ("operator_use = 1.01", "5:16: operator_use: must be at most 1, not 1.01"),
        ("operator_use = -0.1", "5:16: operator_use: must be at least 0, not -0.1"),
        ("control_room.operators = true", "5:26: control_room.operators: must be a whole number"),
        ("channels.smss.enabled = true", "5:1: channels.smss: unknown key (did you mean 'sms'?)"),
        ("channels.sms.enabled = 1", "5:24: channels.sms.enabled: must be true or false, not 1"),
        ("channels = 3", "5:12: channels: must be a table, not 3"),
        (
            'effort.communication.payer = "regoin"',
            "5:30: effort.communication.payer: must be 'municipality', 'region' or 'police', not",
        ),
        ("[[one_off_costs]]\neur = 5", "5:1: one_off_costs[1].day: this key is missing"),
        (
            "[[changes]]\nlevers.operater_use = 0.5",
            "6:1: changes[1].levers.operater_use: unknown key (did you mean 'operator_use'?)",
        ),
        (
            "[[changes]]\nlevers.circle.growth_limit = 0.5",
            "6:30: changes[1].levers.circle.growth_limit: must be at least 1, not 0.5",
        ),
        (
            '[[changes]]\nmunicipalities = ["GM0153"]\nlevers.control_room.operators = 3',
            "7:1: changes[1].levers.control_room: is one for the whole region: it cannot stand",
        ),
    ],
)
def test_a_fault_of_a_policy_is_told_with_its_place(folder, text, expected):
    assert f"mine.toml:{expected}" in [
        line[: len(f"mine.toml:{expected}")] for line in policy_faults(folder, text + "\n")
    ]


def test_two_measures_of_effort_are_both_named_and_placed(folder):
    (line,) = policy_faults(folder, "[effort.communication]\neur_per_inhabitant_per_year = 0.1\n")
    assert line.startswith("mine.toml:6:1: effort.communication.eur_per_inhabitant_per_year: ")
    assert "hours_per_month_per_1000_inhabitants stands at " in line
    assert "current_agreements.toml:" in line.split("stands at ")[1]


def test_changes_that_contradict_each_other_only_together_are_found(folder):
    (line,) = policy_faults(
        folder,
        "effort.communication.hours_per_month_per_1000_inhabitants = 0.0\n"
        "[[changes]]\nfrom_day = 2015-01-01\n"
        "levers.effort.communication.eur_per_inhabitant_per_year = 0.1\n"
        '[[changes]]\nfrom_day = 2016-01-01\nmunicipalities = ["GM0153"]\n'
        "levers.effort.communication.hours_per_month_per_1000_inhabitants = 1.0\n",
    )
    assert line.startswith(
        "mine.toml:6:1: changes: taken together from 2016-01-01 in GM0153 they contradict"
    )


def test_a_municipality_that_the_grid_lacks_is_a_fault(folder):
    write(folder, "mine.toml", POLICY + '[[changes]]\nmunicipalities = ["GM0153", "GM0154"]\n')
    (line,) = study_faults(folder, old='"frozen"]', new='"frozen", "mine"]')
    assert line.startswith(
        "mine.toml:6:29: changes[1].municipalities[2]: the grid has no municipality 'GM0154' (did"
    )


def test_every_fault_of_every_file_comes_in_one_error_in_order(folder):
    write(folder, "mine.toml", POLICY + "operator_use = 2.0\noperatr = 1\n")
    write(folder, "other.toml", POLICY.replace('"mine"', '"others"') + "intend = 1\n")
    text = STUDY.replace('"frozen"]', '"mine", "other", "nobody"]').replace(
        "years = 2", "years = 0"
    )
    lines = faults_of(load_study, write(folder, "small.toml", text + "[parameters]\nx = 1.0\n"))
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in lines] == [
        "mine.toml:5:16 operator_use",
        "mine.toml:6:1 operatr",
        "other.toml:2:8 name",
        "other.toml:5:1 intend",
        "small.toml:7:9 years",
        "small.toml:9:52 policies[4]",
        "small.toml:12:1 parameters.x",
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a = 1\na = 2\n", "2:1: a: stands twice in the file"),
        ("[x]\n[y]\n[x]\n", "3:1: x: stands twice in the file"),
        ("a = {b = 1, b = 2}\n", "1:1: a: stands twice in the file"),
        ("a = \n", "1:5: not valid TOML: invalid value"),
        ("a = [1,", "1:8: not valid TOML: "),
        ('a = 1\nb = "x\n', "2:7: not valid TOML: a text has no closing quote on its line"),
        ("a = " + "[" * 3000, "1:1: tables and lists are nested more than 20 deep"),
        ("a." * 50 + "b = 1", "1:1: tables and lists are nested more than 20 deep"),
        ("b = 1\nn = " + "9" * 5000, "2:5: not valid TOML: a number has too many digits"),
    ],
)
def test_a_file_that_is_no_toml_is_one_located_fault(folder, text, expected):
    (line,) = faults_of(resolve, write(folder, "bad.toml", text))
    assert line.startswith(f"bad.toml:{expected}")


def test_a_file_that_cannot_be_read_is_a_fault(folder):
    write(folder, "small.toml", STUDY)
    (folder / "dir.toml").mkdir()
    (folder / "latin.toml").write_bytes(b'kind = "policy"\nintent = "caf\xe9"\n')
    (folder / "big.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    for name, expected in (
        ("smal.toml", "smal.toml:1:1: there is no such file (did you mean 'small'?)"),
        ("dir.toml", "dir.toml:1:1: this is a folder, not a TOML file"),
        ("latin.toml", "latin.toml:2:14: the file is not UTF-8 text"),
        ("big.toml", "big.toml:1:1: the file is larger than 1,000,000 bytes"),
        ("nul\0.toml", "nul\0.toml:1:1: the file cannot be read: embedded null byte"),
    ):
        assert faults_of(load_study, Path(name)) == [expected]


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(folder):
    path = folder / "small.toml"
    path.write_bytes(b"\xef\xbb\xbf" + STUDY.replace("\n", "\r\n").encode())
    assert load_study(path).study.name == "small"


def test_a_grid_that_is_missing_or_wrong_is_among_the_faults(folder):
    (line,) = study_faults(folder, more='grid = "nowhere"\n')
    assert line == "small.toml:11:8: grid: there is no folder 'nowhere' with a grid"
    (folder / "nowhere").mkdir()
    lines = study_faults(folder, old="seed = 1", new="seed = -1", more='grid = "nowhere"\n')
    assert "small.toml:5:8: seed: must be at least 0, not -1" in lines
    assert "nowhere/cells.csv:1:1: the file is missing" in lines


def test_without_a_source_map_the_dotted_key_still_tells(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "parse_errors.source_map", None)
    lines = policy_faults(folder, "[control_room]\noperators = 0\n")
    assert lines == ["mine.toml: control_room.operators: must be at least 1, not 0"]


@given(
    st.dictionaries(
        st.text("abc_é\"\\ ~/.'#=\n", min_size=1, max_size=6),
        st.one_of(st.integers(0, 9), st.lists(st.sampled_from(["x", "y z", "#"]), max_size=3)),
        min_size=1,
        max_size=5,
    )
)
def test_every_key_is_found_on_the_line_where_it_was_written(table):
    lines = [f"{_quoted(key)} = {_toml(value)}" for key, value in table.items()]
    text = "\n".join(lines) + "\n"
    faults = Faults()
    document = inputs._parsed(Path("t.toml"), text, faults)
    assert isinstance(document, Document)
    assert document.content == table
    for number, (key, value) in enumerate(table.items(), 1):
        assert document.place((key,), "key").line == number
        assert document.place((key,), "key").column == 1
        start = document.place((key,)).column - 1
        assert lines[number - 1][start:] == _toml(value)


def _quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    return str(value)


@given(st.text(max_size=200))
def test_no_text_whatever_gives_anything_but_a_document_or_a_fault(text):
    faults = Faults()
    document = inputs._parsed(Path("t.toml"), text, faults)
    assert (document is None) == (len(faults) == 1)


def test_the_nearest_name_ignores_case_and_kind_of_dash():
    assert nearest("Current-Agreements", ["current_agreements"]) == (
        " (did you mean 'current_agreements'?)"
    )
    assert nearest("xyz", ["current_agreements"]) == ""


def test_a_file_without_end_is_not_read_to_its_end():
    if not Path("/dev/zero").exists():
        pytest.skip("this system lacks /dev/zero")
    faults = Faults()
    assert read_document(Path("/dev/zero"), faults) is None
    assert "larger than" in str(next(iter(faults.found)))


def test_loading_leaves_the_plotting_libraries_alone():
    code = (
        "import sys; from pathlib import Path; from experiments import load_study;"
        "load_study(Path('experiments/compare_scenarios.toml'));"
        "print([m for m in ('matplotlib', 'geopandas', 'pandas', 'dask') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
