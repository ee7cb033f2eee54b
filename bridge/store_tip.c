/* Tips: the agency is known, the conversation takes the message, the other side's board has it; then the
 * sender is answered. Cut off in between, the sender sends it again and it goes on from there. */
#include "bridge/store_tip.h"

#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_inside.h"
#include "proto/arena.h"

#define NOTICE_MS (INT64_C(60) * 24 * 3600 * 1000) /* on the board, as long as the conversation */

struct tip_call {
    struct arena arena;
    struct store *store;
    struct store_tip tip;
    struct store_tip_result result;
    store_tip_done *done;
    void *arg;
};

static void answer(struct tip_call *call, enum store_status status)
{
    call->result.status = status;
    call->done(call->arg, &call->result);
    arena_free(&call->arena);
    free(call);
}

static struct text kept(struct tip_call *call, struct text text)
{
    return (struct text){arena_copy(&call->arena, text.data ? text.data : "", text.len), text.len};
}

static struct bytes kept_bytes(struct tip_call *call, struct bytes bytes)
{
    struct text text = kept(call, (struct text){(const char *)bytes.data, bytes.len});
    return (struct bytes){(const uint8_t *)text.data, text.len};
}

/* One that was taken down for good meanwhile was stored all the same. */
static void on_posted(void *arg, enum store_status status)
{
    struct tip_call *call = arg;
    answer(call, status == STORE_OK || status == STORE_ENDED ? call->result.status : status);
}

static void post(struct tip_call *call, struct text principal, store_status_done *done)
{
    const struct store_notice notice = {.principal = principal,
        .name = text_of(call->tip.tip_id),
        .until = call->tip.now + NOTICE_MS,
        .now = call->tip.now,
        .suffix = TEXT("tip"),
        .payload = call->tip.payload};
    store_board_post(call->store, &notice, done, call);
}

/* The resident has it: now those who sit at the agency's other desks. */
static void on_answered(void *arg, enum store_status status)
{
    struct tip_call *call = arg;
    if (status == STORE_OK || status == STORE_ENDED)
        post(call, call->tip.sender, on_posted);
    else
        answer(call, status);
}

static void on_tip(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct tip_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    call->result.status = status;
    call->result.retry_after_ms = reply_number(reply_at(reply, 2));
    if (status != STORE_OK && status != STORE_REPEAT) {
        answer(call, status);
        return;
    }
    bool of_agency = call->tip.sender.len > 7 && memcmp(call->tip.sender.data, "agency/", 7) == 0;
    post(call, reply_text(reply_at(reply, 1)), of_agency ? on_answered : on_posted);
}

static void send_tip(struct tip_call *call)
{
    const struct store_tip *tip = &call->tip;
    struct command command = {0};
    char key[KEY];
    sender_key(key, tip->sender_tag, "tip:", tip->conversation_id);
    command_function(&command, "nb_tip", 1, 8);
    command_text(&command, key);
    command_text(&command, tip->conversation_id);
    command_text(&command, tip->tip_id);
    command_bytes(&command, tip->digest, sizeof(tip->digest));
    command_bytes(&command, tip->sender.data, tip->sender.len);
    command_bytes(&command, tip->agency.data, tip->agency.len);
    command_bytes(&command, tip->claim_hash.data, tip->claim_hash.len);
    command_number(&command, tip->now);
    command_number(&command, tip->limit);
    store_send(call->store, &command, on_tip, call);
}

static void on_agency(void *arg, const struct principal_record *record)
{
    struct tip_call *call = arg;
    if (record->status == STORE_OK)
        send_tip(call);
    else
        answer(call, record->status == STORE_REVOKED ? STORE_NOT_FOUND : record->status);
}

void store_tip(struct store *store, const struct store_tip *tip, store_tip_done *done, void *arg)
{
    struct tip_call *call = store_alloc(sizeof(*call));
    *call = (struct tip_call){.store = store, .tip = *tip, .done = done, .arg = arg};
    arena_init(&call->arena, NULL, 0);
    call->tip.conversation_id = kept(call, text_of(tip->conversation_id)).data;
    call->tip.sender = kept(call, tip->sender);
    call->tip.agency = kept(call, tip->agency);
    call->tip.claim_hash = kept_bytes(call, tip->claim_hash);
    call->tip.payload = kept_bytes(call, tip->payload);
    if (call->tip.agency.len)
        store_principal(store, call->tip.agency, on_agency, call);
    else
        send_tip(call);
}
