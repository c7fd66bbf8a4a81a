"""Alerts: who gets the first message of each action, when it arrives and when it is noticed."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sim.candidates import Candidates
from sim.channels import CHANNELS, Audience
from sim.draws import NEVER_AFTER_S, Bools, Ints, Purpose, Spans, to_uniform
from sim.incidents import Incidents
from sim.layout import by_policy, per_circle
from sim.presence import Presence, locate
from sim.register import State
from sim.setting import Setting
from sim.sweep import Chunk


@dataclass(frozen=True, slots=True)
class Recipients:
    """People who get a message under at least one policy; times in seconds after the alert,
    `NEVER_AFTER_S` for never.

    Attributes:
        circle: number of the alert of each row [n], ascending.
        who: position of the candidate.
        person_id: address of the person's draws.
        presence: where they are at the alert.
        inside: they are inside the circle at the alert.
        addressed, delivered_s, noticed_s: by [n, p].
        attends: attends once the message is noticed, [n, p].
        searches: would search when attending.
        messages: first messages of each channel by [circle, p].
    """

    circle: Ints
    who: Ints
    person_id: Ints
    presence: Presence
    inside: Bools
    addressed: Bools
    delivered_s: Spans
    noticed_s: Spans
    attends: Bools
    searches: Bools
    messages: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.circle)


def reach(
    setting: Setting, chunk: Chunk, candidates: Candidates, incidents: Incidents, levers: Ints
) -> Recipients:
    """Send the first messages of some alerts and follow them until they are noticed.

    Args:
        setting: what every stage reads.
        chunk: the alerts and what the register says about the people around.
        candidates: all candidates.
        incidents: all incidents.
        levers: numbers of the levers in force, by [circle, p].
    """
    p, circles, selection, shares = (
        setting.parameters,
        chunk.circles,
        chunk.selection,
        chunk.shares,
    )
    where = np.array([c.incident for c in circles], dtype=np.int64)
    circle, who = selection.circle, selection.who
    ids, case = candidates.id[who], incidents.id[where][circle]
    alert_s = np.array([c.alert_s for c in circles], dtype=np.int64)[circle]
    words = setting.stream.words(Purpose.RECEIPT, ids, case)
    receipt = to_uniform(words)
    response = setting.stream.uniforms(Purpose.RESPONSE, ids, case)
    presence = locate(setting, candidates, who, alert_s, receipt[0])
    radius_dm = np.array([c.radius_m * 10 for c in circles], dtype=np.int64)[circle]
    east_dm = presence.x_dm - incidents.x_dm[where][circle]
    north_dm = presence.y_dm - incidents.y_dm[where][circle]
    inside = east_dm**2 + north_dm**2 <= radius_dm**2
    listed = (selection.state >= State.STALE) & ~selection.struck
    started = candidates.start_level[who] < candidates.start_share[who]
    moved = started[:, None] & (candidates.move_level[who, None] < by_policy(shares[1][circle]))
    has_app = (candidates.app_level[who, None] < by_policy(shares[0][circle])) | moved
    audience = Audience(
        alert=circle,
        levers=levers,
        registered=listed & selection.home_inside[:, None],
        good=selection.state == State.GOOD,
        has_app=has_app & (selection.state != State.GONE) & inside[:, None],
        prefers_voice=candidates.prefers_voice[who],
        presence=presence,
        person_id=ids,
        order_word=words[1],
        receipt=receipt[2],
        notice=receipt[3],
        notice_app=response[1],
        notice_email=response[2],
    )
    addressed = np.zeros(listed.shape, dtype=np.bool_, order="F")
    delivered = np.full(listed.shape, NEVER_AFTER_S, dtype=np.int32, order="F")
    noticed = np.full(listed.shape, NEVER_AFTER_S, dtype=np.int32, order="F")
    messages: dict[str, Ints] = {}
    for channel in CHANNELS:
        rows = channel.rows(audience, setting.table)
        sending = channel.send(take_audience(audience, rows), setting.table, p)
        for j in range(listed.shape[1]):
            addressed[rows, j] |= sending.addressed[:, j]
            delivered[rows, j] = np.minimum(delivered[rows, j], sending.delivered_s[:, j])
            noticed[rows, j] = np.minimum(noticed[rows, j], sending.noticed_s[:, j])
        messages[channel.name] = per_circle(sending.addressed, circle[rows], len(circles))
    weeks = np.arange(int(selection.alerts_last_week.max(initial=0)) + 1)
    share = (p.attend_share * p.fatigue_factor**weeks)[selection.alerts_last_week]
    return Recipients(
        circle=circle,
        who=who,
        person_id=ids,
        presence=presence,
        inside=inside,
        addressed=addressed,
        delivered_s=delivered,
        noticed_s=noticed,
        attends=(noticed < NEVER_AFTER_S) & (response[0][:, None] < share),
        searches=response[3] < p.search_share,
        messages=messages,
    )


def take_audience(audience: Audience, rows: Ints) -> Audience:
    """Return some of the rows of an audience."""
    whole = {f.name: getattr(audience, f.name) for f in fields(Audience)}
    parts = {
        name: by_policy(values[rows]) if np.ndim(values) > 1 else values[rows]
        for name, values in whole.items()
        if name not in ("presence", "levers")
    }
    return Audience(**parts, presence=audience.presence.take(rows), levers=audience.levers)
