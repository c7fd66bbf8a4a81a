/* Candidates in the order of their homes, and points in cells, so that those inside a circle are
 * found without the rest. */
#ifndef LIMIT_CROWD_H
#define LIMIT_CROWD_H

#include "draws.h"
#include "given.h"
#include "memory.h"

typedef uint16_t Mask; /* one bit for each policy */

enum { ROW_DM = 5000, COLUMN_DM = 2500 };
enum { OUTSIDE_YET, OUT, STALE, GOOD }; /* how candidates begin */

typedef struct {
    int64_t n;
    uint32_t *id;
    int32_t *x, *y, *work_x, *work_y, *leisure_x, *leisure_y, *entry_s;
    uint32_t *app, *move; /* words of the uniforms */
    uint8_t *town, *age, *voice, *started, *first;
} Crowd;

/* Points sorted by cells of a raster, row by row from south to north, from west to east in a row. */
typedef struct {
    int64_t first_row, n_rows, first_column, n_columns;
    int32_t *start; /* where each cell begins, and the end */
} Raster;

typedef struct {
    int64_t x, y, radius;
} Circle;

static inline int is_within(int32_t x, int32_t y, Circle c)
{
    const int64_t east = x - c.x, north = y - c.y;
    return east * east + north * north <= c.radius * c.radius;
}

static int64_t floored(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Set the lower halves of `keys` to the numbers of points in the order of their cells. */
static Raster order_points(int64_t n, const int64_t *x, const int64_t *y, uint64_t *keys,
                           uint64_t *spare)
{
    int64_t west = INT64_MAX, east = INT64_MIN, south = INT64_MAX, north = INT64_MIN;
    for (int64_t i = 0; i < n; i++) {
        west = x[i] < west ? x[i] : west, east = x[i] > east ? x[i] : east;
        south = y[i] < south ? y[i] : south, north = y[i] > north ? y[i] : north;
    }
    Raster raster = {0, 0, 0, 0, NULL};
    if (n > 0)
        raster = (Raster){
            .first_row = floored(south, ROW_DM),
            .n_rows = floored(north, ROW_DM) - floored(south, ROW_DM) + 1,
            .first_column = floored(west, COLUMN_DM),
            .n_columns = floored(east, COLUMN_DM) - floored(west, COLUMN_DM) + 1,
        };
    const int64_t n_cells = raster.n_rows * raster.n_columns;
    ZEROS(raster.start, n_cells + 1);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = floored(y[i], ROW_DM) - raster.first_row;
        const int64_t cell =
            row * raster.n_columns + floored(x[i], COLUMN_DM) - raster.first_column;
        raster.start[cell + 1]++;
        keys[i] = (uint64_t)cell << 32 | (uint64_t)i;
    }
    for (int64_t cell = 0; cell < n_cells; cell++)
        raster.start[cell + 1] += raster.start[cell];
    sort_keys(keys, spare, n, 32, bits_for((uint64_t)n_cells));
    return raster;
}

/* The rows that a circle may touch: from the first to before the last. */
static void rows_of(const Raster *raster, Circle c, int64_t *first, int64_t *stop)
{
    *first = floored(c.y - c.radius, ROW_DM) - raster->first_row;
    *stop = floored(c.y + c.radius, ROW_DM) - raster->first_row + 1;
    *first = *first > 0 ? *first : 0;
    *stop = *stop < raster->n_rows ? *stop : raster->n_rows;
}

/* The points of a row that may lie in a circle: from the first to before the last. */
static void points_of(const Raster *raster, int64_t row, Circle c, int64_t *first, int64_t *stop)
{
    const int64_t south = (row + raster->first_row) * ROW_DM;
    const int64_t below = south - c.y, above = c.y - (south + ROW_DM - 1);
    const int64_t apart = below > 0 ? below : above > 0 ? above : 0;
    const int64_t half2 = c.radius * c.radius - apart * apart;
    const int64_t half = (int64_t)sqrt((double)(half2 > 0 ? half2 : 0)) + 1;
    int64_t low = floored(c.x - half, COLUMN_DM) - raster->first_column;
    int64_t high = floored(c.x + half, COLUMN_DM) - raster->first_column + 1;
    low = low < 0 ? 0 : low > raster->n_columns ? raster->n_columns : low;
    high = high < low ? low : high > raster->n_columns ? raster->n_columns : high;
    *first = raster->start[row * raster->n_columns + low];
    *stop = raster->start[row * raster->n_columns + high];
}

static uint32_t word_of(double uniform_)
{
    return (uint32_t)(uniform_ * WORD_RANGE);
}

#define COPY(to, from, type)                                                                      \
    for (int64_t i = 0; i < n; i++)                                                               \
        crowd.to[i] = (type)(from)[(uint32_t)keys[i]];

static Crowd crowd_of(const Given *g)
{
    const int64_t n = g->n_candidates;
    Crowd crowd = {.n = n};
    uint64_t *keys, *spare;
    ROOM(keys, n), ROOM(spare, n);
    ROOM(crowd.id, n), ROOM(crowd.x, n), ROOM(crowd.y, n), ROOM(crowd.work_x, n);
    ROOM(crowd.work_y, n), ROOM(crowd.leisure_x, n), ROOM(crowd.leisure_y, n);
    ROOM(crowd.entry_s, n), ROOM(crowd.app, n), ROOM(crowd.move, n), ROOM(crowd.town, n);
    ROOM(crowd.age, n), ROOM(crowd.voice, n), ROOM(crowd.started, n), ROOM(crowd.first, n);
    order_points(n, g->home_x_dm, g->home_y_dm, keys, spare);
    COPY(id, g->candidate_id, uint32_t)
    COPY(x, g->home_x_dm, int32_t)
    COPY(y, g->home_y_dm, int32_t)
    COPY(work_x, g->work_x_dm, int32_t)
    COPY(work_y, g->work_y_dm, int32_t)
    COPY(leisure_x, g->leisure_x_dm, int32_t)
    COPY(leisure_y, g->leisure_y_dm, int32_t)
    COPY(entry_s, g->entry_s, int32_t)
    COPY(town, g->candidate_town, uint8_t)
    COPY(age, g->age_band, uint8_t)
    COPY(voice, g->prefers_voice, uint8_t)
    for (int64_t i = 0; i < n; i++) {
        const uint32_t j = (uint32_t)keys[i];
        const int started = g->start_level[j] < g->start_share[j];
        const int stale = g->stale_level[j] < g->parameters.stale_share_at_start;
        crowd.app[i] = word_of(g->app_level[j]), crowd.move[i] = word_of(g->move_level[j]);
        crowd.started[i] = (uint8_t)started;
        const int begins = crowd.entry_s[i] < 0 ? OUT : OUTSIDE_YET;
        crowd.first[i] = (uint8_t)(!started ? begins : stale ? STALE : GOOD);
    }
    return crowd;
}

#endif
