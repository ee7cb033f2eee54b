/* The part of the registry that says what an agency is trusted with; within the transaction of an enrolment.
 */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_TRUST_H
#define NEIGHBORS_BRIDGE_REGISTRY_TRUST_H

#include "bridge/registry.h"

/* NULL, or the rule that it breaks: who must sign has a certificate. False: redis->error. */
bool registry_check_trust(struct redis_sync *redis, const char *role, const char *id,
    const struct registry_trust *trust, const char **rule) __attribute__((warn_unused_result));

/* Writes what is given of it. False: redis->error. */
bool registry_write_trust(struct redis_sync *redis, const char *role, const char *id,
    const struct registry_trust *trust) __attribute__((warn_unused_result));

#endif
