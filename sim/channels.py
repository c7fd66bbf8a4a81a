"""The channels to people who can be named: whom each addresses, how its messages queue, when they
arrive and when they are noticed.

A channel is one class that says these things, with an entry in `CHANNELS`; the loops of
`sim.alerts` do the same for every channel. The public channels, whose audience has no names, are
in `sim.public_channels`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from sim.draws import Bools, Floats, Ints
from sim.levers import LeverTable
from sim.parameters import Parameters

SIGMA_QUICK = 1.0
SIGMA_SLOW = 1.2
_SIGMA_MORNING = 0.4
_SIGMA_SMS_DELAY = 0.8
_APP_DELAY_S = 5.0
_EMAIL_DELAY_S = 60.0
_AT_ONCE = ((1.0, 0.0, 0.0),)


Mixture = tuple[tuple[float, float, float], ...]
"""(share, median, sigma) of each log-normal; what the shares leave over of 1 never happens."""
PARTS = 2
"""Log-normals that a mixture can have."""


class Audience(IntEnum):
    """Whom a channel addresses."""

    REGISTERED = 0
    """On the register, not struck off, with the registered home inside the circle."""
    PRESENT = 1
    """Users of the app who are inside the circle now."""


class Preference(IntEnum):
    """Which of them, by what they prefer."""

    ANY = 0
    TEXT = 1
    CALL = 2


class Draw(IntEnum):
    """The draws of a person in an alert: words of the purposes RECEIPT and RESPONSE.

    `OWN` and `OWN + 1` are draws of the channel alone, addressed by its place in `CHANNELS`.
    """

    PRESENCE = 0
    ORDER = 1
    RECEIPT = 2
    NOTICE = 3
    ATTEND = 4
    NOTICE_APP = 5
    NOTICE_EMAIL = 6
    SEARCH = 7
    OWN = 8


class Waking(IntEnum):
    """What somebody does at the alert, as far as it decides when a message is noticed."""

    AT_HOME = 0
    ASLEEP = 1
    AWAY = 2


class Line(NamedTuple):
    """How the messages of an alert queue, by distinct set of levers.

    Attributes:
        per_second: throughput of a gateway, infinite for none.
        lines: calls at a time, 0 for any number.
        call_s: how long a call holds its line.
    """

    per_second: Floats
    lines: Ints
    call_s: Ints


class Channel(Protocol):
    """A way to reach people who can be named."""

    name: ClassVar[str]
    audience: ClassVar[Audience]
    prefers: ClassVar[Preference]
    draws: ClassVar[tuple[int, int]]
    """The draws that decide delivery and notice."""

    def enabled(self, table: LeverTable) -> Bools:
        """Tell for each distinct set of levers whether the channel is used."""
        ...

    def line(self, table: LeverTable) -> Line:
        """Return how messages queue."""
        ...

    def delivery_s(self, parameters: Parameters) -> Mixture:
        """Return the time from sending to arrival in seconds; the rest is lost."""
        ...

    def notice_minutes(self, parameters: Parameters) -> tuple[Mixture, Mixture, Mixture]:
        """Return the time from arrival to notice for each `Waking`."""
        ...


def no_line(table: LeverTable) -> Line:
    """Return the line of a channel that sends everything at once."""
    n = len(table.levers)
    return Line(np.full(n, np.inf), np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64))


def on_a_phone(
    quick: tuple[float, float], slow: tuple[float, float], p: Parameters
) -> tuple[Mixture, Mixture, Mixture]:
    """Return when something that appears on a phone is noticed: by those awake quickly, slowly or
    never, by sleepers now or on waking.

    Args:
        quick, slow: share and median in minutes.
        p: parameters.
    """
    awake = ((*quick, SIGMA_QUICK), (*slow, SIGMA_SLOW))
    asleep = (
        (p.asleep_notice_share, p.asleep_notice_minutes, SIGMA_QUICK),
        (
            min(p.morning_notice_share, 1.0 - p.asleep_notice_share),
            p.morning_notice_minutes,
            _SIGMA_MORNING,
        ),
    )
    return awake, asleep, awake


class SmsChannel:
    """Text messages to registered participants who do not prefer a call, through a gateway of
    limited throughput; stale records are sent to and never reached.
    """

    name: ClassVar[str] = "sms"
    audience: ClassVar[Audience] = Audience.REGISTERED
    prefers: ClassVar[Preference] = Preference.TEXT
    draws: ClassVar[tuple[int, int]] = (Draw.RECEIPT, Draw.NOTICE)

    def enabled(self, table: LeverTable) -> Bools:
        """See `Channel`."""
        return table.values(lambda v: v.channels.sms.enabled, np.bool_)

    def line(self, table: LeverTable) -> Line:
        """See `Channel`."""
        rate = table.values(
            lambda v: _limit(v.channels.sms.messages_per_second, np.inf), np.float64
        )
        return no_line(table)._replace(per_second=rate)

    def delivery_s(self, parameters: Parameters) -> Mixture:
        """See `Channel`."""
        p = parameters
        return ((1.0 - p.sms_lost_share, p.sms_delay_s, _SIGMA_SMS_DELAY),)

    def notice_minutes(self, parameters: Parameters) -> tuple[Mixture, Mixture, Mixture]:
        """See `Channel`."""
        p = parameters
        quick, slow = (
            (p.sms_quick_share, p.sms_quick_minutes),
            (p.sms_slow_share, p.sms_slow_minutes),
        )
        return on_a_phone(quick, slow, p)


class VoiceChannel:
    """Spoken messages by phone to registered participants who prefer them, over a limited number
    of lines: heard live, from voicemail or never.
    """

    name: ClassVar[str] = "voice"
    audience: ClassVar[Audience] = Audience.REGISTERED
    prefers: ClassVar[Preference] = Preference.CALL
    draws: ClassVar[tuple[int, int]] = (Draw.RECEIPT, Draw.NOTICE)

    def enabled(self, table: LeverTable) -> Bools:
        """See `Channel`."""
        return table.values(lambda v: v.channels.voice.enabled, np.bool_)

    def line(self, table: LeverTable) -> Line:
        """See `Channel`."""
        return Line(
            per_second=np.full(len(table.levers), np.inf),
            lines=table.values(lambda v: _limit(v.channels.voice.lines, 0), np.int64),
            call_s=table.values(lambda v: v.channels.voice.call_s, np.int64),
        )

    def delivery_s(self, parameters: Parameters) -> Mixture:
        """See `Channel`; `parameters` plays no part."""
        del parameters
        return _AT_ONCE

    def notice_minutes(self, parameters: Parameters) -> tuple[Mixture, Mixture, Mixture]:
        """See `Channel`."""
        p = parameters
        recorded = (p.voicemail_share, p.voicemail_minutes, SIGMA_SLOW)
        at_phone = ((p.voice_live_share, p.voice_live_minutes, 0.0), recorded)
        not_at_phone = (
            (p.voice_live_share * p.voice_away_factor, p.voice_live_minutes, 0.0),
            recorded,
        )
        return at_phone, not_at_phone, not_at_phone


class AppChannel:
    """Push messages of the app to whoever is inside the circle now, registered or not."""

    name: ClassVar[str] = "app"
    audience: ClassVar[Audience] = Audience.PRESENT
    prefers: ClassVar[Preference] = Preference.ANY
    draws: ClassVar[tuple[int, int]] = (Draw.RECEIPT, Draw.NOTICE_APP)

    def enabled(self, table: LeverTable) -> Bools:
        """See `Channel`."""
        return table.values(lambda v: v.channels.app.enabled, np.bool_)

    def line(self, table: LeverTable) -> Line:
        """See `Channel`."""
        return no_line(table)

    def delivery_s(self, parameters: Parameters) -> Mixture:
        """See `Channel`; `parameters` plays no part."""
        del parameters
        return ((1.0, _APP_DELAY_S, 0.0),)

    def notice_minutes(self, parameters: Parameters) -> tuple[Mixture, Mixture, Mixture]:
        """See `Channel`."""
        p = parameters
        quick, slow = (
            (p.app_quick_share, p.app_quick_minutes),
            (p.app_slow_share, p.app_slow_minutes),
        )
        return on_a_phone(quick, slow, p)


class EmailChannel:
    """E-mail to registered participants."""

    name: ClassVar[str] = "email"
    audience: ClassVar[Audience] = Audience.REGISTERED
    prefers: ClassVar[Preference] = Preference.ANY
    draws: ClassVar[tuple[int, int]] = (Draw.RECEIPT, Draw.NOTICE_EMAIL)

    def enabled(self, table: LeverTable) -> Bools:
        """See `Channel`."""
        return table.values(lambda v: v.channels.email.enabled, np.bool_)

    def line(self, table: LeverTable) -> Line:
        """See `Channel`."""
        return no_line(table)

    def delivery_s(self, parameters: Parameters) -> Mixture:
        """See `Channel`; `parameters` plays no part."""
        del parameters
        return ((1.0, _EMAIL_DELAY_S, 0.0),)

    def notice_minutes(self, parameters: Parameters) -> tuple[Mixture, Mixture, Mixture]:
        """See `Channel`."""
        p = parameters
        read = ((p.email_read_share, p.email_read_minutes, SIGMA_SLOW),)
        return read, read, read


def _limit(value: float | None, unlimited: float) -> float:
    return unlimited if value is None else value


CHANNELS: tuple[Channel, ...] = (SmsChannel(), VoiceChannel(), AppChannel(), EmailChannel())
"""Every channel to named people; a new one is a class above or in a file of its own, and an entry
here."""


class Channels(NamedTuple):
    """What the channels [c] say, as the compiled loops read it.

    Attributes:
        audience, prefers: `Audience` and `Preference`.
        used: some policy uses it at some time.
        queues: under some policy its messages wait for each other.
        delivery_draw, notice_draw: `Draw`.
        enabled: by [c, set of levers].
        per_second, lines, call_s: see `Line`, by [c, set of levers].
        delivery: mixture from sending to arrival in seconds, the same for each `Waking`, [c, 3,
            PARTS, 3].
        notice: mixture on to notice in minutes by `Waking`, in the same shape.
        minute_s: seconds of a minute times the factor on every time to notice.
    """

    audience: Ints
    prefers: Ints
    used: Bools
    queues: Bools
    delivery_draw: Ints
    notice_draw: Ints
    enabled: Bools
    per_second: Floats
    lines: Ints
    call_s: Ints
    delivery: Floats
    notice: Floats
    minute_s: float


def channels_of(
    table: LeverTable,
    parameters: Parameters,
    channels: tuple[Channel, ...] | None = None,
) -> Channels:
    """Ask the channels what they do.

    Args:
        table: levers.
        parameters: uncertain parameters.
        channels: `CHANNELS` by default.
    """
    every = CHANNELS if channels is None else channels
    lines = [channel.line(table) for channel in every]
    return Channels(
        audience=np.array([int(c.audience) for c in every], dtype=np.int64),
        prefers=np.array([int(c.prefers) for c in every], dtype=np.int64),
        used=np.array([c.enabled(table).any() for c in every], dtype=np.bool_),
        queues=np.array(
            [((line.lines > 0) | np.isfinite(line.per_second)).any() for line in lines],
            dtype=np.bool_,
        ),
        delivery_draw=np.array([int(c.draws[0]) for c in every], dtype=np.int64),
        notice_draw=np.array([int(c.draws[1]) for c in every], dtype=np.int64),
        enabled=np.stack([c.enabled(table) for c in every]),
        per_second=np.stack([line.per_second for line in lines]),
        lines=np.stack([line.lines for line in lines]),
        call_s=np.stack([line.call_s for line in lines]),
        delivery=np.stack([_padded((c.delivery_s(parameters),) * 3) for c in every]),
        notice=np.stack([_padded(c.notice_minutes(parameters)) for c in every]),
        minute_s=60.0 * parameters.notice_time_factor,
    )


def _padded(mixtures: tuple[Mixture, ...]) -> Floats:
    """Return mixtures as an array [mixture, PARTS, 3]; parts that one lacks have share 0."""
    out = np.zeros((len(mixtures), PARTS, 3))
    for m, mixture in enumerate(mixtures):
        out[m, : len(mixture)] = mixture
    return out
