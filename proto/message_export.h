/* What is held about a household, handed out to it a part at a time. */
#ifndef NEIGHBORS_PROTO_MESSAGE_EXPORT_H
#define NEIGHBORS_PROTO_MESSAGE_EXPORT_H

#include "proto/message_alert.h"
#include "proto/message_household.h"
#include "proto/message_motion.h"

struct export_query {
    int64_t from, to; /* 0: no bound */
    struct text page; /* empty: the first */
};

struct held_event {
    struct motion_event event;
    int64_t stored;
};
struct held_principal {
    struct text name, place, former_place;
    uint32_t number;
    int64_t since, enrolled, verified;
    bool revoked;
    uint16_t share; /* bit n: enum motion_kind n */
    size_t client_count;
    struct text *clients;
};
struct held_note {
    struct text what, by, about, text;
    int64_t at;
    struct bytes data;
};

struct export_part {
    struct text next; /* empty: it is the last */
    struct text household;
    bool has_settings;
    struct settings_message settings;
    size_t event_count, alert_count, principal_count, note_count;
    struct held_event *events;
    struct alert *alerts;
    struct held_principal *principals;
    struct held_note *notes;
};

#endif
