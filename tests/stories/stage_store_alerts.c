/* The scripted store's alerts: what is published goes on to stage_alerts.c; what a story says that there is,
 * is kept here, a body a revision. */
#include "bridge/store_record.h"
#include "tests/stories/stage_store_inside.h"

#include "geo/geo.h"
#include "proto/codec.h"

/* ---- calls ---- */

static struct call *called_alert(const struct store_alert *alert, const char *more, void *arg)
{
    return stage_called(CALL_ALERT, arg, "act=%d channels=%zu references=%zu%s%s%s%s%s", alert->act,
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
    struct call *call = stage_called(CALL_WITNESS, arg, "%.*s enough=%u %.*s", (int)witness->household.len,
        witness->household.data, witness->enough, (int)witness->remark.len, witness->remark.data);
    call->alert = done;
    call->alert_result = stage_witness(store->published, witness);
}

void store_flag(struct store *store, const struct store_flag *flag, store_flag_done *done, void *arg)
{
    struct call *call = stage_called(CALL_FLAG, arg, "%.*s %s enough=%u%s %.*s", (int)flag->household.len,
        flag->household.data, flag_reason_name(flag->reason), flag->enough, flag->appeal ? " appeal" : "",
        (int)flag->remark.len, flag->remark.data);
    call->flag = done;
    call->flag_result = stage_flag(store->published, flag);
}

void store_verdict(
    struct store *store, const struct store_verdict *verdict, store_verdict_done *done, void *arg)
{
    struct call *call = stage_called(CALL_VERDICT, arg, "%s by %.*s %.*s: %.*s",
        verdict_decision_name(verdict->decision), (int)verdict->by.len, verdict->by.data,
        (int)verdict->officer.len, verdict->officer.data, (int)verdict->reason.len, verdict->reason.data);
    call->verdict = done;
    call->verdict_result = stage_verdict(store->published, verdict);
}

void store_act(struct store *store, const struct store_act *act, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_ACT, arg, "%s %.*s %.*s: %.*s: %.*s, in public: %.*s", act->what,
        (int)act->by.len, act->by.data, (int)act->officer.len, act->officer.data, (int)act->subject.len,
        act->subject.data, (int)act->reason.len, act->reason.data, (int)act->text.len, act->text.data);
    call->status = done;
}

void store_alert_load(struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision,
    store_record_done *done, void *arg)
{
    (void)store;
    (void)sender_tag;
    struct call *call = stage_called(CALL_LOAD, arg, "%c r%u", public_id[0], revision);
    call->record = done;
    call->revision = revision;
    memcpy(call->public_id, public_id, PUBLIC_ID);
}

/* For whoever traces an alert: no story depends on it. */
void store_alert_delivered(
    struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision, uint32_t deliveries)
{
    (void)store;
    (void)sender_tag;
    (void)public_id;
    (void)revision;
    (void)deliveries;
}

/* ---- answers ---- */

void stage_answer_alert(struct call *call, enum store_status status)
{
    struct store_alert_result result = call->alert_result;
    if (status == STORE_LIMITED)
        result.retry_after_ms = 90500;
    if (status != STORE_OK)
        result.status = status;
    call->alert(call->arg, &result);
}

void stage_answer_flag(struct call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->flag_result = (struct store_flag_result){.status = status};
    call->flag(call->arg, &call->flag_result);
}

void stage_answer_verdict(struct call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->verdict_result = (struct store_verdict_result){.status = status};
    call->verdict(call->arg, &call->verdict_result);
}

void stage_answer_load(struct call *call, enum store_status status)
{
    struct store *store = the_store();
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

/* ---- what the story says that there is ---- */

void stage_public_id(char id, char out[PUBLIC_ID + 1])
{
    memset(out, id, PUBLIC_ID);
    out[PUBLIC_ID] = 0;
}

static struct bytes encoded(const struct alert *alert)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes bytes = stage_copy(codec_encode_alert(ENCODING_PROTOBUF, alert, &arena));
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
    struct store *store = the_store();
    struct kept_alert *kept = &store->alerts[store->alert_count++];
    assert_true(store->alert_count <= sizeof(store->alerts) / sizeof(store->alerts[0]));
    stage_public_id(id, kept->public_id);
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

void stage_bodies_free(struct store *store)
{
    for (size_t i = 0; i < store->alert_count; i++) {
        stage_drop(&store->alerts[i].body);
        stage_drop(&store->alerts[i].area);
    }
}
