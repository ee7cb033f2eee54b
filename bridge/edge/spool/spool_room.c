/* How much room the spool takes: its limits, a disk that is full, and what it tells of itself. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/edge/spool/spool_parts.h"

enum {
    GROW_BYTES = 512 * 1024, /* the file grows by so much */
    LOW_PAGES = 96,          /* when fewer of its pages are free */
    SAFE_PAGES = 48,         /* free on a disk that is full: more than a turn takes */
    SPARE_PAGES = 1024,      /* free: more are given back to the disk */
    DROP_PART = 16,          /* one of so many events makes room */
    DROP_FEW = 64,           /* at most so many when there is one too many */
    DROP_LEAST = 256,        /* at least so many when nothing could be written */
    DROP_AT_ONCE = 1024,     /* in a transaction: its log needs room too */
};

/* ---- limits -------------------------------------------------------------------------------------------- */

int64_t spool_used_bytes(struct spool *spool)
{
    return (spool_number(spool, SPOOL_PAGES) - spool_number(spool, SPOOL_FREE_PAGES)) * spool->page_size;
}

bool spool_trim(struct spool *spool, int64_t keep)
{
    int64_t extra = spool->state.count - keep;
    if (extra <= 0)
        return true;
    sqlite3_bind_int64(spool->statements[SPOOL_NTH], 1, extra);
    int64_t first_kept = spool_number(spool, SPOOL_NTH);
    sqlite3_bind_int64(spool->statements[SPOOL_TRIM], 1, first_kept ? first_kept : INT64_MAX);
    if (!spool_run(spool, SPOOL_TRIM))
        return false;
    int64_t gone = sqlite3_changes(spool->database);
    spool->state.count -= gone;
    spool->state.dropped += gone;
    return spool_write_state(spool);
}

static int64_t free_pages(struct spool *spool)
{
    return spool_number(spool, SPOOL_FREE_PAGES);
}

bool spool_make_place(struct spool *spool)
{
    int64_t most = spool->limits.most_events;
    if (spool->state.count >= most) {
        int64_t some = most / DROP_PART + 1;
        if (!spool_trim(spool, most - (some < DROP_FEW ? some : DROP_FEW)))
            return false;
    }
    while (spool->disk_full && spool->state.count > 0 && free_pages(spool) < SAFE_PAGES)
        if (!spool_trim(spool, spool->state.count - DROP_FEW))
            return false;
    return true;
}

bool spool_keep_limits(struct spool *spool)
{
    while (spool->state.count > 0 && spool_used_bytes(spool) > spool->limits.most_bytes) {
        int64_t part = spool->state.count / DROP_PART + 1;
        if (!spool_trim(spool, spool->state.count - part))
            return false;
    }
    return true;
}

/* The first time, and then a line a thousand. */
void spool_tell_dropped(struct spool *spool)
{
    int64_t dropped = spool->state.dropped;
    if (dropped == spool->dropped_told ||
        (spool->dropped_told > 0 && dropped / 1000 == spool->dropped_told / 1000))
        return;
    spool->dropped_told = dropped;
    fprintf(
        stderr, "neighbors-edge: spool: full, the oldest %" PRId64 " events were dropped so far\n", dropped);
}

/* ---- a full disk --------------------------------------------------------------------------------------- */

static bool execute(struct spool *spool, const char *sql)
{
    int result = sqlite3_exec(spool->database, sql, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        spool->error = result;
    return result == SQLITE_OK;
}

static bool disk_has(const char *probe, off_t bytes)
{
    int fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool has = fd >= 0 && posix_fallocate(fd, 0, bytes) == 0;
    if (fd >= 0)
        close(fd);
    unlink(probe);
    return has;
}

/* Pages that are the file's already cannot be missing later, nor can room in the log of changes that they
 * went through. */
static bool grow(struct spool *spool)
{
    char *insert;
    if (!disk_has(spool->probe, 2 * GROW_BYTES))
        return false;
    if (asprintf(&insert, "INSERT INTO filler VALUES (zeroblob(%d))", GROW_BYTES) < 0)
        abort();
    bool grown =
        execute(spool, insert) && execute(spool, "DELETE FROM filler; PRAGMA wal_checkpoint(RESTART)");
    free(insert);
    return grown;
}

void spool_look_ahead(struct spool *spool)
{
    if (spool->disk_full || free_pages(spool) >= LOW_PAGES || grow(spool))
        return;
    spool->disk_full = true;
    if (!spool->in_trouble)
        fprintf(stderr,
            "neighbors-edge: spool: the disk is full; the oldest of %" PRId64
            " events will make room for the newest\n",
            spool->state.count);
    spool->in_trouble = true;
}

/* Drops `extra` of the oldest, in small transactions. */
static bool drop_oldest(struct spool *spool, int64_t extra)
{
    while (extra > 0 && spool->state.count > 0) {
        int64_t some = extra < DROP_AT_ONCE ? extra : DROP_AT_ONCE;
        if (!spool_begin(spool))
            return false;
        if (!spool_trim(spool, spool->state.count - some) || !spool_run(spool, SPOOL_COMMIT)) {
            spool_rollback(spool);
            return false;
        }
        execute(spool, "PRAGMA wal_checkpoint(RESTART)");
        extra -= some;
    }
    spool_tell_dropped(spool);
    return true;
}

bool spool_make_room(struct spool *spool)
{
    int error = spool->error & 0xff;
    if (error != SQLITE_FULL && error != SQLITE_IOERR)
        return false;
    spool->disk_full = true;
    execute(spool, "PRAGMA wal_checkpoint(RESTART)");
    int64_t extra = spool->state.count / DROP_PART;
    return drop_oldest(spool, extra > DROP_LEAST ? extra : DROP_LEAST);
}

/* What a long outage took, the disk gets back bit by bit. */
static void give_back(struct spool *spool)
{
    char vacuum[48];
    if (free_pages(spool) <= 2 * SPARE_PAGES)
        return;
    snprintf(vacuum, sizeof(vacuum), "PRAGMA incremental_vacuum(%d)", SPARE_PAGES);
    execute(spool, vacuum);
}

void spool_tend(struct spool *spool)
{
    if (!spool->disk_full) {
        give_back(spool);
        return;
    }
    if (free_pages(spool) < LOW_PAGES ? !grow(spool) : !disk_has(spool->probe, 2 * GROW_BYTES))
        return;
    spool->disk_full = false;
    if (spool->in_trouble)
        spool_trouble_is_over(spool);
}

/* ---- what it tells of itself --------------------------------------------------------------------------- */

void spool_tell(struct spool *spool, struct spool_totals *out)
{
    *out = (struct spool_totals){.waiting = spool->state.count,
        .bytes = spool_used_bytes(spool),
        .oldest = spool_number(spool, SPOOL_OLDEST),
        .sent = spool->state.sent,
        .refused = spool->state.refused,
        .dropped = spool->state.dropped,
        .last_sent = spool->state.last_sent,
        .in_trouble = spool->in_trouble || spool->disk_full};
}

bool spool_tell_file(const char *file, struct spool_totals *out)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    static const char sql[] =
        "SELECT (SELECT count(*) FROM event), (SELECT page_count FROM pragma_page_count) * 4096,"
        " (SELECT min(written) FROM event), sent, refused, dropped, last_sent FROM state";
    bool found = sqlite3_open_v2(file, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                 sqlite3_busy_timeout(database, 100) == SQLITE_OK &&
                 sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        *out = (struct spool_totals){.waiting = sqlite3_column_int64(statement, 0),
            .bytes = sqlite3_column_int64(statement, 1),
            .oldest = sqlite3_column_int64(statement, 2),
            .sent = sqlite3_column_int64(statement, 3),
            .refused = sqlite3_column_int64(statement, 4),
            .dropped = sqlite3_column_int64(statement, 5),
            .last_sent = sqlite3_column_int64(statement, 6)};
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return found;
}
