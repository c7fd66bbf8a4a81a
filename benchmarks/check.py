"""The check that comes before any speed: do all contestants say the same of the same actions?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.contestant import KEYS, Contestant, Outcome, Table
from sim.categories import KIND_NAMES, Kind
from sim.draws import Bools
from sim.incidents import HORIZON_S

APPROXIMATE = ("public_noticed",)
"""Expectations, not outcomes: sums that another order of adding changes in the last digits."""
_TOLERANCE = 1e-9
MEASURES = (
    *("recipients", "delivered", "noticed", "noticed_10min", "noticed_in_area"),
    *("attending", "searching", "true_tips", "false_tips", "direct", "contributed"),
    "minutes_to_end",
)
"""Outcomes that are compared in distribution."""
_BY_CHANCE = 1e-4
"""How rarely a mean may be called different that is not."""
_FEWEST = 2
"""Differences that it takes to know their spread."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the check of one contestant found.

    Attributes:
        name: of the contestant.
        compared: pairs of a policy and an incident that were compared.
        faults: what differs, one line each; empty where nothing does.
        z_scores: by measure, for a contestant that is compared in distribution.
    """

    name: str
    compared: int
    faults: tuple[str, ...]
    z_scores: dict[str, float]

    def in_words(self) -> str:
        """Return the finding in one sentence, or with the first faults below it."""
        if self.faults:
            more = len(self.faults) - _SHOWN
            lines = [f"{self.name}: {len(self.faults)} differences from the engine"]
            lines += [f"  {fault}" for fault in self.faults[:_SHOWN]]
            return "\n".join(lines + ([f"  and {more} more"] if more > 0 else []))
        if self.z_scores:
            name, z = max(self.z_scores.items(), key=lambda pair: abs(pair[1]))
            return (
                f"{self.name}: {self.compared} actions alike in distribution: of "
                f"{len(self.z_scores)} means {name} differs most, |z| = {abs(z):.1f} "
                f"(limit {largest_z(self.compared):.1f})"
            )
        return f"{self.name}: {self.compared} actions identical"


def check(contestant: Contestant, engine: Table, outcomes: Sequence[Outcome]) -> Agreement:
    """Compare passes of a contestant with the engine's table of actions of all policies."""
    z_scores: dict[str, float] = {}
    faults = [fault for outcome in outcomes for fault in _one_sided(engine, outcome)]
    compared = min(len(_pairs(engine, outcome)) for outcome in outcomes)
    if compared < (1 if contestant.exact else _FEWEST):
        faults.append(f"only {compared} actions could be compared")
    elif contestant.exact:
        for outcome in outcomes:
            faults += _differences(engine, outcome, contestant.columns)
    else:
        z_scores, limit = _z_scores(engine, outcomes), largest_z(compared)
        faults += [f"{name}: z = {z:.1f}" for name, z in z_scores.items() if abs(z) >= limit]
    return Agreement(contestant.name, compared, tuple(faults), z_scores)


_Key: TypeAlias = tuple[str, int]


def _rows(table: Table) -> dict[_Key, int]:
    """Return the row of each policy and incident."""
    keys = zip(*(table[name].tolist() for name in KEYS), strict=True)
    return {key: row for row, key in enumerate(keys)}


def _comparable(engine: Table, outcome: Outcome) -> tuple[dict[_Key, int], dict[_Key, int]]:
    """Return the rows of the engine and of a pass whose incidents are over by then."""
    horizon_s = {name: HORIZON_S[Kind(i)] for i, name in enumerate(KIND_NAMES)}
    over_s = engine["reported_at_s"] + [horizon_s[kind] for kind in engine["kind"].tolist()]
    settled = np.isin(engine["scenario"], outcome.policies) & (over_s <= outcome.settled_s)
    every, theirs = _rows(engine), _rows(outcome.actions)
    ours = {key: row for key, row in every.items() if settled[row]}
    return ours, {key: theirs[key] for key in theirs if key in ours or key not in every}


def _one_sided(engine: Table, outcome: Outcome) -> list[str]:
    """Return the incidents that only one of the two has made an action."""
    ours, theirs = _comparable(engine, outcome)
    return [
        f"{policy}: incident {case}: an action of one only"
        for policy, case in sorted(ours.keys() ^ theirs.keys())
    ]


def _pairs(engine: Table, outcome: Outcome) -> list[tuple[_Key, int, int]]:
    """Return policy and incident with the rows of both, in order."""
    ours, theirs = _comparable(engine, outcome)
    return [(key, ours[key], theirs[key]) for key in sorted(ours.keys() & theirs.keys())]


def _differences(engine: Table, outcome: Outcome, columns: Sequence[str]) -> list[str]:
    """Return every value that differs."""
    pairs = _pairs(engine, outcome)
    here, there = [pair[1] for pair in pairs], [pair[2] for pair in pairs]
    faults = [f"{name}: the column is missing" for name in columns if name not in outcome.actions]
    for name in (name for name in columns if name in outcome.actions):
        one, other = engine[name][here], outcome.actions[name][there]
        faults += [
            f"{pairs[i][0][0]}: incident {pairs[i][0][1]}: {name}: {other[i]} for {one[i]}"
            for i in np.flatnonzero(~_same(name, one, other)).tolist()
        ]
    return faults


def _same(name: str, one: NDArray[Any], other: NDArray[Any]) -> Bools:
    if name in APPROXIMATE:
        return np.asarray(np.isclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE))
    return np.asarray(one == other)


def largest_z(n: int) -> float:
    """Return the largest score of the mean of n differences that passes: a quantile of t."""
    return float(stdtrit(n - 1, 1.0 - _BY_CHANCE / 2.0))


def _z_scores(engine: Table, outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the standardised mean difference of each measure, paired by incident.

    The passes are averaged first: they share the incidents and differ in their random numbers.
    """
    pairs = [_pairs(engine, outcome) for outcome in outcomes]
    common = sorted(set.intersection(*({key for key, _, _ in some} for some in pairs)))
    z_scores = {}
    for name in MEASURES:
        difference = np.zeros(len(common))
        for some, outcome in zip(pairs, outcomes, strict=True):
            rows = {key: (here, there) for key, here, there in some}
            here, there = np.array([rows[key] for key in common]).T
            apart = outcome.actions[name][there].astype(float) - engine[name][here].astype(float)
            difference += apart / len(outcomes)
        mean, spread = difference.mean(), difference.std(ddof=1)
        error = spread / np.sqrt(len(common))
        # Without a spread, or with something that is no number, only equality is agreement.
        z_scores[name] = float(mean / error) if error > 0.0 else (0.0 if mean == 0.0 else np.inf)
    return z_scores
