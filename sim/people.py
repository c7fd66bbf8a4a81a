"""The people around one alert: where they are, what they draw, and how they are tied to each
policy.

Each step is a loop of its own over all of them: short loops over plain arrays use the vector
units, and draw, look up and decide for eight people at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.channels import PARTS, Audience, Channels, Draw, Preference, Waking
from sim.compiled import compiled
from sim.crowd import Crowd, is_within
from sim.draws import Bools, Floats, Ints, Purpose
from sim.exposure import Alerts, alerts_of_last_week
from sim.register import STRUCK, Book, State

LISTED, GOOD, APP = 1, 2, 4
"""Ties to a policy: on the register with the home inside the circle, and reached there; uses the
app and is inside the circle."""
SEARCHING, DRIVING, WALKING, WATCHING = range(4)
"""Ways to look out."""

_GONE = int(State.GONE)
_TIES = np.zeros(2 * STRUCK, dtype=np.uint8)
"""Ties of somebody at home by `Book.code`."""
_TIES[State.STALE], _TIES[State.GOOD] = LISTED, LISTED | GOOD
_PRESENT, _ANY, _CALL = int(Audience.PRESENT), int(Preference.ANY), int(Preference.CALL)
_RECEIPT, _RESPONSE = int(Purpose.RECEIPT), int(Purpose.RESPONSE)
_PRESENCE, _ORDER, _ATTEND, _SEARCH, _OWN = (
    int(Draw.PRESENCE),
    int(Draw.ORDER),
    int(Draw.ATTEND),
    int(Draw.SEARCH),
    int(Draw.OWN),
)
_AT_HOME, _ASLEEP, _AWAY = (int(waking) for waking in Waking)
_LEAST = 0.5 / scalar.WORD_RANGE


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
    """Room for the people [i] around one alert, in the order of their homes, and for those of them
    [k] whom a message could reach under some policy.

    Attributes:
        who: numbers in the crowd.
        at_home: the registered home is inside the circle.
        id: address of their draws.
        calls: prefers a call to a text.
        receipt: draws of receipt, [4, i].
        order: their numbers in the order of sending.
        in_line: the same for those whom a channel with a line suits, [channel, place]; `n_in_line`
            how many they are.
        ties: `LISTED`, `GOOD` and `APP` under each policy of the alert, [q, i].
        chosen: which of the people are those of [k], all of the following are about.
        live_id: address of their draws.
        reach: their ties to any policy together.
        live_ties: their ties to each policy, [q, k].
        suits: a channel suits them, [channel, k].
        words: draws of receipt, response and sightings, [12, k], see `Draw`.
        asleep_share, away_share: of the people of their age at this moment.
        home_x_dm, home_y_dm, away_x_dm, away_y_dm: home, and where they are if away.
        x_dm, y_dm: where they are.
        inside: inside the circle.
        waking: `Waking`.
        way: how they would look out.
        weary: alerts of the last week that covered the home, [q, k]; set where there are any.
        delay_s, latency_s: from sending to arrival, and on to notice, by [channel, k].
        some, some_id, within, median, sigma, span_s: room for the latencies of some of them.
        buckets: room for sorting.
        lately: room for the alerts of the last week.
    """

    who: NDArray[np.int32]
    at_home: NDArray[np.uint8]
    id: NDArray[np.uint32]
    calls: NDArray[np.uint8]
    receipt: NDArray[np.uint32]
    order: NDArray[np.int32]
    in_line: NDArray[np.int32]
    n_in_line: Ints
    ties: NDArray[np.uint8]
    chosen: NDArray[np.int32]
    live_id: NDArray[np.uint32]
    reach: NDArray[np.uint8]
    live_ties: NDArray[np.uint8]
    suits: NDArray[np.uint8]
    words: NDArray[np.uint32]
    asleep_share: Floats
    away_share: Floats
    home_x_dm: NDArray[np.int32]
    home_y_dm: NDArray[np.int32]
    away_x_dm: NDArray[np.int32]
    away_y_dm: NDArray[np.int32]
    x_dm: NDArray[np.int32]
    y_dm: NDArray[np.int32]
    inside: NDArray[np.uint8]
    waking: NDArray[np.uint8]
    way: NDArray[np.uint8]
    weary: NDArray[np.uint8]
    delay_s: NDArray[np.int32]
    latency_s: NDArray[np.int32]
    some: NDArray[np.int32]
    some_id: NDArray[np.uint32]
    within: Floats
    median: Floats
    sigma: Floats
    span_s: NDArray[np.int32]
    buckets: NDArray[np.int32]
    lately: Ints


def room_for_people(n: int, n_policies: int, n_channels: int, n_lately: int) -> People:
    """Return room for n people."""

    def room(kind: type[np.generic], names: str) -> dict[str, NDArray[np.generic]]:
        return {name: np.zeros(n, dtype=kind) for name in names.split()}

    return People(
        **room(np.int32, "who order chosen some span_s x_dm y_dm home_x_dm home_y_dm"),
        **room(np.int32, "away_x_dm away_y_dm"),
        **room(np.uint32, "id live_id some_id"),
        **room(np.uint8, "at_home calls reach inside waking way"),
        **room(np.float64, "asleep_share away_share within median sigma"),
        receipt=np.zeros((4, n), dtype=np.uint32),
        ties=np.zeros((n_policies, n), dtype=np.uint8),
        live_ties=np.zeros((n_policies, n), dtype=np.uint8),
        suits=np.zeros((n_channels, n), dtype=np.uint8),
        words=np.zeros((_OWN + 4, n), dtype=np.uint32),
        weary=np.zeros((n_policies, n), dtype=np.uint8),
        in_line=np.zeros((n_channels, n), dtype=np.int32),
        n_in_line=np.zeros(n_channels, dtype=np.int64),
        delay_s=np.zeros((n_channels, n), dtype=np.int32),
        latency_s=np.zeros((n_channels, n), dtype=np.int32),
        buckets=np.zeros(2 * n + 2, dtype=np.int32),
        lately=np.zeros(n_lately, dtype=np.int64),
    )


@compiled
def draw_words(
    n: int,
    id_: NDArray[np.uint32],
    case: int,
    third: int,
    purpose: int,
    key: tuple[int, int],
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
    third_word: NDArray[np.uint32],
    fourth: NDArray[np.uint32],
) -> None:
    """Set the four words of n people in a case.

    Args:
        n: number of people.
        id_, case, third, purpose: the address.
        key: seed and replication.
        first, second, third_word, fourth: are set.
    """
    for i in range(n):
        a, b, c, d = scalar.philox(id_[i], case, third, purpose, key[0], key[1])
        first[i], second[i], third_word[i], fourth[i] = a, b, c, d


@compiled
def line_up(n: int, word: NDArray[np.uint32], people: People) -> None:
    """Put people in the order of sending: by an addressed draw, then by person, so that it does
    not depend on who else is in line.

    Args:
        n: number of people.
        word: the draw.
        people: whose `order` is set.
    """
    shift, size, order, buckets = 32, 1, people.order, people.buckets
    while size < n:
        size, shift = size << 1, shift - 1
    for bucket in range(size + 1):
        buckets[bucket] = 0
    for i in range(n):
        buckets[(np.int64(word[i]) >> shift) + 1] += 1
    for bucket in range(1, size + 1):
        buckets[bucket] += buckets[bucket - 1]
    for i in range(n):
        bucket = np.int64(word[i]) >> shift
        order[buckets[bucket]] = i
        buckets[bucket] += 1
    # The buckets hold about one person each: insertion ends after a step or two.
    for k in range(1, n):
        i, at = order[k], k
        while at > 0:
            other = order[at - 1]
            if word[other] < word[i] or (
                word[other] == word[i] and people.id[other] < people.id[i]
            ):
                break
            order[at] = other
            at -= 1
        order[at] = i


@compiled
def _queue(n: int, c: int, prefers: int, people: People) -> None:
    """Put those whom channel c suits in the order of sending."""
    size = 0
    for step in range(n):
        i = people.order[step]
        people.in_line[c, size] = i
        suits = (prefers == _ANY) | ((prefers == _CALL) == (people.calls[i] != 0))
        size += np.int64(suits)
    people.n_in_line[c] = size


@compiled
def meet(
    a: int,
    n: int,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    alerts: Alerts,
    channels: Channels,
    behaviour: Behaviour,
    everybody: bool,
    people: People,
) -> tuple[int, bool]:
    """Tell everything about the people around alert a that no policy decides, and their ties.

    Args:
        a: number of the alert.
        n: number of people.
        scenes, crowd, book, alerts, channels, behaviour: what is given.
        everybody: also locate those whom no message could reach: somebody wants to see them.
        people: `who` and `at_home` are given, the rest is filled.

    Returns:
        How many a message could reach under some policy, and whether anybody may be weary.
    """
    r, w, case, key = people.receipt, people.words, scenes.case[a], behaviour.key
    m = _choose(a, n, scenes, crowd, book, alerts, everybody, people)
    draw_words(n, people.id, case, 0, _RECEIPT, key, r[0], r[1], r[2], r[3])
    line_up(n, r[_ORDER], people)
    _copy(a, m, scenes, crowd, people)
    draw_words(m, people.live_id, case, 0, _RESPONSE, key, w[4], w[5], w[6], w[7])
    _locate(
        m,
        (alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a]),
        (behaviour.road, behaviour.road * behaviour.wheel, behaviour.search),
        w[_PRESENCE],
        w[_SEARCH],
        people,
    )
    _drop_absent(m, alerts.n_columns[a], people)
    for c in range(len(channels.audience)):
        if channels.used[c]:
            if channels.queues[c]:
                _queue(n, c, channels.prefers[c], people)
            if channels.delivery_draw[c] >= _OWN or channels.notice_draw[c] >= _OWN:
                own = w[_OWN : _OWN + 4]
                draw_words(
                    m, people.live_id, case, c + 1, _RECEIPT, key, own[0], own[1], own[2], own[3]
                )
            _time(m, c, channels, people)
    n_near, n_lately = alerts_of_last_week(alerts, a, people.lately)
    return m, _tire(a, m, n_near, n_lately, alerts, people)


@compiled
def _choose(
    a: int,
    n: int,
    scenes: Scenes,
    crowd: Crowd,
    book: Book,
    alerts: Alerts,
    everybody: bool,
    people: People,
) -> int:
    """Copy who people are, set their ties to each policy as if users of the app were inside the
    circle, and choose those whom a message could reach under some policy; return how many.
    """
    m, n_columns = 0, alerts.n_columns[a]
    share, moved = 0.0, 0.0
    for q in range(n_columns):
        share = max(share, scenes.app_share[a, alerts.columns[a, q]])
        moved = max(moved, scenes.app_moved[a, alerts.columns[a, q]])
    for i in range(n):
        j, every = np.int64(people.who[i]), np.uint8(0)
        people.id[i], people.calls[i] = crowd.people[j].id, crowd.people[j].prefers_voice
        home = np.uint8(0xFF) if people.at_home[i] != 0 else np.uint8(0)
        for q in range(n_columns):
            tied = _TIES[book.code[j, alerts.columns[a, q]]] & home
            people.ties[q, i] = people.live_ties[q, m] = tied
            every |= tied
        if crowd.app_level[j] < share or moved > 0.0:
            person = crowd.people[j]
            for q in range(n_columns):
                p = alerts.columns[a, q]
                uses = person.app_level < scenes.app_share[a, p] or (
                    person.started and person.move_level < scenes.app_moved[a, p]
                )
                if uses and book.code[j, p] != _GONE:
                    people.ties[q, i] |= np.uint8(APP)
                    people.live_ties[q, m] |= np.uint8(APP)
                    every |= np.uint8(APP)
        people.chosen[m], people.reach[m] = i, every
        m += np.int64(everybody | (every > LISTED))
    return m


@compiled
def _copy(a: int, m: int, scenes: Scenes, crowd: Crowd, people: People) -> None:
    """Copy what is known of those whom a message could reach."""
    for k in range(m):
        i = people.chosen[k]
        person = crowd.people[people.who[i]]
        people.live_id[k] = person.id
        for word in range(4):
            people.words[word, k] = people.receipt[word, i]
        people.asleep_share[k] = scenes.asleep[a, person.age_band]
        people.away_share[k] = scenes.away[a, person.age_band]
        people.home_x_dm[k], people.home_y_dm[k] = person.x_dm, person.y_dm
        if scenes.at_work[a]:
            people.away_x_dm[k], people.away_y_dm[k] = person.work_x_dm, person.work_y_dm
        else:
            people.away_x_dm[k], people.away_y_dm[k] = person.leisure_x_dm, person.leisure_y_dm


@compiled
def _locate(
    m: int,
    circle: tuple[int, int, int],
    shares: tuple[float, float, float],
    presence: NDArray[np.uint32],
    search: NDArray[np.uint32],
    people: People,
) -> None:
    """Tell where people are and what they do.

    One uniform decides: its uppermost part is away; within it, rescaled, its lowest part is on the
    road, driving first.
    """
    x, y, radius = circle
    on_road_share, driving_share, search_share = shares
    for k in range(m):
        u = scalar.uniform(np.int64(presence[k]))
        rest, away_share = 1.0 - u, people.away_share[k]
        away = rest < away_share
        on_road = rest < away_share * on_road_share
        driving = rest < away_share * driving_share
        asleep = (u < people.asleep_share[k]) & (not away)
        elsewhere = away & (not on_road)
        here_x = people.away_x_dm[k] if elsewhere else people.home_x_dm[k]
        here_y = people.away_y_dm[k] if elsewhere else people.home_y_dm[k]
        people.x_dm[k], people.y_dm[k] = here_x, here_y
        people.inside[k] = is_within(here_x, here_y, x, y, radius)
        people.waking[k] = _AWAY if away else _ASLEEP if asleep else _AT_HOME
        way = DRIVING if driving else WALKING if on_road else WATCHING
        searches = (scalar.uniform(np.int64(search[k])) < search_share) & (not asleep)
        people.way[k] = SEARCHING if searches else way


@compiled
def _drop_absent(m: int, n_columns: int, people: People) -> None:
    """Cut the ties of the app to people who are not inside the circle."""
    for k in range(m):
        if not people.inside[k]:
            people.reach[k] &= np.uint8(LISTED | GOOD)
            for q in range(n_columns):
                people.ties[q, people.chosen[k]] &= np.uint8(LISTED | GOOD)
                people.live_ties[q, k] &= np.uint8(LISTED | GOOD)


@compiled
def _time(m: int, c: int, channels: Channels, people: People) -> None:
    """Draw when a message of channel c arrives and is noticed, for those whom it can reach under
    some policy.
    """
    reach = APP if channels.audience[c] == _PRESENT else GOOD
    prefers, size = channels.prefers[c], 0
    for k in range(m):
        calls = people.calls[people.chosen[k]] != 0
        suits = (prefers == _ANY) | ((prefers == _CALL) == calls)
        people.suits[c, k] = suits
        people.some[size] = k
        size += np.int64(suits & (people.reach[k] & reach != 0))
    delivery, notice = (
        people.words[channels.delivery_draw[c]],
        people.words[channels.notice_draw[c]],
    )
    _draw_spans(size, delivery, channels.delivery[c], 1.0, people)
    for s in range(size):
        people.delay_s[c, people.some[s]] = people.span_s[s]
    _draw_spans(size, notice, channels.notice[c], channels.minute_s, people)
    for s in range(size):
        people.latency_s[c, people.some[s]] = people.span_s[s]


@compiled
def _draw_spans(
    size: int, word: NDArray[np.uint32], mixture: Floats, unit_s: float, people: People
) -> None:
    """Draw latencies from mixtures of log-normals that may never happen: one uniform decides both.

    The uniform picks the part by its share and, rescaled within the part, the quantile.

    Args:
        size: number of people in `people.some`.
        word: the draw.
        mixture: (share, median, sigma) of each part by `Waking`, [3, PARTS, 3].
        unit_s: seconds of the unit of the medians.
        people: whose `span_s` is set to latencies in whole seconds, `NEVER_AFTER_S` for never.
    """
    if _is_constant(mixture):
        for s in range(size):
            people.span_s[s] = scalar.span(mixture[0, 0, 1] * unit_s)
        return
    for s in range(size):
        k = people.some[s]
        u, state, low = scalar.uniform(np.int64(word[k])), people.waking[k], 0.0
        within, median, sigma = 0.5, np.inf, 0.0
        for part in range(PARTS):
            share = mixture[state, part, 0]
            here = (u >= low) & (u < low + share)
            within = (u - low) / share if here else within
            median = mixture[state, part, 1] if here else median
            sigma = mixture[state, part, 2] if here else sigma
            low += share
        people.within[s] = min(max(within, _LEAST), 1.0 - _LEAST)
        people.median[s], people.sigma[s] = median, sigma
    for s in range(size):
        value = scalar.lognormal(people.within[s], people.median[s], people.sigma[s])
        people.span_s[s] = scalar.span(value * unit_s)


@compiled
def _is_constant(mixture: Floats) -> bool:
    """Tell whether a mixture has one value for everybody."""
    for state in range(mixture.shape[0]):
        if (
            mixture[state, 0, 0] < 1.0
            or mixture[state, 0, 1] != mixture[0, 0, 1]
            or mixture[state, 0, 2] != 0.0
        ):
            return False
    return True


@compiled
def _tire(a: int, m: int, n_near: int, n_lately: int, alerts: Alerts, people: People) -> bool:
    """Count the alerts of the last week that covered each home under each policy, and tell whether
    there are any.
    """
    weary = False
    for q in range(alerts.n_columns[a]):
        for k in range(m):
            people.weary[q, k] = 0
    for late in range(n_lately):
        b = people.lately[late]
        x, y, radius = alerts.x_dm[b], alerts.y_dm[b], alerts.radius_dm[b]
        for k in range(m):
            # A circle that does not meet this one covers only homes outside it.
            if late >= n_near and people.at_home[people.chosen[k]] != 0:
                continue
            if is_within(people.home_x_dm[k], people.home_y_dm[k], x, y, radius):
                weary = True
                for q in range(alerts.n_columns[a]):
                    people.weary[q, k] += alerts.policies[b, alerts.columns[a, q]]
    return weary
