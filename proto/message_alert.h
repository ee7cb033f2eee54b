/* Alerts. */
#ifndef NEIGHBORS_PROTO_MESSAGE_ALERT_H
#define NEIGHBORS_PROTO_MESSAGE_ALERT_H

#include "proto/message_place.h"

/* An alert's texts in a further language. */
struct alert_text {
    struct text language, headline, description, instruction, web, event;
};

struct alert {
    struct text sender_alert_id;
    uint8_t msg_type; /* enum msg_type */
    size_t reference_count;
    struct text *references; /* sender_alert_ids of the same sender */
    uint8_t category, severity, urgency, certainty;
    struct text headline, description, instruction, web, language;
    struct place place;
    int64_t effective, expires;
    struct text case_number, reward_offer;
    /* Set by the broker; ignored when a client sends them. */
    struct text public_id;
    uint32_t revision;
    uint8_t state;       /* enum alert_state */
    uint8_t sender_kind; /* enum sender_kind */
    uint8_t truth;       /* enum truth */
    uint32_t merged;
    struct text sender_name; /* an agency's name; empty for residents */
    uint8_t status;          /* enum alert_status; 0 as ACTUAL */
    struct text event;
    size_t text_count; /* at most LIMIT_TEXTS */
    struct alert_text *texts;
    bool has_document;
};

#endif
