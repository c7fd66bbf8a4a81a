/* The public: residents who are no candidates, a thinned Poisson field over the cells; formulas as
 * in sim/public.py. */
#ifndef LIMIT_PUBLIC_H
#define LIMIT_PUBLIC_H

#include "tips.h"

enum { PER_CELL = 2048, CHANNELS_PER_CELL = 4 };

#define PUBLIC_ID 2147483648u
#define NEARLY_SURE 0.999
#define NOTICE_SIGMA 1.0

typedef struct {
    Raster raster;
    int32_t *x, *y, *cell;
    double *residents, everybody;
} Field;

static Field field_of(const Given *g)
{
    const int64_t n = g->n_cells, half = g->cell_size_dm / 2;
    int64_t *x, *y;
    uint64_t *keys, *spare;
    Field field = {.everybody = 0.0};
    ROOM(x, n), ROOM(y, n), ROOM(keys, n), ROOM(spare, n);
    for (int64_t cell = 0; cell < n; cell++) {
        x[cell] = g->cell_x_dm[cell] + half, y[cell] = g->cell_y_dm[cell] + half;
        field.everybody += g->residents[cell];
    }
    field.raster = order_points(n, x, y, keys, spare);
    ROOM(field.x, n), ROOM(field.y, n), ROOM(field.cell, n), ROOM(field.residents, n);
    for (int64_t k = 0; k < n; k++) {
        const uint32_t cell = (uint32_t)keys[k];
        field.x[k] = (int32_t)x[cell], field.y[k] = (int32_t)y[cell];
        field.cell[k] = (int32_t)cell, field.residents[k] = g->residents[cell];
    }
    return field;
}

static double clock_bound(double probability)
{
    return -log1p(-least(probability, NEARLY_SURE));
}

/* Upper bounds of the expected tips of an attending person, as probabilities, by kind. */
static void weights_of(const Given *g, int64_t i, double weight[TIP_KINDS])
{
    const Parameters *p = &g->parameters;
    const double fastest = most(g->speed_m_per_s[i], 0.0), road = most(road_factor(g, i), 1.0);
    const double ways[4][4] = {
        {p->sweep_walk_m * p->search_alertness, p->search_speed_m_per_s, p->search_radius_m, 1.0},
        {p->sweep_car_m, p->car_speed_m_per_s, p->car_radius_m, road},
        {p->sweep_walk_m, p->walk_speed_m_per_s, p->walk_radius_m, road},
        {p->sweep_walk_m * p->window_attention_share, 0.0, p->window_radius_m, 1.0},
    };
    double fresh = 0.0;
    for (int way = 0; way < 4; way++) {
        const double *w = ways[way];
        fresh = most(fresh, w[0] * hypot(w[1], fastest) / (M_PI * (w[2] * w[2])) * w[3]);
    }
    const double open_s = 60.0 * p->open_minutes_high * g->longest_open_factor;
    const double spell_s = open_s + p->attention_after_closing * (double)g->longest_horizon_s;
    const double radius = p->retrospective_radius_m;
    const double passing =
        p->sweep_walk_m * hypot(p->walk_speed_m_per_s, fastest) / (M_PI * (radius * radius));
    const double recalled = p->retrospective_outdoor_share * p->retrospective_share
                            * g->frailty[i]
                            * (g->conspicuous[i] ? p->conspicuous_factor : 1.0);
    const double bounds[TIP_KINDS] = {
        fresh * recognition(g, i) * spell_s,
        passing * road * recalled * p->retrospective_hours * 3600.0,
        clock_bound(g->knowledge_share[i]),
        clock_bound(p->false_per_1000_attending / 1000.0),
    };
    for (int kind = 0; kind < TIP_KINDS; kind++)
        weight[kind] = -expm1(-bounds[kind]);
}

/* Let one member of the public who might tip hear of alert a through a channel. */
static void hear(const Given *g, Key key, int64_t a, int channel, int64_t cell, uint32_t ordinal,
                 const double weight[TIP_KINDS], Tips *tips)
{
    const Parameters *p = &g->parameters;
    const int64_t i = g->alert_incident[a], row = channel * g->n_alerts + a;
    const uint32_t case_ = (uint32_t)g->incident_id[i];
    const uint32_t id =
        (uint32_t)((cell * CHANNELS_PER_CELL + channel) * PER_CELL) + ordinal + PUBLIC_ID;
    const Words person = philox(id, case_, 0, PUBLIC_PERSON, key);
    const Words place = philox(id, case_, 0, PUBLIC_PLACE, key);
    const double total = weight[0] + weight[1] + weight[2] + weight[3];
    const double choice = uniform(person.w[0]), search = uniform(place.w[3]);
    int kind = 0;
    double sum = 0.0;
    for (int k = 0; k < TIP_KINDS; k++) {
        sum += weight[k];
        kind += choice > sum / total;
    }
    kind = kind < MISTAKEN ? kind : MISTAKEN;
    const double clock = -log1p(-uniform(person.w[1]) * weight[kind]), level = -expm1(-clock);
    const double minutes = g->public_minutes[channel];
    const int32_t noticed_s =
        span(lognormal(uniform(person.w[2]), minutes * 60.0, NOTICE_SIGMA));
    const double road = g->away_share[a * AGES + 2] * p->road_share_of_away;
    const double way = uniform(place.w[2]), size = (double)g->cell_size_dm;
    Attendant who = {
        .observer = {.incident = i,
                     .alert_s = g->alert_s[a],
                     .x = (int32_t)(g->cell_x_dm[cell] + (int64_t)(uniform(place.w[0]) * size)),
                     .y = (int32_t)(g->cell_y_dm[cell] + (int64_t)(uniform(place.w[1]) * size)),
                     .dark = g->dark[a],
                     .searches = search < p->search_share,
                     .on_road = way < road,
                     .driving = way < road * p->driver_share_of_road},
        .caller = id,
        .fresh_clock = kind == FRESH ? clock : INFINITY,
        .retrospective_clock = kind == RETROSPECTIVE ? clock : INFINITY,
        .knowledge_level = kind == KNOWLEDGE ? level : 1.0,
        .false_level = kind == MISTAKEN ? level : 1.0,
    };
    const double at = uniform(person.w[3]) * g->public_alone[row];
    for (int64_t policy = 0; policy < g->n_policies; policy++) {
        const int attends = at < g->public_reach[row * g->n_policies + policy];
        who.attends |= (Mask)(attends << policy);
        who.noticed_s[policy] = attends ? noticed_s : NEVER_AFTER_S;
    }
    add_tips(g, key, a, &who, tips);
}

/* Draw the members of the public in one cell who might tip about alert a. */
static void draw_cell(const Given *g, Key key, int64_t a, int channel, int64_t cell, double mean,
                      const double weight[TIP_KINDS], Tips *tips)
{
    const uint32_t case_ = (uint32_t)g->incident_id[g->alert_incident[a]];
    const double u =
        uniform(philox(case_, (uint32_t)cell, (uint32_t)channel, PUBLIC_COUNT, key).w[0]);
    /* exp(-mean) is at least 1 - mean: most cells hold nobody and need no exponential. */
    if (u < 1.0 - mean - 1e-12)
        return;
    const int64_t count = poisson(u, mean);
    for (uint32_t ordinal = 0; ordinal < count && ordinal < PER_CELL - 1; ordinal++)
        hear(g, key, a, channel, cell, ordinal, weight, tips);
}

/* Let the public hear of alert a and return the expected number reached under each policy. */
static void reach_public(const Given *g, Key key, const Field *field, int64_t a, Circle c,
                         double noticed[MOST_POLICIES], Tips *tips)
{
    double weight[TIP_KINDS], total = -1.0;
    for (int channel = 0; channel < PUBLIC_CHANNELS; channel++) {
        const int64_t row_of_alert = channel * g->n_alerts + a;
        const double *reach = &g->public_reach[row_of_alert * g->n_policies];
        double largest = 0.0, around = 0.0;
        for (int64_t p = 0; p < g->n_policies; p++)
            largest = most(largest, reach[p]);
        if (!(largest > 0.0))
            continue;
        if (total < 0.0) {
            weights_of(g, g->alert_incident[a], weight);
            total = weight[0] + weight[1] + weight[2] + weight[3];
        }
        const double share =
            g->public_alone[row_of_alert] * total * g->parameters.public_attend_share;
        const int whole = g->public_whole[channel];
        int64_t row, stop;
        rows_of(&field->raster, c, &row, &stop);
        if (whole)
            row = 0, stop = field->raster.n_rows;
        for (; row < stop; row++) {
            int64_t k, end;
            points_of(&field->raster, row, c, &k, &end);
            if (whole) {
                k = field->raster.start[row * field->raster.n_columns];
                end = field->raster.start[(row + 1) * field->raster.n_columns];
            }
            for (; k < end; k++)
                if (whole || is_within(field->x[k], field->y[k], c)) {
                    around += field->residents[k];
                    draw_cell(g, key, a, channel, field->cell[k], field->residents[k] * share,
                              weight, tips);
                }
        }
        for (int64_t p = 0; p < g->n_policies; p++)
            noticed[p] += reach[p] * around;
    }
}

#endif
