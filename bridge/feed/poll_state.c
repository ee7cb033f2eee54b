/* SQLite with synchronous=FULL: what was posted and noted stays noted. What was posted and not yet noted is
 * posted again after a crash, and the broker knows it for a repeat. */
#include "bridge/feed/poll_state.h"

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGEST = 32, BUSY_MS = 5000 };

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS feed (url TEXT PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL,"
    " due INTEGER NOT NULL, failures INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, feed TEXT NOT NULL, id TEXT NOT NULL,"
    " updated TEXT NOT NULL, address TEXT NOT NULL, document BLOB, digest BLOB, stage INTEGER NOT NULL,"
    " tries INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0, listed INTEGER NOT NULL,"
    " UNIQUE (feed, id, updated));"
    "CREATE INDEX IF NOT EXISTS entry_by_stage ON entry (feed, stage, number);"
    "CREATE INDEX IF NOT EXISTS entry_by_digest ON entry (feed, digest);";

enum query {
    FEED,
    FEED_DUE,
    FEED_READ,
    ENTRY_LISTED,
    ENTRY_NEW,
    ENTRY_FORGET,
    ENTRY_NEXT,
    ENTRY_WHEN,
    ENTRY_KNOWN,
    ENTRY_HOLD,
    ENTRY_AGAIN,
    ENTRY_DONE,
    QUERIES
};
static const char *const texts[QUERIES] = {
    [FEED] = "SELECT etag, modified, due, failures FROM feed WHERE url = ?1",
    [FEED_DUE] = "INSERT INTO feed (url, etag, modified, due, failures) VALUES (?1, '', '', ?2, ?3)"
                 " ON CONFLICT (url) DO UPDATE SET due = ?2, failures = ?3",
    [FEED_READ] = "INSERT INTO feed (url, etag, modified, due, failures) VALUES (?1, ?2, ?3, ?4, 0)"
                  " ON CONFLICT (url) DO UPDATE SET etag = ?2, modified = ?3, due = ?4, failures = 0",
    [ENTRY_LISTED] = "UPDATE entry SET listed = ?4 WHERE feed = ?1 AND id = ?2 AND updated = ?3",
    [ENTRY_NEW] = "INSERT INTO entry (feed, id, updated, address, document, digest, stage, listed)"
                  " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
                  " WHERE ?6 IS NULL OR NOT EXISTS (SELECT 1 FROM entry WHERE feed = ?1 AND digest = ?6)",
    [ENTRY_FORGET] = "DELETE FROM entry WHERE feed = ?1 AND stage <> 1 AND listed < ?2",
    [ENTRY_NEXT] = "SELECT number, id, address, document, tries FROM entry"
                   " WHERE feed = ?1 AND stage = ?2 AND due <= ?3 ORDER BY number LIMIT 1",
    [ENTRY_WHEN] = "SELECT coalesce(min(due), 0) FROM entry WHERE feed = ?1 AND stage = ?2",
    [ENTRY_KNOWN] = "SELECT 1 FROM entry WHERE feed = ?1 AND digest = ?2 AND number <> ?3",
    [ENTRY_HOLD] = "UPDATE entry SET document = ?2, digest = ?3, stage = ?4, tries = 0, due = 0"
                   " WHERE number = ?1",
    [ENTRY_AGAIN] = "UPDATE entry SET tries = tries + 1, due = ?2 WHERE number = ?1",
    [ENTRY_DONE] = "UPDATE entry SET stage = 2, document = NULL WHERE number = ?1",
};

struct poll_state {
    sqlite3 *database;
    sqlite3_stmt *queries[QUERIES];
};

const char *poll_state_error(struct poll_state *state)
{
    return sqlite3_errmsg(state->database);
}

/* ---- opening ---- */

void poll_state_close(struct poll_state *state)
{
    if (!state)
        return;
    for (int i = 0; i < QUERIES; i++)
        sqlite3_finalize(state->queries[i]);
    sqlite3_close(state->database);
    free(state);
}

static bool prepare(struct poll_state *state, const char *file)
{
    if (sqlite3_open(file, &state->database) != SQLITE_OK ||
        sqlite3_busy_timeout(state->database, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(state->database, schema, NULL, NULL, NULL) != SQLITE_OK)
        return false;
    for (int i = 0; i < QUERIES; i++)
        if (sqlite3_prepare_v2(state->database, texts[i], -1, &state->queries[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

struct poll_state *poll_state_open(const char *file, char *error, size_t size)
{
    struct poll_state *state = calloc(1, sizeof *state);
    if (!state)
        abort();
    if (prepare(state, file))
        return state;
    snprintf(error, size, "%.200s: %.200s", file, sqlite3_errmsg(state->database));
    poll_state_close(state);
    return NULL;
}

/* ---- queries ---- */

static sqlite3_stmt *query(struct poll_state *state, enum query which, const char *first)
{
    sqlite3_stmt *statement = state->queries[which];
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (first)
        sqlite3_bind_text(statement, 1, first, -1, SQLITE_TRANSIENT);
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int place, struct text text)
{
    sqlite3_bind_text(statement, place, text.len ? text.data : "", (int)text.len, SQLITE_TRANSIENT);
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes)
{
    if (bytes.len)
        sqlite3_bind_blob64(statement, place, bytes.data, bytes.len, SQLITE_TRANSIENT);
}

/* Runs a query without an answer. */
static bool carry_out(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

static void digest_of(struct bytes document, uint8_t out[DIGEST])
{
    unsigned len = DIGEST;
    if (EVP_Digest(document.data, document.len, out, &len, EVP_sha256(), NULL) != 1)
        abort();
}

/* ---- feeds ---- */

static void copy_column(sqlite3_stmt *statement, int column, char out[POLL_VALIDATOR])
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    snprintf(out, POLL_VALIDATOR, "%s", text ? text : "");
}

bool poll_state_feed(struct poll_state *state, const char *feed, struct poll_feed *out)
{
    sqlite3_stmt *statement = query(state, FEED, feed);
    int result = sqlite3_step(statement);
    *out = (struct poll_feed){0};
    if (result == SQLITE_ROW) {
        copy_column(statement, 0, out->etag);
        copy_column(statement, 1, out->modified);
        out->due = sqlite3_column_int64(statement, 2);
        out->failures = sqlite3_column_int(statement, 3);
    }
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool poll_state_due(struct poll_state *state, const char *feed, int64_t due, int failures)
{
    sqlite3_stmt *statement = query(state, FEED_DUE, feed);
    sqlite3_bind_int64(statement, 2, due);
    sqlite3_bind_int(statement, 3, failures);
    return carry_out(statement);
}

/* ---- reading ---- */

static bool mark_listed(
    struct poll_state *state, const char *feed, struct text id, struct text updated, int64_t now, bool *known)
{
    sqlite3_stmt *statement = query(state, ENTRY_LISTED, feed);
    bind_text(statement, 2, id);
    bind_text(statement, 3, updated);
    sqlite3_bind_int64(statement, 4, now);
    if (!carry_out(statement))
        return false;
    *known = sqlite3_changes(state->database) > 0;
    return true;
}

static bool take_entry(struct poll_state *state, const char *feed, const struct poll_reading *reading,
    const struct feed_entry *entry, size_t *fresh)
{
    uint8_t digest[DIGEST];
    char hex[2 * DIGEST + 1] = "";
    struct text id = entry->id.len ? entry->id : entry->address;
    struct text updated = reading->by_id_alone ? (struct text){"", 0} : entry->updated;
    bool known = false, embedded = entry->document.len > 0;
    if (embedded)
        digest_of(entry->document, digest);
    for (size_t i = 0; id.len == 0 && i < DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    id = id.len ? id : text_of(hex);
    if (!mark_listed(state, feed, id, updated, reading->now, &known))
        return false;
    if (known)
        return true;
    sqlite3_stmt *statement = query(state, ENTRY_NEW, feed);
    bind_text(statement, 2, id);
    bind_text(statement, 3, updated);
    bind_text(statement, 4, entry->address);
    bind_bytes(statement, 5, entry->document);
    bind_bytes(statement, 6, (struct bytes){digest, embedded ? DIGEST : 0});
    sqlite3_bind_int(statement, 7, embedded ? POLL_HELD : POLL_WANTED);
    sqlite3_bind_int64(statement, 8, reading->now);
    if (!carry_out(statement))
        return false;
    *fresh += (size_t)sqlite3_changes(state->database);
    return true;
}

static bool take_all(
    struct poll_state *state, const char *feed, const struct poll_reading *reading, size_t *fresh)
{
    for (size_t i = 0; i < reading->content->count; i++)
        if (!take_entry(state, feed, reading, &reading->content->entries[i], fresh))
            return false;
    sqlite3_stmt *forget = query(state, ENTRY_FORGET, feed);
    sqlite3_bind_int64(forget, 2, reading->now - reading->kept_ms);
    sqlite3_stmt *note = query(state, FEED_READ, feed);
    bind_text(note, 2, text_of(reading->etag));
    bind_text(note, 3, text_of(reading->modified));
    sqlite3_bind_int64(note, 4, reading->due);
    return carry_out(forget) && carry_out(note);
}

bool poll_state_read(
    struct poll_state *state, const char *feed, const struct poll_reading *reading, size_t *fresh)
{
    *fresh = 0;
    if (sqlite3_exec(state->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    if (take_all(state, feed, reading, fresh) &&
        sqlite3_exec(state->database, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite3_exec(state->database, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- entries ---- */

static const char *column_text(sqlite3_stmt *statement, int column, struct arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return arena_copy(arena, text ? text : "", text ? strlen(text) : 0);
}

/* When the first of them is due; 0: there is none. */
static bool next_due(struct poll_state *state, const char *feed, enum poll_stage stage, int64_t *out)
{
    sqlite3_stmt *statement = query(state, ENTRY_WHEN, feed);
    sqlite3_bind_int(statement, 2, (int)stage);
    bool done = sqlite3_step(statement) == SQLITE_ROW;
    *out = done ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return done;
}

bool poll_state_entry(struct poll_state *state, const char *feed, enum poll_stage stage, int64_t now,
    struct arena *arena, struct poll_entry *out, bool *found, int64_t *next)
{
    sqlite3_stmt *statement = query(state, ENTRY_NEXT, feed);
    sqlite3_bind_int(statement, 2, (int)stage);
    sqlite3_bind_int64(statement, 3, now);
    int result = sqlite3_step(statement);
    *found = result == SQLITE_ROW;
    *next = 0;
    if (*found) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 3);
        out->number = sqlite3_column_int64(statement, 0);
        out->id = column_text(statement, 1, arena);
        out->address = column_text(statement, 2, arena);
        out->document = (struct bytes){
            len ? (uint8_t *)arena_copy(arena, sqlite3_column_blob(statement, 3), len) : NULL, len};
        out->tries = sqlite3_column_int(statement, 4);
    }
    sqlite3_reset(statement);
    return *found || (result == SQLITE_DONE && next_due(state, feed, stage, next));
}

bool poll_state_hold(
    struct poll_state *state, const char *feed, int64_t number, struct bytes document, bool *known)
{
    uint8_t digest[DIGEST];
    digest_of(document, digest);
    sqlite3_stmt *same = query(state, ENTRY_KNOWN, feed);
    bind_bytes(same, 2, (struct bytes){digest, DIGEST});
    sqlite3_bind_int64(same, 3, number);
    int result = sqlite3_step(same);
    sqlite3_reset(same);
    *known = result == SQLITE_ROW;
    if (*known)
        return poll_state_done(state, number);
    sqlite3_stmt *statement = query(state, ENTRY_HOLD, NULL);
    sqlite3_bind_int64(statement, 1, number);
    bind_bytes(statement, 2, document);
    bind_bytes(statement, 3, (struct bytes){digest, DIGEST});
    sqlite3_bind_int(statement, 4, POLL_HELD);
    return result == SQLITE_DONE && carry_out(statement);
}

bool poll_state_again(struct poll_state *state, int64_t number, int64_t due)
{
    sqlite3_stmt *statement = query(state, ENTRY_AGAIN, NULL);
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, due);
    return carry_out(statement);
}

bool poll_state_done(struct poll_state *state, int64_t number)
{
    sqlite3_stmt *statement = query(state, ENTRY_DONE, NULL);
    sqlite3_bind_int64(statement, 1, number);
    return carry_out(statement);
}
