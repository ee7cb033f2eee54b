/* What the tests of several servers share: people whose inboxes are told things, under as many slots. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_PEOPLE_H
#define NEIGHBORS_TESTS_LIVE_STORE_PEOPLE_H

#include "tests/live/store_fixture.h"

enum { PEOPLE = 60 };

/* What was sent, and its answer. */
struct sent {
    bool done;
    enum store_status status;
    size_t order; /* of its answer among all */
};
/* arg: struct sent, not yet done. */
void on_sent(void *arg, enum store_status status);

struct bytes bytes_of(const char *text);
/* The session of a person; valid until the next call. */
struct session_name person(int number);

void tell_person(struct fixture *f, int number, struct sent *sent);
/* sent: PEOPLE of them. */
void tell_all(struct fixture *f, struct sent *sent);
/* Until so many are answered, which must be well. */
void until_all(struct fixture *f, const struct sent *sent, size_t count);

#endif
