"""What the public does: a thinned Poisson field of residents who are no candidates.

The audience has no names. Of the residents of a cell only those who might tip are drawn: a Poisson
number, thinned by upper bounds of what one person could do, each with a place and clocks of its
own; the exact hazards then accept or reject.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sim import scalar
from sim.actions import Actions
from sim.candidates import ADULT_SHARE, willing_share
from sim.clock import YEAR_S
from sim.compiled import compiled
from sim.crowd import Points, bands_of, first_east_of, is_within, points_of
from sim.draws import Bools, Floats, Ints, Purpose, lognormal, to_span_s
from sim.exposure import Alerts
from sim.grid import Grid
from sim.incidents import HORIZON_S, Incidents
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR
from sim.presence import Presence
from sim.public_channels import PUBLIC_CHANNELS
from sim.scalar import NEVER_AFTER_S
from sim.setting import Setting
from sim.sightings import Observers, recognition
from sim.subjects import Subjects
from sim.tips import Attending, TipKind, knowledge_share

PUBLIC_ID = 1 << 31
"""Members of the public have ids from here on; candidates stay below."""
_PER_CELL = 2048
_CHANNELS_PER_CELL = 4
_NOTICE_SIGMA = 1.0
_ADULT_BAND = 2
_DELIVERED_S = 60
_NEARLY_SURE = 0.999
_PUBLIC_COUNT = int(Purpose.PUBLIC_COUNT)


@dataclass(frozen=True, slots=True)
class Informants:
    """Members of the public [n] who might tip.

    Attributes:
        alert: number of the alert in its chunk.
        channel: number of the channel that reached them.
        cell: where they live.
        ordinal: number within alert, channel and cell.
    """

    alert: Ints
    channel: Ints
    cell: Ints
    ordinal: Ints


class PublicField:
    """The audience of the public channels.

    Args:
        setting: what every stage reads.
        incidents: all incidents.
        subjects: their subjects.
        actions: all actions.
    """

    def __init__(
        self, setting: Setting, incidents: Incidents, subjects: Subjects, actions: Actions
    ) -> None:
        grid = setting.world.grid
        self._setting, self._incidents, self._subjects = setting, incidents, subjects
        self._actions = actions
        half = grid.size_dm // 2
        self._middles = points_of(
            grid.x_dm + half, grid.y_dm + half, np.arange(grid.n_cells, dtype=np.int64)
        )
        self._people = residents(grid, setting.parameters)
        self._start_years = (setting.start - date(2015, 1, 1)).days / 365.25

    def reach(self, alerts: Alerts) -> Floats:
        """Return the share of residents whom each channel reaches first, [channel, alert, p]."""
        setting, incident = self._setting, alerts.incident
        levers = self._actions.levers[incident]
        missed = np.ones(levers.shape)
        shares = []
        for channel, alone in zip(PUBLIC_CHANNELS, self._alone(alerts), strict=True):
            qualifies = channel.qualifies(self._incidents, setting.parameters)[incident]
            used = channel.enabled(setting.table)[levers] & qualifies[:, None] & alerts.policies
            share = np.where(used, alone[:, None], 0.0)
            shares.append(missed * share)
            missed = missed * (1.0 - share)
        return np.stack(shares)

    def audience(self, alerts: Alerts, reach: Floats) -> Floats:
        """Return the expected number of people reached in public, by [alert, p]."""
        everybody = np.array([channel.whole_region for channel in PUBLIC_CHANNELS])
        around = np.zeros(reach.shape[:2])
        _count_residents(alerts, reach.max(axis=2), everybody, self._middles, self._people, around)
        return np.asarray((reach * around[..., None]).sum(axis=0))

    def attending(self, alerts: Alerts, reach: Floats) -> Attending | None:
        """Return the members of the public who might tip; nothing where no policy goes public.

        The number in a cell is Poisson with mean residents x reach x attending x
        (1 - exp(-bound)), summed over the kinds of tip; the kind is drawn in proportion, and the
        clock of that kind is drawn below its bound. Exact hazards then decide.
        """
        active = np.flatnonzero(reach.max(axis=(0, 2)) > 0.0)
        if active.size == 0:
            return None
        alerts, reach = Alerts._make(values[active] for values in alerts), reach[:, active]
        alone = self._alone(alerts)
        weight = -np.expm1(
            -upper_bounds(
                alerts.incident, self._incidents, self._subjects, self._setting.parameters
            )
        )
        share = np.where(reach.max(axis=2) > 0.0, alone * weight.sum(axis=0), 0.0)
        who = self._draw(alerts, share * self._setting.parameters.public_attend_share)
        return self._people_of(alerts, who, reach, alone, weight)

    def _alone(self, alerts: Alerts) -> Floats:
        """Return the share of residents whom each channel would reach alone, [channel, alert]."""
        years = self._start_years + alerts.at_s / YEAR_S
        return np.stack([c.reach_share(years, self._setting.parameters) for c in PUBLIC_CHANNELS])

    def _draw(self, alerts: Alerts, share: Floats) -> Informants:
        """Draw the possible informants of each channel and alert."""
        stream = self._setting.stream
        given = (
            alerts,
            self._incidents.id[alerts.incident],
            share,
            np.array([channel.whole_region for channel in PUBLIC_CHANNELS]),
            self._middles,
            self._people,
            (stream.seed, stream.replication),
        )
        n = _draw_informants(*given, np.zeros((4, 0), dtype=np.int64))
        drawn = np.zeros((4, n), dtype=np.int64)
        _draw_informants(*given, drawn)
        return Informants(*drawn)

    def _people_of(
        self, alerts: Alerts, who: Informants, reach: Floats, alone: Floats, weight: Floats
    ) -> Attending:
        """Return the possible informants with place, notice and clocks."""
        p, stream = self._setting.parameters, self._setting.stream
        ids = (who.cell * _CHANNELS_PER_CELL + who.channel) * _PER_CELL + who.ordinal + PUBLIC_ID
        incident = alerts.incident[who.alert]
        case = self._incidents.id[incident]
        person = stream.uniforms(Purpose.PUBLIC_PERSON, ids, case)
        kind = (person[0] > (np.cumsum(weight, axis=0) / weight.sum(axis=0))[:, who.alert]).sum(0)
        kind = np.minimum(kind, int(TipKind.FALSE))
        clock = -np.log1p(-person[1] * weight[kind, who.alert])
        level = -np.expm1(-clock)
        minutes = np.array([channel.notice_minutes(p) for channel in PUBLIC_CHANNELS])[who.channel]
        noticed = to_span_s(lognormal(person[2], minutes * 60.0, _NOTICE_SIGMA))
        most = alone[who.channel, who.alert][:, None]
        attends = person[3][:, None] * most < reach[who.channel, who.alert]
        alert_s = alerts.at_s[who.alert]
        presence, searches = self._presence(who, ids, case, alert_s)
        dark = ~self._setting.calendar.is_day(alert_s)
        planned = self._actions.planned_close_s[incident]
        never = np.int32(NEVER_AFTER_S)
        delivered = np.minimum(noticed, _DELIVERED_S)
        return Attending(
            observers=Observers(incident, presence, searches, alert_s, dark),
            caller=ids,
            columns=np.arange(planned.shape[1]),
            attends=attends,
            delivered_s=np.where(attends, delivered[:, None], never),
            noticed_s=np.where(attends, noticed[:, None], never),
            close_s=planned - alert_s[:, None],
            fresh_clock=np.where(kind == TipKind.FRESH, clock, np.inf),
            retrospective_clock=np.where(kind == TipKind.RETROSPECTIVE, clock, np.inf),
            knowledge_level=np.where(kind == TipKind.KNOWLEDGE, level, 1.0),
            false_level=np.where(kind == TipKind.FALSE, level, 1.0),
        )

    def _presence(
        self, who: Informants, ids: Ints, case: Ints, alert_s: Ints
    ) -> tuple[Presence, Bools]:
        """Return where they are (in their cell, some on the road) and whether they search."""
        p, grid, calendar = (
            self._setting.parameters,
            self._setting.world.grid,
            self._setting.calendar,
        )
        place = self._setting.stream.uniforms(Purpose.PUBLIC_PLACE, ids, case)
        row = calendar.row(alert_s)
        day, hour = calendar.day_type[row], calendar.hour_of_day[row]
        road = self._setting.world.occupancy.away[day, hour, _ADULT_BAND] * p.road_share_of_away
        on_road = place[2] < road
        presence = Presence(
            asleep=np.zeros(len(ids), dtype=np.bool_),
            away=on_road,
            on_road=on_road,
            driving=place[2] < road * p.driver_share_of_road,
            x_dm=grid.x_dm[who.cell] + (place[0] * grid.size_dm).astype(np.int64),
            y_dm=grid.y_dm[who.cell] + (place[1] * grid.size_dm).astype(np.int64),
        )
        return presence, np.asarray(place[3] < p.search_share)


@compiled
def _count_residents(
    alerts: Alerts,
    reach: Floats,
    everybody: Bools,
    middles: Points,
    people: Floats,
    around: Floats,
) -> None:
    """Add up the residents of the audience of each channel that reaches anybody.

    Args:
        alerts: the alerts [n].
        reach: largest share reached under any policy, [channel, n].
        everybody: the audience is the whole region, [channel].
        middles: middles of the cells.
        people: residents of each cell.
        around: set to the residents, [channel, n].
    """
    for a in range(len(alerts.at_s)):
        for channel in range(len(everybody)):
            if reach[channel, a] <= 0.0:
                continue
            if everybody[channel]:
                around[channel, a] = people.sum()
                continue
            x, y, radius = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a]
            low, high = bands_of(middles, y, radius)
            for band in range(low, high):
                k = first_east_of(middles, band, x - radius)
                while k < middles.start[band + 1] and middles.x_dm[k] <= x + radius:
                    if is_within(middles.x_dm[k], middles.y_dm[k], x, y, radius):
                        around[channel, a] += people[middles.number[k]]
                    k += 1


@compiled
def _draw_informants(
    alerts: Alerts,
    case: Ints,
    share: Floats,
    everybody: Bools,
    middles: Points,
    people: Floats,
    key: tuple[int, int],
    into: Ints,
) -> int:
    """Draw a Poisson number of possible informants in each cell of each audience.

    Args:
        alerts: the alerts [n].
        case: address of the incident of each.
        share: expected informants of a resident, [channel, n].
        everybody, middles, people: see `_count_residents`.
        key: seed and replication.
        into: set to alert, channel, cell and ordinal of each, [4, room]; may have no room.

    Returns:
        How many there are.
    """
    n = 0
    for a in range(len(alerts.at_s)):
        for channel in range(len(everybody)):
            if share[channel, a] <= 0.0:
                continue
            x, y, radius = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a]
            first, stop = 0, len(middles.x_dm)
            if not everybody[channel]:
                low, high = bands_of(middles, y, radius)
                first, stop = middles.start[low], middles.start[max(high, low)]
            for k in range(first, stop):
                if not everybody[channel] and not is_within(
                    middles.x_dm[k], middles.y_dm[k], x, y, radius
                ):
                    continue
                cell = np.int64(middles.number[k])
                words = scalar.philox(case[a], cell, channel, _PUBLIC_COUNT, key[0], key[1])
                count = scalar.poisson(scalar.uniform(words[0]), people[cell] * share[channel, a])
                for ordinal in range(min(count, _PER_CELL - 1)):
                    if n < into.shape[1]:
                        into[0, n], into[1, n] = a, channel
                        into[2, n], into[3, n] = cell, ordinal
                    n += 1
    return n


def residents(grid: Grid, parameters: Parameters) -> Floats:
    """Return the expected number of residents of each cell who are no candidates and are of an age
    to respond.
    """
    people = grid.population[:, None] * grid.age_weight
    adults = people * ADULT_SHARE
    others = (adults - people * willing_share(grid, parameters)).sum(axis=1)
    return np.asarray(np.maximum(others, 0.0))


def upper_bounds(
    incident: Ints, incidents: Incidents, subjects: Subjects, parameters: Parameters
) -> Floats:
    """Return upper bounds of the expected tips of an attending person, [4 kinds, alert]."""
    p = parameters
    i = incident
    fastest = np.maximum(subjects.speed_m_per_s[i], 0.0)
    modes = (
        (p.sweep_walk_m * p.search_alertness, p.search_speed_m_per_s, p.search_radius_m, False),
        (p.sweep_car_m, p.car_speed_m_per_s, p.car_radius_m, True),
        (p.sweep_walk_m, p.walk_speed_m_per_s, p.walk_radius_m, True),
        (p.sweep_walk_m * p.window_attention_share, 0.0, p.window_radius_m, False),
    )
    road = np.maximum(np.where(incidents.urban[i], p.road_factor_urban, p.road_factor_rural), 1.0)
    rates = [
        w * np.hypot(v, fastest) / (np.pi * r**2) * (road if on_road else 1.0)
        for w, v, r, on_road in modes
    ]
    # Neither a policy nor the memory of people enters the bounds: another policy cannot change who
    # is drawn, and a longer memory adds tips and takes none away.
    open_s = 60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR
    spell_s = open_s + p.attention_after_closing * max(HORIZON_S.values())
    fresh = np.max(rates, axis=0) * recognition(incidents, p)[i] * spell_s
    passing = (
        p.sweep_walk_m
        * np.hypot(p.walk_speed_m_per_s, fastest)
        / (np.pi * p.retrospective_radius_m**2)
    )
    conspicuous = np.where(incidents.conspicuous[i], p.conspicuous_factor, 1.0)
    recalled = (
        p.retrospective_outdoor_share * p.retrospective_share * incidents.frailty[i] * conspicuous
    )
    retrospective = passing * road * recalled * p.retrospective_hours * 3600.0
    # Those who know or err do so with a probability; as the bound of a clock it is -log(1 - p).
    knowledge = _clock_bound(knowledge_share(incidents, p)[i])
    false = _clock_bound(np.full(len(i), p.false_per_1000_attending / 1000.0))
    return np.stack([fresh, retrospective, knowledge, false])


def _clock_bound(probability: Floats) -> Floats:
    return -np.log1p(-np.minimum(probability, _NEARLY_SURE))
