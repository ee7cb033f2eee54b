/* One way between two brokers (relay.h). */
#include "bridge/mqtt/relay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/client/allocate.h"
#include "proto/refusal.h"

enum {
    HOLD_MS = 20 * 1000, /* less than the keepalive, which is not written while a batch waits */
    FIRST_PAUSE_MS = 500,
    MOST_LINES = 20, /* about refusals in the log, a minute */
    MINUTE_MS = 60 * 1000,
    TELL_MS = 10 * MINUTE_MS, /* between two lines with the totals */
};

/* ---- the log and the totals ---- */

static void tell_totals(struct relay *relay)
{
    struct relay_totals *t = &relay->totals;
    t->large = link_large(relay->source);
    if (memcmp(t, &relay->told, sizeof(*t)) != 0)
        fprintf(stderr,
            "%s: %s: taken %" PRIu64 " done %" PRIu64 " refused %" PRIu64 " skipped %" PRIu64
            " too large %" PRIu64 " returned %" PRIu64 "\n",
            program_invocation_short_name, relay->name, t->taken, t->done, t->refused, t->skipped, t->large,
            t->returned);
    relay->told = *t;
    relay->tell_at = relay->now + TELL_MS;
}

void relay_refuse(struct relay *relay, struct text who, unsigned code, const char *text)
{
    relay->totals.refused++;
    if (relay->now - relay->minute >= MINUTE_MS) {
        relay->minute = relay->now;
        relay->lines = 0;
    }
    if (relay->lines++ < MOST_LINES)
        fprintf(stderr, "%s: %s: refused %.*s: 0x%02x %s\n", program_invocation_short_name, relay->name,
            (int)who.len, who.data ? who.data : "", code, text);
}

/* ---- the batch ---- */

static void item_free(struct relay_item *item)
{
    free(item->topic);
    free(item->who);
    free(item);
}

static size_t drop_all(struct relay *relay)
{
    size_t count = 0;
    for (struct relay_item *item; (item = relay->first); count++) {
        relay->first = item->next;
        item_free(item);
    }
    relay->last = &relay->first;
    return count;
}

/* The source delivers again what it gets no acknowledgement for. */
static void give_back(struct relay *relay)
{
    relay->totals.returned += drop_all(relay);
    link_cut(relay->source);
    relay->cut = true;
}

static char *copy_of(struct text text)
{
    char *copy = client_alloc(text.len + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

void relay_send(
    struct relay *relay, struct text topic, const char *content_type, struct bytes payload, struct text who)
{
    struct relay_item *item = client_alloc(sizeof(*item) + payload.len);
    item->message = -1;
    item->content_type = content_type;
    item->topic = copy_of(topic);
    item->who = copy_of(who);
    item->size = payload.len;
    if (payload.len)
        memcpy(item->payload, payload.data, payload.len);
    if (relay->first == NULL)
        relay->held_since = relay->now;
    *relay->last = item;
    relay->last = &item->next;
}

static void publish_due(struct relay *relay)
{
    for (struct relay_item *item = relay->first; item && link_is_up(relay->target); item = item->next) {
        const struct bytes payload = {item->payload, item->size};
        if (item->message >= 0 || item->not_before > relay->now)
            continue;
        item->message = item->content_type
                            ? link_publish(relay->target, item->topic, item->content_type, payload)
                            : link_tell(relay->target, item->topic, payload, false);
    }
}

/* ---- what the connections say ---- */

static void source_up(void *arg, bool resumed)
{
    struct relay *relay = arg;
    (void)resumed; /* to subscribe again to what the session has is no harm */
    for (size_t i = 0; i < relay->filter_count; i++)
        if (!link_subscribe(relay->source, relay->filters[i]))
            link_cut(relay->source);
}

static void source_down(void *arg)
{
    struct relay *relay = arg;
    relay->totals.returned += drop_all(relay);
}

static void source_message(void *arg, const struct link_message *message, unsigned number)
{
    struct relay *relay = arg;
    (void)number;
    relay->totals.taken++;
    relay->take(relay, relay->arg, message);
}

static void target_down(void *arg)
{
    give_back(arg);
}

/* Refusals that time may cure. */
static bool is_passing(unsigned reason)
{
    return reason == REASON_QUOTA_EXCEEDED || reason == REASON_SERVER_BUSY ||
           reason == REASON_SERVER_UNAVAILABLE;
}

/* Lines `<seq> <code> <field>: <rule>`. Whether time may cure one of them. */
static bool read_refused(struct relay *relay, const struct relay_item *item, const char *lines)
{
    bool passing = false;
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
        char text[200], *rest;
        strtoull(lines, &rest, 10);
        unsigned code = (unsigned)strtoul(rest, &rest, 0);
        snprintf(text, sizeof(text), "%.*s", rest < end ? (int)(end - rest - 1) : 0, rest + 1);
        if (is_passing(code))
            passing = true;
        else
            relay_refuse(relay, text_of(item->who), code, text);
    }
    return passing;
}

static void put_off(struct relay *relay, struct relay_item *item, unsigned retry_after_s)
{
    int64_t wait = relay->pause ? relay->pause : FIRST_PAUSE_MS;
    relay->pause = wait * 2 < HOLD_MS ? wait * 2 : HOLD_MS;
    item->message = -1;
    item->not_before = relay->now + (retry_after_s ? (int64_t)retry_after_s * 1000 : wait);
}

static void target_acknowledged(void *arg, const struct link_acknowledgement *told)
{
    struct relay *relay = arg;
    struct relay_item **at = &relay->first, *item;
    while (*at && (*at)->message != told->message)
        at = &(*at)->next;
    if ((item = *at) == NULL)
        return;
    if (is_passing(told->reason) || read_refused(relay, item, told->refused)) {
        put_off(relay, item, told->retry_after_s);
        return;
    }
    relay->pause = 0;
    if (told->reason >= REASON_UNSPECIFIED)
        relay_refuse(relay, text_of(item->who), told->reason, told->text);
    else
        relay->totals.done++;
    *at = item->next;
    if (relay->last == &item->next)
        relay->last = at;
    item_free(item);
}

/* ---- opening, and the turn ---- */

void relay_open(struct relay *relay, const struct link_settings *source, const struct link_settings *target)
{
    const struct link_hooks from = {
        .arg = relay, .up = source_up, .down = source_down, .message = source_message};
    const struct link_hooks to = {.arg = relay, .down = target_down, .acknowledged = target_acknowledged};
    relay->last = &relay->first;
    relay->source = link_new(source, &from);
    relay->target = link_new(target, &to);
}

void relay_close(struct relay *relay)
{
    if (relay->source == NULL)
        return;
    bool all = relay->first == NULL;
    drop_all(relay);
    tell_totals(relay);
    link_free(relay->source, all);
    link_free(relay->target, true);
}

/* Whether the source is listened to: nothing waits, and the target is there. */
static bool listens(const struct relay *relay)
{
    return relay->first == NULL && link_is_up(relay->target);
}

static int shorter(int a, int b)
{
    return a < b ? a : b;
}

int relay_poll(struct relay *relay, struct pollfd polled[RELAY_POLLED], int64_t now)
{
    polled[0] = polled[1] = (struct pollfd){.fd = -1};
    int wait = link_poll(relay->target, &polled[1].events, now);
    polled[1].fd = link_descriptor(relay->target);
    for (const struct relay_item *item = relay->first; item; item = item->next)
        if (item->message < 0)
            wait = shorter(wait, item->not_before > now ? (int)(item->not_before - now) : 0);
    if (listens(relay)) {
        wait = shorter(wait, link_poll(relay->source, &polled[0].events, now));
        polled[0].fd = link_descriptor(relay->source);
    }
    return wait;
}

void relay_turn(struct relay *relay, const struct pollfd polled[RELAY_POLLED], int64_t now, int64_t wall)
{
    relay->now = now;
    link_turn(relay->target, polled[1].revents, now, wall);
    /* What was cut is closed at once also when it is not to be opened again yet: others of its group go on.
     */
    if (listens(relay) || (relay->cut && link_descriptor(relay->source) >= 0))
        link_turn(relay->source, polled[0].revents, now, wall);
    relay->cut = false;
    publish_due(relay);
    link_flush(relay->target);
    if (relay->first && now - relay->held_since > HOLD_MS)
        give_back(relay);
    else if (relay->first == NULL)
        link_flush(relay->source);
    if (now >= relay->tell_at)
        tell_totals(relay);
}
