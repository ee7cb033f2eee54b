/* Notices to browsers without a connection: whom an alert concerns among the push subscriptions, and what
 * they are told of it.
 *
 * The life of a notice: an alert changed near a subscription, and the store has it as due; here it is loaded
 * and held against each subscription that may be concerned, by the same true shapes as for a follower; for
 * those it concerns the store notes that they are to be told. What is noted is taken in turn, told from the
 * alert's present state, and done when the push service took it. Whatever process is killed, what was not
 * done is due again; what comes twice replaces the first. */
#ifndef NEIGHBORS_BROKER_PUSH_H
#define NEIGHBORS_BROKER_PUSH_H

#include "bridge/push.h"
#include "broker/broker.h"

/* Who sends; copied; NULL: nobody, and subscriptions are refused. Before the first turn. */
void broker_use_push(struct broker *broker, const struct push_service *service);
/* Messages that are on their way to a push service. */
size_t broker_pushes(const struct broker *broker);

#endif
