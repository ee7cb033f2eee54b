/* What others say of an alert: neighbors who saw it too or want it gone, agencies, moderators
 * (scripts/moderation.lua). */
#include <stdlib.h>

#include "bridge/store_inside.h"

/* A function of the alert whose key it has: its public id is the first argument. */
static void begin(struct command *command, const char *function, uint8_t sender_tag, const char *public_id,
    size_t more_arguments)
{
    char key[KEY];
    sender_key(key, sender_tag, "alert:", public_id);
    command_function(command, function, 1, 1 + more_arguments);
    command_text(command, key);
    command_text(command, public_id);
}

/* ---- witness ---- */

struct witness_call {
    store_alert_done *done;
    void *arg;
    unsigned tag;
};

static void on_witness(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct witness_call *call = arg;
    struct store_alert_result result;
    alert_result_decode(store, &result, call->tag, status, reply);
    call->done(call->arg, &result);
    free(call);
}

void store_witness(
    struct store *store, const struct store_witness *witness, store_alert_done *done, void *arg)
{
    struct command command = {0};
    struct witness_call *call = store_alloc(sizeof(*call));
    *call = (struct witness_call){done, arg, witness->sender_tag};
    begin(&command, "nb_witness", witness->sender_tag, witness->public_id, 5);
    command_view(&command, witness->household);
    command_view(&command, witness->remark);
    command_number(&command, witness->now);
    command_number(&command, witness->enough);
    command_number(&command, store->options.absence_ms);
    store_send(store, &command, on_witness, call);
}

/* ---- flag ---- */

struct flag_call {
    store_flag_done *done;
    void *arg;
    unsigned tag;
};

static void on_flag(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct flag_call *call = arg;
    struct store_flag_result result = {.status = status};
    if (status == STORE_OK) {
        result.status = (enum store_status)reply_number(reply_at(reply, 0));
        result.held = reply_number(reply_at(reply, 1)) == 1;
        result.sender = reply_text(reply_at(reply, 2));
        result.client = reply_text(reply_at(reply, 3));
        outbox_told(store, call->tag);
    }
    call->done(call->arg, &result);
    free(call);
}

void store_flag(struct store *store, const struct store_flag *flag, store_flag_done *done, void *arg)
{
    struct command command = {0};
    struct flag_call *call = store_alloc(sizeof(*call));
    *call = (struct flag_call){done, arg, flag->sender_tag};
    begin(&command, "nb_flag", flag->sender_tag, flag->public_id, 7);
    command_view(&command, flag->household);
    command_number(&command, flag->reason);
    command_view(&command, flag->remark);
    command_number(&command, flag->now);
    command_number(&command, flag->enough);
    command_number(&command, flag->appeal);
    command_number(&command, store->options.absence_ms);
    store_send(store, &command, on_flag, call);
}

/* ---- verdict ---- */

struct verdict_call {
    store_verdict_done *done;
    void *arg;
    unsigned tag;
};

static void on_verdict(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct verdict_call *call = arg;
    struct store_verdict_result result = {.status = status};
    if (status == STORE_OK) {
        result.status = (enum store_status)reply_number(reply_at(reply, 0));
        result.revision = (uint32_t)reply_number(reply_at(reply, 1));
        result.sender = reply_text(reply_at(reply, 2));
        result.client = reply_text(reply_at(reply, 3));
        outbox_told(store, call->tag);
    }
    call->done(call->arg, &result);
    free(call);
}

void store_verdict(
    struct store *store, const struct store_verdict *verdict, store_verdict_done *done, void *arg)
{
    struct command command = {0};
    struct verdict_call *call = store_alloc(sizeof(*call));
    *call = (struct verdict_call){done, arg, verdict->sender_tag};
    begin(&command, "nb_verdict", verdict->sender_tag, verdict->public_id, 9);
    command_number(&command, verdict->revision);
    command_number(&command, verdict->decision);
    command_view(&command, verdict->by);
    command_view(&command, verdict->officer);
    command_view(&command, verdict->reason);
    command_number(&command, verdict->now);
    command_number(&command, store->options.absence_ms);
    command_view(&command, verdict->name);
    command_view(&command, verdict->case_number);
    store_send(store, &command, on_verdict, call);
}
