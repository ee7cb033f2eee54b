/* POST /v1/alerts: an alert as a CAP document, JSON or protobuf, on the same way as one that came by MQTT.
 * With ?preview nothing is stored: the answer says what would become of it. */
#include <strings.h>

#include "broker/net/answer.h"
#include "broker/net/bearer.h"
#include "broker/net/routes.h"
#include "broker/post.h"

/* ---- the type of the body ---- */

static bool type_is(struct text type, const char *name)
{
    size_t len = strlen(name);
    return type.len == len && (len == 0 || strncasecmp(type.data, name, len) == 0);
}

/* What the broker knows the type as; "": by its first bytes. False: not read here. */
static bool known_type(struct text given, struct text *out)
{
    static const struct {
        const char *given, *known;
    } types[] = {
        {"application/cap+xml", "application/cap+xml"},
        {"application/xml", "application/cap+xml"},
        {"text/xml", "application/cap+xml"},
        {"application/json", "application/json"},
        {"application/x-protobuf", "application/x-protobuf"},
        {"application/x-www-form-urlencoded", ""}, /* what `curl -d` says of anything */
        {"application/octet-stream", ""},
        {"", ""},
    };
    const char *end = given.len ? memchr(given.data, ';', given.len) : NULL;
    struct text type = {given.data, end ? (size_t)(end - given.data) : given.len};
    while (type.len && type.data[type.len - 1] == ' ') {
        type.len--;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type_is(type, types[i].given)) {
            *out = text_of(types[i].known);
            return true;
        }
    }
    return false;
}

/* Whoever goes on above its rate connects anew for each request, at the rate of an address. */
static bool within_rate(struct http_request *request)
{
    struct broker *broker = request->net->broker;
    uint32_t seconds;
    const char *limit = broker_post_limit(broker, &request->credential, request->body_size, &seconds);
    if (limit) {
        broker_counters(broker)->http_rationed++;
        http_refuse_for(
            request, 429, limit, "more of one identity than this broker takes in a second", seconds);
        request->wants_close = true;
    }
    return !limit;
}

void alerts_look(struct http_request *request)
{
    struct text type;
    if (!bearer_identify(request, ROLE_AGENCY | ROLE_USER) || !within_rate(request)) {
        return;
    }
    if (!known_type(request->content_type, &type)) {
        http_refuse(request, 415, "content-type",
            "application/cap+xml, text/xml, application/xml, application/json or application/x-protobuf");
        http_header(request, "accept:",
            "application/cap+xml, text/xml, application/xml, application/json, application/x-protobuf");
    }
}

/* ---- the answer ---- */

static int status_of(const struct refusal *refusal)
{
    switch (refusal->code) {
    case REASON_NOT_ALLOWED:
        return 403;
    case REASON_QUOTA_EXCEEDED:
        return 429;
    case REASON_BAD_PAYLOAD:
        return 422;
    case REASON_PACKET_TOO_LARGE:
        return 413;
    case REASON_SERVER_UNAVAILABLE:
    case REASON_SERVER_BUSY:
    case REASON_SHUTTING_DOWN:
        return 503;
    default:
        return 409;
    }
}

static void answer_refusal(struct http_request *request, const struct refusal *refusal)
{
    int status = status_of(refusal);
    if (refusal->code == REASON_NOT_ALLOWED && strcmp(refusal->field, "credential") == 0) {
        http_refuse(request, 401, "authorization", refusal->rule);
        http_header(request, "www-authenticate:", "Bearer realm=\"neighbors\", error=\"invalid_token\"");
        request->wants_close = true; /* as after a token that is none: not even that tells who is enrolled */
    } else if (status == 429 || status == 503 || refusal->retry_after_s) {
        http_refuse_for(request, status, refusal->field, refusal->rule, refusal->retry_after_s);
    } else {
        http_refuse(request, status, refusal->field, refusal->rule);
    }
}

static json_t *refused_parts(const struct outcome *outcome)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < outcome->refused_count; i++) {
        const struct refusal *part = &outcome->refused[i];
        json_array_append_new(parts, json_pack("{s:o, s:o}", "field", answer_text(text_of(part->field)),
                                         "rule", answer_text(text_of(part->rule))));
    }
    return parts;
}

static void answer_taken(struct http_request *request, const struct outcome *outcome)
{
    json_t *answer =
        json_pack("{s:s, s:I}", "public_id", outcome->public_id, "revision", (json_int_t)outcome->revision);
    if (outcome->pending) {
        json_object_set_new(answer, "pending", json_true());
    }
    if (outcome->merged) {
        json_object_set_new(answer, "merged", json_true());
    }
    if (outcome->not_shown) {
        json_object_set_new(answer, "not_shown", json_string(outcome->not_shown));
    }
    if (outcome->repeat) {
        json_object_set_new(answer, "repeat", json_true());
    }
    if (outcome->refused_count) {
        json_object_set_new(answer, "refused", refused_parts(outcome));
    }
    answer_json(request, outcome->repeat ? 200 : 201, answer);
}

/* An agency's alert in our own form, as everybody could fetch it; NULL of any other, and of what cannot be
 * written as CAP. */
static json_t *document_of(struct http_request *request, const struct publication *publication)
{
    struct alert alert = publication->alert;
    struct bytes document;
    const char *rule;
    if (publication->encoding == ENCODING_CAP || publication->principal->role != ROLE_AGENCY ||
        alert.msg_type == MSG_CANCEL) {
        return NULL;
    }
    alert.public_id = text_of(publication->outcome.public_id);
    alert.revision = 1;
    struct cap_origin origin = {
        .sender = text_of(request->net->settings->cap_sender), .sent = broker_now(request->net->broker)};
    return cap_own_document(&alert, &origin, &request->arena, &document, &rule)
               ? json_stringn((const char *)document.data, document.len)
               : NULL;
}

static void answer_preview(struct http_request *request, const struct publication *publication)
{
    const struct outcome *outcome = &publication->outcome;
    json_t *cells = json_array();
    for (size_t i = 0; i < outcome->cell_count; i++) {
        json_array_append_new(cells, json_string(outcome->cells[i]));
    }
    json_t *answer = json_pack("{s:o, s:f, s:I, s:b, s:o}", "cells", cells, "area_km2", outcome->area_km2,
        "followers", (json_int_t)outcome->followers, "approval", (int)outcome->approval, "refused",
        refused_parts(outcome));
    json_t *document = document_of(request, publication);
    if (document) {
        json_object_set_new(answer, "document", document);
    }
    answer_json(request, 200, answer);
}

static void posted(void *arg, const struct publication *publication)
{
    struct http_request *request = arg;
    if (!http_waiting(request)) {
        http_done(request);
        return;
    }
    if (!publication) {
        http_refuse_for(request, 503, "store", "failed: it is not known whether this was stored", 5);
    } else if (publication->refusal.code != REASON_OK) {
        answer_refusal(request, &publication->refusal);
    } else if (publication->preview) {
        answer_preview(request, publication);
    } else {
        answer_taken(request, &publication->outcome);
    }
    http_header(request, "cache-control:", "no-store");
    http_done(request);
}

/* ?preview, ?preview=1, ?preview=true */
static bool wants_preview(const struct http_request *request)
{
    struct text value;
    return http_argument(request, "preview", &value) && !text_equal(value, TEXT("0")) &&
           !text_equal(value, TEXT("false"));
}

void alerts_serve(struct http_request *request)
{
    struct broker_post post = {
        .credential = request->credential,
        .topic = "nb/v1/alert",
        .payload = {request->body, request->body_len},
        .preview = wants_preview(request),
    };
    if (!known_type(request->content_type, &post.content_type)) {
        post.content_type = (struct text){0}; /* cannot be: alerts_look refused it */
    }
    http_within(request, request->net->settings->http_answer_ms);
    broker_post(request->net->broker, &post, posted, request);
}
