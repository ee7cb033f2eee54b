/* What the tests of the registry share: a private Redis or a cluster of one, and what is in it, as text. */
#ifndef NEIGHBORS_TESTS_LIVE_REGISTRY_FIXTURE_H
#define NEIGHBORS_TESTS_LIVE_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/registry.h"
#include "bridge/sharing_index.h"
#include "tests/live/redis_server.h"

#define NOW INT64_C(1795000000500)
#define LEAF "9qh1f5"
#define OTHER_LEAF "9qh1f6" /* same region: same first five characters */
#define FAR_LEAF "u4pruy"

struct fixture {
    struct redis_server server;
    struct redis_sync redis;
    struct place_key *places;
};

/* Around all tests of a program: on one Redis, or on a cluster of one. */
int start_redis(void **state);
int start_cluster(void **state);
int stop_redis(void **state);
/* Around each of them: an empty store. */
int set_up(void **state);
int tear_down(void **state);
#define LIVE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Waits for its answers longer than its users elsewhere do. */
void open_patiently(struct redis_sync *redis, const char *url);

/* Of the command; an array's elements with a space between, "(nil)" for what is not there. */
void assert_answer(struct fixture *f, const char *command, const char *expected);
/* The command, of the region of the leaf cell in place of the "%02x" and of its digest in place of "%s". */
void assert_in_region(struct fixture *f, const char *format, const char *leaf, const char *expected);
/* Where the principal is, was, and exactly. */
void assert_places(struct fixture *f, const char *role, const char *id, const char *leaf, const char *fine,
    const char *former);

/* At NOW, where the enrolment says nothing; fails the test when it is refused. */
struct enrolled enroll(struct fixture *f, struct enrolment enrolment);

#endif
