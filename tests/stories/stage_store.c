/* The store in memory, as bridge/store.h promises it: each call is put into words and waits, and is answered
 * when its time has come. What is kept, and the calls of each noun, are in stage_store_*.c. */
#include <fnmatch.h>

#include "tests/stories/stage_store_inside.h"

/* ---- memory ---- */

struct store *the_store(void)
{
    return stage.store;
}

struct bytes stage_copy(struct bytes from)
{
    uint8_t *data = malloc(from.len + 1);
    if (from.len)
        memcpy(data, from.data, from.len);
    return (struct bytes){data, from.len};
}

void stage_drop(struct bytes *bytes)
{
    free((void *)bytes->data);
    *bytes = (struct bytes){0};
}

/* ---- calls ---- */

static void note_words(enum call_kind kind, const char *format, va_list arguments)
{
    vsnprintf(the_store()->last[kind], sizeof(the_store()->last[kind]), format, arguments);
    the_store()->calls[kind]++;
}

void stage_note(enum call_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note_words(kind, format, arguments);
    va_end(arguments);
}

struct call *stage_called(enum call_kind kind, void *arg, const char *format, ...)
{
    struct store *store = the_store();
    struct call *call = calloc(1, sizeof(*call));
    va_list arguments;
    call->kind = kind;
    call->arg = arg;
    va_start(arguments, format);
    note_words(kind, format, arguments);
    va_end(arguments);
    TAILQ_INSERT_TAIL(&store->waiting, call, in_waiting);
    return call;
}

void store_motion(struct store *store, const struct store_motion *motion, store_motion_done *done, void *arg)
{
    char numbers[400] = "";
    (void)store;
    for (size_t i = 0; i < motion->count; i++)
        snprintf(numbers + strlen(numbers), sizeof(numbers) - strlen(numbers), "%s%llu%s", i ? "," : "",
            (unsigned long long)motion->events[i].seq, motion->events[i].publish ? "" : "!");
    struct call *call = stage_called(CALL_MOTION, arg, "%.*s %s %s session=%llu %s q2=%u",
        (int)motion->sender.len, motion->sender.data, motion->channel, motion->leaf,
        (unsigned long long)motion->session, numbers, motion->qos2_packet);
    call->motion = done;
    call->count = motion->count;
    call->packet_id = motion->qos2_packet;
    snprintf(call->name, sizeof(call->name), "%.*s/%.*s", (int)motion->sender.len, motion->sender.data,
        (int)motion->instance.len, motion->instance.data);
}

static void answer_motion(struct call *call, enum store_status status)
{
    struct store_motion_result result = the_store()->verdict;
    result.status = status;
    the_store()->verdict = (struct store_motion_result){0};
    if (status == STORE_OK && call->packet_id) {
        struct kept_session *session = stage_session(call->name);
        session->qos2[session->qos2_count++] = call->packet_id;
    }
    call->motion(call->arg, &result);
}

void motion_verdict(bool session_old, uint64_t current_session, uint64_t too_old)
{
    the_store()->verdict = (struct store_motion_result){
        .session_old = session_old, .current_session = current_session, .too_old = too_old};
}

/* ---- answers ---- */

static void answer(struct call *call, enum store_status status)
{
    static void (*const by_kind[CALL_KINDS])(struct call * call, enum store_status status) = {
        [CALL_MOTION] = answer_motion,
        [CALL_ALERT] = stage_answer_alert,
        [CALL_WITNESS] = stage_answer_alert,
        [CALL_FLAG] = stage_answer_flag,
        [CALL_VERDICT] = stage_answer_verdict,
        [CALL_ACT] = stage_answer_status,
        [CALL_GEOCODES] = stage_answer_geocodes,
        [CALL_FOLLOWERS] = stage_answer_followers,
        [CALL_CELLS] = stage_answer_cells,
        [CALL_LOAD] = stage_answer_load,
        [CALL_PRINCIPAL] = stage_answer_principal,
        [CALL_DRILLED] = stage_answer_status,
        [CALL_INVITE] = stage_answer_status,
        [CALL_CODE] = stage_answer_code,
        [CALL_CODE_USE] = stage_answer_status,
        [CALL_OPEN] = stage_answer_open,
        [CALL_SAVE] = stage_answer_status,
        [CALL_WISHES] = stage_answer_status,
        [CALL_CLOSE] = stage_answer_status,
        [CALL_RELEASE] = stage_answer_status,
        [CALL_INBOX] = stage_answer_status,
        [CALL_FOOTAGE] = stage_answer_footage,
        [CALL_FOOTAGE_ANSWER] = stage_answer_status,
        [CALL_RESOLVE] = stage_answer_resolve,
        [CALL_TIP] = stage_answer_tip,
        [CALL_REWARD] = stage_answer_reward,
        [CALL_PUSH_COUNT] = stage_answer_push_count,
        [CALL_PUSH_PUT] = stage_answer_push_put,
        [CALL_PUSH_REMOVE] = stage_answer_push_remove,
        [CALL_PUSH_TAKE] = stage_answer_push_take,
        [CALL_PUSH_NEAR] = stage_answer_push_near,
        [CALL_PUSH_WANT] = stage_answer_status,
        [CALL_HOUSEHOLD] = stage_answer_household,
        [CALL_HOUSEHOLD_CHANGE] = stage_answer_status,
        [CALL_FORGET] = stage_answer_status,
        [CALL_EXPORT] = stage_answer_export,
        [CALL_DESK] = stage_answer_desk,
        [CALL_FOLLOW] = stage_answer_channel,
        [CALL_STATE] = stage_answer_channel,
        [CALL_READ] = stage_answer_page,
    };
    struct store *store = the_store();
    TAILQ_REMOVE(&store->waiting, call, in_waiting);
    if (store->next_status[call->kind]) {
        status = store->next_status[call->kind];
        store->next_status[call->kind] = STORE_OK;
    }
    by_kind[call->kind](call, status);
    stage_drop(&call->subscriptions);
    stage_drop(&call->cursors);
    stage_drop(&call->data);
    free(call);
}

/* Calls that are made meanwhile are answered next time: never within the turn that made them. */
bool stage_store_answer(struct store *store)
{
    struct call *call, *next, *last = TAILQ_LAST(&store->waiting, call_list);
    bool any = stage_footage_turn(), end = !last;
    for (call = TAILQ_FIRST(&store->waiting); !end; call = next) {
        next = TAILQ_NEXT(call, in_waiting);
        end = call == last;
        if (store->held[call->kind] || store->away)
            continue;
        answer(call, STORE_OK);
        any = true;
    }
    return any;
}

/* ---- the store itself ---- */

struct store *stage_store_new(const struct store_events *events)
{
    struct store *store = calloc(1, sizeof(*store));
    store->events = *events;
    store->generation = 100;
    store->published = stage_alerts_new();
    TAILQ_INIT(&store->waiting);
    return store;
}

void store_free(struct store *store)
{
    struct call *call;
    for (size_t i = 0; i < CALL_KINDS; i++)
        store->next_status[i] = STORE_OK;
    while ((call = TAILQ_FIRST(&store->waiting)))
        answer(call, STORE_GONE);
    stage_footage_free(store);
    stage_push_free(store);
    stage_sessions_free(store);
    stage_channels_free(store);
    stage_bodies_free(store);
    stage_geocodes_free(store);
    stage_principals_free(store);
    stage_households_free(store);
    stage_alerts_free(store->published);
    free(store);
}

void store_upkeep(struct store *store, int64_t now)
{
    (void)store;
    (void)now;
}

const struct store_counters *store_counters(const struct store *store)
{
    return &store->counters;
}

int64_t store_as_of(const struct store *store)
{
    return store->as_of ? store->as_of : stage_now();
}

void proves(int64_t as_of)
{
    the_store()->as_of = as_of;
}

const char *store_durability(const struct store *store)
{
    (void)store;
    return "always";
}

void store_flush(struct store *store)
{
    (void)store;
}

/* ---- what the story does with calls ---- */

void holds(enum call_kind kind)
{
    the_store()->held[kind] = true;
}

void lets_go(enum call_kind kind)
{
    the_store()->held[kind] = false;
}

void goes_away(bool away)
{
    the_store()->away = away;
    if (the_store()->events.available)
        the_store()->events.available(the_store()->events.arg, !away);
}

size_t waiting(enum call_kind kind)
{
    struct call *call;
    size_t count = 0;
    TAILQ_FOREACH(call, &the_store()->waiting, in_waiting)
    count += call->kind == kind;
    return count;
}

void answers(enum call_kind kind, size_t nth, enum store_status status)
{
    struct call *call;
    settle();
    TAILQ_FOREACH(call, &the_store()->waiting, in_waiting)
    {
        if (call->kind == kind && nth-- == 0)
            break;
    }
    if (!call)
        fail_msg("no such call waits");
    answer(call, status);
}

size_t calls(enum call_kind kind)
{
    return the_store()->calls[kind];
}

const char *last_call(enum call_kind kind)
{
    return the_store()->last[kind];
}

void was_called(enum call_kind kind, const char *pattern)
{
    settle();
    if (fnmatch(pattern, last_call(kind), 0) != 0)
        fail_msg("called: %s\nexpected: %s", last_call(kind), pattern);
}

void will_answer(enum call_kind kind, enum store_status status)
{
    the_store()->next_status[kind] = status;
}
