/* The broker's only memory: what it asks of the log behind it (Redis, by bridge/store_redis.c), in the
 * broker's own verbs.
 *
 * Every call that takes a completion answers it exactly once, never inside the call itself, in a later turn
 * of the loop. While the store is away the call waits and is sent again when the store is back: an answer is
 * always the store's own word. Only store_free answers what is left with STORE_GONE. Whoever may vanish
 * before the answer holds a small object that outlives it. Views in arguments are copied before the call
 * returns; views in answers live until the completion returns. Times are milliseconds since 1970 UTC. One
 * thread. */
#ifndef NEIGHBORS_BRIDGE_STORE_H
#define NEIGHBORS_BRIDGE_STORE_H

#include "proto/bytes.h"

struct store;

enum store_status {
    STORE_OK = 0,
    STORE_GONE,      /* the process is ending; nothing is known of the call */
    STORE_FENCED,    /* the session belongs to somebody newer: close */
    STORE_NOT_FOUND, /* no such principal, alert or channel entry */
    STORE_REVOKED,   /* the principal was revoked */
    STORE_CONFLICT,  /* the same alert id with other bytes */
    STORE_REPEAT,    /* the same alert with the same bytes: stored already */
    STORE_DEAD,      /* the alert was cancelled before it came: stored as ended */
    STORE_FAILED,    /* the store refuses the call itself (out of memory, wrong version): logged there */
    STORE_LIMITED,   /* over a limit: nothing was stored */
    STORE_ENDED,     /* the alert is no longer in force */
    STORE_WITHDRAWN, /* the principal is there, and the token is void */
};

typedef void store_status_done(void *arg, enum store_status status);

/* A place in a channel: after the entry <ms>-<seq> and the first `index` items of it. All 0: before
 * everything. */
struct position_in_channel {
    uint64_t ms;
    uint32_t seq;
    uint32_t index;
};

/* -1, 0, 1 as a is before, at, behind b. */
int position_compare(struct position_in_channel a, struct position_in_channel b);

/* A channel's name: "c:<geohash>" (a neighborhood; precision 2 to 5), "i:<role>/<id>/<client id>" (the inbox
 * of a session). The store makes its keys of it. At most CHANNEL_NAME bytes. */
enum { CHANNEL_NAME = 160 };

enum { STORE_REGION_TAGS = 256, STORE_SENDER_TAGS = 64, PUBLIC_ID = 24, STORE_COVER = 64 };

/* ---- what stands in a channel ---------------------------------------------------------------- */

enum entry_kind {
    ENTRY_ACTIVITY = 'a', /* items of ACTIVITY_RECORD bytes each, in shuffled order */
    ENTRY_ALERT = 'x',    /* one alert changed: struct alert_notice */
    ENTRY_INBOX =
        'i', /* data: one byte length of the topic suffix, the suffix ("refused"), the payload as stored */
};
enum { ACTIVITY_RECORD = 8 };

struct alert_notice {
    char public_id[PUBLIC_ID + 1]; /* lower-case hex */
    uint32_t revision;
    uint8_t sender_tag;
    bool in_force; /* still in force here: the revision's cover reaches this channel */
};

struct channel_entry {
    struct position_in_channel position; /* of the entry: index 0 */
    enum entry_kind kind;
    struct bytes data;         /* ACTIVITY, INBOX */
    struct alert_notice alert; /* ALERT */
};

/* ---- motion ------------------------------------------------------------------------------------ */

struct store_motion_event {
    uint64_t seq;                      /* 0: not numbered */
    struct bytes record;               /* for the household's log, opaque, at most 255 bytes */
    bool publish;                      /* may wait for publication, as sharing and k allow then */
    uint8_t activity[ACTIVITY_RECORD]; /* what would be published */
    uint16_t device;                   /* number of its device in the household, and when it happened (ms): */
    int64_t at;                        /* two of one device within its cooldown are published as one */
};
/* Events of one sender that lie in one channel of precision 5, of one session. An event that is sent again
 * has the same channel: what was stored is known in the channel's region. */
struct store_motion {
    struct text sender;   /* "edge/home-7" */
    struct text instance; /* client id */
    uint64_t session;
    uint16_t
        qos2_packet; /* not 0: the packet id that PUBREL will release; its second coming stores nothing */
    uint64_t
        generation; /* with qos2_packet: of the session whose id it is; FENCED when somebody newer has it */
    bool once;      /* nothing is numbered: an event of which the record is among the sender's last 64 is a
                       repeat */
    struct text household;    /* whose log */
    uint64_t sharing_version; /* of what the household shares, under which `publish` was judged: under another
                                 one nothing of it is published any more */
    char channel[13];         /* geohash of the channel */
    char leaf[13];            /* geohash of the leaf cell, whose sharing households count for k */
    size_t count;             /* 1 to 64 */
    const struct store_motion_event *events;
};
struct store_motion_result {
    enum store_status status; /* OK, FENCED, FAILED or GONE */
    bool session_old;         /* the region heard of two newer sessions: nothing was stored */
    uint64_t current_session; /* of this sender and instance, when session_old */
    uint64_t too_old;         /* bit n: events[n] lies below the window; not stored */
    uint64_t repeated;        /* bit n: events[n] was stored before; nothing done */
};
typedef void store_motion_done(void *arg, const struct store_motion_result *result);

/* Stores the events in one atomic step with their repeat check: the household's log, and for events with
 * `publish` the pending set (or the channel at once, when the release delay is 0). Calls of one turn travel
 * together. */
void store_motion(struct store *store, const struct store_motion *motion, store_motion_done *done, void *arg);

/* ---- alerts ------------------------------------------------------------------------------------ */

enum store_alert_act { STORE_ALERT_NEW = 1, STORE_ALERT_UPDATE, STORE_ALERT_CANCEL };
struct store_alert {
    enum store_alert_act act;
    uint8_t sender_tag;     /* 0 to STORE_SENDER_TAGS - 1, of the sender */
    char id[PUBLIC_ID + 1]; /* public form of the message's own id */
    uint8_t digest[16];     /* of the bytes that were sent: tells a repeat from a conflict */
    size_t reference_count; /* UPDATE, CANCEL: public forms of the ids referred to; the first goes on */
    const char (*references)[PUBLIC_ID + 1];
    struct bytes body;    /* the alert as it will be delivered */
    struct bytes area;    /* category and place alone, for who must learn that it left; NEW and UPDATE */
    size_t channel_count; /* cover: geohashes of the channels; 0 for CANCEL */
    const char (*channels)[13];
    int64_t now, expires;
    struct text sender;        /* "<role>/<id>"; kept with the alert, never told in public */
    struct text client;        /* its instance: where it learns what becomes of the alert */
    struct text household;     /* of a resident; "" */
    struct text officer;       /* who acts for an agency; "" */
    bool agency;               /* listed by store_agency_alerts while in force */
    bool approval;             /* stays back until a second officer approves; a cancel never does */
    uint8_t severity, truth;   /* enum severity, enum truth; told again with the record */
    struct bytes document;     /* as it was received; kept of the newest revision; len 0: none */
    struct text document_type; /* its content type */
    bool only_known;           /* it came too late: REPEAT, CONFLICT or DEAD when it was stored before, else
                                  nothing is stored and the answer is ENDED */
    uint32_t limit;            /* new alerts of this sender in `limit_window_ms`; 0: no limit */
    int64_t limit_window_ms;
    /* Of an agency's, for the public record: its name, its case, and the headline where it is public. */
    struct text name, case_number, headline;
};
struct store_alert_result {
    enum store_status status;      /* OK, REPEAT, CONFLICT, DEAD, LIMITED, ENDED (only_known), FAILED, GONE */
    char public_id[PUBLIC_ID + 1]; /* of the alert that goes on (the first reference's for an UPDATE) */
    uint32_t revision;             /* of a pending one: that it is known by until it comes out */
    bool pending;                  /* it waits for a second officer */
    bool merged;                   /* it became part of somebody else's report of the same thing */
    int64_t retry_after_ms;        /* LIMITED: when it would be taken */
};
typedef void store_alert_done(void *arg, const struct store_alert_result *result);

/* Stores an alert, its revision, its cover, the union of all its covers, and its outbox entry in one atomic
 * step. UPDATE: the first reference goes on with the next revision, further references end; when none is
 * known the update is stored as new. Without channels it is kept and told to nobody (and where it was before,
 * it ends). CANCEL: the references end; an unknown one is kept as dead, so that its late ALERT never lives.
 */
void store_alert(struct store *store, const struct store_alert *alert, store_alert_done *done, void *arg);

/* How residents' reports of the same thing find each other, and nobody learns where they were: keyed digests
 * of fine cells with the category. `own` is that of the report's place, `near` those of all cells within
 * reach, own among them. Forgotten after window_ms. */
enum { STORE_TOKEN = 8, STORE_NEAR = 256, STORE_REGIONS = 4 };
struct store_report {
    struct store_alert alert; /* act NEW, of a resident */
    size_t region_count;      /* the channels (precision 5) within reach, the report's own first */
    char regions[STORE_REGIONS][13];
    uint8_t own[STORE_TOKEN];
    size_t near_count;
    const uint8_t (*near)[STORE_TOKEN];
    int64_t window_ms;
    uint32_t cell_limit; /* reports in the own region of this category in cell_window_ms; 0: no limit */
    uint8_t category;
    int64_t cell_window_ms;
};
/* Stores a resident's report: as an alert of its own or, when another sender's report of the same thing is in
 * force, as part of that, which then counts one more and has the worst severity of all. CANCEL and UPDATE by
 * store_alert with the report's own id reach the part: a cancelled part is withdrawn, and when it was the one
 * that began, the next one's body takes its place; with the last one the alert ends. */
void store_report(struct store *store, const struct store_report *report, store_alert_done *done, void *arg);

/* A resident saw it too. When `enough` distinct households did, an UNVERIFIED alert becomes CORROBORATED,
 * which is a revision. OK, REPEAT (this household did), NOT_FOUND, ENDED, FAILED, GONE. */
struct store_witness {
    uint8_t sender_tag;
    const char *public_id;
    struct text household;
    struct text remark;
    int64_t now;
    uint32_t enough;
};
void store_witness(
    struct store *store, const struct store_witness *witness, store_alert_done *done, void *arg);

/* A resident says that it should not be here. When `enough` distinct households did, a resident's alert is
 * held back: it ends everywhere (a revision) and waits for a moderator. OK, REPEAT, NOT_FOUND, ENDED. */
struct store_flag {
    uint8_t sender_tag;
    const char *public_id;
    struct text household;
    uint8_t reason; /* enum flag_reason */
    struct text remark;
    int64_t now;
    uint32_t enough;
    bool
        appeal; /* from the sender of what is held: kept for the moderator; OK or ENDED when it is not held */
};
struct store_flag_result {
    enum store_status status;
    bool held;                  /* by this flag, or its repetition */
    struct text sender, client; /* of the alert, when held: to be told */
};
typedef void store_flag_done(void *arg, const struct store_flag_result *result);
void store_flag(struct store *store, const struct store_flag *flag, store_flag_done *done, void *arg);

/* What an agency or the operator says of an alert: CONFIRMED and REFUTED change its truth; APPROVED lets one
 * out that waits (by another officer of the same agency); RELEASED lets one out that was held; REMOVED ends
 * it for good. Each is a revision, and is kept in the acts for the public record. */
struct store_verdict {
    uint8_t sender_tag;
    const char *public_id;
    uint32_t revision; /* that was looked at; 0: the newest */
    uint8_t decision;  /* enum verdict_decision */
    struct text by;    /* "<role>/<id>" */
    struct text officer;
    struct text reason;
    int64_t now;
    struct text name, case_number; /* of an agency, as the public record names it, and of its case; "" */
};
struct store_verdict_result {
    enum store_status status;   /* OK, REPEAT (so already), CONFLICT (another revision now), NOT_FOUND, ENDED,
                                   REVOKED (APPROVED by the officer who sent it, or by another agency) */
    struct text sender, client; /* of the alert */
    uint32_t revision;
};
typedef void store_verdict_done(void *arg, const struct store_verdict_result *result);
void store_verdict(
    struct store *store, const struct store_verdict *verdict, store_verdict_done *done, void *arg);

/* The agencies' alerts in force, all of them, newest last. */
struct store_alert_list {
    enum store_status status;
    size_t count;
    const struct alert_notice *alerts;
};
typedef void store_list_done(void *arg, const struct store_alert_list *list);
void store_agency_alerts(struct store *store, store_list_done *done, void *arg);

/* The document of an alert's newest revision that had one. NOT_FOUND when it has none. */
struct store_document {
    enum store_status status;
    uint32_t revision;
    bool in_force;
    int64_t at; /* ms; when it was stored */
    struct bytes document;
    struct text type;
};
typedef void store_document_done(void *arg, const struct store_document *document);
void store_alert_document(
    struct store *store, uint8_t sender_tag, const char *public_id, store_document_done *done, void *arg);

/* Areas of geocodes, as the operator loaded them (bridge/geocodes.h): for each the encoded polygons
 * (neighbors.v1.MultiPolygon), len 0 for one that is not in the table. */
struct store_geocode {
    struct text scheme, code; /* "SAME", "006037" */
};
struct store_geocodes {
    enum store_status status;
    size_t count; /* as asked */
    const struct bytes *areas;
};
typedef void store_geocodes_done(void *arg, const struct store_geocodes *found);
void store_geocodes(struct store *store, const struct store_geocode *asked, size_t count,
    store_geocodes_done *done, void *arg);

/* How many followers this process has in each leaf cell, told each minute and forgotten after three; and, of
 * all processes, how many are in the given leaf cells. */
struct store_follower_count {
    char leaf[13];
    uint32_t followers;
};
void store_followers_tell(struct store *store, const struct store_follower_count *counts, size_t count);
typedef void store_followers_done(void *arg, enum store_status status, uint64_t followers);
void store_followers(
    struct store *store, const char (*leaves)[13], size_t count, store_followers_done *done, void *arg);

/* One revision of an alert and what it was before. */
struct store_alert_record {
    enum store_status status; /* OK, NOT_FOUND, FAILED, GONE */
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
    bool in_force;    /* of this revision */
    int64_t at;       /* ms; when this revision was stored; 0: not known */
    uint8_t truth;    /* enum truth, of this revision; 0: as the body says */
    uint8_t severity; /* enum severity, of this revision; 0: as the body says */
    uint32_t merged;  /* reports in it */
    bool held;        /* now: it waits for a moderator */
    bool removed;     /* now: a moderator ended it for good */
    bool pending;     /* now: it, or an update of it, waits for a second officer */
    bool has_document;
    struct text sender, household, officer; /* who sent it; "" when not known */
    int64_t expires;
    struct bytes body; /* of this revision; of an ended one the last that had a body */
    size_t area_count; /* the distinct areas of revisions before this one */
    const struct bytes *areas;
};
typedef void store_record_done(void *arg, const struct store_alert_record *record);

/* Loads a revision (0: the newest), or what waits for a second officer or a moderator and is no revision yet
 * (STORE_WAITING; the record has the number it is known by; of what never came out before, every revision).
 * NOT_FOUND when the alert is gone altogether, or nothing waits. */
#define STORE_WAITING UINT32_MAX
void store_alert_load(struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision,
    store_record_done *done, void *arg);

/* Adds to how often a revision was delivered, for whoever traces the alert; nothing of one that is forgotten.
 * What is sent again because its answer was lost counts twice. */
void store_alert_delivered(
    struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision, uint32_t deliveries);

/* ---- sessions and principals --------------------------------------------------------------------- */

/* What is known of somebody enrolled. Text lives until the completion returns. */
struct principal_record {
    enum store_status status; /* OK, NOT_FOUND, REVOKED */
    struct text household;    /* device, edge, user: "" when none */
    struct text name;         /* an agency's public name */
    uint32_t number;          /* of a device within its household */
    char place[13];           /* leaf cell of a fixed device or a household; "" : none */
    char former_place[13];    /* before `since` */
    int64_t since;            /* ms: events at or after it are at `place` */
    uint32_t share;           /* bit n: motion kind n may be published, as long as has_sharing is false */
    bool has_sharing;         /* of a device: its household set what it shares: */
    struct bytes sharing;     /* its rules for this device (household_sharing_read in store_household.h) */
    struct text sharing_zone; /* of the hours in them */
    uint64_t sharing_version; /* of what the household shares */
    int64_t tokens_after;     /* ms: tokens issued before are void */
    int64_t verified;         /* ms: since when its household is known to be real; 0: it is not */
    int64_t banned_until;     /* ms: it may post nothing until then; 0: it may */
    struct text ban_reason;
    struct bytes jurisdiction; /* of an agency: neighbors.v1.MultiPolygon; len 0: everywhere */
    struct bytes certificate; /* of an agency: PEM, that its signed documents must verify with; len 0: none */
    bool must_sign;           /* of an agency: a document without a good signature is refused */
    bool no_approval;         /* of an agency: the operator waived the second officer */
    bool forgiving;           /* of an agency: its CAP documents are read in the forgiving mode */
    size_t instance_count;    /* its clients of which not every token counts */
    const struct store_instance {
        struct text name;     /* the client id */
        bool revoked;         /* it may not come at all */
        int64_t tokens_after; /* ms: tokens issued before are void for it */
    } * instances;
    bool drilled;         /* of an agency: its test alert came back to it, or the operator waived that */
    struct text officers; /* of an agency: who may act for it, with a space between */
    struct text devices;  /* of a node: whom it speaks for (bridge/registry.h) */
};
typedef void store_principal_done(void *arg, const struct principal_record *record);

/* Looks up who "<role>/<id>" is. */
void store_principal(struct store *store, struct text name, store_principal_done *done, void *arg);

struct session_name {
    struct text principal; /* "user/ann" */
    struct text client;    /* client id, any bytes but NUL */
};
/* How a session is opened. */
struct store_opening {
    struct session_name name;
    bool clean;
    uint32_t expiry_s;
    int64_t token_issued; /* ms; 0: none. One that the principal, or this client of it, does not count any
                             more opens nothing */
    bool may_join;        /* a user that is not known is enrolled */
};
struct session_record {
    enum store_status status; /* OK, or of the principal: NOT_FOUND, REVOKED, WITHDRAWN; FAILED, GONE */
    struct principal_record principal;
    bool present;               /* a session was there and goes on */
    uint64_t generation;        /* of this opening: fences all later writes */
    struct bytes subscriptions; /* as stored; empty when not present */
    struct bytes wishes;        /* likewise */
    struct bytes cursors;
    bool closed;       /* with these cursors: whoever had it did nothing after them */
    size_t qos2_count; /* packet ids that were stored and not yet released */
    const uint16_t *qos2;
};
typedef void store_session_done(void *arg, const struct session_record *record);

/* Opens the session: raises its generation (whoever held it is fenced, and told by store_events.taken_over),
 * drops what was there when clean or when it expired, and loads the principal, all in one step. For who is
 * revoked (or that client of it), or comes with a withdrawn token, nothing is opened and nobody fenced. */
void store_session_open(
    struct store *store, const struct store_opening *opening, store_session_done *done, void *arg);

/* Writes subscriptions (data NULL: leave as they are) and cursors (likewise). OK, FENCED, FAILED or GONE.
 * done may be NULL. */
void store_session_save(struct store *store, struct session_name name, uint64_t generation,
    struct bytes subscriptions, struct bytes cursors, store_status_done *done, void *arg);

/* Writes what the session's client wishes of its deliveries (opaque). OK, FENCED, FAILED or GONE. */
void store_session_wishes(struct store *store, struct session_name name, uint64_t generation,
    struct bytes wishes, store_status_done *done, void *arg);

/* The connection ended: the session lives expiry_s more seconds (0: ends now). */
void store_session_close(struct store *store, struct session_name name, uint64_t generation,
    uint32_t expiry_s, struct bytes cursors, store_status_done *done, void *arg);

/* PUBREL came: when it is answered, the packet id, written by store_motion, may be used anew. */
void store_qos2_release(struct store *store, struct session_name name, uint64_t generation,
    uint16_t packet_id, store_status_done *done, void *arg);

/* Appends to the inbox of a session, so that it is found there after a reconnection too. */
void store_inbox(struct store *store, struct session_name name, struct text topic_suffix,
    struct bytes payload, store_status_done *done, void *arg);

/* ---- channels ------------------------------------------------------------------------------------ */

/* Follows a channel: from the completion on, store_events.entry tells every entry behind `head`, in order,
 * none missing. in_force: the alerts in force here at that very moment. A second follow of a followed channel
 * is a mistake. */
struct channel_state {
    enum store_status status;
    struct position_in_channel head; /* of the last entry */
    struct position_in_channel low;  /* low-water mark: entries at or before it may be gone */
    uint32_t generation;             /* raised when a replica is promoted or a backup restored */
    size_t alert_count;
    const struct alert_notice *alerts; /* in force */
};
typedef void store_channel_done(void *arg, const struct channel_state *state);
void store_follow(struct store *store, struct text channel, store_channel_done *done, void *arg);

/* Follows no more. Entries of it may still come in this turn. */
void store_unfollow(struct store *store, struct text channel);

/* The state in force and the head of a followed or not followed channel, in one step. */
void store_channel_state(struct store *store, struct text channel, store_channel_done *done, void *arg);

/* Entries behind `after` (an entry of which items are left counts), at most `most`, oldest first, and where
 * they end. */
struct channel_page {
    enum store_status status;
    struct position_in_channel low;
    uint32_t generation;
    size_t count;
    const struct channel_entry *entries;
    bool more; /* there are entries behind the last one */
};
typedef void store_page_done(void *arg, const struct channel_page *page);
void store_channel_read(struct store *store, struct text channel, struct position_in_channel after,
    size_t most, store_page_done *done, void *arg);

/* ---- work that is done once, by whoever holds the lease -------------------------------------------- */

/* Does a share of the work that waits: serves outboxes (corrections first), ends what has expired, releases
 * pending activity that is due, trims channels. Each is atomic and may be done by any process at any time;
 * leases only save doing it twice. Called each turn; spends at most about a millisecond of the store's time a
 * call and returns at once. */
void store_upkeep(struct store *store, int64_t now);

/* ---- the store itself ---------------------------------------------------------------------------- */

/* What the store tells without being asked. Called from the loop, never inside a store_ call. */
struct store_events {
    void *arg;
    /* An entry of a followed channel, in order. */
    void (*entry)(void *arg, struct text channel, const struct channel_entry *entry);
    /* A followed channel could not be followed without a hole and was read anew up to `head`: what lies
     * between is to be read with store_channel_read. */
    void (*seam)(void *arg, struct text channel, struct position_in_channel head);
    /* Somebody opened this session with a newer generation. Only a hint: fencing does not depend on it. */
    void (*taken_over)(void *arg, struct session_name name, uint64_t generation);
    /* A principal was changed or revoked: drop what you remember of it. */
    void (*principal_changed)(void *arg, struct text principal);
    /* For a while nothing was heard: any of them may have been. */
    void (*changes_missed)(void *arg);
    /* This process has carried an alert's revisions up to this one to all channels that it ever reached;
     * in_force: it is so in some of them. May be NULL. */
    void (*carried)(void *arg, const char *public_id, uint32_t revision, size_t channel_count, bool in_force);
    /* The store went away, or is back. */
    void (*available)(void *arg, bool available);
};

/* What the operator may want to know; all since the start of the process. */
struct store_counters {
    uint64_t calls, events_stored, events_repeated, reconnects, retries, deadline_misses, alerts_appended,
        activity_released, activity_unshared, activity_below_k, activity_merged, entries_trimmed;
    uint64_t households_resettled;  /* whose change somebody else had left half done */
    uint64_t log_leaves, log_heads; /* of the public record, made by this process */
    uint64_t log_broken; /* 1: the record in the store is not what was signed, and nothing is signed */
    uint64_t waiting;    /* calls without an answer now */
    uint64_t put_back;   /* calls that a cluster put back, because their slot moved or had nobody */
    uint64_t waits, waits_unsatisfied; /* how often replicas were asked whether they have what was written,
                                          and too few had */
    int64_t outbox_oldest; /* ms: since when the oldest alert waits that is in no channel yet; 0: none does */
    uint64_t wanted_replicas;     /* that are waited for (wait=N in the address) */
    uint64_t masters, slots_away; /* now: Redis that carry the state; slots of 16,384 that none serves */
    bool available; /* some Redis carries calls (of a cluster whichever: calls for another one wait) */
};
const struct store_counters *store_counters(const struct store *store);

/* A Redis that carries the state, as it was found within the last seconds. */
enum { STORE_MASTERS = 32, STORE_MASTER_NAME = 112 };
struct store_master {
    char name[STORE_MASTER_NAME]; /* "address:port" or the path of its socket */
    char durability[16];          /* as store_durability, of this one */
    bool up;                      /* it carries calls */
    bool lacking;                 /* the last time too few of its replicas had what was written */
    bool unwritten;               /* it could not write its files the last time that it tried */
    uint32_t replicas;            /* that are connected to it */
    uint64_t memory, memory_most; /* bytes; most 0: no limit of its own */
    /* ms that its clock is ahead of this process' (less than 0: behind), at least: what the way there and
     * back may account for is taken off. */
    int64_t clock_ahead;
};
/* Fills the masters, at most STORE_MASTERS; how many. */
size_t store_masters(const struct store *store, struct store_master out[STORE_MASTERS]);

/* The time up to which every entry of the followed channels has been told: the sending time of the last probe
 * that came back behind them, bounded by the oldest outbox entry not yet served. 0: nothing proved yet. */
int64_t store_as_of(const struct store *store);

/* How the store is found to keep what it acknowledges: "always", "everysec", "no". Static text; "unknown"
 * before the first answer. */
const char *store_durability(const struct store *store);

/* Sends what this turn gathered; the last thing of each turn. */
void store_flush(struct store *store);

void store_free(struct store *store);

#endif
