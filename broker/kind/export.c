/* A resident is handed what is held about the household, a part at a time, on the sender's inbox. */
#include "bridge/store_export.h"
#include "broker/kind/motion_record.h"
#include "broker/kind/question.h"
#include "broker/session/connection_state.h"
#include "broker/session/info.h"

static const struct text default_suffix = {"reply/export", sizeof "reply/export" - 1};

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "an export is protobuf or JSON");
    if (!codec_decode_export_query(publication->encoding, publication->payload, &publication->arena,
            &publication->export_query, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    if (!publication->principal->household[0])
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "household", "the sender belongs to no household");
    return question_check(publication, default_suffix);
}

/* ---- the part ---- */

static struct text device_of(const struct store_export *page, uint16_t number)
{
    for (size_t i = 0; i < page->device_count; i++)
        if (page->devices[i].number == number)
            return page->devices[i].id;
    return TEXT("");
}

static size_t count_records(const struct store_export *page)
{
    size_t count = 0;
    for (size_t i = 0; i < page->event_count; i++) {
        const struct bytes records = page->events[i].records;
        for (size_t at = 0; at < records.len; at += 1 + (size_t)records.data[at])
            count++;
    }
    return count;
}

static void add_event(const struct publication *publication, const struct store_export *page, int64_t stored,
    struct bytes record, struct export_part *part)
{
    const struct export_query *query = &publication->export_query;
    struct held_event *held = &part->events[part->event_count];
    uint16_t number;

    if (!motion_record_read(record, &held->event, &number) || held->event.at < query->from ||
        (query->to && held->event.at > query->to))
        return;
    held->event.device = device_of(page, number);
    held->stored = stored;
    part->event_count++;
}

static void add_events(
    struct publication *publication, const struct store_export *page, struct export_part *part)
{
    part->events = arena_alloc(&publication->arena, count_records(page) * sizeof *part->events);
    for (size_t i = 0; i < page->event_count; i++) {
        struct bytes rest = page->events[i].records;
        while (rest.len && rest.data[0] < rest.len) {
            struct bytes record = {rest.data + 1, rest.data[0]};
            add_event(publication, page, page->events[i].stored, record, part);
            rest = (struct bytes){rest.data + 1 + record.len, rest.len - 1 - record.len};
        }
    }
}

/* What cannot be read as an alert is handed out as it is. */
static void add_alerts(
    struct publication *publication, const struct store_export *page, struct export_part *part)
{
    struct refusal refusal;

    part->alerts = arena_alloc(&publication->arena, page->alert_count * sizeof *part->alerts);
    part->notes =
        arena_alloc(&publication->arena, (page->note_count + page->alert_count) * sizeof *part->notes);
    part->note_count = page->note_count;
    if (page->note_count)
        memcpy(part->notes, page->notes, page->note_count * sizeof *part->notes);
    for (size_t i = 0; i < page->alert_count; i++) {
        if (codec_decode_published_alert(ENCODING_PROTOBUF, page->alerts[i], &publication->arena,
                &part->alerts[part->alert_count], &refusal))
            part->alert_count++;
        else
            part->notes[part->note_count++] =
                (struct held_note){.what = TEXT("alert"), .data = page->alerts[i]};
    }
}

static void fill(struct publication *publication, const struct store_export *page, struct export_part *part)
{
    *part = (struct export_part){.next = page->next,
        .household = text_of(publication->principal->household),
        .has_settings = page->has_settings,
        .settings = {.has_sharing = page->settings.has_sharing,
            .has_footage = page->settings.has_footage,
            .sharing = page->settings.sharing,
            .footage = page->settings.footage,
            .retention_days = page->settings.retention_days},
        .principal_count = page->principal_count,
        .principals = (struct held_principal *)page->principals};
    add_events(publication, page, part);
    add_alerts(publication, page, part);
}

/* ---- store ---- */

static struct bytes encode_part(const void *message, bool json, struct arena *arena)
{
    return codec_encode_export_part(json ? ENCODING_JSON : ENCODING_PROTOBUF, message, arena);
}

static void read(void *arg, const struct store_export *page)
{
    struct publication *publication = arg;
    struct session *session = publication->connection ? publication->connection->session : NULL;
    struct export_part part;

    if (page->status == STORE_OK && session) {
        fill(publication, page, &part);
        inbox_send(session, question_suffix(publication, default_suffix), publication->correlation, 0,
            encode_part, &part);
    }
    pipeline_stored(publication, page->status);
}

static enum step_result store(struct publication *publication)
{
    publication->stores = 1;
    store_export(publication->broker->store, text_of(publication->principal->household),
        publication->export_query.page, read, publication);
    return STEP_WAIT;
}

const struct kind kind_export = {
    .topic = TOPIC_EXPORT,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
