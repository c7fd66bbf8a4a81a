"""Points of the plane, sorted so that those inside a circle are found without looking at the
rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import Ints

_BAND_DM = 5_000  # 500 m: the circles of an alert are some kilometres wide


@dataclass(frozen=True, slots=True)
class PointIndex:
    """Points sorted by rows of 500 m and, within a row, by x.

    Attributes:
        x_dm, y_dm: coordinates in decimetres, sorted.
        number: the caller's number of each sorted point.
        first_band: number of the lowest row.
        start: place where each row begins, and the end.
    """

    x_dm: Ints
    y_dm: Ints
    number: Ints
    first_band: int
    start: Ints

    @classmethod
    def of(cls, x_dm: Ints, y_dm: Ints, number: Ints) -> PointIndex:
        """Sort points; arrays of one length, coordinates in integer decimetres."""
        band = y_dm // _BAND_DM
        order = np.lexsort((number, x_dm, band))
        first = int(band.min()) if band.size else 0
        last = int(band.max()) if band.size else 0
        start = np.searchsorted(band[order], np.arange(first, last + 2))
        return cls(x_dm[order], y_dm[order], number[order], first, start)

    def inside(self, x_dm: int, y_dm: int, radius_m: int) -> Ints:
        """Return the numbers of the points at most `radius_m` from a centre, ascending."""
        radius_dm = radius_m * 10
        low = max((y_dm - radius_dm) // _BAND_DM, self.first_band) - self.first_band
        high = min((y_dm + radius_dm) // _BAND_DM - self.first_band + 1, len(self.start) - 1)
        parts = [self._in_row(row, x_dm, radius_dm) for row in range(low, high)]
        if not parts:
            return np.empty(0, dtype=np.int64)
        near = np.concatenate(parts)
        apart = (self.x_dm[near] - x_dm) ** 2 + (self.y_dm[near] - y_dm) ** 2
        return np.sort(self.number[near[apart <= radius_dm**2]])

    def _in_row(self, row: int, x_dm: int, radius_dm: int) -> Ints:
        """Return the places of a row's points with x within the radius."""
        begin, end = self.start[row], self.start[row + 1]
        span = self.x_dm[begin:end].searchsorted((x_dm - radius_dm, x_dm + radius_dm + 1))
        return np.arange(begin + span[0], begin + span[1])
