/* Transactions of the spool, and what is read back of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/spool/spool_parts.h"

/* ---- statements ---------------------------------------------------------------------------------------- */

void spool_complain(struct spool *spool, const char *doing)
{
    if (!spool->in_trouble)
        fprintf(stderr, "neighbors-edge: spool: %s: %s\n", doing,
            spool->database ? sqlite3_errmsg(spool->database) : "out of memory");
    spool->in_trouble = true;
}

void spool_trouble_is_over(struct spool *spool)
{
    fprintf(stderr,
        "neighbors-edge: spool: can be written again; %" PRId64 " events wait, %" PRId64
        " were dropped so far\n",
        spool->state.count, spool->state.dropped);
    spool->in_trouble = false;
}

bool spool_run(struct spool *spool, enum spool_statement which)
{
    sqlite3_stmt *statement = spool->statements[which];
    int result = sqlite3_step(statement);
    if (result == SQLITE_DONE || result == SQLITE_ROW) {
        sqlite3_reset(statement);
        return true;
    }
    spool->error = result;
    spool_complain(spool, sqlite3_sql(statement));
    sqlite3_reset(statement);
    return false;
}

int64_t spool_number(struct spool *spool, enum spool_statement which)
{
    sqlite3_stmt *statement = spool->statements[which];
    int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return value;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

bool spool_write_state(struct spool *spool)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_SET_STATE];
    sqlite3_bind_int64(statement, 1, (int64_t)spool->state.session);
    sqlite3_bind_int64(statement, 2, spool->state.sent);
    sqlite3_bind_int64(statement, 3, spool->state.refused);
    sqlite3_bind_int64(statement, 4, spool->state.dropped);
    sqlite3_bind_int64(statement, 5, spool->state.last_sent);
    return spool_run(spool, SPOOL_SET_STATE);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

bool spool_begin(struct spool *spool)
{
    spool->before = spool->state;
    return spool_run(spool, SPOOL_BEGIN);
}

bool spool_append(struct spool *spool, const char *device, const struct edge_event *event, int64_t now)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_APPEND];
    if (!spool_make_place(spool))
        return false;
    sqlite3_bind_int64(statement, 1, (int64_t)spool->state.session);
    sqlite3_bind_int64(statement, 2, now);
    bind_text(statement, 3, device);
    bind_text(statement, 4, event->activity_id);
    sqlite3_bind_int(statement, 5, (int)event->phase);
    sqlite3_bind_int(statement, 6, (int)event->kind);
    sqlite3_bind_int(statement, 7, (int)event->confidence);
    sqlite3_bind_int64(statement, 8, event->at);
    sqlite3_bind_int64(statement, 9, event->until);
    bind_text(statement, 10, event->first_device ? event->first_device : "");
    if (!spool_run(spool, SPOOL_APPEND))
        return false;
    spool->state.count++;
    return true;
}

bool spool_remember(struct spool *spool, const char *map, const char *device, const char *json)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_REMEMBER];
    bind_text(statement, 1, map);
    bind_text(statement, 2, device);
    bind_text(statement, 3, json);
    return spool_run(spool, SPOOL_REMEMBER);
}

bool spool_note(struct spool *spool, struct bytes note)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_NOTE];
    sqlite3_bind_blob(statement, 1, note.data, (int)note.len, SQLITE_STATIC);
    return spool_run(spool, SPOOL_NOTE);
}

bool spool_commit(struct spool *spool)
{
    if (!spool_keep_limits(spool) || !spool_run(spool, SPOOL_COMMIT))
        return false;
    if (spool->in_trouble && !spool->disk_full)
        spool_trouble_is_over(spool);
    spool_tell_dropped(spool);
    spool_look_ahead(spool);
    return true;
}

void spool_rollback(struct spool *spool)
{
    spool->state = spool->before;
    if (!sqlite3_get_autocommit(spool->database) && !spool_run(spool, SPOOL_ROLLBACK))
        spool_complain(spool, "rollback");
}

static bool remove_range(struct spool *spool, uint64_t from, uint64_t to)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_REMOVE];
    if (to < from)
        return true;
    sqlite3_bind_int64(statement, 1, (int64_t)from);
    sqlite3_bind_int64(statement, 2, (int64_t)to);
    if (!spool_run(spool, SPOOL_REMOVE))
        return false;
    spool->state.count -= sqlite3_changes(spool->database);
    return true;
}

static bool remove_all_but(
    struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count)
{
    for (size_t i = 0; i < keep_count; i++) {
        if (!remove_range(spool, from, keep[i] - 1))
            return false;
        from = keep[i] + 1;
    }
    return remove_range(spool, from, to);
}

bool spool_remove(struct spool *spool, uint64_t from, uint64_t to, const uint64_t *keep, size_t keep_count,
    size_t refused, int64_t now)
{
    if (!spool_begin(spool))
        return false;
    int64_t before = spool->state.count;
    bool removed = remove_all_but(spool, from, to, keep, keep_count);
    int64_t gone = before - spool->state.count, lost = gone < (int64_t)refused ? gone : (int64_t)refused;
    spool->state.refused += lost;
    spool->state.sent += gone - lost;
    if (gone > lost)
        spool->state.last_sent = now;
    if (removed && spool_write_state(spool) && spool_commit(spool))
        return true;
    spool_rollback(spool);
    return false;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

void spool_recall(struct spool *spool, spool_visit *each, void *arg)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_RECALL];
    while (sqlite3_step(statement) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(statement, 0),
            (const char *)sqlite3_column_text(statement, 1), (const char *)sqlite3_column_text(statement, 2));
    sqlite3_reset(statement);
}

size_t spool_read_note(struct spool *spool, uint8_t *out, size_t room)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_READ_NOTE];
    size_t length = 0;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const void *note = sqlite3_column_blob(statement, 0);
        length = (size_t)sqlite3_column_bytes(statement, 0);
        length = length < room ? length : room;
        if (length)
            memcpy(out, note, length);
    }
    sqlite3_reset(statement);
    return length;
}

static struct text copied(sqlite3_stmt *statement, int column)
{
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    char *text = client_alloc(length + 1);
    memcpy(text, sqlite3_column_text(statement, column), length);
    return (struct text){text, length};
}

size_t spool_read(struct spool *spool, size_t most, uint64_t *session, struct motion_event *out)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_READ];
    size_t count = 0;
    sqlite3_bind_int64(statement, 1, (int64_t)most);
    while (count < most && sqlite3_step(statement) == SQLITE_ROW) {
        uint64_t its = (uint64_t)sqlite3_column_int64(statement, 1);
        if (count > 0 && its != *session)
            break;
        *session = its;
        out[count++] = (struct motion_event){.seq = (uint64_t)sqlite3_column_int64(statement, 0),
            .device = copied(statement, 2),
            .activity_id = copied(statement, 3),
            .phase = (uint8_t)sqlite3_column_int(statement, 4),
            .kind = (uint8_t)sqlite3_column_int(statement, 5),
            .confidence = (uint8_t)sqlite3_column_int(statement, 6),
            .at = sqlite3_column_int64(statement, 7),
            .until = sqlite3_column_int64(statement, 8),
            .first_device = copied(statement, 9)};
    }
    sqlite3_reset(statement);
    return count;
}

void spool_free_events(struct motion_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)events[i].device.data);
        free((char *)events[i].activity_id.data);
        free((char *)events[i].first_device.data);
    }
}
