"""The facts are those of the tables: sums over places, means over replications."""

import pandas as pd
import pytest

from experiments.report.facts import Estimate
from tests.report.synthetic import SyntheticRun


class Uneven(SyntheticRun):
    """Two replications and two places that differ, and both sorts of interval."""

    def _register(self):
        return pd.DataFrame(
            [
                (policy, replication, month, code, 100 * (replication + 1) + 10 * month + shift, 7)
                for policy in self.policies
                for replication in (0, 1)
                for month in range(25)
                for code, shift in (("GM0141", 0), ("GM0153", 1000))
            ],
            columns=["scenario", "replication", "month", "gm_code", "registered", "good"],
        )

    def _summary(self):
        right = super()._summary()
        wrong = right.assign(mean=-1.0, low=-2.0, high=0.0)
        return pd.concat(
            [
                right,
                wrong.assign(interval="uncertainty"),
                wrong.assign(kind="missing"),
                wrong.assign(year=1),
                wrong.assign(gm_code="GM0141"),
            ]
        )


def test_the_register_is_summed_over_places_and_averaged_over_replications():
    base = Uneven().facts.bases["frozen"]
    assert base.registered.tolist() == [1300 + 20 * month for month in range(25)]
    assert base.good.tolist() == [14] * 25
    assert base.years[[0, 12, 24]].tolist() == [0, 1, 2]


def test_coverage_is_per_inhabitant_at_the_start_and_the_end():
    covered = Uneven().facts.coverage["frozen", "GM0153"]
    assert covered == (pytest.approx(1150 / 160_000), pytest.approx((1150 + 240) / 160_000))


def test_estimates_are_of_all_places_kinds_and_years_with_the_interval_of_replications():
    facts = Uneven().facts
    assert facts.value("frozen", "direct_share").mean == 0.12
    assert facts.value("frozen", "direct_share", "GM0141").mean == -1.0
    assert not facts.value("frozen", "no_such_measure").known


def test_the_reference_differs_from_itself_by_zero():
    facts = SyntheticRun().facts
    found = facts.difference("current_agreements", "direct_share")
    assert found == Estimate(0.0, 0.0, 0.0, 10)
    assert found.direction == 0


def test_the_ends_of_actions_add_up_to_all_of_them():
    fates = SyntheticRun().facts.fates["frozen"]
    assert sum(fates.without(cause) for cause in ("police", "own_return", "none")) == 1.0
    assert fates.without("own_return") == 0.44
    assert fates.share["none"]["participant"] == fates.direct_extra_share == 0.02
    # The middle of six times 2 and four times 8; the two that were never to be found stay out.
    assert fates.direct_hours_earlier == 2.0


def test_failed_replications_do_not_count():
    run = SyntheticRun()
    run.failures = [{"replication": 1}, {"replication": 4}]
    assert (run.facts.setting.replications, run.facts.setting.failed) == (8, 2)
