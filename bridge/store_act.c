/* Acts that are done by being noted (scripts/act.lua). */
#include "bridge/store_record.h"

#include <stdlib.h>

#include "bridge/store_inside.h"

struct act_call {
    store_status_done *done;
    void *arg;
};

static void on_act(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    struct act_call *call = arg;
    call->done(call->arg, status);
    free(call);
}

void store_act(struct store *store, const struct store_act *act, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct act_call *call = store_alloc(sizeof(*call));
    char acts[KEY], counts[KEY];
    *call = (struct act_call){done, arg};
    sender_key(acts, act->sender_tag, "acts", "");
    sender_key(counts, act->sender_tag, "moderation", "");
    command_function(&command, "nb_act", 2, 11);
    command_text(&command, acts);
    command_text(&command, counts);
    command_text(&command, act->what);
    command_view(&command, act->by);
    command_view(&command, act->officer);
    command_view(&command, act->subject);
    command_view(&command, act->reason);
    command_number(&command, act->now);
    command_view(&command, act->name);
    command_view(&command, act->case_number);
    command_view(&command, act->text);
    command_bytes(&command, act->digest.data, act->digest.len);
    if (act->count)
        command_number(&command, act->count);
    else
        command_text(&command, "");
    store_send(store, &command, on_act, call);
}
