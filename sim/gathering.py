"""The search for everybody around an alert who may get a message."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.crowd import Crowd, bands_of, first_east_of, is_within
from sim.draws import Bools, Floats, Ints
from sim.exposure import Alerts
from sim.people import People, Scenes
from sim.register import STRUCK, Book, Changes, Person, State, catch_up

_STALE = int(State.STALE)
_INSIDE, _WANTED = 1, 4


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
    alerts: Alerts,
    changes: Changes,
    marks: NDArray[np.uint8],
    people: People,
) -> int:
    """Find everybody who may get a message of alert a, bring them to its moment, and return how
    many there are; `who` and `at_home` of as many as there is room for are set.

    Args:
        a: number of the alert.
        scenes, crowd, book, alerts, changes: what is given.
        marks: room for the people of a band.
        people: is filled.
    """
    x, y, radius, at_s = alerts.x_dm[a], alerts.y_dm[a], alerts.radius_dm[a], alerts.at_s[a]
    share, moved, n = 0.0, 0.0, 0
    room = len(people.who)
    for c in range(alerts.n_columns[a]):
        p = alerts.columns[a, c]
        share = max(share, scenes.app_share[a, p])
        moved = max(moved, scenes.app_moved[a, p])
    low, high = bands_of(crowd.homes, y, radius)
    for band in range(low, high):
        begin = first_east_of(crowd.homes, band, x - radius)
        end = first_east_of(crowd.homes, band, x + radius + 1)
        _mark_inside(
            begin,
            end,
            (x, y, radius, at_s),
            crowd.homes.x_dm,
            crowd.homes.y_dm,
            crowd.due_s,
            marks,
        )
        for j in range(begin, end):
            if marks[j - begin] > _INSIDE:
                catch_up(book, crowd, changes, j, at_s)
        _mark_wanted(begin, end, share, crowd.listed, crowd.app_level, marks)
        if moved > 0.0:
            for j in range(begin, end):
                if marks[j - begin] != 0 and uses_app(crowd.people[j], share, moved):
                    marks[j - begin] = _WANTED
        for j in range(begin, end):
            if n < room:
                people.who[n] = j
            n += np.int64(marks[j - begin] >= _WANTED)
    if alerts.n_columns[a] < alerts.policies.shape[1]:
        n = _keep_own(a, min(n, room), n, share, moved, crowd, book, alerts, people)
    for i in range(min(n, room)):
        people.at_home[i] = 1
    places = crowd.work if scenes.at_work[a] else crowd.leisure
    points = places.points
    low, high = bands_of(points, y, radius)
    for band in range(low, high):
        k = first_east_of(points, band, x - radius)
        while k < points.start[band + 1] and points.x_dm[k] <= x + radius:
            j = np.int64(points.number[k])
            if places.app_level[k] < share or (
                moved > 0.0 and uses_app(crowd.people[j], share, moved)
            ):
                home_x, home_y = places.home_x_dm[k], places.home_y_dm[k]
                if is_within(points.x_dm[k], points.y_dm[k], x, y, radius) and not is_within(
                    home_x, home_y, x, y, radius
                ):
                    if crowd.due_s[j] <= at_s:
                        catch_up(book, crowd, changes, j, at_s)
                    if n < room:
                        people.who[n], people.at_home[n] = j, 0
                    n += 1
            k += 1
    return n


@compiled
def _mark_inside(
    begin: int,
    end: int,
    circle: tuple[int, int, int, int],
    x_dm: NDArray[np.int32],
    y_dm: NDArray[np.int32],
    due_s: Ints,
    marks: NDArray[np.uint8],
) -> None:
    """Mark which people of a band are inside a circle, and for whom something is due by then.

    Args:
        begin, end: numbers of the first and after the last.
        circle: centre, radius and moment.
        x_dm, y_dm, due_s: of the crowd.
        marks: are set, from 0.
    """
    x, y, radius, at_s = circle
    for j in range(begin, end):
        inside = is_within(x_dm[j], y_dm[j], x, y, radius)
        due = due_s[j] <= at_s
        marks[j - begin] = np.uint8(inside) + (np.uint8(inside & due) << np.uint8(1))


@compiled
def _mark_wanted(
    begin: int,
    end: int,
    share: float,
    listed: Bools,
    app_level: Floats,
    marks: NDArray[np.uint8],
) -> None:
    """Mark who of those inside may get a message: the registered and the users of the app."""
    for j in range(begin, end):
        wanted = (marks[j - begin] != 0) & (listed[j] | (app_level[j] < share))
        marks[j - begin] = (np.uint8(wanted) << np.uint8(2)) | np.uint8(marks[j - begin] != 0)


@compiled
def _keep_own(
    a: int,
    held: int,
    n: int,
    share: float,
    moved: float,
    crowd: Crowd,
    book: Book,
    alerts: Alerts,
    people: People,
) -> int:
    """Keep those who may get a message under the policies of this alert; return how many they are,
    or n where there was no room for all.
    """
    if held < n:
        return n
    kept = 0
    for i in range(n):
        j = np.int64(people.who[i])
        wanted = crowd.app_level[j] < share
        for c in range(alerts.n_columns[a]):
            code = book.code[j, alerts.columns[a, c]]
            wanted = wanted | ((code >= _STALE) & (code < STRUCK))
        if moved > 0.0:
            wanted = wanted or uses_app(crowd.people[j], share, moved)
        people.who[kept] = j
        kept += np.int64(wanted)
    return kept
