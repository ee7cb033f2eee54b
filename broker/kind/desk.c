/* An agency asks what there is of its own: alerts in force and waiting, requests, closed cases, rewards.
 * Every officer of it may know, for they act in its name; nobody else may. */
#include "bridge/store_desk.h"

#include "bridge/seal.h"
#include "bridge/seal_cms.h"
#include "broker/kind/question.h"
#include "broker/session/connection_state.h"
#include "broker/session/info.h"

static const struct text default_suffix = {"reply/desk", sizeof "reply/desk" - 1};

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a question is protobuf or JSON");
    if (!codec_decode_desk_query(publication->encoding, publication->payload, &publication->arena,
            &publication->desk_query, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    return question_check(publication, default_suffix);
}

/* ---- the answer ---- */

static void log_unreadable(const char *what, const struct refusal *refusal)
{
    log_line(LOG_LEVEL_ERROR, "desk_unreadable", "what=\"%s\" field=%s rule=\"%s\"", what, refusal->field,
        refusal->rule);
}

static void add_alerts(struct publication *publication, const struct store_desk *part, struct desk *desk)
{
    struct refusal refusal;

    desk->alerts = arena_alloc(&publication->arena, part->alert_count * sizeof *desk->alerts);
    for (size_t i = 0; i < part->alert_count; i++) {
        const struct store_desk_alert *held = &part->alerts[i];
        struct desk_alert *out = &desk->alerts[desk->alert_count];
        if (!codec_decode_published_alert(
                ENCODING_PROTOBUF, held->body, &publication->arena, &out->alert, &refusal)) {
            log_unreadable("alert", &refusal);
            continue;
        }
        out->alert.public_id = held->public_id;
        out->alert.revision = held->revision;
        out->alert.state = ALERT_IN_FORCE;
        out->waiting = held->waiting;
        out->officer = held->officer;
        out->at = held->at;
        desk->alert_count++;
    }
}

static void add_requests(struct publication *publication, const struct store_desk *part, struct desk *desk)
{
    struct refusal refusal;

    desk->requests = arena_alloc(&publication->arena, part->request_count * sizeof *desk->requests);
    for (size_t i = 0; i < part->request_count; i++) {
        const struct store_desk_request *held = &part->requests[i];
        struct desk_request *out = &desk->requests[desk->request_count];
        if (!codec_decode_footage_request(
                ENCODING_PROTOBUF, held->body, &publication->arena, &out->request, &refusal)) {
            log_unreadable("footage-request", &refusal);
            continue;
        }
        out->request.open_until = held->until;
        out->request.ended = held->until <= broker_now(publication->broker);
        out->officer = held->officer;
        out->at = held->at;
        desk->request_count++;
    }
}

static void fill(struct publication *publication, const struct store_desk *part, struct desk *desk)
{
    const struct known_principal *agency = publication->principal;
    const char *why;

    *desk = (struct desk){.next = part->next,
        .officer = text_of(publication->officer),
        .agency_name = text_of(agency->agency_name),
        .drilled = agency->drilled,
        .second_officer = !agency->no_approval,
        .closed_count = part->closed_count,
        .closed = part->closed,
        .programme_count = part->programme_count,
        .programmes = part->programmes};
    if (agency->certificate &&
        !seal_cms_certificate(text_of(agency->certificate), &publication->arena, &desk->certificate, &why))
        log_line(LOG_LEVEL_WARNING, "desk_certificate", "principal=%s rule=\"%s\"", agency->name, why);
    add_alerts(publication, part, desk);
    add_requests(publication, part, desk);
}

/* ---- store ---- */

static struct bytes encode(const void *message, bool json, struct arena *arena)
{
    return codec_encode_desk(json ? ENCODING_JSON : ENCODING_PROTOBUF, message, arena);
}

static void read(void *arg, const struct store_desk *part)
{
    struct publication *publication = arg;
    struct session *session = publication->connection ? publication->connection->session : NULL;
    struct desk desk;

    if (part->status == STORE_OK && session) {
        fill(publication, part, &desk);
        inbox_send(session, question_suffix(publication, default_suffix), publication->correlation, 0, encode,
            &desk);
    }
    pipeline_stored(publication, part->status);
}

static enum step_result store(struct publication *publication)
{
    struct text agency = text_of(publication->principal->name);

    publication->stores = 1;
    store_desk(publication->broker->store, seal_sender_tag(publication->broker->seal, agency), agency,
        publication->desk_query.page, broker_now(publication->broker), read, publication);
    return STEP_WAIT;
}

const struct kind kind_desk = {
    .topic = TOPIC_DESK,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
