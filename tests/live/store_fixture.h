/* What the tests of the store share: a private Redis, a loop with a store on it, a clock that the test moves,
 * and a record of what the store told unasked. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_FIXTURE_H
#define NEIGHBORS_TESTS_LIVE_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>

#include "bridge/redis_sync.h"
#include "bridge/store_redis.h"
#include "tests/live/redis_server.h"

enum { TOLD_MOST = 4096, NOW = 1700000000 };
#define START (INT64_C(1000) * NOW)

struct told {
    char channel[64];
    struct position_in_channel position;
    enum entry_kind kind;
    struct alert_notice alert;
    size_t len;
    uint8_t data[64 * ACTIVITY_RECORD];
};

struct fixture {
    struct redis_server redis;
    struct redis_sync ask; /* a second connection, for looking */
    struct ev_loop *loop;
    struct store *store;
    struct place_key *places;
    struct store_redis_options options;
    bool upkeep; /* store_upkeep is called each turn */
    size_t told_count;
    struct told told[TOLD_MOST];
    size_t seams;
    struct position_in_channel seam_head;
    char taken_over[128];
    uint64_t taken_generation;
    char changed[64];
    bool available;
};

/* The clock of all fixtures, milliseconds since 1970. */
int64_t fixture_now(void);
void fixture_set_now(int64_t now);

/* cmocka's set-up and tear-down of a group (one Redis) and of a test (an empty Redis, a new store). */
int fixture_group(void **state);
int fixture_group_cluster(void **state); /* with a cluster of one in its place (redis_server.h) */
int fixture_group_end(void **state);
int fixture_open(void **state);
int fixture_close(void **state);
/* Opens `ask`, more patient than its users are elsewhere; a test that killed Redis closes it before. */
bool fixture_ask(struct fixture *fixture) __attribute__((warn_unused_result));
/* The part of fixture_open behind an empty Redis, with a store at that address; `ask` stays closed. */
void fixture_open_at(struct fixture *fixture, const char *url);

/* A new store with fixture->options in place of the present one. */
void fixture_store(struct fixture *fixture);
/* One more store on the same loop that tells nobody. */
struct store *fixture_other_store(struct fixture *fixture, const char *node);

/* Turns the loop until *flag; fails the test after three minutes. */
void fixture_until(struct fixture *fixture, const bool *flag);
void fixture_until_number(struct fixture *fixture, const size_t *number, size_t at_least);
/* Turns the loop until the condition, with `upkeep` as set. */
#define UNTIL(fixture, condition)                                                                            \
    do {                                                                                                     \
        struct until until_;                                                                                 \
        until_begin(fixture, &until_);                                                                       \
        while (!(condition))                                                                                 \
            until_turn(fixture, &until_, #condition);                                                        \
        until_end(fixture, &until_);                                                                         \
    } while (0)
struct until {
    ev_timer patience;
    bool over;
};
void until_begin(struct fixture *fixture, struct until *until);
void until_turn(struct fixture *fixture, struct until *until, const char *what);
void until_end(struct fixture *fixture, struct until *until);

/* A new key of the public record; log_key_free. */
struct log_key *fixture_log_key(void);

/* Tells Redis something, which it does; as redisCommand has it. */
void fixture_tell(struct fixture *fixture, const char *format, ...);
/* An integer answer of Redis. */
long long fixture_number(struct fixture *fixture, const char *command);

#endif
