/* Counts connections by address: libc's tree finds an address, a list in the order of leaving forgets it. */
#include "broker/net/admission.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { FORGET_MS = 2000 }; /* longer than it takes to fill a bucket */

/* A bucket that fills at `rate` a second, up to one second's worth. */
struct bucket {
    double level;
    int64_t at;
};

struct visitor {
    uint8_t key[16];
    uint32_t connections;
    struct bucket bucket, questions;
    int64_t left_at;
    TAILQ_ENTRY(visitor) place; /* while it has no connections */
};

struct admission {
    const struct settings *settings;
    void *visitors; /* tsearch's tree */
    TAILQ_HEAD(, visitor) absent;
    struct bucket bucket;
    int64_t connections;
};

static double fill(struct bucket *bucket, int64_t rate, int64_t now)
{
    bucket->level += (double)(now - bucket->at) * (double)rate / 1000;
    bucket->level = bucket->level > (double)rate ? (double)rate : bucket->level;
    bucket->at = now;
    return bucket->level;
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct visitor *)a)->key, ((const struct visitor *)b)->key, 16);
}

static void key_of(const struct sockaddr_storage *address, uint8_t key[16])
{
    memset(key, 0, 16);
    if (address->ss_family == AF_INET) {
        memcpy(key, &((const struct sockaddr_in *)address)->sin_addr, 4);
        key[15] = 4;
    } else if (address->ss_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bool four = IN6_IS_ADDR_V4MAPPED(six);
        memcpy(key, four ? six->s6_addr + 12 : six->s6_addr, four ? 4 : 8);
        key[15] = four ? 4 : 6;
    }
}

void admission_address(const struct visitor *visitor, struct sockaddr_storage *address)
{
    uint8_t key[16];
    key_of(address, key);
    if (memcmp(key, visitor->key, sizeof(key)) == 0) {
        return;
    }
    *address = (struct sockaddr_storage){.ss_family = visitor->key[15] == 4 ? AF_INET : AF_INET6};
    if (address->ss_family == AF_INET) {
        memcpy(&((struct sockaddr_in *)address)->sin_addr, visitor->key, 4);
    } else {
        memcpy(&((struct sockaddr_in6 *)address)->sin6_addr, visitor->key, 8);
    }
}

struct admission *admission_new(const struct settings *settings)
{
    struct admission *admission = calloc(1, sizeof(*admission));
    if (!admission) {
        abort();
    }
    admission->settings = settings;
    TAILQ_INIT(&admission->absent);
    return admission;
}

void admission_free(struct admission *admission)
{
    if (admission) {
        tdestroy(admission->visitors, free);
        free(admission);
    }
}

size_t admission_allowance(struct admission *admission, int64_t now)
{
    int64_t rate = admission->settings->accept_rate;
    if (rate == 0) {
        return SIZE_MAX;
    }
    double level = fill(&admission->bucket, rate, now);
    return level < 1 ? 0 : (size_t)level;
}

static struct visitor *find_or_add(
    struct admission *admission, const struct sockaddr_storage *address, int64_t now)
{
    struct visitor probe;
    key_of(address, probe.key);
    struct visitor **found = tfind(&probe, &admission->visitors, compare);
    if (found) {
        return *found;
    }
    struct visitor *visitor = calloc(1, sizeof(*visitor));
    if (!visitor) {
        abort();
    }
    memcpy(visitor->key, probe.key, sizeof(probe.key));
    visitor->bucket = (struct bucket){(double)admission->settings->accept_rate_per_address, now};
    visitor->questions = (struct bucket){(double)admission->settings->http_rate_per_address, now};
    visitor->left_at = now;
    TAILQ_INSERT_TAIL(&admission->absent, visitor, place);
    if (!tsearch(visitor, &admission->visitors, compare)) {
        abort();
    }
    return visitor;
}

enum admission_verdict admission_enter(
    struct admission *admission, const struct sockaddr_storage *address, int64_t now, struct visitor **out)
{
    const struct settings *settings = admission->settings;
    admission->bucket.level -= 1;
    if (admission->connections >= settings->max_connections) {
        return ADMISSION_TOO_MANY;
    }
    struct visitor *visitor = find_or_add(admission, address, now);
    int64_t most = settings->max_connections_per_address, rate = settings->accept_rate_per_address;
    if (most && visitor->connections >= most) {
        return ADMISSION_TOO_MANY_FROM_ADDRESS;
    }
    if (rate && fill(&visitor->bucket, rate, now) < 1) {
        return ADMISSION_TOO_MANY_FROM_ADDRESS;
    }
    visitor->bucket.level -= 1;
    if (visitor->connections++ == 0) {
        TAILQ_REMOVE(&admission->absent, visitor, place);
    }
    admission->connections++;
    *out = visitor;
    return ADMISSION_WELCOME;
}

void admission_leave(struct admission *admission, struct visitor *visitor, int64_t now)
{
    admission->connections--;
    if (--visitor->connections == 0) {
        visitor->left_at = now;
        TAILQ_INSERT_TAIL(&admission->absent, visitor, place);
    }
}

bool admission_ask(struct admission *admission, struct visitor *visitor, int64_t now)
{
    int64_t rate = admission->settings->http_rate_per_address;
    if (rate == 0) {
        return true;
    }
    if (fill(&visitor->questions, rate, now) < 1) {
        return false;
    }
    visitor->questions.level -= 1;
    return true;
}

void admission_name(const struct visitor *visitor, char out[ADMISSION_NAME])
{
    for (size_t i = 0; i < sizeof(visitor->key); i++) {
        sprintf(out + 2 * i, "%02x", visitor->key[i]);
    }
}

void admission_upkeep(struct admission *admission, int64_t now)
{
    struct visitor *visitor;
    while ((visitor = TAILQ_FIRST(&admission->absent)) && visitor->left_at + FORGET_MS <= now) {
        TAILQ_REMOVE(&admission->absent, visitor, place);
        tdelete(visitor, &admission->visitors, compare);
        free(visitor);
    }
}
