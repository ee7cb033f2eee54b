/* Forgetting: what came in each region, and what was said and shared under each sender's tag
 * (scripts/forget_region.lua, forget_sender.lua). Some tags are at work at a time: on one Redis in one call,
 * in a cluster each in its own. What a step has no room for is asked again, until all of these tags are done.
 */
#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_forget_inside.h"

enum { TAGS_A_STEP = 8 };
enum far { FAR_MORE, FAR_DONE, FAR_WAITS, FAR_TIP }; /* as forget_sender.lua has it */
#define TIP_KEPT_MS                                                                                          \
    (INT64_C(60) * 24 * 3600 * 1000) /* as long as a conversation, none of its name comes again */
static const double WAIT = 1.;

/* The tags of a step. */
struct tags {
    unsigned count;
    bool done[TAGS_A_STEP], waits[TAGS_A_STEP];
    uint64_t gone[TAGS_A_STEP];
};

/* A call for some of them. */
struct tag_call {
    struct forgetting *work;
    unsigned count, places[TAGS_A_STEP];
};

static struct tags *begin_tags(struct forgetting *work, unsigned last)
{
    struct tags *tags = arena_alloc(&work->arena, sizeof *tags);
    tags->count = last - work->at < TAGS_A_STEP ? last - work->at : TAGS_A_STEP;
    work->step = tags;
    return tags;
}

static uint64_t gone_of(const struct tags *tags)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < tags->count; i++)
        sum += tags->gone[i];
    return sum;
}

/* Sends `put` for the tags that are not done: together, or each alone. */
static void send_tags(struct forgetting *work,
    void (*put)(struct forgetting *, const struct tag_call *, struct command *), call_answer *answer)
{
    const struct tags *tags = work->step;
    struct tag_call *call = NULL;
    work->under_way = 1; /* so that nothing is over before all were sent */
    for (unsigned i = 0; i < tags->count; i++) {
        if (tags->done[i])
            continue;
        if (!call) {
            call = arena_alloc(&work->arena, sizeof *call);
            call->work = work;
        }
        call->places[call->count++] = i;
        bool last = true;
        for (unsigned n = i + 1; n < tags->count; n++)
            last = last && tags->done[n];
        if (!last && store_spans_tags(work->store))
            continue;
        struct command command = {0};
        put(work, call, &command);
        work->under_way++;
        store_send(work->store, &command, answer, call);
        call = NULL;
    }
    work->under_way--;
}

/* ---- regions ---- */

static size_t count_words(struct text words)
{
    struct text word;
    size_t count = 0;
    while (forget_word(&words, &word))
        count++;
    return count;
}

/* Whoever takes them one after the other: false, there is none any more. */
static bool next_session(struct text *sessions, struct text *session)
{
    size_t len = sessions->len >= 2 ? packed_number((const uint8_t *)sessions->data, 2) : 0;
    if (!len || len + 2 > sessions->len)
        return false;
    *session = (struct text){sessions->data + 2, len};
    *sessions = (struct text){sessions->data + 2 + len, sessions->len - 2 - len};
    return true;
}

static void put_regions(struct forgetting *work, const struct tag_call *call, struct command *command)
{
    struct text rest, each;
    size_t members = work->account ? count_words(work->members) : 0, sessions = 0;
    for (rest = work->sessions; next_session(&rest, &each);)
        sessions++;
    command_function(command, "nb_forget_regions", call->count, 9 + members + sessions);
    for (unsigned i = 0; i < call->count; i++)
        command_text(command, arena_printf(&work->arena, "nb:{r%02x}:log:%.*s", work->at + call->places[i],
                                  (int)work->household.len, work->household.data));
    command_view(command, work->ticket);
    command_view(command, work->household);
    command_number(command, work->devices.len == 0);
    command_view(command, work->numbers);
    command_number(command, work->from);
    command_number(command, work->to);
    command_number(command, work->account);
    command_number(command, work->store->forget.now / cooldown_epoch(&work->store->options));
    command_number(command, (int64_t)members);
    for (rest = work->members; work->account && forget_word(&rest, &each);)
        command_view(command, each);
    for (rest = work->sessions; next_session(&rest, &each);)
        command_view(command, each);
}

static void on_regions(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    const struct tag_call *call = arg;
    struct forgetting *work = call->work;
    struct tags *tags = work->step;
    bool all = true;
    for (unsigned i = 0; status == STORE_OK && i < call->count; i++) {
        tags->done[call->places[i]] = reply_number(reply_at(reply, 2 * i)) == 1;
        tags->gone[call->places[i]] = (uint64_t)reply_number(reply_at(reply, 2 * i + 1));
    }
    if (!forget_answered(work, status))
        return;
    for (unsigned i = 0; i < tags->count; i++)
        all = all && tags->done[i];
    if (!all) {
        send_tags(work, put_regions, on_regions);
        return;
    }
    unsigned next = work->at + tags->count;
    bool over = next >= STORE_REGION_TAGS;
    forget_go_on(work,
        &(struct forget_progress){
            .stage = over ? FORGET_SENDERS : FORGET_REGIONS, .at = over ? 0 : next, .events = gone_of(tags)});
}

void forget_regions(struct forgetting *work)
{
    /* Devices were named, and none of them is the household's. */
    if (work->devices.len && !work->numbers.len) {
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_SENDERS});
        return;
    }
    begin_tags(work, STORE_REGION_TAGS);
    send_tags(work, put_regions, on_regions);
}

/* ---- senders ---- */

static void put_senders(struct forgetting *work, const struct tag_call *call, struct command *command)
{
    struct text rest = work->account ? work->members : work->by.principal, each;
    command_function(command, "nb_forget_senders", call->count, 6 + count_words(rest));
    for (unsigned i = 0; i < call->count; i++) {
        char key[KEY];
        sender_key(key, work->at + call->places[i], "tombs", "");
        command_text(command, key);
    }
    command_view(command, work->ticket);
    command_view(command, work->household);
    command_view(command, work->by.principal);
    command_number(command, work->account);
    command_number(command, work->store->forget.now);
    command_number(command, work->store->options.absence_ms);
    while (forget_word(&rest, &each))
        command_view(command, each);
}

static void on_senders(struct store *store, void *arg, enum store_status status, const redisReply *reply);

/* All that was under way is answered: what is not done is asked again; what only waits for an agency's board,
 * in the next step. */
static void senders_over(struct forgetting *work)
{
    const struct tags *tags = work->step;
    bool all = true, waits = true;
    for (unsigned i = 0; i < tags->count; i++) {
        all = all && tags->done[i];
        waits = waits && (tags->done[i] || tags->waits[i]);
    }
    if (!all && waits) {
        forget_again(work, WAIT);
        return;
    }
    if (!all) {
        send_tags(work, put_senders, on_senders);
        return;
    }
    unsigned next = work->at + tags->count;
    bool over = next >= STORE_SENDER_TAGS;
    forget_go_on(work,
        &(struct forget_progress){
            .stage = over ? FORGET_HOME : FORGET_SENDERS, .at = over ? 0 : next, .ended = gone_of(tags)});
}

/* Some messages of a conversation: they leave the boards first, then the conversation. */
struct tip_call {
    struct forgetting *work;
    unsigned tag, under_way;
    struct text conversation;
    size_t count;
    struct text *messages;
    bool failed;
};

static void on_tip_out(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    struct forgetting *work = arg;
    if (forget_answered(work, status))
        senders_over(work);
}

static void tip_down(struct tip_call *tip)
{
    struct forgetting *work = tip->work;
    struct command command = {0};
    char key[KEY];
    if (--tip->under_way)
        return;
    if (tip->failed) {
        on_tip_out(work->store, work, STORE_FAILED, NULL);
        return;
    }
    sender_key(
        key, tip->tag, "tip:", arena_copy(&work->arena, tip->conversation.data, tip->conversation.len));
    command_function(&command, "nb_forget_tip", 1, tip->count);
    command_text(&command, key);
    for (size_t i = 0; i < tip->count; i++)
        command_view(&command, tip->messages[i]);
    store_send(work->store, &command, on_tip_out, work);
}

static void on_taken_down(void *arg, enum store_status status)
{
    struct tip_call *tip = arg;
    tip->failed = tip->failed || status != STORE_OK;
    tip_down(tip);
}

static void take_down(struct tip_call *tip, struct text principal)
{
    int64_t now = tip->work->store->forget.now;
    for (size_t i = 0; principal.len && i < tip->count; i++) {
        tip->under_way++;
        store_board_take_down(
            tip->work->store, principal, tip->messages[i], now + TIP_KEPT_MS, now, on_taken_down, tip);
    }
}

static struct text kept(struct forgetting *work, const redisReply *reply)
{
    struct text text = reply_text(reply);
    return (struct text){arena_copy(&work->arena, text.data ? text.data : "", text.len), text.len};
}

/* The board of who goes is gone already. */
static void forget_tip(struct forgetting *work, unsigned tag, const redisReply *reply)
{
    struct tip_call *tip = arena_alloc(&work->arena, sizeof *tip);
    const redisReply *messages = reply_at(reply, 3);
    *tip = (struct tip_call){.work = work,
        .tag = tag,
        .under_way = 1,
        .conversation = kept(work, reply_at(reply, 0)),
        .count = reply_count(messages)};
    tip->messages = arena_alloc(&work->arena, (tip->count + 1) * sizeof *tip->messages);
    for (size_t i = 0; i < tip->count; i++)
        tip->messages[i] = kept(work, reply_at(messages, i));
    work->under_way++;
    take_down(tip, kept(work, reply_at(reply, 1)));
    if (!work->account)
        take_down(tip, kept(work, reply_at(reply, 2)));
    tip_down(tip);
}

static void on_senders(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    const struct tag_call *call = arg;
    struct forgetting *work = call->work;
    struct tags *tags = work->step;
    for (unsigned i = 0; status == STORE_OK && i < call->count; i++) {
        unsigned place = call->places[i];
        int64_t far = reply_number(reply_at(reply, 3 * i));
        tags->done[place] = far == FAR_DONE;
        tags->waits[place] = far == FAR_WAITS;
        tags->gone[place] = (uint64_t)reply_number(reply_at(reply, 3 * i + 1));
        if (far == FAR_TIP)
            forget_tip(work, work->at + place, reply_at(reply, 3 * i + 2));
    }
    if (forget_answered(work, status))
        senders_over(work);
}

void forget_senders(struct forgetting *work)
{
    if (!work->account && !work->alerts) {
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_HOME});
        return;
    }
    begin_tags(work, STORE_SENDER_TAGS);
    send_tags(work, put_senders, on_senders);
}
