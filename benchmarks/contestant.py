"""What a contestant is: something that simulates policies and says what became of each action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from numpy.typing import NDArray

from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import NEVER_S
from sim.world import World

Table: TypeAlias = dict[str, NDArray[Any]]

KEYS = ("scenario", "incident_id")
"""Columns that name a row of a table of actions."""
OUTCOMES = (
    *("alert_at_s", "radius_m", "recipients", "delivered", "noticed", "noticed_10min"),
    *("noticed_while_open", "noticed_in_area", "attending", "searching"),
    *("true_tips", "false_tips", "cause", "direct", "contributed", "contributed_strict"),
    *("minutes_to_end", "counterfactual_cause", "counterfactual_minutes_to_end", "hours_saved"),
    *("found_only_by_alert", "message_cost_eur", "open_s", "operator_busy_s"),
    *("calls_handled", "calls_lost", "unit_s", "unit_s_on_false_tips"),
    *("messages_sms", "messages_voice", "public_noticed"),
)
"""Columns of the engine's table of actions that say what came of an action."""


class UnavailableError(Exception):
    """This machine cannot run the contestant; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What all contestants simulate.

    Attributes:
        world: grid and tables of the region.
        policies: the policies; the first is the one that contestants of one policy follow.
        parameters: uncertain parameters.
        seed: of the draws.
        replication: of the draws.
        start: first day.
        years: length.
        sample_weeks: contestants too slow for all of it follow the alerts of so many first weeks.
    """

    world: World
    policies: tuple[Policy, ...]
    parameters: Parameters
    seed: int
    replication: int
    start: date
    years: int
    sample_weeks: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass yields.

    Attributes:
        policies: names of the policies that were followed.
        actions: one row for each action, with `KEYS` and columns of `OUTCOMES`.
        recipients: people notified in the whole pass: the amount of work that was done.
        settled_s: incidents that are followed beyond this moment are not compared: a sample may
            lack what happens to them last.
    """

    policies: tuple[str, ...]
    actions: Table
    recipients: int
    settled_s: int = NEVER_S


Work: TypeAlias = Callable[[], Outcome]
"""The part of a pass that is timed."""
Prepared: TypeAlias = Callable[[int], Work]
"""Sets up the pass of a round (not timed) and returns the part that is."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to simulate.

    Attributes:
        name: that of its module.
        label: as in the plot.
        text: what it is, for the page.
        prepare: sets up whatever all rounds share; raises UnavailableError where it cannot run.
        exact: draws the engine's numbers, so that every outcome must be identical, incident by
            incident; else outcomes are compared in distribution.
        columns: the outcomes that it yields.
        is_limit: what the hardware allows; others are told as multiples of it.
    """

    name: str
    label: str
    text: str
    prepare: Callable[[Workload], Prepared]
    exact: bool = True
    columns: tuple[str, ...] = OUTCOMES
    is_limit: bool = False
