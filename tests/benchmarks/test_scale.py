"""The synthetic country is right, what it needs is known, and growth is measured rightly."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

import benchmarks.scale.run as scale_run
from benchmarks import compare
from benchmarks.scale import country, point, report, study
from benchmarks.scale.limits import Limit
from benchmarks.scale.point import Cost, Point
from benchmarks.scale.study import Axis, axes, grow, growth, slope
from benchmarks.scale.workers import Gain, Plan, measure_gain
from experiments.study import load_study
from sim.replication import simulate
from tests.support.worlds import Layout

TILES = 27


@pytest.fixture(scope="module")
def study_of_twente():
    return load_study(compare.STUDY)


@pytest.fixture(scope="module")
def whole(study_of_twente):
    """Return the country of 27 tiles."""
    loaded = study_of_twente
    return country.TiledCountry(TILES)(loaded.grid_folder, loaded.behaviour_folder)


@pytest.fixture(scope="module")
def twente(study_of_twente):
    loaded = study_of_twente
    return country.World.load(loaded.grid_folder, loaded.behaviour_folder)


# ---- the country


def test_the_country_has_the_inhabitants_of_its_tiles(twente, whole):
    assert whole.grid.inhabitants == TILES * twente.grid.inhabitants == 16_910_910
    assert whole.grid.n_cells == TILES * twente.grid.n_cells
    assert whole.scale == pytest.approx(TILES)


def test_codes_and_names_are_all_different(twente, whole):
    places = whole.grid.municipalities
    assert len(places) == TILES * len(twente.grid.municipalities)
    assert len({place.gm_code for place in places}) == len(places)
    assert len({place.name for place in places}) == len(places)


def test_no_cell_lies_over_another(whole):
    corners = np.stack([whole.grid.x_dm, whole.grid.y_dm])
    assert np.unique(corners, axis=1).shape[1] == whole.grid.n_cells


def test_tiles_have_a_place_of_their_own(whole):
    """Bounding boxes of the tiles, by the number in the code, do not meet."""
    tile = np.array([int(m.gm_code[-2:]) for m in whole.grid.municipalities])[
        whole.grid.municipality
    ]
    x, y = whole.grid.x_dm, whole.grid.y_dm
    boxes = [
        (x[tile == t].min(), x[tile == t].max(), y[tile == t].min(), y[tile == t].max())
        for t in range(TILES)
    ]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = one[0] > other[1] or other[0] > one[1]
            assert apart or one[2] > other[3] or other[2] > one[3]


def test_every_tile_is_twente_with_areas_of_its_own(twente, whole):
    origin = {m.gm_code: i for i, m in enumerate(twente.grid.municipalities)}
    seen = {}
    for number, place in enumerate(whole.grid.municipalities):
        code, tile = place.gm_code.split("T")
        first = origin[code]
        assert whole.response_class[number] == twente.response_class[first]
        assert whole.area[number] == 4 * int(tile) + twente.area[first]
        assert place.population == twente.grid.municipalities[first].population
        seen.setdefault(tile, []).append(first)
    assert all(sorted(found) == list(range(14)) for found in seen.values())
    people = np.bincount(whole.grid.municipality, whole.grid.population, len(origin) * TILES)
    assert people.tolist() == [place.population for place in whole.grid.municipalities]


def test_more_areas_than_the_world_can_number_are_refused(twente):
    with pytest.raises(OverflowError, match="132 police areas"):
        country.tiled(twente, 33)


def test_participation_and_rate_are_national(study_of_twente, twente):
    """In one tile, over three years: participants within chance, actions within chance."""
    loaded, tile = study_of_twente, country.tiled(twente, 1)
    policies = country.national_policies(loaded.policies[:1], 1)
    result = simulate(
        tile,
        policies,
        country.national_parameters(loaded.parameters),
        seed=3,
        replication=0,
        years=3,
    )
    registered = result.register["registered"][result.register["month"] == 0].sum()
    expected = 0.083 * tile.grid.inhabitants
    assert registered == pytest.approx(expected, abs=4.0 * expected**0.5)
    actions = 3 * 4.3 * tile.grid.inhabitants / 10_000
    assert len(result.actions["direct"]) == pytest.approx(actions, abs=4.0 * actions**0.5)


def test_the_rate_can_be_multiplied(study_of_twente):
    once, twice = (
        country.national_parameters(study_of_twente.parameters, factor) for factor in (1.0, 2.0)
    )
    for name in country.REPORTS:
        assert twice[name] == pytest.approx(2.0 * once[name])


def test_every_policy_but_stop_uses_all_incidents(study_of_twente):
    policies = country.national_policies(study_of_twente.policies, 3)
    assert {p.name for p in policies if p.operator_use == 1.0} == {
        policy.name for policy in study_of_twente.policies
    } - {"stop"}
    assert {policy.control_room.operators for policy in policies} == {6}
    many = country.national_policies(study_of_twente.policies, TILES)
    assert {policy.control_room.operators for policy in many} == {50}


def test_the_loader_is_the_same_in_every_process():
    assert country.TiledCountry(3) == country.TiledCountry(3)
    assert hash(country.TiledCountry(3)) == hash(country.TiledCountry(3))


# ---- limits


def test_the_largest_country_fits_into_the_addresses():
    found = scale_run.largest_limits(study.FULL)
    assert len(found) == 6
    assert all(limit.holds for limit in found)


def test_a_country_that_does_not_fit_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setattr(scale_run, "largest_limits", lambda _extent: [Limit("ids", 10, 10)])
    monkeypatch.setattr(scale_run, "grow", lambda *_: pytest.fail("must not run"))
    with pytest.raises(OverflowError, match="27 tiles: ids"):
        scale_run.scale(study.FULL, None, lambda _text: None)


# ---- growth


def cost(size, exponent):
    return Cost(
        inhabitants=1000 * size,
        participants=83 * size,
        actions_per_year=2.0 * size,
        recipients=100 * size,
        cpu_s=0.01 * size**exponent,
        wall_s=0.02 * size**exponent,
        peak_mb=100.0 * size**0.5,
        base_mb=50.0,
    )


def growth_of(exponent, sizes=(1, 3, 9)):
    points = tuple(Point(tiles=size, policies=1, years=1) for size in sizes)
    axis = Axis("inhabitants", "inhabitants", points, lambda _, c: float(c.inhabitants))
    return growth(axis, [cost(size, exponent) for size in sizes])


def test_slopes_are_the_exponents():
    assert slope([1.0, 10.0, 100.0], [3.0, 30.0, 300.0]) == pytest.approx(1.0)
    found = growth_of(1.2)
    assert found.cpu_slope == pytest.approx(1.2)
    assert found.last_cpu_slope == pytest.approx(1.2)
    assert found.memory_slope == pytest.approx(0.5)


@pytest.mark.parametrize("exponent, linear", [(0.9, True), (1.0, True), (1.2, False)])
def test_growth_is_called_by_its_name(exponent, linear):
    found = growth_of(exponent)
    assert found.linear_or_better == linear
    assert ("linear or better" in report.slope_table([found])[2]) == linear


def test_growth_that_becomes_worse_at_the_end_is_not_called_linear():
    costs = [replace(cost(n, 1.0), cpu_s=s) for n, s in ((1, 0.01), (3, 0.029), (9, 0.095))]
    bent = growth(growth_of(1.0).axis, costs)
    assert bent.cpu_slope < study.LINEAR < bent.last_cpu_slope
    assert not bent.linear_or_better


def test_every_axis_changes_one_thing():
    base = study.FULL.base
    for axis, field in zip(axes(study.FULL), ("tiles", "rate_factor", "policies"), strict=True):
        assert len({getattr(one, field) for one in axis.points}) == len(axis.points) == 4
        assert {replace(one, **{field: getattr(base, field)}) for one in axis.points} == {base}


def test_points_shared_by_axes_are_measured_once_a_round_and_told_by_their_medians(monkeypatch):
    extent = replace(study.QUICK, rounds=3)
    asked = []

    def measured(one):
        asked.append(one)
        of_size = cost(one.tiles * one.rate_factor, 1.0)
        return replace(of_size, cpu_s=float(len(asked)))

    monkeypatch.setattr(study, "measure_apart", measured)
    found = grow(extent, lambda _text: None)
    points = {one for axis in axes(extent) for one in axis.points}
    assert len(asked) == 3 * len(points)
    assert asked[: len(points)] == asked[len(points) : 2 * len(points)]
    # The second of three rounds has the median of times that only rise.
    assert found[0].costs[0].cpu_s == len(points) + 1


# ---- one point, workers


def test_a_point_says_what_it_cost(monkeypatch, capsys):
    """The measured part itself, in a small country in place of Twente."""
    monkeypatch.setattr(
        country.World, "load", lambda *_: Layout(columns=6, rows=6, people=(300,)).world()
    )
    point.main([json.dumps(asdict(Point(tiles=2, policies=2, years=1, rate_factor=3.0)))])
    found = Cost(**json.loads(capsys.readouterr().out))
    assert found.inhabitants == 2 * 36 * 300
    assert 0 < found.participants < found.inhabitants
    assert found.recipients > 0 < found.actions_per_year
    assert found.peak_mb >= found.base_mb > 10.0
    assert min(found.cpu_s, found.wall_s) > 0.0


@pytest.mark.slow
def test_a_point_is_measured_in_a_process_of_its_own():
    found = point.measure_apart(Point(tiles=1, policies=1, years=1))
    assert found.inhabitants == 626_330
    assert found.peak_mb < 2_000.0


@pytest.mark.slow
def test_workers_take_turns():
    gain = measure_gain(Plan(tiles=1, policies=1, years=1, replications=4, rounds=1))
    assert min(gain.one_s, gain.two_s) > 0.0


def test_efficiency_is_one_where_the_second_worker_halves_the_time():
    assert Gain(one_s=10.0, two_s=5.0).efficiency == 1.0
    assert Gain(one_s=10.0, two_s=10.0).efficiency == 0.5


# ---- page and plot


@pytest.fixture
def made():
    return [growth_of(1.0), growth_of(0.8)]


def test_the_page_says_what_was_measured(made):
    gain, limit = Gain(10.0, 6.0), Limit("ids", 5, 10)
    text = report.page(made, gain, [limit], study.FULL, {"cores": "2"}, "do it")
    for part in (
        "*Written by `do it`",
        "an efficiency of 83 %",
        "27 tiles over 10 years, at 4 times",
        "| holds |",
        "\n".join(report.slope_table(made)),
        "\n".join(report.growth_table(made[0])),
        "](scale.svg)",
    ):
        assert part in text
    assert "{" not in text


def test_the_plot_writes_slopes_and_ends_in_real_text(made):
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", report.plot(made))
    assert {"slope 1.00", "slope 0.80", "slope 0.50", "0.0900", "300"} <= set(texts)
    assert texts.count("inhabitants") == 2


def test_page_and_plot_are_written_where_asked(monkeypatch, made, tmp_path, capsys):
    monkeypatch.setattr(scale_run, "grow", lambda *_: made)
    monkeypatch.setattr(scale_run, "measure_gain", lambda _plan: Gain(2.0, 1.0))
    scale_run.scale(study.QUICK, tmp_path, lambda _text: None)
    printed = capsys.readouterr().out
    assert "linear or better" in printed
    assert "an efficiency of 100 %" in printed
    assert "linear or better" in (tmp_path / scale_run.PAGE).read_text(encoding="utf-8")
    assert (tmp_path / report.PLOT).read_text(encoding="utf-8").startswith("<?xml")
