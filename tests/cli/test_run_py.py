"""run.py, which must work before anything is installed: its words, its stamp, its paths."""

import ast
import importlib.util
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN_PY = ROOT / "run.py"

STARTED_WITH = (
    "import runpy, sys; sys.argv = [{0!r}, 'check']; {1}; "
    "runpy.run_path({0!r}, run_name='__main__')"
)


def load_run_py(path):
    spec = importlib.util.spec_from_file_location("run_py_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path):
    """Lay out a project with a fake environment: `burgernet` there tells what it was asked."""
    root = tmp_path / "a project"
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("run.py", "setup.cfg", "pyproject.toml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    (root / "requirements.lock").write_text("simpy==4.1.2\n")
    (root / "requirements-dev.lock").write_text("simpy==4.1.2\npytest==9.2.0\n")
    (root / ".venv" / "pyvenv.cfg").touch()
    (programs / "python").symlink_to(sys.executable)
    install_burgernet(root, "import os, sys; print(sys.argv[1:], os.getcwd())")
    return root


def install_burgernet(root, code):
    path = root / ".venv" / "bin" / "burgernet"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)


@pytest.fixture
def run_py(checkout):
    return load_run_py(checkout / "run.py")


def start(checkout, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, checkout / "run.py", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
    )


def finish(run_py, *, dev):
    run_py.write_stamp(run_py.wanted_stamp(dev=dev))


def only_line(text):
    (line,) = text.splitlines()
    return line


class SetupRecorder:
    """Stands in for the steps of the setup: notes them, and fails or stops where told to."""

    def __init__(self, run_py, monkeypatch, trouble=None, at=None):
        self.steps = []
        self.run_py, self.trouble, self.at = run_py, trouble, at
        monkeypatch.setattr(run_py, "make_venv", self.make_venv)
        monkeypatch.setattr(
            run_py,
            "install_packages",
            lambda *, dev: self.note(f"packages {'dev' if dev else 'run'}"),
        )
        monkeypatch.setattr(run_py, "install_project", lambda: self.note("project"))
        monkeypatch.setattr(run_py, "compile_model", lambda: self.note("model"))

    def note(self, step):
        self.steps.append(step)
        if step == self.at:
            raise self.trouble

    def make_venv(self):
        (self.run_py.VENV / "bin").mkdir(parents=True)
        (self.run_py.VENV / "pyvenv.cfg").touch()
        (self.run_py.VENV / "bin" / "python").symlink_to(sys.executable)
        self.note("venv")


ANEW = ["venv", "packages run", "project", "model"]
ANEW_DEV = ["venv", "packages dev", "project", "model"]


# --- the Python it is started with ---------------------------------------------------------------


def test_source_keeps_the_grammar_of_python_3_6():
    ast.parse(RUN_PY.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_annotations_of_functions_need_no_new_python():
    # They run when the file is loaded, before the sentence about the age of Python can be said.
    tree = ast.parse(RUN_PY.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            places = [it.annotation for it in (*function.args.args, *function.args.kwonlyargs)]
            places.append(function.returns)
            assert all(isinstance(it, ast.Name | ast.Constant) for it in places), function.name


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 15, 0)])
def test_a_python_of_the_wrong_age_is_told_in_one_line(version):
    code = STARTED_WITH.format(str(RUN_PY), f"sys.version_info = {(*version, 'final', 0)}")
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    found = f"{version[0]}.{version[1]}"
    assert done.returncode == 4
    assert only_line(done.stderr) == (
        f"run.py: Python 3.11 to 3.14 is needed, and this is Python {found}"
    )


@pytest.mark.parametrize("absent", ["venv", "ensurepip"])
def test_a_missing_python3_venv_is_told_in_one_line(run_py, absent, monkeypatch, capsys):
    def find_spec(name, find=importlib.util.find_spec):
        return None if name == absent else find(name)

    check = run_py.check_python
    monkeypatch.setattr(run_py, "check_python", lambda version: check(version, find_spec))
    assert run_py.main(["check"]) == 4
    assert only_line(capsys.readouterr().err) == (
        "run.py: python3-venv is missing; install it with: sudo apt install python3-venv"
    )


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word,nearest", [("tset", "test"), ("burgernett", "burgernet"), ("chek", "check")]
)
def test_an_unknown_command_names_the_nearest(checkout, word, nearest):
    done = start(checkout, word)
    assert done.returncode == 2
    assert only_line(done.stderr) == (
        f'run.py: no command "{word}"; did you mean "{nearest}"? '
        "(python3 run.py --help lists them)"
    )
    assert not done.stdout


def test_an_unknown_command_like_no_other_names_none(checkout):
    done = start(checkout, "qqqqq")
    assert done.returncode == 2
    assert "did you mean" not in only_line(done.stderr)


def test_help_lists_each_command_that_works_and_needs_no_environment(checkout, run_py):
    (checkout / ".venv" / "pyvenv.cfg").unlink()
    done = start(checkout, "--help")
    assert done.returncode == 0
    assert not done.stderr
    listed = re.findall(r"^  (\w+) ", done.stdout, flags=re.MULTILINE)
    assert listed == list(run_py.commands())
    assert max(map(len, done.stdout.splitlines())) <= 99


def test_bench_is_offered_once_there_are_benchmarks(checkout, run_py):
    assert "bench" not in run_py.commands()
    assert start(checkout, "bench").returncode == 2
    (checkout / "benchmarks").mkdir()
    (checkout / "benchmarks" / "__main__.py").touch()
    assert "bench" in run_py.commands()


def test_check_refuses_arguments(checkout):
    done = start(checkout, "check", "--fix")
    assert done.returncode == 2
    assert "--fix" in only_line(done.stderr)


# --- the stamp -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dev", [False, True])
def test_a_finished_environment_needs_nothing(run_py, monkeypatch, dev):
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=dev)
    assert recorder.steps == (ANEW_DEV if dev else ANEW)
    run_py.set_up(dev=dev)
    run_py.set_up(dev=False)
    assert recorder.steps == (ANEW_DEV if dev else ANEW)


def test_tests_add_to_the_environment_of_the_main_job(run_py, monkeypatch):
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    run_py.set_up(dev=True)
    assert recorder.steps == [*ANEW, "packages dev"]
    run_py.set_up(dev=True)
    assert recorder.steps == [*ANEW, "packages dev"]


@pytest.mark.parametrize(
    "key,value",
    [
        ("schema", 0),
        ("python", [3, 10]),
        ("interpreter", "/usr/bin/python3.9"),
        ("root", "/elsewhere"),
        ("run", "another lock"),
        ("dev", "another lock"),
    ],
)
def test_whatever_the_environment_stands_on_makes_it_anew(run_py, monkeypatch, key, value):
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.write_stamp({**run_py.wanted_stamp(dev=True), key: value})
    left_over = run_py.VENV / "left_over"
    left_over.touch()
    run_py.set_up(dev=True)
    assert recorder.steps == ANEW_DEV
    assert not left_over.exists()


def test_another_lock_for_tests_does_not_concern_the_main_job(run_py, checkout, monkeypatch):
    finish(run_py, dev=True)
    (checkout / "requirements-dev.lock").write_text("pytest==9.3.0\n")
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    assert recorder.steps == []
    run_py.set_up(dev=True)
    assert recorder.steps == ANEW_DEV


def test_new_metadata_reinstalls_the_project_alone(run_py, checkout, monkeypatch):
    finish(run_py, dev=True)
    recorder = SetupRecorder(run_py, monkeypatch)
    config = checkout / "setup.cfg"
    config.write_text(config.read_text().replace("[tool:pytest]", "[tool:pytest]\nlog_cli = 1"))
    run_py.set_up(dev=False)
    assert recorder.steps == []
    config.write_text(config.read_text().replace("burgernet = ", "other = "))
    run_py.set_up(dev=False)
    assert recorder.steps == ["project"]
    run_py.set_up(dev=True)
    assert recorder.steps == ["project"], "the packages for tests were forgotten"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"finished"'])
def test_an_unreadable_stamp_counts_as_none(run_py, monkeypatch, text):
    run_py.STAMP.write_text(text)
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    assert recorder.steps == ANEW


@pytest.mark.parametrize("step", ANEW)
@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), OSError(28, "No space left")])
def test_a_setup_that_breaks_off_leaves_nothing_and_the_next_heals(
    run_py, monkeypatch, step, trouble
):
    SetupRecorder(run_py, monkeypatch, trouble, at=step)
    with pytest.raises(type(trouble)):
        run_py.set_up(dev=False)
    assert not run_py.VENV.exists()
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    assert recorder.steps == ANEW
    assert run_py.missing_steps(run_py.read_stamp(), run_py.wanted_stamp(dev=False)) == []


def test_without_network_for_the_tests_the_main_job_still_works(run_py, monkeypatch):
    finish(run_py, dev=False)
    SetupRecorder(run_py, monkeypatch, run_py.SetupError("offline"), at="packages dev")
    with pytest.raises(run_py.SetupError):
        run_py.set_up(dev=True)
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    assert recorder.steps == []
    run_py.set_up(dev=True)
    assert recorder.steps == ["packages dev"]


def test_packages_cut_off_halfway_are_not_built_upon(run_py, monkeypatch):
    finish(run_py, dev=False)
    SetupRecorder(run_py, monkeypatch, KeyboardInterrupt(), at="packages dev")
    with pytest.raises(KeyboardInterrupt):
        run_py.set_up(dev=True)
    recorder = SetupRecorder(run_py, monkeypatch)
    run_py.set_up(dev=False)
    assert recorder.steps == []
    run_py.set_up(dev=True)
    assert recorder.steps == ANEW_DEV


def test_a_folder_that_is_no_environment_is_left_alone(run_py, monkeypatch, capsys):
    treasure = run_py.VENV / "thesis.txt"
    treasure.touch()
    (run_py.VENV / "pyvenv.cfg").unlink()
    SetupRecorder(run_py, monkeypatch)
    assert run_py.main(["burgernet"]) == 4
    assert "move it away" in only_line(capsys.readouterr().err)
    assert treasure.exists()


# --- what a failed step tells --------------------------------------------------------------------


@pytest.mark.parametrize(
    "log,line",
    [
        ("WARNING: Retrying (Retry(total=4\nERROR: No matching distribution", "online"),
        ("WARNING: Retrying (x\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "hash"),
        ("ERROR: Could not install: [Errno 28] No space left on device\n", "disk is full"),
        ("Collecting x\nERROR: first\nERROR: last of all\n  hint\n", "last of all"),
        ("just words\n", "just words"),
        ("", "no reason was given"),
    ],
)
def test_a_failed_step_is_told_in_one_line(run_py, monkeypatch, capsys, log, line):
    code = f"import sys; print({log!r}, end=''); sys.exit(1)"
    monkeypatch.setattr(
        run_py, "make_venv", lambda: run_py.setup_step([sys.executable, "-c", code], "no luck")
    )
    assert run_py.main(["burgernet"]) == 4
    told = only_line(capsys.readouterr().err)
    assert told.startswith("run.py: no luck: ")
    assert line in told
    assert run_py.SETUP_LOG.read_text() == log
    assert not run_py.VENV.exists()


def test_a_step_that_succeeds_leaves_no_log(run_py):
    run_py.setup_step([sys.executable, "-c", "print('fine')"], "no luck")
    assert not run_py.SETUP_LOG.exists()


def test_packages_are_installed_from_the_lock_by_hash_and_as_wheels(run_py, monkeypatch):
    calls = []
    monkeypatch.setattr(run_py, "setup_step", lambda command, _failure: calls.append(command))
    run_py.install_packages(dev=True)
    (command,) = calls
    assert command[:3] == [str(run_py.VENV / "bin" / "python"), "-m", "pip"]
    assert {"--require-hashes", "--no-deps"} < set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("-r") + 1] == str(run_py.ROOT / "requirements-dev.lock")


# --- from anywhere -------------------------------------------------------------------------------


def test_burgernet_runs_where_the_user_stands(checkout, tmp_path):
    finish(load_run_py(checkout / "run.py"), dev=False)
    done = start(checkout, "burgernet", "check", "my study.toml", cwd=tmp_path)
    assert done.stdout == f"['check', 'my study.toml'] {tmp_path}\n"


def test_an_exit_code_of_burgernet_is_passed_on(checkout):
    finish(load_run_py(checkout / "run.py"), dev=False)
    install_burgernet(checkout, "import sys; sys.exit(17)")
    assert start(checkout, "burgernet").returncode == 17
    install_burgernet(checkout, "import os; os.kill(os.getpid(), 9)")
    assert start(checkout, "burgernet").returncode == 128 + 9


@pytest.mark.parametrize("given,expected", [(None, "1"), ("6", "6")])
def test_children_use_one_thread_unless_told_otherwise(checkout, monkeypatch, given, expected):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
        if given is not None:
            monkeypatch.setenv(name, given)
    finish(load_run_py(checkout / "run.py"), dev=False)
    install_burgernet(
        checkout,
        "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])",
    )
    assert start(checkout, "burgernet").stdout == f"{expected} {expected}\n"


MAIN_JOB = """
import pathlib, sys
if sys.argv[1] == "run":
    folder = pathlib.Path("results/study/1f")
    folder.mkdir(parents=True, exist_ok=True)
    print("the table")
    print(folder)
    sys.exit({run_code})
print("words of the report")
for language in ("nl", "en"):
    pathlib.Path(sys.argv[2], f"report.{{language}}.html").touch()
sys.exit({report_code})
"""


@pytest.mark.parametrize("code", [0, 3])
def test_the_main_job_tells_where_its_reports_lie(checkout, tmp_path, code):
    finish(load_run_py(checkout / "run.py"), dev=False)
    install_burgernet(checkout, MAIN_JOB.format(run_code=code, report_code=0))
    done = start(checkout, cwd=tmp_path)
    folder = checkout / "results" / "study" / "1f"
    assert done.stdout.splitlines() == [
        "the table",
        "results/study/1f",
        f"report: {folder / 'report.en.html'}",
        f"report: {folder / 'report.nl.html'}",
    ]
    assert done.returncode == code


@pytest.mark.parametrize("codes,expected", [((2, 0), 2), ((0, 4), 4), ((3, 4), 4)])
def test_a_main_job_that_fails_names_no_report(checkout, codes, expected):
    finish(load_run_py(checkout / "run.py"), dev=False)
    install_burgernet(checkout, MAIN_JOB.format(run_code=codes[0], report_code=codes[1]))
    done = start(checkout)
    assert done.returncode == expected
    assert "report: " not in done.stdout


def test_paths_of_tests_are_those_of_the_user(run_py, tmp_path):
    (tmp_path / "laws").mkdir()
    (tmp_path / "test_x.py").touch()
    (tmp_path / "-q").touch()
    arguments = ["-q", "laws", "test_x.py::test_y", "-k", "laws", "tests/other", "--laws"]
    assert run_py.from_root(arguments, tmp_path) == [
        "-q",
        str(tmp_path / "laws"),
        f"{tmp_path / 'test_x.py'}::test_y",
        "-k",
        "laws",
        "tests/other",
        "--laws",
    ]


@pytest.mark.parametrize(
    "arguments,workers",
    [
        ([], ["-n", "2"]),
        (["-m", "slow"], ["-n", "2"]),
        (["-n", "4"], []),
        (["-n0"], []),
        (["--numprocesses=3"], []),
        (["--pdb"], []),
    ],
)
def test_tests_get_two_workers_unless_the_user_chooses(run_py, monkeypatch, arguments, workers):
    calls = []
    monkeypatch.setattr(run_py, "set_up", lambda *, dev: calls.append(dev))
    monkeypatch.setattr(run_py, "run", lambda command, *, folder: calls.append((command, folder)))
    run_py.run_tests(arguments)
    python = str(run_py.VENV / "bin" / "python")
    assert calls == [True, ([python, "-m", "pytest", *workers, *arguments], run_py.ROOT)]


@pytest.mark.parametrize("failing,code", [("ruff", 1), ("mypy", 1), (None, 0)])
def test_check_runs_every_check_and_fails_if_one_does(run_py, monkeypatch, failing, code):
    tools = []

    def run(command, *, folder):
        assert folder == run_py.ROOT
        tools.append(command[2])
        return 1 if command[2] == failing else 0

    monkeypatch.setattr(run_py, "set_up", lambda **_: None)
    monkeypatch.setattr(run_py, "run", run)
    assert run_py.run_checks([]) == code
    assert tools == ["ruff", "ruff", "mypy"]


# --- signals -------------------------------------------------------------------------------------

PATIENT = """
import signal, sys, time
def end(number, frame):
    print("told", number, flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_reaches_the_program_and_is_told_by_the_exit_code(checkout, number, code):
    finish(load_run_py(checkout / "run.py"), dev=False)
    install_burgernet(checkout, PATIENT)
    with subprocess.Popen(
        [sys.executable, checkout / "run.py", "burgernet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert out == f"told {int(number)}\n"
    assert not err
    assert process.returncode == code


def test_a_second_setup_waits_for_the_first(checkout, monkeypatch):
    slow = load_run_py(checkout / "run.py")
    recorder = SetupRecorder(slow, monkeypatch)
    waiter = "import run; run.make_venv = lambda: print('made twice'); run.set_up(dev=False)"

    def install_slowly(*, dev):
        recorder.note(f"packages {'dev' if dev else 'run'}")
        other = subprocess.Popen(
            [sys.executable, "-c", waiter],
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert "waiting" in other.stderr.readline()
        recorder.other = other

    monkeypatch.setattr(slow, "install_packages", install_slowly)
    slow.set_up(dev=False)
    out, err = recorder.other.communicate(timeout=20)
    assert (out, err, recorder.other.returncode) == ("", "", 0)


def test_a_reader_that_leaves_does_not_end_the_main_job(checkout):
    finish(load_run_py(checkout / "run.py"), dev=False)
    lines = "for i in range(20000): print('a line of the table', i, flush=i == 0)"
    job = MAIN_JOB.replace('print("the table")', lines).format(run_code=0, report_code=0)
    install_burgernet(checkout, job)
    with subprocess.Popen(
        [sys.executable, checkout / "run.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert (err, process.returncode) == (b"", 0)
    assert (checkout / "results" / "study" / "1f" / "report.nl.html").exists()


# --- the locks -----------------------------------------------------------------------------------


def pins(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text.replace("\\\n", ""))
    return {
        entry.split("==")[0]: (
            entry.splitlines()[0].split("--hash")[0].strip(),
            frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", entry)),
        )
        for entry in entries
        if "==" in entry.splitlines()[0] and not entry.startswith("#")
    }


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_a_hash_and_no_host_is_named(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert all(hashes for _, hashes in pins(name).values())
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash", "    hash"), flags=re.MULTILINE)


def test_the_lock_of_tests_holds_that_of_the_main_job():
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run
    assert {"simpy", "setuptools", "wheel"} <= set(run)
    assert {"pytest", "hypothesis"} <= set(dev) - set(run)


def test_what_setup_cfg_asks_for_is_locked():
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    asked = re.search(r"install_requires =\n((?:    .*\n)+)", config)[1].split()
    names = {re.match(r"[a-z0-9-]+", it)[0] for it in asked}
    assert names <= set(pins("requirements.lock"))
