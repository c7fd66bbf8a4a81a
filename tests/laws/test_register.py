"""Law 1: ordered thresholds keep every candidate ordered, and the books balance."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.candidates import draw_candidates
from sim.clock import YEAR_S, date_to_s, month_starts
from sim.draws import Stream
from sim.effort import EXPOSURE_LIMIT, Thresholds
from sim.policy import Policy
from sim.register import Letter, State
from sim.scalar import WORD_RANGE
from tests.support.registers import Walk, circles_alerts
from tests.support.worlds import (
    SEEDS,
    Configuration,
    Layout,
    bearable,
    busy_parameters,
    configurations,
    examples,
    parameters,
    policy,
    worlds,
)

PHASES, TOWNS, BANDS = 2, 2, 5
HALF = 1 << 30
"""Upward thresholds stay below a quarter of the range, the downward ones in its upper quarter."""


def _ordered(draw, shape, low=0, high=HALF, *, better_first):
    """Return integers of [2, *shape] of which the first policy has the larger or the smaller."""
    seed = draw(st.integers(0, 10_000))
    at_random = np.random.default_rng(seed).integers(low, high, size=(2, *shape), endpoint=True)
    # Some values are equal, some at the ends: where orders break.
    flat = at_random.reshape(2, -1)
    alike = np.random.default_rng(seed + 1).integers(0, 4, size=flat.shape[1])
    flat[1, alike == 1] = flat[0, alike == 1]
    flat[:, alike == 2] = np.array([[low], [high]])
    ordered = np.sort(flat, axis=0)
    ordered = ordered[::-1] if better_first else ordered
    return ordered.reshape(2, *shape)


@st.composite
def ordered_thresholds(draw):
    """Return thresholds of two policies, the first with more up and fewer down everywhere."""
    shape = (PHASES, TOWNS, BANDS)
    sign_up = _ordered(draw, shape, 0, HALF // 2, better_first=True)
    # r + c is ordered by itself: a smaller c may come with a larger r.
    upkeep = np.maximum(_ordered(draw, shape, HALF // 4, HALF, better_first=True), sign_up)
    strike = upkeep + _ordered(draw, (PHASES, TOWNS, BANDS), better_first=False) // 4
    # Words count from above: a larger threshold of departure is a smaller w.
    departure = _ordered(
        draw, (BANDS, EXPOSURE_LIMIT + 1), 3 * HALF, WORD_RANGE, better_first=True
    )
    decay = np.minimum(
        _ordered(draw, (BANDS, EXPOSURE_LIMIT + 1), 3 * HALF, WORD_RANGE, better_first=True),
        departure,
    )
    turn = draw(st.integers(1, 5 * YEAR_S))
    return Thresholds(
        phase_s=np.array([-(1 << 40), turn]),
        sign_up=np.moveaxis(sign_up, 0, 1),
        upkeep=np.moveaxis(upkeep, 0, 1),
        strike=np.moveaxis(strike, 0, 1),
        decay=decay,
        departure=departure,
    )


@st.composite
def ordered_letters(draw):
    """Return letters whose joining thresholds are ordered alike."""
    days = draw(st.lists(st.integers(0, 5 * 365), unique=True, max_size=3))
    return [
        Letter(day, day * 86_400, _ordered(draw, (TOWNS,), 0, WORD_RANGE, better_first=True))
        for day in days
    ]


def _candidates(seed, years):
    world = Layout(people=(250, 350)).world()
    drawn = draw_candidates(world, busy_parameters(world), Stream(seed, 0), years)
    return world, drawn


def _alerts(seed, candidates, until_s):
    """Return alerts that both policies share; each covers a good part of the homes."""
    at_random = np.random.default_rng(seed)
    moments = np.sort(at_random.integers(0, until_s, size=12)).tolist()
    centres = at_random.integers(0, len(candidates), size=len(moments))
    radii_dm = at_random.integers(4_000, 12_000, size=len(moments)).tolist()
    x_dm, y_dm = candidates.x_dm[centres].tolist(), candidates.y_dm[centres].tolist()
    circles = zip(moments, x_dm, y_dm, radii_dm, strict=True)
    return circles_alerts([(*circle, (True, True)) for circle in circles], 2)


def _walk(walk, alerts, until_s):
    """Look at a register at each alert, when each is a year old, and at the end."""
    turns = np.concatenate([alerts.at_s, alerts.at_s + YEAR_S - 1, alerts.at_s + YEAR_S])
    for at_s in np.unique(np.append(turns[turns < until_s], until_s)).tolist():
        walk.look(at_s)


@given(ordered_thresholds(), ordered_letters(), SEEDS, st.integers(0, 99), st.floats(0.0, 1.0))
@examples(40)
def test_ordered_thresholds_keep_each_candidate_ordered(
    thresholds, letters, seed, alert_seed, stale_share
):
    years = 9
    _, candidates = _candidates(seed, years)
    until_s = years * YEAR_S
    alerts = _alerts(alert_seed, candidates, until_s)
    walk = Walk.by_rules(
        candidates,
        thresholds,
        letters,
        Stream(seed, 0),
        stale=stale_share,
        alerts=alerts,
        years=years,
    )
    _walk(walk, alerts, until_s)
    assert len(walk.moments) > 10
    for moment in walk.moments:
        worse = np.flatnonzero(moment.state[:, 0] < moment.state[:, 1])
        assert worse.size == 0, f"at {moment.at_s} s: candidates {candidates.id[worse][:5]}"
    # Something happened, or the order would be that of the start.
    assert (walk.moments[0].state != walk.moments[-1].state).any()


def test_the_order_needs_its_conditions():
    """With more departures the better recruiter falls behind in some candidates."""
    _, candidates = _candidates(5, 6)
    shape = (PHASES, 2, TOWNS, BANDS)
    sign_up = np.zeros(shape, dtype=np.int64)
    sign_up[:, 0] = HALF
    departure = np.full((2, BANDS, EXPOSURE_LIMIT + 1), WORD_RANGE)
    departure[0] = 3 * HALF
    thresholds = Thresholds(
        np.array([-(1 << 40), YEAR_S]), sign_up, sign_up, sign_up, departure, departure
    )
    walk = Walk.by_rules(candidates, thresholds, [], Stream(5, 0), years=6)
    state = walk.look(6 * YEAR_S).state
    assert (state[:, 0] < state[:, 1]).any()
    assert (state[:, 0] > state[:, 1]).any()


@pytest.mark.parametrize("words", [0, 1])
def test_where_hardly_anything_can_happen_nothing_does_and_the_draws_end(words):
    """Marks that do anything are looked for: with rates of nought there is none to be found."""
    _, candidates = _candidates(6, 40)
    shape = (1, 1, TOWNS, BANDS)
    up = np.full(shape, words)
    down = np.full((1, BANDS, EXPOSURE_LIMIT + 1), WORD_RANGE - words)
    thresholds = Thresholds(np.array([-(1 << 40)]), up, up, up, down, down)
    walk = Walk.by_rules(candidates, thresholds, [], Stream(6, 0), years=40)
    first, last = walk.moments[0].state, walk.look(40 * YEAR_S).state
    assert (first != State.GONE).any()
    changed = (first != last).any(axis=1)
    # Newcomers appear, and nothing else happens.
    assert (changed == (candidates.entry_s >= 0)).all()
    assert (last[changed] == State.OUT).all()


def _dominates(opened, better, worse):
    """Tell whether one policy's rates are nowhere below and its losses nowhere above."""
    rules = opened.register.rules
    sign_up, upkeep, _ = rules.up
    up = all((x[:, better] >= x[:, worse]).all() for x in (sign_up, upkeep))
    down = all((x[better] >= x[worse]).all() for x in rules.down)
    return up and down and (rules.join[:, better] >= rules.join[:, worse]).all()


@st.composite
def alike_but_for_the_register(draw):
    """Return a study of random policies with the same alerts, one of them frozen."""
    world = draw(worlds())
    first = draw(policy(world, "p0"))
    efforts = [draw(policy(world, f"p{i}")) for i in (1, 2)]
    idle = {"sign_ups_processed": False, "corrections_processed": False}
    frozen = first.model_copy(
        update={
            "name": "frozen",
            "register_": first.register_.model_copy(update=idle),
            "campaigns": (),
            "effort": type(first.effort)(),
            "changes": tuple(
                change.model_copy(
                    update={
                        "levers": {
                            k: v
                            for k, v in change.levers.items()
                            if k not in ("register", "campaigns", "effort")
                        }
                    }
                )
                for change in first.changes
            ),
        }
    )
    others = [
        first.model_copy(
            update={
                "name": other.name,
                "effort": other.effort,
                "campaigns": other.campaigns,
                "register_": other.register_,
            }
        )
        for other in efforts
    ]
    configuration = Configuration(
        world,
        (frozen, first, *others),
        draw(parameters(world)),
        seed=draw(SEEDS),
        years=draw(st.integers(1, 2)),
    )
    assume(bearable(configuration))
    return configuration


@given(alike_but_for_the_register())
@examples(15)
def test_the_good_of_the_frozen_policy_never_grow_and_lie_inside_every_other(configuration):
    opened = configuration.opened()
    names = [p.name for p in configuration.policies]
    before = None
    for moment in opened.register.moments:
        good = [set(np.flatnonzero(column == State.GOOD)) for column in moment.state.T]
        assert before is None or good[0] <= before
        before = good[0]
        for name, other in zip(names[1:], good[1:], strict=True):
            assert good[0] <= other, f"{name} at {moment.at_s}"


@given(alike_but_for_the_register())
@examples(8)
def test_whole_policies_with_ordered_rates_stay_ordered(configuration):
    opened = configuration.opened()
    n = len(configuration.policies)
    ordered = [(a, b) for a in range(n) for b in range(n) if a != b and _dominates(opened, a, b)]
    assert {(a, 0) for a in range(1, n)} <= set(ordered)
    for moment in opened.register.moments:
        for better, worse in ordered:
            assert (moment.state[:, better] >= moment.state[:, worse]).all()


@given(configurations())
@examples(12)
def test_stocks_are_a_recount_of_the_states_at_every_moment(configuration):
    opened = configuration.opened()
    town, n_towns = opened.candidates.municipality, len(configuration.world.grid.municipalities)
    for moment in opened.register.moments:
        good = moment.state == State.GOOD
        stale = moment.state == State.STALE
        assert not (moment.struck & ~stale).any()
        for j in range(moment.state.shape[1]):

            def count(flags, j=j):
                return np.bincount(town[flags[:, j]], minlength=n_towns)

            registered, good_, stale_, struck = moment.stocks[:, j]
            assert (good_ == count(good)).all()
            assert (stale_ == count(stale)).all()
            assert (struck == count(moment.struck)).all()
            assert (registered == good_ + stale_ - struck).all()


@given(configurations())
@examples(12)
def test_the_monthly_books_balance(configuration):
    opened = configuration.opened()
    table = opened.result.register
    codes = [place.gm_code for place in configuration.world.grid.municipalities]
    shape = (len(configuration.policies), 12 * configuration.years + 1, len(codes))
    column = {name: values.reshape(shape) for name, values in table.items() if name != "scenario"}
    assert (column["month"] == np.arange(shape[1])[None, :, None]).all()
    change = np.diff(column["registered"], axis=1)
    flows = (
        column["signups"] + column["reentries"] - column["departures"] - column["struck_off"]
    )[:, 1:]
    assert (change == flows).all()
    assert (column["registered"] == column["good"] + column["stale"] - column["struck"]).all()
    # The books of a month are those of the last moment before it ends.
    ends = [int(end) - 1 for end in _month_ends(opened)]
    stocks = np.stack([opened.by_time[end].stocks for end in ends], axis=1)
    for number, name in enumerate(("registered", "good", "stale", "struck")):
        assert (column[name][:, 1:] == np.moveaxis(stocks[number], 0, 1)).all()


def _month_ends(opened):
    start, years = opened.setting.start, opened.setting.years
    return [date_to_s(start, day) for day in month_starts(start, 12 * years)[1:]]


@given(configurations(n_policies=2))
@examples(8)
def test_flows_are_what_happened_to_the_candidates(configuration):
    """Between two moments no sign-up, departure or strike is lost: each is seen in the states."""
    opened = configuration.opened()
    moments = opened.register.moments
    for first, second in pairwise(moments):
        flows = (second.flows - first.flows).sum(axis=2)
        listed_before = (first.state >= State.STALE) & ~first.struck
        gone = (listed_before & (second.state == State.GONE)).sum(axis=0)
        joined = ((first.state <= State.OUT) & (second.state == State.GOOD)).sum(axis=0)
        struck = (second.struck & ~first.struck).sum(axis=0)
        again = (first.struck & (second.state == State.GOOD)).sum(axis=0)
        for number, seen in enumerate((joined, again, gone, struck)):
            # Who comes and goes between two moments is in the flows and not in the states.
            assert (flows[number] >= seen).all()


@pytest.mark.slow
@given(configurations(n_policies=4))
@examples(200)
def test_the_books_balance_in_many_worlds(configuration):
    table = configuration.simulate().register
    shape = (len(configuration.policies), 12 * configuration.years + 1, -1)
    column = {
        name: values.reshape(shape)
        for name, values in table.items()
        if name not in ("scenario", "gm_code")
    }
    flows = (
        column["signups"] + column["reentries"] - column["departures"] - column["struck_off"]
    )[:, 1:]
    assert (np.diff(column["registered"], axis=1) == flows).all()


def test_a_copy_of_the_levers_gives_the_same_register():
    world = Layout().world()
    twins = (Policy(name="one"), Policy(name="two"))
    opened = Configuration(world, twins, busy_parameters(world), years=2).opened()
    for moment in opened.register.moments:
        assert (moment.state[:, 0] == moment.state[:, 1]).all()
