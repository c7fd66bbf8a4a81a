"""How every chart looks and is saved: sizes, colours with shapes, frames, SVG for a page."""

# mypy: allow-untyped-calls
# matplotlib is typed, but not what it draws with.

from __future__ import annotations

import functools
import io
import math
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from experiments.report.facts import Facts
from experiments.report.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

INK = "#1a1a1a"
BLUE = "#0063a6"
ORANGE = "#b84f00"
QUIET = "#595959"
PALE = "#8a8a8a"
GRID = "#e3e3e3"
DPI = 100
WIDE_IN = 7.2
NARROW_IN = 3.5
"""On a phone, where labels stand above what they name."""
LONGEST_NAME = 26
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
        return self.width_in <= NARROW_IN

    def figure(self, body_in: float) -> tuple[Figure, float, float]:
        """Return a figure, its height and the height of the strip under the body, in inches."""
        from matplotlib.figure import Figure

        title, subtitle = self._lines()
        head = 0.0 if self.frame is None else 0.15 + 0.22 * len(title) + 0.17 * len(subtitle)
        foot = 0.0 if self.frame is None else 0.28
        height = head + body_in + foot
        figure = Figure(figsize=(self.width_in, height))
        if self.frame is not None:
            left, y = 0.1 / self.width_in, height - 0.1
            for line in title:
                figure.text(left, y / height, line, va="top", size=12, weight="bold")
                y -= 0.22
            for line in subtitle:
                figure.text(left, y / height, line, va="top", size=9, color=QUIET)
                y -= 0.17
            figure.text(left, 0.08 / height, self.frame.source, size=8, color=QUIET)
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
    from matplotlib import style

    with style.context(RC, after_reset=True):
        yield


def short(name: str) -> str:
    """Return a name with its end cut off where it would push the chart aside."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


@functools.cache
def ruler(dpi: float) -> RendererAgg:
    """Return what measures texts at a resolution; a figure would make it anew for every text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    renderer: RendererAgg = FigureCanvasAgg(Figure(dpi=dpi)).get_renderer()
    return renderer


def width_in(figure: Figure, text: str, size: float) -> float:
    """Return the width in inches that a text takes at most, which is when it is bold."""
    drawn = figure.text(0, 0, text, size=size, weight="bold")
    extent = drawn.get_window_extent(ruler(figure.dpi))
    drawn.remove()
    return float(extent.width) / figure.dpi


def format_ticks(axes: Axes, words: Words, which: str = "x") -> None:
    """Write the numbers of an axis (`x` or `y`) in the language, with few decimals."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def shown(value: float, _position: int | None = None) -> str:
        exact = (d for d in (0, 1, 2) if math.isclose(round(value, d), value, abs_tol=1e-9))
        return words.decimal(value, next(exact, 3))

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
