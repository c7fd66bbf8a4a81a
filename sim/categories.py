"""The categories of incidents: what each is, and where its parameters are found. A new category is
one more row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """Kinds of incident."""

    MISSING = 0
    ROBBERY = 1
    THEFT = 2


KIND_NAMES = ("missing", "robbery", "theft")


@dataclass(frozen=True, slots=True)
class Category:
    """One category of incident.

    Attributes:
        name: as in the tables.
        kind: missing, robbery or theft.
        weight: parameter that holds its weight within the kind.
        traits: suffix of the parameters of delay, clocks, visibility and knowledge.
        quantiles_km: distances from the last-known point at the shares of `QUANTILE_SHARES`; empty
            for those who flee.
        speed: parameter that holds the speed.
        walks: the speed is the mode of a triangular distribution (else used as it is).
    """

    name: str
    kind: Kind
    weight: str
    traits: str
    quantiles_km: tuple[float, ...]
    speed: str
    walks: bool = True


QUANTILE_SHARES = (0.25, 0.50, 0.75, 0.95)
"""Shares of the distance tables (Koester, Lost Person Behavior, 2008: 25, 50, 75 and 95 %)."""

CATEGORIES: tuple[Category, ...] = (
    # Police level (Grampian 2007): median 0.6-0.7 km; the tail as in Koester's urban table.
    Category(
        "dementia",
        Kind.MISSING,
        "weight_dementia",
        "dementia",
        (0.32, 0.70, 1.60, 5.80),
        "walk_speed_dementia_m_per_s",
    ),
    Category(
        "despondent",
        Kind.MISSING,
        "weight_despondent",
        "despondent",
        (0.10, 0.48, 1.45, 13.04),
        "walk_speed_other_m_per_s",
    ),
    # Koester urban, children of 7-9 stand for those under 13.
    Category(
        "child",
        Kind.MISSING,
        "weight_child",
        "child",
        (0.16, 0.48, 1.45, 5.15),
        "walk_speed_other_m_per_s",
    ),
    # Grampian, 12-14 years: 30 % within 1 km, 50 % 3, 70 % 8, 90 % 43 km; they use transport.
    Category(
        "youth",
        Kind.MISSING,
        "weight_youth",
        "youth",
        (0.80, 3.00, 10.0, 60.0),
        "transport_speed_m_per_s",
        walks=False,
    ),
    # Koester, intellectual disability, urban.
    Category(
        "other",
        Kind.MISSING,
        "weight_other",
        "other",
        (0.32, 0.80, 3.70, 9.88),
        "walk_speed_other_m_per_s",
    ),
    Category(
        "flight_foot",
        Kind.ROBBERY,
        "weight_flight_foot",
        "foot",
        (),
        "flight_speed_foot_m_per_s",
        walks=False,
    ),
    Category(
        "flight_scooter",
        Kind.ROBBERY,
        "weight_flight_scooter",
        "scooter",
        (),
        "flight_speed_scooter_m_per_s",
        walks=False,
    ),
    Category(
        "flight_car",
        Kind.ROBBERY,
        "weight_flight_car",
        "car",
        (),
        "flight_speed_car_m_per_s",
        walks=False,
    ),
    Category(
        "theft_foot",
        Kind.THEFT,
        "weight_flight_foot",
        "foot",
        (),
        "flight_speed_foot_m_per_s",
        walks=False,
    ),
    Category(
        "theft_scooter",
        Kind.THEFT,
        "weight_flight_scooter",
        "scooter",
        (),
        "flight_speed_scooter_m_per_s",
        walks=False,
    ),
    Category(
        "theft_car",
        Kind.THEFT,
        "weight_flight_car",
        "car",
        (),
        "flight_speed_car_m_per_s",
        walks=False,
    ),
)


def of_kind(kind: Kind) -> list[int]:
    """Return the numbers of the categories of a kind."""
    return [i for i, category in enumerate(CATEGORIES) if category.kind == kind]
