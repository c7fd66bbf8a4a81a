"""Who is addressed by an action, worked out from the states and places of all candidates."""

from datetime import timedelta

import numpy as np

from sim.adoption import app_curve
from sim.candidates import registered_at_start
from sim.draws import Purpose, to_uniform
from sim.presence import locate
from sim.register import State


class Scene:
    """One action of one policy, with everything recomputed that decides who is addressed."""

    def __init__(self, configuration, opened, name, row):
        self.setting, self.opened = opened.setting, opened
        self.people, incidents = opened.candidates, opened.incidents
        self.column = [p.name for p in configuration.policies].index(name)
        self.row = row
        self.incident = int(np.flatnonzero(incidents.id == row["incident_id"])[0])
        day = self.setting.start + timedelta(
            days=(
                self.setting.calendar.local(row["reported_at_s"]).date() - self.setting.start
            ).days
        )
        self.levers = configuration.policies[self.column].levers_at(day, row["gm_code"])
        self.centre = int(incidents.x_dm[self.incident]), int(incidents.y_dm[self.incident])
        moment = opened.by_time[int(row["alert_at_s"])]
        self.state = moment.state[:, self.column]
        self.listed = (self.state >= State.STALE) & ~moment.struck[:, self.column]

    def within(self, x_dm, y_dm):
        """Tell which points lie inside the circle, edge included."""
        apart = (x_dm - self.centre[0]) ** 2 + (y_dm - self.centre[1]) ** 2
        return apart <= (10 * int(self.row["radius_m"])) ** 2

    def by_register(self):
        """Return who may get texts, calls and mails: positions of candidates, three sets."""
        home = self.listed & self.within(self.people.x_dm, self.people.y_dm)
        voice, channels = self.people.prefers_voice, self.levers.channels
        empty = np.zeros(len(home), dtype=bool)
        return (
            home & ~voice if channels.sms.enabled else empty,
            home & voice if channels.voice.enabled else empty,
            home if channels.email.enabled else empty,
        )

    def by_app(self):
        """Return who has the app and is inside the circle now."""
        app, people = self.levers.channels.app, self.people
        if not app.enabled:
            return np.zeros(len(people), dtype=bool)
        alert_s = int(self.row["alert_at_s"])
        share = float(app_curve(self.setting).at(np.array([alert_s]))[0]) * app.adoption_factor
        moved = registered_at_start(people) & (people.move_level < app.register_moved_share)
        words = self.setting.stream.words(Purpose.RECEIPT, people.id, self.row["incident_id"])
        who = np.arange(len(people))
        place = locate(self.setting, people, who, np.full(len(who), alert_s), to_uniform(words)[0])
        uses = ((people.app_level < share) | moved) & (self.state != State.GONE)
        return uses & self.within(place.x_dm, place.y_dm)


def scenes(configuration, opened):
    table = opened.result.actions
    for k in range(len(table["incident_id"])):
        row = {column: values[k] for column, values in table.items()}
        yield Scene(configuration, opened, str(row["scenario"]), row)


def sets_by_action(table, *flags, key="candidate_id"):
    """Return {(scenario, incident): set of ids} of the rows where all flags hold."""
    out = {}
    keep = np.ones(len(table["incident_id"]), dtype=bool)
    for flag in flags:
        keep &= flag
    columns = (table[name][keep].tolist() for name in ("scenario", "incident_id", key))
    for scenario, incident, person in zip(*columns, strict=True):
        out.setdefault((scenario, incident), set()).add(person)
    return out
