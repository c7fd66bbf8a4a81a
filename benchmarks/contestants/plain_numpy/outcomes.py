"""What became of each action of one policy: a row with every outcome column of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contestants.plain_numpy.messages import Sent
from benchmarks.contestants.plain_numpy.room import Ending, closed_s
from sim.draws import Bools, Ints
from sim.incidents import CAUSES, PARTICIPANT, POLICE
from sim.parameters import Parameters
from sim.scalar import NEVER_AFTER_S

_HOUR_S, _TEN_MINUTES_S = 3_600, 600


@dataclass(frozen=True, slots=True)
class Response:
    """What the first messages of one action set off; counts of people."""

    recipients: int
    delivered: int
    noticed: int
    noticed_10min: int
    noticed_in_area: int
    attending: int
    searching: int
    messages_sms: int
    messages_voice: int
    noticed_s: Ints
    public_noticed: float


def response_of(
    inside: Bools, sent: dict[str, Sent], willing: Bools, searches: Bools, public_noticed: float
) -> Response:
    """Count people by what they did, each once whatever the number of channels.

    Args:
        inside: who of the people [n] is inside the circle.
        sent: messages to them by channel.
        willing: who attends once the message is noticed.
        searches: who searches when attending.
        public_noticed: members of the public reached, expected.
    """
    addressed = np.zeros(len(inside), dtype=np.bool_)
    delivered_s, noticed_s = (np.full(len(inside), NEVER_AFTER_S) for _ in range(2))
    for messages in sent.values():
        addressed |= messages.addressed
        delivered_s = np.minimum(delivered_s, messages.delivered_s)
        noticed_s = np.minimum(noticed_s, messages.noticed_s)
    noticed = noticed_s <= _HOUR_S
    return Response(
        recipients=int(addressed.sum()),
        delivered=int((delivered_s < NEVER_AFTER_S).sum()),
        noticed=int(noticed.sum()),
        noticed_10min=int((noticed_s <= _TEN_MINUTES_S).sum()),
        noticed_in_area=int((noticed & inside).sum()),
        attending=int((noticed & willing).sum()),
        searching=int((noticed & willing & searches).sum()),
        messages_sms=int(sent["sms"].addressed.sum()) if "sms" in sent else 0,
        messages_voice=int(sent["voice"].addressed.sum()) if "voice" in sent else 0,
        noticed_s=noticed_s,
        public_noticed=public_noticed,
    )


def row_of(response: Response, ending: Ending, p: Parameters) -> dict[str, Any]:
    """Return the outcome columns of one action, named as in the engine's table."""
    action, case = ending.action, ending.action.case
    before_s, before = case.counterfactual_s, CAUSES[case.counterfactual_cause]
    open_s = closed_s(ending, p) - action.alert_s
    direct = ending.cause == PARTICIPANT
    helped = ending.true_handled > 0
    counts = (
        *("recipients", "delivered", "noticed", "noticed_10min", "noticed_in_area"),
        *("attending", "searching", "messages_sms", "messages_voice", "public_noticed"),
    )
    return {
        "incident_id": case.id,
        "alert_at_s": action.alert_s,
        "radius_m": action.radius_m,
        **{name: getattr(response, name) for name in counts},
        "noticed_while_open": int((response.noticed_s < open_s).sum()),
        "true_tips": ending.true_tips,
        "false_tips": ending.false_tips,
        "cause": CAUSES[ending.cause],
        "direct": direct,
        "contributed": helped and not direct,
        "contributed_strict": helped and ending.cause == POLICE,
        "minutes_to_end": (ending.end_s - case.reported_s) / 60.0,
        "counterfactual_cause": before,
        "counterfactual_minutes_to_end": (before_s - case.reported_s) / 60.0,
        "hours_saved": (before_s - ending.end_s) / 3600.0,
        "found_only_by_alert": before == "none" and CAUSES[ending.cause] != "none",
        "message_cost_eur": _cost_eur(response, ending, open_s),
        "open_s": open_s,
        "operator_busy_s": ending.operator_s,
        "calls_handled": ending.handled,
        "calls_lost": ending.lost,
        "unit_s": ending.unit_s,
        "unit_s_on_false_tips": ending.unit_s_on_false_tips,
    }


def _cost_eur(response: Response, ending: Ending, open_s: int) -> float:
    """Return what first and closing messages cost.

    The closing message goes to everybody whose first message had gone out by then.
    """
    sms, voice = ending.action.levers.channels.sms, ending.action.levers.channels.voice
    texts, calls = response.messages_sms, response.messages_voice
    rate = sms.messages_per_second
    texts_out, calls_out = (texts, calls) if open_s > 0 else (0, 0)
    if rate is not None:
        texts_out = min(texts, int(np.ceil(open_s * rate)))
    if voice.lines is not None:
        rounds = -(-open_s // voice.call_s)
        calls_out = min(calls, voice.lines * rounds)
    return (texts + texts_out) * sms.price_eur + (calls + calls_out) * voice.price_eur
