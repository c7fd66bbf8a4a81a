"""Sets the project up and runs it: `python3 run.py` the main job, `--help` tells the rest.

Standard library only. The grammar stays that of Python 3.6, so that an older Python gets as far
as the sentence that tells it is too old: hence the quoted annotations.
"""

import configparser
import contextlib
import difflib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "burgernet-setup.json"
SETUP_LOG = ROOT / ".venv-setup.log"
STUDY = "experiments/compare_scenarios.toml"

OLDEST, NEWEST = (3, 11), (3, 14)
# A higher number makes every existing .venv be built anew.
SCHEMA = 1
UNFINISHED = "unfinished"

DONE, USAGE, SOME_FAILED, SETUP_FAILED, INTERRUPTED, TERMINATED = 0, 2, 3, 4, 130, 143

# pytest options whose value is the next word, which therefore is no path.
PYTEST_VALUE_OPTIONS = {"-c", "-k", "-m", "-n", "-o", "-p", "-r", "-W", "--maxfail", "--durations"}
PYTEST_OWN_WORKERS = ("-n", "--numprocesses", "--pdb", "--trace")

# What pip's log holds when a known thing went wrong, and how to say it in one line.
KNOWN_REASONS = (
    ("DO NOT MATCH THE HASHES", "a downloaded file does not match its hash in the lock"),
    ("No space left on device", "the disk is full"),
    ("Retrying (", "the package index cannot be reached; is this machine online?"),
)


class SetupError(Exception):
    """The environment cannot be set up; the message is the one line that the user sees."""


class TerminatedError(Exception):
    """The process was asked to end by SIGTERM."""


class Command(NamedTuple):
    """A word after `run.py`: what it calls with the words that follow, and how help tells it."""

    call: "Callable[[list[str]], int]"
    arguments: str
    text: str


# --- words to the user --------------------------------------------------------------------------


def say(text: str) -> None:
    """Write one line to standard error; standard output is left to the results."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def commands() -> "dict[str, Command]":
    """Return the commands that work in this checkout, by name."""
    offered = {
        "test": Command(
            run_tests, "[PYTEST ARGUMENTS]", "run the tests; -m slow for the slow ones"
        ),
        "check": Command(run_checks, "", "lint, format and types"),
        "burgernet": Command(run_burgernet, "ARGUMENTS", "any command of the simulation"),
    }
    if (ROOT / "benchmarks" / "__main__.py").exists():
        offered["bench"] = Command(run_benchmarks, "[ARGUMENTS]", "run the benchmarks")
    return offered


def usage() -> str:
    """Return the text of `--help`."""
    rows = [("(nothing)", f"the main job: {STUDY} and its report")]
    rows += [(f"{name} {it.arguments}".strip(), it.text) for name, it in commands().items()]
    table = "\n".join(f"  {left:<26}{right}" for left, right in rows)
    return (
        "usage: python3 run.py [COMMAND [ARGUMENTS]]\n\n"
        "Sets up .venv from the locks where needed, then runs one of\n"
        f"{table}\n\n"
        "Delete .venv to start afresh. Exit codes: 0 done; 2 wrong usage or input; 3 some\n"
        "replications failed; 4 setup, data or disk problem; 130 and 143 interrupted; else\n"
        "that of the program that was run."
    )


def unknown_command(word: str) -> str:
    """Return the message for a command that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(word, commands(), n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f'no command "{word}"{hint} (python3 run.py --help lists them)'


# --- child processes ----------------------------------------------------------------------------


def child_environment() -> "dict[str, str]":
    """Return the variables for children: one thread each, as the work is split by process."""
    # A user-wide PIP_USER=1 would make pip install beside the environment.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**one_thread, **os.environ, "PIP_USER": "0"}


def terminal_interrupts_children() -> bool:
    """Tell whether Ctrl-C reaches the children by itself, as it does from a terminal."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, AttributeError):
        return False


def run(
    command: "Sequence[str]",
    *,
    folder: "Path | None" = None,
    on_line: "Callable[[bytes], None] | None" = None,
    log: "IO[bytes] | None" = None,
) -> int:
    """Run a program to its end, signals passed on, and return its exit code.

    Args:
        command: the program and its arguments.
        folder: where it runs; None is where the user stands.
        on_line: called with each line of its standard output.
        log: takes what it prints; at most one of `on_line` and `log` is given.

    Returns:
        130 or 143 after a signal to this process, 128 + N if signal N ended the program,
        else the program's own exit code.
    """
    asked_to_end = None
    with subprocess.Popen(
        command,
        cwd=str(folder or Path.cwd()),
        env=child_environment(),
        stdout=subprocess.PIPE if on_line else log,
        stderr=subprocess.STDOUT if log else None,
    ) as child:
        code = None
        while code is None:
            try:
                for line in child.stdout or ():
                    if on_line:
                        on_line(line)
                code = child.wait()
            except KeyboardInterrupt:
                asked_to_end = INTERRUPTED
                if not terminal_interrupts_children():
                    child.send_signal(signal.SIGINT)
            except TerminatedError:
                asked_to_end = TERMINATED
                child.terminate()
    if asked_to_end is not None:
        return asked_to_end
    return code if code >= 0 else 128 - code


def echo(line: bytes) -> None:
    """Pass a line on to standard output; a reader that went away does not end the run."""
    try:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- the setup ----------------------------------------------------------------------------------


def check_python(
    version: "Sequence[int]",
    find_module: "Callable[[str], object]" = importlib.util.find_spec,
) -> None:
    """Raise SetupError if this Python has the wrong age or cannot make environments."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        found = ".".join(str(part) for part in version[:2])
        raise SetupError(f"Python 3.11 to 3.14 is needed, and this is Python {found}")
    # Debian leaves parts of both to the package python3-venv.
    if find_module("venv") is None or find_module("ensurepip") is None:
        raise SetupError("python3-venv is missing; install it with: sudo apt install python3-venv")


def program(name: str) -> str:
    """Return the path of a program inside the environment."""
    return str(VENV / ("Scripts" if os.name == "nt" else "bin") / name)


def lock_file(*, dev: bool) -> Path:
    """Return the lock to install from; the one for development holds all of the other."""
    return ROOT / ("requirements-dev.lock" if dev else "requirements.lock")


def metadata_digest() -> str:
    """Return a digest of what an installation takes from setup.cfg: not of the tools' options."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(str(ROOT / "setup.cfg"), encoding="utf-8")
    parts: list[object] = [
        [name, sorted(config[name].items())]
        for name in config.sections()
        if name.split(".")[0] in ("metadata", "options")
    ]
    parts.append((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def wanted_stamp(*, dev: bool) -> "dict[str, object]":
    """Return what the stamp of a finished environment must say."""
    run_lock, dev_lock = (
        hashlib.sha256(lock_file(dev=kind).read_bytes()).hexdigest() for kind in (False, True)
    )
    return {
        "schema": SCHEMA,
        "python": list(sys.version_info[:2]),
        # An upgrade of the system can put another Python behind the same name.
        "interpreter": str(Path(program("python")).resolve()),
        # A checkout that was moved has an environment that points to the old place.
        "root": str(ROOT),
        "run": run_lock,
        "dev": dev_lock if dev else None,
        "project": metadata_digest(),
    }


def read_stamp() -> "dict[str, object]":
    """Return the stamp of the environment, empty if it was never finished or is unreadable."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(stamp: "dict[str, object]") -> None:
    """Write the stamp whole or not at all."""
    draft = STAMP.with_suffix(".part")
    draft.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    draft.replace(STAMP)


def missing_steps(stamp: "dict[str, object]", wanted: "dict[str, object]") -> "list[str]":
    """Return what leads from one stamp to the other: some of "venv", "packages", "project"."""
    foundation = ("schema", "python", "interpreter", "root", "run")
    outdated = any(stamp.get(key) != wanted[key] for key in foundation)
    if wanted["dev"] is not None:
        outdated = outdated or stamp.get("dev") not in (None, wanted["dev"])
    if outdated:
        # Made anew rather than patched: what left the lock must leave the environment.
        return ["venv", "packages", "project"]
    steps = []
    if wanted["dev"] is not None and stamp.get("dev") is None:
        steps.append("packages")
    if stamp.get("project") != wanted["project"]:
        steps.append("project")
    return steps


def set_up(*, dev: bool) -> None:
    """Bring the environment up to the lock; do nothing if it is.

    Raises:
        SetupError: it cannot be done; no half-made environment is left behind.
    """
    if not missing_steps(read_stamp(), wanted_stamp(dev=dev)):
        return
    with one_at_a_time():
        # Looked at once more: another run.py may just have done it.
        stamp = read_stamp()
        steps = missing_steps(stamp, wanted_stamp(dev=dev))
        if "venv" in steps:
            set_up_anew(dev=dev)
        elif steps:
            extend(steps, stamp, dev=dev)


def set_up_anew(*, dev: bool) -> None:
    """Make the environment from nothing; the stamp comes last and says that it is whole."""
    remove_venv()
    try:
        make_venv()
        install_packages(dev=dev)
        install_project()
        compile_model()
        write_stamp(wanted_stamp(dev=dev))
    except BaseException:
        shutil.rmtree(str(VENV), ignore_errors=True)
        raise


def extend(steps: "list[str]", stamp: "dict[str, object]", *, dev: bool) -> None:
    """Add to a finished environment; the main job keeps working if that fails."""
    if "packages" in steps:
        # Not None: after a sudden end the next test run starts from nothing.
        write_stamp({**stamp, "dev": UNFINISHED})
        try:
            install_packages(dev=True)
        except SetupError:
            write_stamp(stamp)
            raise
    if "project" in steps:
        install_project()
    finished = wanted_stamp(dev=dev)
    write_stamp(finished if dev else {**finished, "dev": stamp.get("dev")})


@contextlib.contextmanager
def one_at_a_time() -> "Iterator[None]":
    """Let a second run.py wait while a first one sets up."""
    if importlib.util.find_spec("fcntl") is None:
        yield
        return
    import fcntl

    with Path(__file__).open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run.py that is setting up")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def remove_venv() -> None:
    """Remove the environment, but no other thing that merely has its name."""
    if not os.path.lexists(str(VENV)):
        return
    # One that was interrupted while it was made or removed may lack pyvenv.cfg.
    parts = {"bin", "include", "lib", "lib64", "share", "Scripts", "Include", "Lib"}
    if (
        VENV.is_symlink()
        or not VENV.is_dir()
        or not ((VENV / "pyvenv.cfg").exists() or {it.name for it in VENV.iterdir()} <= parts)
    ):
        raise SetupError(f"{VENV} is no Python environment; move it away")
    shutil.rmtree(str(VENV))


def make_venv() -> None:
    """Make an environment that holds pip alone."""
    say(f"making the environment {VENV}")
    # From inside an environment, the Python it was made with: it may be the one just removed.
    python = getattr(sys, "_base_executable", None) or sys.executable
    setup_step([python, "-m", "venv", str(VENV)], "the environment could not be made")


def install_packages(*, dev: bool) -> None:
    """Install the lock, every file checked against its hash."""
    lock = lock_file(dev=dev)
    say(f"installing the packages of {lock.name} (some 700 MB, about a minute)")
    pip_install(
        ["--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(lock)],
        "the packages could not be installed",
    )


def install_project() -> None:
    """Install this folder in place, with the build tools of the lock."""
    say("installing the project itself")
    pip_install(
        ["--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
        "the project could not be installed",
    )


def compile_model() -> None:
    """Compile the loops of the model, so that the first run need not."""
    say("compiling the model (about half a minute)")
    command = [program("python"), "-m", "experiments.engine.warm"]
    setup_step(command, "the model could not be compiled")


def pip_install(arguments: "list[str]", failure: str) -> None:
    """Run `pip install` in the environment; the user's pip configuration says from where."""
    pip = [program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    setup_step([*pip, "install", *arguments], failure)


def setup_step(command: "list[str]", failure: str) -> None:
    """Run one step with its output in a log.

    Raises:
        SetupError: the step failed; the message is one line, the log stays.
        KeyboardInterrupt, TerminatedError: the user ended it.
    """
    with SETUP_LOG.open("wb") as log:
        code = run(command, log=log)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code == TERMINATED:
        raise TerminatedError
    if code != DONE:
        reason = reason_in(SETUP_LOG.read_text(encoding="utf-8", errors="replace"))
        raise SetupError(f"{failure}: {reason} (details: {SETUP_LOG})")
    SETUP_LOG.unlink()


def reason_in(log: str) -> str:
    """Return in one line why a step failed: a known reason, or else the log's last error."""
    for mark, reason in KNOWN_REASONS:
        if mark in log:
            return reason
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line[len("ERROR:") :].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no reason was given"])[-1]


# --- the commands -------------------------------------------------------------------------------


def run_main_job() -> int:
    """Run the comparison of the policies, write its report and tell where that lies."""
    set_up(dev=False)
    printed = []

    def keep(line: bytes) -> None:
        echo(line)
        printed.append(line)

    code = run([program("burgernet"), "run", STUDY], on_line=keep, folder=ROOT)
    if code not in (DONE, SOME_FAILED):
        return code
    folder = ROOT / os.fsdecode(printed[-1].strip() if printed else b"")
    report = [program("burgernet"), "report", str(folder)]
    report_code = run(report, on_line=lambda _: None, folder=ROOT)
    if report_code != DONE:
        return report_code
    for page in sorted(folder.glob("report.*.html")):
        echo(b"report: " + os.fsencode(str(page)) + b"\n")
    return code


def run_burgernet(arguments: "list[str]") -> int:
    """Run a command of the simulation where the user stands, so that paths mean what they say."""
    set_up(dev=False)
    return run([program("burgernet"), *arguments])


def run_tests(arguments: "list[str]") -> int:
    """Run pytest from the root of the project, on two workers unless the arguments choose."""
    set_up(dev=True)
    workers = [] if any(a.startswith(PYTEST_OWN_WORKERS) for a in arguments) else ["-n", "2"]
    pytest = [program("python"), "-m", "pytest", *workers]
    return run([*pytest, *from_root(arguments, Path.cwd())], folder=ROOT)


def from_root(arguments: "list[str]", folder: Path) -> "list[str]":
    """Return pytest's arguments with paths that exist below `folder` made absolute."""
    result = []
    for before, word in zip(["", *arguments[:-1]], arguments):
        path, colons, test = word.partition("::")
        is_path = not word.startswith("-") and before not in PYTEST_VALUE_OPTIONS
        if is_path and path and (folder / path).exists():
            result.append(f"{(folder / path).resolve()}{colons}{test}")
        else:
            result.append(word)
    return result


def run_checks(arguments: "list[str]") -> int:
    """Run lint, format and types, all of them even if the first fails."""
    if arguments:
        say(f"check takes no arguments, got {' '.join(arguments)}")
        return USAGE
    set_up(dev=True)
    python = [program("python"), "-m"]
    codes = []
    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        say(" ".join(check))
        codes.append(run([*python, *check], folder=ROOT))
        if codes[-1] in (INTERRUPTED, TERMINATED):
            break
    return max(codes)


def run_benchmarks(arguments: "list[str]") -> int:
    """Run the benchmarks."""
    set_up(dev=True)
    return run([program("python"), "-m", "benchmarks", *arguments], folder=ROOT)


def dispatch(arguments: "list[str]") -> int:
    """Run the command that the arguments name and return its exit code."""
    if not arguments:
        return run_main_job()
    name, *rest = arguments
    if name in ("-h", "--help", "help"):
        print(usage())
        return DONE
    if name not in commands():
        say(unknown_command(name))
        return USAGE
    return commands()[name].call(rest)


def main(arguments: "list[str]") -> int:
    """Run one command and return its exit code; what is known to go wrong is told in one line."""
    try:
        check_python(sys.version_info[:2])
        return dispatch(arguments)
    except SetupError as error:
        say(str(error))
    except OSError as error:
        say(f"{error.strerror or error}: {error.filename or ROOT}")
    except KeyboardInterrupt:
        return INTERRUPTED
    except TerminatedError:
        return TERMINATED
    return SETUP_FAILED


def end_on_sigterm(_signal: int, _frame: object) -> NoReturn:
    """Turn SIGTERM into an exception, so that what is half made is removed."""
    raise TerminatedError


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end_on_sigterm)
    sys.exit(main(sys.argv[1:]))
