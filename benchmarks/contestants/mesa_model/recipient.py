"""People with an alert to read, as agents: they notice, look out, remember and call."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import mesa

from benchmarks.contestants.mesa_model.alert import HOUR_S, MINUTE_S, Alert
from benchmarks.contestants.mesa_model.residents import Place

if TYPE_CHECKING:
    from benchmarks.contestants.mesa_model.model import BurgernetModel

FRESH, RETROSPECTIVE, KNOWLEDGE, FALSE = range(4)
"""Kinds of tips; the first three are true."""
_REPORT, _KNOWLEDGE, _FALSE = 0.8, 1.0, 1.0


class Tip(NamedTuple):
    """A call that somebody means to make; `seen_s` is nothing for knowledge and false tips."""

    call_s: float
    kind: int
    seen_s: float | None


class Recipient(mesa.Agent):
    """One person with one alert."""

    def __init__(
        self,
        model: BurgernetModel,
        alert: Alert,
        place: Place,
        notice_s: float,
        attend_share: float,
    ) -> None:
        super().__init__(model)
        self.alert, self.place, self.notice_s = alert, place, notice_s
        self.attend_share = attend_share
        self.attends = self.has_seen = False
        self.tips: list[Tip] = []
        self.until_s: float = alert.case.vanish_s

    def step(self) -> None:
        """Live through a minute."""
        now = self.model.now_s
        if now < self.notice_s:
            return
        if not self.attends:
            self._notice()
            return
        if not self.has_seen and now < self.until_s and self.alert.subject.visible:
            self._look_out()
        if self.tips:
            self._call()
        elif self.has_seen or now >= self.until_s:
            self.remove()

    def _notice(self) -> None:
        """Read the message; most do no more."""
        if self.random.random() >= self.attend_share:
            self.remove()
            return
        p, alert = self.model.p, self.alert
        self.attends = True
        searches = self.random.random() < p.search_share and not self.place.asleep
        if self.notice_s <= alert.action.alert_s + HOUR_S:
            alert.counts["attending"] += 1
            alert.counts["searching"] += searches
        self.radius_m, self.moving, self.standing = alert.hazards(self.place, searches=searches)
        if searches:
            self.until_s = min(self.until_s, alert.action.alert_s + 60.0 * p.search_minutes)
        # After closing few still respond to what they read.
        late = self.notice_s >= alert.action.planned_close_s
        attention = p.attention_after_closing if late else 1.0
        passed_s = alert.passed_s(self.place, self.random.expovariate(1.0))
        if passed_s is not None and self.random.random() < p.report_share * attention:
            self._tip(RETROSPECTIVE, passed_s, p.report_delay_minutes, _REPORT)
        if self.random.random() < alert.knowledge_share() * attention:
            self._tip(KNOWLEDGE, None, p.knowledge_minutes, _KNOWLEDGE)
        if self.random.random() < p.false_per_1000_attending / 1000.0 * attention:
            self._tip(FALSE, None, p.false_minutes, _FALSE)

    def _look_out(self) -> None:
        """See and recognise the subject in this minute, or not."""
        subject, place = self.alert.subject, self.place
        if math.hypot(subject.x_m - place.x_m, subject.y_m - place.y_m) > self.radius_m:
            return
        level = self.moving if subject.moving else self.standing
        if self.random.random() < -math.expm1(-level * self.alert.attention() * MINUTE_S):
            p, self.has_seen = self.model.p, True
            if self.random.random() < p.report_share:
                self._tip(FRESH, self.model.now_s, p.report_delay_minutes, _REPORT)

    def _tip(self, kind: int, seen_s: float | None, minutes: float, sigma: float) -> None:
        begun_s = self.model.now_s if kind == FRESH else self.notice_s
        delay_s = 60.0 * self.random.lognormvariate(math.log(minutes), sigma)
        self.tips.append(Tip(begun_s + delay_s, kind, seen_s))

    def _call(self) -> None:
        """Make the calls that are due."""
        for tip in [tip for tip in self.tips if tip.call_s <= self.model.now_s]:
            self.tips.remove(tip)
            self.model.room.ring(self.alert, tip.kind, tip.seen_s)
