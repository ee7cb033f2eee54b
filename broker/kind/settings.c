/* A resident's settings, as far as they are served: what the follower wishes of its deliveries. They belong
 * to the session that sent them (user and client id), are stored with it before the acknowledgement, and hold
 * from then on. */
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"
#include "broker/session/hold.h"

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "settings are protobuf or JSON");
    if (!codec_decode_settings_message(publication->encoding, publication->payload, &publication->arena,
            &publication->settings, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

/* What the message may say some day, and nobody would keep to now, is refused rather than passed over. */
static const char *not_served(const struct settings_message *settings)
{
    if (settings->has_sharing)
        return "sharing";
    if (settings->retention_days)
        return "retention_days";
    return settings->footage_requests ? "footage_requests" : NULL;
}

static enum step_result authorize(struct publication *publication)
{
    const struct settings_message *settings = &publication->settings;
    const char *field = not_served(settings);
    char zone[LIMIT_ZONE + 1];
    int minutes;

    if (field)
        return publication_refuse(publication, REASON_OTHER, field, "not served by this version");
    if (!publication->connection || !publication->connection->session)
        return publication_refuse(
            publication, REASON_OTHER, "topic", "settings belong to the session that sends them");
    memcpy(zone, settings->time_zone.data ? settings->time_zone.data : "", settings->time_zone.len);
    zone[settings->time_zone.len] = '\0';
    if (!publication->broker->options.zone_clock(zone, broker_now(publication->broker), &minutes))
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "time_zone", "the name of a zone, as America/Los_Angeles");
    return STEP_GO_ON;
}

static void stored(void *arg, enum store_status status)
{
    struct publication *publication = arg;
    struct connection *connection = publication->connection;

    if (status == STORE_OK && connection && connection->session &&
        connection->session->generation == publication->generation)
        hold_wish(connection->session, &publication->settings);
    pipeline_stored(publication, status);
}

static enum step_result store(struct publication *publication)
{
    struct session *session = publication->connection->session;

    publication->stores = 1;
    store_session_wishes(publication->broker->store, session_name(session), publication->generation,
        hold_encode(&publication->settings, &publication->arena), stored, publication);
    return STEP_WAIT;
}

const struct kind kind_settings = {
    .topic = TOPIC_SETTINGS,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
