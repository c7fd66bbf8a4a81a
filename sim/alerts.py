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
from sim.channels import Audience, Channels, Draw, Preference, Waking, departure, mixture_span_s
from sim.compiled import compiled, inlined
from sim.crowd import Crowd, bands_of, first_east_of, is_within
from sim.draws import Bools, Floats, Ints, Purpose
from sim.exposure import Alerts, Exposure, alerts_of_last_week
from sim.register import STRUCK, Book, Person, Rules, State, bring
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

_GONE, _STALE, _GOOD = int(State.GONE), int(State.STALE), int(State.GOOD)
_PRESENT = int(Audience.PRESENT)
_ANY, _CALL = int(Preference.ANY), int(Preference.CALL)
_RECEIPT, _RESPONSE, _SIGHTING = (
    int(Purpose.RECEIPT),
    int(Purpose.RESPONSE),
    int(Purpose.SIGHTING),
)
_PRESENCE, _ORDER, _ATTEND, _SEARCH, _OWN = (
    int(Draw.PRESENCE),
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
    """Room for the people around one alert.

    Attributes:
        who: their numbers in the crowd.
        at_home: the registered home is inside the circle.
        words: integer draws of receipt, [n, 4].
        order: numbers of the rows in the order of sending.
        buckets: for sorting.
    """

    who: NDArray[np.int32]
    at_home: Bools
    words: NDArray[np.uint32]
    order: NDArray[np.int32]
    buckets: NDArray[np.int32]


ANSWER = np.dtype(
    [
        ("policy", "i8"),
        ("levers", "i8"),
        ("close_s", "i8"),
        ("app_share", "f8"),
        ("app_moved", "f8"),
        ("delivered_s", "i8"),
        ("noticed_s", "i8"),
        ("weeks", "i8"),
        ("addressed", "?"),
        ("attends", "?"),
        ("n_notices", "i8"),
        ("counts", "i8", (len(COUNTS),)),
    ],
    align=True,
)
"""One policy of an alert: what holds under it (see `Scenes`); one person's answer under it
(seconds after the alert; `weeks`: alerts of the last week that covered the home); and what has
been counted so far."""
LINE = np.dtype(
    [
        ("enabled", "?"),
        ("per_second", "f8"),
        ("lines", "i8"),
        ("call_s", "i8"),
        ("place", "i8"),
        ("sent_s", "i8"),
        ("limit", "i8"),
    ],
    align=True,
)
"""The line of a channel under one policy of an alert: how it works (see `sim.channels.Line`); the
place of the next message, and when it goes out as long as the place is below `limit`."""


class Desk(NamedTuple):
    """Room for what is worked out about one alert and about one person in it.

    Attributes:
        answers: records of the type `ANSWER`, one for each policy of the alert [q].
        lines: records of the type `LINE`, [channel, q].
        levels: the person's draws, see `Draw`.
        lately: alerts of the last week.
        notices: moments of noticing of the alert, [q, n].
    """

    answers: NDArray[np.void]
    lines: NDArray[np.void]
    levels: Floats
    lately: Ints
    notices: NDArray[np.uint16]


class Watched(NamedTuple):
    """Everybody around the last alert, for tests and explanations; no rows where nobody asks.

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


@inlined
def uses_app(person: Person, share: float, moved: float) -> bool:
    """Tell whether somebody, if present, uses the app at some shares of adoption."""
    return person.app_level < share or (person.started and person.move_level < moved)


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
    """Find everybody who may get a message of alert a, bring them to its moment, and return how
    many there are.
    """
    alerts = exposure.alerts
    x, y, radius, at_s = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a], alerts.at_s[a]
    share, moved, n = 0.0, 0.0, 0
    for c in range(alerts.n_columns[a]):
        p = alerts.columns[a, c]
        share = max(share, scenes.app_share[a, p])
        moved = max(moved, scenes.app_moved[a, p])
    low, high = bands_of(crowd.homes, y, radius)
    for band in range(low, high):
        j = first_east_of(crowd.homes, band, x - radius)
        while j < crowd.homes.start[band + 1] and crowd.homes.x_dm[j] <= x + radius:
            if is_within(crowd.homes.x_dm[j], crowd.homes.y_dm[j], x, y, radius):
                if crowd.due_s[j] <= at_s:
                    bring(book, crowd, rules, adoption, exposure, j, at_s)
                wanted = crowd.app_level[j] < share or (
                    moved > 0.0 and uses_app(crowd.people[j], share, moved)
                )
                if crowd.listed[j]:
                    for c in range(alerts.n_columns[a]):
                        wanted = wanted or _STALE <= book.code[j, alerts.columns[a, c]] < STRUCK
                if wanted:
                    into.who[n], into.at_home[n] = j, True
                    n += 1
            j += 1
    places = crowd.work if scenes.at_work[a] else crowd.leisure
    low, high = bands_of(places, y, radius)
    for band in range(low, high):
        k = first_east_of(places, band, x - radius)
        while k < places.start[band + 1] and places.x_dm[k] <= x + radius:
            j = np.int64(places.number[k])
            if is_within(places.x_dm[k], places.y_dm[k], x, y, radius):
                home_x, home_y = crowd.homes.x_dm[j], crowd.homes.y_dm[j]
                if not is_within(home_x, home_y, x, y, radius) and uses_app(
                    crowd.people[j], share, moved
                ):
                    if crowd.due_s[j] <= at_s:
                        bring(book, crowd, rules, adoption, exposure, j, at_s)
                    into.who[n], into.at_home[n] = j, False
                    n += 1
            k += 1
    return n


@compiled
def line_up(n: int, case: int, key: tuple[int, int], crowd: Crowd, into: Reached) -> None:
    """Draw receipt and put people in the order of sending: by an addressed draw, then by person,
    so that it does not depend on who else is in line.

    Args:
        n: number of people in `into`.
        case: address of the incident.
        key: seed and replication.
        crowd: all candidates.
        into: whose `words` and `order` are set.
    """
    shift, size = 32, 1
    while size < n:
        size, shift = size << 1, shift - 1
    for bucket in range(size + 1):
        into.buckets[bucket] = 0
    for row in range(n):
        words = scalar.philox(crowd.people[into.who[row]].id, case, 0, _RECEIPT, key[0], key[1])
        for k in range(4):
            into.words[row, k] = words[k]
        into.buckets[(words[_ORDER] >> shift) + 1] += 1
    for bucket in range(1, size + 1):
        into.buckets[bucket] += into.buckets[bucket - 1]
    for row in range(n):
        bucket = np.int64(into.words[row, _ORDER]) >> shift
        into.order[into.buckets[bucket]] = row
        into.buckets[bucket] += 1
    # The buckets hold about one person each: insertion ends after a step or two.
    for k in range(1, n):
        row, i = into.order[k], k
        while i > 0 and _comes_before(crowd, into, row, into.order[i - 1]):
            into.order[i] = into.order[i - 1]
            i -= 1
        into.order[i] = row


@inlined
def _comes_before(crowd: Crowd, into: Reached, one: int, other: int) -> bool:
    first, second = into.words[one, _ORDER], into.words[other, _ORDER]
    return first < second or (
        first == second and crowd.people[into.who[one]].id < crowd.people[into.who[other]].id
    )


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
    desk: Desk,
    watched: Watched,
) -> None:
    """Send the first messages of alert a and follow them until they are noticed.

    Args:
        a: number of the alert.
        n: number of people reached.
        reached: who they are, in the order of sending.
        scenes, crowd, book, exposure, channels, people: what is given.
        response: is added to; must have room for n notices under each policy and n informants.
        desk: room to work.
        watched: is filled where it has rows.
    """
    alerts, case, key = exposure.alerts, scenes.case[a], people.key
    levels, n_columns, n_channels = desk.levels, alerts.n_columns[a], len(channels.audience)
    n_near, n_lately = alerts_of_last_week(alerts, a, desk.lately)
    _prepare(a, alerts, scenes, channels, desk)
    for step in range(n):
        row = reached.order[step]
        j, at_home = np.int64(reached.who[row]), reached.at_home[row]
        person = crowd.people[j]
        words = scalar.philox(person.id, case, 0, _RESPONSE, key[0], key[1])
        for k in range(4):
            levels[k] = scalar.uniform(np.int64(reached.words[row, k]))
            levels[4 + k] = scalar.uniform(words[k])
        # Where is this person? The uppermost part of the uniform is away; within it, rescaled, its
        # lowest part is on the road, driving first.
        age, rest = person.age_band, 1.0 - levels[_PRESENCE]
        away = rest < scenes.away[a, age]
        on_road = rest < scenes.away[a, age] * people.road
        driving = rest < scenes.away[a, age] * people.road * people.wheel
        x, y = person.x_dm, person.y_dm
        if away and not on_road:
            if scenes.at_work[a]:
                x, y = person.work_x_dm, person.work_y_dm
            else:
                x, y = person.leisure_x_dm, person.leisure_y_dm
        waking = _AT_HOME
        if away:
            waking = _AWAY
        elif levels[_PRESENCE] < scenes.asleep[a, age]:
            waking = _ASLEEP
        inside = is_within(x, y, alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a])
        for q in range(n_columns):
            answer = desk.answers[q]
            answer.delivered_s = answer.noticed_s = NEVER_AFTER_S
            answer.addressed, answer.weeks = False, 0
        for c in range(n_channels):
            present = channels.audience[c] == _PRESENT
            suits = channels.prefers[c] == _ANY or (
                (channels.prefers[c] == _CALL) == person.prefers_voice
            )
            if not suits or (present and not inside) or (not present and not at_home):
                continue
            delay, latency = -1, 0
            for q in range(n_columns):
                answer, line = desk.answers[q], desk.lines[c, q]
                code = book.code[j, answer.policy]
                if present:
                    joins = code != _GONE and uses_app(person, answer.app_share, answer.app_moved)
                else:
                    joins = _STALE <= code < STRUCK
                if not (joins and line.enabled):
                    continue
                place = line.place
                line.place = place + 1
                answer.addressed = True
                if not present and code != _GOOD:
                    continue
                if delay < 0:
                    if channels.delivery_draw[c] >= _OWN or channels.notice_draw[c] >= _OWN:
                        words = scalar.philox(person.id, case, c + 1, _RECEIPT, key[0], key[1])
                        for k in range(4):
                            levels[_OWN + k] = scalar.uniform(words[k])
                    delay = mixture_span_s(
                        levels[channels.delivery_draw[c]], channels.delivery[c, 0], 1.0
                    )
                    latency = mixture_span_s(
                        levels[channels.notice_draw[c]],
                        channels.notice[c, waking],
                        channels.minute_s,
                    )
                if place >= line.limit:
                    line.sent_s, line.limit = departure(
                        place, line.per_second, line.lines, line.call_s
                    )
                arrives = min(delay + line.sent_s, NEVER_AFTER_S)
                answer.delivered_s = min(answer.delivered_s, arrives)
                answer.noticed_s = min(answer.noticed_s, min(arrives + latency, NEVER_AFTER_S))
        for k in range(n_near if at_home else n_lately):
            b = desk.lately[k]
            if is_within(
                person.x_dm, person.y_dm, alerts.x_dm[b], alerts.y_dm[b], alerts.radius_dm[b]
            ):
                for q in range(n_columns):
                    answer = desk.answers[q]
                    answer.weeks += np.int64(alerts.policies[b, answer.policy])
        searches, someone = levels[_SEARCH] < people.search and waking != _ASLEEP, False
        for q in range(n_columns):
            answer = desk.answers[q]
            noticed_s = answer.noticed_s
            attends = noticed_s < NEVER_AFTER_S and levels[_ATTEND] < people.attend[answer.weeks]
            answer.attends, someone = attends, someone or attends
            if answer.addressed:
                answer.counts[0] += 1
                answer.counts[1] += np.int64(answer.delivered_s < NEVER_AFTER_S)
                if noticed_s <= HOUR_S:
                    answer.counts[2] += 1
                    answer.counts[3] += np.int64(noticed_s <= TEN_MINUTES_S)
                    answer.counts[4] += np.int64(inside)
                    answer.counts[5] += np.int64(attends)
                    answer.counts[6] += np.int64(attends and searches)
                if noticed_s < answer.close_s:
                    desk.notices[q, answer.n_notices] = noticed_s
                    answer.n_notices += 1
        if someone:
            # Most who attend have nothing to tell: bounds rule them out.
            words = scalar.philox(person.id, case, 0, _SIGHTING, key[0], key[1])
            way = WATCHING
            if searches:
                way = SEARCHING
            elif driving:
                way = DRIVING
            elif on_road:
                way = WALKING
            if (
                scalar.uniform(words[0]) < scenes.fresh_level[a, way]
                or scalar.uniform(words[1]) < scenes.retrospective_level[a]
                or scalar.uniform(words[2]) < scenes.knowledge_level[a]
                or scalar.uniform(words[3]) < scenes.false_level[a]
            ):
                into, i = response.informants, response.cursor[1]
                response.cursor[1] = i + 1
                into.alert[i], into.caller[i] = a, person.id
                into.x_dm[i], into.y_dm[i] = x, y
                into.asleep[i], into.on_road[i] = waking == _ASLEEP, on_road
                into.driving[i], into.searches[i] = driving, searches
                for k in range(4):
                    into.level[i, k] = scalar.uniform(words[k])
                for p in range(alerts.policies.shape[1]):
                    into.delivered_s[i, p] = into.noticed_s[i, p] = NEVER_AFTER_S
                for q in range(n_columns):
                    answer = desk.answers[q]
                    if answer.attends:
                        into.delivered_s[i, answer.policy] = answer.delivered_s
                        into.noticed_s[i, answer.policy] = answer.noticed_s
        if len(watched.inside) > 0:
            watched.inside[row] = inside
            for q in range(n_columns):
                answer = desk.answers[q]
                watched.addressed[row, answer.policy] = answer.addressed
                watched.attends[row, answer.policy] = answer.attends
                watched.delivered_s[row, answer.policy] = answer.delivered_s
                watched.noticed_s[row, answer.policy] = answer.noticed_s
    _file(a, alerts, desk, response)


@compiled
def _prepare(a: int, alerts: Alerts, scenes: Scenes, channels: Channels, desk: Desk) -> None:
    """Clear the desk for alert a."""
    for q in range(alerts.n_columns[a]):
        answer, p = desk.answers[q], alerts.columns[a, q]
        levers = scenes.levers[a, p]
        answer.policy, answer.levers, answer.close_s = p, levers, scenes.close_s[a, p]
        answer.app_share, answer.app_moved = scenes.app_share[a, p], scenes.app_moved[a, p]
        answer.n_notices = 0
        for k in range(len(COUNTS)):
            answer.counts[k] = 0
        for c in range(len(channels.audience)):
            line = desk.lines[c, q]
            line.enabled = channels.enabled[c, levers]
            line.per_second, line.lines = channels.per_second[c, levers], channels.lines[c, levers]
            line.call_s, line.place, line.limit = channels.call_s[c, levers], 0, 0


@compiled
def _file(a: int, alerts: Alerts, desk: Desk, response: Response) -> None:
    """Put away what was counted in alert a."""
    incident, end = alerts.incident[a], response.cursor[0]
    for q in range(alerts.n_columns[a]):
        answer = desk.answers[q]
        p = answer.policy
        for c in range(desk.lines.shape[0]):
            response.messages[c, incident, p] += desk.lines[c, q].place
        for k in range(len(COUNTS)):
            response.counts[k, incident, p] += answer.counts[k]
        response.notice_start[a, p] = end
        for k in range(answer.n_notices):
            response.notices[end + k] = desk.notices[q, k]
        end += answer.n_notices
        response.notice_end[a, p] = end
    response.cursor[0] = end


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
    people: People,
    reached: Reached,
    desk: Desk,
    response: Response,
    watched: Watched,
) -> int:
    """Let alerts from `first` to before `stop` happen, those before the start left out.

    Returns:
        The number of the alert for which there is no room; `stop` when all have happened.
    """
    for a in range(first, stop):
        if scenes.past[a]:
            continue
        n = gather(a, scenes, crowd, book, rules, adoption, exposure, reached)
        notices = response.cursor[0] + n * exposure.alerts.n_columns[a]
        informants = response.cursor[1] + n
        if (
            notices > len(response.notices)
            or informants > len(response.informants.alert)
            or n > desk.notices.shape[1]
        ):
            response.cursor[2] = n
            return a
        line_up(n, scenes.case[a], people.key, crowd, reached)
        respond(
            a, n, reached, scenes, crowd, book, exposure, channels, people, response, desk, watched
        )
        response.cursor[2] = n
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
