/* Tips: what attending people could tell the control room, when they would call, and what each
 * call takes; formulas as in sim/tips.py. */
#ifndef LIMIT_TIPS_H
#define LIMIT_TIPS_H

#include "sightings.h"

enum { FRESH, RETROSPECTIVE, KNOWLEDGE, MISTAKEN, TIP_KINDS, OTHER = -1 };

#define REPORT_SIGMA 0.8
#define MINUTES_SIGMA 1.0
#define SERVICE_SIGMA 0.5
#define PATIENCE_SIGMA 0.7
#define SCENE_SIGMA 0.5

/* One call that may come. */
typedef struct {
    int64_t at_s, encounter_s;
    double find_level;
    int32_t incident, service_s, patience_s, response_s, scene_s;
    uint32_t caller;
    int8_t kind, dispatched;
} Tip;

typedef struct {
    Tip *tip;
    int64_t n, room;
    Store *store;
} Tips;

/* Who attends, and what they drew. */
typedef struct {
    Observer observer;
    uint32_t caller;
    Mask attends;
    int32_t noticed_s[MOST_POLICIES];
    double fresh_clock, retrospective_clock, knowledge_level, false_level;
} Attendant;

static void add_tip(Tips *tips, Tip tip)
{
    if (tips->n == tips->room) {
        tips->tip = hold(tips->store, 2 * tips->room + 256, sizeof *tips->tip);
        tips->room = holds(tips->store, sizeof *tips->tip);
    }
    tips->tip[tips->n++] = tip;
}

/* Add the calls of one kind by one person: `seen_s` by policy for fresh sightings, else one. */
static void add_calls(const Given *g, Key key, int64_t a, const Attendant *who, int kind,
                      const int32_t *seen_s, Tips *tips)
{
    const Parameters *p = &g->parameters;
    const int64_t i = who->observer.incident, alert_s = who->observer.alert_s;
    const uint32_t case_ = (uint32_t)g->incident_id[i];
    const Words tip = philox(who->caller, case_, (uint32_t)kind, TIP, key);
    const Words call = philox(who->caller, case_, (uint32_t)kind, CALLING, key);
    if (kind <= RETROSPECTIVE && !(uniform(tip.w[0]) < p->report_share))
        return;
    const double minutes = kind == KNOWLEDGE  ? p->knowledge_minutes
                           : kind == MISTAKEN ? p->false_minutes
                                              : p->report_delay_minutes;
    const double sigma = kind >= KNOWLEDGE ? MINUTES_SIGMA : REPORT_SIGMA;
    const int64_t delay_s =
        whole_seconds(lognormal(uniform(tip.w[1]), minutes * 60.0, sigma));
    if (delay_s >= NEVER_AFTER_S)
        return;
    const int still_attentive = uniform(call.w[3]) < p->attention_after_closing;
    Tip made = {
        .find_level = uniform(tip.w[2]),
        .incident = (int32_t)i,
        .service_s = (int32_t)at_least_one(whole_seconds(
            lognormal(uniform(tip.w[3]), p->service_minutes * 60.0, SERVICE_SIGMA))),
        .patience_s = (int32_t)at_least_one(whole_seconds(
            lognormal(uniform(call.w[0]), p->patience_minutes * 60.0, PATIENCE_SIGMA))),
        .response_s = (int32_t)at_least_one(whole_seconds(
            lognormal(uniform(call.w[1]), g->response_median_s[i], p->response_sigma))),
        .scene_s = (int32_t)at_least_one(whole_seconds(
            lognormal(uniform(call.w[2]), p->on_scene_minutes * 60.0, SCENE_SIGMA))),
        .caller = who->caller,
        .kind = (int8_t)kind,
        .dispatched = kind != MISTAKEN || uniform(tip.w[0]) < p->dispatch_false_share,
    };
    for (Mask left = who->attends; left != 0; left &= (Mask)(left - 1)) {
        const int policy = __builtin_ctz(left);
        const int32_t noticed_s = who->noticed_s[policy];
        const int32_t from_s = kind == FRESH ? seen_s[policy] : noticed_s;
        if (noticed_s >= NEVER_AFTER_S || from_s >= NEVER_AFTER_S)
            continue;
        if (kind != FRESH && noticed_s >= g->alert_close_s[a * g->n_policies + policy]
            && !still_attentive)
            continue;
        const int32_t encounter_s = kind == FRESH           ? seen_s[policy]
                                    : kind == RETROSPECTIVE ? seen_s[0]
                                                            : NEVER_AFTER_S;
        made.at_s = alert_s + from_s + delay_s;
        made.encounter_s = encounter_s < NEVER_AFTER_S ? alert_s + encounter_s : NEVER_S;
        add_tip(&tips[policy], made);
    }
}

/* Add every call that somebody attending alert a could make. */
static void add_tips(const Given *g, Key key, int64_t a, const Attendant *who, Tips *tips)
{
    const Parameters *p = &g->parameters;
    const Observer *o = &who->observer;
    const int64_t *close_s = &g->alert_close_s[a * g->n_policies];
    if (who->fresh_clock < INFINITY) {
        int32_t seen_s[MOST_POLICIES], earliest_s = NEVER_AFTER_S;
        int64_t latest_close_s = close_s[0];
        for (int64_t policy = 0; policy < g->n_policies; policy++) {
            seen_s[policy] = NEVER_AFTER_S;
            earliest_s = sooner_of(earliest_s, who->noticed_s[policy]);
            latest_close_s = close_s[policy] > latest_close_s ? close_s[policy] : latest_close_s;
        }
        const Hazard h = fresh_hazard(g, o);
        /* Nobody sees anything later than with the earliest notice and the latest closing. */
        if (first_sighting(p, who->fresh_clock, &h, earliest_s, latest_close_s) < NEVER_AFTER_S) {
            for (Mask left = who->attends; left != 0; left &= (Mask)(left - 1)) {
                const int policy = __builtin_ctz(left);
                seen_s[policy] = first_sighting(p, who->fresh_clock, &h, who->noticed_s[policy],
                                                close_s[policy]);
            }
            add_calls(g, key, a, who, FRESH, seen_s, tips);
        }
    }
    if (who->retrospective_clock < INFINITY) {
        const int32_t seen_s = retrospective_sighting(g, o, who->retrospective_clock);
        if (seen_s < NEVER_AFTER_S)
            add_calls(g, key, a, who, RETROSPECTIVE, &seen_s, tips);
    }
    if (who->knowledge_level < g->knowledge_share[o->incident])
        add_calls(g, key, a, who, KNOWLEDGE, NULL, tips);
    if (who->false_level < p->false_per_1000_attending / 1000.0)
        add_calls(g, key, a, who, MISTAKEN, NULL, tips);
}

static int comes_before(const Tip *one, const Tip *other)
{
    if (one->at_s != other->at_s)
        return one->at_s < other->at_s;
    if (one->incident != other->incident)
        return one->incident < other->incident;
    if (one->caller != other->caller)
        return one->caller < other->caller;
    return one->kind < other->kind;
}

#endif
