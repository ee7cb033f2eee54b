/* What is to be forgotten: noted, done in steps by whoever holds the lease (scripts/forget.lua), and when
 * nothing is left in memory, the files on disk are rewritten; then the receipt is signed. Whatever is killed
 * meanwhile, the work stands in the queue and the files are rewritten once more. */
#include "bridge/store_forget.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/log_key.h"
#include "bridge/store_inside.h"
#include "proto/codec.h"

static const double IDLE = 1., NEXT = 0.005, LOOK = 0.25;

/* ---- noting ---- */

struct add_call {
    store_status_done *done;
    void *arg;
};

static void on_added(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct add_call *call = arg;
    store->forget.due = 0;
    call->done(call->arg, status == STORE_OK ? (enum store_status)reply_number(reply) : status);
    free(call);
}

static void put_devices(struct command *command, const struct store_forget *forget)
{
    struct buffer list = {0};
    for (size_t i = 0; i < forget->device_count; i++) {
        buffer_put(&list, forget->devices[i].data, forget->devices[i].len);
        buffer_put(&list, " ", 1);
    }
    command_bytes(command, list.data, list.len);
    buffer_free(&list);
}

void store_forget(struct store *store, const struct store_forget *forget, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct add_call *call = store_alloc(sizeof *call);
    *call = (struct add_call){done, arg};
    command_function(&command, "nb_forget_add", 0, 11);
    command_bytes(&command, forget->household.data, forget->household.len);
    command_bytes(&command, forget->by.principal.data, forget->by.principal.len);
    command_bytes(&command, forget->by.client.data, forget->by.client.len);
    put_devices(&command, forget);
    command_number(&command, forget->from);
    command_number(&command, forget->to);
    command_number(&command, forget->alerts || forget->account);
    command_number(&command, forget->account);
    command_number(&command, forget->enrolment);
    command_bytes(&command, forget->name.data, forget->name.len);
    command_number(&command, forget->now);
    store_send(store, &command, on_added, call);
}

/* ---- the receipt ---- */

enum disk_stage { DISK_LOG, DISK_LOG_ORDERED, DISK_SNAPSHOT, DISK_SNAPSHOT_ORDERED };

/* Work whose steps are done; owned. */
struct forgotten {
    struct store *store;
    enum disk_stage stage;
    int64_t number, from, to;
    uint64_t events, alerts;
    uint32_t principals;
    char run_id[48]; /* of the Redis whose files are rewritten */
    struct buffer household, by, client, name;
};

static void forgotten_free(struct forgotten *work)
{
    buffer_free(&work->household);
    buffer_free(&work->by);
    buffer_free(&work->client);
    buffer_free(&work->name);
    free(work);
}

static struct text text_in(const struct buffer *buffer)
{
    return (struct text){(const char *)buffer->data, buffer->len};
}

static void look_again(struct store *store, double pause)
{
    store->forget.busy = false;
    store->forget.due = ev_now(store->loop) + pause;
}

static void on_done(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    (void)status;
    (void)reply;
    look_again(store, NEXT);
}

static void on_told(void *arg, enum store_status status)
{
    struct forgotten *work = arg;
    struct store *store = work->store;
    struct command command = {0};
    if (status == STORE_OK) {
        command_function(&command, "nb_forget_done", 0, 2);
        command_text(&command, store->node);
        command_number(&command, work->number);
        store_send(store, &command, on_done, NULL);
    } else {
        look_again(store, IDLE);
    }
    forgotten_free(work);
}

static void tell(struct store *store, struct forgotten *work)
{
    struct arena arena;
    struct deleted receipt = {.from = work->from,
        .to = work->to,
        .at = store->options.now(),
        .events = work->events,
        .alerts = work->alerts,
        .principals = work->principals,
        .backup_days = (uint32_t)store->options.backup_days,
        .forget_id = text_in(&work->name),
        .household = text_in(&work->household)};
    arena_init(&arena, NULL, 0);
    struct bytes signed_receipt = store->options.log_key
                                      ? log_key_sign_deleted(store->options.log_key, &receipt, &arena)
                                      : codec_encode_deleted(ENCODING_PROTOBUF, &receipt, &arena);
    store_log(store, STORE_LOG_INFO, "forgotten", "number=%lld events=%llu alerts=%llu principals=%u",
        (long long)work->number, (unsigned long long)work->events, (unsigned long long)work->alerts,
        work->principals);
    store_inbox(store, (struct session_name){text_in(&work->by), text_in(&work->client)}, TEXT("deleted"),
        signed_receipt, on_told, work);
    arena_free(&arena);
}

/* ---- what is on disk ---- */

/* The number behind "name:" in the answer to INFO; -1: it is not there. */
static long info_number(struct text info, const char *name)
{
    const char *at = info.len ? strstr(info.data, name) : NULL; /* hiredis ends it with a NUL */
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static bool info_says(struct text info, const char *what)
{
    return info.len && strstr(info.data, what);
}

static void ask_disk(struct store *store, struct forgotten *work);

static void wait_for_disk(struct store *store, struct forgotten *work)
{
    store->forget.waiting = work;
    store->forget.look_due = ev_now(store->loop) + LOOK;
}

/* One that was begun before is refused as that: ours comes after it. */
static void on_ordered(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    struct forgotten *work = arg;
    if (status != STORE_OK)
        work->stage--;
    wait_for_disk(store, work);
}

static void order(struct store *store, struct forgotten *work, const char *word)
{
    struct command command = {0};
    command_begin(&command, 1);
    command_text(&command, word);
    store_send(store, &command, on_ordered, work);
}

/* The files are rewritten one after the other. A snapshot too, though none may be there: Redis does not tell
 * of one that an operator made, or that was made before it was started last. */
static void on_disk(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct forgotten *work = arg;
    struct text info = reply_text(reply);
    bool busy = info_number(info, "aof_rewrite_in_progress:") > 0 ||
                info_number(info, "aof_rewrite_scheduled:") > 0 ||
                info_number(info, "rdb_bgsave_in_progress:") > 0;
    bool another = strcmp(work->run_id, store->boot.run_id) != 0;
    if (status != STORE_OK) {
        forgotten_free(work);
        look_again(store, IDLE);
    } else if (busy) {
        wait_for_disk(store, work);
    } else if (work->stage == DISK_LOG_ORDERED && !another &&
               info_says(info, "aof_last_bgrewrite_status:ok")) {
        work->stage = DISK_SNAPSHOT;
        ask_disk(store, work);
    } else if (work->stage == DISK_SNAPSHOT_ORDERED && !another &&
               info_says(info, "rdb_last_bgsave_status:ok")) {
        tell(store, work);
    } else {
        bool appends = work->stage <= DISK_LOG_ORDERED && store->boot.appends;
        memcpy(work->run_id, store->boot.run_id, sizeof work->run_id);
        work->stage = appends ? DISK_LOG_ORDERED : DISK_SNAPSHOT_ORDERED;
        order(store, work, appends ? "BGREWRITEAOF" : "BGSAVE");
    }
}

static void ask_disk(struct store *store, struct forgotten *work)
{
    struct command command = {0};
    command_begin(&command, 2);
    command_text(&command, "INFO");
    command_text(&command, "persistence");
    store_send(store, &command, on_disk, work);
}

/* ---- the steps ---- */

static void keep_text(struct buffer *out, const redisReply *reply)
{
    struct text text = reply_text(reply);
    buffer_put(out, text.data, text.len);
}

static struct forgotten *read_end(struct store *store, const redisReply *reply)
{
    struct forgotten *work = store_alloc(sizeof *work);
    work->store = store;
    work->number = reply_number(reply_at(reply, 0));
    keep_text(&work->household, reply_at(reply, 2));
    keep_text(&work->by, reply_at(reply, 3));
    keep_text(&work->client, reply_at(reply, 4));
    keep_text(&work->name, reply_at(reply, 5));
    work->from = reply_number(reply_at(reply, 6));
    work->to = reply_number(reply_at(reply, 7));
    work->events = (uint64_t)reply_number(reply_at(reply, 8));
    work->alerts = (uint64_t)reply_number(reply_at(reply, 9));
    work->principals = (uint32_t)reply_number(reply_at(reply, 10));
    return work;
}

static void on_step(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    if (status != STORE_OK || reply_count(reply) < 2)
        look_again(store, IDLE);
    else if (reply_number(reply_at(reply, 1)) == 1)
        ask_disk(store, read_end(store, reply));
    else
        look_again(store, NEXT);
}

void forget_work(struct store *store, int64_t now)
{
    struct forgotten *waiting = store->forget.waiting;
    if (waiting && ev_now(store->loop) >= store->forget.look_due) {
        store->forget.waiting = NULL;
        ask_disk(store, waiting);
        return;
    }
    if (store->forget.busy || ev_now(store->loop) < store->forget.due)
        return;
    struct command command = {0};
    store->forget.busy = true;
    command_function(&command, "nb_forget_step", 0, 3);
    command_text(&command, store->node);
    command_number(&command, now);
    command_number(&command, store->options.absence_ms);
    store_send(store, &command, on_step, NULL);
}

void forget_free(struct store *store)
{
    if (store->forget.waiting)
        forgotten_free(store->forget.waiting);
    store->forget.waiting = NULL;
}
