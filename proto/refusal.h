/* Why something was refused: the reason code that MQTT 5 gives it, the field and the rule that it broke. */
#ifndef NEIGHBORS_PROTO_REFUSAL_H
#define NEIGHBORS_PROTO_REFUSAL_H

#include "proto/bytes.h"

/* MQTT 5, section 2.4: the reason codes that this broker says. */
enum reason {
    REASON_OK = 0x00,
    REASON_GRANTED_QOS1 = 0x01,
    REASON_DISCONNECT_WITH_WILL = 0x04,
    REASON_NO_MATCHING_SUBSCRIBERS = 0x10,
    REASON_NO_SUBSCRIPTION_EXISTED = 0x11,
    REASON_UNSPECIFIED = 0x80,
    REASON_MALFORMED = 0x81,
    REASON_PROTOCOL_ERROR = 0x82,
    REASON_OTHER = 0x83,
    REASON_UNSUPPORTED_VERSION = 0x84,
    REASON_BAD_CLIENT_ID = 0x85,
    REASON_BAD_CREDENTIALS = 0x86,
    REASON_NOT_ALLOWED = 0x87,
    REASON_SERVER_UNAVAILABLE = 0x88,
    REASON_SERVER_BUSY = 0x89,
    REASON_SHUTTING_DOWN = 0x8B,
    REASON_BAD_AUTHENTICATION_METHOD = 0x8C,
    REASON_KEEP_ALIVE_TIMEOUT = 0x8D,
    REASON_TAKEN_OVER = 0x8E,
    REASON_BAD_FILTER = 0x8F,
    REASON_BAD_TOPIC = 0x90,
    REASON_PACKET_ID_IN_USE = 0x91,
    REASON_PACKET_ID_NOT_FOUND = 0x92,
    REASON_RECEIVE_MAXIMUM_EXCEEDED = 0x93,
    REASON_BAD_TOPIC_ALIAS = 0x94,
    REASON_PACKET_TOO_LARGE = 0x95,
    REASON_MESSAGE_RATE_TOO_HIGH = 0x96,
    REASON_QUOTA_EXCEEDED = 0x97,
    REASON_BAD_PAYLOAD = 0x99,
    REASON_RETAIN_NOT_SUPPORTED = 0x9A,
    REASON_SHARED_NOT_SUPPORTED = 0x9E,
};

/* A refusal. code REASON_OK means that nothing was refused. field and rule are UTF-8, short, and hold
 * neither payload nor places; they live as long as the message that they speak of (static text or its arena).
 */
struct refusal {
    uint8_t code;
    const char *field;      /* "events[3].at", "topic"; never NULL when code is not REASON_OK */
    const char *rule;       /* "at most 64 events in a batch" */
    uint32_t retry_after_s; /* seconds; 0: not a matter of time */
};

#endif
