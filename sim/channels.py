"""The channels to people who can be named: whom each addresses, when each message goes out, when it is noticed.

A channel is one class with an entry in `CHANNELS`; the public channels, whose audience has no names, are in `sim.public`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.draws import NEVER_S, Bools, Floats, Ints, Words, lognormal, mixture_latency, to_seconds
from sim.levers import LeverTable
from sim.parameters import Parameters
from sim.presence import Presence

_SIGMA_QUICK = 1.0
_SIGMA_SLOW = 1.2
_SIGMA_MORNING = 0.4
_SIGMA_SMS_DELAY = 0.8
_APP_DELAY_S = 5
_EMAIL_DELAY_S = 60


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
    """What one channel does with an audience; times in seconds after the alert, `NEVER_S` for never.

    Attributes:
        addressed: gets a message, [n, p].
        sent_s: when it goes out, [n, p] (meaningful where addressed).
        delivered_s: when it arrives, [n, p].
        noticed_s: when it is noticed, [n, p].
    """

    addressed: Bools
    sent_s: Ints
    delivered_s: Ints
    noticed_s: Ints


class Channel(Protocol):
    """A way to reach people who can be named."""

    name: ClassVar[str]

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """Return the rows of people whom this channel may address under some policy."""
        ...

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Send the first message to whoever this channel addresses."""
        ...


def first_in_line(audience: Audience, addressed: Bools) -> Ints:
    """Return the place in the line of its alert of each message, from 0, by [n, p].

    The order within an alert is that of an addressed draw, then of the person: it does not depend on who else is in line.
    """
    order = np.lexsort((audience.person_id, audience.order_word, audience.alert))
    alert = audience.alert[order]
    begin = np.flatnonzero(np.concatenate(([True], alert[1:] != alert[:-1]))) if alert.size else alert
    lengths = np.diff(np.append(begin, len(alert)))
    out = np.empty(addressed.shape, dtype=np.int64, order="F")
    for j in range(addressed.shape[1]):
        queued = addressed[order, j]
        place = np.cumsum(queued) - queued
        out[order, j] = place - np.repeat(place[begin], lengths)
    return out


def by_alert(audience: Audience, values: NDArray[Any]) -> NDArray[Any]:
    """Return a lever's value for each person and policy, [n, p], from its values by distinct set of levers."""
    return np.asfortranarray(values[audience.levers][audience.alert])


def gateway_offset_s(place: Ints, per_second: NDArray[np.float64]) -> Ints:
    """Return when a gateway of limited throughput sends the message at each place in line (infinite: at once)."""
    return np.floor(place / per_second).astype(np.int64)


def line_offset_s(place: Ints, lines: Ints, call_s: Ints) -> Ints:
    """Return when a call starts with a number of lines that each hold a call for equal seconds (0 lines: unlimited)."""
    return np.where(lines > 0, place // np.maximum(lines, 1) * call_s, 0)


def text_latency_s(audience: Audience, uniform: Floats, quick: tuple[float, float], slow: tuple[float, float], p: Parameters) -> Ints:
    """Return the time from arrival to notice of something that appears on a phone, by waking state."""
    awake = mixture_latency(uniform, ((*quick, _SIGMA_QUICK), (*slow, _SIGMA_SLOW)))
    asleep = mixture_latency(
        uniform,
        (
            (p.asleep_notice_share, p.asleep_notice_minutes, _SIGMA_QUICK),
            (min(p.morning_notice_share, 1.0 - p.asleep_notice_share), p.morning_notice_minutes, _SIGMA_MORNING),
        ),
    )
    return to_seconds(np.where(audience.presence.asleep, asleep, awake) * (60.0 * p.notice_time_factor))


def _after(first: Ints, then: Ints) -> Ints:
    """Add two spans of time, of which each may be never."""
    return np.minimum(first + then, NEVER_S)


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
        """Send texts to the registered who do not prefer a call; stale records are sent to and never reached."""
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.sms.enabled, np.bool_))
        rate = by_alert(audience, table.values(lambda v: _limit(v.channels.sms.messages_per_second, np.inf), np.float64))
        addressed = on & audience.registered & ~audience.prefers_voice[:, None]
        sent = gateway_offset_s(first_in_line(audience, addressed), rate)
        # The draw of delivery decides loss in its upper end and, rescaled, the delay below.
        kept = audience.receipt < 1.0 - p.sms_lost_share
        within = np.where(kept, audience.receipt / (1.0 - p.sms_lost_share), 0.5)
        delay = to_seconds(lognormal(within, p.sms_delay_s, _SIGMA_SMS_DELAY))
        arrives = addressed & audience.good & kept[:, None]
        delivered = np.where(arrives, sent + delay[:, None], NEVER_S)
        latency = text_latency_s(
            audience, audience.notice, (p.sms_quick_share, p.sms_quick_minutes), (p.sms_slow_share, p.sms_slow_minutes), p
        )
        return Sending(addressed, sent, delivered, _after(delivered, latency[:, None]))


class VoiceChannel:
    """Spoken messages by phone to registered participants who prefer them, over a limited number of lines."""

    name: ClassVar[str] = "voice"

    def rows(self, audience: Audience, table: LeverTable) -> Ints:
        """See `Channel`."""
        on = table.values(lambda v: v.channels.voice.enabled, np.bool_)[audience.levers].any()
        return np.flatnonzero(audience.prefers_voice & on)

    def send(self, audience: Audience, table: LeverTable, parameters: Parameters) -> Sending:
        """Call them in line: later ones hear it later, live, from voicemail or never."""
        p = parameters
        on = by_alert(audience, table.values(lambda v: v.channels.voice.enabled, np.bool_))
        lines = by_alert(audience, table.values(lambda v: _limit(v.channels.voice.lines, 0), np.int64))
        call_s = by_alert(audience, table.values(lambda v: v.channels.voice.call_s, np.int64))
        addressed = on & audience.registered & audience.prefers_voice[:, None]
        sent = line_offset_s(first_in_line(audience, addressed), lines, call_s)
        delivered = np.where(addressed & audience.good, sent, NEVER_S)
        at_phone = ~audience.presence.asleep & ~audience.presence.away
        live = p.voice_live_share * np.where(at_phone, 1.0, p.voice_away_factor)
        heard_live = audience.notice < live
        recorded = (audience.notice - live) / max(p.voicemail_share, 1e-12)
        minutes = np.where(
            heard_live,
            p.voice_live_minutes,
            np.where(recorded < 1.0, lognormal(np.clip(recorded, 1e-9, 1.0 - 1e-9), p.voicemail_minutes, _SIGMA_SLOW), np.inf),
        )
        latency = to_seconds(minutes * (60.0 * p.notice_time_factor))
        return Sending(addressed, sent, delivered, _after(delivered, latency[:, None]))


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
        sent = np.zeros(addressed.shape, dtype=np.int64, order="F")
        delivered = np.where(addressed, _APP_DELAY_S, NEVER_S)
        latency = text_latency_s(
            audience, audience.notice_app, (p.app_quick_share, p.app_quick_minutes), (p.app_slow_share, p.app_slow_minutes), p
        )
        return Sending(addressed, sent, delivered, _after(delivered, latency[:, None]))


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
        sent = np.zeros(addressed.shape, dtype=np.int64, order="F")
        delivered = np.where(addressed & audience.good, _EMAIL_DELAY_S, NEVER_S)
        minutes = mixture_latency(audience.notice_email, ((p.email_read_share, p.email_read_minutes, _SIGMA_SLOW),))
        latency = to_seconds(minutes * (60.0 * p.notice_time_factor))
        return Sending(addressed, sent, delivered, _after(delivered, latency[:, None]))


CHANNELS: tuple[Channel, ...] = (SmsChannel(), VoiceChannel(), AppChannel(), EmailChannel())
"""Every channel to named people; a new one is a class above or in a file of its own, and an entry here."""
