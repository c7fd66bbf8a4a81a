"""Texts beside points and lines, placed where they cover neither these nor each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from experiments.report.chart_tools import PALE, ruler

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DISTANCES_PX = (9, 16, 26, 38, 52, 68, 86, 106, 128)
DOT_PX = 6
FAR_PX = 14
"""A text farther than this from its point gets a line to it."""
SWEEPS = 3
CROSSING_PX2 = 20.0
"""A line through something counts as much as so many square pixels covered."""
OVERLAP_WEIGHT = 100.0
"""A square pixel covered counts as much as so many pixels of distance."""

Point = tuple[float, float]
Upright = tuple[float, float, float]
"""An upright interval: x, low, high."""


class Box(NamedTuple):
    """A rectangle in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Its area."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        wide = min(self.x1, other.x1) - max(self.x0, other.x0)
        high = min(self.y1, other.y1) - max(self.y0, other.y0)
        return wide * high if wide > 0 and high > 0 else 0.0

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it."""
        return self.x0 <= point[0] <= self.x1 and self.y0 <= point[1] <= self.y1

    def meets(self, start: Point, end: Point) -> bool:
        """Whether the line from start to end touches it (Liang and Barsky's clipping)."""
        enters, leaves = 0.0, 1.0
        for low, high, a, b in (
            (self.x0, self.x1, start[0], end[0]),
            (self.y0, self.y1, start[1], end[1]),
        ):
            if a == b:
                if not low <= a <= high:
                    return False
                continue
            first, last = sorted(((low - a) / (b - a), (high - a) / (b - a)))
            enters, leaves = max(enters, first), min(leaves, last)
        return enters <= leaves

    def nearest(self, point: Point) -> Point:
        """Return the place in the rectangle that is nearest to a point."""
        x, y = point
        return min(max(x, self.x0), self.x1), min(max(y, self.y0 + 2), self.y1 - 2)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near those wanted, in the same order, `gap` apart, inside low..high.

    Labels that do not fit even when packed are spaced evenly.
    """
    if len(wanted) == 0:
        return []
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    placed = [max(low, min(high, wanted[i])) for i in order]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed[-1] = min(placed[-1], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    result = [0.0] * len(wanted)
    for i, position in zip(order, placed, strict=True):
        result[i] = position
    return result


def place_labels(
    axes: Axes,
    points: Sequence[Point],
    texts: Sequence[str],
    intervals: Sequence[Upright] = (),
    *,
    size: float = 9.0,
) -> list[Text]:
    """Write a text beside each point, off points, intervals and other texts; far ones get a line.

    Args:
        axes: with its limits set.
        points: in the unit of the axes.
        texts: one for each point.
        intervals: upright lines to keep clear.
        size: of the letters, in points.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        return []
    dots = [_pixels(axes, point) for point in points]
    fixed = [Box(x - DOT_PX, y - DOT_PX, x + DOT_PX, y + DOT_PX) for x, y in dots]
    for x, low, high in intervals:
        (left, bottom), (_, top) = _pixels(axes, (x, low)), _pixels(axes, (x, high))
        fixed.append(Box(left - 2, bottom, left + 2, top))
    written = [
        axes.annotate(
            text, point, xytext=(0, 0), textcoords="offset points", size=size,
            va="center_baseline", zorder=4,
        )
        for text, point in zip(texts, points, strict=True)
    ]  # fmt: skip
    sizes = [text.get_window_extent(ruler(figure.dpi)).size for text in written]
    frame = axes.get_window_extent()
    inside = Box(frame.x0, frame.y0, frame.x1, frame.y1)
    boxes = _arrange(dots, [(float(w), float(h)) for w, h in sizes], fixed, inside)
    points_per_pixel = 72 / figure.dpi
    for text, dot, box in zip(written, dots, boxes, strict=True):
        x, y = box.x0 - dot[0], (box.y0 + box.y1) / 2 - dot[1]
        text.set_position((x * points_per_pixel, y * points_per_pixel))
        _leader(axes, dot, box)
    return list(written)


def _arrange(
    dots: Sequence[Point], sizes: Sequence[Point], fixed: Sequence[Box], inside: Box
) -> list[Box]:
    """Return a place for every text: its best, and again when the others have theirs."""
    boxes: dict[int, Box] = {}
    # Crowded points first: they have the fewest free places.
    order = sorted(range(len(dots)), key=lambda k: _distance_to_all(dots, k))
    for _ in range(SWEEPS):
        before = dict(boxes)
        for i in order:
            taken = [*fixed, *(box for k, box in boxes.items() if k != i)]
            boxes[i] = _best(_places(dots[i], *sizes[i]), dots[i], taken, inside)
        if boxes == before:
            break
    return [boxes[i] for i in range(len(dots))]


def _pixels(axes: Axes, point: Point) -> Point:
    x, y = axes.transData.transform(point)
    return float(x), float(y)


def _distance_to_all(dots: Sequence[Point], k: int) -> float:
    return math.fsum(math.dist(dots[k], dot) for dot in dots)


def _places(dot: Point, width: float, height: float) -> Iterator[Box]:
    """Yield places around a dot, nearest first: beside it, above and below, and aslant."""
    x, y = dot
    half, near = height / 2 + 1, DISTANCES_PX[0]
    for far in DISTANCES_PX:
        aslant = [(side, up * far) for side in (far, near) for up in (1, -1, 0.5, -0.5)]
        for side, up in [(far, 0.0), *aslant]:
            for left in (x + side, x - side - width):
                yield Box(left, y + up - half, left + width, y + up + half)
        for middle in (y + far + half, y - far - half):
            yield Box(x - width / 2, middle - half, x + width / 2, middle + half)


def _best(places: Iterable[Box], dot: Point, taken: Sequence[Box], inside: Box) -> Box:
    """Return the first of the places that cost least; most are too dear by what they cover."""
    best, least = inside, math.inf
    for box in places:
        outside = box.area - box.overlap(inside)
        if OVERLAP_WEIGHT * outside >= least:
            continue
        covered = sum(box.overlap(other) for other in taken)
        if OVERLAP_WEIGHT * (covered + outside) >= least:
            continue
        x, y = box.nearest(dot)
        crossed = sum(other.meets(dot, (x, y)) for other in taken if not other.holds(dot))
        bad = covered + outside + CROSSING_PX2 * crossed
        cost = OVERLAP_WEIGHT * bad + abs(x - dot[0]) + abs(y - dot[1])
        if cost < least:
            best, least = box, cost
    return best


def _leader(axes: Axes, dot: Point, box: Box) -> None:
    x, y = box.nearest(dot)
    if abs(x - dot[0]) + abs(y - dot[1]) < FAR_PX:
        return
    (x0, y0), (x1, y1) = axes.transData.inverted().transform([dot, (x, y)])
    axes.plot([x0, x1], [y0, y1], color=PALE, lw=0.7, zorder=1)
