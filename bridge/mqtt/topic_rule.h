/* Who speaks, as the topic of another broker says it: levels as MQTT has them, one of which is {dev}, such as
 * city/+/{dev}/motion. Pure. */
#ifndef NEIGHBORS_MQTT_TOPIC_RULE_H
#define NEIGHBORS_MQTT_TOPIC_RULE_H

#include "proto/message.h"

enum { TOPIC_FILTER = 512 };

/* Fills in the filter to subscribe to: {dev} becomes +, a group (not NULL) begins it with $share/<group>/.
 * NULL, or what is wrong with the pattern. */
const char *topic_rule_filter(const char *pattern, const char *group, char out[TOPIC_FILTER])
    __attribute__((warn_unused_result));

/* Whether the topic fits; *device is then the level at {dev}, a view into the topic. */
bool topic_rule_fits(const char *pattern, struct text topic, struct text *device)
    __attribute__((warn_unused_result));

#endif
