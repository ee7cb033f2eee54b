/* Push services: each has a token of its own, made anew long before it ends. One that fails is left alone for
 * a while that doubles, and is then asked by one message at a time, so that thousands that wait for it
 * neither storm it nor hold up those for the others. */
#include <stdio.h>
#include <string.h>

#include "bridge/push/push_inside.h"

enum { TOKEN_SPARE_MS = 3600 * 1000, PAUSE_FIRST_MS = 2000, PAUSE_MOST_MS = 300 * 1000, PROBE_MS = 1000 };

/* The entry to use for another service: a free one, or that which was used least lately. */
static struct service *make_room(struct push *push)
{
    struct service *oldest = NULL;
    if (push->service_count < SERVICES)
        return &push->services[push->service_count++];
    for (size_t i = 0; i < SERVICES; i++) {
        struct service *service = &push->services[i];
        if (!service->in_flight && (!oldest || service->used < oldest->used))
            oldest = service;
    }
    return oldest;
}

static struct service *find(struct push *push, const char *origin)
{
    for (size_t i = 0; i < push->service_count; i++)
        if (strcmp(push->services[i].origin, origin) == 0)
            return &push->services[i];
    struct service *service = make_room(push);
    if (!service)
        return NULL;
    *service = (struct service){0};
    snprintf(service->origin, sizeof service->origin, "%s", origin);
    return service;
}

struct service *push_service_at(struct push *push, const char *origin)
{
    int64_t now = push->options.now();
    struct service *service = find(push, origin);
    if (!service)
        return NULL;
    service->used = now;
    if (now + TOKEN_SPARE_MS < service->token_until &&
        now + PUSH_TOKEN_S * INT64_C(1000) >= service->token_until)
        return service;
    if (!push_key_authorization(push->key, origin, push->options.contact, now / 1000, service->authorization))
        return NULL;
    service->token_until = now + PUSH_TOKEN_S * INT64_C(1000);
    return service;
}

int64_t push_service_pause(const struct push *push, const struct service *service)
{
    int64_t left = service->ill_until - push->options.now();
    if (!service->failures)
        return 0;
    if (left > 0)
        return left < PAUSE_MOST_MS ? left : PAUSE_MOST_MS;
    return service->in_flight ? PROBE_MS : 0;
}

void push_service_heard(struct push *push, struct service *service, bool well)
{
    int64_t pause = PAUSE_FIRST_MS;
    if (well) {
        service->failures = 0;
        return;
    }
    int64_t now = push->options.now();
    if (service->ill_until > now) /* those that were on their way when it became ill tell nothing new */
        return;
    for (unsigned i = 0; i < service->failures && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    service->failures++;
    service->ill_until = now + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
    fprintf(stderr, "push_service_ill origin=%s pause_ms=%lld\n", service->origin,
        (long long)(service->ill_until - now));
}
