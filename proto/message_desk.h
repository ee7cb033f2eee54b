/* What an agency asks of its own, and what there is. */
#ifndef NEIGHBORS_PROTO_MESSAGE_DESK_H
#define NEIGHBORS_PROTO_MESSAGE_DESK_H

#include "proto/message_alert.h"
#include "proto/message_footage.h"

struct desk_query {
    struct text page; /* empty: the first */
};

struct desk_alert {
    struct alert alert;
    bool waiting;
    struct text officer;
    int64_t at;
};
struct desk_request {
    struct footage_request request;
    struct text officer;
    int64_t at;
};
struct desk_case {
    struct text case_number;
    uint8_t outcome; /* enum case_outcome */
};
struct desk_grant {
    struct text conversation_id;
    uint32_t number;
    bool redeemed;
};
struct desk_programme {
    struct text programme, reward;
    uint32_t stock, given;
    size_t grant_count;
    struct desk_grant *grants;
};

struct desk {
    struct text officer, agency_name, next; /* next empty: it is the last part */
    struct bytes certificate;               /* DER; len 0: none */
    bool drilled, second_officer;
    size_t alert_count, request_count, closed_count, programme_count;
    struct desk_alert *alerts;
    struct desk_request *requests;
    struct desk_case *closed;
    struct desk_programme *programmes;
};

#endif
