/* The part of the registry that knows one client of a principal from another: two phones of a user. Each may
 * have a token of its own, and one of them can be revoked alone. What sessions and inboxes there are is found
 * and dropped here too.
 *
 * Keys: hash nb:{p:<role>/<id>}:instances and set …:clients, as scripts/neighbors.lua has them. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_INSTANCE_H
#define NEIGHBORS_BRIDGE_REGISTRY_INSTANCE_H

#include "bridge/registry.h"

enum { REGISTRY_INSTANCES = 64 };

/* Enrols an instance (an id, which is to be its client id), or again one that was revoked, of somebody
 * enrolled. *issue_at, from registry_enroll, is moved on when its token must be younger. At most
 * REGISTRY_INSTANCES of a principal. */
enum registry_result registry_enroll_instance(struct redis_sync *redis, const char *role, const char *id,
    const char *instance, int64_t *issue_at) __attribute__((warn_unused_result));

/* Revokes one instance: tokens bound to it are void, nobody may come as that client, its connection ends, its
 * session and inbox are dropped. NOT_FOUND when the principal or the instance is not known. *bound: it has
 * had a token of its own; a token that was not bound to it still lets its holder come as another client. */
enum registry_result registry_revoke_instance(struct redis_sync *redis, const char *role, const char *id,
    const char *instance, int64_t now, bool *bound) __attribute__((warn_unused_result));

/* Drops the sessions, inboxes and all else of a principal's clients, or of one (client NULL: all). Whoever
 * they are must have been revoked, so that nothing new comes meanwhile. False: redis->error. */
bool registry_drop_clients(struct redis_sync *redis, const char *role, const char *id, const char *client)
    __attribute__((warn_unused_result));

/* Forgets the instances, and drops what there is of clients: when somebody revoked is enrolled again, before
 * whom no token counts. */
bool registry_begin_anew(struct redis_sync *redis, const char *role, const char *id)
    __attribute__((warn_unused_result));

#endif
