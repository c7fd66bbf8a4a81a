"""Parameters of the response: who is reached, who notices, who sees, who calls."""

from sim.parameters.core import Beta, LogNormal, Parameter, Uniform

_SCHOLTEN = "Scholten et al. 2011, Resuscitation 82:1273 (SMS to registered citizens, NL 2010)"
_JUDGED = "judgement; no source found"
_KOOPMAN = "judgement with W = 1.6 times the range of detection (Koester et al. 2014)"
_PRODUCT = "calibrated: only the product with recognition and reporting is identified"

PARAMETERS: tuple[Parameter, ...] = (
    # Receiving and noticing. Latencies are mixtures of log-normals; what is left over never
    # notices.
    Parameter(
        "sms_delay_s", "s", 15.0, LogNormal(15, 0.5), _JUDGED, "assumed", "median network delay"
    ),
    Parameter("sms_lost_share", "1", 0.02, Beta(2, 98), _JUDGED, "assumed"),
    Parameter(
        "sms_quick_share",
        "1",
        0.60,
        Beta(24, 16),
        _SCHOLTEN,
        "medium",
        "noticed in minutes when awake",
    ),
    Parameter("sms_quick_minutes", "min", 3.0, LogNormal(3.0, 0.3), _SCHOLTEN, "medium"),
    Parameter("sms_slow_share", "1", 0.30, Beta(12, 28), _SCHOLTEN, "medium"),
    Parameter("sms_slow_minutes", "min", 25.0, LogNormal(25.0, 0.3), _SCHOLTEN, "low"),
    Parameter("app_quick_share", "1", 0.55, Beta(22, 18), "Caputo 2017; turn-out times", "low"),
    Parameter(
        "app_quick_minutes", "min", 2.0, LogNormal(2.0, 0.3), "Caputo 2017; turn-out times", "low"
    ),
    Parameter("app_slow_share", "1", 0.25, Beta(10, 30), _JUDGED, "assumed"),
    Parameter("app_slow_minutes", "min", 25.0, LogNormal(25.0, 0.3), _JUDGED, "assumed"),
    Parameter(
        "asleep_notice_share", "1", 0.15, Beta(3, 17), "one third use the phone at night", "low"
    ),
    Parameter("asleep_notice_minutes", "min", 10.0, LogNormal(10.0, 0.4), _JUDGED, "assumed"),
    Parameter(
        "morning_notice_share", "1", 0.75, Beta(15, 5), _JUDGED, "assumed", "read on waking"
    ),
    Parameter("morning_notice_minutes", "min", 300.0, LogNormal(300.0, 0.2), _JUDGED, "assumed"),
    Parameter(
        "voice_live_share", "1", 0.33, Beta(4, 8), "US 13-19 % live; a known number higher", "low"
    ),
    Parameter("voice_live_minutes", "min", 0.5, LogNormal(0.5, 0.2), _JUDGED, "assumed"),
    Parameter(
        "voicemail_share", "1", 0.35, Beta(7, 13), "Picayune 2013: 21 % to a machine", "low"
    ),
    Parameter("voicemail_minutes", "min", 60.0, LogNormal(60.0, 0.4), _JUDGED, "assumed"),
    Parameter(
        "voice_away_factor",
        "1",
        0.4,
        Uniform(0.1, 0.9),
        _JUDGED,
        "assumed",
        "live answer when not awake at home",
    ),
    Parameter("email_read_share", "1", 0.50, Beta(10, 10), _JUDGED, "assumed"),
    Parameter("email_read_minutes", "min", 180.0, LogNormal(180.0, 0.4), _JUDGED, "assumed"),
    Parameter(
        "notice_time_factor", "1", 1.0, LogNormal(1.0, 0.2), _JUDGED, "assumed", "on every latency"
    ),
    # Attending and searching.
    Parameter(
        "attend_share",
        "1",
        0.60,
        Beta(6, 4),
        _JUDGED,
        "assumed",
        "of those who notice: read and keep in mind",
    ),
    Parameter(
        "fatigue_factor",
        "1",
        0.85,
        Beta(17, 3),
        "Lampinen & Moore 2016 (direction); size judged",
        "low",
        "on attending, per further alert in the last week",
    ),
    Parameter(
        "search_share",
        "1",
        0.12,
        Beta(2, 18),
        "judgement; 27.6 % acted on a medical call is an upper bound",
        "low",
    ),
    Parameter(
        "search_minutes", "min", 90.0, LogNormal(90.0, 0.4), _JUDGED, "assumed", "after the alert"
    ),
    Parameter("search_alertness", "1", 2.0, Uniform(1.0, 3.0), _JUDGED, "assumed"),
    # Encounter: sweep width x relative speed / area of own activity (Koopman).
    Parameter("sweep_walk_m", "m", 47.0, Uniform(20, 80), _KOOPMAN, "low"),
    Parameter("sweep_car_m", "m", 35.0, Uniform(15, 60), _KOOPMAN, "low"),
    Parameter("night_sweep_factor", "1", 0.4, Uniform(0.2, 0.8), _JUDGED, "assumed"),
    Parameter(
        "walk_speed_m_per_s",
        "m/s",
        1.8,
        LogNormal(1.8, 0.2),
        _JUDGED,
        "assumed",
        "on foot and by bicycle",
    ),
    Parameter("car_speed_m_per_s", "m/s", 8.5, LogNormal(8.5, 0.2), _JUDGED, "assumed"),
    Parameter(
        "search_speed_m_per_s",
        "m/s",
        2.2,
        LogNormal(2.2, 0.2),
        "8 km/h by bicycle, judgement",
        "assumed",
    ),
    Parameter(
        "walk_radius_m", "m", 1200.0, LogNormal(1200, 0.3), _JUDGED, "assumed", "own area on foot"
    ),
    Parameter(
        "car_radius_m", "m", 3000.0, LogNormal(3000, 0.3), _JUDGED, "assumed", "own area by car"
    ),
    Parameter("search_radius_m", "m", 1500.0, LogNormal(1500, 0.3), _JUDGED, "assumed"),
    Parameter("window_radius_m", "m", 60.0, LogNormal(60, 0.3), _JUDGED, "assumed"),
    Parameter("window_attention_share", "1", 0.02, Beta(2, 98), _JUDGED, "assumed"),
    Parameter(
        "road_factor_urban", "1", 4.0, Uniform(1.0, 6.0), _PRODUCT, "assumed", "both on roads"
    ),
    Parameter(
        "road_factor_rural", "1", 6.0, Uniform(1.0, 9.0), _PRODUCT, "assumed", "both on roads"
    ),
    # Recognition, memory, reporting.
    Parameter(
        "recognise_photo",
        "1",
        0.1,
        Beta(2, 38),
        "Lampinen 0-7 % x 1-3 for expected alerts (Moore 2024)",
        "low",
    ),
    Parameter(
        "recognise_text",
        "1",
        0.08,
        Beta(2, 23),
        _JUDGED + "; x 1-4 if conspicuous; prior widened upwards for the calibration",
        "low",
    ),
    Parameter(
        "memory_half_life_h", "h", 24.0, LogNormal(24, 0.7), "recall losses after 48-72 h", "low"
    ),
    Parameter("attention_after_closing", "1", 0.10, Beta(2, 18), _JUDGED, "assumed"),
    Parameter("report_share", "1", 0.60, Beta(6, 4), "victims report 35 %; members more", "low"),
    Parameter("report_delay_minutes", "min", 3.0, LogNormal(3.0, 0.3), _JUDGED, "assumed"),
    Parameter(
        "retrospective_share",
        "1",
        0.12,
        Beta(3, 22),
        _PRODUCT,
        "assumed",
        "of passers who realise it on reading",
    ),
    Parameter("retrospective_radius_m", "m", 1500.0, LogNormal(1500, 0.3), _JUDGED, "assumed"),
    Parameter(
        "retrospective_outdoor_share",
        "1",
        0.10,
        Beta(10, 90),
        "outdoors and driving: 11 % of time (CHAPS2)",
        "medium",
    ),
    Parameter(
        "retrospective_hours",
        "h",
        6.0,
        LogNormal(6.0, 0.4),
        _JUDGED,
        "assumed",
        "how far back people recall",
    ),
    Parameter(
        "knowledge_per_1000_attending",
        "per 1,000",
        1.2,
        LogNormal(1.2, 0.5),
        "calibrated (about 0.9 per 1,000 noticing)",
        "assumed",
        "mean over the categories of missing persons",
    ),
    Parameter("knowledge_factor_dementia", "1", 1.2, LogNormal(1.2, 0.3), _JUDGED, "assumed"),
    Parameter("knowledge_factor_despondent", "1", 1.0, LogNormal(1.0, 0.3), _JUDGED, "assumed"),
    Parameter(
        "knowledge_factor_child",
        "1",
        1.2,
        LogNormal(1.2, 0.3),
        "friends and relatives know (Grampian 12-14)",
        "low",
    ),
    Parameter(
        "knowledge_factor_youth",
        "1",
        0.8,
        LogNormal(1.0, 0.4),
        "friends and relatives know, but they are few and far (Grampian 12-14)",
        "low",
    ),
    Parameter("knowledge_factor_robbery", "1", 1.0, LogNormal(1.0, 0.3), _JUDGED, "assumed"),
    Parameter(
        "knowledge_minutes",
        "min",
        12.0,
        LogNormal(12.0, 0.4),
        _JUDGED,
        "assumed",
        "median, notice to call",
    ),
    Parameter(
        "false_per_1000_attending",
        "per 1,000",
        10.0,
        LogNormal(10.0, 0.5),
        "85 % of tips false, judgement",
        "low",
    ),
    Parameter(
        "false_minutes",
        "min",
        10.0,
        LogNormal(10.0, 0.4),
        _JUDGED,
        "assumed",
        "median, notice to call",
    ),
    # What a tip is worth.
    Parameter(
        "find_fresh_share", "1", 0.60, Beta(6, 4), "half of the calls carry useful detail", "low"
    ),
    Parameter(
        "find_old_share", "1", 0.10, Beta(2, 18), _JUDGED, "assumed", "chance of an old tip"
    ),
    Parameter(
        "find_decay_minutes", "min", 25.0, LogNormal(25.0, 0.4), _JUDGED, "assumed", "age of a tip"
    ),
    Parameter("find_knowledge_share", "1", 0.32, Beta(6, 14), _JUDGED, "assumed"),
    Parameter(
        "police_speed_up_first",
        "1",
        2.0,
        Uniform(1.0, 3.0),
        _JUDGED,
        "assumed",
        "by the first handled true tip",
    ),
    Parameter(
        "police_speed_up_next",
        "1",
        1.25,
        Uniform(1.0, 1.5),
        _JUDGED,
        "assumed",
        "by each further one",
    ),
    Parameter(
        "police_speed_up_limit", "1", 3.0, Uniform(1.0, 4.0), _JUDGED, "assumed", "together"
    ),
    # Public channels.
    Parameter(
        "social_reach_share",
        "1",
        0.03,
        Beta(3, 97),
        _JUDGED,
        "assumed",
        "of residents in the circle",
    ),
    Parameter(
        "social_minutes", "min", 60.0, LogNormal(60.0, 0.4), _JUDGED, "assumed", "median to notice"
    ),
    Parameter("nl_alert_reach_2015", "1", 0.42, Beta(42, 58), "NCTV: 35-49 % (2015)", "medium"),
    Parameter("nl_alert_reach_2020", "1", 0.90, Beta(90, 10), "NCTV: 90 % (2020)", "high"),
    Parameter(
        "nl_alert_minutes",
        "min",
        1.5,
        LogNormal(1.5, 0.3),
        "FCC 2021: most within 2 minutes",
        "medium",
    ),
    Parameter(
        "nl_alert_qualifies_share", "1", 0.02, Beta(2, 98), "danger to life; judgement", "assumed"
    ),
    Parameter("amber_reach_share", "1", 0.35, Beta(7, 13), _JUDGED, "assumed"),
    Parameter("amber_minutes", "min", 20.0, LogNormal(20.0, 0.4), _JUDGED, "assumed"),
    Parameter(
        "amber_qualifies_share",
        "1",
        0.02,
        Beta(2, 98),
        "1-4 a year in the whole country",
        "medium",
        "of children",
    ),
    Parameter(
        "public_attend_share",
        "1",
        0.30,
        Beta(6, 14),
        "passive notices are hardly looked at",
        "low",
    ),
)
