/* Footage requests as kept.h tells of them. */
#include "bridge/edge/back/kept_inside.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

bool kept_add_request(
    struct kept *kept, const char *id, struct bytes request, int64_t answer_at, int64_t open_until)
{
    return kept_change(kept, REQUEST_PUT, "tbii", id, &request, answer_at, open_until) == 1;
}

static struct kept_request row(sqlite3_stmt *statement, struct arena *arena)
{
    return (struct kept_request){.id = kept_text(statement, 0, arena),
        .request = kept_bytes(statement, 1, arena),
        .answer = kept_bytes(statement, 2, arena),
        .clips = kept_text(statement, 3, arena),
        .due = sqlite3_column_int64(statement, 4),
        .open_until = sqlite3_column_int64(statement, 5),
        .told = sqlite3_column_int(statement, 6) != 0,
        .answered = sqlite3_column_int(statement, 7) != 0};
}

static bool only(sqlite3_stmt *statement, struct arena *arena, struct kept_request *out)
{
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        *out = row(statement, arena);
    sqlite3_reset(statement);
    return found;
}

bool kept_find_request(struct kept *kept, const char *id, struct arena *arena, struct kept_request *out)
{
    return only(kept_bind(kept, REQUEST_FIND, "t", id), arena, out);
}

bool kept_due_request(struct kept *kept, int64_t now, struct arena *arena, struct kept_request *out)
{
    return only(kept_bind(kept, REQUEST_DUE, "i", now), arena, out);
}

void kept_set_answer(struct kept *kept, const char *id, struct bytes answer, const char *clips, int64_t due)
{
    kept_change(kept, REQUEST_ANSWER, "btit", &answer, clips, due, id);
}

void kept_answer_left(struct kept *kept, const char *id)
{
    kept_change(kept, REQUEST_LEFT, "t", id);
}

void kept_request_told(struct kept *kept, const char *id)
{
    kept_change(kept, REQUEST_TOLD, "t", id);
}

void kept_tell_requests_again(struct kept *kept, int64_t now)
{
    kept_change(kept, REQUEST_AGAIN, "i", now);
}

void kept_drop_request(struct kept *kept, const char *id)
{
    kept_change(kept, REQUEST_DROP, "t", id);
}

void kept_drop_closed(struct kept *kept, int64_t now)
{
    kept_change(kept, REQUEST_CLOSED, "i", now - day_ms);
}

int64_t kept_next_due(struct kept *kept, int64_t now)
{
    sqlite3_stmt *statement = kept_bind(kept, REQUEST_NEXT, "i", now);
    int64_t next = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return next;
}

void kept_untold_requests(struct kept *kept, int64_t now, kept_request_visit *visit, void *arg)
{
    sqlite3_stmt *statement = kept_bind(kept, REQUEST_UNTOLD, "i", now);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const struct kept_request request = row(statement, &arena);
        visit(arg, &request);
    }
    sqlite3_reset(statement);
    arena_free(&arena);
}
