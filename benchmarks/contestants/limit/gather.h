/* The search for everybody around an alert whom a message of it may concern. */
#ifndef LIMIT_GATHER_H
#define LIMIT_GATHER_H

#include "register.h"

/* The words whose uniform lies below a share, as a comparison in 32 bits. */
typedef struct {
    uint32_t last, any;
} Share;

static Share share_of(double value)
{
    const uint64_t words = words_below(value);
    return (Share){(uint32_t)(words - (words > 0)), words > 0};
}

static inline uint32_t falls(uint32_t word, Share share)
{
    return (word <= share.last) & share.any;
}

/* Policies under which the same people use the app at an alert. */
typedef struct {
    Share share, moved;
    Mask policies;
} Adopters;

/* Places where people are when away, in cells. */
typedef struct {
    Raster raster;
    int32_t *x, *y, *who; /* who: their number */
} Places;

/* Those [n] of the crowd whom any message could ever concern, in the same order. */
typedef struct {
    int64_t n;
    Raster homes;
    int32_t *x, *y, *due_s, *member, *next; /* member of the crowd; next standing */
    uint32_t *app, *move;
    uint8_t *started, *voice;
    Mask *good, *listed, *gone; /* as they stand now */
    Places work, leisure;
} Reach;

/* Room for the people around an alert, in classes one behind the other; see `gather`. */
enum { GOOD_TEXT, GOOD_CALL, USER_TEXT, USER_CALL, STALE_TEXT, STALE_CALL, NEITHER, CLASSES };

typedef struct {
    int64_t end[CLASSES];         /* where each class ends */
    int32_t *near;                /* everybody found, homes first */
    int32_t *member;              /* of the crowd */
    Mask *good, *listed, *uses;   /* ties under the policies of the alert */
    uint8_t *at_home;
    int32_t *class_member[CLASSES];
    Mask *class_good[CLASSES], *class_listed[CLASSES], *class_uses[CLASSES];
    uint8_t *class_home[CLASSES];
    uint8_t *inside, *due;
} Found;

static Places places_of(const Reach *reach, const int32_t *x, const int32_t *y, const uint8_t *may)
{
    int64_t n = 0, *wide_x, *wide_y;
    uint64_t *keys, *spare;
    int32_t *number;
    ROOM(keys, reach->n), ROOM(spare, reach->n), ROOM(wide_x, reach->n), ROOM(wide_y, reach->n);
    ROOM(number, reach->n);
    for (int64_t i = 0; i < reach->n; i++) {
        wide_x[n] = x[reach->member[i]], wide_y[n] = y[reach->member[i]];
        number[n] = (int32_t)i;
        n += may[i];
    }
    Places places = {.raster = order_points(n, wide_x, wide_y, keys, spare)};
    ROOM(places.x, n), ROOM(places.y, n), ROOM(places.who, n);
    for (int64_t k = 0; k < n; k++) {
        const uint32_t i = (uint32_t)keys[k];
        places.x[k] = (int32_t)wide_x[i], places.y[k] = (int32_t)wide_y[i];
        places.who[k] = number[i];
    }
    return places;
}

/* Leave out those who never are on the register nor ever use the app. */
static Reach reach_of(const Given *g, const Crowd *crowd, const History *h)
{
    const int64_t n = crowd->n, rows = g->n_alerts * g->n_policies;
    double share = 0.0, moved = 0.0;
    for (int64_t row = 0; row < rows; row++) {
        share = most(share, g->app_share[row]);
        moved = most(moved, g->app_moved[row]);
    }
    const Share at_most = share_of(share), moved_at_most = share_of(moved);
    Reach reach = {.n = 0};
    int64_t *wide_x, *wide_y;
    uint64_t *keys, *spare;
    uint8_t *may;
    ROOM(wide_x, n), ROOM(wide_y, n), ROOM(keys, n), ROOM(spare, n), ROOM(may, n);
    ROOM(reach.x, n), ROOM(reach.y, n), ROOM(reach.due_s, n), ROOM(reach.member, n);
    ROOM(reach.next, n), ROOM(reach.app, n), ROOM(reach.move, n), ROOM(reach.started, n);
    ROOM(reach.voice, n), ROOM(reach.good, n), ROOM(reach.listed, n), ROOM(reach.gone, n);
    for (int64_t j = 0; j < n; j++) {
        const int64_t i = reach.n, first = h->first[j], end = h->first[j + 1];
        const uint32_t by_move = crowd->started[j] & falls(crowd->move[j], moved_at_most);
        const uint32_t user = falls(crowd->app[j], at_most) | by_move;
        int ever = 0;
        for (int64_t k = first; k < end; k++)
            ever |= h->standing[k].listed;
        reach.x[i] = crowd->x[j], reach.y[i] = crowd->y[j], reach.member[i] = (int32_t)j;
        wide_x[i] = crowd->x[j], wide_y[i] = crowd->y[j];
        reach.app[i] = crowd->app[j], reach.move[i] = crowd->move[j];
        reach.started[i] = crowd->started[j], reach.voice[i] = crowd->voice[j];
        reach.good[i] = h->standing[first].good, reach.listed[i] = h->standing[first].listed;
        reach.gone[i] = h->standing[first].gone, reach.next[i] = (int32_t)first + 1;
        reach.due_s[i] = first + 1 < end ? h->standing[first + 1].at_s : INT32_MAX;
        may[i] = (uint8_t)user;
        reach.n += ever != 0 || user;
    }
    /* The crowd lies in the order of the cells already: sorting changes nothing. */
    reach.homes = order_points(reach.n, wide_x, wide_y, keys, spare);
    reach.work = places_of(&reach, crowd->work_x, crowd->work_y, may);
    reach.leisure = places_of(&reach, crowd->leisure_x, crowd->leisure_y, may);
    return reach;
}

static Found room_for_found(int64_t n)
{
    Found f = {.near = NULL};
    ROOM(f.near, n), ROOM(f.member, n), ROOM(f.good, n), ROOM(f.listed, n), ROOM(f.uses, n);
    ROOM(f.at_home, n), ROOM(f.inside, n), ROOM(f.due, n);
    for (int class = 0; class < CLASSES; class++) {
        ROOM(f.class_member[class], n), ROOM(f.class_good[class], n);
        ROOM(f.class_listed[class], n), ROOM(f.class_uses[class], n);
        ROOM(f.class_home[class], n);
    }
    return f;
}

/* Bring somebody to a moment. */
static void advance(Reach *reach, const History *h, int64_t i, int64_t at_s)
{
    const int32_t end = h->first[reach->member[i] + 1];
    int32_t next = reach->next[i];
    while (next < end && h->standing[next].at_s <= at_s)
        next++;
    const Standing *now = &h->standing[next - 1];
    reach->good[i] = now->good, reach->listed[i] = now->listed, reach->gone[i] = now->gone;
    reach->next[i] = next;
    reach->due_s[i] = next < end ? h->standing[next].at_s : INT32_MAX;
}

static __attribute__((noinline)) uint32_t mark_inside(int64_t n, const int32_t *restrict x,
                                                      const int32_t *restrict y,
                                                      const int32_t *restrict due_s, Circle c,
                                                      int32_t at_s, uint8_t *restrict inside,
                                                      uint8_t *restrict due)
{
    uint32_t any = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint8_t in = (uint8_t)is_within(x[i], y[i], c), late = in & (due_s[i] <= at_s);
        inside[i] = in, due[i] = late;
        any |= late;
    }
    return any;
}

static __attribute__((noinline)) void
mark_wanted(int64_t n, const Mask *restrict listed, const uint32_t *restrict app,
            const uint32_t *restrict move, const uint8_t *restrict started, Mask policies,
            Share share, Share moved, uint8_t *restrict inside)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t user = falls(app[i], share) | (started[i] & falls(move[i], moved));
        inside[i] &= (uint8_t)(((listed[i] & policies) != 0) | user);
    }
}

static int64_t gather_homes(Reach *reach, const History *h, Circle c, int64_t at_s,
                            Mask policies, Share share, Share moved, Found *f)
{
    int64_t n = 0, row, stop;
    for (rows_of(&reach->homes, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&reach->homes, row, c, &begin, &end);
        const int64_t size = end - begin;
        if (mark_inside(size, reach->x + begin, reach->y + begin, reach->due_s + begin, c,
                        (int32_t)at_s, f->inside, f->due))
            for (int64_t k = 0; k < size; k++)
                if (f->due[k])
                    advance(reach, h, begin + k, at_s);
        mark_wanted(size, reach->listed + begin, reach->app + begin, reach->move + begin,
                    reach->started + begin, policies, share, moved, f->inside);
        for (int64_t k = 0; k < size; k++) {
            f->near[n] = (int32_t)(begin + k);
            n += f->inside[k];
        }
    }
    return n;
}

/* Add those whose usual place, but not whose home, is inside. */
static int64_t gather_away(Reach *reach, const Places *places, Circle c, Share share, Share moved, Found *f, int64_t n)
{
    int64_t row, stop;
    for (rows_of(&places->raster, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&places->raster, row, c, &begin, &end);
        for (int64_t k = begin; k < end; k++) {
            const int32_t i = places->who[k];
            const uint32_t uses = falls(reach->app[i], share)
                                  | (reach->started[i] & falls(reach->move[i], moved));
            f->near[n] = i;
            n += uses && is_within(places->x[k], places->y[k], c)
                 && !is_within(reach->x[i], reach->y[i], c);
        }
    }
    return n;
}

/* Find everybody around an alert and sort them into classes: good texts, good calls, other users
 * of the app, and those who only take a place in line. Each class keeps the order of the homes. */
static void gather(Reach *reach, const History *h, const Places *places, Circle c, int64_t at_s,
                   Mask policies, const Adopters *adopters, int n_adopters, Found *f)
{
    Share share = {0, 0}, moved = {0, 0};
    for (int k = 0; k < n_adopters; k++) {
        const Share one = adopters[k].share, two = adopters[k].moved;
        share = one.any && (!share.any || one.last > share.last) ? one : share;
        moved = two.any && (!moved.any || two.last > moved.last) ? two : moved;
    }
    const int64_t home = gather_homes(reach, h, c, at_s, policies, share, moved, f);
    const int64_t n = gather_away(reach, places, c, share, moved, f, home);
    for (int64_t k = home; k < n; k++)
        if (reach->due_s[f->near[k]] <= at_s)
            advance(reach, h, f->near[k], at_s);
    int64_t size[CLASSES] = {0};
    for (int64_t k = 0; k < n; k++) {
        const int32_t i = f->near[k];
        const Mask here = k < home ? policies : 0;
        const Mask good = reach->good[i] & here, listed = reach->listed[i] & here;
        Mask uses = 0;
        for (int a = 0; a < n_adopters; a++) {
            const uint32_t use = falls(reach->app[i], adopters[a].share)
                                 | (reach->started[i] & falls(reach->move[i], adopters[a].moved));
            uses |= use ? adopters[a].policies : 0;
        }
        uses = (Mask)(uses & ~reach->gone[i]);
        const int kind = good ? GOOD_TEXT : uses ? USER_TEXT : listed ? STALE_TEXT : NEITHER;
        const int class = kind + (kind < NEITHER ? reach->voice[i] : 0);
        const int64_t at = size[class]++;
        f->class_member[class][at] = reach->member[i];
        f->class_good[class][at] = good, f->class_listed[class][at] = listed;
        f->class_uses[class][at] = uses, f->class_home[class][at] = k < home;
    }
    int64_t end = 0;
    for (int class = 0; class < NEITHER; class++) {
        const size_t some = (size_t)size[class];
        memcpy(f->member + end, f->class_member[class], some * sizeof *f->member);
        memcpy(f->good + end, f->class_good[class], some * sizeof *f->good);
        memcpy(f->listed + end, f->class_listed[class], some * sizeof *f->listed);
        memcpy(f->uses + end, f->class_uses[class], some * sizeof *f->uses);
        memcpy(f->at_home + end, f->class_home[class], some);
        f->end[class] = end += size[class];
    }
}

#endif
