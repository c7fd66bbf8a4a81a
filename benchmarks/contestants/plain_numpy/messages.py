"""The first messages of one alert: who gets which, when each arrives and when it is noticed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.contestants.plain_numpy.places import Whereabouts
from sim.draws import Bools, Floats, Ints, Words, lognormal
from sim.draws import to_seconds as _whole_seconds
from sim.parameters import Parameters
from sim.policy import Channels
from sim.scalar import NEVER_AFTER_S, WORD_RANGE

_QUICK, _SLOW, _MORNING, _TRANSPORT = 1.0, 1.2, 0.4, 0.8
_APP_DELAY_S, _EMAIL_DELAY_S = 5, 60


def mixture_latency(uniform: Floats, parts: tuple[tuple[float, float, float], ...]) -> Floats:
    """Return a latency from a mixture of log-normals that may never happen: one uniform decides
    both.

    Args:
        uniform: array [n] in (0, 1).
        parts: (share, median, sigma) of each log-normal.

    Returns:
        Latencies [n] in the unit of the medians, infinite for never.
    """
    out, low, least = np.full(uniform.shape, np.inf), 0.0, 0.5 / WORD_RANGE
    for share, median, sigma in parts:
        inside = (uniform >= low) & (uniform < low + share)
        if share > 0.0 and inside.any():
            within = np.clip((uniform[inside] - low) / share, least, 1.0 - least)
            out[inside] = lognormal(within, median, sigma)
        low += share
    return out


@dataclass(frozen=True, slots=True)
class Addressees:
    """People [n] around an alert, and the draws that decide what a message does to them.

    Attributes:
        listed: on the register, not struck off, home inside the circle.
        good: the register's data reach them.
        has_app: uses the app and is inside the circle.
        prefers_voice: wants a call instead of a text.
        where: where they are.
        inside: inside the circle now.
        order: place in the line of the gateway and of the lines, [n] positions.
        receipt, notice, notice_app, notice_email: uniforms.
    """

    listed: Bools
    good: Bools
    has_app: Bools
    prefers_voice: Bools
    where: Whereabouts
    inside: Bools
    order: Ints
    receipt: Floats
    notice: Floats
    notice_app: Floats
    notice_email: Floats


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages over one channel; seconds after the alert, `NEVER_AFTER_S` for never, [n]."""

    addressed: Bools
    delivered_s: Ints
    noticed_s: Ints


def line_up(order_word: Words, person_id: Ints) -> Ints:
    """Return the order in which messages go out: by an addressed draw, then by person."""
    return np.lexsort((person_id, order_word))


def send_all(people: Addressees, channels: Channels, parameters: Parameters) -> dict[str, Sent]:
    """Send the first messages over every channel that is switched on."""
    senders = {"sms": _texts, "voice": _calls, "app": _pushes, "email": _mails}
    return {
        name: sender(people, channels, parameters)
        for name, sender in senders.items()
        if getattr(channels, name).enabled
    }


def _texts(people: Addressees, channels: Channels, p: Parameters) -> Sent:
    """Send texts through the gateway; stale records are sent to and never reached."""
    addressed = people.listed & ~people.prefers_voice
    rate = channels.sms.messages_per_second
    place = _place_in_line(addressed, people.order)
    sent_s = np.zeros(len(place)) if rate is None else np.floor(place / rate)
    arriving = 1.0 - p.sms_lost_share
    kept = people.receipt < arriving
    delay_s = _seconds(
        lognormal(np.where(kept, people.receipt / arriving, 0.5), p.sms_delay_s, _TRANSPORT)
    )
    delivered_s = _after(np.minimum(sent_s, NEVER_AFTER_S).astype(np.int64), delay_s)
    latency_s = _phone_latency_s(people.notice, people.where, "sms", p)
    return _sent(addressed, addressed & people.good & kept, delivered_s, latency_s)


def _calls(people: Addressees, channels: Channels, p: Parameters) -> Sent:
    """Call over a number of lines: heard live, from voicemail or never."""
    addressed = people.listed & people.prefers_voice
    place, lines = _place_in_line(addressed, people.order), channels.voice.lines
    sent_s = np.zeros_like(place) if lines is None else place // lines * channels.voice.call_s
    at_phone = ~people.where.asleep & ~people.where.away
    live = p.voice_live_share * np.where(at_phone, 1.0, p.voice_away_factor)
    recorded = (people.notice - live) / max(p.voicemail_share, 1e-12)
    voicemail = lognormal(np.clip(recorded, 1e-9, 1.0 - 1e-9), p.voicemail_minutes, _SLOW)
    minutes = np.where(recorded < 1.0, voicemail, np.inf)
    minutes = np.where(people.notice < live, p.voice_live_minutes, minutes)
    return _sent(addressed, addressed & people.good, sent_s, _minutes_to_s(minutes, p))


def _pushes(people: Addressees, channels: Channels, p: Parameters) -> Sent:
    """Push to every phone with the app inside the circle, at once."""
    del channels
    delivered_s = np.full(len(people.has_app), _APP_DELAY_S)
    latency_s = _phone_latency_s(people.notice_app, people.where, "app", p)
    return _sent(people.has_app, people.has_app, delivered_s, latency_s)


def _mails(people: Addressees, channels: Channels, p: Parameters) -> Sent:
    """Mail every registered participant."""
    del channels
    parts = ((p.email_read_share, p.email_read_minutes, _SLOW),)
    latency_s = _minutes_to_s(mixture_latency(people.notice_email, parts), p)
    delivered_s = np.full(len(people.listed), _EMAIL_DELAY_S)
    return _sent(people.listed, people.listed & people.good, delivered_s, latency_s)


def _phone_latency_s(uniform: Floats, where: Whereabouts, kind: str, p: Parameters) -> Ints:
    """Return the time from arrival to notice of what appears on a phone, by waking state."""
    quick = (p[f"{kind}_quick_share"], p[f"{kind}_quick_minutes"], _QUICK)
    slow = (p[f"{kind}_slow_share"], p[f"{kind}_slow_minutes"], _SLOW)
    waking = min(p.morning_notice_share, 1.0 - p.asleep_notice_share)
    at_night = (
        (p.asleep_notice_share, p.asleep_notice_minutes, _QUICK),
        (waking, p.morning_notice_minutes, _MORNING),
    )
    minutes = np.where(
        where.asleep, mixture_latency(uniform, at_night), mixture_latency(uniform, (quick, slow))
    )
    return _minutes_to_s(minutes, p)


def _place_in_line(addressed: Bools, order: Ints) -> Ints:
    """Return how many go out before each message."""
    place = np.empty(len(order), dtype=np.int64)
    queued = addressed[order]
    place[order] = np.cumsum(queued) - queued
    return place


def _sent(addressed: Bools, arrives: Bools, delivered_s: Ints, latency_s: Ints) -> Sent:
    delivered_s = np.where(arrives, delivered_s, NEVER_AFTER_S)
    return Sent(addressed, delivered_s, _after(delivered_s, latency_s))


def _minutes_to_s(minutes: Floats, p: Parameters) -> Ints:
    return _seconds(minutes * (60.0 * p.notice_time_factor))


def _seconds(value: Floats) -> Ints:
    return np.minimum(_whole_seconds(value), NEVER_AFTER_S)


def _after(first_s: Ints, then_s: Ints) -> Ints:
    return np.asarray(np.minimum(first_s + then_s, NEVER_AFTER_S))
