/* Push subscriptions in the store, and the notices that are to be sent to them (broker/push.h). A
 * subscription is known by its id alone; its record and the alerts that it is told of are sealed with the
 * installation's secret, and no key says whose it is or where. */
#ifndef NEIGHBORS_BRIDGE_STORE_PUSH_H
#define NEIGHBORS_BRIDGE_STORE_PUSH_H

#include "bridge/store.h"

/* ---- what a resident says ---- */

/* Counts what somebody says of subscriptions in a day of UTC. who: "push/<digest>", so that no name stands
 * beside what is written next. OK, or LIMITED with the ms until there are new ones. */
typedef void store_push_count_done(void *arg, enum store_status status, int64_t retry_after_ms);
void store_push_count(
    struct store *store, struct text who, uint32_t most, store_push_count_done *done, void *arg);

struct store_push {
    const char *id;      /* PUBLIC_ID characters, of a keyed digest of the endpoint */
    struct bytes record; /* opaque; sealed here */
    size_t channel_count;
    const char (*channels)[13]; /* geohashes of the channels in which there may be alerts for it */
    int64_t until, now;         /* ms */
    uint64_t most;              /* subscriptions that the store may have in all */
};
/* Keeps the subscription in place of what was there under its id. OK, LIMITED (there are too many), FAILED,
 * GONE. */
void store_push_put(struct store *store, const struct store_push *push, store_status_done *done, void *arg);
/* OK whether there was one or not. done may be NULL. */
void store_push_remove(struct store *store, const char *id, store_status_done *done, void *arg);

/* ---- what is to be sent ---- */

/* An alert that changed near a subscription: to be looked whom it concerns. */
struct store_push_alert {
    struct alert_notice notice; /* the newest revision; in_force is not told */
    size_t channel_count;
    const char (*channels)[13]; /* all that it ever reached */
};
/* A subscription is to be told of an alert. */
struct store_push_notice {
    const char *id;      /* of the subscription */
    struct bytes record; /* len 0: it cannot be opened */
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;        /* that it is to be told, or a newer one */
    uint32_t told;            /* 0: it was told nothing of it, or that it ended */
    char said[PUBLIC_ID + 1]; /* as store_push_finish was told with that; "" */
    unsigned tries;           /* that failed */
};
struct store_push_work {
    enum store_status status;
    bool mine; /* this process does it for now */
    size_t alert_count;
    const struct store_push_alert *alerts;
    size_t notice_count;
    const struct store_push_notice *notices;
};
typedef void store_push_work_done(void *arg, const struct store_push_work *work);
/* Takes what is due, when no other process does. What is taken and not finished by the calls below is due
 * again after lease_ms. room: how many notices at most; alerts: whether to take alerts too. */
void store_push_take(struct store *store, int64_t now, int64_t lease_ms, size_t room, bool alerts,
    store_push_work_done *done, void *arg);

/* Subscriptions that an alert in the channel may concern, in the order of their ids, behind `after` ("" from
 * the first). */
struct store_push_near {
    enum store_status status;
    size_t count;
    const struct store_push_found {
        char id[PUBLIC_ID + 1];
        struct bytes record;
    } * found;
    char next[PUBLIC_ID + 1]; /* to go on behind; "": these were the last */
};
typedef void store_push_near_done(void *arg, const struct store_push_near *near);
void store_push_near(
    struct store *store, const char *channel, const char *after, store_push_near_done *done, void *arg);

/* The subscription is to be told of that revision, when it concerns it, or it was told an earlier one.
 * Answers OK, whether there is something to tell or not. */
void store_push_want(struct store *store, const char *id, const char *public_id, uint32_t revision,
    bool concerns, int64_t now, store_status_done *done, void *arg);
/* Everybody whom the revision concerns was looked for. */
void store_push_looked(struct store *store, const struct alert_notice *alert, int64_t now);

enum store_push_end {
    STORE_PUSH_TOLD,  /* in force: it is told what becomes of it */
    STORE_PUSH_ENDED, /* it hears nothing of it after that */
    STORE_PUSH_LEFT,  /* it was not told, and will not be told that */
};
/* A notice is finished, unless a newer revision is wanted meanwhile. said: of TOLD, a keyed digest of what it
 * is shown, PUBLIC_ID characters; else "". */
void store_push_finish(struct store *store, const struct store_push_notice *notice, uint32_t revision,
    enum store_push_end end, const char *said, int64_t now);
/* It is to be tried again at that time (ms). */
void store_push_later(struct store *store, const struct store_push_notice *notice, int64_t at);

#endif
