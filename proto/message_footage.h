/* An agency asks for footage, owners answer, a case is closed. */
#ifndef NEIGHBORS_PROTO_MESSAGE_FOOTAGE_H
#define NEIGHBORS_PROTO_MESSAGE_FOOTAGE_H

#include "proto/message_place.h"

struct footage_request {
    struct text sender_request_id, case_number, sought, contact;
    uint8_t incident; /* enum incident_type */
    struct place place;
    int64_t from, to, open_until; /* open_until 0: not told */
    /* Set by the broker; ignored when a client sends them. */
    struct text request_id, agency_name;
    struct bytes agency_certificate; /* DER */
    size_t device_count;             /* at most LIMIT_ASKED_DEVICES */
    struct text *devices;
    int64_t answer_at;
    bool ended;
};

struct resolve {
    struct text case_number, remark;
    uint8_t outcome;      /* enum case_outcome */
    size_t request_count; /* at most LIMIT_REQUESTS; none: all of the case */
    struct text *request_ids;
};

struct clip_answer {
    struct text clip_id;
    uint8_t decision;    /* enum footage_decision */
    struct bytes sealed; /* SHARE */
    int64_t delete_by;
};
struct footage_answer {
    struct text request_id;
    size_t clip_count; /* at most LIMIT_CLIPS */
    struct clip_answer *clips;
};

/* What an owner seals. */
struct sealed_clip {
    struct text request_id, case_number, purpose, device, note, reference, media_type;
    int64_t delete_by, from, to;
    struct bytes still;
};

/* What the agency gets of it. */
struct footage {
    struct text request_id, case_number, clip_id;
    struct bytes sealed;
    int64_t delete_by, at;
    bool withdrawn;
};

#endif
