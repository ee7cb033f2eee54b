/* The tables, the transaction, and what is too small for a file of its own. */
#include "bridge/edge/back/kept.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/back/kept_inside.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS back_alert (place TEXT, public_id TEXT, revision INTEGER NOT NULL,"
    " in_force INTEGER NOT NULL, change INTEGER NOT NULL, severity INTEGER NOT NULL, since INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, detail TEXT NOT NULL, round INTEGER NOT NULL, forget INTEGER NOT NULL,"
    " PRIMARY KEY (place, public_id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS back_activity (hash INTEGER PRIMARY KEY, at INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS back_request (id TEXT PRIMARY KEY, request BLOB NOT NULL,"
    " answer BLOB NOT NULL DEFAULT x'', clips TEXT NOT NULL DEFAULT '', due INTEGER NOT NULL,"
    " open_until INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0, answered INTEGER NOT NULL DEFAULT 0)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS back_topic (topic TEXT PRIMARY KEY) WITHOUT ROWID;";

#define ALERT_COLUMNS "place, public_id, revision, in_force, change, severity, since, expires, detail"
#define REQUEST_COLUMNS "id, request, answer, clips, due, open_until, told, answered"
/* What ends is forgotten a week later. Its end is told even when nothing of it was: the home may have heard
 * of it just before the edge was killed. */
#define ALERT_ENDS                                                                                           \
    "UPDATE back_alert SET in_force = 0, change = 3, forget = ?1 + 604800000 WHERE in_force = 1 AND "

static const char *const texts[KEPT_STATEMENTS] = {
    [ALERT_FIND] = "SELECT " ALERT_COLUMNS " FROM back_alert WHERE place = ? AND public_id = ?",
    [ALERT_PUT] = "INSERT OR REPLACE INTO back_alert (" ALERT_COLUMNS ", round, forget)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ALERT_CONFIRM] = "UPDATE back_alert SET round = ? WHERE place = ? AND public_id = ?",
    [ALERT_SWEEP] = ALERT_ENDS "round < ?2",
    [ALERT_EXPIRE] = ALERT_ENDS "expires > 0 AND expires <= ?1",
    [ALERT_FORGET] = "DELETE FROM back_alert WHERE in_force = 0 AND change = 0 AND forget < ?",
    [ALERT_NEXT] = "SELECT min(expires) FROM back_alert WHERE in_force = 1 AND expires > 0",
    [ALERT_ROUND] = "SELECT max(round) FROM back_alert",
    [ALERT_FORCE] = "SELECT " ALERT_COLUMNS " FROM back_alert WHERE place = ? AND in_force = 1"
                    " ORDER BY severity DESC, since DESC, public_id",
    [ALERT_UNTOLD] = "SELECT " ALERT_COLUMNS " FROM back_alert WHERE change > 0 ORDER BY since, public_id",
    [ALERT_TOLD] = "UPDATE back_alert SET change = CASE WHEN revision = ?3 AND in_force = ?4 THEN 0"
                   " WHEN in_force = 1 THEN 2 ELSE 3 END WHERE place = ?1 AND public_id = ?2",
    [ALERT_PLACES] = "SELECT DISTINCT place FROM back_alert",
    [ALERT_FORGET_PLACE] = "DELETE FROM back_alert WHERE place = ?",
    [ACTIVITY_PUT] = "INSERT OR IGNORE INTO back_activity (hash, at) VALUES (?, ?)",
    [ACTIVITY_FORGET] = "DELETE FROM back_activity WHERE at < ?",
    [REQUEST_PUT] = "INSERT OR IGNORE INTO back_request (id, request, due, open_until) VALUES (?, ?, ?, ?)",
    [REQUEST_FIND] = "SELECT " REQUEST_COLUMNS " FROM back_request WHERE id = ?",
    [REQUEST_ANSWER] =
        "UPDATE back_request SET answer = ?, clips = ?, due = ?, answered = 1, told = 1 WHERE id = ?",
    [REQUEST_LEFT] = "UPDATE back_request SET answer = x'', due = 0 WHERE id = ?",
    [REQUEST_TOLD] = "UPDATE back_request SET told = 1 WHERE id = ?",
    [REQUEST_AGAIN] = "UPDATE back_request SET told = 0 WHERE answered = 0 AND due > 0 AND open_until > ?",
    [REQUEST_DROP] = "DELETE FROM back_request WHERE id = ?",
    [REQUEST_CLOSED] = "DELETE FROM back_request WHERE open_until < ?",
    [REQUEST_DUE] = "SELECT " REQUEST_COLUMNS " FROM back_request"
                    " WHERE due > 0 AND due <= ?1 AND open_until >= ?1 ORDER BY due LIMIT 1",
    [REQUEST_NEXT] = "SELECT min(due) FROM back_request WHERE due > 0 AND open_until >= ?",
    [REQUEST_UNTOLD] = "SELECT " REQUEST_COLUMNS " FROM back_request WHERE told = 0 AND open_until > ?",
    [TOPIC_PUT] = "INSERT OR IGNORE INTO back_topic (topic) VALUES (?)",
    [TOPIC_DROP] = "DELETE FROM back_topic WHERE topic = ?",
    [TOPIC_ALL] = "SELECT topic FROM back_topic",
};

static void complain(const struct kept *kept, const char *doing)
{
    fprintf(stderr, "neighbors-edge: way back: %s: %s\n", doing, sqlite3_errmsg(kept->database));
}

struct kept *kept_open(struct spool *spool)
{
    struct kept *kept = client_alloc(sizeof(*kept));
    *kept = (struct kept){.spool = spool, .database = spool_database(spool)};
    if (sqlite3_exec(kept->database, schema, NULL, NULL, NULL) != SQLITE_OK) {
        complain(kept, "cannot make its tables");
        kept_close(kept);
        return NULL;
    }
    for (size_t i = 0; i < KEPT_STATEMENTS; i++)
        if (sqlite3_prepare_v2(kept->database, texts[i], -1, &kept->statements[i], NULL) != SQLITE_OK) {
            complain(kept, texts[i]);
            kept_close(kept);
            return NULL;
        }
    return kept;
}

void kept_close(struct kept *kept)
{
    if (kept == NULL)
        return;
    if (kept->begun)
        spool_rollback(kept->spool);
    for (size_t i = 0; i < KEPT_STATEMENTS; i++)
        sqlite3_finalize(kept->statements[i]);
    free(kept);
}

/* ---- statements ---- */

static sqlite3_stmt *bind_all(struct kept *kept, enum kept_statement which, const char *types, va_list values)
{
    sqlite3_stmt *statement = kept->statements[which];
    for (int i = 0; types[i]; i++) {
        const struct bytes *bytes;
        switch (types[i]) {
        case 't':
            sqlite3_bind_text(statement, i + 1, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'i':
            sqlite3_bind_int64(statement, i + 1, va_arg(values, int64_t));
            break;
        default:
            bytes = va_arg(values, const struct bytes *);
            sqlite3_bind_blob(statement, i + 1, bytes->len ? (const void *)bytes->data : "", (int)bytes->len,
                SQLITE_TRANSIENT);
        }
    }
    return statement;
}

sqlite3_stmt *kept_bind(struct kept *kept, enum kept_statement which, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    sqlite3_stmt *statement = bind_all(kept, which, types, values);
    va_end(values);
    return statement;
}

static bool begin(struct kept *kept)
{
    if (!kept->begun && !kept->failed)
        kept->begun = spool_begin(kept->spool);
    kept->failed |= !kept->begun;
    return kept->begun;
}

int kept_change(struct kept *kept, enum kept_statement which, const char *types, ...)
{
    va_list values;
    if (!begin(kept))
        return 0;
    va_start(values, types);
    sqlite3_stmt *statement = bind_all(kept, which, types, values);
    va_end(values);
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    if (!done && !kept->failed)
        complain(kept, "cannot write");
    kept->failed |= !done;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return done ? sqlite3_changes(kept->database) : 0;
}

bool kept_commit(struct kept *kept)
{
    bool good = !kept->failed && (!kept->begun || spool_commit(kept->spool));
    if (!good && kept->begun)
        spool_rollback(kept->spool);
    kept->begun = kept->failed = false;
    return good;
}

struct bytes kept_bytes(sqlite3_stmt *statement, int column, struct arena *arena)
{
    const void *data = sqlite3_column_blob(statement, column);
    size_t len = (size_t)sqlite3_column_bytes(statement, column);
    return (struct bytes){(const uint8_t *)arena_copy(arena, data ? data : "", len), len};
}

const char *kept_text(sqlite3_stmt *statement, int column, struct arena *arena)
{
    return (const char *)kept_bytes(statement, column, arena).data;
}

int64_t kept_number(struct kept *kept, enum kept_statement which)
{
    sqlite3_stmt *statement = kept->statements[which];
    int64_t number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return number;
}

/* ---- topics ---- */

void kept_add_topic(struct kept *kept, const char *topic)
{
    kept_change(kept, TOPIC_PUT, "t", topic);
}

void kept_drop_topic(struct kept *kept, const char *topic)
{
    kept_change(kept, TOPIC_DROP, "t", topic);
}

void kept_topics(struct kept *kept, void (*each)(void *arg, const char *topic), void *arg)
{
    sqlite3_stmt *statement = kept_bind(kept, TOPIC_ALL, "");
    while (sqlite3_step(statement) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_reset(statement);
}
