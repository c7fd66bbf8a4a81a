"""What each policy costs: effort by task and payer, letters, transition and ending; messages are
added from the outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from sim.clock import add_years
from sim.draws import Floats, Ints
from sim.effort import task_hours
from sim.grid import Grid
from sim.parameters import Parameters
from sim.policy import PAYERS, TASKS, Campaign, Policy

LEDGER_TASKS = (*TASKS, "messages", "campaign", "transition", "ending")
"""Tasks of the ledger: the memo's three and what else is paid."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Euros by [policy, year, municipality, payer, task]; prices of the start year, not
    discounted.
    """

    eur: Floats

    def add_messages(self, policy: Ints, year: Ints, municipality: Ints, eur: Floats) -> None:
        """Book the messages of actions, which the police pays; years count from 0."""
        messages = self.eur[:, :, :, PAYERS.index("police"), LEDGER_TASKS.index("messages")]
        np.add.at(messages, (policy, year, municipality), eur)


def effort_ledger(
    policies: Sequence[Policy], grid: Grid, parameters: Parameters, start: date, years: int
) -> Ledger:
    """Return the ledger of everything that does not depend on what happens.

    Effort in hours is worth its hours at the hourly cost; effort in euros per inhabitant is that.
    Levers that change within a year count by days.
    """
    inhabitants = np.bincount(grid.municipality, grid.population, len(grid.municipalities)).astype(
        np.int64
    )
    eur = np.zeros((len(policies), years, len(inhabitants), len(PAYERS), len(LEDGER_TASKS)))
    for i, policy in enumerate(policies):
        # A year's effort depends only on which changes are in force.
        known: dict[int, Floats] = {}
        for year in range(years):
            for first, days, length in _spans(
                policy, add_years(start, year), add_years(start, year + 1)
            ):
                phase = sum(day <= first for day in policy.change_days())
                if phase not in known:
                    known[phase] = _yearly_effort(policy, grid, inhabitants, parameters, first)
                eur[i, year] += days / length * known[phase]
        _book_once(eur[i], policy, grid, inhabitants, start, years)
    return Ledger(eur)


def _spans(policy: Policy, first: date, last: date) -> list[tuple[date, int, int]]:
    """Return the spans of one year in which no lever changes: first day, days, days of the
    year.
    """
    cuts = [first, *(day for day in policy.change_days() if first < day < last), last]
    return [(a, (b - a).days, (last - first).days) for a, b in pairwise(cuts)]


def _yearly_effort(
    policy: Policy, grid: Grid, inhabitants: Ints, parameters: Parameters, day: date
) -> Floats:
    """Return a year's effort under the levers of a day in euros, [municipality, payer, task]."""
    eur = np.zeros((len(inhabitants), len(PAYERS), len(LEDGER_TASKS)))
    for k, town in enumerate(grid.municipalities):
        effort = policy.levers_at(day, town.gm_code).effort
        for t, task in enumerate(TASKS):
            one = getattr(effort, task)
            hours = float(task_hours(one, inhabitants[k : k + 1], parameters)[0])
            eur[k, PAYERS.index(one.payer), t] += 12.0 * hours * parameters.hour_cost_eur
    return eur


def _book_once(
    eur: Floats, policy: Policy, grid: Grid, inhabitants: Ints, start: date, years: int
) -> None:
    """Book letters and one-off costs in the year in which they fall, spread over the
    municipalities by inhabitants.
    """
    ends = [add_years(start, year + 1) for year in range(years)]

    def year_of(day: date) -> int | None:
        return next((y for y, end in enumerate(ends) if day < end), None) if day >= start else None

    part = inhabitants / inhabitants.sum()
    for cost in policy.one_off_costs:
        if (year := year_of(cost.day)) is not None:
            eur[year, :, PAYERS.index(cost.payer), LEDGER_TASKS.index(cost.task)] += (
                part * cost.eur
            )
    for k, town in enumerate(grid.municipalities):
        for campaign in campaigns_of(policy, town.gm_code):
            if (year := year_of(campaign.day)) is not None:
                sent = (
                    campaign.written_share * campaign.eur_per_inhabitant_written * inhabitants[k]
                )
                eur[year, k, PAYERS.index(campaign.payer), LEDGER_TASKS.index("campaign")] += sent


def campaigns_of(policy: Policy, gm_code: str) -> list[Campaign]:
    """Return the campaigns of a policy in a municipality: those in force on their own day."""
    days = [date.min, *policy.change_days()]
    planned = {campaign for day in days for campaign in policy.levers_at(day, gm_code).campaigns}
    return sorted(
        (c for c in planned if c in policy.levers_at(c.day, gm_code).campaigns),
        key=lambda c: c.day,
    )
