/* What the loop is given and what it yields. The Python side reads these two structures and fills
 * them by name: one field a line, pointers for arrays in C order. Times are whole seconds since the
 * start, places decimetres; [..., p] runs over the policies. */
#ifndef LIMIT_GIVEN_H
#define LIMIT_GIVEN_H

#include <stdint.h>

enum {
    MOST_POLICIES = 16, /* one bit each in a Mask */
    AGES = 5,
    EXPOSURES = 31, /* alerts in the last year, 0 to 30 and more */
    PARTS = 2,      /* log-normals of a mixture */
    STAGES = 9,
};
enum { TEXT, CALL, APP, EMAIL, CHANNELS };
enum { NL_ALERT, AMBER_ALERT, SOCIAL_MEDIA, PUBLIC_CHANNELS };
enum { RECIPIENTS, DELIVERED, NOTICED, NOTICED_10MIN, IN_AREA, ATTENDING, SEARCHES, COUNTS };

/* The uncertain parameters that the loop reads, under their names in sim.parameters. */
typedef struct {
    double attend_share;
    double attention_after_closing;
    double background_calls_per_hour;
    double campaign_weeks;
    double car_radius_m;
    double car_speed_m_per_s;
    double closing_delay_minutes;
    double conspicuous_factor;
    double dispatch_false_share;
    double driver_share_of_road;
    double false_minutes;
    double false_per_1000_attending;
    double fatigue_factor;
    double find_decay_minutes;
    double find_fresh_share;
    double find_knowledge_share;
    double find_old_share;
    double knowledge_minutes;
    double memory_half_life_h;
    double night_sweep_factor;
    double on_scene_minutes;
    double open_minutes_high;
    double patience_minutes;
    double police_speed_up_first;
    double police_speed_up_limit;
    double police_speed_up_next;
    double public_attend_share;
    double recognise_photo;
    double recognise_text;
    double report_delay_minutes;
    double report_share;
    double response_sigma;
    double retrospective_hours;
    double retrospective_outdoor_share;
    double retrospective_radius_m;
    double retrospective_share;
    double road_factor_rural;
    double road_factor_urban;
    double road_share_of_away;
    double search_alertness;
    double search_minutes;
    double search_radius_m;
    double search_share;
    double search_speed_m_per_s;
    double service_minutes;
    double stale_share_at_start;
    double sweep_car_m;
    double sweep_walk_m;
    double walk_radius_m;
    double walk_speed_m_per_s;
    double window_attention_share;
    double window_radius_m;
} Parameters;

typedef struct {
    int64_t seed;
    int64_t replication;
    int64_t n_policies;
    int64_t n_towns;
    int64_t n_levers; /* distinct sets of levers */
    int64_t longest_open_s;
    int64_t longest_horizon_s;
    double longest_open_factor;

    /* candidates [n], in any order: sim.candidates */
    int64_t n_candidates;
    const int64_t *candidate_id;
    const int64_t *home_x_dm;
    const int64_t *home_y_dm;
    const int64_t *work_x_dm;
    const int64_t *work_y_dm;
    const int64_t *leisure_x_dm;
    const int64_t *leisure_y_dm;
    const int64_t *candidate_town;
    const int64_t *age_band;
    const uint8_t *prefers_voice;
    const int64_t *entry_s;
    const double *start_level;
    const double *stale_level;
    const double *app_level;
    const double *move_level;
    const double *start_share;

    /* the register: thresholds of the marks, letters, months: sim.effort, sim.register */
    double mark_rate_per_year;
    int64_t n_phases;
    const int64_t *phase_s;
    const int64_t *sign_up; /* [phase, p, town, age] */
    const int64_t *upkeep;
    const int64_t *strike;
    const int64_t *decay; /* [p, age, exposure] */
    const int64_t *departure;
    int64_t n_letters;
    const int64_t *letter_s;
    const int64_t *letter_day;
    const int64_t *letter_join; /* [letter, p, town] */
    int64_t n_months;
    const int64_t *month_end_s;

    /* adoption of the app: sim.adoption */
    int64_t n_adoptions;
    const int64_t *adoption;    /* which of them holds, [p] */
    const double *month_share;  /* [adoption, month from 0, town] */
    const double *month_moved;

    /* alerts [a] in the order of time: sim.exposure, sim.scenes */
    int64_t n_alerts;
    const int64_t *alert_incident;
    const int64_t *alert_s;
    const int64_t *alert_x_dm;
    const int64_t *alert_y_dm;
    const int64_t *alert_radius_dm;
    const uint8_t *alert_past;     /* before the start */
    const uint8_t *alert_policies; /* [a, p] */
    const int64_t *alert_levers;   /* [a, p] */
    const double *app_share;       /* [a, p] */
    const double *app_moved;       /* [a, p] */
    const int64_t *alert_close_s;  /* planned, seconds after the alert, [a, p] */
    const double *asleep_share;    /* [a, age] */
    const double *away_share;      /* [a, age] */
    const uint8_t *at_work;
    const uint8_t *dark;

    /* channels to named people, by set of levers: sim.channels */
    const uint8_t *channel_enabled; /* [channel, levers] */
    const double *text_per_second;  /* [levers] */
    const int64_t *call_lines;      /* [levers] */
    const int64_t *call_s;          /* [levers] */
    const double *text_price_eur;   /* [levers] */
    const double *call_price_eur;   /* [levers] */
    const double *delivery;         /* [channel, waking, PARTS, 3], seconds */
    const double *notice;           /* [channel, waking, PARTS, 3], minutes */
    double minute_s;

    /* incidents [i] and their subjects: sim.incidents, sim.subjects, sim.actions */
    int64_t n_incidents;
    const int64_t *incident_id;
    const int64_t *reported_s;
    const double *frailty;
    const uint8_t *photo;
    const uint8_t *conspicuous;
    const uint8_t *visible_transit;
    const uint8_t *visible_stationary;
    const uint8_t *stationary_on_road;
    const uint8_t *urban;
    const uint8_t *solvable; /* [kind of true tip, i] */
    const int64_t *police_s;
    const int64_t *return_s;
    const int64_t *horizon_s;
    const double *knowledge_share;
    const double *response_median_s;
    const int64_t *area;
    const int64_t *subject_x_dm;
    const int64_t *subject_y_dm;
    const double *dx;
    const double *dy;
    const double *pace_m_per_s;
    const double *speed_m_per_s;
    const int64_t *begin_s;
    const int64_t *stop_s;
    const int64_t *vanish_s;
    const uint8_t *used; /* [i, p] */
    const int64_t *action_alert_s;
    const int64_t *action_levers;
    const int64_t *planned_close_s;
    const uint8_t *away;

    /* control rooms [p]: sim.policy */
    const int64_t *operators;
    const int64_t *units;
    const uint8_t *unlimited;
    const double *away_find_factor;

    /* the public: sim.public */
    int64_t n_cells;
    const int64_t *cell_x_dm;
    const int64_t *cell_y_dm;
    const double *residents;      /* [cell] */
    int64_t cell_size_dm;
    const double *public_reach;   /* [public channel, a, p] */
    const double *public_alone;   /* [public channel, a] */
    const double *public_minutes; /* [public channel] */
    const uint8_t *public_whole;  /* [public channel] */

    Parameters parameters;
} Given;

/* Everything is set anew by each run. [p, i] where not said otherwise. */
typedef struct {
    int64_t *counts;   /* [count, p, i] */
    int64_t *messages; /* [channel, p, i] */
    int64_t *noticed_while_open;
    double *public_noticed;
    int64_t *end_s;
    int64_t *cause;
    int64_t *closed_s;
    int64_t *true_handled;
    int64_t *true_tips;
    int64_t *false_tips;
    int64_t *calls_handled;
    int64_t *calls_lost;
    int64_t *unit_s;
    int64_t *unit_s_on_false_tips;
    int64_t *operator_s;
    double *message_cost_eur;
    int64_t *stocks;    /* registered, good, stale, struck: [month from 0, 4, p, town] */
    int64_t *flows;     /* sign-ups, re-entries, departures, struck off */
    int64_t *app_users; /* [month from 0, p, town] */
    double *stage_s;    /* [STAGES] */
} Outcomes;

#endif
