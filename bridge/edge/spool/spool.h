/* What has still to reach the broker, in SQLite (WAL, every commit synced): an event is written before it is
 * sent and removed when the broker has acknowledged it. The edge's memory is kept in the same file and
 * changes in the same transaction as the events that follow from it.
 *
 * Numbers rise by one an event and are never used twice within a session, so the broker can tell a repeat. A
 * session begins whenever the spool is opened: a spool that was lost, or brought back from a backup, numbers
 * nothing by what was used since. What waited keeps the session under which it may have been sent. */
#ifndef NEIGHBORS_EDGE_SPOOL_H
#define NEIGHBORS_EDGE_SPOOL_H

#include "bridge/edge/memory/memory.h"

struct spool;

/* What may wait; the oldest make room. So they do on a full disk: the file grows ahead of need, and when it
 * cannot grow any more, what is to come takes the place of what was. */
struct spool_limits {
    int64_t most_events;
    int64_t most_bytes; /* of the file, in use */
};

/* Opens the file, made when it is not there. One that is damaged is put aside (FILE-damaged) and begun anew.
 * now: wall clock, ms. NULL: told on standard error. */
struct spool *spool_open(const char *file, const struct spool_limits *limits, int64_t now);
void spool_close(struct spool *spool);

/* The open file, for who keeps tables of its own in it and writes them between spool_begin and spool_commit.
 */
struct sqlite3 *spool_database(struct spool *spool);

/* A transaction of one turn. Nothing of it counts before spool_commit returned true; when it is false nothing
 * was written and the turn may be tried again. What goes wrong is told on standard error once, and again when
 * it is over. */
bool spool_begin(struct spool *spool) __attribute__((warn_unused_result));
/* device and the event's first_device: as enrolled. */
bool spool_append(struct spool *spool, const char *device, const struct edge_event *event, int64_t now)
    __attribute__((warn_unused_result));
bool spool_remember(struct spool *spool, const char *map, const char *device, const char *json)
    __attribute__((warn_unused_result));
/* A few bytes of the caller's, in the place of those of before. */
bool spool_note(struct spool *spool, struct bytes note) __attribute__((warn_unused_result));
bool spool_commit(struct spool *spool) __attribute__((warn_unused_result));
void spool_rollback(struct spool *spool);

/* For a disk on which nothing could be written: drops some of the oldest events, in pages that the file has
 * had before. true: it is worth trying again. */
bool spool_make_room(struct spool *spool) __attribute__((warn_unused_result));
/* To be called every few seconds: looks whether a disk that was full has room again. */
void spool_tend(struct spool *spool);
/* The file turned out to be damaged: it has to be opened anew. */
bool spool_is_damaged(const struct spool *spool);

/* Calls each with every remembered device. */
typedef edge_memory_visit spool_visit;
void spool_recall(struct spool *spool, spool_visit *each, void *arg);
/* Copies what was noted into out and says how many bytes there are; more than fit are left out. */
size_t spool_read_note(struct spool *spool, uint8_t *out, size_t room);

/* Reads up to `most` of the oldest events, all of one session, into out; their text is to be freed with
 * spool_free_events. The number of events. */
size_t spool_read(struct spool *spool, size_t most, uint64_t *session, struct motion_event *out);
void spool_free_events(struct motion_event *events, size_t count);

/* What the broker said of the events from..to: all are removed but those in `keep` (ascending). refused: how
 * many of the others it did not take. */
bool spool_remove(struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count,
    size_t refused, int64_t now) __attribute__((warn_unused_result));

/* The session of what is written from now on: ms since 1970, or more. */
uint64_t spool_session(const struct spool *spool);
/* Begins a session later than `after` and takes what waits of the present one along: for a broker that knows
 * a later one of this edge. */
bool spool_renew_session(struct spool *spool, uint64_t after, int64_t now)
    __attribute__((warn_unused_result));

/* Since the spool was made. */
struct spool_totals {
    int64_t waiting, bytes;
    int64_t oldest; /* when the oldest that waits was written, ms; 0: none waits */
    int64_t sent, refused, dropped;
    int64_t last_sent; /* when, ms; 0: never */
    bool in_trouble;   /* the last attempt to write failed */
};
void spool_tell(struct spool *spool, struct spool_totals *out);
/* The same of a file that no edge has open. false: there is no such file, or it cannot be read. */
bool spool_tell_file(const char *file, struct spool_totals *out) __attribute__((warn_unused_result));

#endif
