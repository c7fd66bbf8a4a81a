"""Actions: whether a case becomes one under a policy, when, how wide, and what became of it."""

from dataclasses import dataclass, field

from sim.scalar import NEVER_S
from tests.reference.philox import seconds
from tests.reference.seeing import Whereabouts


@dataclass(slots=True, eq=False)
class Recipient:
    """Somebody who gets a message."""

    person: object
    where: Whereabouts
    inside: bool
    searches: bool
    willing: bool = False
    attends: bool = False
    delivered_s: int = NEVER_S
    noticed_s: int = NEVER_S
    noticed: object = None


@dataclass(slots=True, eq=False)
class Message:
    """The first message of an action to one person over one channel; latencies in seconds."""

    recipient: Recipient
    channel: str
    delay_s: int | None
    latency_s: int | None
    sent_s: int = NEVER_S


@dataclass(slots=True, eq=False)
class Tip:
    """A call that somebody could make, and what comes of it."""

    action: object
    caller: int
    kind: int
    delivered_s: int
    noticed_s: int
    encounter_s: int
    call_s: int
    service_s: int
    patience_s: int
    response_s: int
    scene_s: int
    dispatched: bool
    find_level: float
    made: bool = False
    lost: bool = False
    handled_s: int = NEVER_S
    arrival_s: int = NEVER_S
    found: bool = False
    unit_s: int = 0


@dataclass(slots=True, eq=False)
class Action:
    """One case under one policy, from the alert to the end."""

    case: object
    levers: object
    alert_s: int
    radius_m: int
    planned_close_s: int
    away: bool
    police_s: int
    wall_clock: tuple = ()
    dark: bool = False
    recipients: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    tips: list = field(default_factory=list)
    true_handled: int = 0
    operator_s: int = 0
    over: bool = False
    end_s: int = NEVER_S
    cause: str = ""
    plans: int = 0
    public_reached: float = 0.0

    def closed_s(self, p):
        """Return when the closing message goes out: as planned, or some time after the end."""
        after_end = max(self.end_s + seconds(60.0 * p.closing_delay_minutes), self.alert_s)
        return min(self.planned_close_s, after_end)


def plan(case, levers, left_s, p):
    """Return the action that a case becomes, or nothing."""
    room = levers.control_room
    away = case.reported_s >= left_s
    extra = room.extra_decision_minutes + (room.away_extra_decision_minutes if away else 0.0)
    alert_s = case.reported_s + case.alert_delay_s + seconds(60.0 * extra)
    if case.use_level >= levers.operator_use or alert_s >= case.counterfactual_s:
        return None
    circle = levers.circle
    radius = circle.radius_urban_m if case.urban else circle.radius_rural_m
    if not case.missing:
        radius *= circle.robbery_factor
    hours = (alert_s - case.last_seen_s) / 3600.0
    growth = min(1.0 + circle.growth_share_per_hour * hours, circle.growth_limit)
    minutes = p.open_minutes_low
    minutes += (p.open_minutes_high - p.open_minutes_low) * case.open_level
    return Action(
        case=case,
        levers=levers,
        alert_s=alert_s,
        radius_m=round(radius * growth),
        planned_close_s=alert_s + seconds(60.0 * minutes * room.open_minutes_factor),
        away=away,
        police_s=case.police_s,
    )


def row_of(action, p):
    """Return the action's row of the table of actions."""
    case, end_s = action.case, action.end_s
    closed_s, tips = action.closed_s(p), action.tips
    true = [tip for tip in tips if tip.kind < 3]
    false = [tip for tip in tips if tip.kind == 3]
    before_s = case.counterfactual_s
    if before_s >= case.horizon_s:
        before = "none"
    else:
        before = "police" if case.police_s <= case.return_s else "own_return"
    texts = [m for m in action.messages if m.channel == "sms"]
    calls = [m for m in action.messages if m.channel == "voice"]
    channels = action.levers.channels
    helped, direct = action.true_handled > 0, action.cause == "participant"
    return {
        **_counts(action, closed_s),
        "alert_at_s": action.alert_s,
        "radius_m": action.radius_m,
        "true_tips": sum(tip.made for tip in true),
        "false_tips": sum(tip.made for tip in false),
        "cause": action.cause,
        "direct": direct,
        "contributed": helped and not direct,
        "contributed_strict": helped and action.cause == "police",
        "minutes_to_end": (end_s - case.reported_s) / 60.0,
        "counterfactual_cause": before,
        "counterfactual_minutes_to_end": (before_s - case.reported_s) / 60.0,
        "hours_saved": (before_s - end_s) / 3600.0,
        "found_only_by_alert": before == "none" and action.cause != "none",
        "message_cost_eur": (
            (len(texts) + sum(m.sent_s < closed_s for m in texts)) * channels.sms.price_eur
            + (len(calls) + sum(m.sent_s < closed_s for m in calls)) * channels.voice.price_eur
        ),
        "open_s": closed_s - action.alert_s,
        "operator_busy_s": action.operator_s,
        "calls_handled": sum(tip.handled_s < NEVER_S for tip in tips),
        "calls_lost": sum(tip.lost for tip in tips),
        "unit_s": sum(tip.unit_s for tip in tips),
        "unit_s_on_false_tips": sum(tip.unit_s for tip in false),
        "messages_sms": len(texts),
        "messages_voice": len(calls),
    }


def _counts(action, closed_s):
    """Count people by what they did within an hour of the alert, or before the closing."""
    everyone, alert_s = action.recipients, action.alert_s
    noticed = [r for r in everyone if r.noticed_s <= alert_s + 3600]
    attending = [r for r in noticed if r.attends]
    return {
        "recipients": len(everyone),
        "delivered": sum(r.delivered_s < NEVER_S for r in everyone),
        "noticed": len(noticed),
        "noticed_10min": sum(r.noticed_s <= alert_s + 600 for r in everyone),
        "noticed_while_open": sum(r.noticed_s < closed_s for r in everyone),
        "noticed_in_area": sum(r.inside for r in noticed),
        "attending": len(attending),
        "searching": sum(r.searches and not r.where.asleep for r in attending),
    }
