/* One PUBLISH on its way in. It lives from the packet to its acknowledgement, and outlives its connection
 * when the store is still to answer. */
#ifndef NEIGHBORS_BROKER_STEP_PUBLICATION_H
#define NEIGHBORS_BROKER_STEP_PUBLICATION_H

#include "broker/core.h"
#include "broker/principal.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/mqtt.h"
#include "proto/topic.h"

struct kind;

/* How a step ends. */
enum step_result {
    STEP_GO_ON,
    STEP_WAIT,   /* somebody calls pipeline_resume, for the same step again, or pipeline_stored */
    STEP_REFUSE, /* publication->refusal says why */
    STEP_FAIL,   /* the store failed: not acknowledged; the connection ends */
};

/* What became of a publication that was taken, for those who can be told more than a reason code. Texts live
 * in the publication's arena. */
struct outcome {
    char public_id[PUBLIC_ID + 1]; /* of an alert, a footage request or a conversation; "" */
    uint32_t left;                 /* of a programme of rewards */
    uint32_t repeated;             /* of motion: events that were stored before */
    uint32_t revision;
    bool pending;          /* it waits for a second officer */
    bool merged;           /* it became part of somebody else's report */
    bool repeat;           /* it was stored before */
    const char *not_shown; /* why it is kept and nobody is shown anything by it, of an alert with a place or a
                              CANCEL; else NULL */
    /* Parts that were refused while the others stand: an area that cannot be resolved. */
    size_t refused_count;
    const struct refusal *refused;
    /* Of a preview: what it would reach. */
    size_t cell_count;
    const char (*cells)[13]; /* the channels */
    double area_km2;
    uint64_t followers; /* the nearest order of magnitude: 0, 10, 100 … */
    bool approval;      /* it would wait for a second officer */
};

struct publication {
    TAILQ_ENTRY(publication) in_connection;
    TAILQ_ENTRY(publication) in_waiting; /* of a principal that is being loaded */
    struct broker *broker;
    struct connection *connection;     /* NULL: gone */
    struct known_principal *principal; /* the sender, held */
    char client[65];
    char officer[65]; /* who acts for an agency; "" */
    bool preview;     /* asks what would become of it: the step store answers that and stores nothing */
    uint8_t version, qos, encoding;
    uint16_t packet_id;
    uint64_t generation; /* of the session that it came in */
    int64_t received_at; /* ms */
    enum publish_topic topic;
    bool retain;
    const struct kind *kind;    /* NULL until the step admit has found it */
    struct bytes payload;       /* valid until the step decode is done */
    struct text content_type;   /* likewise */
    struct text response_topic; /* in the arena */
    struct bytes correlation;
    uint8_t digest[16]; /* of the payload, for kinds that tell repeats by it */
    uint8_t step;
    bool done, failed, in_inbox;
    bool trailed;      /* the log tells its steps, from the first on: it is decoded (step/trail.h) */
    bool on_record;    /* its refusal is (step/record.h) */
    bool banned;       /* refused because its sender is */
    const char *about; /* what was sent, in one line for the operator's desk; in the arena; NULL: not known */
    bool qos2_stored;  /* the store was given the packet id */
    uint16_t stores;   /* answers of the store still to come */
    struct refusal refusal; /* of the whole publication */
    union {
        struct motion_batch motion;
        struct alert alert;
        struct history_query history;
        struct witness witness;
        struct flag flag;
        struct verdict verdict;
        struct settings_message settings;
        struct footage_request footage_request;
        struct footage_answer footage_answer;
        struct resolve resolve;
        struct household_step household_step;
        struct tip tip;
        struct reward reward;
        struct forget forget;
        struct export_query export_query;
        struct desk_query desk_query;
        struct push_subscription push;
    };
    void *job;              /* of the kind, in the arena; or NULL */
    struct outcome outcome; /* what the kind tells beyond the refusal */
    /* Not a client's PUBLISH but somebody's POST (broker/post.h): told instead of an acknowledgement. NULL:
     * none. */
    void (*posted)(void *arg, const struct publication *publication);
    void *posted_arg;
    const struct credential *posted_as; /* of a POST, in the arena; NULL: of a connection or a will */
    struct known_principal **devices;   /* of motion: who each event is from, held; or NULL */
    struct known_principal **firsts;    /* of motion: who saw it first, held or NULL; or NULL */
    struct arena arena;
    uint8_t room[1536] __attribute__((aligned(16)));
};

/* Runs the steps from publication->step on. */
void pipeline_run(struct publication *publication);
/* Runs the step that waited again. */
void pipeline_resume(struct publication *publication);
/* The store failed while it waited: it is not acknowledged. */
void pipeline_fail(struct publication *publication);
/* One of `stores` answers came (STORE_OK, or what stops it); the last one leads to the acknowledgement. */
void pipeline_stored(struct publication *publication, enum store_status status);

/* A PUBLISH of that sender. connection: NULL for a will. */
struct publication *publication_new(struct broker *broker, struct connection *connection,
    struct known_principal *principal, struct text client, uint8_t version,
    const struct mqtt_publish *publish);
/* It has come, now, and is counted as a message of its kind. topic: with aliases resolved. */
void publication_received(struct publication *publication, struct text topic);
/* The same, and starts it on its way. */
void publication_begin(
    struct publication *publication, const struct mqtt_publish *publish, struct text topic);
/* Its connection is gone: it goes on without it, and frees itself. */
void publication_orphan(struct publication *publication);
void publication_free(struct publication *publication);

/* Acknowledges what is done at the head of the connection's line, in order. */
void acknowledge_done(struct connection *connection);

/* Fills the refusal and returns STEP_REFUSE. field and rule: static, or in the arena. */
enum step_result publication_refuse(
    struct publication *publication, uint8_t code, const char *field, const char *rule);

/* The acknowledgement itself (step/acknowledge.c): takes over a publication whose steps and stores are done.
 */
void acknowledge(struct publication *publication);

/* What the principal's record now forbids is closed: all connections of one that is no longer enrolled, and
 * those whose token was withdrawn. */
void connections_revoke(struct broker *broker, const struct known_principal *principal);

#endif
