"""A check by simulation that the rule of `experiments.analysis.sequential` keeps its coverage.

Runs are imitated by independent draws from a known distribution: blocks of values, a look after
each, a stop by the rule or at the largest number. Over many of them the share of intervals that
hold the true mean is compared with the level, for targets that a run reaches early, late or not
at all. Beside it stands what becomes of Student's interval: at the n that the rule chose (what
other measures of such a run have, where they rise and fall with the named one), and where it is
itself what is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.sequential import FIRST_LOOK, Moments, from_central, half_width
from experiments.analysis.statistics import Floats

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], Floats]


class Shape(NamedTuple):
    """A distribution: name, draws, true mean and standard deviation."""

    name: str
    draw: Draw
    mean: float
    sd: float


def _lognormal(name: str, sigma: float) -> Shape:
    mean = float(np.exp(sigma**2 / 2))
    sd = mean * float(np.sqrt(np.expm1(sigma**2)))
    return Shape(name, lambda rng, size: rng.lognormal(0.0, sigma, size), mean, sd)


def _rare(name: str, share: float) -> Shape:
    sd = float(np.sqrt(share * (1 - share)))
    return Shape(name, lambda rng, size: (rng.random(size) < share).astype(float), share, sd)


SHAPES = (
    Shape("normal", lambda rng, size: rng.standard_normal(size), 0.0, 1.0),
    Shape("uniform", lambda rng, size: rng.random(size), 0.5, 12**-0.5),
    Shape("Student t, 5 degrees", lambda rng, size: rng.standard_t(5, size), 0.0, (5 / 3) ** 0.5),
    Shape("Student t, 3 degrees", lambda rng, size: rng.standard_t(3, size), 0.0, 3**0.5),
    Shape("exponential", lambda rng, size: rng.standard_exponential(size), 1.0, 1.0),
    _lognormal("lognormal, sigma 0.5", 0.5),
    _lognormal("lognormal, sigma 1", 1.0),
    Shape(
        "-1, 0 or 1",
        lambda rng, size: rng.choice([-1.0, 0.0, 1.0], size, p=[0.2, 0.7, 0.1]),
        -0.1,
        0.29**0.5,
    ),
    Shape(
        "difference of counts",
        lambda rng, size: (rng.poisson(0.2, size) - rng.poisson(0.1, size)).astype(float),
        0.1,
        0.3**0.5,
    ),
    _rare("one in 10", 0.1),
    _rare("one in 50", 0.02),
)
"""Distributions for which the rule must cover: symmetric, heavy tails, skewed, few values."""
BEYOND = Shape(
    "jump, one in 50",
    lambda rng, size: 20.0 * (rng.random(size) < 1 / 50) + 0.1 * rng.standard_normal(size),
    0.4,
    float(np.sqrt(0.01 + 400 * (1 / 50) * (49 / 50))),
)
"""A rare jump that makes up the mean: runs stop before they have seen one. No rule can know."""
NEEDED = (5, 12, 25, 40, 60, 100, 160, 250, 400, 1000)
"""Replications that would do if sigma were known; for 1000 the largest number comes first."""
COST_AT = 160
MOST = 600
PATHS_AT_A_TIME = 5_000


class Found(NamedTuple):
    """What runs to one target did.

    Attributes:
        needed: replications that would do if sigma were known.
        covered: share of the runs whose interval holds the mean.
        student: the same for Student intervals, narrow enough being Student's as well.
        at_stop: the same for Student intervals of the runs that stopped by the rule.
        mean_n: mean number of replications of a run.
        reached: share of the runs that reached the target.
    """

    needed: int
    covered: float
    student: float
    at_stop: float
    mean_n: float
    reached: float


def coverage(
    shape: Shape, *, block: int, level: float, paths: int, seed: int, most: int = MOST
) -> list[Found]:
    """Imitate runs with values of a distribution, for every target in `NEEDED`.

    Args:
        shape: the distribution.
        block: replications between two looks.
        level: level of the intervals.
        paths: runs to imitate.
        seed: of the random numbers.
        most: the largest number of replications, a multiple of the block.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _outcomes(shape, block, level, shape.draw(rng, (min(PATHS_AT_A_TIME, paths - done), most)))
        for done in range(0, paths, PATHS_AT_A_TIME)
    ]
    means = np.concatenate(parts).mean(axis=0)
    return [Found(needed, *row) for needed, row in zip(NEEDED, means.tolist(), strict=True)]


def _outcomes(shape: Shape, block: int, level: float, values: Floats) -> Floats:
    """Return the columns of `Found` after the first, shape (paths, targets, columns)."""
    from scipy.special import ndtri, stdtrit

    found = _looks(values - shape.mean, block)
    own = half_width(found, level)
    quantile = stdtrit(found.n - 1.0, (1 + level) / 2)
    student = np.asarray(quantile * np.sqrt(found.variance / found.n), dtype=np.float64)
    columns = []
    for needed in NEEDED:
        asked = ndtri((1 + level) / 2) * shape.sd / np.sqrt(needed)
        reached = (found.n >= FIRST_LOOK) & (own <= asked)
        stop, naive = _first(reached), _first((student <= asked) & (student > 0))
        columns.append(
            (
                _holds(found, own, stop),
                _holds(found, student, naive),
                _holds(found, student, stop),
                found.n[stop],
                reached.any(axis=1),
            )
        )
    return np.moveaxis(np.asarray(columns, dtype=np.float64), 2, 0)


def _looks(values: Floats, block: int) -> Moments:
    """Return the moments after each block, shape (paths, looks), from sums of powers.

    Fast enough to imitate thousands of runs; values must lie about zero.
    """
    blocks = values.reshape(len(values), -1, block)
    n = block * (1 + np.arange(blocks.shape[1]))
    squares = blocks**2
    first, second, third = (
        np.cumsum(each, axis=1) / n
        for each in (
            blocks.sum(axis=2),
            squares.sum(axis=2),
            np.einsum("ijk,ijk->ij", squares, blocks),
        )
    )
    square = second - first**2
    # What rounding leaves of the variance of equal values.
    square = np.where(square > 1e-12 * second, square, 0.0)
    cube = third - 3 * first * second + 2 * first**3
    return from_central(n, first, square, cube)


def _first(stops: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first look at which each path stops, the last look if it never does."""
    last = stops.shape[1] - 1
    return np.asarray(np.where(stops.any(axis=1), stops.argmax(axis=1), last))


def _holds(found: Moments, width: Floats, look: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether the interval at a look holds zero; where there is none nothing is claimed."""
    path = np.arange(len(look))
    return np.asarray(~(np.abs(found.mean[path, look]) > width[path, look]))


def table(*, block: int, level: float, paths: int, seed: int) -> str:
    """Return the lowest coverage over all targets for every distribution, as text."""
    error = 100 * float(np.sqrt(level * (1 - level) / paths))
    most = f"no stop before {FIRST_LOOK}, at most {MOST}"
    targets = f"{NEEDED[0]} to {NEEDED[-1]} replications"
    first, second = ("the", "rule"), ("Student at", "the same n")
    third = ("Student looked at", "after every block")
    fourth = ("mean n for", f"a need of {COST_AT}")
    columns = [
        f"{a:>9} {b:>11} {c:>18} {d:>15}"
        for a, b, c, d in zip(first, second, third, fourth, strict=True)
    ]
    heads = (
        f"{100 * level:g} % intervals; looks every {block} replications, {most}.",
        f"Lowest coverage over targets that would need {targets}",
        f"if sigma were known; {paths:,} runs per target: standard error {error:.2f} points.",
        "",
        f"{'':22} {columns[0]}",
        f"{'values':22} {columns[1]}",
        "-" * 79,
    )
    return "\n".join([*heads, *_rows(block=block, level=level, paths=paths, seed=seed)])


def _rows(*, block: int, level: float, paths: int, seed: int) -> Iterator[str]:
    for shape in (*SHAPES, BEYOND):
        found = coverage(shape, block=block, level=level, paths=paths, seed=seed)
        rule, other, naive = (
            100 * min(getattr(each, name) for each in found)
            for name in ("covered", "at_stop", "student")
        )
        cost = next(each.mean_n for each in found if each.needed == COST_AT)
        if shape is BEYOND:
            yield "beyond any rule:"
        yield f"{shape.name:22} {rule:>8.1f}% {other:>10.1f}% {naive:>17.1f}% {cost:>15.0f}"
