/* What the tests of calls in a cluster share: three masters with a replica each, a store on them, and people
 * whose inboxes lie at one or the other. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_CITY_H
#define NEIGHBORS_TESTS_LIVE_STORE_CITY_H

#include "tests/live/redis_cluster.h"
#include "tests/live/store_people.h"

enum { MASTERS = 3, SERVERS = 6, FAR = 10000 /* somebody of every node is found before */ };

struct city {
    struct fixture fixture;
    struct redis_cluster cluster;
};

/* Around all tests of a program, and before each of them (fixture_close ends it): an empty cluster, a new
 * store. */
int city_start(void **state);
int city_stop(void **state);
int city_open(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, city_open, fixture_close)

/* That of a person's inbox. */
uint16_t slot_of(int number);
/* A person whose slot that node has. */
int person_at(struct city *c, size_t node);
/* How many messages a person has, as whoever has the slot says; asked: a node that runs. */
long long messages(struct city *c, size_t asked, int number);

#endif
