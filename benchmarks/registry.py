"""The contestants in the order of the table; a new one is a module of its own and a line here."""

from __future__ import annotations

from benchmarks.contestant import Contestant
from benchmarks.contestants import (
    engine_one,
    engine_ten,
    limit,
    mesa_model,
    plain_numpy,
    reference,
)

CONTESTANTS: tuple[Contestant, ...] = (
    mesa_model.CONTESTANT,
    reference.CONTESTANT,
    plain_numpy.CONTESTANT,
    engine_one.CONTESTANT,
    engine_ten.CONTESTANT,
    limit.CONTESTANT,
)
REFERENCE = reference.CONTESTANT.name
"""Speeds are told as multiples of this contestant's."""
TRUTH = engine_ten.CONTESTANT.name
"""Outcomes are compared with this contestant's."""
