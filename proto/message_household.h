/* What a household and who lives there decide: where they live, what is shared, how the feed is to come. */
#ifndef NEIGHBORS_PROTO_MESSAGE_HOUSEHOLD_H
#define NEIGHBORS_PROTO_MESSAGE_HOUSEHOLD_H

#include "proto/bytes.h"

struct household_step {
    struct text code; /* len 0: invite */
    bool invite;
};
struct household_code {
    struct text code;
    int64_t expires;
};

/* A time of day that comes again; minutes of the day, weekdays bit 0 Monday; 0: every day. */
struct daily_hours {
    uint16_t from_minute, to_minute;
    uint8_t weekdays;
};

struct least_severity {
    uint8_t category; /* 0: every one that is not named */
    uint8_t severity;
};

/* What of a device's events neighbors may see. */
struct sharing_rule {
    struct text device; /* "": every one that no rule names */
    uint16_t kinds;     /* bit n: enum motion_kind n */
    size_t hour_count;  /* 0: always; at most LIMIT_HOURS */
    struct daily_hours *hours;
};
struct sharing_rules {
    size_t count; /* at most LIMIT_RULES */
    struct sharing_rule *rules;
    struct text time_zone;
};

/* About which incidents an agency may ask the household for footage. */
struct footage_rule {
    struct text agency; /* an id; "": every one that no rule names */
    uint16_t incidents; /* bit n: enum incident_type n */
};
struct footage_rules {
    size_t count; /* at most LIMIT_RULES */
    struct footage_rule *rules;
};

/* A resident's settings: the household's, and what the session wishes of its deliveries. */
struct settings_message {
    bool has_sharing, has_footage; /* false: not given */
    struct sharing_rules sharing;
    struct footage_rules footage;
    uint32_t retention_days; /* one of retention_choices; 0: not given */
    size_t quiet_count;      /* at most LIMIT_HOURS */
    struct daily_hours *quiet;
    uint8_t quiet_passes; /* enum severity; 0: EXTREME */
    struct text time_zone, language;
    size_t least_count; /* at most LIMIT_LEAST */
    struct least_severity *least;
    uint32_t digest_minutes; /* 0: at once */
};

/* The days that a household may choose; 0 ends them. */
extern const uint16_t retention_choices[];

#endif
