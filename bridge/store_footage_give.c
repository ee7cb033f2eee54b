/* A batch: what was shared goes to the agency's board, what was withdrawn or has expired leaves it, and the
 * agency is told of what was withdrawn. All of it is done before any of it is noted as done: cut off
 * half-way, it is done again, and the board takes nothing twice. */
#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_footage_inside.h"
#include "proto/arena.h"
#include "proto/codec.h"

struct batch {
    struct arena arena;
    struct store *store;
    struct text id, agency, case_number;
    int64_t at;
    size_t count, under_way;
    struct item {
        struct text what, clip;
        int64_t delete_by;
        struct bytes sealed;
    } * items;
    bool failed;
};

static struct text copy(struct batch *batch, const redisReply *reply)
{
    struct text text = reply_text(reply);
    return (struct text){arena_copy(&batch->arena, text.data ? text.data : "", text.len), text.len};
}

static void batch_end(struct batch *batch, bool failed)
{
    struct store *store = batch->store;
    arena_free(&batch->arena);
    free(batch);
    footage_next(store, FOOTAGE_GIVE, failed);
}

static void on_noted(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    batch_end(arg, status != STORE_OK);
}

static void note_done(struct batch *batch)
{
    struct command command = {0};
    footage_command(
        batch->store, FOOTAGE_GIVE, &command, "nb_footage_done", "footage:", batch->id, 2 + 2 * batch->count);
    command_bytes(&command, batch->id.data, batch->id.len);
    command_number(&command, batch->store->footage.now);
    for (size_t i = 0; i < batch->count; i++) {
        command_bytes(&command, batch->items[i].what.data, batch->items[i].what.len);
        command_bytes(&command, batch->items[i].clip.data, batch->items[i].clip.len);
    }
    store_send(batch->store, &command, on_noted, batch);
}

static void item_done(void *arg, enum store_status status)
{
    struct batch *batch = arg;
    batch->failed = batch->failed || (status != STORE_OK && status != STORE_ENDED);
    if (--batch->under_way)
        return;
    if (batch->failed || batch->store->ending)
        batch_end(batch, true);
    else
        note_done(batch);
}

static void post(struct batch *batch, const struct item *item, bool withdrawn)
{
    const struct footage footage = {.request_id = batch->id,
        .case_number = batch->case_number,
        .clip_id = item->clip,
        .sealed = withdrawn ? (struct bytes){0} : item->sealed,
        .delete_by = item->delete_by,
        .withdrawn = withdrawn,
        .at = batch->at};
    struct store_notice notice = {.principal = batch->agency,
        .name = withdrawn
                    ? text_of(arena_printf(&batch->arena, "w%.*s", (int)item->clip.len, item->clip.data))
                    : item->clip,
        .until = item->delete_by,
        .now = batch->store->footage.now,
        .suffix = TEXT("footage"),
        .payload = codec_encode_footage(ENCODING_PROTOBUF, &footage, &batch->arena)};
    store_board_post(batch->store, &notice, item_done, batch);
}

static void do_item(struct batch *batch, const struct item *item)
{
    batch->under_way++;
    if (text_equal(item->what, TEXT("down")))
        store_board_take_down(batch->store, batch->agency, item->clip, item->delete_by,
            batch->store->footage.now, item_done, batch);
    else
        post(batch, item, text_equal(item->what, TEXT("tell")));
}

static void read_items(struct batch *batch, const redisReply *list)
{
    batch->count = reply_count(list);
    batch->items = arena_alloc(&batch->arena, (batch->count + 1) * sizeof(*batch->items));
    for (size_t i = 0; i < batch->count; i++) {
        const redisReply *entry = reply_at(list, i);
        struct text sealed = copy(batch, reply_at(entry, 3));
        batch->items[i] = (struct item){copy(batch, reply_at(entry, 0)), copy(batch, reply_at(entry, 1)),
            reply_number(reply_at(entry, 2)), {(const uint8_t *)sealed.data, sealed.len}};
    }
}

void footage_give_work(struct store *store, const redisReply *taken)
{
    if (reply_count(reply_at(taken, 4)) == 0) {
        footage_next(store, FOOTAGE_GIVE, false);
        return;
    }
    struct batch *batch = store_alloc(sizeof(*batch));
    arena_init(&batch->arena, NULL, 0);
    batch->store = store;
    batch->id = copy(batch, reply_at(taken, 0));
    batch->agency = copy(batch, reply_at(taken, 1));
    batch->case_number = copy(batch, reply_at(taken, 2));
    batch->at = reply_number(reply_at(taken, 3));
    read_items(batch, reply_at(taken, 4));
    batch->under_way = 1;
    for (size_t i = 0; i < batch->count; i++)
        do_item(batch, &batch->items[i]);
    item_done(batch, STORE_OK);
}
