"""The channels to people who can be named: whom each addresses, when each message goes out, when
it is noticed.

A channel is one class with an entry in `CHANNELS`; the public channels, whose audience has no
names, are in `sim.public`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.draws import (
    NEVER_AFTER_S,
    Bools,
    Floats,
    Ints,
    Spans,
    Words,
    lognormal,
    mixture_latency,
    to_span_s,
)
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.presence import Presence

_SIGMA_QUICK = 1.0
_SIGMA_SLOW = 1.2
_SIGMA_MORNING = 0.4
_SIGMA_SMS_DELAY = 0.8
_APP_DELAY_S = np.int32(5)
_EMAIL_DELAY_S = np.int32(60)
_NEVER = np.int32(NEVER_AFTER_S)


@dataclass(frozen=True, slots=True)
class Audience:
    """People [n] who could get the first message of some alerts, under each of p policies.

    Attributes:
        alert: number of the alert of each row; rows of one alert are adjacent.
        levers: number of the levers in force by [alert, p].
        registered: on the register and not struck off, home inside the circle, [n, p].
        good: the register's data reach them at home, [n, p].
        has_app: uses the app and is inside the circle now, [n, p].
        prefers_voice: wants a call instead of a text, [n].
        presence: where they are.
        person_id: address of the person's draws.
        order_word: integer draw that fixes the order of sending.
        receipt, notice, notice_app, notice_email: draws of delivery and of noticing, [n].
    """

    alert: Ints
    levers: Ints
    registered: Bools
    good: Bools
    has_app: Bools
    prefers_voice: Bools
    presence: Presence
    person_id: Ints
    order_word: Words
    receipt: Floats
    notice: Floats
    notice_app: Floats
    notice_email: Floats


@dataclass(frozen=True, slots=True)
class Sending:
    """What one channel does with an audience; times in seconds after the alert, `NEVER_AFTER_S`
    for never.

    Attributes:
        addressed: gets a message, [n, p].
        delivered_s: when it arrives, [n, p].
        noticed_s: when it is noticed, [n, p].
    """

    addressed: Bools
    delivered_s: Spans
    noticed_s: Spans


class Channel(Protocol):
    """A way to reach people who can be named."""

    name: ClassVar[str]

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """Return the rows of people whom this channel may address under some policy."""
        ...

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Send the first message to whoever this channel addresses."""
        ...


def first_in_line(audience: Audience, addressed: Bools) -> Spans:
    """Return the place in the line of its alert of each message, from 0, by [n, p].

    The order within an alert is that of an addressed draw, then of the person: it does not depend
    on who else is in line.
    """
    order = sending_order(audience)
    alert = audience.alert[order]
    begin = (
        np.flatnonzero(np.concatenate(([True], alert[1:] != alert[:-1]))) if alert.size else alert
    )
    lengths = np.diff(np.append(begin, len(alert)))
    out = np.empty(addressed.shape, dtype=np.int32, order="F")
    for j in range(addressed.shape[1]):
        queued = addressed[order, j]
        place = np.cumsum(queued, dtype=np.int32) - queued
        out[order, j] = place - np.repeat(place[begin], lengths)
    return out


def sending_order(audience: Audience) -> Ints:
    """Return the order in which messages go out: by alert, by the addressed draw, by person."""
    key = (audience.alert.astype(np.uint64) << np.uint64(32)) | audience.order_word
    order = np.argsort(key)
    ordered = key[order]
    if (ordered[1:] == ordered[:-1]).any():
        # Equal draws are rare; only then is the slower sort by three keys worth its time.
        order = np.lexsort((audience.person_id, audience.order_word, audience.alert))
    return np.asarray(order)


def by_alert(audience: Audience, values: NDArray[Any]) -> NDArray[Any]:
    """Return a lever's value for each person and policy, [n, p], from its values by distinct set
    of levers; as [1, 1] where it is the same for all.
    """
    by_alert_and_policy = values[audience.levers]
    first = by_alert_and_policy[:1, :1]
    if (by_alert_and_policy == first).all():
        return np.asarray(first)
    return np.asfortranarray(by_alert_and_policy[audience.alert])


def gateway_offset_s(place: Spans, per_second: Floats) -> Spans:
    """Return when a gateway of limited throughput sends the message at each place in line
    (infinite: at once).
    """
    return np.minimum(np.floor(place / per_second), NEVER_AFTER_S).astype(np.int32)


def line_offset_s(place: Spans, lines: Spans, call_s: Spans) -> Spans:
    """Return when a call starts with a number of lines that each hold a call for equal seconds (0
    lines: unlimited).
    """
    return np.where(lines > 0, place // np.maximum(lines, 1) * call_s, 0)


def text_latency_s(
    audience: Audience,
    uniform: Floats,
    quick: tuple[float, float],
    slow: tuple[float, float],
    p: Parameters,
) -> Spans:
    """Return the time from arrival to notice of something that appears on a phone, by waking
    state.
    """
    minutes = np.empty(uniform.shape)
    asleep = audience.presence.asleep
    minutes[~asleep] = mixture_latency(
        uniform[~asleep], ((*quick, _SIGMA_QUICK), (*slow, _SIGMA_SLOW))
    )
    at_once = (p.asleep_notice_share, p.asleep_notice_minutes, _SIGMA_QUICK)
    on_waking = (
        min(p.morning_notice_share, 1.0 - p.asleep_notice_share),
        p.morning_notice_minutes,
        _SIGMA_MORNING,
    )
    minutes[asleep] = mixture_latency(uniform[asleep], (at_once, on_waking))
    return to_span_s(minutes * (60.0 * p.notice_time_factor))


def _after(first: Spans, then: Spans) -> Spans:
    """Add two spans of time, of which each may be never."""
    return np.asarray(np.minimum(first + then, _NEVER))


def _limit(value: float | None, unlimited: float) -> float:
    return unlimited if value is None else value


class SmsChannel:
    """Text messages to registered participants, through a gateway of limited throughput."""

    name: ClassVar[str] = "sms"

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """See `Channel`."""
        on = table.values(lambda v: v.channels.sms.enabled, np.bool_)[audience.levers].any()
        return np.flatnonzero(~audience.prefers_voice & on)

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Send texts to the registered who do not prefer a call; stale records are sent to and
        never reached.
        """
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.sms.enabled, np.bool_))
        rate = by_alert(
            audience,
            table.values(lambda v: _limit(v.channels.sms.messages_per_second, np.inf), np.float64),
        )
        addressed = on & audience.registered & ~audience.prefers_voice[:, None]
        sent = gateway_offset_s(first_in_line(audience, addressed), rate)
        # The draw of delivery decides loss in its upper end and, rescaled, the delay below.
        kept = audience.receipt < 1.0 - p.sms_lost_share
        within = np.where(kept, audience.receipt / (1.0 - p.sms_lost_share), 0.5)
        delay = to_span_s(lognormal(within, p.sms_delay_s, _SIGMA_SMS_DELAY))
        arrives = addressed & audience.good & kept[:, None]
        delivered = np.where(arrives, _after(sent, delay[:, None]), _NEVER)
        latency = text_latency_s(
            audience,
            audience.notice,
            (p.sms_quick_share, p.sms_quick_minutes),
            (p.sms_slow_share, p.sms_slow_minutes),
            p,
        )
        return Sending(addressed, delivered, _after(delivered, latency[:, None]))


class VoiceChannel:
    """Spoken messages by phone to registered participants who prefer them, over a limited number
    of lines.
    """

    name: ClassVar[str] = "voice"

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """See `Channel`."""
        on = table.values(lambda v: v.channels.voice.enabled, np.bool_)[audience.levers].any()
        return np.flatnonzero(audience.prefers_voice & on)

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Call them in line: later ones hear it later, live, from voicemail or never."""
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.voice.enabled, np.bool_))
        lines = by_alert(
            audience, table.values(lambda v: _limit(v.channels.voice.lines, 0), np.int32)
        )
        call_s = by_alert(audience, table.values(lambda v: v.channels.voice.call_s, np.int32))
        addressed = on & audience.registered & audience.prefers_voice[:, None]
        sent = line_offset_s(first_in_line(audience, addressed), lines, call_s)
        delivered = np.where(addressed & audience.good, sent, _NEVER)
        at_phone = ~audience.presence.asleep & ~audience.presence.away
        live = p.voice_live_share * np.where(at_phone, 1.0, p.voice_away_factor)
        heard_live = audience.notice < live
        recorded = (audience.notice - live) / max(p.voicemail_share, 1e-12)
        minutes = np.where(
            heard_live,
            p.voice_live_minutes,
            np.where(
                recorded < 1.0,
                lognormal(np.clip(recorded, 1e-9, 1.0 - 1e-9), p.voicemail_minutes, _SIGMA_SLOW),
                np.inf,
            ),
        )
        latency = to_span_s(minutes * (60.0 * p.notice_time_factor))
        return Sending(addressed, delivered, _after(delivered, latency[:, None]))


class AppChannel:
    """Push messages of the app to whoever is inside the circle now, registered or not."""

    name: ClassVar[str] = "app"

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """See `Channel`."""
        on = table.values(lambda v: v.channels.app.enabled, np.bool_)[audience.levers].any()
        return np.flatnonzero(audience.has_app.any(axis=1) & on)

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Push to the phones inside the circle, all at once."""
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.app.enabled, np.bool_))
        addressed = on & audience.has_app
        delivered = np.where(addressed, _APP_DELAY_S, _NEVER)
        latency = text_latency_s(
            audience,
            audience.notice_app,
            (p.app_quick_share, p.app_quick_minutes),
            (p.app_slow_share, p.app_slow_minutes),
            p,
        )
        return Sending(addressed, delivered, _after(delivered, latency[:, None]))


class EmailChannel:
    """E-mail to registered participants."""

    name: ClassVar[str] = "email"

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """See `Channel`."""
        on = table.values(lambda v: v.channels.email.enabled, np.bool_)[audience.levers].any()
        return np.flatnonzero(audience.registered.any(axis=1) & on)

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Mail every registered participant with home inside the circle."""
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.email.enabled, np.bool_))
        addressed = on & audience.registered
        delivered = np.where(addressed & audience.good, _EMAIL_DELAY_S, _NEVER)
        minutes = mixture_latency(
            audience.notice_email, ((p.email_read_share, p.email_read_minutes, _SIGMA_SLOW),)
        )
        latency = to_span_s(minutes * (60.0 * p.notice_time_factor))
        return Sending(addressed, delivered, _after(delivered, latency[:, None]))


CHANNELS: tuple[Channel, ...] = (SmsChannel(), VoiceChannel(), AppChannel(), EmailChannel())
"""Every channel to named people; a new one is a class above or in a file of its own, and an entry
here."""
