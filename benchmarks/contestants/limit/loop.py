"""The C loop as a Python object: its inputs, its outcomes and the time of its stages."""

from __future__ import annotations

import ctypes

import numpy as np

from benchmarks.contestant import Table, Workload
from benchmarks.contestants.limit.build import library
from benchmarks.contestants.limit.inputs import Values, what_is_given
from benchmarks.contestants.limit.structure import Array, Given, Outcomes, constant, filled
from sim.alerts import COUNTS
from sim.channels import CHANNELS
from sim.draws import Ints
from sim.incidents import CAUSES, NONE, PARTICIPANT, POLICE
from sim.register import FLOWS, STOCKS

STAGE_NAMES = (
    *("crowd", "register", "gather", "people", "answers"),
    *("tips", "public", "control rooms", "closing"),
)
"""What the time of the loop is split into, in the order of `stage_s`."""
_TEXT, _CALL = 0, 1
_BY_INCIDENT = (
    *("noticed_while_open", "public_noticed", "end_s", "cause", "closed_s", "true_handled"),
    *("true_tips", "false_tips", "calls_handled", "calls_lost", "unit_s"),
    *("unit_s_on_false_tips", "operator_s", "message_cost_eur"),
)


class Loop:
    """The C loop over one replication.

    Args:
        workload: what is simulated.

    Raises:
        UnavailableError: there is no compiler, or the workload asks for what the loop lacks.
    """

    def __init__(self, workload: Workload) -> None:
        self._library = library()
        values, setting, self._incidents, self._actions = what_is_given(workload)
        self._setting = setting
        self._given, self._inputs = filled(Given, values)
        self._out, self._outputs = filled(Outcomes, _room(values))
        inside = (self._incidents.reported_s >= 0) & (self._incidents.reported_s < setting.end_s)
        # Policy by policy, as in the engine's table.
        self._policy, self._row = np.nonzero((self._actions.used & inside[:, None]).T)
        self._labels = {
            "scenario": np.array([p.name for p in setting.policies])[self._policy],
            "incident_id": self._incidents.id[self._row],
            "alert_at_s": self._actions.alert_s[self._row, self._policy],
            "radius_m": self._actions.radius_m[self._row, self._policy],
        }

    def run(self) -> None:
        """Run the replication; the outcomes are those of the last run.

        Raises:
            MemoryError: as it says.
        """
        failed = self._library.limit_run(ctypes.byref(self._given), ctypes.byref(self._out))
        if failed:
            raise MemoryError("the loop found no memory for its arrays")

    def stage_s(self) -> dict[str, float]:
        """Return the seconds that passed in each stage of the last run, by name."""
        return dict(zip(STAGE_NAMES, self._outputs["stage_s"].tolist(), strict=True))

    def actions(self) -> Table:
        """Return one row for each action, as in the engine's table, with all its outcomes."""
        some = self._incidents.take(self._row)
        of = {name: self._of(self._outputs[name]) for name in _BY_INCIDENT}
        counts = zip(COUNTS, self._outputs["counts"], strict=True)
        before, before_cause = some.counterfactual_s, some.counterfactual_cause
        cause, end_s = of["cause"], of["end_s"]
        helped, direct = of["true_handled"] > 0, cause == PARTICIPANT
        causes = np.array(CAUSES)
        return {
            **self._labels,
            **{name: self._of(values) for name, values in counts},
            "cause": causes[cause],
            "direct": direct,
            "contributed": helped & ~direct,
            "contributed_strict": helped & (cause == POLICE),
            "minutes_to_end": (end_s - some.reported_s) / 60.0,
            "counterfactual_cause": causes[before_cause],
            "counterfactual_minutes_to_end": (before - some.reported_s) / 60.0,
            "hours_saved": (before - end_s) / 3600.0,
            "found_only_by_alert": (before_cause == NONE) & (cause != NONE),
            "open_s": of["closed_s"] - self._labels["alert_at_s"],
            "operator_busy_s": of["operator_s"],
            "messages_sms": self._of(self._outputs["messages"][_TEXT]),
            "messages_voice": self._of(self._outputs["messages"][_CALL]),
            **{
                name: of[name]
                for name in ("noticed_while_open", "public_noticed", "true_tips", "false_tips")
            },
            **{
                name: of[name]
                for name in ("calls_handled", "calls_lost", "unit_s", "unit_s_on_false_tips")
            },
            "message_cost_eur": of["message_cost_eur"],
        }

    def register(self) -> Table:
        """Return one row for each policy, month and municipality, as in the engine's table."""
        names = [policy.name for policy in self._setting.policies]
        n, months, towns = self._outputs["app_users"].transpose(1, 0, 2).shape
        shape = (n, months, towns)

        def rows(values: Array) -> Ints:
            return np.asarray(values.transpose(1, 0, 2).reshape(-1))

        stocks, flows = self._outputs["stocks"], self._outputs["flows"]
        return {
            "scenario": np.repeat(names, months * towns),
            "month": np.broadcast_to(np.arange(months)[:, None], shape).reshape(-1),
            "gm_code": np.broadcast_to(np.array(self._setting.gm_codes), shape).reshape(-1),
            **{name: rows(stocks[:, k]) for k, name in enumerate(STOCKS)},
            "app_users": rows(self._outputs["app_users"]),
            **{name: rows(flows[:, k]) for k, name in enumerate(FLOWS)},
        }

    def _of(self, values: Array) -> Array:
        """Return the values of the actions from a table [p, incident]."""
        return np.asarray(values[self._policy, self._row])


def _room(values: Values) -> dict[str, Array]:
    """Return arrays for the outcomes; `filled` gives them their types."""
    n, incidents, towns = (values[name] for name in ("n_policies", "n_incidents", "n_towns"))
    months = values["n_months"] + 1
    shapes: dict[str, tuple[int, ...]] = {
        "counts": (len(COUNTS), n, incidents),
        "messages": (len(CHANNELS), n, incidents),
        **dict.fromkeys(_BY_INCIDENT, (n, incidents)),
        "stocks": (months, 4, n, towns),
        "flows": (months, 4, n, towns),
        "app_users": (months, n, towns),
        "stage_s": (constant("STAGES"),),
    }
    return {name: np.zeros(shape) for name, shape in shapes.items()}
