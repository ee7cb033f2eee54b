/* Channels that are followed without a seam: first subscribe; when Redis has confirmed it, ask for the
 * channel's state; what comes meanwhile is held and told afterwards, as far as it lies behind that state's
 * head. When the connection was lost the same is done anew, and a head that moved meanwhile is a seam. */
#include <assert.h>
#include <search.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { SUBSCRIBE_AT_ONCE = 128 };

enum follow_state {
    FOLLOW_AWAY,        /* waits for the connection */
    FOLLOW_SUBSCRIBING, /* until Redis confirms */
    FOLLOW_OPENING,     /* until the state is there */
    FOLLOW_TELLING,
    FOLLOW_LEAVING, /* until Redis confirms that it is unsubscribed */
};

/* An entry that came before the answer that says whether it is news. */
struct held {
    struct held *next;
    struct buffer message;
};

struct follow {
    struct text channel; /* what trees are sorted by; owned */
    enum follow_state state;
    bool again;   /* LEAVING: followed anew meanwhile */
    bool started; /* the completion was given */
    store_channel_done *done;
    void *arg;
    struct position_in_channel told; /* the last entry, or head */
    uint32_t round;                  /* of the question under way; older answers are void */
    struct held *held, *last_held;
};

/* ---- the tree ---- */

static int compare_follows(const void *a, const void *b)
{
    const struct follow *one = a, *other = b;
    size_t least = one->channel.len < other->channel.len ? one->channel.len : other->channel.len;
    int order = memcmp(one->channel.data, other->channel.data, least);
    return order ? order : (one->channel.len > other->channel.len) - (one->channel.len < other->channel.len);
}

static struct follow *find(struct store *store, struct text channel)
{
    struct follow key = {.channel = channel};
    struct follow **found = tfind(&key, &store->follows.tree, compare_follows);
    return found ? *found : NULL;
}

static struct follow *add(struct store *store, struct text channel)
{
    struct follow *follow = store_alloc(sizeof(*follow));
    char *name = store_alloc(channel.len + 1);
    memcpy(name, channel.data, channel.len);
    follow->channel = (struct text){name, channel.len};
    if (!tsearch(follow, &store->follows.tree, compare_follows))
        abort();
    return follow;
}

static void drop_held(struct follow *follow)
{
    struct held *next;
    for (struct held *held = follow->held; held; held = next) {
        next = held->next;
        buffer_free(&held->message);
        free(held);
    }
    follow->held = follow->last_held = NULL;
}

static void follow_free(struct follow *follow)
{
    drop_held(follow);
    free((char *)follow->channel.data);
    free(follow);
}

static void remove_follow(struct store *store, struct follow *follow)
{
    tdelete(follow, &store->follows.tree, compare_follows);
    follow_free(follow);
}

/* ---- subscribing ---- */

static void subscribe(struct store *store, struct follow *follow)
{
    if (!store->feed.ready) {
        follow->state = FOLLOW_AWAY;
        return;
    }
    follow->state = FOLLOW_SUBSCRIBING;
    feed_subscription(store, "SUBSCRIBE", &follow->channel, 1);
}

struct batch {
    struct store *store;
    struct text channels[SUBSCRIBE_AT_ONCE];
    size_t count;
};

static void send_batch(struct batch *batch)
{
    if (batch->count)
        feed_subscription(batch->store, "SUBSCRIBE", batch->channels, batch->count);
    batch->count = 0;
}

static void subscribe_away(const void *node, VISIT visit, void *arg)
{
    struct batch *batch = arg;
    struct follow *follow = *(struct follow *const *)node;
    if ((visit != postorder && visit != leaf) || follow->state != FOLLOW_AWAY)
        return;
    follow->state = FOLLOW_SUBSCRIBING;
    batch->channels[batch->count++] = follow->channel;
    if (batch->count == SUBSCRIBE_AT_ONCE)
        send_batch(batch);
}

void follows_subscribe(struct store *store)
{
    struct batch batch = {.store = store};
    twalk_r(store->follows.tree, subscribe_away, &batch);
    send_batch(&batch);
}

/* ---- telling ---- */

/* "<kind><id> <data>", as scripts append it. */
static bool decode_message(struct channel_entry *entry, struct bytes message)
{
    const uint8_t *space = message.len > 1 ? memchr(message.data + 1, ' ', message.len - 1) : NULL;
    if (!space)
        return false;
    struct text id = {(const char *)message.data + 1, (size_t)(space - message.data) - 1};
    struct bytes data = {space + 1, message.len - (size_t)(space + 1 - message.data)};
    return entry_decode(entry, (char)message.data[0], id, data);
}

static void tell(struct store *store, struct follow *follow, struct bytes message)
{
    struct channel_entry entry;
    if (!decode_message(&entry, message) || position_compare(entry.position, follow->told) <= 0)
        return;
    follow->told = entry.position;
    if (store->events.entry)
        store->events.entry(store->events.arg, follow->channel, &entry);
}

static void hold(struct follow *follow, struct bytes message)
{
    struct held *held = store_alloc(sizeof(*held));
    buffer_put(&held->message, message.data, message.len);
    if (follow->last_held)
        follow->last_held->next = held;
    else
        follow->held = held;
    follow->last_held = held;
}

/* Whoever hears an entry may end the following, or begin it anew. */
static void tell_held(struct store *store, struct follow *follow)
{
    struct held *next, *first = follow->held;
    struct text channel = {strndup(follow->channel.data, follow->channel.len), follow->channel.len};
    uint32_t round = follow->round;
    follow->held = follow->last_held = NULL;
    for (struct held *held = first; held; held = next) {
        next = held->next;
        follow = find(store, channel);
        if (follow && follow->round == round && follow->state == FOLLOW_TELLING)
            tell(store, follow, (struct bytes){held->message.data, held->message.len});
        buffer_free(&held->message);
        free(held);
    }
    free((char *)channel.data);
}

/* ---- the state ---- */

struct question {
    uint32_t round;
    size_t len;
    char channel[];
};

static void opened(struct store *store, struct follow *follow, const struct channel_state *state)
{
    bool first = !follow->started;
    bool seam = !first && position_compare(state->head, follow->told) != 0;
    store_channel_done *done = follow->done;
    struct text channel = {strndup(follow->channel.data, follow->channel.len), follow->channel.len};
    uint32_t round = follow->round;
    if (!first)
        store->follows.unproved--;
    follow->state = FOLLOW_TELLING;
    follow->started = true;
    follow->told = state->head;
    follow->done = NULL;
    if (first)
        done(follow->arg, state);
    else if (seam && store->events.seam)
        store->events.seam(store->events.arg, channel, state->head);
    follow = find(store, channel);
    if (follow && follow->round == round)
        tell_held(store, follow);
    free((char *)channel.data);
}

static void on_opened(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct question *question = arg;
    struct follow *follow = find(store, (struct text){question->channel, question->len});
    if (follow && follow->round == question->round && follow->state == FOLLOW_OPENING) {
        struct channel_state state;
        struct alert_notice *alerts;
        channel_state_decode(&state, status, reply, &alerts);
        if (state.status == STORE_OK) {
            opened(store, follow, &state);
        } else if (follow->done) {
            store_channel_done *done = follow->done;
            void *done_arg = follow->arg;
            follow->done = NULL;
            store_unfollow(store, follow->channel);
            done(done_arg, &state);
        } else {
            link_drop(&store->feed, "a channel could not be read");
        }
        free(alerts);
    }
    free(question);
}

static void ask_state(struct store *store, struct follow *follow)
{
    struct question *question = store_alloc(sizeof(*question) + follow->channel.len);
    question->round = follow->round = ++store->follows.round;
    question->len = follow->channel.len;
    memcpy(question->channel, follow->channel.data, follow->channel.len);
    follow->state = FOLLOW_OPENING;
    channel_ask_state(store, follow->channel, follow->told, on_opened, question);
}

/* ---- what the feed's connection tells ---- */

void follow_subscribed(struct store *store, struct text channel)
{
    struct follow *follow = find(store, channel);
    if (follow && follow->state == FOLLOW_SUBSCRIBING)
        ask_state(store, follow);
}

void follow_unsubscribed(struct store *store, struct text channel)
{
    struct follow *follow = find(store, channel);
    if (!follow || follow->state != FOLLOW_LEAVING)
        return;
    if (follow->again) {
        follow->again = false;
        subscribe(store, follow);
    } else {
        remove_follow(store, follow);
    }
}

void follow_message(struct store *store, struct text channel, struct bytes message)
{
    struct follow *follow = find(store, channel);
    if (follow && follow->state == FOLLOW_TELLING)
        tell(store, follow, message);
    else if (follow && follow->state == FOLLOW_OPENING)
        hold(follow, message);
}

struct survivors {
    struct store *store;
    struct follow **leaving;
    size_t count, room;
};

static void after_loss(const void *node, VISIT visit, void *arg)
{
    struct survivors *found = arg;
    struct follow *follow = *(struct follow *const *)node;
    if (visit != postorder && visit != leaf)
        return;
    if (follow->state == FOLLOW_LEAVING && !follow->again) {
        if (found->count == found->room) {
            found->room = found->room ? 2 * found->room : 64;
            found->leaving = realloc(found->leaving, found->room * sizeof(struct follow *));
            if (!found->leaving)
                abort();
        }
        found->leaving[found->count++] = follow;
        return;
    }
    if (follow->started && follow->state == FOLLOW_TELLING)
        found->store->follows.unproved++;
    follow->again = false;
    follow->state = FOLLOW_AWAY;
    drop_held(follow);
}

void follows_lost(struct store *store)
{
    struct survivors found = {.store = store};
    twalk_r(store->follows.tree, after_loss, &found);
    for (size_t i = 0; i < found.count; i++)
        remove_follow(store, found.leaving[i]);
    free(found.leaving);
}

static void free_node(void *node)
{
    follow_free(node);
}

struct enders {
    store_channel_done *done;
    void *arg;
    struct enders *next;
};

static void collect_done(const void *node, VISIT visit, void *arg)
{
    struct enders **list = arg;
    struct follow *follow = *(struct follow *const *)node;
    if ((visit != postorder && visit != leaf) || !follow->done)
        return;
    struct enders *ender = store_alloc(sizeof(*ender));
    *ender = (struct enders){follow->done, follow->arg, *list};
    follow->done = NULL;
    *list = ender;
}

void follows_free(struct store *store)
{
    struct enders *list = NULL;
    twalk_r(store->follows.tree, collect_done, &list);
    tdestroy(store->follows.tree, free_node);
    store->follows.tree = NULL;
    while (list) {
        struct enders *ender = list;
        list = ender->next;
        ender->done(ender->arg, &(struct channel_state){.status = STORE_GONE});
        free(ender);
    }
}

/* ---- what the broker asks ---- */

void store_follow(struct store *store, struct text channel, store_channel_done *done, void *arg)
{
    struct follow *follow = find(store, channel);
    assert(!follow || (follow->state == FOLLOW_LEAVING && !follow->again));
    bool leaving = follow != NULL;
    if (!follow)
        follow = add(store, channel);
    follow->done = done;
    follow->arg = arg;
    follow->started = false;
    follow->told = (struct position_in_channel){0};
    if (leaving)
        follow->again = true;
    else
        subscribe(store, follow);
}

void store_unfollow(struct store *store, struct text channel)
{
    struct follow *follow = find(store, channel);
    if (!follow || (follow->state == FOLLOW_LEAVING && !follow->again))
        return;
    if (follow->done) /* still asks: it gets the state, and nothing after it */
        store_channel_state(store, channel, follow->done, follow->arg);
    if (follow->started && follow->state != FOLLOW_TELLING && follow->state != FOLLOW_LEAVING)
        store->follows.unproved--;
    follow->done = NULL;
    follow->again = false;
    drop_held(follow);
    if (!store->feed.ready || follow->state == FOLLOW_AWAY) {
        remove_follow(store, follow);
    } else if (follow->state != FOLLOW_LEAVING) {
        follow->state = FOLLOW_LEAVING;
        feed_subscription(store, "UNSUBSCRIBE", &follow->channel, 1);
    }
}
