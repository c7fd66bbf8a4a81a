"""The engine and the plain model, written apart over the same draws, give identical outcomes."""

import sys
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from scenarios.load import load_policy
from sim.clock import DAY_S
from sim.draws import Purpose, Stream
from sim.parameters import Parameters
from sim.policy import Policy, merge
from sim.replication import simulate
from sim.scalar import NEVER_S
from sim.world import World
from tests.reference.compare import book_differences, differences
from tests.reference.given import Given
from tests.reference.model import PlainModel, Region
from tests.reference.philox import Draws, philox4x32

DATA = Path(__file__).parents[2] / "data"
# Published with Random123: counter, key, output.
KNOWN_ANSWERS = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
# One operator, one unit an area, two voice lines, two texts a second: everybody waits.
TIGHT = {
    "control_room": {"operators": 1, "units_per_area": 1},
    "channels": {"voice": {"lines": 2}, "sms": {"messages_per_second": 2.0}},
}
# Every lever that has a stage of its own: public channels, letters, dated and local changes.
EVERYTHING = {
    "operator_use": 0.6,
    "control_room": {"leaves_twente_on": date(2014, 8, 10), "extra_decision_minutes": 3.0},
    "circle": {"robbery_factor": 0.8, "growth_share_per_hour": 0.05},
    "channels": {
        "sms": {"messages_per_second": 0.75},
        "app": {"register_moved_share": 0.3, "adoption_factor": 1.5},
        "email": {"enabled": True},
        "social_media": {"enabled": True},
        "nl_alert": {"enabled": True},
        "amber_alert": {"enabled": True},
    },
    "campaigns": [{"day": date(2014, 7, 3), "written_share": 0.5}],
    "changes": [
        {
            "municipalities": ["GM0153"],
            "levers": {"channels": {"voice": {"enabled": False}}, "operator_use": 0.4},
        },
        {
            "from_day": date(2014, 7, 20),
            "levers": {
                "circle": {"radius_urban_m": 3100.0},
                "register": {"corrections_processed": False},
                "channels": {"voice": {"lines": None}},
            },
        },
    ],
}
UNHINDERED = {
    "control_room": {"unlimited": True, "open_minutes_factor": 2.0},
    "channels": {"voice": {"lines": None}, "sms": {"messages_per_second": None}},
}
# Many sightings, quick forgetting, much fatigue: branches that are rare at the defaults.
EAGER = {
    "recognise_photo": 0.95,
    "recognise_text": 0.8,
    "retrospective_share": 0.8,
    "report_share": 0.95,
    "memory_half_life_h": 3.0,
    "attention_after_closing": 0.4,
    "search_share": 0.3,
    "fatigue_factor": 0.5,
    "optout_per_alert": 0.012,
    "stale_share_at_start": 0.4,
}
FEW = ("frozen", "regional_plus", "tight", "everything")
ALL = ("current_agreements", *FEW, "frozen_with_app", "unhindered")


def variant(name, levers):
    base = load_policy("current_agreements").model_dump(by_alias=True)
    return Policy.model_validate(merge(base, {"name": name, **levers}))


@cache
def policy(name):
    made = {"tight": TIGHT, "everything": EVERYTHING, "unhindered": UNHINDERED}
    return variant(name, made[name]) if name in made else load_policy(name)


@pytest.fixture(scope="module")
def world():
    return World.load(DATA / "twente_grid", DATA / "behaviour")


@pytest.fixture(scope="module")
def replication(world):
    """Return a function of seed and changed parameters: the engine's tables and the region."""
    known = {}

    def run(seed, changes=()):
        key = (seed, tuple(changes))
        if key not in known:
            known.clear()
            p = Parameters.defaults().with_values(dict(changes))
            policies = [policy(name) for name in ALL]
            engine = simulate(world, policies, p, seed=seed, replication=0, years=1, detail=True)
            known[key] = engine, Region(Given(world, p, seed, 0, years=1))
        return known[key]

    return run


def compare(engine, region, name, until_s):
    """Run the plain model of one policy; return incidents compared and all differences."""
    model = PlainModel(region, policy(name), until_s)
    actions = model.run()
    compared, found = differences(engine, name, actions, region.given.p, until_s)
    differing = {line.split(":")[1] for line in found}
    found += book_differences(engine, name, model.books, region.given.gm_codes)
    sys.stdout.write(f"{name}: {compared} incidents compared, {len(differing)} differ\n")
    return compared, found


@pytest.mark.parametrize("counter, key, answer", KNOWN_ANSWERS)
def test_plain_generator_gives_the_published_answers(counter, key, answer):
    given, expected = ([int(word, 16) for word in text.split()] for text in (counter, answer))
    found = philox4x32(tuple(given), tuple(int(word, 16) for word in key.split()))
    assert list(found) == expected


def test_plain_generator_and_the_engines_agree_at_every_address():
    draws, stream = Draws(7, 3), Stream(7, 3)
    addresses = [(0, 0, 0), (1, 2, 3), (2**32 - 1, 5, 0), (123_456, 0, 2**31)]
    for purpose in Purpose:
        for a, b, c in addresses:
            assert stream.words(purpose, a, b, c)[:, 0].tolist() == list(
                draws.words(purpose, a, b, c)
            )
            uniforms = stream.uniforms(purpose, a, b, c)[:, 0]
            assert np.array_equal(uniforms, draws.uniforms(purpose, a, b, c))


@pytest.mark.parametrize("name", FEW)
def test_engine_equals_one_process_per_recipient_in_the_first_weeks(replication, name):
    engine, region = replication(1)
    compared, found = compare(engine, region, name, 35 * DAY_S)
    assert compared >= 8
    assert found == []


def test_engine_equals_one_process_per_recipient_where_much_is_seen(replication):
    engine, region = replication(1, EAGER.items())
    compared, found = compare(engine, region, "tight", 35 * DAY_S)
    assert compared >= 8
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seed, changes", [(1, {}), (2, EAGER)], ids=["defaults", "eager"])
def test_engine_equals_one_process_per_recipient_over_a_year(replication, seed, changes, name):
    engine, region = replication(seed, changes.items())
    compared, found = compare(engine, region, name, NEVER_S)
    assert compared >= 80
    assert found == []
