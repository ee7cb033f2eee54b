/* CONNECT: who speaks, is it allowed in, and which session is it. One call to the store answers all three. */
#include <stdio.h>
#include <unistd.h>

#include "broker/principal.h"
#include "broker/session/connection_state.h"
#include "broker/session/deliver.h"
#include "broker/session/expiry.h"
#include "broker/session/saved.h"
#include "broker/session/will.h"

enum { CLIENT_ID = 64, WINDOW = 1024 };

/* A CONNECT that waits for the store. */
struct opening {
    struct connection *connection; /* NULL: gone meanwhile */
    struct broker *broker;
    char principal[160];
    char client[CLIENT_ID + 1];
    bool assigned, clean;
    uint32_t expiry_s;
};

void opening_abandon(struct opening *opening)
{
    opening->connection = NULL;
}

static void count_refused(struct counters *counters, uint8_t reason)
{
    if (reason == REASON_NOT_ALLOWED || reason == REASON_BAD_AUTHENTICATION_METHOD)
        counters->connections_refused_credentials++;
    else if (reason == REASON_SERVER_UNAVAILABLE)
        counters->connections_refused_unavailable++;
    else if (reason != REASON_QUOTA_EXCEEDED) /* counted by itself */
        counters->connections_closed_protocol++;
}

/* told: a reason string of MQTT 5, "" for none. Who is not allowed in learns no more than that. */
static void refuse_telling(struct connection *connection, uint8_t reason, const char *why, const char *told)
{
    enum { ROOM = 256 };
    uint8_t version = connection->version ? connection->version : MQTT_3_1_1;
    struct mqtt_writer writer = {output_reserve(&connection->output, ROOM), ROOM, 0};
    struct mqtt_property_out reason_string = {.id = MQTT_REASON_STRING, .text = text_of(told)};

    mqtt_encode_connack(&writer, version, false, reason, &reason_string, told[0] != 0);
    output_commit(&connection->output, writer.len);
    connection_wants_write(connection);
    count_refused(&connection->broker->counters, reason);
    log_line(LOG_LEVEL_INFO, "connect_refused", "peer=%s reason=0x%02x why=\"%s\"", connection->peer.address,
        reason, why);
    connection_shut(connection, why, false);
}

static void refuse(struct connection *connection, uint8_t reason, const char *why)
{
    refuse_telling(connection, reason, why, "");
}

void connection_refuse_connect(struct connection *connection, uint8_t version, const struct refusal *refusal)
{
    bool answerable = version == MQTT_5 || refusal->code == REASON_UNSUPPORTED_VERSION ||
                      refusal->code == REASON_BAD_CLIENT_ID;

    /* Who speaks a version that is not known is answered in the older one's form [MQTT-3.1.2-2] of 3.1.1. */
    connection_speaks(connection, version >= MQTT_5 ? MQTT_5 : MQTT_3_1_1);
    char told[160];
    snprintf(told, sizeof told, "%s: %s", refusal->field, refusal->rule);
    if (answerable)
        refuse_telling(connection, refusal->code, "packet refused", told);
    else
        connection_end(connection, refusal->code, "packet refused");
}

/* ---- who ---- */

static bool identify(struct connection *connection, const struct mqtt_connect *connect,
    struct credential *out, const char **why)
{
    const struct broker_options *options = &connection->broker->options;
    struct text certificate = connection->peer.certificate;

    if (certificate.len) {
        if (connect->has_username && connect->username.len && !text_equal(connect->username, certificate)) {
            *why = "user name differs from the certificate";
            return false;
        }
        /* The whole of it: a name must not end where a NUL in it does. */
        if (!role_of(certificate) || certificate.len >= sizeof out->name)
            return false;
        memcpy(out->name, certificate.data, certificate.len);
        out->issued_at = connection->peer.certificate_from;
        out->expires_at = connection->peer.certificate_until;
        return true;
    }
    if (!connect->has_username || !connect->username.len || !connect->has_password) {
        *why = "no credentials";
        return false;
    }
    return options->check_token(options->check_arg, connect->username, connect->password, out, why);
}

/* An id that nobody has: process, time and number, and none of them to be read out of it. */
static void assign_client(struct broker *broker, struct opening *opening)
{
    char seed[128], id[PUBLIC_ID + 1];

    snprintf(seed, sizeof seed, "%ld %lld %llu %p", (long)getpid(), (long long)broker_now(broker),
        (unsigned long long)++broker->client_serial, (void *)broker);
    seal_public_id(broker->seal, text_of(opening->principal), text_of(seed), id);
    snprintf(opening->client, sizeof opening->client, "auto-%s", id);
}

/* A client id of any length has a name of bounded length: long ones go by their digest. Who is bound to an
 * instance and gives no client id gets that. */
static void name_client(
    const struct connection *connection, struct text client_id, const char *instance, struct opening *opening)
{
    uint8_t digest[16];

    if (client_id.len == 0 && instance[0]) {
        opening->assigned = true;
        strcpy(opening->client, instance);
    } else if (client_id.len == 0) {
        opening->assigned = true;
        assign_client(connection->broker, opening);
    } else if (client_id.len <= CLIENT_ID && client_id.data[0] != '~') {
        memcpy(opening->client, client_id.data, client_id.len);
    } else {
        seal_digest((struct bytes){(const uint8_t *)client_id.data, client_id.len}, digest);
        char *at = opening->client;
        *at++ = '~';
        for (int i = 0; i < 16; i++)
            at += sprintf(at, "%02x", digest[i]);
    }
}

static void take_settings(struct connection *connection, const struct mqtt_connect *connect)
{
    const struct broker_options *options = &connection->broker->options;
    const struct mqtt_properties *properties = &connect->properties;

    connection->keep_alive_s = connect->keep_alive;
    if (connect->keep_alive == 0 || connect->keep_alive > options->keep_alive_max_s)
        connection->keep_alive_s = (uint16_t)options->keep_alive_max_s;
    connection->will = will_new(connect);
    if (connect->version != MQTT_5)
        return;
    connection->receive_maximum = properties->receive_maximum;
    connection->problem_info = properties->request_problem_info;
    if (MQTT_HAS(properties, MQTT_MAXIMUM_PACKET_SIZE))
        connection->maximum_packet = properties->maximum_packet_size;
}

/* ---- in ---- */

static void greet(struct connection *connection, const struct opening *opening, bool present)
{
    const struct broker_options *options = &connection->broker->options;
    struct mqtt_property_out properties[8];
    size_t count = 0;
    struct mqtt_writer writer = {output_reserve(&connection->output, 256), 256, 0};

    properties[count++] = (struct mqtt_property_out){.id = MQTT_SHARED_AVAILABLE, .value = 0};
    properties[count++] =
        (struct mqtt_property_out){.id = MQTT_RECEIVE_MAXIMUM, .value = options->receive_maximum};
    properties[count++] =
        (struct mqtt_property_out){.id = MQTT_MAXIMUM_PACKET_SIZE, .value = options->maximum_packet};
    properties[count++] =
        (struct mqtt_property_out){.id = MQTT_TOPIC_ALIAS_MAXIMUM, .value = options->topic_alias_maximum};
    properties[count++] =
        (struct mqtt_property_out){.id = MQTT_SERVER_KEEP_ALIVE, .value = connection->keep_alive_s};
    properties[count++] = (struct mqtt_property_out){.id = MQTT_SESSION_EXPIRY, .value = opening->expiry_s};
    if (opening->assigned)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_ASSIGNED_CLIENT_ID, .text = text_of(opening->client)};
    mqtt_encode_connack(&writer, connection->version, present, REASON_OK, properties, count);
    output_commit(&connection->output, writer.len);
    connection_wants_write(connection);
}

/* One process may be asked to hold the same session twice: the older connection goes. False: the one that is
 * here is the newer. */
static bool take_over(struct broker *broker, struct session_name name, uint64_t generation)
{
    size_t len = name.principal.len + 1 + name.client.len;
    char key[512];
    struct session *session;

    if (len > sizeof key)
        return true;
    memcpy(key, name.principal.data, name.principal.len);
    key[name.principal.len] = '/';
    memcpy(key + name.principal.len + 1, name.client.data, name.client.len);
    HASH_FIND(hh, broker->sessions, key, len, session);
    if (session && session->generation >= generation)
        return false;
    if (session && session->connection)
        connection_end(session->connection, REASON_TAKEN_OVER, "session taken over");
    return true;
}

void connection_on_taken_over(void *arg, struct session_name name, uint64_t generation)
{
    (void)take_over(arg, name, generation);
}

static const char *not_welcome(const struct opening *opening, const struct session_record *record)
{
    if (record->status == STORE_NOT_FOUND)
        return "not enrolled";
    if (record->status == STORE_REVOKED)
        return "revoked";
    if (record->status == STORE_WITHDRAWN)
        return "token withdrawn";
    if (record->status != STORE_OK)
        return "store failed";
    if (opening->connection && opening->connection->officer &&
        !officer_listed(record->principal.officers, opening->connection->officer))
        return "officer not listed";
    return NULL;
}

static void welcome(struct opening *opening, const struct session_record *record)
{
    struct connection *connection = opening->connection;
    struct broker *broker = connection->broker;
    struct session_name name = {text_of(opening->principal), text_of(opening->client)};
    struct session *session;

    if (!take_over(broker, name, record->generation)) {
        refuse(connection, REASON_SERVER_BUSY, "session taken over"); /* 0x8E is not for CONNACK */
        return;
    }
    if (broker->options.max_identity &&
        principal_connections(broker, name.principal) >= broker->options.max_identity) {
        broker->counters.connections_refused_identity++;
        refuse_telling(connection, REASON_QUOTA_EXCEEDED, "too many connections of one identity",
            "too many connections of one identity: max_connections_per_identity of this broker");
        return;
    }
    session = session_new(broker, connection, name, record, opening->expiry_s);
    session->inflight.window = connection->receive_maximum < WINDOW ? connection->receive_maximum : WINDOW;
    connection->session = session;
    will_settle(broker, session->name, !record->present);
    connection->stage = STAGE_UP;
    for (size_t i = 0; i < record->qos2_count; i++)
        qos2_add(connection, record->qos2[i]);
    greet(connection, opening, record->present);
    deliver_wake(session);
}

static void refuse_record(struct connection *connection, const struct session_record *record, const char *why)
{
    bool failed = record->status == STORE_FAILED || record->status == STORE_GONE;

    refuse(connection, failed ? REASON_SERVER_UNAVAILABLE : REASON_NOT_ALLOWED, why);
}

static void opened(void *arg, const struct session_record *record)
{
    struct opening *opening = arg;
    struct connection *connection = opening->connection;
    bool waits = connection && connection->stage == STAGE_OPENING;
    const char *why = not_welcome(opening, record);

    if (connection)
        connection->opening = NULL;
    if (waits && !why)
        welcome(opening, record);
    else if (waits)
        refuse_record(connection, record, why);
    if (record->status == STORE_OK && !(waits && connection->session)) /* open in the store, and nobody's */
        store_session_close(opening->broker->store,
            (struct session_name){text_of(opening->principal), text_of(opening->client)}, record->generation,
            opening->expiry_s, (struct bytes){0}, NULL, NULL);
    if (connection)
        connection_resume(connection);
    free(opening);
}

static void open_session(
    struct connection *connection, const struct mqtt_connect *connect, const struct credential *who)
{
    struct broker *broker = connection->broker;
    struct opening *opening = must_calloc(sizeof *opening);
    uint32_t most = broker->options.session_expiry_max_s;
    uint32_t expiry = connect->version == MQTT_5 ? connect->properties.session_expiry
                                                 : (connect->clean_start ? 0 : UINT32_MAX);

    opening->connection = connection;
    opening->broker = broker;
    opening->clean = connect->clean_start;
    opening->expiry_s = expiry < most ? expiry : most;
    memcpy(opening->principal, who->name, sizeof opening->principal);
    name_client(connection, connect->client_id, who->instance, opening);
    connection->opening = opening;
    connection->stage = STAGE_OPENING;
    if (who->officer[0]) {
        connection->officer = must_calloc(sizeof who->officer);
        memcpy(connection->officer, who->officer, sizeof who->officer);
    }
    connection->token_key = who->key;
    connection->token_issued = who->issued_at;
    if (who->expires_at)
        expiry_add(broker, connection, who->expires_at);
    const struct store_opening how = {
        .name = {text_of(opening->principal), text_of(opening->client)},
        .clean = opening->clean,
        .expiry_s = opening->expiry_s,
        .token_issued = who->issued_at,
        .may_join = who->may_join,
    };
    store_session_open(broker->store, &how, opened, opening);
}

void connection_on_connect(struct connection *connection, const struct mqtt_connect *connect)
{
    struct credential who = {0};
    const char *why = "not authorized";

    connection_speaks(connection, connect->version);
    if (connection->broker->draining) {
        refuse(connection, REASON_SERVER_UNAVAILABLE, "shutting down");
    } else if (MQTT_HAS(&connect->properties, MQTT_AUTH_METHOD)) {
        refuse(connection, REASON_BAD_AUTHENTICATION_METHOD, "authentication method");
    } else if (connect->client_id.len == 0 && !connect->clean_start && connect->version == MQTT_3_1_1) {
        refuse(
            connection, REASON_BAD_CLIENT_ID, "empty client id without clean session"); /* [MQTT-3.1.3-8] */
    } else if (!identify(connection, connect, &who, &why) || role_of(text_of(who.name)) == 0) {
        refuse(connection, REASON_NOT_ALLOWED, why);
    } else if (who.instance[0] && connect->client_id.len &&
               !text_equal(connect->client_id, text_of(who.instance))) {
        refuse(connection, REASON_NOT_ALLOWED, "the token is bound to another client id");
    } else {
        take_settings(connection, connect);
        open_session(connection, connect, &who);
    }
}
