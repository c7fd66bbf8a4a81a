"""The control room against queueing theory: Erlang C, M/G/infinity, Little's law on each path."""

from dataclasses import fields, replace
from math import factorial
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

import sim.replication
from sim.actions import Action
from sim.control_room import Background, ControlRoom, Room
from sim.incidents import Incidents
from sim.parameters import Parameters
from sim.policy import Policy
from sim.scalar import NEVER_S
from sim.tips import TipKind, Tips
from tests.support.worlds import Configuration, Layout, busy_parameters, configurations, examples

FALSE_ALARM = 1e-6
FAR_S = NEVER_S - 1


def one_incident():
    """Return one incident that never ends, and parameters."""
    world = Layout().world()
    parameters = busy_parameters(world)
    setting = Configuration(world, (), parameters).setting()
    _, incidents = Configuration(world, (), parameters).drawn(setting)
    one = incidents.take(np.array([0]))
    never = np.array([NEVER_S])
    zero = np.array([0])
    endless = replace(
        one, reported_s=zero, police_s=never, return_s=never, horizon_s=np.array([FAR_S])
    )
    return endless, parameters


def room_with(operators, *, unlimited, tips, background):
    """Return a control room for one endless incident that is alerted at 0."""
    incident, parameters = one_incident()
    planned = Action(np.array([True]), np.array([0]), np.array([FAR_S]))
    room = Room(operators, 1, unlimited, np.array([1.0]))
    return ControlRoom(incident, planned, np.array([0]), tips, background, room, parameters)


def erlang_c(servers, load):
    """Return the probability of waiting of M/M/c with `load` = arrival rate x mean service."""
    top = load**servers / factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / factorial(k) for k in range(servers)) + top)


@pytest.mark.parametrize("servers, utilisation", [(1, 0.5), (2, 0.7), (4, 0.8)])
def test_waiting_calls_follow_erlang_c(servers, utilisation):
    """Poisson calls of exponential length: the share that waits and the mean wait.

    Times are large, so that whole seconds do not matter; each replication leaves out its warm-up.
    """
    mean_service_s, runs, warm_up, kept = 100_000.0, 30, 200, 600
    between_s = mean_service_s / (servers * utilisation)
    waiting, waits = [], []
    for run in range(runs):
        at_random = np.random.default_rng([21, servers, run])
        n = warm_up + kept
        offset = np.cumsum(at_random.exponential(between_s, n)).astype(np.int64)
        service = np.maximum(np.rint(at_random.exponential(mean_service_s, n)), 1)
        calls = Background(np.zeros(n, dtype=np.int64), offset, service.astype(np.int64))
        room = room_with(servers, unlimited=False, tips=Tips.none(), background=calls)
        waits_s = room.run().waits
        times = waits_s[np.argsort(waits_s[:, 0], kind="stable")][warm_up:]
        assert len(times) == kept
        delay = times[:, 1] - times[:, 0]
        waiting.append((delay > 0).mean())
        waits.append(delay.mean())
    share = erlang_c(servers, servers * utilisation)
    expected = {
        "share": (np.array(waiting), share),
        "wait": (np.array(waits), share * mean_service_s / (servers * (1 - utilisation))),
    }
    bound = stats.t.isf(FALSE_ALARM / 2, runs - 1)
    for name, (seen, theory) in expected.items():
        assert abs(seen.mean() - theory) < bound * seen.std(ddof=1) / np.sqrt(runs), name
    # Another number of operators would be noticed.
    fewer = erlang_c(servers + 1, servers * utilisation)
    assert abs(np.mean(waiting) - fewer) > bound * np.std(waiting, ddof=1) / np.sqrt(runs)


def false_tips(call_s, service_s):
    """Return calls that set nothing in motion."""
    n = len(call_s)
    zero = np.zeros(n, dtype=np.int64)
    idle = ("policy", "incident", "delivered_s", "noticed_s", "scene_s", "response_s")
    return replace(
        Tips.none(),
        **dict.fromkeys(idle, zero),
        caller=np.arange(n),
        kind=np.full(n, int(TipKind.FALSE)),
        encounter_s=np.full(n, NEVER_S),
        call_s=call_s,
        service_s=service_s,
        patience_s=np.ones(n, dtype=np.int64),
        dispatched=np.zeros(n, dtype=bool),
        find_level=np.ones(n),
    )


def test_unlimited_calls_in_progress_are_poisson():
    """M/G/infinity: the number of calls in progress is Poisson with rate x mean service."""
    longest_s, looks, load = 2_000, 1_500, 3.0
    at_random = np.random.default_rng(22)
    span_s = (looks + 1) * longest_s
    # Service of two kinds, none longer than the time between two looks: these are independent.
    mean_s = 0.5 * (100 + longest_s / 2)
    n = at_random.poisson(load / mean_s * span_s)
    call_s = np.sort(at_random.integers(0, span_s, n))
    lengths = np.where(at_random.random(n) < 0.5, 100, at_random.integers(1, longest_s, n)).astype(
        np.int64
    )
    nobody = Background(*(np.zeros(0, dtype=np.int64),) * 3)
    room = room_with(1, unlimited=True, tips=false_tips(call_s, lengths), background=nobody)
    ending = room.run()
    assert ending.made.all()
    assert not ending.lost.any()
    times = ending.waits
    assert (times[:, 0] == times[:, 1]).all()
    look_s = longest_s * np.arange(1, looks + 1)
    begun = np.searchsorted(np.sort(times[:, 1]), look_s, side="right")
    over = np.searchsorted(np.sort(times[:, 2]), look_s, side="right")
    counts = begun - over
    low, high = stats.poisson.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], looks * load)
    assert low <= counts.sum() <= high
    most = 8
    seen = np.bincount(np.minimum(counts, most), minlength=most + 1)
    mass = stats.poisson.pmf(np.arange(most), load)
    expected = looks * np.append(mass, 1 - mass.sum())
    chi2 = ((seen - expected) ** 2 / expected).sum()
    assert chi2 < stats.chi2.isf(FALSE_ALARM, most)


@given(configurations(n_policies=2))
@examples(15)
def test_little_holds_on_every_path(configuration):
    """The area under the number in the queue is the sum of the times spent in it."""
    rooms = []

    class WatchedRoom(ControlRoom):
        def __init__(self, incidents, planned, area, tips, background, room, parameters):
            super().__init__(incidents, planned, area, tips, background, room, parameters)
            self.given = room, tips, area

        def run(self):
            ending = super().run()
            rooms.append((ending, *self.given))
            return ending

    with patch.object(sim.replication, "ControlRoom", WatchedRoom):
        configuration.simulate()
    assert len(rooms) == len(configuration.policies)
    for ending, room, tips, area in rooms:
        if room.unlimited:
            assert ending.waiting_s == ending.talking_s == ending.driving_s.sum() == 0
            continue
        times = ending.waits
        waited = (times[:, 1] - times[:, 0]).sum() + tips.patience_s[ending.lost].sum()
        assert ending.waiting_s == waited
        assert ending.talking_s == (times[:, 2] - times[:, 1]).sum() == ending.operator_s.sum()
        busy = np.bincount(
            area[tips.incident], ending.unit_busy_s, minlength=len(ending.driving_s)
        )
        assert ending.driving_s.tolist() == busy.astype(np.int64).tolist()
        # Who hung up had waited as long as their patience, who was heard had not.
        handled = ending.handled_s < NEVER_S
        wait_s = (ending.handled_s - tips.call_s - tips.service_s)[handled]
        assert (wait_s >= 0).all()
        assert (wait_s <= tips.patience_s[handled]).all()


def test_a_room_without_limits_never_keeps_anybody_waiting():
    world = Layout(people=(400,)).world()
    parameters = busy_parameters(world, missing=100.0, false_per_1000_attending=200.0)
    policy = Policy(name="p", operator_use=1.0, control_room={"unlimited": True})
    tips = Configuration(world, (policy,), parameters).simulate().tips
    assert tips["made"].sum() > 100
    assert not tips["lost"].any()


def test_an_unrelated_call_changes_nothing_within_a_second():
    """A call in the second of the find comes after it, whatever else rang before."""
    n = 2
    plain = {f.name: np.zeros(n, dtype=np.int64) for f in fields(Incidents)}
    far = np.full(n, 10**6)
    plain.update(solvable=np.ones((3, n), dtype=bool), police_s=far, return_s=far, horizon_s=far)
    incidents = Incidents(**plain)
    planned = Action(np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64), np.full(n, 3000))

    def made(unrelated):
        # A true tip at 0 leads to the find at 300; a false one rings at 300.
        rows = [(0, 0, 1, 0, 100, 200), (0, 300, 2, 3, 10, 10), *unrelated]
        columns = np.array(sorted(rows, key=lambda row: row[1]), dtype=np.int64).T
        incident, call_s, caller, kind, service_s, response_s = columns
        m = len(caller)
        tips = replace(
            Tips.none(),
            policy=np.zeros(m, dtype=np.int64),
            incident=incident,
            caller=caller,
            kind=kind,
            delivered_s=call_s,
            noticed_s=call_s,
            encounter_s=call_s,
            call_s=call_s,
            service_s=service_s,
            patience_s=np.full(m, 999),
            response_s=response_s,
            scene_s=np.full(m, 10),
            dispatched=kind == 0,
            find_level=np.zeros(m),
        )
        none = np.zeros(0, dtype=np.int64)
        room = Room(5, 5, unlimited=False, find_factor=np.ones(n))
        area = np.zeros(n, dtype=np.int64)
        ending = ControlRoom(
            incidents,
            planned,
            area,
            tips,
            Background(none, none, none),
            room,
            Parameters.defaults(),
        ).run()
        return {int(c): bool(x) for c, x in zip(caller, ending.made, strict=True) if c != 3}

    assert made([]) == made([(1, 200, 3, 3, 10, 10)]) == {1: True, 2: False}
