"""The control room and the police: calls, operators, units, other calls, and how incidents end."""

import math

import simpy
from simpy.events import NORMAL, URGENT

from sim.scalar import NEVER_S
from tests.reference.philox import seconds
from tests.reference.public import FALSE, KNOWLEDGE

LAST = NORMAL + 1


def moment(env, at_s, priority):
    """Return an event at a moment that comes before or after the others of that second."""
    event = simpy.Event(env)
    event._ok, event._value = True, None
    env.schedule(event, priority, at_s - env.now)
    return event


class ControlRoom:
    """Operators and units of one policy, and the fate of every action."""

    def __init__(self, env, levers, area_of_town, p):
        self._env, self._levers, self._area_of_town, self._p = env, levers, area_of_town, p
        self._desk = simpy.Resource(env, capacity=levers.operators)
        self._units = {
            area: simpy.Resource(env, capacity=levers.units_per_area) for area in set(area_of_town)
        }
        self._ringing = []

    # How an action ends without a find.

    def expect_end(self, action):
        """Plan the end that comes if nobody finds the subject; a later plan replaces it."""
        action.plans += 1
        self._env.process(self._wait_for_end(action, action.plans))

    def _wait_for_end(self, action, plan):
        case = action.case
        end_s = min(action.police_s, case.return_s, case.horizon_s)
        if end_s > self._env.now:
            yield moment(self._env, end_s, URGENT)
        if action.over or action.plans != plan:
            return
        first = min(action.police_s, case.return_s)
        if first >= case.horizon_s:
            cause = "none"
        else:
            cause = "police" if action.police_s <= case.return_s else "own_return"
        self._end(action, cause)

    def _end(self, action, cause):
        action.over, action.end_s, action.cause = True, self._env.now, cause

    # Calls.

    def ring(self, order, call):
        """Take a call in this second; `call` starts its process once all of the second ring."""
        if not self._ringing:
            self._env.process(self._pick_up())
        self._ringing.append((order, call))

    def _pick_up(self):
        """Process: settle the order of the calls of one second."""
        yield moment(self._env, self._env.now, LAST)
        ringing, self._ringing = sorted(self._ringing, key=lambda pair: pair[0]), []
        for _, call in ringing:
            call()

    def ring_tip(self, tip):
        action = tip.action
        self.ring((0, action.case.position, tip.caller, tip.kind), lambda: self._dial(tip))

    def _dial(self, tip):
        """Call only while the incident has not ended."""
        if not tip.action.over:
            tip.made = True
            self._env.process(self._call(tip))

    def _call(self, tip):
        """Process: wait for an operator or hang up, be heard, set a unit in motion."""
        env, asked_s = self._env, self._env.now
        if self._levers.unlimited:
            yield env.timeout(tip.service_s)
        else:
            with self._desk.request() as operator:
                yield operator | moment(env, env.now + tip.patience_s, LAST)
                if not operator.triggered:
                    tip.lost = True
                    return
                asked_s = env.now
                yield env.timeout(tip.service_s)
        tip.action.operator_s += env.now - asked_s
        self._heard(tip)
        if tip.dispatched and not tip.action.over:
            yield from self._send_unit(tip)

    def ring_other(self, action, ordinal, service_s):
        """Take a call that is not about the action."""
        order = (1, action.case.position, ordinal, 0)
        self.ring(order, lambda: self._env.process(self._other(action, service_s)))

    def _other(self, action, service_s):
        if self._levers.unlimited:
            return
        with self._desk.request() as operator:
            yield operator
            yield self._env.timeout(service_s)
        action.operator_s += service_s

    def _heard(self, tip):
        """Note a tip; a true one speeds up the police from now on."""
        action, now = tip.action, self._env.now
        tip.handled_s = now
        if tip.kind == FALSE or action.over:
            return
        action.true_handled += 1
        slower, faster = (self._pace(action.true_handled - k) for k in (1, 0))
        if now < action.police_s < NEVER_S:
            action.police_s = now + seconds((action.police_s - now) * (slower / faster))
        self.expect_end(action)

    def _pace(self, handled):
        """Return the factor on the hazard of the police clock after some true tips."""
        p = self._p
        if handled == 0:
            return 1.0
        pace = p.police_speed_up_first * p.police_speed_up_next ** (handled - 1)
        return min(pace, max(p.police_speed_up_limit, 1.0))

    # Units.

    def _send_unit(self, tip):
        if self._levers.unlimited:
            yield from self._drive(tip)
            return
        area = self._area_of_town[tip.action.case.municipality]
        with self._units[area].request() as unit:
            yield unit
            if not tip.action.over:
                yield from self._drive(tip)

    def _drive(self, tip):
        """Drive to the place, look, and find the subject or not."""
        env, action, left_s = self._env, tip.action, self._env.now
        yield env.timeout(tip.response_s)
        if not action.over:
            tip.arrival_s = env.now
            if tip.find_level < self._find_share(tip):
                tip.found = True
                self._end(action, "participant")
            yield env.timeout(tip.scene_s)
        tip.unit_s = env.now - left_s

    def _find_share(self, tip):
        """Return the chance that a tip leads to the find, by the age of what was seen."""
        p, action = self._p, tip.action
        if tip.kind == FALSE or not action.case.solvable[tip.kind]:
            return 0.0
        if tip.kind == KNOWLEDGE:
            share = p.find_knowledge_share
        else:
            minutes = (self._env.now - tip.encounter_s) / 60.0
            fresh = max(p.find_fresh_share, p.find_old_share)
            fading = math.exp(-minutes / p.find_decay_minutes)
            share = p.find_old_share + (fresh - p.find_old_share) * fading
        return share * (self._levers.away_find_factor if action.away else 1.0)
