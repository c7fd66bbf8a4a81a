"""What the model's addresses and narrow integers can hold, beside what a country needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import pdtrik

from sim.categories import Kind
from sim.draws import Stream
from sim.incidents import ADDRESS_HOURS, PER_HOUR, hourly_rate
from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import WORD_RANGE
from sim.setting import Setting
from sim.world import World

_HIGHEST_PERSON = 1 << 31
"""Ids of candidates lie below, those of the public from here on."""
_PUBLIC_PER_CELL = 4 * 2048
"""Addresses of members of the public in a cell: channels times people."""
_RARE = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that must stay below another."""

    what: str
    needed: int
    below: int

    @property
    def holds(self) -> bool:
        """Whether there is room."""
        return self.needed < self.below


def limits(
    world: World, policies: Sequence[Policy], parameters: Parameters, start: date, years: int
) -> list[Limit]:
    """Return every limit with the largest number that a country needs."""
    setting = Setting.of(world, policies, parameters, Stream(0, 0), start, years)
    people = world.grid.inhabitants * (setting.newcomer_years + 1)
    busiest = max(
        float(hourly_rate(kind, setting.calendar, parameters, world.scale).max()) for kind in Kind
    )
    hours = setting.calendar.last_s // 3600 + ADDRESS_HOURS
    return [
        Limit("ids of candidates, newcomers included", people, _HIGHEST_PERSON),
        Limit(
            "ids of members of the public",
            _HIGHEST_PERSON + world.grid.n_cells * _PUBLIC_PER_CELL,
            WORD_RANGE,
        ),
        Limit("ids of incidents", int(hours) * len(Kind) * PER_HOUR, WORD_RANGE),
        Limit(
            "incidents of a kind in the busiest hour, exceeded once in 1e9",
            int(np.ceil(pdtrik(1.0 - _RARE, busiest))),
            PER_HOUR,
        ),
        Limit(
            "highest number of a municipality",
            len(world.grid.municipalities) - 1,
            np.iinfo(world.grid.municipality.dtype).max + 1,
        ),
        Limit(
            "highest number of a police area",
            int(world.area.max()),
            np.iinfo(world.area.dtype).max + 1,
        ),
    ]
