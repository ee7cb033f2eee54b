/* Handing out what is held about a household: the question, and the parts of the answer. */
#include "proto/codec_household.h"
#include "proto/codec_motion.h"

bool codec_decode_export_query(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct export_query *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Export *in = (const Neighbors__V1__Export *)codec_unpack(
        encoding, payload, &neighbors__v1__export__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_exact(&reading, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(&reading, NULL, "to", (uint64_t)in->to) ||
        !codec_check_text(&reading, NULL, "page", in->page, LIMIT_ID, TEXT_PROSE, &out->page))
        return false;
    out->from = in->from;
    out->to = in->to;
    return !in->from || !in->to || in->to >= in->from ||
           codec_refuse(&reading, NULL, "to", "not before from");
}

struct bytes codec_encode_export_query(
    enum encoding encoding, const struct export_query *in, struct arena *arena)
{
    Neighbors__V1__Export query = NEIGHBORS__V1__EXPORT__INIT;
    query.version = 1;
    query.from = in->from;
    query.to = in->to;
    query.page = codec_write_text(in->page, arena);
    return codec_pack(encoding, &query.base, arena);
}

static Neighbors__V1__HeldEvent *write_event(const struct held_event *in, struct arena *arena)
{
    Neighbors__V1__HeldEvent *event =
        CODEC_NEW(Neighbors__V1__HeldEvent, NEIGHBORS__V1__HELD_EVENT__INIT, arena);
    event->event = codec_write_event(&in->event, arena);
    event->stored = in->stored;
    return event;
}

static Neighbors__V1__HeldPrincipal *write_principal(const struct held_principal *in, struct arena *arena)
{
    Neighbors__V1__HeldPrincipal *principal =
        CODEC_NEW(Neighbors__V1__HeldPrincipal, NEIGHBORS__V1__HELD_PRINCIPAL__INIT, arena);
    principal->name = codec_write_text(in->name, arena);
    principal->number = in->number;
    principal->place = codec_write_text(in->place, arena);
    principal->former_place = codec_write_text(in->former_place, arena);
    principal->since = in->since;
    principal->enrolled = in->enrolled;
    principal->verified = in->verified;
    principal->revoked = in->revoked;
    principal->share = arena_take(arena, (KIND_SOUND + 1) * sizeof *principal->share);
    for (int kind = 1; kind <= KIND_SOUND; kind++)
        if (in->share >> kind & 1)
            principal->share[principal->n_share++] = (Neighbors__V1__MotionKind__Value)kind;
    principal->n_clients = in->client_count;
    principal->clients = arena_take(arena, in->client_count * sizeof *principal->clients);
    for (size_t i = 0; i < in->client_count; i++)
        principal->clients[i] = codec_write_text(in->clients[i], arena);
    return principal;
}

static Neighbors__V1__HeldNote *write_note(const struct held_note *in, struct arena *arena)
{
    Neighbors__V1__HeldNote *note = CODEC_NEW(Neighbors__V1__HeldNote, NEIGHBORS__V1__HELD_NOTE__INIT, arena);
    note->what = codec_write_text(in->what, arena);
    note->by = codec_write_text(in->by, arena);
    note->about = codec_write_text(in->about, arena);
    note->text = codec_write_text(in->text, arena);
    note->at = in->at;
    note->data = codec_write_bytes(in->data);
    return note;
}

struct bytes codec_encode_export_part(
    enum encoding encoding, const struct export_part *in, struct arena *arena)
{
    Neighbors__V1__ExportPart part = NEIGHBORS__V1__EXPORT_PART__INIT;
    part.version = 1;
    part.next = codec_write_text(in->next, arena);
    part.last = in->next.len == 0;
    part.household = codec_write_text(in->household, arena);
    part.settings = in->has_settings ? codec_write_settings(&in->settings, arena) : NULL;
    part.n_events = in->event_count;
    part.events = arena_take(arena, in->event_count * sizeof *part.events);
    for (size_t i = 0; i < in->event_count; i++)
        part.events[i] = write_event(&in->events[i], arena);
    part.n_alerts = in->alert_count;
    part.alerts = arena_take(arena, in->alert_count * sizeof *part.alerts);
    for (size_t i = 0; i < in->alert_count; i++)
        part.alerts[i] = codec_write_alert(&in->alerts[i], arena);
    part.n_principals = in->principal_count;
    part.principals = arena_take(arena, in->principal_count * sizeof *part.principals);
    for (size_t i = 0; i < in->principal_count; i++)
        part.principals[i] = write_principal(&in->principals[i], arena);
    part.n_notes = in->note_count;
    part.notes = arena_take(arena, in->note_count * sizeof *part.notes);
    for (size_t i = 0; i < in->note_count; i++)
        part.notes[i] = write_note(&in->notes[i], arena);
    return codec_pack(encoding, &part.base, arena);
}
