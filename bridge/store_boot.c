/* What happens on a new command connection before it carries calls: log in, see what this Redis is and how it
 * keeps what it acknowledges, hold the layout of its data against ours, bring our functions there, and end
 * the connection before this one, so that nothing it still had under way can come after what is sent anew. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

/* Version of the keys and values; behind it the precisions of channels and leaf cells, which are fixed with
 * the first start. */
enum { LAYOUT_VERSION = 4 };

enum step {
    STEP_ID,
    STEP_INFO,
    STEP_CONFIG,
    STEP_VERSION,
    STEP_LAYOUT_SET,
    STEP_LAYOUT,
    STEP_KILL,
    STEP_LOAD
};

static void on_step(redisAsyncContext *context, void *data, void *arg);

static void ask(struct store *store, enum step step, const char *command)
{
    store->boot.pending++;
    redisAsyncFormattedCommand(
        store->command.context, on_step, (void *)(intptr_t)step, command, strlen(command));
}

static void find_run_id(struct store *store, struct text info)
{
    static const char name[] = "run_id:";
    const char *at = info.len ? strstr(info.data, name) : NULL;
    if (!at)
        return;
    at += sizeof(name) - 1;
    size_t len = strcspn(at, "\r\n");
    if (len < sizeof(store->boot.run_id)) {
        memcpy(store->boot.run_id, at, len);
        store->boot.run_id[len] = 0;
    }
}

static void find_durability(struct store *store, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply_count(reply); i += 2) {
        struct text name = reply_text(reply_at(reply, i)), value = reply_text(reply_at(reply, i + 1));
        if (text_equal(name, TEXT("appendonly")))
            store->boot.appends = text_equal(value, TEXT("yes"));
        else if (text_equal(name, TEXT("appendfsync")) && value.len < sizeof(store->boot.fsync)) {
            memcpy(store->boot.fsync, value.data, value.len);
            store->boot.fsync[value.len] = 0;
        }
    }
}

static void take_step(struct store *store, enum step step, const redisReply *reply)
{
    struct text text = reply_text(reply);
    switch (step) {
    case STEP_ID:
        store->boot.id = reply_number(reply);
        break;
    case STEP_INFO:
        find_run_id(store, text);
        break;
    case STEP_CONFIG:
        find_durability(store, reply);
        break;
    case STEP_VERSION:
        store->boot.load = !text_equal(text, text_of(store_scripts_version));
        break;
    case STEP_LAYOUT:
        store->boot.wrong_layout =
            reply && reply->type == REDIS_REPLY_STRING && !text_equal(text, text_of(store->boot.layout));
        break;
    case STEP_LAYOUT_SET:
    case STEP_KILL:
    case STEP_LOAD:
        break;
    }
}

/* An error of a step that the store can do without, or that only says what is to be done. */
static bool error_is_fine(enum step step, const char *error)
{
    if (step == STEP_VERSION && strncmp(error, "ERR Function not found", 22) == 0)
        return true;
    return !error_passes(error) && step != STEP_LOAD;
}

static void load_functions(struct store *store)
{
    struct command command = {0};
    command_begin(&command, 4);
    command_text(&command, "FUNCTION");
    command_text(&command, "LOAD");
    command_text(&command, "REPLACE");
    command_bytes(&command, store_scripts, store_scripts_size);
    store->boot.pending++;
    redisAsyncFormattedCommand(store->command.context, on_step, (void *)(intptr_t)STEP_LOAD,
        (const char *)command.bytes.data, command.bytes.len);
    command_free(&command);
}

static void end_previous(struct store *store)
{
    struct command command = {0};
    command_begin(&command, 4);
    command_text(&command, "CLIENT");
    command_text(&command, "KILL");
    command_text(&command, "ID");
    command_number(&command, store->boot.previous_id);
    store->boot.pending++;
    redisAsyncFormattedCommand(store->command.context, on_step, (void *)(intptr_t)STEP_KILL,
        (const char *)command.bytes.data, command.bytes.len);
    command_free(&command);
}

static void finish(struct store *store)
{
    if (store->boot.wrong_layout) {
        store_log(store, STORE_LOG_ERROR, "store_layout",
            "wanted=\"%s\" text=\"nb:layout in Redis says otherwise: data of another version or other cell "
            "precisions\"",
            store->boot.layout);
        calls_fail(store, STORE_FAILED);
        link_drop(&store->command, "wrong layout");
        return;
    }
    if (store->boot.load) {
        store->boot.load = false;
        load_functions(store);
    }
    if (store->boot.previous_id && store->boot.id &&
        strcmp(store->boot.run_id, store->boot.previous_run_id) == 0)
        end_previous(store);
    store->boot.previous_id = 0;
    if (store->boot.pending)
        return;
    store->boot.previous_id = store->boot.id;
    memcpy(store->boot.previous_run_id, store->boot.run_id, sizeof(store->boot.run_id));
    link_ready(&store->command);
    store->counters.available = true;
    store_log(store, STORE_LOG_INFO, "store_ready", "durability=%s", store_durability(store));
    ev_feed_event(store->loop, &store->soon, EV_TIMER);
    calls_resend(store);
}

static void on_step(redisAsyncContext *context, void *data, void *arg)
{
    struct link *link = context->data;
    const redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct store *store = link->store;
    enum step step = (enum step)(intptr_t)arg;
    store->boot.pending--;
    if (reply->type != REDIS_REPLY_ERROR) {
        take_step(store, step, reply);
    } else if (!error_is_fine(step, reply->str)) {
        store_log(store, STORE_LOG_WARNING, "store_not_ready", "text=\"%s\"", reply->str);
        link_drop(link, reply->str);
        return;
    } else if (step == STEP_VERSION) {
        store->boot.load = true;
    }
    if (store->boot.pending == 0)
        finish(store);
}

void boot_opened(struct store *store)
{
    const struct store_redis_options *options = &store->options;
    int64_t previous_id = store->boot.previous_id;
    char layout[96];
    snprintf(store->boot.layout, sizeof store->boot.layout, "%d %d %d", LAYOUT_VERSION,
        options->channel_precision ? options->channel_precision : 5,
        options->leaf_precision ? options->leaf_precision : 6);
    store->boot.pending = 0;
    store->boot.id = 0;
    store->boot.load = store->boot.wrong_layout = false;
    store->boot.previous_id = previous_id;
    link_log_in(&store->command);
    ask(store, STEP_ID, "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n");
    ask(store, STEP_INFO, "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n");
    ask(store, STEP_CONFIG, "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$7\r\nappend*\r\n");
    ask(store, STEP_VERSION, "*3\r\n$5\r\nFCALL\r\n$10\r\nnb_version\r\n$1\r\n0\r\n");
    snprintf(layout, sizeof layout, "*4\r\n$3\r\nSET\r\n$9\r\nnb:layout\r\n$%zu\r\n%s\r\n$2\r\nNX\r\n",
        strlen(store->boot.layout), store->boot.layout);
    ask(store, STEP_LAYOUT_SET, layout);
    ask(store, STEP_LAYOUT, "*2\r\n$3\r\nGET\r\n$9\r\nnb:layout\r\n");
}
