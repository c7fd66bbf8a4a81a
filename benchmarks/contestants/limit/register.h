/* The register: the marks and letters of every candidate, what they do under each policy, and the
 * monthly books. Candidates do not touch each other, so that each is followed from the first to
 * the last moment at once; the alerts find what is left: moments at which anything changed. */
#ifndef LIMIT_REGISTER_H
#define LIMIT_REGISTER_H

#include "exposure.h"

/* How a candidate stands from a moment on. */
typedef struct {
    int32_t at_s;
    uint32_t ties; /* policies under which it is good, above those under which it is listed */
    Mask gone;
} Standing;

enum { GOOD_SHIFT = 16 };

typedef struct {
    Standing *standing; /* one behind the other, by candidate, in the order of time */
    int32_t *first;     /* where those of each candidate begin, and the end */
    int64_t n, room;
    Store *store;
} History;

typedef struct {
    Mask good, stale, struck, gone; /* struck: stale and struck off; else out */
} State;

enum { SIGNED, REENTERED, CORRECTED, STRUCK_OFF, LEFT_GOOD, LEFT_STALE, LEFT_STRUCK, DECAYED, MOVES };
enum { BLOCK = 512, ENTRY = -2, BY_MARK = -1 };

typedef struct {
    int32_t at_s;
    uint32_t word;
    int32_t what; /* ENTRY, BY_MARK, or the number of a letter */
} Event;

typedef struct {
    const Given *g;
    Mask all;
    int64_t last_s;
    int32_t *moves;     /* [month, town, MOVES, MOST_POLICIES] */
    int32_t *app_moves; /* users of the app: changes, [month, town, MOST_POLICIES] */
    int64_t *up;        /* [phase, town, age, sign-up, upkeep, strike, MOST_POLICIES] */
    uint8_t *rising;    /* shares of adoption never fall: [adoption, town] */
    Mask *adopting;     /* policies of each adoption */
    /* Over policies, and for the highest over exposures too: words from there on do it anyway. */
    int64_t departure_low[AGES][EXPOSURES], departure_high[AGES];
    int64_t decay_low[AGES][EXPOSURES], decay_high[AGES];
    int64_t idle_from, idle_to;
    Steps months;
    Key key;
} Register;

static void keep_low(int64_t value, int64_t *low)
{
    *low = value < *low ? value : *low;
}

static void keep_range(int64_t value, int64_t *low, int64_t *high)
{
    keep_low(value, low);
    *high = value > *high ? value : *high;
}

static Register register_of(const Given *g, int64_t last_s)
{
    Register r = {.g = g, .last_s = last_s, .idle_to = INT64_MAX};
    const int64_t n = g->n_policies, months = g->n_months + 2;
    r.all = (Mask)((1u << n) - 1);
    r.months = steps_of(g->month_end_s, g->n_months, last_s);
    r.key = (Key){(uint32_t)g->seed, (uint32_t)g->replication};
    ZEROS(r.moves, months * g->n_towns * MOVES * MOST_POLICIES);
    ZEROS(r.app_moves, months * g->n_towns * MOST_POLICIES);
    ZEROS(r.up, g->n_phases * g->n_towns * AGES * 3 * MOST_POLICIES);
    for (int64_t row = 0; row < g->n_phases * n * g->n_towns * AGES; row++) {
        const int64_t age = row % AGES, town = row / AGES % g->n_towns;
        const int64_t p = row / AGES / g->n_towns % n, phase = row / AGES / g->n_towns / n;
        int64_t *up =
            &r.up[(((phase * g->n_towns + town) * AGES + age) * 3) * MOST_POLICIES + p];
        up[0] = g->sign_up[row], up[MOST_POLICIES] = g->upkeep[row];
        up[2 * MOST_POLICIES] = g->strike[row];
        r.idle_from = g->strike[row] > r.idle_from ? g->strike[row] : r.idle_from;
    }
    memset(r.departure_low, 0x7F, sizeof r.departure_low);
    memset(r.decay_low, 0x7F, sizeof r.decay_low);
    for (int64_t row = 0; row < n * AGES * EXPOSURES; row++) {
        const int64_t age = row / EXPOSURES % AGES, e = row % EXPOSURES;
        keep_range(g->departure[row], &r.departure_low[age][e], &r.departure_high[age]);
        keep_range(g->decay[row], &r.decay_low[age][e], &r.decay_high[age]);
        r.idle_to = g->decay[row] < r.idle_to ? g->decay[row] : r.idle_to;
    }
    /* More alerts never move fewer: the lowest threshold up to an exposure bounds those below. */
    for (int64_t age = 0; age < AGES; age++)
        for (int64_t e = 1; e < EXPOSURES; e++) {
            keep_low(r.departure_low[age][e - 1], &r.departure_low[age][e]);
            keep_low(r.decay_low[age][e - 1], &r.decay_low[age][e]);
        }
    ROOM(r.rising, g->n_adoptions * g->n_towns), ZEROS(r.adopting, g->n_adoptions);
    for (int64_t p = 0; p < n; p++)
        r.adopting[g->adoption[p]] |= (Mask)(1u << p);
    for (int64_t row = 0; row < g->n_adoptions * g->n_towns; row++) {
        const int64_t kind = row / g->n_towns, town = row % g->n_towns;
        r.rising[row] = 1;
        for (int64_t month = 1; month <= g->n_months; month++) {
            const int64_t now = (kind * (g->n_months + 1) + month) * g->n_towns + town;
            const int64_t before = now - g->n_towns;
            if (g->month_share[now] < g->month_share[before]
                || g->month_moved[now] < g->month_moved[before])
                r.rising[row] = 0;
        }
    }
    return r;
}

static void add_mask(int32_t row[MOST_POLICIES], Mask mask, int32_t sign)
{
    for (int p = 0; p < MOST_POLICIES; p++)
        row[p] += (mask >> p & 1) * sign;
}

static int64_t month_of(const Register *r, int64_t at_s)
{
    return steps_to(&r->months, at_s) + 1;
}

/* Count somebody under some policies at the end of each month, from one on, in which they use the
 * app, or take that back: changes by month. */
static void count_use(Register *r, const Crowd *crowd, int64_t j, int64_t month, Mask who,
                      int32_t sign)
{
    const Given *g = r->g;
    const double level = uniform(crowd->app[j]), move = uniform(crowd->move[j]);
    const int64_t town = crowd->town[j], months = g->n_months + 1;
    for (int64_t kind = 0; kind < g->n_adoptions; kind++) {
        const double *share = &g->month_share[kind * months * g->n_towns + town];
        const double *moved = &g->month_moved[kind * months * g->n_towns + town];
        const Mask mask = who & r->adopting[kind];
#define USES(m)                                                                                   \
    (level < share[(m) * g->n_towns] || (crowd->started[j] && move < moved[(m) * g->n_towns]))
        if (mask == 0 || month >= months)
            continue;
        if (r->rising[kind * g->n_towns + town]) {
            if (!USES(months - 1))
                continue;
            int64_t low = month, high = months - 1;
            while (low < high) {
                const int64_t middle = (low + high) / 2;
                if (USES(middle))
                    high = middle;
                else
                    low = middle + 1;
            }
            add_mask(&r->app_moves[(low * g->n_towns + town) * MOST_POLICIES], mask, sign);
        } else {
            int used = 0;
            for (int64_t m = month; m < months; m++) {
                const int uses = USES(m);
                if (uses != used)
                    add_mask(&r->app_moves[(m * g->n_towns + town) * MOST_POLICIES], mask,
                             uses ? sign : -sign);
                used = uses;
            }
        }
#undef USES
    }
}

static void note_moves(Register *r, int64_t month, int64_t town, int move, Mask mask)
{
    if (mask != 0)
        add_mask(&r->moves[((month * r->g->n_towns + town) * MOVES + move) * MOST_POLICIES],
                 mask, 1);
}

/* Let a mark pull a record up: signing up, correction, striking off. */
static void pull_up(Register *r, const Crowd *crowd, int64_t j, Event event, State *s)
{
    const Given *g = r->g;
    const Mask out = (Mask)(r->all & ~(s->good | s->stale | s->struck | s->gone));
    if ((out | s->stale | s->struck) == 0)
        return;
    const int64_t phase = number_after(g->phase_s, g->n_phases, event.at_s) - 1;
    const int64_t *up =
        &r->up[((phase * g->n_towns + crowd->town[j]) * AGES + crowd->age[j]) * 3 * MOST_POLICIES];
    Mask signs = 0, keeps = 0, strikes = 0;
    for (int p = 0; p < MOST_POLICIES; p++) {
        signs |= (Mask)((event.word < up[p]) << p);
        keeps |= (Mask)((event.word < up[MOST_POLICIES + p]) << p);
        strikes |= (Mask)((event.word < up[2 * MOST_POLICIES + p]) << p);
    }
    keeps |= signs;
    const Mask signed_ = signs & out, back = keeps & s->struck, corrected = keeps & s->stale;
    const Mask struck = (Mask)(strikes & ~keeps & s->stale);
    if ((signed_ | back | corrected | struck) == 0)
        return;
    const int64_t month = month_of(r, event.at_s), town = crowd->town[j];
    note_moves(r, month, town, SIGNED, signed_);
    note_moves(r, month, town, REENTERED, back);
    note_moves(r, month, town, CORRECTED, corrected);
    note_moves(r, month, town, STRUCK_OFF, struck);
    s->good |= signed_ | back | corrected;
    s->struck = (Mask)((s->struck & ~back) | struck);
    s->stale = (Mask)(s->stale & ~(corrected | struck));
}

/* Let a letter bring somebody in. */
static void answer_letter(Register *r, const Crowd *crowd, int64_t j, Event event, State *s)
{
    const Given *g = r->g;
    const int64_t town = crowd->town[j], month = month_of(r, event.at_s);
    Mask joins = 0;
    for (int64_t p = 0; p < g->n_policies; p++)
        joins |= (Mask)((event.word
                         < g->letter_join[(event.what * g->n_policies + p) * g->n_towns + town])
                        << p);
    const Mask out = (Mask)(r->all & ~(s->good | s->stale | s->struck | s->gone));
    note_moves(r, month, town, SIGNED, joins & out);
    note_moves(r, month, town, REENTERED, joins & s->struck);
    note_moves(r, month, town, CORRECTED, joins & s->stale);
    s->good |= joins & (out | s->struck | s->stale);
    s->struck = (Mask)(s->struck & ~joins);
    s->stale = (Mask)(s->stale & ~joins);
}

/* Whether up to some alerts in the last year could make a difference to a mark. */
static int may_depend(const Register *r, int age, int64_t word, int64_t exposed, Mask leaves,
                      Mask decays)
{
    return (leaves == 0 && word >= r->departure_low[age][exposed])
           || (decays == 0 && word >= r->decay_low[age][exposed]);
}

/* Let a mark push a record down: decay and departure, which grow with the alerts of a year. */
static void push_down(Register *r, const Crowd *crowd, const Alerts *alerts,
                      const Exposure *exposure, int64_t j, Event event, State *s)
{
    const Given *g = r->g;
    const int age = crowd->age[j];
    const int64_t word = event.word;
    Mask leaves = word >= r->departure_high[age] ? r->all : 0;
    Mask decays = word >= r->decay_high[age] ? r->all : 0;
    if (may_depend(r, age, word, EXPOSURES - 1, leaves, decays)) {
        int64_t n;
        int32_t count[MOST_POLICIES] = {0};
        const int32_t *some =
            last_year(exposure, alerts, crowd->x[j], crowd->y[j], event.at_s, &n);
        /* The alerts of the square bound those that covered the home. */
        if (may_depend(r, age, word, n < EXPOSURES - 1 ? n : EXPOSURES - 1, leaves, decays))
            count_covering(alerts, some, n, crowd->x[j], crowd->y[j], count);
        for (int64_t p = 0; p < g->n_policies; p++) {
            const int64_t e = count[p] < EXPOSURES - 1 ? count[p] : EXPOSURES - 1;
            const int64_t row = (p * AGES + age) * EXPOSURES + e;
            leaves |= (Mask)((word >= g->departure[row]) << p);
            decays |= (Mask)((word >= g->decay[row]) << p);
        }
    }
    const Mask left = (Mask)(leaves & ~s->gone), decayed = (Mask)(decays & ~leaves & s->good);
    if ((left | decayed) == 0)
        return;
    const int64_t month = month_of(r, event.at_s), town = crowd->town[j];
    note_moves(r, month, town, LEFT_GOOD, left & s->good);
    note_moves(r, month, town, LEFT_STALE, left & s->stale);
    note_moves(r, month, town, LEFT_STRUCK, left & s->struck);
    note_moves(r, month, town, DECAYED, decayed);
    if (left != 0)
        count_use(r, crowd, j, month, left, -1);
    s->gone |= left;
    s->good = (Mask)(s->good & ~(left | decayed));
    s->stale = (Mask)((s->stale & ~left) | decayed);
    s->struck = (Mask)(s->struck & ~left);
}

static void keep_standing(History *h, int64_t at_s, const State *s)
{
    if (h->n == h->room) {
        h->standing = hold(h->store, 2 * h->room + 1024, sizeof *h->standing);
        h->room = holds(h->store, sizeof *h->standing);
    }
    const uint32_t listed = s->good | s->stale;
    h->standing[h->n++] =
        (Standing){(int32_t)at_s, (uint32_t)s->good << GOOD_SHIFT | listed, s->gone};
}

/* Follow one candidate through its events. */
static void live(Register *r, const Crowd *crowd, const Alerts *alerts, const Exposure *exposure,
                 int64_t j, const Event *events, int64_t n, History *h)
{
    const Mask all = r->all;
    const int first = crowd->first[j];
    State s = {first == GOOD ? all : 0, first == STALE ? all : 0, 0,
               first == OUTSIDE_YET ? all : 0};
    h->first[j] = (int32_t)h->n;
    keep_standing(h, INT32_MIN, &s);
    if (first != OUTSIDE_YET)
        count_use(r, crowd, j, 0, all, 1);
    /* Nobody comes back; newcomers are gone until their first event, the entry. */
    for (int64_t k = 0; k < n && (k == 0 || s.gone != all); k++) {
        const State before = s;
        if (events[k].what == ENTRY) {
            s = (State){0, 0, 0, 0};
            count_use(r, crowd, j, month_of(r, events[k].at_s), all, 1);
        } else if (events[k].what >= 0) {
            answer_letter(r, crowd, j, events[k], &s);
        } else if (events[k].word >= r->idle_to) {
            push_down(r, crowd, alerts, exposure, j, events[k], &s);
        } else {
            pull_up(r, crowd, j, events[k], &s);
        }
        if (s.good != before.good || s.stale != before.stale || s.gone != before.gone)
            keep_standing(h, events[k].at_s, &s);
    }
}

#endif
