/* The refusal is answered only when it is on record, so that none is missing there. */
#include "broker/step/record.h"

#include "bridge/seal.h"
#include "bridge/store_record.h"

static bool of_record(const struct publication *publication)
{
    static const bool topics[TOPIC_COUNT] = {[TOPIC_ALERT] = true,
        [TOPIC_VERDICT] = true,
        [TOPIC_FOOTAGE_REQUEST] = true,
        [TOPIC_RESOLVE] = true,
        [TOPIC_REWARD] = true};
    const struct known_principal *sender = publication->principal;
    return topics[publication->topic] && sender->role == ROLE_AGENCY && !publication->preview;
}

void record_begin(struct publication *publication)
{
    if (of_record(publication))
        seal_digest(publication->payload, publication->digest);
}

static void recorded(void *arg, enum store_status status)
{
    pipeline_stored(arg, status);
}

/* Why, for the public: a ban's reason is the operator's word to the agency alone. */
static struct text rule_of(struct publication *publication)
{
    const struct refusal *refusal = &publication->refusal;
    const char *field = refusal->field ? refusal->field : "", *rule = refusal->rule ? refusal->rule : "";
    if (publication->banned)
        return TEXT("the sender is banned");
    return text_of(arena_printf(&publication->arena, "%s%s%s", field, *field && *rule ? ": " : "", rule));
}

bool record_refusal(struct publication *publication)
{
    const struct known_principal *agency = publication->principal;
    if (publication->on_record || publication->failed || publication->refusal.code == 0 ||
        !publication->kind || !of_record(publication) || agency->load != PRINCIPAL_KNOWN)
        return false;
    struct text by = text_of(agency->name);
    struct store_act act = {.sender_tag = seal_sender_tag(publication->broker->seal, by),
        .what = "refused",
        .by = by,
        .officer = text_of(publication->officer),
        .subject = text_of(publication->about),
        .reason = text_of(publication->refusal.rule),
        .now = broker_now(publication->broker),
        .name = text_of(agency->agency_name),
        .text = rule_of(publication),
        .digest = {publication->digest, sizeof publication->digest}};
    publication->on_record = true;
    publication->stores = 1;
    store_act(publication->broker->store, &act, recorded, publication);
    return true;
}
