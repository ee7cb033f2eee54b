/* A turn's messages from the home's broker (intake.h).
 *
 * While the spool cannot be written the home's broker is not read: what it may keep for us, it keeps. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/client/clock.h"
#include "bridge/edge/intake/intake.h"
#include "bridge/edge/mapping/discovery.h"

enum { RETRY_MS = 1000 };

/* An event, or a device's memory. */
struct pending {
    struct pending *next;
    char *map, *device, *memory; /* memory NULL: an event of this enrolled device */
    struct edge_event event;
};

/* ---- memory's questions and news ----------------------------------------------------------------------- */

static bool is_listed(void *arg, const char *map, const char *device)
{
    struct intake *intake = arg;
    seen_note(&intake->seen, map, device, clock_wall());
    return edge_settings_shared(intake->settings, map, device) != NULL;
}

/* The same, of a device of which nothing was heard. */
static bool is_known(void *arg, const char *map, const char *device)
{
    const struct intake *intake = arg;
    return edge_settings_shared(intake->settings, map, device) != NULL;
}

static bool is_shared(void *arg, const char *map, const char *device, enum motion_kind kind)
{
    const struct intake *intake = arg;
    const struct edge_shared *shared = edge_settings_shared(intake->settings, map, device);
    return shared && (shared->kinds >> kind & 1);
}

static struct pending *add_pending(struct intake *intake)
{
    struct pending *pending = client_alloc(sizeof(*pending));
    *intake->last = pending;
    intake->last = &pending->next;
    return pending;
}

static void take_event(void *arg, const struct edge_event *event)
{
    struct intake *intake = arg;
    const struct edge_shared *shared = edge_settings_shared(intake->settings, event->map, event->device);
    if (shared == NULL)
        return;
    struct pending *pending = add_pending(intake);
    pending->event = *event;
    pending->device = strdup(shared->id);
    const struct edge_shared *first =
        event->first_device ? edge_settings_shared(intake->settings, event->first_map, event->first_device)
                            : NULL;
    pending->event.first_device = first && strcmp(first->id, shared->id) != 0 ? first->id : NULL;
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
    struct intake *intake = arg;
    if (!is_known(intake, map, device)) /* no longer listed */
        return;
    edge_memory_restore(intake->translator.memory, map, device, json, clock_wall());
}

/* ---- the link's calls ---------------------------------------------------------------------------------- */

static void subscribe(void *arg, const char *filter)
{
    struct intake *intake = arg;
    if (!link_subscribe(intake->home, filter))
        fprintf(stderr, "neighbors-edge: home: cannot subscribe to %s\n", filter);
}

/* Every filter of every row that may be about the device, and what its discovery configs come under. */
static void subscribe_device(struct intake *intake, const struct edge_shared *shared)
{
    const struct edge_translator *translator = &intake->translator;
    for (size_t i = 0; i < translator->use_count; i++) {
        const struct edge_use *use = &translator->uses[i];
        if (shared->map && strcmp(use->row->map, shared->map->name) != 0)
            continue;
        /* A name that cannot stand there is another map's. */
        (void)!edge_topic_filters(use->row->topic, use->prefix, shared->source, subscribe, intake);
    }
    bool may_be_discovered = shared->map == NULL || strcmp(shared->map->name, EDGE_DISCOVERY_MAP) == 0;
    for (size_t i = 0; may_be_discovered && i < translator->discovery_count; i++)
        edge_discovery_topics(translator->discovery[i], shared->source, subscribe, intake);
}

/* A filter that comes twice is the same subscription. */
static void connected(void *arg, bool resumed)
{
    (void)resumed;
    struct intake *intake = arg;
    for (size_t d = 0; d < intake->settings->shared_count; d++)
        subscribe_device(intake, &intake->settings->shared[d]);
    edge_learned_topics(intake->translator.learned, subscribe, intake);
}

static void take_message(void *arg, const struct link_message *message, unsigned number)
{
    struct intake *intake = arg;
    intake->messages++;
    if (message->again && redelivery_is_done(&intake->redelivery, message, number))
        return;
    redelivery_note(&intake->redelivery, message, number);
    if (!back_settings_own_topic(&intake->settings->back, message->topic)) /* no loop */
        edge_translator_take(&intake->translator, message);
}

struct link_hooks intake_hooks(struct intake *intake)
{
    return (struct link_hooks){.arg = intake, .up = connected, .message = take_message};
}

/* ---- into the spool ------------------------------------------------------------------------------------ */

static void free_pending(struct intake *intake)
{
    while (intake->first) {
        struct pending *pending = intake->first;
        intake->first = pending->next;
        free(pending->map);
        free(pending->device);
        free(pending->memory);
        free(pending);
    }
    intake->last = &intake->first;
}

static bool write_all(struct intake *intake, int64_t wall)
{
    if (!spool_begin(intake->spool))
        return false;
    for (struct pending *p = intake->first; p; p = p->next) {
        bool written = p->memory ? spool_remember(intake->spool, p->map, p->device, p->memory)
                                 : spool_append(intake->spool, p->device, &p->event, wall);
        if (!written)
            return false;
    }
    return spool_note(intake->spool, redelivery_bytes(&intake->redelivery)) && spool_commit(intake->spool);
}

static bool write_or_undo(struct intake *intake, int64_t wall)
{
    if (write_all(intake, wall))
        return true;
    spool_rollback(intake->spool);
    return false;
}

void intake_turn(struct intake *intake, int64_t now, int64_t wall)
{
    edge_memory_expire(intake->translator.memory, wall);
    edge_memory_changed(intake->translator.memory, take_memory, intake);
    if (intake->first == NULL || (intake->stuck && now < intake->retry_at))
        return;
    /* When the disk is full the oldest events make room for the newest. */
    bool written =
        write_or_undo(intake, wall) || (spool_make_room(intake->spool) && write_or_undo(intake, wall));
    intake->stuck = !written;
    intake->retry_at = now + RETRY_MS;
    if (written)
        free_pending(intake);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

bool intake_open(struct intake *intake, const struct edge_settings *settings, struct spool *spool)
{
    uint8_t note[sizeof(intake->redelivery.done)];
    const struct edge_memory_hooks hooks = {.arg = intake,
        .event = take_event,
        .listed = is_listed,
        .shares = is_shared,
        .together_ms = settings->together_ms,
        .hold_off_ms = settings->hold_off_ms};
    const struct edge_learned_hooks learning = {.arg = intake, .listed = is_known, .topic = subscribe};
    *intake = (struct intake){.settings = settings, .spool = spool};
    intake->last = &intake->first;
    intake->translator.own = &settings->own;
    intake->translator.learned = edge_learned_new(&learning);
    intake->translator.memory = edge_memory_new(&hooks, settings->assume_quiet);
    for (size_t i = 0; i < settings->choice_count; i++)
        if (!edge_translator_add(&intake->translator, settings->choices[i].map, settings->choices[i].prefix))
            return false;
    spool_recall(spool, restore, intake);
    redelivery_restore(&intake->redelivery, (struct bytes){note, spool_read_note(spool, note, sizeof(note))});
    return true;
}

void intake_close(struct intake *intake)
{
    free_pending(intake);
    if (intake->translator.memory)
        edge_memory_free(intake->translator.memory);
    edge_learned_free(intake->translator.learned);
}
