/* Footage requests at work, between the files bridge/store_footage*.c (and its measurement) alone. */
#ifndef NEIGHBORS_BRIDGE_STORE_FOOTAGE_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_FOOTAGE_INSIDE_H

#include "bridge/store_footage.h"
#include "bridge/store_inside.h"

enum { FOOTAGE_CELL = 7 }; /* letters of a cell */

/* ---- store_footage_upkeep.c: the work that waits, tag after tag ------------------------------------- */

/* Two workers walk the tags, each with one request at a time: FIND looks for households and tells them, GIVE
 * gives out what was shared. So that how long one takes is not seen in what the other does. */
enum footage_worker { FOOTAGE_FIND, FOOTAGE_GIVE };
int64_t footage_interval(const struct store *store); /* of batches, ms */
/* The request at hand is done as far as it goes; or failed, and somebody takes it up again when the claim is
 * over, behind the others: the worker goes on, then with the next tag. */
void footage_next(struct store *store, enum footage_worker worker, bool failed);
/* "FCALL function 1 nb:{sXX}:<part><id>", of the tag that the worker is at. */
void footage_command(struct store *store, enum footage_worker worker, struct command *command,
    const char *function, const char *part, struct text id, size_t arguments);
/* What a worker took: the reply to nb_footage_take_find or nb_footage_take_due. */
void footage_found_work(struct store *store, const redisReply *taken); /* store_footage_tell.c */
void footage_give_work(struct store *store, const redisReply *taken);  /* store_footage_give.c */

/* ---- store_footage_match.c: whom a request concerns ------------------------------------------------ */

/* Households that let this agency be asked about this incident type, with devices in the cells that had
 * motion between from and to. */
struct footage_query {
    struct text agency; /* its id, without the role */
    uint8_t incident;
    int64_t from, to;
    size_t cell_count;
    const char (*cells)[13]; /* geohashes of precision 7 */
};
struct footage_household {
    struct text name;
    size_t device_count;
    const struct text *devices; /* ids */
};
/* status OK or FAILED; households in the order of their names, each once. They live until it returns. */
typedef void footage_matched(struct store *store, void *arg, enum store_status status,
    const struct footage_household *households, size_t count);

/* Asks the regions of the cells, one small step after the other, so that nobody waits long behind it. The
 * query is copied. The completion comes once, never inside the call; with GONE when the store ends. */
void footage_match(struct store *store, const struct footage_query *query, footage_matched *done, void *arg);

#endif
