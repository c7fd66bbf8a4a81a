"""Alerts: who gets the first message of each action, when it arrives and when it is noticed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.actions import Circle
from sim.candidates import Candidates
from sim.channels import CHANNELS, Audience
from sim.clock import Calendar
from sim.draws import NEVER_S, Bools, Floats, Ints, Purpose, Stream, to_uniform
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.presence import Presence, locate
from sim.register import State
from sim.world import World


Scalar = TypeVar("Scalar", bound=np.generic)


def by_policy(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Store an array [n, p] policy by policy, so that inner loops run over people and not over the few policies.

    Element-wise operations keep the layout of their operands.
    """
    return np.asfortranarray(values)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the register says at the moments of some alerts: rows [n] of an alert and a candidate, under p policies.

    Attributes:
        circle: number of the alert of each row, ascending.
        who: position of the candidate.
        state: `State` under each policy, [n, p].
        struck: struck off under each policy, [n, p].
        alerts_last_week: alerts that covered the home in the week before, [n, p].
        home_inside: the home is inside the circle.
    """

    circle: Ints
    who: Ints
    state: NDArray[np.uint8]
    struck: Bools
    alerts_last_week: NDArray[np.int16]
    home_inside: Bools


@dataclass(frozen=True, slots=True)
class Recipients:
    """People who get a message under at least one policy; times in seconds after the alert, `NEVER_S` for never.

    Attributes:
        circle: number of the alert of each row [n], ascending.
        who: position of the candidate.
        person_id: address of the person's draws.
        presence: where they are at the alert.
        inside: they are inside the circle at the alert.
        addressed, delivered_s, noticed_s: by [n, p].
        attends: attends once the message is noticed, [n, p].
        searches: would search when attending.
        messages: first messages of each channel by [circle, p].
    """

    circle: Ints
    who: Ints
    person_id: Ints
    presence: Presence
    inside: Bools
    addressed: Bools
    delivered_s: Ints
    noticed_s: Ints
    attends: Bools
    searches: Bools
    messages: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.circle)


def reach(
    selection: Selection,
    circles: list[Circle],
    levers: Ints,
    centre_dm: Ints,
    shares: tuple[Floats, Floats],
    candidates: Candidates,
    world: World,
    calendar: Calendar,
    table: LeverTable,
    parameters: Parameters,
    stream: Stream,
    address: Ints,
) -> Recipients:
    """Send the first messages of some alerts and follow them until they are noticed.

    Args:
        selection: rows of candidates who may be reached.
        circles: the alerts, in the order of their numbers.
        levers: numbers of the levers in force, by [circle, p].
        centre_dm: last-known points, [2, circle].
        shares: share of adoption of the app and share of the register moved to it, each by [circle, p].
        candidates, world, calendar, table, parameters, stream: as elsewhere.
        address: id of the incident of each circle, for the draws.
    """
    circle, who = selection.circle, selection.who
    ids, case = candidates.id[who], address[circle]
    alert_s = np.array([c.alert_s for c in circles], dtype=np.int64)[circle]
    words = stream.words(Purpose.RECEIPT, ids, case)
    receipt = to_uniform(words)
    response = stream.uniforms(Purpose.RESPONSE, ids, case)
    presence = locate(candidates, who, alert_s, receipt[0], calendar, world.occupancy, parameters)
    radius_dm = np.array([c.radius_m * 10 for c in circles], dtype=np.int64)[circle]
    apart = (presence.x_dm - centre_dm[0][circle]) ** 2 + (presence.y_dm - centre_dm[1][circle]) ** 2
    inside = apart <= radius_dm**2
    listed = (selection.state >= State.STALE) & ~selection.struck
    started = candidates.start_level[who] < candidates.start_share[who]
    moved = started[:, None] & (candidates.move_level[who, None] < by_policy(shares[1][circle]))
    has_app = (candidates.app_level[who, None] < by_policy(shares[0][circle])) | moved
    audience = Audience(
        alert=circle,
        levers=levers,
        registered=listed & selection.home_inside[:, None],
        good=selection.state == State.GOOD,
        has_app=has_app & (selection.state != State.GONE) & inside[:, None],
        prefers_voice=candidates.prefers_voice[who],
        presence=presence,
        person_id=ids,
        order_word=words[1],
        receipt=receipt[2],
        notice=receipt[3],
        notice_app=response[1],
        notice_email=response[2],
    )
    addressed = np.zeros(listed.shape, dtype=np.bool_, order="F")
    delivered = np.full(listed.shape, NEVER_S, dtype=np.int64, order="F")
    noticed = np.full(listed.shape, NEVER_S, dtype=np.int64, order="F")
    messages: dict[str, Ints] = {}
    for channel in CHANNELS:
        rows = channel.rows(audience, table)
        sending = channel.send(take_audience(audience, rows), table, parameters)
        for j in range(listed.shape[1]):
            addressed[rows, j] |= sending.addressed[:, j]
            delivered[rows, j] = np.minimum(delivered[rows, j], sending.delivered_s[:, j])
            noticed[rows, j] = np.minimum(noticed[rows, j], sending.noticed_s[:, j])
        messages[channel.name] = per_circle(sending.addressed, circle[rows], len(circles))
    share = parameters.attend_share * parameters.fatigue_factor ** selection.alerts_last_week.astype(np.float64)
    return Recipients(
        circle=circle,
        who=who,
        person_id=ids,
        presence=presence,
        inside=inside,
        addressed=addressed,
        delivered_s=delivered,
        noticed_s=noticed,
        attends=(noticed < NEVER_S) & (response[0][:, None] < share),
        searches=response[3] < parameters.search_share,
        messages=messages,
    )


def per_circle(flags: Bools, circle: Ints, n_circles: int) -> Ints:
    """Sum flags [row, p] over the rows of each alert, to [circle, p]; rows are in the order of the alerts."""
    begin = np.flatnonzero(np.concatenate(([True], circle[1:] != circle[:-1]))) if circle.size else circle
    filled = circle[begin]
    out = np.zeros((n_circles, flags.shape[1]), dtype=np.int64)
    if filled.size:
        for j in range(flags.shape[1]):
            out[filled, j] = np.add.reduceat(flags[:, j], begin, dtype=np.int64)
    return out


def take_audience(audience: Audience, rows: Ints) -> Audience:
    """Return some of the rows of an audience."""
    whole = {f.name: getattr(audience, f.name) for f in fields(Audience)}
    parts = {
        name: by_policy(values[rows]) if np.ndim(values) == 2 else values[rows]
        for name, values in whole.items()
        if name not in ("presence", "levers")
    }
    return Audience(**parts, presence=take_presence(audience.presence, rows), levers=audience.levers)


def take_presence(presence: Presence, rows: Ints) -> Presence:
    """Return the presence of some of the rows."""
    return Presence(**{f.name: getattr(presence, f.name)[rows] for f in fields(presence)})
