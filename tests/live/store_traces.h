/* What the tests of forgetting and of handing out share: a household, another one beside it, and what the
 * store has of each. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_TRACES_H
#define NEIGHBORS_TESTS_LIVE_STORE_TRACES_H

#include "tests/live/store_alerts.h"

enum { EVENTS = 1200 };

/* An event of the household's device of that number, whose activity id is the marker; logs are in two
 * regions. It is stored when all_are_stored comes back. */
void happens(struct fixture *f, const char *household, uint8_t number, const char *marker, int64_t at);
void all_are_stored(struct fixture *f);

/* A principal of the household; a device has a number. */
void enrolled(struct fixture *f, const char *household, const char *name, int number);
/* The household h1 with cam-1, cam-2 and user/ann, and h2 with cam-9; each camera saw EVENTS. */
void a_household(struct fixture *f);
/* What is anywhere of the household HOME, its camera and its resident. */
void traces(struct fixture *f, const char *home, const char *camera, const char *resident);
/* True when a file of the folder, or of one in it, holds the text. */
bool disk_has(const char *folder, const char *text);

#endif
