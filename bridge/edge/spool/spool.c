/* Opening a spool: its tables, its session, and what to do with one that is damaged. spool.h says what it
 * promises. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/spool/spool_parts.h"

enum { BUSY_TRIES = 10, BUSY_PAUSE_US = 100 * 1000 };

static const char *const texts[SPOOL_STATEMENTS] = {
    [SPOOL_BEGIN] = "BEGIN IMMEDIATE",
    [SPOOL_COMMIT] = "COMMIT",
    [SPOOL_ROLLBACK] = "ROLLBACK",
    [SPOOL_APPEND] = "INSERT INTO event (session, written, device, activity_id, phase, kind, confidence, at, "
                     "until, first_device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SPOOL_REMEMBER] = "INSERT INTO device (map, name, memory) VALUES (?, ?, ?) "
                       "ON CONFLICT (map, name) DO UPDATE SET memory = excluded.memory",
    [SPOOL_RECALL] = "SELECT map, name, memory FROM device",
    [SPOOL_NOTE] = "UPDATE state SET note = ?",
    [SPOOL_READ_NOTE] = "SELECT note FROM state",
    [SPOOL_READ] =
        "SELECT seq, session, device, activity_id, phase, kind, confidence, at, until, first_device "
        "FROM event "
        "ORDER BY seq LIMIT ?",
    [SPOOL_REMOVE] = "DELETE FROM event WHERE seq BETWEEN ? AND ?",
    [SPOOL_OLDEST] = "SELECT written FROM event ORDER BY seq LIMIT 1",
    [SPOOL_NTH] = "SELECT seq FROM event ORDER BY seq LIMIT 1 OFFSET ?",
    [SPOOL_TRIM] = "DELETE FROM event WHERE seq < ?",
    [SPOOL_COUNT] = "SELECT count(*) FROM event",
    [SPOOL_STATE] = "SELECT session, sent, refused, dropped, last_sent FROM state",
    [SPOOL_SET_STATE] = "UPDATE state SET session = ?, sent = ?, refused = ?, dropped = ?, last_sent = ?",
    [SPOOL_RENUMBER] = "UPDATE event SET session = ? WHERE session = ?",
    [SPOOL_PAGES] = "PRAGMA page_count",
    [SPOOL_FREE_PAGES] = "PRAGMA freelist_count",
};

/* Exclusive before anything is read: else an index of the log is made beside it, for which a full disk has no
 * room. AUTOINCREMENT never gives a number twice, even when the table is empty. */
static const char schema[] =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -512; PRAGMA wal_autocheckpoint = 64;"
    "CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL,"
    " activity_id TEXT NOT NULL, phase INTEGER NOT NULL, kind INTEGER NOT NULL, confidence INTEGER NOT NULL,"
    " at INTEGER NOT NULL, until INTEGER NOT NULL, session INTEGER NOT NULL DEFAULT 0,"
    " written INTEGER NOT NULL DEFAULT 0, first_device TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE IF NOT EXISTS device (map TEXT, name TEXT, memory TEXT NOT NULL, PRIMARY KEY (map, name));"
    "CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), session INTEGER NOT NULL"
    " DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,"
    " dropped INTEGER NOT NULL DEFAULT 0, last_sent INTEGER NOT NULL DEFAULT 0, note BLOB);"
    "CREATE TABLE IF NOT EXISTS filler (bytes BLOB);"
    "INSERT OR IGNORE INTO state (one) VALUES (1);";

/* A spool of the first form had one session for good, in a table of its own. */
static const char from_first_form[] =
    "BEGIN; ALTER TABLE event ADD COLUMN session INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN written INTEGER NOT NULL DEFAULT 0;"
    "UPDATE event SET session = (SELECT number FROM session), written = at;"
    "UPDATE state SET session = (SELECT number FROM session); DROP TABLE session; COMMIT;";

static const char with_first_device[] = "ALTER TABLE event ADD COLUMN first_device TEXT NOT NULL DEFAULT '';";

static bool execute(struct spool *spool, const char *sql)
{
    spool->error = sqlite3_exec(spool->database, sql, NULL, NULL, NULL);
    return spool->error == SQLITE_OK;
}

/* Whether a query has a row; `first` (may be NULL): its first column must be this. */
static bool has_row(struct spool *spool, const char *sql, const char *first)
{
    sqlite3_stmt *statement = NULL;
    spool->error = sqlite3_prepare_v2(spool->database, sql, -1, &statement, NULL);
    int step = spool->error == SQLITE_OK ? sqlite3_step(statement) : spool->error;
    bool found = step == SQLITE_ROW &&
                 (first == NULL || strcmp((const char *)sqlite3_column_text(statement, 0), first) == 0);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        spool->error = step;
    sqlite3_finalize(statement);
    return found;
}

static bool make_tables(struct spool *spool)
{
    if (!execute(spool, schema))
        return false;
    bool first_form = has_row(spool, "SELECT 1 FROM sqlite_master WHERE name = 'session'", NULL);
    if (first_form && !execute(spool, from_first_form))
        return false;
    return has_row(spool, "SELECT 1 FROM pragma_table_info('event') WHERE name = 'first_device'", NULL) ||
           execute(spool, with_first_device);
}

static bool prepare(struct spool *spool)
{
    for (size_t i = 0; i < SPOOL_STATEMENTS; i++) {
        spool->error = sqlite3_prepare_v2(spool->database, texts[i], -1, &spool->statements[i], NULL);
        if (spool->error != SQLITE_OK)
            return false;
    }
    return true;
}

static bool read_state(struct spool *spool)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_STATE];
    spool->error = sqlite3_step(statement);
    bool good = spool->error == SQLITE_ROW;
    if (good)
        spool->state = (struct spool_state){.session = (uint64_t)sqlite3_column_int64(statement, 0),
            .sent = sqlite3_column_int64(statement, 1),
            .refused = sqlite3_column_int64(statement, 2),
            .dropped = sqlite3_column_int64(statement, 3),
            .last_sent = sqlite3_column_int64(statement, 4)};
    sqlite3_reset(statement);
    spool->state.count = spool_number(spool, SPOOL_COUNT);
    spool->dropped_told = spool->state.dropped;
    return good;
}

/* Later than any that was used. The clock may stand in the past (no battery), the file be an old one: chance
 * keeps two that follow the same one apart. */
static uint64_t later_than(uint64_t session, int64_t now)
{
    uint64_t next = session + 1 + arc4random_uniform(0x10000);
    return (uint64_t)now > next ? (uint64_t)now : next;
}

static bool begin_session(struct spool *spool, int64_t now)
{
    if (!spool_begin(spool))
        return false;
    spool->state.session = later_than(spool->state.session, now);
    if (spool_write_state(spool) && spool_commit(spool))
        return true;
    spool_rollback(spool);
    return false;
}

static bool open_database(struct spool *spool, int64_t now)
{
    spool->error = sqlite3_open(spool->file, &spool->database);
    if (spool->error != SQLITE_OK || sqlite3_busy_timeout(spool->database, 100) != SQLITE_OK ||
        !make_tables(spool))
        return false;
    if (!has_row(spool, "PRAGMA quick_check(1)", "ok")) {
        spool->error = spool->error ? spool->error : SQLITE_CORRUPT;
        return false;
    }
    if (!prepare(spool) || !read_state(spool))
        return false;
    spool->page_size = 4096;
    /* Numbers must not go on when this cannot be written: they could be those of a lost time. */
    return begin_session(spool, now) || (spool_make_room(spool) && begin_session(spool, now));
}

static void close_database(struct spool *spool)
{
    for (size_t i = 0; i < SPOOL_STATEMENTS; i++) {
        sqlite3_finalize(spool->statements[i]);
        spool->statements[i] = NULL;
    }
    /* On a full disk there would be no room for another log of changes. */
    int persist = spool->disk_full;
    sqlite3_file_control(spool->database, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    sqlite3_close(spool->database);
    spool->database = NULL;
}

static void put_aside(const struct spool *spool)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *from, *to;
        if (asprintf(&from, "%s%s", spool->file, parts[i]) < 0 ||
            asprintf(&to, "%s-damaged%s", spool->file, parts[i]) < 0)
            abort();
        rename(from, to);
        free(from);
        free(to);
    }
    fprintf(stderr,
        "neighbors-edge: spool: %s is damaged; it was put aside as %s-damaged, and what waited in it is "
        "lost\n",
        spool->file, spool->file);
}

struct spool *spool_open(const char *file, const struct spool_limits *limits, int64_t now)
{
    struct spool *spool = client_alloc(sizeof(*spool));
    spool->file = strdup(file);
    if (spool->file == NULL || asprintf(&spool->probe, "%s-probe", file) < 0)
        abort();
    spool->limits = *limits;
    bool open = open_database(spool, now);
    for (int tries = 1; !open && (spool->error & 0xff) == SQLITE_BUSY && tries < BUSY_TRIES; tries++) {
        close_database(spool); /* somebody may be looking into it */
        usleep(BUSY_PAUSE_US);
        open = open_database(spool, now);
    }
    if (!open && spool_is_damaged(spool)) {
        close_database(spool);
        put_aside(spool);
        spool->state = (struct spool_state){.session = 0};
        open = open_database(spool, now);
    }
    if (open)
        return spool;
    spool_complain(spool, file);
    spool_close(spool);
    return NULL;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    close_database(spool);
    free(spool->file);
    free(spool->probe);
    free(spool);
}

bool spool_is_damaged(const struct spool *spool)
{
    return (spool->error & 0xff) == SQLITE_CORRUPT || (spool->error & 0xff) == SQLITE_NOTADB;
}

struct sqlite3 *spool_database(struct spool *spool)
{
    return spool->database;
}

uint64_t spool_session(const struct spool *spool)
{
    return spool->state.session;
}

bool spool_renew_session(struct spool *spool, uint64_t after, int64_t now)
{
    uint64_t from = spool->state.session, to = later_than(after > from ? after : from, now);
    sqlite3_stmt *statement = spool->statements[SPOOL_RENUMBER];
    if (!spool_begin(spool))
        return false;
    sqlite3_bind_int64(statement, 1, (int64_t)to);
    sqlite3_bind_int64(statement, 2, (int64_t)from);
    spool->state.session = to;
    if (spool_run(spool, SPOOL_RENUMBER) && spool_write_state(spool) && spool_commit(spool))
        return true;
    spool_rollback(spool);
    return false;
}
