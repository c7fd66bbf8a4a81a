"""The world: what is given to every replication, before anything random."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.clock import DayType
from sim.draws import Floats
from sim.errors import DataError
from sim.grid import Grid, load_grid

_DAYS = {"weekday": DayType.WEEKDAY, "sat": DayType.SATURDAY, "sun": DayType.SUNDAY}
_COLUMNS = (
    "day_type",
    "hour",
    "p_home_awake",
    "p_home_asleep",
    "p_absent",
    "p_absent_fulltime",
    "p_absent_retired",
)
RESPONSE_CITY = ("Enschede", "Hengelo", "Oldenzaal")
RESPONSE_RURAL = ("Tubbergen", "Dinkelland", "Haaksbergen", "Twenterand")
REFERENCE_INHABITANTS = 626_330
"""Inhabitants of Twente on 1 January 2014 (CBS): counts per year in the parameters refer to
them."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Where adults are, by kind of day and hour of the wall clock.

    Attributes:
        asleep: share asleep at home, by [day type, hour, age band].
        away: share away from home, by [day type, hour, age band].
    """

    asleep: Floats
    away: Floats


@dataclass(frozen=True, slots=True)
class World:
    """The grid and the tables of behaviour of a region.

    Attributes:
        grid: cells, inhabitants and municipalities.
        occupancy: where adults are through the day.
        response_class: 0 city, 1 other, 2 rural police response, by municipality.
        area: police area of each municipality (0 Enschede, 1 west, 2 middle, 3 north).
    """

    grid: Grid
    occupancy: Occupancy
    response_class: NDArray[np.int8]
    area: NDArray[np.int8]

    @classmethod
    def load(cls, grid_folder: Path, behaviour_folder: Path) -> World:
        """Load a grid and the behaviour tables.

        Raises:
            DataError: naming every fault of the files.
        """
        return cls.of(
            load_grid(grid_folder), load_occupancy(behaviour_folder / "occupancy_by_hour.csv")
        )

    @classmethod
    def of(cls, grid: Grid, occupancy: Occupancy) -> World:
        """Build the world of a grid; what the names of Twente do not tell is taken as the middle
        class.
        """
        names = [m.name for m in grid.municipalities]
        classes = [0 if n in RESPONSE_CITY else 2 if n in RESPONSE_RURAL else 1 for n in names]
        return cls(grid, occupancy, np.array(classes, dtype=np.int8), _areas(grid))

    @property
    def scale(self) -> float:
        """Inhabitants relative to Twente in 2014: yearly counts in the parameters are multiplied
        by it.
        """
        return self.grid.inhabitants / REFERENCE_INHABITANTS

    def __repr__(self) -> str:
        return (
            f"World({len(self.grid.municipalities)} municipalities, {self.grid.n_cells:,} cells, "
            f"{self.grid.inhabitants:,} inhabitants)"
        )


_AREAS = (
    ("Enschede", "Haaksbergen"),
    ("Almelo", "Wierden", "Twenterand", "Rijssen-Holten", "Hellendoorn"),
    ("Hengelo", "Borne", "Hof van Twente"),
    ("Oldenzaal", "Losser", "Dinkelland", "Tubbergen"),
)
"""Police areas that share units: an assumption, four areas of about 160,000 inhabitants."""


def _areas(grid: Grid) -> NDArray[np.int8]:
    by_name = {name: number for number, names in enumerate(_AREAS) for name in names}
    fallback = range(len(grid.municipalities))
    areas = [
        by_name.get(m.name, i % len(_AREAS))
        for i, m in zip(fallback, grid.municipalities, strict=True)
    ]
    return np.array(areas, dtype=np.int8)


def load_occupancy(path: Path) -> Occupancy:
    """Load the hourly states of adults: 72 rows, three kinds of day by 24 hours.

    Age bands: those of 65 and older follow the retired; others follow the table's mix of adults
    without the retired.

    Raises:
        DataError: naming every fault.
    """
    awake, asleep, away, retired = (np.full((3, 24), np.nan) for _ in range(4))
    faults: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    rows = [
        (number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")
    ]
    if not rows or tuple(rows[0][1].split(",")) != _COLUMNS:
        raise DataError(f"{path}:1: the columns must be {', '.join(_COLUMNS)}")
    for number, line in rows[1:]:
        faults += _read_hour(
            path, number, next(csv.reader([line])), (awake, asleep, away, retired)
        )
    if not faults and np.isnan(awake).any():
        faults.append(f"{path}: {int(np.isnan(awake).sum())} of the 72 hours are missing")
    if faults:
        raise DataError("\n".join(faults))
    return _by_age(awake, asleep, away, retired)


def _read_hour(path: Path, number: int, cells: list[str], into: tuple[Floats, ...]) -> list[str]:
    """Put one line into the tables; return its faults."""
    try:
        day, hour = _DAYS[cells[0]], int(cells[1])
        values = [float(cells[i]) for i in (2, 3, 4, 6)]
    except (KeyError, ValueError, IndexError):
        return [f"{path}:{number}: not a day type, an hour and shares"]
    if (
        hour not in range(24)
        or not all(0.0 <= v <= 1.0 for v in values)
        or abs(sum(values[:3]) - 1.0) > _SHARE_TOLERANCE
    ):
        return [f"{path}:{number}: the hour must be 0..23 and awake, asleep and absent sum to 1"]
    for table, value in zip(into, values, strict=True):
        table[day, hour] = value
    return []


_SHARE_TOLERANCE = 0.01
_RETIRED_SHARE = 0.25
"""Share of retired in the adult mix with which the table was weighted (see its first line)."""


def _by_age(awake: Floats, asleep: Floats, away: Floats, retired: Floats) -> Occupancy:
    working = np.clip((away - _RETIRED_SHARE * retired) / (1.0 - _RETIRED_SHARE), 0.0, 1.0)
    asleep_at_home = asleep / (asleep + awake)
    away_by_age = np.stack([working, working, working, working, retired], axis=-1)
    return Occupancy(asleep=(1.0 - away_by_age) * asleep_at_home[..., None], away=away_by_age)
