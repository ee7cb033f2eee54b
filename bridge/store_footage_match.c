/* Whom a footage request concerns: the index of askable devices is asked cell by cell, then the logs of the
 * households that were found (store_footage_look.c). Nothing is changed on the way: a match that was cut off
 * is done again from the beginning. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_footage_look.h"

enum { CELLS_UNDER_WAY = 8, HOUSEHOLDS_A_STEP = 192 };

static struct text copy(struct footage_matching *match, struct text text)
{
    return (struct text){arena_copy(&match->arena, text.data ? text.data : "", text.len), text.len};
}

/* ---- the end ---- */

static int by_name(const void *a, const void *b)
{
    struct text x = ((const struct footage_household *)a)->name;
    struct text y = ((const struct footage_household *)b)->name;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order ? order : x.len < y.len ? -1 : x.len > y.len;
}

/* Those of its devices that were seen; none: the household is not in it. */
static size_t seen_devices(
    struct footage_matching *match, const struct footage_candidate *candidate, struct footage_household *out)
{
    struct text *ids = arena_alloc(&match->arena, candidate->count * sizeof(*ids));
    *out = (struct footage_household){candidate->name, 0, ids};
    for (size_t i = 0; i < candidate->count; i++) {
        if (candidate->devices[i].seen)
            ids[out->device_count++] = candidate->devices[i].id;
    }
    return out->device_count;
}

/* One household that is in two regions becomes one. */
static size_t join(struct footage_matching *match, struct footage_household *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct footage_household *last = kept ? &list[kept - 1] : NULL;
        if (!last || !text_equal(last->name, list[i].name)) {
            list[kept++] = list[i];
            continue;
        }
        size_t all = last->device_count + list[i].device_count;
        struct text *ids = arena_alloc(&match->arena, all * sizeof(*ids));
        memcpy(ids, last->devices, last->device_count * sizeof(*ids));
        memcpy(ids + last->device_count, list[i].devices, list[i].device_count * sizeof(*ids));
        *last = (struct footage_household){last->name, all, ids};
    }
    return kept;
}

static void finish(struct store *store, struct footage_matching *match)
{
    struct footage_household *list = arena_alloc(&match->arena, (match->count + 1) * sizeof(*list));
    size_t count = 0;
    if (match->status == STORE_OK) {
        for (size_t i = 0; i < match->count; i++)
            count += seen_devices(match, &match->list[i], &list[count]) > 0;
        qsort(list, count, sizeof(*list), by_name);
        count = join(match, list, count);
    }
    match->done(store, match->arg, match->status, list, count);
    free(match->list);
    free(match->waiting);
    arena_free(&match->arena);
    free(match);
}

bool footage_step_over(struct footage_matching *match, enum store_status status)
{
    match->under_way--;
    if (status != STORE_OK && match->status == STORE_OK)
        match->status = status;
    return match->status == STORE_OK;
}

/* ---- looking for households ---- */

static int by_region_and_name(const void *a, const void *b)
{
    const struct footage_candidate *x = a, *y = b;
    if (x->region != y->region)
        return x->region < y->region ? -1 : 1;
    struct footage_household left = {.name = x->name}, right = {.name = y->name};
    return by_name(&left, &right);
}

static void read_devices(struct footage_matching *match, struct footage_candidate *out, struct bytes packed)
{
    const uint8_t *at = packed.data, *end = packed.data + packed.len;
    while (end - at >= 11 && end - at >= 11 + at[10]) {
        if (out->count == out->room) {
            struct footage_device *more = arena_alloc(&match->arena, (out->room + 4) * 2 * sizeof(*more));
            if (out->count)
                memcpy(more, out->devices, out->count * sizeof(*more));
            out->devices = more;
            out->room = (out->room + 4) * 2;
        }
        out->devices[out->count++] = (struct footage_device){.number = (uint16_t)packed_number(at, 2),
            .since = packed_number(at + 2, 8),
            .id = {(const char *)at + 11, at[10]}};
        at += 11 + at[10];
    }
}

/* All were found: one household that stands in several cells of a region becomes one. */
static void begin_to_look(struct footage_matching *match)
{
    size_t kept = 0;
    if (match->count)
        qsort(match->list, match->count, sizeof(*match->list), by_region_and_name);
    for (size_t i = 0; i < match->count; i++) {
        if (kept == 0 || by_region_and_name(&match->list[kept - 1], &match->list[i]) != 0)
            match->list[kept++] = match->list[i];
        read_devices(match, &match->list[kept - 1], match->list[i].packed);
    }
    match->count = kept;
    match->waiting = store_alloc((kept + 1) * sizeof(*match->waiting));
}

static void add_household(
    struct footage_matching *match, unsigned region, struct text name, struct bytes devices)
{
    if (match->count == match->room) {
        match->room = match->room ? match->room * 2 : 256;
        match->list = realloc(match->list, match->room * sizeof(*match->list));
        if (!match->list)
            abort();
    }
    match->list[match->count++] = (struct footage_candidate){.name = copy(match, name),
        .region = region,
        .packed = {
            (uint8_t *)arena_copy(&match->arena, devices.data ? (const char *)devices.data : "", devices.len),
            devices.len}};
}

/* Whether the rules let the agency ask about that incident type: the rule that names it decides, else the one
 * for every other (scripts/askable.lua has the same in Lua). */
static bool rules_allow(const struct footage_matching *match, struct bytes rules)
{
    const uint8_t *at = rules.data, *end = rules.data + rules.len;
    bool allowed = false;
    while (end - at >= 3 && end - at >= 3 + at[0]) {
        struct text agency = {(const char *)at + 1, at[0]};
        bool here = packed_number(at + 1 + at[0], 2) >> match->incident & 1;
        if (text_equal(agency, match->agency))
            return here;
        allowed = agency.len ? allowed : here;
        at += 3 + at[0];
    }
    return allowed;
}

struct scan {
    struct footage_matching *match;
    struct footage_cell *cell;
};

static void scan(
    struct store *store, struct footage_matching *match, struct footage_cell *cell, const char *cursor);

/* A cursor of HSCAN is good at one run of one Redis. At another it would leave out some: then the match is to
 * be done again. */
static bool is_same_run(const struct store *store, struct footage_cell *cell)
{
    const struct node *node = store_node_of_slot(store, key_slot(cell->key, strlen(cell->key)));
    const char *run_id = node ? node->boot.run_id : "";
    bool same = !*cell->run_id || strcmp(cell->run_id, run_id) == 0;
    snprintf(cell->run_id, sizeof(cell->run_id), "%s", run_id);
    return same;
}

static void on_scanned(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct scan *done = arg;
    struct footage_matching *match = done->match;
    struct footage_cell *cell = done->cell;
    struct text cursor = reply_text(reply_at(reply, 0));
    const redisReply *list = reply_at(reply, 1);
    free(done);
    if (status == STORE_OK && !is_same_run(store, cell))
        status = STORE_FAILED;
    if (footage_step_over(match, status)) {
        for (size_t i = 0; i + 1 < reply_count(list); i += 2) {
            struct bytes value = reply_bytes(reply_at(list, i + 1));
            size_t len = value.len >= 2 ? 2 + packed_number(value.data, 2) : 0;
            if (len && len <= value.len && rules_allow(match, (struct bytes){value.data + 2, len - 2}))
                add_household(match, cell->region, reply_text(reply_at(list, i)),
                    (struct bytes){value.data + len, value.len - len});
        }
        if (cursor.len && !text_equal(cursor, TEXT("0")))
            scan(store, match, cell, arena_copy(&match->arena, cursor.data, cursor.len));
        else if (++match->cells_done == match->cell_count)
            begin_to_look(match);
    }
    footage_go_on(store, match);
}

static void scan(
    struct store *store, struct footage_matching *match, struct footage_cell *cell, const char *cursor)
{
    struct command command = {0};
    struct scan *call = store_alloc(sizeof(*call));
    *call = (struct scan){match, cell};
    command_begin(&command, 5);
    command_text(&command, "HSCAN");
    command_text(&command, cell->key);
    command_text(&command, cursor);
    command_text(&command, "COUNT");
    command_number(&command, HOUSEHOLDS_A_STEP);
    match->under_way++;
    store_send(store, &command, on_scanned, call);
}

/* ---- the whole ---- */

void footage_go_on(struct store *store, struct footage_matching *match)
{
    if (match->status == STORE_OK && match->cells_done < match->cell_count) {
        while (match->next_cell < match->cell_count && match->under_way < CELLS_UNDER_WAY)
            scan(store, match, &match->cells[match->next_cell++], "0");
        return;
    }
    if (match->status == STORE_OK)
        footage_look(store, match);
    if (!match->under_way)
        finish(store, match);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct footage_cell *)a)->key, ((const struct footage_cell *)b)->key);
}

static void name_cell(const struct store *store, struct footage_cell *out, const char *geohash)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(store->options.places, "askable", text_of(geohash), digest);
    region_key(out->key, geohash, "askable:", text_of(digest));
    sscanf(out->key, "nb:{r%2x}", &out->region);
}

/* The keys of the cells, each once; those of a region lie beside each other, as keys begin with it. */
static void name_cells(
    const struct store *store, struct footage_matching *match, const struct footage_query *query)
{
    size_t kept = 0;
    match->cells = arena_alloc(&match->arena, (query->cell_count + 1) * sizeof(*match->cells));
    for (size_t i = 0; i < query->cell_count; i++)
        name_cell(store, &match->cells[i], query->cells[i]);
    qsort(match->cells, query->cell_count, sizeof(*match->cells), by_key);
    for (size_t i = 0; i < query->cell_count; i++) {
        if (kept == 0 || by_key(&match->cells[kept - 1], &match->cells[i]) != 0)
            match->cells[kept++] = match->cells[i];
    }
    match->cell_count = kept;
}

void footage_match(struct store *store, const struct footage_query *query, footage_matched *done, void *arg)
{
    struct footage_matching *match = store_alloc(sizeof(*match));
    arena_init(&match->arena, NULL, 0);
    match->agency = copy(match, query->agency);
    match->incident = query->incident;
    match->from = query->from;
    match->to = query->to;
    match->done = done;
    match->arg = arg;
    match->status = STORE_OK;
    snprintf(match->earliest, sizeof(match->earliest), "%lld",
        (long long)(query->from - store->options.clock_future_ms));
    snprintf(
        match->latest, sizeof(match->latest), "%lld", (long long)(query->to + store->options.clock_past_ms));
    name_cells(store, match, query);
    footage_go_on(store, match);
}
