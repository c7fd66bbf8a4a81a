/* The same ten policies over the same draws as plain loops: what this machine allows.
 *
 * One replication from the candidates, incidents, actions and levers on: the register and its
 * monthly books, the people around each alert, their answers and sightings, the public, and the
 * control rooms to the end of every incident. The headers hold one stage each. */
#include "marks.h"
#include "public.h"
#include "room.h"

enum {
    STAGE_CROWD,
    STAGE_REGISTER,
    STAGE_GATHER,
    STAGE_PEOPLE,
    STAGE_ANSWERS,
    STAGE_TIPS,
    STAGE_PUBLIC,
    STAGE_ROOM,
    STAGE_COUNTS
};

/* Everything that the alerts read and leave behind. */
typedef struct {
    const Given *g;
    const Outcomes *out;
    Key key;
    Crowd crowd;
    Alerts alerts;
    History history;
    Reach reach;
    Found found;
    People people;
    Lines lines;
    Mixture delivery[CHANNELS], notice[CHANNELS];
    Attention attention;
    Tips tips[MOST_POLICIES];
    uint16_t *notices;
    Store *notices_store;
    int64_t n_notices, notices_room;
    int64_t *notice_start; /* [a, p] */
    int32_t *notice_count; /* [a] */
    uint32_t *some, *some_id, *words[4];
    int64_t n_users; /* of the app, inside the circle */
    double last_s;
} Course;

static void lap(Course *c, int stage)
{
    const double at = now_s();
    c->out->stage_s[stage] += at - c->last_s;
    c->last_s = at;
}

/* Policies that use the app alike at an alert, told apart by their shares. */
static int adopters_of(const Given *g, int64_t a, Mask policies, Adopters adopters[MOST_POLICIES])
{
    int n = 0;
    for (Mask left = policies; left != 0; left &= (Mask)(left - 1)) {
        const int p = __builtin_ctz(left);
        const Share share = share_of(g->app_share[a * g->n_policies + p]);
        const Share moved = share_of(g->app_moved[a * g->n_policies + p]);
        int k = 0;
        while (k < n
               && (adopters[k].share.last != share.last || adopters[k].share.any != share.any
                   || adopters[k].moved.last != moved.last || adopters[k].moved.any != moved.any))
            k++;
        if (k == n)
            adopters[n++] = (Adopters){share, moved, 0};
        adopters[k].policies |= (Mask)(1u << p);
    }
    return n;
}

static Shares shares_of(const Given *g, int64_t a)
{
    const Parameters *p = &g->parameters;
    const double *away = &g->away_share[a * AGES], road = p->road_share_of_away;
    return (Shares){
        .asleep = by_age(&g->asleep_share[a * AGES], 1.0),
        .away = by_age(away, 1.0),
        .road = by_age(away, road),
        .wheel = by_age(away, road * p->driver_share_of_road),
        .search = share_of(p->search_share),
    };
}

/* The channels of an alert under policy p. */
static Use use_of(const Given *g, int64_t levers, int p, int channel, const Mixture *delivery)
{
    const uint32_t bit = 1u << p;
    const uint8_t *on = &g->channel_enabled[levers];
    return (Use){
        .bit = bit,
        .own = channel != APP && on[channel * g->n_levers] ? bit : 0,
        .email = on[EMAIL * g->n_levers] ? bit : 0,
        .app = on[APP * g->n_levers] ? bit : 0,
        .email_delay_s = delivery[EMAIL].value_s,
        .app_delay_s = delivery[APP].value_s,
    };
}

/* Draw, place and time everybody around alert a, whatever the policies. */
static void meet(Course *c, int64_t a)
{
    const Given *g = c->g;
    const Found *f = &c->found;
    People *p = &c->people;
    const uint32_t case_ = (uint32_t)g->incident_id[g->alert_incident[a]];
    const int64_t texts = f->end[GOOD_TEXT], good = f->end[GOOD_CALL];
    const int64_t m = f->end[USER_CALL], n = f->end[STALE_CALL];
    const Mask policies = c->alerts.policies[a];
    copy_people(&c->reach, g->at_work[a], n, m, f->who, p);
    draw_words(m, p->id, case_, RECEIPT, c->key, p->presence, p->order, p->receipt, p->notice);
    draw_second(n - m, p->id + m, case_, RECEIPT, c->key, p->order + m);
    draw_words(m, p->id, case_, RESPONSE, c->key, p->attend, p->notice_app, p->notice_email,
               p->search);
    locate(m, c->alerts.circle[a], shares_of(g, a), p, policies);
    leave_absent(m, p->around, f->uses);
    const int64_t ends[] = {0, texts, good};
    for (int channel = TEXT; channel <= CALL; channel++) {
        const int64_t from = ends[channel], size = ends[channel + 1] - from;
        draw_spans(size, p->receipt + from, p->waking + from, &c->delivery[channel], p,
                   p->delay_s + from);
        draw_spans(size, p->notice + from, p->waking + from, &c->notice[channel], p,
                   p->latency_s + from);
    }
    c->n_users = draw_users(m, f->uses, &c->notice[APP], p);
    int email = 0;
    for (Mask left = policies; left != 0; left &= (Mask)(left - 1)) {
        const int64_t levers = g->alert_levers[a * g->n_policies + __builtin_ctz(left)];
        email |= g->channel_enabled[EMAIL * g->n_levers + levers];
    }
    if (email)
        draw_spans(good, p->notice_email, p->waking, &c->notice[EMAIL], p, p->email_s);
    decide_attention(&c->alerts, a, good, m, policies, &c->attention, p);
}

/* Serve the lines of alert a under all of its policies and count the messages. */
static void send(Course *c, int64_t a, int32_t places[2][MOST_POLICIES])
{
    const Given *g = c->g;
    const Found *f = &c->found;
    People *p = &c->people;
    const int64_t *end = f->end;
    const int64_t stretches[2][3][2] = {
        {{0, end[GOOD_TEXT]}, {end[GOOD_CALL], end[USER_TEXT]}, {end[USER_CALL], end[STALE_TEXT]}},
        {{end[GOOD_TEXT], end[GOOD_CALL]},
         {end[USER_TEXT], end[USER_CALL]},
         {end[STALE_TEXT], end[STALE_CALL]}},
    };
    for (int channel = TEXT; channel <= CALL; channel++) {
        const int64_t n = line_up(stretches[channel], f->ties, p);
        for (Mask left = c->alerts.policies[a]; left != 0; left &= (Mask)(left - 1)) {
            const int policy = __builtin_ctz(left);
            const int64_t levers = g->alert_levers[a * g->n_policies + policy];
            const int32_t *served_s =
                channel == TEXT ? c->lines.text[levers] : c->lines.call[levers];
            places[channel][policy] = serve(n, p->line, p->in_line, policy, served_s,
                                            p->sent_s + policy * p->stride);
        }
    }
}

/* Set apart, for each user of the app inside the circle, the policies under which the app
 * addresses them, and below those under which nothing else does. */
static void set_users_apart(Course *c, int64_t a)
{
    const Given *g = c->g;
    const People *p = &c->people;
    uint32_t in_app = 0, others[] = {0, 0};
    for (Mask left = c->alerts.policies[a]; left != 0; left &= (Mask)(left - 1)) {
        const int q = __builtin_ctz(left);
        const uint8_t *on = &g->channel_enabled[g->alert_levers[a * g->n_policies + q]];
        const int email = on[EMAIL * g->n_levers];
        in_app |= (uint32_t)on[APP * g->n_levers] << q;
        others[0] |= (uint32_t)(on[TEXT * g->n_levers] | email) << q;
        others[1] |= (uint32_t)(on[CALL * g->n_levers] | email) << q;
    }
    for (int64_t s = 0; s < c->n_users; s++) {
        const int32_t k = p->users[s];
        const uint32_t user = c->found.uses[k] & in_app;
        const uint32_t alone = user & ~(c->found.ties[k] & others[p->state[k] & VOICE]);
        p->word_of_users[s] = user << GOOD_SHIFT | alone;
    }
}

static __attribute__((noinline)) int64_t count_bit(int64_t n, const uint32_t *restrict masks,
                                                   uint32_t bit)
{
    int32_t count = 0;
    for (int64_t s = 0; s < n; s++)
        count += (masks[s] & bit) != 0;
    return count;
}

static int64_t *count_at(const Course *c, int64_t *table, int number, int p, int64_t incident)
{
    return &table[(number * c->g->n_policies + p) * c->g->n_incidents + incident];
}

static void add_tally(Course *c, int p, int64_t incident, Tally t)
{
    const int32_t values[] = {t.delivered, t.noticed,   t.quick,
                              t.around,    t.attending, t.searching};
    for (int k = DELIVERED; k < COUNTS; k++)
        *count_at(c, c->out->counts, k, p, incident) += values[k - DELIVERED];
}

/* Let everybody around alert a answer under each policy. */
static void respond(Course *c, int64_t a)
{
    const Given *g = c->g;
    const Found *f = &c->found;
    const People *p = &c->people;
    const int64_t incident = g->alert_incident[a], texts = f->end[GOOD_TEXT];
    const int64_t good = f->end[GOOD_CALL], m = f->end[USER_CALL];
    int32_t places[2][MOST_POLICIES];
    send(c, a, places);
    set_users_apart(c, a);
    memset(p->answered, 0, (size_t)m * sizeof *p->answered);
    c->notice_count[a] = (int32_t)m;
    if (c->n_notices + m * g->n_policies > c->notices_room) {
        c->notices = hold(c->notices_store, 2 * (c->n_notices + m * g->n_policies),
                          sizeof *c->notices);
        c->notices_room = holds(c->notices_store, sizeof *c->notices);
    }
    for (Mask left = c->alerts.policies[a]; left != 0; left &= (Mask)(left - 1)) {
        const int q = __builtin_ctz(left);
        const int64_t levers = g->alert_levers[a * g->n_policies + q];
        const uint8_t *on = &g->channel_enabled[levers];
        const Use text = use_of(g, levers, q, TEXT, c->delivery);
        const Use call = use_of(g, levers, q, CALL, c->delivery);
        const int32_t *sent_s = p->sent_s + q * p->stride;
        uint16_t *notices = c->notices + c->n_notices;
        c->notice_start[a * g->n_policies + q] = c->n_notices;
        c->n_notices += m;
        if (text.email) {
            add_tally(c, q, incident,
                      answer_email(0, texts, text, f->ties, f->uses, p, sent_s, notices));
            add_tally(c, q, incident,
                      answer_email(texts, good, call, f->ties, f->uses, p, sent_s, notices));
        } else {
            add_tally(c, q, incident,
                      answer_own(0, texts, text, f->ties, f->uses, p, sent_s, notices));
            add_tally(c, q, incident,
                      answer_own(texts, good, call, f->ties, f->uses, p, sent_s, notices));
        }
        add_tally(c, q, incident, answer_users(good, m, text, f->uses, p, notices));
        int64_t written = 0, called = 0;
        const int64_t alone = count_bit(c->n_users, p->word_of_users, text.bit);
        const int64_t users =
            count_bit(c->n_users, p->word_of_users, text.bit << GOOD_SHIFT);
        if (on[TEXT * g->n_levers] | on[EMAIL * g->n_levers])
            written = places[TEXT][q];
        if (on[CALL * g->n_levers] | on[EMAIL * g->n_levers])
            called = places[CALL][q];
        *count_at(c, c->out->counts, RECIPIENTS, q, incident) += written + called + alone;
        if (on[TEXT * g->n_levers])
            *count_at(c, c->out->messages, TEXT, q, incident) += places[TEXT][q];
        if (on[CALL * g->n_levers])
            *count_at(c, c->out->messages, CALL, q, incident) += places[CALL][q];
        if (on[EMAIL * g->n_levers])
            *count_at(c, c->out->messages, EMAIL, q, incident) +=
                places[TEXT][q] + places[CALL][q];
        *count_at(c, c->out->messages, APP, q, incident) += users;
    }
}

/* Ask one of those who attend alert a. */
static void ask(Course *c, int64_t a, uint32_t k, const uint32_t word[4])
{
    const Given *g = c->g;
    const People *p = &c->people;
    const int way = p->way[k];
    Attendant who = {
        .observer = {.incident = g->alert_incident[a],
                     .alert_s = g->alert_s[a],
                     .x = p->x[k],
                     .y = p->y[k],
                     .dark = g->dark[a],
                     .searches = way == SEARCHING,
                     .on_road = way == DRIVING || way == WALKING,
                     .driving = way == DRIVING},
        .caller = p->id[k],
        .attends = (Mask)p->answered[k],
        .fresh_clock = -log1p(-uniform(word[0])),
        .retrospective_clock = -log1p(-uniform(word[1])),
        .knowledge_level = uniform(word[2]),
        .false_level = uniform(word[3]),
    };
    const int channel = k < c->found.end[GOOD_TEXT]   ? TEXT
                        : k < c->found.end[GOOD_CALL] ? CALL
                                                      : APP;
    for (int q = 0; q < g->n_policies; q++) {
        int32_t delivered_s;
        who.noticed_s[q] = NEVER_AFTER_S;
        if (who.attends >> q & 1) {
            const Use use = use_of(g, g->alert_levers[a * g->n_policies + q], q, channel,
                                   c->delivery);
            moments_of(k, use, c->found.ties, c->found.uses, p, p->sent_s + q * p->stride,
                       &delivered_s, &who.noticed_s[q]);
        }
    }
    add_tips(g, c->key, a, &who, c->tips);
}

/* Hear those who attend alert a: bounds rule out most. */
static void listen(Course *c, int64_t a)
{
    const People *p = &c->people;
    const int64_t m = c->found.end[USER_CALL];
    const uint32_t case_ = (uint32_t)c->g->incident_id[c->g->alert_incident[a]];
    uint32_t **w = c->words;
    int64_t n = 0;
    for (int64_t k = 0; k < m; k++) {
        c->some[n] = (uint32_t)k, c->some_id[n] = p->id[k];
        n += p->answered[k] != 0;
    }
    draw_words(n, c->some_id, case_, SIGHTING, c->key, w[0], w[1], w[2], w[3]);
    const Bounds b = bounds_of(c->g, a);
    for (int64_t s = 0; s < n; s++) {
        const uint32_t k = c->some[s];
        if (falls(w[0][s], b.fresh[p->way[k]]) | falls(w[1][s], b.retrospective)
            | falls(w[2][s], b.knowledge) | falls(w[3][s], b.mistaken)) {
            const uint32_t word[] = {w[0][s], w[1][s], w[2][s], w[3][s]};
            ask(c, a, k, word);
        }
    }
}

static void follow_alerts(Course *c)
{
    const Given *g = c->g;
    const Field field = field_of(g);
    for (int64_t a = 0; a < g->n_alerts; a++) {
        advance(&c->reach, a);
        if (g->alert_past[a])
            continue;
        Adopters adopters[MOST_POLICIES];
        double noticed[MOST_POLICIES] = {0.0};
        const int n_adopters = adopters_of(g, a, c->alerts.policies[a], adopters);
        gather(&c->reach, g->at_work[a] ? &c->reach.work : &c->reach.leisure,
               c->alerts.circle[a], c->alerts.policies[a], adopters, n_adopters, &c->found);
        lap(c, STAGE_GATHER);
        meet(c, a);
        lap(c, STAGE_PEOPLE);
        respond(c, a);
        lap(c, STAGE_ANSWERS);
        listen(c, a);
        lap(c, STAGE_TIPS);
        reach_public(g, c->key, &field, a, c->alerts.circle[a], noticed, c->tips);
        for (int64_t p = 0; p < g->n_policies; p++)
            c->out->public_noticed[p * g->n_incidents + g->alert_incident[a]] += noticed[p];
        lap(c, STAGE_PUBLIC);
    }
}

/* Draw other calls in the window of each action, in the order of incident and moment. */
static Background draw_background(const Given *g, Key key)
{
    Background b = {NULL, 0};
    Store *store = next_store();
    int64_t room = holds(store, sizeof *b.call);
    b.call = store->data;
    const double hours = (double)g->longest_open_s / 3600.0;
    const double mean = g->parameters.background_calls_per_hour * hours;
    for (int64_t i = 0; i < g->n_incidents; i++) {
        int64_t open_s = 0;
        for (int64_t row = i * g->n_policies; row < (i + 1) * g->n_policies; row++)
            if (g->used[row] && g->planned_close_s[row] - g->action_alert_s[row] > open_s)
                open_s = g->planned_close_s[row] - g->action_alert_s[row];
        if (open_s == 0)
            continue;
        const uint32_t id = (uint32_t)g->incident_id[i];
        int64_t count = poisson(uniform(philox(id, 0, 0, BACKGROUND_COUNT, key).w[0]), mean);
        count = count < MOST_BACKGROUND ? count : MOST_BACKGROUND;
        if (b.n + count > room) {
            b.call = hold(store, 2 * (b.n + count), sizeof *b.call);
            room = holds(store, sizeof *b.call);
        }
        const int64_t first = b.n;
        for (uint32_t ordinal = 0; ordinal < count; ordinal++) {
            const Words w = philox(id, ordinal, 0, BACKGROUND_CALL, key);
            const int32_t offset_s = (int32_t)(uniform(w.w[0]) * (double)g->longest_open_s);
            if (offset_s >= open_s)
                continue;
            const double service_s = lognormal(
                uniform(w.w[1]), g->parameters.service_minutes * 60.0, BACKGROUND_SIGMA);
            int64_t at = b.n++;
            for (; at > first && b.call[at - 1].offset_s > offset_s; at--)
                b.call[at] = b.call[at - 1];
            b.call[at] = (OtherCall){(int32_t)i, offset_s,
                                     (int32_t)at_least_one(whole_seconds(service_s))};
        }
    }
    return b;
}

/* Room for the control rooms of all policies in turn. */
typedef struct {
    uint64_t *keys, *spare;
    Tip *tips; /* those of a policy, then other calls */
    Room room;
} Desk;

static Desk desk_of(const Course *c, const Background *b)
{
    const Given *g = c->g;
    int64_t most_tips = 0, areas = 1;
    for (int64_t p = 0; p < g->n_policies; p++)
        most_tips = c->tips[p].n > most_tips ? c->tips[p].n : most_tips;
    for (int64_t i = 0; i < g->n_incidents; i++)
        areas = g->area[i] + 1 > areas ? g->area[i] + 1 : areas;
    const int64_t n = most_tips + b->n;
    Desk d = {.room = {.g = g, .out = c->out, .n_areas = areas}};
    ROOM(d.keys, n), ROOM(d.spare, n), ROOM(d.tips, n);
    ROOM(d.room.calls, n), ROOM(d.room.heap, 2 * n + 1), ROOM(d.room.police_s, g->n_incidents);
    ROOM(d.room.driving, areas), ROOM(d.room.head, areas + 1), ROOM(d.room.tail, areas + 1);
    return d;
}

/* Put the calls of a policy in the order in which they come; tips before others of a second. */
static int64_t calls_in_order(const Course *c, const Background *b, int64_t p, Desk *d)
{
    const Given *g = c->g;
    const Tips *tips = &c->tips[p];
    for (int64_t k = 0; k < tips->n; k++)
        d->keys[k] = (uint64_t)tips->tip[k].at_s << 32 | (uint64_t)k;
    sort_keys(d->keys, d->spare, tips->n, 32, 31);
    for (int64_t k = 0; k < tips->n; k++) {
        const Tip tip = tips->tip[(uint32_t)d->keys[k]];
        int64_t at = k;
        for (; at > 0 && comes_before(&tip, &d->tips[at - 1]); at--)
            d->tips[at] = d->tips[at - 1];
        d->tips[at] = tip;
    }
    int64_t n = tips->n;
    for (int64_t k = 0; k < b->n; k++) {
        const int64_t row = b->call[k].incident * g->n_policies + p;
        const int64_t at_s = g->action_alert_s[row] + b->call[k].offset_s;
        if (g->used[row] && at_s < g->planned_close_s[row])
            d->tips[n++] = (Tip){.at_s = at_s,
                                 .incident = b->call[k].incident,
                                 .service_s = b->call[k].service_s,
                                 .kind = OTHER};
    }
    for (int64_t k = 0; k < n; k++)
        d->keys[k] = (uint64_t)d->tips[k].at_s << 32 | (uint64_t)k;
    sort_keys(d->keys, d->spare, n, 32, 31);
    for (int64_t k = 0; k < n; k++)
        d->room.calls[k] = (Call){.tip = d->tips[(uint32_t)d->keys[k]], .next = NOBODY};
    return n;
}

/* Run the control room of a policy to its last event. */
static void run_room(const Course *c, const Background *b, int64_t p, Desk *d)
{
    const Given *g = c->g;
    const Outcomes *out = c->out;
    Room *room = &d->room;
    const int64_t n = calls_in_order(c, b, p, d);
    const int64_t delay_s = whole_seconds(60.0 * g->parameters.closing_delay_minutes);
    room->p = p, room->operators = g->operators[p], room->units = g->units[p];
    room->unlimited = g->unlimited[p], room->busy = room->size = room->planned = 0;
    for (int64_t area = 0; area < room->n_areas; area++)
        room->driving[area] = 0;
    for (int64_t queue = 0; queue <= room->n_areas; queue++)
        room->head[queue] = room->tail[queue] = NOBODY;
    for (int64_t i = 0; i < g->n_incidents; i++) {
        const int64_t row = p * g->n_incidents + i, police_s = g->police_s[i];
        const int64_t first = police_s < g->return_s[i] ? police_s : g->return_s[i];
        room->police_s[i] = police_s;
        out->end_s[row] = first < g->horizon_s[i] ? first : g->horizon_s[i];
        out->cause[row] = first >= g->horizon_s[i]      ? NONE
                          : police_s <= g->return_s[i] ? POLICE
                                                        : OWN_RETURN;
    }
    run_calls(room, n);
    for (int64_t i = 0; i < g->n_incidents; i++) {
        const int64_t row = p * g->n_incidents + i, action = i * g->n_policies + p;
        const int64_t after = out->end_s[row] + delay_s, alert_s = g->action_alert_s[action];
        const int64_t early = after > alert_s ? after : alert_s;
        const int64_t planned_s = g->planned_close_s[action];
        out->closed_s[row] = planned_s < early ? planned_s : early;
    }
}

/* The cost of first and closing messages: the latter go to everybody whose first one is out. */
static double message_cost_eur(const Course *c, int64_t i, int64_t p)
{
    const Given *g = c->g;
    const int64_t action = i * g->n_policies + p, levers = g->action_levers[action];
    const int64_t row = p * g->n_incidents + i;
    const int64_t texts = *count_at(c, c->out->messages, TEXT, (int)p, i);
    const int64_t calls = *count_at(c, c->out->messages, CALL, (int)p, i);
    const int64_t span_s = c->out->closed_s[row] - g->action_alert_s[action];
    const int64_t open_s = span_s > 0 ? span_s : 0, lines = g->call_lines[levers];
    const double sent = open_s > 0 ? ceil((double)open_s * g->text_per_second[levers]) : 0.0;
    const int64_t rounds = (open_s + g->call_s[levers] - 1) / g->call_s[levers];
    const int64_t answered = lines > 0 ? lines * rounds : open_s > 0 ? calls : 0;
    const int64_t closed_calls = calls < answered ? calls : answered;
    return ((double)texts + least((double)texts, sent)) * g->text_price_eur[levers]
           + (double)(calls + closed_calls) * g->call_price_eur[levers];
}

/* Count who noticed before the closing message went out, and what the messages cost. */
static void close_accounts(const Course *c)
{
    const Given *g = c->g;
    for (int64_t a = 0; a < g->n_alerts; a++) {
        if (g->alert_past[a])
            continue;
        const int64_t i = g->alert_incident[a];
        for (Mask left = c->alerts.policies[a]; left != 0; left &= (Mask)(left - 1)) {
            const int64_t p = __builtin_ctz(left), row = p * g->n_incidents + i;
            const int64_t limit_s = c->out->closed_s[row] - g->alert_s[a];
            const uint16_t *notices = c->notices + c->notice_start[a * g->n_policies + p];
            c->out->noticed_while_open[row] +=
                count_before(c->notice_count[a], notices, (int32_t)limit_s);
        }
    }
    for (int64_t i = 0; i < g->n_incidents; i++)
        for (int64_t p = 0; p < g->n_policies; p++)
            if (g->used[i * g->n_policies + p])
                c->out->message_cost_eur[p * g->n_incidents + i] = message_cost_eur(c, i, p);
}

/* Turn moves by month into the books: stocks add up, flows stand for themselves. */
static void close_books(const Register *r, const Crowd *crowd, const Outcomes *out)
{
    const Given *g = r->g;
    const int64_t towns = g->n_towns, n = g->n_policies;
    for (int64_t j = 0; j < crowd->n; j++) {
        int64_t *stock = &out->stocks[crowd->town[j]];
        stock[0] += crowd->first[j] >= STALE;
        stock[n * towns] += crowd->first[j] == GOOD;
        stock[2 * n * towns] += crowd->first[j] == STALE;
    }
    for (int64_t p = 1; p < n; p++)
        for (int k = 0; k < 3; k++)
            memcpy(&out->stocks[(k * n + p) * towns], &out->stocks[k * n * towns],
                   (size_t)towns * sizeof *out->stocks);
    for (int64_t month = 0; month <= g->n_months; month++)
        for (int64_t town = 0; town < towns; town++) {
            const int32_t *move = &r->moves[(month * towns + town) * MOVES * MOST_POLICIES];
            const int32_t *app = &r->app_moves[(month * towns + town) * MOST_POLICIES];
            for (int64_t p = 0; p < n; p++) {
#define MOVED(kind) ((int64_t)move[(kind) * MOST_POLICIES + p])
                const int64_t at = month * 4 * n * towns + p * towns + town, step = n * towns;
                const int64_t left = MOVED(LEFT_GOOD) + MOVED(LEFT_STALE);
                const int64_t up = MOVED(SIGNED) + MOVED(REENTERED);
                const int64_t change[4] = {
                    up - left - MOVED(STRUCK_OFF),
                    up + MOVED(CORRECTED) - MOVED(LEFT_GOOD) - MOVED(DECAYED),
                    MOVED(DECAYED) - MOVED(REENTERED) - MOVED(CORRECTED) - MOVED(LEFT_STALE)
                        - MOVED(LEFT_STRUCK),
                    MOVED(STRUCK_OFF) - MOVED(REENTERED) - MOVED(LEFT_STRUCK),
                };
                const int64_t flow[4] = {MOVED(SIGNED), MOVED(REENTERED), left,
                                         MOVED(STRUCK_OFF)};
                for (int k = 0; k < 4; k++) {
                    out->stocks[at + k * step] += change[k];
                    if (month > 0)
                        out->stocks[at + k * step] += out->stocks[at + k * step - 4 * step];
                    out->flows[at + k * step] = flow[k];
                }
                const int64_t user = (month * n + p) * towns + town;
                out->app_users[user] = app[p] + (month > 0 ? out->app_users[user - step] : 0);
#undef MOVED
            }
        }
}

static void clear(const Given *g, const Outcomes *out)
{
    const size_t rows = (size_t)(g->n_policies * g->n_incidents);
    const size_t books = (size_t)((g->n_months + 1) * 4 * g->n_policies * g->n_towns);
    int64_t *const tables[] = {out->noticed_while_open, out->true_handled, out->true_tips,
                               out->false_tips,         out->calls_handled, out->calls_lost,
                               out->unit_s,             out->unit_s_on_false_tips,
                               out->operator_s};
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        memset(tables[k], 0, rows * sizeof *tables[k]);
    memset(out->counts, 0, COUNTS * rows * sizeof *out->counts);
    memset(out->messages, 0, CHANNELS * rows * sizeof *out->messages);
    memset(out->public_noticed, 0, rows * sizeof *out->public_noticed);
    memset(out->message_cost_eur, 0, rows * sizeof *out->message_cost_eur);
    memset(out->stocks, 0, books * sizeof *out->stocks);
    memset(out->stage_s, 0, STAGES * sizeof *out->stage_s);
}

static void open_course(Course *c, Exposure *exposure)
{
    const Given *g = c->g;
    const Parameters *p = &g->parameters;
    c->key = (Key){(uint32_t)g->seed, (uint32_t)g->replication};
    c->crowd = crowd_of(g);
    c->alerts = alerts_of(g);
    *exposure = exposure_of(&c->alerts, &c->crowd);
    const int64_t step = WAKINGS * PARTS * 3;
    for (int channel = 0; channel < CHANNELS; channel++) {
        c->delivery[channel] = mixture_of(&g->delivery[channel * step], 1.0);
        c->notice[channel] = mixture_of(&g->notice[channel * step], g->minute_s);
    }
    for (int weary = 0; weary < WEARY; weary++) {
        const double share = p->attend_share * pow(p->fatigue_factor, weary);
        c->attention.last[weary] = (int64_t)words_below(share) - 1;
    }
    for (int64_t policy = 0; policy < g->n_policies; policy++) {
        Store *store = next_store();
        c->tips[policy] = (Tips){store->data, 0, holds(store, sizeof(Tip)), store};
    }
    c->notices_store = next_store();
    c->notices = c->notices_store->data;
    c->notices_room = holds(c->notices_store, sizeof *c->notices);
    ROOM(c->notice_start, g->n_alerts * g->n_policies), ROOM(c->notice_count, g->n_alerts);
}

static void make_room(Course *c)
{
    const int64_t n = c->reach.n + 1;
    c->found = room_for_found(n);
    c->people = room_for_people(n, c->g->n_policies, c->g->n_alerts);
    c->lines = lines_of(c->g, n);
    ROOM(c->some, n), ROOM(c->some_id, n);
    for (int k = 0; k < 4; k++)
        ROOM(c->words[k], n);
}

/* Run the replication; 0 when done, 1 when memory is short. */
int limit_run(const Given *g, const Outcomes *out)
{
    static Course course;
    stores_used = 0;
    if (setjmp(out_of_memory))
        return 1;
    Exposure exposure;
    course = (Course){.g = g, .out = out};
    clear(g, out);
    course.last_s = now_s();
    open_course(&course, &exposure);
    lap(&course, STAGE_CROWD);
    int64_t last_s = g->n_months > 0 ? g->month_end_s[g->n_months - 1] : 0;
    if (g->n_alerts > 0 && g->alert_s[g->n_alerts - 1] > last_s)
        last_s = g->alert_s[g->n_alerts - 1];
    Register r = register_of(g, last_s);
    course.history = run_register(&r, &course.crowd, &course.alerts, &exposure);
    close_books(&r, &course.crowd, out);
    lap(&course, STAGE_REGISTER);
    course.reach = reach_of(g, &course.crowd, &course.alerts, &course.history, last_s);
    make_room(&course);
    lap(&course, STAGE_CROWD);
    follow_alerts(&course);
    const Background background = draw_background(g, course.key);
    Desk desk = desk_of(&course, &background);
    for (int64_t p = 0; p < g->n_policies; p++)
        run_room(&course, &background, p, &desk);
    lap(&course, STAGE_ROOM);
    close_accounts(&course);
    lap(&course, STAGE_COUNTS);
    return 0;
}
