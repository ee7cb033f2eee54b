/* The store on Redis: its life, and what is common to all its parts. store_inside.h says how they hang
 * together. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_call.h"

static const double TICK = 0.05;

void store_log(const struct store *store, int level, const char *event, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (store->options.log)
        store->options.log(level, event, text);
    else
        fprintf(stderr, "%s %s\n", event, text);
}

static char *copy(const char *from, size_t len)
{
    char *to = store_alloc(len + 1);
    memcpy(to, from, len);
    return to;
}

/* Tells outside of every call that the store went or came. */
static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct store *store = timer->data;
    bool available = store->counters.available;
    if (available == store->told_available)
        return;
    store->told_available = available;
    if (store->events.available)
        store->events.available(store->events.arg, available);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct store *store = timer->data;
    store_ticked(store);
    calls_check_deadline(store);
    calls_give_up(store);
    topology_check(store);
    nodes_drop_gone(store);
    feeds_check(store);
    reports_retry(store);
    masters_look(store);
}

static void on_before_poll(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop;
    (void)events;
    store_flush(watcher->data);
}

static void start_watchers(struct store *store)
{
    store->awake.at = store_clock();
    ev_timer_init(&store->soon, on_soon, 0., 0.);
    store->soon.data = store;
    ev_timer_init(&store->tick, on_tick, TICK, TICK);
    store->tick.data = store;
    /* After whatever was read: a process that was stopped for long finds its answers before it misses them.
     */
    ev_set_priority(&store->tick, EV_MINPRI);
    ev_timer_start(store->loop, &store->tick);
    ev_prepare_init(&store->before_poll, on_before_poll);
    store->before_poll.data = store;
    ev_prepare_start(store->loop, &store->before_poll);
}

struct store *store_redis_new(
    struct ev_loop *loop, const struct store_redis_options *options, const struct store_events *events)
{
    struct store *store = store_alloc(sizeof(*store));
    store->loop = loop;
    store->options = *options;
    store->events = *events;
    store->node = copy(options->node, strlen(options->node));
    store->options.node = store->node;
    char error[REDIS_URL_ERROR];
    if (!redis_url_read(options->url, &store->where, error)) {
        store_log(store, STORE_LOG_ERROR, "store_url", "text=\"%s\"", error);
        store->where = (struct redis_url){0};
    }
    store->options.url = NULL;
    store->counters.wanted_replicas = (uint64_t)store->where.wait;
    strcpy(store->trim.cursor, "0");
    start_watchers(store);
    calls_init(store);
    boot_init(store);
    nodes_init(store);
    topology_start(store);
    return store;
}

void store_flush(struct store *store)
{
    motion_flush(store);
    for (size_t i = 0; i < store->nodes.count; i++)
        node_flush(store->nodes.masters[i]);
}

void store_free(struct store *store)
{
    store->ending = true;
    nodes_stop(store);
    topology_stop(store);
    feeds_stop(store);
    follows_free(store);
    motion_free(store);
    reports_free(store);
    calls_fail(store, STORE_GONE);
    trim_free(store);
    sequence_free(store);
    forget_free(store);
    ev_timer_stop(store->loop, &store->tick);
    ev_clear_pending(store->loop, &store->soon);
    ev_prepare_stop(store->loop, &store->before_poll);
    calls_free(store);
    nodes_free(store);
    explicit_bzero(&store->where, sizeof store->where);
    free(store->node);
    free(store);
}

const struct store_counters *store_counters(const struct store *store)
{
    return &store->counters;
}

bool store_spans_tags(const struct store *store)
{
    return store->where.kind != REDIS_CLUSTER;
}

const char *store_durability(const struct store *store)
{
    static const char *const known[] = {"no", "everysec", "always"};
    enum { COUNT = sizeof(known) / sizeof(known[0]) };
    size_t weakest = COUNT;
    for (size_t i = 0; i < store->nodes.count; i++) {
        const struct boot *boot = &store->nodes.masters[i]->boot;
        for (size_t n = 0; n < weakest && boot->fsync[0]; n++) {
            if (strcmp(boot->appends ? boot->fsync : "no", known[n]) == 0)
                weakest = n;
        }
    }
    return weakest < COUNT ? known[weakest] : "unknown";
}

int64_t store_as_of(const struct store *store)
{
    return store->follows.as_of;
}
