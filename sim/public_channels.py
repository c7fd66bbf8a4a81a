"""The channels to people who cannot be named: NL-Alert, AMBER Alert and social media."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from sim.categories import CATEGORIES
from sim.draws import Bools, Floats
from sim.incidents import Incidents
from sim.levers import LeverTable
from sim.parameters import Parameters


class PublicChannel(Protocol):
    """A way to reach people who cannot be named."""

    name: ClassVar[str]
    whole_region: ClassVar[bool]

    def enabled(self, table: LeverTable) -> Bools:
        """Tell for each distinct set of levers whether the channel is used."""
        ...

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """Tell for which incidents the channel may be used."""
        ...

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """Return the share of residents who get the message."""
        ...

    def notice_minutes(self, parameters: Parameters) -> float:
        """Return the median time to notice."""
        ...


class NlAlertChannel:
    """Cell broadcast to every phone in the circle; only where life is in danger."""

    name: ClassVar[str] = "nl_alert"
    whole_region: ClassVar[bool] = False

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.nl_alert.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`."""
        return np.asarray(incidents.danger_level < parameters.nl_alert_qualifies_share)

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """Interpolate between the figures of 2015 and 2020, level outside."""
        known = (parameters.nl_alert_reach_2015, parameters.nl_alert_reach_2020)
        return np.interp(years_since_2015, (0.0, 5.0), known)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.nl_alert_minutes


class AmberAlertChannel:
    """The national child alert, for children in immediate danger."""

    name: ClassVar[str] = "amber_alert"
    whole_region: ClassVar[bool] = True

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.amber_alert.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`."""
        child = np.array([c.traits in ("child", "youth") for c in CATEGORIES])[incidents.category]
        return np.asarray(child & (incidents.danger_level < parameters.amber_qualifies_share))

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """See `PublicChannel`."""
        return np.full(years_since_2015.shape, parameters.amber_reach_share)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.amber_minutes


class SocialMediaChannel:
    """Posts about missing persons that residents of the circle read."""

    name: ClassVar[str] = "social_media"
    whole_region: ClassVar[bool] = False

    def enabled(self, table: LeverTable) -> Bools:
        """See `PublicChannel`."""
        return table.values(lambda v: v.channels.social_media.enabled, np.bool_)

    def qualifies(self, incidents: Incidents, parameters: Parameters) -> Bools:
        """See `PublicChannel`; `parameters` plays no part."""
        del parameters
        return np.ones(len(incidents), dtype=np.bool_)

    def reach_share(self, years_since_2015: Floats, parameters: Parameters) -> Floats:
        """See `PublicChannel`."""
        return np.full(years_since_2015.shape, parameters.social_reach_share)

    def notice_minutes(self, parameters: Parameters) -> float:
        """See `PublicChannel`."""
        return parameters.social_minutes


PUBLIC_CHANNELS: tuple[PublicChannel, ...] = (
    NlAlertChannel(),
    AmberAlertChannel(),
    SocialMediaChannel(),
)
"""Every public channel, the one that wins first: a person reached by several counts for the first
of them."""
