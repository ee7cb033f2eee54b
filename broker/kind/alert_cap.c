/* An agency's alert as a CAP document: read, held against the standard, its signature checked where the
 * agency must sign, its areas placed. What cannot be placed is told to the agency, never widened and never
 * dropped in silence; where nothing can be placed the whole document is refused. */
#include "bridge/cap/signature.h"
#include "bridge/seal.h"
#include "broker/kind/alert_job.h"

/* ---- decode ---- */

/* The first thing that is wrong, and how many more there are. */
static enum step_result refuse_findings(struct publication *publication, const struct cap_findings *findings)
{
    struct arena *arena = &publication->arena;
    const struct cap_finding *finding = findings->items;

    while (finding < findings->items + findings->count && !finding->refused)
        finding++;
    publication->broker->counters.refused_document++;
    if (finding == findings->items + findings->count)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "document", "against the rules of CAP");
    const char *field = finding->line ? arena_printf(arena, "line %u", finding->line) : "document";
    const char *rule = arena_printf(arena, "%s: %s", finding->rule, finding->text);
    if (findings->refused > 1)
        rule = arena_printf(arena, "%s (and %zu more)", rule, findings->refused - 1);
    return publication_refuse(publication, REASON_BAD_PAYLOAD, field, rule);
}

static enum step_result check_signature(struct publication *publication, const struct cap_message *message)
{
    const struct known_principal *agency = publication->principal;
    const char *why = NULL;

    if (!agency->must_sign)
        return STEP_GO_ON;
    if (!agency->certificate)
        why = "no certificate is enrolled to check it with";
    else if (message->signatures == 0 || cap_signature_check(alert_job(publication)->document,
                                             text_of(agency->certificate), &why) == CAP_SIGNATURE_NONE)
        why = "there is none";
    if (!why)
        return STEP_GO_ON;
    publication->broker->counters.refused_signature++;
    log_line(LOG_LEVEL_WARNING, "signature_refused", "agency=%s why=\"%s\" document=\"%s\"", agency->name,
        why, publication->about);
    const char *rule = arena_printf(
        &publication->arena, "R45: this agency signs its documents, and this one cannot stand: %s", why);
    return publication_refuse(publication, REASON_NOT_ALLOWED, "Signature", rule);
}

/* What an agency refers to is looked for among its own messages alone, so that no other's can be ended. Who
 * says that it cancels another sender's learns that nothing came of it. */
static bool cancels_anothers(const struct cap_message *message)
{
    struct text own = cap_trimmed(message->sender);

    if (message->msg_type != CAP_CANCEL)
        return false;
    for (size_t i = 0; i < message->reference_count; i++) {
        if (text_equal(cap_trimmed(message->references[i].sender), own))
            return false;
    }
    return message->reference_count > 0;
}

static void keep_document(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);

    job->cap = true;
    job->document = publication->payload;
    if (!publication->posted) /* else it lives in the arena already */
        job->document.data = (const uint8_t *)arena_copy(
            &publication->arena, publication->payload.data, publication->payload.len);
}

enum step_result alert_cap_decode(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);
    struct arena *arena = &publication->arena;
    enum cap_mode mode = publication->principal->forgiving ? CAP_FORGIVING : CAP_TOLERANT;
    struct cap_message message;
    struct cap_findings findings = {.count = 0};
    char summary[200];

    if (!of_agency(publication))
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "payload", "CAP documents are an agency's");
    publication->broker->counters.documents_received++;
    keep_document(publication);
    if (!cap_read(job->document, mode, arena, &message, &findings))
        return refuse_findings(publication, &findings);
    cap_summary(&message, summary, sizeof summary);
    publication->about = arena_copy(arena, summary, strlen(summary));
    if (check_signature(publication, &message) != STEP_GO_ON)
        return STEP_REFUSE;
    if (cancels_anothers(&message))
        return publication_refuse(publication, REASON_NOT_ALLOWED, "references",
            "R20: whoever sent a message cancels it, and these are of another sender");
    if (!cap_to_alert(&message, arena, &publication->alert, &job->plan, &publication->refusal)) {
        publication->broker->counters.refused_document++;
        return STEP_REFUSE;
    }
    seal_digest(job->document, publication->digest);
    return alert_times(publication);
}

/* ---- locate ---- */

/* All areas together may have no more points than an alert: what is more is not even decoded. */
static bool take_area(
    struct arena *arena, struct bytes encoded, struct cap_resolved *out, size_t *points, bool *readable)
{
    struct place place;
    struct refusal refusal;

    *readable = codec_decode_polygons(encoded, arena, &place, &refusal);
    if (!*readable)
        return true;
    *out = (struct cap_resolved){place.polygon_count, place.polygons};
    for (size_t i = 0; i < place.polygon_count; i++) {
        for (size_t r = 0; r < place.polygons[i].count; r++)
            *points += place.polygons[i].rings[r].count;
    }
    return *points <= LIMIT_POINTS;
}

static void found(void *arg, const struct store_geocodes *geocodes)
{
    struct publication *publication = arg;
    struct alert_job *job = alert_job(publication);
    size_t points = 0;
    bool readable;

    if (geocodes->status != STORE_OK || geocodes->count != job->plan.code_count) {
        pipeline_fail(publication);
        return;
    }
    job->resolved = arena_alloc(&publication->arena, geocodes->count * sizeof *job->resolved);
    for (size_t i = 0; i < geocodes->count; i++) {
        if (geocodes->areas[i].len == 0)
            continue;
        if (!take_area(&publication->arena, geocodes->areas[i], &job->resolved[i], &points, &readable)) {
            job->too_large = true;
            break;
        }
        if (!readable)
            log_line(LOG_LEVEL_ERROR, "geocode_unreadable", "scheme=\"%.*s\" code=\"%.*s\"",
                (int)job->plan.codes[i].scheme.len, job->plan.codes[i].scheme.data,
                (int)job->plan.codes[i].code.len, job->plan.codes[i].code.data);
    }
    pipeline_resume(publication);
}

/* A document that warns nobody is legal; its sender is told so. */
static void tell_no_audience(struct publication *publication)
{
    struct outcome *outcome = &publication->outcome;
    struct refusal *all =
        arena_take(&publication->arena, (outcome->refused_count + 1) * sizeof *outcome->refused);

    if (outcome->refused_count)
        memcpy(all, outcome->refused, outcome->refused_count * sizeof *all);
    all[outcome->refused_count++] = (struct refusal){
        .code = REASON_BAD_PAYLOAD, .field = "info", .rule = "R25: without an area nobody is warned"};
    outcome->refused = all;
}

enum step_result alert_cap_locate(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);
    struct cap_placed placed;
    bool built;

    if (job->plan.answer || publication->alert.msg_type == MSG_CANCEL)
        return STEP_GO_ON;
    if (job->plan.code_count && !job->resolved) {
        store_geocodes(publication->broker->store, job->plan.codes, job->plan.code_count, found, publication);
        return STEP_WAIT;
    }
    if (job->too_large)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "info.area",
            "R05: its geocodes stand for more points than an alert can have");
    built = cap_area_build(&job->plan, job->resolved, &publication->arena, &publication->alert.place, &placed,
        &publication->refusal);
    publication->broker->counters.areas_not_placed += placed.refused_count;
    if (!built)
        return STEP_REFUSE;
    publication->outcome.refused = placed.refused;
    publication->outcome.refused_count = placed.refused_count;
    if (publication->alert.place.kind != PLACE_NONE)
        return alert_place(publication);
    tell_no_audience(publication);
    return STEP_GO_ON;
}
