/* Footage requests at work: whoever holds the lease walks the agencies' tags, twice a second, and does what
 * is due of each request. What a worker takes is its own for a while; when it dies the next one takes it up
 * where it was left, and every step may be done twice. */
#include <stdlib.h>

#include "bridge/store_footage_inside.h"

static const double POLL = 0.25;
enum { CLAIM_MS = 10000 };

static const char *const takes[] = {"nb_footage_take_find", "nb_footage_take_due"};
static const char *const queues[] = {"footage_find", "footage_due"};

int64_t footage_interval(const struct store *store)
{
    return store->options.footage_batch_ms > 0 ? store->options.footage_batch_ms : 1000;
}

void footage_command(struct store *store, enum footage_worker worker, struct command *command,
    const char *function, const char *part, struct text id, size_t arguments)
{
    struct buffer key = {0};
    char prefix[KEY];
    buffer_put(&key, prefix, (size_t)sender_key(prefix, store->footage.tag[worker], part, ""));
    buffer_put(&key, id.data, id.len);
    command_function(command, function, 1, arguments);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

static void take(struct store *store, enum footage_worker worker);

static void on_taken(
    struct store *store, enum footage_worker worker, enum store_status status, const redisReply *reply)
{
    if (status != STORE_OK) {
        store->footage.working[worker] = false;
    } else if (reply_count(reply) == 0) {
        store->footage.working[worker] = ++store->footage.tag[worker] < STORE_SENDER_TAGS;
        if (store->footage.working[worker])
            take(store, worker);
    } else if (worker == FOOTAGE_FIND) {
        footage_found_work(store, reply);
    } else {
        footage_give_work(store, reply);
    }
}

static void on_find(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    on_taken(store, FOOTAGE_FIND, status, reply);
}

static void on_give(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    on_taken(store, FOOTAGE_GIVE, status, reply);
}

static void take(struct store *store, enum footage_worker worker)
{
    struct command command = {0};
    footage_command(store, worker, &command, takes[worker], queues[worker], TEXT(""), 3);
    command_number(&command, store->footage.now);
    command_number(&command, store->footage.now + CLAIM_MS);
    command_number(&command, footage_interval(store));
    store_send(store, &command, worker == FOOTAGE_FIND ? on_find : on_give, NULL);
}

void footage_next(struct store *store, enum footage_worker worker, bool failed)
{
    if (failed || store->ending)
        store->footage.working[worker] = false;
    else
        take(store, worker);
}

static void on_lease(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    store->footage.asking = false;
    if (status != STORE_OK || reply_number(reply) != 1)
        return;
    for (unsigned worker = FOOTAGE_FIND; worker <= FOOTAGE_GIVE; worker++) {
        if (store->footage.working[worker])
            continue;
        store->footage.working[worker] = true;
        store->footage.tag[worker] = 0;
        take(store, (enum footage_worker)worker);
    }
}

void footage_upkeep(struct store *store, int64_t now)
{
    struct command command = {0};
    double time = ev_now(store->loop);
    store->footage.now = now;
    if (store->footage.asking || time < store->footage.due)
        return;
    store->footage.due = time + POLL;
    store->footage.asking = true;
    command_function(&command, "nb_footage_lease", 0, 1);
    command_text(&command, store->node);
    store_send(store, &command, on_lease, NULL);
}
