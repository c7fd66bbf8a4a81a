"""Alerts: who gets the first message of an action under each policy, when it arrives, when it is
noticed, and who might have something to tell.

All policies of an alert are worked through together: a person's draws are the same under all of
them, and what differs is whether a message goes to that person and when it leaves the line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.adoption import Adoption
from sim.channels import Audience, Channels, Draw, Preference, Waking, mixture_span_s, waiting_s
from sim.compiled import compiled
from sim.crowd import Crowd, Points, bands_of, first_east_of, is_within
from sim.draws import Bools, Floats, Ints, Purpose
from sim.exposure import Alerts, Exposure, alerts_of_last_week
from sim.register import STRUCK, Book, Rules, State, bring
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

_GONE, _STALE, _GOOD, _STATE = int(State.GONE), int(State.STALE), int(State.GOOD), 3
_PRESENT = int(Audience.PRESENT)
_TEXT, _CALL = int(Preference.TEXT), int(Preference.CALL)
_RECEIPT, _RESPONSE, _SIGHTING = (
    int(Purpose.RECEIPT),
    int(Purpose.RESPONSE),
    int(Purpose.SIGHTING),
)
_ORDER, _ATTEND, _SEARCH, _OWN = (
    int(Draw.ORDER),
    int(Draw.ATTEND),
    int(Draw.SEARCH),
    int(Draw.OWN),
)
_AT_HOME, _ASLEEP, _AWAY = (int(waking) for waking in Waking)
SEARCHING, DRIVING, WALKING, WATCHING = range(4)
"""Ways to look out, in the order of `Scenes.fresh_level`."""


class Scenes(NamedTuple):
    """What holds at the moment of each alert [a] under each policy [p].

    Attributes:
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


class People(NamedTuple):
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


class Response(NamedTuple):
    """What the alerts leave behind.

    Attributes:
        counts: `COUNTS` by [count, incident, p].
        messages: first messages by [channel, incident, p].
        notices: moments of noticing before the planned closing, seconds after the alert.
        notice_start, notice_end: places of the notices of each alert and policy, [a, p].
        informants: people who might have something to tell.
        cursor: number of notices and of informants so far.
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
        asleep, on_road, driving, searches: what they do.
        delivered_s, noticed_s: seconds after the alert where they attend, [n, p].
        level: uniforms of the fresh and retrospective clocks, of knowledge and of error, [n, 4].
    """

    alert: Ints
    caller: Ints
    x_dm: Ints
    y_dm: Ints
    asleep: Bools
    on_road: Bools
    driving: Bools
    searches: Bools
    delivered_s: NDArray[np.int32]
    noticed_s: NDArray[np.int32]
    level: Floats


class Reached(NamedTuple):
    """People [n] around one alert who may get a message under some policy.

    Attributes:
        who: numbers in the crowd.
        at_home: the registered home is inside the circle.
        words: integer draws of receipt, [n, 4].
        order: numbers of the rows in the order of sending.
    """

    who: NDArray[np.int32]
    at_home: Bools
    words: NDArray[np.uint32]
    order: NDArray[np.int32]


class Watched(NamedTuple):
    """Room for everybody of one alert, for tests and explanations; [0, p] where nobody asks.

    Attributes:
        addressed, attends: by [n, p].
        delivered_s, noticed_s: seconds after the alert, by [n, p].
        inside: inside the circle.
    """

    addressed: Bools
    attends: Bools
    delivered_s: NDArray[np.int32]
    noticed_s: NDArray[np.int32]
    inside: Bools


@compiled
def uses_app(crowd: Crowd, j: int, share: float, moved: float) -> bool:
    """Tell whether candidate j, if present, uses the app at some shares of adoption."""
    return crowd.app_level[j] < share or (crowd.started[j] and crowd.move_level[j] < moved)


@compiled
def gather(
    a: int,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    rules: Rules,
    adoption: Adoption,
    exposure: Exposure,
    into: Reached,
) -> int:
    """Find everybody who may get a message of alert a, and bring them to its moment.

    Returns:
        How many there are; they stand in `into` only if it has room for all.
    """
    alerts = exposure.alerts
    x, y, radius, at_s = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a], alerts.at_s[a]
    used = np.flatnonzero(alerts.policies[a])
    share, moved = 0.0, 0.0
    for p in used:
        share = max(share, scenes.app_share[a, p])
        moved = max(moved, scenes.app_moved[a, p])
    n = 0
    low, high = bands_of(crowd.homes, y, radius)
    for band in range(low, high):
        j = first_east_of(crowd.homes, band, x - radius)
        while j < crowd.homes.start[band + 1] and crowd.homes.x_dm[j] <= x + radius:
            if is_within(crowd.homes.x_dm[j], crowd.homes.y_dm[j], x, y, radius):
                bring(book, crowd, rules, adoption, exposure, j, at_s)
                if uses_app(crowd, j, share, moved) or _is_listed(book, j, used):
                    n = _note(into, n, j, True)
            j += 1
    places = crowd.work if scenes.at_work[a] else crowd.leisure
    low, high = bands_of(places, y, radius)
    for band in range(low, high):
        k = first_east_of(places, band, x - radius)
        while k < places.start[band + 1] and places.x_dm[k] <= x + radius:
            j = np.int64(places.number[k])
            if (
                uses_app(crowd, j, share, moved)
                and is_within(places.x_dm[k], places.y_dm[k], x, y, radius)
                and not is_within(crowd.homes.x_dm[j], crowd.homes.y_dm[j], x, y, radius)
            ):
                bring(book, crowd, rules, adoption, exposure, j, at_s)
                n = _note(into, n, j, False)
            k += 1
    return n


@compiled
def _is_listed(book: Book, j: int, used: Ints) -> bool:
    """Tell whether a candidate is on the register and not struck off under some policy."""
    for p in used:
        if _STALE <= book.code[j, p] < STRUCK:
            return True
    return False


@compiled
def _note(into: Reached, n: int, j: int, at_home: bool) -> int:
    if n < len(into.who):
        into.who[n], into.at_home[n] = j, at_home
    return n + 1


@compiled
def line_up(n: int, case: int, crowd: Crowd, people: People, into: Reached, room: Ints) -> None:
    """Draw receipt and put people in the order of sending: by an addressed draw, then by person,
    so that it does not depend on who else is in line.

    Args:
        n: number of people in `into`.
        case: address of the incident.
        crowd: all candidates.
        people: behaviour.
        into: whose `words` and `order` are set.
        room: for the counts of the buckets, a power of two and one.
    """
    buckets, shift = len(room) - 1, 32
    while buckets > 1:
        buckets >>= 1
        shift -= 1
    room[:] = 0
    for row in range(n):
        words = scalar.philox(
            crowd.id[into.who[row]], case, 0, _RECEIPT, people.key[0], people.key[1]
        )
        for k in range(4):
            into.words[row, k] = words[k]
        room[(words[_ORDER] >> shift) + 1] += 1
    for bucket in range(1, len(room)):
        room[bucket] += room[bucket - 1]
    for row in range(n):
        bucket = np.int64(into.words[row, _ORDER]) >> shift
        into.order[room[bucket]] = row
        room[bucket] += 1
    # The buckets hold about one person each: insertion ends after a step or two.
    for k in range(1, n):
        row = into.order[k]
        i = k
        while i > 0 and _comes_before(crowd, into, row, into.order[i - 1]):
            into.order[i] = into.order[i - 1]
            i -= 1
        into.order[i] = row


@compiled
def _comes_before(crowd: Crowd, into: Reached, one: int, other: int) -> bool:
    first, second = into.words[one, _ORDER], into.words[other, _ORDER]
    return first < second or (
        first == second and crowd.id[into.who[one]] < crowd.id[into.who[other]]
    )


class _Person(NamedTuple):
    """Where one person is at an alert, and what the person draws."""

    waking: int
    on_road: bool
    driving: bool
    x_dm: int
    y_dm: int
    inside: bool


@compiled
def _locate(
    a: int, scenes: Scenes, crowd: Crowd, people: People, alerts: Alerts, j: int, u: float
) -> _Person:
    """Tell where a candidate is; one uniform decides on sleep, absence, road and wheel.

    The uppermost part of the uniform is away; within it, rescaled, its lowest part is on the road,
    driving first.
    """
    age = crowd.age_band[j]
    away_share, rest = scenes.away[a, age], 1.0 - u
    away = rest < away_share
    on_road = rest < away_share * people.road
    driving = rest < away_share * people.road * people.wheel
    x, y = np.int64(crowd.homes.x_dm[j]), np.int64(crowd.homes.y_dm[j])
    if away and not on_road:
        if scenes.at_work[a]:
            x, y = np.int64(crowd.work_x_dm[j]), np.int64(crowd.work_y_dm[j])
        else:
            x, y = np.int64(crowd.leisure_x_dm[j]), np.int64(crowd.leisure_y_dm[j])
    waking = _AWAY if away else _ASLEEP if u < scenes.asleep[a, age] else _AT_HOME
    inside = is_within(x, y, alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a])
    return _Person(waking, on_road, driving, x, y, inside)


@compiled
def respond(
    a: int,
    n: int,
    reached: Reached,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    exposure: Exposure,
    channels: Channels,
    people: People,
    response: Response,
    watched: Watched,
    lately: Ints,
) -> None:
    """Send the first messages of alert a and follow them until they are noticed.

    Args:
        a: number of the alert.
        n: number of people reached.
        reached: who they are, in the order of sending.
        scenes, crowd, book, exposure, channels, people: what is given.
        response: is added to; must have room for n notices under each policy and n informants.
        watched: is filled where it has rows.
        lately: room for the alerts of any week.
    """
    alerts, incident = exposure.alerts, exposure.alerts.incident[a]
    used = np.flatnonzero(alerts.policies[a])
    n_policies, n_channels = alerts.policies.shape[1], len(channels.audience)
    place = np.zeros((n_channels, n_policies), dtype=np.int64)
    n_near, n_lately = alerts_of_last_week(alerts, a, lately)
    weeks = np.zeros(n_policies, dtype=np.int64)
    delivered = np.zeros(n_policies, dtype=np.int32)
    noticed = np.zeros(n_policies, dtype=np.int32)
    addressed = np.zeros(n_policies, dtype=np.bool_)
    attends = np.zeros(n_policies, dtype=np.bool_)
    room = np.zeros((n_policies, n), dtype=np.uint16)
    n_notices = np.zeros(n_policies, dtype=np.int64)
    levels = np.zeros(_OWN + 4)
    case, key = scenes.case[a], people.key
    for step in range(n):
        row = reached.order[step]
        j, at_home = np.int64(reached.who[row]), reached.at_home[row]
        for k in range(4):
            levels[k] = scalar.uniform(np.int64(reached.words[row, k]))
        words = scalar.philox(crowd.id[j], case, 0, _RESPONSE, key[0], key[1])
        for k in range(4):
            levels[4 + k] = scalar.uniform(words[k])
        where = _locate(a, scenes, crowd, people, alerts, j, levels[0])
        for p in used:
            delivered[p] = noticed[p] = NEVER_AFTER_S
            addressed[p] = False
            weeks[p] = 0
        for c in range(n_channels):
            if channels.audience[c] == _PRESENT:
                if not where.inside:
                    continue
            elif not at_home:
                continue
            prefers = channels.prefers[c]
            if (prefers == _TEXT and crowd.prefers_voice[j]) or (
                prefers == _CALL and not crowd.prefers_voice[j]
            ):
                continue
            delay, latency = -1, 0
            for p in used:
                levers = scenes.levers[a, p]
                if not channels.enabled[c, levers]:
                    continue
                code = book.code[j, p]
                if channels.audience[c] == _PRESENT:
                    if code == _GONE or not uses_app(
                        crowd, j, scenes.app_share[a, p], scenes.app_moved[a, p]
                    ):
                        continue
                elif not _STALE <= code < STRUCK:
                    continue
                addressed[p] = True
                first = place[c, p]
                place[c, p] = first + 1
                if channels.audience[c] != _PRESENT and code != _GOOD:
                    continue
                if delay < 0:
                    if channels.delivery_draw[c] >= _OWN or channels.notice_draw[c] >= _OWN:
                        words = scalar.philox(crowd.id[j], case, c + 1, _RECEIPT, key[0], key[1])
                        for k in range(4):
                            levels[_OWN + k] = scalar.uniform(words[k])
                    delay = mixture_span_s(
                        levels[channels.delivery_draw[c]], channels.delivery[c, 0], 1.0
                    )
                    latency = mixture_span_s(
                        levels[channels.notice_draw[c]],
                        channels.notice[c, where.waking],
                        channels.minute_s,
                    )
                sent = waiting_s(
                    first,
                    channels.per_second[c, levers],
                    channels.lines[c, levers],
                    channels.call_s[c, levers],
                )
                arrives = min(sent + delay, NEVER_AFTER_S)
                delivered[p] = min(delivered[p], arrives)
                noticed[p] = min(noticed[p], min(arrives + latency, NEVER_AFTER_S))
        for k in range(n_near if at_home else n_lately):
            b = lately[k]
            if is_within(
                crowd.homes.x_dm[j],
                crowd.homes.y_dm[j],
                alerts.x_dm[b],
                alerts.y_dm[b],
                alerts.radius_dm[b],
            ):
                for p in used:
                    weeks[p] += alerts.policies[b, p]
        someone = False
        searches = levels[_SEARCH] < people.search and where.waking != _ASLEEP
        for p in used:
            attends[p] = noticed[p] < NEVER_AFTER_S and levels[_ATTEND] < people.attend[weeks[p]]
            if not addressed[p]:
                continue
            someone = someone or attends[p]
            counts = response.counts[:, incident, p]
            counts[0] += 1
            counts[1] += delivered[p] < NEVER_AFTER_S
            if noticed[p] <= HOUR_S:
                counts[2] += 1
                counts[3] += noticed[p] <= TEN_MINUTES_S
                counts[4] += where.inside
                counts[5] += attends[p]
                counts[6] += attends[p] and searches
            if noticed[p] < scenes.close_s[a, p]:
                room[p, n_notices[p]] = noticed[p]
                n_notices[p] += 1
        if someone:
            _listen(
                a,
                j,
                scenes,
                crowd,
                people,
                where,
                searches,
                attends,
                delivered,
                noticed,
                used,
                response,
            )
        if len(watched.inside) > 0:
            watched.inside[row] = where.inside
            for p in used:
                watched.addressed[row, p], watched.attends[row, p] = addressed[p], attends[p]
                watched.delivered_s[row, p], watched.noticed_s[row, p] = delivered[p], noticed[p]
    for c in range(n_channels):
        for p in used:
            response.messages[c, incident, p] += place[c, p]
    end = response.cursor[0]
    for p in range(n_policies):
        response.notice_start[a, p] = end
        for k in range(n_notices[p]):
            response.notices[end + k] = room[p, k]
        end += n_notices[p]
        response.notice_end[a, p] = end
    response.cursor[0] = end


@compiled
def _listen(
    a: int,
    j: int,
    scenes: Scenes,
    crowd: Crowd,
    people: People,
    where: _Person,
    searches: bool,
    attends: Bools,
    delivered: NDArray[np.int32],
    noticed: NDArray[np.int32],
    used: Ints,
    response: Response,
) -> None:
    """Keep somebody who attends and might have something to tell: bounds rule out most."""
    words = scalar.philox(crowd.id[j], scenes.case[a], 0, _SIGHTING, people.key[0], people.key[1])
    fresh, earlier, known, wrong = (
        scalar.uniform(words[0]),
        scalar.uniform(words[1]),
        scalar.uniform(words[2]),
        scalar.uniform(words[3]),
    )
    way = (
        SEARCHING
        if searches
        else DRIVING
        if where.driving
        else WALKING
        if where.on_road
        else WATCHING
    )
    if (
        fresh >= scenes.fresh_level[a, way]
        and earlier >= scenes.retrospective_level[a]
        and known >= scenes.knowledge_level[a]
        and wrong >= scenes.false_level[a]
    ):
        return
    into, i = response.informants, response.cursor[1]
    response.cursor[1] = i + 1
    into.alert[i], into.caller[i] = a, crowd.id[j]
    into.x_dm[i], into.y_dm[i] = where.x_dm, where.y_dm
    into.asleep[i], into.on_road[i] = where.waking == _ASLEEP, where.on_road
    into.driving[i], into.searches[i] = where.driving, searches
    into.delivered_s[i, :] = NEVER_AFTER_S
    into.noticed_s[i, :] = NEVER_AFTER_S
    for p in used:
        if attends[p]:
            into.delivered_s[i, p], into.noticed_s[i, p] = delivered[p], noticed[p]
    into.level[i, 0], into.level[i, 1] = fresh, earlier
    into.level[i, 2], into.level[i, 3] = known, wrong


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
