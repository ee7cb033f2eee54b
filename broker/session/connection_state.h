/* The inside of a connection, for the files of session/ and step/ that speak its protocol. */
#ifndef NEIGHBORS_BROKER_SESSION_CONNECTION_STATE_H
#define NEIGHBORS_BROKER_SESSION_CONNECTION_STATE_H

#include "broker/core.h"
#include "broker/session/connection.h"
#include "broker/session/output.h"
#include "broker/session/session.h"
#include "proto/mqtt.h"

enum connection_stage { STAGE_AWAIT_CONNECT, STAGE_OPENING, STAGE_UP, STAGE_CLOSED };

struct topic_alias {
    uint16_t alias;
    uint16_t len;
    char *topic;
};

struct connection {
    LIST_ENTRY(connection) in_list;
    TAILQ_ENTRY(connection) in_rationed;
    struct broker *broker;
    struct transport *transport;
    struct session *session;
    struct output output;
    uint8_t *kept; /* received and not yet taken: an unfinished packet, or all while `gate` is shut */
    size_t kept_len, kept_room;
    enum connection_stage stage;
    bool paused, problem_info, parsing;
    bool rationed;               /* in broker->rationed */
    uint8_t version;             /* 0 before CONNECT */
    uint16_t keep_alive_s;       /* 0: none */
    uint32_t maximum_packet;     /* bytes the client takes in one packet */
    uint16_t receive_maximum;    /* of the client: our QoS 1 messages that it takes unacknowledged */
    uint16_t unanswered_quality; /* those of QoS 1 and 2 */
    uint16_t unanswered;         /* publications without an acknowledgement yet */
    uint16_t alias_count;
    struct topic_alias *aliases;
    uint32_t qos2_count, qos2_room;
    uint16_t *qos2;                       /* packet ids received at QoS 2, stored, and not yet released */
    struct publication_list publications; /* in the order in which they came */
    struct opening *opening;              /* CONNECT waits for the store */
    struct will *will;                    /* NULL: none */
    struct subscribing *subscribing;      /* SUBACK waits for channels and the store */
    int64_t received_at;                  /* ms: last byte */
    int64_t accepted_at;
    int64_t flooding_since;  /* ms: above its rate with what nothing paces; 0: not */
    int64_t read_on_at;      /* ms: when it was read again after it was above its rate; 0: never */
    char *officer;           /* who acts for an agency; NULL: not told */
    uint64_t token_key;      /* by which its token was found good; 0: no token */
    int64_t token_issued;    /* ms; 0: no token */
    int64_t credential_ends; /* ms; 0: never */
    size_t expiry_place;     /* session/expiry.c; 0: none */
    struct peer peer;
};

/* ---- for session/ ---- */
uint8_t connection_version(const struct connection *connection);
/* CONNECT said which version of the protocol it speaks. */
void connection_speaks(struct connection *connection, uint8_t version);
uint32_t connection_maximum_packet(const struct connection *connection);
struct output *connection_out(struct connection *connection);
void connection_wants_write(struct connection *connection);
/* The session's channels are LIVE: the subscription that waits for them goes on. */
void connection_live(struct connection *connection);

/* ---- packets in: one function a type, called with a whole packet ---- */
void connection_on_connect(struct connection *connection, const struct mqtt_connect *connect);
/* A CONNECT that could not be read. version: as far as it was, 0: not known. */
void connection_refuse_connect(struct connection *connection, uint8_t version, const struct refusal *refusal);
void connection_on_subscribe(struct connection *connection, const struct mqtt_filters *filters);
void connection_on_unsubscribe(struct connection *connection, const struct mqtt_filters *filters);
void connection_on_publish(struct connection *connection, const struct mqtt_publish *publish);
void connection_on_pubrel(struct connection *connection, const struct mqtt_ack *ack);

/* ---- ends ---- */
/* Says DISCONNECT with the reason (MQTT 5), closes, ends the session's connection. why: static text for the
 * client and the log. */
void connection_end(struct connection *connection, uint8_t reason, const char *why);
/* The same for one that may not speak any more: 0x87, a line in the log that names who and why, and no will.
 */
void connection_bar(struct connection *connection, const char *why);
/* Closes without a word; with_will: whether the will would have been published now. */
void connection_shut(struct connection *connection, const char *why, bool with_will);
/* What waits for the store's answer to CONNECT or SUBSCRIBE learns that the connection is gone. */
void opening_abandon(struct opening *opening);
void subscribing_abandon(struct subscribing *subscribing);

/* True while nothing is read because of us: the peer cannot be blamed for its silence. */
bool connection_waits_for_us(const struct connection *connection);

/* Takes on what was kept while the connection waited for an answer of the store. */
void connection_resume(struct connection *connection);

/* What the store tells: somebody opened the session anew. */
void connection_on_taken_over(void *broker, struct session_name name, uint64_t generation);

/* ---- packets out ---- */
void connection_send_ack(struct connection *connection, enum mqtt_type type, uint16_t packet_id,
    uint8_t reason, const struct mqtt_property_out *properties, size_t count);

/* True when the connection remembers the QoS 2 packet id; adds; removes (false when it was not there). */
bool qos2_has(const struct connection *connection, uint16_t packet_id);
void qos2_add(struct connection *connection, uint16_t packet_id);
bool qos2_remove(struct connection *connection, uint16_t packet_id);

#endif
