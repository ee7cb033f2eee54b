/* Redis as the subcommands of the operator use it: reached at once, or complained of. */
#ifndef NEIGHBORS_CLI_REACH_H
#define NEIGHBORS_CLI_REACH_H

#include "bridge/redis_sync.h"
#include "cli/cli.h"

/* Opens it; the caller closes. False: the complaint was printed, it is closed, and the end is
 * EXIT_UNREACHABLE. */
bool reach_redis(const struct invocation *invocation, struct redis_sync *redis)
    __attribute__((warn_unused_result));

#endif
