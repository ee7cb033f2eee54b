/* How many deliveries there were of each revision of an alert: counted in memory, told to the store
 * (store_alert_delivered) and at log_level debug to the log every two seconds, or sooner when there are many,
 * as
 *
 *     alert id=<public id> step=delivered revision=<n> deliveries=<since the last line>
 *
 * A delivery is one PUBLISH into the output of a connection: whoever follows by two filters of different
 * places or in two encodings has two. To whom is not noted anywhere. */
#ifndef NEIGHBORS_BROKER_SESSION_DELIVERED_H
#define NEIGHBORS_BROKER_SESSION_DELIVERED_H

#include "bridge/store.h"
#include "broker/session/alert_object.h"

/* One more. */
void delivered_note(struct broker *broker, struct alert_object *alert);
/* Tells what was counted, when two seconds are over since it was told last. */
void delivered_tick(struct broker *broker, int64_t now);
/* Tells it at once: the process stops. */
void delivered_tell(struct broker *broker);
/* Lets go what was not told; the store is gone. */
void delivered_clear(struct broker *broker);

/* Of store_events: a revision, and all before it, are in all channels. arg: the broker. */
void delivered_on_carried(
    void *arg, const char *public_id, uint32_t revision, size_t channel_count, bool in_force);

#endif
