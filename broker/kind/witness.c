/* A resident saw it too. Enough households nearby make a resident's report CORROBORATED. */
#include "broker/kind/judged.h"

static enum step_result decode(struct publication *publication)
{
    struct witness *witness = &publication->witness;

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a witness is protobuf or JSON");
    if (!codec_decode_witness(
            publication->encoding, publication->payload, &publication->arena, witness, &publication->refusal))
        return STEP_REFUSE;
    if (witness->at > broker_now(publication->broker) + publication->broker->options.clock_future_ms)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "at", "lies in the future: check the clock");
    return judged_name(publication, witness->public_id);
}

static enum step_result locate(struct publication *publication)
{
    enum step_result result = judged_load(publication);

    if (result != STEP_GO_ON)
        return result;
    if (!judged(publication)->in_force)
        return publication_refuse(publication, REASON_OTHER, "public_id", "the alert is no longer in force");
    return judged_from_near(publication);
}

static void stored(void *arg, const struct store_alert_result *result)
{
    struct publication *publication = arg;

    publication->broker->counters.witnesses += result->status == STORE_OK;
    publication->outcome.revision = result->revision;
    pipeline_stored(publication, judged_answer(publication, result->status));
}

static enum step_result store(struct publication *publication)
{
    struct store_witness witness = {.sender_tag = judged(publication)->sender_tag,
        .public_id = judged(publication)->public_id,
        .household = text_of(publication->principal->household),
        .remark = publication->witness.remark,
        .now = broker_now(publication->broker),
        .enough = publication->broker->options.witnesses_enough};

    publication->stores = 1;
    store_witness(publication->broker->store, &witness, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_witness = {
    .topic = TOPIC_WITNESS,
    .decode = decode,
    .authorize = judged_by_household,
    .locate = locate,
    .store = store,
};
