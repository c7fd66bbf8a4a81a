"""What the reference model is given: people, cases and places as plain objects.

Drawn by the engine (homes, levels, incidents, paths) and only read here.
"""

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

from sim.candidates import draw_candidates
from sim.categories import CATEGORIES, Kind
from sim.clock import DAY_S, YEAR_S, add_years, build_calendar, date_to_s
from sim.draws import Stream
from sim.incidents import draw_incidents
from sim.subjects import draw_subjects
from tests.reference.philox import Draws

HISTORY_DAYS = 380
"""Days before the start from which incidents are drawn: a year of exposure, and some more."""
TAIL_DAYS = 10
"""Days after the end up to which incidents are drawn: they may compete with earlier ones."""


@dataclass(slots=True, eq=False)
class Person:
    """A candidate."""

    id: int
    x_dm: int
    y_dm: int
    work_x_dm: int
    work_y_dm: int
    leisure_x_dm: int
    leisure_y_dm: int
    municipality: int
    age_band: int
    prefers_voice: bool
    entry_s: int
    start_level: float
    stale_level: float
    app_level: float
    move_level: float
    start_share: float

    @property
    def registered_at_start(self):
        return self.start_level < self.start_share


@dataclass(slots=True, eq=False)
class Case:
    """An incident that could become an action, with the path of its subject."""

    position: int
    id: int
    kind: int
    category: int
    municipality: int
    x_dm: int
    y_dm: int
    reported_s: int
    last_seen_s: int
    alert_delay_s: int
    use_level: float
    frailty: float
    photo: bool
    conspicuous: bool
    visible_transit: bool
    visible_stationary: bool
    stationary_on_road: bool
    solvable: list
    police_s: int
    return_s: int
    horizon_s: int
    urban: bool
    danger_level: float
    open_level: float
    dx: float
    dy: float
    pace_m_per_s: float
    speed_m_per_s: float
    begin_s: int
    stop_s: int
    vanish_s: int

    @property
    def missing(self):
        return self.kind == Kind.MISSING

    @property
    def traits(self):
        return CATEGORIES[self.category].traits

    @property
    def flees(self):
        return CATEGORIES[self.category].kind != Kind.MISSING

    @property
    def counterfactual_s(self):
        return min(self.police_s, self.return_s, self.horizon_s)


class Given:
    """Everything that is given to the reference model in one replication."""

    def __init__(self, world, parameters, seed, replication, years, start=date(2014, 7, 1)):
        self.world, self.start, self.years = world, start, years
        self.p = SimpleNamespace(**parameters.as_dict())
        self.draws = Draws(seed, replication)
        self.end_s = date_to_s(start, add_years(start, years))
        days = self.end_s // DAY_S + TAIL_DAYS
        self.calendar = build_calendar(start, HISTORY_DAYS, days + 10)
        stream = Stream(seed, replication)
        incidents = draw_incidents(world, self.calendar, parameters, stream, days * DAY_S)
        paths = draw_subjects(incidents, parameters, stream)
        people = draw_candidates(world, parameters, stream, days * DAY_S // YEAR_S + 2)
        self.cases = [
            Case(position=i, **row)
            for i, row in enumerate(_rows(Case, incidents, paths, skip=("position",)))
        ]
        self.people = [Person(**row) for row in _rows(Person, people)]
        self.until_s = days * DAY_S
        self.gm_codes = [m.gm_code for m in world.grid.municipalities]
        self.inhabitants = [0] * len(self.gm_codes)
        towns, counts = world.grid.municipality.tolist(), world.grid.population.tolist()
        for town, count in zip(towns, counts, strict=True):
            self.inhabitants[town] += count

    def wall_clock(self, at_s):
        """Return kind of day and hour."""
        row = int(self.calendar.row(at_s))
        return int(self.calendar.day_type[row]), int(self.calendar.hour_of_day[row])


def _rows(kind, *tables, skip=()):
    """Return the rows of tables of arrays as dictionaries, of the fields that `kind` wants."""
    columns = {}
    for name in (name for name in kind.__slots__ if name not in skip):
        values = next(getattr(table, name) for table in tables if hasattr(table, name))
        columns[name] = (values.T if values.ndim > 1 else values).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


class Neighbourhood:
    """Things at places, found square by square."""

    SIDE_DM = 5_000

    def __init__(self, things_at):
        self._squares = {}
        for thing, x_dm, y_dm in things_at:
            square = (x_dm // self.SIDE_DM, y_dm // self.SIDE_DM)
            self._squares.setdefault(square, []).append((x_dm, y_dm, thing))

    def within(self, x_dm, y_dm, radius_m):
        """Return the things at most a radius away."""
        reach = radius_m * 10
        side = self.SIDE_DM
        found = []
        for column in range((x_dm - reach) // side, (x_dm + reach) // side + 1):
            for row in range((y_dm - reach) // side, (y_dm + reach) // side + 1):
                for east, north, thing in self._squares.get((column, row), ()):
                    if (east - x_dm) ** 2 + (north - y_dm) ** 2 <= reach * reach:
                        found.append(thing)
        return found
