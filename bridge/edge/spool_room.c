/* How much room the spool takes: its limits, a disk that is full, and what it tells of itself. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bridge/edge/spool_parts.h"

enum {
    DROP_PART = 16,           /* one of so many events makes room */
    DROP_LEAST = 256,         /* at least so many */
    DROP_AT_ONCE = 1024,      /* in a transaction: its log needs room too */
    LEAST_ROOM_FOR = 64,      /* events, however full the disk is */
    PAGES_BACK = 192,         /* given back to the disk for the reserve */
    ROOMY = 16 * 1024 * 1024, /* bytes free on a disk that is not full any more */
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

bool spool_keep_limits(struct spool *spool)
{
    if (!spool_trim(spool, spool->room_for))
        return false;
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

void spool_hold_reserve(struct spool *spool)
{
    int fd = open(spool->reserve, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    spool->has_reserve = fd >= 0 && posix_fallocate(fd, 0, SPOOL_RESERVE) == 0;
    if (fd >= 0)
        close(fd);
    if (!spool->has_reserve)
        unlink(spool->reserve);
}

static void checkpoint(struct spool *spool)
{
    sqlite3_exec(spool->database, "PRAGMA wal_checkpoint(RESTART)", NULL, NULL, NULL);
}

void spool_give_up_reserve(struct spool *spool)
{
    unlink(spool->reserve);
    spool->has_reserve = false;
    checkpoint(spool);
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
        checkpoint(spool);
        extra -= some;
    }
    spool_tell_dropped(spool);
    return true;
}

/* The pages of what was dropped stay the file's, for what is to come; only the reserve gets its share back.
 */
bool spool_make_room(struct spool *spool)
{
    int error = spool->error & 0xff;
    if (error != SQLITE_FULL && error != SQLITE_IOERR)
        return false;
    bool had_reserve = spool->has_reserve;
    spool_give_up_reserve(spool);
    int64_t extra = spool->state.count / DROP_PART;
    extra = extra > DROP_LEAST ? extra : DROP_LEAST;
    bool dropped = drop_oldest(spool, extra);
    if (dropped) {
        char vacuum[48];
        snprintf(vacuum, sizeof(vacuum), "PRAGMA incremental_vacuum(%d)", PAGES_BACK);
        sqlite3_exec(spool->database, vacuum, NULL, NULL, NULL);
        checkpoint(spool);
        /* This disk has no room for more: do not meet its end again. */
        spool->room_for = spool->state.count > LEAST_ROOM_FOR ? spool->state.count : LEAST_ROOM_FOR;
    }
    spool_hold_reserve(spool);
    return dropped || had_reserve;
}

void spool_tend(struct spool *spool)
{
    struct statvfs disk;
    if (!spool->has_reserve)
        spool_hold_reserve(spool);
    if (spool->has_reserve && statvfs(spool->reserve, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize >= ROOMY)
        spool->room_for = spool->limits.most_events;
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
        .in_trouble = spool->in_trouble || spool->room_for < spool->limits.most_events};
}

bool spool_tell_file(const char *file, struct spool_totals *out)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    static const char sql[] =
        "SELECT (SELECT count(*) FROM event), (SELECT page_count FROM pragma_page_count) * 4096,"
        " (SELECT min(written) FROM event), sent, refused, dropped, last_sent FROM state";
    bool found = sqlite3_open_v2(file, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                 sqlite3_busy_timeout(database, 2000) == SQLITE_OK &&
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
