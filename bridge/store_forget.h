/* Deleting for good what is a household's. Part of bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_FORGET_H
#define NEIGHBORS_BRIDGE_STORE_FORGET_H

#include "bridge/store.h"

struct store_forget {
    struct text household;
    struct session_name by; /* who asked, and where the receipt goes */
    size_t device_count;    /* 0: all of the household; those that are no devices of it count for nothing */
    const struct text *devices;
    int64_t from, to; /* ms; events that happened then, both included */
    bool alerts;      /* what `by` said of anything: alerts, witnesses, flags */
    bool account;     /* everything, and everybody of the household */
    bool enrolment;   /* with devices: they are enrolled no longer */
    struct text name; /* the sender's own, told again in the receipt */
    int64_t now;
};

/* Notes what is to be forgotten: OK, FAILED or GONE. Upkeep does it, a bounded piece at a time and going on
 * whatever was killed; rewrites what Redis has on disk, in a cluster on every master, there and behind
 * sentinels on every replica that is connected to its master; and only then puts a signed
 * neighbors.v1.Deleted into the inbox of `by`, topic suffix "deleted". The files of a replica that is away
 * then, of one that a redis:// address has, and of a Redis that has no slots any more, are not ours to
 * rewrite: started anew a replica takes all from its master and rewrites them; else it does so when its file
 * has grown (auto-aof-rewrite-percentage), or when its operator orders BGREWRITEAOF. */
void store_forget(struct store *store, const struct store_forget *forget, store_status_done *done, void *arg);

#endif
