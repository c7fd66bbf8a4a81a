"""One point of the study of scale, measured in a process of its own."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from experiments.study import ROOT, load_study

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """What is simulated at one point.

    Attributes:
        tiles: copies of Twente in the country.
        policies: the first so many of the main study.
        years: length.
        rate_factor: actions relative to the national rate.
    """

    tiles: int
    policies: int
    years: int
    rate_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took.

    Attributes:
        inhabitants, participants: of the country, at the start.
        actions_per_year: of the first policy.
        recipients: people notified under all policies.
        cpu_s, wall_s: one replication, from the drawing of the people to the tables.
        peak_mb: largest memory of the process.
        base_mb: largest memory before the replication.
    """

    inhabitants: int
    participants: int
    actions_per_year: float
    recipients: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    base_mb: float


def measure_apart(point: Point) -> Cost:
    """Measure a point in a fresh process.

    Raises:
        subprocess.CalledProcessError: the process failed; it has said why on standard error.
    """
    command = [sys.executable, "-m", "benchmarks.scale.point", json.dumps(asdict(point))]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return Cost(**json.loads(done.stdout))


def measure(point: Point) -> Cost:
    """Simulate one replication at a point in this process."""
    from benchmarks.scale.country import TiledCountry, national_parameters, national_policies
    from sim.replication import simulate

    loaded = load_study(ROOT / "experiments" / "compare_scenarios.toml")
    folders = loaded.grid_folder, loaded.behaviour_folder
    parameters = national_parameters(loaded.parameters, point.rate_factor)
    policies = national_policies(loaded.policies[: point.policies], point.tiles)
    start, seed = loaded.study.start, loaded.study.seed
    # Once in small: what is compiled or loaded at the first use is no cost of the scale.
    tile = TiledCountry(1)(*folders)
    simulate(tile, policies[:1], parameters, seed=seed, replication=1, start=start, years=1)
    world = TiledCountry(point.tiles)(*folders)
    base_mb, wall_s, cpu_s = peak_mb(), time.perf_counter(), time.process_time()
    result = simulate(
        world, policies, parameters, seed=seed, replication=0, start=start, years=point.years
    )
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    first = result.actions["scenario"] == policies[0].name
    opening = (result.register["month"] == 0) & (result.register["scenario"] == policies[0].name)
    return Cost(
        inhabitants=world.grid.inhabitants,
        participants=int(result.register["registered"][opening].sum()),
        actions_per_year=float(first.sum()) / point.years,
        recipients=int(result.actions["recipients"].sum()),
        cpu_s=cpu_s,
        wall_s=wall_s,
        peak_mb=peak_mb(),
        base_mb=base_mb,
    )


def peak_mb() -> float:
    """Return the largest memory that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the point that the one argument describes in JSON, and print its cost as JSON."""
    parser = argparse.ArgumentParser(description="Measure one point of the study of scale.")
    parser.add_argument("point", help="fields of a point, in JSON")
    point = Point(**json.loads(parser.parse_args(arguments).point))
    print(json.dumps(asdict(measure(point))))


if __name__ == "__main__":
    main()
