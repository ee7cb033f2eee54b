/* Whom a footage request concerns: the index of askable devices is asked cell by cell, then the logs of the
 * households that were found, first a few entries of each, then, where those do not tell, all that may
 * (scripts/askable.lua). What is under way at a time takes Redis a few hundred microseconds, so that what
 * homes send meanwhile waits no longer than that. Nothing is changed on the way: a match that was cut off is
 * done again from the beginning. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_footage_inside.h"
#include "proto/arena.h"

enum { CELLS_UNDER_WAY = 8, HOUSEHOLDS_A_STEP = 192 };                /* of the index */
enum { LOGS_A_STEP = 24, ENTRIES_A_STEP = 128, STEPS_UNDER_WAY = 2 }; /* of a longer look into logs */
enum { FIRST_UNDER_WAY = 160, FIRST_ENTRIES = 7 }; /* first looks into logs, and at how many entries */
enum { RECORD_NUMBER = 2, RECORD_AT = 6, RECORD_LASTED = 12, RECORD_LEAST = 16 };

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
    size_t cell_count, next_cell, cells_done;
    struct cell *cells; /* those of a region beside each other */
    size_t count, room;
    struct candidate_household *list;
    size_t next_first;             /* whose log was not looked at yet */
    char earliest[24], latest[24]; /* when such events may have been stored */
    size_t *waiting;               /* of `list`, those whose log is still to be looked at: a ring */
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
    size_t count, households[LOGS_A_STEP];
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
    while (look->count < LOGS_A_STEP && match->waiting_count) {
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

/* ---- the first look: most devices are seen in the first entries, and a plain XRANGE costs least ---- */

struct first_look {
    struct match *match;
    size_t household, entries;
};

static uint64_t little_endian(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

/* A record of a household's log (broker/kind/motion.c). */
static void see_record(
    const struct match *match, struct candidate_household *candidate, const uint8_t *record)
{
    uint64_t number = little_endian(record + RECORD_NUMBER, 2), at = little_endian(record + RECORD_AT, 6);
    uint64_t until = at + little_endian(record + RECORD_LASTED, 4);
    for (size_t i = 0; i < candidate->count; i++) {
        struct device *device = &candidate->devices[i];
        device->seen = device->seen || (device->number == number && at >= device->since &&
                                           at <= (uint64_t)match->to && until >= (uint64_t)match->from);
    }
}

static void see_entry(const struct match *match, struct candidate_household *candidate, struct bytes data)
{
    for (size_t at = 0; at < data.len && data.len - at > data.data[at]; at += 1 + (size_t)data.data[at]) {
        if (data.data[at] >= RECORD_LEAST)
            see_record(match, candidate, data.data + at + 1);
    }
}

static bool all_seen(const struct candidate_household *candidate)
{
    for (size_t i = 0; i < candidate->count; i++) {
        if (!candidate->devices[i].seen)
            return false;
    }
    return true;
}

static void on_first(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct first_look *first = arg;
    struct match *match = first->match;
    if (step_over(match, status)) {
        struct candidate_household *candidate = &match->list[first->household];
        size_t count = reply_count(reply);
        for (size_t i = 0; i < count; i++)
            see_entry(match, candidate, reply_bytes(reply_at(reply_at(reply_at(reply, i), 1), 1)));
        if (count == first->entries && !all_seen(candidate)) {
            struct text last = reply_text(reply_at(reply_at(reply, count - 1), 0));
            snprintf(candidate->after, sizeof(candidate->after), "(%.*s", (int)last.len, last.data);
            wait_again(match, first->household);
        }
    }
    free(first);
    go_on(store, match);
}

static void look_first(struct store *store, struct match *match)
{
    struct first_look *first = store_alloc(sizeof(*first));
    struct candidate_household *candidate = &match->list[match->next_first];
    struct buffer command = {0};
    char key[KEY];
    size_t entries = 2 * candidate->count - 1;
    *first =
        (struct first_look){match, match->next_first++, entries < FIRST_ENTRIES ? entries : FIRST_ENTRIES};
    snprintf(key, sizeof(key), "nb:{r%02x}:log:%.*s", candidate->region, (int)candidate->name.len,
        candidate->name.data);
    command_begin(&command, 6);
    command_text(&command, "XRANGE");
    command_text(&command, key);
    command_text(&command, match->earliest);
    command_text(&command, match->latest);
    command_text(&command, "COUNT");
    command_number(&command, (int64_t)first->entries);
    match->under_way++;
    store_send(store, &command, on_first, first);
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

/* Whether the rules let the agency ask about that incident type: the rule that names it decides, else the one
 * for every other (scripts/askable.lua has the same in Lua). */
static bool rules_allow(const struct match *match, struct bytes rules)
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
    struct match *match;
    const struct cell *cell;
};

static void scan(struct store *store, struct match *match, const struct cell *cell, const char *cursor);

static void on_scanned(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct scan *done = arg;
    struct match *match = done->match;
    const struct cell *cell = done->cell;
    struct text cursor = reply_text(reply_at(reply, 0));
    const redisReply *list = reply_at(reply, 1);
    free(done);
    if (step_over(match, status)) {
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
    go_on(store, match);
}

static void scan(struct store *store, struct match *match, const struct cell *cell, const char *cursor)
{
    struct buffer command = {0};
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

static void go_on(struct store *store, struct match *match)
{
    if (match->status == STORE_OK && match->cells_done < match->cell_count) {
        while (match->next_cell < match->cell_count && match->under_way < CELLS_UNDER_WAY)
            scan(store, match, &match->cells[match->next_cell++], "0");
        return;
    }
    if (match->status == STORE_OK && match->next_first < match->count) {
        while (match->next_first < match->count && match->under_way < FIRST_UNDER_WAY)
            look_first(store, match);
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
    snprintf(match->earliest, sizeof(match->earliest), "%lld",
        (long long)(query->from - store->options.clock_future_ms));
    snprintf(
        match->latest, sizeof(match->latest), "%lld", (long long)(query->to + store->options.clock_past_ms));
    name_cells(store, match, query);
    go_on(store, match);
}
