/* What the first messages of an alert set off under each policy: places in line, arrival, notice,
 * attention, and the counts of all of these. */
#ifndef LIMIT_ANSWERS_H
#define LIMIT_ANSWERS_H

#include "people.h"

enum { HOUR_S = 3600, TEN_MINUTES_S = 600, LONGEST_NOTICE = UINT16_MAX };

/* When whoever stands at a place in line is served, by set of levers. */
typedef struct {
    const int32_t **text, **call;
} Lines;

/* The channels as an alert under one policy uses them. */
typedef struct {
    uint32_t bit, own, email, app; /* the policy's bit, or 0 where the channel is not used */
    int32_t email_delay_s, app_delay_s;
} Use;

typedef struct {
    int32_t delivered, noticed, quick, around, attending, searching;
} Tally;

static Lines lines_of(const Given *g, int64_t most_places)
{
    Lines lines;
    ROOM(lines.text, g->n_levers), ROOM(lines.call, g->n_levers);
    for (int64_t v = 0; v < g->n_levers; v++) {
        lines.text[v] = lines.call[v] = NULL;
        for (int64_t w = 0; w < v; w++) {
            if (g->text_per_second[w] == g->text_per_second[v])
                lines.text[v] = lines.text[w];
            if (g->call_lines[w] == g->call_lines[v] && g->call_s[w] == g->call_s[v])
                lines.call[v] = lines.call[w];
        }
        if (lines.text[v] == NULL) {
            int32_t *served_s;
            ROOM(served_s, most_places);
            for (int64_t place = 0; place < most_places; place++)
                served_s[place] = (int32_t)least(
                    floor((double)place / g->text_per_second[v]), (double)NEVER_AFTER_S);
            lines.text[v] = served_s;
        }
        if (lines.call[v] == NULL) {
            int32_t *served_s;
            ROOM(served_s, most_places);
            for (int64_t place = 0; place < most_places; place++)
                served_s[place] = g->call_lines[v] > 0
                                      ? (int32_t)(place / g->call_lines[v] * g->call_s[v])
                                      : 0;
            lines.call[v] = served_s;
        }
    }
    return lines;
}

enum { FEW = 64, SMALL_LINE = 1 << 13 };

/* Put the listed people of three stretches in the order of sending: by an addressed draw, then by
 * person. */
static int64_t line_up(const int64_t stretch[3][2], const uint32_t *ties, People *p)
{
    int64_t n = 0;
    for (int part = 0; part < 3; part++)
        for (int64_t k = stretch[part][0]; k < stretch[part][1]; k++) {
            p->keys[n] = (uint64_t)p->order[k] << 32 | (uint64_t)k;
            n += ties[k] != 0;
        }
    if (n >= FEW) {
        const int bits = n < SMALL_LINE ? 20 : 2 * MOST_DIGIT_BITS;
        sort_keys(p->keys, p->spare, n, 64 - bits, bits);
    }
    for (int64_t i = 1; i < n; i++) {
        const uint64_t key = p->keys[i];
        int64_t at = i;
        for (; at > 0; at--) {
            const uint64_t other = p->keys[at - 1];
            if (other >> 32 < key >> 32
                || (other >> 32 == key >> 32
                    && p->id[(uint32_t)other] < p->id[(uint32_t)key]))
                break;
            p->keys[at] = other;
        }
        p->keys[at] = key;
    }
    for (int64_t i = 0; i < n; i++) {
        p->line[i] = (uint32_t)p->keys[i];
        p->in_line[i] = ties[p->line[i]];
    }
    return n;
}

/* Serve a line under policy p and return how many stand in it. */
static __attribute__((noinline)) int32_t serve(int64_t n, const uint32_t *restrict line,
                                               const uint32_t *restrict in_line, int64_t p,
                                               const int32_t *restrict served_s,
                                               int32_t *restrict sent_s)
{
    int32_t place = 0;
    for (int64_t i = 0; i < n; i++) {
        sent_s[line[i]] = served_s[place];
        place += in_line[i] >> p & 1;
    }
    return place;
}

static inline int32_t sooner_of(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The loop over people: when each message arrives and is noticed, who attends, how many. */
static inline __attribute__((always_inline)) Tally
answer(int with_own, int with_email, int64_t begin, int64_t end, Use use, const uint32_t *ties_,
       const uint32_t *uses_, const People *p, const int32_t *sent_s_, uint16_t *notices_)
{
    const uint32_t *restrict ties = ties_, *restrict uses = uses_;
    const uint32_t *restrict attends = p->attends, *restrict around = p->around;
    const int32_t *restrict sent_s = sent_s_, *restrict delay_s = p->delay_s;
    const int32_t *restrict latency_s = p->latency_s, *restrict app_s = p->app_s;
    const int32_t *restrict email_s = p->email_s;
    uint32_t *restrict answered = p->answered;
    uint16_t *restrict notices = notices_;
    const uint32_t own = use.own << GOOD_SHIFT, email = use.email << GOOD_SHIFT, bit = use.bit;
    const uint32_t search = use.bit << SEARCH_SHIFT;
    const int32_t never = NEVER_AFTER_S;
    Tally t = {0, 0, 0, 0, 0, 0};
    INDEPENDENT
    for (int64_t k = begin; k < end; k++) {
        int32_t arrives_s = never, noticed_s = never;
        if (with_own) {
            const int32_t at_s = sooner_of(sent_s[k] + delay_s[k], never);
            arrives_s = ties[k] & own ? at_s : never;
            noticed_s = arrives_s + latency_s[k];
        }
        if (with_email) {
            const int32_t at_s = ties[k] & email ? use.email_delay_s : never;
            arrives_s = sooner_of(arrives_s, at_s);
            noticed_s = sooner_of(noticed_s, at_s + email_s[k]);
        }
        const int32_t in_app_s = uses[k] & use.app ? use.app_delay_s : never;
        arrives_s = sooner_of(arrives_s, in_app_s);
        noticed_s = sooner_of(noticed_s, in_app_s + app_s[k]);
        const uint32_t in_time = noticed_s <= HOUR_S;
        t.delivered += arrives_s < never;
        t.noticed += noticed_s <= HOUR_S;
        t.quick += noticed_s <= TEN_MINUTES_S;
        t.around += in_time & ((around[k] & bit) != 0);
        t.attending += in_time & ((attends[k] & bit) != 0);
        t.searching += in_time & ((attends[k] & search) != 0);
        answered[k] |= noticed_s < never ? attends[k] & bit : 0;
        notices[k] = (uint16_t)sooner_of(noticed_s, LONGEST_NOTICE);
    }
    return t;
}

static __attribute__((noinline)) Tally answer_users(int64_t begin, int64_t end, Use use,
                                                    const uint32_t *uses, const People *p,
                                                    uint16_t *notices)
{
    return answer(0, 0, begin, end, use, uses, uses, p, NULL, notices);
}

static __attribute__((noinline)) Tally answer_own(int64_t begin, int64_t end, Use use,
                                                  const uint32_t *ties, const uint32_t *uses,
                                                  const People *p, const int32_t *sent_s,
                                                  uint16_t *notices)
{
    return answer(1, 0, begin, end, use, ties, uses, p, sent_s, notices);
}

static __attribute__((noinline)) Tally answer_email(int64_t begin, int64_t end, Use use,
                                                    const uint32_t *ties, const uint32_t *uses,
                                                    const People *p, const int32_t *sent_s,
                                                    uint16_t *notices)
{
    return answer(1, 1, begin, end, use, ties, uses, p, sent_s, notices);
}

/* When the message of one person arrives and is noticed: the same for one, without the counts. */
static void moments_of(int64_t k, Use use, const uint32_t *ties, const uint32_t *uses,
                       const People *p, const int32_t *sent_s, int32_t *delivered_s, int32_t *noticed_s)
{
    *delivered_s = *noticed_s = NEVER_AFTER_S;
    if (ties[k] >> GOOD_SHIFT & use.own) {
        *delivered_s = sooner_of(sent_s[k] + p->delay_s[k], NEVER_AFTER_S);
        *noticed_s = sooner_of(*delivered_s + p->latency_s[k], NEVER_AFTER_S);
    }
    if (ties[k] >> GOOD_SHIFT & use.email) {
        *delivered_s = sooner_of(*delivered_s, use.email_delay_s);
        *noticed_s = sooner_of(*noticed_s, use.email_delay_s + p->email_s[k]);
    }
    if (uses[k] & use.app) {
        *delivered_s = sooner_of(*delivered_s, use.app_delay_s);
        *noticed_s = sooner_of(*noticed_s, use.app_delay_s + p->app_s[k]);
    }
}

/* Count those who noticed before a moment. */
static __attribute__((noinline)) int64_t count_before(int64_t n, const uint16_t *restrict notices,
                                                      int32_t limit_s)
{
    int64_t count = 0;
    const uint16_t limit = limit_s > LONGEST_NOTICE ? LONGEST_NOTICE : (uint16_t)limit_s;
    for (int64_t begin = 0; begin < n; begin += 1 << 14) {
        /* Sixteen bits count a stretch: twice as many lanes. */
        uint16_t some = 0;
        const int64_t end = n - begin < 1 << 14 ? n : begin + (1 << 14);
        for (int64_t k = begin; k < end; k++)
            some = (uint16_t)(some + (notices[k] < limit));
        count += some;
    }
    return count;
}

#endif
