/* The broker: everything between connections and the store. It knows neither sockets nor clocks nor Redis;
 * who runs it (main.c, or a test) gives it those and calls it in a loop:
 *
 *     read sockets -> connection_receive … ; completions of the store ; broker_turn ; write sockets ;
 * store_flush
 */
#ifndef NEIGHBORS_BROKER_BROKER_H
#define NEIGHBORS_BROKER_BROKER_H

#include "bridge/seal.h"
#include "bridge/store.h"
#include "broker/counters.h"

struct broker;
struct certificate_trail;
struct log_formers;

/* What was found in CONNECT's user name and password. */
struct credential {
    char name[160];     /* "<role>/<id>" as signed */
    char officer[65];   /* who acts for an agency: 1 to 64 of A-Za-z0-9._-, as signed; "": not told */
    char instance[65];  /* the only client id that may use it; "": any */
    int64_t issued_at;  /* ms; 0: by certificate */
    int64_t expires_at; /* ms; the connection ends then; 0: never */
    uint64_t key;       /* by which it was found good (credential_stands); 0: none */
    bool may_join;      /* who was never seen is enrolled by coming */
};

struct broker_options {
    const char *version;
    struct bytes
        log_public_key; /* of the public record: told in Info; not owned; len 0: its heads are not signed */
    const struct log_formers *log_formers; /* its keys before, told with heads; not owned; NULL: none */
    int channel_precision;                 /* 5 */
    int leaf_precision;                    /* 6 */
    uint32_t maximum_packet;               /* bytes a client may send in one packet */
    uint16_t receive_maximum;              /* unacknowledged QoS 1 and 2 publishes of a client */
    uint16_t topic_alias_maximum;
    uint32_t session_expiry_max_s;
    uint32_t packets_second, bytes_second; /* of one identity, before it is slowed; 0: any */
    int64_t flood_ms;           /* above that for so long with what no acknowledgement paces: cut */
    uint32_t max_identity;      /* connections of one identity; 0: any */
    uint32_t max_filters;       /* filters of a session */
    uint32_t new_cells_day;     /* cells newly followed by a principal in a day; 0: no limit */
    uint32_t feed_cells_day;    /* cells newly asked for by an address in a day; 0: no limit */
    uint32_t max_outbound;      /* bytes that may wait for a slow follower before its cursor takes over */
    int64_t connect_timeout_ms; /* from accept to a whole CONNECT */
    int64_t keep_alive_max_s;   /* a client's 0 or larger keep-alive becomes this */
    int64_t heartbeat_ms;
    int64_t cursor_save_ms;                            /* how lazily cursors are stored */
    uint32_t ring_items;                               /* newest items of a followed channel kept in memory */
    int64_t clock_past_ms, clock_future_ms;            /* how far an event's time may be off */
    uint32_t resident_alerts_hour, agency_alerts_hour; /* new alerts of a sender in an hour; 0: no limit */
    uint32_t cell_alerts_hour;  /* residents' new alerts of a category in a channel in an hour; 0: no limit */
    int64_t merge_ms;           /* reports of the same thing within this time are one; 0: they are not */
    uint32_t witnesses_enough;  /* households that make a resident's alert CORROBORATED */
    uint32_t flags_enough;      /* households that hold it back */
    int64_t push_keep_ms;       /* a push subscription ends so long after it was said last */
    int64_t push_timeout_ms;    /* the longest that a push service is waited for */
    uint64_t push_most;         /* subscriptions in all */
    uint32_t push_at_once;      /* messages on their way to push services */
    unsigned verification_ways; /* bit n: enum verification_way n may verify a household */
    double approval_km2; /* an agency's alert of a larger area waits for a second officer; 0: none does */
    /* Checks a token. username: who it has to be of; data NULL: whoever. False: *why is static text for the
     * log; the client learns nothing but "not authorized". */
    bool (*check_token)(
        void *arg, struct text username, struct bytes password, struct credential *out, const char **why);
    /* Whether what was found good by that key still is (broker_recheck). NULL: it always is. */
    bool (*credential_stands)(void *arg, uint64_t key);
    void *check_arg;      /* of both */
    int64_t (*now)(void); /* milliseconds since 1970 */
    /* Minutes that a zone's clocks are ahead of UTC at a moment; false: no such zone (bridge/zone.h). */
    bool (*zone_clock)(const char *zone, int64_t at, int *minutes);
};

/* options are copied. seal is not owned. Call broker_use_store before anything else. */
struct broker *broker_new(const struct broker_options *options, const struct seal *seal);
/* What the store is to tell to whom; to be given to the store's constructor. */
struct store_events broker_store_events(struct broker *broker);
void broker_use_store(struct broker *broker, struct store *store);

/* The upkeep of a turn, in order: deliveries that became possible, time-outs and heartbeats that are due,
 * cursors to save, objects to reap. After all reads and completions of the turn, before sockets are written
 * and store_flush. */
void broker_turn(struct broker *broker);

/* Ends all sessions in good order (DISCONNECT 0x8B); connections close as their output is written. */
void broker_drain(struct broker *broker);

/* Who a token is of, by options->check_token; whether that is still enrolled is looked at when it acts. */
bool broker_token(const struct broker *broker, struct bytes token, struct credential *out, const char **why)
    __attribute__((warn_unused_result));

/* The keys of credentials have changed: ends the connections whose key does not stand any more. */
void broker_recheck(struct broker *broker);

/* Certificates were revoked, or authorities taken out: ends the connections of which `fault` tells why theirs
 * is good no longer (static text for client and log; NULL: it is). */
typedef const char *certificate_fault(void *arg, const struct certificate_trail *trail);
void broker_recheck_certificates(struct broker *broker, certificate_fault *fault, void *arg);

/* Counters of this process; net/ and main.c count into it too. */
struct counters *broker_counters(struct broker *broker);

/* Connections must have been freed before. */
void broker_free(struct broker *broker);

#endif
