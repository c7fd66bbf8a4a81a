"""Parameters of the incidents: how often, of which kind, how people move, and how it ends without
an alert.
"""

from sim.parameters.core import Beta, Gamma, LogNormal, Normal, Parameter, Uniform

_MIX = "judgement, informed by the UK mix; Dirichlet weights"
_KOESTER = "Koester 2008 and Grampian 2007 (distances, see sim.subjects)"
_JUDGED = "judgement; no source found"
_RETURN = (
    "NL 70 % within 24 h, 80 % within 48 h; Grampian 2007; Japan 2014 (59 % police, 33 % return)"
)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "missing_reports_per_year",
        "per year",
        1450.0,
        Normal(1450, 180),
        "police Oost-Nederland 7,600 a year, NL 40,000 a year, by inhabitants",
        "medium",
        "for 626,330 inhabitants; scales with the population of the grid",
    ),
    Parameter(
        "missing_urgent_share",
        "1",
        0.21,
        Beta(16, 84),
        "UK high-risk grade; no Dutch figure",
        "low",
        "upper part of the prior: the national rate of use needs it",
    ),
    Parameter(
        "eligible_given_urgent",
        "1",
        0.9,
        Uniform(0.08, 1.0),
        "judgement; calibrated to the number of actions",
        "low",
        "usable description and consent; the national rate of use needs nearly all",
    ),
    Parameter(
        "robbery_reports_per_year",
        "per year",
        26.0,
        LogNormal(30.0, 0.4),
        "2014: about 28 armed and 60 street robberies in Twente; a third with a description",
        "low",
        "robberies with a description that can be used",
    ),
    Parameter(
        "theft_reports_per_year",
        "per year",
        15.0,
        LogNormal(15.0, 0.5),
        _JUDGED,
        "assumed",
        "thefts and the like with a description that can be used",
    ),
    Parameter("weight_dementia", "1", 30.0, Gamma(30), _MIX, "low"),
    Parameter("weight_despondent", "1", 35.0, Gamma(35), _MIX, "low"),
    Parameter("weight_child", "1", 12.0, Gamma(12), _MIX, "low"),
    Parameter("weight_youth", "1", 15.0, Gamma(15), _MIX, "low"),
    Parameter("weight_other", "1", 8.0, Gamma(8), _MIX, "low"),
    Parameter("weight_flight_foot", "1", 45.0, Gamma(45), _JUDGED, "assumed"),
    Parameter("weight_flight_scooter", "1", 30.0, Gamma(30), _JUDGED, "assumed"),
    Parameter("weight_flight_car", "1", 25.0, Gamma(25), _JUDGED, "assumed"),
    Parameter(
        "missing_hour_concentration",
        "1",
        0.38,
        LogNormal(0.38, 0.3),
        "SARBayes, incident time distribution",
        "medium",
        "von Mises concentration around 17:20",
    ),
    Parameter(
        "missing_summer_factor",
        "1",
        1.10,
        Uniform(1.0, 1.3),
        _JUDGED,
        "assumed",
        "April to September",
    ),
    Parameter("missing_weekend_factor", "1", 1.0, Uniform(0.8, 1.2), _JUDGED, "assumed"),
    Parameter(
        "robbery_winter_factor",
        "1",
        1.3,
        Uniform(1.0, 1.6),
        "October to March and December peaks",
        "medium",
    ),
    Parameter("robbery_sunday_factor", "1", 0.7, Uniform(0.4, 1.0), "rarely on Sunday", "low"),
    # Delays.
    Parameter(
        "report_delay_dementia_h",
        "h",
        1.5,
        LogNormal(1.5, 0.3),
        _JUDGED,
        "assumed",
        "median, last seen to report",
    ),
    Parameter("report_delay_despondent_h", "h", 4.0, LogNormal(4.0, 0.3), _JUDGED, "assumed"),
    Parameter("report_delay_child_h", "h", 1.0, LogNormal(1.0, 0.3), _JUDGED, "assumed"),
    Parameter("report_delay_youth_h", "h", 5.0, LogNormal(5.0, 0.3), _JUDGED, "assumed"),
    Parameter("report_delay_other_h", "h", 3.0, LogNormal(3.0, 0.3), _JUDGED, "assumed"),
    Parameter("report_delay_robbery_minutes", "min", 3.0, LogNormal(3.0, 0.3), _JUDGED, "assumed"),
    Parameter(
        "alert_delay_missing_h",
        "h",
        1.0,
        LogNormal(1.0, 0.3),
        _JUDGED,
        "assumed",
        "median, report to alert",
    ),
    Parameter(
        "alert_delay_robbery_minutes", "min", 12.0, LogNormal(12.0, 0.3), _JUDGED, "assumed"
    ),
    # Description and difficulty of a case.
    Parameter(
        "photo_share",
        "1",
        0.5,
        Beta(5, 5),
        _JUDGED,
        "assumed",
        "missing persons with a photo at the alert",
    ),
    Parameter("conspicuous_share", "1", 0.4, Beta(4, 6), _JUDGED, "assumed"),
    Parameter(
        "conspicuous_factor", "1", 2.5, Uniform(1.0, 4.0), "range of the recognition priors", "low"
    ),
    Parameter(
        "frailty_variance",
        "1",
        1.0,
        LogNormal(1.0, 0.8),
        "carried as an uncertainty: not identified by any figure",
        "assumed",
        "of the log-normal factor with mean 1 on detection",
    ),
    Parameter(
        "frailty_end_correlation",
        "1",
        0.3,
        Uniform(0.0, 0.8),
        "carried as an uncertainty",
        "assumed",
        "cases that are easy to see also end sooner without an alert",
    ),
    Parameter(
        "visible_transit_dementia",
        "1",
        0.85,
        Beta(17, 3),
        "found on a road or at buildings",
        "medium",
    ),
    Parameter("visible_transit_despondent", "1", 0.60, Beta(12, 8), _JUDGED, "low"),
    Parameter("visible_transit_child", "1", 0.85, Beta(17, 3), _JUDGED, "low"),
    Parameter("visible_transit_youth", "1", 0.60, Beta(12, 8), _JUDGED, "low"),
    Parameter("visible_transit_robbery", "1", 0.90, Beta(18, 2), _JUDGED, "low"),
    Parameter(
        "visible_stationary_dementia",
        "1",
        0.70,
        Beta(70, 30),
        "misper.uk: 73 % at roads or buildings",
        "medium",
    ),
    Parameter(
        "visible_stationary_despondent",
        "1",
        0.35,
        Beta(35, 65),
        "misper.uk: found features",
        "medium",
    ),
    Parameter(
        "visible_stationary_child", "1", 0.75, Beta(75, 25), "misper.uk: found features", "low"
    ),
    Parameter(
        "visible_stationary_youth",
        "1",
        0.40,
        Beta(8, 12),
        "Grampian 12-14: half at friends, relatives or home",
        "low",
    ),
    Parameter(
        "on_road_stationary_share", "1", 0.5, Beta(5, 5), "misper.uk: found features", "low"
    ),
    Parameter(
        "solvable_fresh_share",
        "1",
        0.85,
        Uniform(0.3, 1.0),
        "carried as an uncertainty (elasticity)",
        "assumed",
        "cases in which a fresh sighting can lead to the find at all",
    ),
    Parameter("solvable_retrospective_share", "1", 0.70, Uniform(0.2, 1.0), "as above", "assumed"),
    Parameter("solvable_knowledge_share", "1", 0.60, Uniform(0.2, 1.0), "as above", "assumed"),
    # Movement.
    Parameter(
        "start_mass_share", "1", 0.10, Beta(10, 90), "SARBayes: about 10 % within 50 m", "high"
    ),
    Parameter("distance_factor", "1", 1.0, LogNormal(1.0, 0.2), _KOESTER, "medium"),
    Parameter(
        "walk_speed_dementia_m_per_s",
        "m/s",
        0.8,
        Uniform(0.6, 1.0),
        "GAIT study 2017",
        "medium",
        "mode",
    ),
    Parameter(
        "walk_speed_other_m_per_s",
        "m/s",
        1.2,
        Uniform(1.0, 1.4),
        "GAIT study 2017; judgement",
        "low",
        "mode",
    ),
    Parameter(
        "transport_speed_m_per_s",
        "m/s",
        5.0,
        LogNormal(5.0, 0.3),
        _JUDGED,
        "assumed",
        "youths, mean over the trip",
    ),
    Parameter(
        "active_hours_dementia",
        "h",
        1.5,
        LogNormal(1.5, 0.4),
        "judgement from Koester's narrative",
        "low",
        "median",
    ),
    Parameter("active_hours_other", "h", 2.0, LogNormal(2.0, 0.4), _JUDGED, "assumed", "median"),
    Parameter("flight_speed_foot_m_per_s", "m/s", 1.6, LogNormal(1.6, 0.3), _JUDGED, "assumed"),
    Parameter(
        "flight_speed_scooter_m_per_s", "m/s", 7.8, LogNormal(7.8, 0.25), _JUDGED, "assumed"
    ),
    Parameter("flight_speed_car_m_per_s", "m/s", 12.5, LogNormal(12.5, 0.3), _JUDGED, "assumed"),
    Parameter(
        "flight_window_foot_minutes",
        "min",
        20.0,
        LogNormal(20.0, 0.3),
        _JUDGED,
        "assumed",
        "median, observable",
    ),
    Parameter(
        "flight_window_scooter_minutes", "min", 10.0, LogNormal(10.0, 0.3), _JUDGED, "assumed"
    ),
    Parameter("flight_window_car_minutes", "min", 8.0, LogNormal(8.0, 0.3), _JUDGED, "assumed"),
    # How it ends without an alert: latent clocks from the report.
    Parameter(
        "police_clock_dementia_h", "h", 2.6, LogNormal(2.6, 0.25), _RETURN, "medium", "median"
    ),
    Parameter(
        "return_clock_dementia_h", "h", 4.5, LogNormal(4.5, 0.25), _RETURN, "medium", "median"
    ),
    Parameter(
        "police_clock_despondent_h", "h", 7.0, LogNormal(7.0, 0.3), _RETURN, "low", "median"
    ),
    Parameter(
        "return_clock_despondent_h", "h", 10.0, LogNormal(10.0, 0.3), _RETURN, "low", "median"
    ),
    Parameter("police_clock_child_h", "h", 2.5, LogNormal(2.5, 0.3), _RETURN, "low", "median"),
    Parameter("return_clock_child_h", "h", 3.0, LogNormal(3.0, 0.3), _RETURN, "low", "median"),
    Parameter(
        "police_clock_youth_h", "h", 16.0, LogNormal(16.0, 0.3), _RETURN, "medium", "median"
    ),
    Parameter(
        "return_clock_youth_h", "h", 12.0, LogNormal(12.0, 0.3), _RETURN, "medium", "median"
    ),
    Parameter(
        "clock_sigma", "1", 1.2, LogNormal(1.2, 0.15), _RETURN, "medium", "log scale, both clocks"
    ),
    Parameter(
        "stuck_share", "1", 0.08, Beta(8, 92), "Grampian and Japan: a tail of about 8 %", "low"
    ),
    Parameter(
        "stuck_factor", "1", 12.0, LogNormal(12.0, 0.3), "median 24 h against about 2 h", "low"
    ),
    Parameter(
        "robbery_arrest_share",
        "1",
        0.29,
        Beta(29, 71),
        "clearance 34 % (2013) times 85 % caught in the act",
        "medium",
        "arrested by police within the horizon without an alert",
    ),
    Parameter(
        "theft_arrest_share",
        "1",
        0.15,
        Beta(15, 85),
        "clearance of crime in Twente 21.6 % (2008)",
        "low",
    ),
    Parameter(
        "arrest_clock_minutes",
        "min",
        40.0,
        LogNormal(40.0, 0.3),
        _JUDGED,
        "assumed",
        "median, when arrested",
    ),
)
