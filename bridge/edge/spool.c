/* The spool: spool.h says what it promises. */
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/edge/memory_parts.h"
#include "bridge/edge/spool.h"

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    APPEND,
    REMEMBER,
    RECALL,
    READ,
    FIRST,
    COUNT,
    REMOVE,
    OLDEST,
    TRIM,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [APPEND] = "INSERT INTO event (device, activity_id, phase, kind, confidence, at, until) VALUES (?, ?, ?, "
               "?, ?, ?, ?)",
    [REMEMBER] = "INSERT INTO device (map, name, memory) VALUES (?, ?, ?) "
                 "ON CONFLICT (map, name) DO UPDATE SET memory = excluded.memory",
    [RECALL] = "SELECT map, name, memory FROM device",
    [READ] = "SELECT seq, device, activity_id, phase, kind, confidence, at, until FROM event "
             "WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
    [FIRST] = "SELECT min(seq) FROM event",
    [COUNT] = "SELECT count(*) FROM event",
    [REMOVE] = "DELETE FROM event WHERE seq BETWEEN ? AND ?",
    [OLDEST] = "SELECT seq FROM event ORDER BY seq LIMIT 1 OFFSET ?",
    [TRIM] = "DELETE FROM event WHERE seq < ?",
};

/* AUTOINCREMENT never gives a number twice, even when the table is empty. */
static const char schema[] =
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -512; PRAGMA wal_autocheckpoint = 64;"
    "PRAGMA journal_size_limit = 262144;"
    "CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL,"
    " activity_id TEXT NOT NULL, phase INTEGER NOT NULL, kind INTEGER NOT NULL, confidence INTEGER NOT NULL,"
    " at INTEGER NOT NULL, until INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS device (map TEXT, name TEXT, memory TEXT NOT NULL, PRIMARY KEY (map, name));"
    "CREATE TABLE IF NOT EXISTS session (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);";

/* More than the log of changes (64 pages of 4 KiB, and a transaction) can take. */
enum { RESERVE = 512 * 1024 };

struct spool {
    sqlite3 *database;
    char *reserve; /* a file that can be given up when the disk is full */
    sqlite3_stmt *statements[STATEMENTS];
    int64_t most, count, count_before; /* before: of the open transaction */
    int64_t dropped;                   /* to make room, since the start */
    uint64_t session;
};

static void complain(const struct spool *spool, const char *doing)
{
    fprintf(stderr, "neighbors-edge: spool: %s: %s\n", doing, sqlite3_errmsg(spool->database));
}

static bool run(struct spool *spool, enum statement which)
{
    sqlite3_stmt *statement = spool->statements[which];
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        complain(spool, texts[which]);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

/* The number that a statement of one row and column gives; 0: none. */
static int64_t number(struct spool *spool, enum statement which)
{
    sqlite3_stmt *statement = spool->statements[which];
    int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return value;
}

static bool open_session(struct spool *spool, int64_t now)
{
    char text[160];
    snprintf(text, sizeof(text), "INSERT OR IGNORE INTO session (one, number) VALUES (1, %" PRId64 ")", now);
    sqlite3_stmt *statement = NULL;
    if (sqlite3_exec(spool->database, text, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(spool->database, "SELECT number FROM session", -1, &statement, NULL) !=
            SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        complain(spool, "session");
        sqlite3_finalize(statement);
        return false;
    }
    spool->session = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return true;
}

static bool prepare(struct spool *spool)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v2(spool->database, texts[i], -1, &spool->statements[i], NULL) != SQLITE_OK) {
            complain(spool, texts[i]);
            return false;
        }
    return true;
}

/* Even a deletion needs room; on a full disk it is this file's. Without one the spool works all the same. */
static void hold_reserve(const struct spool *spool)
{
    int fd = open(spool->reserve, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool held = posix_fallocate(fd, 0, RESERVE) == 0;
    close(fd);
    if (!held)
        unlink(spool->reserve);
}

struct spool *spool_open(const char *file, int64_t most, int64_t now)
{
    struct spool *spool = edge_alloc(sizeof(*spool));
    if (asprintf(&spool->reserve, "%s-reserve", file) < 0)
        abort();
    spool->most = most;
    if (sqlite3_open(file, &spool->database) != SQLITE_OK ||
        sqlite3_busy_timeout(spool->database, 500) != SQLITE_OK ||
        sqlite3_exec(spool->database, schema, NULL, NULL, NULL) != SQLITE_OK) {
        complain(spool, file);
        spool_close(spool);
        return NULL;
    }
    if (!open_session(spool, now) || !prepare(spool)) {
        spool_close(spool);
        return NULL;
    }
    spool->count = number(spool, COUNT);
    hold_reserve(spool);
    return spool;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(spool->statements[i]);
    sqlite3_close(spool->database);
    free(spool->reserve);
    free(spool);
}

struct sqlite3 *spool_database(struct spool *spool)
{
    return spool->database;
}

uint64_t spool_session(const struct spool *spool)
{
    return spool->session;
}

int64_t spool_count(const struct spool *spool)
{
    return spool->count;
}

uint64_t spool_first(struct spool *spool)
{
    return spool->count > 0 ? (uint64_t)number(spool, FIRST) : 0;
}

/* ---- writing ------------------------------------------------------------------------------------------ */

bool spool_begin(struct spool *spool)
{
    spool->count_before = spool->count;
    return run(spool, BEGIN);
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

bool spool_append(struct spool *spool, const char *device, const struct edge_event *event)
{
    sqlite3_stmt *statement = spool->statements[APPEND];
    bind_text(statement, 1, device);
    bind_text(statement, 2, event->activity_id);
    sqlite3_bind_int(statement, 3, (int)event->phase);
    sqlite3_bind_int(statement, 4, (int)event->kind);
    sqlite3_bind_int(statement, 5, (int)event->confidence);
    sqlite3_bind_int64(statement, 6, event->at);
    sqlite3_bind_int64(statement, 7, event->until);
    if (!run(spool, APPEND))
        return false;
    spool->count++;
    return true;
}

bool spool_remember(struct spool *spool, const char *map, const char *device, const char *json)
{
    sqlite3_stmt *statement = spool->statements[REMEMBER];
    bind_text(statement, 1, map);
    bind_text(statement, 2, device);
    bind_text(statement, 3, json);
    return run(spool, REMEMBER);
}

/* Removes all but the newest `keep`, within a transaction or alone; -1: could not. */
static int64_t trim(struct spool *spool, int64_t keep)
{
    int64_t extra = spool->count - keep;
    if (extra <= 0)
        return 0;
    sqlite3_bind_int64(spool->statements[OLDEST], 1, extra);
    int64_t first_kept = number(spool, OLDEST);
    sqlite3_bind_int64(spool->statements[TRIM], 1, first_kept ? first_kept : INT64_MAX);
    if (!run(spool, TRIM))
        return -1;
    int64_t gone = sqlite3_changes(spool->database);
    spool->count -= gone;
    return gone;
}

/* The first time, and then a line a thousand. */
static void tell_dropped(struct spool *spool, int64_t gone)
{
    int64_t before = spool->dropped;
    spool->dropped += gone;
    if (gone > 0 && (before == 0 || before / 1000 != spool->dropped / 1000))
        fprintf(stderr, "neighbors-edge: spool: full, the oldest %" PRId64 " events were dropped so far\n",
            spool->dropped);
}

bool spool_commit(struct spool *spool)
{
    int64_t gone = trim(spool, spool->most);
    if (gone < 0 || !run(spool, COMMIT))
        return false;
    tell_dropped(spool, gone);
    return true;
}

void spool_rollback(struct spool *spool)
{
    spool->count = spool->count_before;
    if (!sqlite3_get_autocommit(spool->database))
        run(spool, ROLLBACK);
}

/* Gives the reserve up and moves the log of changes into the file, so that there is room to write in. */
static void give_up_reserve(struct spool *spool)
{
    unlink(spool->reserve);
    sqlite3_exec(spool->database, "PRAGMA wal_checkpoint(RESTART)", NULL, NULL, NULL);
}

int64_t spool_shrink(struct spool *spool, int64_t keep)
{
    give_up_reserve(spool);
    int64_t gone = trim(spool, keep);
    sqlite3_exec(
        spool->database, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(RESTART)", NULL, NULL, NULL);
    hold_reserve(spool);
    if (gone > 0 && keep < spool->most)
        spool->most = keep; /* this disk has no room for more: do not meet its end again */
    return gone > 0 ? gone : 0;
}

static bool remove_between(
    struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count)
{
    if (!spool_begin(spool))
        return false;
    for (size_t i = 0; i <= keep_count; i++) {
        uint64_t end = i < keep_count ? keep[i] - 1 : to;
        sqlite3_bind_int64(spool->statements[REMOVE], 1, (int64_t)from);
        sqlite3_bind_int64(spool->statements[REMOVE], 2, (int64_t)end);
        if (end >= from && !run(spool, REMOVE)) {
            spool_rollback(spool);
            return false;
        }
        if (end >= from)
            spool->count -= sqlite3_changes(spool->database);
        from = i < keep_count ? keep[i] + 1 : from;
    }
    if (run(spool, COMMIT))
        return true;
    spool_rollback(spool);
    return false;
}

bool spool_remove(struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count)
{
    if (remove_between(spool, from, to, keep, keep_count))
        return true;
    give_up_reserve(spool);
    bool removed = remove_between(spool, from, to, keep, keep_count);
    hold_reserve(spool);
    return removed;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

void spool_recall(struct spool *spool, spool_visit *each, void *arg)
{
    sqlite3_stmt *statement = spool->statements[RECALL];
    while (sqlite3_step(statement) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(statement, 0),
            (const char *)sqlite3_column_text(statement, 1), (const char *)sqlite3_column_text(statement, 2));
    sqlite3_reset(statement);
}

static struct text copied(sqlite3_stmt *statement, int column)
{
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    char *text = edge_alloc(length + 1);
    memcpy(text, sqlite3_column_text(statement, column), length);
    return (struct text){text, length};
}

size_t spool_read(struct spool *spool, uint64_t from, uint64_t to, size_t most, struct motion_event *out)
{
    sqlite3_stmt *statement = spool->statements[READ];
    size_t count = 0;
    sqlite3_bind_int64(statement, 1, (int64_t)from);
    sqlite3_bind_int64(statement, 2, (int64_t)to);
    sqlite3_bind_int64(statement, 3, (int64_t)most);
    while (count < most && sqlite3_step(statement) == SQLITE_ROW)
        out[count++] = (struct motion_event){.seq = (uint64_t)sqlite3_column_int64(statement, 0),
            .device = copied(statement, 1),
            .activity_id = copied(statement, 2),
            .phase = (uint8_t)sqlite3_column_int(statement, 3),
            .kind = (uint8_t)sqlite3_column_int(statement, 4),
            .confidence = (uint8_t)sqlite3_column_int(statement, 5),
            .at = sqlite3_column_int64(statement, 6),
            .until = sqlite3_column_int64(statement, 7)};
    sqlite3_reset(statement);
    return count;
}

void spool_free_events(struct motion_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)events[i].device.data);
        free((char *)events[i].activity_id.data);
    }
}
