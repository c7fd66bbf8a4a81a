"""What a run tells while it is under way: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator

SECONDS_BETWEEN_LINES = 30.0


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(text + "\n")


@contextlib.contextmanager
def shown(total: int | None, *, show: bool) -> Iterator[Callable[[str], None]]:
    """Give a function to call after each replication with remarks; `total` None: not known."""
    if not show:
        yield lambda _remarks: None
        return
    from tqdm import tqdm

    begun = last = time.monotonic()
    done = 0
    with tqdm(total=total, unit="replication", disable=None) as bar:

        def advance(remarks: str) -> None:
            nonlocal last, done
            done += 1
            bar.update()
            if len(remarks) > 0:
                bar.set_postfix_str(remarks)
            now = time.monotonic()
            if bar.disable and now - last >= SECONDS_BETWEEN_LINES:
                say(_line(done, total, (now - begun) / done, remarks))
                last = now

        yield advance


def _line(done: int, total: int | None, each_s: float, remarks: str) -> str:
    if total is None:
        return f"{done} replications{', ' if remarks else ''}{remarks}"
    return f"{done} of {total} replications, about {math.ceil(each_s * (total - done))} s to go"
