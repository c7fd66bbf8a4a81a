"""Levers by date and place, and the thresholds of the register that follow from effort."""

import math
from datetime import date
from types import SimpleNamespace

from sim.clock import date_to_s
from sim.policy import TASKS
from tests.reference.philox import WORDS

AGE_RECRUITING = (0.0, 0.6, 0.9, 1.2, 1.1)
MOST_ALERTS = 30
MARKS_PER_YEAR = 2.0


class LeverBook:
    """The levers of one policy, looked up by time and municipality."""

    def __init__(self, policy, gm_codes, start):
        self.policy, self._codes, self._start = policy, gm_codes, start
        self._changes = [(date_to_s(start, day), day) for day in policy.change_days()]
        self._known = {}

    def phase(self, at_s):
        """Return the number of changes that have come into force."""
        return sum(1 for change_s, _ in self._changes if change_s <= at_s)

    def in_phase(self, phase, town):
        if (phase, town) not in self._known:
            day = date.min if phase == 0 else self._changes[phase - 1][1]
            self._known[phase, town] = self.policy.levers_at(day, self._codes[town])
        return self._known[phase, town]

    def at(self, at_s, town):
        return self.in_phase(self.phase(at_s), town)

    def letters(self):
        """Return {(day, town): share of the inhabitants written to}."""
        letters = {}
        for town, code in enumerate(self._codes):
            campaigns = {
                campaign
                for phase in range(len(self._changes) + 1)
                for campaign in self.in_phase(phase, town).campaigns
            }
            for campaign in campaigns:
                then = self.policy.levers_at(campaign.day, code)
                if campaign in then.campaigns and then.register_.sign_ups_processed:
                    key = (campaign.day, town)
                    letters[key] = letters.get(key, 0.0) + campaign.written_share
        return letters


def leaving(p, age):
    """Return the yearly rates of departure and of decay of an age band."""
    if age == 0:
        deaths = within = between = 0.0
    else:
        band = ("15_24", "25_44", "45_64", "65_plus")[age - 1]
        deaths = p.deaths_65_plus if age == 4 else p.deaths_under_65
        within = getattr(p, f"moves_within_{band}")
        between = getattr(p, f"moves_between_{band}")
    departure = deaths + between * p.leaves_region_given_between + p.lapse_rate
    moved = within + between * (1.0 - p.leaves_region_given_between)
    return departure, (moved + p.number_change_rate) * (1.0 - p.self_update_share)


def effective_hours(levers_of_towns, inhabitants, p):
    """Return {task: [hours a month per 10,000 inhabitants]} above the organisations' overhead."""
    towns = range(len(levers_of_towns))
    hours, organisation, total = {}, {}, {}
    for task in TASKS:
        for town in towns:
            effort = getattr(levers_of_towns[town].effort, task)
            per_head = effort.hours_per_month_per_1000_inhabitants / 1000.0
            per_head += effort.eur_per_inhabitant_per_year / 12.0 / p.hour_cost_eur
            who = effort.performer
            who = (who, town) if who == "municipality" else (who,)
            hours[task, town] = inhabitants[town] * per_head
            organisation[task, town] = who
            total[who] = total.get(who, 0.0) + hours[task, town]

    def kept(who):
        if total[who] <= 0.0:
            return 0.0
        return max(0.0, total[who] - p.overhead_hours_per_month) / total[who]

    return {
        task: [
            hours[task, town]
            * kept(organisation[task, town])
            / (max(inhabitants[town], 1) / 10_000.0)
            for town in towns
        ]
        for task in TASKS
    }


class Thresholds:
    """Bounds of a mark's word by phase, municipality, age band and alerts in the last year."""

    def __init__(self, book, inhabitants, p):
        self._book, self._inhabitants, self._p = book, inhabitants, p
        self._hours, self._up, self._down = {}, {}, {}

    def up(self, at_s, town, age):
        """Return the upper ends of sign-up, upkeep and striking off."""
        key = (self._book.phase(at_s), town, age)
        if key not in self._up:
            self._up[key] = self._compute_up(*key)
        return self._up[key]

    def down(self, age, alerts):
        """Return the lower ends of decay and of departure."""
        key = (age, min(alerts, MOST_ALERTS))
        if key not in self._down:
            departure, decay = leaving(self._p, age)
            departure += self._p.optout_per_alert * key[1]
            self._down[key] = (WORDS - _words(decay + departure), WORDS - _words(departure))
        return self._down[key]

    def _compute_up(self, phase, town, age):
        p = self._p
        if phase not in self._hours:
            towns = range(len(self._inhabitants))
            levers = [self._book.in_phase(phase, t) for t in towns]
            self._hours[phase] = effective_hours(levers, self._inhabitants, p)
        hours = SimpleNamespace(**{task: of[town] for task, of in self._hours[phase].items()})
        register = self._book.in_phase(phase, town).register_
        steering = _saturating(hours.policy_work, p.policy_half_hours)
        recruiting = _saturating(hours.communication, p.recruiting_half_hours) * steering
        caring = _saturating(hours.relation_management, p.relation_half_hours) * steering
        sign_up = correction = strike = 0.0
        if register.sign_ups_processed:
            sign_up = p.spontaneous_sign_up_rate + p.recruiting_rate_max * recruiting
            sign_up *= AGE_RECRUITING[age]
        if register.corrections_processed:
            correction = p.correction_rate_max * caring
            strike = p.strike_rate_max * caring
        return (
            _words(sign_up),
            _words(sign_up + correction),
            _words(sign_up + correction + strike),
        )


def _saturating(hours, half):
    return hours / (hours + half)


def _words(rate):
    """Return a yearly rate as a threshold."""
    return math.floor(rate / MARKS_PER_YEAR * WORDS)
