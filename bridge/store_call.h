/* A call on its way, for the rooms that move it: store_call.c (on one connection), store_route.c (to whom),
 * store_node.c (when the masters change). */
#ifndef NEIGHBORS_BRIDGE_STORE_CALL_H
#define NEIGHBORS_BRIDGE_STORE_CALL_H

#include "bridge/store_inside.h"

struct call {
    struct call *next;
    struct command command;
    call_answer *answer;
    void *arg;
    bool upkeep;              /* it is given up while its master is away (store_patience.c) */
    double asked;             /* store_clock when it was */
    bool to_node;             /* it concerns one Redis as a whole: */
    struct node *only;        /* this one; NULL: it is gone */
    double sent;              /* by store_awake; 0: never */
    uint64_t kept;            /* its number among all that were kept */
    double due;               /* when a put back one is sent again */
    unsigned tries;           /* how often it was put back */
    bool alone;               /* the one under way of those of its slot that keep their order */
    enum store_status status; /* kept: what Redis answered */
    redisReply *reply;
};

/* A slot of which a call that keeps its order is under way, and those that wait for it. */
struct gate {
    struct call_list waiting;
};

/* Lists own nothing: a call is freed by call_finish. */
void call_append(struct call_list *list, struct call *call);
struct call *call_take(struct call_list *list); /* the oldest; NULL: there is none */
void calls_join(struct call_list *list, struct call_list *more);
void call_forget_reply(struct call *call);
/* Answers it and frees it. */
void call_finish(struct store *store, struct call *call, enum store_status status, const redisReply *reply);

/* ---- store_route.c ---- */

/* To the Redis that has its slot, or to those that wait for one. */
void call_route(struct store *store, struct call *call);
/* After a pause that grows with how often it was put back. */
void call_later(struct store *store, struct call *call);
/* An answer of a cluster that says that the call is to be sent again, and perhaps to whom: noted. */
bool call_is_put_back(struct node *node, struct call *call, const char *error)
    __attribute__((warn_unused_result));
/* It is answered: the next of its slot may go. */
void call_passed(struct store *store, struct call *call);

/* ---- store_patience.c ---- */

/* Each tick: answers with FAILED what upkeep asked of masters that are away. */
void calls_give_up(struct store *store);

/* ---- one node's calls (store_call.c) ---- */

/* Sends it now, or when the node carries calls again, in the order in which they were taken. */
void node_take(struct node *node, struct call *call);
void node_send_unsent(struct node *node);
/* The connection is gone: nothing was sent, nothing is answered. */
void node_calls_lost(struct node *node);
void node_flush(struct node *node);
/* For so long it has not answered what it was sent, or not let us in. */
bool node_is_silent(const struct node *node, double seconds);

/* ---- store_replicas.c ---- */

/* Sends WAIT behind what was sent. */
void replicas_ask(struct node *node);
/* A view of the cluster came that was asked for then: what need not wait for more replicas is answered. */
void nodes_excuse(struct store *store, double asked);

#endif
