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
    Mask bit, own, email, app; /* the policy's bit, or 0 where the channel is not used */
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
static int64_t line_up(const int64_t stretch[3][2], const Mask *listed, People *p)
{
    int64_t n = 0;
    for (int part = 0; part < 3; part++)
        for (int64_t k = stretch[part][0]; k < stretch[part][1]; k++) {
            p->keys[n] = (uint64_t)p->order[k] << 32 | (uint64_t)k;
            n += listed[k] != 0;
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
        p->in_line[i] = listed[p->line[i]];
    }
    return n;
}

/* Serve a line under policy p and return how many stand in it. */
static __attribute__((noinline)) int32_t serve(int64_t n, const uint32_t *restrict line,
                                               const Mask *restrict in_line, int64_t p,
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
answer(int with_own, int with_email, int64_t begin, int64_t end, Use use, const Mask *good,
       const Mask *uses, const People *p, const int32_t *sent_s, uint16_t *notices)
{
    const Mask *restrict goods = good, *restrict users = uses;
    const int32_t *restrict sent = sent_s, *restrict delay_s = p->delay_s;
    const int32_t *restrict latency_s = p->latency_s, *restrict app_s = p->app_s;
    const int32_t *restrict email_s = p->email_s;
    const Mask *restrict attends = p->attends, *restrict searches = p->searches;
    const Mask *restrict around = p->around;
    Mask *restrict answered = p->answered;
    uint16_t *restrict noted = notices;
    Tally t = {0, 0, 0, 0, 0, 0};
    for (int64_t k = begin; k < end; k++) {
        int32_t arrives_s = NEVER_AFTER_S, noticed_s = NEVER_AFTER_S;
        if (with_own) {
            const int32_t at_s = sooner_of(sent[k] + delay_s[k], NEVER_AFTER_S);
            arrives_s = goods[k] & use.own ? at_s : NEVER_AFTER_S;
            noticed_s = sooner_of(arrives_s + latency_s[k], NEVER_AFTER_S);
        }
        if (with_email) {
            const int32_t at_s = goods[k] & use.email ? use.email_delay_s : NEVER_AFTER_S;
            arrives_s = sooner_of(arrives_s, at_s);
            noticed_s = sooner_of(noticed_s, at_s + email_s[k]);
        }
        const int32_t at_s = users[k] & use.app ? use.app_delay_s : NEVER_AFTER_S;
        arrives_s = sooner_of(arrives_s, at_s);
        noticed_s = sooner_of(noticed_s, at_s + app_s[k]);
        const int32_t ever = noticed_s < NEVER_AFTER_S, in_time = noticed_s <= HOUR_S;
        const int32_t attending = (attends[k] & use.bit) != 0;
        t.delivered += arrives_s < NEVER_AFTER_S;
        t.noticed += in_time;
        t.quick += noticed_s <= TEN_MINUTES_S;
        t.around += in_time & ((around[k] & use.bit) != 0);
        t.attending += in_time & attending;
        t.searching += in_time & ((attends[k] & searches[k] & use.bit) != 0);
        answered[k] |= ever & attending ? use.bit : 0;
        noted[k] = (uint16_t)sooner_of(noticed_s, LONGEST_NOTICE);
    }
    return t;
}

static __attribute__((noinline)) Tally answer_users(int64_t begin, int64_t end, Use use,
                                                    const Mask *uses, const People *p,
                                                    uint16_t *notices)
{
    return answer(0, 0, begin, end, use, uses, uses, p, NULL, notices);
}

static __attribute__((noinline)) Tally answer_own(int64_t begin, int64_t end, Use use,
                                                  const Mask *good, const Mask *uses,
                                                  const People *p, const int32_t *sent_s,
                                                  uint16_t *notices)
{
    return answer(1, 0, begin, end, use, good, uses, p, sent_s, notices);
}

static __attribute__((noinline)) Tally answer_email(int64_t begin, int64_t end, Use use,
                                                    const Mask *good, const Mask *uses,
                                                    const People *p, const int32_t *sent_s,
                                                    uint16_t *notices)
{
    return answer(1, 1, begin, end, use, good, uses, p, sent_s, notices);
}

/* When the message of one person arrives and is noticed: the same for one, without the counts. */
static void moments_of(int64_t k, Use use, const Mask *good, const Mask *uses, const People *p,
                       const int32_t *sent_s, int32_t *delivered_s, int32_t *noticed_s)
{
    *delivered_s = *noticed_s = NEVER_AFTER_S;
    if (good[k] & use.own) {
        *delivered_s = sooner_of(sent_s[k] + p->delay_s[k], NEVER_AFTER_S);
        *noticed_s = sooner_of(*delivered_s + p->latency_s[k], NEVER_AFTER_S);
    }
    if (good[k] & use.email) {
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
