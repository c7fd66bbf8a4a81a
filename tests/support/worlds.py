"""Small worlds, and Hypothesis strategies for whole configurations of the model."""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import assume, settings
from hypothesis import strategies as st

import sim.replication
from sim.candidates import draw_candidates
from sim.draws import Stream
from sim.effort import register_rates
from sim.errors import InputError
from sim.grid import Grid, Municipality
from sim.incidents import draw_incidents
from sim.parameters import REGISTRY, Parameters
from sim.policy import Policy
from sim.setting import Setting
from sim.world import World, load_occupancy
from tests.support.registers import Opened

ROOT = Path(__file__).parents[2]
START = date(2014, 7, 1)
AGES = (0.17, 0.13, 0.25, 0.28, 0.17)
SIZE_DM = 5_000
CORNER_DM = (2_400_000, 4_700_000)


@lru_cache(maxsize=1)
def occupancy():
    return load_occupancy(ROOT / "data" / "behaviour" / "occupancy_by_hour.csv")


@dataclass(frozen=True)
class Layout:
    """What a small world is made of: columns x rows of cells, in stripes of towns."""

    columns: int = 4
    rows: int = 4
    people: tuple = (200,)
    names: tuple = ("Noorddorp", "Zuiddorp")
    codes: tuple = ("GM9001", "GM9002")
    urbanity: tuple = (2, 5)
    corner_dm: tuple = CORNER_DM
    size_dm: int = SIZE_DM

    def grid(self):
        """Return the grid: cells take `people` in turn, towns stand in the order of `names`."""
        n = self.columns * self.rows
        x, y = np.meshgrid(np.arange(self.columns), np.arange(self.rows))
        people = np.resize(np.array(self.people, dtype=np.int64), n)
        town = (np.arange(n) * len(self.names)) // n
        places = [
            Municipality(code, name, int(people[town == i].sum()), 100.0, 500.0 * (6 - u), u, AGES)
            for i, (code, name, u) in enumerate(
                zip(self.codes, self.names, self.urbanity, strict=True)
            )
        ]
        return Grid.from_arrays(
            x_dm=self.corner_dm[0] + self.size_dm * x.ravel(),
            y_dm=self.corner_dm[1] + self.size_dm * y.ravel(),
            municipality=town,
            population=people,
            municipalities=places,
            size_dm=self.size_dm,
        )

    def world(self):
        return World.of(self.grid(), occupancy())


def busy_parameters(world, missing=40.0, robbery=20.0, theft=10.0, **changes):
    """Return the defaults with so many eligible incidents a year in this world, and changes."""
    return Parameters.defaults().with_values(
        {
            "missing_reports_per_year": missing / world.scale,
            "missing_urgent_share": 1.0,
            "eligible_given_urgent": 1.0,
            "robbery_reports_per_year": robbery / world.scale,
            "theft_reports_per_year": theft / world.scale,
            **changes,
        }
    )


@dataclass(frozen=True, repr=False)
class Configuration:
    """Everything that `simulate` takes."""

    world: World
    policies: tuple
    parameters: Parameters
    seed: int = 1
    replication: int = 0
    years: int = 1
    start: date = START

    def __repr__(self):
        places = [
            (place.gm_code, place.name, place.population, place.urbanity)
            for place in self.world.grid.municipalities
        ]
        policies = [policy.model_dump(exclude_defaults=True) for policy in self.policies]
        return (
            f"Configuration({self.world}, {places}, {self.parameters}, seed={self.seed}, "
            f"replication={self.replication}, years={self.years}, {policies})"
        )

    def simulate(self, *, detail=True, **changes):
        """Return the tables, with all details, of this configuration or of one that differs."""
        c = replace(self, **changes)
        return sim.replication.simulate(
            c.world,
            list(c.policies),
            c.parameters,
            seed=c.seed,
            replication=c.replication,
            start=c.start,
            years=c.years,
            detail=detail,
        )

    def opened(self):
        """Return the same run with everything inside it that a test may ask for."""
        setting = self.setting()
        return Opened.of(setting, *self.drawn(setting))

    def drawn(self, setting):
        """Return the candidates and incidents of this configuration."""
        incidents = draw_incidents(
            self.world, setting.calendar, self.parameters, setting.stream, setting.until_s
        )
        candidates = draw_candidates(
            self.world, self.parameters, setting.stream, setting.newcomer_years
        )
        return candidates, incidents

    def setting(self):
        """Return the replication before anything is drawn."""
        stream = Stream(self.seed, self.replication)
        return Setting.of(
            self.world, self.policies, self.parameters, stream, self.start, self.years
        )


# ---- reading tables


def rows_where(table, **wanted):
    """Return the rows of a table whose columns have the wanted values."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for name, value in wanted.items():
        keep &= table[name] == value
    return {name: column[keep] for name, column in table.items()}


def same_tables(one, other, leave_out=()):
    """Return the columns in which two tables differ; exact, text and numbers alike."""
    if set(one) != set(other):
        return sorted(set(one) ^ set(other))
    return [
        name
        for name in one
        if name not in leave_out
        and not (
            one[name].shape == other[name].shape
            and (
                one[name].tobytes() == other[name].tobytes()
                or one[name].tolist() == other[name].tolist()
            )
        )
    ]


TABLES = ("actions", "incidents", "register", "costs", "tips", "notified")


def tables_of(result, scenario):
    """Return every table of a replication as one policy sees it, without its name."""
    out = {}
    for name in TABLES:
        table = getattr(result, name)
        if table and "scenario" in table:
            table = rows_where(table, scenario=scenario)
            table.pop("scenario")
        out[name] = table
    return out


def pairs(table, *names):
    """Return the rows of some columns as a set of tuples."""
    return set(zip(*(table[name].tolist() for name in names), strict=True))


# ---- strategies


def examples(number):
    """Return settings for so many examples by default, and for more where the profile asks."""
    return settings(max_examples=number * settings.default.max_examples // 50)


NAMES = ("Enschede", "Tubbergen", "Almelo", "Verdorp", "Oldenzaal", "Nieuwstad")
DAYS = st.integers(0, 700).map(lambda days: date.fromordinal(START.toordinal() + days))
SHARES = st.floats(0.0, 1.0, allow_subnormal=False)


@st.composite
def worlds(draw):
    """Return a world of 2-4 municipalities and some thousand inhabitants."""
    towns = draw(st.integers(2, 4))
    codes = draw(st.lists(st.integers(1, 9999), min_size=towns, max_size=towns, unique=True))
    return Layout(
        columns=draw(st.integers(3, 5)),
        rows=4,
        people=(*draw(st.lists(st.integers(0, 400), min_size=3, max_size=6)), 250),
        names=tuple(draw(st.permutations(NAMES))[:towns]),
        codes=tuple(f"GM{code:04d}" for code in codes),
        urbanity=tuple(draw(st.lists(st.integers(1, 5), min_size=towns, max_size=towns))),
    ).world()


def _group(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def _task():
    return st.fixed_dictionaries(
        {
            "performer": st.sampled_from(("municipality", "region", "host", "police")),
            "payer": st.sampled_from(("municipality", "region", "police")),
            "hours_per_month_per_1000_inhabitants": st.floats(0.0, 10.0),
        }
    )


EFFORT = _group(policy_work=_task(), relation_management=_task(), communication=_task())
CIRCLE = _group(
    radius_urban_m=st.floats(100.0, 3000.0),
    radius_rural_m=st.floats(100.0, 3000.0),
    robbery_factor=st.floats(0.5, 2.0),
    growth_share_per_hour=st.floats(0.0, 0.5),
)
_CHANNELS = {
    "sms": _group(
        enabled=st.booleans(), messages_per_second=st.sampled_from((None, 0.03, 0.7, 20.0))
    ),
    "voice": _group(
        enabled=st.booleans(), lines=st.sampled_from((None, 1, 4)), call_s=st.integers(1, 300)
    ),
    "app": _group(
        enabled=st.booleans(), adoption_factor=st.floats(0.0, 10.0), register_moved_share=SHARES
    ),
    "email": _group(enabled=st.booleans()),
}
_PUBLIC = {
    name: _group(enabled=st.booleans()) for name in ("social_media", "nl_alert", "amber_alert")
}
CAMPAIGN = st.fixed_dictionaries({"day": DAYS, "written_share": SHARES})
_DATED = {
    "extra_decision_minutes": st.sampled_from((0.0, 10.0, 240.0)),
    "open_minutes_factor": st.floats(0.1, 3.0),
}
CONTROL_ROOM = _group(
    operators=st.integers(1, 3),
    units_per_area=st.integers(1, 2),
    unlimited=st.booleans(),
    leaves_twente_on=DAYS,
    **_DATED,
)


def _levers(*, public, control_room):
    fields = {
        "operator_use": st.sampled_from((0.0, 0.375, 0.8, 1.0)),
        "effort": EFFORT,
        "register": _group(sign_ups_processed=st.booleans(), corrections_processed=st.booleans()),
        "circle": CIRCLE,
        "channels": _group(**_CHANNELS, **(_PUBLIC if public else {})),
        "campaigns": st.lists(CAMPAIGN, max_size=2),
    }
    if control_room is not None:
        fields["control_room"] = control_room
    return _group(**fields)


@st.composite
def policy(draw, world, name, *, public=True):
    """Return a policy with random levers that may change in time and differ by municipality."""
    codes = [place.gm_code for place in world.grid.municipalities]
    own = draw(_levers(public=public, control_room=CONTROL_ROOM))
    changes = []
    for _ in range(draw(st.integers(0, 2))):
        towns = draw(st.lists(st.sampled_from(codes), unique=True, max_size=2))
        changes.append(
            {
                "from_day": draw(st.none() | DAYS),
                "municipalities": towns,
                "levers": draw(
                    _levers(public=public, control_room=None if towns else _group(**_DATED))
                ),
            }
        )
    return Policy(name=name, **own, changes=changes)


DRAWN = ("circle", "control_room")
"""Levers that decide when and how wide a circle is drawn, of those that `policy` draws."""


def with_circles_of(first, other):
    """Return a policy that alerts when and where another does, but otherwise stays itself."""

    def part(change, keep):
        levers = {key: value for key, value in change.levers.items() if (key in DRAWN) == keep}
        return change.model_copy(update={"levers": levers})

    changes = [part(change, keep=True) for change in first.changes]
    changes += [part(change, keep=False) for change in other.changes]
    return other.model_copy(
        update={"changes": tuple(changes), **{name: getattr(first, name) for name in DRAWN}}
    )


SAFE = sorted(
    name
    for name in REGISTRY
    # The reports set how busy the world is; the rates together may exceed that of the marks.
    if not name.endswith(("reports_per_year", "rate_max"))
    and name not in ("missing_urgent_share", "eligible_given_urgent", "registered_at_start")
    and name not in ("optout_per_alert", "spontaneous_sign_up_rate", "number_change_rate")
)


@st.composite
def parameters(draw, world, **changes):
    """Return parameters of which up to eight lie elsewhere in their prior, in a busy world."""
    moved = draw(
        st.dictionaries(st.sampled_from(SAFE), st.sampled_from((0.03, 0.2, 0.8, 0.97)), max_size=8)
    )
    values = {name: REGISTRY[name].prior.quantile(share) for name, share in moved.items()}
    grave = {"nl_alert_qualifies_share": 0.5, "amber_qualifies_share": 0.5}
    talkative = {"false_per_1000_attending": 40.0, "knowledge_per_1000_attending": 20.0}
    sharp = {"recognise_photo": 0.9, "recognise_text": 0.9, "retrospective_share": 0.7}
    tired = {"optout_per_alert": draw(st.sampled_from((0.0, 0.002, 0.005)))}
    return busy_parameters(world, **{**grave, **talkative, **sharp, **tired, **values, **changes})


SEEDS = st.integers(0, (1 << 32) - 1)


def bearable(configuration):
    """Tell whether the marks carry the rates of all policies; others are refused by the model."""
    c = configuration
    try:
        register_rates(list(c.policies), c.world.grid, c.parameters, c.start).thresholds()
    except InputError:
        return False
    return True


@st.composite
def configurations(draw, *, n_policies=3, years=None, public=True):
    """Return a whole configuration; in half of them all policies draw the same circles."""
    world = draw(worlds())
    policies = [draw(policy(world, f"p{i}", public=public)) for i in range(n_policies)]
    if draw(st.booleans()):
        policies = [policies[0], *(with_circles_of(policies[0], other) for other in policies[1:])]
    configuration = Configuration(
        world=world,
        policies=tuple(policies),
        parameters=draw(parameters(world)),
        seed=draw(SEEDS),
        replication=draw(st.integers(0, 1000)),
        years=draw(st.integers(1, 2)) if years is None else years,
    )
    assume(bearable(configuration))
    return configuration
