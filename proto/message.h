/* The messages of neighbors.proto as checked C structs. codec.h makes them from bytes and bytes from them;
 * nothing else knows the generated code. Everything that a struct points to lives in the arena of the
 * message. Times are milliseconds since 1970 UTC, coordinates 1e-7 degree, distances metres. Absent text has
 * len 0. */
#ifndef NEIGHBORS_PROTO_MESSAGE_H
#define NEIGHBORS_PROTO_MESSAGE_H

#include "proto/bytes.h"
#include "proto/refusal.h"

/* Limits that hold for every sender; the codec checks them before it allocates. */
enum message_limit {
    LIMIT_BATCH_EVENTS = 64,
    LIMIT_ID = 64,        /* device, activity_id, sender_alert_id, case_number: bytes */
    LIMIT_CLIP = 128,     /* bytes */
    LIMIT_HEADLINE = 360, /* bytes */
    LIMIT_DESCRIPTION = 4096,
    LIMIT_PUBLISHED_TEXT = 32768, /* bytes of a description or instruction that an agency's document brings */
    LIMIT_TEXTS = 16,             /* languages of an alert beyond the first */
    LIMIT_REMARK = 360,           /* of a witness, a flag, a verdict: bytes */
    LIMIT_HOURS = 14,             /* daily hours of a resident's settings */
    LIMIT_LEAST = 11,             /* least severities: one a category, and one for the others */
    LIMIT_ZONE = 64,              /* bytes of a time zone's name */
    LIMIT_RULES = 64,             /* a household's rules of sharing, or of footage */
    LIMIT_DEVICES = 64,           /* of a forget */
    LIMIT_WEB = 1024,
    LIMIT_LANGUAGE = 35,   /* bytes, as BCP 47 asks implementations to hold */
    LIMIT_RADIUS = 500000, /* of a circle, metres */
    LIMIT_REFERENCES = 64,
    LIMIT_POLYGONS = 1024,
    LIMIT_RINGS = 64,           /* in a polygon: the outer and its holes */
    LIMIT_KEPT_POLYGONS = 4096, /* of a jurisdiction or a geocode, which the operator loads: islands count */
    LIMIT_KEPT_RINGS = 1024,
    LIMIT_POINTS = 65536, /* in all polygons of an alert */
    LIMIT_CURSORS = 512,
    LIMIT_PAGE = 500,         /* items of a history page */
    LIMIT_CELLS = 64,         /* of a history query */
    LIMIT_RADII = 16,         /* told in info */
    LIMIT_GEOHASH = 12,       /* characters */
    LIMIT_OPAQUE = 512,       /* bytes of a cursor or of a page */
    LIMIT_NAME = 256,         /* bytes of a channel, a topic, a field, an agency's name */
    LIMIT_SOUGHT = 1024,      /* bytes of what a footage request seeks, in words */
    LIMIT_CONTACT = 360,      /* bytes */
    LIMIT_CERTIFICATE = 8192, /* bytes of an agency's certificate, DER */
    LIMIT_ASKED_DEVICES = 64, /* of one household that a footage request names */
    LIMIT_CLIPS = 8,          /* of one footage answer */
    LIMIT_SEALED = 45056,     /* bytes of all its sealed clips together */
    LIMIT_SEALED_TIP = 16384, /* bytes */
    LIMIT_CLAIM = 32,         /* bytes of a claim's hash */
    LIMIT_CURRENCY = 3,
    LIMIT_STOCK = 1000000,        /* rewards of a programme */
    LIMIT_VOUCHER = 2048,         /* bytes */
    LIMIT_REQUESTS = 16,          /* that one resolve names */
    LIMIT_ENDPOINT = 1024,        /* bytes of a push endpoint's address */
    LIMIT_PUSH_PLACES = 8,        /* of one push subscription */
    PUSH_PUBLIC_KEY = 65,         /* bytes: a point of P-256, uncompressed */
    PUSH_AUTH = 16,               /* bytes */
    FOOTAGE_ANSWER_BYTES = 65536, /* of every footage answer's payload */
    LIMIT_RULE = 1024, /* bytes of what a refusal says, which may quote the sender or a moderator */
};
/* Sequence numbers and sessions are whole numbers below 2^53, so that JSON and the store carry them exactly.
 */
#define LIMIT_EXACT (INT64_C(1) << 53)

/* Values as in neighbors.proto; 0 is UNSPECIFIED in each, and refused where the field is required. */
enum phase { PHASE_START = 1, PHASE_UPDATE, PHASE_END, PHASE_PULSE };
enum motion_kind {
    KIND_MOTION = 1,
    KIND_PERSON,
    KIND_VEHICLE,
    KIND_ANIMAL,
    KIND_PACKAGE,
    KIND_DOORBELL,
    KIND_SOUND
};
enum msg_type { MSG_ALERT = 1, MSG_UPDATE, MSG_CANCEL };
enum category {
    CATEGORY_CRIME = 1,
    CATEGORY_SAFETY,
    CATEGORY_SUSPICIOUS,
    CATEGORY_FIRE,
    CATEGORY_MEDICAL,
    CATEGORY_MISSING,
    CATEGORY_LOST_PET,
    CATEGORY_HAZARD,
    CATEGORY_WEATHER,
    CATEGORY_OTHER
};
enum severity { SEVERITY_UNKNOWN = 1, SEVERITY_MINOR, SEVERITY_MODERATE, SEVERITY_SEVERE, SEVERITY_EXTREME };
enum urgency { URGENCY_UNKNOWN = 1, URGENCY_PAST, URGENCY_FUTURE, URGENCY_EXPECTED, URGENCY_IMMEDIATE };
enum certainty {
    CERTAINTY_UNKNOWN = 1,
    CERTAINTY_UNLIKELY,
    CERTAINTY_POSSIBLE,
    CERTAINTY_LIKELY,
    CERTAINTY_OBSERVED
};
enum alert_state { ALERT_IN_FORCE = 1, ALERT_ENDED };
enum sender_kind { SENDER_USER = 1, SENDER_AGENCY };
enum alert_status { STATUS_ACTUAL = 1, STATUS_EXERCISE, STATUS_SYSTEM, STATUS_TEST, STATUS_DRAFT };
enum flag_reason {
    FLAG_FALSE_REPORT = 1,
    FLAG_DISCRIMINATION,
    FLAG_HARASSMENT,
    FLAG_PRIVACY,
    FLAG_SPAM,
    FLAG_OTHER
};
enum verdict_decision {
    VERDICT_CONFIRMED = 1,
    VERDICT_REFUTED,
    VERDICT_APPROVED,
    VERDICT_RELEASED,
    VERDICT_REMOVED
};
enum incident_type {
    INCIDENT_BURGLARY = 1,
    INCIDENT_ROBBERY,
    INCIDENT_THEFT,
    INCIDENT_VEHICLE_THEFT,
    INCIDENT_ASSAULT,
    INCIDENT_SHOOTING,
    INCIDENT_HOMICIDE,
    INCIDENT_ARSON,
    INCIDENT_VANDALISM,
    INCIDENT_HIT_AND_RUN,
    INCIDENT_MISSING_PERSON,
    INCIDENT_ABDUCTION
};
enum case_outcome { OUTCOME_SOLVED = 1, OUTCOME_UNSOLVED, OUTCOME_UNFOUNDED };
enum footage_decision { FOOTAGE_SHARE = 1, FOOTAGE_DECLINE, FOOTAGE_WITHDRAW };
enum truth { TRUTH_UNVERIFIED = 1, TRUTH_CORROBORATED, TRUTH_CONFIRMED, TRUTH_REFUTED };

/* The closed lists in the words of topics and JSON; NULL for a value outside the list.
 * category_name gives "lost_pet", ...; the others the proto enum's own name, "PERSON", "START", ... */
const char *category_name(int category);
/* The category of a topic level, 0 when there is none of that name. */
int category_of(struct text name);
const char *phase_name(int phase);
const char *motion_kind_name(int kind);
const char *severity_name(int severity);
const char *alert_state_name(int state);
const char *truth_name(int truth);
const char *msg_type_name(int msg_type);
const char *urgency_name(int urgency);
const char *certainty_name(int certainty);
const char *sender_kind_name(int sender_kind);
const char *alert_status_name(int status);
const char *flag_reason_name(int reason);
const char *verdict_decision_name(int decision);
const char *log_act_name(int act);
const char *incident_type_name(int incident);
const char *case_outcome_name(int outcome);
const char *footage_decision_name(int decision);

struct position {
    int32_t lat_e7, lon_e7;
};

struct motion_event {
    uint64_t seq;
    struct text device; /* from an edge: the device's id */
    struct text activity_id;
    struct text first_device; /* from an edge: another that saw it first; empty: none */
    uint8_t phase;            /* enum phase */
    uint8_t kind;             /* enum motion_kind */
    uint8_t confidence;       /* 0 to 100 */
    bool has_position;
    struct position position;
    int64_t at, until; /* until 0: not told */
    struct bytes clip;
    struct refusal refusal; /* code other than OK: this event alone is bad, the others of the batch stand */
};

struct motion_batch {
    uint64_t session;
    size_t count; /* 1 to LIMIT_BATCH_EVENTS */
    struct motion_event *events;
};

struct ring {
    size_t count; /* at least 4, first = last */
    struct position *points;
};
struct polygon {
    size_t count; /* rings: the outer one first, then holes */
    struct ring *rings;
};
enum place_kind { PLACE_NONE, PLACE_POINT, PLACE_CIRCLE, PLACE_POLYGONS };
struct place {
    enum place_kind kind;
    struct position center; /* point, circle */
    uint32_t radius_m;      /* circle */
    size_t polygon_count;
    struct polygon *polygons;
};

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

/* What others say about an alert, by its public id. */
struct witness {
    struct text public_id, remark;
    int64_t at; /* 0: not told */
};
struct flag {
    struct text public_id, remark;
    uint8_t reason; /* enum flag_reason */
};
struct household_step {
    struct text code; /* len 0: invite */
    bool invite;
};
struct household_code {
    struct text code;
    int64_t expires;
};
struct verdict {
    struct text public_id, reason, case_number;
    uint32_t revision; /* 0: whichever is in force */
    uint8_t decision;  /* enum verdict_decision */
};
/* What became of an alert, told to its sender. */
struct moderation {
    struct text public_id, decision, reason;
    int64_t at, until;
};

/* An agency asks for footage. */
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

/* A tip to an agency, or what goes on with it. */
struct tip {
    struct text sender_tip_id, conversation_id, agency, about, case_number, text;
    struct bytes sealed, claim_hash; /* claim_hash: LIMIT_CLAIM bytes or none */
    /* Set by the broker. */
    bool from_agency;
    int64_t at;
    struct text tip_id;
};
/* Of a programme: how many there are, or one for a tip, or one that was handed in. */
struct reward {
    struct text sender_reward_id, programme, conversation_id, case_number, reward, currency, claim_text;
    uint64_t amount_cents;
    int64_t claim_until;
    uint32_t stock, redeem;
    /* Set by the broker. */
    struct text agency_name, voucher;
    uint32_t number;
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

/* What is to be told to a browser while it has no connection. */
struct push_place {
    struct text cell; /* a leaf cell */
    uint32_t metres;  /* one of topic_radii */
};
struct push_subscription {
    struct text endpoint;
    struct bytes p256dh, auth; /* PUSH_PUBLIC_KEY and PUSH_AUTH bytes; none with remove */
    size_t place_count;        /* 1 to LIMIT_PUSH_PLACES; 0 with remove */
    struct push_place *places;
    uint16_t categories; /* bit n: enum category n; 0: all */
    size_t least_count;  /* at most LIMIT_LEAST */
    struct least_severity *least;
    struct text language;
    bool remove;
};
/* What it is told. */
struct push_notice {
    struct text public_id, headline, sender_name, cell;
    uint32_t revision;
    uint8_t state, category, severity, truth;
    int64_t expires;
};

/* Delete what is mine. */
struct forget {
    size_t device_count; /* 0: every device; at most LIMIT_DEVICES */
    struct text *devices;
    int64_t from, to; /* 0: no bound */
    bool alerts, account, enrolment;
    struct text forget_id;
};
/* The receipt. */
struct deleted {
    int64_t from, to, at;
    uint64_t events, alerts;
    uint32_t principals, backup_days;
    struct text forget_id, household;
    struct bytes key_id, signature; /* signature len 0: not signed yet */
};

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

/* What an agency asks of its own, and what there is. */
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

/* Published activity: no device, no owner, no number or name of the activity; the time is a whole minute. */
struct activity {
    uint8_t kind, phase;
    int64_t at;
    uint8_t confidence;
};

struct gap {
    int64_t from, to;
};

enum feed_kind { FEED_ACTIVITY = 1, FEED_ALERT, FEED_GAP };
struct feed_item {
    struct text channel, cell, cursor;
    enum feed_kind kind;
    struct activity activity;
    const struct alert *alert;
    struct gap gap;
};

struct channel_cursor {
    struct text channel, cursor;
};
struct heartbeat {
    size_t cursor_count;
    struct channel_cursor *cursors;
    int64_t as_of;
    bool stale;
    uint64_t items_sent; /* on this connection */
};

/* What came on a topic was refused after the acknowledgement could not say it whole. */
struct refused {
    struct text topic;
    uint32_t packet_id;
    uint64_t seq; /* of the event in a batch; 0: the whole message */
    uint8_t code;
    struct text field, rule;
    uint32_t retry_after_s; /* seconds; 0: not a matter of time */
};

struct history_query {
    struct text near_cell; /* with metres: the circle around that leaf cell's centre */
    uint32_t metres;
    size_t cell_count;
    struct text *cells; /* or these cells */
    int64_t from, to;
    uint32_t limit;         /* items a page; 0: the most */
    struct text page;       /* opaque, from the page before; empty: the first */
    struct text item_class; /* one alone; empty: activity, incident and area */
};
struct history_page {
    size_t item_count;
    struct feed_item *items;
    int64_t from, to; /* what this page covers */
    bool complete;    /* nothing between from and to was trimmed or deleted */
    struct text next; /* page of the following call; empty: this was the last */
};

/* What the public record says of. Values as in neighbors.proto. */
enum log_act {
    LOG_ALERT = 1,
    LOG_VERDICT,
    LOG_FOOTAGE_REQUEST,
    LOG_RESOLVE,
    LOG_REWARD,
    LOG_REFUSAL,
    LOG_DISCLOSURE,
    LOG_AGENCY_ADDED,
    LOG_AGENCY_REMOVED,
    LOG_AGENCY_CHANGED,
    LOG_MODERATION
};
struct log_leaf {
    uint64_t index;
    int64_t at;
    uint8_t act; /* enum log_act */
    struct text agency, agency_name, public_id;
    uint32_t revision;
    struct text case_number, text;
    struct bytes digest;
    struct text what;
    uint64_t count;
    struct text subject;
};
/* What was signed of the record: its first `size` leaves have that root. */
struct tree_head {
    uint64_t size;
    int64_t at;
    struct bytes root_hash, key_id, signature; /* signature len 0: what is to be signed */
};

struct info {
    uint32_t channel_precision, leaf_precision;
    size_t radius_count;
    uint32_t *radii_m;
    uint32_t max_batch, max_filters, max_packet_bytes;
    struct text durability; /* "always", "everysec", "replicas", ... as Redis is found */
    struct bytes log_public_key;
    struct bytes push_public_key; /* PUSH_PUBLIC_KEY bytes; len 0: no push */
    struct text version;
};

#endif
