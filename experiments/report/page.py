"""The page that tells the outcome of a run, one HTML file per language, and its figures."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.report import charts, maps, statements, tables
from experiments.report.chart_tools import (
    NARROW_IN,
    WIDE_IN,
    Canvas,
    Frame,
    drawing,
    inline_svg,
    svg_text,
)
from experiments.report.charts import Chart
from experiments.report.facts import Facts, Run, read_facts
from experiments.report.tables import Table
from experiments.report.words import LOCALES, NOTHING, Lang, Words
from sim.parameters import REGISTRY

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from jinja2 import Environment

SECTIONS = (
    *("answer", "policies", "differences", "anyway", "base", "cost", "places"),
    *("unknown", "method"),
)
DOUBTS = ("rates", "differences", "effort", "size", "anyway", "survival")


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart on the page: two sizes of the same, its words, and the tables under it."""

    name: str
    title: str
    subtitle: str
    source: str
    wide: str
    narrow: str
    tables: tuple[Table, ...]


def write_report(run: Run, lang: Lang, out: Path | None = None) -> Path:
    """Write the page of a run and return where it lies.

    Args:
        run: a complete run folder.
        lang: `nl` or `en`.
        out: the file; by default `report.LANG.html` in the run folder.

    Raises:
        InputError: there is no such language.
        DataError: a table, the manifest or the grid cannot be read.
    """
    words = Words(lang)
    return _write_page(read_facts(run), words, _page_path(run, lang) if out is None else out)


def write_figures(run: Run, langs: Sequence[str] = tuple(LOCALES)) -> list[Path]:
    """Write every chart as SVG and PNG below `figures/` of the run folder and return the files.

    Raises:
        InputError: there is no such language.
        DataError: a table, the manifest or the grid cannot be read.
    """
    facts = read_facts(run)
    return [path for lang in langs for path in _write_figures(run, facts, Words(lang), lang)]


def write_all(run: Run, langs: Sequence[Lang]) -> list[Path]:
    """Write the figures and the page in some languages and return the pages.

    The same as `write_figures` and `write_report` one after the other, while the tables, which
    take as long to read as the charts to draw, are read once.

    Raises:
        InputError: there is no such language.
        DataError: a table, the manifest or the grid cannot be read.
    """
    facts, pages = read_facts(run), []
    for lang in langs:
        words = Words(lang)
        _write_figures(run, facts, words, lang)
        pages.append(_write_page(facts, words, _page_path(run, lang)))
    return pages


def _page_path(run: Run, lang: Lang) -> Path:
    return run.path / f"report.{lang}.html"


def _write_page(facts: Facts, words: Words, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(facts, words), encoding="utf-8")
    return path


def _write_figures(run: Run, facts: Facts, words: Words, lang: str) -> list[Path]:
    folder = run.path / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in _charts(facts, words):
        frame = Frame(chart.title, chart.subtitle, chart.source)
        stem = folder / f"{chart.name}.{lang}"
        svg, png = stem.with_name(f"{stem.name}.svg"), stem.with_name(f"{stem.name}.png")
        with drawing():
            figure = chart.draw(Canvas(WIDE_IN, frame))
            svg.write_text(svg_text(figure), encoding="utf-8")
            # The name and version of the drawing library would make equal pictures differ.
            figure.savefig(png, metadata={"Software": None})
        written += [svg, png]
    return written


def render(facts: Facts, words: Words) -> str:
    """Return the page as HTML."""
    return _environment().get_template("page.html").render(_context(facts, words))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("experiments.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _charts(facts: Facts, words: Words) -> list[Chart]:
    folder = maps.grid_folder(facts)
    if folder is None or len(facts.coverage) == 0:
        return charts.all_charts(facts, words)
    return [*charts.all_charts(facts, words), maps.coverage_map(facts, words, _outlines(folder))]


@functools.cache
def _outlines(folder: Path) -> GeoDataFrame:
    """Both languages and the figures draw the same map: joining the cells takes longest."""
    return maps.load_outlines(folder)


def _picture(chart: Chart, under: tuple[Table, ...]) -> Picture:
    with drawing():
        sizes = [svg_text(chart.draw(Canvas(width))) for width in (WIDE_IN, NARROW_IN)]
    wide, narrow = (
        inline_svg(svg, f"{chart.name}-{size}", chart.title, chart.alternative)
        for svg, size in zip(sizes, ("wide", "narrow"), strict=True)
    )
    return Picture(chart.name, chart.title, chart.subtitle, chart.source, wide, narrow, under)


def _context(facts: Facts, words: Words) -> dict[str, Any]:
    setting = facts.setting
    under = _tables_under(facts, words)
    years = words.count(setting.years)
    return {
        "t": words,
        "sections": [(name, _section(words, name, years)) for name in SECTIONS],
        "lead": words(
            "page.lead" if setting.replications > 1 else "page.lead_one",
            n_policies=words.count(len(setting.policies)),
            years=years,
            start=words.day(setting.start),
            **({"n": words.count(setting.replications)} if setting.replications > 1 else {}),
        ),
        "failed": ""
        if setting.failed == 0
        else words("page.failed", failed=words.count(setting.failed)),
        "footer": words("page.footer", run_id=setting.run_id),
        "answer": statements.answer(facts, words),
        "notes": [(words.policy(p), _note(facts, words, p)) for p in setting.policies],
        "pictures": {c.name: _picture(c, under[c.name]) for c in _charts(facts, words)},
        "policies": tables.policies(facts, words),
        "anyway": statements.anyway(facts, words),
        "anyway_table": tables.anyway(facts, words)
        if facts.fates[setting.reference].n_actions > 0
        else None,
        "base": statements.base(facts, words),
        "cost": statements.cost(facts, words),
        "payers": tables.payers(facts, words),
        "places": tables.places(facts, words),
        "places_text": statements.places(facts, words),
        "doubts": [words(f"unknown.{name}") for name in DOUBTS],
        "weak": _weak(words),
        "assumptions": tables.assumptions(words),
        "interval": words("method.interval", level=words.level(setting.level)),
        "reproduce": _reproduce(facts, words),
    }


def _section(words: Words, name: str, years: str) -> str:
    return words("section.base", years=years) if name == "base" else words(f"section.{name}")


def _note(facts: Facts, words: Words, policy: str) -> str:
    return words.messages.get(f"policy_note.{policy}", facts.setting.intents.get(policy, ""))


def _weak(words: Words) -> str:
    weak, known = len(tables.weak_parameters()), len(REGISTRY)
    return words("unknown.parameters", all=words.count(known), weak=words.count(weak))


def _tables_under(facts: Facts, words: Words) -> dict[str, tuple[Table, ...]]:
    def of(caption: str, measures: Sequence[tables.Measure]) -> tuple[Table, ...]:
        return (tables.measures_table(facts, words, caption, measures),)

    covered = (tables.coverage(facts, words),)
    return {
        "direct": of("direct", [m for m in tables.POLICY_MEASURES if m[1] == "direct_share"]),
        "differences": (tables.differences(facts, words),),
        "base": tuple(tables.base(facts, words, measure) for measure in ("registered", "good")),
        "cost": of("cost_extra", tables.EXTRA_COST_MEASURES),
        "hours": of("hours", tables.EXTRA_MEASURES[1:]),
        "coverage": covered,
        "map": covered,
    }


def _reproduce(facts: Facts, words: Words) -> list[tuple[str, str]]:
    setting = facts.setting
    asked = setting.replications + setting.failed
    command = (
        f"burgernet run experiments/{setting.study}.toml --seed {setting.seed}"
        # A stated number would take the place of the precision, and of its interval.
        + (f" --replications {asked}" if setting.precision is None else "")
    )
    period = words(
        "method.period_value",
        years=words.count(setting.years),
        start=words.day(setting.start),
    )
    versions = ", ".join(f"{name} {version}" for name, version in setting.versions.items())
    return [
        (words("method.command"), command),
        (words("method.study"), setting.study),
        (words("method.run_id"), setting.run_id),
        (words("method.seed"), str(setting.seed)),
        (words("method.replications"), words.count(setting.replications)),
        *_chosen(facts, words),
        (words("method.period"), period),
        (words("method.versions"), versions),
    ]


def _chosen(facts: Facts, words: Words) -> list[tuple[str, str]]:
    """Return how the number of replications was chosen, nothing where the study stated it."""
    record = facts.setting.precision
    if record is None:
        return []

    def width(value: float | None) -> str:
        return NOTHING if value is None else words.decimal(value, tables.digits(value))

    text = words(
        f"method.precision_{record['stopped_by']}",
        measure=record["measure"],
        policy=words.policy(record["policy"]),
        reference=words.policy(record["reference"]),
        asked=width(record["half_width"]),
        reached=width(record["reached_half_width"]),
        n=words.count(record["replications"]),
        block=words.count(record["block"]),
    )
    return [(words("method.precision"), text)]
