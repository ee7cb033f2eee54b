/* neighbors-edge run: the home's broker → memory → spool → the neighborhood's broker, on one thread and one
 * poll.
 *
 * A turn: read what the home's broker sent, translate it, write the events and what memory has become into
 * the spool in one transaction, only then acknowledge to the home's broker, and send what the spool holds.
 * While the spool cannot be written (a full disk) the home's broker is not read: what it may keep for us, it
 * keeps. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "bridge/edge/commands.h"
#include "bridge/edge/memory_parts.h"
#include "bridge/edge/sender.h"
#include "bridge/edge/settings.h"

enum { RETRY_MS = 1000 };

/* What the turn has to write: an event, or a device's memory. */
struct pending {
    struct pending *next;
    char *map, *device, *memory; /* memory NULL: an event of this enrolled device */
    struct edge_event event;
};

struct edge {
    struct edge_settings settings;
    struct edge_translator translator;
    struct spool *spool;
    struct link *home, *broker;
    struct sender sender;
    struct pending *first, **last;
    bool stuck; /* the spool could not be written */
    int64_t retry_at;
    int64_t now; /* monotonic ms of this turn */
    int signals;
    bool stop;
    char client_id[LIMIT_ID + 20];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- from the home ------------------------------------------------------------------------------------- */

static bool is_listed(void *arg, const char *map, const char *device)
{
    const struct edge *edge = arg;
    return edge_settings_shared(&edge->settings, map, device) != NULL;
}

static bool is_shared(void *arg, const char *map, const char *device, enum motion_kind kind)
{
    const struct edge *edge = arg;
    const struct edge_shared *shared = edge_settings_shared(&edge->settings, map, device);
    return shared && (shared->kinds >> kind & 1);
}

static struct pending *add_pending(struct edge *edge)
{
    struct pending *pending = edge_alloc(sizeof(*pending));
    *edge->last = pending;
    edge->last = &pending->next;
    return pending;
}

static void take_event(void *arg, const struct edge_event *event)
{
    struct edge *edge = arg;
    const struct edge_shared *shared = edge_settings_shared(&edge->settings, event->map, event->device);
    if (shared == NULL)
        return;
    struct pending *pending = add_pending(edge);
    pending->event = *event;
    pending->device = strdup(shared->id);
}

static void take_memory(void *arg, const char *map, const char *device, const char *json)
{
    struct pending *pending = add_pending(arg);
    pending->map = strdup(map);
    pending->device = strdup(device);
    pending->memory = strdup(json);
}

static void restore(void *arg, const char *map, const char *device, const char *json)
{
    struct edge *edge = arg;
    edge_memory_restore(edge->translator.memory, map, device, json, clock_ms(CLOCK_REALTIME));
}

static void take_message(void *arg, const struct edge_message *message)
{
    struct edge *edge = arg;
    edge_translator_take(&edge->translator, message);
}

static void subscribe(void *arg, const char *filter)
{
    struct edge *edge = arg;
    if (!link_subscribe(edge->home, filter))
        fprintf(stderr, "neighbors-edge: home: cannot subscribe to %s\n", filter);
}

/* Every filter of every row for every shared device. A filter that comes twice is the same subscription. */
static void subscribe_all(void *arg)
{
    struct edge *edge = arg;
    const struct edge_settings *settings = &edge->settings;
    for (size_t c = 0; c < settings->choice_count; c++)
        for (size_t r = 0; r < edge_row_count; r++) {
            bool same_for_all = strstr(edge_rows[r].topic, "{dev") == NULL;
            if (strcmp(edge_rows[r].map, settings->choices[c].map->name) != 0)
                continue;
            for (size_t d = 0; d < settings->shared_count && (d == 0 || !same_for_all); d++) {
                const struct edge_shared *shared = &settings->shared[d];
                if (!same_for_all && shared->map && shared->map != settings->choices[c].map)
                    continue;
                /* A name that cannot stand there is another map's. */
                (void)!edge_topic_filters(
                    edge_rows[r].topic, settings->choices[c].prefix, shared->source, subscribe, edge);
            }
        }
}

/* ---- into the spool ------------------------------------------------------------------------------------ */

static void free_pending(struct edge *edge)
{
    while (edge->first) {
        struct pending *pending = edge->first;
        edge->first = pending->next;
        free(pending->map);
        free(pending->device);
        free(pending->memory);
        free(pending);
    }
    edge->last = &edge->first;
}

static bool write_pending(struct edge *edge)
{
    if (!spool_begin(edge->spool))
        return false;
    for (struct pending *p = edge->first; p; p = p->next) {
        bool written = p->memory ? spool_remember(edge->spool, p->map, p->device, p->memory)
                                 : spool_append(edge->spool, p->device, &p->event);
        if (!written)
            return false;
    }
    return spool_commit(edge->spool);
}

/* Writes what the turn brought. When the disk is full the oldest events make room for the newest. */
static void keep_pending(struct edge *edge)
{
    edge_memory_changed(edge->translator.memory, take_memory, edge);
    if (edge->first == NULL || (edge->stuck && edge->now < edge->retry_at))
        return;
    if (write_pending(edge)) {
        free_pending(edge);
        edge->stuck = false;
        return;
    }
    spool_rollback(edge->spool);
    if (edge->stuck) {
        int64_t gone = spool_shrink(edge->spool, spool_count(edge->spool) * 3 / 4);
        fprintf(stderr, "neighbors-edge: spool: cannot write, the oldest %" PRId64 " events were dropped\n",
            gone);
    }
    edge->stuck = true;
    edge->retry_at = edge->now + RETRY_MS;
}

/* ---- to the broker ------------------------------------------------------------------------------------- */

static void broker_down(void *arg)
{
    struct edge *edge = arg;
    sender_lost(&edge->sender);
}

static void broker_acknowledged(void *arg, const struct link_acknowledgement *acknowledgement)
{
    struct edge *edge = arg;
    sender_acknowledged(&edge->sender, acknowledgement, edge->now);
}

/* ---- the turn ------------------------------------------------------------------------------------------ */

static int shorter(int a, int b)
{
    return a < b ? a : b;
}

static void turn(struct edge *edge)
{
    struct pollfd polled[3] = {{.fd = edge->signals, .events = POLLIN}};
    int wait = link_poll(edge->broker, &polled[2].events, edge->now);
    polled[1].fd = -1;
    polled[2].fd = link_descriptor(edge->broker);
    if (!edge->stuck) {
        wait = shorter(wait, link_poll(edge->home, &polled[1].events, edge->now));
        polled[1].fd = link_descriptor(edge->home);
    }
    if (poll(polled, 3, shorter(wait, RETRY_MS)) < 0)
        polled[0].revents = polled[1].revents = polled[2].revents = 0;
    edge->now = clock_ms(CLOCK_MONOTONIC);
    int64_t wall = clock_ms(CLOCK_REALTIME);
    edge->stop |= polled[0].revents != 0;
    if (!edge->stuck)
        link_turn(edge->home, polled[1].revents, edge->now, wall);
    edge_memory_expire(edge->translator.memory, wall);
    keep_pending(edge);
    if (!edge->stuck)
        link_flush(edge->home);
    link_turn(edge->broker, polled[2].revents, edge->now, wall);
    sender_turn(&edge->sender, edge->now);
    link_flush(edge->broker);
}

static bool open_signals(struct edge *edge)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    edge->signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    return edge->signals >= 0;
}

static struct link *open_link(
    struct edge *edge, const char *name, const struct edge_endpoint *endpoint, bool home)
{
    snprintf(edge->client_id, sizeof(edge->client_id), "neighbors-edge-%s", edge->settings.id);
    const struct link_settings settings = {.name = name,
        .host = endpoint->host,
        .port = endpoint->port,
        .ca = endpoint->ca,
        .cert = endpoint->cert,
        .key = endpoint->key,
        .username = endpoint->username,
        .password = endpoint->password,
        .client_id = edge->client_id,
        .mqtt5 = !home,
        .durable = home,
        .late_acknowledgement = home};
    const struct link_hooks to_home = {.arg = edge, .up = subscribe_all, .message = take_message};
    const struct link_hooks to_broker = {
        .arg = edge, .down = broker_down, .acknowledged = broker_acknowledged};
    return link_new(&settings, home ? &to_home : &to_broker);
}

static bool open_edge(struct edge *edge)
{
    const struct edge_settings *settings = &edge->settings;
    edge->last = &edge->first;
    edge->now = clock_ms(CLOCK_MONOTONIC);
    edge->spool = spool_open(settings->spool_file, settings->spool_most, clock_ms(CLOCK_REALTIME));
    if (edge->spool == NULL || !open_signals(edge))
        return false;
    const struct edge_memory_hooks hooks = {
        .arg = edge, .event = take_event, .listed = is_listed, .shares = is_shared};
    edge->translator.memory = edge_memory_new(&hooks, settings->assume_quiet);
    for (size_t i = 0; i < settings->choice_count; i++)
        if (!edge_translator_add(&edge->translator, settings->choices[i].map, settings->choices[i].prefix))
            return false;
    spool_recall(edge->spool, restore, edge);
    edge->home = open_link(edge, "home", &settings->local, true);
    edge->broker = open_link(edge, "broker", &settings->broker, false);
    edge->sender = (struct sender){.spool = edge->spool, .link = edge->broker};
    return true;
}

static void close_edge(struct edge *edge)
{
    if (edge->home)
        link_free(edge->home);
    if (edge->broker)
        link_free(edge->broker);
    free_pending(edge);
    if (edge->translator.memory)
        edge_memory_free(edge->translator.memory);
    spool_close(edge->spool);
    if (edge->signals >= 0)
        close(edge->signals);
}

int edge_command_run(int argc, char **argv)
{
    struct edge edge = {.signals = -1};
    edge.last = &edge.first;
    int result;
    if (edge_settings_read(&edge.settings, argc, argv, &result)) {
        result = open_edge(&edge) ? EDGE_DONE : EDGE_INVALID;
        if (result == EDGE_DONE)
            fprintf(stderr, "neighbors-edge: %zu devices shared, %" PRId64 " events waiting\n",
                edge.settings.shared_count, spool_count(edge.spool));
        while (result == EDGE_DONE && !edge.stop)
            turn(&edge);
        close_edge(&edge);
    }
    edge_settings_free(&edge.settings);
    return result;
}
