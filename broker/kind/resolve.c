/* An agency closes a case: its requests end, the owners who were asked are told so, and the outcome is on
 * record. */
#include "bridge/seal.h"
#include "bridge/store_footage.h"
#include "broker/kind/kind.h"

static enum step_result decode(struct publication *publication)
{
    struct resolve *resolve = &publication->resolve;

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a closed case is told in protobuf or JSON");
    if (!codec_decode_resolve(
            publication->encoding, publication->payload, &publication->arena, resolve, &publication->refusal))
        return STEP_REFUSE;
    for (size_t i = 0; i < resolve->request_count; i++) {
        if (resolve->request_ids[i].len != PUBLIC_ID)
            return publication_refuse(publication, REASON_BAD_PAYLOAD,
                arena_printf(&publication->arena, "request_ids[%zu]", i), "not the id of a request");
    }
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (publication->officer[0])
        return STEP_GO_ON;
    return publication_refuse(publication, REASON_NOT_ALLOWED, "officer",
        "needed: close a case with a token that names the officer");
}

static void stored(void *arg, enum store_status status)
{
    struct publication *publication = arg;

    publication->outcome.repeat = status == STORE_REPEAT;
    if (status == STORE_NOT_FOUND) {
        publication_refuse(
            publication, REASON_OTHER, "request_ids", "one of them is no request of this case");
        status = STORE_OK;
    }
    pipeline_stored(publication, status);
}

static enum step_result store(struct publication *publication)
{
    const struct resolve *resolve = &publication->resolve;
    struct text agency = text_of(publication->principal->name);
    char ids[LIMIT_REQUESTS][PUBLIC_ID + 1];
    struct store_resolve out = {.agency_tag = seal_sender_tag(publication->broker->seal, agency),
        .agency = agency,
        .agency_name = text_of(publication->principal->agency_name),
        .officer = text_of(publication->officer),
        .case_number = resolve->case_number,
        .outcome = resolve->outcome,
        .remark = resolve->remark,
        .request_count = resolve->request_count,
        .request_ids = (const char(*)[PUBLIC_ID + 1]) ids,
        .now = broker_now(publication->broker)};

    for (size_t i = 0; i < resolve->request_count; i++) {
        memcpy(ids[i], resolve->request_ids[i].data, PUBLIC_ID);
        ids[i][PUBLIC_ID] = '\0';
    }
    publication->stores = 1;
    store_resolve(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_resolve = {
    .topic = TOPIC_RESOLVE,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
