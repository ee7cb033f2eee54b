/* What the files of the spool share: its statements, and how they are run. spool.h has what it is for. */
#ifndef NEIGHBORS_EDGE_SPOOL_PARTS_H
#define NEIGHBORS_EDGE_SPOOL_PARTS_H

#include <sqlite3.h>

#include "bridge/edge/spool/spool.h"

enum spool_statement {
    SPOOL_BEGIN,
    SPOOL_COMMIT,
    SPOOL_ROLLBACK,
    SPOOL_APPEND,
    SPOOL_REMEMBER,
    SPOOL_RECALL,
    SPOOL_NOTE,
    SPOOL_READ_NOTE,
    SPOOL_READ,
    SPOOL_REMOVE,
    SPOOL_OLDEST,
    SPOOL_NTH,
    SPOOL_TRIM,
    SPOOL_COUNT,
    SPOOL_STATE,
    SPOOL_SET_STATE,
    SPOOL_RENUMBER,
    SPOOL_PAGES,
    SPOOL_FREE_PAGES,
    SPOOL_STATEMENTS
};

/* What changes with a transaction, and is as before when that is rolled back. */
struct spool_state {
    uint64_t session;
    int64_t count; /* events that wait */
    int64_t sent, refused, dropped, last_sent;
};

struct spool {
    sqlite3 *database;
    char *file;
    char *probe; /* a file that is made to see whether the disk has room */
    sqlite3_stmt *statements[SPOOL_STATEMENTS];
    struct spool_limits limits;
    int64_t page_size;
    struct spool_state state, before; /* before: of the open transaction */
    int64_t dropped_told;
    bool in_trouble; /* told, and not over yet */
    bool disk_full;
    int error; /* the last one, of SQLite */
};

/* Tells of an error that happened just now, unless one was told and is not over. */
void spool_complain(struct spool *spool, const char *doing);
void spool_trouble_is_over(struct spool *spool);
/* Runs a statement to its end; its values must be bound. */
bool spool_run(struct spool *spool, enum spool_statement which) __attribute__((warn_unused_result));
/* The number that a statement of one row and column gives; 0: none. */
int64_t spool_number(struct spool *spool, enum spool_statement which);
bool spool_write_state(struct spool *spool) __attribute__((warn_unused_result));

/* Drops the oldest events until `keep` are left, within a transaction. */
bool spool_trim(struct spool *spool, int64_t keep) __attribute__((warn_unused_result));
/* Drops a few of the oldest, within a transaction, when one more would be too many, or the disk is full and
 * hardly a page of the file is free. */
bool spool_make_place(struct spool *spool) __attribute__((warn_unused_result));
/* Drops what is over the limit of bytes, within a transaction. */
bool spool_keep_limits(struct spool *spool) __attribute__((warn_unused_result));
void spool_tell_dropped(struct spool *spool);
int64_t spool_used_bytes(struct spool *spool);

/* Grows the file ahead of need, after a transaction; when it cannot, the disk is full. */
void spool_look_ahead(struct spool *spool);

#endif
