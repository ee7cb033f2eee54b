/* One item to one follow: whether its filters take it, under which topic, and the PUBLISH itself. */
#ifndef NEIGHBORS_BROKER_SESSION_ITEM_H
#define NEIGHBORS_BROKER_SESSION_ITEM_H

#include "broker/session/deliver.h"

/* True when one more message fits into the client's window and the output; else the session is marked
 * blocked. */
bool item_room(struct session *session);

/* Sends item `item` of the entry when it concerns the follow. before: where the link's cursor stays until the
 * client has acknowledged. Call item_room first. */
void item_send(struct session *session, struct follow *follow, struct link *link,
    struct position_in_channel before, struct entry *entry, uint32_t item);
/* Sends an alert in force: with RETAIN, but for what comes late by the session's own wish. */
void item_send_initial(struct session *session, const struct initial *initial);
/* Sends a gap. */
void item_send_gap(struct session *session, const struct initial *initial);

#endif
