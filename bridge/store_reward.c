/* Rewards: whose the tip is, one from the stock, its voucher on the tipster's board; then the agency is
 * answered. Cut off in between, it is asked again and gets the same number. */
#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_inside.h"
#include "bridge/store_tip.h"
#include "bridge/voucher.h"
#include "proto/codec.h"

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

struct reward_call {
    struct arena arena;
    struct store *store;
    struct store_reward asked;
    struct reward reward;
    struct text tipster;
    struct bytes claim;
    struct store_reward_result result;
    store_reward_done *done;
    void *arg;
};

static struct text kept(struct reward_call *call, struct text text)
{
    return (struct text){arena_copy(&call->arena, text.data ? text.data : "", text.len), text.len};
}

static void answer(struct reward_call *call, enum store_status status)
{
    call->result.status = status;
    call->done(call->arg, &call->result);
    arena_free(&call->arena);
    free(call);
}

/* A function of the programme. */
static void begin(
    const struct reward_call *call, struct command *command, const char *function, size_t arguments)
{
    struct buffer key = {0};
    char prefix[KEY];
    buffer_put(&key, prefix, (size_t)sender_key(prefix, call->asked.agency_tag, "programme:", ""));
    buffer_put(&key, call->asked.agency.data, call->asked.agency.len);
    buffer_put(&key, "/", 1);
    buffer_put(&key, call->reward.programme.data, call->reward.programme.len);
    command_function(command, function, 1, arguments);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

static enum store_status read_result(
    struct reward_call *call, enum store_status status, const redisReply *reply)
{
    if (status != STORE_OK)
        return status;
    call->result.left = (uint32_t)reply_number(reply_at(reply, 1));
    call->result.number = (uint32_t)reply_number(reply_at(reply, 2));
    return (enum store_status)reply_number(reply_at(reply, 0));
}

static void on_done(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct reward_call *call = arg;
    answer(call, read_result(call, status, reply));
}

/* ---- one for a tip ---- */

/* One that was taken down for good meanwhile was given all the same. */
static void on_posted(void *arg, enum store_status status)
{
    struct reward_call *call = arg;
    answer(call, status == STORE_OK || status == STORE_ENDED ? call->result.status : status);
}

/* As the tipster gets it. Of a repeat the board keeps what stands there. */
static void post(struct reward_call *call, struct text words)
{
    struct reward *reward = &call->reward;
    reward->sender_reward_id = (struct text){0}; /* the agency's own naming is nobody else's */
    reward->reward = kept(call, words);
    reward->number = call->result.number;
    reward->agency_name = kept(call, call->asked.agency_name);
    if (!reward->claim_until)
        reward->claim_until = call->asked.now + YEAR_MS;
    const struct voucher voucher = {.agency = call->asked.agency,
        .programme = reward->programme,
        .reward = reward->reward,
        .case_number = reward->case_number,
        .number = reward->number,
        .claim = call->claim,
        .issued_at = call->asked.now,
        .ends_at = reward->claim_until};
    reward->voucher = voucher_sign(call->store->options.log_key, &voucher, &call->arena);
    const struct store_notice notice = {.principal = call->tipster,
        .name = text_of(arena_printf(&call->arena, "%.*sv%u", (int)reward->conversation_id.len,
            reward->conversation_id.data, reward->number)),
        .until = reward->claim_until,
        .now = call->asked.now,
        .suffix = TEXT("reward"),
        .payload = codec_encode_reward(ENCODING_PROTOBUF, reward, &call->arena)};
    store_board_post(call->store, &notice, on_posted, call);
}

static void on_given(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct reward_call *call = arg;
    call->result.status = read_result(call, status, reply);
    if (call->result.status == STORE_OK || call->result.status == STORE_REPEAT)
        post(call, reply_text(reply_at(reply, 3)));
    else
        answer(call, call->result.status);
}

static void on_tip(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct reward_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status != STORE_OK) {
        answer(call, status);
        return;
    }
    call->tipster = kept(call, reply_text(reply_at(reply, 1)));
    struct text claim = kept(call, reply_text(reply_at(reply, 2)));
    call->claim = (struct bytes){(const uint8_t *)claim.data, claim.len};
    struct command command = {0};
    begin(call, &command, "nb_reward_give", 6);
    command_view(&command, call->reward.conversation_id);
    command_number(&command, call->asked.now);
    command_view(&command, call->asked.agency);
    command_view(&command, call->asked.officer);
    command_view(&command, call->asked.agency_name);
    command_view(&command, call->reward.case_number);
    store_send(store, &command, on_given, call);
}

static void give(struct reward_call *call)
{
    struct command command = {0};
    char key[KEY];
    sender_key(key, call->asked.conversation_tag, "tip:", call->reward.conversation_id.data);
    command_function(&command, "nb_tip_of", 1, 1);
    command_text(&command, key);
    command_view(&command, call->asked.agency);
    store_send(call->store, &command, on_tip, call);
}

/* ---- the call ---- */

static void keep_all(struct reward_call *call, const struct reward *reward)
{
    call->reward = *reward;
    call->reward.sender_reward_id = kept(call, reward->sender_reward_id);
    call->reward.programme = kept(call, reward->programme);
    call->reward.conversation_id = kept(call, reward->conversation_id);
    call->reward.case_number = kept(call, reward->case_number);
    call->reward.reward = kept(call, reward->reward);
    call->reward.currency = kept(call, reward->currency);
    call->reward.claim_text = kept(call, reward->claim_text);
    call->asked.agency = kept(call, call->asked.agency);
    call->asked.agency_name = kept(call, call->asked.agency_name);
    call->asked.officer = kept(call, call->asked.officer);
}

static void on_no_key(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    answer(arg, status == STORE_OK ? STORE_ENDED : status);
}

void store_reward(struct store *store, const struct store_reward *asked, store_reward_done *done, void *arg)
{
    struct reward_call *call = store_alloc(sizeof(*call));
    struct command command = {0};
    *call = (struct reward_call){.store = store, .asked = *asked, .done = done, .arg = arg};
    arena_init(&call->arena, NULL, 0);
    keep_all(call, asked->reward);
    if (call->reward.stock) {
        begin(call, &command, "nb_reward_stock", 2);
        command_number(&command, call->reward.stock);
        command_view(&command, call->reward.reward);
        store_send(store, &command, on_done, call);
    } else if (call->reward.redeem) {
        begin(call, &command, "nb_reward_redeem", 2);
        command_number(&command, call->reward.redeem);
        command_view(&command, call->reward.sender_reward_id);
        store_send(store, &command, on_done, call);
    } else if (store->options.log_key) {
        give(call);
    } else { /* answered in a later turn, as all calls are */
        command_begin(&command, 1);
        command_text(&command, "PING");
        store_send(store, &command, on_no_key, call);
    }
}
