/* The scripted store's push subscriptions and notices: kept as the real one keeps them, without seals; which
 * alerts are due is said by the story. */
#include "tests/stories/stage_push.h"

#include "bridge/store_push.h"
#include "tests/stories/stage_store_inside.h"

enum { SUBSCRIPTIONS = 8, DUE = 16 };

struct kept_notice {
    char public_id[PUBLIC_ID + 1];
    uint32_t wanted, told; /* 0: none */
    unsigned tries;
    char said[PUBLIC_ID + 1];
    int64_t due;
};
struct kept_push {
    char id[PUBLIC_ID + 1];
    struct bytes record;
    struct kept_notice notices[DUE];
    size_t notice_count;
};
struct stage_push {
    struct kept_push list[SUBSCRIPTIONS];
    size_t count;
    struct alert_notice due[DUE];
    size_t due_count;
};

static struct stage_push *kept(void)
{
    struct store *store = the_store();
    if (!store->push)
        store->push = calloc(1, sizeof *store->push);
    return store->push;
}

static struct kept_push *find(const char *id)
{
    for (size_t i = 0; i < kept()->count; i++)
        if (strcmp(kept()->list[i].id, id) == 0)
            return &kept()->list[i];
    return NULL;
}

static struct kept_notice *notice_of(struct kept_push *push, const char *public_id)
{
    for (size_t i = 0; i < push->notice_count; i++)
        if (strcmp(push->notices[i].public_id, public_id) == 0)
            return &push->notices[i];
    assert_true(push->notice_count < DUE);
    struct kept_notice *notice = &push->notices[push->notice_count++];
    *notice = (struct kept_notice){0};
    strcpy(notice->public_id, public_id);
    return notice;
}

size_t push_subscriptions(void)
{
    return kept()->count;
}

void push_due(char id, uint32_t revision)
{
    struct alert_notice *notice = &kept()->due[kept()->due_count++];
    *notice = (struct alert_notice){.revision = revision};
    stage_public_id(id, notice->public_id);
}

void stage_push_free(struct store *store)
{
    for (size_t i = 0; store->push && i < store->push->count; i++)
        stage_drop(&store->push->list[i].record);
    free(store->push);
    store->push = NULL;
}

/* ---- what a resident says ---- */

void store_push_count(
    struct store *store, struct text who, uint32_t most, store_push_count_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_PUSH_COUNT, arg, "%.*s at most %u", (int)who.len, who.data, most);
    call->push_count = done;
}

void stage_answer_push_count(struct call *call, enum store_status status)
{
    call->push_count(call->arg, status, status == STORE_LIMITED ? 90500 : 0);
}

void store_push_put(struct store *store, const struct store_push *push, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call =
        stage_called(CALL_PUSH_PUT, arg, "channels=%zu days=%lld most=%llu", push->channel_count,
            (long long)((push->until - push->now) / 86400000), (unsigned long long)push->most);
    call->status = done;
    call->data = stage_copy(push->record);
    strcpy(call->public_id, push->id);
}

void stage_answer_push_put(struct call *call, enum store_status status)
{
    struct kept_push *push = find(call->public_id);
    if (status == STORE_OK && !push) {
        push = &kept()->list[kept()->count++];
        *push = (struct kept_push){0};
        strcpy(push->id, call->public_id);
    }
    if (status == STORE_OK) {
        stage_drop(&push->record);
        push->record = stage_copy(call->data);
    }
    call->status(call->arg, status);
}

void store_push_remove(struct store *store, const char *id, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_PUSH_REMOVE, arg, "%s", find(id) ? "known" : "unknown");
    call->status = done;
    strcpy(call->public_id, id);
}

void stage_answer_push_remove(struct call *call, enum store_status status)
{
    struct kept_push *push = find(call->public_id);
    if (push) {
        stage_drop(&push->record);
        *push = kept()->list[--kept()->count];
    }
    if (call->status)
        call->status(call->arg, status);
}

/* ---- what is to be sent ---- */

void store_push_take(struct store *store, int64_t now, int64_t lease_ms, size_t room, bool alerts,
    store_push_work_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_PUSH_TAKE, arg, "room=%zu%s", room, alerts ? " alerts" : "");
    call->push_work = done;
    call->count = room;
    call->clean = alerts;
    call->generation = (uint64_t)(now + lease_ms);
}

void stage_answer_push_take(struct call *call, enum store_status status)
{
    static const char here[1][13] = {HERE};
    struct store_push_alert alerts[DUE];
    struct store_push_notice notices[SUBSCRIPTIONS * DUE];
    struct store_push_work work = {
        .status = status, .mine = status == STORE_OK, .alerts = alerts, .notices = notices};
    while (work.mine && call->clean && kept()->due_count)
        alerts[work.alert_count++] = (struct store_push_alert){kept()->due[--kept()->due_count], 1, here};
    for (size_t i = 0; work.mine && i < kept()->count; i++) {
        struct kept_push *push = &kept()->list[i];
        for (size_t n = 0; n < push->notice_count && work.notice_count < call->count; n++) {
            struct kept_notice *notice = &push->notices[n];
            if (!notice->wanted || notice->due > stage_now())
                continue;
            notice->due = (int64_t)call->generation;
            struct store_push_notice *out = &notices[work.notice_count++];
            *out = (struct store_push_notice){.id = push->id,
                .record = push->record,
                .revision = notice->wanted,
                .told = notice->told,
                .tries = notice->tries};
            strcpy(out->public_id, notice->public_id);
            strcpy(out->said, notice->said);
        }
    }
    call->push_work(call->arg, &work);
}

void store_push_near(
    struct store *store, const char *channel, const char *after, store_push_near_done *done, void *arg)
{
    (void)store;
    stage_called(CALL_PUSH_NEAR, arg, "%s %s", channel, after)->push_near = done;
}

void stage_answer_push_near(struct call *call, enum store_status status)
{
    struct store_push_found found[SUBSCRIPTIONS];
    struct store_push_near near = {.status = status, .found = found};
    for (size_t i = 0; status == STORE_OK && i < kept()->count; i++) {
        strcpy(found[near.count].id, kept()->list[i].id);
        found[near.count++].record = kept()->list[i].record;
    }
    call->push_near(call->arg, &near);
}

void store_push_want(struct store *store, const char *id, const char *public_id, uint32_t revision,
    bool concerns, int64_t now, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call =
        stage_called(CALL_PUSH_WANT, arg, "%c r%u%s", public_id[0], revision, concerns ? "" : " not");
    call->status = done;
    struct kept_push *push = find(id);
    struct kept_notice *notice = push ? notice_of(push, public_id) : NULL;
    if (!notice || notice->told >= revision)
        return;
    if (concerns || notice->told) {
        notice->due = notice->wanted ? notice->due : now;
        notice->wanted = revision;
    } else {
        notice->wanted = 0;
    }
}

void store_push_looked(struct store *store, const struct alert_notice *alert, int64_t now)
{
    (void)store;
    (void)now;
    stage_note(CALL_PUSH_LOOKED, "%c r%u", alert->public_id[0], alert->revision);
}

void store_push_finish(struct store *store, const struct store_push_notice *notice, uint32_t revision,
    enum store_push_end end, const char *said, int64_t now)
{
    static const char *const ends[] = {"told", "ended", "left"};
    (void)store;
    stage_note(CALL_PUSH_FINISH, "%c r%u %s", notice->public_id[0], revision, ends[end]);
    struct kept_push *push = find(notice->id);
    if (!push)
        return;
    struct kept_notice *kept_one = notice_of(push, notice->public_id);
    if (end != STORE_PUSH_LEFT)
        kept_one->told = end == STORE_PUSH_TOLD ? revision : 0;
    if (end == STORE_PUSH_TOLD)
        strcpy(kept_one->said, said);
    kept_one->tries = 0;
    kept_one->due = now;
    if (kept_one->wanted <= revision)
        kept_one->wanted = 0;
}

void store_push_later(struct store *store, const struct store_push_notice *notice, int64_t at)
{
    (void)store;
    stage_note(CALL_PUSH_LATER, "%c in %lld ms", notice->public_id[0], (long long)(at - stage_now()));
    struct kept_notice *kept_one = notice_of(find(notice->id), notice->public_id);
    kept_one->due = at;
    kept_one->tries++;
}
