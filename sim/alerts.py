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
from sim.channels import Audience, Channels, Draw, Preference
from sim.compiled import compiled
from sim.crowd import Crowd
from sim.draws import Floats, Ints, Purpose
from sim.exposure import Alerts
from sim.gathering import gather
from sim.people import (
    APP,
    GOOD,
    LISTED,
    SEARCHING,
    Behaviour,
    People,
    Scenes,
    draw_words,
    meet,
)
from sim.register import Book, Changes
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
_ANY, _CALL = int(Preference.ANY), int(Preference.CALL)
_PRESENT, _SIGHTING, _ATTEND = int(Audience.PRESENT), int(Purpose.SIGHTING), int(Draw.ATTEND)


class Response(NamedTuple):
    """What the alerts leave behind.

    Attributes:
        counts: `COUNTS` by [count, incident, p].
        messages: first messages by [channel, incident, p].
        notices: moments of noticing before the planned closing, seconds after the alert.
        notice_start, notice_end: places of the notices of each alert and policy, [a, p].
        informants: people who might have something to tell.
        cursor: number of notices and of informants so far, and of the people around the last alert
            and those of them whom a message could reach.
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
    """Room for what the people around one alert do under each of its policies [q]; see `People`
    for [i] and [k].

    Attributes:
        place: place in line, and then the second of sending, [i].
        addressed: gets a message, [q, i].
        sent_s: when their message goes out, [k].
        delivered_s, noticed_s: seconds after the alert, `NEVER_AFTER_S` for never, [q, k].
        attends: attends once the message is noticed, [q, k].
        someone: attends under some policy, [k].
    """

    place: NDArray[np.int32]
    addressed: NDArray[np.uint8]
    sent_s: NDArray[np.int32]
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
        sent_s=np.zeros(n, dtype=np.int32),
        delivered_s=np.zeros(shape, dtype=np.int32),
        noticed_s=np.zeros(shape, dtype=np.int32),
        attends=np.zeros(shape, dtype=np.uint8),
        someone=np.zeros(n, dtype=np.uint8),
    )


@compiled
def _address(
    n: int,
    tie: int,
    prefers: int,
    ties: NDArray[np.uint8],
    calls: NDArray[np.uint8],
    addressed: NDArray[np.uint8],
) -> int:
    """Address everybody whom a channel is meant for and return how many they are.

    Args:
        n: number of people.
        tie: the tie that makes somebody a recipient.
        prefers: `Preference` of the channel.
        ties, calls: of the people.
        addressed: is brought up to date.
    """
    sent = 0
    calls_only, any_ = np.uint8(prefers == _CALL), prefers == _ANY
    for i in range(n):
        meant = np.uint8((any_ | (calls[i] == calls_only)) & (ties[i] & tie != 0))
        addressed[i] |= meant
        sent += meant
    return sent


@compiled
def _take_places(
    n: int,
    tie: int,
    in_line: NDArray[np.int32],
    ties: NDArray[np.uint8],
    place: NDArray[np.int32],
) -> None:
    """Set the place in line of everybody whom a channel suits; for those it does not address it is
    that of the next.
    """
    sent = np.int32(0)
    for step in range(n):
        i = in_line[step]
        place[i] = sent
        sent += np.int32(ties[i] & tie != 0)


@compiled
def _send(
    m: int,
    reach: int,
    line: tuple[float, int, int],
    ties: NDArray[np.uint8],
    suits: NDArray[np.uint8],
    delay_s: NDArray[np.int32],
    latency_s: NDArray[np.int32],
    sent_s: NDArray[np.int32],
    delivered_s: NDArray[np.int32],
    noticed_s: NDArray[np.int32],
) -> None:
    """Send the messages of one channel under one policy.

    Args:
        m: number of people whom a message could reach.
        reach: the tie that makes it arrive.
        line: messages a second, lines, and seconds of a call; see `sim.channels.Line`.
        ties, suits, delay_s, latency_s: of these people.
        sent_s: their places in line; is overwritten.
        delivered_s, noticed_s: are brought up to date.
    """
    per_second, lines, call_s = line
    never = np.int32(NEVER_AFTER_S)
    if lines > 0:
        for k in range(m):
            sent_s[k] = sent_s[k] // lines * call_s
    elif per_second < np.inf:
        for k in range(m):
            second = np.floor(sent_s[k] / per_second)
            sent_s[k] = np.int32(min(second, float(NEVER_AFTER_S)))
    else:
        for k in range(m):
            sent_s[k] = 0
    for k in range(m):
        arrives = np.int32(min(sent_s[k] + delay_s[k], never))
        arrives = arrives if (ties[k] & reach != 0) & (suits[k] != 0) else never
        delivered_s[k] = min(delivered_s[k], arrives)
        noticed_s[k] = min(noticed_s[k], np.int32(min(arrives + latency_s[k], never)))


@compiled
def respond(
    a: int,
    n: int,
    m: int,
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
        m: number of those whom a message could reach.
        weary: somebody may have been alerted in the last week.
        people: the people around.
        scenes, alerts, channels, behaviour: what is given.
        answers: are filled.
        response: is added to; must have room for m notices under each policy.
    """
    incident = alerts.incident[a]
    for k in range(m):
        answers.someone[k] = 0
    for q in range(alerts.n_columns[a]):
        p = alerts.columns[a, q]
        levers = scenes.levers[a, p]
        for i in range(n):
            answers.addressed[q, i] = 0
        for k in range(m):
            answers.delivered_s[q, k] = answers.noticed_s[q, k] = NEVER_AFTER_S
        for c in range(len(channels.audience)):
            if channels.enabled[c, levers]:
                response.messages[c, incident, p] += _send_channel(
                    c, n, m, q, levers, people, channels, answers
                )
        if weary:
            _attend_weary(m, behaviour, people, q, answers)
        else:
            _attend(
                m,
                behaviour.attend[0],
                people.words[_ATTEND],
                answers.noticed_s[q],
                answers.attends[q],
                answers.someone,
            )
        recipients = 0
        for i in range(n):
            recipients += answers.addressed[q, i]
        response.counts[0, incident, p] += recipients
        _count(
            m,
            people.inside,
            people.way,
            answers.delivered_s[q],
            answers.noticed_s[q],
            answers.attends[q],
            response.counts[:, incident, p],
        )
        _note(m, a, p, scenes.close_s[a, p], answers.noticed_s[q], response)


@compiled
def _send_channel(
    c: int,
    n: int,
    m: int,
    q: int,
    levers: int,
    people: People,
    channels: Channels,
    answers: Answers,
) -> int:
    """Send the messages of channel c under policy q and return how many they are."""
    present, suits = channels.audience[c] == _PRESENT, channels.prefers[c]
    tie, reach = APP if present else LISTED, APP if present else GOOD
    sent = _address(n, tie, suits, people.ties[q], people.calls, answers.addressed[q])
    per_second, lines = channels.per_second[c, levers], channels.lines[c, levers]
    if lines > 0 or per_second < np.inf:
        _take_places(people.n_in_line[c], tie, people.in_line[c], people.ties[q], answers.place)
        for k in range(m):
            answers.sent_s[k] = answers.place[people.chosen[k]]
    _send(
        m,
        reach,
        (per_second, lines, channels.call_s[c, levers]),
        people.live_ties[q],
        people.suits[c],
        people.delay_s[c],
        people.latency_s[c],
        answers.sent_s,
        answers.delivered_s[q],
        answers.noticed_s[q],
    )
    return sent


@compiled
def _attend(
    n: int,
    share: float,
    word: NDArray[np.uint32],
    noticed_s: NDArray[np.int32],
    attends: NDArray[np.uint8],
    someone: NDArray[np.uint8],
) -> None:
    """Decide who attends, given the share who do."""
    for i in range(n):
        attends[i] = np.uint8(
            (noticed_s[i] < NEVER_AFTER_S) & (scalar.uniform(np.int64(word[i])) < share)
        )
        someone[i] |= attends[i]


@compiled
def _attend_weary(n: int, behaviour: Behaviour, people: People, q: int, answers: Answers) -> None:
    """Decide who attends where some have been alerted in the last week."""
    for i in range(n):
        share = behaviour.attend[people.weary[q, i]]
        answers.attends[q, i] = np.uint8(
            (answers.noticed_s[q, i] < NEVER_AFTER_S)
            & (scalar.uniform(np.int64(people.words[_ATTEND, i])) < share)
        )
        answers.someone[i] |= answers.attends[q, i]


@compiled
def _count(
    n: int,
    inside: NDArray[np.uint8],
    way: NDArray[np.uint8],
    delivered_s: NDArray[np.int32],
    noticed_s: NDArray[np.int32],
    attends: NDArray[np.uint8],
    counts: Ints,
) -> None:
    """Add to `counts` what `COUNTS` says, but for the recipients."""
    delivered = noticed = quick = around = attending = searching = 0
    for i in range(n):
        in_time = noticed_s[i] <= HOUR_S
        delivered += np.uint8(delivered_s[i] < NEVER_AFTER_S)
        noticed += np.uint8(in_time)
        quick += np.uint8(noticed_s[i] <= TEN_MINUTES_S)
        around += np.uint8(in_time) & inside[i]
        attending += np.uint8(in_time) & attends[i]
        searching += np.uint8(in_time) & attends[i] & np.uint8(way[i] == SEARCHING)
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
    for i in range(n):
        response.notices[end] = np.uint16(noticed_s[i])
        end += np.int64(noticed_s[i] < close_s)
    response.notice_end[a, p] = response.cursor[0] = end


@compiled
def listen(
    a: int,
    m: int,
    people: People,
    scenes: Scenes,
    alerts: Alerts,
    key: tuple[int, int],
    answers: Answers,
    response: Response,
) -> None:
    """Keep those who attend alert a and might have something to tell: bounds rule out most.

    Args:
        a: number of the alert.
        m: number of people whom a message could reach.
        people, scenes, alerts: what is given.
        key: seed and replication.
        answers: what they do under each policy.
        response: is added to; must have room for m informants.
    """
    w, size = people.words, 0
    for k in range(m):
        people.some[size] = k
        size += np.int64(answers.someone[k])
    for s in range(size):
        people.some_id[s] = people.live_id[people.some[s]]
    draw_words(size, people.some_id, scenes.case[a], 0, _SIGHTING, key, w[0], w[1], w[2], w[3])
    into = response.informants
    for s in range(size):
        k = people.some[s]
        if (
            scalar.uniform(np.int64(w[0, s])) < scenes.fresh_level[a, people.way[k]]
            or scalar.uniform(np.int64(w[1, s])) < scenes.retrospective_level[a]
            or scalar.uniform(np.int64(w[2, s])) < scenes.knowledge_level[a]
            or scalar.uniform(np.int64(w[3, s])) < scenes.false_level[a]
        ):
            i = response.cursor[1]
            response.cursor[1] = i + 1
            into.alert[i], into.caller[i] = a, people.some_id[s]
            into.x_dm[i], into.y_dm[i] = people.x_dm[k], people.y_dm[k]
            into.way[i] = people.way[k]
            for u in range(4):
                into.level[i, u] = scalar.uniform(np.int64(w[u, s]))
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
    alerts: Alerts,
    changes: Changes,
    channels: Channels,
    behaviour: Behaviour,
    everybody: bool,
    marks: NDArray[np.uint8],
    people: People,
    answers: Answers,
    response: Response,
) -> int:
    """Let alerts from `first` to before `stop` happen, those before the start left out.

    Returns:
        The number of the alert for which there is no room; `stop` when all have happened.
    """
    for a in range(first, stop):
        if scenes.past[a]:
            continue
        n = gather(a, scenes, crowd, book, alerts, changes, marks, people)
        response.cursor[2], response.cursor[3] = n, 0
        if (
            response.cursor[0] + n * alerts.n_columns[a] + 1 > len(response.notices)
            or response.cursor[1] + n > len(response.informants.alert)
            or n > len(people.who)
        ):
            return a
        m, weary = meet(a, n, scenes, crowd, book, alerts, channels, behaviour, everybody, people)
        respond(a, n, m, weary, people, scenes, alerts, channels, behaviour, answers, response)
        response.cursor[3] = m
        listen(a, m, people, scenes, alerts, behaviour.key, answers, response)
    return stop


@compiled
def count_notices(
    alerts: Alerts, first: int, stop: int, response: Response, closed_s: Ints, noticed: Ints
) -> None:
    """Add to `noticed` [incident, p] how many noticed each alert before the closing message.

    Args:
        alerts: all alerts.
        first: number of the first alert that is counted.
        stop: number after the last.
        response: with the notices of these.
        closed_s: when the closing message went out, by [incident, p].
        noticed: is added to.
    """
    for a in range(first, stop):
        incident = alerts.incident[a]
        for p in range(response.notice_start.shape[1]):
            limit, n = closed_s[incident, p] - alerts.at_s[a], 0
            for k in range(response.notice_start[a, p], response.notice_end[a, p]):
                n += np.int64(response.notices[k] < limit)
            noticed[incident, p] += n
