/* What agencies and operators say of an alert: a table says who may decide what, and how the sender is told.
 */
#include "broker/jurisdiction.h"
#include "broker/kind/judged.h"
#include "broker/session/alert_object.h"

static const struct decision {
    enum role role;
    bool here;             /* the alert lies inside the agency's jurisdiction, and is a resident's */
    bool officer;          /* by an officer who is named */
    bool reason, revision; /* must be told */
    const char *told;      /* to the sender */
} decisions[] = {
    [VERDICT_CONFIRMED] = {.role = ROLE_AGENCY, .here = true, .told = "confirmed"},
    [VERDICT_REFUTED] = {.role = ROLE_AGENCY, .here = true, .told = "refuted"},
    [VERDICT_APPROVED] = {.role = ROLE_AGENCY, .officer = true, .revision = true, .told = "approved"},
    [VERDICT_RELEASED] = {.role = ROLE_OPERATOR, .reason = true, .told = "released"},
    [VERDICT_REMOVED] = {.role = ROLE_OPERATOR, .reason = true, .told = "removed"},
};

static const struct decision *decision_of(const struct publication *publication)
{
    return &decisions[publication->verdict.decision];
}

static enum step_result decode(struct publication *publication)
{
    struct verdict *verdict = &publication->verdict;

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a verdict is protobuf or JSON");
    if (!codec_decode_verdict(
            publication->encoding, publication->payload, &publication->arena, verdict, &publication->refusal))
        return STEP_REFUSE;
    if (decision_of(publication)->reason && verdict->reason.len == 0)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "reason", "required: whoever sent the alert is told it");
    if (decision_of(publication)->revision && verdict->revision == 0)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "revision", "required: the revision that was looked at");
    return judged_name(publication, verdict->public_id);
}

static enum step_result authorize(struct publication *publication)
{
    const struct decision *decision = decision_of(publication);

    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (decision->role != publication->principal->role)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "decision",
            decision->role == ROLE_AGENCY ? "an agency's to make" : "an operator's to make");
    if (decision->officer && !publication->officer[0])
        return publication_refuse(publication, REASON_NOT_ALLOWED, "officer",
            "needed: approve with a token that names the officer");
    return STEP_GO_ON;
}

static bool lies_here(struct publication *publication)
{
    const struct alert *alert = &judged(publication)->alert;
    struct arena *arena = &publication->arena;
    struct geo_shape shape = alert_shape(alert, publication->broker->options.leaf_precision, arena);
    size_t size = geo_prepared_size(&shape);

    return alert->place.kind != PLACE_NONE && jurisdiction_holds(publication->principal->jurisdiction_owned,
                                                  &shape, geo_prepare(&shape, arena_take(arena, size), size));
}

static enum step_result locate(struct publication *publication)
{
    enum step_result result = decision_of(publication)->here ? judged_load(publication) : STEP_GO_ON;

    if (result != STEP_GO_ON || !decision_of(publication)->here)
        return result;
    if (judged(publication)->alert.sender_kind == SENDER_AGENCY)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "public_id",
            "of residents' alerts: an agency corrects its own by UPDATE or CANCEL");
    if (lies_here(publication))
        return STEP_GO_ON;
    publication->broker->counters.refused_jurisdiction++;
    return publication_refuse(
        publication, REASON_NOT_ALLOWED, "public_id", "the alert lies outside the agency's jurisdiction");
}

static void stored(void *arg, const struct store_verdict_result *result)
{
    struct publication *publication = arg;

    publication->outcome.revision = result->revision;
    publication->broker->counters.verdicts += result->status == STORE_OK;
    if (result->status == STORE_OK)
        judged_tell(publication, result->sender, result->client, decision_of(publication)->told,
            publication->verdict.reason);
    pipeline_stored(publication, judged_answer(publication, result->status));
}

static enum step_result store(struct publication *publication)
{
    struct store_verdict verdict = {.sender_tag = judged(publication)->sender_tag,
        .public_id = judged(publication)->public_id,
        .revision = publication->verdict.revision,
        .decision = publication->verdict.decision,
        .by = text_of(publication->principal->name),
        .officer = text_of(publication->officer),
        .reason = publication->verdict.reason,
        .now = broker_now(publication->broker),
        .name = text_of(publication->principal->agency_name),
        .case_number = publication->verdict.case_number};

    publication->stores = 1;
    store_verdict(publication->broker->store, &verdict, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_verdict = {
    .topic = TOPIC_VERDICT,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
};
