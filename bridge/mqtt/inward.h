/* Events that devices publish at another broker, for neighborsd: a MotionBatch in protobuf or JSON on a topic
 * that says who the device is. Numbers and session stay as the device gave them: neighborsd tells repeats by
 * them, by whichever way and bridge they come. */
#ifndef NEIGHBORS_MQTT_INWARD_H
#define NEIGHBORS_MQTT_INWARD_H

#include "bridge/mqtt/relay.h"
#include "bridge/mqtt/settings.h"

/* relay_take of the inward way; arg: struct bridge_settings. */
void inward_take(struct relay *relay, void *settings, const struct link_message *message);

#endif
