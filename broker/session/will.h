/* Wills: what a client asked at CONNECT to be published when its connection ends without a DISCONNECT. A will
 * that its client may not publish is accepted and dropped, counted, when due; likewise when too many wait. */
#ifndef NEIGHBORS_BROKER_SESSION_WILL_H
#define NEIGHBORS_BROKER_SESSION_WILL_H

#include "broker/core.h"
#include "proto/mqtt.h"

struct will;

/* The will of a CONNECT, copied; NULL when it has none. */
struct will *will_new(const struct mqtt_connect *connect);
/* The client is gone without taking its will back: publishes it now, or after its delay unless the session
 * comes back (MQTT 5, 3.1.3.2.2). Owns the will from now on. */
void will_due(struct broker *broker, struct will *will, const struct session *session);
/* Somebody connected under the session's name. It came back: its will that waits is forgotten. Or a clean
 * start ended it: its will is due (MQTT 5, 3.1.2.5). */
void will_settle(struct broker *broker, const char *session_name, bool ended);
/* Publishes those whose delay is over. */
void wills_tick(struct broker *broker, int64_t now);
/* NULL is allowed. */
void will_free(struct will *will);
/* Forgets all that wait. */
void wills_clear(struct broker *broker);

#endif
