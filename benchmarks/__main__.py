"""The command `python3 run.py bench`: its arguments, and how what happens becomes an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.compare import FULL, QUICK, compare
from benchmarks.rounds import OutcomesDifferError
from benchmarks.scale import study
from benchmarks.scale.run import scale
from experiments.study import ROOT

DONE, DIFFER = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a benchmark and return its exit code: 1 where outcomes differ."""
    asked = _parser().parse_args(arguments)
    # A quick look leaves the page of the full measurement as it is.
    out = asked.out if asked.out is not None or asked.quick else ROOT / "docs"
    changes = {} if asked.rounds is None else {"rounds": asked.rounds}
    if asked.what == "scale":
        extent = study.QUICK if asked.quick else study.FULL
        scale(replace(extent, **changes), out, _say)
        return DONE
    size = QUICK if asked.quick else FULL
    try:
        compare(replace(size, **changes), out, _say)
    except OutcomesDifferError as error:
        _say(f"outcomes differ, so that no speed is told:\n{error}")
        return DIFFER
    return DONE


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 run.py bench",
        description="Measure the engine and its peers side by side, once their outcomes agree.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("compare", "scale"),
        default="compare",
        help="the contestants (default), or how the engine grows with the country",
    )
    parser.add_argument("--quick", action="store_true", help="one year, few rounds, no page")
    parser.add_argument("--rounds", type=_at_least_one, help="how often everything is measured")
    parser.add_argument("--out", type=Path, help="folder of page and plot; by default docs/")
    return parser


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
