/* What neighbors-bridge is told: one file (libconfig); deploy/neighbors-bridge.conf is a whole one. */
#ifndef NEIGHBORS_MQTT_SETTINGS_H
#define NEIGHBORS_MQTT_SETTINGS_H

#include "bridge/client/setting.h"
#include "bridge/mqtt/topic_rule.h"

enum { BRIDGE_MOST_RULES = 64, BRIDGE_MOST_CELLS = 256 };

/* An inward rule. */
struct bridge_rule {
    char *topic; /* the pattern */
    char filter[TOPIC_FILTER];
};

struct bridge_settings {
    char *id;       /* "node/city", as enrolled */
    char *instance; /* one process of several with this id; client ids end in it */
    struct endpoint broker, outside;
    bool outside_mqtt5; /* else 3.1.1 */
    struct bridge_rule rules[BRIDGE_MOST_RULES];
    size_t rule_count;
    char *cells[BRIDGE_MOST_CELLS]; /* filters at the broker, whose items are mirrored */
    size_t cell_count;
    char *prefix; /* in front of mirrored topics, without the last "/" */
    bool json;    /* mirrored so; else protobuf */
};

/* False: what is wrong was told on standard error. To be freed in any case. */
bool bridge_settings_read(struct bridge_settings *settings, const char *file)
    __attribute__((warn_unused_result));
void bridge_settings_free(struct bridge_settings *settings);

#endif
