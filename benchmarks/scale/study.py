"""The study of scale: which points, in which order, and what growth they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.rounds import Say
from benchmarks.scale.point import Cost, Point, measure_apart
from benchmarks.scale.workers import Plan

LINEAR = 1.05
"""A slope up to here counts as linear: more lies within what rounds differ by."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One line of points that differ in one thing.

    Attributes:
        name: what differs.
        unit: of the values.
        points: from small to large.
        value_of: how large a point is, from the point and its cost.
    """

    name: str
    unit: str
    points: tuple[Point, ...]
    value_of: Callable[[Point, Cost], float]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the study goes.

    Attributes:
        tiles: sizes of the country.
        rates: multiples of the national rate of actions.
        policies: numbers of policies.
        base: the point at which the other things stay.
        plan: of the workers.
        rounds: how often every point is measured.
    """

    tiles: tuple[int, ...]
    rates: tuple[float, ...]
    policies: tuple[int, ...]
    base: Point
    plan: Plan
    rounds: int


FULL = Extent(
    tiles=(1, 3, 9, 27),
    rates=(0.5, 1.0, 2.0, 4.0),
    policies=(1, 2, 5, 10),
    base=Point(tiles=3, policies=10, years=10),
    plan=Plan(tiles=1, policies=10, years=10, replications=12, rounds=3),
    rounds=3,
)
QUICK = Extent(
    tiles=(1, 3),
    rates=(1.0, 2.0),
    policies=(1, 10),
    base=Point(tiles=1, policies=10, years=1),
    plan=Plan(tiles=1, policies=10, years=1, replications=8, rounds=1),
    rounds=1,
)


@dataclass(frozen=True, slots=True)
class Growth:
    """One axis, measured.

    Attributes:
        axis: what differs.
        values: how large each point is.
        costs: of each point, medians over the rounds.
        cpu_slope, memory_slope: of the logarithm of processor time and of peak memory over that
            of the value; 1 is linear.
        last_cpu_slope: from the last point but one to the last, where fixed costs weigh least.
    """

    axis: Axis
    values: tuple[float, ...]
    costs: tuple[Cost, ...]
    cpu_slope: float
    memory_slope: float
    last_cpu_slope: float

    @property
    def linear_or_better(self) -> bool:
        """Whether neither time nor memory grows faster than the value."""
        return max(self.cpu_slope, self.memory_slope, self.last_cpu_slope) <= LINEAR


def axes(extent: Extent) -> tuple[Axis, ...]:
    """Return the lines of points."""
    base = extent.base
    return (
        Axis(
            "inhabitants",
            "inhabitants",
            tuple(replace(base, tiles=tiles) for tiles in extent.tiles),
            lambda _, cost: float(cost.inhabitants),
        ),
        Axis(
            "actions",
            "actions a year",
            tuple(replace(base, rate_factor=rate) for rate in extent.rates),
            lambda _, cost: cost.actions_per_year,
        ),
        Axis(
            "policies",
            "policies",
            tuple(replace(base, policies=policies) for policies in extent.policies),
            lambda point, _: float(point.policies),
        ),
    )


def grow(extent: Extent, say: Say) -> list[Growth]:
    """Measure every point in fresh processes, in interleaved rounds."""
    lines = axes(extent)
    points = list(dict.fromkeys(point for axis in lines for point in axis.points))
    found: dict[Point, list[Cost]] = {point: [] for point in points}
    for round_ in range(extent.rounds):
        for point in points:
            cost = measure_apart(point)
            found[point].append(cost)
            say(
                f"round {round_ + 1}: {point}: {cost.cpu_s:.2f} s, {cost.peak_mb:.0f} MB, "
                f"{cost.actions_per_year:.0f} actions a year"
            )
    return [growth(axis, [median(found[point]) for point in axis.points]) for axis in lines]


def median(costs: Sequence[Cost]) -> Cost:
    """Return the medians of what rounds of one point cost; all else is the same in every round."""

    def middle(name: str) -> float:
        return float(np.median([getattr(cost, name) for cost in costs]))

    return replace(
        costs[0],
        cpu_s=middle("cpu_s"),
        wall_s=middle("wall_s"),
        peak_mb=middle("peak_mb"),
        base_mb=middle("base_mb"),
    )


def growth(axis: Axis, costs: Sequence[Cost]) -> Growth:
    """Return the growth along an axis."""
    values = [axis.value_of(point, cost) for point, cost in zip(axis.points, costs, strict=True)]
    cpu, memory = [cost.cpu_s for cost in costs], [cost.peak_mb for cost in costs]
    return Growth(
        axis=axis,
        values=tuple(values),
        costs=tuple(costs),
        cpu_slope=slope(values, cpu),
        memory_slope=slope(values, memory),
        last_cpu_slope=slope(values[-2:], cpu[-2:]),
    )


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of the least-squares line through the logarithms."""
    log_x, log_y = np.log(x), np.log(y)
    return float(np.polyfit(log_x - log_x.mean(), log_y, 1)[0])
