"""Alerts: what the first messages of an action set off under each policy: who gets one, when it
arrives, when it is noticed, and who might have something to tell.

A person's draws are the same under all policies: what differs is whether a message goes to that
person and when it leaves the line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.adoption import Adoption
from sim.channels import Audience, Channels
from sim.compiled import compiled
from sim.crowd import Crowd
from sim.draws import Floats, Ints, Purpose
from sim.exposure import Alerts, Exposure
from sim.gathering import Reached, gather, line_up
from sim.people import (
    APP,
    GOOD,
    LISTED,
    SEARCHING,
    Behaviour,
    People,
    Scenes,
    meet,
)
from sim.register import Book, Rules
from sim.scalar import NEVER_AFTER_S

HOUR_S = 3_600
TEN_MINUTES_S = 600
COUNTS = (
    "recipients",
    "delivered",
    "noticed",
    "noticed_10min",
    "noticed_in_area",
    "attending",
    "searching",
)
"""What is counted by incident and policy, in the order of `Response.counts`."""
_PRESENT, _SIGHTING = int(Audience.PRESENT), int(Purpose.SIGHTING)


class Response(NamedTuple):
    """What the alerts leave behind.

    Attributes:
        counts: `COUNTS` by [count, incident, p].
        messages: first messages by [channel, incident, p].
        notices: moments of noticing before the planned closing, seconds after the alert.
        notice_start, notice_end: places of the notices of each alert and policy, [a, p].
        informants: people who might have something to tell.
        cursor: number of notices and of informants so far, and of people around the last alert.
    """

    counts: Ints
    messages: Ints
    notices: NDArray[np.uint16]
    notice_start: Ints
    notice_end: Ints
    informants: Informants
    cursor: Ints


class Informants(NamedTuple):
    """People [n] who might have something to tell about an incident.

    Attributes:
        alert: number of the alert.
        caller: address of the person's draws.
        x_dm, y_dm: where they are.
        way: how they look out.
        delivered_s, noticed_s: seconds after the alert where they attend, [n, p].
        level: uniforms of the fresh and retrospective clocks, of knowledge and of error, [n, 4].
    """

    alert: Ints
    caller: Ints
    x_dm: Ints
    y_dm: Ints
    way: NDArray[np.uint8]
    delivered_s: NDArray[np.int32]
    noticed_s: NDArray[np.int32]
    level: Floats


class Answers(NamedTuple):
    """Room for what the people [k] around one alert do under each of its policies [q].

    Attributes:
        place: place in line.
        addressed: gets a message, [q, k].
        delivered_s, noticed_s: seconds after the alert, `NEVER_AFTER_S` for never, [q, k].
        attends: attends once the message is noticed, [q, k].
        someone: attends under some policy.
    """

    place: NDArray[np.int32]
    addressed: NDArray[np.uint8]
    delivered_s: NDArray[np.int32]
    noticed_s: NDArray[np.int32]
    attends: NDArray[np.uint8]
    someone: NDArray[np.uint8]


def room_for_answers(n: int, n_policies: int) -> Answers:
    """Return room for the answers of n people."""
    shape = (n_policies, n)
    return Answers(
        place=np.zeros(n, dtype=np.int32),
        addressed=np.zeros(shape, dtype=np.uint8),
        delivered_s=np.zeros(shape, dtype=np.int32),
        noticed_s=np.zeros(shape, dtype=np.int32),
        attends=np.zeros(shape, dtype=np.uint8),
        someone=np.zeros(n, dtype=np.uint8),
    )


@compiled
def _send(
    n: int,
    tie: int,
    reach: int,
    line: tuple[float, int, int],
    ties: NDArray[np.uint8],
    delay_s: NDArray[np.int32],
    latency_s: NDArray[np.int32],
    place: NDArray[np.int32],
    addressed: NDArray[np.uint8],
    delivered_s: NDArray[np.int32],
    noticed_s: NDArray[np.int32],
) -> int:
    """Send the messages of one channel under one policy.

    Args:
        n: number of people.
        tie: the tie that makes somebody a recipient; `reach`: the one that makes it arrive.
        line: messages a second, lines, and seconds of a call; see `sim.channels.Line`.
        ties, delay_s, latency_s: of the people, in the order of sending.
        place: room.
        addressed, delivered_s, noticed_s: are brought up to date.

    Returns:
        The number of messages.
    """
    sent = np.int32(0)
    for k in range(n):
        place[k] = sent
        sent += np.int32((ties[k] & tie != 0) & (delay_s[k] >= 0))
    per_second, lines, call_s = line
    if lines > 0:
        for k in range(n):
            place[k] = place[k] // lines * call_s
    elif per_second < np.inf:
        for k in range(n):
            place[k] = np.int32(min(np.floor(place[k] / per_second), float(NEVER_AFTER_S)))
    else:
        for k in range(n):
            place[k] = 0
    never = np.int32(NEVER_AFTER_S)
    for k in range(n):
        meant = delay_s[k] >= 0
        addressed[k] |= np.uint8(meant & (ties[k] & tie != 0))
        arrives = np.int32(min(place[k] + delay_s[k], never))
        arrives = arrives if meant & (ties[k] & reach != 0) else never
        delivered_s[k] = min(delivered_s[k], arrives)
        noticed_s[k] = min(noticed_s[k], np.int32(min(arrives + latency_s[k], never)))
    return sent


@compiled
def respond(
    a: int,
    n: int,
    weary: bool,
    people: People,
    scenes: Scenes,
    alerts: Alerts,
    channels: Channels,
    behaviour: Behaviour,
    answers: Answers,
    response: Response,
) -> None:
    """Send the first messages of alert a under each of its policies and count the answers.

    Args:
        a: number of the alert.
        n: number of people around.
        weary: somebody may have been alerted in the last week.
        people: the people around.
        scenes, alerts, channels, behaviour: what is given.
        answers: are filled.
        response: is added to; must have room for n notices under each policy.
    """
    incident = alerts.incident[a]
    for k in range(n):
        answers.someone[k] = 0
    for q in range(alerts.n_columns[a]):
        p = alerts.columns[a, q]
        levers = scenes.levers[a, p]
        for k in range(n):
            answers.addressed[q, k] = 0
            answers.delivered_s[q, k] = answers.noticed_s[q, k] = NEVER_AFTER_S
        for c in range(len(channels.audience)):
            if channels.enabled[c, levers]:
                present = channels.audience[c] == _PRESENT
                response.messages[c, incident, p] += _send(
                    n,
                    APP if present else LISTED,
                    APP if present else GOOD,
                    (
                        channels.per_second[c, levers],
                        channels.lines[c, levers],
                        channels.call_s[c, levers],
                    ),
                    people.ties[q],
                    people.delay_s[c],
                    people.latency_s[c],
                    answers.place,
                    answers.addressed[q],
                    answers.delivered_s[q],
                    answers.noticed_s[q],
                )
        if weary:
            _attend_weary(n, behaviour, people, q, answers)
        else:
            _attend(
                n,
                behaviour.attend[0],
                people.attend_level,
                answers.noticed_s[q],
                answers.attends[q],
                answers.someone,
            )
        _count(
            n,
            people.inside,
            people.way,
            answers.addressed[q],
            answers.delivered_s[q],
            answers.noticed_s[q],
            answers.attends[q],
            response.counts[:, incident, p],
        )
        _note(n, a, p, scenes.close_s[a, p], answers.noticed_s[q], response)


@compiled
def _attend(
    n: int,
    share: float,
    level: Floats,
    noticed_s: NDArray[np.int32],
    attends: NDArray[np.uint8],
    someone: NDArray[np.uint8],
) -> None:
    """Decide who attends, given the share who do."""
    for k in range(n):
        attends[k] = np.uint8((noticed_s[k] < NEVER_AFTER_S) & (level[k] < share))
        someone[k] |= attends[k]


@compiled
def _attend_weary(n: int, behaviour: Behaviour, people: People, q: int, answers: Answers) -> None:
    """Decide who attends where some have been alerted in the last week."""
    for k in range(n):
        share = behaviour.attend[people.weary[q, k]]
        answers.attends[q, k] = np.uint8(
            (answers.noticed_s[q, k] < NEVER_AFTER_S) & (people.attend_level[k] < share)
        )
        answers.someone[k] |= answers.attends[q, k]


@compiled
def _count(
    n: int,
    inside: NDArray[np.uint8],
    way: NDArray[np.uint8],
    addressed: NDArray[np.uint8],
    delivered_s: NDArray[np.int32],
    noticed_s: NDArray[np.int32],
    attends: NDArray[np.uint8],
    counts: Ints,
) -> None:
    """Add to `counts` what `COUNTS` says."""
    recipients = delivered = noticed = quick = around = attending = searching = 0
    for k in range(n):
        in_time = noticed_s[k] <= HOUR_S
        recipients += addressed[k]
        delivered += np.uint8(delivered_s[k] < NEVER_AFTER_S)
        noticed += np.uint8(in_time)
        quick += np.uint8(noticed_s[k] <= TEN_MINUTES_S)
        around += np.uint8(in_time) & inside[k]
        attending += np.uint8(in_time) & attends[k]
        searching += np.uint8(in_time) & attends[k] & np.uint8(way[k] == SEARCHING)
    counts[0] += recipients
    counts[1] += delivered
    counts[2] += noticed
    counts[3] += quick
    counts[4] += around
    counts[5] += attending
    counts[6] += searching


@compiled
def _note(
    n: int, a: int, p: int, close_s: int, noticed_s: NDArray[np.int32], response: Response
) -> None:
    """Keep the moments of noticing before the planned closing."""
    end = response.cursor[0]
    response.notice_start[a, p] = end
    for k in range(n):
        response.notices[end] = np.uint16(noticed_s[k])
        end += np.int64(noticed_s[k] < close_s)
    response.notice_end[a, p] = response.cursor[0] = end


@compiled
def listen(
    a: int,
    n: int,
    people: People,
    scenes: Scenes,
    crowd: Crowd,
    alerts: Alerts,
    key: tuple[int, int],
    answers: Answers,
    response: Response,
) -> None:
    """Keep those who attend alert a and might have something to tell: bounds rule out most.

    Args:
        a: number of the alert.
        n: number of people around.
        people, scenes, crowd, alerts: what is given.
        key: seed and replication.
        answers: what they do under each policy.
        response: is added to; must have room for n informants.
    """
    into = response.informants
    for k in range(n):
        if not answers.someone[k]:
            continue
        caller, way = crowd.people[people.who[k]].id, people.way[k]
        words = scalar.philox(caller, scenes.case[a], 0, _SIGHTING, key[0], key[1])
        if (
            scalar.uniform(words[0]) < scenes.fresh_level[a, way]
            or scalar.uniform(words[1]) < scenes.retrospective_level[a]
            or scalar.uniform(words[2]) < scenes.knowledge_level[a]
            or scalar.uniform(words[3]) < scenes.false_level[a]
        ):
            i = response.cursor[1]
            response.cursor[1] = i + 1
            into.alert[i], into.caller[i] = a, caller
            into.x_dm[i], into.y_dm[i] = people.x_dm[k], people.y_dm[k]
            into.way[i] = way
            for u in range(4):
                into.level[i, u] = scalar.uniform(words[u])
            for p in range(into.noticed_s.shape[1]):
                into.delivered_s[i, p] = into.noticed_s[i, p] = NEVER_AFTER_S
            for q in range(alerts.n_columns[a]):
                if answers.attends[q, k]:
                    into.delivered_s[i, alerts.columns[a, q]] = answers.delivered_s[q, k]
                    into.noticed_s[i, alerts.columns[a, q]] = answers.noticed_s[q, k]


@compiled
def follow(
    first: int,
    stop: int,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    channels: Channels,
    behaviour: Behaviour,
    reached: Reached,
    people: People,
    answers: Answers,
    response: Response,
) -> int:
    """Let alerts from `first` to before `stop` happen, those before the start left out.

    Returns:
        The number of the alert for which there is no room; `stop` when all have happened.
    """
    alerts = exposure.alerts
    for a in range(first, stop):
        if scenes.past[a]:
            continue
        n = gather(a, scenes, crowd, book, rules, adoption, exposure, reached)
        response.cursor[2] = n
        if (
            response.cursor[0] + n * alerts.n_columns[a] + 1 > len(response.notices)
            or response.cursor[1] + n > len(response.informants.alert)
            or n > len(people.who)
        ):
            return a
        line_up(n, scenes.case[a], behaviour.key, crowd, reached)
        weary = meet(a, n, reached, scenes, crowd, book, alerts, channels, behaviour, people)
        respond(a, n, weary, people, scenes, alerts, channels, behaviour, answers, response)
        listen(a, n, people, scenes, crowd, alerts, behaviour.key, answers, response)
    return stop


@compiled
def count_notices(alerts: Alerts, response: Response, closed_s: Ints, noticed: Ints) -> None:
    """Add to `noticed` [incident, p] how many noticed each alert before the closing message.

    Args:
        alerts: all alerts.
        response: with the notices of those that are counted.
        closed_s: when the closing message went out, by [incident, p].
        noticed: is added to.
    """
    for a in range(response.notice_start.shape[0]):
        incident = alerts.incident[a]
        for p in range(response.notice_start.shape[1]):
            limit, n = closed_s[incident, p] - alerts.at_s[a], 0
            for k in range(response.notice_start[a, p], response.notice_end[a, p]):
                n += response.notices[k] < limit
            noticed[incident, p] += n
