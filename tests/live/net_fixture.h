/* What the tests of sockets share: the echoing core (net_core.h) on free ports, with certificates and a
 * portal in a folder of its own, and what is expected of it. */
#ifndef NEIGHBORS_TESTS_LIVE_NET_FIXTURE_H
#define NEIGHBORS_TESTS_LIVE_NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "broker/settings.h"

enum { NET_MOST_FROM_AN_ADDRESS = 40 };

struct net {
    char directory[32]; /* certificates of "server" and "client" (user/ann) by "ca", and the portal */
    struct settings settings;
    pid_t server;
};
extern struct net net;

/* cmocka's set-up and tear-down of a group: one server for all its tests, with more patience than any client
 * needs; one that has little with who connects and says nothing, half a second; and one that has little with
 * who asks nothing more by HTTP, a second. */
int net_start(void **state);
int net_start_that_is_not_greeted(void **state);
int net_start_that_is_idle(void **state);
int net_stop(void **state);

/* So many bytes of which each stretch is another; free. */
uint8_t *many_bytes(size_t len);
/* Reads what must be this. */
void expect_text(int fd, const char *text);
/* A clock that only goes on. */
int64_t net_seconds(void);
/* Waits until a metric has this value, a minute; each look is a request, so nothing is slept away. */
void expect_metric(const char *name, int64_t value);

#endif
