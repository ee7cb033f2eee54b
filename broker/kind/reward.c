/* An agency's rewards: how many a programme has, one for a tip, one that was handed in. */
#include "bridge/seal.h"
#include "bridge/store_tip.h"
#include "broker/kind/kind.h"

static const int64_t longest_ms = INT64_C(366) * 24 * 3600 * 1000;

static enum step_result refuse(struct publication *publication, const char *field, const char *rule)
{
    return publication_refuse(publication, REASON_BAD_PAYLOAD, field, rule);
}

static enum step_result check_grant(struct publication *publication)
{
    const struct reward *reward = &publication->reward;
    int64_t now = broker_now(publication->broker);

    if (reward->conversation_id.len != PUBLIC_ID)
        return refuse(publication, "conversation_id", "not the id of a conversation");
    if (!reward->case_number.len)
        return refuse(publication, "case_number", "required: it becomes part of the public record");
    if (reward->claim_until && (reward->claim_until <= now || reward->claim_until > now + longest_ms))
        return refuse(publication, "claim_until", "in the future, at most a year from now");
    return STEP_GO_ON;
}

static enum step_result decode(struct publication *publication)
{
    struct reward *reward = &publication->reward;

    if (publication->encoding == ENCODING_CAP)
        return refuse(publication, "payload", "a reward is protobuf or JSON");
    if (!codec_decode_reward(
            publication->encoding, publication->payload, &publication->arena, reward, &publication->refusal))
        return STEP_REFUSE;
    if (!reward->sender_reward_id.len)
        return refuse(publication, "sender_reward_id", "required");
    if (!reward->programme.len)
        return refuse(publication, "programme", "required: of which there are so many");
    if ((reward->stock > 0) + (reward->redeem > 0) + (reward->conversation_id.len > 0) != 1)
        return refuse(publication, "conversation_id", "one of conversation_id, stock and redeem");
    if (reward->stock && !reward->reward.len)
        return refuse(publication, "reward", "required with stock: what it is, in words");
    return reward->conversation_id.len ? check_grant(publication) : STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (publication->officer[0])
        return STEP_GO_ON;
    return publication_refuse(publication, REASON_NOT_ALLOWED, "officer",
        "needed: grant rewards with a token that names the officer");
}

static enum step_result refuse_not_found(struct publication *publication)
{
    const struct reward *reward = &publication->reward;

    if (reward->redeem)
        return publication_refuse(
            publication, REASON_OTHER, "redeem", "no voucher of this programme has that number");
    return publication_refuse(
        publication, REASON_OTHER, "conversation_id", "no such conversation of yours, or no such programme");
}

static void refuse_result(struct publication *publication, enum store_status status)
{
    if (status == STORE_NOT_FOUND)
        refuse_not_found(publication);
    else if (status == STORE_CONFLICT && publication->reward.redeem)
        publication_refuse(publication, REASON_OTHER, "redeem", "this voucher was handed in before");
    else if (status == STORE_CONFLICT)
        publication_refuse(publication, REASON_OTHER, "stock", "more were given already");
    else if (status == STORE_LIMITED)
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "programme", "none are left");
    else if (status == STORE_ENDED)
        publication_refuse(
            publication, REASON_OTHER, "voucher", "this broker has no log_key_file to sign it with");
}

static void stored(void *arg, const struct store_reward_result *result)
{
    struct publication *publication = arg;

    publication->outcome.repeat = result->status == STORE_REPEAT;
    publication->outcome.left = result->left;
    refuse_result(publication, result->status);
    pipeline_stored(publication, publication->refusal.code ? STORE_OK : result->status);
}

static enum step_result store(struct publication *publication)
{
    struct reward *reward = &publication->reward;
    const struct seal *seal = publication->broker->seal;
    struct text agency = text_of(publication->principal->name);
    struct store_reward out = {.agency_tag = seal_sender_tag(seal, agency),
        .reward = reward,
        .agency = agency,
        .agency_name = text_of(publication->principal->agency_name),
        .officer = text_of(publication->officer),
        .now = broker_now(publication->broker)};

    if (reward->conversation_id.len && !seal_tag_of(seal, reward->conversation_id, &out.conversation_tag))
        return refuse_not_found(publication);
    publication->stores = 1;
    store_reward(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_reward = {
    .topic = TOPIC_REWARD,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
