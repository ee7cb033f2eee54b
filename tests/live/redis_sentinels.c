/* Sentinels for a test (redis_sentinels.h). */
#include "tests/live/redis_sentinels.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SENTINELS = 3, PATIENCE = 9000 };
static const useconds_t LOOK = 20000; /* three minutes in all */

static bool says(const struct redis_server *server, const char *what, const char *section)
{
    redisReply *reply = redis_server_ask(server, "INFO %s", section);
    bool said = reply && reply->str && strstr(reply->str, what);
    if (reply)
        freeReplyObject(reply);
    return said;
}

static bool is_watched(const struct redis_sentinels *all)
{
    for (int i = 0; i < SENTINELS; i++) {
        if (!says(&all->sentinels[i], "slaves=1,sentinels=3", "sentinel"))
            return false;
    }
    return says(&all->replica, "master_link_status:up", "replication");
}

/* A sentinel that stood still for two seconds does nothing for thirty: on a busy machine it need not. */
static bool keep_upright(const struct redis_server *sentinel)
{
    redisReply *reply = redis_server_ask(sentinel, "SENTINEL DEBUG tilt-trigger 600000");
    if (reply)
        freeReplyObject(reply);
    return reply;
}

bool redis_sentinels_start(struct redis_sentinels *all)
{
    *all = (struct redis_sentinels){0};
    bool started = redis_server_start(&all->master);
    snprintf(all->replica.master, sizeof(all->replica.master), "127.0.0.1 %d", all->master.port);
    started = started && redis_server_start(&all->replica);
    int len = snprintf(all->url, sizeof(all->url), "redis+sentinel://");
    for (int i = 0; i < SENTINELS && started; i++) {
        struct redis_server *sentinel = &all->sentinels[i];
        snprintf(sentinel->sentinel, sizeof(sentinel->sentinel),
            "sentinel monitor town 127.0.0.1 %d 2\nsentinel down-after-milliseconds town 60000\n"
            "sentinel failover-timeout town 5000\n",
            all->master.port);
        started = redis_server_start(sentinel) && keep_upright(sentinel);
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

bool redis_sentinels_watch_closely(const struct redis_sentinels *all)
{
    bool told = true;
    for (int i = 0; i < SENTINELS; i++) {
        redisReply *reply =
            redis_server_ask(&all->sentinels[i], "SENTINEL SET town down-after-milliseconds 1000");
        told = told && reply;
        if (reply)
            freeReplyObject(reply);
    }
    return told;
}

void redis_sentinels_stop(struct redis_sentinels *all)
{
    redis_server_stop(&all->master);
    redis_server_stop(&all->replica);
    for (int i = 0; i < SENTINELS; i++)
        redis_server_stop(&all->sentinels[i]);
}
