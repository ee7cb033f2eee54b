/* The store in memory: sessions, principals, channels and alerts as bridge/store.h promises them, each answer
 * when its time has come. */
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "tests/stories/stage.h"
#include "tests/stories/stage_alerts.h"

#include "geo/geo.h"
#include "proto/codec.h"

enum { MOST = 64, ENTRIES = 2048, NOTICES = 32, CURSOR_STORED = 21 };

struct call {
    TAILQ_ENTRY(call) in_waiting;
    enum call_kind kind;
    union {
        store_motion_done *motion;
        store_alert_done *alert;
        store_record_done *record;
        store_principal_done *principal;
        store_session_done *session;
        store_status_done *status;
        store_channel_done *channel;
        store_page_done *page;
        store_flag_done *flag;
        store_verdict_done *verdict;
        store_geocodes_done *geocodes;
        store_followers_done *followers;
    };
    struct store_alert_result alert_result;
    struct store_flag_result flag_result;
    struct store_verdict_result verdict_result;
    char codes[16][32]; /* of geocodes: "SAME 006037" */
    void *arg;
    char name[256]; /* session, principal, channel */
    char public_id[PUBLIC_ID + 1];
    uint32_t revision, expiry_s;
    bool clean;
    uint64_t generation;
    uint16_t packet_id;
    size_t count, most;
    struct position_in_channel after;
    struct bytes subscriptions, cursors, data; /* owned */
    char suffix[64];
};
TAILQ_HEAD(call_list, call);

struct kept_session {
    char name[256];
    bool present, closed;
    uint64_t generation;
    struct bytes subscriptions, cursors, wishes;
    uint16_t qos2[256];
    size_t qos2_count;
};

struct kept_principal {
    char name[128], household[65], place[13];
    int64_t tokens_after;
    bool revoked;
    struct principal_record trust; /* as the story told it */
};

struct kept_geocode {
    char code[32];
    struct bytes area;
};

struct kept_channel {
    char name[256];
    bool followed;
    uint32_t generation;
    struct position_in_channel head, low;
    size_t count;
    struct channel_entry entries[ENTRIES];
    size_t notice_count;
    struct alert_notice notices[NOTICES];
    struct channel_state taken; /* an answer that is on its way */
    struct alert_notice taken_notices[NOTICES];
};

struct kept_alert {
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
    bool in_force;
    struct beside beside;
    struct bytes body, area;
};

struct store {
    struct store_events events;
    struct call_list waiting;
    bool held[CALL_KINDS];
    size_t calls[CALL_KINDS];
    char last[CALL_KINDS][512];
    enum store_status next_status[CALL_KINDS];
    struct kept_session sessions[MOST];
    struct kept_principal principals[MOST];
    struct kept_channel *channels[MOST];
    struct kept_alert alerts[1024];
    size_t session_count, principal_count, channel_count, alert_count;
    struct stage_alerts *published;
    struct kept_geocode geocodes[8];
    size_t geocode_count;
    uint64_t followers;
    struct store_motion_result verdict;
    struct store_counters counters;
    uint64_t generation;
    int64_t as_of;
    bool away;
};

static struct store *the(void)
{
    return stage.store;
}

/* ---- memory ---- */

static struct bytes copy(struct bytes from)
{
    uint8_t *data = malloc(from.len + 1);
    if (from.len)
        memcpy(data, from.data, from.len);
    return (struct bytes){data, from.len};
}

static void drop(struct bytes *bytes)
{
    free((void *)bytes->data);
    *bytes = (struct bytes){0};
}

static void session_text(char out[256], struct session_name name)
{
    snprintf(out, 256, "%.*s/%.*s", (int)name.principal.len, name.principal.data, (int)name.client.len,
        name.client.data);
}

static struct kept_session *session_of(const char *name)
{
    struct store *store = the();
    for (size_t i = 0; i < store->session_count; i++) {
        if (strcmp(store->sessions[i].name, name) == 0)
            return &store->sessions[i];
    }
    assert_true(store->session_count < MOST);
    struct kept_session *session = &store->sessions[store->session_count++];
    snprintf(session->name, sizeof(session->name), "%s", name);
    return session;
}

static struct kept_principal *principal_of(struct text name)
{
    struct store *store = the();
    for (size_t i = 0; i < store->principal_count; i++) {
        if (text_equal(text_of(store->principals[i].name), name))
            return &store->principals[i];
    }
    return NULL;
}

static struct kept_channel *channel_of(struct text name)
{
    struct store *store = the();
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

static struct call *called(enum call_kind kind, void *arg, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void note_words(enum call_kind kind, const char *format, va_list arguments)
{
    vsnprintf(the()->last[kind], sizeof(the()->last[kind]), format, arguments);
    the()->calls[kind]++;
}

/* What asks for no answer. */
static void note(enum call_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(enum call_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note_words(kind, format, arguments);
    va_end(arguments);
}

static struct call *called(enum call_kind kind, void *arg, const char *format, ...)
{
    struct store *store = the();
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
        snprintf(numbers + strlen(numbers), sizeof(numbers) - strlen(numbers), "%s%llu", i ? "," : "",
            (unsigned long long)motion->events[i].seq);
    struct call *call = called(CALL_MOTION, arg, "%.*s %s %s session=%llu %s q2=%u", (int)motion->sender.len,
        motion->sender.data, motion->channel, motion->leaf, (unsigned long long)motion->session, numbers,
        motion->qos2_packet);
    call->motion = done;
    call->count = motion->count;
    call->packet_id = motion->qos2_packet;
    snprintf(call->name, sizeof(call->name), "%.*s/%.*s", (int)motion->sender.len, motion->sender.data,
        (int)motion->instance.len, motion->instance.data);
}

static struct call *called_alert(const struct store_alert *alert, const char *more, void *arg)
{
    return called(CALL_ALERT, arg, "act=%d channels=%zu references=%zu%s%s%s%s%s", alert->act,
        alert->channel_count, alert->reference_count, more, alert->agency ? " listed" : "",
        alert->approval ? " approval" : "", alert->document.len ? " document" : "",
        alert->only_known ? " only_known" : "");
}

void store_alert(struct store *store, const struct store_alert *alert, store_alert_done *done, void *arg)
{
    struct call *call = called_alert(alert, "", arg);
    call->alert = done;
    call->alert_result = stage_alert(store->published, alert);
}

void store_report(struct store *store, const struct store_report *report, store_alert_done *done, void *arg)
{
    char found[80] = " near=";
    snprintf(found, sizeof(found), " near=%zu regions=%zu", report->near_count, report->region_count);
    struct call *call = called_alert(&report->alert, found, arg);
    call->alert = done;
    call->alert_result = stage_report(store->published, report);
}

void store_witness(
    struct store *store, const struct store_witness *witness, store_alert_done *done, void *arg)
{
    struct call *call = called(CALL_WITNESS, arg, "%.*s enough=%u %.*s", (int)witness->household.len,
        witness->household.data, witness->enough, (int)witness->remark.len, witness->remark.data);
    call->alert = done;
    call->alert_result = stage_witness(store->published, witness);
}

void store_flag(struct store *store, const struct store_flag *flag, store_flag_done *done, void *arg)
{
    struct call *call = called(CALL_FLAG, arg, "%.*s %s enough=%u%s %.*s", (int)flag->household.len,
        flag->household.data, flag_reason_name(flag->reason), flag->enough, flag->appeal ? " appeal" : "",
        (int)flag->remark.len, flag->remark.data);
    call->flag = done;
    call->flag_result = stage_flag(store->published, flag);
}

void store_verdict(
    struct store *store, const struct store_verdict *verdict, store_verdict_done *done, void *arg)
{
    struct call *call = called(CALL_VERDICT, arg, "%s by %.*s %.*s: %.*s",
        verdict_decision_name(verdict->decision), (int)verdict->by.len, verdict->by.data,
        (int)verdict->officer.len, verdict->officer.data, (int)verdict->reason.len, verdict->reason.data);
    call->verdict = done;
    call->verdict_result = stage_verdict(store->published, verdict);
}

void store_act(struct store *store, const struct store_act *act, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_ACT, arg, "%s %.*s %.*s: %.*s: %.*s", act->what, (int)act->by.len,
        act->by.data, (int)act->officer.len, act->officer.data, (int)act->subject.len, act->subject.data,
        (int)act->reason.len, act->reason.data);
    call->status = done;
}

void store_geocodes(struct store *store, const struct store_geocode *asked, size_t count,
    store_geocodes_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_GEOCODES, arg, "%zu", count);
    assert_true(count <= sizeof(call->codes) / sizeof(call->codes[0]));
    call->geocodes = done;
    call->count = count;
    for (size_t i = 0; i < count; i++)
        snprintf(call->codes[i], sizeof(call->codes[i]), "%.*s %.*s", (int)asked[i].scheme.len,
            asked[i].scheme.data, (int)asked[i].code.len, asked[i].code.data);
}

void store_followers_tell(struct store *store, const struct store_follower_count *counts, size_t count)
{
    (void)store;
    char words[400] = "";
    for (size_t i = 0; i < count && i < 16; i++)
        snprintf(words + strlen(words), sizeof(words) - strlen(words), " %s=%u", counts[i].leaf,
            counts[i].followers);
    note(CALL_TELL, "%zu%s", count, words);
}

void store_followers(
    struct store *store, const char (*leaves)[13], size_t count, store_followers_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_FOLLOWERS, arg, "%zu from %s", count, count ? leaves[0] : "-");
    call->followers = done;
}

void store_alert_load(struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision,
    store_record_done *done, void *arg)
{
    (void)store;
    (void)sender_tag;
    struct call *call = called(CALL_LOAD, arg, "%c r%u", public_id[0], revision);
    call->record = done;
    call->revision = revision;
    memcpy(call->public_id, public_id, PUBLIC_ID);
}

void store_principal(struct store *store, struct text name, store_principal_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_PRINCIPAL, arg, "%.*s", (int)name.len, name.data);
    call->principal = done;
    memcpy(call->name, name.data, name.len);
}

void store_session_open(struct store *store, struct session_name name, bool clean, uint32_t expiry_s,
    store_session_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_OPEN, arg, "%.*s/%.*s clean=%d expiry=%u", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data, clean, expiry_s);
    call->session = done;
    call->clean = clean;
    call->expiry_s = expiry_s;
    session_text(call->name, name);
}

void store_session_save(struct store *store, struct session_name name, uint64_t generation,
    struct bytes subscriptions, struct bytes cursors, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_SAVE, arg, "%.*s/%.*s%s%s", (int)name.principal.len, name.principal.data,
        (int)name.client.len, name.client.data, subscriptions.data ? " subscriptions" : "",
        cursors.data ? " cursors" : "");
    call->status = done;
    call->generation = generation;
    if (subscriptions.data)
        call->subscriptions = copy(subscriptions);
    if (cursors.data)
        call->cursors = copy(cursors);
    session_text(call->name, name);
}

void store_session_wishes(struct store *store, struct session_name name, uint64_t generation,
    struct bytes wishes, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_WISHES, arg, "%.*s/%.*s", (int)name.principal.len, name.principal.data,
        (int)name.client.len, name.client.data);
    call->status = done;
    call->generation = generation;
    call->data = copy(wishes);
    session_text(call->name, name);
}

void store_session_close(struct store *store, struct session_name name, uint64_t generation,
    uint32_t expiry_s, struct bytes cursors, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_CLOSE, arg, "%.*s/%.*s expiry=%u", (int)name.principal.len,
        name.principal.data, (int)name.client.len, name.client.data, expiry_s);
    call->status = done;
    call->generation = generation;
    call->expiry_s = expiry_s;
    if (cursors.len)
        call->cursors = copy(cursors);
    session_text(call->name, name);
}

void store_qos2_release(struct store *store, struct session_name name, uint64_t generation,
    uint16_t packet_id, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_RELEASE, arg, "%u", packet_id);
    call->status = done;
    call->generation = generation;
    call->packet_id = packet_id;
    session_text(call->name, name);
}

void store_inbox(struct store *store, struct session_name name, struct text topic_suffix,
    struct bytes payload, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call =
        called(CALL_INBOX, arg, "%.*s/%.*s %.*s", (int)name.principal.len, name.principal.data,
            (int)name.client.len, name.client.data, (int)topic_suffix.len, topic_suffix.data);
    call->status = done;
    call->data = copy(payload);
    snprintf(call->suffix, sizeof(call->suffix), "%.*s", (int)topic_suffix.len, topic_suffix.data);
    session_text(call->name, name);
}

void store_follow(struct store *store, struct text channel, store_channel_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_FOLLOW, arg, "%.*s", (int)channel.len, channel.data);
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
    struct call *call = called(CALL_STATE, arg, "%.*s", (int)channel.len, channel.data);
    call->channel = done;
    memcpy(call->name, channel.data, channel.len);
}

void store_channel_read(struct store *store, struct text channel, struct position_in_channel after,
    size_t most, store_page_done *done, void *arg)
{
    (void)store;
    struct call *call = called(CALL_READ, arg, "%.*s after %llu-%u.%u most %zu", (int)channel.len,
        channel.data, (unsigned long long)after.ms, after.seq, after.index, most);
    call->page = done;
    call->after = after;
    call->most = most;
    memcpy(call->name, channel.data, channel.len);
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
    return store->as_of;
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

int position_compare(struct position_in_channel a, struct position_in_channel b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return a.index == b.index ? 0 : a.index < b.index ? -1 : 1;
}

/* ---- answers ---- */

static void answer_motion(struct call *call, enum store_status status)
{
    struct store_motion_result result = the()->verdict;
    result.status = status;
    the()->verdict = (struct store_motion_result){0};
    if (status == STORE_OK && call->packet_id) {
        struct kept_session *session = session_of(call->name);
        session->qos2[session->qos2_count++] = call->packet_id;
    }
    call->motion(call->arg, &result);
}

static void answer_alert(struct call *call, enum store_status status)
{
    struct store_alert_result result = call->alert_result;
    if (status == STORE_LIMITED)
        result.retry_after_ms = 90500;
    if (status != STORE_OK)
        result.status = status;
    call->alert(call->arg, &result);
}

static void answer_flag(struct call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->flag_result = (struct store_flag_result){.status = status};
    call->flag(call->arg, &call->flag_result);
}

static void answer_verdict(struct call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->verdict_result = (struct store_verdict_result){.status = status};
    call->verdict(call->arg, &call->verdict_result);
}

static void answer_geocodes(struct call *call, enum store_status status)
{
    struct store *store = the();
    struct bytes areas[16] = {{0}};
    struct store_geocodes found = {status, status == STORE_OK ? call->count : 0, areas};
    for (size_t i = 0; i < found.count; i++) {
        for (size_t n = 0; n < store->geocode_count; n++) {
            if (strcmp(store->geocodes[n].code, call->codes[i]) == 0)
                areas[i] = store->geocodes[n].area;
        }
    }
    call->geocodes(call->arg, &found);
}

static void answer_followers(struct call *call, enum store_status status)
{
    call->followers(call->arg, status, status == STORE_OK ? the()->followers : 0);
}

static void answer_load(struct call *call, enum store_status status)
{
    struct store *store = the();
    struct store_alert_record record = {.status = STORE_NOT_FOUND, .revision = call->revision};
    struct bytes areas[128];
    memcpy(record.public_id, call->public_id, sizeof(record.public_id));
    for (size_t i = 0; i < store->alert_count; i++) {
        const struct kept_alert *alert = &store->alerts[i];
        if (strcmp(alert->public_id, call->public_id) != 0)
            continue;
        if (alert->revision < call->revision && record.area_count < 128)
            areas[record.area_count++] = alert->area;
        if (alert->revision == call->revision) {
            record.status = STORE_OK;
            record.in_force = alert->in_force;
            record.body = alert->body;
            record.truth = alert->beside.truth;
            record.severity = alert->beside.severity;
            record.merged = alert->beside.merged;
            record.has_document = alert->beside.has_document;
            record.held = alert->beside.held;
            record.removed = alert->beside.removed;
        }
    }
    if (record.status == STORE_NOT_FOUND)
        stage_record(store->published, call->public_id, &record);
    record.areas = areas;
    if (status != STORE_OK)
        record = (struct store_alert_record){.status = status};
    call->record(call->arg, &record);
}

static struct principal_record principal_answer(struct text name, enum store_status status)
{
    const struct kept_principal *principal = principal_of(name);
    if (status != STORE_OK || !principal)
        return (struct principal_record){.status = status != STORE_OK ? status : STORE_NOT_FOUND};
    struct principal_record record = principal->trust;
    record.status = principal->revoked ? STORE_REVOKED : STORE_OK;
    record.household = text_of(principal->household);
    record.number = 7;
    record.share = UINT32_MAX;
    record.tokens_after = principal->tokens_after;
    memcpy(record.place, principal->place, sizeof(record.place));
    return record;
}

static void answer_open(struct call *call, enum store_status status)
{
    const char *slash = strchr(strchr(call->name, '/') + 1, '/');
    struct session_record record = {.status = status};
    struct kept_session *session = session_of(call->name);
    record.principal = principal_answer((struct text){call->name, (size_t)(slash - call->name)}, status);
    if (record.status == STORE_OK)
        record.status = record.principal.status;
    if (record.status == STORE_OK) {
        if (call->clean || !session->present) {
            drop(&session->subscriptions);
            drop(&session->cursors);
            drop(&session->wishes);
            session->qos2_count = 0;
        } else {
            record.present = true;
            record.closed = session->closed;
        }
        session->present = true;
        session->closed = false;
        record.generation = session->generation = ++the()->generation;
        record.subscriptions = session->subscriptions;
        record.cursors = session->cursors;
        record.wishes = session->wishes;
        record.qos2 = session->qos2;
        record.qos2_count = session->qos2_count;
    }
    call->session(call->arg, &record);
}

static void keep_cursors(struct kept_session *session, struct call *call)
{
    if (call->cursors.data) {
        drop(&session->cursors);
        session->cursors = call->cursors;
        call->cursors = (struct bytes){0};
    }
}

static enum store_status session_written(struct call *call)
{
    struct kept_session *session = session_of(call->name);
    if (session->generation != call->generation)
        return STORE_FENCED;
    if (call->kind == CALL_CLOSE && call->cursors.data)
        session->closed = true;
    keep_cursors(session, call);
    if (call->subscriptions.data) {
        drop(&session->subscriptions);
        session->subscriptions = call->subscriptions;
        call->subscriptions = (struct bytes){0};
    }
    if (call->kind == CALL_WISHES) {
        drop(&session->wishes);
        session->wishes = call->data;
        call->data = (struct bytes){0};
    }
    if (call->kind == CALL_CLOSE && call->expiry_s == 0)
        session->present = false;
    for (size_t i = 0; call->kind == CALL_RELEASE && i < session->qos2_count; i++) {
        if (session->qos2[i] == call->packet_id)
            session->qos2[i--] = session->qos2[--session->qos2_count];
    }
    return STORE_OK;
}

static void answer_status(struct call *call, enum store_status status)
{
    if (status == STORE_OK && call->kind == CALL_INBOX)
        inbox_gets(call->name, call->suffix, call->data);
    else if (status == STORE_OK)
        status = session_written(call);
    if (call->status)
        call->status(call->arg, status);
}

static void answer_channel(struct call *call, enum store_status status)
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

static void answer_page(struct call *call, enum store_status status)
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

static void answer(struct call *call, enum store_status status)
{
    static void (*const by_kind[CALL_KINDS])(struct call * call, enum store_status status) = {
        [CALL_MOTION] = answer_motion,
        [CALL_ALERT] = answer_alert,
        [CALL_WITNESS] = answer_alert,
        [CALL_FLAG] = answer_flag,
        [CALL_VERDICT] = answer_verdict,
        [CALL_ACT] = answer_status,
        [CALL_GEOCODES] = answer_geocodes,
        [CALL_FOLLOWERS] = answer_followers,
        [CALL_LOAD] = answer_load,
        [CALL_OPEN] = answer_open,
        [CALL_SAVE] = answer_status,
        [CALL_WISHES] = answer_status,
        [CALL_CLOSE] = answer_status,
        [CALL_RELEASE] = answer_status,
        [CALL_INBOX] = answer_status,
        [CALL_FOLLOW] = answer_channel,
        [CALL_STATE] = answer_channel,
        [CALL_READ] = answer_page,
    };
    struct store *store = the();
    TAILQ_REMOVE(&store->waiting, call, in_waiting);
    if (store->next_status[call->kind]) {
        status = store->next_status[call->kind];
        store->next_status[call->kind] = STORE_OK;
    }
    if (call->kind == CALL_PRINCIPAL) {
        struct principal_record record = principal_answer(text_of(call->name), status);
        call->principal(call->arg, &record);
    } else {
        by_kind[call->kind](call, status);
    }
    drop(&call->subscriptions);
    drop(&call->cursors);
    drop(&call->data);
    free(call);
}

/* Calls that are made meanwhile are answered next time: never within the turn that made them. */
bool stage_store_answer(struct store *store)
{
    struct call *call, *next, *last = TAILQ_LAST(&store->waiting, call_list);
    bool any = false, end = !last;
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

/* ---- what the story does with calls ---- */

struct store *stage_store_new(const struct store_events *events)
{
    struct store *store = calloc(1, sizeof(*store));
    store->events = *events;
    store->generation = 100;
    store->as_of = stage_now();
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
    for (size_t i = 0; i < store->session_count; i++) {
        drop(&store->sessions[i].subscriptions);
        drop(&store->sessions[i].cursors);
        drop(&store->sessions[i].wishes);
    }
    for (size_t i = 0; i < store->channel_count; i++) {
        for (size_t n = 0; n < store->channels[i]->count; n++)
            drop(&store->channels[i]->entries[n].data);
        free(store->channels[i]);
    }
    for (size_t i = 0; i < store->alert_count; i++) {
        drop(&store->alerts[i].body);
        drop(&store->alerts[i].area);
    }
    for (size_t i = 0; i < store->geocode_count; i++)
        drop(&store->geocodes[i].area);
    for (size_t i = 0; i < store->principal_count; i++)
        drop(&store->principals[i].trust.jurisdiction);
    stage_alerts_free(store->published);
    free(store);
}

void holds(enum call_kind kind)
{
    the()->held[kind] = true;
}

void lets_go(enum call_kind kind)
{
    the()->held[kind] = false;
}

void goes_away(bool away)
{
    the()->away = away;
    if (the()->events.available)
        the()->events.available(the()->events.arg, !away);
}

size_t waiting(enum call_kind kind)
{
    struct call *call;
    size_t count = 0;
    TAILQ_FOREACH(call, &the()->waiting, in_waiting)
    count += call->kind == kind;
    return count;
}

void answers(enum call_kind kind, size_t nth, enum store_status status)
{
    struct call *call;
    settle();
    TAILQ_FOREACH(call, &the()->waiting, in_waiting)
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
    return the()->calls[kind];
}

const char *last_call(enum call_kind kind)
{
    return the()->last[kind];
}

void was_called(enum call_kind kind, const char *pattern)
{
    settle();
    if (fnmatch(pattern, last_call(kind), 0) != 0)
        fail_msg("called: %s\nexpected: %s", last_call(kind), pattern);
}

void will_answer(enum call_kind kind, enum store_status status)
{
    the()->next_status[kind] = status;
}

/* ---- what the story puts into the store ---- */

static void tell_principal(const char *name)
{
    if (the()->events.principal_changed)
        the()->events.principal_changed(the()->events.arg, text_of(name));
}

void enrolled(const char *name, const char *household, const char *place)
{
    struct store *store = the();
    struct kept_principal *principal = principal_of(text_of(name));
    if (!principal) {
        assert_true(store->principal_count < MOST);
        principal = &store->principals[store->principal_count++];
    }
    snprintf(principal->name, sizeof(principal->name), "%s", name);
    snprintf(principal->household, sizeof(principal->household), "%s", household);
    snprintf(principal->place, sizeof(principal->place), "%s", place);
    principal->revoked = false;
    tell_principal(name);
}

void trusted(const char *name, struct principal_record with)
{
    struct principal_record *trust = &principal_of(text_of(name))->trust;
    with.jurisdiction = with.jurisdiction.len ? copy(with.jurisdiction) : with.jurisdiction;
    drop(&trust->jurisdiction);
    *trust = with;
    tell_principal(name);
}

/* The box around cells of one row, or one cell, as polygons are kept. */
static struct bytes box_of(const char *cell_name)
{
    struct arena arena;
    geo_cell cell;
    assert_int_equal(geo_parse(cell_name, strlen(cell_name), &cell), GEO_OK);
    struct geo_box box = geo_bounds(cell);
    int32_t south = (int32_t)lround(box.south * 1e7), north = (int32_t)lround(box.north * 1e7),
            west = (int32_t)lround(box.west * 1e7), east = (int32_t)lround(box.east * 1e7);
    struct position corners[] = {{south, west}, {south, east}, {north, east}, {north, west}, {south, west}};
    struct ring ring = {5, corners};
    struct polygon polygon = {1, &ring};
    struct place place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon};
    arena_init(&arena, NULL, 0);
    struct bytes bytes = copy(codec_encode_polygons(&place, &arena));
    arena_free(&arena);
    return bytes;
}

void trusted_within(const char *name, const char *cell, struct principal_record with)
{
    with.jurisdiction = box_of(cell);
    trusted(name, with);
    drop(&with.jurisdiction);
}

void geocode_is(const char *code, const char *cell)
{
    struct store *store = the();
    assert_true(store->geocode_count < sizeof(store->geocodes) / sizeof(store->geocodes[0]));
    struct kept_geocode *geocode = &store->geocodes[store->geocode_count++];
    snprintf(geocode->code, sizeof(geocode->code), "%s", code);
    geocode->area = box_of(cell);
}

void followers_are(uint64_t followers)
{
    the()->followers = followers;
}

void revoked(const char *name)
{
    principal_of(text_of(name))->revoked = true;
    tell_principal(name);
}

void revoked_untold(const char *name)
{
    principal_of(text_of(name))->revoked = true;
}

void tokens_withdrawn(const char *name, int64_t before)
{
    principal_of(text_of(name))->tokens_after = before;
    tell_principal(name);
}

void motion_verdict(bool session_old, uint64_t current_session, uint64_t too_old)
{
    the()->verdict = (struct store_motion_result){
        .session_old = session_old, .current_session = current_session, .too_old = too_old};
}

static void public_id(char id, char out[PUBLIC_ID + 1])
{
    memset(out, id, PUBLIC_ID);
    out[PUBLIC_ID] = 0;
}

static struct bytes encoded(const struct alert *alert)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes bytes = copy(codec_encode_alert(ENCODING_PROTOBUF, alert, &arena));
    arena_free(&arena);
    return bytes;
}

struct position centre_of(const char *leaf)
{
    geo_cell cell;
    assert_int_equal(geo_parse(leaf, strlen(leaf), &cell), GEO_OK);
    struct geo_point center = geo_center(cell);
    return (struct position){(int32_t)(center.lat * 1e7), (int32_t)(center.lon * 1e7)};
}

void alert_says(char id, uint32_t revision, const struct alert *alert, struct beside beside, bool in_force)
{
    struct store *store = the();
    struct kept_alert *kept = &store->alerts[store->alert_count++];
    assert_true(store->alert_count <= sizeof(store->alerts) / sizeof(store->alerts[0]));
    public_id(id, kept->public_id);
    kept->revision = revision;
    kept->in_force = in_force;
    kept->beside = beside;
    kept->body = encoded(alert);
    kept->area = encoded(&(struct alert){.category = alert->category,
        .sender_kind = alert->sender_kind,
        .status = alert->status,
        .place = alert->place});
}

void alert_is(
    char id, uint32_t revision, enum category category, const char *leaf, uint32_t radius_m, bool in_force)
{
    struct alert alert = {.category = (uint8_t)category,
        .sender_kind = SENDER_USER,
        .headline = TEXT("something happened"),
        .effective = stage_now(),
        .expires = stage_now() + 3600000,
        .place = {
            .kind = radius_m ? PLACE_CIRCLE : PLACE_POINT, .center = centre_of(leaf), .radius_m = radius_m}};
    alert_says(id, revision, &alert, (struct beside){0}, in_force);
}

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
    if (channel->followed && the()->events.entry)
        the()->events.entry(the()->events.arg, text_of(channel->name), entry);
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
    public_id(id, entry->alert.public_id);
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
    the()->events.seam(the()->events.arg, text_of(channel->name), channel->head);
}

void first_trimmed(const char *cell, size_t entries)
{
    struct kept_channel *channel = feed_channel(cell);
    for (size_t i = 0; i < entries; i++)
        drop(&channel->entries[i].data);
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
        drop(&channel->entries[--channel->count].data);
    channel->head =
        channel->count ? channel->entries[channel->count - 1].position : (struct position_in_channel){0};
    channel->generation++;
}

void inbox_gets(const char *session, const char *suffix, struct bytes payload)
{
    char name[300];
    snprintf(name, sizeof(name), "i:%s", session);
    struct kept_channel *channel = channel_of(text_of(name));
    if (channel->count == ENTRIES) {
        drop(&channel->entries[0].data);
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

void opened_elsewhere(const char *name, bool told)
{
    struct kept_session *session = session_of(name);
    session->generation = ++the()->generation;
    const char *client = strchr(strchr(name, '/') + 1, '/') + 1;
    struct session_name who = {{name, (size_t)(client - name) - 1}, text_of(client)};
    if (told)
        the()->events.taken_over(the()->events.arg, who, session->generation);
}

void opening_answers_turn_round(void)
{
    /* Both have been opened, the second one last; only the answers come the other way round. */
    struct call *call;
    uint64_t generations[2] = {the()->generation + 1, the()->generation + 2};
    char name[256];
    settle();
    TAILQ_FOREACH(call, &the()->waiting, in_waiting)
    {
        if (call->kind == CALL_OPEN)
            break;
    }
    assert_non_null(call);
    memcpy(name, call->name, sizeof(name));
    the()->generation = generations[0];
    answers(CALL_OPEN, 1, STORE_OK);
    the()->generation = generations[0] - 1;
    answers(CALL_OPEN, 0, STORE_OK);
    session_of(name)->generation = generations[1];
    the()->generation = generations[1];
}

bool has_wishes(const char *session)
{
    settle();
    return session_of(session)->wishes.len > 0;
}

void sessions_forgotten(void)
{
    settle();
    for (size_t i = 0; i < the()->session_count; i++) {
        drop(&the()->sessions[i].subscriptions);
        drop(&the()->sessions[i].cursors);
        drop(&the()->sessions[i].wishes);
        the()->sessions[i] = (struct kept_session){0};
    }
    the()->session_count = 0;
}

static uint64_t number(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

const char *stored_cursor(const char *name, const char *cell)
{
    static char words[64];
    const struct kept_session *session = session_of(name);
    const uint8_t *at = session->cursors.data, *end = at + session->cursors.len;
    char channel[32];
    snprintf(channel, sizeof(channel), "c:%s", cell);
    settle();
    at = session->cursors.data;
    end = at + session->cursors.len;
    for (at += session->cursors.len > 0; at < end && at[0]; at += 1 + at[0] + CURSOR_STORED) {
        if (!text_equal((struct text){(const char *)at + 1, at[0]}, text_of(channel)))
            continue;
        const uint8_t *tail = at + 1 + at[0];
        snprintf(words, sizeof(words), "%llu-%llu.%llu", (unsigned long long)number(tail, 8),
            (unsigned long long)number(tail + 8, 4), (unsigned long long)number(tail + 12, 4));
        return words;
    }
    return "none";
}

struct position_in_channel head_of(const char *cell)
{
    return feed_channel(cell)->head;
}

bool is_followed(const char *cell)
{
    return feed_channel(cell)->followed;
}

void proves(int64_t as_of)
{
    the()->as_of = as_of;
}
