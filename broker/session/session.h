/* A session: what a connected client follows, how far it has been told, what it has not acknowledged. What
 * outlives the connection is in the store; this object lives while the client is connected here. */
#ifndef NEIGHBORS_BROKER_SESSION_SESSION_H
#define NEIGHBORS_BROKER_SESSION_SESSION_H

#include "broker/session/channel.h"
#include "broker/session/inflight.h"
#include "broker/session/place.h"
#include "broker/session/shown.h"

struct follow;

/* One filter of a session. */
struct subscription {
    struct subscription *next;
    struct follow *follow;
    struct follow_filter parsed;
    uint32_t id;          /* subscription identifier; 0: none */
    uint8_t qos, options; /* options: as in SUBSCRIBE */
    uint16_t filter_len;
    char filter[];
};

/* A followed place in one encoding; an item is delivered once a follow, however many filters match. */
struct follow {
    struct follow *next;
    struct followed_place *place; /* NULL for nb/v1/info */
    bool json;
    uint32_t filters; /* how many subscriptions share it */
    uint32_t serial;  /* rises: the newest follow stands first in its list */
};

/* Why something is told before the entries of a channel. */
enum initial_kind {
    INITIAL_SUBSCRIBED, /* a subscription asks for it: also what the connection was shown before */
    INITIAL_RESUMED,    /* a session that remembers what it was shown goes on */
    INITIAL_RELEASED,   /* it waited long enough (session/hold.h) */
    INITIAL_ANEW,       /* the session wishes otherwise now */
};

/* What a follow is told before the entries of a channel: an alert in force, or a gap. */
struct initial {
    struct initial *next;
    struct follow *follow;
    struct channel *channel;
    struct alert_object *alert; /* NULL: a gap */
    enum initial_kind kind;
    struct position_in_channel before, low; /* of a gap: the cursor that was, and the low-water mark */
};

struct session {
    UT_hash_handle hh;
    struct broker *broker;
    struct connection *connection; /* NULL once it is lost */
    struct known_principal *principal;
    uint64_t generation;
    uint32_t expiry_s;
    TAILQ_ENTRY(session) in_queue;
    enum session_queued {
        QUEUED_NOT,
        QUEUED_PUMP,
        QUEUED_WAITING
    } queued;      /* in broker->pump or broker->waiting */
    bool reading;  /* a page from the store is on its way */
    bool blocked;  /* the window or the output is full */
    bool slow;     /* was blocked since it was last told everything */
    bool held;     /* nothing is delivered before SUBACK */
    bool doubtful; /* whoever had it before may have shown more than it stored */
    bool unsaved;  /* cursors moved since they were stored */
    uint32_t filter_count, follow_serial, link_count;
    struct subscription *subscriptions;
    struct follow *follows;
    struct link *links;
    struct inflight inflight;
    struct initial *initial, **initial_end;
    struct shown shown;
    struct holding *holding;    /* what it wishes; NULL: nothing */
    struct drill *drill;        /* of an agency, until its test alert is acknowledged; else NULL */
    struct page_reader *reader; /* entries read from the store for one link that is behind the ring */
    int64_t saved_at, heartbeat_at;
    uint64_t items_sent;
    uint16_t principal_len; /* name is "<role>/<id>/<client id>" */
    char name[];
};

struct session_name session_name(const struct session *session);

/* A session for a client that the store has opened. Takes over subscriptions and cursors from the record. */
struct session *session_new(struct broker *broker, struct connection *connection, struct session_name name,
    const struct session_record *record, uint32_t expiry_s);
/* Stores the cursors, leaves all channels, frees. The store keeps the session for its expiry. */
void session_close(struct session *session);

/* ---- what it follows: session_follows.c ---- */
/* Adds or replaces a filter. Returns the granted QoS, or a reason code of 0x80 and above. *created: it was
 * not there. */
uint8_t session_subscribe(struct session *session, struct text filter, const struct follow_filter *parsed,
    uint8_t options, uint32_t id, struct subscription **out, bool *created);
/* REASON_OK or REASON_NO_SUBSCRIPTION_EXISTED. */
uint8_t session_unsubscribe(struct session *session, struct text filter);
/* False when its principal may no longer follow what it follows: its jurisdiction has changed. */
bool session_in_reach(const struct session *session);
/* Drops all filters and links. */
void session_follow_nothing(struct session *session);
/* The link to a channel; NULL: none. */
struct link *session_link(const struct session *session, const struct channel *channel);

/* ---- how far it has been told ---- */
/* True when all channels of the session are LIVE. Links that were not yet are held against their channels
 * then: a cursor of another generation goes back 60 s, one below the low-water mark gets a gap and the state
 * in force. */
bool session_live(struct session *session);
/* Sets the cursor of a link that is not settled yet, from the words of the client; of other channels it is
 * passed over. False: not a cursor of that channel. */
bool session_since(struct session *session, struct text channel, struct text cursor);

/* Stores subscriptions and cursors now (done may be NULL), or cursors alone when they moved. */
void session_save(struct session *session, bool subscriptions, store_status_done *done, void *arg);

/* What the session is still to be told, or has not acknowledged, of what is in force in the link's channel:
 * the cursor alone would leave it out. */
enum in_force_due session_in_force_due(const struct session *session, const struct link *link);
/* The cursor that may be stored for a link: what has been acknowledged, and nothing that waits. */
struct position_in_channel session_acknowledged(const struct session *session, const struct link *link);

/* PUBACK for a packet id came; false when it is unknown. */
bool session_acknowledge(struct session *session, uint16_t packet_id);

/* True when the alert's revision is newer than what this connection was shown at the follow, or, with
 * `again`, the same; remembers it. ended: so it is told. */
bool session_show(struct session *session, const struct follow *follow, const struct alert_object *alert,
    bool again, bool ended);

#endif
