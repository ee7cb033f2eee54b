/* What agencies and owners say of footage, each in one step under the agency's tag (scripts/footage.lua,
 * clips.lua). */
#include "bridge/store_footage.h"

#include <stdlib.h>

#include "bridge/store_footage_inside.h"

static void begin(
    struct command *command, const char *function, unsigned tag, const char *id, size_t arguments)
{
    char key[KEY];
    sender_key(key, tag, "footage:", id);
    command_function(command, function, 1, arguments);
    command_text(command, key);
}

/* ---- requests ---- */

struct request_call {
    store_footage_done *done;
    void *arg;
};

static void on_request(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct request_call *call = arg;
    struct store_footage_result result = {.status = status};
    if (status == STORE_OK) {
        result.status = (enum store_status)reply_number(reply_at(reply, 0));
        result.limit = (enum store_footage_limit)reply_number(reply_at(reply, 1));
        result.retry_after_ms = reply_number(reply_at(reply, 2));
    }
    call->done(call->arg, &result);
    free(call);
}

static void put_cells(struct command *command, const struct store_footage_request *request)
{
    struct buffer cells = {0};
    for (size_t i = 0; i < request->cell_count; i++)
        buffer_put(&cells, request->cells[i], strnlen(request->cells[i], FOOTAGE_CELL));
    command_bytes(command, cells.data, cells.len);
    buffer_free(&cells);
}

void store_footage_request(
    struct store *store, const struct store_footage_request *request, store_footage_done *done, void *arg)
{
    struct command command = {0};
    struct request_call *call = store_alloc(sizeof(*call));
    *call = (struct request_call){done, arg};
    begin(&command, "nb_footage_request", request->agency_tag, request->id, 18);
    command_text(&command, request->id);
    command_bytes(&command, request->digest, sizeof(request->digest));
    command_view(&command, request->agency);
    command_view(&command, request->client);
    command_view(&command, request->officer);
    command_view(&command, request->case_number);
    command_number(&command, request->incident);
    command_view(&command, request->words);
    command_bytes(&command, request->body.data, request->body.len);
    put_cells(&command, request);
    command_number(&command, request->now);
    command_number(&command, request->from);
    command_number(&command, request->to);
    command_number(&command, request->open_until);
    command_number(&command, request->per_case);
    command_number(&command, request->most_open);
    command_number(&command, footage_interval(store));
    command_view(&command, request->agency_name);
    store_send(store, &command, on_request, call);
}

/* ---- what is answered by a status alone ---- */

void store_footage_answer(
    struct store *store, const struct store_footage_answer *answer, store_status_done *done, void *arg)
{
    struct command command = {0};
    begin(&command, "nb_footage_answer", answer->agency_tag, answer->request_id, 4 + 4 * answer->clip_count);
    command_text(&command, answer->request_id);
    command_view(&command, answer->household);
    command_number(&command, answer->now);
    command_number(&command, footage_interval(store));
    for (size_t i = 0; i < answer->clip_count; i++) {
        const struct store_footage_clip *clip = &answer->clips[i];
        command_text(&command, clip->id);
        command_number(&command, clip->withdraw);
        command_number(&command, clip->delete_by);
        command_bytes(&command, clip->sealed.data, clip->withdraw ? 0 : clip->sealed.len);
    }
    store_send_for_status(store, &command, done, arg);
}

void store_resolve(
    struct store *store, const struct store_resolve *resolve, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct buffer key = {0};
    char prefix[KEY];
    buffer_put(&key, prefix, (size_t)sender_key(prefix, resolve->agency_tag, "cases:", ""));
    buffer_put(&key, resolve->agency.data, resolve->agency.len);
    command_function(&command, "nb_footage_resolve", 1, 8 + resolve->request_count);
    command_bytes(&command, key.data, key.len);
    buffer_free(&key);
    command_view(&command, resolve->agency);
    command_view(&command, resolve->officer);
    command_view(&command, resolve->case_number);
    command_number(&command, resolve->outcome);
    command_view(&command, resolve->remark);
    command_number(&command, resolve->now);
    command_number(&command, footage_interval(store));
    command_view(&command, resolve->agency_name);
    for (size_t i = 0; i < resolve->request_count; i++)
        command_text(&command, resolve->request_ids[i]);
    store_send_for_status(store, &command, done, arg);
}
