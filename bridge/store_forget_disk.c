/* Forgetting: what Redis has on disk is rewritten, on every master and then on its replicas; one that another
 * took the place of, or that was started anew meanwhile, counts as one more. Only then the receipt goes out.
 * A step looks at all of them once and orders what is next; whoever looks later goes on with what this
 * process ordered, or orders it once more. */
#include <stdlib.h>

#include "bridge/store_forget_inside.h"

static const double LOOK = 0.25;

/* A look at one master. */
struct look {
    struct forgetting *work;
    size_t index;
    struct forget_disk *disk;
};

/* Whether all masters that were looked at are done. */
struct looks {
    bool done;
};

void forget_disk_free(struct store *store)
{
    while (store->forget.disks) {
        struct forget_disk *disk = store->forget.disks;
        store->forget.disks = disk->next;
        free(disk);
    }
    forget_replicas_free(store);
}

/* ---- what INFO says ---- */

static bool info_says(struct text info, const char *name, const char *value)
{
    return text_equal(info_value(info, name), text_of(value));
}

static bool is_busy(struct text info)
{
    return info_says(info, "aof_rewrite_in_progress:", "1") ||
           info_says(info, "aof_rewrite_scheduled:", "1") || info_says(info, "rdb_bgsave_in_progress:", "1");
}

static struct forget_disk *disk_of(struct store *store, int64_t number, struct text info)
{
    struct text run_id = info_value(info, "run_id:");
    struct forget_disk *disk = store->forget.disks;
    while (disk && (disk->number != number || !text_equal(text_of(disk->run_id), run_id)))
        disk = disk->next;
    if (disk || run_id.len == 0 || run_id.len >= FORGET_RUN_ID)
        return disk;
    disk = store_alloc(sizeof *disk);
    *disk = (struct forget_disk){
        .next = store->forget.disks, .number = number, .from = info_number(info, "master_repl_offset:")};
    memcpy(disk->run_id, run_id.data, run_id.len);
    store->forget.disks = disk;
    return disk;
}

/* ---- a look ---- */

static void disk_answered(struct forgetting *work)
{
    const struct looks *looks = work->step;
    if (!forget_answered(work, STORE_OK))
        return;
    if (!looks->done) {
        forget_again(work, LOOK);
        return;
    }
    forget_disk_free(work->store);
    forget_tell(work);
}

/* One that was begun before is refused as that: ours comes after it. */
static void on_ordered(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    struct look *look = arg;
    if (status != STORE_OK)
        look->disk->stage--;
    disk_answered(look->work);
}

static void order(struct look *look, const char *what)
{
    struct command command = {0};
    command_begin(&command, 1);
    command_text(&command, what);
    look->work->under_way++;
    store_send_to_node(look->work->store, look->index, &command, on_ordered, look);
}

/* The files are rewritten one after the other. A snapshot too, though none may be there: Redis does not tell
 * of one that an operator made, or that was made before it was started last. */
const char *forget_disk_next(struct forget_disk *disk, struct text info, enum disk_stage *ordered)
{
    if (disk->stage == DISK_DONE || is_busy(info))
        return NULL;
    if (disk->stage == DISK_LOG_ORDERED && info_says(info, "aof_last_bgrewrite_status:", "ok"))
        disk->stage = DISK_SNAPSHOT;
    if (disk->stage == DISK_SNAPSHOT_ORDERED && info_says(info, "rdb_last_bgsave_status:", "ok"))
        disk->stage = DISK_DONE;
    if (disk->stage == DISK_LOG && !info_says(info, "aof_enabled:", "1"))
        disk->stage = DISK_SNAPSHOT;
    *ordered = disk->stage < DISK_SNAPSHOT ? DISK_LOG_ORDERED : DISK_SNAPSHOT_ORDERED;
    if (disk->stage == DISK_DONE)
        return NULL;
    return *ordered == DISK_LOG_ORDERED ? "BGREWRITEAOF" : "BGSAVE";
}

/* Of one master; its replicas when it is done itself. True: nothing is left. */
static bool look_at(struct look *look, struct text info)
{
    struct store *store = look->work->store;
    struct forget_disk *disk = look->disk;
    struct node *node = store_node(store, look->index);
    if (!disk || store->ending)
        return false;
    enum disk_stage ordered;
    const char *what = forget_disk_next(disk, info, &ordered);
    if (what) {
        disk->stage = ordered;
        order(look, what);
    }
    return disk->stage == DISK_DONE && node &&
           forget_replicas(store, disk->number, disk->from, info, &node->command.where);
}

static void on_info(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look *look = arg;
    struct forgetting *work = look->work;
    struct looks *looks = work->step;
    struct text info = reply_text(reply);
    look->disk = status == STORE_OK ? disk_of(store, work->number, info) : NULL;
    looks->done = look_at(look, info) && looks->done;
    disk_answered(work);
}

void forget_disk(struct forgetting *work)
{
    size_t count = store_node_count(work->store);
    struct looks *looks = arena_alloc(&work->arena, sizeof *looks);
    looks->done = count > 0;
    work->step = looks;
    work->under_way = 1; /* until all were asked */
    for (size_t i = 0; i < count; i++) {
        struct command command = {0};
        struct look *look = arena_alloc(&work->arena, sizeof *look);
        *look = (struct look){work, i, NULL};
        command_begin(&command, 4);
        command_text(&command, "INFO");
        command_text(&command, "server");
        command_text(&command, "replication");
        command_text(&command, "persistence");
        work->under_way++;
        store_send_to_node(work->store, i, &command, on_info, look);
    }
    disk_answered(work);
}
