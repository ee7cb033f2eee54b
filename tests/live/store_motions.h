/* What tests of motion in the store share: batches of events, and what is found of them in Redis. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_MOTIONS_H
#define NEIGHBORS_TESTS_LIVE_STORE_MOTIONS_H

#include "tests/live/store_fixture.h"

struct answer {
    bool done;
    struct store_motion_result result;
};
void on_batch(void *arg, const struct store_motion_result *result); /* arg: struct answer */

enum { MOST = 64 };
struct batch {
    struct store_motion motion;
    struct store_motion_event events[MOST];
    char records[MOST][16];
};

#define NUMBERS(...)                                                                                         \
    (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

/* Events of device/cam-1 in home-7 at 9qh1f5 with these numbers; the record of number n is "e<n>". */
void batch_of(struct batch *batch, uint64_t session, const uint64_t *numbers, size_t count);
/* Marks all of the batch as publishable; byte 0 numbers them. */
void publish_batch(struct batch *batch, uint8_t kind);
/* By the fixture's store, until it is answered. */
struct store_motion_result send_batch(struct fixture *f, const struct batch *batch);
struct store_motion_result send_numbers(
    struct fixture *f, uint64_t session, const uint64_t *numbers, size_t count);
struct store_motion_result send_number(struct fixture *f, uint64_t session, uint64_t number);
/* Records in the household's logs, over all regions and entries, of the text given (NULL: any). */
size_t logged(struct fixture *f, const char *record);

#endif
