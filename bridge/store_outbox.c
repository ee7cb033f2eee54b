/* Outboxes: asks the senders' tags for what changed about alerts (scripts/outbox.lua), which store_carry.c
 * then carries to the channels. What is not marked as done, because this process or the store went away, is
 * claimed by whoever comes after two seconds.
 *
 * Tags that this process was told about are asked at once, all of them in a sweep now and then. A round ends
 * when its work is carried. In it corrections come first: where a call goes to one tag alone, all are asked
 * for their corrections, and only when there are no more of them for the rest, each for its share. What waits
 * for a master that is away holds up the others for a second at most: then a round begins without it. */
#include <stdlib.h>

#include "bridge/store_inside.h"

static const double POLL = 0.5; /* seconds */
enum { TAKE_MOST = 48, CARRIED_MOST = 4 * TAKE_MOST };
#define ALL_TAGS UINT64_MAX /* of STORE_SENDER_TAGS */

static uint64_t bit(unsigned tag)
{
    return UINT64_C(1) << tag % STORE_SENDER_TAGS;
}

static void next_step(struct store *store);

/* A call of a round. */
struct asked {
    unsigned round, tag;
};

/* Answers that come when their round was given up are worth their work. */
static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct asked asked = *(struct asked *)arg;
    struct outbox_round late = {0}, *now = &store->outbox.round,
                        *round = asked.round == now->number ? now : &late;
    uint64_t tags = store_spans_tags(store) ? ALL_TAGS : bit(asked.tag);
    int64_t oldest = reply_number(reply_at(reply, 2));
    size_t count = reply_count(reply);
    free(arg);
    store->outbox.asked &= ~tags;
    round->failed = round->failed || status != STORE_OK;
    if (reply_number(reply_at(reply, 0)) == 1)
        round->more |= tags;
    if (reply_number(reply_at(reply, 1)) > 0)
        round->others |= tags;
    if (oldest && (!round->oldest || oldest < round->oldest))
        round->oldest = oldest;
    for (size_t i = 3; i < count; i++)
        outbox_carry(store, reply_at(reply, i));
    round->room -= count > 3 ? (int)(count - 3) : 0;
    if (round == &late)
        store->outbox.told |= late.more | late.others;
    else if (--round->asked == 0)
        next_step(store);
}

static void ask(struct store *store, unsigned tag, int most)
{
    struct command command = {0};
    struct asked *asked = store_alloc(sizeof(*asked));
    unsigned tags = sender_tags_at_once(store);
    *asked = (struct asked){store->outbox.round.number, tag};
    store->outbox.asked |= store_spans_tags(store) ? ALL_TAGS : bit(tag);
    store->outbox.round.asked++;
    command_function(&command, "nb_take", tags, 4);
    command_sender_keys(&command, tag, tags, "outbox");
    command_text(&command, store->node);
    command_number(&command, most);
    command_number(&command, store->outbox.round.corrections);
    command_number(&command, store->outbox.first_tag++ % tags);
    command.any_order = true;
    store_send(store, &command, on_taken, asked);
}

/* Asks these tags, for so much that each has its share of the room. */
static void ask_tags(struct store *store, uint64_t tags)
{
    struct outbox_round *round = &store->outbox.round;
    int calls = store_spans_tags(store) ? 1 : __builtin_popcountll(tags);
    int most = (round->room + calls - 1) / calls;
    round->more = 0;
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag += sender_tags_at_once(store)) {
        if (store_spans_tags(store) || tags & bit(tag))
            ask(store, tag, most);
    }
}

static void end_round(struct store *store)
{
    struct outbox_round *round = &store->outbox.round;
    store->outbox.told |= round->more | round->others;
    if (round->sweep && !round->failed) {
        store->counters.outbox_oldest = round->oldest;
        feed_swept(store, round->began, round->oldest);
    }
}

/* All of a step are answered. */
static void next_step(struct store *store)
{
    struct outbox_round *round = &store->outbox.round;
    uint64_t others = round->others;
    if (!round->corrections || round->room <= 0 || !(round->more | others)) {
        end_round(store);
    } else if (round->more) {
        ask_tags(store, round->more);
    } else {
        round->corrections = false;
        round->others = 0;
        ask_tags(store, others);
    }
}

void outbox_told(struct store *store, unsigned tag)
{
    store->outbox.told |= bit(tag);
}

/* The tags that a new round asks; 0: it is not time. */
static uint64_t tags_to_ask(const struct store *store, bool due)
{
    double time = store_clock();
    uint64_t tags = due ? ALL_TAGS : store->outbox.told;
    if ((store->outbox.round.asked || store->outbox.carrying) &&
        time < store->outbox.began + upkeep_patience(store))
        return 0;
    return store->outbox.carrying < CARRIED_MOST ? tags & ~store->outbox.asked : 0;
}

void outbox_work(struct store *store, int64_t now)
{
    double time = store_clock();
    bool spans = store_spans_tags(store), due = spans || time >= store->outbox.poll_due;
    uint64_t tags = tags_to_ask(store, due);
    if (!tags || (spans && !store->outbox.told && time < store->outbox.poll_due))
        return;
    if (due)
        store->outbox.poll_due = time + POLL;
    store->outbox.began = time;
    store->outbox.told &= ~tags;
    store->outbox.round = (struct outbox_round){.number = store->outbox.round.number + 1,
        .sweep = tags == ALL_TAGS,
        .corrections = !spans && __builtin_popcountll(tags) > 1,
        .began = now,
        .room = TAKE_MOST};
    ask_tags(store, tags);
}
