/* Alerts and residents' reports: stored, looked up, their documents. Part of bridge/store.h, which says how
 * calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_ALERT_H
#define NEIGHBORS_BRIDGE_STORE_ALERT_H

#include "bridge/store_channel.h"

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

/* ---- looking up ---- */

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

#endif
