/* The topics and filters of CONTRACT section 2: text to checked structs and back. No I/O, no allocation. */
#ifndef NEIGHBORS_PROTO_TOPIC_H
#define NEIGHBORS_PROTO_TOPIC_H

#include "proto/bytes.h"
#include "proto/refusal.h"

/* What can be published to; the order is that of the contract's table. */
enum publish_topic {
    TOPIC_NONE,
    TOPIC_MOTION,
    TOPIC_ALERT,
    TOPIC_WITNESS,
    TOPIC_FLAG,
    TOPIC_VERDICT,
    TOPIC_FOOTAGE_REQUEST,
    TOPIC_RESOLVE,
    TOPIC_FOOTAGE_ANSWER,
    TOPIC_TIP,
    TOPIC_REWARD,
    TOPIC_SETTINGS,
    TOPIC_HOUSEHOLD,
    TOPIC_FORGET,
    TOPIC_EXPORT,
    TOPIC_DESK,
    TOPIC_PUSH,
    TOPIC_HISTORY,
    TOPIC_COUNT
};
/* "nb/v1/motion" -> TOPIC_MOTION, ...; TOPIC_NONE for what is not published to. */
enum publish_topic topic_of(struct text topic);
/* The whole topic; static text. */
const char *topic_name(enum publish_topic topic);

enum follow_kind { FOLLOW_NEAR, FOLLOW_CELL, FOLLOW_INBOX, FOLLOW_INFO };
/* EXERCISE to DRAFT: alerts that are not meant for the public (CAP's status); a wildcard never matches them,
 * only the class's own name does. */
enum item_class {
    CLASS_ACTIVITY = 1,
    CLASS_INCIDENT = 2,
    CLASS_AREA = 4,
    CLASS_ANY = 7,
    CLASS_EXERCISE = 8,
    CLASS_SYSTEM = 16,
    CLASS_TEST = 32,
    CLASS_DRAFT = 64
};
enum {
    CLASS_ALERTS = CLASS_INCIDENT | CLASS_AREA | CLASS_EXERCISE | CLASS_SYSTEM | CLASS_TEST | CLASS_DRAFT
};

/* One filter of a SUBSCRIBE, read. */
struct follow_filter {
    enum follow_kind kind;
    bool json;
    char cell[13];       /* NEAR: the leaf cell; CELL: the cell; lower case */
    uint32_t metres;     /* NEAR */
    uint8_t classes;     /* NEAR, CELL: bits of enum item_class */
    uint16_t categories; /* bit n: category n (message.h), of alerts; 0xFFFF: any */
    uint16_t kinds;      /* bit n: motion kind n, activity's category; 0xFFFF: any */
    char public_id[25];  /* "": any */
    struct text
        suffix; /* INBOX: the filter's levels behind "inbox/", wildcards and all; points into the filter */
};

/* Reads a filter. leaf: precision of leaf cells (6). Accepts
 * nb/v1/near/<geohash>/<metres>[/<class>/<category>/<id>], nb/v1/cell/<geohash>[...], nb/v1/inbox/...,
 * nb/v1/info, each but info also as nb/v1/json/...; + and # as MQTT has them in the last three levels of near
 * and cell and behind inbox/. Refusals: REASON_SHARED_NOT_SUPPORTED ($share), REASON_BAD_FILTER (not a filter
 * of the standard, wrong radius, cell, class, category), REASON_NOT_ALLOWED (any other topic; `#`, `$SYS/#`;
 * wildcards in a place). */
bool topic_parse_filter(struct text filter, int leaf, struct follow_filter *out, struct refusal *refusal)
    __attribute__((warn_unused_result));

/* True when a topic filter of the standard matches a topic (4.7). For inboxes. */
bool topic_matches(struct text filter, struct text topic);
/* True when the text is a legal topic filter, a legal topic name (no wildcards), by MQTT 4.7. */
bool topic_filter_valid(struct text filter);
bool topic_name_valid(struct text topic);

/* The radii that can be followed, in metres, ascending, ended by 0. */
extern const uint32_t topic_radii[];
/* A motion kind as activity's category: "person"; NULL when there is none of that number. */
const char *topic_kind_name(int kind);
/* The class of a topic level, 0 when there is none of that name. */
unsigned item_class_of(struct text name);
/* "activity", "incident", "area", "exercise" … */
const char *item_class_name(enum item_class item_class);

#endif
