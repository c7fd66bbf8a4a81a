"""Public channels: social media, NL-Alert and AMBER Alert reach residents who are no candidates, a thinned Poisson field over the cells.

The audience has no names. Of the residents of a cell only those who might tip are drawn: a Poisson number, thinned by upper bounds of what
one person could do, each with a place and clocks of its own; the exact hazards then accept or reject.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from sim.categories import CATEGORIES
from sim.candidates import willing_share
from sim.clock import YEAR_S, Calendar
from sim.draws import NEVER_S, Bools, Floats, Ints, Purpose, Stream, lognormal, poisson_count, to_seconds
from sim.grid import CellIndex, Grid
from sim.incidents import Incidents
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR
from sim.presence import Presence
from sim.sightings import Observers, fading_per_s, recognition
from sim.subjects import Subjects
from sim.tips import Attending, knowledge_share
from sim.world import World

PUBLIC_ID = 1 << 31
"""Members of the public have ids from here on; candidates stay below."""
_PER_CELL = 256
_CHANNELS_PER_CELL = 4
_NOTICE_SIGMA = 1.0
_ADULT_BAND = 2


class PublicChannel(Protocol):
    """A way to reach people who cannot be named."""

    name: ClassVar[str]
    whole_region: ClassVar[bool]

    def enabled(self, table: LeverTable) -> Bools:
        """Tell for each distinct set of levers whether the channel is used."""
        ...

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """Tell for which incidents the channel may be used."""
        ...

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """Return the share of residents who get the message."""
        ...

    def notice_minutes(self, parameters: Parameters) -> float:
        """Return the median time to notice."""
        ...


class NlAlertChannel:
    """Cell broadcast to every phone in the circle; only where life is in danger."""

    name: ClassVar[str] = "nl_alert"
    whole_region: ClassVar[bool] = False

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.nl_alert.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`."""
        return np.asarray(incidents.danger_level < parameters.nl_alert_qualifies_share)

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """Interpolate between the figures of 2015 and 2020, level outside."""
        known = (parameters.nl_alert_reach_2015, parameters.nl_alert_reach_2020)
        return np.interp(years_since_2015, (0.0, 5.0), known)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.nl_alert_minutes


class AmberAlertChannel:
    """The national child alert, for children in immediate danger."""

    name: ClassVar[str] = "amber_alert"
    whole_region: ClassVar[bool] = True

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.amber_alert.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`."""
        child = np.array([c.traits in ("child", "youth") for c in CATEGORIES])[incidents.category]
        return np.asarray(child & (incidents.danger_level < parameters.amber_qualifies_share))

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """See `PublicChannel`."""
        return np.full(years_since_2015.shape, parameters.amber_reach_share)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.amber_minutes


class SocialMediaChannel:
    """Posts about missing persons that residents of the circle read."""

    name: ClassVar[str] = "social_media"
    whole_region: ClassVar[bool] = False

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.social_media.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`."""
        return np.ones(len(incidents), dtype=np.bool_)

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """See `PublicChannel`."""
        return np.full(years_since_2015.shape, parameters.social_reach_share)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.social_minutes


PUBLIC_CHANNELS: tuple[PublicChannel, ...] = (NlAlertChannel(), AmberAlertChannel(), SocialMediaChannel())
"""Every public channel, the one that wins first: a person reached by several counts for the first of them."""


@dataclass(frozen=True, slots=True)
class PublicAlerts:
    """The alerts [n] of a chunk that go out in public under some policy.

    Attributes:
        incident: position of the incident of each alert.
        alert_s, radius_m: of the alert.
        columns: numbers of the policies, [p].
        levers: numbers of the levers in force, [n, p].
        close_s: planned closing message, seconds after the alert, [n, p].
        dark: the sun is down.
    """

    incident: Ints
    alert_s: Ints
    radius_m: Ints
    columns: Ints
    levers: Ints
    close_s: Ints
    dark: Bools


def residents(grid: Grid, parameters: Parameters) -> Floats:
    """Return the expected number of residents of each cell who are no candidates and are of an age to respond."""
    people = grid.population[:, None] * grid.age_weight
    adults = people * np.array([0.0, 0.9, 1.0, 1.0, 1.0])
    return np.maximum((adults - people * willing_share(grid, parameters)).sum(axis=1), 0.0)


def full_reach(alerts: PublicAlerts, parameters: Parameters, start_years: float) -> Floats:
    """Return the share of residents whom each channel would reach alone, by [channel, alert]."""
    years = start_years + alerts.alert_s / YEAR_S
    return np.stack([channel.reach_share(years, parameters) for channel in PUBLIC_CHANNELS])


def channel_reach(
    alerts: PublicAlerts, incidents: Incidents, table: LeverTable, parameters: Parameters, start_years: float
) -> Floats:
    """Return the share of residents whom each channel reaches first, by [channel, alert, policy].

    Args:
        start_years: years from 1 January 2015 to the start of the study (negative before).
    """
    missed = np.ones(alerts.levers.shape)
    shares = []
    for channel, alone in zip(PUBLIC_CHANNELS, full_reach(alerts, parameters, start_years), strict=True):
        share = alone[:, None]
        used = channel.enabled(table)[alerts.levers] & channel.qualifies(incidents, parameters)[alerts.incident, None]
        share = np.where(used, share, 0.0)
        shares.append(missed * share)
        missed = missed * (1.0 - share)
    return np.stack(shares)


def audience_mean(alerts: PublicAlerts, grid: Grid, index: CellIndex, people: Floats, reach: Floats, centre_dm: Ints) -> Floats:
    """Return the expected number of people reached in public, by [alert, policy]."""
    out = np.zeros(alerts.levers.shape)
    for a in np.flatnonzero(reach.max(axis=(0, 2)) > 0.0):
        for c, channel in enumerate(PUBLIC_CHANNELS):
            if reach[c, a].max() > 0.0:
                out[a] += reach[c, a] * people[_cells(channel, grid, index, centre_dm[:, a], int(alerts.radius_m[a]))].sum()
    return out


def _cells(channel: PublicChannel, grid: Grid, index: CellIndex, centre_dm: Ints, radius_m: int) -> Ints:
    """Return the cells of a channel's audience: those with their middle inside the circle, or all."""
    if channel.whole_region:
        return np.arange(grid.n_cells)
    near = index.cells_in_circle(int(centre_dm[0]), int(centre_dm[1]), radius_m)
    half = grid.size_dm // 2
    apart = (grid.x_dm[near] + half - centre_dm[0]) ** 2 + (grid.y_dm[near] + half - centre_dm[1]) ** 2
    return np.asarray(near[apart <= (radius_m * 10) ** 2])


def _bounds(alerts: PublicAlerts, incidents: Incidents, subjects: Subjects, parameters: Parameters) -> Floats:
    """Return upper bounds of the expected number of tips per attending person, [4 kinds, alert]."""
    p = parameters
    i = alerts.incident
    fastest = np.maximum(subjects.speed_m_per_s[i], 0.0)
    modes = (
        (p.sweep_walk_m * p.search_alertness, p.search_speed_m_per_s, p.search_radius_m, False),
        (p.sweep_car_m, p.car_speed_m_per_s, p.car_radius_m, True),
        (p.sweep_walk_m, p.walk_speed_m_per_s, p.walk_radius_m, True),
        (p.sweep_walk_m * p.window_attention_share, 0.0, p.window_radius_m, False),
    )
    road = np.maximum(np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural), 1.0)
    rates = [w * np.hypot(v, fastest) / (np.pi * r**2) * (road if on_road else 1.0) for w, v, r, on_road in modes]
    # No policy of the study enters the bounds, so that another policy cannot change who is drawn.
    spell_s = 60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR + p.attention_after_closing / fading_per_s(p)
    fresh = np.max(rates, axis=0) * recognition(incidents, p)[i] * spell_s
    passing = p.sweep_walk_m * np.hypot(p.walk_speed_m_per_s, fastest) / (np.pi * p.retrospective_radius_m**2)
    conspicuous = np.where(incidents.conspicuous[i], p.conspicuous_factor, 1.0)
    recalled = p.retrospective_outdoor_share * p.retrospective_share * incidents.frailty[i] * conspicuous
    retrospective = passing * road * recalled * p.retrospective_hours * 3600.0
    knowledge = knowledge_share(incidents, p)[i]
    return np.stack([fresh, retrospective, knowledge, np.full(len(i), p.false_per_1000_attending / 1000.0)])


def possible_informants(
    alerts: PublicAlerts,
    reach: Floats,
    start_years: float,
    incidents: Incidents,
    subjects: Subjects,
    world: World,
    index: CellIndex,
    people: Floats,
    calendar: Calendar,
    parameters: Parameters,
    stream: Stream,
) -> Attending | None:
    """Draw the members of the public who might tip, as attending people; nothing where no policy goes public.

    The number in a cell is Poisson with mean residents x reach x attending x (1 - exp(-bound)) summed over the kinds of tip; the
    kind is drawn in proportion, and the clock of that kind is drawn below its bound. Exact hazards then decide.
    """
    p = parameters
    bounds = _bounds(alerts, incidents, subjects, p)
    weight = -np.expm1(-bounds)
    full = full_reach(alerts, p, start_years)
    centre_dm = np.stack([incidents.x_dm[alerts.incident], incidents.y_dm[alerts.incident]])
    rows: list[tuple[Ints, Ints, Ints, Ints]] = []
    for a in np.flatnonzero(reach.max(axis=(0, 2)) > 0.0):
        for c, channel in enumerate(PUBLIC_CHANNELS):
            if reach[c, a].max() <= 0.0:
                continue
            cells = _cells(channel, world.grid, index, centre_dm[:, a], int(alerts.radius_m[a]))
            mean = people[cells] * full[c, a] * p.public_attend_share * weight[:, a].sum()
            u = stream.uniforms(Purpose.PUBLIC_COUNT, incidents.id[alerts.incident[a]], cells, c)[0]
            count = np.minimum(poisson_count(u, mean), _PER_CELL - 1)
            ordinal = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            rows.append((np.full(len(ordinal), a), np.full(len(ordinal), c), np.repeat(cells, count), ordinal))
    if not rows:
        return None
    alert, channel_number, cell, ordinal = (np.concatenate([r[k] for r in rows]) for k in range(4))
    ids = PUBLIC_ID + (cell * _CHANNELS_PER_CELL + channel_number) * _PER_CELL + ordinal
    return _people(ids, alert, channel_number, cell, alerts, reach, full, weight, incidents, world, calendar, p, stream)


def _people(
    ids: Ints, alert: Ints, channel: Ints, cell: Ints, alerts: PublicAlerts, reach: Floats, full: Floats, weight: Floats,
    incidents: Incidents, world: World, calendar: Calendar, parameters: Parameters, stream: Stream,
) -> Attending:
    """Return the possible informants with place, notice and clocks."""
    p = parameters
    i = alerts.incident[alert]
    case = incidents.id[i]
    person = stream.uniforms(Purpose.PUBLIC_PERSON, ids, case)
    place = stream.uniforms(Purpose.PUBLIC_PLACE, ids, case)
    kind = (person[0] > (np.cumsum(weight, axis=0) / weight.sum(axis=0))[:, alert]).sum(axis=0)
    clock = -np.log1p(-person[1] * weight[np.minimum(kind, 3), alert])
    level = -np.expm1(-clock)
    minutes = np.array([channel_.notice_minutes(p) for channel_ in PUBLIC_CHANNELS])[channel]
    noticed = to_seconds(lognormal(person[2], minutes * 60.0, _NOTICE_SIGMA))
    attends = person[3][:, None] * full[channel, alert][:, None] < reach[channel, alert]
    row = calendar.row(alerts.alert_s[alert])
    day, hour = calendar.day_type[row], calendar.hour_of_day[row]
    away = world.occupancy.away[day, hour, _ADULT_BAND]
    on_road = place[2] < away * p.road_share_of_away
    x_dm = world.grid.x_dm[cell] + (place[0] * world.grid.size_dm).astype(np.int64)
    y_dm = world.grid.y_dm[cell] + (place[1] * world.grid.size_dm).astype(np.int64)
    presence = Presence(
        asleep=np.zeros(len(ids), dtype=np.bool_),
        away=on_road,
        on_road=on_road,
        driving=place[2] < away * p.road_share_of_away * p.driver_share_of_road,
        x_dm=x_dm,
        y_dm=y_dm,
    )
    never = np.full(len(ids), np.inf)
    return Attending(
        observers=Observers(i, presence, place[3] < p.search_share, alerts.alert_s[alert], alerts.dark[alert]),
        caller=ids,
        columns=alerts.columns,
        attends=attends,
        delivered_s=np.where(attends, np.minimum(noticed, 60)[:, None], NEVER_S),
        noticed_s=np.where(attends, noticed[:, None], NEVER_S),
        close_s=alerts.close_s[alert],
        fresh_clock=np.where(kind == 0, clock, never),
        retrospective_clock=np.where(kind == 1, clock, never),
        knowledge_level=np.where(kind == 2, level, 1.0),
        false_level=np.where(kind == 3, level, 1.0),
    )
