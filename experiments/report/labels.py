"""Texts beside points and lines, placed where they cover neither these nor each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from experiments.report.chart_tools import PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DISTANCES_PX = (9, 16, 26, 38, 52, 68, 86, 106, 128)
DOT_PX = 6
FAR_PX = 14
"""A text farther than this from its point gets a line to it."""
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
    frame = axes.get_window_extent()
    inside = Box(frame.x0, frame.y0, frame.x1, frame.y1)
    dots = [_pixels(axes, point) for point in points]
    taken = [Box(x - DOT_PX, y - DOT_PX, x + DOT_PX, y + DOT_PX) for x, y in dots]
    for x, low, high in intervals:
        (left, bottom), (_, top) = _pixels(axes, (x, low)), _pixels(axes, (x, high))
        taken.append(Box(left - 2, bottom, left + 2, top))
    written: list[Text] = []
    points_per_pixel = 72 / figure.dpi
    # Crowded points first: they have the fewest free places.
    for i in sorted(range(len(dots)), key=lambda k: _distance_to_all(dots, k)):
        text = axes.annotate(
            texts[i], points[i], xytext=(0, 0), textcoords="offset points", size=size,
            va="center_baseline", zorder=4,
        )  # fmt: skip
        extent = text.get_window_extent()
        costs = {
            box: _cost(box, dots[i], taken, inside)
            for box in _places(dots[i], extent.width, extent.height)
        }
        best = min(costs, key=lambda box: costs[box])
        x, y = best.x0 - dots[i][0], (best.y0 + best.y1) / 2 - dots[i][1]
        text.set_position((x * points_per_pixel, y * points_per_pixel))
        taken.append(best)
        written.append(text)
        _leader(axes, dots[i], best)
    return written


def _pixels(axes: Axes, point: Point) -> Point:
    x, y = axes.transData.transform(point)
    return float(x), float(y)


def _distance_to_all(dots: Sequence[Point], k: int) -> float:
    return math.fsum(math.dist(dots[k], dot) for dot in dots)


def _places(dot: Point, width: float, height: float) -> Iterator[Box]:
    x, y = dot
    for far in DISTANCES_PX:
        for up in (0.0, 1.0, -1.0, 0.5, -0.5):
            middle = y + up * far
            for left in (x + far, x - far - width):
                yield Box(left, middle - height / 2 - 1, left + width, middle + height / 2 + 1)
        for middle in (y + far + height / 2, y - far - height / 2):
            left = x - width / 2
            yield Box(left, middle - height / 2 - 1, left + width, middle + height / 2 + 1)


def _cost(box: Box, dot: Point, taken: Sequence[Box], inside: Box) -> float:
    outside = box.area - box.overlap(inside)
    covered = sum(box.overlap(other) for other in taken)
    x, y = box.nearest(dot)
    return OVERLAP_WEIGHT * (covered + outside) + abs(x - dot[0]) + abs(y - dot[1])


def _leader(axes: Axes, dot: Point, box: Box) -> None:
    x, y = box.nearest(dot)
    if abs(x - dot[0]) + abs(y - dot[1]) < FAR_PX:
        return
    (x0, y0), (x1, y1) = axes.transData.inverted().transform([dot, (x, y)])
    axes.plot([x0, x1], [y0, y1], color=PALE, lw=0.7, zorder=1)
