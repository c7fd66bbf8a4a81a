"""The plain model: one SimPy process for every recipient, message, call, unit and action.

Written for reading, from the description of the model, and independent of the stages of `sim`. It
shares with the engine the addresses of the draws, the rounding to whole seconds, the levers, the
parameters and what `given` takes from it. All actions of a policy live in one environment, because
operators and units are shared. Within one second: an incident that is due ends; then whatever was
set in motion before happens; then the calls of that second come in, tips before other calls, by
position of the incident, caller and kind.
"""

import math
from dataclasses import dataclass

import simpy
from simpy.events import URGENT

from sim.clock import date_to_s, month_starts
from sim.draws import Purpose
from sim.policy import LONGEST_OPEN_FACTOR, Policy
from sim.scalar import NEVER_S
from tests.reference import channels
from tests.reference.actions import Recipient, Tip, plan
from tests.reference.given import Neighbourhood
from tests.reference.philox import exponential, lognormal, poisson, seconds, uniform
from tests.reference.public import FALSE, FRESH, KNOWLEDGE, RETROSPECTIVE, Public, knowledge_share
from tests.reference.rates import LeverBook
from tests.reference.register import Marks, Register
from tests.reference.room import ControlRoom, moment
from tests.reference.seeing import Observer, earlier_sighting, fresh_sighting, locate

MOST_BACKGROUND = 256


@dataclass(slots=True)
class Mind:
    """What decides what somebody who attends has to tell: two clocks and two levels."""

    fresh_clock: float
    retrospective_clock: float
    knowledge_level: float
    false_level: float


class Region:
    """The people of the region and where to find them: the same for all policies."""

    def __init__(self, given):
        self.given, self.marks = given, Marks(given.draws, given.until_s)
        people = given.people
        self.homes = Neighbourhood((a, a.x_dm, a.y_dm) for a in people)
        self.work = Neighbourhood((a, a.work_x_dm, a.work_y_dm) for a in people)
        self.leisure = Neighbourhood((a, a.leisure_x_dm, a.leisure_y_dm) for a in people)
        self.public = Public(given)


class PlainModel:
    """One policy over one replication.

    Args:
        region: people and cases.
        policy: the policy.
        until_s: actions with an alert from here on are left out.
    """

    def __init__(self, region, policy, until_s=NEVER_S):
        self.region, self.given, self.p = region, region.given, region.given.p
        self.draws, given = region.given.draws, region.given
        book = LeverBook(policy, given.gm_codes, given.start)
        self.register = Register(given, book, region.marks)
        left = policy.control_room.leaves_twente_on
        left_s = NEVER_S if left is None else date_to_s(given.start, left)
        self.actions, self.past, self.books = [], [], {0: self.register.books(0)}
        months = month_starts(given.start, 12 * given.years)[1:]
        self.month_ends_s = [
            end_s for day in months if (end_s := date_to_s(given.start, day)) <= until_s
        ]
        present = LeverBook(Policy(name="present"), given.gm_codes, given.start)
        for case in given.cases:
            of_case, stays_s = (book, left_s) if case.reported_s >= 0 else (present, NEVER_S)
            levers = of_case.at(case.reported_s, case.municipality)
            action = plan(case, levers, stays_s, self.p)
            if action is not None and action.alert_s < until_s:
                (self.actions if case.reported_s >= 0 else self.past).append(action)
        first_s = min(action.alert_s for action in self.past + self.actions)
        self.env = simpy.Environment(initial_time=first_s)
        areas = given.world.area.tolist()
        self.room = ControlRoom(self.env, policy.control_room, areas, self.p)

    def run(self):
        """Run to the last event and return the actions."""
        for month, end_s in enumerate(self.month_ends_s, 1):
            self.env.process(self._count(month, end_s))
        for action in self.past:
            self.env.process(self._past_alert(action))
        for action in self.actions:
            self.env.process(self._act(action))
        self.env.run()
        return self.actions

    def _count(self, month, end_s):
        """Process: keep the books of the register at the end of a month."""
        yield moment(self.env, end_s, URGENT)
        self.books[month] = self.register.books(end_s)

    def _past_alert(self, action):
        """Process: an alert before the start, which people only remember."""
        yield self.env.timeout(action.alert_s - self.env.now)
        self._remember(action, self._homes(action))

    def _homes(self, action):
        case = action.case
        return self.region.homes.within(case.x_dm, case.y_dm, action.radius_m)

    def _remember(self, action, people):
        for person in people:
            self.register.records[person.id].alerts.append(action.alert_s)

    def _act(self, action):
        """Process: the alert of an action and everything that it sets in motion."""
        env, given = self.env, self.given
        yield env.timeout(action.alert_s - env.now)
        action.wall_clock = given.wall_clock(action.alert_s)
        action.dark = not bool(given.calendar.is_day(action.alert_s))
        self.room.expect_end(action)
        self._background(action)
        at_home = self._homes(action)
        self._address(action, at_home)
        self._remember(action, at_home)
        for recipient in action.recipients:
            recipient.noticed = env.event()
            env.process(self._recipient(action, recipient))
        self._send(action)
        action.public_reached = self.region.public.expected_reached(action)
        for informant in self.region.public.informants(action):
            env.process(self._informant(action, informant))

    def _address(self, action, at_home):
        """Find everybody who gets a message, in the order in which messages go out."""
        case, app = action.case, action.levers.channels.app
        share = channels.app_share(action.alert_s, self.given.start, self.p)
        day_type, hour = action.wall_clock
        working = day_type == 0 and 7 <= hour < 18
        places = self.region.work if working else self.region.leisure
        home_ids = {person.id for person in at_home}
        elsewhere = places.within(case.x_dm, case.y_dm, action.radius_m) if app.enabled else []
        in_line = []
        for person in at_home + [a for a in elsewhere if a.id not in home_ids]:
            record = self.register.records[person.id]
            self.register.bring_to(record, action.alert_s)
            home = person.id in home_ids
            listed = home and record.listed
            has_app = channels.uses_app(record, app, share)
            if listed or has_app:
                in_line.append(self._reach(action, record, listed, has_app))
        in_line.sort(key=lambda pair: pair[0])
        for _, recipient, messages in in_line:
            if messages:
                action.recipients.append(recipient)
                action.messages += messages

    def _reach(self, action, record, listed, has_app):
        """Return the place in line, the person and the messages, of which there may be none."""
        person, case, p = record.person, action.case, self.p
        words = self.draws.words(Purpose.RECEIPT, person.id, case.id)
        receipt = [uniform(word) for word in words]
        response = self.draws.uniforms(Purpose.RESPONSE, person.id, case.id)
        where = locate(person, receipt[0], *action.wall_clock, self.given)
        inside = where.within(case.x_dm, case.y_dm, action.radius_m)
        weary = p.fatigue_factor ** record.alerts_last_week(action.alert_s)
        recipient = Recipient(
            person,
            where,
            inside,
            searches=response[3] < p.search_share,
            willing=response[0] < p.attend_share * weary,
        )
        messages = []
        if listed:
            messages = channels.messages_to(recipient, record, action.levers, receipt, response, p)
        if has_app and inside:
            messages.append(channels.push_to(recipient, response, p))
        return (words[1], person.id), recipient, messages

    def _send(self, action):
        """Hand the messages to the gateway, the lines and the servers."""
        means, env = action.levers.channels, self.env
        of = {name: [] for name in ("sms", "voice", "app", "email")}
        for message in action.messages:
            of[message.channel].append(message)
        env.process(channels.gateway(env, of["sms"], means.sms.messages_per_second))
        channels.voice_lines(env, of["voice"], means.voice.lines, means.voice.call_s)
        channels.at_once(env, of["app"] + of["email"])

    def _recipient(self, action, recipient):
        """Process: somebody who has been sent a message; most never do anything."""
        yield recipient.noticed
        recipient.attends = recipient.willing
        if not recipient.attends:
            return
        who, case = recipient.person.id, action.case
        fresh, retrospective, knowledge, false = self.draws.uniforms(
            Purpose.SIGHTING, who, case.id
        )
        mind = Mind(exponential(fresh), exponential(retrospective), knowledge, false)
        searches = recipient.searches and not recipient.where.asleep
        observer = Observer(recipient.where, searches, action.alert_s, action.dark)
        yield from self._tell(action, who, observer, mind, recipient.delivered_s)

    def _informant(self, action, informant):
        """Process: a member of the public who reads about an action."""
        yield self.env.timeout(informant.noticed_s - self.env.now)
        kind, clock, level = informant.kind, informant.clock, informant.level
        mind = Mind(
            fresh_clock=clock if kind == FRESH else math.inf,
            retrospective_clock=clock if kind == RETROSPECTIVE else math.inf,
            knowledge_level=level if kind == KNOWLEDGE else 1.0,
            false_level=level if kind == FALSE else 1.0,
        )
        delivered_s = min(informant.noticed_s, action.alert_s + 60)
        yield from self._tell(action, informant.id, informant.observer, mind, delivered_s)

    def _tell(self, action, who, observer, mind, delivered_s):
        """Look out, remember, and make the calls that follow, one after the other."""
        tips = self._tips(action, who, observer, mind, delivered_s)
        for tip in sorted(tips, key=lambda tip: (tip.call_s, tip.kind)):
            action.tips.append(tip)
            yield self.env.timeout(tip.call_s - self.env.now)
            self.room.ring_tip(tip)

    def _tips(self, action, who, observer, mind, delivered_s):
        """Yield every call that somebody who has noticed the alert just now could make."""
        case, p, noticed_s = action.case, self.p, self.env.now
        close_s = action.planned_close_s
        seen_s = fresh_sighting(observer, case, noticed_s, close_s, mind.fresh_clock, p)
        passed_s = earlier_sighting(observer, case, mind.retrospective_clock, p)
        report = p.report_delay_minutes, 0.8
        has = (
            (FRESH, seen_s is not None, seen_s, report),
            (RETROSPECTIVE, passed_s is not None, passed_s, report),
            (
                KNOWLEDGE,
                mind.knowledge_level < knowledge_share(case, p),
                None,
                (p.knowledge_minutes, 1.0),
            ),
            (
                FALSE,
                mind.false_level < p.false_per_1000_attending / 1000.0,
                None,
                (p.false_minutes, 1.0),
            ),
        )
        for kind, happens, encounter_s, delay in has:
            if not happens:
                continue
            tip = self.draws.uniforms(Purpose.TIP, who, case.id, kind)
            call = self.draws.uniforms(Purpose.CALL, who, case.id, kind)
            if encounter_s is not None and tip[0] >= p.report_share:
                continue
            # After closing few still respond to what they read; a fresh sighting has that in its
            # hazard.
            late = kind != FRESH and noticed_s >= close_s
            if late and call[3] >= p.attention_after_closing:
                continue
            begun_s = seen_s if kind == FRESH else noticed_s
            yield Tip(
                action=action,
                caller=who,
                kind=kind,
                delivered_s=delivered_s,
                noticed_s=noticed_s,
                encounter_s=NEVER_S if encounter_s is None else encounter_s,
                call_s=begun_s + seconds(lognormal(tip[1], delay[0] * 60.0, delay[1])),
                dispatched=kind != FALSE or tip[0] < p.dispatch_false_share,
                find_level=tip[2],
                service_s=_at_least_one(tip[3], p.service_minutes, 0.5),
                patience_s=_at_least_one(call[0], p.patience_minutes, 0.7),
                response_s=_at_least_one(call[1], self._response_minutes(case), p.response_sigma),
                scene_s=_at_least_one(call[2], p.on_scene_minutes, 0.5),
            )

    def _response_minutes(self, case):
        p, kind = self.p, int(self.given.world.response_class[case.municipality])
        return (p.response_minutes_city, p.response_minutes_mid, p.response_minutes_rural)[kind]

    def _background(self, action):
        """Let other calls come in until the planned closing of an action."""
        case, p = action.case, self.p
        longest_s = int(60.0 * p.open_minutes_high * LONGEST_OPEN_FACTOR)
        u = self.draws.uniforms(Purpose.BACKGROUND_COUNT, case.id)
        count = poisson(u[0], p.background_calls_per_hour * (longest_s / 3600.0))
        for ordinal in range(min(count, MOST_BACKGROUND)):
            u = self.draws.uniforms(Purpose.BACKGROUND_CALL, case.id, ordinal)
            call_s = action.alert_s + int(u[0] * longest_s)
            if call_s < action.planned_close_s:
                service_s = _at_least_one(u[1], p.service_minutes, 0.5)
                self.env.process(self._other_caller(action, ordinal, call_s, service_s))

    def _other_caller(self, action, ordinal, call_s, service_s):
        yield self.env.timeout(call_s - self.env.now)
        self.room.ring_other(action, ordinal, service_s)


def _at_least_one(u, minutes, sigma):
    """Return a log-normal span in whole seconds, at least one."""
    return max(seconds(lognormal(u, minutes * 60.0, sigma)), 1)
