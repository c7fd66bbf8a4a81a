"""The command `burgernet`: what it prints where, its exit codes, and what it leaves alone."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from experiments import cli
from experiments.engine import runner
from sim.errors import DataError, InputError
from tests.support.fake_run import FAKE_MODEL

ROOT = Path(__file__).parents[2]
STUDY = """\
kind = "study"
schema_version = 1
name = "small"
intent = "What does freezing do?"
seed = 1
start = 2014-07-01
years = 1
replications = 3
policies = ["current_agreements", "frozen"]
reference = "current_agreements"
"""
HEAVY = ("numpy", "scipy", "pandas", "pyarrow", "geopandas", "matplotlib", "dask", "pydantic")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def fast(monkeypatch):
    """Let `run` use a stand-in for the model, which takes milliseconds; return how to set it."""
    run_study = runner.run_study

    def use(model):
        stand_in = functools.partial(run_study, model=model, progress=False)
        monkeypatch.setattr(runner, "run_study", stand_in)

    use(FAKE_MODEL)
    return use


@pytest.fixture
def burgernet(capfd, folder):
    """Return a function that runs a command in `folder`; it gives code, output and messages."""
    assert Path.cwd() == folder

    def call(*words):
        code = cli.main([str(word) for word in words])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def start(*words, **options):
    program = [
        sys.executable,
        "-c",
        "import sys; from experiments.cli import main; sys.exit(main())",
    ]
    return subprocess.Popen(
        [*program, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_help_loads_no_library_that_takes_its_time():
    code = f"import sys, experiments.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_within_a_third_of_a_second():
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        process = start("--help")
        out, _ = process.communicate()
        times.append(time.perf_counter() - begun)
        assert process.returncode == 0
    assert min(times) < 0.3
    for command in ("run", "compare", "report", "check", "scenarios", "calibrate", "parameters"):
        assert f"  {command} " in out
    assert "  burgernet scenarios        " in out, "examples keep their lines"


def test_a_fault_is_told_on_standard_error_and_nothing_is_written(folder, burgernet):
    broken = STUDY.replace("seed = 1", "seed = nan").replace('"frozen"]', '"frozn"]')
    (folder / "small.toml").write_text(broken, encoding="utf-8")
    before = sorted(folder.iterdir())
    code, out, err = burgernet("run", "small.toml")
    assert code == 2
    assert out == ""
    assert err.splitlines() == [
        "small.toml:5:8: seed: must be a whole number, not nan",
        "small.toml:9:35: policies[2]: no policy is called 'frozn' (did you mean 'frozen'?)",
        "2 faults; nothing was written.",
    ]
    assert sorted(folder.iterdir()) == before


def test_one_fault_is_counted_in_the_singular(folder, burgernet):
    code, _, err = burgernet("check", folder / "smal.toml")
    assert code == 2
    assert err.splitlines() == [
        "smal.toml:1:1: there is no such file (did you mean 'small'?)",
        "1 fault; nothing was written.",
    ]


@pytest.mark.parametrize(
    "words, expected",
    [
        (["rum"], "No such command 'rum'. Did you mean 'run'?"),
        (["run"], "Missing argument 'STUDY'"),
        (["run", "small.toml", "--replicatons", "3"], "Did you mean '--replications'?"),
        (["run", "small.toml", "--replications", "0"], "0 is not in the range 1<=x<=100000"),
        (["run", "small.toml", "--seed", "-1"], "-1 is not in the range 0<=x<=4294967295"),
        (["run", "small.toml", "--workers", "two"], "'two' is not a valid integer range"),
        (["report", ".", "--lang", "fr"], "'fr' is not one of 'nl', 'en'"),
        (["report", ".", "--out", "x.html"], "say with --lang in which language"),
        (["scenarios", "a", "b", "c"], "Name one policy or two, not 3."),
        (["calibrate", "small.toml"], "Say --check"),
        (["compare", "nowhere"], "nowhere: there is no run here (manifest.json is missing)"),
        (["parameters", "atend_share"], "'atend_share' (did you mean 'attend_share'?)"),
        (["scenarios", "frozn"], "no policy is called 'frozn' (did you mean 'frozen'?)"),
    ],
)
def test_a_wrong_command_ends_with_2_and_the_nearest_name(folder, burgernet, words, expected):
    before = sorted(folder.iterdir())
    code, out, err = burgernet(*words)
    assert code == 2
    assert out == ""
    assert expected in " ".join(err.split())
    assert "Traceback" not in err
    assert sorted(folder.iterdir()) == before


@pytest.mark.usefixtures("fast")
def test_run_prints_the_table_and_the_run_folder_last_and_says_when_it_is_complete(
    folder, burgernet
):
    code, out, err = burgernet("run", "small.toml", "--workers", 1)
    assert code == 0
    run = Path(out.splitlines()[-1])
    assert run.parent == Path("results") / "small"
    assert (folder / run / "manifest.json").is_file()
    assert any(line.startswith("frozen ") for line in out.splitlines())
    assert "complete" not in err
    code, again, err = burgernet("run", "small.toml", "--workers", 1)
    assert (code, again) == (0, out)
    assert err == "This run was complete already: nothing had to be computed.\n"


@pytest.mark.usefixtures("fast")
def test_run_as_json_is_json_and_nothing_else(folder, burgernet):
    code, out, _ = burgernet("run", "small.toml", "--workers", 1, "--json", "--out", "runs")
    facts = json.loads(out)
    assert code == 0
    assert (folder / facts["run_folder"] / "manifest.json").is_file()
    assert facts["run_folder"].startswith("runs/small/")
    assert not facts["was_complete"]
    assert {row["scenario"] for row in facts["summary"]} == {"current_agreements", "frozen"}


@pytest.mark.usefixtures("fast")
def test_options_take_the_place_of_the_study(folder, burgernet):
    _, first, _ = burgernet("run", "small.toml", "--workers", 1)
    _, other, _ = burgernet("run", "small.toml", "--workers", 1, "--seed", 2, "--replications", 2)
    first, other = (Path(out.splitlines()[-1]) for out in (first, other))
    assert first != other, "the seed is part of the run id"
    study = json.loads((folder / other / "manifest.json").read_text())["study"]
    assert (study["seed"], study["replications"]) == (2, 2)


@pytest.mark.usefixtures("fast")
def test_dry_run_tells_the_run_that_would_come_and_writes_nothing(folder, burgernet):
    before = sorted(folder.iterdir())
    code, out, _ = burgernet("run", "small.toml", "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0
    assert sorted(folder.iterdir()) == before
    assert plan["replications_to_compute"] == plan["replications"] == 3
    assert plan["estimated_s"] > 0
    assert plan["estimated_bytes"] > 0
    _, out, _ = burgernet("run", "small.toml", "--workers", 1)
    assert out.splitlines()[-1] == plan["run_folder"]
    _, out, _ = burgernet("run", "small.toml", "--dry-run")
    assert plan["run_id"] in out
    assert "replications  3, 0 of them still to be computed" in out


PRECISION = '[precision]\nmeasure = "direct_share"\nhalf_width = 0.5\n'


@pytest.fixture
def precise(folder):
    text = STUDY.replace("replications = 3", "replications = 200") + PRECISION
    (folder / "small.toml").write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("fast", "precise")
def test_dry_run_tells_the_rule_and_the_largest_number(folder, burgernet):
    with (folder / "small.toml").open("a", encoding="utf-8") as file:
        file.write("block = 15\n")
    _, out, err = burgernet("run", "small.toml", "--dry-run")
    assert "replications  at most 200, 200 of them still to be computed" in out
    assert (
        "precision     direct_share, frozen - current_agreements: until half its 95 % interval is "
        "0.5; looks after 45 and every 15 more"
    ) in out
    assert err == ""
    plan = json.loads(burgernet("run", "small.toml", "--dry-run", "--json")[1])
    assert plan["precision"]["most"] == plan["replications"] == 200
    assert not (folder / "results").exists()


@pytest.mark.usefixtures("fast", "precise")
def test_a_run_tells_how_its_number_of_replications_was_chosen(burgernet):
    code, out, _ = burgernet("run", "small.toml", "--workers", 1)
    assert code == 0
    told = "number of replications chosen by precision (direct_share, frozen - current_agreements)"
    assert told in " ".join(out.split())
    assert "Looked at every 20, at most 200." in " ".join(out.split())
    assert "40 replications, seed 1" in out
    assert max(len(line) for line in out.splitlines()[:-1]) <= 80
    _, out, _ = burgernet("compare", "results/small")
    assert told in " ".join(out.split())
    assert "over 40 replications" in out
    # The named difference has the interval of the rule, whichever way it is asked for.
    assert burgernet("compare", "results/small", "--against", "current_agreements")[1] == out
    facts = json.loads(burgernet("run", "small.toml", "--workers", 1, "--json")[1])
    assert facts["precision"]["n"] == 40
    assert facts["precision"]["stopped_by"] == "target"


@pytest.mark.usefixtures("fast", "precise")
def test_a_stated_number_overrides_the_precision_and_says_so(burgernet):
    code, out, err = burgernet("run", "small.toml", "--workers", 1, "--replications", 2)
    assert code == 0
    assert err == "--replications 2: the precision of the study does not count.\n"
    assert "2 replications, seed 1" in out
    assert "chosen by precision" not in out
    _, out, _ = burgernet("run", "small.toml", "--replications", 2, "--dry-run")
    assert "replications  2, 0 of them still to be computed" in out
    _, out, _ = burgernet("run", "--help")
    assert "its precision then does not count" in " ".join(out.split())


def test_coverage_prints_the_table_of_the_simulation(burgernet):
    code, out, _ = burgernet("coverage", "--runs", 100, "--level", 0.9)
    assert code == 0
    assert out.startswith("90 % intervals; looks every 20 replications")
    assert "normal" in out
    code, _, err = burgernet("coverage", "--block", 37)
    assert code == 2
    assert "--block 37 is no divisor of 600" in err


@pytest.mark.usefixtures("fast")
def test_every_comparison_tells_what_shared_draws_saved(folder, burgernet):
    text = STUDY.replace("replications = 3", "replications = 12")
    (folder / "small.toml").write_text(text, encoding="utf-8")
    _, out, _ = burgernet("run", "small.toml", "--workers", 1)
    assert "variance reduction by shared draws" in out
    (row,) = [line for line in out.splitlines() if line.startswith("frozen") and "[" in line]
    facts = json.loads(burgernet("run", "small.toml", "--workers", 1, "--json")[1])
    (share,) = [r for r in facts["differences"] if r["measure"] == "direct_share"]
    assert float(row.split()[-1]) == pytest.approx(share["variance_reduction"], rel=0.05)
    _, out, _ = burgernet("compare", "results/small")
    for line in out.splitlines():
        if line.startswith("  frozen"):
            assert "  gain " in line
    ends = (f"{share['variance_reduction' + end]:,.1f}" for end in ("", "_low", "_high"))
    assert "gain {} ({} to {})".format(*ends) in out
    assert "Independent seeds would need so\nmany times as many replications" in out
    rows = json.loads(burgernet("compare", "results/small", "--json")[1])
    assert rows == facts["differences"]


def test_a_replication_that_fails_gives_3_and_its_number(folder, fast, burgernet):
    def fails_once(*arguments, replication, **options):
        if replication == 1:
            raise ValueError("the second one")
        return FAKE_MODEL.simulate(*arguments, replication=replication, **options)

    fast(FAKE_MODEL._replace(simulate=fails_once))
    code, out, err = burgernet("run", "small.toml", "--workers", 1)
    assert code == 3
    assert "replication 1 failed: ValueError: the second one" in err
    assert (folder / out.splitlines()[-1]).is_dir()


@pytest.mark.parametrize(
    "error, code, words",
    [
        (DataError("cells.csv: broken"), 4, "cells.csv: broken\n"),
        (OSError(28, "No space left on device", "results/x"), 4, "results/x: No space left on"),
        (InputError("one\ntwo"), 2, "one\ntwo\n2 faults; nothing was written.\n"),
        (KeyboardInterrupt(), 130, "Stopped.\n"),
    ],
)
def test_what_goes_wrong_below_has_its_exit_code(monkeypatch, burgernet, error, code, words):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(runner, "run_study", fails)
    found, out, err = burgernet("run", "small.toml")
    assert found == code
    assert out == ""
    assert words in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("folder")
def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch):
    def fails(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(runner, "run_study", fails)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", "small.toml"])


def test_a_stop_signal_ends_with_143_and_leaves_the_handler_as_it_was(monkeypatch, burgernet):
    def stopped(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr(runner, "run_study", stopped)
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        code, _, err = burgernet("run", "small.toml")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert code == 143
    assert "Traceback" not in err


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_from_outside_ends_a_real_process(folder, number, code):
    program = (
        "import sys, time\n"
        "from experiments import cli\n"
        "from experiments.engine import runner\n"
        "def wait(*_, **__):\n"
        "    print('ready', file=sys.stderr, flush=True)\n"
        "    time.sleep(60)\n"
        "runner.run_study = wait\n"
        "sys.exit(cli.main(['run', 'small.toml']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stderr.readline() == "ready\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error():
    process = start("scenarios", "current_agreements", cwd=ROOT)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.usefixtures("fast")
def test_compare_prints_differences_against_the_reference_or_another(burgernet):
    burgernet("run", "small.toml", "--workers", 1)
    code, out, _ = burgernet("compare", "results/small")
    assert code == 0
    assert out.startswith("Difference to current_agreements, with its 95 % interval")
    assert "  frozen " in out
    _, out, _ = burgernet("compare", "results/small", "--against", "frozen", "--json")
    rows = json.loads(out)
    assert {(row["scenario"], row["reference"]) for row in rows} == {
        ("current_agreements", "frozen")
    }
    code, _, err = burgernet("compare", "results/small", "--against", "frozn")
    assert code == 2
    assert "current_agreements, frozen" in err


@pytest.mark.usefixtures("fast")
def test_the_differences_turn_round_with_the_reference(burgernet):
    burgernet("run", "small.toml", "--workers", 1)

    def mean(*more):
        rows = json.loads(burgernet("compare", "results/small", "--json", *more)[1])
        return next(row["mean"] for row in rows if row["measure"] == "good_end")

    assert mean() < 0
    assert mean("--against", "frozen") == pytest.approx(-mean())


@pytest.mark.usefixtures("fast")
def test_several_runs_below_a_folder_must_be_told_apart(burgernet):
    burgernet("run", "small.toml", "--workers", 1)
    burgernet("run", "small.toml", "--workers", 1, "--seed", 2)
    code, _, err = burgernet("compare", "results/small")
    assert code == 2
    assert "there are 2 runs here, name one: results/small/" in err


@pytest.mark.usefixtures("fast")
def test_report_writes_both_languages_unless_one_is_named(burgernet, monkeypatch):
    asked = []

    def write_report(run, lang, out):
        asked.append((lang, out))
        return out or run.path / f"report.{lang}.html"

    def write_all(run, langs):
        return [write_report(run, lang, None) for lang in langs]

    monkeypatch.setattr("experiments.report.write_report", write_report)
    monkeypatch.setattr("experiments.report.write_all", write_all)
    _, out, _ = burgernet("run", "small.toml", "--workers", 1)
    run = out.splitlines()[-1]
    code, out, _ = burgernet("report", run)
    assert code == 0
    assert out.splitlines() == [f"{run}/report.nl.html", f"{run}/report.en.html"]
    burgernet("report", run, "--lang", "en", "--out", "mine.html")
    assert asked == [("nl", None), ("en", None), ("en", Path("mine.html"))]


def test_check_says_that_a_study_or_a_policy_is_right(folder, burgernet):
    code, out, _ = burgernet("check", "small.toml")
    assert (code, out) == (0, "small.toml: the study small is right, with 2 policies.\n")
    policy = 'kind = "policy"\nname = "mine"\nextends = "frozen"\nintent = "x"\n'
    (folder / "mine.toml").write_text(policy, encoding="utf-8")
    code, out, _ = burgernet("check", "mine.toml")
    assert (code, out) == (0, "mine.toml: the policy mine is right.\n")
    (folder / "mine.toml").write_text(policy + "operator_use = 2\n", encoding="utf-8")
    code, out, err = burgernet("check", "mine.toml")
    assert (code, out) == (2, "")
    assert err.startswith("mine.toml:5:16: operator_use: must be at most 1, not 2\n")


def test_scenarios_lists_shows_one_and_compares_two(burgernet):
    code, out, _ = burgernet("scenarios")
    assert code == 0
    assert len(out.splitlines()) == 10
    assert out.startswith("current_agreements  The Twente agreements of 2010 go on")
    _, out, _ = burgernet("scenarios", "stop")
    lines = [line.split() for line in out.splitlines()]
    assert ["operator_use", "0"] in [line[:2] for line in lines]
    by_key = {line[0]: line for line in lines if line}
    assert by_key["register.sign_ups_processed"][1] == "false"
    assert "frozen.toml" in by_key["register.sign_ups_processed"][2]
    assert by_key["circle.growth_limit"][2] == "default"
    _, out, _ = burgernet("scenarios", "frozen", "stop")
    assert out.startswith("stop differs from frozen in 2 levers:\n  operator_use (share of")
    _, out, _ = burgernet("scenarios", "frozen", "frozen")
    assert out == "frozen and frozen have the same levers.\n"


def test_parameters_lists_the_registry_and_shows_one(burgernet):
    from sim.parameters import REGISTRY

    _, out, _ = burgernet("parameters")
    words = {line.split()[0] for line in out.splitlines()}
    assert set(REGISTRY) <= words
    _, out, _ = burgernet("parameters", "willing_share")
    assert REGISTRY["willing_share"].source in out
    assert f"{REGISTRY['willing_share'].default:g}" in out


def test_calibrate_prints_the_table_of_the_first_year(folder, burgernet, monkeypatch):
    module = types.ModuleType("experiments.analysis.first_year")
    module.first_year_table = lambda loaded, n: f"{loaded.study.name}, {n} replications"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code, out, _ = burgernet("calibrate", "small.toml", "--check", "--replications", 7)
    assert (code, out) == (0, "small, 7 replications\n")
    assert burgernet("calibrate", "small.toml", "--check")[1] == "small, 3 replications\n"
    # The number of a study with a precision is the largest that may come of it.
    text = STUDY.replace("replications = 3", "replications = 200") + PRECISION
    (folder / "small.toml").write_text(text, encoding="utf-8")
    assert burgernet("calibrate", "small.toml", "--check")[1] == "small, 40 replications\n"


def test_grid_check_passes_that_of_twente_and_places_the_faults_of_another(folder, burgernet):
    code, out, _ = burgernet("grid", "check")
    assert code == 0
    assert "6,210 cells, 14 municipalities, 626,330 inhabitants" in out
    shutil.copytree(ROOT / "data" / "twente_grid", folder / "grid")
    table = folder / "grid" / "municipalities.csv"
    table.write_text(table.read_text().replace("GM0153,Enschede,158585", "GM0153,Enschede,15858"))
    code, out, err = burgernet("grid", "check", "grid")
    assert (code, out) == (2, "")
    assert "grid/municipalities.csv:" in err
    study = STUDY + 'grid = "grid"\n'
    (folder / "small.toml").write_text(study, encoding="utf-8")
    code, _, err = burgernet("run", "small.toml")
    assert code == 2
    assert "grid/municipalities.csv:" in err
    assert not (folder / "results").exists()


def test_schema_describes_studies_and_policies(burgernet):
    code, out, _ = burgernet("schema")
    printed = json.loads(out)
    assert code == 0
    study, policy = printed["study.schema.json"], printed["policy.schema.json"]
    assert study["properties"]["kind"]["const"] == "study"
    assert study["additionalProperties"] is False
    assert {"seed", "policies", "reference"} <= set(study["required"])
    assert policy["properties"]["kind"]["const"] == "policy"
    assert {"kind", "name", "intent"} <= set(policy["required"])
    assert "register" in policy["properties"]
    code, out, _ = burgernet("schema", "--out", "schemas")
    assert [json.loads(Path(line).read_text()) for line in out.splitlines()] == [study, policy]


def test_a_folder_that_cannot_be_made_is_a_disk_problem(burgernet):
    code, _, err = burgernet("schema", "--out", "small.toml/schemas")
    assert code == 4
    assert err == "small.toml/schemas: Not a directory\n"


def test_version_is_that_of_the_project(burgernet):
    code, out, _ = burgernet("--version")
    assert code == 0
    assert out.split() == ["burgernet", "0.1.0"]
