"""The world's grid: the real one, faults in its files, small worlds, circles, outlines."""

import hashlib
import json
import math
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sim import grid as grid_module
from sim.errors import DataError, InputError, SimulationError
from sim.grid import (
    CellIndex,
    Grid,
    Municipality,
    cells_frame,
    load_grid,
    municipality_outlines,
    require_rd,
)

DATA = Path(grid_module.__file__).parents[1] / "data" / "twente_grid"
AGES = (0.2, 0.1, 0.25, 0.25, 0.2)


# --- the real grid ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twente():
    return load_grid(DATA)


def test_twente_has_the_counted_totals(twente):
    assert twente.n_cells == 6210
    assert twente.inhabitants == 626_330
    by_name = {
        place.name: int(twente.population[twente.municipality == number].sum())
        for number, place in enumerate(twente.municipalities)
    }
    assert by_name == {
        "Almelo": 72_460,
        "Borne": 21_885,
        "Enschede": 158_585,
        "Haaksbergen": 24_345,
        "Hellendoorn": 35_710,
        "Hengelo": 80_955,
        "Losser": 22_610,
        "Oldenzaal": 32_135,
        "Tubbergen": 21_205,
        "Wierden": 23_910,
        "Twenterand": 33_930,
        "Hof van Twente": 34_995,
        "Rijssen-Holten": 37_660,
        "Dinkelland": 25_945,
    }


def test_twente_is_sorted_typed_and_read_only(twente):
    assert (np.diff(twente.y_dm * 10_000_000 + twente.x_dm) > 0).all()
    codes = [place.gm_code for place in twente.municipalities]
    assert codes == sorted(codes)
    types = {name: getattr(twente, name).dtype for name in ("x_dm", "population", "municipality")}
    assert types == {"x_dm": np.int64, "population": np.int64, "municipality": np.int16}
    assert twente.urbanity.dtype == np.int8
    for name in ("x_dm", "y_dm", "population", "age_weight", "urbanity", "address_density"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(twente, name)[0] = 1


def test_a_cell_of_the_file_arrives_with_all_it_has(twente):
    # E2205N4770,220750,477250,GM1742,232,47.28,29.8,48.52,75.31,31.08,5,47,0.34,Dijkerhoek
    cell = twente.cell_id.index("E2205N4770")
    assert (twente.x_dm[cell], twente.y_dm[cell]) == (2_205_000, 4_770_000)
    assert tuple(twente.centre_m[cell]) == (220_750, 477_250)
    assert twente.municipalities[twente.municipality[cell]].name == "Rijssen-Holten"
    assert twente.population[cell] == 232
    counts = np.array([47.28, 29.8, 48.52, 75.31, 31.08])
    np.testing.assert_allclose(twente.age_weight[cell], counts / 231.99)
    assert (twente.urbanity[cell], twente.address_density[cell]) == (5, 47)
    assert twente.settlement[cell] == "Dijkerhoek"
    assert twente.cell_area_km2 == 0.25


def test_ages_sum_to_one_and_empty_cells_take_those_of_their_municipality(twente):
    np.testing.assert_allclose(twente.age_weight.sum(axis=1), 1)
    empty = np.flatnonzero(twente.population == 0)
    assert empty.size == 70
    for cell in empty:
        place = twente.municipalities[twente.municipality[cell]]
        np.testing.assert_allclose(twente.age_weight[cell], place.age_share)


def test_percentages_that_sum_to_99_become_shares_that_sum_to_one(twente):
    twenterand = next(p for p in twente.municipalities if p.name == "Twenterand")
    np.testing.assert_allclose(twenterand.age_share, np.array([20, 12, 24, 27, 16]) / 99)


def test_loading_leaves_geopandas_and_pandas_alone():
    code = (
        "import sys, pathlib; from sim.grid import load_grid;"
        f"load_grid(pathlib.Path({str(DATA)!r}));"
        "print([name for name in ('geopandas', 'pandas', 'shapely') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"[]"


def test_description_names_every_column_with_meaning_and_unit():
    package = json.loads((DATA / "datapackage.json").read_text())
    assert "CBS / Kadaster" in package["licenses"][0]["title"]
    for resource in package["resources"]:
        content = (DATA / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        header = content.splitlines()[0].decode().split(",")
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        assert all(field["description"] != "" for field in fields)
        assert all("unit" in field for field in fields if field["type"] != "string")


# --- faults in the files ---------------------------------------------------------------------


class Folder:
    """A copy of the data to edit; the hash of an edited table is declared, too, unless refused."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def edit(self, name, old, new, *, declare=True):
        file = self.path / name
        text = file.read_text()
        assert old in text
        self.write(name, text.replace(old, new, 1).encode(), declare=declare)

    def edit_line(self, file, line, values):
        """Set values of columns on a line of a table."""
        lines = (self.path / file).read_text().splitlines()
        header, row = lines[0].split(","), lines[line - 1].split(",")
        for key, value in values.items():
            row[header.index(key)] = value
        lines[line - 1] = ",".join(row)
        self.write(file, ("\n".join(lines) + "\n").encode())

    def place(self, file, line, key):
        """Return `file:line:column` of a value, read from the text of the file."""
        lines = (self.path / file).read_text().splitlines()
        position = lines[0].split(",").index(key)
        before = re.match(rf"(?:[^,]*,){{{position}}}", lines[line - 1])
        return f"{file}:{line}:{before.end() + 1}"

    def rewrite_column(self, key, change):
        lines = [line.split(",") for line in (self.path / "cells.csv").read_text().splitlines()]
        position = lines[0].index(key)
        for row in lines[1:]:
            row[position] = change(row)
        self.write("cells.csv", ("\n".join(map(",".join, lines)) + "\n").encode())

    def write(self, name, content, *, declare=True):
        old = hashlib.sha256((self.path / name).read_bytes()).hexdigest()
        (self.path / name).write_bytes(content)
        if declare and name.endswith(".csv"):
            package = self.path / "datapackage.json"
            new = hashlib.sha256(content).hexdigest()
            package.write_text(package.read_text().replace(old, new))

    def faults(self):
        with pytest.raises(DataError) as caught:
            load_grid(self.path)
        text = str(caught.value).replace(f"{self.path}/", "")
        assert str(self.path) not in text
        return text.split("\n")


@pytest.fixture
def folder(tmp_path):
    for file in DATA.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    return Folder(tmp_path)


def line_of(path, start):
    return next(
        n for n, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(start)
    )


TOO_MANY_IN_RIJSSEN = (
    "municipalities.csv:14:23: population_2014: is 37660 for GM1742 (Rijssen-Holten), but its "
    "cells sum to 37661"
)
CELL_LINE = 3  # E2190N4775,219250,477750,GM1742,5,0.82,0.7,1.08,1.46,0.94,5,37,0.0,


def test_an_untouched_copy_loads(folder):
    assert load_grid(folder.path).inhabitants == 626_330


def test_a_changed_file_is_named_with_what_to_do(folder):
    folder.edit("cells.csv", "Dijkerhoek", "Dijkershoek", declare=False)
    (fault,) = folder.faults()
    line = line_of(folder.path / "datapackage.json", '      "hash": "sha256:e0dd80')
    assert fault.startswith(
        f"datapackage.json:{line}:7: hash: cells.csv was changed: it has 451142"
    )
    assert "declared are 451141 bytes and sha256:e0dd8009" in fault
    assert "write its new hash and bytes here" in fault


def test_a_missing_description(folder):
    (folder.path / "datapackage.json").unlink()
    assert folder.faults() == ["datapackage.json:1:1: the file is missing"]


def test_missing_tables(folder):
    (folder.path / "cells.csv").unlink()
    (folder.path / "municipalities.csv").unlink()
    assert folder.faults() == [
        "municipalities.csv:1:1: the file is missing",
        "cells.csv:1:1: the file is missing",
    ]


def test_a_folder_in_the_place_of_a_file(folder):
    (folder.path / "cells.csv").unlink()
    (folder.path / "cells.csv").mkdir()
    assert folder.faults() == ["cells.csv:1:1: the file cannot be read: Is a directory"]


def test_a_description_that_does_not_parse(folder):
    folder.edit("datapackage.json", '"name": "twente-grid",', '"name": "twente-grid"')
    assert folder.faults() == ["datapackage.json:4:3: not valid JSON: Expecting ',' delimiter"]


def test_a_description_that_is_no_object(folder):
    folder.write("datapackage.json", b"[]")
    assert folder.faults() == ["datapackage.json:1:1: must hold one JSON object"]


def test_a_description_without_totals_and_resources(folder):
    folder.write("datapackage.json", b"{}")
    assert folder.faults() == [
        "datapackage.json:1:1: resources: 'municipalities.csv' is not listed",
        "datapackage.json:1:1: resources: 'cells.csv' is not listed",
        "datapackage.json:1:1: grid: the object with crs, cell size and totals is missing",
    ]


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ('"EPSG:28992",\n', '"EPSG:4326",\n', "crs: is 'EPSG:4326', must be 'EPSG:28992'"),
        ('"cell_size_m": 500', '"cell_size_m": 100', "cell_size_m: is 100, must be 500"),
        ('"cells": 6210', '"cells": 6211', "cells: is 6211, but the tables hold 6210"),
        (
            '"municipalities": 14',
            '"municipalities": 15',
            "municipalities: is 15, but the tables hold 14",
        ),
        (
            '"inhabitants": 626330',
            '"inhabitants": 626331',
            "inhabitants: is 626331, but the tables hold 626330",
        ),
        (
            ',\n    "inhabitants": 626330',
            "",
            "inhabitants: is missing under grid, should be 626330",
        ),
    ],
)
def test_declared_facts_that_do_not_hold(folder, old, new, expected):
    folder.edit("datapackage.json", old, new)
    (fault,) = folder.faults()
    place, message = re.fullmatch(r"datapackage\.json:(\d+:\d+): (.*)", fault).groups()
    assert message == expected
    key = expected.split(":")[0] if "missing" not in expected else "grid"
    line, column = map(int, place.split(":"))
    found = (folder.path / "datapackage.json").read_text().splitlines()[line - 1]
    assert found[column - 1 :].startswith(f'"{key}":')


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"population": "nan"}, "population: must be a finite number, is 'nan'"),
        ({"population": "inf"}, "population: must be a finite number, is 'inf'"),
        ({"population": ""}, "population: must be a finite number, is ''"),
        ({"population": "five"}, "population: must be a finite number, is 'five'"),
        ({"population": "-5"}, "population: must be at least 0, is '-5'"),
        ({"population": "5.5"}, "population: must be a whole number, is '5.5'"),
        ({"age_15_24": "1.7"}, "population: is 5, but the age bands sum to 6.00"),
        ({"age_15_24": "0.74"}, "population: is 5, but the age bands sum to 5.04"),
        ({"age_15_24": "-0.7"}, "age_15_24: must be at least 0, is '-0.7'"),
        ({"urbanity": "6"}, "urbanity: must be from 1 to 5, is '6'"),
        ({"urbanity": "4.5"}, "urbanity: must be a whole number, is '4.5'"),
        ({"address_density": "-1"}, "address_density: must be at least 0, is '-1'"),
        ({"built_up_share": "1.01"}, "built_up_share: must be from 0 to 1, is '1.01'"),
        (
            {"gm_code": "GM1742x"},
            "gm_code: 'GM1742x' is not in municipalities.csv (did you mean 'GM1742'?)",
        ),
        ({"x": "319250"}, "x: must be from 0 to 300000 m in EPSG:28992, is '319250'"),
        ({"y": "277750"}, "y: must be from 300000 to 625000 m in EPSG:28992, is '277750'"),
        (
            {"x": "219251"},
            "x: '219251' is not on the 500 m net: a centre is a multiple of 500 plus 250 m",
        ),
        (
            {"y": "477500"},
            "y: '477500' is not on the 500 m net: a centre is a multiple of 500 plus 250 m",
        ),
        (
            {"x": "218750"},
            "cell_id: 'E2190N4775' does not agree with x, y, which give 'E2185N4775'",
        ),
    ],
)
def test_a_faulty_value_in_a_cell(folder, values, expected):
    folder.edit_line("cells.csv", CELL_LINE, values)
    place = folder.place("cells.csv", CELL_LINE, expected.split(":")[0])
    assert folder.faults() == [f"{place}: {expected}"]


def test_a_cell_that_stands_there_twice(folder):
    line = (folder.path / "cells.csv").read_text().splitlines()[1]
    folder.write("cells.csv", (folder.path / "cells.csv").read_bytes() + f"{line}\n".encode())
    faults = folder.faults()
    assert faults[0] == "cells.csv:6212:1: cell_id: 'E2190N4770' stands on line 2 already"
    assert faults[1:] == [
        TOO_MANY_IN_RIJSSEN,
        *(fault for fault in faults if fault.startswith("datapackage.json")),
    ]
    assert len(faults) == 4


def test_cells_that_do_not_sum_to_their_municipality(folder):
    folder.edit_line("cells.csv", CELL_LINE, {"population": "6", "age_15_24": "1.7"})
    assert folder.faults() == [
        TOO_MANY_IN_RIJSSEN,
        "datapackage.json:38:5: inhabitants: is 626330, but the tables hold 626331",
    ]


def test_people_moved_between_municipalities_are_seen_in_both(folder):
    folder.edit_line("municipalities.csv", 2, {"population_2014": "72465"})
    folder.edit_line("municipalities.csv", 3, {"population_2014": "21880"})
    assert [fault.split(": ", 1)[1] for fault in folder.faults()] == [
        "population_2014: is 72465 for GM0141 (Almelo), but its cells sum to 72460",
        "population_2014: is 21880 for GM0147 (Borne), but its cells sum to 21885",
    ]


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"gm_code": "141"}, "gm_code: must look like GM0153, is '141'"),
        ({"name": " "}, "name: must not be empty"),
        ({"population_2014": "-1"}, "population_2014: must be at least 0, is '-1'"),
        ({"land_ha": "many"}, "land_ha: must be a finite number, is 'many'"),
        ({"address_density": "inf"}, "address_density: must be a finite number, is 'inf'"),
        ({"urbanity": "0"}, "urbanity: must be from 1 to 5, is '0'"),
        ({"pct_age_00_14": "101"}, "pct_age_00_14: must be from 0 to 100, is '101'"),
        (
            {"pct_age_00_14": "28"},
            "pct_age_00_14: the five age percentages sum to 110, must be 100 to rounding",
        ),
    ],
)
def test_a_faulty_municipality(folder, values, expected):
    folder.edit_line("municipalities.csv", 2, values)
    place = folder.place("municipalities.csv", 2, expected.split(":")[0])
    assert f"{place}: {expected}" in folder.faults()


def test_a_municipality_that_stands_there_twice(folder):
    folder.edit_line("municipalities.csv", 3, {"gm_code": "GM0141"})
    assert "municipalities.csv:3:1: gm_code: 'GM0141' stands on line 2 already" in folder.faults()


def test_columns_with_other_names(folder):
    folder.edit("cells.csv", "population", "populaton")
    folder.edit("cells.csv", ",settlement", ",settlement,shoe_size")
    text = (folder.path / "cells.csv").read_text()
    head, body = text.split("\n", 1)
    folder.write("cells.csv", (head + "\n" + body.replace("\n", ",1\n")).encode())
    assert folder.faults() == [
        "cells.csv:1:21: populaton: unknown column (did you mean 'population'?)",
        "cells.csv:1:134: shoe_size: unknown column",
        "cells.csv:1:1: population: the column is missing",
    ]


def test_a_column_that_stands_there_twice(folder):
    folder.edit("municipalities.csv", "address_density", "land_ha")
    assert folder.faults() == [
        "municipalities.csv:1:38: land_ha: the column stands here for the second time",
        "municipalities.csv:1:1: address_density: the column is missing",
    ]


def test_a_row_with_too_few_values(folder):
    folder.edit("municipalities.csv", "GM0147,Borne,", "GM0147,")
    assert "municipalities.csv:3:1: 10 values where the header names 11 columns" in folder.faults()


def test_tables_without_rows_or_text(folder):
    folder.write("cells.csv", b"")
    folder.write("municipalities.csv", b"gm_code,name\n\xff\n")
    faults = folder.faults()
    assert "municipalities.csv:2:1: the file is not UTF-8 text" in faults
    assert "cells.csv:1:1: the table has no rows" in faults


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(folder):
    text = (folder.path / "cells.csv").read_bytes()
    folder.write("cells.csv", b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert load_grid(folder.path).inhabitants == 626_330


@pytest.mark.parametrize(
    "change_x, change_y, expected",
    [
        (
            lambda x: 6.0 + x / 1e6,
            lambda y: 52.0 + y / 1e7,
            r"x, y: the centres look like degrees \(6\.2\d, 52\.05\), must be metres in EPSG:2",
        ),
        (
            lambda x: x * 1.6 + 350_000,
            lambda y: y * 1.6 + 6_100_000,
            r"x, y: the centres look like EPSG:3857, web Mercator \(\d{6}, 6\d{6}\), must be metr",
        ),
        (
            lambda x: x + 230_000,
            lambda y: y - 230_000,
            r"x, y: the centres look like x and y in each other's place \(4\d{5}, 2\d{5}\), must",
        ),
    ],
)
def test_another_coordinate_system_is_recognised_and_said_once(
    folder, change_x, change_y, expected
):
    folder.rewrite_column("x", lambda row: str(change_x(float(row[1]))))
    folder.rewrite_column("y", lambda row: str(change_y(float(row[2]))))
    (fault,) = folder.faults()
    assert re.match(r"cells\.csv:2:12: " + expected, fault)


def test_a_fault_on_every_line_is_counted(folder):
    folder.rewrite_column("urbanity", lambda _: "9")
    faults = folder.faults()
    assert len(faults) == 11
    assert faults[-1].endswith(
        "urbanity: the same fault on 6200 more lines, the last is line 6211"
    )


def test_all_faults_are_listed_at_once(folder):
    folder.edit("datapackage.json", '"cells": 6210', '"cells": 6000')
    folder.edit("municipalities.csv", "Enschede", "")
    folder.edit_line("cells.csv", 3, {"population": "nan", "urbanity": "7"})
    folder.edit_line("cells.csv", 4, {"x": "1", "gm_code": "GM0142"})
    folder.edit("cells.csv", "Dijkerhoek", "Markelo", declare=False)
    kinds = [re.sub(r"[:\d]*: .*", "", fault) for fault in folder.faults()]
    texts = " ".join(folder.faults())
    assert kinds.count("cells.csv") == 4
    assert kinds.count("municipalities.csv") == 1
    assert kinds.count("datapackage.json") == 2
    for part in (
        "name: must not be",
        "'nan'",
        "'7'",
        "x: '1'",
        "GM0142",
        "is 6000",
        "was changed",
    ):
        assert part in texts


# --- small worlds ----------------------------------------------------------------------------


def town(code="GM0001", population=0, **values):
    fields = {"name": code, "land_ha": 25.0, "address_density": 50.0, "urbanity": 4}
    return Municipality(code, population=population, age_share=AGES, **{**fields, **values})


def world(columns, rows, *, size_dm=5000, origin=(0, 0), population=None, **values):
    """Return a grid of one municipality with cells at the given places of the net."""
    people = np.ones(len(columns), dtype=int) if population is None else population
    return Grid.from_arrays(
        x_dm=np.asarray(columns) * size_dm + origin[0],
        y_dm=np.asarray(rows) * size_dm + origin[1],
        size_dm=size_dm,
        municipality=np.zeros(len(columns), dtype=int),
        population=people,
        municipalities=[town(population=int(np.sum(people)))],
        **values,
    )


def test_what_is_left_out_comes_from_the_municipality():
    small = world([1, 0], [0, 0])
    assert small.urbanity.tolist() == [4, 4]
    assert small.address_density.tolist() == [50, 50]
    np.testing.assert_allclose(small.age_weight, [AGES, AGES])
    assert small.settlement == ("", "")
    assert small.cell_id == ("E0000N0000", "E0005N0000")


def test_cells_and_municipalities_come_in_any_order():
    small = Grid.from_arrays(
        x_dm=[5000, 0, 0],
        y_dm=[0, 5000, 0],
        municipality=[0, 1, 1],
        population=[7, 2, 3],
        municipalities=[town("GM0009", 7), town("GM0002", 5)],
        settlement=["east", "north", "corner"],
        urbanity=[1, 2, 3],
        address_density=[10, 20, 30],
        age_weight=[[0, 0, 4, 0, 0], [0] * 5, [1] * 5],
        cell_id=["a", "b", "c"],
    )
    assert small.settlement == ("corner", "east", "north")
    assert small.cell_id == ("c", "a", "b")
    assert small.population.tolist() == [3, 7, 2]
    assert small.municipality.tolist() == [0, 1, 0]
    assert [place.gm_code for place in small.municipalities] == ["GM0002", "GM0009"]
    assert small.urbanity.tolist() == [3, 1, 2]
    assert small.address_density.tolist() == [30, 10, 20]
    np.testing.assert_allclose(small.age_weight, [[0.2] * 5, [0, 0, 1, 0, 0], AGES])


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"x_dm": [0]}, r"x_dm, y_dm: must be two lists of the same length, have shapes \(1,\)"),
        ({"x_dm": [0.0, 5000.0]}, "x_dm, y_dm: must be integers, are float64"),
        ({"size_dm": 0}, "size_dm: must be above 0, is 0"),
        ({"x_dm": [0, 5001]}, r"1 cells are not on one net of 5000 dm .* cell 1 at \(5001, 0\)"),
        ({"y_dm": [0, 1]}, r"1 cells are not on one net of 5000 dm .* cell 1 at \(5000, 1\)"),
        ({"x_dm": [0, 0]}, "x_dm, y_dm: 1 cells lie in the place of another"),
        ({"x_dm": [0, 5000 * 10**8]}, "the cells span more than 10000000 places"),
        ({"municipality": [0, 1]}, "municipality: must be from 0 to 0"),
        ({"population": [-1, 5]}, "population: must be at least 0, is -1"),
        ({"population": [1, 5]}, "GM0001 has 4 inhabitants, but its cells sum to 6"),
        (
            {"population": [2.0, 2.0]},
            r"population: must be 2 integers, is float64 of shape \(2,\)",
        ),
        ({"municipalities": [town(), town()]}, "municipalities: GM0001 stands there 2 times"),
        (
            {"municipalities": [replace(town(population=4), age_share=(0.5, 0.4, 0, 0, 0))]},
            "age_share of GM0001 must be 5 shares that sum to 1",
        ),
        ({"urbanity": [1, 6]}, "urbanity: must be finite and from 1 to 5, is 6"),
        ({"address_density": [1, math.nan]}, "address_density: must be finite .*, is nan"),
        ({"address_density": [1, math.inf]}, "address_density: must be finite .*, is inf"),
        ({"age_weight": [1, 2]}, r"age_weight: must have shape \(2, 5\), has \(2,\)"),
        ({"settlement": ["one"]}, r"settlement: must have shape \(2,\), has \(1,\)"),
        ({"setlement": ["a", "b"]}, r"setlement: unknown .* \(did you mean 'settlement'\?\)"),
    ],
)
def test_arrays_that_make_no_grid_are_refused(change, expected):
    arguments = {
        "x_dm": [0, 5000],
        "y_dm": [0, 0],
        "municipality": [0, 0],
        "population": [2, 2],
        "municipalities": [town(population=4)],
    }
    Grid.from_arrays(**arguments)
    with pytest.raises(DataError, match=expected):
        Grid.from_arrays(**{**arguments, **change})


@pytest.mark.parametrize("kind", [SimulationError, InputError, DataError])
def test_errors_survive_the_way_simpy_and_pickle_rebuild_them(kind):
    error = kind("one\ntwo")
    for copy in (type(error)(*error.args), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert (type(copy), copy.args) == (kind, ("one\ntwo",))
    assert isinstance(error, ValueError)


# --- circles ---------------------------------------------------------------------------------

places = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=60, unique=True
)
sizes_dm = st.sampled_from([1, 7, 1000, 5000])
points_dm = st.integers(-30_000, 90_000)
radii_m = st.one_of(
    st.integers(0, 4000), st.decimals(0, 4000, places=1).map(float), st.just(1_000_000)
)


def touching(grid, x_dm, y_dm, radius_m):
    """Compare the nearest point of every cell with the radius, in exact Python integers."""
    found = []
    for cell, (left, bottom) in enumerate(
        zip(grid.x_dm.tolist(), grid.y_dm.tolist(), strict=True)
    ):
        dx = x_dm - min(max(x_dm, left), left + grid.size_dm)
        dy = y_dm - min(max(y_dm, bottom), bottom + grid.size_dm)
        if dx * dx + dy * dy <= round(10 * radius_m) ** 2:
            found.append(cell)
    return found


@given(places, sizes_dm, points_dm, points_dm, radii_m)
def test_cells_in_a_circle_are_those_found_by_looking_at_each(cells, size_dm, x, y, radius_m):
    grid = world(*zip(*cells, strict=True), size_dm=size_dm)
    found = CellIndex.of(grid).cells_in_circle(x, y, radius_m)
    assert found.tolist() == touching(grid, x, y, radius_m)


@given(places, st.integers(0, 12), st.integers(0, 12), st.integers(0, 13))
def test_a_circle_that_just_touches_an_edge_holds_the_cell(cells, column, row, reach):
    grid = world(*zip(*cells, strict=True))
    x, y = column * 5000, row * 5000
    index = CellIndex.of(grid)
    assert index.cells_in_circle(x, y, reach * 500).tolist() == touching(grid, x, y, reach * 500)


@given(places, sizes_dm, st.lists(st.tuples(points_dm, points_dm), min_size=1))
def test_the_cell_at_a_point_is_the_one_that_holds_it(cells, size_dm, points):
    grid = world(*zip(*cells, strict=True), size_dm=size_dm)
    ordinal = {
        place: cell
        for cell, place in enumerate(zip(grid.x_dm.tolist(), grid.y_dm.tolist(), strict=True))
    }
    expected = [ordinal.get((x - x % size_dm, y - y % size_dm), -1) for x, y in points]
    x_dm, y_dm = np.array(points).T
    assert CellIndex.of(grid).cell_at(x_dm, y_dm).tolist() == expected


@given(
    places,
    points_dm,
    points_dm,
    st.integers(0, 4000),
    st.tuples(st.integers(-500, 500), st.integers(-500, 500)),
)
def test_moving_everything_by_whole_cells_changes_nothing(cells, x, y, radius_m, step):
    shift = (step[0] * 5000, step[1] * 5000)
    here = world(*zip(*cells, strict=True), population=np.arange(len(cells)))
    there = world(*zip(*cells, strict=True), population=np.arange(len(cells)), origin=shift)
    assert (there.x_dm - here.x_dm == shift[0]).all()
    assert (there.y_dm - here.y_dm == shift[1]).all()
    assert there.population.tolist() == here.population.tolist()
    near, far = CellIndex.of(here), CellIndex.of(there)
    for first, second in zip(
        near.runs_in_circle(x, y, radius_m),
        far.runs_in_circle(x + shift[0], y + shift[1], radius_m),
        strict=True,
    ):
        assert first.tolist() == second.tolist()
    assert near.cell_at(x, y) == far.cell_at(x + shift[0], y + shift[1])
    assert near.before.tolist() == far.before.tolist()


def test_runs_are_slices_of_the_cells_found(twente):
    index = CellIndex.of(twente)
    first, stop = index.runs_in_circle(2_575_000, 4_715_000, 2000)
    runs = [cell for a, b in zip(first, stop, strict=True) for cell in range(a, b)]
    assert runs == index.cells_in_circle(2_575_000, 4_715_000, 2000).tolist()
    assert (stop[:-1] <= first[1:]).all()
    # The area of the cells lies between that of the circle and of a circle one diagonal wider.
    assert math.pi * 2**2 < len(runs) * 0.25 < math.pi * 2.708**2


@pytest.mark.parametrize("radius_m, cells", [(0.04, []), (0.07, [0])])
def test_a_radius_is_rounded_to_decimetres(radius_m, cells):
    index = CellIndex.of(world([0], [0]))
    assert index.cells_in_circle(-1, 0, radius_m).tolist() == cells


@pytest.mark.parametrize("radius_m", [-1, math.nan, math.inf, 1_000_001])
def test_a_radius_that_is_no_distance_is_refused(radius_m):
    with pytest.raises(InputError, match=f"radius_m must be from 0 to 1000000, is {radius_m}"):
        CellIndex.of(world([0], [0])).runs_in_circle(0, 0, radius_m)


# --- geometry --------------------------------------------------------------------------------


def test_outlines_are_fourteen_polygons_that_cover_the_cells_without_overlap(twente):
    outlines = municipality_outlines(twente)
    assert list(outlines.columns) == ["gm_code", "name", "geometry"]
    assert outlines.crs.to_epsg() == 28992
    assert outlines["gm_code"].tolist() == [p.gm_code for p in twente.municipalities]
    assert outlines["name"].tolist() == [p.name for p in twente.municipalities]
    assert outlines.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    assert outlines.is_valid.all()
    cells = np.bincount(twente.municipality)
    np.testing.assert_allclose(outlines.area / 250_000, cells, rtol=1e-12)
    np.testing.assert_allclose(outlines.union_all().area, outlines.area.sum(), rtol=1e-12)


def test_cells_are_squares_in_rd(twente):
    frame = cells_frame(twente)
    assert frame.crs.to_epsg() == 28992
    assert frame["population"].sum() == 626_330
    assert set(frame.area) == {250_000.0}
    cell = frame[frame["cell_id"] == "E2205N4770"].iloc[0]
    assert cell.geometry.bounds == (220_500, 477_000, 221_000, 477_500)
    assert (cell["gm_code"], cell["settlement"]) == ("GM1742", "Dijkerhoek")


def test_a_frame_without_or_with_another_crs_is_refused():
    point = [shapely.Point(0, 0)]
    with pytest.raises(DataError, match="is not set, must be EPSG:28992"):
        require_rd(geopandas.GeoDataFrame(geometry=point))
    with pytest.raises(DataError, match="is EPSG:4326, must be EPSG:28992"):
        require_rd(geopandas.GeoDataFrame(geometry=point, crs="EPSG:4326"))
    frame = geopandas.GeoDataFrame(geometry=point, crs="EPSG:28992")
    assert require_rd(frame) is frame
