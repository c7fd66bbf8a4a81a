"""Parameters of the organisation: control room, police units, hours and money."""

from sim.parameters.core import Beta, LogNormal, Parameter, Uniform

_JUDGED = "judgement; no source found"
_RESPONSE = "RTV Oost and Tubantia 2014-2017: 93 / 82 / 70 % within 15 minutes"

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "open_minutes_low",
        "min",
        30.0,
        Uniform(20, 40),
        "actions stay open 30-60 minutes",
        "medium",
    ),
    Parameter(
        "open_minutes_high",
        "min",
        60.0,
        Uniform(50, 90),
        "actions stay open 30-60 minutes",
        "medium",
    ),
    Parameter(
        "closing_delay_minutes",
        "min",
        5.0,
        LogNormal(5.0, 0.4),
        _JUDGED,
        "assumed",
        "end to closing message",
    ),
    Parameter(
        "service_minutes", "min", 3.0, LogNormal(3.0, 0.2), _JUDGED, "assumed", "median per call"
    ),
    Parameter(
        "patience_minutes",
        "min",
        5.0,
        LogNormal(5.0, 0.3),
        _JUDGED,
        "assumed",
        "median before hanging up",
    ),
    Parameter(
        "background_calls_per_hour",
        "per hour",
        8.0,
        LogNormal(8.0, 0.4),
        _JUDGED,
        "assumed",
        "while an action is open",
    ),
    Parameter(
        "dispatch_false_share",
        "1",
        0.40,
        Beta(8, 12),
        _JUDGED,
        "assumed",
        "false tips that send a unit",
    ),
    Parameter(
        "response_minutes_city",
        "min",
        6.5,
        LogNormal(6.5, 0.15),
        _RESPONSE,
        "medium",
        "median, Enschede, Hengelo, Oldenzaal",
    ),
    Parameter(
        "response_minutes_mid",
        "min",
        9.0,
        LogNormal(9.0, 0.15),
        _RESPONSE,
        "medium",
        "median, other municipalities",
    ),
    Parameter(
        "response_minutes_rural",
        "min",
        11.0,
        LogNormal(11.0, 0.15),
        _RESPONSE,
        "medium",
        "median, Tubbergen, Dinkelland, Haaksbergen, Twenterand",
    ),
    Parameter("response_sigma", "1", 0.57, Uniform(0.45, 0.7), _RESPONSE, "medium", "log scale"),
    Parameter(
        "on_scene_minutes",
        "min",
        20.0,
        LogNormal(20.0, 0.3),
        _JUDGED,
        "assumed",
        "median per follow-up",
    ),
    # Effort and money.
    Parameter(
        "hour_cost_eur",
        "EUR per h",
        50.0,
        LogNormal(50.0, 0.15),
        _JUDGED,
        "assumed",
        "loaded cost of an official, prices of 2014",
    ),
    Parameter(
        "overhead_hours_per_month",
        "h per month",
        3.0,
        LogNormal(3.0, 0.5),
        _JUDGED,
        "assumed",
        "fixed overhead of each organisation that does the work",
    ),
    Parameter("discount_rate", "per year", 0.03, Uniform(0.0, 0.06), _JUDGED, "assumed"),
)
