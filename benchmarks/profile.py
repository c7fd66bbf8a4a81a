"""Where the engine's time goes: samples of the processor time, by module of the model."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Self

from benchmarks.contestant import Work

PACKAGE = "sim."
TOOLS = ("sim.layout", "sim.parameters")
"""Helpers whose time counts for the stage that uses them."""
ELSEWHERE = "elsewhere"
_INTERVAL_S = 0.002


class Sampler:
    """Looks, every two milliseconds of processor time, where the program is.

    Time counts for the innermost module of the model on the stack: that of a library counts for
    whoever called it. A look that comes late, because a library did not let it in, weighs more.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last_s = 0.0

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGPROF, self._look)
        self._last_s = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL_S, _INTERVAL_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, self._before)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        now_s = time.process_time()
        name = _module_of(frame)
        self.seconds[name] = self.seconds.get(name, 0.0) + now_s - self._last_s
        self._last_s = now_s


def _module_of(frame: FrameType | None) -> str:
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith(PACKAGE) and not name.startswith(TOOLS):
            return name
        frame = frame.f_back
    return ELSEWHERE


def shares(work: Work) -> dict[str, float]:
    """Run some work and return the share of its time by module, the largest first."""
    with Sampler() as sampler:
        work()
    total = sum(sampler.seconds.values())
    largest_first = sorted(sampler.seconds.items(), key=lambda pair: -pair[1])
    return {name: seconds / total for name, seconds in largest_first}
