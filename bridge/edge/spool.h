/* What has still to reach the broker, in SQLite (WAL, every commit synced): an event is written before it is
 * sent and removed when the broker has acknowledged it. Numbers rise by one an event within the spool's
 * session and are never used twice, so the broker can tell a repeat. The edge's memory is kept in the same
 * file and changes in the same transaction as the events that follow from it. */
#ifndef NEIGHBORS_EDGE_SPOOL_H
#define NEIGHBORS_EDGE_SPOOL_H

#include "bridge/edge/memory.h"

struct spool;

/* Opens the file, made when it is not there. most: events kept; the oldest make room. NULL: told on standard
 * error. */
struct spool *spool_open(const char *file, int64_t most, int64_t now);
void spool_close(struct spool *spool);

/* The open file, for who keeps tables of its own in it and writes them between spool_begin and spool_commit.
 */
struct sqlite3 *spool_database(struct spool *spool);

/* The session of this spool's numbers: the time of its making, ms. */
uint64_t spool_session(const struct spool *spool);

/* A transaction of one turn. Nothing of it counts before spool_commit returned true; when it is false nothing
 * was written and the turn may be tried again. */
bool spool_begin(struct spool *spool) __attribute__((warn_unused_result));
bool spool_append(struct spool *spool, const char *device, const struct edge_event *event)
    __attribute__((warn_unused_result));
bool spool_remember(struct spool *spool, const char *map, const char *device, const char *json)
    __attribute__((warn_unused_result));
bool spool_commit(struct spool *spool) __attribute__((warn_unused_result));
void spool_rollback(struct spool *spool);

/* For a full disk: removes the oldest events until at most `keep` are left, in the room that a reserve beside
 * the file has held free for this, and says how many went. */
int64_t spool_shrink(struct spool *spool, int64_t keep);

/* Calls each with every remembered device. */
typedef edge_memory_visit spool_visit;
void spool_recall(struct spool *spool, spool_visit *each, void *arg);

/* Reads up to `most` events with numbers from `from` to `to`, oldest first, into out; their text is to be
 * freed with spool_free_events. The number of events. */
size_t spool_read(struct spool *spool, uint64_t from, uint64_t to, size_t most, struct motion_event *out);
void spool_free_events(struct motion_event *events, size_t count);

/* The lowest number that waits; 0: none. */
uint64_t spool_first(struct spool *spool);
int64_t spool_count(const struct spool *spool);

/* Removes the events from..to but those in `keep` (ascending). */
bool spool_remove(struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count)
    __attribute__((warn_unused_result));

#endif
