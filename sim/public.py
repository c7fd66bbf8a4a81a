"""What the public does: a thinned Poisson field of residents who are no candidates.

The audience has no names. Of the residents of a cell only those who might tip are drawn: a Poisson
number, thinned by upper bounds of what one person could do, each with a place and clocks of its
own; the exact hazards then accept or reject.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sim.actions import Actions
from sim.candidates import ADULT_SHARE, willing_share
from sim.clock import YEAR_S
from sim.draws import (
    NEVER_AFTER_S,
    Bools,
    Floats,
    Ints,
    Purpose,
    lognormal,
    poisson_count,
    to_span_s,
)
from sim.grid import CellIndex, Grid
from sim.incidents import HORIZON_S, Incidents
from sim.parameters import Parameters
from sim.policy import LONGEST_OPEN_FACTOR
from sim.presence import Presence
from sim.public_channels import PUBLIC_CHANNELS, PublicChannel
from sim.setting import Setting
from sim.sightings import Observers, recognition
from sim.subjects import Subjects
from sim.sweep import Chunk
from sim.tips import Attending, TipKind, knowledge_share

PUBLIC_ID = 1 << 31
"""Members of the public have ids from here on; candidates stay below."""
_PER_CELL = 2048
_CHANNELS_PER_CELL = 4
_NOTICE_SIGMA = 1.0
_ADULT_BAND = 2
_DELIVERED_S = 60
_NEARLY_SURE = 0.999


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
        self._setting, self._incidents, self._subjects = setting, incidents, subjects
        self._actions = actions
        self._index = CellIndex.of(setting.world.grid)
        self._people = residents(setting.world.grid, setting.parameters)
        self._start_years = (setting.start - date(2015, 1, 1)).days / 365.25

    def reach(self, chunk: Chunk) -> Floats:
        """Return the share of residents whom each channel reaches first, [channel, alert, p]."""
        setting, incident = self._setting, chunk.incident
        levers = self._actions.levers[incident][:, chunk.columns]
        missed = np.ones(levers.shape)
        shares = []
        for channel, alone in zip(PUBLIC_CHANNELS, self._alone(chunk), strict=True):
            qualifies = channel.qualifies(self._incidents, setting.parameters)[incident]
            used = channel.enabled(setting.table)[levers] & qualifies[:, None]
            share = np.where(used, alone[:, None], 0.0)
            shares.append(missed * share)
            missed = missed * (1.0 - share)
        return np.stack(shares)

    def audience(self, chunk: Chunk, reach: Floats) -> Floats:
        """Return the expected number of people reached in public, by [alert, p]."""
        out = np.zeros(reach.shape[1:])
        for a, c, channel in self._active(reach):
            out[a] += reach[c, a] * self._people[self._cells(channel, chunk, a)].sum()
        return out

    def attending(self, chunk: Chunk, reach: Floats) -> Attending | None:
        """Return the members of the public who might tip; nothing where no policy goes public.

        The number in a cell is Poisson with mean residents x reach x attending x
        (1 - exp(-bound)), summed over the kinds of tip; the kind is drawn in proportion, and the
        clock of that kind is drawn below its bound. Exact hazards then decide.
        """
        alone = self._alone(chunk)
        weight = -np.expm1(
            -upper_bounds(
                chunk.incident, self._incidents, self._subjects, self._setting.parameters
            )
        )
        parts = [
            self._draw(chunk, a, c, channel, float(alone[c, a] * weight[:, a].sum()))
            for a, c, channel in self._active(reach)
        ]
        if not parts:
            return None
        fields = ("alert", "channel", "cell", "ordinal")
        who = Informants(*(np.concatenate([getattr(part, f) for part in parts]) for f in fields))
        return self._people_of(chunk, who, reach, alone, weight)

    def _alone(self, chunk: Chunk) -> Floats:
        """Return the share of residents whom each channel would reach alone, [channel, alert]."""
        years = self._start_years + chunk.alert_s / YEAR_S
        return np.stack([c.reach_share(years, self._setting.parameters) for c in PUBLIC_CHANNELS])

    @staticmethod
    def _active(reach: Floats) -> list[tuple[int, int, PublicChannel]]:
        """Return the pairs of alert and channel with an audience."""
        return [
            (int(a), c, channel)
            for a in np.flatnonzero(reach.max(axis=(0, 2)) > 0.0)
            for c, channel in enumerate(PUBLIC_CHANNELS)
            if reach[c, a].max() > 0.0
        ]

    def _cells(self, channel: PublicChannel, chunk: Chunk, alert: int) -> Ints:
        """Return the cells of an audience: those with their middle inside the circle, or all."""
        grid, circle = self._setting.world.grid, chunk.circles[alert]
        if channel.whole_region:
            return np.arange(grid.n_cells)
        x_dm = int(self._incidents.x_dm[circle.incident])
        y_dm = int(self._incidents.y_dm[circle.incident])
        near = self._index.cells_in_circle(x_dm, y_dm, circle.radius_m)
        half = grid.size_dm // 2
        apart = (grid.x_dm[near] + half - x_dm) ** 2 + (grid.y_dm[near] + half - y_dm) ** 2
        return np.asarray(near[apart <= (circle.radius_m * 10) ** 2])

    def _draw(
        self, chunk: Chunk, alert: int, number: int, channel: PublicChannel, share: float
    ) -> Informants:
        """Draw the possible informants of one alert and channel."""
        cells = self._cells(channel, chunk, alert)
        mean = self._people[cells] * share * self._setting.parameters.public_attend_share
        case = self._incidents.id[chunk.circles[alert].incident]
        u = self._setting.stream.uniforms(Purpose.PUBLIC_COUNT, case, cells, number)
        count = np.minimum(poisson_count(u[0], mean), _PER_CELL - 1)
        ordinal = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        n = len(ordinal)
        return Informants(np.full(n, alert), np.full(n, number), np.repeat(cells, count), ordinal)

    def _people_of(
        self, chunk: Chunk, who: Informants, reach: Floats, alone: Floats, weight: Floats
    ) -> Attending:
        """Return the possible informants with place, notice and clocks."""
        p, stream = self._setting.parameters, self._setting.stream
        ids = (who.cell * _CHANNELS_PER_CELL + who.channel) * _PER_CELL + who.ordinal + PUBLIC_ID
        incident = chunk.incident[who.alert]
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
        presence, searches = self._presence(who, ids, case, chunk.alert_s[who.alert])
        alert_s = chunk.alert_s[who.alert]
        dark = ~self._setting.calendar.is_day(alert_s)
        planned = self._actions.planned_close_s[incident][:, chunk.columns]
        never = np.int32(NEVER_AFTER_S)
        delivered = np.minimum(noticed, _DELIVERED_S)
        return Attending(
            observers=Observers(incident, presence, searches, alert_s, dark),
            caller=ids,
            columns=chunk.columns,
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
