"""The candidates in the order of their homes, as the compiled loops read them, and the search for
those inside a circle.
"""

from __future__ import annotations

from typing import NamedTuple

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


class Crowd(NamedTuple):
    """Candidates [n] in the order of `homes`.

    Attributes:
        homes: where they live; their number is their position.
        work, leisure: where those who could ever use the app are when away.
        id: address of their draws.
        work_x_dm, work_y_dm, leisure_x_dm, leisure_y_dm: usual places away from home.
        municipality, age_band: numbers.
        prefers_voice: wants a call instead of a text.
        entry_s: when they appear, negative from the start on.
        started: registered at the start.
        app_level, move_level: levels of the adoption and of being moved to the app.
    """

    homes: Points
    work: Points
    leisure: Points
    id: Ints
    work_x_dm: NDArray[np.int32]
    work_y_dm: NDArray[np.int32]
    leisure_x_dm: NDArray[np.int32]
    leisure_y_dm: NDArray[np.int32]
    municipality: NDArray[np.int16]
    age_band: NDArray[np.int8]
    prefers_voice: Bools
    entry_s: Ints
    started: Bools
    app_level: Floats
    move_level: Floats


def band_order(x_dm: Ints, y_dm: Ints, number: Ints) -> Ints:
    """Return the order of points by band, x and number."""
    return np.lexsort((number, x_dm, y_dm // BAND_DM))


def points_of(x_dm: Ints, y_dm: Ints, number: Ints) -> Points:
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
    c = candidates.take(order)
    users = np.flatnonzero(may_use_app[order])
    return Crowd(
        homes=points_of(c.x_dm, c.y_dm, np.arange(len(c))),
        work=points_of(c.work_x_dm[users], c.work_y_dm[users], users),
        leisure=points_of(c.leisure_x_dm[users], c.leisure_y_dm[users], users),
        id=c.id,
        work_x_dm=c.work_x_dm.astype(np.int32),
        work_y_dm=c.work_y_dm.astype(np.int32),
        leisure_x_dm=c.leisure_x_dm.astype(np.int32),
        leisure_y_dm=c.leisure_y_dm.astype(np.int32),
        municipality=c.municipality.astype(np.int16),
        age_band=c.age_band.astype(np.int8),
        prefers_voice=c.prefers_voice,
        entry_s=c.entry_s,
        started=registered_at_start(c),
        app_level=c.app_level,
        move_level=c.move_level,
    ), order


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
