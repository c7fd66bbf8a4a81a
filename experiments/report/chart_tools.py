"""How every chart looks and is saved: sizes, colours with shapes, frames, text that does not overlap, SVG for a page."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from experiments.report.facts import Facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK = "#1a1a1a"
BLUE = "#0063a6"
ORANGE = "#b84f00"
QUIET = "#595959"
PALE = "#8a8a8a"
GRID = "#e3e3e3"
DPI = 100
WIDE_IN = 7.2
NARROW_IN = 3.5
RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "burgernet",
    # Names come from files: a dollar sign is a dollar sign.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.labelcolor": QUIET,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.color": INK,
    "figure.dpi": DPI,
    "savefig.dpi": 2 * DPI,
}


@dataclass(frozen=True, slots=True)
class Style:
    """Colour, marker and line; never colour alone."""

    color: str
    marker: str
    line: str = "-"
    filled: bool = True

    @property
    def face(self) -> str:
        """Fill of the marker."""
        return self.color if self.filled else "white"


REFERENCE = Style(INK, "D", "-")
MAIN = Style(ORANGE, "s", "--")
OTHER = Style(BLUE, "o", ":")
FOURTH = Style("#00695c", "^", "-.")
UP = Style(BLUE, "^")
DOWN = Style(ORANGE, "v")
UNCLEAR = Style(QUIET, "o", filled=False)


def style_of(facts: Facts, policy: str) -> Style:
    """Return how a policy is drawn: the reference and the main comparison stand out."""
    return {facts.setting.reference: REFERENCE, facts.setting.main: MAIN}.get(policy, OTHER)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a chart that leaves the page: title, subtitle and source."""

    title: str
    subtitle: str
    source: str


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size of a chart's body in inches, and whether it is the narrow one for phones."""

    width_in: float
    frame: Frame | None = None

    @property
    def narrow(self) -> bool:
        """Whether labels go above their rows and panels below each other."""
        return self.width_in < 5

    def figure(self, body_in: float) -> tuple[Figure, float, float]:
        """Return a figure, its height and the height of the strip under the body, in inches."""
        from matplotlib.figure import Figure

        title, subtitle = self._lines()
        head = 0.0 if self.frame is None else 0.15 + 0.22 * len(title) + 0.17 * len(subtitle)
        foot = 0.0 if self.frame is None else 0.28
        height = head + body_in + foot
        figure = Figure(figsize=(self.width_in, height))
        if self.frame is not None:
            y = height - 0.1
            for line in title:
                figure.text(0.1 / self.width_in, y / height, line, va="top", size=12, weight="bold")
                y -= 0.22
            for line in subtitle:
                figure.text(0.1 / self.width_in, y / height, line, va="top", size=9, color=QUIET)
                y -= 0.17
            figure.text(
                0.1 / self.width_in, 0.08 / height, self.frame.source, size=8, color=QUIET
            )
        return figure, height, foot

    def _lines(self) -> tuple[list[str], list[str]]:
        if self.frame is None:
            return [], []
        # Average widths of a letter at these sizes, on the safe side.
        return (
            textwrap.wrap(self.frame.title, int(self.width_in * 9.3)),
            textwrap.wrap(self.frame.subtitle, int(self.width_in * 13.0)),
        )


def axes_at(
    figure: Figure, left_in: float, bottom_in: float, width_in: float, height_in: float
) -> Axes:
    """Return axes at a place in inches from the lower-left corner."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left_in / width, bottom_in / height, width_in / width, height_in / height)
    )


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with the report's settings, whatever the user's own are."""
    import matplotlib as mpl

    with mpl.rc_context({**mpl.rcParamsDefault, **RC}):
        yield


def width_in(figure: Figure, text: str, size: float) -> float:
    """Return the width of a text in inches."""
    drawn = figure.text(0, 0, text, size=size)
    extent = drawn.get_window_extent(_renderer(figure))
    drawn.remove()
    return float(extent.width) / figure.dpi


def _renderer(figure: Figure) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg(figure).get_renderer()


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near those wanted, in the same order, at least `gap` apart, inside low..high.

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
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    intervals: Sequence[tuple[float, float, float]] = (),
    *,
    size: float = 9.0,
) -> list[Text]:
    """Write a text beside each point, off the points, intervals and other texts; far ones get a line.

    Args:
        axes: with its limits set.
        points: (x, y) in the unit of the axes.
        texts: one for each point.
        intervals: (x, low, high) of upright lines to keep clear.
        size: of the letters, in points.
    """
    from matplotlib.transforms import Bbox

    figure = axes.get_figure(root=True)
    if figure is None:
        return []
    renderer = _renderer(figure)
    inside = axes.get_window_extent(renderer)
    dots = [tuple(axes.transData.transform(point)) for point in points]
    taken = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in dots]
    for x, low, high in intervals:
        (left, bottom), (_, top) = axes.transData.transform([(x, low), (x, high)])
        taken.append(Bbox.from_extents(left - 2, bottom, left + 2, top))
    written: list[Text] = []
    points_per_pixel = 72 / figure.dpi
    # Crowded points first: they have the fewest free places.
    for i in sorted(range(len(dots)), key=lambda k: _crowd(dots, k)):
        text = axes.annotate(
            texts[i], points[i], xytext=(0, 0), textcoords="offset points", size=size,
            va="center_baseline", zorder=4,
        )  # fmt: skip
        extent = text.get_window_extent(renderer)
        best = min(
            _places(dots[i], extent.width, extent.height),
            key=lambda box: _cost(box, dots[i], taken, inside),
        )
        middle = (best.y0 + best.y1) / 2
        text.set_position(
            ((best.x0 - dots[i][0]) * points_per_pixel, (middle - dots[i][1]) * points_per_pixel)
        )
        taken.append(best)
        written.append(text)
        _leader(axes, dots[i], best)
    return written


def _crowd(dots: Sequence[tuple[float, ...]], k: int) -> float:
    return sum((x - dots[k][0]) ** 2 + (y - dots[k][1]) ** 2 for x, y in dots) ** 0.5


def _places(dot: tuple[float, ...], width: float, height: float) -> Iterator[Any]:
    from matplotlib.transforms import Bbox

    x, y = dot
    for far in (9, 16, 26, 38, 52, 68, 86, 106, 128):
        for up in (0, 1, -1, 0.5, -0.5):
            for side in (1, -1, 0):
                if side == 0 and up == 0:
                    continue
                left = x + far if side > 0 else x - far - width if side < 0 else x - width / 2
                middle = y + up * (far + height / 2 if side == 0 else far)
                yield Bbox.from_extents(
                    left, middle - height / 2 - 1, left + width, middle + height / 2 + 1
                )


def _cost(box: Any, dot: tuple[float, ...], taken: Sequence[Any], inside: Any) -> float:
    def overlap(other: Any) -> float:
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        high = min(box.y1, other.y1) - max(box.y0, other.y0)
        return float(wide * high) if wide > 0 and high > 0 else 0.0

    area = box.width * box.height
    outside = area - overlap(inside)
    near_x = max(box.x0 - dot[0], 0.0, dot[0] - box.x1)
    near_y = max(box.y0 - dot[1], 0.0, dot[1] - box.y1)
    covered = sum(overlap(other) for other in taken)
    return float(100 * covered + 100 * outside + near_x + near_y)


def _leader(axes: Axes, dot: tuple[float, ...], box: Any) -> None:
    x = min(max(dot[0], box.x0), box.x1)
    y = min(max(dot[1], box.y0 + 2), box.y1 - 2)
    if abs(x - dot[0]) + abs(y - dot[1]) < 14:
        return
    to_data = axes.transData.inverted()
    (x0, y0), (x1, y1) = to_data.transform(dot), to_data.transform((x, y))
    axes.plot([x0, x1], [y0, y1], color=PALE, lw=0.7, zorder=1)


def format_ticks(axes: Axes, words: Words, which: str = "x") -> None:
    """Write the numbers on an axis (`x` or `y`) as the language does, with as few decimals as it takes."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def shown(value: float, _position: int | None = None) -> str:
        digits = next((d for d in (0, 1, 2) if math.isclose(round(value, d), value, abs_tol=1e-9)), 3)
        return words.decimal(value, digits)

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(shown))


def svg_text(figure: Figure) -> str:
    """Return a figure as a complete SVG document; the same figure always gives the same text."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    return sink.getvalue()


def inline_svg(svg: str, name: str, title: str, description: str) -> str:
    """Return an SVG document as an element for a page, with a text alternative.

    Identifiers get `name` in front, so that several charts can stand on one page.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    # Inside a tag only: matplotlib escapes < and > in text, so a name cannot look like a tag.
    body = re.sub(r"<[^<>]*>", lambda tag: _prefixed(tag.group(), name), body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    opening, rest = body.split(">", 1)
    named = f' role="img" aria-labelledby="{name}-title {name}-desc"'
    words = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    return f"{opening}{named}>{words}{rest}"


def _prefixed(tag: str, name: str) -> str:
    tag = re.sub(r' id="([^"]*)"', rf' id="{name}-\1"', tag)
    tag = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", tag)
    return re.sub(r'href="#([^"]*)"', rf'href="#{name}-\1"', tag)
