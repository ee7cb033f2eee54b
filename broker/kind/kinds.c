/* The table of kinds: for each topic who may publish to it, and what serves it. A topic of the contract
 * without a kind is refused as such, to those who may publish to it; the others learn only that they may not.
 */
#include "broker/kind/kind.h"

static const struct {
    unsigned roles;
    const struct kind *kind;
} kinds[TOPIC_COUNT] = {
    [TOPIC_MOTION] = {ROLE_DEVICE | ROLE_EDGE, &kind_motion},
    [TOPIC_ALERT] = {ROLE_USER | ROLE_AGENCY, &kind_alert},
    [TOPIC_WITNESS] = {ROLE_USER, NULL},
    [TOPIC_FLAG] = {ROLE_USER, NULL},
    [TOPIC_VERDICT] = {ROLE_AGENCY | ROLE_OPERATOR, NULL},
    [TOPIC_FOOTAGE_REQUEST] = {ROLE_AGENCY, NULL},
    [TOPIC_RESOLVE] = {ROLE_AGENCY, NULL},
    [TOPIC_FOOTAGE_ANSWER] = {ROLE_USER, NULL},
    [TOPIC_TIP] = {ROLE_USER, NULL},
    [TOPIC_REWARD] = {ROLE_AGENCY, NULL},
    [TOPIC_SETTINGS] = {ROLE_USER, &kind_settings},
    [TOPIC_FORGET] = {ROLE_USER, NULL},
    [TOPIC_EXPORT] = {ROLE_USER, NULL},
    [TOPIC_HISTORY] = {ROLE_DEVICE | ROLE_EDGE | ROLE_USER | ROLE_AGENCY | ROLE_OPERATOR, &kind_history},
};

const struct kind *kind_of(enum publish_topic topic)
{
    return kinds[topic].kind;
}

bool kind_allows(enum publish_topic topic, enum role role)
{
    return kinds[topic].roles & role;
}
