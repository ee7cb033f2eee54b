/* Sentinels for a test (redis_sentinels.h). */
#include "tests/live/redis_sentinels.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 1500 };
static const useconds_t LOOK = 20000; /* 30 s in all */

static bool says(const struct redis_server *server, const char *what, const char *command)
{
    redisContext *context = redisConnect("127.0.0.1", server->port);
    redisReply *reply = context && !context->err ? redisCommand(context, command) : NULL;
    bool said = reply && reply->str && strstr(reply->str, what);
    if (reply)
        freeReplyObject(reply);
    if (context)
        redisFree(context);
    return said;
}

static bool is_watched(const struct redis_sentinels *all)
{
    for (int i = 0; i < 3; i++) {
        if (!says(&all->sentinels[i], "slaves=1,sentinels=3", "INFO sentinel"))
            return false;
    }
    return says(&all->replica, "master_link_status:up", "INFO replication");
}

bool redis_sentinels_start(struct redis_sentinels *all)
{
    *all = (struct redis_sentinels){0};
    bool started = redis_server_start(&all->master);
    snprintf(all->replica.master, sizeof(all->replica.master), "127.0.0.1 %d", all->master.port);
    started = started && redis_server_start(&all->replica);
    int len = snprintf(all->url, sizeof(all->url), "redis+sentinel://");
    for (int i = 0; i < 3 && started; i++) {
        struct redis_server *sentinel = &all->sentinels[i];
        snprintf(sentinel->sentinel, sizeof(sentinel->sentinel),
            "sentinel monitor town 127.0.0.1 %d 2\nsentinel down-after-milliseconds town 1000\n"
            "sentinel failover-timeout town 5000\n",
            all->master.port);
        started = redis_server_start(sentinel);
        len += snprintf(
            all->url + len, sizeof(all->url) - (size_t)len, "%s127.0.0.1:%d", i ? "," : "", sentinel->port);
    }
    snprintf(all->url + len, sizeof(all->url) - (size_t)len, "/town");
    for (int looks = 0; started && looks < PATIENCE; looks++) {
        if (is_watched(all))
            return true;
        usleep(LOOK);
    }
    redis_sentinels_stop(all);
    return false;
}

void redis_sentinels_stop(struct redis_sentinels *all)
{
    redis_server_stop(&all->master);
    redis_server_stop(&all->replica);
    for (int i = 0; i < 3; i++)
        redis_server_stop(&all->sentinels[i]);
}
