"""The candidates: residents of 16 or older who would ever take part, drawn once per replication
for all policies.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.clock import YEAR_S
from sim.compiled import compiled
from sim.draws import Bools, Floats, Ints, Purpose, Stream, lognormal, to_seconds
from sim.grid import Grid
from sim.layout import Columns
from sim.parameters import Parameters
from sim.world import REFERENCE_INHABITANTS, World

ADULT_SHARE = np.array([0.0, 0.9, 1.0, 1.0, 1.0])
"""Share of each age band that is 16 or older (15-24: nine of ten years)."""
_DM_PER_KM = 10_000
_AT_A_TIME = 250_000
_LAST_BAND = 4
_RESIDENT = int(Purpose.RESIDENT)


@dataclass(frozen=True, slots=True)
class Candidates(Columns):
    """Candidates as arrays [n], in order of their id.

    Attributes:
        id: the address of a person's draws; unique, below 2**32.
        x_dm, y_dm: home, RD in decimetres.
        work_x_dm, work_y_dm, leisure_x_dm, leisure_y_dm: where they usually are when away.
        municipality, age_band: numbers.
        prefers_voice: wants a call instead of a text.
        entry_s: when they appear (negative: from the start on).
        start_level: uniform that decides whether they are registered at the start.
        stale_level: uniform that decides whether that record is stale.
        app_level: uniform that decides from which share of adoption on they use the app.
        move_level: uniform that decides whether a policy that moves the register to the app moves
            them.
        start_share: probability with which this candidate is registered at the start.
    """

    id: Ints
    x_dm: Ints
    y_dm: Ints
    work_x_dm: Ints
    work_y_dm: Ints
    leisure_x_dm: Ints
    leisure_y_dm: Ints
    municipality: Ints
    age_band: Ints
    prefers_voice: Bools
    entry_s: Ints
    start_level: Floats
    stale_level: Floats
    app_level: Floats
    move_level: Floats
    start_share: Floats

    def __len__(self) -> int:
        return len(self.id)


def willing_share(grid: Grid, parameters: Parameters) -> Floats:
    """Return the probability that an inhabitant of a cell and age band would ever take part,
    [n_cells, 5].

    Relative shares by age and urbanity, scaled so that the expected number over the grid is
    `willing_share` of all inhabitants.
    """
    p = parameters
    ages = np.array(
        [
            0.0,
            p.willing_factor_15_24,
            p.willing_factor_25_44,
            p.willing_factor_45_64,
            p.willing_factor_65_plus,
        ]
    )
    urban = np.maximum(1.0 + p.willing_urban_slope * (grid.urbanity - 3.0), 0.0)
    relative = urban[:, None] * (ages * ADULT_SHARE)[None, :]
    people = grid.population[:, None] * grid.age_weight
    scale = p.willing_share * grid.population.sum() / (relative * people).sum()
    return np.asarray(np.minimum(relative * scale, 1.0))


def leaving_rates(parameters: Parameters) -> tuple[Floats, Floats]:
    """Return the yearly rates of departure (without alerts) and of decay by age band, two arrays
    [5].

    Departure: death, leaving Twente, unwilling for good. Decay: a move within Twente or a change
    of number that is not passed on.
    """
    p = parameters
    within = np.array(
        [
            0.0,
            p.moves_within_15_24,
            p.moves_within_25_44,
            p.moves_within_45_64,
            p.moves_within_65_plus,
        ]
    )
    between = np.array(
        [
            0.0,
            p.moves_between_15_24,
            p.moves_between_25_44,
            p.moves_between_45_64,
            p.moves_between_65_plus,
        ]
    )
    deaths = np.array(
        [0.0, p.deaths_under_65, p.deaths_under_65, p.deaths_under_65, p.deaths_65_plus]
    )
    departure = deaths + between * p.leaves_region_given_between + p.lapse_rate
    moved = within + between * (1.0 - p.leaves_region_given_between)
    decay = (moved + p.number_change_rate) * (1.0 - p.self_update_share)
    return departure, decay


def draw_candidates(
    world: World, parameters: Parameters, stream: Stream, years: int
) -> Candidates:
    """Draw the candidates present at the start and those who appear later.

    Every inhabitant has a number in the order of the cells; those below a threshold are willing,
    so that a larger share contains a smaller one. Each of them is followed in every year, with the
    probability with which people leave, by a newcomer in the same cell and
    age band: without any policy the pool is stationary. The newcomers of a year do not depend on
        how many years are drawn.

    Args:
        world: grid and tables.
        parameters: uncertain parameters.
        stream: draws of the replication.
        years: number of years for which newcomers are drawn.
    """
    grid = world.grid
    cell = np.repeat(np.arange(grid.n_cells, dtype=np.int32), grid.population)
    n_residents = len(cell)
    share = willing_share(grid, parameters)
    resident, age = _willing(grid, share, stream)
    ids, slots, ages, entries = [resident], [resident], [age], [np.full(len(resident), -1)]
    departure = leaving_rates(parameters)[0]
    for year in range(years):
        u = stream.uniforms(Purpose.ENTRY, resident, year)
        new = u[0] < departure[age]
        ids.append(resident[new] + (year + 1) * n_residents)
        slots.append(resident[new])
        ages.append(age[new])
        entries.append(to_seconds((year + u[1][new]) * YEAR_S))
    every_id = np.concatenate(ids)
    order = np.argsort(every_id, kind="stable")
    return _persons(
        every_id[order],
        cell[np.concatenate(slots)[order]],
        np.concatenate(ages)[order],
        np.concatenate(entries)[order],
        world,
        parameters,
        stream,
    )


def _willing(grid: Grid, share: Floats, stream: Stream) -> tuple[Ints, Ints]:
    """Return number and age band of the willing residents."""
    given = (
        grid.population.astype(np.int64),
        np.cumsum(grid.age_weight, axis=1),
        share,
        (stream.seed, stream.replication),
    )
    nobody = np.zeros(0, dtype=np.int64)
    n = _draw_willing(*given, nobody, nobody)
    resident, age = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    _draw_willing(*given, resident, age)
    return resident, age


@compiled
def _draw_willing(
    population: Ints,
    bands: Floats,
    share: Floats,
    key: tuple[int, int],
    resident: Ints,
    age: Ints,
) -> int:
    """Draw who of all residents is willing.

    Args:
        population: residents of each cell; they are numbered in the order of the cells.
        bands: cumulated share of the age bands by [cell, 5].
        share: probability of being willing by [cell, 5].
        key: seed and replication.
        resident, age: set to number and age band of the willing; may have no room.

    Returns:
        How many there are.
    """
    number, n = 0, 0
    for cell in range(len(population)):
        most = max(share[cell, 0], share[cell, 1], share[cell, 2], share[cell, 3], share[cell, 4])
        for _ in range(population[cell]):
            words = scalar.philox(number, 0, 0, _RESIDENT, key[0], key[1])
            level, place = scalar.uniform(words[0]), scalar.uniform(words[1])
            if level < most:
                band = 0
                while band < _LAST_BAND and place > bands[cell, band]:
                    band += 1
                if level < share[cell, band]:
                    if n < len(resident):
                        resident[n], age[n] = number, band
                    n += 1
            number += 1
    return n


def _persons(
    ids: Ints,
    cell: Ints,
    age: Ints,
    entry_s: Ints,
    world: World,
    parameters: Parameters,
    stream: Stream,
) -> Candidates:
    """Draw everything about people, some at a time: the draws of a country would fill memory."""
    starts = range(0, max(len(ids), 1), _AT_A_TIME)
    parts = [slice(start, start + _AT_A_TIME) for start in starts]
    share = start_share(world.grid, parameters)
    whole: dict[str, NDArray[Any]] = {}
    for part in parts:
        given = (ids[part], cell[part], age[part], entry_s[part])
        some = _some_persons(*given, share, world.grid, parameters, stream)
        for field in fields(Candidates):
            values = getattr(some, field.name)
            column = whole.setdefault(field.name, np.empty(len(ids), dtype=values.dtype))
            column[part] = values
    return Candidates(**whole)


def _some_persons(
    ids: Ints,
    cell: Ints,
    age: Ints,
    entry_s: Ints,
    share: Floats,
    grid: Grid,
    parameters: Parameters,
    stream: Stream,
) -> Candidates:
    home = stream.uniforms(Purpose.HOME, ids)
    person = stream.uniforms(Purpose.PERSON, ids)
    x_dm = grid.x_dm[cell] + (home[0] * grid.size_dm).astype(np.int64)
    y_dm = grid.y_dm[cell] + (home[1] * grid.size_dm).astype(np.int64)
    p = parameters
    voice = np.array(
        [
            0.0,
            p.voice_share_under_45,
            p.voice_share_under_45,
            p.voice_share_45_64,
            p.voice_share_65_plus,
        ]
    )
    work = _away_place(stream, Purpose.WORKPLACE, ids, p.work_near_home_share, p)
    leisure = _away_place(stream, Purpose.LEISURE_PLACE, ids, p.leisure_near_share, p)
    return Candidates(
        id=ids,
        x_dm=x_dm,
        y_dm=y_dm,
        work_x_dm=x_dm + work[0],
        work_y_dm=y_dm + work[1],
        leisure_x_dm=x_dm + leisure[0],
        leisure_y_dm=y_dm + leisure[1],
        municipality=grid.municipality[cell].astype(np.int64),
        age_band=age,
        prefers_voice=person[0] < voice[age],
        entry_s=entry_s,
        start_level=np.where(entry_s < 0, person[1], 1.0),
        stale_level=home[2],
        app_level=home[3],
        move_level=person[2],
        start_share=share[cell, age],
    )


def start_share(grid: Grid, parameters: Parameters) -> Floats:
    """Return the probability that a candidate is registered at the start, [n_cells, 5], so that
    the expected total is right.

    The willing of all kinds are equally likely: age and urbanity already shape who is willing.
    """
    willing = (willing_share(grid, parameters) * grid.population[:, None] * grid.age_weight).sum()
    scale = grid.population.sum() / REFERENCE_INHABITANTS
    share = min(parameters.registered_at_start * scale / max(willing, 1.0), 1.0)
    return np.full((grid.n_cells, 5), share)


def _away_place(
    stream: Stream, purpose: Purpose, ids: Ints, near_share: float, parameters: Parameters
) -> tuple[Ints, Ints]:
    """Return the offset from home of a usual away place, in decimetres."""
    u = stream.uniforms(purpose, ids)
    median_km = np.where(
        u[0] < near_share, parameters.near_distance_km, parameters.far_distance_km
    )
    distance_dm = np.minimum(lognormal(u[1], median_km, 0.7) * _DM_PER_KM, 2_000_000.0)
    angle = 2.0 * np.pi * u[2]
    return np.rint(distance_dm * np.cos(angle)).astype(np.int64), np.rint(
        distance_dm * np.sin(angle)
    ).astype(np.int64)


def registered_at_start(candidates: Candidates) -> Bools:
    """Tell who is registered at the start: each by an own threshold, never by ranking."""
    return np.asarray(candidates.start_level < candidates.start_share)
