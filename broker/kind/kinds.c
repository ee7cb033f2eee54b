/* The table of kinds. */
#include "broker/kind/kind.h"

static const struct kind *const kinds[TOPIC_COUNT] = {
    [TOPIC_MOTION] = &kind_motion,
    [TOPIC_ALERT] = &kind_alert,
    [TOPIC_HISTORY] = &kind_history,
};

const struct kind *kind_of(enum publish_topic topic)
{
    return kinds[topic];
}
