"""The checks of a grid folder: every fact in its tables and in their description."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.tables import (
    Faults,
    Table,
    check_unique,
    decode,
    nearest,
    numbers,
    read_file,
    read_table,
)

AGE_BANDS = ("00_14", "15_24", "25_44", "45_64", "65_plus")
CRS = "EPSG:28992"
CELL_SIZE_M = 500
X_RANGE_M = (0, 300_000)  # where EPSG:28992 covers the Netherlands
Y_RANGE_M = (300_000, 625_000)
MERCATOR_X_M = (350_000, 820_000)  # where EPSG:3857 puts them
MERCATOR_Y_M = (6_500_000, 7_200_000)
MAX_DEGREES = 180
AGE_TOLERANCE = 0.03  # five bands rounded to 0.01 can miss the total by 0.025
PCT_TOLERANCE = 2.5  # five percentages rounded to 1 can miss 100 by 2.5

AGE_COLUMNS = tuple(f"age_{band}" for band in AGE_BANDS)
PCT_COLUMNS = tuple(f"pct_age_{band}" for band in AGE_BANDS)
CELL_COLUMNS = (
    *("cell_id", "x", "y", "gm_code", "population", *AGE_COLUMNS),
    *("urbanity", "address_density", "built_up_share", "settlement"),
)
MUNICIPALITY_COLUMNS = (
    *("gm_code", "name", "population_2014", "land_ha", "address_density", "urbanity"),
    *PCT_COLUMNS,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality; `age_share` holds a share per band of `AGE_BANDS`, together 1."""

    gm_code: str
    name: str
    population: int
    land_ha: float
    address_density: float  # addresses per km2
    urbanity: int  # 1 very strongly urban to 5 not urban
    age_share: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """The columns of `cells.csv` in the order of the file; arrays have shape [n_cells].

    `x_m`, `y_m` are centres; `municipality` indexes the municipalities, -1 where unknown; `age`
    [n_cells, 5] counts inhabitants. NaN stands where a fault was noted.
    """

    cell_id: tuple[str, ...]
    x_m: Floats
    y_m: Floats
    municipality: NDArray[np.int64]
    population: Floats
    age: Floats
    urbanity: Floats
    address_density: Floats
    settlement: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Package:
    """The text and content of `datapackage.json`."""

    path: Path
    text: str
    content: Mapping[str, object]

    def place(self, *words: str) -> str:
        """Return `file:line:column` of the last of `words`, each sought after the one before."""
        found = 0
        for word in words:
            found = max(found, self.text.find(f'"{word}"', found))
        line = self.text.count("\n", 0, found) + 1
        return f"{self.path}:{line}:{found - self.text.rfind(chr(10), 0, found)}"


def read_grid_tables(folder: Path) -> tuple[CellTable, tuple[Municipality, ...]]:
    """Read `datapackage.json`, `cells.csv` and `municipalities.csv` in `folder` and check them.

    Raises DataError with one line `file:line:column: key: what is wrong` for every fault.
    """
    faults = Faults()
    package = _read_package(folder / "datapackage.json", faults)
    towns = _read_listed(folder / "municipalities.csv", MUNICIPALITY_COLUMNS, package, faults)
    squares = _read_listed(folder / "cells.csv", CELL_COLUMNS, package, faults)
    municipalities = None if towns is None else _municipalities(towns, faults)
    cells = None if squares is None else _cells(squares, municipalities, faults)
    if towns is not None and municipalities is not None and cells is not None:
        _check_totals(towns, municipalities, cells, faults)
    if package is not None:
        _check_declared(package, municipalities, cells, faults)
    if cells is None or municipalities is None or len(faults) > 0:
        raise faults.error()
    return cells, municipalities


def _read_package(path: Path, faults: Faults) -> _Package | None:
    content = read_file(path, faults)
    text = None if content is None else decode(path, content, faults)
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        faults.add(f"{path}:{error.lineno}:{error.colno}", f"not valid JSON: {error.msg}")
        return None
    if not isinstance(parsed, dict):
        faults.add(f"{path}:1:1", "must hold one JSON object")
        return None
    return _Package(path, text, parsed)


def _read_listed(
    path: Path, known: tuple[str, ...], package: _Package | None, faults: Faults
) -> Table | None:
    content = read_file(path, faults)
    if content is None:
        return None
    if package is not None:
        _check_hash(package, path.name, content, faults)
    text = decode(path, content, faults)
    return None if text is None else read_table(path, text, known, faults)


def _check_hash(package: _Package, name: str, content: bytes, faults: Faults) -> None:
    listed = package.content.get("resources")
    resources = [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    resource = next((r for r in resources if r.get("path") == name), None)
    if resource is None:
        faults.add(package.place("resources"), f"resources: '{name}' is not listed")
        return
    actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if resource.get("hash") != actual:
        faults.add(
            package.place("resources", name, "hash"),
            f"hash: {name} was changed: it has {len(content)} bytes and {actual}, declared are "
            f"{resource.get('bytes')} bytes and {resource.get('hash')}; once {name} is checked, "
            "write its new hash and bytes here",
        )


def _municipalities(table: Table, faults: Faults) -> tuple[Municipality, ...]:
    check_unique(table, "gm_code", faults)
    codes, names = table.texts("gm_code"), table.texts("name")
    wrong_code = np.array([re.fullmatch(r"GM\d{4}", code) is None for code in codes])
    faults.rows(
        table, "gm_code", wrong_code, lambda row: f"must look like GM0153, is '{codes[row]}'"
    )
    no_name = np.array([name.strip() == "" for name in names])
    faults.rows(table, "name", no_name, lambda _: "must not be empty")
    population = numbers(table, "population_2014", faults, (0, np.inf), whole=True)
    land_ha = numbers(table, "land_ha", faults, (0, np.inf))
    density = numbers(table, "address_density", faults, (0, np.inf))
    urbanity = numbers(table, "urbanity", faults, (1, 5), whole=True)
    pct = np.stack([numbers(table, key, faults, (0, 100)) for key in PCT_COLUMNS], axis=1)
    total = pct.sum(axis=1)
    faults.rows(
        table,
        PCT_COLUMNS[0],
        np.abs(total - 100) > PCT_TOLERANCE,
        lambda row: f"the five age percentages sum to {total[row]:g}, must be 100 to rounding",
    )
    share = pct / np.where(total > 0, total, 1)[:, None]
    return tuple(
        Municipality(
            gm_code=codes[row],
            name=names[row],
            population=_int(population[row]),
            land_ha=float(land_ha[row]),
            address_density=float(density[row]),
            urbanity=_int(urbanity[row]),
            age_share=tuple(share[row].tolist()),
        )
        for row in range(len(table))
    )


def _int(value: float) -> int:
    """Return a whole number, -1 for NaN (a fault noted before)."""
    return -1 if np.isnan(value) else int(value)


def _cells(
    table: Table, municipalities: tuple[Municipality, ...] | None, faults: Faults
) -> CellTable:
    check_unique(table, "cell_id", faults)
    x_m, y_m = _centres(table, faults)
    population = numbers(table, "population", faults, (0, np.inf), whole=True)
    age = np.stack([numbers(table, key, faults, (0, np.inf)) for key in AGE_COLUMNS], axis=1)
    total = age.sum(axis=1)
    faults.rows(
        table,
        "population",
        np.abs(total - population) > AGE_TOLERANCE,
        lambda row: f"is {population[row]:g}, but the age bands sum to {total[row]:.2f}",
    )
    numbers(table, "built_up_share", faults, (0, 1))
    return CellTable(
        cell_id=tuple(table.texts("cell_id")),
        x_m=x_m,
        y_m=y_m,
        municipality=_municipality_of(table, municipalities, faults),
        population=population,
        age=age,
        urbanity=numbers(table, "urbanity", faults, (1, 5), whole=True),
        address_density=numbers(table, "address_density", faults, (0, np.inf)),
        settlement=tuple(table.texts("settlement")),
    )


def _municipality_of(
    table: Table, municipalities: tuple[Municipality, ...] | None, faults: Faults
) -> NDArray[np.int64]:
    codes = table.texts("gm_code")
    if municipalities is None:
        return np.full(len(table), -1)
    ordinal = {place.gm_code: position for position, place in enumerate(municipalities)}
    found = np.array([ordinal.get(code, -1) for code in codes])
    faults.rows(
        table,
        "gm_code",
        found < 0,
        lambda row: f"'{codes[row]}' is not in municipalities.csv{nearest(codes[row], ordinal)}",
    )
    return found


def _centres(table: Table, faults: Faults) -> tuple[Floats, Floats]:
    """Return the cell centres in metres, after checking CRS, range, net and `cell_id`."""
    x_m, y_m = numbers(table, "x", faults), numbers(table, "y", faults)
    system = _other_system(x_m, y_m)
    if system is not None:
        faults.add(
            table.place(0, "x"),
            f"x, y: the centres look like {system}, must be metres in {CRS} (RD New)",
        )
        return x_m, y_m
    _check_centres(table, "x", x_m, X_RANGE_M, faults)
    _check_centres(table, "y", y_m, Y_RANGE_M, faults)
    _check_ids(table, x_m, y_m, faults)
    return x_m, y_m


def _check_centres(
    table: Table, key: str, values: Floats, bounds: tuple[int, int], faults: Faults
) -> None:
    """Note centres outside the Netherlands or off the net, and set them to NaN."""
    low, high = bounds
    texts = table.texts(key)
    outside = (values < low) | (values > high)
    faults.rows(
        table,
        key,
        outside,
        lambda row: f"must be from {low} to {high} m in {CRS}, is '{texts[row]}'",
    )
    half_m = CELL_SIZE_M // 2
    off_net = ~outside & np.isfinite(values) & ((values - half_m) % CELL_SIZE_M != 0)
    faults.rows(
        table,
        key,
        off_net,
        lambda row: (
            f"'{texts[row]}' is not on the {CELL_SIZE_M} m net: a centre is a multiple of "
            f"{CELL_SIZE_M} plus {half_m} m"
        ),
    )
    values[outside | off_net] = np.nan


def _other_system(x_m: Floats, y_m: Floats) -> str | None:
    """Name the coordinate system that the middle of the cells betrays, None if it may be RD."""
    known = np.isfinite(x_m) & np.isfinite(y_m)
    if not known.any():
        return None
    x, y = float(np.median(x_m[known])), float(np.median(y_m[known]))
    if abs(x) <= MAX_DEGREES and abs(y) <= MAX_DEGREES:
        return f"degrees ({x:.2f}, {y:.2f})"
    if _within(x, MERCATOR_X_M) and _within(y, MERCATOR_Y_M):
        return f"EPSG:3857, web Mercator ({x:.0f}, {y:.0f})"
    if _within(x, Y_RANGE_M) and _within(y, X_RANGE_M):
        return f"x and y in each other's place ({x:.0f}, {y:.0f})"
    return None


def _within(value: float, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _check_ids(table: Table, x_m: Floats, y_m: Floats, faults: Faults) -> None:
    ids = table.texts("cell_id")
    half_m = CELL_SIZE_M / 2
    expected = [
        cell_id if np.isnan(x + y) else f"E{(x - half_m) / 100:04.0f}N{(y - half_m) / 100:04.0f}"
        for cell_id, x, y in zip(ids, x_m.tolist(), y_m.tolist(), strict=True)
    ]
    wrong = np.array([cell_id != right for cell_id, right in zip(ids, expected, strict=True)])
    faults.rows(
        table,
        "cell_id",
        wrong,
        lambda row: f"'{ids[row]}' does not agree with x, y, which give '{expected[row]}'",
    )


def _check_totals(
    table: Table, municipalities: tuple[Municipality, ...], cells: CellTable, faults: Faults
) -> None:
    """Compare the cells of each municipality with its counted population (exactly equal)."""
    if not np.isfinite(cells.population).all() or (cells.municipality < 0).any():
        return
    totals = np.bincount(cells.municipality, cells.population, len(municipalities))
    counted = np.array([place.population for place in municipalities])
    faults.rows(
        table,
        "population_2014",
        (counted >= 0) & (totals != counted),
        lambda row: (
            f"is {counted[row]} for {municipalities[row].gm_code} ({municipalities[row].name}), "
            f"but its cells sum to {totals[row]:.0f}"
        ),
    )


def _check_declared(
    package: _Package,
    municipalities: tuple[Municipality, ...] | None,
    cells: CellTable | None,
    faults: Faults,
) -> None:
    """Compare CRS, cell size and totals with the description's `grid` object."""
    declared = package.content.get("grid")
    if not isinstance(declared, dict):
        faults.add(
            package.place("grid"), "grid: the object with crs, cell size and totals is missing"
        )
        return
    expected: dict[str, object] = {"crs": CRS, "cell_size_m": CELL_SIZE_M}
    if cells is not None:
        expected["cells"] = len(cells.cell_id)
        if np.isfinite(cells.population).all():
            expected["inhabitants"] = int(cells.population.sum())
    if municipalities is not None:
        expected["municipalities"] = len(municipalities)
    for key, value in expected.items():
        if key not in declared:
            faults.add(package.place("grid"), f"{key}: is missing under grid, should be {value!r}")
        elif declared[key] != value or isinstance(declared[key], bool):
            rule = "must be" if key in ("crs", "cell_size_m") else "but the tables hold"
            faults.add(
                package.place("grid", key), f"{key}: is {declared[key]!r}, {rule} {value!r}"
            )
