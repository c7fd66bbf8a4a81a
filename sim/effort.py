"""Effort to rates: how hours of policy work, relation management and communication move the
register.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sim.candidates import leaving_rates
from sim.clock import date_to_s
from sim.draws import Floats, Ints
from sim.errors import InputError
from sim.grid import Grid
from sim.parameters import Parameters
from sim.policy import TASKS, Levers, Policy, TaskEffort
from sim.scalar import WORD_RANGE

MARK_RATE_PER_YEAR = 2.0
"""Rate of the marks of every candidate: a constant of the model, never computed from the policies
of a study."""
EXPOSURE_LIMIT = 30
"""Alerts a year above which a further one no longer makes people leave."""
_AGE_RECRUITING = np.array([0.0, 0.6, 0.9, 1.2, 1.1])
"""Relative willingness to answer recruiting by age band: older people answer more (WODC via news;
sizes judged)."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Integer thresholds of a mark's uniform u; policies differ only through them.

    Attributes:
        phase_s: start of each phase in elapsed seconds, the first far in the past.
        sign_up: u below it signs up, [phase, policy, municipality, age band].
        upkeep: u from `sign_up` to below it corrects a stale record.
        strike: u from `upkeep` to below it strikes a stale record off.
        decay: u from it to below `departure` makes a good record stale, [policy, age band, alerts
            in the last year].
        departure: u from it on is a departure.
    """

    phase_s: Ints
    sign_up: Ints
    upkeep: Ints
    strike: Ints
    decay: Ints
    departure: Ints


@dataclass(frozen=True, slots=True)
class Rates:
    """Yearly rates by [phase, policy, municipality, age band], and of the people by [policy, age
    band, exposure].
    """

    phase_s: Ints
    sign_up: Floats
    correction: Floats
    strike: Floats
    decay: Floats
    departure: Floats

    def thresholds(self) -> Thresholds:
        """Turn the rates into integer thresholds.

        Raises:
            InputError: if the rates of a policy together exceed the rate of the marks.
        """
        up = self.sign_up + self.correction + self.strike
        down = self.decay + self.departure
        most = (up.max(axis=(0, 2)) + down.max(axis=2)).max()
        if most > MARK_RATE_PER_YEAR:
            raise InputError(
                f"rates of the register: {most:.3f} a year together exceed the rate of the marks, "
                f"{MARK_RATE_PER_YEAR:g} a year"
            )
        return Thresholds(
            phase_s=self.phase_s,
            sign_up=_words(self.sign_up),
            upkeep=_words(self.sign_up + self.correction),
            strike=_words(up),
            decay=WORD_RANGE - _words(down),
            departure=WORD_RANGE - _words(self.departure),
        )


def _words(rate: Floats) -> Ints:
    return np.floor(rate / MARK_RATE_PER_YEAR * WORD_RANGE).astype(np.int64)


def task_hours(effort: TaskEffort, inhabitants: Ints, parameters: Parameters) -> Floats:
    """Return the hours a month spent on a task in each municipality."""
    per_1000 = effort.hours_per_month_per_1000_inhabitants
    bought = effort.eur_per_inhabitant_per_year / 12.0 / parameters.hour_cost_eur
    return np.asarray(inhabitants * (per_1000 / 1000.0 + bought), dtype=np.float64)


def effective_hours(
    levers: list[Levers], inhabitants: Ints, parameters: Parameters
) -> dict[str, Floats]:
    """Return the hours a month per 10,000 inhabitants of each task that remain above the overhead
    of the organisations.

    Every organisation loses a fixed number of hours a month; work done by one organisation for
    several municipalities loses them once. The overhead falls on the tasks and the municipalities
    in proportion to their hours.

    Args:
        levers: the levers of each municipality.
        inhabitants: of each municipality.
        parameters: cost of an hour and overhead.
    """
    n = len(levers)
    hours = {
        task: np.array(
            [
                task_hours(getattr(levers[i].effort, task), inhabitants[i : i + 1], parameters)[0]
                for i in range(n)
            ]
        )
        for task in TASKS
    }
    organisation = {
        task: [_organisation(getattr(levers[i].effort, task).performer, i) for i in range(n)]
        for task in TASKS
    }
    total: dict[str, float] = {}
    for task in TASKS:
        for i in range(n):
            total[organisation[task][i]] = total.get(organisation[task][i], 0.0) + float(
                hours[task][i]
            )
    overhead = parameters.overhead_hours_per_month
    kept = {o: max(0.0, t - overhead) / t if t > 0.0 else 0.0 for o, t in total.items()}
    people = np.maximum(inhabitants, 1) / 10_000.0
    return {
        task: hours[task] * np.array([kept[o] for o in organisation[task]]) / people
        for task in TASKS
    }


def _organisation(performer: str, municipality: int) -> str:
    return f"{performer} {municipality}" if performer == "municipality" else performer


def saturating(hours: Floats, half: float) -> Floats:
    """Return the effect of effort between 0 and 1, with diminishing returns: h / (h + half)."""
    return np.asarray(hours / (hours + half))


def register_rates(
    policies: list[Policy], grid: Grid, parameters: Parameters, start: date
) -> Rates:
    """Return the rates of the register under each policy."""
    days = sorted({day for policy in policies for day in policy.change_days()})
    phase_days = [None, *days]
    inhabitants = np.bincount(grid.municipality, grid.population, len(grid.municipalities)).astype(
        np.int64
    )
    shape = (len(phase_days), len(policies), len(grid.municipalities))
    sign_up, correction, strike = np.zeros((*shape, 5)), np.zeros(shape), np.zeros(shape)
    for i, day in enumerate(phase_days):
        for j, policy in enumerate(policies):
            levers = [policy.levers_at(day or start, m.gm_code) for m in grid.municipalities]
            sign_up[i, j], correction[i, j], strike[i, j] = _rates_of(
                levers, inhabitants, parameters
            )
    departure, decay = leaving_rates(parameters)
    exposed = (
        departure[:, None] + parameters.optout_per_alert * np.arange(EXPOSURE_LIMIT + 1)[None, :]
    )
    alike = np.ones((len(policies), 1, 1))
    wide = np.ones(5)
    return Rates(
        phase_s=np.array([-(1 << 40), *(date_to_s(start, day) for day in days)], dtype=np.int64),
        sign_up=sign_up,
        correction=correction[..., None] * wide,
        strike=strike[..., None] * wide,
        decay=decay[None, :, None] * alike * np.ones(EXPOSURE_LIMIT + 1),
        departure=exposed[None] * alike,
    )


def _rates_of(
    levers: list[Levers], inhabitants: Ints, parameters: Parameters
) -> tuple[Floats, Floats, Floats]:
    """Return sign-up [municipality, age], correction and strike rates [municipality] of one policy
    in one phase.
    """
    p = parameters
    hours = effective_hours(levers, inhabitants, p)
    steering = saturating(hours["policy_work"], p.policy_half_hours)
    recruiting = (
        p.recruiting_rate_max
        * saturating(hours["communication"], p.recruiting_half_hours)
        * steering
    )
    caring = saturating(hours["relation_management"], p.relation_half_hours) * steering
    open_ = np.array([float(v.register_.sign_ups_processed) for v in levers])
    corrected = np.array([float(v.register_.corrections_processed) for v in levers])
    sign_up = (open_ * (p.spontaneous_sign_up_rate + recruiting))[:, None] * _AGE_RECRUITING
    return (
        sign_up,
        corrected * p.correction_rate_max * caring,
        corrected * p.strike_rate_max * caring,
    )
