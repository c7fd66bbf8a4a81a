/* The people around one alert: what they draw, where they are, when they would notice a message:
 * everything that no policy decides. Each step is a loop over plain arrays. */
#ifndef LIMIT_PEOPLE_H
#define LIMIT_PEOPLE_H

#include "gather.h"

enum { SEARCHING, DRIVING, WALKING, WATCHING }; /* in this order: see `locate` */
enum { AT_HOME, ASLEEP, AWAY, WAKINGS };
enum { SEARCH_SHIFT = 16, WEARY = 256 }; /* further alerts in a week that are told apart */

/* A mixture of log-normals by waking: share, median, sigma of each part. */
typedef struct {
    double share[WAKINGS][PARTS], median[WAKINGS][PARTS], sigma[WAKINGS][PARTS], unit_s;
    int constant; /* one value for everybody */
    int32_t value_s;
} Mixture;

/* Room for the people around an alert; the first `m` are those whom a message could reach. */
typedef struct {
    uint32_t *id, *order;
    uint32_t *presence, *receipt, *notice, *attend, *notice_app, *notice_email, *search;
    uint8_t *waking, *way;
    uint32_t *state; /* see Reach */
    int32_t *home_x, *home_y, *away_x, *away_y, *x, *y;
    /* Policies under which they would attend, above those under which they would search then;
     * under which they are inside the circle; under which they attend. */
    uint32_t *attends, *searches, *around, *answered;
    uint8_t *weary;
    int32_t *delay_s, *latency_s, *app_s, *email_s, *users, *span_s;
    double *within, *median, *sigma, *tail_within, *tail_median, *tail_sigma;
    int32_t *tail, *tail_span_s;
    uint8_t *in_tail;
    uint8_t *waking_of_users;
    uint32_t *word_of_users;
    uint64_t *keys, *spare;
    uint32_t *line;
    uint32_t *in_line; /* ties of those in line */
    int32_t *sent_s; /* [policy, person] */
    int32_t *lately;
    int64_t stride;
} People;

/* Who attends, by further alerts in the last week. */
typedef struct {
    int64_t last[WEARY]; /* the last word that attends, -1 for none */
} Attention;

static Mixture mixture_of(const double *table, double unit_s)
{
    Mixture m = {.unit_s = unit_s, .constant = 1};
    for (int state = 0; state < WAKINGS; state++) {
        for (int part = 0; part < PARTS; part++) {
            const double *one = &table[(state * PARTS + part) * 3];
            m.share[state][part] = one[0], m.median[state][part] = one[1];
            m.sigma[state][part] = one[2];
        }
        const double *first = &table[state * PARTS * 3];
        m.constant &= first[0] >= 1.0 && first[1] == table[1] && first[2] == 0.0;
    }
    m.value_s = span(table[1] * unit_s);
    return m;
}

static People room_for_people(int64_t n, int64_t n_policies, int64_t n_alerts)
{
    People p = {.stride = (n + 63) / 32 * 32};
    uint32_t **words[] = {&p.id,         &p.order,        &p.presence, &p.receipt,
                          &p.notice,     &p.attend,       &p.search,   &p.word_of_users,
                          &p.notice_app, &p.notice_email, &p.line,     &p.in_line,
                          &p.state,      &p.attends,      &p.searches, &p.around,
                          &p.answered};
    int32_t **numbers[] = {&p.home_x,  &p.home_y,    &p.away_x, &p.away_y,  &p.x,     &p.y,
                           &p.delay_s, &p.latency_s, &p.app_s,  &p.email_s, &p.users, &p.span_s,
                           &p.tail,    &p.tail_span_s};
    uint8_t **bytes[] = {&p.waking, &p.way, &p.weary, &p.waking_of_users, &p.in_tail};
    double **reals[] = {&p.within,      &p.median,      &p.sigma,
                        &p.tail_within, &p.tail_median, &p.tail_sigma};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        ROOM(*words[k], n);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        ROOM(*numbers[k], n);
    for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++)
        ROOM(*bytes[k], n);
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
        ROOM(*reals[k], n);
    ROOM(p.keys, n), ROOM(p.spare, n), ROOM(p.sent_s, n_policies * p.stride);
    ROOM(p.lately, n_alerts);
    return p;
}

static __attribute__((noinline)) void
draw_words(int64_t n, const uint32_t *restrict id, uint32_t case_, uint32_t purpose, Key key,
           uint32_t *restrict first, uint32_t *restrict second, uint32_t *restrict third,
           uint32_t *restrict fourth)
{
    for (int64_t i = 0; i < n; i++) {
        const Words words = philox(id[i], case_, 0, purpose, key);
        first[i] = words.w[0], second[i] = words.w[1];
        third[i] = words.w[2], fourth[i] = words.w[3];
    }
}

static __attribute__((noinline)) void draw_second(int64_t n, const uint32_t *restrict id,
                                                  uint32_t case_, uint32_t purpose, Key key,
                                                  uint32_t *restrict second)
{
    for (int64_t i = 0; i < n; i++)
        second[i] = philox(id[i], case_, 0, purpose, key).w[1];
}

static __attribute__((noinline)) void copy_people(const Reach *r, int at_work, int64_t n,
                                                  int64_t m, const int32_t *restrict who,
                                                  People *p)
{
    const int32_t *restrict from_x = at_work ? r->work_x : r->leisure_x;
    const int32_t *restrict from_y = at_work ? r->work_y : r->leisure_y;
    const uint32_t *restrict ids = r->id, *restrict states = r->state;
    const int32_t *restrict xs = r->x, *restrict ys = r->y;
    uint32_t *restrict id = p->id, *restrict state = p->state;
    int32_t *restrict home_x = p->home_x, *restrict home_y = p->home_y;
    int32_t *restrict away_x = p->away_x, *restrict away_y = p->away_y;
    for (int64_t k = 0; k < n; k++)
        id[k] = ids[who[k]];
    for (int64_t k = 0; k < m; k++) {
        home_x[k] = xs[who[k]], home_y[k] = ys[who[k]];
        away_x[k] = from_x[who[k]], away_y[k] = from_y[who[k]];
        state[k] = states[who[k]];
    }
}

/* Shares by age, as steps from one age to the next: adding them up needs no table. */
typedef struct {
    uint32_t step[AGES], any; /* any: one bit for each age */
} ByAge;

static inline uint32_t falls_by_age(uint32_t word, uint32_t age, const ByAge *shares)
{
    uint32_t last = shares->step[0];
    for (uint32_t a = 1; a < AGES; a++)
        last += -(uint32_t)(age >= a) & shares->step[a];
    return (word <= last) & ((shares->any & 1u << age) != 0);
}

static ByAge by_age(const double share[AGES], double factor)
{
    ByAge shares = {.any = 0};
    for (uint32_t age = 0, before = 0; age < AGES; age++) {
        const Share one = share_of(share[age] * factor);
        shares.step[age] = one.last - before, before = one.last;
        shares.any |= one.any << age;
    }
    return shares;
}

/* What holds for everybody at the moment of an alert, as comparisons of words. */
typedef struct {
    ByAge asleep, away, road, wheel;
    Share search;
} Shares;

/* One word decides: the uppermost part of its range is away; within it, the lowest part is on the
 * road, driving first. The complement of a word is the word of 1 - u. */
static __attribute__((noinline)) void locate(int64_t m, Circle c, Shares shares,
                                             const People *people, uint32_t all)
{
    const uint32_t *restrict presence = people->presence, *restrict search = people->search;
    const uint32_t *restrict state = people->state;
    const int32_t *restrict home_x = people->home_x, *restrict home_y = people->home_y;
    const int32_t *restrict away_x = people->away_x, *restrict away_y = people->away_y;
    int32_t *restrict x = people->x, *restrict y = people->y;
    uint8_t *restrict waking = people->waking, *restrict way = people->way;
    uint32_t *restrict around = people->around, *restrict searches = people->searches;
    INDEPENDENT
    for (int64_t k = 0; k < m; k++) {
        const uint32_t rest = presence[k] ^ UINT32_MAX, age = state[k] >> AGE_SHIFT & 7;
        const uint32_t away = falls_by_age(rest, age, &shares.away);
        const uint32_t road = falls_by_age(rest, age, &shares.road);
        const uint32_t wheel = falls_by_age(rest, age, &shares.wheel);
        const uint32_t asleep = falls_by_age(presence[k], age, &shares.asleep) & (away ^ 1);
        const uint32_t seeks = falls(search[k], shares.search) & (asleep ^ 1);
        const int32_t there_x = away_x[k], there_y = away_y[k];
        const int32_t here_x = home_x[k], here_y = home_y[k];
        x[k] = away & (road ^ 1) ? there_x : here_x;
        y[k] = away & (road ^ 1) ? there_y : here_y;
        waking[k] = (uint8_t)(AWAY * away + ASLEEP * asleep);
        way[k] = (uint8_t)((WATCHING - road - wheel) * (seeks ^ 1));
        searches[k] = -seeks & all;
    }
    INDEPENDENT
    for (int64_t k = 0; k < m; k++)
        around[k] = -(uint32_t)is_within(x[k], y[k], c) & all;
}

static __attribute__((noinline)) void leave_absent(int64_t m, const uint32_t *restrict around,
                                                   uint32_t *restrict uses)
{
    for (int64_t k = 0; k < m; k++)
        uses[k] &= around[k];
}

static inline double by_waking(uint8_t waking, double at_home, double asleep, double away)
{
    const double elsewhere = waking == ASLEEP ? asleep : away;
    return waking == AT_HOME ? at_home : elsewhere;
}

/* Pick the part of a mixture that may never happen: the uniform does by the shares of the parts and
 * is, rescaled within its part, the quantile. */
static __attribute__((noinline)) void
pick_parts(int64_t n, const uint32_t *restrict word, const uint8_t *restrict waking,
           const Mixture *mixture, double *restrict within, double *restrict median,
           double *restrict sigma, uint8_t *restrict in_tail)
{
    const Mixture m = *mixture;
    const double lowest = 0.5 / WORD_RANGE, highest = 1.0 - lowest;
    for (int64_t i = 0; i < n; i++) {
#define OF_WAKING(table, part)                                                                    \
    by_waking(waking[i], m.table[AT_HOME][part], m.table[ASLEEP][part], m.table[AWAY][part])
        const double u = uniform(word[i]);
        const double first = OF_WAKING(share, 0), second = OF_WAKING(share, 1);
        const int in_first = u < first, never = !(u < first + second);
        const double at = (in_first ? u : u - first) / (in_first ? first : second);
        const double half = OF_WAKING(median, 0), other_half = OF_WAKING(median, 1);
        const double spread = OF_WAKING(sigma, 0), other_spread = OF_WAKING(sigma, 1);
        const double inside = never ? 0.5 : least(most(at, lowest), highest);
        within[i] = inside;
        median[i] = never ? INFINITY : (in_first ? half : other_half);
        sigma[i] = in_first ? spread : other_spread;
        in_tail[i] = (uint8_t)lies_in_tail(inside);
#undef OF_WAKING
    }
}

static __attribute__((noinline)) void
centre_spans(int64_t n, const double *restrict within, const double *restrict median,
             const double *restrict sigma, double unit_s, int32_t *restrict span_s)
{
    for (int64_t i = 0; i < n; i++)
        span_s[i] =
            span(median[i] * exponential_of(sigma[i] * centre_score(within[i])) * unit_s);
}

static __attribute__((noinline)) void
tail_spans(int64_t n, const double *restrict within, const double *restrict median,
           const double *restrict sigma, double unit_s, int32_t *restrict span_s)
{
    for (int64_t i = 0; i < n; i++)
        span_s[i] =
            span(median[i] * exponential_of(sigma[i] * tail_score(within[i])) * unit_s);
}

/* Draw spans of time by the words of n people. All are taken for the centre of their part first;
 * the few in its tails are then done again. */
static void draw_spans(int64_t n, const uint32_t *word, const uint8_t *waking,
                       const Mixture *mixture, People *p, int32_t *span_s)
{
    if (mixture->constant) {
        for (int64_t i = 0; i < n; i++)
            span_s[i] = mixture->value_s;
        return;
    }
    pick_parts(n, word, waking, mixture, p->within, p->median, p->sigma, p->in_tail);
    centre_spans(n, p->within, p->median, p->sigma, mixture->unit_s, span_s);
    int64_t size = 0;
    for (int64_t i = 0; i < n; i++) {
        p->tail[size] = (int32_t)i;
        size += p->in_tail[i];
    }
    for (int64_t k = 0; k < size; k++) {
        const int32_t i = p->tail[k];
        p->tail_within[k] = p->within[i], p->tail_median[k] = p->median[i];
        p->tail_sigma[k] = p->sigma[i];
    }
    tail_spans(size, p->tail_within, p->tail_median, p->tail_sigma, mixture->unit_s,
               p->tail_span_s);
    for (int64_t k = 0; k < size; k++)
        span_s[p->tail[k]] = p->tail_span_s[k];
}

/* Draw when messages of the app are noticed, for its users inside the circle; return how many
 * they are. */
static int64_t draw_users(int64_t m, const uint32_t *uses, const Mixture *notice, People *p)
{
    int64_t n = 0;
    for (int64_t k = 0; k < m; k++) {
        p->app_s[k] = NEVER_AFTER_S;
        p->users[n] = (int32_t)k;
        n += uses[k] != 0;
    }
    for (int64_t s = 0; s < n; s++) {
        p->word_of_users[s] = p->notice_app[p->users[s]];
        p->waking_of_users[s] = p->waking[p->users[s]];
    }
    draw_spans(n, p->word_of_users, p->waking_of_users, notice, p, p->span_s);
    for (int64_t s = 0; s < n; s++)
        p->app_s[p->users[s]] = p->span_s[s];
    return n;
}

static __attribute__((noinline)) void add_weary(int64_t m, const int32_t *restrict home_x,
                                                const int32_t *restrict home_y, Circle c,
                                                uint8_t *restrict weary)
{
    for (int64_t k = 0; k < m; k++)
        weary[k] = (uint8_t)(weary[k] + is_within(home_x[k], home_y[k], c));
}

static __attribute__((noinline)) void take_attention(int64_t m, const uint32_t *restrict word,
                                                     const uint8_t *restrict weary,
                                                     const int64_t *restrict last,
                                                     uint32_t policies,
                                                     const uint32_t *restrict searches,
                                                     uint32_t *restrict attends)
{
    for (int64_t k = 0; k < m; k++) {
        const uint32_t would = -(uint32_t)((int64_t)word[k] <= last[weary[k]]) & policies;
        attends[k] |= would | (would & searches[k]) << SEARCH_SHIFT;
    }
}

/* Decide who would attend under which policies: fewer after further alerts in the last week.
 * Policies that shared all of these alerts are decided together. People from `others` on may live
 * outside the circle, where alerts that do not touch it count too. */
static void decide_attention(const Alerts *alerts, int64_t a, int64_t others, int64_t m,
                             Mask policies, const Attention *attention, People *p)
{
    int64_t n = 0;
    for (int64_t b = a - 1; b >= 0 && alerts->at_s[b] > alerts->at_s[a] - WEEK_S; b--)
        if (alerts->policies[b] & policies)
            p->lately[n++] = (int32_t)b;
    memset(p->attends, 0, (size_t)m * sizeof *p->attends);
    const Circle here = alerts->circle[a];
    for (Mask left = policies; left != 0;) {
        Mask alike = left;
        const int first = __builtin_ctz(left);
        for (int64_t k = 0; k < n; k++) {
            const Mask shared = alerts->policies[p->lately[k]];
            alike &= shared >> first & 1 ? shared : (Mask)~shared;
        }
        memset(p->weary, 0, (size_t)m);
        for (int64_t k = 0; k < n; k++) {
            const Circle c = alerts->circle[p->lately[k]];
            const Circle both = {c.x, c.y, c.radius + here.radius};
            const int64_t from = is_within((int32_t)here.x, (int32_t)here.y, both) ? 0 : others;
            if (alerts->policies[p->lately[k]] >> first & 1)
                add_weary(m - from, p->home_x + from, p->home_y + from, c, p->weary + from);
        }
        take_attention(m, p->attend, p->weary, attention->last, alike, p->searches,
                       p->attends);
        left &= (Mask)~alike;
    }
}

#endif
