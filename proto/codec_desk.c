/* What an agency's desk asks for, and the parts of the answer. */
#include "proto/codec_generated.h"

bool codec_decode_desk_query(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct desk_query *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__DeskQuery *in = (const Neighbors__V1__DeskQuery *)codec_unpack(
        encoding, payload, &neighbors__v1__desk_query__descriptor, &reading);
    memset(out, 0, sizeof *out);
    return in && codec_check_text(&reading, NULL, "page", in->page, LIMIT_ID, TEXT_PROSE, &out->page);
}

struct bytes codec_encode_desk_query(enum encoding encoding, const struct desk_query *in, struct arena *arena)
{
    Neighbors__V1__DeskQuery query = NEIGHBORS__V1__DESK_QUERY__INIT;
    query.version = 1;
    query.page = codec_write_text(in->page, arena);
    return codec_pack(encoding, &query.base, arena);
}

static Neighbors__V1__DeskAlert *write_alert(const struct desk_alert *in, struct arena *arena)
{
    Neighbors__V1__DeskAlert *alert =
        CODEC_NEW(Neighbors__V1__DeskAlert, NEIGHBORS__V1__DESK_ALERT__INIT, arena);
    alert->alert = codec_write_alert(&in->alert, arena);
    alert->waiting = in->waiting;
    alert->officer = codec_write_text(in->officer, arena);
    alert->at = in->at;
    return alert;
}

static Neighbors__V1__DeskRequest *write_request(const struct desk_request *in, struct arena *arena)
{
    Neighbors__V1__DeskRequest *request =
        CODEC_NEW(Neighbors__V1__DeskRequest, NEIGHBORS__V1__DESK_REQUEST__INIT, arena);
    request->request = codec_write_footage_request(&in->request, arena);
    request->officer = codec_write_text(in->officer, arena);
    request->at = in->at;
    return request;
}

static Neighbors__V1__DeskCase *write_case(const struct desk_case *in, struct arena *arena)
{
    Neighbors__V1__DeskCase *closed =
        CODEC_NEW(Neighbors__V1__DeskCase, NEIGHBORS__V1__DESK_CASE__INIT, arena);
    closed->case_number = codec_write_text(in->case_number, arena);
    closed->outcome = in->outcome;
    return closed;
}

static Neighbors__V1__DeskGrant *write_grant(const struct desk_grant *in, struct arena *arena)
{
    Neighbors__V1__DeskGrant *grant =
        CODEC_NEW(Neighbors__V1__DeskGrant, NEIGHBORS__V1__DESK_GRANT__INIT, arena);
    grant->conversation_id = codec_write_text(in->conversation_id, arena);
    grant->number = in->number;
    grant->redeemed = in->redeemed;
    return grant;
}

static Neighbors__V1__DeskProgramme *write_programme(const struct desk_programme *in, struct arena *arena)
{
    Neighbors__V1__DeskProgramme *programme =
        CODEC_NEW(Neighbors__V1__DeskProgramme, NEIGHBORS__V1__DESK_PROGRAMME__INIT, arena);
    programme->programme = codec_write_text(in->programme, arena);
    programme->reward = codec_write_text(in->reward, arena);
    programme->stock = in->stock;
    programme->given = in->given;
    programme->n_grants = in->grant_count;
    programme->grants = arena_take(arena, in->grant_count * sizeof *programme->grants);
    for (size_t i = 0; i < in->grant_count; i++)
        programme->grants[i] = write_grant(&in->grants[i], arena);
    return programme;
}

struct bytes codec_encode_desk(enum encoding encoding, const struct desk *in, struct arena *arena)
{
    Neighbors__V1__Desk desk = NEIGHBORS__V1__DESK__INIT;
    desk.version = 1;
    desk.officer = codec_write_text(in->officer, arena);
    desk.agency_name = codec_write_text(in->agency_name, arena);
    desk.next = codec_write_text(in->next, arena);
    desk.drilled = in->drilled;
    desk.certificate = codec_write_bytes(in->certificate);
    desk.second_officer = in->second_officer;
    desk.n_alerts = in->alert_count;
    desk.alerts = arena_take(arena, in->alert_count * sizeof *desk.alerts);
    for (size_t i = 0; i < in->alert_count; i++)
        desk.alerts[i] = write_alert(&in->alerts[i], arena);
    desk.n_requests = in->request_count;
    desk.requests = arena_take(arena, in->request_count * sizeof *desk.requests);
    for (size_t i = 0; i < in->request_count; i++)
        desk.requests[i] = write_request(&in->requests[i], arena);
    desk.n_closed = in->closed_count;
    desk.closed = arena_take(arena, in->closed_count * sizeof *desk.closed);
    for (size_t i = 0; i < in->closed_count; i++)
        desk.closed[i] = write_case(&in->closed[i], arena);
    desk.n_programmes = in->programme_count;
    desk.programmes = arena_take(arena, in->programme_count * sizeof *desk.programmes);
    for (size_t i = 0; i < in->programme_count; i++)
        desk.programmes[i] = write_programme(&in->programmes[i], arena);
    return codec_pack(encoding, &desk.base, arena);
}
