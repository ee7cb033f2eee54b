/* One connection to Redis that comes back on its own, after a pause that grows from 50 ms to 2 s. hiredis
 * frees a context by itself when it fails, and calls what waits on it with NULL; whoever hears of a context
 * that is no longer the link's ignores it. */
#include <hiredis/adapters/libev.h>
#include <netdb.h>
#include <stdio.h>

#include "bridge/store_inside.h"

static const double SHORTEST_PAUSE = 0.05, LONGEST_PAUSE = 2.0;

static void schedule(struct link *link)
{
    ev_timer_stop(link->store->loop, &link->retry);
    ev_timer_set(&link->retry, link->pause, 0.);
    ev_timer_start(link->store->loop, &link->retry);
    link->pause = link->pause * 2 < LONGEST_PAUSE ? link->pause * 2 : LONGEST_PAUSE;
}

static void gone(struct link *link, const char *why)
{
    bool was_ready = link->ready;
    link->context = NULL;
    link->ready = false;
    if (was_ready)
        store_log(link->store, STORE_LOG_WARNING, "store_lost", "link=%s node=%s:%d why=\"%s\"", link->name,
            link->where.path ? link->where.path : link->where.host, link->where.port, why);
    schedule(link);
    link->lost(link);
}

void link_drop(struct link *link, const char *why)
{
    redisAsyncContext *context = link->context;
    if (!context)
        return;
    gone(link, why);
    redisAsyncFree(context);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;
    if (link->context != context)
        return;
    if (status == REDIS_OK)
        link->opened(link);
    else
        gone(link, context->errstr ? context->errstr : "refused");
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;
    if (link->context == context)
        gone(link, status != REDIS_OK && context->errstr ? context->errstr : "closed");
}

bool endpoint_resolve(struct store *store, struct endpoint *place)
{
    if (place->path || place->address[0])
        return true;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(place->host, NULL, &hints, &found);
    if (error == 0)
        error = getnameinfo(found->ai_addr, found->ai_addrlen, place->address, sizeof(place->address), NULL,
            0, NI_NUMERICHOST);
    if (found)
        freeaddrinfo(found);
    if (error)
        store_log(
            store, STORE_LOG_ERROR, "store_resolve", "host=%s text=\"%s\"", place->host, gai_strerror(error));
    return error == 0;
}

static void connect_now(struct link *link)
{
    struct store *store = link->store;
    link->since = store_awake(store);
    if (!endpoint_resolve(store, &link->where)) {
        gone(link, "no such name");
        return;
    }
    redisAsyncContext *context = link->where.path ? redisAsyncConnectUnix(link->where.path)
                                                  : redisAsyncConnect(link->where.address, link->where.port);
    if (!context || context->err || redisLibevAttach(store->loop, context) != REDIS_OK) {
        if (context)
            redisAsyncFree(context);
        gone(link, "refused");
        return;
    }
    context->data = link;
    link->context = context;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    connect_now(timer->data);
}

void link_init(struct link *link, struct store *store, const char *name, void *owner,
    void (*opened)(struct link *), void (*lost)(struct link *))
{
    *link = (struct link){.store = store,
        .owner = owner,
        .name = name,
        .pause = SHORTEST_PAUSE,
        .opened = opened,
        .lost = lost};
    ev_timer_init(&link->retry, on_retry, 0., 0.);
    link->retry.data = link;
}

void link_connect(struct link *link, const struct endpoint *where)
{
    link_stop(link);
    link->where = *where;
    link->pause = SHORTEST_PAUSE;
    connect_now(link);
}

void link_ready(struct link *link)
{
    link->ready = true;
}

void link_proved(struct link *link)
{
    link->pause = SHORTEST_PAUSE;
}

void link_stop(struct link *link)
{
    redisAsyncContext *context = link->context;
    ev_timer_stop(link->store->loop, &link->retry);
    link->context = NULL;
    link->ready = false;
    if (context)
        redisAsyncFree(context);
}

static void on_login(redisAsyncContext *context, void *reply, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    const redisReply *answer = reply;
    if (answer && answer->type == REDIS_REPLY_ERROR && link->context == context) {
        store_log(link->store, STORE_LOG_ERROR, "store_login", "text=\"%s\"", answer->str);
        link_drop(link, "refused");
    }
}

void link_auth(struct link *link, const char *user, const char *password)
{
    if (user[0])
        redisAsyncCommand(link->context, on_login, NULL, "AUTH %s %s", user, password);
    else if (password[0])
        redisAsyncCommand(link->context, on_login, NULL, "AUTH %s", password);
}

void link_log_in(struct link *link)
{
    const struct redis_url *where = &link->store->where;
    link_auth(link, where->user, where->password);
    if (where->database)
        redisAsyncCommand(link->context, on_login, NULL, "SELECT %d", where->database);
}
