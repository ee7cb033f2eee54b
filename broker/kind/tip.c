/* A tip: a resident tells an agency something, and the two go on in a conversation in which the agency knows
 * the resident by the conversation's id alone. Residents begin; an agency can only answer. */
#include "bridge/seal.h"
#include "bridge/seal_cms.h"
#include "bridge/store_tip.h"
#include "broker/kind/kind.h"

enum { TIPS_DAY = 20 }; /* conversations that a resident begins */

static enum step_result refuse(struct publication *publication, const char *field, const char *rule)
{
    return publication_refuse(publication, REASON_BAD_PAYLOAD, field, rule);
}

static enum step_result decode(struct publication *publication)
{
    struct tip *tip = &publication->tip;

    if (publication->encoding == ENCODING_CAP)
        return refuse(publication, "payload", "a tip is protobuf or JSON");
    if (!codec_decode_tip(
            publication->encoding, publication->payload, &publication->arena, tip, &publication->refusal))
        return STEP_REFUSE;
    if (!tip->sender_tip_id.len)
        return refuse(publication, "sender_tip_id", "required");
    if (tip->sealed.len && !seal_cms_has_form(tip->sealed))
        return refuse(publication, "sealed", "CMS EnvelopedData in DER, sealed to the agency's certificate");
    seal_digest(publication->payload, publication->digest);
    return STEP_GO_ON;
}

/* What only a tip that begins a conversation has. */
static enum step_result check_beginning(struct publication *publication)
{
    const struct tip *tip = &publication->tip;
    const struct {
        bool told;
        const char *field;
    } once[] = {{tip->agency.len, "agency"}, {tip->about.len, "about"}, {tip->case_number.len, "case_number"},
        {tip->claim_hash.len, "claim_hash"}};

    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        if (once[i].told)
            return refuse(publication, once[i].field, "said when the conversation begins, and not again");
    }
    if (tip->conversation_id.len != PUBLIC_ID)
        return refuse(publication, "conversation_id", "not the id of a conversation");
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    const struct tip *tip = &publication->tip;
    bool agency = publication->principal->role == ROLE_AGENCY;

    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (tip->conversation_id.len)
        return check_beginning(publication);
    if (agency)
        return refuse(publication, "conversation_id", "required of an agency: residents begin");
    if (!tip->agency.len)
        return refuse(publication, "agency", "required: to whom");
    return STEP_GO_ON;
}

static void stored(void *arg, const struct store_tip_result *result)
{
    struct publication *publication = arg;
    enum store_status status = result->status;

    publication->outcome.repeat = status == STORE_REPEAT;
    if (status == STORE_NOT_FOUND) {
        bool begins = publication->tip.agency.len;
        publication_refuse(publication, REASON_OTHER, begins ? "agency" : "conversation_id",
            begins ? "no partner agency has this id" : "no such conversation of yours");
    } else if (status == STORE_CONFLICT) {
        publication_refuse(
            publication, REASON_OTHER, "sender_tip_id", "used already for another message: choose a new id");
    } else if (status == STORE_LIMITED) {
        publication->broker->counters.refused_limit++;
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "sender",
            publication->tip.agency.len ? "at most 20 new tips a day"
                                        : "at most 500 messages in a conversation");
        publication->refusal.retry_after_s = (uint32_t)((result->retry_after_ms + 999) / 1000);
    } else {
        pipeline_stored(publication, status);
        return;
    }
    pipeline_stored(publication, STORE_OK);
}

/* The other side gets it without the sender's own name for it, which might tell who it is. */
static struct bytes payload_of(struct publication *publication, const struct store_tip *out)
{
    struct tip tip = publication->tip;

    tip.sender_tip_id = (struct text){0};
    tip.agency = (struct text){0};
    tip.claim_hash = (struct bytes){0};
    tip.conversation_id = text_of(out->conversation_id);
    tip.tip_id = text_of(out->tip_id);
    tip.from_agency = publication->principal->role == ROLE_AGENCY;
    tip.at = out->now;
    return codec_encode_tip(ENCODING_PROTOBUF, &tip, &publication->arena);
}

/* The same name in two conversations is of two messages: the other side drops what it has. */
static void name_message(struct publication *publication, struct store_tip *out)
{
    const struct text own = publication->tip.sender_tip_id, conversation = publication->tip.conversation_id;
    const char *name = arena_printf(&publication->arena, "tip\n%.*s\n%.*s", (int)conversation.len,
        conversation.data ? conversation.data : "", (int)own.len, own.data);

    seal_public_id(publication->broker->seal, out->sender, text_of(name), out->tip_id);
}

static enum step_result store(struct publication *publication)
{
    const struct tip *tip = &publication->tip;
    const struct seal *seal = publication->broker->seal;
    struct arena *arena = &publication->arena;
    struct store_tip out = {.sender = text_of(publication->principal->name),
        .claim_hash = tip->claim_hash,
        .limit = TIPS_DAY,
        .now = broker_now(publication->broker)};

    memcpy(out.digest, publication->digest, sizeof out.digest);
    name_message(publication, &out);
    if (tip->conversation_id.len) {
        out.conversation_id = arena_copy(arena, tip->conversation_id.data, tip->conversation_id.len);
        if (!seal_tag_of(seal, tip->conversation_id, &out.sender_tag))
            return publication_refuse(
                publication, REASON_OTHER, "conversation_id", "no such conversation of yours");
    } else {
        out.conversation_id = out.tip_id;
        out.sender_tag = seal_sender_tag(seal, out.sender);
        out.agency = text_of(arena_printf(arena, "agency/%.*s", (int)tip->agency.len, tip->agency.data));
    }
    memcpy(publication->outcome.public_id, out.conversation_id, PUBLIC_ID);
    out.payload = payload_of(publication, &out);
    publication->stores = 1;
    store_tip(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_tip = {
    .topic = TOPIC_TIP,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
