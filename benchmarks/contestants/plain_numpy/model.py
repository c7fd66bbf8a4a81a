"""One policy over one replication: NumPy for the people of each alert, SimPy for the control room.

Written as a researcher would who knows both libraries: one policy at a time, one alert at a time,
people as arrays. It draws the numbers that the engine draws, by their addresses.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from benchmarks.contestant import OUTCOMES, Table
from benchmarks.contestants.given import Action, Years, alerts
from benchmarks.contestants.plain_numpy.messages import Addressees, line_up, send_all
from benchmarks.contestants.plain_numpy.outcomes import Response, response_of, row_of
from benchmarks.contestants.plain_numpy.places import Points, locate
from benchmarks.contestants.plain_numpy.public import Public
from benchmarks.contestants.plain_numpy.register import GONE, GOOD, STALE, Register
from benchmarks.contestants.plain_numpy.room import Desk
from benchmarks.contestants.plain_numpy.sightings import Observers
from benchmarks.contestants.plain_numpy.tips import Attending, Calls, draw_minds, potential_calls
from sim.candidates import draw_candidates, registered_at_start
from sim.clock import DAY_S, YEAR_S, date_to_s
from sim.draws import Bools, Floats, Ints, Purpose, Stream, to_uniform
from sim.incidents import draw_incidents
from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import NEVER_AFTER_S
from sim.subjects import draw_subjects
from sim.world import World

_APP_DAY = date(2014, 11, 1)
_KNOT_S = 30 * DAY_S


class Model:
    """One policy over one replication.

    Args:
        world: the region.
        policy: the policy.
        parameters: uncertain parameters.
        stream: draws of the replication.
        years: years of the study.
    """

    def __init__(
        self, world: World, policy: Policy, parameters: Parameters, stream: Stream, years: Years
    ) -> None:
        self._world, self._policy, self._p = world, policy, parameters
        self._stream, self._years, grid = stream, years, world.grid
        incidents = draw_incidents(world, years.calendar, parameters, stream, years.until_s)
        subjects = draw_subjects(incidents, parameters, stream)
        self._history, self._actions = alerts(
            incidents, subjects, policy, parameters, world, years
        )
        self._people = draw_candidates(world, parameters, stream, years.until_s // YEAR_S + 2)
        self._register = Register(
            self._people, grid, policy, parameters, stream, years.start, years.until_s
        )
        people, everybody = self._people, np.arange(len(self._people))
        self._started = registered_at_start(people)
        self._homes = Points(people.x_dm, people.y_dm, everybody)
        self._work = Points(people.work_x_dm, people.work_y_dm, everybody)
        self._leisure = Points(people.leisure_x_dm, people.leisure_y_dm, everybody)
        self._public = Public(world, parameters, stream, years.start)

    def run(self) -> Table:
        """Run the policy and return what came of its actions, one row for each."""
        history, actions = self._history, self._actions
        first_s = min([action.alert_s for action in actions], default=0)
        desk = Desk(self._policy.control_room, self._p, first_s)
        responses: dict[int, Response] = {}
        calls: list[Calls] = []
        in_time = [(action, False) for action in history] + [(action, True) for action in actions]
        for action, counts in sorted(in_time, key=lambda pair: pair[0].alert_s):
            self._register.advance(action.alert_s)
            case = action.case
            covered = self._homes.inside(case.x_dm, case.y_dm, action.radius_m)
            if counts:
                desk.take_on(action)
                responses[case.position] = self._alert(action, covered, calls)
            self._register.remember(action.alert_s, covered)
        if calls:
            desk.run(Calls.joined(calls), self._stream)
        rows = [
            row_of(responses[i], ending, self._p)
            for i, ending in desk.endings.items()
            if ending.action.case.reported_s < self._years.end_s
        ]
        columns = {
            name: np.array([row[name] for row in rows]) for name in ("incident_id", *OUTCOMES)
        }
        return {"scenario": np.full(len(rows), self._policy.name), **columns}

    def _alert(self, action: Action, covered: Ints, calls: list[Calls]) -> Response:
        """Send the first messages of an action and collect the calls that may follow."""
        p, stream = self._p, self._stream
        who, home = self._around(action, covered)
        ids = self._people.id[who]
        response = stream.uniforms(Purpose.RESPONSE, ids, action.case.id)
        people = self._addressees(action, who, home, response)
        week = self._register.week
        weary = (p.fatigue_factor ** np.arange(week.max() + 1))[week[who]]
        willing = response[0] < p.attend_share * weary
        searches = (response[3] < p.search_share) & ~people.where.asleep
        audiences = self._public.audiences(action)
        outcome = response_of(
            people.inside,
            send_all(people, action.levers.channels, p),
            willing,
            searches,
            self._public.reached(audiences),
        )
        rows = np.flatnonzero(willing & (outcome.noticed_s < NEVER_AFTER_S))
        observers = Observers(
            people.where.take(rows), searches[rows], action.alert_s, action.clock.dark
        )
        minds = draw_minds(stream, ids[rows], action.case)
        tipsters = [Attending(observers, ids[rows], outcome.noticed_s[rows], *minds)]
        tipsters += [self._public.informants(action, audience) for audience in audiences]
        for group in tipsters:
            calls += potential_calls(group, action, stream, p)
        return outcome

    def _addressees(self, action: Action, who: Ints, home: Bools, response: Floats) -> Addressees:
        """Return the people around an alert with where they are and what the register says."""
        case, ids = action.case, self._people.id[who]
        words = self._stream.words(Purpose.RECEIPT, ids, case.id)
        receipt = to_uniform(words)
        occupancy = self._world.occupancy
        where = locate(self._people, who, action.clock, receipt[0], occupancy, self._p)
        apart = (where.x_dm - case.x_dm) ** 2 + (where.y_dm - case.y_dm) ** 2
        inside = apart <= (action.radius_m * 10) ** 2
        return Addressees(
            listed=self._listed(who) & home,
            good=self._register.state[who] == GOOD,
            has_app=self._has_app(who, action) & inside,
            prefers_voice=self._people.prefers_voice[who],
            where=where,
            inside=inside,
            order=line_up(words[1], ids),
            receipt=receipt[2],
            notice=receipt[3],
            notice_app=response[1],
            notice_email=response[2],
        )

    def _around(self, action: Action, covered: Ints) -> tuple[Ints, Bools]:
        """Return who may get a message, and whose home is inside the circle."""
        at_home = covered[self._listed(covered) | self._has_app(covered, action)]
        places = self._work if action.clock.working else self._leisure
        case = action.case
        there = places.inside(case.x_dm, case.y_dm, action.radius_m)
        there = np.setdiff1d(there[self._has_app(there, action)], covered, assume_unique=True)
        who = np.concatenate([at_home, there])
        return who, np.arange(len(who)) < len(at_home)

    def _listed(self, who: Ints) -> Bools:
        """Tell who is on the register and not struck off."""
        return (self._register.state[who] >= STALE) & ~self._register.struck[who]

    def _has_app(self, who: Ints, action: Action) -> Bools:
        """Tell who uses the app."""
        app, people = action.levers.channels.app, self._people
        if not app.enabled:
            return np.zeros(len(who), dtype=np.bool_)
        moved = self._started[who] & (people.move_level[who] < app.register_moved_share)
        share = self._app_share(action.alert_s) * app.adoption_factor
        uses = (people.app_level[who] < share) | moved
        return np.asarray(uses & (self._register.state[who] != GONE))

    def _app_share(self, at_s: int) -> float:
        """Return the share of the willing with the app.

        A logistic curve through the figure of November 2014, known every 30 days from a year
        before the start and straight in between.
        """
        p = self._p
        knots_s = np.arange(-YEAR_S, self._years.until_s + 2 * _KNOT_S, _KNOT_S, dtype=np.float64)
        grown = _odds(p.app_share_2014, p.app_share_limit) * np.exp(
            p.app_growth_rate * (knots_s - date_to_s(self._years.start, _APP_DAY)) / YEAR_S
        )
        return float(np.interp(float(at_s), knots_s, p.app_share_limit * grown / (1.0 + grown)))


def _odds(share: float, limit: float) -> float:
    return share / max(limit - share, 1e-9)
