"""A synthetic country: Twente side by side with itself, with the national use of Burgernet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.grid import Grid
from sim.grid_tables import Municipality
from sim.parameters import Parameters
from sim.policy import Policy, merge
from sim.world import REFERENCE_INHABITANTS, World

PARTICIPATION_SHARE = 0.083
"""Participants per inhabitant in the Netherlands, November 2014: 1.4 of 16.9 million."""
ACTIONS_PER_10_000 = 4.3
"""Actions a year per 10,000 inhabitants in the Netherlands, November 2014."""
REPORTS_FACTOR = 1.03
"""Factor on the reports of Twente with which a control room that uses every eligible incident
comes to the national number of actions: the mean of 20 replications over ten years without it
is 4.17 per 10,000 inhabitants."""
OPERATORS_PER_TILE = 2
MOST_OPERATORS = 50
"""As many as a policy may have."""
REPORTS = ("missing_reports_per_year", "robbery_reports_per_year", "theft_reports_per_year")


@dataclass(frozen=True, slots=True)
class TiledCountry:
    """Loads a country of some tiles; the same value in every process, as workers ask for."""

    tiles: int

    def __call__(self, grid_folder: Path, behaviour_folder: Path) -> World:
        """Load the tile and lay it out."""
        return tiled(World.load(grid_folder, behaviour_folder), self.tiles)


def tiled(world: World, tiles: int) -> World:
    """Return a country of copies of a region, row by row in a square, none over another.

    Municipalities get codes and names of their own, and every copy police areas of its own;
    response times are those of the original.
    """
    grid, n_areas = world.grid, int(world.area.max()) + 1
    columns = math.ceil(math.sqrt(tiles))
    width_dm = int(grid.x_dm.max() - grid.x_dm.min()) + grid.size_dm
    height_dm = int(grid.y_dm.max() - grid.y_dm.min()) + grid.size_dm
    column, row = np.arange(tiles) % columns, np.arange(tiles) // columns
    n_towns = len(grid.municipalities)
    places = [_copy(place, tile) for tile in range(tiles) for place in grid.municipalities]
    country = Grid.from_arrays(
        x_dm=np.concatenate([grid.x_dm + width_dm * c for c in column]),
        y_dm=np.concatenate([grid.y_dm + height_dm * r for r in row]),
        municipality=np.concatenate(
            [grid.municipality.astype(np.int64) + n_towns * tile for tile in range(tiles)]
        ),
        population=np.tile(grid.population, tiles),
        municipalities=places,
        size_dm=grid.size_dm,
        age_weight=np.tile(grid.age_weight, (tiles, 1)),
        urbanity=np.tile(grid.urbanity.astype(np.int64), tiles),
        address_density=np.tile(grid.address_density, tiles),
        settlement=grid.settlement * tiles,
    )
    # The grid puts its municipalities in the order of their codes.
    order = np.array([places.index(place) for place in country.municipalities])
    areas = np.concatenate([world.area.astype(np.int64) + n_areas * t for t in range(tiles)])
    return World(
        grid=country,
        occupancy=world.occupancy,
        response_class=np.tile(world.response_class, tiles)[order],
        area=_narrow(areas[order]),
    )


def _copy(place: Municipality, tile: int) -> Municipality:
    return replace(place, gm_code=f"{place.gm_code}T{tile:02d}", name=f"{place.name} {tile + 1}")


def _narrow(areas: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return areas as the world keeps them.

    Raises:
        OverflowError: there are too many for that.
    """
    narrow = areas.astype(np.int8)
    if not np.array_equal(narrow, areas):
        raise OverflowError(f"{int(areas.max()) + 1} police areas do not fit into 8 bits")
    return narrow


def national_parameters(parameters: Parameters, rate_factor: float = 1.0) -> Parameters:
    """Return the parameters with national participation and a multiple of the national rate.

    Args:
        parameters: those of Twente.
        rate_factor: actions relative to the national rate.
    """
    factor = REPORTS_FACTOR * rate_factor
    return parameters.with_values(
        {
            "registered_at_start": PARTICIPATION_SHARE * REFERENCE_INHABITANTS,
            **{name: parameters[name] * factor for name in REPORTS},
        }
    )


def national_policies(policies: tuple[Policy, ...], tiles: int) -> tuple[Policy, ...]:
    """Return policies whose control rooms use every eligible incident, where they use any.

    Each tile brings its operators, up to the largest number that a policy may have.
    """
    operators = min(OPERATORS_PER_TILE * tiles, MOST_OPERATORS)
    changed = []
    for policy in policies:
        levers = {
            "operator_use": 1.0 if policy.operator_use > 0.0 else 0.0,
            "control_room": {"operators": operators},
        }
        changed.append(Policy.model_validate(merge(policy.model_dump(by_alias=True), levers)))
    return tuple(changed)
