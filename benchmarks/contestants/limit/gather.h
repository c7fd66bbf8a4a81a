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

enum { VOICE = 1, STARTED = 2, AGE_SHIFT = 2, GONE_SHIFT = 16 };

/* Places where people are when away, in cells; what decides on the app is kept beside them. */
typedef struct {
    Raster raster;
    int32_t *x, *y, *who; /* who: their number */
    uint32_t *app, *move, *state;
} Places;

/* Those [n] of the crowd whom any message could ever concern, in the same order. */
typedef struct {
    int64_t n;
    Raster homes;
    int32_t *x, *y, *work_x, *work_y, *leisure_x, *leisure_y;
    uint32_t *id, *app, *move;
    int32_t *due_s, *next; /* when the next standing begins, and its number */
    uint32_t *ties;        /* as they stand now */
    uint32_t *state;       /* voice, started, age, and the policies under which they are gone */
    Places work, leisure;
} Reach;

/* Classes of people around an alert: reached by text, by call; other users of the app; those who
 * only take a place in line; nobody. Odd ones prefer calls. */
enum { GOOD_TEXT, GOOD_CALL, USER_TEXT, USER_CALL, STALE_TEXT, STALE_CALL, NEITHER, CLASSES = 8 };

/* Room for the people around an alert, class behind class. */
typedef struct {
    int64_t end[CLASSES]; /* where each class ends */
    int32_t *who;         /* numbers in the reach */
    uint32_t *ties;       /* good above listed, under the policies of the alert */
    uint32_t *uses;       /* policies under which they use the app */
    /* Before they are sorted into classes: */
    int32_t *near, *of_class[CLASSES];
    uint32_t *near_ties, *near_uses, *near_app, *near_move, *near_state;
    uint8_t *class, *inside, *due;
} Found;

static Places places_of(const Reach *reach, const int32_t *x, const int32_t *y, const uint8_t *may)
{
    int64_t n = 0, *wide_x, *wide_y;
    uint64_t *keys, *spare;
    int32_t *number;
    ROOM(keys, reach->n), ROOM(spare, reach->n), ROOM(wide_x, reach->n), ROOM(wide_y, reach->n);
    ROOM(number, reach->n);
    for (int64_t i = 0; i < reach->n; i++) {
        wide_x[n] = x[i], wide_y[n] = y[i];
        number[n] = (int32_t)i;
        n += may[i];
    }
    Places places = {.raster = order_points(n, wide_x, wide_y, keys, spare)};
    ROOM(places.x, n), ROOM(places.y, n), ROOM(places.who, n);
    ROOM(places.app, n), ROOM(places.move, n), ROOM(places.state, n);
    for (int64_t k = 0; k < n; k++) {
        const uint32_t from = (uint32_t)keys[k];
        const int32_t i = number[from];
        places.x[k] = (int32_t)wide_x[from], places.y[k] = (int32_t)wide_y[from];
        places.who[k] = i, places.app[k] = reach->app[i], places.move[k] = reach->move[i];
        places.state[k] = reach->state[i];
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
    Reach r = {.n = 0};
    int64_t *wide_x, *wide_y;
    uint64_t *keys, *spare;
    uint8_t *may;
    ROOM(wide_x, n), ROOM(wide_y, n), ROOM(keys, n), ROOM(spare, n), ROOM(may, n);
    ROOM(r.x, n), ROOM(r.y, n), ROOM(r.work_x, n), ROOM(r.work_y, n), ROOM(r.leisure_x, n);
    ROOM(r.leisure_y, n), ROOM(r.id, n), ROOM(r.app, n), ROOM(r.move, n), ROOM(r.due_s, n);
    ROOM(r.next, n), ROOM(r.ties, n), ROOM(r.state, n);
    for (int64_t j = 0; j < n; j++) {
        const int64_t i = r.n, first = h->first[j], end = h->first[j + 1];
        const uint32_t by_move = crowd->started[j] & falls(crowd->move[j], moved_at_most);
        const uint32_t user = falls(crowd->app[j], at_most) | by_move;
        uint32_t ever = 0;
        for (int64_t k = first; k < end; k++)
            ever |= h->standing[k].ties;
        r.x[i] = crowd->x[j], r.y[i] = crowd->y[j], r.id[i] = crowd->id[j];
        r.work_x[i] = crowd->work_x[j], r.work_y[i] = crowd->work_y[j];
        r.leisure_x[i] = crowd->leisure_x[j], r.leisure_y[i] = crowd->leisure_y[j];
        wide_x[i] = crowd->x[j], wide_y[i] = crowd->y[j];
        r.app[i] = crowd->app[j], r.move[i] = crowd->move[j];
        r.ties[i] = h->standing[first].ties, r.next[i] = (int32_t)first + 1;
        r.due_s[i] = h->standing[first + 1].at_s;
        r.state[i] = (uint32_t)h->standing[first].gone << GONE_SHIFT
                     | (uint32_t)crowd->age[j] << AGE_SHIFT | (crowd->started[j] ? STARTED : 0)
                     | (crowd->voice[j] ? VOICE : 0);
        may[i] = (uint8_t)user;
        r.n += ever != 0 || user;
    }
    /* The crowd lies in the order of the cells already: sorting changes nothing. */
    r.homes = order_points(r.n, wide_x, wide_y, keys, spare);
    r.work = places_of(&r, r.work_x, r.work_y, may);
    r.leisure = places_of(&r, r.leisure_x, r.leisure_y, may);
    return r;
}

static Found room_for_found(int64_t n)
{
    Found f = {.who = NULL};
    ROOM(f.who, n), ROOM(f.ties, n), ROOM(f.uses, n), ROOM(f.near, n), ROOM(f.near_ties, n);
    ROOM(f.near_uses, n), ROOM(f.near_app, n), ROOM(f.near_move, n), ROOM(f.near_state, n);
    ROOM(f.class, n), ROOM(f.inside, n), ROOM(f.due, n);
    for (int class = 0; class < CLASSES; class++)
        ROOM(f.of_class[class], n);
    return f;
}

/* Bring somebody to a moment. */
static void advance(Reach *reach, const History *h, int64_t i, int64_t at_s)
{
    const Standing *next = &h->standing[reach->next[i]];
    while (next->at_s <= at_s)
        next++;
    reach->ties[i] = next[-1].ties;
    reach->state[i] = (reach->state[i] & 0xFFFF) | (uint32_t)next[-1].gone << GONE_SHIFT;
    reach->next[i] = (int32_t)(next - h->standing);
    reach->due_s[i] = next->at_s;
}

static __attribute__((noinline)) uint32_t
mark_inside(int64_t n, const int32_t *restrict x, const int32_t *restrict y,
            const int32_t *restrict due_s, Circle c, int32_t at_s, uint8_t *restrict inside,
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

static inline uint32_t may_use(uint32_t app, uint32_t move, uint32_t state, Share share,
                               Share moved)
{
    return falls(app, share) | ((state & STARTED) != 0 & falls(move, moved));
}

static __attribute__((noinline)) void
mark_wanted(int64_t n, const uint32_t *restrict ties, const uint32_t *restrict app,
            const uint32_t *restrict move, const uint32_t *restrict state, uint32_t policies,
            Share share, Share moved, uint8_t *restrict inside)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t user = may_use(app[i], move[i], state[i], share, moved);
        inside[i] &= (uint8_t)(((ties[i] & policies) != 0) | user);
    }
}

static __attribute__((noinline)) void
mark_users(int64_t n, const int32_t *restrict x, const int32_t *restrict y,
           const uint32_t *restrict app, const uint32_t *restrict move,
           const uint32_t *restrict state, Circle c, Share share, Share moved,
           uint8_t *restrict inside)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t user = may_use(app[i], move[i], state[i], share, moved);
        inside[i] = (uint8_t)(user & (uint32_t)is_within(x[i], y[i], c));
    }
}

/* Add the numbers of those marked. */
static __attribute__((noinline)) int64_t take_marked(int64_t n, int64_t begin,
                                                     const uint8_t *restrict marked,
                                                     int32_t *restrict into)
{
    int64_t size = 0;
    for (int64_t k = 0; k < n; k++) {
        into[size] = (int32_t)(begin + k);
        size += marked[k];
    }
    return size;
}

static int64_t gather_homes(Reach *r, const History *h, Circle c, int64_t at_s, Mask policies,
                            Share share, Share moved, Found *f)
{
    int64_t n = 0, row, stop;
    for (rows_of(&r->homes, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&r->homes, row, c, &begin, &end);
        const int64_t size = end - begin;
        if (mark_inside(size, r->x + begin, r->y + begin, r->due_s + begin, c, (int32_t)at_s,
                        f->inside, f->due))
            for (int64_t k = 0; k < size; k++)
                if (f->due[k])
                    advance(r, h, begin + k, at_s);
        mark_wanted(size, r->ties + begin, r->app + begin, r->move + begin, r->state + begin,
                    policies, share, moved, f->inside);
        n += take_marked(size, begin, f->inside, f->near + n);
    }
    return n;
}

/* Add those whose usual place, but not whose home, is inside. */
static int64_t gather_away(Reach *r, const Places *places, const History *h, Circle c,
                           int64_t at_s, Share share, Share moved, Found *f, int64_t n)
{
    int64_t row, stop;
    for (rows_of(&places->raster, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&places->raster, row, c, &begin, &end);
        mark_users(end - begin, places->x + begin, places->y + begin, places->app + begin,
                   places->move + begin, places->state + begin, c, share, moved, f->inside);
        for (int64_t k = begin; k < end; k++)
            if (f->inside[k - begin]) {
                const int32_t i = places->who[k];
                f->near[n] = i;
                n += !is_within(r->x[i], r->y[i], c);
            }
    }
    for (int64_t k = 0; k < n; k++)
        if (r->due_s[f->near[k]] <= at_s)
            advance(r, h, f->near[k], at_s);
    return n;
}

/* Read what is known of people, their ties cut to those that count here. */
static __attribute__((noinline)) void read_near(int64_t n, const Reach *r,
                                                const int32_t *restrict near, uint32_t here,
                                                uint32_t *restrict ties, uint32_t *restrict app,
                                                uint32_t *restrict move, uint32_t *restrict state)
{
    const uint32_t *restrict all_ties = r->ties, *restrict all_app = r->app;
    const uint32_t *restrict all_move = r->move, *restrict all_state = r->state;
    for (int64_t k = 0; k < n; k++) {
        ties[k] = all_ties[near[k]] & here;
        app[k] = all_app[near[k]], move[k] = all_move[near[k]];
        state[k] = all_state[near[k]];
    }
}

static __attribute__((noinline)) void
add_users(int64_t n, const uint32_t *restrict app, const uint32_t *restrict move,
          const uint32_t *restrict state, Adopters adopters, uint32_t *restrict uses)
{
    const uint32_t policies = adopters.policies;
    for (int64_t k = 0; k < n; k++) {
        const uint32_t use = may_use(app[k], move[k], state[k], adopters.share, adopters.moved);
        uses[k] |= -use & policies & ~(state[k] >> GONE_SHIFT);
    }
}

static __attribute__((noinline)) void classify(int64_t n, const uint32_t *restrict ties,
                                               const uint32_t *restrict uses,
                                               const uint32_t *restrict state,
                                               uint8_t *restrict class)
{
    for (int64_t k = 0; k < n; k++) {
        const uint32_t no_good = ties[k] < 1u << GOOD_SHIFT, no_use = uses[k] == 0;
        const uint32_t no_tie = ties[k] == 0;
        class[k] = (uint8_t)(2 * no_good * (1 + no_use * (1 + no_tie)) + (state[k] & VOICE));
    }
}

/* Find everybody around an alert, class behind class; each keeps the order of the homes. */
static void gather(Reach *r, const History *h, const Places *places, Circle c, int64_t at_s,
                   Mask policies, const Adopters *adopters, int n_adopters, Found *f)
{
    Share share = {0, 0}, moved = {0, 0};
    for (int k = 0; k < n_adopters; k++) {
        const Share one = adopters[k].share, two = adopters[k].moved;
        share = one.any && (!share.any || one.last > share.last) ? one : share;
        moved = two.any && (!moved.any || two.last > moved.last) ? two : moved;
    }
    const int64_t home = gather_homes(r, h, c, at_s, policies, share, moved, f);
    const int64_t n = gather_away(r, places, h, c, at_s, share, moved, f, home);
    const uint32_t here = (uint32_t)policies << GOOD_SHIFT | policies;
    read_near(home, r, f->near, here, f->near_ties, f->near_app, f->near_move, f->near_state);
    read_near(n - home, r, f->near + home, 0, f->near_ties + home, f->near_app + home,
              f->near_move + home, f->near_state + home);
    memset(f->near_uses, 0, (size_t)n * sizeof *f->near_uses);
    for (int k = 0; k < n_adopters; k++)
        add_users(n, f->near_app, f->near_move, f->near_state, adopters[k], f->near_uses);
    classify(n, f->near_ties, f->near_uses, f->near_state, f->class);
    int64_t size[CLASSES] = {0};
    for (int64_t k = 0; k < n; k++)
        f->of_class[f->class[k]][size[f->class[k]]++] = (int32_t)k;
    int64_t end = 0;
    for (int class = 0; class < NEITHER; class++) {
        const int32_t *restrict some = f->of_class[class];
        for (int64_t k = 0; k < size[class]; k++) {
            f->who[end + k] = f->near[some[k]];
            f->ties[end + k] = f->near_ties[some[k]];
            f->uses[end + k] = f->near_uses[some[k]];
        }
        f->end[class] = end += size[class];
    }
}

#endif
