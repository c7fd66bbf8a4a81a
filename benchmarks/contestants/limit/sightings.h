/* Sightings: bounds of what anybody could have seen of the subject of an alert, and the exact
 * hazards of those who might. Formulas and their order as in sim/sightings.py. */
#ifndef LIMIT_SIGHTINGS_H
#define LIMIT_SIGHTINGS_H

#include "answers.h"

#define SLACK 1e-9

/* From which draws on nobody at an alert has anything to tell, by way to look out. */
typedef struct {
    Share fresh[4], retrospective, knowledge, mistaken;
} Bounds;

/* One person who may have something to tell. */
typedef struct {
    int64_t incident, alert_s;
    int32_t x, y;
    int dark, searches, on_road, driving;
} Observer;

typedef struct {
    double enter, leave, stop, end, moving, still, search_end;
} Hazard;

static double road_factor(const Given *g, int64_t i)
{
    return g->urban[i] ? g->parameters.road_factor_urban : g->parameters.road_factor_rural;
}

static double recognition(const Given *g, int64_t i)
{
    const Parameters *p = &g->parameters;
    const double base = g->photo[i] ? p->recognise_photo : p->recognise_text;
    return base * (g->conspicuous[i] ? p->conspicuous_factor : 1.0) * g->frailty[i];
}

static double level_of(double bound)
{
    return -expm1(-bound * (1.0 + SLACK)) + SLACK * (bound > 0.0);
}

static double clip(double x, double low, double high)
{
    return least(most(x, low), high);
}

static double fading_per_s(const Parameters *p)
{
    return log(2.0) / (p->memory_half_life_h * 3600.0);
}

/* The largest integrated hazard of a fresh sighting by one who looks out in some way. */
static double most_fresh(const Given *g, int64_t i, int64_t at_s, int dark, int64_t latest_close_s,
                         int way)
{
    const Parameters *p = &g->parameters;
    const double road = road_factor(g, i), on_road_still = g->stationary_on_road[i] ? road : 0.0;
    const double radius[] = {p->search_radius_m, p->car_radius_m, p->walk_radius_m,
                             p->window_radius_m};
    const double speed[] = {p->search_speed_m_per_s, p->car_speed_m_per_s, p->walk_speed_m_per_s,
                            0.0};
    const double sweep[] = {p->sweep_walk_m * p->search_alertness, p->sweep_car_m,
                            p->sweep_walk_m, p->sweep_walk_m * p->window_attention_share};
    const double moving_road[] = {1.0, road, road, 1.0};
    const double still_road[] = {1.0, on_road_still, g->stationary_on_road[i] ? road : 1.0, 1.0};
    const double r = radius[way], close_s = (double)latest_close_s;
    const double memory_s = 1.0 / fading_per_s(p), stop = (double)(g->stop_s[i] - at_s);
    const double end =
        least((double)(g->vanish_s[i] - at_s), way == SEARCHING ? 60.0 * p->search_minutes : INFINITY);
    const double night = dark ? p->night_sweep_factor : 1.0;
    const double density = sweep[way] * night * recognition(g, i) / (M_PI * (r * r));
    const double crossing = 2.0 * r / most(g->pace_m_per_s[i], 1e-9);
    const double moving_s = least(most(least(stop, end), 0.0), crossing);
    const double begin = most(stop, 0.0);
    const double open_s = clip(least(end, close_s) - begin, 0.0, memory_s);
    const double late_s = clip(end - most(begin, close_s), 0.0, memory_s);
    const double moving = density * hypot(speed[way], g->speed_m_per_s[i]) * moving_road[way];
    const double still = density * speed[way] * still_road[way];
    return moving * g->visible_transit[i] * moving_s
           + still * g->visible_stationary[i] * (open_s + p->attention_after_closing * late_s);
}

/* The same of having passed the subject before the alert. */
static double most_retrospective(const Given *g, int64_t i, int64_t at_s, int dark)
{
    const Parameters *p = &g->parameters;
    const double radius = p->retrospective_radius_m, road = road_factor(g, i);
    double seen = p->retrospective_outdoor_share * p->retrospective_share * g->frailty[i];
    seen = seen * (g->conspicuous[i] ? p->conspicuous_factor : 1.0) * p->sweep_walk_m;
    seen = seen * (dark ? p->night_sweep_factor : 1.0) / (M_PI * (radius * radius));
    const double begin =
        most((double)(g->begin_s[i] - at_s), -3600.0 * p->retrospective_hours);
    const double until = least((double)(g->vanish_s[i] - at_s), 0.0);
    const double stop = (double)(g->stop_s[i] - at_s);
    const double crossing = 2.0 * radius / most(g->pace_m_per_s[i], 1e-9);
    const double moving_s = least(most(least(stop, until) - begin, 0.0), crossing);
    const double still_s = most(until - most(stop, begin), 0.0);
    const double moving = road * hypot(p->walk_speed_m_per_s, g->speed_m_per_s[i]);
    const double still_road = g->stationary_on_road[i] ? road : 1.0;
    const double still = still_road * p->walk_speed_m_per_s * g->visible_stationary[i];
    return seen * (moving * g->visible_transit[i] * moving_s + still * still_s);
}

static int64_t latest_close_of(const Given *g, int64_t a)
{
    int64_t latest = 0;
    for (int64_t p = 0; p < g->n_policies; p++)
        if (g->alert_close_s[a * g->n_policies + p] > latest)
            latest = g->alert_close_s[a * g->n_policies + p];
    return latest;
}

static Bounds bounds_of(const Given *g, int64_t a)
{
    const int64_t i = g->alert_incident[a], at_s = g->alert_s[a], latest = latest_close_of(g, a);
    Bounds b;
    for (int way = 0; way < 4; way++)
        b.fresh[way] = share_of(level_of(most_fresh(g, i, at_s, g->dark[a], latest, way)));
    b.retrospective = share_of(level_of(most_retrospective(g, i, at_s, g->dark[a])));
    b.knowledge = share_of(g->knowledge_share[i]);
    b.mistaken = share_of(g->parameters.false_per_1000_attending / 1000.0);
    return b;
}

/* When the subject, while moving, is inside a disc, in seconds since it set out. */
static int inside_disc(const Given *g, int64_t i, int32_t x, int32_t y, double radius,
                       double *enter, double *leave)
{
    const double east = (double)(x - g->subject_x_dm[i]) / 10.0;
    const double north = (double)(y - g->subject_y_dm[i]) / 10.0;
    const double along = east * g->dx[i] + north * g->dy[i];
    const double across2 = east * east + north * north - along * along;
    const double half2 = radius * radius - across2, half = sqrt(most(half2, 0.0));
    const double duration = (double)(g->stop_s[i] - g->begin_s[i]);
    const double pace = most(g->pace_m_per_s[i], 1e-9), way = g->pace_m_per_s[i] * duration;
    *enter = *leave = 0.0;
    if (half2 <= 0.0)
        return 0;
    *enter = clip((along - half) / pace, 0.0, duration);
    *leave = clip((along + half) / pace, 0.0, duration);
    return (way - along) * (way - along) <= half2;
}

static Hazard fresh_hazard(const Given *g, const Observer *o)
{
    const Parameters *p = &g->parameters;
    const int64_t i = o->incident;
    const int driving = o->driving && !o->searches;
    const int walking = o->on_road && !o->driving && !o->searches;
    const double radius = o->searches ? p->search_radius_m
                          : driving   ? p->car_radius_m
                          : walking   ? p->walk_radius_m
                                      : p->window_radius_m;
    const double speed = o->searches ? p->search_speed_m_per_s
                         : driving   ? p->car_speed_m_per_s
                         : walking   ? p->walk_speed_m_per_s
                                     : 0.0;
    const double sweep = (driving ? p->sweep_car_m : p->sweep_walk_m)
                         * (o->dark ? p->night_sweep_factor : 1.0);
    const double alertness = o->searches             ? p->search_alertness
                             : (driving || walking) ? 1.0
                                                    : p->window_attention_share;
    const double road = road_factor(g, i);
    const int on_road = driving || walking;
    double enter, leave;
    const int stops_inside = inside_disc(g, i, o->x, o->y, radius, &enter, &leave);
    const double density = sweep * alertness * recognition(g, i) / (M_PI * (radius * radius));
    const double moving =
        density * hypot(speed, g->speed_m_per_s[i]) * (on_road ? road : 1.0);
    const double still_road = driving && !g->stationary_on_road[i]  ? 0.0
                              : on_road && g->stationary_on_road[i] ? road
                                                                    : 1.0;
    const double offset = (double)(g->begin_s[i] - o->alert_s);
    return (Hazard){
        .enter = offset + enter,
        .leave = offset + leave,
        .stop = (double)(g->stop_s[i] - o->alert_s),
        .end = (double)(g->vanish_s[i] - o->alert_s),
        .moving = moving * g->visible_transit[i],
        .still = density * speed * still_road * g->visible_stationary[i] * stops_inside,
        .search_end = o->searches ? 60.0 * p->search_minutes : INFINITY,
    };
}

/* The first recognised sighting after the notice, in seconds after the alert. */
static int32_t first_sighting(const Parameters *p, double clock, const Hazard *h,
                              int32_t noticed_s, int64_t close_s)
{
    const double fade = fading_per_s(p), begin = noticed_s, close = (double)close_s;
    const double end = least(h->end, h->search_end), leave = least(h->leave, end);
    const double enter = most(h->enter, begin), still_from = most(h->stop, begin);
    const double after = p->attention_after_closing;
    const double pieces[4][3] = {
        {enter, least(leave, close), h->moving},
        {most(enter, close), leave, h->moving * after},
        {still_from, least(end, close), h->still},
        {most(still_from, close), end, h->still * after},
    };
    double left = clock;
    for (int k = 0; k < 4; k++) {
        const double start = pieces[k][0], stop = pieces[k][1], level = pieces[k][2];
        if (!(stop > start) || level == 0.0)
            continue;
        const double first = exp(-fade * start);
        const double area = level * (first - exp(-fade * stop)) / fade;
        if (area >= left) {
            const double share = first - left * fade / level;
            return span(clip(-log(most(share, 1e-300)) / fade, start, stop));
        }
        left -= area;
    }
    return NEVER_AFTER_S;
}

/* When somebody passed the subject before the alert and will realise it on reading it. */
static int32_t retrospective_sighting(const Given *g, const Observer *o, double clock)
{
    const Parameters *p = &g->parameters;
    const int64_t i = o->incident;
    const double radius = p->retrospective_radius_m, road = road_factor(g, i);
    double enter, leave;
    const int stops_inside = inside_disc(g, i, o->x, o->y, radius, &enter, &leave);
    const double offset = (double)(g->begin_s[i] - o->alert_s);
    const double begin = most(offset, -3600.0 * p->retrospective_hours);
    double seen = p->retrospective_outdoor_share * p->retrospective_share * g->frailty[i];
    seen = seen * (g->conspicuous[i] ? p->conspicuous_factor : 1.0);
    seen = seen * p->sweep_walk_m * (o->dark ? p->night_sweep_factor : 1.0)
           / (M_PI * (radius * radius));
    const double moving = seen * road * hypot(p->walk_speed_m_per_s, g->speed_m_per_s[i])
                          * g->visible_transit[i];
    const double still_road = g->stationary_on_road[i] ? road : 1.0;
    const double still = seen * still_road * p->walk_speed_m_per_s
                         * (g->visible_stationary[i] & stops_inside);
    const double stop = (double)(g->stop_s[i] - o->alert_s);
    const double until = least((double)(g->vanish_s[i] - o->alert_s), 0.0);
    const double moving_from = most(offset + enter, begin);
    const double moving_to = least(offset + leave, until), still_from = most(stop, begin);
    const double moved = moving_to > moving_from ? moving * (moving_to - moving_from) : 0.0;
    const double stood = until > still_from ? still * (until - still_from) : 0.0;
    double at = INFINITY;
    if (moved >= clock && moved > 0.0)
        at = moving_from + clock / moving;
    else if (moved + stood >= clock && stood > 0.0)
        at = still_from + (clock - moved) / still;
    if (at == INFINITY)
        return NEVER_AFTER_S;
    return sooner_of(span(at), 0);
}

#endif
