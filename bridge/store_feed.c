/* The feed: the connection on which Redis tells what is appended to followed channels (store_follow.c), whose
 * sessions were opened anew, which principals changed, and when a probe comes back behind all that. */
#include <inttypes.h>
#include <stdio.h>

#include "bridge/store_inside.h"

static const char FEED[] = "nb:feed:";
enum { FEED_LEN = sizeof(FEED) - 1 };

/* "<sent> <since when the oldest outbox entry waits, or 0>": everything before it was told, as far as it left
 * an outbox. */
static void on_probe(struct store *store, struct bytes message)
{
    char text[64] = "";
    int64_t sent, oldest;
    memcpy(text, message.data, message.len < sizeof(text) ? message.len : sizeof(text) - 1);
    if (sscanf(text, "%" SCNd64 " %" SCNd64, &sent, &oldest) != 2)
        return;
    int64_t proved = oldest && oldest <= sent ? oldest - 1 : sent;
    if (store->follows.unproved == 0 && proved > store->follows.as_of)
        store->follows.as_of = proved;
}

static void on_session(struct store *store, struct bytes message)
{
    if (message.len < 10 || !store->events.taken_over)
        return;
    uint64_t generation = packed_number(message.data, 8);
    size_t len = packed_number(message.data + 8, 2);
    if (message.len < 10 + len)
        return;
    const char *text = (const char *)message.data + 10;
    struct session_name name = {{text, len}, {text + len, message.len - 10 - len}};
    store->events.taken_over(store->events.arg, name, generation);
}

static void on_feed(struct store *store, struct text kind, struct text channel, struct bytes message)
{
    if (text_equal(kind, TEXT("message")))
        follow_message(store, channel, message);
    else if (text_equal(kind, TEXT("subscribe")))
        follow_subscribed(store, channel);
    else
        follow_unsubscribed(store, channel);
}

static void on_subscribed_first(struct store *store)
{
    link_ready(&store->feed);
    link_proved(&store->feed);
    if (store->events.changes_missed)
        store->events.changes_missed(store->events.arg);
    follows_subscribe(store);
}

static void on_message(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    if (!data || link->context != context)
        return;
    struct store *store = link->store;
    const redisReply *reply = data;
    struct text kind = reply_text(reply_at(reply, 0)), channel = reply_text(reply_at(reply, 1));
    struct bytes message = reply_bytes(reply_at(reply, 2));
    store->follows.heard = ev_now(store->loop);
    if (!channel.data) {
        link_drop(link, "subscription refused");
    } else if (channel.len > FEED_LEN && memcmp(channel.data, FEED, FEED_LEN) == 0) {
        on_feed(store, kind, (struct text){channel.data + FEED_LEN, channel.len - FEED_LEN}, message);
    } else if (text_equal(kind, TEXT("subscribe"))) {
        if (!link->ready)
            on_subscribed_first(store);
    } else if (text_equal(channel, TEXT("nb:sessions"))) {
        on_session(store, message);
    } else if (text_equal(channel, TEXT("nb:principals"))) {
        if (store->events.principal_changed)
            store->events.principal_changed(
                store->events.arg, (struct text){(const char *)message.data, message.len});
    } else {
        on_probe(store, message);
    }
}

void feed_subscription(struct store *store, const char *word, const struct text *channels, size_t count)
{
    struct command command = {0};
    struct buffer name = {0};
    command_begin(&command, 1 + count);
    command_text(&command, word);
    for (size_t i = 0; i < count; i++) {
        name.len = 0;
        buffer_put(&name, FEED, FEED_LEN);
        buffer_put(&name, channels[i].data, channels[i].len);
        command_bytes(&command, name.data, name.len);
    }
    buffer_number(&command.bytes, 0, 1); /* hiredis reads the channels' names out of it up to a NUL */
    redisAsyncFormattedCommand(
        store->feed.context, on_message, NULL, (const char *)command.bytes.data, command.bytes.len - 1);
    command_free(&command);
    buffer_free(&name);
}

void feed_opened(struct store *store)
{
    store->follows.heard = ev_now(store->loop);
    link_log_in(&store->feed);
    redisAsyncCommand(store->feed.context, on_message, NULL,
        "SUBSCRIBE nb:probe:%s nb:sessions nb:principals", store->node);
}

void feed_check(struct store *store)
{
    double now = ev_now(store->loop), deadline = (double)store->options.deadline_ms / 1000.;
    if (!store->feed.context)
        return;
    /* Probes that Redis took and that never came: this connection is dead though Redis is not. */
    bool silent = store->feed.ready ? store->follows.asked - store->follows.heard > deadline
                                    : now - store->feed.since > deadline;
    if (silent) {
        store->counters.deadline_misses++;
        link_drop(&store->feed, "nothing heard");
    }
}
