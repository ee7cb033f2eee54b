/* A request that is due: its households are found and noted, or some of them are told of it, or of its end. A
 * household is told by a notice to each of its users; only then is it taken off the list of those to be told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_footage_inside.h"
#include "proto/arena.h"
#include "proto/codec.h"

enum { FOUND_A_STEP = 128, FIELD_DEVICES = 14 << 3 | 2, AGENCY = 7 };

/* What was taken, and what of it is under way. */
struct work {
    struct arena arena;
    struct store *store;
    struct text id, stage, agency; /* agency: its id, without the role */
    uint8_t incident;
    int64_t from, to, until, planned;
    struct bytes body;
    struct text cells;
    size_t count, under_way; /* households to be told */
    struct household {
        struct work *work;
        struct text name;
        struct bytes devices;
    } * households;
    bool failed;
};

static struct text copy(struct work *work, const redisReply *reply)
{
    struct text text = reply_text(reply);
    return (struct text){arena_copy(&work->arena, text.data ? text.data : "", text.len), text.len};
}

static void work_end(struct work *work, bool failed)
{
    struct store *store = work->store;
    arena_free(&work->arena);
    free(work);
    footage_next(store, FOOTAGE_FIND, failed);
}

static void on_noted(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    work_end(arg, status != STORE_OK);
}

/* ---- finding ---- */

/* One after the other; the last of them leads on. */
static void on_part(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    struct work *work = arg;
    work->failed = work->failed || status != STORE_OK;
}

/* Field `devices` of a FootageRequest, once a device. */
static void put_devices(struct buffer *out, const struct footage_household *household)
{
    for (size_t i = 0; i < household->device_count && i < LIMIT_ASKED_DEVICES; i++) {
        buffer_number(out, FIELD_DEVICES, 1);
        buffer_number(out, household->devices[i].len, 1); /* ids are shorter than 128 */
        buffer_put(out, household->devices[i].data, household->devices[i].len);
    }
}

static void note_found(
    struct work *work, const struct footage_household *households, size_t count, bool first)
{
    struct command command = {0};
    struct buffer devices = {0};
    footage_command(
        work->store, FOOTAGE_FIND, &command, "nb_footage_found", "footage:", work->id, 2 + 2 * count);
    command_bytes(&command, work->id.data, work->id.len);
    command_number(&command, first);
    for (size_t i = 0; i < count; i++) {
        devices.len = 0;
        put_devices(&devices, &households[i]);
        command_bytes(&command, households[i].name.data, households[i].name.len);
        command_bytes(&command, devices.data, devices.len);
    }
    buffer_free(&devices);
    store_send(work->store, &command, on_part, work);
}

static void on_settled(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct work *work = arg;
    on_part(store, arg, status, reply);
    work_end(work, work->failed);
}

static void on_matched(struct store *store, void *arg, enum store_status status,
    const struct footage_household *households, size_t count)
{
    struct work *work = arg;
    struct command command = {0};
    if (status != STORE_OK || store->ending) {
        work_end(work, true);
        return;
    }
    for (size_t at = 0; at == 0 || at < count; at += FOUND_A_STEP)
        note_found(work, households + at, count - at < FOUND_A_STEP ? count - at : FOUND_A_STEP, at == 0);
    footage_command(store, FOOTAGE_FIND, &command, "nb_footage_settle", "footage:", work->id, 3);
    command_bytes(&command, work->id.data, work->id.len);
    command_number(&command, store->options.footage_households);
    command_number(&command, store->footage.now);
    store_send(store, &command, on_settled, work);
}

static void find(struct work *work)
{
    size_t count = work->cells.len / FOOTAGE_CELL;
    char(*cells)[13] = arena_alloc(&work->arena, (count + 1) * sizeof(*cells));
    for (size_t i = 0; i < count; i++)
        memcpy(cells[i], work->cells.data + i * FOOTAGE_CELL, FOOTAGE_CELL);
    struct footage_query query = {.agency = work->agency,
        .incident = work->incident,
        .from = work->from,
        .to = work->to,
        .cell_count = count,
        .cells = (const char(*)[13])cells};
    footage_match(work->store, &query, on_matched, work);
}

/* ---- telling ---- */

static void household_done(struct work *work, bool failed)
{
    struct command command = {0};
    work->failed = work->failed || failed;
    if (--work->under_way)
        return;
    if (work->failed || work->store->ending) {
        work_end(work, true);
        return;
    }
    footage_command(
        work->store, FOOTAGE_FIND, &command, "nb_footage_told", "footage:", work->id, 3 + work->count);
    command_bytes(&command, work->id.data, work->id.len);
    command_bytes(&command, work->stage.data, work->stage.len);
    command_number(&command, work->store->footage.now);
    for (size_t i = 0; i < work->count; i++)
        command_bytes(&command, work->households[i].name.data, work->households[i].name.len);
    store_send(work->store, &command, on_noted, work);
}

static void on_posted(void *arg, enum store_status status)
{
    household_done(arg, status != STORE_OK && status != STORE_ENDED);
}

static bool asks(const struct work *work)
{
    return text_equal(work->stage, TEXT("ask"));
}

static void post(struct work *work, struct text user, struct text name, struct bytes payload)
{
    struct store_notice notice = {.principal = user,
        .name = name,
        .until = work->planned,
        .now = work->store->footage.now,
        .suffix = TEXT("footage-request"),
        .payload = payload};
    work->under_way++;
    store_board_post(work->store, &notice, on_posted, work);
}

/* The request as its household gets it. */
static struct bytes request_of(struct work *work, const struct household *household)
{
    size_t len = work->body.len + household->devices.len;
    uint8_t *both = arena_take(&work->arena, len + 1);
    if (work->body.len)
        memcpy(both, work->body.data, work->body.len);
    if (household->devices.len)
        memcpy(both + work->body.len, household->devices.data, household->devices.len);
    return (struct bytes){both, len};
}

static void end_for(struct work *work, struct text user)
{
    const struct footage_request ended = {.request_id = work->id, .ended = true};
    char *name = arena_printf(&work->arena, "e%.*s", (int)work->id.len, work->id.data);
    work->under_way++;
    store_board_take_down(
        work->store, user, work->id, work->planned, work->store->footage.now, on_posted, work);
    post(work, user, text_of(name), codec_encode_footage_request(ENCODING_PROTOBUF, &ended, &work->arena));
}

static void on_users(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct household *household = arg;
    struct work *work = household->work;
    for (size_t i = 0; status == STORE_OK && !store->ending && i < reply_count(reply); i++) {
        struct text user = reply_text(reply_at(reply, i));
        if (asks(work))
            post(work, user, work->id, request_of(work, household));
        else
            end_for(work, user);
    }
    household_done(work, status != STORE_OK);
}

static void tell(struct work *work, struct household *household)
{
    struct command command = {0};
    struct buffer key = {0};
    buffer_put(&key, "nb:{h:", 6);
    buffer_put(&key, household->name.data, household->name.len);
    buffer_put(&key, "}:asked", 7);
    command_function(&command, "nb_footage_tell", 1, 6);
    command_bytes(&command, key.data, key.len);
    buffer_free(&key);
    command_bytes(&command, household->name.data, household->name.len);
    command_bytes(&command, work->id.data, work->id.len);
    command_number(&command, work->planned);
    command_bytes(&command, work->agency.data, asks(work) ? work->agency.len : 0);
    command_number(&command, work->incident);
    command_number(&command, work->store->footage.now);
    store_send(work->store, &command, on_users, household);
}

static void tell_all(struct work *work)
{
    work->under_way = work->count + 1;
    for (size_t i = 0; i < work->count; i++)
        tell(work, &work->households[i]);
    household_done(work, false);
}

/* ---- the whole ---- */

static void read_households(struct work *work, const redisReply *list)
{
    work->count = reply_count(list) / 2;
    work->households = arena_alloc(&work->arena, (work->count + 1) * sizeof(*work->households));
    for (size_t i = 0; i < work->count; i++) {
        struct text devices = copy(work, reply_at(list, 2 * i + 1));
        work->households[i] = (struct household){
            work, copy(work, reply_at(list, 2 * i)), {(const uint8_t *)devices.data, devices.len}};
    }
}

void footage_found_work(struct store *store, const redisReply *taken)
{
    struct work *work = store_alloc(sizeof(*work));
    const redisReply *known = reply_at(taken, 1);
    arena_init(&work->arena, NULL, 0);
    work->store = store;
    work->id = copy(work, reply_at(taken, 0));
    work->stage = copy(work, reply_at(known, 0));
    work->agency = copy(work, reply_at(known, 1));
    if (work->agency.len > AGENCY)
        work->agency = (struct text){work->agency.data + AGENCY, work->agency.len - AGENCY};
    work->incident = (uint8_t)reply_number(reply_at(known, 2));
    work->from = reply_number(reply_at(known, 3));
    work->to = reply_number(reply_at(known, 4));
    work->cells = copy(work, reply_at(known, 5));
    struct text body = copy(work, reply_at(known, 6));
    work->body = (struct bytes){(const uint8_t *)body.data, body.len};
    work->until = reply_number(reply_at(known, 7));
    work->planned = reply_number(reply_at(known, 8));
    read_households(work, reply_at(taken, 2));
    if (text_equal(work->stage, TEXT("find")))
        find(work);
    else
        tell_all(work);
}
