"""The memo's money: what each policy costs, and who pays."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from scenarios.load import load_policy
from sim.costs import LEDGER_TASKS, effort_ledger
from sim.grid import load_grid
from sim.parameters import Parameters
from sim.policy import PAYERS, Policy

ROOT = Path(__file__).parents[2]
START = date(2014, 7, 1)
MESSAGES = LEDGER_TASKS.index("messages")


@pytest.fixture(scope="module")
def grid():
    return load_grid(ROOT / "data/twente_grid")


def ledger(grid, policies, years=1):
    return effort_ledger(policies, grid, Parameters.defaults(), START, years).eur


def of_tasks(eur, tasks):
    return eur[..., [LEDGER_TASKS.index(task) for task in tasks]]


THREE = ("policy_work", "relation_management", "communication")


@pytest.mark.parametrize(
    "name, payer, eur_per_year",
    [
        ("regional_basic", "region", 0.03 * 626_330),
        ("regional_plus", "region", 0.07 * 626_330),
        ("hosted_by_one", "municipality", 0.15 * 626_330),
        ("each_municipality", "municipality", 20 / 54_000 * 626_330 * 12 * 50.0),
        ("frozen", "municipality", 0.0),
        ("stop", "region", 0.0),
    ],
)
def test_yearly_cost_of_the_tasks_is_that_of_the_memo(grid, name, payer, eur_per_year):
    eur = of_tasks(ledger(grid, [load_policy(name)]), THREE)
    by_payer = eur.sum(axis=(0, 1, 2, 4))
    assert by_payer[PAYERS.index(payer)] == pytest.approx(eur_per_year, rel=1e-3, abs=1e-9)
    others = [i for i, other in enumerate(PAYERS) if other != payer]
    assert by_payer[others].sum() == 0.0


def test_the_memo_states_18800_and_43880_euros_for_twente(grid):
    basic, plus = (
        of_tasks(ledger(grid, [load_policy(n)]), THREE).sum()
        for n in ("regional_basic", "regional_plus")
    )
    assert round(basic, -2) == 18_800
    assert plus == pytest.approx(43_880, rel=2e-3)


def test_a_municipality_of_54000_spends_20_hours_a_month(grid):
    eur = of_tasks(ledger(grid, [load_policy("each_municipality")]), THREE).sum(axis=(3, 4))[0, 0]
    inhabitants = np.array([m.population for m in grid.municipalities])
    hours = eur / 12 / Parameters.defaults().hour_cost_eur
    np.testing.assert_allclose(hours / inhabitants * 54_000, 20.0, rtol=1e-3)


def test_a_lever_that_changes_within_a_year_counts_by_days(grid):
    half = Policy(
        name="half",
        effort={"communication": {"payer": "region", "hours_per_month_per_1000_inhabitants": 1.0}},
        changes=[
            {
                "from_day": date(2014, 12, 31),
                "levers": {
                    "effort": {"communication": {"hours_per_month_per_1000_inhabitants": 0.0}}
                },
            }
        ],
    )
    eur = ledger(grid, [half], years=2)
    whole = 626_330 / 1000 * 12 * 50.0
    assert eur[0, 0].sum() == pytest.approx(whole * 183 / 365)
    assert eur[0, 1].sum() == 0.0


def test_letters_and_one_off_costs_fall_in_their_year_and_on_their_payer(grid):
    policy = Policy(
        name="letter",
        campaigns=[
            {
                "day": date(2015, 9, 1),
                "written_share": 0.5,
                "eur_per_inhabitant_written": 0.4,
                "payer": "region",
            }
        ],
        one_off_costs=[
            {"day": date(2016, 7, 1), "eur": 900.0, "payer": "police", "task": "ending"}
        ],
    )
    eur = ledger(grid, [policy], years=3)[0]
    assert eur[1].sum() == pytest.approx(0.5 * 0.4 * 626_330)
    assert eur[
        1, :, PAYERS.index("region"), LEDGER_TASKS.index("campaign")
    ].sum() == pytest.approx(eur[1].sum())
    assert eur[2].sum() == pytest.approx(900.0)
    assert eur[2, :, PAYERS.index("police"), LEDGER_TASKS.index("ending")].sum() == pytest.approx(
        eur[2].sum()
    )
    assert eur[0].sum() == 0.0


def test_only_one_municipality_pays_when_only_it_works(grid):
    policy = Policy(
        name="enschede_only",
        changes=[
            {
                "municipalities": ["GM0153"],
                "levers": {
                    "effort": {"communication": {"hours_per_month_per_1000_inhabitants": 0.5}}
                },
            }
        ],
    )
    by_town = ledger(grid, [policy]).sum(axis=(0, 1, 3, 4))
    codes = [m.gm_code for m in grid.municipalities]
    assert by_town[codes.index("GM0153")] == pytest.approx(158_585 / 1000 * 0.5 * 12 * 50)
    assert np.count_nonzero(by_town) == 1
