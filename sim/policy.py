"""The levers: everything that a policy decides, and nothing that it does not.

A lever is a choice of people (how many hours, which channel, how wide a circle); what no policy
decides is an uncertain parameter (`sim.parameters`). The defaults are the Twente agreements of
2010 as the memo of 2014 describes them; the files of `scenarios/` state only what differs. Levers
may be overridden from a date on and for some municipalities.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Performer: TypeAlias = Literal["municipality", "region", "host", "police"]
Payer: TypeAlias = Literal["municipality", "region", "police"]
TASKS = ("policy_work", "relation_management", "communication")
"""The memo's three tasks."""
PAYERS: tuple[Payer, ...] = ("municipality", "region", "police")

Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Eur: TypeAlias = Annotated[float, Field(ge=0.0, le=1e7)]


class LeverGroup(BaseModel):
    """Settings shared by every group of levers: unknown keys, wrong types, NaN and infinity are
    refused.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=False
    )


class TaskEffort(LeverGroup):
    """Who does one of the memo's tasks, who pays, and how much: in hours or in euros, not both."""

    performer: Performer = Field(default="municipality", description="who does the work")
    payer: Payer = Field(default="municipality", description="who pays for it")
    hours_per_month_per_1000_inhabitants: float = Field(
        default=0.0, ge=0.0, le=10.0, description="hours a month per 1,000 inhabitants"
    )
    eur_per_inhabitant_per_year: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="euros per inhabitant a year, turned into hours at the hourly cost",
    )

    @model_validator(mode="after")
    def _one_measure(self) -> TaskEffort:
        if self.hours_per_month_per_1000_inhabitants > 0 and self.eur_per_inhabitant_per_year > 0:
            raise ValueError(
                "state the effort in hours_per_month_per_1000_inhabitants or in "
                "eur_per_inhabitant_per_year, not in both"
            )
        return self


class Effort(LeverGroup):
    """The three tasks of the memo."""

    policy_work: TaskEffort = Field(default_factory=TaskEffort)
    relation_management: TaskEffort = Field(default_factory=TaskEffort)
    communication: TaskEffort = Field(default_factory=TaskEffort)


class Register(LeverGroup):
    """What happens to the register of participants."""

    sign_ups_processed: bool = Field(default=True, description="new sign-ups are processed")
    corrections_processed: bool = Field(
        default=True, description="changes of address or number are processed"
    )


LONGEST_OPEN_FACTOR = 3.0
"""Largest factor by which a policy may lengthen the time that an action stays open."""


class ControlRoom(LeverGroup):
    """The police control room: people, lines, delays and local knowledge."""

    operators: int = Field(
        default=2, ge=1, le=50, description="operators who take Burgernet calls"
    )
    unlimited: bool = Field(
        default=False,
        description="no queue for operators and police units (for analysis, not a real choice)",
    )
    units_per_area: int = Field(
        default=2,
        ge=1,
        le=50,
        description="police units in each of the areas that can follow up tips",
    )
    extra_decision_minutes: float = Field(
        default=0.0,
        ge=0.0,
        le=240.0,
        description="delay from report to alert on top of the present one",
    )
    leaves_twente_on: date | None = Field(
        default=None, description="date on which the control room leaves Twente"
    )
    away_extra_decision_minutes: float = Field(
        default=15.0, ge=0.0, le=240.0, description="further delay to the alert once it has left"
    )
    away_find_factor: float = Field(
        default=0.9,
        ge=0.0,
        le=1.0,
        description="chance that a tip leads to the find, relative to today, once it has left",
    )
    open_minutes_factor: float = Field(
        default=1.0,
        ge=0.1,
        le=LONGEST_OPEN_FACTOR,
        description="how long an action stays open, relative to today",
    )


class Circle(LeverGroup):
    """The circle that the operator draws around the last-known point."""

    radius_urban_m: float = Field(
        default=2750.0, ge=100.0, le=50_000.0, description="radius in urban cells (urbanity 1-3)"
    )
    radius_rural_m: float = Field(
        default=4500.0, ge=100.0, le=50_000.0, description="radius in rural cells (urbanity 4-5)"
    )
    robbery_factor: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="radius for robbery and theft relative to missing persons",
    )
    growth_share_per_hour: float = Field(
        default=0.0,
        ge=0.0,
        le=2.0,
        description="growth of the radius per hour since the person was last seen",
    )
    growth_limit: float = Field(
        default=1.5, ge=1.0, le=10.0, description="largest factor by which the radius grows"
    )


class Sms(LeverGroup):
    """Text messages to registered participants."""

    enabled: bool = Field(default=True, description="text messages are sent")
    messages_per_second: float | None = Field(
        default=20.0, gt=0.0, le=1e6, description="gateway throughput; none is unlimited"
    )
    price_eur: float = Field(default=0.07, ge=0.0, le=10.0, description="price of a message")


class Voice(LeverGroup):
    """Spoken messages to registered participants who prefer a call."""

    enabled: bool = Field(default=True, description="calls are made")
    lines: int | None = Field(
        default=30, ge=1, le=100_000, description="calls at a time; none is unlimited"
    )
    call_s: int = Field(default=40, ge=1, le=600, description="seconds that one call holds a line")
    price_eur: float = Field(default=0.10, ge=0.0, le=10.0, description="price of a call")


class App(LeverGroup):
    """The Burgernet app: free, without registration, by present location."""

    enabled: bool = Field(default=True, description="the app sends messages")
    adoption_factor: float = Field(
        default=1.0, ge=0.0, le=20.0, description="adoption relative to the national curve"
    )
    register_moved_share: Share = Field(
        default=0.0, description="share of the first participants who are moved to the app"
    )


class Email(LeverGroup):
    """E-mail to registered participants (never done in Twente); costs nothing a message."""

    enabled: bool = Field(default=False, description="e-mail is sent")


class SocialMedia(LeverGroup):
    """Posts by police and municipalities that the public reads."""

    enabled: bool = Field(default=False, description="posts go out on social media")


class NlAlert(LeverGroup):
    """Cell broadcast to every phone in the circle, for incidents with danger to life."""

    enabled: bool = Field(default=False, description="NL-Alert is used for the gravest cases")


class AmberAlert(LeverGroup):
    """The national child alert; only for missing children in immediate danger."""

    enabled: bool = Field(
        default=False, description="AMBER Alert is used for the gravest cases of children"
    )


class Channels(LeverGroup):
    """The ways in which an alert goes out; each is switched by the policy."""

    sms: Sms = Field(default_factory=Sms)
    voice: Voice = Field(default_factory=Voice)
    app: App = Field(default_factory=App)
    email: Email = Field(default_factory=Email)
    social_media: SocialMedia = Field(default_factory=SocialMedia)
    nl_alert: NlAlert = Field(default_factory=NlAlert)
    amber_alert: AmberAlert = Field(default_factory=AmberAlert)


class Campaign(LeverGroup):
    """A dated household letter that asks people to take part."""

    day: date
    written_share: Share = Field(
        default=1.0, description="share of inhabitants who get the letter"
    )
    eur_per_inhabitant_written: float = Field(default=0.35, ge=0.0, le=100.0)
    payer: Payer = "municipality"


class OneOffCost(LeverGroup):
    """A cost that falls once: of a transition, or of ending."""

    day: date
    eur: Eur
    payer: Payer
    task: Literal["transition", "ending"] = "transition"


class Levers(LeverGroup):
    """Everything that a policy decides at one moment in one municipality."""

    operator_use: Share = Field(
        default=0.38,
        description="share of eligible incidents that the control room turns into an action",
    )
    effort: Effort = Field(default_factory=Effort)
    register_: Register = Field(default_factory=Register, alias="register")
    control_room: ControlRoom = Field(default_factory=ControlRoom)
    circle: Circle = Field(default_factory=Circle)
    channels: Channels = Field(default_factory=Channels)
    campaigns: tuple[Campaign, ...] = Field(default=(), strict=False)


class Change(LeverGroup):
    """Levers that change from a date on, in all or in some municipalities."""

    from_day: date | None = Field(default=None, description="first day; none: from the start")
    municipalities: tuple[str, ...] = Field(
        default=(), strict=False, description="codes (GM0153); empty: all"
    )
    levers: dict[str, Any] = Field(
        default_factory=dict, description="the levers that differ, as in the policy itself"
    )


FIXED_LEVERS = ("operators", "units_per_area", "unlimited", "leaves_twente_on", "away_find_factor")
"""Levers of the control room that hold from the start: the resources are set up once."""
REGIONAL_LEVERS = ("control_room",)
"""Groups of levers of the one control room: dated, but the same for every municipality."""


class Policy(Levers):
    """One policy: its levers, the changes in time and place, and why it is there."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    intent: str = Field(default="", max_length=600)
    source: str = Field(default="", max_length=600)
    one_off_costs: tuple[OneOffCost, ...] = Field(default=(), strict=False)
    changes: tuple[Change, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _changes_resolve(self) -> Policy:
        for change in self.changes:
            if change.municipalities and (
                found := [k for k in REGIONAL_LEVERS if k in change.levers]
            ):
                raise ValueError(
                    f"changes: {found[0]} is one for the region, not for some municipalities"
                )
            fixed = [k for k in FIXED_LEVERS if k in change.levers.get("control_room", {})]
            if fixed:
                raise ValueError(f"changes: control_room.{fixed[0]} holds from the start on")
            self._with(change.levers)
        return self

    def levers_at(self, day: date, gm_code: str) -> Levers:
        """Return the levers in force on a day in a municipality; later changes overrule earlier
        ones.

        Changes apply in the order of their dates and, on one date, in the order in which they are
        written.
        """
        merged: dict[str, Any] = {}
        for change in sorted(self.changes, key=lambda c: c.from_day or date.min):
            begun = change.from_day is None or change.from_day <= day
            if begun and (not change.municipalities or gm_code in change.municipalities):
                merged = merge(merged, change.levers)
        return self._with(merged)

    def change_days(self) -> tuple[date, ...]:
        """Return the dates on which some lever changes, in order."""
        return tuple(sorted({c.from_day for c in self.changes if c.from_day is not None}))

    def _with(self, levers: dict[str, Any]) -> Levers:
        own = self.model_dump(include=set(Levers.model_fields), by_alias=True)
        return Levers.model_validate(merge(own, levers))


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `over` laid over it, table by table; neither is changed."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        out[key] = (
            merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return out
