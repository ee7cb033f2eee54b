/* The work that waits, at its pace: outboxes, ends of alerts, release of pending activity, trimming. At most
 * one call of each kind is under way, and none while the store is away, so that nothing piles up. What is
 * asked of a master that is away is given up for a while (store_patience.c), so that each holds up its own
 * tags alone; only what needs all of them, as forgetting does, waits for it. */
#include <stdlib.h>

#include "bridge/store_inside.h"

static const double EXPIRE = 0.25, EXPIRE_STEP = 0.01;

static void on_expired(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    unsigned tag = (unsigned)(uintptr_t)arg;
    int64_t ended = reply_number(reply_at(reply, 0)), rest = reply_number(reply_at(reply, 1));
    double now = store_clock();
    store->upkeep.expiry[tag].asking = false;
    if (status != STORE_OK)
        return;
    if (ended < 0)
        store->upkeep.expiry[tag].due = now + (double)rest / 1000.;
    else if (rest == 1)
        store->upkeep.expiry[tag].due = now + EXPIRE_STEP;
    if (ended > 0)
        outbox_told(store, tag);
}

static void expire(struct store *store, unsigned tag, int64_t now)
{
    struct command command = {0};
    unsigned tags = sender_tags_at_once(store);
    store->upkeep.expiry[tag].asking = true;
    command_function(&command, "nb_expire", tags, 4);
    command_sender_keys(&command, tag, tags, "expiry");
    command_text(&command, store->node);
    command_number(&command, now);
    command_number(&command, store->options.absence_ms);
    command_number(&command, store->upkeep.first_tag++ % tags);
    command.any_order = true;
    store_send(store, &command, on_expired, (void *)(uintptr_t)tag);
}

static void expire_what_is_due(struct store *store, int64_t now)
{
    double time = store_clock();
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag += sender_tags_at_once(store)) {
        if (store->upkeep.expiry[tag].asking || time < store->upkeep.expiry[tag].due)
            continue;
        store->upkeep.expiry[tag].due = time + EXPIRE;
        expire(store, tag, now);
    }
}

void store_upkeep(struct store *store, int64_t now)
{
    if (!store->counters.available)
        return;
    outbox_work(store, now); /* has a patience of its own */
    bool before = calls_are_upkeep(store, true);
    expire_what_is_due(store, now);
    release_work(store, now);
    sequence_work(store, now);
    trim_work(store);
    footage_upkeep(store, now);
    settle_work(store);
    forget_work(store, now);
    calls_are_upkeep(store, before);
}
