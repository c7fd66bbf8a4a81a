"""Compiled code: kept in a folder named after the sources, and nothing but faster."""

import os
import pickle
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sim.compiled
from sim.draws import Purpose, Stream
from sim.policy import Policy
from tests.support.worlds import TABLES, Configuration, Layout, busy_parameters, same_tables

ROOT = Path(__file__).parents[2]
FOLDER = "from sim.compiled import _folder; print(_folder())"
DRAW = """
from sim.draws import Purpose, Stream, _fill_words
print(Stream(5, 6).words(Purpose.HOME, 7, 8, 9)[:, 0].tolist())
print(sum(_fill_words.stats.cache_hits.values()), sum(_fill_words.stats.cache_misses.values()))
"""


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the model's sources, in a folder of its own."""
    shutil.copytree(ROOT / "sim", tmp_path / "house" / "sim", ignore=shutil.ignore_patterns("__*"))
    (tmp_path / "house" / "sim" / "__init__.py").write_text("")
    return tmp_path / "house"


def python(code, folder, **environment):
    """Run Python code in a folder, warnings as errors, and return the lines that it prints."""
    inherited = {k: v for k, v in os.environ.items() if k != sim.compiled.FOLDER_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def kept_in(copy, **environment):
    (line,) = python(FOLDER, copy, **environment)
    return None if line == "None" else Path(line)


def test_the_folder_is_named_after_the_sources_of_the_model(copy):
    folder = kept_in(copy)
    assert folder.parent == copy / ".burgernet-kernels"
    assert folder.is_dir()
    assert kept_in(copy) == folder
    names = {folder}
    # Another file than that of the loop, a new one, one with another name.
    source = copy / "sim" / "clock.py"
    source.write_text(source.read_text() + "\n")
    names.add(kept_in(copy))
    (copy / "sim" / "new.py").write_text("")
    names.add(kept_in(copy))
    (copy / "sim" / "new.py").rename(copy / "sim" / "newer.py")
    names.add(kept_in(copy))
    assert len(names) == 4
    (copy / "sim" / "notes.txt").write_text("no source")
    assert kept_in(copy) in names


def test_the_folder_of_this_checkout_says_which_sources_it_holds():
    assert sim.compiled.sources_sha256()[:16] == sim.compiled._folder().name


def test_a_variable_names_another_folder(copy, tmp_path):
    elsewhere = tmp_path / "else" / "where"
    folder = kept_in(copy, BURGERNET_KERNELS=str(elsewhere))
    assert folder.parent == elsewhere / ".burgernet-kernels"
    assert folder.name == kept_in(copy).name


def test_the_second_process_compiles_nothing(copy):
    answer = str(Stream(5, 6).words(Purpose.HOME, 7, 8, 9)[:, 0].tolist())
    assert python(DRAW, copy) == [answer, "0 1"]
    assert python(DRAW, copy) == [answer, "1 0"]


def blocked(place):
    """Put a file where the folder for compiled code should be made."""
    place.mkdir(parents=True, exist_ok=True)
    (place / ".burgernet-kernels").write_text("")
    return str(place)


def test_where_the_checkout_cannot_be_written_the_users_cache_is_used(copy, tmp_path):
    blocked(copy)
    cache = tmp_path / "cache"
    folder = kept_in(copy, XDG_CACHE_HOME=str(cache))
    assert folder.parent == cache / ".burgernet-kernels"
    home = tmp_path / "home"
    folder = kept_in(copy, XDG_CACHE_HOME="", HOME=str(home))
    assert folder.parent == home / ".cache" / ".burgernet-kernels"


def test_where_nothing_can_be_written_each_process_compiles_for_itself(copy, tmp_path):
    blocked(copy)
    nowhere = {"XDG_CACHE_HOME": blocked(tmp_path / "cache")}
    assert kept_in(copy, **nowhere) is None
    assert kept_in(copy, BURGERNET_KERNELS=blocked(tmp_path / "stated")) is None
    answer = str(Stream(5, 6).words(Purpose.HOME, 7, 8, 9)[:, 0].tolist())
    for _ in range(2):
        assert python(DRAW, copy, **nowhere)[0] == answer


def test_a_note_says_that_everything_has_been_compiled(copy, tmp_path):
    look = "from sim.compiled import *; from sim import compiled as c; print(c.is_complete())"
    assert python(look, copy) == ["False"]
    note = "from sim import compiled as c; c.note_complete(); print(c.is_complete())"
    assert python(note, copy) == ["True"]
    assert python(look, copy) == ["True"]
    # Other sources have other loops.
    (copy / "sim" / "new.py").write_text("")
    assert python(look, copy) == ["False"]
    # Where nothing can be kept there is nothing to wait for either.
    assert python(note, copy, BURGERNET_KERNELS=blocked(tmp_path / "stated")) == ["True"]


EVERYTHING = {
    "operator_use": 1.0,
    "channels": {
        "sms": {"messages_per_second": 0.5},
        "voice": {"lines": 1},
        "app": {"register_moved_share": 0.4, "adoption_factor": 2.0},
        "email": {"enabled": True},
        "social_media": {"enabled": True},
        "nl_alert": {"enabled": True},
        "amber_alert": {"enabled": True},
    },
    "campaigns": [{"day": date(2014, 7, 3), "written_share": 0.5}],
    "control_room": {"operators": 1, "units_per_area": 1},
}


def tiny(seed):
    """Return a year of a few hundred people, a handful of alerts and everything that there is."""
    world = Layout(columns=3, rows=3, people=(60, 90)).world()
    parameters = busy_parameters(
        world,
        missing=8.0,
        robbery=3.0,
        theft=2.0,
        nl_alert_qualifies_share=0.5,
        amber_qualifies_share=0.5,
        knowledge_per_1000_attending=100.0,
        false_per_1000_attending=100.0,
        retrospective_share=0.7,
        background_calls_per_hour=20.0,
        app_share_2014=0.2,
    )
    unlimited = {"sms": {"messages_per_second": None}, "voice": {"lines": None}}
    policies = (
        Policy(name="plain"),
        Policy(name="everything", **EVERYTHING),
        Policy(name="unlimited", channels=unlimited, control_room={"unlimited": True}),
    )
    return Configuration(world, policies, parameters, seed=seed)


INTERPRETED = """
import pickle, sys
from numba import config
from tests.units.test_compiled import SEEDS, tiny
assert config.DISABLE_JIT
results = [tiny(seed).simulate() for seed in SEEDS]
with open(sys.argv[1], "wb") as file:
    pickle.dump(results, file)
"""
SEEDS = (3, 4, 5)


def test_compiled_and_interpreted_give_the_same_tables(tmp_path):
    """What the compiler makes of the loops is what they say, to the last bit."""
    kept = tmp_path / "tables"
    code = INTERPRETED.replace("sys.argv[1]", repr(str(kept)))
    python(code, ROOT, NUMBA_DISABLE_JIT="1")
    interpreted = pickle.loads(kept.read_bytes())
    tips = 0
    for seed, plain in zip(SEEDS, interpreted, strict=True):
        compiled = tiny(seed).simulate()
        for name in TABLES:
            assert same_tables(getattr(compiled, name), getattr(plain, name)) == [], name
        tips += compiled.tips["made"].sum()
        assert np.isin(["participant", "police"], compiled.actions["cause"]).any()
    assert tips > 50
