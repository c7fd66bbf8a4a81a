"""The checks of the arrays that make a grid, whatever they were read from or made by."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.grid_tables import AGE_BANDS, Municipality
from sim.tables import nearest

MAX_RASTER_CELLS = 10_000_000

# Per attribute of a cell: the shape after [n_cells] and the bounds, None for names.
ATTRIBUTES: dict[str, tuple[tuple[int, ...], tuple[float, float] | None]] = {
    "age_weight": ((len(AGE_BANDS),), (0, np.inf)),
    "urbanity": ((), (1, 5)),
    "address_density": ((), (0, np.inf)),
    "settlement": ((), None),
    "cell_id": ((), None),
}


def cell_faults(x_dm: NDArray[np.int64], y_dm: NDArray[np.int64], size_dm: int) -> list[str]:
    """Return what is wrong with the corners: shape, type, net, extent, two cells in one place."""
    if x_dm.shape != y_dm.shape or x_dm.ndim != 1 or x_dm.size == 0:
        shapes = f"{x_dm.shape}, {y_dm.shape}"
        return [f"x_dm, y_dm: must be two lists of the same length, have shapes {shapes}"]
    if x_dm.dtype.kind not in "iu" or y_dm.dtype.kind not in "iu":
        return [f"x_dm, y_dm: must be integers, are {x_dm.dtype}, {y_dm.dtype}"]
    if size_dm <= 0:
        return [f"size_dm: must be above 0, is {size_dm}"]
    faults = []
    column, x_off = np.divmod(x_dm - x_dm.min(), size_dm)
    row, y_off = np.divmod(y_dm - y_dm.min(), size_dm)
    off_net = np.flatnonzero((x_off != 0) | (y_off != 0))
    if off_net.size > 0:
        cell = off_net[0]
        faults.append(
            f"x_dm, y_dm: {off_net.size} cells are not on one net of {size_dm} dm with the lowest "
            f"corner, the first is cell {cell} at ({x_dm[cell]}, {y_dm[cell]})"
        )
    if (int(column.max()) + 1) * (int(row.max()) + 1) > MAX_RASTER_CELLS:
        faults.append(f"x_dm, y_dm: the cells span more than {MAX_RASTER_CELLS} places of the net")
    repeated = x_dm.size - np.unique(np.stack([x_dm, y_dm]), axis=1).shape[1]
    if repeated > 0:
        faults.append(f"x_dm, y_dm: {repeated} cells lie in the place of another")
    return faults


def inhabitant_faults(
    n_cells: int,
    municipality: NDArray[np.int64],
    population: NDArray[np.int64],
    municipalities: Sequence[Municipality],
) -> list[str]:
    """Return what is wrong with inhabitants, municipalities and the totals of both."""
    faults = [
        f"{name}: must be {n_cells} integers, is {values.dtype} of shape {values.shape}"
        for name, values in (("municipality", municipality), ("population", population))
        if values.shape != (n_cells,) or values.dtype.kind not in "iu"
    ]
    codes = [place.gm_code for place in municipalities]
    faults += [
        f"municipalities: {code} stands there {codes.count(code)} times"
        for code in sorted(set(codes))
        if codes.count(code) > 1
    ]
    faults += [
        f"municipalities: age_share of {place.gm_code} must be 5 shares that sum to 1"
        for place in municipalities
        if len(place.age_share) != len(AGE_BANDS)
        or min(place.age_share) < 0
        or not math.isclose(sum(place.age_share), 1)
    ]
    if len(faults) > 0:
        return faults
    if int(municipality.min()) < 0 or int(municipality.max()) >= len(codes):
        faults.append(f"municipality: must be from 0 to {len(codes) - 1}")
    if int(population.min()) < 0:
        faults.append(f"population: must be at least 0, is {population.min()}")
    return faults or _total_faults(municipality, population, municipalities)


def attribute_faults(n_cells: int, attributes: Mapping[str, object]) -> list[str]:
    """Return what is wrong with the attributes of cells: names, shapes and values."""
    faults = []
    for name, given in attributes.items():
        if name not in ATTRIBUTES:
            faults.append(f"{name}: unknown attribute{nearest(name, ATTRIBUTES)}")
            continue
        tail, bounds = ATTRIBUTES[name]
        values = np.asarray(given)
        if values.shape != (n_cells, *tail):
            faults.append(f"{name}: must have shape {(n_cells, *tail)}, has {values.shape}")
        elif bounds is not None:
            low, high = bounds
            wrong = values[~(np.isfinite(values) & (values >= low) & (values <= high))]
            if wrong.size > 0:
                faults.append(f"{name}: must be finite and from {low} to {high}, is {wrong[0]}")
    return faults


def _total_faults(
    municipality: NDArray[np.int64],
    population: NDArray[np.int64],
    municipalities: Sequence[Municipality],
) -> list[str]:
    totals = np.bincount(municipality, population, len(municipalities))
    return [
        f"municipalities: {place.gm_code} has {place.population} inhabitants, "
        f"but its cells sum to {total:.0f}"
        for place, total in zip(municipalities, totals, strict=True)
        if place.population != total
    ]
