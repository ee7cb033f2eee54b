/* Alerts of residents and agencies: new, update, cancel; in the native form here, as CAP in alert_cap.c. A
 * resident's place is snapped to its leaf cell before anything is stored. */
#include "bridge/seal.h"
#include "broker/kind/alert_job.h"
#include "broker/kind/alert_rules.h"

static const int64_t longest_ms = INT64_C(30) * ALERT_DAY;

/* ---- decode ---- */

/* How long an alert is in force when its sender does not say: what CAP leaves to the recipient (R32), and
 * residents may leave out. */
static int64_t default_life_ms(int category)
{
    switch (category) {
    case CATEGORY_SUSPICIOUS:
        return 2 * ALERT_HOUR;
    case CATEGORY_MISSING:
    case CATEGORY_LOST_PET:
        return 7 * (int64_t)ALERT_DAY;
    default:
        return ALERT_DAY;
    }
}

enum step_result alert_times(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);
    struct alert *alert = &publication->alert;
    int64_t now = broker_now(publication->broker);
    bool told = alert->expires != 0;

    if (!alert->effective)
        alert->effective = now;
    if (!told)
        alert->expires = (alert->effective > now ? alert->effective : now) + default_life_ms(alert->category);
    if (alert->msg_type == MSG_CANCEL || job->plan.answer)
        return STEP_GO_ON;
    if (!told && of_agency(publication) && !job->cap)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "expires", "required of an agency: at most 30 days ahead");
    if (alert->expires > now + longest_ms)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "expires",
            job->cap ? "R32: at most 30 days ahead" : "at most 30 days ahead");
    job->late = alert->expires <= now;
    publication->broker->counters.alerts_late += job->late;
    return STEP_GO_ON;
}

static enum step_result decode_native(struct publication *publication)
{
    struct alert *alert = &publication->alert;

    if (publication->principal->must_sign) {
        publication->broker->counters.refused_signature++;
        return publication_refuse(publication, REASON_NOT_ALLOWED, "payload",
            "this agency signs what it sends: a CAP document with a signature");
    }
    if (!codec_decode_alert(
            publication->encoding, publication->payload, &publication->arena, alert, &publication->refusal))
        return STEP_REFUSE;
    alert->has_document = false;
    seal_digest(publication->payload, publication->digest);
    return alert_times(publication);
}

static enum step_result decode(struct publication *publication)
{
    publication->job = arena_alloc(&publication->arena, sizeof(struct alert_job));
    publication->broker->counters.alerts_received++;
    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    return publication->encoding == ENCODING_CAP ? alert_cap_decode(publication) : decode_native(publication);
}

/* ---- authorize ---- */

/* What an agency alone may say. */
static enum step_result authorize_resident(struct publication *publication)
{
    const struct alert *alert = &publication->alert;
    const struct {
        bool said;
        const char *field, *rule;
    } rules[] = {
        {alert->place.kind == PLACE_POLYGONS, "polygons", "a resident gives a point or a circle"},
        {alert->place.kind == PLACE_CIRCLE && alert->place.radius_m > 8000, "circle.radius_m",
            "at most 8000 for a resident"},
        {alert->case_number.len, "case_number", "cases and rewards are an agency's"},
        {alert->reward_offer.len, "reward_offer", "cases and rewards are an agency's"},
        {alert->status > STATUS_ACTUAL, "status", "a resident's alert is ACTUAL"},
        {alert->event.len, "event", "an agency's"},
        {alert->text_count, "texts", "an agency's: a resident writes in one language"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].said)
            return publication_refuse(publication, REASON_NOT_ALLOWED, rules[i].field, rules[i].rule);
    }
    if (alert->msg_type != MSG_CANCEL && !alert_rules_pass(alert, &publication->refusal)) {
        publication->broker->counters.refused_text++;
        return STEP_REFUSE;
    }
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    struct alert *alert = &publication->alert;
    bool agency = of_agency(publication);

    if (!agency && authorize_resident(publication) == STEP_REFUSE)
        return STEP_REFUSE;
    alert->sender_kind = agency ? SENDER_AGENCY : SENDER_USER;
    alert->truth = agency ? TRUTH_CONFIRMED : TRUTH_UNVERIFIED;
    /* A copy: the principal may be read anew before the alert is encoded. */
    struct text name = agency ? text_of(publication->principal->agency_name) : (struct text){0};
    alert->sender_name = (struct text){arena_copy(&publication->arena, name.data, name.len), name.len};
    alert->merged = 1;
    return STEP_GO_ON;
}

/* ---- locate ---- */

static enum step_result locate(struct publication *publication)
{
    struct alert *alert = &publication->alert;

    if (alert_job(publication)->cap)
        return alert_cap_locate(publication);
    enum step_result named = alert_named(publication);
    if (named != STEP_GO_ON)
        return named;
    if (alert->msg_type == MSG_CANCEL)
        return STEP_GO_ON;
    alert_job(publication)->exact = alert->place.center;
    if (alert->sender_kind == SENDER_USER)
        alert_snap(alert, publication->broker->options.leaf_precision);
    return alert_place(publication);
}

/* ---- store ---- */

/* An alert with nothing but what decides who is concerned. */
static struct bytes area_of(struct publication *publication)
{
    struct alert area = {.category = publication->alert.category,
        .status = publication->alert.status,
        .place = publication->alert.place,
        .sender_kind = publication->alert.sender_kind};

    return codec_encode_alert(ENCODING_PROTOBUF, &area, &publication->arena);
}

/* What the store answers that is no failure of it; the others go on to pipeline_stored. */
static const struct {
    enum store_status status;
    uint8_t code;
    const char *field, *rule;
} refusals[] = {
    {STORE_CONFLICT, REASON_OTHER, "sender_alert_id", "used already for another alert: choose a new id"},
    {STORE_LIMITED, REASON_QUOTA_EXCEEDED, "sender",
        "too many alerts of this sender in an hour (resident_alerts_hour, agency_alerts_hour), or of this "
        "category here (cell_alerts_hour)"},
    {STORE_ENDED, REASON_BAD_PAYLOAD, "expires", "must lie in the future"},
};

static void count(struct counters *counters, const struct store_alert_result *result)
{
    counters->alerts_repeated += result->status == STORE_REPEAT;
    counters->alerts_merged += result->status == STORE_OK && result->merged;
    counters->alerts_pending += result->status == STORE_OK && result->pending;
    counters->refused_limit += result->status == STORE_LIMITED;
}

static void stored(void *arg, const struct store_alert_result *result)
{
    struct publication *publication = arg;
    struct outcome *outcome = &publication->outcome;

    memcpy(outcome->public_id, result->public_id, sizeof outcome->public_id);
    outcome->revision = result->revision;
    outcome->pending = result->pending;
    outcome->merged = result->merged;
    outcome->repeat = result->status == STORE_REPEAT;
    if (publication->alert.msg_type == MSG_CANCEL && result->status == STORE_OK && result->revision <= 1)
        outcome->not_shown = "nothing that it refers to was shown; what comes late stays ended";
    if (result->status == STORE_DEAD)
        outcome->not_shown = "it, or what it goes on with, was cancelled or removed";
    count(&publication->broker->counters, result);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].status != result->status)
            continue;
        publication_refuse(publication, refusals[i].code, refusals[i].field, refusals[i].rule);
        if (result->status == STORE_LIMITED)
            publication->refusal.retry_after_s = (uint32_t)((result->retry_after_ms + 999) / 1000);
        pipeline_stored(publication, STORE_OK);
        return;
    }
    pipeline_stored(publication, result->status);
}

static void fill_sender(struct publication *publication, struct store_alert *out)
{
    const struct broker_options *options = &publication->broker->options;
    const struct known_principal *principal = publication->principal;
    bool agency = of_agency(publication);

    out->sender = text_of(principal->name);
    out->sender_tag = seal_sender_tag(publication->broker->seal, out->sender);
    out->client = text_of(publication->client);
    out->household = agency ? (struct text){0} : text_of(principal->household);
    out->officer = text_of(publication->officer);
    out->name = text_of(principal->agency_name);
    out->limit = agency ? options->agency_alerts_hour : options->resident_alerts_hour;
    out->limit_window_ms = ALERT_HOUR;
}

static void fill_body(struct publication *publication, struct store_alert *out)
{
    struct alert_job *job = alert_job(publication);
    struct alert alert = publication->alert;

    out->document = job->document;
    out->document_type = job->document.len ? TEXT("application/cap+xml") : (struct text){0};
    if (alert.msg_type == MSG_CANCEL)
        return;
    out->channels = (const char(*)[13])job->channels;
    out->channel_count = job->channel_count;
    out->approval = job->approval;
    out->severity = alert.severity;
    out->truth = alert.truth;
    out->agency = of_agency(publication) && job->channel_count && alert.status <= STATUS_ACTUAL;
    out->only_known = job->late && !of_agency(publication);
    out->case_number = alert.case_number;
    out->headline = out->agency ? alert.headline : (struct text){0};
    out->area = area_of(publication);
    /* No naming of a sender leaves the broker. */
    alert.sender_alert_id = (struct text){0};
    alert.reference_count = 0;
    alert.public_id = (struct text){0};
    out->body = codec_encode_alert(ENCODING_PROTOBUF, &alert, &publication->arena);
}

static void store_new_report(struct publication *publication, const struct store_alert *alert)
{
    uint8_t near[STORE_NEAR][STORE_TOKEN];
    struct store_report report = {.alert = *alert,
        .window_ms = publication->broker->options.merge_ms,
        .cell_limit = publication->broker->options.cell_alerts_hour,
        .cell_window_ms = ALERT_HOUR,
        .category = publication->alert.category};

    if (report.window_ms == 0 && report.cell_limit == 0) { /* nothing that others' reports have a part in */
        store_alert(publication->broker->store, alert, stored, publication);
        return;
    }
    alert_tokens(publication, &report, near);
    if (report.window_ms == 0) { /* found by none, and finds none */
        report.window_ms = 1;
        report.near_count = 1;
        report.near = (const uint8_t(*)[STORE_TOKEN]) & report.own;
    }
    store_report(publication->broker->store, &report, stored, publication);
}

static enum step_result store(struct publication *publication)
{
    const struct alert *alert = &publication->alert;
    const struct seal *seal = publication->broker->seal;
    char references[LIMIT_REFERENCES][PUBLIC_ID + 1];
    struct store_alert out = {.act = (enum store_alert_act)alert->msg_type,
        .reference_count =
            alert->msg_type == MSG_ALERT ? 0 : alert->reference_count, /* an Ack acts on nothing */
        .references = (const char(*)[PUBLIC_ID + 1]) references,
        .now = broker_now(publication->broker),
        .expires = alert->expires};

    if (publication->preview)
        return alert_preview(publication);
    fill_sender(publication, &out);
    seal_public_id(seal, out.sender, alert->sender_alert_id, out.id);
    memcpy(out.digest, publication->digest, sizeof out.digest);
    for (size_t i = 0; i < out.reference_count; i++)
        seal_public_id(seal, out.sender, alert->references[i], references[i]);
    if (alert_job(publication)->own) {
        memcpy(references[0], alert->public_id.data, PUBLIC_ID);
        references[0][PUBLIC_ID] = '\0';
        out.reference_count = 1;
    }
    fill_body(publication, &out);
    publication->stores = 1;
    if (out.act == STORE_ALERT_NEW && !of_agency(publication) && !out.only_known)
        store_new_report(publication, &out);
    else
        store_alert(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_alert = {
    .topic = TOPIC_ALERT,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
};
