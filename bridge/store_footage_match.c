/* Whom a footage request concerns: the index of askable devices is asked cell by cell, then the logs of the
 * households that were found (scripts/askable.lua). Each step takes a few hundred microseconds of Redis, and
 * two are under way at a time, so that what homes send meanwhile waits no longer than that. Nothing is
 * changed on the way: a match that was cut off is done again from the beginning. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_footage_inside.h"
#include "proto/arena.h"

enum { CELLS_A_STEP = 16, HOUSEHOLDS_LOOKED_AT = 192 }; /* of one step that looks for households */
enum { HOUSEHOLDS_A_STEP = 48, ENTRIES_A_STEP = 256 };  /* of one step that looks into logs */
enum { STEPS_UNDER_WAY = 2, CURSOR_TEXT = 24 };

/* A device of a household, as the index has it. */
struct device {
    uint16_t number;
    bool seen;
    uint64_t since;
    struct text id;
};
/* A household in one region. */
struct candidate_household {
    struct text name;
    unsigned region; /* its tag */
    struct bytes packed;
    size_t count, room;
    struct device *devices;
    char after[40]; /* entry of its log to go on behind; "" from the beginning */
};
struct cell {
    unsigned region;
    char key[KEY];
};

struct match {
    struct arena arena;
    struct text agency;
    uint8_t incident;
    int64_t from, to;
    size_t cell_count, next_cell;
    struct cell *cells; /* those of a region beside each other */
    char cursor[CURSOR_TEXT];
    size_t count, room;
    struct candidate_household *list;
    size_t *waiting; /* of `list`, those whose log is still to be looked at: a ring */
    size_t waiting_count, waiting_first;
    unsigned under_way;
    enum store_status status;
    footage_matched *done;
    void *arg;
};

static struct text copy(struct match *match, struct text text)
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
    struct match *match, const struct candidate_household *candidate, struct footage_household *out)
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
static size_t join(struct match *match, struct footage_household *list, size_t count)
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

static void finish(struct store *store, struct match *match)
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

static void go_on(struct store *store, struct match *match);

static bool step_over(struct match *match, enum store_status status)
{
    match->under_way--;
    if (status != STORE_OK && match->status == STORE_OK)
        match->status = status;
    return match->status == STORE_OK;
}

/* ---- looking into logs ---- */

struct look {
    struct match *match;
    size_t count, households[HOUSEHOLDS_A_STEP];
};

/* Those that are not among the numbers. */
static void note_seen(struct candidate_household *candidate, const uint8_t *numbers, size_t count)
{
    for (size_t i = 0; i < candidate->count; i++) {
        bool unseen = false;
        for (size_t n = 0; n < count; n++)
            unseen = unseen || packed_number(numbers + 2 * n, 2) == candidate->devices[i].number;
        candidate->devices[i].seen = candidate->devices[i].seen || !unseen;
    }
}

/* Reads what became of one household; returns how many bytes that took, 0 when it cannot be read. */
static size_t read_look(struct candidate_household *candidate, struct bytes answer)
{
    size_t len = answer.len ? answer.data[0] : 0, at = 1 + len;
    if (answer.len < at + 2 || len >= sizeof(candidate->after))
        return 0;
    size_t count = packed_number(answer.data + at, 2);
    if (answer.len < at + 2 + 2 * count)
        return 0;
    memcpy(candidate->after, answer.data + 1, len);
    candidate->after[len] = 0;
    note_seen(candidate, answer.data + at + 2, count);
    return at + 2 + 2 * count;
}

static void wait_again(struct match *match, size_t household)
{
    match->waiting[(match->waiting_first + match->waiting_count++) % match->count] = household;
}

static void on_looked(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look *look = arg;
    struct match *match = look->match;
    struct bytes answer = reply_bytes(reply);
    if (step_over(match, status)) {
        size_t used = 0;
        for (size_t i = 0; i < look->count; i++) {
            struct candidate_household *candidate = &match->list[look->households[i]];
            used = answer.len ? read_look(candidate, answer) : 0;
            answer = (struct bytes){answer.data + used, answer.len - used};
            if (used == 0 || candidate->after[0])
                wait_again(match, look->households[i]);
        }
    }
    free(look);
    go_on(store, match);
}

static void pack_look(struct buffer *out, const struct candidate_household *candidate)
{
    size_t after = strlen(candidate->after), unseen = 0;
    for (size_t i = 0; i < candidate->count; i++)
        unseen += !candidate->devices[i].seen;
    buffer_number(out, candidate->name.len, 1);
    buffer_put(out, candidate->name.data, candidate->name.len);
    buffer_number(out, after, 1);
    buffer_put(out, candidate->after, after);
    buffer_number(out, unseen, 2);
    for (size_t i = 0; i < candidate->count; i++) {
        if (candidate->devices[i].seen)
            continue;
        buffer_number(out, candidate->devices[i].number, 2);
        buffer_number(out, candidate->devices[i].since, 8);
    }
}

/* The times at which events between from and to may have been stored. */
static void pack_times(const struct store *store, struct buffer *out, const struct match *match)
{
    buffer_number(out, (uint64_t)match->from, 8);
    buffer_number(out, (uint64_t)match->to, 8);
    buffer_number(out, (uint64_t)(match->from - store->options.clock_future_ms), 8);
    buffer_number(out, (uint64_t)(match->to + store->options.clock_past_ms), 8);
    buffer_number(out, ENTRIES_A_STEP, 4);
}

/* Takes households of one region that wait. */
static void look(struct store *store, struct match *match)
{
    struct look *look = store_alloc(sizeof(*look));
    struct buffer packed = {0}, command = {0};
    unsigned region = match->list[match->waiting[match->waiting_first]].region;
    char key[KEY];
    look->match = match;
    pack_times(store, &packed, match);
    while (look->count < HOUSEHOLDS_A_STEP && match->waiting_count) {
        size_t household = match->waiting[match->waiting_first];
        if (match->list[household].region != region)
            break;
        pack_look(&packed, &match->list[household]);
        look->households[look->count++] = household;
        match->waiting_first = (match->waiting_first + 1) % match->count;
        match->waiting_count--;
    }
    snprintf(key, sizeof(key), "nb:{r%02x}:askable", region);
    command_function(&command, "nb_askable_see", 1, 1);
    command_text(&command, key);
    command_bytes(&command, packed.data, packed.len);
    buffer_free(&packed);
    match->under_way++;
    store_send(store, &command, on_looked, look);
}

/* ---- looking for households ---- */

static int by_region_and_name(const void *a, const void *b)
{
    const struct candidate_household *x = a, *y = b;
    if (x->region != y->region)
        return x->region < y->region ? -1 : 1;
    struct footage_household left = {.name = x->name}, right = {.name = y->name};
    return by_name(&left, &right);
}

static void read_devices(struct match *match, struct candidate_household *out, struct bytes packed)
{
    const uint8_t *at = packed.data, *end = packed.data + packed.len;
    while (end - at >= 11 && end - at >= 11 + at[10]) {
        if (out->count == out->room) {
            struct device *more = arena_alloc(&match->arena, (out->room + 4) * 2 * sizeof(*more));
            if (out->count)
                memcpy(more, out->devices, out->count * sizeof(*more));
            out->devices = more;
            out->room = (out->room + 4) * 2;
        }
        out->devices[out->count++] = (struct device){.number = (uint16_t)packed_number(at, 2),
            .since = packed_number(at + 2, 8),
            .id = {(const char *)at + 11, at[10]}};
        at += 11 + at[10];
    }
}

/* All were found: one household that stands in several cells of a region becomes one. */
static void begin_to_look(struct match *match)
{
    size_t kept = 0;
    qsort(match->list, match->count, sizeof(*match->list), by_region_and_name);
    for (size_t i = 0; i < match->count; i++) {
        if (kept == 0 || by_region_and_name(&match->list[kept - 1], &match->list[i]) != 0)
            match->list[kept++] = match->list[i];
        read_devices(match, &match->list[kept - 1], match->list[i].packed);
    }
    match->count = kept;
    match->waiting = store_alloc((kept + 1) * sizeof(*match->waiting));
    for (size_t i = 0; i < kept; i++)
        match->waiting[i] = i;
    match->waiting_count = kept;
}

static void add_household(struct match *match, unsigned region, struct text name, struct bytes devices)
{
    if (match->count == match->room) {
        match->room = match->room ? match->room * 2 : 256;
        match->list = realloc(match->list, match->room * sizeof(*match->list));
        if (!match->list)
            abort();
    }
    match->list[match->count++] = (struct candidate_household){.name = copy(match, name),
        .region = region,
        .packed = {
            (uint8_t *)arena_copy(&match->arena, devices.data ? (const char *)devices.data : "", devices.len),
            devices.len}};
}

static void on_found(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct match *match = arg;
    struct text cursor = reply_text(reply_at(reply, 1));
    const redisReply *found = reply_at(reply, 2);
    if (step_over(match, status)) {
        unsigned region = match->cells[match->next_cell].region;
        for (size_t i = 0; i + 1 < reply_count(found); i += 2)
            add_household(match, region, reply_text(reply_at(found, i)), reply_bytes(reply_at(found, i + 1)));
        match->next_cell += (size_t)reply_number(reply_at(reply, 0));
        snprintf(
            match->cursor, sizeof(match->cursor), "%.*s", (int)cursor.len, cursor.len ? cursor.data : "");
        if (match->next_cell >= match->cell_count)
            begin_to_look(match);
    }
    go_on(store, match);
}

static void find(struct store *store, struct match *match)
{
    struct buffer command = {0};
    const struct cell *first = &match->cells[match->next_cell];
    size_t count = 1;
    while (count < CELLS_A_STEP && match->next_cell + count < match->cell_count &&
           first[count].region == first->region)
        count++;
    command_function(&command, "nb_askable_find", count, 4);
    for (size_t i = 0; i < count; i++)
        command_text(&command, first[i].key);
    command_bytes(&command, match->agency.data, match->agency.len);
    command_number(&command, match->incident);
    command_text(&command, match->cursor);
    command_number(&command, HOUSEHOLDS_LOOKED_AT);
    match->under_way++;
    store_send(store, &command, on_found, match);
}

/* ---- the whole ---- */

static void go_on(struct store *store, struct match *match)
{
    if (match->status == STORE_OK && match->next_cell < match->cell_count) {
        if (!match->under_way)
            find(store, match);
        return;
    }
    while (match->status == STORE_OK && match->waiting_count && match->under_way < STEPS_UNDER_WAY)
        look(store, match);
    if (!match->under_way)
        finish(store, match);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct cell *)a)->key, ((const struct cell *)b)->key);
}

static void name_cell(const struct store *store, struct cell *out, const char *geohash)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(store->options.places, "askable", text_of(geohash), digest);
    region_key(out->key, geohash, "askable:", text_of(digest));
    sscanf(out->key, "nb:{r%2x}", &out->region);
}

/* The keys of the cells, each once; those of a region lie beside each other, as keys begin with it. */
static void name_cells(const struct store *store, struct match *match, const struct footage_query *query)
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
    struct match *match = store_alloc(sizeof(*match));
    arena_init(&match->arena, NULL, 0);
    match->agency = copy(match, query->agency);
    match->incident = query->incident;
    match->from = query->from;
    match->to = query->to;
    match->done = done;
    match->arg = arg;
    match->status = STORE_OK;
    strcpy(match->cursor, "0");
    name_cells(store, match, query);
    find(store, match);
}
