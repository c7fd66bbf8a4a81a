"""The people around one alert, in the order of sending: where they are, what they draw, and how
they are tied to each policy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.channels import Audience, Channels, Draw, Preference, Waking, mixture_span_s
from sim.compiled import compiled, inlined
from sim.crowd import Crowd, is_within
from sim.draws import Bools, Floats, Ints, Purpose
from sim.exposure import Alerts, alerts_of_last_week
from sim.gathering import Reached, uses_app
from sim.register import STRUCK, Book, Person, State
from sim.scalar import NEVER_AFTER_S

LISTED, GOOD, APP = 1, 2, 4
"""Ties to a policy: on the register with the home inside the circle, and reached there; uses the
app and is inside the circle."""
SEARCHING, DRIVING, WALKING, WATCHING = range(4)
"""Ways to look out."""
NOT_SENT = -1

_GONE, _STALE, _GOOD = int(State.GONE), int(State.STALE), int(State.GOOD)
_PRESENT, _ANY, _CALL = int(Audience.PRESENT), int(Preference.ANY), int(Preference.CALL)
_RECEIPT, _RESPONSE = int(Purpose.RECEIPT), int(Purpose.RESPONSE)
_PRESENCE, _ATTEND, _SEARCH, _OWN = (
    int(Draw.PRESENCE),
    int(Draw.ATTEND),
    int(Draw.SEARCH),
    int(Draw.OWN),
)
_AT_HOME, _ASLEEP, _AWAY = (int(waking) for waking in Waking)


class Scenes(NamedTuple):
    """What holds at the moment of each alert [a] under each policy [p].

    Attributes:
        past: before the start: it counts for the exposure only.
        case: address of the incident's draws.
        asleep, away: share of people by [a, age band].
        at_work: who is away is at the usual daytime place.
        levers: number of the levers in force, [a, p].
        app_share, app_moved: adoption of the app and share moved to it, [a, p].
        close_s: planned closing message, seconds after the alert, [a, p].
        fresh_level: uniforms from here on mean that a person who looks out sees nothing, by [a,
            way to look out].
        retrospective_level, knowledge_level, false_level: the same for the other kinds of tips,
            [a].
    """

    past: Bools
    case: Ints
    asleep: Floats
    away: Floats
    at_work: Bools
    levers: Ints
    app_share: Floats
    app_moved: Floats
    close_s: Ints
    fresh_level: Floats
    retrospective_level: Floats
    knowledge_level: Floats
    false_level: Floats


class Behaviour(NamedTuple):
    """How people behave.

    Attributes:
        key: seed and replication.
        road, wheel: share of those away who are on the road, and who drive.
        attend: share who attend by number of further alerts in the last week.
        search: share who search.
    """

    key: tuple[int, int]
    road: float
    wheel: float
    attend: Floats
    search: float


class People(NamedTuple):
    """Room for the people [k] around one alert in the order of sending.

    Attributes:
        who: numbers in the crowd.
        x_dm, y_dm: where they are.
        inside: inside the circle.
        asleep: at home asleep.
        way: how they would look out.
        attend_level: uniform that decides whether they attend.
        ties: `LISTED`, `GOOD` and `APP` under each policy of the alert, [q, k].
        weary: alerts of the last week that covered the home, [q, k]; set where there are any.
        delay_s, latency_s: from sending to arrival, and on to notice, by [channel, k];
            `NOT_SENT` where a channel is not meant for somebody.
        lately: room for the alerts of the last week.
        levels: room for a person's draws, see `Draw`.
    """

    who: NDArray[np.int32]
    x_dm: NDArray[np.int32]
    y_dm: NDArray[np.int32]
    inside: NDArray[np.uint8]
    asleep: NDArray[np.uint8]
    way: NDArray[np.uint8]
    attend_level: Floats
    ties: NDArray[np.uint8]
    weary: NDArray[np.uint8]
    delay_s: NDArray[np.int32]
    latency_s: NDArray[np.int32]
    lately: Ints
    levels: Floats


def room_for_people(n: int, n_policies: int, n_channels: int, n_lately: int) -> People:
    """Return room for n people."""

    def numbers(kind: type[np.generic], *shape: int) -> NDArray[np.generic]:
        return np.zeros(shape, dtype=kind)

    return People(
        who=np.zeros(n, dtype=np.int32),
        x_dm=np.zeros(n, dtype=np.int32),
        y_dm=np.zeros(n, dtype=np.int32),
        inside=np.zeros(n, dtype=np.uint8),
        asleep=np.zeros(n, dtype=np.uint8),
        way=np.zeros(n, dtype=np.uint8),
        attend_level=np.zeros(n),
        ties=np.zeros((n_policies, n), dtype=np.uint8),
        weary=np.zeros((n_policies, n), dtype=np.uint8),
        delay_s=np.zeros((n_channels, n), dtype=np.int32),
        latency_s=np.zeros((n_channels, n), dtype=np.int32),
        lately=np.zeros(n_lately, dtype=np.int64),
        levels=np.zeros(int(Draw.OWN) + 4),
    )


@compiled
def meet(
    a: int,
    n: int,
    reached: Reached,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    alerts: Alerts,
    channels: Channels,
    behaviour: Behaviour,
    into: People,
) -> bool:
    """Tell everything about the people around alert a that no policy decides, and their ties.

    Args:
        a: number of the alert.
        n: number of people reached.
        reached: who they are and in which order.
        scenes, crowd, book, alerts, channels, behaviour: what is given.
        into: is filled.

    Returns:
        Whether anybody may be weary.
    """
    n_near, n_lately = alerts_of_last_week(alerts, a, into.lately)
    for k in range(n):
        row = reached.order[k]
        j, at_home = np.int64(reached.who[row]), reached.at_home[row]
        person = crowd.people[j]
        for i in range(4):
            into.levels[i] = scalar.uniform(np.int64(reached.words[row, i]))
        waking, way, x, y = _locate(a, scenes, behaviour, person, into.levels[_PRESENCE])
        inside = is_within(x, y, alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a])
        into.who[k], into.x_dm[k], into.y_dm[k] = j, x, y
        into.inside[k], into.asleep[k] = inside, waking == _ASLEEP
        tied = _tie(a, k, scenes, alerts, book, person, j, at_home, inside, into)
        if tied & (GOOD | APP):
            words = scalar.philox(
                person.id, scenes.case[a], 0, _RESPONSE, behaviour.key[0], behaviour.key[1]
            )
            for i in range(4):
                into.levels[4 + i] = scalar.uniform(words[i])
            into.attend_level[k] = into.levels[_ATTEND]
            if into.levels[_SEARCH] < behaviour.search and waking != _ASLEEP:
                way = SEARCHING
        into.way[k] = way
        for c in range(len(channels.audience)):
            if channels.used[c]:
                _time(a, k, c, scenes, channels, behaviour, person, tied, waking, into)
        if n_lately > 0:
            _tire(k, n_near if at_home else n_lately, a, alerts, person, into)
    return n_lately > 0


@inlined
def _locate(
    a: int, scenes: Scenes, behaviour: Behaviour, person: Person, u: float
) -> tuple[int, int, int, int]:
    """Return what somebody does, how they would look out if they do not search, and where.

    One uniform decides: its uppermost part is away; within it, rescaled, its lowest part is on the
    road, driving first.
    """
    away, rest = scenes.away[a, person.age_band], 1.0 - u
    waking, way, x, y = _AT_HOME, WATCHING, np.int64(person.x_dm), np.int64(person.y_dm)
    if rest < away:
        waking = _AWAY
        if rest < away * behaviour.road:
            way = DRIVING if rest < away * behaviour.road * behaviour.wheel else WALKING
        elif scenes.at_work[a]:
            x, y = np.int64(person.work_x_dm), np.int64(person.work_y_dm)
        else:
            x, y = np.int64(person.leisure_x_dm), np.int64(person.leisure_y_dm)
    elif u < scenes.asleep[a, person.age_band]:
        waking = _ASLEEP
    return waking, way, x, y


@inlined
def _tie(
    a: int,
    k: int,
    scenes: Scenes,
    alerts: Alerts,
    book: Book,
    person: Person,
    j: int,
    at_home: bool,
    inside: bool,
    into: People,
) -> int:
    """Set the ties of somebody to each policy and return all of them together."""
    every = 0
    for q in range(alerts.n_columns[a]):
        p = alerts.columns[a, q]
        code, tied = book.code[j, p], 0
        if at_home and _STALE <= code < STRUCK:
            tied = LISTED | GOOD if code == _GOOD else LISTED
        if (
            inside
            and code != _GONE
            and uses_app(person, scenes.app_share[a, p], scenes.app_moved[a, p])
        ):
            tied |= APP
        into.ties[q, k] = tied
        every |= tied
    return every


@inlined
def _time(
    a: int,
    k: int,
    c: int,
    scenes: Scenes,
    channels: Channels,
    behaviour: Behaviour,
    person: Person,
    tied: int,
    waking: int,
    into: People,
) -> None:
    """Draw when a message of channel c would arrive and be noticed."""
    present = channels.audience[c] == _PRESENT
    suits = channels.prefers[c] == _ANY or ((channels.prefers[c] == _CALL) == person.prefers_voice)
    delay, latency = NOT_SENT, 0
    if suits and tied & (APP if present else LISTED):
        delay = 0
        if tied & (APP if present else GOOD):
            if channels.delivery_draw[c] >= _OWN or channels.notice_draw[c] >= _OWN:
                words = scalar.philox(
                    person.id, scenes.case[a], c + 1, _RECEIPT, behaviour.key[0], behaviour.key[1]
                )
                for i in range(4):
                    into.levels[_OWN + i] = scalar.uniform(words[i])
            delay = mixture_span_s(
                into.levels[channels.delivery_draw[c]], channels.delivery[c, 0], 1.0
            )
            latency = mixture_span_s(
                into.levels[channels.notice_draw[c]],
                channels.notice[c, waking],
                channels.minute_s,
            )
    into.delay_s[c, k], into.latency_s[c, k] = delay, latency


@inlined
def _tire(k: int, n: int, a: int, alerts: Alerts, person: Person, into: People) -> None:
    """Count the alerts of the last week that covered somebody's home under each policy."""
    for q in range(alerts.n_columns[a]):
        into.weary[q, k] = 0
    for i in range(n):
        b = into.lately[i]
        if is_within(
            person.x_dm, person.y_dm, alerts.x_dm[b], alerts.y_dm[b], alerts.radius_dm[b]
        ):
            for q in range(alerts.n_columns[a]):
                into.weary[q, k] += alerts.policies[b, alerts.columns[a, q]]
