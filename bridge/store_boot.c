/* What happens on a new command connection before it carries calls: log in, see what this Redis is and how it
 * keeps what it acknowledges, hold the layout of its data against ours, bring our functions there, and end
 * the connection before this one, so that nothing it still had under way can come after what is sent anew. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_call.h"
#include "bridge/store_layout.h"

enum step {
    STEP_ROLE,
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

static void ask(struct node *node, enum step step, const char *command)
{
    node->boot.pending++;
    redisAsyncFormattedCommand(
        node->command.context, on_step, (void *)(intptr_t)step, command, strlen(command));
}

static void find_run_id(struct node *node, struct text info)
{
    struct text id = info_value(info, "run_id:");
    if (!id.len || id.len >= sizeof(node->boot.run_id))
        return;
    memcpy(node->boot.run_id, id.data, id.len);
    node->boot.run_id[id.len] = 0;
}

static void find_durability(struct node *node, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply_count(reply); i += 2) {
        struct text name = reply_text(reply_at(reply, i)), value = reply_text(reply_at(reply, i + 1));
        if (text_equal(name, TEXT("appendonly")))
            node->boot.appends = text_equal(value, TEXT("yes"));
        else if (text_equal(name, TEXT("appendfsync")) && value.len < sizeof(node->boot.fsync)) {
            memcpy(node->boot.fsync, value.data, value.len);
            node->boot.fsync[value.len] = 0;
        }
    }
}

static void take_step(struct node *node, enum step step, const redisReply *reply)
{
    struct text text = reply_text(reply);
    switch (step) {
    case STEP_ROLE:
        node->boot.replica = !text_equal(reply_text(reply_at(reply, 0)), TEXT("master"));
        break;
    case STEP_ID:
        node->boot.id = reply_number(reply);
        break;
    case STEP_INFO:
        find_run_id(node, text);
        break;
    case STEP_CONFIG:
        find_durability(node, reply);
        break;
    case STEP_VERSION:
        node->boot.load = !text_equal(text, text_of(store_scripts_version));
        break;
    case STEP_LAYOUT:
        node->boot.wrong_layout =
            reply->type == REDIS_REPLY_STRING && !text_equal(text, text_of(node->store->layout));
        node->boot.right_layout = !node->boot.wrong_layout;
        node->boot.former_layout =
            node->boot.wrong_layout && text.len && strtol(text.data, NULL, 10) == LAYOUT_BEFORE;
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
    bool elsewhere = strncmp(error, "MOVED ", 6) == 0 || strncmp(error, "ASK ", 4) == 0;
    return !error_passes(error) && !elsewhere && step != STEP_LOAD;
}

static void load_functions(struct node *node)
{
    struct command command = {0};
    command_begin(&command, 4);
    command_text(&command, "FUNCTION");
    command_text(&command, "LOAD");
    command_text(&command, "REPLACE");
    command_bytes(&command, store_scripts, store_scripts_size);
    node->boot.pending++;
    redisAsyncFormattedCommand(node->command.context, on_step, (void *)(intptr_t)STEP_LOAD,
        (const char *)command.bytes.data, command.bytes.len);
    command_free(&command);
}

static void end_previous(struct node *node)
{
    struct command command = {0};
    command_begin(&command, 4);
    command_text(&command, "CLIENT");
    command_text(&command, "KILL");
    command_text(&command, "ID");
    command_number(&command, node->boot.previous_id);
    node->boot.pending++;
    redisAsyncFormattedCommand(node->command.context, on_step, (void *)(intptr_t)STEP_KILL,
        (const char *)command.bytes.data, command.bytes.len);
    command_free(&command);
}

/* Nothing is carried any more; what other masters still have under way is answered to nobody. */
static void refuse_calls(struct node *node)
{
    struct store *store = node->store;
    store->layout_fine = false;
    for (size_t i = 0; i < store->nodes.count; i++) {
        struct node *other = store->nodes.masters[i];
        if (other != node && (other->sent.first || other->waits))
            link_drop(&other->command, "wrong layout");
    }
    calls_fail(store, STORE_FAILED);
    link_drop(&node->command, "wrong layout");
}

/* What it is keeps it from carrying calls. */
static bool fails(struct node *node)
{
    struct store *store = node->store;
    if (node->boot.replica) {
        topology_trouble(store);
        link_drop(&node->command, "a replica");
    } else if (node->boot.wrong_layout) {
        store_log(store, STORE_LOG_ERROR, "store_layout", "wanted=\"%s\" text=\"%s\"", store->layout,
            node->boot.former_layout
                ? "the data in Redis is of the layout before: stop every neighborsd, and `neighbors migrate` "
                  "brings it along"
                : "nb:layout in Redis says otherwise: data of another version or other cell precisions");
        refuse_calls(node);
    }
    return node->boot.replica || node->boot.wrong_layout;
}

static void carry(struct node *node)
{
    struct store *store = node->store;
    bool fine = node->boot.right_layout || store->where.kind != REDIS_CLUSTER;
    bool first = fine && !store->layout_fine;
    node->boot.previous_id = node->boot.id;
    memcpy(node->boot.previous_run_id, node->boot.run_id, sizeof(node->boot.run_id));
    link_ready(&node->command);
    store->layout_fine |= fine;
    store_log(
        store, STORE_LOG_INFO, "store_ready", "node=%s durability=%s", node->name, store_durability(store));
    nodes_look(store);
    for (size_t i = 0; first && i < store->nodes.count; i++)
        node_send_unsent(store->nodes.masters[i]);
    node_send_unsent(node);
}

static void finish(struct node *node)
{
    if (fails(node))
        return;
    if (node->boot.load) {
        node->boot.load = false;
        load_functions(node);
    }
    if (node->boot.previous_id && node->boot.id && !node->boot.ended_previous &&
        strcmp(node->boot.run_id, node->boot.previous_run_id) == 0)
        end_previous(node);
    node->boot.ended_previous = true;
    if (node->boot.pending == 0)
        carry(node);
}

static void on_step(redisAsyncContext *context, void *data, void *arg)
{
    struct link *link = context->data;
    const redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct node *node = link->owner;
    enum step step = (enum step)(intptr_t)arg;
    node->boot.pending--;
    if (reply->type != REDIS_REPLY_ERROR) {
        take_step(node, step, reply);
    } else if (!error_is_fine(step, reply->str)) {
        store_log(
            link->store, STORE_LOG_WARNING, "store_not_ready", "node=%s text=\"%s\"", node->name, reply->str);
        topology_trouble(link->store);
        link_drop(link, reply->str);
        return;
    } else if (step == STEP_VERSION) {
        node->boot.load = true;
    }
    if (node->boot.pending == 0)
        finish(node);
}

static bool has_layout(const struct node *node)
{
    static const char key[] = "nb:layout";
    return store_node_of_slot(node->store, key_slot(key, sizeof(key) - 1)) == node;
}

static void ask_layout(struct node *node)
{
    const char *layout = node->store->layout;
    char set[96];
    snprintf(set, sizeof set, "*4\r\n$3\r\nSET\r\n$9\r\nnb:layout\r\n$%zu\r\n%s\r\n$2\r\nNX\r\n",
        strlen(layout), layout);
    ask(node, STEP_LAYOUT_SET, set);
    ask(node, STEP_LAYOUT, "*2\r\n$3\r\nGET\r\n$9\r\nnb:layout\r\n");
}

void boot_layout(struct store *store)
{
    for (size_t i = 0; i < store->nodes.count && !store->layout_fine; i++) {
        struct node *node = store->nodes.masters[i];
        if (node->command.ready && node->boot.pending == 0 && has_layout(node))
            ask_layout(node);
    }
}

void boot_opened(struct node *node)
{
    struct boot *boot = &node->boot;
    boot->pending = 0;
    boot->id = 0;
    boot->load = boot->wrong_layout = boot->right_layout = boot->former_layout = boot->replica =
        boot->ended_previous = false;
    link_log_in(&node->command);
    if (node->store->where.kind == REDIS_SENTINEL)
        ask(node, STEP_ROLE, "*1\r\n$4\r\nROLE\r\n");
    ask(node, STEP_ID, "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n");
    ask(node, STEP_INFO, "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n");
    ask(node, STEP_CONFIG, "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$7\r\nappend*\r\n");
    ask(node, STEP_VERSION, "*3\r\n$5\r\nFCALL\r\n$10\r\nnb_version\r\n$1\r\n0\r\n");
    if (has_layout(node))
        ask_layout(node);
}

void boot_init(struct store *store)
{
    const struct store_redis_options *options = &store->options;
    snprintf(store->layout, sizeof store->layout, "%d %d %d", LAYOUT_VERSION,
        options->channel_precision ? options->channel_precision : 5,
        options->leaf_precision ? options->leaf_precision : 6);
}
