/* A resident says that an alert should not be here. Flags of enough households nearby hold a resident's alert
 * for a moderator; its sender is told, and appeals by a flag of its own. */
#include "broker/kind/judged.h"

static enum step_result decode(struct publication *publication)
{
    struct flag *flag = &publication->flag;

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "payload", "a flag is protobuf or JSON");
    if (!codec_decode_flag(
            publication->encoding, publication->payload, &publication->arena, flag, &publication->refusal))
        return STEP_REFUSE;
    return judged_name(publication, flag->public_id);
}

static bool is_appeal(const struct publication *publication)
{
    return text_equal(judged(publication)->sender, text_of(publication->principal->name));
}

/* An appeal is heard from whoever sent the alert, banned and unverified too. */
static enum step_result check_appeal(struct publication *publication)
{
    if (!judged(publication)->held)
        return publication_refuse(publication, REASON_OTHER, "public_id",
            "an alert of one's own is appealed for while it is held, and not flagged");
    if (publication->flag.remark.len == 0)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "remark", "an appeal says why the alert should go out");
    return STEP_GO_ON;
}

static enum step_result locate(struct publication *publication)
{
    enum step_result result = judged_load(publication);

    if (result != STEP_GO_ON)
        return result;
    if (is_appeal(publication))
        return check_appeal(publication);
    if (judged_by_household(publication) != STEP_GO_ON)
        return STEP_REFUSE;
    if (judged(publication)->alert.sender_kind == SENDER_AGENCY)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "public_id",
            "an agency's alert is not held by flags: tell the agency or the operator");
    if (!judged(publication)->in_force && !judged(publication)->held)
        return publication_refuse(publication, REASON_OTHER, "public_id", "the alert is no longer in force");
    return judged_from_near(publication);
}

static void stored(void *arg, const struct store_flag_result *result)
{
    struct publication *publication = arg;
    struct counters *counters = &publication->broker->counters;
    bool ok = result->status == STORE_OK;

    counters->appeals += ok && is_appeal(publication);
    counters->flags += ok && !is_appeal(publication);
    counters->alerts_held += ok && result->held;
    if (ok && result->held)
        judged_tell(publication, result->sender, result->client, "held",
            TEXT("neighbors flagged it: a moderator will look at it; a flag of your own with a remark "
                 "appeals"));
    pipeline_stored(publication, judged_answer(publication, result->status));
}

static enum step_result store(struct publication *publication)
{
    struct store_flag flag = {.sender_tag = judged(publication)->sender_tag,
        .public_id = judged(publication)->public_id,
        .household = text_of(publication->principal->household),
        .reason = publication->flag.reason,
        .remark = publication->flag.remark,
        .now = broker_now(publication->broker),
        .enough = publication->broker->options.flags_enough,
        .appeal = is_appeal(publication)};

    publication->stores = 1;
    store_flag(publication->broker->store, &flag, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_flag = {
    .topic = TOPIC_FLAG,
    .decode = decode,
    .locate = locate,
    .store = store,
};
