/* What the operator may want to know of the store. Part of bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_COUNTERS_H
#define NEIGHBORS_BRIDGE_STORE_COUNTERS_H

#include "bridge/store_basics.h"

/* What the operator may want to know; all since the start of the process. */
struct store_counters {
    uint64_t calls, events_stored, events_repeated, reconnects, retries, deadline_misses, alerts_appended,
        activity_released, activity_unshared, activity_below_k, activity_merged, entries_trimmed;
    uint64_t households_resettled;  /* whose change somebody else had left half done */
    uint64_t log_leaves, log_heads; /* of the public record, made by this process */
    uint64_t log_broken; /* 1: the record in the store is not what was signed, and nothing is signed */
    uint64_t waiting;    /* calls without an answer now */
    uint64_t put_back;   /* calls that a cluster put back, because their slot moved or had nobody */
    uint64_t given_up;   /* calls of upkeep whose master was away; what they were for is taken up again */
    uint64_t waits, waits_unsatisfied; /* how often replicas were asked whether they have what was written,
                                          and too few had */
    int64_t outbox_oldest; /* ms: since when the oldest alert waits that is in no channel yet; 0: none does */
    int64_t forget_oldest; /* ms: when that was asked for which is being forgotten here now; 0: nothing is */
    uint64_t wanted_replicas;     /* that are waited for (wait=N in the address) */
    uint64_t masters, slots_away; /* now: Redis that carry the state; slots of 16,384 that none serves */
    uint64_t nodes_missing;       /* now: nodes of a cluster, replicas too, that it holds to be dead */
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

/* How the store is found to keep what it acknowledges: "always", "everysec", "no". Static text; "unknown"
 * before the first answer. */
const char *store_durability(const struct store *store);

#endif
