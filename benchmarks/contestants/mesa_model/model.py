"""The model: residents who change week by week, and alerts that run minute by minute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import mesa
import numpy as np

from benchmarks.contestants.given import Action, WallClock, Years
from benchmarks.contestants.mesa_model.alert import HOUR_S, MINUTE_S, Alert, Subject
from benchmarks.contestants.mesa_model.messages import NEVER, Lines
from benchmarks.contestants.mesa_model.recipient import Recipient
from benchmarks.contestants.mesa_model.residents import (
    GONE,
    GOOD,
    OUT,
    STALE,
    WEEK_S,
    Person,
    Resident,
)
from benchmarks.contestants.mesa_model.room import Room
from sim.candidates import Candidates, registered_at_start
from sim.clock import YEAR_S, date_to_s
from sim.draws import Bools, Floats
from sim.effort import EXPOSURE_LIMIT, register_rates
from sim.parameters import Parameters
from sim.policy import Policy
from sim.world import World

TEN_MINUTES_S = 600
_APP_DAY = date(2014, 11, 1)


@dataclass(frozen=True, slots=True)
class Given:
    """What the model is given: the region, who lives there, and the alerts of some weeks.

    Attributes:
        world: the region.
        people: residents who would ever take part.
        policy: the policy.
        parameters: uncertain parameters.
        years: the calendar.
        history: alerts before the start, which people only remember.
        actions: alerts to follow, in the order of time.
    """

    world: World
    people: Candidates
    policy: Policy
    parameters: Parameters
    years: Years
    history: list[Action]
    actions: list[Action]


class BurgernetModel(mesa.Model):
    """Residents, alerts, and a control room; one step is a minute.

    Args:
        given: region, people and alerts.
        seed: of the model's own random numbers.
    """

    def __init__(self, given: Given, seed: int) -> None:
        super().__init__(seed=seed)
        self.p, self._given = given.parameters, given
        self.now_s = 0
        self.clock = WallClock.at(given.years.calendar, 0)
        self.room = Room(self, given.policy.control_room)
        self._rates = register_rates(
            [given.policy], given.world.grid, given.parameters, given.years.start
        )
        self._homes, self._work, self._leisure = _places_m(given.people)
        self.residents = self._settle()
        for action in given.history:
            self._remember(action)
        self._to_come = list(reversed(given.actions))
        self._open: list[Alert] = []
        self.alerts: list[Alert] = []
        self._next_week_s = WEEK_S
        self._phase = 0
        self._chances: dict[tuple[int, ...], tuple[float, ...]] = {}

    def _settle(self) -> list[Resident]:
        """Make every candidate a resident, registered at the start or not."""
        people, p = self._given.people, self.p
        state = np.where(people.entry_s < 0, OUT, GONE)
        registered = registered_at_start(people)
        state[registered] = np.where(people.stale_level < p.stale_share_at_start, STALE, GOOD)[
            registered
        ]
        rows = zip(
            *(place.tolist() for place in (self._homes, self._work, self._leisure)),
            people.municipality.tolist(),
            people.age_band.tolist(),
            people.prefers_voice.tolist(),
            people.entry_s.tolist(),
            people.app_level.tolist(),
            strict=True,
        )
        return [
            Resident(self, Person(*row), first)
            for row, first in zip(rows, state.tolist(), strict=True)
        ]

    # Time.

    def run_model(self) -> None:
        """Run until the last alert is over, leaping over the minutes without one."""
        while self._to_come or self._open:
            if not self._open:
                ahead_s = self._to_come[-1].alert_s - self.now_s
                self.now_s += max(ahead_s // MINUTE_S - 1, 0) * MINUTE_S
            self.step()

    def step(self) -> None:
        """Let a minute pass."""
        self.now_s += MINUTE_S
        while self._next_week_s <= self.now_s:
            self.week()
        while self._to_come and self._to_come[-1].alert_s <= self.now_s:
            self._launch(self._to_come.pop())
        for kind in (Subject, Recipient):
            if kind in self.agents_by_type:
                self.agents_by_type[kind].shuffle_do("step")
        self.room.step()
        self._close()

    def _close(self) -> None:
        """Let everybody go whose alert is over; who notices is counted for an hour."""
        done = [
            alert
            for alert in self._open
            if alert.over() and self.now_s > alert.action.alert_s + HOUR_S
        ]
        for alert in done:
            self._open.remove(alert)
            alert.subject.remove()
        if done:
            for recipient in list(self.agents_by_type.get(Recipient, ())):
                if recipient.alert in done:
                    recipient.remove()

    # The register.

    def weekly_chances(self, town: int, age_band: int, alerts: int) -> tuple[float, ...]:
        """Return the chances in a week to go, move, sign up, be corrected and be struck off."""
        key = (self._phase, town, age_band, min(alerts, EXPOSURE_LIMIT))
        if key not in self._chances:
            rates, up, down = self._rates, (self._phase, 0, town, age_band), (0, *key[2:])
            yearly = (
                *(table[down] for table in (rates.departure, rates.decay)),
                *(table[up] for table in (rates.sign_up, rates.correction, rates.strike)),
            )
            self._chances[key] = tuple(float(rate) * WEEK_S / YEAR_S for rate in yearly)
        return self._chances[key]

    def week(self) -> None:
        """Let a week pass on the register."""
        self._next_week_s += WEEK_S
        self._phase = int(np.searchsorted(self._rates.phase_s, self.now_s, side="right")) - 1
        self.agents_by_type[Resident].do("week")

    def _remember(self, action: Action) -> None:
        for number in np.flatnonzero(self._inside(self._homes, action)).tolist():
            self.residents[number].alerts.append(action.alert_s)

    # Alerts.

    def occupancy(self, age_band: int) -> tuple[float, float]:
        """Return the shares away and asleep at the present hour."""
        tables, clock = self._given.world.occupancy, self.clock
        where = (clock.day, clock.hour, age_band)
        return float(tables.away[where]), float(tables.asleep[where])

    def _inside(self, places_m: Floats, action: Action) -> Bools:
        x_m, y_m = action.case.x_dm / 10.0, action.case.y_dm / 10.0
        apart_m = np.hypot(places_m[:, 0] - x_m, places_m[:, 1] - y_m)
        return np.asarray(apart_m <= action.radius_m)

    def _launch(self, action: Action) -> None:
        """Send the first messages of an alert, in an order drawn for it."""
        self.clock = action.clock
        alert = Alert(self, action)
        self._open.append(alert)
        self.alerts.append(alert)
        self.room.take_on(alert)
        home = self._inside(self._homes, action)
        there = self._inside(self._work if action.clock.working else self._leisure, action)
        around = [(self.residents[i], bool(home[i])) for i in np.flatnonzero(home | there)]
        self.random.shuffle(around)
        app = action.levers.channels.app
        share = self._app_share() * app.adoption_factor if app.enabled else 0.0
        lines = Lines(action.levers.channels, self.p, self.random)
        for resident, at_home in around:
            listed, has_app = at_home and resident.listed, resident.uses_app(share)
            if listed or has_app:
                self._send(alert, resident, lines, listed=listed, has_app=has_app)
        self._remember(action)

    def _send(
        self, alert: Alert, resident: Resident, lines: Lines, *, listed: bool, has_app: bool
    ) -> None:
        """Send somebody the first messages, and follow who will notice one."""
        action, counts = alert.action, alert.counts
        place = resident.whereabouts()
        apart_m = math.hypot(
            place.x_m - action.case.x_dm / 10.0, place.y_m - action.case.y_dm / 10.0
        )
        inside = apart_m <= action.radius_m
        sent = []
        if listed:
            voice, good = resident.person.prefers_voice, resident.state == GOOD
            sent += [lines.call_s(place, good=good) if voice else lines.text_s(place, good=good)]
        if has_app and inside:
            sent.append(lines.push_s(place))
        if not sent:
            return
        delivered_s, noticed_s = (min(times) for times in zip(*sent, strict=True))
        counts["recipients"] += 1
        counts["delivered"] += delivered_s < NEVER
        counts["noticed"] += noticed_s <= HOUR_S
        counts["noticed_10min"] += noticed_s <= TEN_MINUTES_S
        counts["noticed_in_area"] += noticed_s <= HOUR_S and inside
        if noticed_s < NEVER:
            weary = self.p.fatigue_factor ** resident.alerts_within(WEEK_S)
            share = self.p.attend_share * weary
            Recipient(self, alert, place, action.alert_s + noticed_s, share)

    def _app_share(self) -> float:
        """Return the share of the willing with the app: a logistic curve."""
        p = self.p
        years = (self.now_s - date_to_s(self._given.years.start, _APP_DAY)) / YEAR_S
        odds = p.app_share_2014 / max(p.app_share_limit - p.app_share_2014, 1e-9)
        grown = odds * math.exp(p.app_growth_rate * years)
        return p.app_share_limit * grown / (1.0 + grown)


def _places_m(people: Candidates) -> tuple[Floats, Floats, Floats]:
    """Return homes, places of work and of leisure in metres, each [n, 2]."""
    homes = np.stack([people.x_dm, people.y_dm], axis=1) / 10.0
    work = np.stack([people.work_x_dm, people.work_y_dm], axis=1) / 10.0
    leisure = np.stack([people.leisure_x_dm, people.leisure_y_dm], axis=1) / 10.0
    return homes, work, leisure
