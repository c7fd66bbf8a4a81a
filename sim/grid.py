"""The world: cells with their inhabitants, municipalities, and the cells inside a circle."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict, TypeVar, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import DataError, InputError
from sim.grid_checks import attribute_faults, cell_faults, inhabitant_faults
from sim.grid_tables import AGE_BANDS, CELL_SIZE_M, CRS, Municipality, read_grid_tables

if TYPE_CHECKING:
    import geopandas

__all__ = [
    "AGE_BANDS",
    "CRS",
    "CellAttributes",
    "CellIndex",
    "Grid",
    "Municipality",
    "cells_frame",
    "load_grid",
    "municipality_outlines",
    "require_rd",
]

DM_PER_M = 10
MAX_RADIUS_M = 1_000_000  # keeps squared decimetres exact in int64 and float64
Scalar = TypeVar("Scalar", bound=np.generic)


class CellAttributes(TypedDict, total=False):
    """What `Grid.from_arrays` takes from the municipality of a cell where it is left out."""

    age_weight: ArrayLike
    urbanity: ArrayLike
    address_density: ArrayLike
    settlement: Sequence[str]
    cell_id: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Square cells sorted by (y, x); arrays have shape [n_cells] and cannot be written to.

    `x_dm`, `y_dm` (int64) are lower-left corners in decimetres of EPSG:28992, `size_dm` is the
    side of a cell; `municipality` (int16) indexes `municipalities`, which stand in gm_code order;
    `population` (int64) counts inhabitants; `age_weight` (float64 [n_cells, 5]) is the share of
    each band of `AGE_BANDS`, together 1, in an empty cell that of its municipality; `urbanity`
    (int8) runs from 1 very strongly urban to 5 not urban; `address_density` (float64) is per km2.
    """

    x_dm: NDArray[np.int64]
    y_dm: NDArray[np.int64]
    size_dm: int
    municipality: NDArray[np.int16]
    population: NDArray[np.int64]
    age_weight: NDArray[np.float64]
    urbanity: NDArray[np.int8]
    address_density: NDArray[np.float64]
    settlement: tuple[str, ...]
    cell_id: tuple[str, ...]
    municipalities: tuple[Municipality, ...]

    @classmethod
    def from_arrays(
        cls,
        *,
        x_dm: ArrayLike,
        y_dm: ArrayLike,
        municipality: ArrayLike,
        population: ArrayLike,
        municipalities: Sequence[Municipality],
        size_dm: int = CELL_SIZE_M * DM_PER_M,
        **attributes: Unpack[CellAttributes],
    ) -> Self:
        """Build a grid from cells in any order; `attributes` left out come from the municipality.

        `age_weight` [n_cells, 5] may hold counts or shares; a row of zeros takes those of the
        municipality. The corners must lie on one net of `size_dm`, wherever that starts.
        Municipalities may stand in any order; `municipality` is renumbered with them. Raises
        DataError that lists the faults of the corners, else of the inhabitants and attributes.
        """
        x, y, town, people = (
            np.atleast_1d(np.asarray(values)) for values in (x_dm, y_dm, municipality, population)
        )
        _raise(cell_faults(x, y, size_dm))
        _raise(
            inhabitant_faults(x.size, town, people, municipalities)
            + attribute_faults(x.size, attributes)
        )
        places = tuple(sorted(municipalities, key=lambda place: place.gm_code))
        town = np.array([places.index(place) for place in municipalities])[town]
        defaults: CellAttributes = {
            "age_weight": np.zeros((x.size, len(AGE_BANDS))),
            "urbanity": np.array([place.urbanity for place in places])[town],
            "address_density": np.array([place.address_density for place in places])[town],
            "settlement": [""] * x.size,
            "cell_id": _corner_names(x, y),
        }
        filled: CellAttributes = {**defaults, **attributes}
        order = np.lexsort((x, y))
        return cls(
            x_dm=_sorted(x, order, np.int64),
            y_dm=_sorted(y, order, np.int64),
            size_dm=int(size_dm),
            municipality=_sorted(town, order, np.int16),
            population=_sorted(people, order, np.int64),
            age_weight=_sorted(_shares(filled["age_weight"], town, places), order, np.float64),
            urbanity=_sorted(filled["urbanity"], order, np.int8),
            address_density=_sorted(filled["address_density"], order, np.float64),
            settlement=tuple(filled["settlement"][cell] for cell in order),
            cell_id=tuple(filled["cell_id"][cell] for cell in order),
            municipalities=places,
        )

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.x_dm.size

    @property
    def inhabitants(self) -> int:
        """Inhabitants of all cells together."""
        return int(self.population.sum())

    @property
    def centre_m(self) -> NDArray[np.float64]:
        """Centres of the cells in metres of EPSG:28992, shape [n_cells, 2]."""
        corner_dm = np.stack([self.x_dm, self.y_dm], axis=1)
        return (corner_dm + self.size_dm / 2) / DM_PER_M

    @property
    def cell_area_km2(self) -> float:
        """Area of one cell in square kilometres."""
        return (self.size_dm / DM_PER_M / 1000) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class CellIndex:
    """A raster over the cells that finds cells by place.

    The raster starts at the lower-left corner of the grid (`x0_dm`, `y0_dm`). `ordinal` [rows,
    columns] is the cell there, -1 for none. Cells are sorted by row and then column, so those of a
    row between two columns have successive ordinals: `before` [rows, columns + 1] counts the cells
    that come before a raster position, and two look-ups give the whole run.
    """

    x0_dm: int
    y0_dm: int
    size_dm: int
    ordinal: NDArray[np.int64]
    before: NDArray[np.int64]

    @classmethod
    def of(cls, grid: Grid) -> Self:
        """Build the index of a grid."""
        x0_dm, y0_dm = int(grid.x_dm.min()), int(grid.y_dm.min())
        column = (grid.x_dm - x0_dm) // grid.size_dm
        row = (grid.y_dm - y0_dm) // grid.size_dm
        ordinal = np.full((int(row.max()) + 1, int(column.max()) + 1), -1)
        ordinal[row, column] = np.arange(grid.n_cells)
        up_to = np.cumsum(ordinal >= 0).reshape(ordinal.shape)
        start = np.concatenate([[0], up_to[:-1, -1]])
        before = np.column_stack([start, up_to])
        return cls(x0_dm, y0_dm, grid.size_dm, _frozen(ordinal), _frozen(before))

    def cell_at(self, x_dm: ArrayLike, y_dm: ArrayLike) -> NDArray[np.int64]:
        """Return the cell of each point (integer decimetres), -1 outside; same shape as the input.

        A point on the edge between two cells belongs to the right or upper one.
        """
        column = (np.asarray(x_dm) - self.x0_dm) // self.size_dm
        row = (np.asarray(y_dm) - self.y0_dm) // self.size_dm
        rows, columns = self.ordinal.shape
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        found = self.ordinal[np.where(inside, row, 0), np.where(inside, column, 0)]
        return np.where(inside, found, -1)

    def runs_in_circle(
        self, x_dm: int, y_dm: int, radius_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return `first` and `stop` of the runs of cells that touch a circle, ascending.

        The cells are those with first <= ordinal < stop, one run per row of the raster: candidates
        sorted by cell are reached by one slice per run. The centre is in integer decimetres, the
        radius is rounded to decimetres; a cell touches when its nearest point, edges included,
        is no farther than the radius. Raises InputError for a radius that is no distance.
        """
        if not 0 <= radius_m <= MAX_RADIUS_M:
            raise InputError(f"radius_m must be from 0 to {MAX_RADIUS_M}, is {radius_m}")
        radius_dm = round(radius_m * DM_PER_M)
        size_dm, x_in_dm, y_in_dm = self.size_dm, x_dm - self.x0_dm, y_dm - self.y0_dm
        rows, columns = self.ordinal.shape
        lowest = max(-((radius_dm - y_in_dm) // size_dm) - 1, 0)
        highest = min((y_in_dm + radius_dm) // size_dm, rows - 1)
        row = np.arange(lowest, highest + 1)
        # Within a row the circle reaches as far as Pythagoras leaves after the nearest edge.
        bottom_dm = row * size_dm
        gap_dm = np.maximum(np.maximum(bottom_dm - y_in_dm, y_in_dm - bottom_dm - size_dm), 0)
        half_dm = np.floor(np.sqrt(radius_dm**2 - gap_dm**2)).astype(np.int64)
        left = np.clip(-((half_dm - x_in_dm) // size_dm) - 1, 0, columns)
        right = np.clip((x_in_dm + half_dm) // size_dm + 1, 0, columns)
        first, stop = self.before[row, left], self.before[row, np.maximum(left, right)]
        filled = stop > first
        return first[filled], stop[filled]

    def cells_in_circle(self, x_dm: int, y_dm: int, radius_m: float) -> NDArray[np.int64]:
        """Return the cells that touch a circle, ascending; see `runs_in_circle`."""
        first, stop = self.runs_in_circle(x_dm, y_dm, radius_m)
        length = stop - first
        skipped = np.repeat(first - np.cumsum(length) + length, length)
        return skipped + np.arange(skipped.size)


def load_grid(folder: Path) -> Grid:
    """Load `cells.csv` and `municipalities.csv` as `datapackage.json` in `folder` describes them.

    Raises DataError with one line `file:line:column: key: what is wrong` for every fault.
    """
    cells, municipalities = read_grid_tables(folder)
    half_m = CELL_SIZE_M // 2
    return Grid.from_arrays(
        x_dm=(cells.x_m.astype(np.int64) - half_m) * DM_PER_M,
        y_dm=(cells.y_m.astype(np.int64) - half_m) * DM_PER_M,
        municipality=cells.municipality,
        population=cells.population.astype(np.int64),
        municipalities=municipalities,
        age_weight=cells.age,
        urbanity=cells.urbanity.astype(np.int64),
        address_density=cells.address_density,
        settlement=cells.settlement,
        cell_id=cells.cell_id,
    )


def require_rd(frame: "geopandas.GeoDataFrame") -> "geopandas.GeoDataFrame":
    """Return `frame` if its coordinates are in EPSG:28992; raises DataError if not or unknown."""
    if frame.crs is None:
        raise DataError(f"the coordinate system is not set, must be {CRS}")
    if frame.crs != CRS:
        raise DataError(f"the coordinate system is {frame.crs.to_string()}, must be {CRS}")
    return frame


def cells_frame(grid: Grid) -> "geopandas.GeoDataFrame":
    """Return the cells as squares in metres of EPSG:28992.

    One row per cell in grid order: cell_id, gm_code, population, urbanity, address_density (per
    km2), settlement, geometry.
    """
    import geopandas
    import shapely

    left_m, bottom_m = grid.x_dm / DM_PER_M, grid.y_dm / DM_PER_M
    side_m = grid.size_dm / DM_PER_M
    codes = np.array([place.gm_code for place in grid.municipalities])
    return geopandas.GeoDataFrame(
        {
            "cell_id": grid.cell_id,
            "gm_code": codes[grid.municipality],
            "population": grid.population,
            "urbanity": grid.urbanity,
            "address_density": grid.address_density,
            "settlement": grid.settlement,
        },
        geometry=shapely.box(left_m, bottom_m, left_m + side_m, bottom_m + side_m),
        crs=CRS,
    )


def municipality_outlines(grid: Grid) -> "geopandas.GeoDataFrame":
    """Return the joined cells of every municipality that has cells, in metres of EPSG:28992.

    One row per municipality in order of gm_code: gm_code, name, geometry.
    """
    names = {place.gm_code: place.name for place in grid.municipalities}
    cells = cells_frame(grid)[["gm_code", "geometry"]]
    outlines = cells.dissolve(by="gm_code", method="coverage").reset_index()
    outlines["name"] = outlines["gm_code"].map(names)
    return require_rd(outlines[["gm_code", "name", "geometry"]])


def _frozen(values: NDArray[Scalar]) -> NDArray[Scalar]:
    values.setflags(write=False)
    return values


def _sorted(values: ArrayLike, order: NDArray[np.intp], dtype: type[Scalar]) -> NDArray[Scalar]:
    return _frozen(np.asarray(values)[order].astype(dtype))


def _corner_names(x_dm: NDArray[np.int64], y_dm: NDArray[np.int64]) -> list[str]:
    """Name cells by their corner in hectometres, as CBS does, or in decimetres off that net."""
    hm = 1000
    return [
        f"E{x // hm:04d}N{y // hm:04d}" if x % hm == y % hm == 0 else f"E{x}N{y}dm"
        for x, y in zip(x_dm.tolist(), y_dm.tolist(), strict=True)
    ]


def _shares(
    weight: ArrayLike, town: NDArray[np.int64], places: tuple[Municipality, ...]
) -> NDArray[np.float64]:
    """Return `weight` [n_cells, 5] with rows that sum to 1, empty rows from the municipality."""
    counts = np.asarray(weight, dtype=np.float64)
    whole = np.array([place.age_share for place in places])[town]
    counts = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, whole)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _raise(faults: list[str]) -> None:
    if len(faults) > 0:
        raise DataError("\n".join(faults))
