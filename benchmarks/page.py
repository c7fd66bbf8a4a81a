"""The page of the comparison: tables and words in Markdown, the same on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import Figures, Spread
from benchmarks.rounds import Measured

_SHOWN_SHARE = 0.005
_THOUSAND, _SMALL = 1_000.0, 0.001
PLOT = "benchmarks.svg"


def number(value: float) -> str:
    """Return a number with three digits that count, thousands set apart."""
    if value >= _THOUSAND:
        return f"{float(f'{value:.3g}'):,.0f}"
    text = f"{value:#.3g}".rstrip(".")
    return text if value >= _SMALL else f"{value:.1e}"


def spread(value: Spread) -> str:
    """Return a median with its range over the rounds; an exact figure alone."""
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}–{number(value.high)})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; all columns but the first are set right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        texts = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(texts)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [line(header), line(rule), *(line(row) for row in rows)]


def speed_table(found: Sequence[Figures]) -> list[str]:
    """Return the table of speeds."""
    header = ["contestant", "policies", "s per policy-decade", "µs per recipient"]
    header += ["times the reference"]
    with_limit = any(one.times_limit is not None for one in found)
    rows = []
    for one in found:
        cells = [one.contestant.name, str(one.policies), spread(one.decade_s)]
        cells += [spread(one.recipient_us), spread(one.times_reference)]
        rows.append(cells + ([spread(one.times_limit)] if one.times_limit is not None else []))
    return table(header + (["times the limit's time"] if with_limit else []), rows)


def profile_table(profile: Mapping[str, float]) -> list[str]:
    """Return the table of where the engine's time goes."""
    rows = [
        [f"`{name}`" if name.startswith("sim.") else name, f"{100.0 * share:.0f} %"]
        for name, share in profile.items()
        if share >= _SHOWN_SHARE
    ]
    return table(["module", "share of the time"], rows)


_PAGE = """\
# How fast the engine is

*Written by `{command}`; run it again rather than edit it.*

One replication of Twente over {years} years under the policies of
`experiments/compare_scenarios.toml` (seed {seed}). All contestants run in one process in
{rounds} interleaved rounds; figures are processor time, medians with the range over the rounds.

{contestants}

![Seconds for one policy over ten years, by contestant]({plot})

{speeds}

- A *policy-decade* is one policy over ten years of Twente, from the drawing of the people to the
  tables; for several policies together, the mean of them.
- Multiples are taken within a round and per person notified (*recipient*), so that one policy
  compares with ten and a sample with the whole.
- The reference and Mesa follow one policy over the alerts of the first {weeks} weeks; their
  policy-decade is extrapolated by the number of recipients. The reference is spared what the
  engine's time contains: reading the people, drawing their marks, monthly books. Its multiples are
  therefore rather too low than too high.
- Mesa draws random numbers of its own and is compared in distribution, by means paired by
  incident. All others draw the numbers that the engine draws.

## Do they simulate the same?

Checked before any speed is told, in every round; where they do not, the command fails.

{agreements}

## Where the engine's time goes

All {policies} policies together; time in a library counts for the module that called it.

{profile}

## Measured on

{machine}
"""


def page(
    measured: Measured,
    found: Sequence[Figures],
    profile: Mapping[str, float],
    machine: Mapping[str, str],
    command: str,
) -> str:
    """Return the whole page."""
    workload = measured.workload
    contestants = [f"- `{one.contestant.name}`: {one.contestant.text}" for one in found]
    contestants += [f"- `{name}`: left out, {why}" for name, why in measured.missing.items()]
    facts = [[name, value] for name, value in machine.items()]
    return _PAGE.format(
        command=command,
        years=workload.years,
        seed=workload.seed,
        rounds=len(measured.series[0].seconds),
        contestants="\n".join(contestants),
        plot=PLOT,
        speeds="\n".join(speed_table(found)),
        weeks=workload.sample_weeks,
        agreements="\n".join(f"- {agreement.in_words()}" for agreement in measured.agreements),
        policies=len(workload.policies),
        profile="\n".join(profile_table(profile)),
        machine="\n".join(table(["what", "which"], facts)),
    )
