/* Outward (outward.h). */
#include "bridge/mqtt/outward.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TOPIC = 1024 };

void outward_take(struct relay *relay, void *arg, const struct link_message *message)
{
    const struct bridge_settings *settings = arg;
    const char *begin = settings->json ? "nb/v1/json/" : "nb/v1/";
    size_t skip = strlen(begin);
    char topic[MOST_TOPIC];
    if (message->topic.len <= skip || memcmp(message->topic.data, begin, skip) != 0) {
        relay->totals.skipped++;
        return;
    }
    int length = snprintf(topic, sizeof(topic), "%s/%.*s", settings->prefix, (int)(message->topic.len - skip),
        message->topic.data + skip);
    /* MQTT 3.1.1 has no content type. */
    const char *type = settings->json ? "application/json" : "application/x-protobuf";
    if (length < (int)sizeof(topic))
        relay_send(relay, text_of(topic), settings->outside_mqtt5 ? type : NULL, message->payload,
            (struct text){NULL, 0});
    else
        relay->totals.skipped++;
}
