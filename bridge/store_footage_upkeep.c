/* Footage requests at work: whoever holds the lease asks, some times a second, which of the agencies' tags
 * have something due, and does it. What a worker takes is its own for a while; when it dies the next one
 * takes it up where it was left, and every step may be done twice. */
#include <stdlib.h>

#include "bridge/store_footage_inside.h"

static const double POLL = 0.25, POLL_TAGS = 0.5; /* POLL_TAGS: where each tag is a call of its own */
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

/* The next tag with something due; false: none is left. */
static bool next_tag(struct store *store, enum footage_worker worker)
{
    unsigned *tag = &store->footage.tag[worker];
    while (*tag < STORE_SENDER_TAGS && !(store->footage.tags[worker] >> *tag & 1))
        ++*tag;
    return *tag < STORE_SENDER_TAGS;
}

/* From where it is, unless the store ends. */
static void take_next(struct store *store, enum footage_worker worker)
{
    store->footage.working[worker] = !store->ending && next_tag(store, worker);
    if (store->footage.working[worker])
        take(store, worker);
}

static void leave_tag(struct store *store, enum footage_worker worker)
{
    store->footage.tag[worker]++;
    take_next(store, worker);
}

static void on_taken(
    struct store *store, enum footage_worker worker, enum store_status status, const redisReply *reply)
{
    if (status != STORE_OK || reply_count(reply) == 0) {
        leave_tag(store, worker);
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
    if (failed)
        leave_tag(store, worker);
    else
        take_next(store, worker);
}

/* ---- where something is due ---- */

/* A call for `count` tags, from `tag` on. */
struct waiting {
    unsigned tag, count;
};

static void begin_work(struct store *store)
{
    store->footage.asking = false;
    for (unsigned worker = FOOTAGE_FIND; worker <= FOOTAGE_GIVE; worker++) {
        if (store->footage.working[worker])
            continue;
        store->footage.tags[worker] = store->footage.found[worker];
        store->footage.tag[worker] = 0;
        take_next(store, (enum footage_worker)worker);
    }
}

static void on_waiting(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct waiting *waiting = arg;
    for (size_t i = 0; status == STORE_OK && i < reply_count(reply); i++) {
        unsigned place = (unsigned)reply_number(reply_at(reply, i));
        if (place < 2 * waiting->count)
            store->footage.found[place % 2] |= UINT64_C(1) << (waiting->tag + place / 2);
    }
    free(waiting);
    if (--store->footage.under_way == 0)
        begin_work(store);
}

static void ask_waiting(struct store *store, unsigned tag, unsigned count)
{
    struct command command = {0};
    struct waiting *waiting = store_alloc(sizeof(*waiting));
    *waiting = (struct waiting){tag, count};
    command_function(&command, "nb_footage_waiting", 2 * count, 1);
    for (unsigned i = 0; i < 2 * count; i++) {
        char key[KEY];
        sender_key(key, tag + i / 2, queues[i % 2], "");
        command_text(&command, key);
    }
    command_number(&command, store->footage.now);
    store_send(store, &command, on_waiting, waiting);
}

static void on_lease(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    bool mine = reply_number(reply_at(reply, 0)) == 1, spans = store_spans_tags(store);
    /* While its master is away nobody has it, and all who ask may work: none takes what another has. */
    if (store->ending || (status == STORE_OK && !mine)) {
        store->footage.asking = false;
        if (status == STORE_OK)
            store->footage.due = store_clock() + (double)reply_number(reply_at(reply, 1)) / 1000.;
        return;
    }
    store->footage.found[FOOTAGE_FIND] = store->footage.found[FOOTAGE_GIVE] = 0;
    store->footage.under_way = spans ? 1 : STORE_SENDER_TAGS;
    if (spans)
        ask_waiting(store, 0, STORE_SENDER_TAGS);
    for (unsigned tag = 0; !spans && tag < STORE_SENDER_TAGS; tag++)
        ask_waiting(store, tag, 1);
}

void footage_upkeep(struct store *store, int64_t now)
{
    struct command command = {0};
    double time = store_clock();
    store->footage.now = now;
    if (store->footage.asking || time < store->footage.due)
        return;
    store->footage.due = time + (store_spans_tags(store) ? POLL : POLL_TAGS);
    store->footage.asking = true;
    command_function(&command, "nb_footage_lease", 1, 1);
    command_text(&command, "nb:{footage}:worker");
    command_text(&command, store->node);
    store_send(store, &command, on_lease, NULL);
}
