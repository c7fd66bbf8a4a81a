"""The candidates in the order of their homes, as the compiled loops read them, and the search for
those inside a circle.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.candidates import Candidates, registered_at_start
from sim.compiled import compiled
from sim.draws import Bools, Floats, Ints

BAND_DM = 5_000
"""Points are sorted by bands of 500 m from south to north and, within a band, from west to east:
the circles of an alert are some kilometres wide."""


class Points(NamedTuple):
    """Points of the plane in bands, so that those inside a circle are found without the rest.

    Attributes:
        x_dm, y_dm: RD in decimetres, sorted, int32 [n].
        number: the caller's number of each point, int32 [n].
        first_band: number of the lowest band.
        start: place where each band begins, and the end, [bands + 1].
    """

    x_dm: NDArray[np.int32]
    y_dm: NDArray[np.int32]
    number: NDArray[np.int32]
    first_band: int
    start: Ints


PERSON = np.dtype(
    [
        ("app_level", "f8"),
        ("move_level", "f8"),
        ("id", "u4"),
        ("x_dm", "i4"),
        ("y_dm", "i4"),
        ("work_x_dm", "i4"),
        ("work_y_dm", "i4"),
        ("leisure_x_dm", "i4"),
        ("leisure_y_dm", "i4"),
        ("municipality", "i2"),
        ("age_band", "i1"),
        ("prefers_voice", "?"),
        ("started", "?"),
    ],
    align=True,
)
"""What does not change about a candidate: see `Candidates`; whether registered at the start."""
CLOCK = np.dtype(
    [
        ("entry_s", "i8"),
        ("seen_s", "i8"),
        ("mark_at_s", "f8"),
        ("mark_s", "i8"),
        ("mark_word", "u4"),
        ("mark_round", "i4"),
    ],
    align=True,
)
"""How far the register has followed a candidate: when it appears (negative: from the start on), up
to when it was followed, and the next mark that does anything: its exact moment, that in whole
seconds (`NEVER_S` for none), its integer uniform and its number."""


class Places(NamedTuple):
    """Where those who could ever use the app usually are when away, in the order of `points`.

    Attributes:
        points: the places; their numbers are those of the people.
        app_level: of each.
        home_x_dm, home_y_dm: where each lives.
    """

    points: Points
    app_level: Floats
    home_x_dm: NDArray[np.int32]
    home_y_dm: NDArray[np.int32]


class Crowd(NamedTuple):
    """Candidates [n] in the order of their homes.

    Attributes:
        people: records of the type `PERSON`.
        clocks: records of the type `CLOCK`.
        due_s: when the next change of each in the register is due.
        next_change: its number among the changes of the spell.
        listed: on the register under some policy when last followed.
        app_level: as in `people`; the search around an alert reads these three of everybody.
        homes: where they live; their number is their position.
        work, leisure: where those who could ever use the app are when away.
    """

    people: NDArray[np.void]
    clocks: NDArray[np.void]
    due_s: Ints
    next_change: NDArray[np.int32]
    listed: Bools
    app_level: Floats
    homes: Points
    work: Places
    leisure: Places


def band_order(x_dm: NDArray[Any], y_dm: NDArray[Any], number: NDArray[Any]) -> Ints:
    """Return the order of points by band, x and number."""
    return np.lexsort((number, x_dm, y_dm // BAND_DM))


def points_of(x_dm: NDArray[Any], y_dm: NDArray[Any], number: NDArray[Any]) -> Points:
    """Sort points into bands; arrays of one length, coordinates in integer decimetres."""
    order = band_order(x_dm, y_dm, number)
    band = y_dm[order] // BAND_DM
    first, last = (int(band[0]), int(band[-1])) if band.size else (0, 0)
    return Points(
        x_dm=x_dm[order].astype(np.int32),
        y_dm=y_dm[order].astype(np.int32),
        number=number[order].astype(np.int32),
        first_band=first,
        start=np.searchsorted(band, np.arange(first, last + 2)).astype(np.int64),
    )


def crowd_of(candidates: Candidates, may_use_app: Bools) -> tuple[Crowd, Ints]:
    """Sort candidates by their homes.

    Args:
        candidates: in any order.
        may_use_app: could use the app at some time under some policy, by candidate.

    Returns:
        The crowd, and the position among `candidates` of each of its members.
    """
    order = band_order(candidates.x_dm, candidates.y_dm, candidates.id)
    c = candidates
    # Of a record array the loops can read fields by name also where nothing is compiled.
    people = np.zeros(len(c), dtype=PERSON).view(np.recarray)
    for name in sorted(set(PERSON.names or ()) & {field.name for field in fields(c)}):
        people[name] = getattr(c, name)[order]
    people["started"] = registered_at_start(c)[order]
    clocks = np.zeros(len(c), dtype=CLOCK).view(np.recarray)
    clocks["entry_s"] = c.entry_s[order]
    users = np.flatnonzero(may_use_app[order])
    homes = points_of(people["x_dm"], people["y_dm"], np.arange(len(c)))
    work, leisure = (_places_of(people, place, users) for place in ("work", "leisure"))
    return Crowd(
        people=people,
        clocks=clocks,
        due_s=np.zeros(len(c), dtype=np.int64),
        next_change=np.zeros(len(c), dtype=np.int32),
        listed=np.zeros(len(c), dtype=np.bool_),
        app_level=people["app_level"].copy(),
        homes=homes,
        work=work,
        leisure=leisure,
    ), order


def _places_of(people: NDArray[np.void], place: str, users: Ints) -> Places:
    """Return where some people are when away, `work` or `leisure`."""
    points = points_of(people[f"{place}_x_dm"][users], people[f"{place}_y_dm"][users], users)
    own = people[points.number]
    return Places(points, own["app_level"].copy(), own["x_dm"].copy(), own["y_dm"].copy())


@compiled
def bands_of(points: Points, y_dm: int, radius_dm: int) -> tuple[int, int]:
    """Return the first band that a circle may touch and the one after the last."""
    low = max((y_dm - radius_dm) // BAND_DM, points.first_band) - points.first_band
    high = min(
        (y_dm + radius_dm) // BAND_DM - points.first_band + 1, np.int64(len(points.start) - 1)
    )
    return low, high


@compiled
def first_east_of(points: Points, band: int, x_dm: int) -> int:
    """Return the place of the first point of a band that is not west of x."""
    low, high = points.start[band], points.start[band + 1]
    while low < high:
        middle = (low + high) >> 1
        if points.x_dm[middle] < x_dm:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def is_within(x_dm: int, y_dm: int, centre_x_dm: int, centre_y_dm: int, radius_dm: int) -> bool:
    """Tell whether a point is at most a radius from a centre."""
    east, north = np.int64(x_dm) - centre_x_dm, np.int64(y_dm) - centre_y_dm
    return east * east + north * north <= radius_dm * radius_dm
