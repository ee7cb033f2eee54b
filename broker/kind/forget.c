/* A resident wants deleted what is the household's: events, a device, what the resident said, or everything.
 * It is acknowledged when it is noted; the store does it for good, and puts the signed receipt into the
 * sender's inbox. */
#include "bridge/store_forget.h"
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "payload", "forget is protobuf or JSON");
    if (!codec_decode_forget(publication->encoding, publication->payload, &publication->arena,
            &publication->forget, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    if (!publication->connection || !publication->connection->session)
        return publication_refuse(
            publication, REASON_OTHER, "topic", "the receipt comes to the session that sends it");
    if (!publication->principal->household[0])
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "household", "the sender belongs to no household");
    return STEP_GO_ON;
}

static void stored(void *arg, enum store_status status)
{
    pipeline_stored(arg, status);
}

static enum step_result store(struct publication *publication)
{
    const struct forget *forget = &publication->forget;
    int64_t now = broker_now(publication->broker);
    bool no_events =
        forget->alerts && !forget->account && !forget->device_count && !forget->from && !forget->to;
    const struct store_forget what = {.household = text_of(publication->principal->household),
        .by = session_name(publication->connection->session),
        .device_count = forget->device_count,
        .devices = forget->devices,
        .from = no_events ? now : forget->from,
        .to = no_events    ? 0
              : forget->to ? forget->to
                           : now + publication->broker->options.clock_future_ms,
        .alerts = forget->alerts,
        .account = forget->account,
        .enrolment = forget->enrolment,
        .name = forget->forget_id,
        .now = now};

    publication->stores = 1;
    store_forget(publication->broker->store, &what, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_forget = {
    .topic = TOPIC_FORGET,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
