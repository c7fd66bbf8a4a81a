"""Who is around an alert: the search for everybody who may get a message, and the order in which
messages go out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import scalar
from sim.adoption import Adoption
from sim.channels import Draw
from sim.compiled import compiled, inlined
from sim.crowd import Crowd, bands_of, first_east_of, is_within
from sim.draws import Bools, Purpose
from sim.exposure import Exposure
from sim.register import STRUCK, Book, Person, Rules, State, bring

if TYPE_CHECKING:
    from sim.people import Scenes

_STALE, _RECEIPT, _ORDER = int(State.STALE), int(Purpose.RECEIPT), int(Draw.ORDER)


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


def room_to_gather(n: int) -> Reached:
    """Return room for n people."""
    return Reached(
        who=np.zeros(n, dtype=np.int32),
        at_home=np.zeros(n, dtype=np.bool_),
        words=np.zeros((n, 4), dtype=np.uint32),
        order=np.zeros(n, dtype=np.int32),
        buckets=np.zeros(2 * n + 2, dtype=np.int32),
    )


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

    Nobody is left out; some are found who are on the register under other policies only.
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
                wanted = crowd.listed[j] | (crowd.app_level[j] < share)
                if moved > 0.0:
                    wanted = wanted | uses_app(crowd.people[j], share, moved)
                into.who[n], into.at_home[n] = j, True
                n += np.int64(wanted)
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
