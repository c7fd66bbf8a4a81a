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
    uint32_t *app_at_most; /* as of the reach */
} Places;

/* A change of somebody's standing. */
typedef struct {
    int32_t who;
    uint32_t ties, gone;
} Change;

/* Those [n] of the crowd whom any message could ever concern, in the same order. */
typedef struct {
    int64_t n;
    Raster homes;
    int32_t *x, *y, *work_x, *work_y, *leisure_x, *leisure_y;
    uint32_t *id, *app, *move;
    uint32_t *app_at_most; /* what the search reads: 0 for those who may be moved to the app */
    uint32_t *ties;        /* as they stand now */
    uint32_t *state;       /* voice, started, age, and the policies under which they are gone */
    Change *change;        /* in the order of the alerts that find them first */
    int32_t *first_change; /* of each alert, and the end */
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
    uint8_t *class, *inside;
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
    ROOM(places.app_at_most, n);
    for (int64_t k = 0; k < n; k++) {
        const uint32_t from = (uint32_t)keys[k];
        const int32_t i = number[from];
        places.x[k] = (int32_t)wide_x[from], places.y[k] = (int32_t)wide_y[from];
        places.who[k] = i, places.app_at_most[k] = reach->app_at_most[i];
    }
    return places;
}

/* Sort all changes but the first standings by the alert that finds them first. */
static void order_changes(const Alerts *alerts, const Crowd *crowd, const History *h,
                          const int32_t *number, int64_t last_s, Reach *r)
{
    int32_t *place, *alert;
    const Steps steps = steps_of(alerts->at_s, alerts->n, last_s);
    ROOM(r->change, h->n), ROOM(alert, h->n);
    ZEROS(r->first_change, alerts->n + 2), ROOM(place, alerts->n + 1);
    for (int64_t j = 0; j < crowd->n; j++)
        for (int64_t k = h->first[j] + 1; k < h->first[j + 1]; k++) {
            /* At one second the change comes first. */
            const int64_t before_s = h->standing[k].at_s - 1;
            alert[k] = (int32_t)(before_s < 0 ? 0 : steps_to(&steps, before_s));
            r->first_change[alert[k] + 1] += number[j] >= 0;
        }
    for (int64_t a = 0; a <= alerts->n; a++) {
        r->first_change[a + 1] += r->first_change[a];
        place[a] = r->first_change[a];
    }
    for (int64_t j = 0; j < crowd->n; j++)
        if (number[j] >= 0)
            for (int64_t k = h->first[j] + 1; k < h->first[j + 1]; k++)
                r->change[place[alert[k]]++] =
                    (Change){number[j], h->standing[k].ties,
                             (uint32_t)h->standing[k].gone << GONE_SHIFT};
}

/* Leave out those who never are on the register nor ever use the app. */
static Reach reach_of(const Given *g, const Crowd *crowd, const Alerts *alerts, const History *h,
                      int64_t last_s)
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
    int32_t *number;
    uint64_t *keys, *spare;
    uint8_t *may;
    ROOM(wide_x, n), ROOM(wide_y, n), ROOM(keys, n), ROOM(spare, n), ROOM(may, n);
    ROOM(r.x, n), ROOM(r.y, n), ROOM(r.work_x, n), ROOM(r.work_y, n), ROOM(r.leisure_x, n);
    ROOM(r.leisure_y, n), ROOM(r.id, n), ROOM(r.app, n), ROOM(r.move, n);
    ROOM(r.app_at_most, n), ROOM(r.ties, n), ROOM(r.state, n), ROOM(number, n);
    for (int64_t j = 0; j < n; j++) {
        const int64_t i = r.n, first = h->first[j];
        const uint32_t by_move = crowd->started[j] & falls(crowd->move[j], moved_at_most);
        const uint32_t user = falls(crowd->app[j], at_most) | by_move;
        uint32_t ever = user;
        for (int64_t k = first; k < h->first[j + 1]; k++)
            ever |= h->standing[k].ties;
        r.x[i] = crowd->x[j], r.y[i] = crowd->y[j], r.id[i] = crowd->id[j];
        r.work_x[i] = crowd->work_x[j], r.work_y[i] = crowd->work_y[j];
        r.leisure_x[i] = crowd->leisure_x[j], r.leisure_y[i] = crowd->leisure_y[j];
        wide_x[i] = crowd->x[j], wide_y[i] = crowd->y[j];
        r.app[i] = crowd->app[j], r.move[i] = crowd->move[j];
        r.app_at_most[i] = by_move ? 0 : crowd->app[j];
        r.ties[i] = h->standing[first].ties;
        r.state[i] = (uint32_t)h->standing[first].gone << GONE_SHIFT
                     | (uint32_t)crowd->age[j] << AGE_SHIFT | (crowd->started[j] ? STARTED : 0)
                     | (crowd->voice[j] ? VOICE : 0);
        may[i] = (uint8_t)user;
        number[j] = ever != 0 ? (int32_t)i : -1;
        r.n += ever != 0;
    }
    order_changes(alerts, crowd, h, number, last_s, &r);
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
    ROOM(f.class, n), ROOM(f.inside, n);
    for (int class = 0; class < CLASSES; class++)
        ROOM(f.of_class[class], n);
    return f;
}

/* Bring everybody to the moment of alert a. */
static void advance(Reach *r, int64_t a)
{
    for (int64_t k = r->first_change[a]; k < r->first_change[a + 1]; k++) {
        const Change change = r->change[k];
        r->ties[change.who] = change.ties;
        r->state[change.who] = (r->state[change.who] & 0xFFFF) | change.gone;
    }
}

static __attribute__((noinline)) void
mark_wanted(int64_t n, const int32_t *restrict x, const int32_t *restrict y,
            const uint32_t *restrict ties, const uint32_t *restrict app, Circle c,
            uint32_t policies, Share share, uint8_t *restrict wanted)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t may = (uint32_t)((ties[i] & policies) != 0) | falls(app[i], share);
        wanted[i] = (uint8_t)(may & (uint32_t)is_within(x[i], y[i], c));
    }
}

static __attribute__((noinline)) void mark_users(int64_t n, const int32_t *restrict x,
                                                 const int32_t *restrict y,
                                                 const uint32_t *restrict app, Circle c,
                                                 Share share, uint8_t *restrict wanted)
{
    for (int64_t i = 0; i < n; i++)
        wanted[i] = (uint8_t)(falls(app[i], share) & (uint32_t)is_within(x[i], y[i], c));
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

static int64_t gather_homes(const Reach *r, Circle c, Mask policies, Share share, Found *f)
{
    int64_t n = 0, row, stop;
    for (rows_of(&r->homes, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&r->homes, row, c, &begin, &end);
        mark_wanted(end - begin, r->x + begin, r->y + begin, r->ties + begin,
                    r->app_at_most + begin, c, policies, share, f->inside);
        n += take_marked(end - begin, begin, f->inside, f->near + n);
    }
    return n;
}

/* Add those whose usual place, but not whose home, is inside. */
static int64_t gather_away(const Reach *r, const Places *places, Circle c, Share share, Found *f,
                           int64_t n)
{
    int64_t row, stop, found = 0;
    int32_t *restrict some = f->of_class[0];
    for (rows_of(&places->raster, c, &row, &stop); row < stop; row++) {
        int64_t begin, end;
        points_of(&places->raster, row, c, &begin, &end);
        mark_users(end - begin, places->x + begin, places->y + begin,
                   places->app_at_most + begin, c, share, f->inside);
        found += take_marked(end - begin, begin, f->inside, some + found);
    }
    for (int64_t k = 0; k < found; k++) {
        const int32_t i = places->who[some[k]];
        f->near[n] = i;
        n += !is_within(r->x[i], r->y[i], c);
    }
    return n;
}

static inline uint32_t may_use(uint32_t app, uint32_t move, uint32_t state, Share share,
                               Share moved)
{
    return falls(app, share) | (((state & STARTED) != 0) & falls(move, moved));
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
static void gather(const Reach *r, const Places *places, Circle c, Mask policies,
                   const Adopters *adopters, int n_adopters, Found *f)
{
    /* Whoever may be moved to the app is taken along if anybody is. */
    Share share = {0, 0};
    for (int k = 0; k < n_adopters; k++) {
        share.any |= adopters[k].share.any | adopters[k].moved.any;
        if (adopters[k].share.any && adopters[k].share.last > share.last)
            share.last = adopters[k].share.last;
    }
    const int64_t home = gather_homes(r, c, policies, share, f);
    const int64_t n = gather_away(r, places, c, share, f, home);
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
