"""Incidents that could become an action: when, where, which case, and how each would end without
an alert.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.categories import CATEGORIES, Kind, of_kind
from sim.clock import DAY_S, HOUR_S, YEAR_S, Calendar, DayType
from sim.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    Stream,
    lognormal,
    normal_score,
    poisson_count,
    to_seconds,
)
from sim.layout import Columns
from sim.parameters import Parameters
from sim.scalar import NEVER_S
from sim.world import World

HORIZON_S = {Kind.MISSING: 7 * DAY_S, Kind.ROBBERY: 2 * DAY_S, Kind.THEFT: 2 * DAY_S}
"""How long an incident is followed after the report; 90 % of the missing are back within a
week."""
LONGEST_REPORT_DELAY_S = 3 * DAY_S
LONGEST_ALERT_DELAY_S = DAY_S
LEAST_URBAN = 3
"""Cells of this urbanity and stronger ones count as urban."""
PER_HOUR = 64
"""Incidents of one kind that one hour can hold; ids are hour, kind and ordinal."""
CAUSES = ("participant", "police", "own_return", "none")
PARTICIPANT, POLICE, OWN_RETURN, NONE = range(4)
_CITIES = {"Enschede": 0.45, "Almelo": 0.17, "Hengelo": 0.17}
"""Share of robberies in the three cities; the rest by inhabitants (burglary and pickpocketing
counts 2019-2022, judged)."""
_ROBBERY_HOURS = (
    (8, 12, 0.08),
    (12, 17, 0.19),
    (17, 21, 0.30),
    (21, 24, 0.25),
    (0, 4, 0.13),
    (4, 8, 0.05),
)
"""Share of robberies by hour of the day (judgement consistent with Jammers 1995, van Koppen and
Jansen 1999)."""
_SUMMER = (4, 5, 6, 7, 8, 9)
_REPORT_PEAK_H = 17.0 + 20.0 / 60.0
_DELAY_SIGMA = {"dementia": 0.9, "despondent": 1.1, "child": 0.8, "youth": 1.1, "other": 1.0}
_ALERT_SIGMA = 0.7
_FLIGHT_DELAY_SIGMA = 0.7
_FLIGHT_ALERT_SIGMA = 0.6
_ARREST_SIGMA = 1.0


@dataclass(frozen=True, slots=True)
class Incidents(Columns):
    """Incidents [n] in the order of their report; times in elapsed seconds, places in RD
    decimetres.

    Attributes:
        id: address of the incident's draws.
        kind, category, municipality: numbers.
        cell: cell of the last-known point.
        x_dm, y_dm: last-known point.
        reported_s, last_seen_s: when.
        alert_delay_s: from report to alert at the present pace of the control room.
        use_level: the incident becomes an action where `operator_use` is larger.
        frailty: factor on detection, mean 1.
        photo, conspicuous: description.
        visible_transit, visible_stationary, stationary_on_road: whether the public can see the
            subject.
        solvable: whether fresh, retrospective, knowledge tips can lead to the find at all, [3, n].
        police_s, return_s: latent clocks, elapsed seconds (`NEVER_S` for never).
        horizon_s: end of the follow-up.
        urban: last-known point in a cell of urbanity 1-3.
        danger_level: uniform for NL-Alert and AMBER Alert, which are for the gravest cases only.
        open_level: uniform for how long an action stays open.
    """

    id: Ints
    kind: Ints
    category: Ints
    municipality: Ints
    cell: Ints
    x_dm: Ints
    y_dm: Ints
    reported_s: Ints
    last_seen_s: Ints
    alert_delay_s: Ints
    use_level: Floats
    frailty: Floats
    photo: Bools
    conspicuous: Bools
    visible_transit: Bools
    visible_stationary: Bools
    stationary_on_road: Bools
    solvable: Bools
    police_s: Ints
    return_s: Ints
    horizon_s: Ints
    urban: Bools
    danger_level: Floats
    open_level: Floats

    def __len__(self) -> int:
        return len(self.id)

    @property
    def counterfactual_s(self) -> Ints:
        """End without an alert; the horizon where neither clock comes before it."""
        return np.minimum(np.minimum(self.police_s, self.return_s), self.horizon_s)

    @property
    def counterfactual_cause(self) -> Ints:
        """Cause of the end without an alert; police before own return at the same second."""
        first = np.minimum(self.police_s, self.return_s)
        cause = np.where(self.police_s <= self.return_s, POLICE, OWN_RETURN)
        return np.where(first < self.horizon_s, cause, NONE)


def hourly_rate(kind: Kind, calendar: Calendar, parameters: Parameters, scale: float) -> Floats:
    """Return the expected number of eligible incidents in each hour of the calendar's tables.

    Args:
        kind: kind of incident.
        calendar: hours to cover.
        parameters: uncertain parameters.
        scale: inhabitants relative to Twente.
    """
    p = parameters
    summer = np.isin(calendar.month, _SUMMER)
    weekend = calendar.day_type != DayType.WEEKDAY
    if kind == Kind.MISSING:
        per_year = p.missing_reports_per_year * p.missing_urgent_share * p.eligible_given_urgent
        angle = (np.arange(24) + 0.5 - _REPORT_PEAK_H) * (2.0 * np.pi / 24.0)
        by_hour = np.exp(p.missing_hour_concentration * np.cos(angle))
        factor = _with_mean_one(
            np.where(summer, p.missing_summer_factor, 1.0), 0.5, p.missing_summer_factor
        )
        factor = factor * _with_mean_one(
            np.where(weekend, p.missing_weekend_factor, 1.0), 2 / 7, p.missing_weekend_factor
        )
    else:
        per_year = p.robbery_reports_per_year if kind == Kind.ROBBERY else p.theft_reports_per_year
        by_hour = np.zeros(24)
        for first, last, share in _ROBBERY_HOURS:
            by_hour[first:last] = share / (last - first)
        sunday = calendar.day_type == DayType.SUNDAY
        factor = _with_mean_one(
            np.where(summer, 1.0, p.robbery_winter_factor), 0.5, p.robbery_winter_factor
        )
        factor = factor * _with_mean_one(
            np.where(sunday, p.robbery_sunday_factor, 1.0), 1 / 7, p.robbery_sunday_factor
        )
    by_hour = by_hour / by_hour.sum()
    return np.asarray(per_year * scale * (DAY_S / YEAR_S) * by_hour[calendar.hour_of_day] * factor)


def _with_mean_one(factor: Floats, share: float, value: float) -> Floats:
    """Scale a factor that is `value` for a share of the time, so that its mean over a year is
    about 1.
    """
    return factor / (1.0 - share + share * value)


def draw_incidents(
    world: World, calendar: Calendar, parameters: Parameters, stream: Stream, until_s: int
) -> Incidents:
    """Draw every eligible incident reported from the start of the calendar's tables to `until_s`.

    A non-homogeneous Poisson process whose rate is constant within an hour: the count of an hour
    by inversion of one uniform, the moments uniform within it. An incident's draws are addressed
    by its hour and ordinal, never by its place in the list.
    """
    parts = [_arrivals(kind, world, calendar, parameters, stream) for kind in Kind]
    ids, reported, kinds = (np.concatenate([part[i] for part in parts]) for i in range(3))
    keep = reported < until_s
    ids, reported, kinds = ids[keep], reported[keep], kinds[keep]
    order = np.lexsort((ids, reported))
    return _cases(ids[order], reported[order], kinds[order], world, parameters, stream)


def _arrivals(
    kind: Kind, world: World, calendar: Calendar, parameters: Parameters, stream: Stream
) -> tuple[Ints, Ints, Ints]:
    rate = hourly_rate(kind, calendar, parameters, world.scale)
    hour = np.arange(len(rate)) + calendar.first_hour
    # Addresses are not negative: hours are counted from a fixed moment before any calendar.
    address = hour + ADDRESS_HOURS
    u = stream.uniforms(Purpose.ARRIVAL_COUNT, address, int(kind))
    count = np.minimum(poisson_count(u[0], rate), PER_HOUR)
    row = np.repeat(np.arange(len(rate)), count)
    ordinal = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    ids = (address[row] * len(Kind) + int(kind)) * PER_HOUR + ordinal
    within = stream.uniforms(Purpose.ARRIVAL_TIME, ids)[0]
    reported = hour[row] * HOUR_S + (within * HOUR_S).astype(np.int64)
    return ids, reported, np.full(len(ids), int(kind))


ADDRESS_HOURS = 24 * 366 * 5
"""Hours added to elapsed hours in addresses: history may reach five years back."""


def _cases(
    ids: Ints, reported: Ints, kinds: Ints, world: World, parameters: Parameters, stream: Stream
) -> Incidents:
    """Draw everything about the cases but the arrivals."""
    p = parameters
    case = stream.uniforms(Purpose.ARRIVAL_CASE, ids)
    look = stream.uniforms(Purpose.ARRIVAL_CASE, ids, 1)
    delay = stream.uniforms(Purpose.ARRIVAL_DELAY, ids)
    clocks = stream.uniforms(Purpose.COUNTERFACTUAL, ids)
    spare = stream.uniforms(Purpose.COUNTERFACTUAL, ids, 1)
    solve = stream.uniforms(Purpose.SOLVABLE, ids)
    cell, x_dm, y_dm = _places(ids, kinds, world, stream)
    category = _categories(kinds, case[0], p)
    missing = kinds == Kind.MISSING
    visible_transit, visible_stationary = _visible(category, p)
    score = normal_score(case[1])
    sigma = np.sqrt(np.log1p(p.frailty_variance))
    police_s, return_s = _clocks(kinds, category, reported, clocks, spare, score, p)
    seen_delay, alert_delay = _delays(kinds, category, delay, p)
    shares = (p.solvable_fresh_share, p.solvable_retrospective_share, p.solvable_knowledge_share)
    return Incidents(
        id=ids,
        kind=kinds,
        category=category,
        municipality=world.grid.municipality[cell].astype(np.int64),
        cell=cell,
        x_dm=x_dm,
        y_dm=y_dm,
        reported_s=reported,
        last_seen_s=reported - seen_delay,
        alert_delay_s=alert_delay,
        use_level=case[2],
        frailty=np.exp(sigma * score - sigma**2 / 2.0),
        photo=missing & (look[0] < p.photo_share),
        conspicuous=look[1] < p.conspicuous_share,
        visible_transit=look[2] < visible_transit,
        visible_stationary=look[3] < visible_stationary,
        stationary_on_road=solve[3] < p.on_road_stationary_share,
        solvable=np.stack([solve[i] < share for i, share in enumerate(shares)]),
        police_s=police_s,
        return_s=return_s,
        horizon_s=reported + np.array([HORIZON_S[kind] for kind in Kind])[kinds],
        urban=world.grid.urbanity[cell] <= LEAST_URBAN,
        danger_level=case[3],
        open_level=delay[2],
    )


def _categories(kinds: Ints, uniform: Floats, parameters: Parameters) -> Ints:
    category = np.zeros(len(kinds), dtype=np.int64)
    for kind in Kind:
        numbers = np.array(of_kind(kind))
        weight = np.array([parameters[CATEGORIES[i].weight] for i in numbers])
        chosen = np.searchsorted(np.cumsum(weight) / weight.sum(), uniform, side="right")
        category = np.where(kinds == kind, numbers[np.minimum(chosen, len(numbers) - 1)], category)
    return category


def _by_category(parameters: Parameters, pattern: str, default: float) -> Floats:
    """Return a parameter of each category, by the category's traits; `default` where there is
    none.
    """
    names = [pattern.format(category.traits) for category in CATEGORIES]
    return np.array([parameters.get(name, default) for name in names])


def _visible(category: Ints, parameters: Parameters) -> tuple[Floats, Floats]:
    """Return the probability that the public can see the subject, in transit and stationary."""
    p = parameters
    flees = np.array([c.kind != Kind.MISSING for c in CATEGORIES])
    transit = _by_category(p, "visible_transit_{}", p.visible_transit_dementia)
    transit = np.where(flees, p.visible_transit_robbery, transit)
    stationary = np.where(
        flees, 0.0, _by_category(p, "visible_stationary_{}", p.visible_stationary_dementia)
    )
    return transit[category], stationary[category]


def _delays(
    kinds: Ints, category: Ints, uniform: Floats, parameters: Parameters
) -> tuple[Ints, Ints]:
    """Return the delays from last seen to report and from report to alert, in seconds."""
    p = parameters
    missing = kinds == Kind.MISSING
    median_h = _by_category(p, "report_delay_{}_h", p.report_delay_robbery_minutes / 60.0)[
        category
    ]
    sigma = np.array([_DELAY_SIGMA.get(c.traits, _FLIGHT_DELAY_SIGMA) for c in CATEGORIES])[
        category
    ]
    seen = to_seconds(lognormal(uniform[0], median_h * HOUR_S, sigma))
    alert_h = np.where(missing, p.alert_delay_missing_h, p.alert_delay_robbery_minutes / 60.0)
    alert = to_seconds(
        lognormal(
            uniform[1], alert_h * HOUR_S, np.where(missing, _ALERT_SIGMA, _FLIGHT_ALERT_SIGMA)
        )
    )
    return np.clip(seen, 1, LONGEST_REPORT_DELAY_S), np.clip(alert, 1, LONGEST_ALERT_DELAY_S)


def _clocks(
    kinds: Ints,
    category: Ints,
    reported: Ints,
    clocks: Floats,
    spare: Floats,
    score: Floats,
    parameters: Parameters,
) -> tuple[Ints, Ints]:
    """Return when police would find the subject and when it would return, each as if the other did
    not exist.
    """
    p = parameters
    rho = p.frailty_end_correlation
    police_score = -rho * score + np.sqrt(1.0 - rho**2) * normal_score(clocks[0])
    return_score = -rho * score + np.sqrt(1.0 - rho**2) * normal_score(clocks[1])
    stuck = np.where(clocks[2] < p.stuck_share, p.stuck_factor, 1.0)
    police_h = _by_category(p, "police_clock_{}_h", p.police_clock_despondent_h)[category]
    return_h = _by_category(p, "return_clock_{}_h", p.return_clock_despondent_h)[category]
    police = to_seconds(police_h * HOUR_S * stuck * np.exp(p.clock_sigma * police_score))
    returned = to_seconds(return_h * HOUR_S * stuck * np.exp(p.clock_sigma * return_score))
    arrest_share = np.where(kinds == Kind.ROBBERY, p.robbery_arrest_share, p.theft_arrest_share)
    arrest = to_seconds(p.arrest_clock_minutes * 60.0 * np.exp(_ARREST_SIGMA * police_score))
    arrest = np.where(spare[0] < arrest_share, arrest, NEVER_S)
    missing = kinds == Kind.MISSING
    police = np.where(missing, police, arrest)
    returned = np.where(missing, returned, NEVER_S)
    return _after(reported, police), _after(reported, returned)


def _after(reported: Ints, delay: Ints) -> Ints:
    return np.where(delay >= NEVER_S, NEVER_S, reported + np.maximum(delay, 1))


def _places(ids: Ints, kinds: Ints, world: World, stream: Stream) -> tuple[Ints, Ints, Ints]:
    """Return cell and point: the missing by inhabitants, robberies by municipality and address
    density.
    """
    grid = world.grid
    u = stream.uniforms(Purpose.ARRIVAL_PLACE, ids)
    lived = np.cumsum(grid.population.astype(np.float64))
    robbed = np.cumsum(_robbery_weight(world))
    by_people = np.searchsorted(lived, u[0] * lived[-1], side="right")
    by_crime = np.searchsorted(robbed, u[0] * robbed[-1], side="right")
    cell = np.where(kinds == Kind.MISSING, by_people, by_crime)
    x_dm = grid.x_dm[cell] + (u[1] * grid.size_dm).astype(np.int64)
    y_dm = grid.y_dm[cell] + (u[2] * grid.size_dm).astype(np.int64)
    return cell, x_dm, y_dm


def _robbery_weight(world: World) -> NDArray[np.float64]:
    """Return the relative number of robberies in each cell."""
    grid = world.grid
    dense = grid.population * grid.address_density
    names = [m.name for m in grid.municipalities]
    fixed = np.array([_CITIES.get(name, 0.0) for name in names])
    people = np.bincount(grid.municipality, grid.population, len(names))
    rest = np.where(fixed > 0.0, 0.0, people)
    share = fixed + (1.0 - fixed.sum()) * rest / max(rest.sum(), 1.0)
    within = np.bincount(grid.municipality, dense, len(names))
    return np.asarray(dense * (share / np.maximum(within, 1e-9))[grid.municipality])
