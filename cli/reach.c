/* Redis, reached or complained of. */
#include "cli/reach.h"

bool reach_redis(const struct invocation *invocation, struct redis_sync *redis)
{
    if (redis_sync_open(redis, invocation->common.redis))
        return true;
    cli_fail(invocation, EXIT_UNREACHABLE, "%s (%s)", redis->error, invocation->common.redis_from);
    redis_sync_close(redis);
    return false;
}
