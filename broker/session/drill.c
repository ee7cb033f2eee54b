#include "broker/session/drill.h"

#include "bridge/store_agency.h"
#include "broker/principal.h"
#include "broker/session/alert_object.h"
#include "proto/codec.h"

/* Of the session that waits for one; most never have it. */
struct drill {
    uint16_t packet_id;
    char public_id[PUBLIC_ID + 1];
};

void drill_sent(struct session *session, const struct alert_object *alert)
{
    const struct known_principal *agency = session->principal;

    if (agency->role != ROLE_AGENCY || agency->drilled || !alert->in_force ||
        !text_equal(alert->tester, text_of(agency->name)))
        return;
    if (!session->drill)
        session->drill = must_alloc(sizeof *session->drill);
    session->drill->packet_id = session->inflight.last_id;
    memcpy(session->drill->public_id, alert->key.public_id, sizeof session->drill->public_id);
}

struct passed {
    struct broker *broker;
    char public_id[PUBLIC_ID + 1];
    size_t principal_len;
    char names[]; /* principal, client, each with a NUL */
};

static void told(void *arg, enum store_status status)
{
    struct passed *passed = arg;

    if (status != STORE_OK)
        passed->broker->counters.notices_lost++;
    free(passed);
}

static void stored(void *arg, enum store_status status)
{
    struct passed *passed = arg;
    struct broker *broker = passed->broker;
    struct moderation moderation = {.public_id = text_of(passed->public_id),
        .decision = TEXT("drilled"),
        .reason = TEXT("the test alert came back: the agency may alert"),
        .at = broker_now(broker)};
    struct arena arena;

    if (status != STORE_OK) {
        log_line(LOG_LEVEL_ERROR, "drill_lost", "principal=%s status=%d", passed->names, (int)status);
        free(passed);
        return;
    }
    broker->counters.agencies_drilled++;
    log_line(LOG_LEVEL_INFO, "drilled", "principal=%s alert=%s", passed->names, passed->public_id);
    arena_init(&arena, NULL, 0);
    store_inbox(broker->store,
        (struct session_name){text_of(passed->names), text_of(passed->names + passed->principal_len + 1)},
        TEXT("reply/moderation"), codec_encode_moderation(ENCODING_PROTOBUF, &moderation, &arena), told,
        passed);
    arena_free(&arena);
}

void drill_acknowledged(struct session *session, uint16_t packet_id)
{
    struct session_name name;

    if (!session->drill || session->drill->packet_id != packet_id)
        return;
    name = session_name(session);
    struct passed *passed = must_calloc(sizeof *passed + name.principal.len + name.client.len + 2);
    passed->broker = session->broker;
    memcpy(passed->public_id, session->drill->public_id, sizeof passed->public_id);
    passed->principal_len = name.principal.len;
    memcpy(passed->names, name.principal.data, name.principal.len);
    memcpy(passed->names + name.principal.len + 1, name.client.data, name.client.len);
    free(session->drill);
    session->drill = NULL;
    store_drilled(
        session->broker->store, text_of(passed->names), broker_now(session->broker), stored, passed);
}
