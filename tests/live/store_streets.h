/* What tests of footage in the store share: households on a street whose cameras saw something, requests of
 * an agency about it, answers, and what is on whose inbox. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_STREETS_H
#define NEIGHBORS_TESTS_LIVE_STORE_STREETS_H

#include "bridge/store_board.h"
#include "bridge/store_footage.h"
#include "tests/live/store_fixture.h"

#define HOUR INT64_C(3600000)
/* What requests ask for. */
#define FROM (START - 6 * HOUR)
#define TO (START - 2 * HOUR)
enum { TAG = 5, BATCH_MS = 600000, BURGLARY = 1, THEFT = 3, CLAIM_MS = 10000 };
enum { AREA_CELLS = 3 };

extern const char area[AREA_CELLS][13]; /* in two regions */

/* cmocka's set-up of a test: fixture_open with upkeep and the settings of footage. */
int footage_open(void **state);

/* The number of the region's tag, in hexadecimal. */
void region_of(const char *cell, char out[3]);

/* ---- who is there ---- */

/* Rules that let `agency` ("": any) be asked about these incident types. */
struct rules {
    const char *agency;
    uint16_t incidents;
};
#define ANYBODY ((struct rules){"", 0xffff})

/* Enrols a household with one device in the cell, as the registry and its settings leave it in Redis; its
 * user is user/<name>. */
void household(struct fixture *f, const char *name, const char *cell, struct rules rules);
/* The same, there since then. */
void household_since(
    struct fixture *f, const char *name, const char *cell, struct rules rules, int64_t since);
/* Its device stored an event that began then and lasted so long. */
void moved(
    struct fixture *f, const char *name, const char *cell, int64_t at, uint32_t lasted, uint8_t number);
struct session_name session_of(const char *principal, const char *client);
/* A session that follows its inbox; comes back when it was there. */
uint64_t opens(struct fixture *f, const char *principal, const char *client);
/* So many households, "a", "b" …, in the first cell of the area, with motion and a phone. */
void street(struct fixture *f, size_t count);

/* ---- what is on an inbox ---- */

/* How many notices of this suffix the inbox has that hold these bytes (NULL: any). */
size_t on_inbox(
    struct fixture *f, const char *principal, const char *client, const char *suffix, const char *holding);
/* Requests on the principal's phone; clips on the desk of the police. */
size_t asked(struct fixture *f, const char *principal);
size_t given(struct fixture *f, const char *holding);
/* How often these bytes are anywhere in Redis. */
size_t in_redis(struct fixture *f, const char *bytes);

/* ---- what is said ---- */

#define ID(c) c c c c c c c c c c c c c c c c c c c c c c c c
/* A request; 0 stands for what is usual. */
struct say {
    const char *id, *case_number, *digest;
    const char (*cells)[13];
    size_t cell_count;
    int64_t from, to, open_for;
    uint8_t incident;
    uint32_t per_case, most_open;
};
struct store_footage_result requests(struct fixture *f, struct say s);
#define REQUEST(id_, ...) requests(f, (struct say){.id = id_, ##__VA_ARGS__})

/* For calls that are to be OK; arg: bool, set when it was answered. */
void on_status(void *arg, enum store_status status);
/* An answer of a household about one clip, called by a letter; sealed NULL: withdrawn. clip 0: about none. */
void answers(struct fixture *f, const char *id, const char *name, char clip, const char *sealed);

/* ---- waiting: until every request was looked at and everybody told, and nothing is due ---- */

bool at_rest(struct fixture *f);
void settles(struct fixture *f);
/* The clock goes on, and all settles. */
void passes(struct fixture *f, int64_t ms);
/* To the next batch, and a second. */
void next_batch(struct fixture *f);

#endif
