"""The first messages of an alert, person by person: when each arrives and is noticed."""

from __future__ import annotations

import math
from random import Random

from benchmarks.contestants.mesa_model.residents import Place
from sim.parameters import Parameters
from sim.policy import Channels

NEVER = math.inf
_QUICK, _SLOW, _MORNING, _TRANSPORT = 1.0, 1.2, 0.4, 0.8
_APP_DELAY_S = 5.0


class Lines:
    """The gateway, the telephone lines and the app's server of one alert.

    Each message gives when it arrives and when it is noticed, in seconds after the alert,
    infinite for never.
    """

    def __init__(self, channels: Channels, parameters: Parameters, random: Random) -> None:
        self._channels, self._p, self._random = channels, parameters, random
        self._texts = self._calls = 0

    def text_s(self, place: Place, *, good: bool) -> tuple[float, float]:
        """Send a text through the gateway."""
        p, rate = self._p, self._channels.sms.messages_per_second
        sent_s = 0.0 if rate is None else self._texts // rate
        self._texts += 1
        if not good or self._random.random() < p.sms_lost_share:
            return NEVER, NEVER
        delivered_s = sent_s + self._lognormal(p.sms_delay_s, _TRANSPORT)
        return delivered_s, delivered_s + self._on_phone_s("sms", place)

    def call_s(self, place: Place, *, good: bool) -> tuple[float, float]:
        """Call over a free line: heard live, from voicemail or never."""
        p, voice = self._p, self._channels.voice
        sent_s = 0.0 if voice.lines is None else self._calls // voice.lines * voice.call_s
        self._calls += 1
        if not good:
            return NEVER, NEVER
        at_phone = not (place.asleep or place.away)
        live = p.voice_live_share * (1.0 if at_phone else p.voice_away_factor)
        u, minutes = self._random.random(), NEVER
        if u < live:
            minutes = p.voice_live_minutes
        elif u < live + p.voicemail_share:
            minutes = self._lognormal(p.voicemail_minutes, _SLOW)
        return sent_s, sent_s + 60.0 * p.notice_time_factor * minutes

    def push_s(self, place: Place) -> tuple[float, float]:
        """Push to the phone."""
        return _APP_DELAY_S, _APP_DELAY_S + self._on_phone_s("app", place)

    def _on_phone_s(self, kind: str, place: Place) -> float:
        """Return the time to notice what appears on a phone, by waking state."""
        p = self._p
        if place.asleep:
            parts = (
                (p.asleep_notice_share, p.asleep_notice_minutes, _QUICK),
                (p.morning_notice_share, p.morning_notice_minutes, _MORNING),
            )
        else:
            parts = (
                (p[f"{kind}_quick_share"], p[f"{kind}_quick_minutes"], _QUICK),
                (p[f"{kind}_slow_share"], p[f"{kind}_slow_minutes"], _SLOW),
            )
        u = self._random.random()
        for share, minutes, sigma in parts:
            if u < share:
                return 60.0 * p.notice_time_factor * self._lognormal(minutes, sigma)
            u -= share
        return NEVER

    def _lognormal(self, median: float, sigma: float) -> float:
        return self._random.lognormvariate(math.log(median), sigma)
