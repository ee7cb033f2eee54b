/* The feed of chosen cells, for another broker: each item as neighborsd delivers it, under a prefix:
 * <prefix>/cell/<geohash>/<class>/<category>/<public id>. Never retained: a broker that keeps it would show
 * what is over. */
#ifndef NEIGHBORS_MQTT_OUTWARD_H
#define NEIGHBORS_MQTT_OUTWARD_H

#include "bridge/mqtt/relay.h"
#include "bridge/mqtt/settings.h"

/* relay_take of the outward way; arg: struct bridge_settings. */
void outward_take(struct relay *relay, void *settings, const struct link_message *message);

#endif
