/* What the files of push in the core share among themselves; nobody else includes this. */
#ifndef NEIGHBORS_BROKER_PUSH_INSIDE_H
#define NEIGHBORS_BROKER_PUSH_INSIDE_H

#include <sys/queue.h>

#include "bridge/store_push.h"
#include "broker/push.h"
#include "broker/session/alert_object.h"
#include "proto/codec.h"

TAILQ_HEAD(push_look_list, push_look);
TAILQ_HEAD(push_sending_list, push_sending);

struct pushes {
    struct push_service service;
    struct push_look_list looks;       /* alerts, held against subscriptions */
    struct push_sending_list sendings; /* that wait for their alert */
    size_t look_count, sending_count;  /* all of them, also those that wait for an answer */
    size_t sent;                       /* on their way to a push service */
    bool taking;
    int64_t take_at; /* ms */
};

/* What is taken and not finished is due again after this. */
int64_t push_lease_ms(const struct broker *broker);

/* ---- push_look.c ---- */
void push_look_begin(struct broker *broker, const struct store_push_alert *alert);
void push_looks_turn(struct broker *broker);
void push_looks_clear(struct broker *broker);

/* ---- push_send.c ---- */
void push_send_begin(struct broker *broker, const struct store_push_notice *notice);
void push_sendings_turn(struct broker *broker);
void push_sendings_clear(struct broker *broker);

/* ---- push_match.c ---- */
/* How an alert stands to a subscription. */
struct push_match {
    bool concerns; /* it is in force in one of its places, and what it wishes to hear of */
    int face;      /* the first of the alert's faces that touches one of its places; -1: none */
};
struct push_match push_match(const struct broker *broker, const struct push_subscription *subscription,
    const struct alert_object *alert);
/* The notice of it, encoded, in the arena; ended: whatever it is now, it is that no more for this one.
 * numbered: with its revision; else what is the same in all revisions that show the same. */
struct bytes push_notice_of(const struct push_subscription *subscription, const struct alert_object *alert,
    bool ended, bool numbered, struct arena *arena);

/* ---- push.c, for the rest of the core ---- */
void pushes_turn(struct broker *broker);
void pushes_clear(struct broker *broker);

#endif
