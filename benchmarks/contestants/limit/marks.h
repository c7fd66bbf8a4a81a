/* The marks, letters and entries of a block of candidates, in the order of time. */
#ifndef LIMIT_MARKS_H
#define LIMIT_MARKS_H

#include "register.h"

/* Draw mark number `round` of n people and move their clocks on. */
static __attribute__((noinline)) void draw_round(int n, const uint32_t *restrict id,
                                                 uint32_t round, double between_s, Key key,
                                                 double *restrict at, int32_t *restrict at_s,
                                                 uint32_t *restrict word)
{
    for (int i = 0; i < n; i++) {
        const Words words = philox(id[i], round, 0, MARK, key);
        at[i] += exponential(uniform(words.w[0])) * between_s;
        at_s[i] = span(at[i]);
        word[i] = words.w[1];
    }
}

/* Put the letters that somebody answers where they belong; at one second they come last. */
static int64_t add_letters(const Register *r, uint32_t id, int32_t entry_s, Event *events,
                           int64_t n)
{
    const Given *g = r->g;
    const double answer_s = g->parameters.campaign_weeks * 7 * 86400;
    for (int64_t k = 0; k < g->n_letters; k++) {
        const Words words = philox(id, (uint32_t)g->letter_day[k], 0, CAMPAIGN, r->key);
        const int64_t at_s = g->letter_s[k] + whole_seconds(uniform(words.w[1]) * answer_s);
        if (at_s < 0 || at_s < entry_s || at_s > r->last_s)
            continue;
        int64_t at = n++;
        for (; at > 0 && events[at - 1].at_s > at_s; at--)
            events[at] = events[at - 1];
        events[at] = (Event){(int32_t)at_s, words.w[0], (int32_t)k};
    }
    return n;
}

/* Draw all marks and follow everybody. */
static History run_register(Register *r, const Crowd *crowd, const Alerts *alerts,
                            const Exposure *exposure)
{
    const Given *g = r->g;
    const double between_s = YEAR_S / g->mark_rate_per_year;
    const double marks = (double)r->last_s / between_s;
    const int64_t most_marks = (int64_t)(marks + 12.0 * sqrt(marks + 1.0)) + 64;
    const int64_t room = most_marks + g->n_letters;
    History h = {.store = next_store()};
    Event *events;
    ROOM(events, BLOCK * room), ROOM(h.first, crowd->n + 1);
    h.room = holds(h.store, sizeof *h.standing);
    h.standing = h.store->data;
    for (int64_t begin = 0; begin < crowd->n; begin += BLOCK) {
        uint32_t id[BLOCK], word[BLOCK];
        int32_t at_s[BLOCK], count[BLOCK];
        int16_t lane[BLOCK];
        double at[BLOCK];
        const int size = (int)(crowd->n - begin < BLOCK ? crowd->n - begin : BLOCK);
        for (int i = 0; i < size; i++) {
            const int32_t entry_s = crowd->entry_s[begin + i];
            id[i] = crowd->id[begin + i], at[i] = 0.0, lane[i] = (int16_t)i;
            events[i * room] = (Event){entry_s, 0, ENTRY};
            count[i] = entry_s >= 0 && entry_s <= r->last_s;
        }
        int active = size;
        for (uint32_t round = 0; active > 0; round++) {
            draw_round(active, id, round, between_s, r->key, at, at_s, word);
            int kept = 0;
            for (int i = 0; i < active; i++) {
                const int j = lane[i], goes_on = at_s[i] <= r->last_s;
                const int moves = word[i] < r->idle_from || word[i] >= r->idle_to;
                events[j * room + count[j]] = (Event){at_s[i], word[i], BY_MARK};
                count[j] += goes_on & moves & (at_s[i] >= crowd->entry_s[begin + j]);
                if (count[j] == most_marks)
                    longjmp(out_of_memory, 1);
                id[kept] = id[i], at[kept] = at[i], lane[kept] = (int16_t)j;
                kept += goes_on;
            }
            active = kept;
        }
        for (int i = 0; i < size; i++) {
            const int64_t j = begin + i;
            const int64_t n =
                add_letters(r, crowd->id[j], crowd->entry_s[j], &events[i * room], count[i]);
            live(r, crowd, alerts, exposure, j, &events[i * room], n, &h);
        }
    }
    h.first[crowd->n] = (int32_t)h.n;
    return h;
}

#endif
