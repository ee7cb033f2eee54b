/* Alerts as kept.h tells of them, and the activity that was seen. */
#include "bridge/edge/back/back_settings.h"
#include "bridge/edge/back/kept_inside.h"

static const int64_t week_ms = INT64_C(7) * 24 * 3600 * 1000;
/* Longer than activity is fresh: what is older is dropped without being looked up. */
static const int64_t activity_ms = INT64_C(2) * BACK_FRESH_MIN * 60 * 1000;

/* A view of the row, for as long as the statement stands on it. */
static struct kept_alert row(sqlite3_stmt *statement)
{
    return (struct kept_alert){.place = (const char *)sqlite3_column_text(statement, 0),
        .public_id = (const char *)sqlite3_column_text(statement, 1),
        .revision = (uint32_t)sqlite3_column_int64(statement, 2),
        .in_force = sqlite3_column_int(statement, 3) != 0,
        .change = (enum kept_change)sqlite3_column_int(statement, 4),
        .severity = sqlite3_column_int(statement, 5),
        .since = sqlite3_column_int64(statement, 6),
        .expires = sqlite3_column_int64(statement, 7),
        .detail = (const char *)sqlite3_column_text(statement, 8)};
}

bool kept_find(
    struct kept *kept, const char *place, const char *public_id, struct arena *arena, struct kept_alert *out)
{
    sqlite3_stmt *statement = kept_bind(kept, ALERT_FIND, "tt", place, public_id);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found) {
        *out = row(statement);
        out->place = kept_text(statement, 0, arena);
        out->public_id = kept_text(statement, 1, arena);
        out->detail = kept_text(statement, 8, arena);
    }
    sqlite3_reset(statement);
    return found;
}

void kept_put(struct kept *kept, const struct kept_alert *alert, int64_t round, int64_t now)
{
    int64_t ends = alert->expires > now ? alert->expires : now;
    kept_change(kept, ALERT_PUT, "ttiiiiiitii", alert->place, alert->public_id, (int64_t)alert->revision,
        (int64_t)alert->in_force, (int64_t)alert->change, (int64_t)alert->severity, alert->since,
        alert->expires, alert->detail, round, ends + week_ms);
}

void kept_confirm(struct kept *kept, const char *place, const char *public_id, int64_t round)
{
    kept_change(kept, ALERT_CONFIRM, "itt", round, place, public_id);
}

int kept_sweep(struct kept *kept, int64_t round, int64_t now)
{
    kept_change(kept, ALERT_FORGET, "i", now);
    return kept_change(kept, ALERT_SWEEP, "ii", now, round);
}

int kept_expire(struct kept *kept, int64_t now)
{
    return kept_change(kept, ALERT_EXPIRE, "i", now);
}

int64_t kept_next_expiry(struct kept *kept)
{
    return kept_number(kept, ALERT_NEXT);
}

int64_t kept_last_round(struct kept *kept)
{
    return kept_number(kept, ALERT_ROUND);
}

static bool is_in(const char *place, const char *const *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(places[i], place) == 0)
            return true;
    return false;
}

void kept_only_places(struct kept *kept, const char *const *places, size_t count)
{
    sqlite3_stmt *statement = kept_bind(kept, ALERT_PLACES, "");
    struct arena arena;
    const char *gone = "";
    arena_init(&arena, NULL, 0);
    while (gone) {
        gone = NULL;
        while (!gone && sqlite3_step(statement) == SQLITE_ROW)
            if (!is_in((const char *)sqlite3_column_text(statement, 0), places, count))
                gone = kept_text(statement, 0, &arena);
        sqlite3_reset(statement);
        if (gone && kept_change(kept, ALERT_FORGET_PLACE, "t", gone) == 0)
            break;
    }
    arena_free(&arena);
}

static void visit_all(sqlite3_stmt *statement, kept_alert_visit *visit, void *arg)
{
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const struct kept_alert alert = row(statement);
        visit(arg, &alert);
    }
    sqlite3_reset(statement);
}

void kept_in_force(struct kept *kept, const char *place, kept_alert_visit *visit, void *arg)
{
    visit_all(kept_bind(kept, ALERT_FORCE, "t", place), visit, arg);
}

void kept_untold(struct kept *kept, kept_alert_visit *visit, void *arg)
{
    visit_all(kept_bind(kept, ALERT_UNTOLD, ""), visit, arg);
}

void kept_told(struct kept *kept, const char *place, const char *public_id, uint32_t revision, bool in_force)
{
    kept_change(kept, ALERT_TOLD, "ttii", place, public_id, (int64_t)revision, (int64_t)in_force);
}

/* ---- activity ---- */

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 64 bits: an activity has no name but place and cursor. */
static uint64_t hash(uint64_t begin, struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        begin = (begin ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return begin;
}

bool kept_activity_is_new(struct kept *kept, struct text place, struct text cursor, int64_t now)
{
    uint64_t key = hash(hash(UINT64_C(14695981039346656037), place), cursor);
    if (now - kept->activity_swept > activity_ms) {
        kept->activity_swept = now;
        kept_change(kept, ACTIVITY_FORGET, "i", now - activity_ms);
    }
    return kept_change(kept, ACTIVITY_PUT, "ii", (int64_t)key, now) == 1;
}
