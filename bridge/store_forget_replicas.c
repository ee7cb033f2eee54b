/* Forgetting: the files of replicas. A master names those that are connected to it, and how far it has come;
 * each is asked over a connection of its own until it has all that its master had then, and has rewritten its
 * files behind that. One that is away is nobody's: it takes what its master has when it is back. */
#include <inttypes.h>
#include <stdlib.h>

#include "bridge/store_forget_inside.h"

static const double PATIENCE = 10.;

struct forget_replica {
    struct forget_replica *next;
    struct store *store;
    struct link link;
    struct forget_disk disk;
    enum disk_stage ordered; /* its stage when the order is taken */
    bool asking;             /* it has not answered yet */
    double asked;            /* store_awake then */
};

void forget_replicas_free(struct store *store)
{
    while (store->forget.replicas) {
        struct forget_replica *replica = store->forget.replicas;
        store->forget.replicas = replica->next;
        link_stop(&replica->link);
        free(replica);
    }
}

/* ---- the connection ---- */

static void on_opened(struct link *link)
{
    link_log_in(link);
    link_ready(link);
}

static void on_lost(struct link *link)
{
    struct forget_replica *replica = link->owner;
    replica->asking = false;
}

/* NULL: the connection is gone, and perhaps the replica with it; or it was refused. */
static struct forget_replica *answered(redisAsyncContext *context, const redisReply *reply)
{
    if (!reply)
        return NULL;
    struct link *link = context->data;
    if (link->context != context)
        return NULL;
    struct forget_replica *replica = link->owner;
    replica->asking = false;
    if (reply->type == REDIS_REPLY_ERROR)
        return NULL;
    link_proved(link);
    return replica;
}

static void ask(struct forget_replica *replica, redisCallbackFn *answer, const char *command)
{
    replica->asking = true;
    replica->asked = store_awake(replica->store);
    redisAsyncCommand(replica->link.context, answer, NULL, command);
}

/* One that is refused (another was begun before) is ordered again. */
static void on_ordered(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct forget_replica *replica = answered(context, data);
    if (replica)
        replica->disk.stage = replica->ordered;
}

static void on_info(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    const redisReply *reply = data;
    struct forget_replica *replica = answered(context, reply);
    if (!replica)
        return;
    struct text info = reply_text(reply);
    struct text run_id = info_value(info, "run_id:");
    struct forget_disk *disk = &replica->disk;
    if (!text_equal(text_of(disk->run_id), run_id) && run_id.len < FORGET_RUN_ID) {
        *disk = (struct forget_disk){.number = disk->number, .from = disk->from};
        memcpy(disk->run_id, run_id.data, run_id.len);
    }
    if (!text_equal(info_value(info, "role:"), TEXT("slave")) ||
        info_number(info, "slave_repl_offset:") < disk->from)
        return;
    const char *order = forget_disk_next(disk, info, &replica->ordered);
    if (order)
        ask(replica, on_ordered, order);
}

/* ---- who they are ---- */

static struct forget_replica *replica_at(struct store *store, const struct endpoint *where)
{
    struct forget_replica *replica = store->forget.replicas;
    while (replica && !same_endpoint(&replica->link.where, where))
        replica = replica->next;
    if (replica)
        return replica;
    replica = store_alloc(sizeof *replica);
    replica->store = store;
    replica->next = store->forget.replicas;
    store->forget.replicas = replica;
    link_init(&replica->link, store, "forget", replica, on_opened, on_lost);
    link_connect(&replica->link, where);
    return replica;
}

/* True when it has nothing left to do. */
static bool look(struct forget_replica *replica, int64_t number, int64_t from)
{
    if (replica->disk.number != number)
        replica->disk = (struct forget_disk){.number = number, .from = from};
    if (replica->disk.stage == DISK_DONE)
        return true;
    if (replica->asking && store_awake(replica->store) - replica->asked > PATIENCE)
        link_drop(&replica->link, "no answer in time");
    if (replica->link.ready && !replica->asking)
        ask(replica, on_info, "INFO server replication persistence");
    return false;
}

/* "ip=<host>,port=<number>,state=<word>,…". False: it is none that can be asked yet. */
static bool read_replica(struct text line, struct endpoint *where, const struct endpoint *near)
{
    char text[192], host[128], state[32], place[160];
    int port;
    if (line.len >= sizeof text)
        return false;
    memcpy(text, line.data, line.len);
    text[line.len] = 0;
    if (sscanf(text, "ip=%127[^,],port=%d,state=%31[^,]", host, &port, state) != 3 ||
        strcmp(state, "online") != 0)
        return false;
    snprintf(place, sizeof place, "%s:%d", host, port);
    return endpoint_read(where, place, near);
}

bool forget_replicas(
    struct store *store, int64_t number, int64_t from, struct text info, const struct endpoint *master)
{
    int64_t count = info_number(info, "connected_slaves:");
    bool done = true;
    for (int64_t i = 0; store->where.kind != REDIS_ONE && i < count; i++) {
        char name[32];
        struct endpoint where = {0};
        snprintf(name, sizeof name, "slave%" PRId64 ":", i);
        done = read_replica(info_value(info, name), &where, master) &&
               look(replica_at(store, &where), number, from) && done;
    }
    return done;
}
