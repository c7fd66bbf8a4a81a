"""Summary and differences: intervals that cover, figures that a plain count confirms."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from experiments.analysis import compare, first_year, measures, summary
from experiments.analysis.cells import GROUPINGS, Grouping, all_cells, medians
from experiments.analysis.statistics import (
    fieller,
    linearised_ratio,
    share_positive,
    student,
    variance_reduction,
)
from experiments.engine import formats
from experiments.study import ROOT
from sim.errors import InputError
from tests.support.fake_run import (
    FAKE_MODEL,
    GM_CODES,
    POPULATION,
    fake_loaded,
    fake_policy,
    fake_run_folder,
)

POLICIES = ("current_agreements", "frozen", "used_as_nationally", "stop")
SAMPLES = 2000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run_folder(tmp_path_factory.mktemp("run"), POLICIES, 5, 2, 1)


@pytest.fixture(scope="module")
def values(run):
    return measures.measure(run, run.manifest())


def region(frame, scenario, measure, year=0):
    whole = (frame["gm_code"] == "all") & (frame["kind"] == "all") & (frame["year"] == year)
    rows = frame[whole & (frame["scenario"] == scenario) & (frame["measure"] == measure)]
    assert len(rows) <= 1
    return None if len(rows) == 0 else rows.iloc[0]


def covered_as_promised(covering, level):
    # Within four standard deviations of the binomial count: a false alarm in 16,000 runs.
    allowed = 4 * np.sqrt(SAMPLES * level * (1 - level))
    return abs(covering.sum() - level * SAMPLES) <= allowed


# Intervals


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("n", [3, 8])
def test_student_interval_covers_the_mean(n, level):
    sample = np.random.default_rng(5).normal(3.0, 2.0, (SAMPLES, n, 1))
    found = student(sample, level)
    assert covered_as_promised((found.low <= 3.0) & (found.high >= 3.0), level)


def test_student_interval_is_that_of_scipy_and_leaves_gaps_out():
    sample = np.array([1.0, np.nan, 2.5, 4.0, np.nan, 7.0]).reshape(1, 6, 1)
    found = student(sample, 0.9)
    known = np.array([1.0, 2.5, 4.0, 7.0])
    low, high = scipy.stats.t.interval(0.9, 3, known.mean(), scipy.stats.sem(known))
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((low, high), rel=1e-12)
    assert found.mean[0, 0] == known.mean()
    assert found.n[0, 0] == 4


@pytest.mark.parametrize("sample,mean", [([4.0], 4.0), ([np.nan, 4.0], 4.0), ([], np.nan)])
def test_too_few_values_have_no_interval(sample, mean):
    found = student(np.array(sample).reshape(1, -1, 1), 0.95)
    assert np.isnan(found.low[0, 0])
    assert np.isnan(found.high[0, 0])
    assert found.mean[0, 0] == mean or np.isnan(mean)


def ratio_samples(n, spread):
    rng = np.random.default_rng(6)
    shared = rng.normal(0.0, 1.0, (SAMPLES, n, 1))
    above = 30.0 + 6.0 * shared + rng.normal(0.0, 3.0, shared.shape)
    return above, 10.0 + spread * shared + rng.normal(0.0, spread, shared.shape)


def test_fieller_interval_covers_the_ratio():
    found = fieller(*ratio_samples(6, 3.0), 0.95)
    # Where no bounded interval exists the set that Fieller gives is not an interval; leave it out
    # only if that is rare, as it is here.
    bounded = ~np.isnan(found.low)
    assert bounded.mean() > 0.99
    assert covered_as_promised(~bounded | ((found.low <= 3.0) & (found.high >= 3.0)), 0.95)


def test_fieller_solves_its_equation():
    above, below = (sample[:1] for sample in ratio_samples(6, 1.0))
    found = fieller(above, below, 0.95)
    t = scipy.stats.t.ppf(0.975, 5)
    for end in (found.low[0, 0], found.high[0, 0]):
        rest = above[0, :, 0] - end * below[0, :, 0]
        assert abs(rest.mean()) == pytest.approx(t * scipy.stats.sem(rest), rel=1e-9)
    assert found.low[0, 0] < found.mean[0, 0] < found.high[0, 0]
    assert found.mean[0, 0] == above.mean() / below.mean()


@pytest.mark.parametrize(
    "below,mean", [([-1.0, 4.0, 0.1], 6.0 / 3.1), ([-1.0, -2.0, -3.0], None), ([0.0] * 3, None)]
)
def test_fieller_gives_no_interval_where_the_denominator_may_vanish(below, mean):
    above = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)
    found = fieller(above, np.array(below).reshape(1, 3, 1), 0.95)
    assert np.isnan(found.low[0, 0])
    assert np.isnan(found.high[0, 0])
    if mean is None:
        assert np.isnan(found.mean[0, 0])
    else:
        assert found.mean[0, 0] == pytest.approx(mean)


def test_linearised_ratio_has_the_mean_and_the_error_of_the_ratio():
    above, below = ratio_samples(40, 1.0)
    values = linearised_ratio(above, below)
    ratios = above.mean(axis=1) / below.mean(axis=1)
    np.testing.assert_allclose(values.mean(axis=1), ratios, rtol=1e-12)
    predicted = np.sqrt(values.var(axis=1, ddof=1).mean() / 40)
    assert predicted == pytest.approx(ratios.std(), rel=0.08)


def pairs(n, shape=(SAMPLES,), own=0.5):
    """Return two arms that share a draw; with `own` 0.5 the true factor is exactly 5."""
    rng = np.random.default_rng(7)
    shared = rng.normal(size=(*shape, n, 1))
    arms = (shared + own * rng.normal(size=shared.shape) for _ in range(2))
    return tuple(arm.reshape(-1, n, 1) for arm in arms)


def test_variance_reduction_counts_what_pairing_saves():
    a, b = pairs(400, (1,), own=0.1)
    expected = (a.var(ddof=1) + b.var(ddof=1)) / (a - b).var(ddof=1)
    assert variance_reduction(a, b + 1.0, 0.95).mean[0, 0] == pytest.approx(expected)
    assert expected > 40
    assert np.isnan(variance_reduction(a, a, 0.95)[:3]).all()


def test_variance_reduction_is_measured_against_what_independent_seeds_would_give():
    a, b = (arm[0, :, 0] for arm in pairs(40, (1,)))
    found = variance_reduction(a.reshape(1, -1, 1), b.reshape(1, -1, 1), 0.95).mean[0, 0]
    # Replication k of one arm beside replication k + j of the other: nothing is shared. Over all
    # shifts the mean variance of the difference is var a + var b to the last bit but rounding.
    shifted = [np.var(a - np.roll(b, shift), ddof=1) for shift in range(40)]
    assert found == pytest.approx(np.mean(shifted) / np.var(a - b, ddof=1), rel=1e-12)
    # And with seeds of their own, many times: the variance of the mean difference itself.
    one, two = pairs(40)[0], np.random.default_rng(8).normal(0.0, np.sqrt(1.25), (SAMPLES, 40, 1))
    independent = (one - two).mean(axis=1).var()
    paired = np.subtract(*pairs(40)).mean(axis=1).var()
    assert independent / paired == pytest.approx(5.0, rel=0.15)


@pytest.mark.parametrize("n", [3, 10, 40])
@pytest.mark.parametrize("own", [0.1, 0.5, 3.0])
def test_interval_of_the_variance_reduction_covers_it(n, own):
    found = variance_reduction(*pairs(n, own=own), 0.9)
    truth = (1 + own**2) / own**2
    assert covered_as_promised((found.low <= truth) & (found.high >= truth), 0.9)
    assert np.all((found.low < found.mean) & (found.mean < found.high))


def test_two_pairs_give_no_interval_of_the_variance_reduction():
    found = variance_reduction(*(np.array([0.0, x]).reshape(1, 2, 1) for x in (1.0, 3.0)), 0.95)
    assert found.mean[0, 0] == pytest.approx(2.5)
    assert np.isnan([found.low[0, 0], found.high[0, 0]]).all()


def test_seeds_of_their_own_vary_as_the_variance_reduction_says(tmp_path):
    def shares(policy, seed):
        folder = fake_run_folder(tmp_path / f"{policy}-{seed}", (policy,), 30, 1, seed)
        table = folder.table("actions", ["replication", "direct"])
        return table.groupby("replication").direct.mean().to_numpy()

    today, frozen = shares("current_agreements", 1), shares("frozen", 1)
    found = variance_reduction(frozen.reshape(1, -1, 1), today.reshape(1, -1, 1), 0.999)
    apart = np.var(frozen - shares("current_agreements", 2), ddof=1)
    paired = np.var(frozen - today, ddof=1)
    assert found.low[0, 0] < apart / paired < found.high[0, 0]
    assert found.low[0, 0] > 1


def test_share_positive_does_not_count_ties():
    sample = np.array([1.0, 0.0, -1.0, 2.0, np.nan]).reshape(1, 5, 1)
    assert share_positive(sample)[0, 0] == 0.5


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.floats(-1e6, 1e6) | st.just(float("nan"))), max_size=40
    )
)
def test_medians_are_those_of_numpy(rows):
    group = np.array([g for g, _ in rows], dtype=np.int64)
    numbers = np.array([x for _, x in rows], dtype=float)
    ascending = np.argsort(numbers)
    found = medians(group[ascending], numbers[ascending], 5)
    for g in range(5):
        known = [x for h, x in rows if h == g and not np.isnan(x)]
        if len(known) == 0:
            assert np.isnan(found[g])
        else:
            assert found[g] == np.median(known)


# The summary against a plain count


def plain(tables, row, measure):
    """One value per replication, counted row by row with pandas and no shared code."""
    actions, register, costs = tables
    out = []
    for k in range(5):
        chosen = actions[(actions.scenario == row.scenario) & (actions.replication == k)]
        people = register[(register.scenario == row.scenario) & (register.replication == k)]
        money = costs[(costs.scenario == row.scenario) & (costs.replication == k)]
        if row.year > 0:
            chosen, money = chosen[chosen.year == row.year], money[money.year == row.year]
            people = people[(people.month > 12 * row.year - 12) & (people.month <= 12 * row.year)]
        else:
            people = people[people.month > 0]
        if row.gm_code in ("urban", "rural"):
            chosen = chosen[chosen.urban == (row.gm_code == "urban")]
        elif row.gm_code != "all":
            chosen, money = (
                chosen[chosen.gm_code == row.gm_code],
                money[money.gm_code == row.gm_code],
            )
            people = people[people.gm_code == row.gm_code]
        if row.kind != "all":
            chosen = chosen[chosen.kind == row.kind]
        inhabitants = dict(zip(GM_CODES, POPULATION, strict=True))
        everybody = inhabitants.get(row.gm_code, POPULATION.sum())
        out.append(
            plain_value(measure, chosen, people, money, 2 if row.year == 0 else 1, everybody)
        )
    return np.array(out)


def plain_value(measure, chosen, people, money, span, everybody):
    n = len(chosen)
    if measure.endswith("_per_action"):
        return chosen[measure.removesuffix("_per_action")].sum() / n if n else np.nan
    if measure == "resolved_with_help_share":
        return (chosen.direct | chosen.contributed).mean() if n else np.nan
    if measure in ("direct_share", "contributed_share", "contributed_strict_share"):
        return chosen[measure.removesuffix("_share")].mean() if n else np.nan
    last = people[people.month == people.month.max()]
    by_month = people.groupby("month").registered.sum()
    payers = {"municipal": "municipality", "regional": "region", "police": "police"}
    if measure.startswith("cost_") and measure.endswith("_eur_per_year"):
        payer = payers.get(measure.split("_")[1])
        return (money if payer is None else money[money.payer == payer]).eur.sum() / span
    return {
        "actions_per_year": lambda: n / span,
        "direct_per_year": lambda: chosen.direct.sum() / span,
        "found_only_by_alert_per_year": lambda: chosen.found_only_by_alert.sum() / span,
        "hours_saved_per_year": lambda: chosen.hours_saved.clip(upper=24.0).sum() / span,
        "median_minutes_to_end": lambda: chosen.minutes_to_end.clip(upper=1440.0).median(),
        "unit_hours_on_false_tips_per_year": lambda: (
            chosen.unit_s_on_false_tips.sum() / 3600 / span
        ),
        "operator_occupancy": lambda: (
            chosen.operator_busy_s.sum() / (chosen.open_s * chosen.operators).sum()
            if n
            else np.nan
        ),
        "message_cost_eur_per_year": lambda: chosen.message_cost_eur.sum() / span,
        "registered_end": last.registered.sum,
        "good_end": last.good.sum,
        "app_users_end": last.app_users.sum,
        "coverage_share": lambda: last.registered.sum() / everybody,
        "alerts_per_participant_per_year": lambda: (
            chosen.recipients.sum() / span / by_month.mean()
        ),
    }[measure]()


@pytest.fixture(scope="module")
def counted(run):
    return tuple(run.table(name) for name in ("actions", "register", "costs"))


@pytest.mark.parametrize("measure", [m for m in measures.ORDER if m not in measures.COST_PER])
def test_summary_agrees_with_a_plain_count(run, counted, measure):
    table = run.table("summary")
    rows = table[table["measure"] == measure]
    families = rows.groupby(
        [rows.year > 0, rows.gm_code.where(~rows.gm_code.str.startswith("GM"), "GM"), rows.kind]
    )
    picked = pd.concat([family.sample(1, random_state=3) for _, family in families])
    assert len(picked) >= 4
    for row in picked.itertuples():
        sample = plain(counted, row, measure)
        known = sample[~np.isnan(sample)]
        assert row.n == len(known)
        assert row.mean == pytest.approx(known.mean(), rel=1e-9), row
        if len(known) > 1:
            half = scipy.stats.t.ppf(0.975, len(known) - 1) * scipy.stats.sem(known)
            assert row.high - row.low == pytest.approx(2 * half, rel=1e-6, abs=1e-9), row


@pytest.mark.parametrize("rows", [60, 400])
def test_figures_do_not_depend_on_how_the_rows_are_read(run, rows, monkeypatch):
    monkeypatch.setattr(formats, "ROWS_PER_GROUP", rows)
    values = measures.measure(run, run.manifest())
    pieces = list(values.actions.pieces(["recipients"]))
    whole = [tuple(dict.fromkeys(zip(p.policy, p.replication, strict=True))) for p in pieces]
    assert len({pair for piece in whole for pair in piece}) == sum(len(piece) for piece in whole)
    assert (
        sum(p.amount("recipients").sum() for p in pieces) == run.table("actions").recipients.sum()
    )
    assert 1 < len(pieces) <= 15
    for name, frame in (
        ("summary", summary.summarise(values)),
        ("differences", compare.differences(values)),
    ):
        wanted = run.table(name)
        pd.testing.assert_frame_equal(
            frame[wanted.columns], wanted, check_exact=True, check_dtype=False
        )


def test_every_cell_of_the_region_and_the_municipalities_is_there(run):
    table = run.table("summary")
    assert set(table["measure"]) == set(measures.ORDER)
    assert set(table["interval"]) == {"monte_carlo"}
    assert set(table["level"]) == {0.95}
    here = table[(table["scenario"] == "frozen") & (table["measure"] == "actions_per_year")]
    cells = set(zip(here["year"], here["gm_code"], here["kind"], strict=True))
    kinds = ("missing", "robbery", "theft")
    towns = GM_CODES
    expected = {(y, place, "all") for y in range(3) for place in ("all", "urban", "rural", *towns)}
    expected |= {(y, "all", kind) for y in range(3) for kind in kinds}
    expected |= {(0, place, kind) for place in ("urban", "rural", *towns) for kind in kinds}
    assert cells == expected
    assert len(here) == len(expected)
    assert len(GROUPINGS) == len(set(GROUPINGS)) == 10
    assert Grouping(by_year=False, place="all", by_kind=False) == GROUPINGS[0]


def test_a_policy_without_actions_has_counts_but_no_shares(run):
    table = run.table("summary")
    for measure in measures.PER_YEAR:
        assert region(table, "stop", measure)["mean"] == 0.0
    for measure in (*measures.RATIOS, "median_minutes_to_end", *measures.COST_PER):
        assert region(table, "stop", measure) is None


def test_cost_per_success_is_what_is_added_to_stopping(run, counted):
    actions, _, costs = counted
    row = region(run.table("summary"), "frozen", "cost_per_direct_eur")
    cost = costs.groupby(["scenario", "replication"]).eur.sum()
    direct = actions[actions.scenario == "frozen"].groupby("replication").direct.sum()
    added = cost["frozen"] - cost["stop"]
    assert row["mean"] == pytest.approx(added.sum() / direct.sum())
    assert row["low"] < row["mean"] < row["high"]


def test_cost_per_success_needs_a_policy_that_stops(tmp_path):
    table = fake_run_folder(tmp_path, POLICIES[:2], 2, 1, 1).table("summary")
    assert set(measures.COST_PER) & set(table["measure"]) == set()


def test_adding_a_policy_changes_no_other_row(run, tmp_path):
    fewer = fake_run_folder(tmp_path, ("current_agreements", "frozen"), 5, 2, 1)
    for name in ("summary", "differences"):
        more = run.table(name)
        kept = more["scenario"].isin(["current_agreements", "frozen"])
        kept &= ~more["measure"].isin(list(measures.COST_PER))
        pd.testing.assert_frame_equal(
            more[kept].reset_index(drop=True), fewer.table(name), check_exact=True
        )


def test_one_replication_has_means_and_no_intervals(tmp_path):
    table = fake_run_folder(tmp_path, POLICIES, 1, 1, 1).table("summary")
    assert table["mean"].notna().all()
    assert table["low"].isna().all()
    assert (table["n"] == 1).all()


# Differences


def test_a_policy_differs_from_itself_by_exactly_zero(run, tmp_path):
    twin = fake_policy("current_agreements").model_copy(update={"name": "twin"})
    twins = fake_run_folder(tmp_path, ("current_agreements", twin, "stop"), 4, 2, 1)
    for table, scenario in (
        (run.table("differences"), "current_agreements"),
        (twins.table("differences"), "twin"),
    ):
        rows = table[table["scenario"] == scenario]
        assert set(rows["measure"]) == set(compare.MEASURES)
        assert (rows["mean"] == 0.0).all()
        assert (rows.loc[rows["n"] > 1, ["low", "high", "share_positive"]] == 0.0).all(axis=None)
        assert rows["variance_reduction"].isna().all()


def test_differences_are_taken_within_replications(values):
    table = compare.differences(values)
    row = region(table, "frozen", "recipients_per_action")
    sample = all_cells(values)[0].samples["recipients_per_action"][:2, :, 0]
    difference = sample[1] - sample[0]
    half = scipy.stats.t.ppf(0.975, 4) * scipy.stats.sem(difference)
    assert row["mean"] == pytest.approx(difference.mean())
    assert row["high"] - row["mean"] == pytest.approx(half)
    assert row["share_positive"] == (difference > 0).mean() == 0.0
    assert row["variance_reduction"] > 10
    assert row["reference"] == "current_agreements"


def test_difference_of_a_ratio_of_means_is_that_of_the_summaries(values):
    table, found = compare.differences(values), summary.summarise(values)
    for measure in measures.COST_PER:
        both = [region(found, name, measure)["mean"] for name in ("frozen", "current_agreements")]
        assert region(table, "frozen", measure)["mean"] == pytest.approx(both[0] - both[1])


def test_common_incidents_are_those_that_both_used(values, counted):
    actions = counted[0]
    own = actions[actions.scenario == "used_as_nationally"]
    other = actions[actions.scenario == "frozen"]
    both = own.merge(other, on=["replication", "incident_id"], suffixes=("", "_other"))
    assert len(both) == len(other) < len(own)
    table = compare.differences(values, "frozen")
    for measure in measures.SHARES:
        if measure == "resolved_with_help_share":
            mine = both.direct | both.contributed
            theirs = both.direct_other | both.contributed_other
        else:
            mine = both[measure.removesuffix("_share")]
            theirs = both[measure.removesuffix("_share") + "_other"]
        expected = (mine.astype(float) - theirs.astype(float)).groupby(both.replication).mean()
        row = region(table, "used_as_nationally", measure + "_common")
        assert row["mean"] == pytest.approx(expected.mean(), abs=1e-12)
        assert row["mean"] > 0
    plain_difference = region(table, "used_as_nationally", "direct_share")["mean"]
    assert plain_difference != region(table, "used_as_nationally", "direct_share_common")["mean"]


def test_another_reference_turns_the_differences_round(values):
    forth = compare.differences(values, "frozen")
    back = compare.differences(values)
    a = region(forth, "current_agreements", "direct_share")
    b = region(back, "frozen", "direct_share")
    assert a["mean"] == -b["mean"]
    assert a["reference"] == "frozen"
    with pytest.raises(InputError, match="'nobody' is none of the policies"):
        compare.differences(values, "nobody")


# The first year


def test_first_year_counts_the_year_and_says_what_is_met():
    loaded = fake_loaded(("current_agreements", "stop"), 2, 3)
    checks = first_year.first_year_checks(loaded, 4, model=FAKE_MODEL)
    found = {check.target.measure: check for check in checks}
    assert list(found) == list(first_year.MEASURES)
    results = [
        FAKE_MODEL.simulate(
            None,
            loaded.policies[:1],
            None,
            seed=1,
            replication=k,
            start=loaded.study.start,
            years=1,
        )
        for k in range(4)
    ]
    actions = [pd.DataFrame(r.actions) for r in results]
    cities = ["GM0153", "GM0164", "GM0141"]
    expected = {
        "actions_per_year": [len(a) for a in actions],
        "missing_share": [(a.kind == "missing").mean() for a in actions],
        "three_cities_share": [a.gm_code.isin(cities).mean() for a in actions],
        "direct_share": [a.direct.mean() for a in actions],
        "resolved_with_help_share": [(a.direct | a.contributed).mean() for a in actions],
        "recipients_per_action": [a.recipients.mean() for a in actions],
        "message_cost_eur_per_year": [a.message_cost_eur.sum() for a in actions],
    }
    for name, sample in expected.items():
        assert found[name].mean == pytest.approx(np.mean(sample))
        assert found[name].low < found[name].mean < found[name].high
    people = pd.DataFrame(results[0].register)
    assert 36_000 < found["registered_mean"].mean < 38_000
    assert people[people.month == 0].registered.sum() == pytest.approx(37_000, rel=0.02)


def test_first_year_table_marks_what_is_missed():
    loaded = fake_loaded(("current_agreements",), 2, 1)
    targets = first_year.load_targets()
    narrow = targets.targets[0].model_copy(update={"low": 1.0, "value": 2.0, "high": 3.0})
    changed = targets.model_copy(update={"targets": (narrow, *targets.targets[1:])})
    text = first_year.first_year_table(loaded, 2, targets=changed, model=FAKE_MODEL)
    lines = text.splitlines()
    assert lines[2].startswith("actions a year")
    assert lines[2].endswith("  no")
    assert sum(line.endswith("  yes") for line in lines) == int(lines[-1].split()[0])
    assert max(len(line) for line in lines) <= 90


@pytest.mark.parametrize("end", ["low", "high"])
def test_ends_of_a_band_belong_to_it(end):
    target = first_year.load_targets().targets[0]
    edge = getattr(target, end)
    beyond = edge + (1e-9 if end == "high" else -1e-9)
    assert first_year.Check(target, edge, 0.0, 0.0).met
    assert not first_year.Check(target, beyond, 0.0, 0.0).met


def test_first_year_needs_its_policy():
    loaded = fake_loaded(("frozen",), 1, 1)
    with pytest.raises(InputError, match="the targets need 'current_agreements'"):
        first_year.first_year_checks(loaded, 1, model=FAKE_MODEL)
    with pytest.raises(InputError, match="replications: 0"):
        first_year.first_year_checks(
            replace(loaded, policies=(fake_policy("current_agreements"),)), 0, model=FAKE_MODEL
        )


def test_targets_are_those_of_the_data_package():
    folder = ROOT / "data" / "targets"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        data = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(data)
        assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest()
    assert {t.measure for t in first_year.load_targets().targets} == set(first_year.MEASURES)


def test_faulty_targets_are_told_at_once(tmp_path):
    path = tmp_path / "targets.toml"
    text = first_year.TARGETS.read_text(encoding="utf-8")
    text = text.replace('"direct_share"', '"direct_shar"').replace("low = 95.0", "low = nan")
    path.write_text(text.replace("high = 0.86", "high = 0.70"), encoding="utf-8")
    with pytest.raises(InputError) as told:
        first_year.load_targets(path)
    faults = str(told.value)
    assert "direct_share" in faults
    assert "finite" in faults or "nan" in faults
    assert "low <= value <= high" in faults
    with pytest.raises(InputError):
        first_year.load_targets(tmp_path / "none.toml")
