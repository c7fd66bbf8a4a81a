"""Parameters of the people: who would take part, how registers fill and decay, who uses the app."""

from sim.parameters.core import Beta, LogNormal, Normal, Parameter, Uniform

_CBS_MOVES = "CBS 2020, moving by age in 2017 (Statistische Trends)"
_CBS_DEATHS = "CBS 37979ned, deaths 2010-2018"
_MEMO = "memo Burgernet Twente 2014"
_JUDGED = "judgement; no source found"

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "registered_at_start", "participants", 37_000.0, Normal(37_000, 500), _MEMO + ": more than 37,000", "high"
    ),
    Parameter(
        "stale_share_at_start", "1", 0.18, Beta(18, 82),
        "HartslagNu 2023: responding share rose from 70 to 85 % after a clean-up", "medium",
    ),
    Parameter(
        "willing_share", "1", 0.16, Uniform(0.10, 0.25),
        _JUDGED + "; shares above 10 % were reached in some municipalities", "assumed",
        "share of all inhabitants who would ever take part",
    ),
    Parameter(
        "willing_urban_slope", "per class", 0.08, Uniform(0.0, 0.2), "news on a WODC study: lower in cities", "low",
        "relative change of the willing share per class of urbanity around class 3",
    ),
    Parameter("willing_factor_15_24", "1", 0.6, Uniform(0.3, 1.0), "WODC via news: young under-represented", "low"),
    Parameter("willing_factor_25_44", "1", 0.9, Uniform(0.6, 1.2), "WODC via news: participants older", "low"),
    Parameter("willing_factor_45_64", "1", 1.2, Uniform(0.9, 1.6), "WODC via news: participants older", "low"),
    Parameter("willing_factor_65_plus", "1", 1.1, Uniform(0.8, 1.6), "WODC via news: participants older", "low"),
    Parameter("voice_share_under_45", "1", 0.03, Beta(3, 97), _JUDGED, "assumed", "share who prefer a call to a text"),
    Parameter("voice_share_45_64", "1", 0.10, Beta(10, 90), _JUDGED, "assumed"),
    Parameter("voice_share_65_plus", "1", 0.25, Beta(25, 75), _JUDGED, "assumed"),
    # Moves, deaths and lapses.
    Parameter("moves_within_15_24", "per year", 0.100, LogNormal(0.100, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_within_25_44", "per year", 0.083, LogNormal(0.083, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_within_45_64", "per year", 0.034, LogNormal(0.034, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_within_65_plus", "per year", 0.022, LogNormal(0.022, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_between_15_24", "per year", 0.118, LogNormal(0.118, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_between_25_44", "per year", 0.071, LogNormal(0.071, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_between_45_64", "per year", 0.025, LogNormal(0.025, 0.15), _CBS_MOVES, "high"),
    Parameter("moves_between_65_plus", "per year", 0.015, LogNormal(0.015, 0.15), _CBS_MOVES, "high"),
    Parameter(
        "leaves_region_given_between", "1", 0.50, Beta(10, 10), _JUDGED, "assumed",
        "share of moves between municipalities that leave Twente",
    ),
    Parameter("deaths_under_65", "per year", 0.003, LogNormal(0.003, 0.2), _CBS_DEATHS, "medium"),
    Parameter("deaths_65_plus", "per year", 0.030, LogNormal(0.030, 0.2), _CBS_DEATHS, "medium"),
    Parameter(
        "number_change_rate", "per year", 0.05, Beta(5, 95), "USA 8 %, India 7 % of numbers a year; no Dutch rate", "low"
    ),
    Parameter("self_update_share", "1", 0.20, Beta(2, 8), _JUDGED, "assumed", "share who pass on a move themselves"),
    Parameter("lapse_rate", "per year", 0.005, LogNormal(0.005, 0.6), _JUDGED, "assumed", "unwilling for good"),
    Parameter(
        "optout_per_alert", "1", 0.002, LogNormal(0.002, 0.8),
        "judgement; 1-3.7 % per marketing text is an upper bound", "low",
    ),
    # Effort to rates: the memo states costs but no effects.
    Parameter(
        "spontaneous_sign_up_rate", "per year", 0.035, LogNormal(0.035, 0.6), _JUDGED, "assumed",
        "of the willing who are not registered, without any recruiting; set so that the base is level at the start",
    ),
    Parameter(
        "recruiting_rate_max", "per year", 0.16, LogNormal(0.16, 0.6), _JUDGED, "assumed",
        "of the willing who are not registered, at unlimited communication",
    ),
    Parameter(
        "recruiting_half_hours", "h per month per 10,000 inhabitants", 1.5, LogNormal(1.5, 0.7), _JUDGED, "assumed",
        "effective hours of communication at which half of the largest recruiting rate is reached",
    ),
    Parameter(
        "correction_rate_max", "per year", 0.30, Beta(3, 7), _JUDGED, "assumed",
        "of stale records, put right at unlimited relation management",
    ),
    Parameter(
        "strike_rate_max", "per year", 0.25, Beta(2.5, 7.5), _JUDGED, "assumed",
        "of stale records, struck off at unlimited relation management",
    ),
    Parameter(
        "relation_half_hours", "h per month per 10,000 inhabitants", 1.0, LogNormal(1.0, 0.7), _JUDGED, "assumed",
    ),
    Parameter(
        "policy_half_hours", "h per month per 10,000 inhabitants", 0.15, LogNormal(0.15, 0.7), _JUDGED, "assumed",
        "policy work at which recruiting and relation management are half effective",
    ),
    Parameter(
        "campaign_join_share", "1", 0.053, Beta(53, 947), "first household letter: just over 5 % joined", "high",
        "share of inhabitants written to who join within weeks, when nobody is registered yet",
    ),
    Parameter("campaign_weeks", "weeks", 6.0, Uniform(3.0, 10.0), "within weeks (as above)", "medium"),
    # The app.
    Parameter(
        "app_share_limit", "1", 0.20, Beta(4, 16), _JUDGED, "assumed",
        "share of the willing who use the app in the end",
    ),
    Parameter(
        "app_share_2014", "1", 0.063, LogNormal(0.063, 0.25),
        "240,000 downloads, 17 per 100 registered (NL, November 2014)", "medium",
        "share of the willing with the app on 1 November 2014",
    ),
    Parameter("app_growth_rate", "per year", 0.45, LogNormal(0.45, 0.4), _JUDGED, "assumed", "of the logistic curve"),
    # Where people are.
    Parameter(
        "work_near_home_share", "1", 0.45, Beta(9, 11), "CBS 2015: .33-.57 work in their own municipality in Twente", "medium"
    ),
    Parameter("near_distance_km", "km", 1.6, LogNormal(1.6, 0.3), _JUDGED, "assumed", "median distance of a near away place"),
    Parameter(
        "far_distance_km", "km", 15.0, LogNormal(15.0, 0.3), "CBS: mean commute 22.6 km, shorter in Twente", "medium",
        "median distance of a far away place",
    ),
    Parameter("leisure_near_share", "1", 0.65, Beta(13, 7), _JUDGED, "assumed"),
    Parameter(
        "road_share_of_away", "1", 0.18, Beta(18, 82), "CHAPS2: outdoors 6 %, vehicle 5 % of time, away 30 %", "medium",
        "share of those away who are on the road",
    ),
    Parameter("driver_share_of_road", "1", 0.50, Beta(10, 10), "CHAPS2 (as above)", "medium"),
)
