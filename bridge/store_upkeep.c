/* The work that waits, at its pace: outboxes, ends of alerts, release of pending activity, trimming. At most
 * one call of each kind is under way, and none while the store is away, so that nothing piles up. */
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/store_inside.h"

static const double EXPIRE = 0.25, EXPIRE_STEP = 0.01, TRIM = 60., TRIM_STEP = 0.02;
static const double RELEASE_SHORTEST = 0.02, RELEASE_LONGEST = 1.;
/* While much waits, so many releases are under way at once; otherwise one that looks whether something is
 * due. */
enum { LAST_REGION = STORE_REGION_TAGS, RELEASES = 4, RETENTION_DAYS = 60 };

static void on_expired(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    unsigned tag = (unsigned)(uintptr_t)arg;
    int64_t ended = reply_number(reply_at(reply, 0)), rest = reply_number(reply_at(reply, 1));
    double now = ev_now(store->loop);
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
    store_send(store, &command, on_expired, (void *)(uintptr_t)tag);
}

static void expire_what_is_due(struct store *store, int64_t now)
{
    double time = ev_now(store->loop);
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag += sender_tags_at_once(store)) {
        if (store->upkeep.expiry[tag].asking || time < store->upkeep.expiry[tag].due)
            continue;
        store->upkeep.expiry[tag].due = time + EXPIRE;
        expire(store, tag, now);
    }
}

static double release_pace(const struct store *store)
{
    double pace = (double)store->options.release_delay_ms / 10000.;
    return pace < RELEASE_SHORTEST ? RELEASE_SHORTEST : pace > RELEASE_LONGEST ? RELEASE_LONGEST : pace;
}

static void on_released(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    store->upkeep.releasing--;
    int64_t tag = status == STORE_OK ? reply_number(reply_at(reply, 0)) : -1;
    if (tag < 0 || tag >= LAST_REGION) {
        store->upkeep.release_most = 1;
        store->upkeep.release_tag = 0;
        store->upkeep.release_due = ev_now(store->loop) + release_pace(store);
    } else {
        store->upkeep.release_most = RELEASES;
        store->upkeep.release_tag = (int)tag;
        store->upkeep.release_due = 0;
    }
    store->counters.activity_released += (uint64_t)reply_number(reply_at(reply, 1));
    store->counters.activity_unshared += (uint64_t)reply_number(reply_at(reply, 2));
    store->counters.activity_below_k += (uint64_t)reply_number(reply_at(reply, 3));
    store->counters.activity_merged += (uint64_t)reply_number(reply_at(reply, 4));
}

static void release(struct store *store, int64_t now)
{
    const struct store_redis_options *options = &store->options;
    struct command command = {0};
    uint32_t seed;
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        abort();
    store->upkeep.releasing++;
    command_function(&command, "nb_release", 0, 10);
    command_text(&command, store->node);
    command_number(&command, now / options->release_delay_ms);
    command_number(&command, seed & 0x7fffffff);
    command_number(&command, store->upkeep.release_tag);
    command_number(&command, options->release_households);
    command_number(&command, options->release_households + options->release_hysteresis);
    command_number(&command, now - options->release_verified_ms);
    command_number(&command, options->cooldown_ms / 1000);
    command_number(&command, now / cooldown_epoch(options));
    command_number(&command, 2 * cooldown_epoch(options) / 1000);
    store_send(store, &command, on_released, NULL);
}

static void on_trimmed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    struct text cursor = reply_text(reply_at(reply, 0));
    char *next = store->upkeep.trim_cursor;
    bool over = status != STORE_OK || cursor.len == 0 || cursor.len >= sizeof(store->upkeep.trim_cursor) ||
                text_equal(cursor, TEXT("0"));
    store->upkeep.trimming = false;
    store->counters.entries_trimmed += (uint64_t)reply_number(reply_at(reply, 1));
    if (!over)
        memcpy(next, cursor.data, cursor.len);
    next[over ? 0 : cursor.len] = 0;
    if (over)
        strcpy(next, "0");
    store->upkeep.trim_due = ev_now(store->loop) + (over ? TRIM : TRIM_STEP);
}

static void trim(struct store *store, int64_t now)
{
    struct command command = {0};
    store->upkeep.trimming = true;
    command_function(&command, "nb_trim", 0, 5);
    command_text(&command, store->node);
    command_text(&command, store->upkeep.trim_cursor);
    command_number(&command, now - store->options.channel_retention_ms);
    command_number(&command, now);
    command_number(&command, store->options.retention_days ? store->options.retention_days : RETENTION_DAYS);
    store_send(store, &command, on_trimmed, NULL);
}

void store_upkeep(struct store *store, int64_t now)
{
    double time = ev_now(store->loop);
    if (!store->command.ready)
        return;
    outbox_work(store, now);
    expire_what_is_due(store, now);
    while (store->options.release_delay_ms > 0 && time >= store->upkeep.release_due &&
           store->upkeep.releasing < store->upkeep.release_most)
        release(store, now);
    sequence_work(store, now);
    if (!store->upkeep.trimming && time >= store->upkeep.trim_due)
        trim(store, now);
    footage_upkeep(store, now);
    forget_work(store, now);
}
