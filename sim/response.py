"""What the first messages of an alert set off: counts by alert and policy, and the people who
attend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.actions import Actions
from sim.alerts import Recipients
from sim.draws import NEVER_AFTER_S, Bools, Ints
from sim.incidents import Incidents
from sim.layout import by_policy, per_circle
from sim.setting import Setting
from sim.sightings import Observers
from sim.sweep import Chunk
from sim.tips import Attending, draw_clocks

HOUR_S = 3_600
TEN_MINUTES_S = 600
_NEVER_SHORT = np.uint16(65_535)

COUNTS = (
    "recipients",
    "delivered",
    "noticed",
    "noticed_10min",
    "noticed_in_area",
    "attending",
    "searching",
    "messages_sms",
    "messages_voice",
)


@dataclass(frozen=True, slots=True)
class NoticeTimes:
    """Who noticed when, for the counts that need to know when the action closed.

    Attributes:
        circle: number of the alert of each row, ascending.
        incident, alert_s: of each alert.
        columns: numbers of the policies, [p].
        noticed_s: seconds after the alert by [row, p], the largest value for never.
    """

    circle: Ints
    incident: Ints
    alert_s: Ints
    columns: Ints
    noticed_s: NDArray[np.uint16]

    def count_before(self, close_s: Ints) -> Ints:
        """Return how many noticed before the closing of each alert, by [circle, p]."""
        limit = by_policy(np.minimum(close_s, int(_NEVER_SHORT))[self.circle])
        return per_circle(self.noticed_s < limit, self.circle, len(self.incident))


def count_response(people: Recipients, n_circles: int) -> dict[str, Ints]:
    """Return the counts of `COUNTS`, each by [circle, p]."""

    def total(flags: Bools) -> Ints:
        return per_circle(flags, people.circle, n_circles)

    noticed = people.noticed_s <= HOUR_S
    attending = noticed & people.attends
    return {
        "recipients": total(people.addressed),
        "delivered": total(people.delivered_s < NEVER_AFTER_S),
        "noticed": total(noticed),
        "noticed_10min": total(people.noticed_s <= TEN_MINUTES_S),
        "noticed_in_area": total(noticed & people.inside[:, None]),
        "attending": total(attending),
        "searching": total(attending & (people.searches & ~people.presence.asleep)[:, None]),
        "messages_sms": people.messages["sms"],
        "messages_voice": people.messages["voice"],
    }


def notice_times(people: Recipients, chunk: Chunk, longest_s: int) -> NoticeTimes:
    """Keep the moments of noticing up to the longest time that an action may be open."""
    rows = np.flatnonzero((people.noticed_s < longest_s).any(axis=1))
    short = by_policy(np.minimum(people.noticed_s[rows], int(_NEVER_SHORT)).astype(np.uint16))
    return NoticeTimes(people.circle[rows], chunk.incident, chunk.alert_s, chunk.columns, short)


def attending_people(
    setting: Setting, people: Recipients, chunk: Chunk, actions: Actions, incidents: Incidents
) -> Attending:
    """Return those who attend under some policy, with their clocks.

    Args:
        setting: what every stage reads.
        people: recipients of a chunk.
        chunk: its alerts.
        actions: all actions.
        incidents: all incidents.
    """
    rows = np.flatnonzero(people.attends.any(axis=1))
    circle = people.circle[rows]
    incident, alert_s = chunk.incident[circle], chunk.alert_s[circle]
    dark = ~setting.calendar.is_day(chunk.alert_s)
    attends = by_policy(people.attends[rows])
    fresh, retrospective, knowledge, false = draw_clocks(
        setting.stream, people.person_id[rows], incidents.id[incident]
    )
    presence = people.presence.take(rows)
    awake = ~presence.asleep
    return Attending(
        observers=Observers(
            incident, presence, people.searches[rows] & awake, alert_s, dark[circle]
        ),
        caller=people.person_id[rows],
        columns=chunk.columns,
        attends=attends,
        delivered_s=np.where(
            attends, by_policy(people.delivered_s[rows]), np.int32(NEVER_AFTER_S)
        ),
        noticed_s=np.where(attends, by_policy(people.noticed_s[rows]), np.int32(NEVER_AFTER_S)),
        close_s=by_policy(actions.planned_close_s[incident][:, chunk.columns]) - alert_s[:, None],
        fresh_clock=fresh,
        retrospective_clock=retrospective,
        knowledge_level=knowledge,
        false_level=false,
    )
