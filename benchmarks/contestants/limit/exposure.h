/* The alerts that touch each square of a raster: a home is compared with the few of its own. */
#ifndef LIMIT_EXPOSURE_H
#define LIMIT_EXPOSURE_H

#include "crowd.h"

enum { SQUARE_DM = 10000, YEAR_S = 31557600, WEEK_S = 7 * 86400 };

/* All alerts, as the loops read them. */
typedef struct {
    int64_t n;
    const int64_t *at_s;
    Circle *circle;
    Mask *policies;
} Alerts;

typedef struct {
    int64_t west, south, columns, rows;
    int32_t *start;    /* where the alerts of each square begin, and the end */
    int32_t *touching; /* numbers of alerts, ascending within a square */
} Exposure;

static Alerts alerts_of(const Given *g)
{
    Alerts alerts = {.n = g->n_alerts, .at_s = g->alert_s};
    ROOM(alerts.circle, alerts.n), ROOM(alerts.policies, alerts.n);
    for (int64_t a = 0; a < alerts.n; a++) {
        Mask mask = 0;
        for (int64_t p = 0; p < g->n_policies; p++)
            mask |= (Mask)(g->alert_policies[a * g->n_policies + p] << p);
        alerts.policies[a] = mask;
        alerts.circle[a] = (Circle){g->alert_x_dm[a], g->alert_y_dm[a], g->alert_radius_dm[a]};
    }
    return alerts;
}

static int64_t apart(int64_t low, int64_t at)
{
    const int64_t below = low - at, above = at - low - SQUARE_DM;
    const int64_t larger = below > above ? below : above;
    return larger > 0 ? larger : 0;
}

/* Count the alerts of each square, or, with `into`, note them and move `at` on. */
static void list_alerts(const Exposure *e, const Alerts *alerts, int32_t *at, int32_t *into)
{
    for (int64_t a = 0; a < alerts->n; a++) {
        const Circle c = alerts->circle[a];
        int64_t row = floored(c.y - c.radius - e->south, SQUARE_DM);
        const int64_t last_row = floored(c.y + c.radius - e->south, SQUARE_DM);
        for (row = row > 0 ? row : 0; row <= last_row && row < e->rows; row++) {
            const int64_t north = apart(e->south + row * SQUARE_DM, c.y);
            int64_t column = floored(c.x - c.radius - e->west, SQUARE_DM);
            const int64_t last = floored(c.x + c.radius - e->west, SQUARE_DM);
            for (column = column > 0 ? column : 0; column <= last && column < e->columns;
                 column++) {
                const int64_t east = apart(e->west + column * SQUARE_DM, c.x);
                if (east * east + north * north <= c.radius * c.radius) {
                    const int64_t square = row * e->columns + column;
                    if (into != NULL)
                        into[at[square]] = (int32_t)a;
                    at[square]++;
                }
            }
        }
    }
}

static Exposure exposure_of(const Alerts *alerts, const Crowd *crowd)
{
    Exposure e = {.columns = 1, .rows = 1};
    if (crowd->n > 0) {
        int32_t east = crowd->x[0], north = crowd->y[0], west = east, south = north;
        for (int64_t j = 0; j < crowd->n; j++) {
            const int32_t x = crowd->x[j], y = crowd->y[j];
            west = x < west ? x : west, east = x > east ? x : east;
            south = y < south ? y : south, north = y > north ? y : north;
        }
        e = (Exposure){.west = west,
                       .south = south,
                       .columns = (east - west) / SQUARE_DM + 1,
                       .rows = (north - south) / SQUARE_DM + 1};
    }
    const int64_t n = e.columns * e.rows;
    int32_t *at;
    ZEROS(e.start, n + 1), ROOM(at, n);
    list_alerts(&e, alerts, e.start + 1, NULL);
    for (int64_t square = 0; square < n; square++)
        e.start[square + 1] += e.start[square];
    memcpy(at, e.start, (size_t)n * sizeof *at);
    ROOM(e.touching, e.start[n]);
    list_alerts(&e, alerts, at, e.touching);
    return e;
}

/* Find the alerts of a home's square in the year before a moment. */
static const int32_t *last_year(const Exposure *e, const Alerts *alerts, int32_t x, int32_t y,
                                int64_t at_s, int64_t *n)
{
    const int64_t square =
        (y - e->south) / SQUARE_DM * e->columns + (x - e->west) / SQUARE_DM;
    int32_t low = e->start[square], high = e->start[square + 1];
    const int32_t end = high;
    while (low < high) {
        const int32_t middle = (low + high) / 2;
        if (alerts->at_s[e->touching[middle]] <= at_s - YEAR_S)
            low = middle + 1;
        else
            high = middle;
    }
    int32_t stop = low;
    while (stop < end && alerts->at_s[e->touching[stop]] < at_s)
        stop++;
    *n = stop - low;
    return e->touching + low;
}

/* Count those of some alerts that covered a home, under each policy. */
static void count_covering(const Alerts *alerts, const int32_t *some, int64_t n, int32_t x,
                           int32_t y, int32_t count[MOST_POLICIES])
{
    memset(count, 0, MOST_POLICIES * sizeof *count);
    for (int64_t k = 0; k < n; k++)
        if (is_within(x, y, alerts->circle[some[k]]))
            for (int p = 0; p < MOST_POLICIES; p++)
                count[p] += alerts->policies[some[k]] >> p & 1;
}

#endif
