/* /v1/cap.atom and /v1/cap/<public id>: the agencies' alerts in force as CAP 1.2. A document that came as CAP
 * is given as it came when it is the newest word and keeps to the standard, so that its signature holds; else
 * one is written here. Alerts of residents, and what is not for the public, do not exist here. */
#include <stdlib.h>
#include <strings.h>

#include "bridge/cap/cap_alert.h"
#include "bridge/cap/cap_atom.h"
#include "broker/inquiry.h"
#include "broker/net/answer.h"
#include "broker/net/routes.h"
#include "proto/codec.h"

enum { HOST = 128 };

static void answer_copy(struct http_request *request, const char *type, struct bytes content)
{
    char *body = malloc(content.len + 1);
    if (!body) {
        abort();
    }
    memcpy(body, content.data, content.len);
    http_answer_bytes(request, 200, type, body, content.len);
}

/* ---- the feed ---- */

/* "https://alerts.example.org", from the settings or what the request calls us; "" when it says nothing
 * sound.
 */
static const char *base_of(struct http_request *request)
{
    const char *set = request->net->settings->public_url;
    size_t len = strlen(set);
    struct text host = request->host;
    if (len) {
        len -= set[len - 1] == '/';
        return arena_printf(&request->arena, "%.*s", (int)len, set);
    }
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
    if (!host.len || host.len > HOST || strspn(host.data, letters) != host.len) {
        return "";
    }
    return arena_printf(&request->arena, "http://%.*s", (int)host.len, host.data);
}

static const char *query_of(struct http_request *request, const struct text *cells, size_t count)
{
    const char *query = "";
    for (size_t i = 0; i < count; i++) {
        query = arena_printf(
            &request->arena, "%s%s%.*s", query, i ? "," : "?cells=", (int)cells[i].len, cells[i].data);
    }
    return query;
}

struct atom_job {
    const char *base, *query;
};

/* Of what the feed shows, not of when it was asked: so that all processes say the same. */
static void tag_of(const struct atom_job *job, const struct inquiry_answer *answer, char tag[FEED_TAG])
{
    char *content = NULL;
    size_t len;
    FILE *out = open_memstream(&content, &len);
    if (!out) {
        abort();
    }
    fprintf(out, "%s%s", job->base, job->query);
    for (size_t i = 0; i < answer->alert_count; i++) {
        fprintf(out, " %s.%u", answer->alerts[i]->key.public_id, answer->alerts[i]->key.revision);
    }
    fclose(out);
    feed_tag((struct bytes){(const uint8_t *)content, len}, tag);
    free(content);
}

static void write_atom(struct http_request *request, const struct inquiry_answer *answer)
{
    const struct atom_job *job = request->job;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct cap_atom_entry *entries = arena_alloc(&arena, (answer->alert_count + 1) * sizeof(*entries));
    for (size_t i = 0; i < answer->alert_count; i++) {
        const struct alert_object *object = answer->alerts[i];
        entries[i] =
            (struct cap_atom_entry){&object->alert, object->at ? object->at : object->alert.effective};
    }
    struct cap_atom feed = {.base = text_of(job->base),
        .query = text_of(job->query),
        .sender = text_of(request->net->settings->cap_sender),
        .updated = answer->changed,
        .count = answer->alert_count,
        .entries = entries};
    answer_copy(request, "application/atom+xml; charset=utf-8", cap_atom_write(&feed, &arena));
    arena_free(&arena);
}

static void listed(void *arg, const struct inquiry_answer *answer)
{
    struct http_request *request = arg;
    if (!feed_answers(request, answer)) {
        return;
    }
    char tag[FEED_TAG];
    tag_of(request->job, answer, tag);
    /* In the very second of a change the date does not tell the list before from the one after. */
    bool settled = broker_now(request->net->broker) / 1000 > answer->changed / 1000;
    if (!http_unchanged(request, tag, settled ? answer->changed : 0)) {
        write_atom(request, answer);
    }
    http_header(request, "cache-control:", "public, max-age=15");
    http_header(request, "vary:", "host");
    http_done(request);
}

void cap_serve_atom(struct http_request *request)
{
    struct text cells[INQUIRY_CELLS + 1], list;
    struct refusal refusal;
    struct atom_job *job = arena_alloc(&request->arena, sizeof(*job));
    (void)http_argument(request, "cells", &list);
    struct inquiry_place place = {.cells = cells, .cell_count = feed_split_cells(list, cells)};
    *job = (struct atom_job){base_of(request), query_of(request, cells, place.cell_count)};
    request->job = job;
    http_within(request, request->net->settings->http_answer_ms);
    if (broker_agency_alerts(request->net->broker, &place, listed, request, &refusal)) {
        return;
    }
    feed_refuse(request, &refusal);
}

/* ---- a document ---- */

/* What is known of the alert so far. Lives in the request's arena; the request may be without a connection.
 */
struct document_job {
    struct http_request *request;
    struct store *store;
    char public_id[PUBLIC_ID + 1];
    uint8_t sender_tag;
    bool original; /* asked for what came */
    bool theirs;   /* of the revision before it, the sender's own document was given */
    struct alert alert;
    struct cap_origin origin;
};

static void refuse(struct http_request *request, int status, const char *rule)
{
    http_refuse(request, status, "public_id", rule);
    http_header(request, "cache-control:", "public, max-age=15");
    http_done(request);
}

/* The answer is the document of this revision. */
static void answer_document(struct document_job *job, const char *type, struct bytes content)
{
    struct http_request *request = job->request;
    char tag[FEED_TAG];
    feed_tag(content, tag);
    if (!http_unchanged(request, tag + 2, job->origin.sent)) { /* the same bytes: a strong tag, without W/ */
        answer_copy(request, type, content);
    }
    http_header(request, "cache-control:", "public, max-age=60");
    http_done(request);
}

static bool is_cap(struct text type)
{
    return type.len >= 19 && strncasecmp(type.data, "application/cap+xml", 19) == 0;
}

static const char *type_told(struct text type)
{
    bool json = type.len >= 16 && strncasecmp(type.data, "application/json", 16) == 0;
    return is_cap(type) ? "application/cap+xml" : json ? "application/json" : "application/octet-stream";
}

bool cap_own_document(const struct alert *alert, const struct cap_origin *origin, struct arena *arena,
    struct bytes *out, const char **rule)
{
    struct cap_message message, again;
    struct cap_findings findings = {0};
    cap_from_alert(alert, origin, arena, &message);
    *out = cap_write(&message, arena);
    bool good = cap_read(*out, CAP_STRICT, arena, &again, &findings);
    *rule = good || findings.count == 0 ? "" : findings.items[0].rule;
    return good;
}

static void answer_own(struct document_job *job)
{
    struct bytes document;
    const char *rule;
    if (!cap_own_document(&job->alert, &job->origin, &job->request->arena, &document, &rule)) {
        log_line(LOG_LEVEL_ERROR, "cap_unwritable", "alert=%s rule=\"%s\"", job->public_id, rule);
        refuse(job->request, 500, "cannot be written as CAP 1.2");
        return;
    }
    answer_document(job, "application/cap+xml", document);
}

static void previous_loaded(void *arg, const struct store_alert_record *record)
{
    struct document_job *job = arg;
    if (!http_waiting(job->request)) {
        http_done(job->request);
        return;
    }
    /* An update is told as such only when we wrote the document of the revision before. */
    if (record->status == STORE_OK && record->in_force && !job->theirs) {
        job->origin.previous_sent = record->at;
    }
    answer_own(job);
}

static void write_own(struct document_job *job)
{
    if (job->alert.revision > 1) {
        store_alert_load(
            job->store, job->sender_tag, job->public_id, job->alert.revision - 1, previous_loaded, job);
    } else {
        answer_own(job);
    }
}

/* How the received document may be used. */
struct received {
    bool secret; /* it is not for the public */
    bool good;   /* it is CAP 1.2 and breaks no rule */
};

static struct received look_at(const struct store_document *document)
{
    struct received received = {0};
    struct cap_findings findings = {0};
    struct cap_message message;
    struct arena arena;
    if (!is_cap(document->type)) {
        return received;
    }
    arena_init(&arena, NULL, 0);
    received.good = cap_read(document->document, CAP_STRICT, &arena, &message, &findings) &&
                    message.minor == 2 && findings.refused == 0;
    received.secret = message.scope > CAP_PUBLIC;
    arena_free(&arena);
    return received;
}

static void document_loaded(void *arg, const struct store_document *document)
{
    struct document_job *job = arg;
    struct http_request *request = job->request;
    bool there = document->status == STORE_OK && document->document.len;
    if (!http_waiting(request)) {
        http_done(request);
        return;
    }
    if (document->status != STORE_OK && document->status != STORE_NOT_FOUND) {
        http_refuse_for(request, 503, "store", "failed", 5);
        http_done(request);
        return;
    }
    struct received received = there ? look_at(document) : (struct received){0};
    /* A newer one than what is in force waits for a second officer. */
    bool newer = there && document->revision > job->alert.revision;
    if (received.secret || (job->original && (!there || newer))) {
        refuse(request, 404, there ? "not public" : "it did not come as a document");
    } else if (job->original) {
        answer_document(job, type_told(document->type), document->document);
    } else if (there && received.good && document->revision == job->alert.revision) {
        answer_document(job, "application/cap+xml", document->document);
    } else {
        job->theirs = there && received.good && document->revision + 1 == job->alert.revision;
        write_own(job);
    }
}

/* Takes the alert over. False: the request is answered. */
static bool take_record(struct document_job *job, const struct store_alert_record *record)
{
    struct http_request *request = job->request;
    struct alert *alert = &job->alert;
    struct refusal refusal;
    if (record->status != STORE_OK && record->status != STORE_NOT_FOUND) {
        http_refuse_for(request, 503, "store", "failed", 5);
        http_done(request);
        return false;
    }
    bool readable =
        record->status == STORE_OK && record->body.len &&
        codec_decode_published_alert(ENCODING_PROTOBUF, record->body, &request->arena, alert, &refusal);
    if (!readable || alert->sender_kind != SENDER_AGENCY || alert->status > STATUS_ACTUAL ||
        (!record->in_force && (record->pending || record->held))) {
        refuse(request, 404, "no agency's alert has this name");
        return false;
    }
    if (!record->in_force || record->expires <= broker_now(request->net->broker)) {
        refuse(request, 410, "the alert has ended: it was cancelled, or has expired");
        return false;
    }
    alert->public_id = text_of(job->public_id);
    alert->revision = record->revision;
    alert->severity = record->severity ? record->severity : alert->severity;
    job->origin = (struct cap_origin){
        .sender = text_of(arena_printf(&request->arena, "%s", request->net->settings->cap_sender)),
        .sent = record->at ? record->at : alert->effective};
    return true;
}

static void record_loaded(void *arg, const struct store_alert_record *record)
{
    struct document_job *job = arg;
    if (!http_waiting(job->request)) {
        http_done(job->request);
    } else if (take_record(job, record)) {
        store_alert_document(job->store, job->sender_tag, job->public_id, document_loaded, job);
    }
}

/* "<public id>" or "<public id>/original". */
static bool read_name(struct text rest, const struct seal *seal, struct document_job *job)
{
    static const struct text original = {"/original", 9};
    struct text behind = {rest.data + PUBLIC_ID, rest.len > PUBLIC_ID ? rest.len - PUBLIC_ID : 0};
    if (rest.len < PUBLIC_ID || (behind.len && !text_equal(behind, original)) ||
        !seal_tag_of(seal, (struct text){rest.data, PUBLIC_ID}, &job->sender_tag)) {
        return false;
    }
    memcpy(job->public_id, rest.data, PUBLIC_ID);
    job->original = behind.len > 0;
    return true;
}

void cap_serve_document(struct http_request *request)
{
    struct document_job *job = arena_alloc(&request->arena, sizeof(*job));
    job->request = request;
    job->store = request->net->store;
    if (!read_name(request->rest, request->net->broker->seal, job)) {
        refuse(request, 404, "no agency's alert has this name");
        return;
    }
    http_within(request, request->net->settings->http_answer_ms);
    store_alert_load(job->store, job->sender_tag, job->public_id, 0, record_loaded, job);
}
