/* Channels: the state of one and pages of it, and how their entries are read (scripts/channel.lua). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { NOTICE = ID_BYTES + 6, INBOX_NONCE = 8 };

bool position_decode(struct position_in_channel *position, struct text id)
{
    *position = (struct position_in_channel){0};
    size_t at = 0;
    while (at < id.len && id.data[at] >= '0' && id.data[at] <= '9')
        position->ms = position->ms * 10 + (uint64_t)(id.data[at++] - '0');
    if (at == 0 || at >= id.len || id.data[at] != '-')
        return false;
    uint64_t seq = 0;
    for (at++; at < id.len && id.data[at] >= '0' && id.data[at] <= '9'; at++)
        seq = seq * 10 + (uint64_t)(id.data[at] - '0');
    position->seq = seq > UINT32_MAX ? UINT32_MAX : (uint32_t)seq;
    return at == id.len;
}

/* Public id, revision, sender's tag, in force. */
static void decode_notice(struct alert_notice *notice, const uint8_t *data)
{
    bytes_to_hex(notice->public_id, data, ID_BYTES);
    notice->revision = (uint32_t)packed_number(data + ID_BYTES, 4);
    notice->sender_tag = data[ID_BYTES + 4];
    notice->in_force = data[ID_BYTES + 5] == 1;
}

bool entry_decode(struct channel_entry *entry, char kind, struct text id, struct bytes data)
{
    *entry = (struct channel_entry){.data = data};
    if (!position_decode(&entry->position, id))
        return false;
    switch (kind) {
    case 'a':
        entry->kind = ENTRY_ACTIVITY;
        return data.len > 0 && data.len % ACTIVITY_RECORD == 0;
    case 'x':
        entry->kind = ENTRY_ALERT;
        if (data.len != NOTICE)
            return false;
        decode_notice(&entry->alert, data.data);
        entry->data = (struct bytes){0};
        return true;
    case 'i':
        entry->kind = ENTRY_INBOX;
        if (data.len <= INBOX_NONCE)
            return false;
        entry->data = (struct bytes){data.data + INBOX_NONCE, data.len - INBOX_NONCE};
        return true;
    default:
        return false;
    }
}

/* ---- state ---- */

/* A command whose answer is no state and no page: what it is for fails, in a later turn as every answer. */
static void put_refusal(struct command *command)
{
    command_begin(command, 1);
    command_text(command, "PING");
}

void channel_ask_state(
    struct store *store, struct text channel, struct position_in_channel told, call_answer *answer, void *arg)
{
    struct channel_keys keys;
    struct command command = {0};
    char id[48] = "";
    if (channel_keys(&keys, channel)) {
        if (told.ms || told.seq)
            snprintf(id, sizeof(id), "%" PRIu64 "-%" PRIu32, told.ms, told.seq);
        command_function(&command, "nb_open", keys.alerts.len ? 3 : 2, 2);
        command_bytes(&command, keys.stream.data, keys.stream.len);
        command_bytes(&command, keys.low.data, keys.low.len);
        if (keys.alerts.len)
            command_bytes(&command, keys.alerts.data, keys.alerts.len);
        command_number(&command, store->options.now());
        command_text(&command, id);
    } else {
        put_refusal(&command);
    }
    channel_keys_free(&keys);
    command.any_order = true;
    store_send(store, &command, answer, arg);
}

void channel_state_decode(struct channel_state *state, enum store_status status, const redisReply *reply,
    struct alert_notice **alerts)
{
    *state = (struct channel_state){.status = status};
    *alerts = NULL;
    if (status != STORE_OK)
        return;
    struct bytes packed = reply_bytes(reply_at(reply, 3));
    if (!position_decode(&state->head, reply_text(reply_at(reply, 0))) ||
        !position_decode(&state->low, reply_text(reply_at(reply, 1))) || packed.len % NOTICE != 0) {
        state->status = STORE_FAILED;
        return;
    }
    state->generation = (uint32_t)reply_number(reply_at(reply, 2));
    state->alert_count = packed.len / NOTICE;
    *alerts = store_alloc(state->alert_count * sizeof(**alerts));
    for (size_t i = 0; i < state->alert_count; i++)
        decode_notice(&(*alerts)[i], packed.data + i * NOTICE);
    state->alerts = *alerts;
}

struct state_call {
    store_channel_done *done;
    void *arg;
};

static void on_state(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct state_call *call = arg;
    struct channel_state state;
    struct alert_notice *alerts;
    channel_state_decode(&state, status, reply, &alerts);
    call->done(call->arg, &state);
    free(alerts);
    free(call);
}

void store_channel_state(struct store *store, struct text channel, store_channel_done *done, void *arg)
{
    struct state_call *call = store_alloc(sizeof(*call));
    *call = (struct state_call){done, arg};
    channel_ask_state(store, channel, (struct position_in_channel){0}, on_state, call);
}

/* ---- pages ---- */

struct page_call {
    store_page_done *done;
    void *arg;
    size_t most;
};

static void on_page(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct page_call *call = arg;
    struct channel_page page = {.status = status};
    struct channel_entry *entries = NULL;
    if (status == STORE_OK) {
        const redisReply *found = reply_at(reply, 2);
        size_t count = reply_count(found);
        if (!position_decode(&page.low, reply_text(reply_at(reply, 0))))
            page.status = STORE_FAILED;
        page.generation = (uint32_t)reply_number(reply_at(reply, 1));
        page.more = count > call->most;
        count = page.more ? call->most : count;
        entries = store_alloc(count * sizeof(*entries));
        for (size_t i = 0; i < count; i++) {
            const redisReply *entry = reply_at(found, i), *pair = reply_at(entry, 1);
            struct text kind = reply_text(reply_at(pair, 0));
            if (kind.len == 1 && entry_decode(&entries[page.count], kind.data[0],
                                     reply_text(reply_at(entry, 0)), reply_bytes(reply_at(pair, 1))))
                page.count++;
        }
        page.entries = entries;
    }
    call->done(call->arg, &page);
    free(entries);
    free(call);
}

void store_channel_read(struct store *store, struct text channel, struct position_in_channel after,
    size_t most, store_page_done *done, void *arg)
{
    struct channel_keys keys;
    struct command command = {0};
    char from[48] = "-";
    bool known = channel_keys(&keys, channel);
    if (after.ms || after.seq)
        snprintf(from, sizeof(from), "%s%" PRIu64 "-%" PRIu32, after.index ? "" : "(", after.ms, after.seq);
    struct page_call *call = store_alloc(sizeof(*call));
    *call = (struct page_call){done, arg, most};
    if (known) {
        command_function(&command, "nb_read", 2, 2);
        command_bytes(&command, keys.stream.data, keys.stream.len);
        command_bytes(&command, keys.low.data, keys.low.len);
        command_text(&command, from);
        command_number(&command, (int64_t)most + 1);
    } else {
        put_refusal(&command);
    }
    channel_keys_free(&keys);
    command.any_order = command.reads = true;
    store_send(store, &command, on_page, call);
}
