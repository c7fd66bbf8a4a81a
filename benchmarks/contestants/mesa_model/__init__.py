"""A straightforward Mesa model: residents and recipients as agents, one step a minute.

It has random numbers of its own and is compared in distribution. It is given who lives where and
which alerts there are, and follows those of the first weeks. It knows the channels that the first
policy of the study uses: texts, calls and the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.check import MEASURES
from benchmarks.contestant import Contestant, Outcome, Prepared, UnavailableError, Work, Workload
from benchmarks.contestants.given import Action, Years, alerts
from sim.candidates import draw_candidates
from sim.clock import DAY_S, YEAR_S
from sim.draws import Stream
from sim.incidents import draw_incidents
from sim.policy import Policy
from sim.subjects import draw_subjects

if TYPE_CHECKING:
    from benchmarks.contestants.mesa_model.model import Given

COLUMNS = ("incident_id", *MEASURES)
_UNKNOWN = ("email", "social_media", "nl_alert", "amber_alert")


def _prepare(workload: Workload) -> Prepared:
    from benchmarks.contestants.mesa_model.model import BurgernetModel

    given, until_s = what_is_given(workload), workload.sample_weeks * 7 * DAY_S
    name = given.policy.name

    def set_up(round_: int) -> Work:
        model = BurgernetModel(given, seed=round_)

        def work() -> Outcome:
            model.run_model()
            rows = [alert.row() for alert in model.alerts]
            actions = {key: np.array([row[key] for row in rows]) for key in COLUMNS}
            actions["scenario"] = np.full(len(rows), name)
            # Mesa keeps every model that ever was; its agents can be let go.
            model.remove_all_agents()
            return Outcome((name,), actions, int(actions["recipients"].sum()), until_s)

        return work

    return set_up


def what_is_given(workload: Workload) -> Given:
    """Return what the model is given of a workload.

    Raises:
        UnavailableError: the policy has a lever that the model does not know.
    """
    from benchmarks.contestants.mesa_model.model import Given

    world, policy, p = workload.world, workload.policies[0], workload.parameters
    years = Years.of(workload.start, 1)
    stream = Stream(workload.seed, workload.replication)
    incidents = draw_incidents(world, years.calendar, p, stream, years.until_s)
    subjects = draw_subjects(incidents, p, stream)
    history, actions = alerts(incidents, subjects, policy, p, world, years)
    until_s = workload.sample_weeks * 7 * DAY_S
    sample = sorted(
        (action for action in actions if action.alert_s < until_s),
        key=lambda action: action.alert_s,
    )
    _require_known(policy, sample)
    people = draw_candidates(world, p, stream, years.until_s // YEAR_S + 1)
    return Given(world, people, policy, p, years, history, sample)


def _require_known(policy: Policy, actions: list[Action]) -> None:
    found = {
        channel
        for action in actions
        for channel in _UNKNOWN
        if getattr(action.levers.channels, channel).enabled
    }
    found |= {
        lever
        for lever, used in (
            ("campaigns", len(policy.campaigns) > 0),
            ("unlimited", policy.control_room.unlimited),
            ("register_moved_share", policy.channels.app.register_moved_share > 0.0),
        )
        if used
    }
    if found:
        raise UnavailableError(f"the Mesa model does not know {', '.join(sorted(found))}")


CONTESTANT = Contestant(
    name="mesa_model",
    label="Mesa",
    text="Mesa, people as agents, one step a minute, on a sample of the alerts",
    prepare=_prepare,
    exact=False,
    columns=COLUMNS,
)
