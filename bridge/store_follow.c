/* Channels that are followed without a seam: first subscribe; when Redis has confirmed it, ask for the
 * channel's state; what comes meanwhile is held and told afterwards, as far as it lies behind that state's
 * head. When the connection was lost the same is done anew, and a head that moved meanwhile is a seam. */
#include <assert.h>
#include <search.h>
#include <stdlib.h>

#include "bridge/store_feed_inside.h"

enum follow_state {
    FOLLOW_AWAY,        /* waits for a feed */
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
    struct text channel; /* what trees are sorted by; the end of `name` */
    struct text name;    /* of the sharded channel; owned */
    uint16_t slot;
    struct feed *feed; /* where it is subscribed, or about to be; NULL: AWAY */
    enum follow_state state;
    bool again;   /* LEAVING: followed anew meanwhile */
    bool started; /* the completion was given */
    store_channel_done *done;
    void *arg;
    struct position_in_channel told; /* the last entry, or head */
    uint32_t round;                  /* of the question under way; older answers are void */
    struct held *held, *last_held;
};

/* ---- states ---- */

static void count(struct store *store, const struct follow *follow, int by)
{
    if (follow->state == FOLLOW_AWAY)
        store->follows.away += (size_t)by;
    if (follow->started && follow->state != FOLLOW_TELLING && follow->state != FOLLOW_LEAVING)
        store->follows.unproved += (size_t)by;
}

static void enter(struct store *store, struct follow *follow, enum follow_state state)
{
    count(store, follow, -1);
    follow->state = state;
    count(store, follow, 1);
}

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
    struct buffer name = {0};
    feed_name(&name, channel);
    char *copy = store_alloc(name.len);
    memcpy(copy, name.data, name.len);
    follow->name = (struct text){copy, name.len};
    follow->channel = (struct text){copy + name.len - channel.len, channel.len};
    follow->slot = key_slot(copy, name.len);
    buffer_free(&name);
    count(store, follow, 1);
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
    free((char *)follow->name.data);
    free(follow);
}

static void remove_follow(struct store *store, struct follow *follow)
{
    count(store, follow, -1);
    tdelete(follow, &store->follows.tree, compare_follows);
    follow_free(follow);
}

/* ---- subscribing ---- */

static void subscribe(struct store *store, struct follow *follow)
{
    follow->feed = feed_of_slot(store, follow->slot);
    enter(store, follow, follow->feed ? FOLLOW_SUBSCRIBING : FOLLOW_AWAY);
    if (follow->feed)
        feed_subscribe(follow->feed, follow->name);
}

static void subscribe_away(const void *node, VISIT visit, void *arg)
{
    struct follow *follow = *(struct follow *const *)node;
    if ((visit == postorder || visit == leaf) && follow->state == FOLLOW_AWAY)
        subscribe(arg, follow);
}

void follows_subscribe(struct store *store)
{
    if (store->follows.away)
        twalk_r(store->follows.tree, subscribe_away, store);
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

/* For who goes on when the following may be over; owned. */
static struct text copy_channel(const struct follow *follow)
{
    char *copy = store_alloc(follow->channel.len + 1);
    memcpy(copy, follow->channel.data, follow->channel.len);
    return (struct text){copy, follow->channel.len};
}

/* Whoever hears an entry may end the following, or begin it anew. */
static void tell_held(struct store *store, struct follow *follow)
{
    struct held *next, *first = follow->held;
    struct text channel = copy_channel(follow);
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
    struct text channel = copy_channel(follow);
    uint32_t round = follow->round;
    enter(store, follow, FOLLOW_TELLING);
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
            feed_link_drop(&follow->feed->link, "a channel could not be read");
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
    enter(store, follow, FOLLOW_OPENING);
    channel_ask_state(store, follow->channel, follow->told, on_opened, question);
}

/* ---- what feeds tell ---- */

/* The follow of that channel, when this feed is the one that it is at. */
static struct follow *find_at(struct feed *feed, struct text channel)
{
    struct follow *follow = find(feed->store, channel);
    return follow && follow->feed == feed ? follow : NULL;
}

/* Its feed tells no more of it. False: nor has it to, and it is no more. */
static bool gone(struct store *store, struct follow *follow)
{
    if (follow->state == FOLLOW_LEAVING && !follow->again)
        return false;
    follow->again = false;
    follow->feed = NULL;
    drop_held(follow);
    enter(store, follow, FOLLOW_AWAY);
    return true;
}

void follow_subscribed(struct feed *feed, struct text channel)
{
    struct follow *follow = find_at(feed, channel);
    if (follow && follow->state == FOLLOW_SUBSCRIBING)
        ask_state(feed->store, follow);
}

void follow_unsubscribed(struct feed *feed, struct text channel)
{
    struct follow *follow = find_at(feed, channel);
    if (!follow)
        return;
    if (gone(feed->store, follow))
        subscribe(feed->store, follow);
    else
        remove_follow(feed->store, follow);
}

void follow_message(struct feed *feed, struct text channel, struct bytes message)
{
    struct follow *follow = find_at(feed, channel);
    if (follow && follow->state == FOLLOW_TELLING)
        tell(feed->store, follow, message);
    else if (follow && follow->state == FOLLOW_OPENING)
        hold(follow, message);
}

/* Those that are gone from their feeds. */
struct loss {
    struct store *store;
    const struct feed *feed; /* all of this one's; NULL: those that are to be elsewhere */
    struct follow **leaving;
    size_t count, room;
};

/* It is to be subscribed elsewhere, or again. */
static bool misplaced(struct store *store, const struct follow *follow)
{
    const struct feed *meant = feed_meant(store, follow->slot);
    bool asked = follow->state == FOLLOW_SUBSCRIBING || follow->state == FOLLOW_LEAVING;
    return (meant && meant != follow->feed) || (asked && feed_refused(follow->feed, follow->slot));
}

static void lose(const void *node, VISIT visit, void *arg)
{
    struct loss *loss = arg;
    struct follow *follow = *(struct follow *const *)node;
    if ((visit != postorder && visit != leaf) || !follow->feed)
        return;
    if (loss->feed ? follow->feed != loss->feed : !misplaced(loss->store, follow))
        return;
    if (!loss->feed && feed_meant(loss->store, follow->slot) != follow->feed)
        feed_unsubscribe(follow->feed, follow->name); /* it may not know yet that the slot is another's */
    if (gone(loss->store, follow))
        return;
    if (loss->count == loss->room) {
        loss->room = loss->room ? 2 * loss->room : 64;
        loss->leaving = realloc(loss->leaving, loss->room * sizeof(struct follow *));
        if (!loss->leaving)
            abort();
    }
    loss->leaving[loss->count++] = follow;
}

static void lose_all(struct loss *loss)
{
    twalk_r(loss->store->follows.tree, lose, loss);
    for (size_t i = 0; i < loss->count; i++)
        remove_follow(loss->store, loss->leaving[i]);
    free(loss->leaving);
}

void follows_lost(struct feed *feed)
{
    lose_all(&(struct loss){.store = feed->store, .feed = feed});
}

void follows_look(struct store *store)
{
    lose_all(&(struct loss){.store = store});
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
    follow->done = NULL;
    follow->again = false;
    drop_held(follow);
    if (!follow->feed) {
        remove_follow(store, follow);
    } else if (follow->state != FOLLOW_LEAVING) {
        enter(store, follow, FOLLOW_LEAVING);
        feed_unsubscribe(follow->feed, follow->name);
    }
}
