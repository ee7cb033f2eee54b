/* The scripted store's channels, feeds and inboxes: their entries, what is in force, and who follows. */
#include "tests/stories/stage_store_inside.h"

static struct kept_channel *channel_of(struct text name)
{
    struct store *store = the_store();
    for (size_t i = 0; i < store->channel_count; i++) {
        if (text_equal(text_of(store->channels[i]->name), name))
            return store->channels[i];
    }
    assert_true(store->channel_count < MOST);
    struct kept_channel *channel = calloc(1, sizeof(*channel));
    store->channels[store->channel_count++] = channel;
    memcpy(channel->name, name.data, name.len);
    channel->generation = 1;
    return channel;
}

static struct kept_channel *feed_channel(const char *cell)
{
    char name[32];
    snprintf(name, sizeof(name), "c:%s", cell);
    return channel_of(text_of(name));
}

/* ---- calls ---- */

void store_follow(struct store *store, struct text channel, store_channel_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_FOLLOW, arg, "%.*s", (int)channel.len, channel.data);
    call->channel = done;
    memcpy(call->name, channel.data, channel.len);
}

void store_unfollow(struct store *store, struct text channel)
{
    (void)store;
    channel_of(channel)->followed = false;
}

void store_channel_state(struct store *store, struct text channel, store_channel_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_STATE, arg, "%.*s", (int)channel.len, channel.data);
    call->channel = done;
    memcpy(call->name, channel.data, channel.len);
}

void store_channel_read(struct store *store, struct text channel, struct position_in_channel after,
    size_t most, store_page_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_READ, arg, "%.*s after %llu-%u.%u most %zu", (int)channel.len,
        channel.data, (unsigned long long)after.ms, after.seq, after.index, most);
    call->page = done;
    call->after = after;
    call->most = most;
    memcpy(call->name, channel.data, channel.len);
}

/* ---- answers ---- */

void stage_answer_channel(struct call *call, enum store_status status)
{
    struct kept_channel *channel = channel_of(text_of(call->name));
    struct channel_state state = {.status = status};
    if (status == STORE_OK) {
        state = (struct channel_state){STORE_OK, channel->head, channel->low, channel->generation,
            channel->notice_count, channel->notices};
        if (call->kind == CALL_FOLLOW)
            channel->followed = true;
        else if (channel->taken.alerts)
            state = channel->taken;
    }
    call->channel(call->arg, &state);
}

void stage_answer_page(struct call *call, enum store_status status)
{
    const struct kept_channel *channel = channel_of(text_of(call->name));
    struct channel_page page = {.status = status, .low = channel->low, .generation = channel->generation};
    struct channel_entry *entries = calloc(ENTRIES, sizeof(*entries));
    for (size_t i = 0; status == STORE_OK && i < channel->count; i++) {
        struct position_in_channel at = channel->entries[i].position;
        bool same = at.ms == call->after.ms && at.seq == call->after.seq;
        if (same ? call->after.index == 0 : position_compare(at, call->after) < 0)
            continue;
        if (page.count == call->most) {
            page.more = true;
            break;
        }
        entries[page.count++] = channel->entries[i];
    }
    page.entries = entries;
    call->page(call->arg, &page);
    free(entries);
}

/* ---- what comes into them ---- */

static struct channel_entry *add_entry_at(struct kept_channel *channel, int64_t time, enum entry_kind kind)
{
    assert_true(channel->count < ENTRIES);
    struct position_in_channel at = {(uint64_t)time, 0, 0};
    if (at.ms <= channel->head.ms)
        at = (struct position_in_channel){channel->head.ms, channel->head.seq + 1, 0};
    struct channel_entry *entry = &channel->entries[channel->count++];
    *entry = (struct channel_entry){.position = at, .kind = kind};
    channel->head = at;
    return entry;
}

static struct channel_entry *add_entry(struct kept_channel *channel, enum entry_kind kind)
{
    return add_entry_at(channel, stage_now(), kind);
}

static void tell(struct kept_channel *channel, const struct channel_entry *entry)
{
    if (channel->followed && the_store()->events.entry)
        the_store()->events.entry(the_store()->events.arg, text_of(channel->name), entry);
}

static void note_in_force(struct kept_channel *channel, const struct alert_notice *notice)
{
    size_t i = 0;
    while (i < channel->notice_count && strcmp(channel->notices[i].public_id, notice->public_id) != 0)
        i++;
    if (i < channel->notice_count)
        channel->notices[i] = channel->notices[--channel->notice_count];
    if (notice->in_force) {
        assert_true(channel->notice_count < NOTICES);
        channel->notices[channel->notice_count++] = *notice;
    }
}

static struct channel_entry *alert_entry(
    struct kept_channel *channel, char id, uint32_t revision, bool in_force)
{
    struct channel_entry *entry = add_entry(channel, ENTRY_ALERT);
    stage_public_id(id, entry->alert.public_id);
    entry->alert.revision = revision;
    entry->alert.in_force = in_force;
    note_in_force(channel, &entry->alert);
    return entry;
}

void appears(const char *cell, char id, uint32_t revision, bool in_force)
{
    struct kept_channel *channel = feed_channel(cell);
    tell(channel, alert_entry(channel, id, revision, in_force));
}

void appears_untold(const char *cell, char id, uint32_t revision, bool in_force)
{
    alert_entry(feed_channel(cell), id, revision, in_force);
}

static void moves_at(struct kept_channel *channel, int64_t time, enum motion_kind kind, size_t count)
{
    struct channel_entry *entry = add_entry_at(channel, time, ENTRY_ACTIVITY);
    uint8_t *records = calloc(count, ACTIVITY_RECORD);
    for (size_t i = 0; i < count; i++) {
        records[i * ACTIVITY_RECORD] = 18; /* the leaf cell HERE_LEAF: "k" */
        records[i * ACTIVITY_RECORD + 2] = (uint8_t)(kind | PHASE_PULSE << 4);
        records[i * ACTIVITY_RECORD + 3] = (uint8_t)(i % 100);
    }
    entry->data = (struct bytes){records, count * ACTIVITY_RECORD};
    tell(channel, entry);
}

void moves(const char *cell, enum motion_kind kind, size_t count)
{
    moves_at(feed_channel(cell), stage_now(), kind, count);
}

void appears_behind(const char *cell, int64_t back_ms, enum motion_kind kind)
{
    struct kept_channel *channel = feed_channel(cell);
    moves_at(channel, stage_now() - back_ms, kind, 1);
}

void inbox_gets(const char *session, const char *suffix, struct bytes payload)
{
    char name[300];
    snprintf(name, sizeof(name), "i:%s", session);
    struct kept_channel *channel = channel_of(text_of(name));
    if (channel->count == ENTRIES) {
        stage_drop(&channel->entries[0].data);
        memmove(channel->entries, channel->entries + 1, --channel->count * sizeof(channel->entries[0]));
    }
    struct channel_entry *entry = add_entry(channel, ENTRY_INBOX);
    size_t len = strlen(suffix);
    uint8_t *data = malloc(1 + len + payload.len);
    data[0] = (uint8_t)len;
    memcpy(data + 1, suffix, len);
    memcpy(data + 1 + len, payload.data, payload.len);
    entry->data = (struct bytes){data, 1 + len + payload.len};
    tell(channel, entry);
}

/* ---- what becomes of them ---- */

void state_is_taken(const char *cell)
{
    struct kept_channel *channel = feed_channel(cell);
    channel->taken = (struct channel_state){STORE_OK, channel->head, channel->low, channel->generation,
        channel->notice_count, channel->taken_notices};
    memcpy(channel->taken_notices, channel->notices, sizeof(channel->notices));
}

void seam(const char *cell)
{
    struct kept_channel *channel = feed_channel(cell);
    the_store()->events.seam(the_store()->events.arg, text_of(channel->name), channel->head);
}

void first_trimmed(const char *cell, size_t entries)
{
    struct kept_channel *channel = feed_channel(cell);
    for (size_t i = 0; i < entries; i++)
        stage_drop(&channel->entries[i].data);
    channel->low = channel->entries[entries - 1].position;
    channel->count -= entries;
    memmove(channel->entries, channel->entries + entries, channel->count * sizeof(channel->entries[0]));
}

void trimmed(const char *cell)
{
    struct kept_channel *channel = feed_channel(cell);
    if (channel->count)
        first_trimmed(cell, channel->count);
    channel->low = channel->head;
}

void restored(const char *cell, size_t entries)
{
    struct kept_channel *channel = feed_channel(cell);
    for (; entries > 0; entries--)
        stage_drop(&channel->entries[--channel->count].data);
    channel->head =
        channel->count ? channel->entries[channel->count - 1].position : (struct position_in_channel){0};
    channel->generation++;
}

struct position_in_channel head_of(const char *cell)
{
    return feed_channel(cell)->head;
}

bool is_followed(const char *cell)
{
    return feed_channel(cell)->followed;
}

void stage_channels_free(struct store *store)
{
    for (size_t i = 0; i < store->channel_count; i++) {
        for (size_t n = 0; n < store->channels[i]->count; n++)
            stage_drop(&store->channels[i]->entries[n].data);
        free(store->channels[i]);
    }
}
