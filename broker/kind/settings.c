/* A resident's settings: the household's, which any of its users sets for all, and what the follower wishes
 * of its deliveries, which belongs to the session that sent it (user and client id). Both are stored before
 * the acknowledgement, and hold from then on. */
#include "bridge/store_household.h"
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

static bool is_households(const struct settings_message *settings)
{
    return settings->has_sharing || settings->has_footage || settings->retention_days;
}

/* What says nothing of the household's is all about the session, though it be that it wishes for nothing
 * more. */
static bool is_sessions(const struct settings_message *settings)
{
    return !is_households(settings) || settings->quiet_count || settings->quiet_passes ||
           settings->least_count || settings->digest_minutes || settings->language.len ||
           settings->time_zone.len;
}

static bool knows_zone(struct publication *publication, struct text zone)
{
    char name[LIMIT_ZONE + 1];
    int minutes;

    memcpy(name, zone.data ? zone.data : "", zone.len);
    name[zone.len] = '\0';
    return publication->broker->options.zone_clock(name, broker_now(publication->broker), &minutes);
}

static enum step_result authorize(struct publication *publication)
{
    static const char zone_rule[] = "the name of a zone, as America/Los_Angeles";
    const struct settings_message *settings = &publication->settings;

    if (!publication->connection || !publication->connection->session)
        return publication_refuse(
            publication, REASON_OTHER, "topic", "settings belong to the session that sends them");
    if (is_households(settings) && !publication->principal->household[0])
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "household", "the sender belongs to no household");
    if (!knows_zone(publication, settings->time_zone))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "time_zone", zone_rule);
    if (!knows_zone(publication, settings->sharing.time_zone))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "sharing.time_zone", zone_rule);
    return STEP_GO_ON;
}

static void stored(void *arg, enum store_status status)
{
    pipeline_stored(arg, status);
}

static void wished(void *arg, enum store_status status)
{
    struct publication *publication = arg;
    struct connection *connection = publication->connection;

    if (status == STORE_OK && connection && connection->session &&
        connection->session->generation == publication->generation)
        hold_wish(connection->session, &publication->settings);
    pipeline_stored(publication, status);
}

static void store_household(struct publication *publication)
{
    const struct settings_message *settings = &publication->settings;
    const struct household_change change = {.household = text_of(publication->principal->household),
        .sharing = settings->has_sharing ? &settings->sharing : NULL,
        .retention_days = settings->retention_days,
        .footage = settings->has_footage ? &settings->footage : NULL};

    store_household_change(publication->broker->store, &change, stored, publication);
}

static enum step_result store(struct publication *publication)
{
    const struct settings_message *settings = &publication->settings;
    bool households = is_households(settings), sessions = is_sessions(settings);

    publication->stores = (uint16_t)(households + sessions);
    if (households)
        store_household(publication);
    if (sessions)
        store_session_wishes(publication->broker->store, session_name(publication->connection->session),
            publication->generation, hold_encode(settings, &publication->arena), wished, publication);
    return STEP_WAIT;
}

const struct kind kind_settings = {
    .topic = TOPIC_SETTINGS,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
