/* The broker as a whole: what belongs to it, the upkeep of a turn, and what the store tells it. */
#include "broker/inquiry.h"
#include "broker/post.h"
#include "broker/principal.h"
#include "broker/push_inside.h"
#include "broker/session/connection_state.h"
#include "broker/session/deliver.h"
#include "broker/session/delivered.h"
#include "broker/session/expiry.h"
#include "broker/session/hold.h"
#include "broker/session/info.h"
#include "broker/session/place.h"
#include "broker/session/will.h"
#include "broker/step/publication.h"

enum { TICK_MS = 100, TICK_PARTS = 10, TICK_LEAST = 64, STOOD_STILL_MS = 2000 };

/* ---- memory, order, roles ---- */

static void *must(void *memory)
{
    if (!memory) {
        log_line(LOG_LEVEL_ERROR, "out_of_memory", "why=\"the process ends\"");
        abort();
    }
    return memory;
}

void *must_alloc(size_t size)
{
    return must(malloc(size ? size : 1));
}

void *must_calloc(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *must_realloc(void *old, size_t size)
{
    return must(realloc(old, size ? size : 1));
}

int position_order(struct position_in_channel a, struct position_in_channel b)
{
    /* Index 0 is the whole entry, behind each of its items; index - 1 turns it into the largest number. */
    uint32_t a_index = a.index - 1, b_index = b.index - 1;

    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return a_index == b_index ? 0 : a_index < b_index ? -1 : 1;
}

/* ---- birth and death ---- */

struct broker *broker_new(const struct broker_options *options, const struct seal *seal)
{
    struct broker *broker = must_calloc(sizeof *broker);

    broker->options = *options;
    broker->seal = seal;
    LIST_INIT(&broker->connections);
    TAILQ_INIT(&broker->rationed);
    TAILQ_INIT(&broker->dirty);
    TAILQ_INIT(&broker->waiting_channels);
    TAILQ_INIT(&broker->pump);
    TAILQ_INIT(&broker->waiting);
    TAILQ_INIT(&broker->wills);
    TAILQ_INIT(&broker->waiting_publications);
    TAILQ_INIT(&broker->waiting_inquiries);
    TAILQ_INIT(&broker->posts);
    TAILQ_INIT(&broker->idle_principals);
    return broker;
}

void broker_use_store(struct broker *broker, struct store *store)
{
    broker->store = store;
}

struct counters *broker_counters(struct broker *broker)
{
    return &broker->counters;
}

bool broker_token(const struct broker *broker, struct bytes token, struct credential *out, const char **why)
{
    const struct broker_options *options = &broker->options;

    return options->check_token(options->check_arg, (struct text){0}, token, out, why);
}

void broker_drain(struct broker *broker)
{
    struct connection *connection, *next;

    broker->draining = true;
    for (connection = LIST_FIRST(&broker->connections); connection; connection = next) {
        next = LIST_NEXT(connection, in_list);
        connection_end(connection, REASON_SHUTTING_DOWN, "shutting down");
    }
    delivered_tell(broker);
}

void broker_free(struct broker *broker)
{
    struct publication *publication;

    delivered_clear(broker);
    pushes_clear(broker);
    posts_clear(broker);
    inquiries_clear(broker);
    while ((publication = broker->spare)) {
        broker->spare = TAILQ_NEXT(publication, in_connection);
        free(publication);
    }
    wills_clear(broker);
    principals_clear(broker);
    free(broker->expiries.due);
    free(broker);
}

/* ---- what the store tells ---- */

static void on_available(void *arg, bool available)
{
    struct broker *broker = arg;

    broker->store_available = available;
    if (available)
        principals_doubt(broker);
    log_line(available ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "store", "available=%d", available);
}

static void on_changes_missed(void *arg)
{
    principals_doubt(arg);
}

struct store_events broker_store_events(struct broker *broker)
{
    return (struct store_events){.arg = broker,
        .entry = channel_on_entry,
        .seam = channel_on_seam,
        .taken_over = connection_on_taken_over,
        .principal_changed = principal_on_change,
        .changes_missed = on_changes_missed,
        .carried = delivered_on_carried,
        .available = on_available};
}

void connections_revoke(struct broker *broker, const struct known_principal *principal)
{
    struct session *session, *next;

    HASH_ITER(hh, broker->sessions, session, next)
    {
        struct connection *connection = session->connection;
        if (session->principal != principal || !connection)
            continue;
        const char *why = principal_bars(principal, session_name(session).client, connection->token_issued);
        if (!why && connection->officer && !officer_listed(text_of(principal->officers), connection->officer))
            why = "officer not listed";
        if (why)
            connection_bar(connection, why);
        else if (!session_in_reach(session)) {
            broker->counters.connections_barred++;
            connection_end(connection, REASON_NOT_ALLOWED, "follows more than its jurisdiction");
        }
    }
}

void broker_recheck(struct broker *broker)
{
    const struct broker_options *options = &broker->options;
    struct connection *connection, *next;

    for (connection = LIST_FIRST(&broker->connections); connection; connection = next) {
        next = LIST_NEXT(connection, in_list);
        if (connection->token_key && !options->credential_stands(options->check_arg, connection->token_key))
            connection_bar(connection, "the token's key is no longer good");
    }
}

void broker_recheck_certificates(struct broker *broker, certificate_fault *fault, void *arg)
{
    struct connection *connection, *next;

    for (connection = LIST_FIRST(&broker->connections); connection; connection = next) {
        next = LIST_NEXT(connection, in_list);
        const char *why = connection->peer.trail ? fault(arg, connection->peer.trail) : NULL;
        if (why)
            connection_bar(connection, why);
    }
}

/* ---- time ---- */

/* Names a session to the store's answer, which may come after it is gone. */
struct session_fence {
    struct broker *broker;
    uint64_t generation;
    size_t len;
    char name[];
};

static void cursors_saved(void *arg, enum store_status status)
{
    struct session_fence *fence = arg;
    struct session *session;

    HASH_FIND(hh, fence->broker->sessions, fence->name, fence->len, session);
    if (status == STORE_FENCED && session && session->generation == fence->generation && session->connection)
        connection_end(session->connection, REASON_TAKEN_OVER, "session taken over");
    free(fence);
}

static void save_cursors(struct session *session)
{
    size_t len = strlen(session->name);
    struct session_fence *fence = must_alloc(sizeof *fence + len);

    *fence = (struct session_fence){session->broker, session->generation, len};
    memcpy(fence->name, session->name, len);
    session_save(session, false, cursors_saved, fence);
}

static void tick_session(struct session *session, int64_t now)
{
    const struct broker_options *options = &session->broker->options;

    principal_refresh(session->broker, session->principal, now);
    hold_tick(session, now);
    if (session->heartbeat_at > now || session->saved_at > now)
        session->heartbeat_at = session->saved_at = now; /* the clock was set back */
    if (session->expiry_s && session->unsaved && now - session->saved_at >= options->cursor_save_ms)
        save_cursors(session);
    if (now - session->heartbeat_at >= options->heartbeat_ms) {
        /* On its own beat: when somebody's heartbeat comes tells nothing of who else is here. */
        session->heartbeat_at += options->heartbeat_ms;
        if (now - session->heartbeat_at >= options->heartbeat_ms)
            session->heartbeat_at = now;
        heartbeat_send(session);
    }
}

/* ms since then in which the peer could be heard: what it sent while the process stood still may not be read
 * yet, and of a time before the clock was set nobody knows how long ago it is. */
static int64_t silent_for(const struct broker *broker, int64_t since, int64_t now)
{
    return now - (since > now || since < broker->awake_at ? broker->awake_at : since);
}

static void tick_connection(struct connection *connection, int64_t now)
{
    const struct broker *broker = connection->broker;
    const struct broker_options *options = &broker->options;
    bool waits_for_us = connection_waits_for_us(connection);

    if (connection->stage == STAGE_AWAIT_CONNECT &&
        silent_for(broker, connection->accepted_at, now) > options->connect_timeout_ms)
        connection_end(connection, REASON_KEEP_ALIVE_TIMEOUT, "no CONNECT in time");
    else if (connection->stage == STAGE_UP && !waits_for_us && connection->keep_alive_s &&
             silent_for(broker, connection->received_at, now) >
                 connection->keep_alive_s * INT64_C(1500)) /* [MQTT-3.1.2-22] */
        connection_end(connection, REASON_KEEP_ALIVE_TIMEOUT, "keep-alive missed");
    else if (connection->session)
        tick_session(connection->session, now);
}

/* A tenth of all connections each tenth of a second, so that no turn pays for all of them; of a few, all. */
static void tick(struct broker *broker)
{
    int64_t now = broker_now(broker);
    size_t most = broker->connection_count / TICK_PARTS + TICK_LEAST;

    if (now - broker->tick_at < TICK_MS && now >= broker->tick_at)
        return;
    if (now < broker->tick_at || now - broker->tick_at > STOOD_STILL_MS)
        broker->awake_at = now;
    broker->tick_at = now;
    expiry_tick(broker, now);
    wills_tick(broker, now);
    principals_tick(broker);
    places_tell(broker, now);
    alert_objects_tick(broker);
    delivered_tick(broker, now);
    while (most-- > 0) {
        struct connection *connection = broker->tick_next;
        if (!connection)
            connection = LIST_FIRST(&broker->connections);
        if (!connection)
            return;
        broker->tick_next = LIST_NEXT(connection, in_list);
        tick_connection(connection, now);
        if (!broker->tick_next)
            return;
    }
}

/* ---- the turn ---- */

void broker_turn(struct broker *broker)
{
    rations_turn(broker);
    posts_turn(broker);
    broker->turn_at = 0; /* what came in took its time */
    deliver_turn(broker);
    pushes_turn(broker);
    tick(broker);
    broker->turn_at = 0;
    store_upkeep(broker->store, broker_now(broker));
}
