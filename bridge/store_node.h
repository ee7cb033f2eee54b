/* The store's transport, of which the rest of the store sees store_send alone: the masters that carry the
 * state, a link to each, and calls on their way to them. Nobody but bridge/store_*.c includes this.
 *
 * One Redis is one master that has all slots. So is what sentinels watch, with an address that may change.
 * Of a cluster the masters are those that have slots now.
 *
 * What callers may rely on, in a cluster as on one Redis:
 * - A call is answered once, when it was carried out; until then it is kept, and sent again to whoever has
 *   its slot then. Every function may be repeated.
 *   Upkeep's alone may be answered before, with FAILED, when their master is away (store_patience.c).
 * - It is on its way once: it goes out again only when the connection that had it is ended (CLIENT KILL by
 *   the next one, at the same run of the same Redis), or when the Redis that had it has not the slot any
 *   more. What that one may still do with it (a master that was frozen while another took its place) is part
 *   of a history that Redis drops, and its answer is not taken.
 * - Two calls of one session, sender or household never overtake each other. On one connection Redis itself
 *   sees to that, also for what is sent again, all of it and in order. In a cluster one of two calls may be
 *   put back (its slot moves) and the one behind it be carried out; so of the calls of one slot one at a time
 *   is without an answer. Those of a region's tag ({rXX}) go as they come: their functions are made to be
 *   carried out in any order, and they are the many.
 * - With replicas (wait=N in the address) an answer is given when `WAIT N` says that N replicas have what it
 *   tells of. One WAIT follows each flush; answers are kept until it is satisfied, in their order. What only
 *   reads is answered at once where nothing is kept before it. */
#ifndef NEIGHBORS_BRIDGE_STORE_NODE_H
#define NEIGHBORS_BRIDGE_STORE_NODE_H

#include <ev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "bridge/redis_url.h"
#include "bridge/store.h"

enum { CLUSTER_SLOTS = 16384 };

struct call;
struct command;
struct node;
struct store;

/* ---- store_link.c: one connection that comes back --------------------------------------------------- */

/* Where a Redis or a sentinel listens. */
struct endpoint {
    const char *path;                       /* of a socket; NULL: host and port */
    char host[REDIS_URL_HOST], address[64]; /* as written; as numbers, "" until endpoint_resolve */
    int port;                               /* 0: no place */
};
bool same_endpoint(const struct endpoint *a, const struct endpoint *b);
/* Names are looked up once, and in each call until that worked. False: logged. */
bool endpoint_resolve(struct store *store, struct endpoint *place) __attribute__((warn_unused_result));

/* "host:port"; with an empty host it is that of `near`. */
bool endpoint_read(struct endpoint *out, const char *text, const struct endpoint *near)
    __attribute__((warn_unused_result));

struct link {
    struct store *store;
    void *owner;
    const char *name; /* for the log */
    struct endpoint where;
    redisAsyncContext *context; /* NULL: waits for `retry`, or for a place */
    ev_timer retry;
    double pause; /* seconds until the next try */
    double since; /* store_awake at the last try */
    bool ready;   /* logged in and prepared */
    void (*opened)(struct link *link);
    void (*lost)(struct link *link);
};
/* Does not connect yet. */
void link_init(struct link *link, struct store *store, const char *name, void *owner,
    void (*opened)(struct link *), void (*lost)(struct link *));
/* Connects, and again after each loss; a connection to another place is given up. */
void link_connect(struct link *link, const struct endpoint *where);
/* The link is prepared; the next loss is followed by a short pause again once link_proved was called. */
void link_ready(struct link *link);
void link_proved(struct link *link);
/* Gives the connection up and tries a new one after the pause. Safe in every callback. */
void link_drop(struct link *link, const char *why);
/* Gives it up for good, or until link_connect; `lost` is not called. */
void link_stop(struct link *link);
/* Sends AUTH and SELECT as the address asks; AUTH with another password, "" for none. */
void link_log_in(struct link *link);
void link_auth(struct link *link, const char *user, const char *password);

/* ---- store_node.c: the masters ------------------------------------------------------------------------ */

struct call_list {
    struct call *first, *last;
};

/* What is found out about a Redis before it carries calls (store_boot.c). */
struct boot {
    int pending;
    bool replica, wrong_layout, right_layout, former_layout, load, ended_previous;
    int64_t id, previous_id; /* of this connection and of the last that carried calls */
    char run_id[48], previous_run_id[48];
    bool appends;
    char fsync[16];
};

/* How a Redis is, as it said last (store_look.c). */
struct look_at_node {
    double due;             /* by store_clock */
    bool asking, told_skew; /* in the log */
    int64_t asked_at;       /* ms, of our clock, before TIME */
    int64_t clock_ahead;
    uint32_t replicas;
    uint64_t memory, memory_most;
    bool unwritten;
};

/* A Redis that is a master or was one. It lives until the cluster knows it no more, or, behind sentinels, a
 * minute after it was the master. */
struct node {
    struct store *store;
    struct node *next;         /* of all */
    char name[REDIS_URL_PATH]; /* for the log, and the same over restarts of this process: "address:port" */
    bool master, was_master;   /* it has slots; had them before the change under way */
    double retired;            /* store_clock when it was a master last */
    struct link command;
    struct boot boot;
    struct call_list unsent, sent, kept; /* kept: answered by Redis, not yet by its replicas */
    bool output;                         /* something was sent since the last flush */
    bool unwaited;                       /* some of that writes: WAIT is due */
    bool lacking;                        /* the last WAIT was not satisfied */
    double lacking_since, told_lacking;  /* by store_clock; told: in the log */
    unsigned waits;                      /* WAITs without an answer */
    unsigned replicas;                   /* of a cluster's master, as last told */
    unsigned acked;                      /* replicas that had it, as the last unsatisfied WAIT said: */
    uint64_t kept_count, acked_until;    /* of all that were ever kept, up to this one */
    double acked_at;                     /* when */
    double answered;                     /* store_awake at the last answer */
    struct look_at_node look;
    void *feed; /* store_feed.c's own */
};

/* The masters now, by index; of a cluster or behind sentinels there is none before the first answer. What is
 * remembered of an index is void when store_node_round changes. */
size_t store_node_count(const struct store *store);
struct node *store_node(const struct store *store, size_t index);
unsigned store_node_round(const struct store *store);
/* Who has the slot; NULL: nobody known. */
struct node *store_node_of_slot(const struct store *store, uint16_t slot);
/* Sends a command that concerns one Redis as a whole (SCAN, INFO, BGREWRITEAOF …). It waits for that one as
 * other calls do. When that is a master no longer, before it answered, the answer is STORE_NOT_FOUND, also
 * when there is no such index: look at the masters anew. Takes the command's bytes. Not ordered with others.
 */
typedef void call_answer(struct store *store, void *arg, enum store_status status, const redisReply *reply);
void store_send_to_node(
    struct store *store, size_t index, struct command *command, call_answer *answer, void *arg);

/* The one at that place, which may be new, and no master yet. */
struct node *node_at(struct store *store, const struct endpoint *where);
/* Who is the only master; who has which slot; who has one slot, as somebody said on the way. */
void nodes_set_one(struct store *store, struct node *one);
void nodes_set_slots(struct store *store, struct node *const owners[CLUSTER_SLOTS]);
void node_gets_slot(struct store *store, struct node *node, uint16_t slot);
/* "MOVED <slot> <host>:<port>", as `from` said; an empty host is its own. */
void node_note_moved(struct node *from, const char *error);
/* What is not under way there goes to whoever has its slot now. */
void node_settle(struct node *node);
/* Counts what is away, and tells when the store went or came. */
void nodes_look(struct store *store);
/* Each tick: frees those that went. Nobody holds one over a turn but the master lists, their calls and feeds.
 */
void nodes_drop_gone(struct store *store);
void nodes_init(struct store *store);
void nodes_stop(struct store *store);
void nodes_free(struct store *store);

/* ---- store_boot.c: before a link carries calls ------------------------------------------------------- */

/* Which nb:layout the store is for; then each time a connection is opened: all that is asked before calls. */
void boot_init(struct store *store);
void boot_opened(struct node *node);
/* Nothing is carried before nb:layout was looked at: asks for it where its slot came to be. */
void boot_layout(struct store *store);

/* ---- store_look.c: how the masters are ------------------------------------------------------------------
 */

/* Each tick: asks those that are due for their clocks and how they are. */
void masters_look(struct store *store);

/* ---- store_topology.c: who the masters are ------------------------------------------------------------ */

/* Begins to ask the hosts of the URL who the masters are, until topology_stop; of one Redis nothing. */
void topology_start(struct store *store);
void topology_check(struct store *store); /* each tick */
/* Something is wrong: for the next second it is asked several times. */
void topology_trouble(struct store *store);
/* Asks now, or as soon as what was asked before is answered. */
void topology_ask(struct store *store);
void topology_stop(struct store *store);
/* An answer, of the sentinels or (store_slots.c) the cluster; false: nothing is to be learnt of it. */
bool sentinel_take(struct store *store, const redisReply *reply) __attribute__((warn_unused_result));
bool slots_take(struct store *store, const redisReply *reply) __attribute__((warn_unused_result));

#endif
