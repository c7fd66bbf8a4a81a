/* The control room and the police units of one policy: calls, queues, follow-up and the end of
 * each incident, event by event in the order of sim/control_room.py. */
#ifndef LIMIT_ROOM_H
#define LIMIT_ROOM_H

#include "tips.h"

#define BACKGROUND_SIGMA 0.5

enum { MOST_BACKGROUND = 256, NOBODY = -1 };
enum { PARTICIPANT, POLICE, OWN_RETURN, NONE };
enum { SERVED, GRANTED, TAKEN, UNIT_GRANTED, ARRIVED, LEFT_SCENE, HANGS_UP };

/* Other calls while an action may be open, the same under all policies. */
typedef struct {
    int32_t incident, offset_s, service_s;
} OtherCall;

typedef struct {
    OtherCall *call;
    int64_t n;
} Background;

/* A call in the room: the tip first, then what becomes of it. */
typedef struct {
    Tip tip;
    int64_t drove_s;
    int32_t next;
    int8_t granted, lost;
} Call;

/* An event; of one moment the one planned first comes first. */
typedef struct {
    int64_t key, order; /* key: twice the second, plus one for what comes last in it */
    int32_t what, call;
} Happening;

typedef struct {
    const Given *g;
    const Outcomes *out;
    int64_t p, operators, units, busy, size, planned, n_areas;
    int unlimited;
    Call *calls;
    int64_t *police_s, *driving;
    int32_t *head, *tail; /* queues: of the operators, then of the units of each area */
    Happening *heap;
} Room;

static int happens_before(const Happening *one, const Happening *other)
{
    return one->key < other->key || (one->key == other->key && one->order < other->order);
}

static void plan(Room *room, int64_t at_s, int last, int what, int32_t call)
{
    const Happening it = {2 * at_s + last, room->planned++, what, call};
    int64_t i = room->size++;
    while (i > 0 && room->heap[(i - 1) / 2].key > it.key) {
        room->heap[i] = room->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    room->heap[i] = it;
}

static Happening take_next(Room *room)
{
    const Happening first = room->heap[0], moved = room->heap[--room->size];
    int64_t i = 0;
    while (2 * i + 1 < room->size) {
        int64_t below = 2 * i + 1;
        if (below + 1 < room->size && happens_before(&room->heap[below + 1], &room->heap[below]))
            below++;
        if (!happens_before(&room->heap[below], &moved))
            break;
        room->heap[i] = room->heap[below];
        i = below;
    }
    room->heap[i] = moved;
    return first;
}

static void join(Room *room, int64_t queue, int32_t call)
{
    if (room->head[queue] == NOBODY)
        room->head[queue] = call;
    else
        room->calls[room->tail[queue]].next = call;
    room->tail[queue] = call;
}

/* The first of a queue who has not hung up. */
static int32_t leave(Room *room, int64_t queue)
{
    int32_t call = room->head[queue];
    while (call != NOBODY && room->calls[call].lost)
        call = room->calls[call].next;
    room->head[queue] = call == NOBODY ? NOBODY : room->calls[call].next;
    if (call != NOBODY)
        room->calls[call].next = NOBODY;
    return call;
}

static void free_operator(Room *room, int64_t now_s_)
{
    const int32_t call = leave(room, 0);
    if (call == NOBODY) {
        room->busy--;
    } else {
        room->calls[call].granted = 1;
        plan(room, now_s_, 0, GRANTED, call);
    }
}

static void free_unit(Room *room, int64_t area, int64_t at_s)
{
    const int32_t call = leave(room, 1 + area);
    if (call == NOBODY)
        room->driving[area]--;
    else
        plan(room, at_s, 0, UNIT_GRANTED, call);
}

static void drive(Room *room, int64_t at_s, int32_t call)
{
    room->calls[call].drove_s = at_s;
    plan(room, at_s + room->calls[call].tip.response_s, 0, ARRIVED, call);
}

/* The factor on the pace of the police after some handled true tips. */
static double pace(const Parameters *p, int64_t handled)
{
    double product = p->police_speed_up_first, factor = p->police_speed_up_next, power = 1.0;
    if (handled == 0)
        return 1.0;
    for (int64_t e = handled - 1; e > 0; e >>= 1, factor *= factor)
        power *= e & 1 ? factor : 1.0;
    product *= power;
    return least(product, most(p->police_speed_up_limit, 1.0));
}

static double find_share(const Parameters *p, int kind, int64_t age_s)
{
    if (kind == KNOWLEDGE)
        return p->find_knowledge_share;
    const double fresh = most(p->find_fresh_share, p->find_old_share);
    const double fading = exp(-(double)age_s / (60.0 * p->find_decay_minutes));
    return p->find_old_share + (fresh - p->find_old_share) * fading;
}

/* Note a handled tip; a true one speeds up the police from now on. */
static void handle(Room *room, const Tip *tip, int64_t at_s)
{
    const Given *g = room->g;
    const Outcomes *out = room->out;
    const int64_t i = tip->incident, row = room->p * g->n_incidents + i;
    out->calls_handled[row]++;
    if (tip->kind == MISTAKEN || at_s >= out->end_s[row])
        return;
    const int64_t before = out->true_handled[row]++, police_s = room->police_s[i];
    if (police_s < NEVER_S && police_s > at_s)
        room->police_s[i] =
            at_s
            + whole_seconds((double)(police_s - at_s)
                            * (pace(&g->parameters, before) / pace(&g->parameters, before + 1)));
    const int64_t first =
        room->police_s[i] < g->return_s[i] ? room->police_s[i] : g->return_s[i];
    out->end_s[row] = first < g->horizon_s[i] ? first : g->horizon_s[i];
    out->cause[row] = first >= g->horizon_s[i]               ? NONE
                      : room->police_s[i] <= g->return_s[i] ? POLICE
                                                             : OWN_RETURN;
}

static void ring(Room *room, int64_t at_s, int32_t k)
{
    Call *call = &room->calls[k];
    const int64_t row = room->p * room->g->n_incidents + call->tip.incident;
    const int other = call->tip.kind == OTHER;
    if (!other) {
        if (at_s >= room->out->end_s[row])
            return;
        if (call->tip.kind == MISTAKEN)
            room->out->false_tips[row]++;
        else
            room->out->true_tips[row]++;
    }
    if (room->unlimited) {
        if (!other)
            plan(room, at_s + call->tip.service_s, 0, SERVED, k);
    } else if (room->busy < room->operators) {
        room->busy++;
        plan(room, at_s + call->tip.service_s, 0, SERVED, k);
    } else {
        join(room, 0, k);
        if (!other)
            plan(room, at_s + call->tip.patience_s, 1, HANGS_UP, k);
    }
}

static void served(Room *room, int64_t at_s, int32_t k)
{
    const Tip *tip = &room->calls[k].tip;
    const int64_t row = room->p * room->g->n_incidents + tip->incident;
    const int64_t area = room->g->area[tip->incident];
    room->out->operator_s[row] += tip->service_s;
    if (!room->unlimited)
        free_operator(room, at_s);
    if (tip->kind == OTHER)
        return;
    handle(room, tip, at_s);
    if (!tip->dispatched || at_s >= room->out->end_s[row])
        return;
    if (room->unlimited) {
        drive(room, at_s, k);
    } else if (room->driving[area] < room->units) {
        room->driving[area]++;
        drive(room, at_s, k);
    } else {
        join(room, 1 + area, k);
    }
}

static void arrived(Room *room, int64_t at_s, int32_t k)
{
    const Given *g = room->g;
    const Tip *tip = &room->calls[k].tip;
    const int64_t i = tip->incident, row = room->p * g->n_incidents + i;
    double share = 0.0;
    if (tip->kind != MISTAKEN && g->solvable[tip->kind * g->n_incidents + i])
        share = find_share(&g->parameters, tip->kind,
                           tip->encounter_s < NEVER_S ? at_s - tip->encounter_s : 0);
    const double factor =
        g->away[i * g->n_policies + room->p] ? g->away_find_factor[room->p] : 1.0;
    if (tip->find_level < share * factor) {
        room->out->end_s[row] = at_s;
        room->out->cause[row] = PARTICIPANT;
    }
    plan(room, at_s + tip->scene_s, 0, LEFT_SCENE, k);
}

static void happen(Room *room, int64_t at_s, int what, int32_t k)
{
    Call *call = &room->calls[k];
    const int64_t i = call->tip.incident, row = room->p * room->g->n_incidents + i;
    const int64_t area = room->g->area[i];
    if (what == HANGS_UP) {
        if (!call->granted) {
            call->lost = 1;
            room->out->calls_lost[row]++;
        }
    } else if (what == GRANTED && call->tip.kind != OTHER) {
        /* A caller who could still hang up takes a step more than one who cannot. */
        plan(room, at_s, 0, TAKEN, k);
    } else if (what == GRANTED || what == TAKEN) {
        plan(room, at_s + call->tip.service_s, 0, SERVED, k);
    } else if (what == SERVED) {
        served(room, at_s, k);
    } else if (what == UNIT_GRANTED) {
        if (at_s < room->out->end_s[row])
            drive(room, at_s, k);
        else
            free_unit(room, area, at_s);
    } else if (what == ARRIVED && at_s < room->out->end_s[row]) {
        arrived(room, at_s, k);
    } else {
        const int64_t busy_s = at_s - call->drove_s;
        room->out->unit_s[row] += busy_s;
        if (call->tip.kind == MISTAKEN)
            room->out->unit_s_on_false_tips[row] += busy_s;
        if (!room->unlimited)
            free_unit(room, area, at_s);
    }
}

/* Let every call and everything that follows from it happen, in the order of time. */
static void run_calls(Room *room, int64_t n)
{
    for (int64_t k = 0; k < n || room->size > 0;) {
        const int64_t call_s = k < n ? room->calls[k].tip.at_s : NEVER_S;
        if (room->size > 0 && room->heap[0].key >> 1 <= call_s) {
            const Happening it = take_next(room);
            happen(room, it.key >> 1, it.what, it.call);
        } else {
            ring(room, call_s, (int32_t)k);
            k++;
        }
    }
}

#endif
