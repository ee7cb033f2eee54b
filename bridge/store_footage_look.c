/* Looks into the logs of the households that a footage request may concern: first a few entries of each,
 * then, where those do not tell, all that may (scripts/askable.lua). What is under way at a time takes Redis
 * a few hundred microseconds, so that what homes send meanwhile waits no longer than that. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_footage_look.h"

enum { LOGS_A_STEP = 24, ENTRIES_A_STEP = 128, STEPS_UNDER_WAY = 2 }; /* of a longer look into logs */
enum { FIRST_UNDER_WAY = 160, FIRST_ENTRIES = 7 }; /* first looks into logs, and at how many entries */
enum { RECORD_NUMBER = 2, RECORD_AT = 6, RECORD_LASTED = 12, RECORD_LEAST = 16 };

/* ---- all that may tell ---- */

struct look {
    struct footage_matching *match;
    size_t count, households[LOGS_A_STEP];
};

/* Those that are not among the numbers. */
static void note_seen(struct footage_candidate *candidate, const uint8_t *numbers, size_t count)
{
    for (size_t i = 0; i < candidate->count; i++) {
        bool unseen = false;
        for (size_t n = 0; n < count; n++)
            unseen = unseen || packed_number(numbers + 2 * n, 2) == candidate->devices[i].number;
        candidate->devices[i].seen = candidate->devices[i].seen || !unseen;
    }
}

/* Reads what became of one household; returns how many bytes that took, 0 when it cannot be read. */
static size_t read_look(struct footage_candidate *candidate, struct bytes answer)
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

static void wait_again(struct footage_matching *match, size_t household)
{
    match->waiting[(match->waiting_first + match->waiting_count++) % match->count] = household;
}

static void on_looked(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look *look = arg;
    struct footage_matching *match = look->match;
    struct bytes answer = reply_bytes(reply);
    if (footage_step_over(match, status)) {
        size_t used = 0;
        for (size_t i = 0; i < look->count; i++) {
            struct footage_candidate *candidate = &match->list[look->households[i]];
            used = answer.len ? read_look(candidate, answer) : 0;
            answer = (struct bytes){answer.data + used, answer.len - used};
            if (used == 0 || candidate->after[0])
                wait_again(match, look->households[i]);
        }
    }
    free(look);
    footage_go_on(store, match);
}

static void pack_look(struct buffer *out, const struct footage_candidate *candidate)
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
static void pack_times(const struct store *store, struct buffer *out, const struct footage_matching *match)
{
    buffer_number(out, (uint64_t)match->from, 8);
    buffer_number(out, (uint64_t)match->to, 8);
    buffer_number(out, (uint64_t)(match->from - store->options.clock_future_ms), 8);
    buffer_number(out, (uint64_t)(match->to + store->options.clock_past_ms), 8);
    buffer_number(out, ENTRIES_A_STEP, 4);
}

/* Takes households of one region that wait. */
static void look(struct store *store, struct footage_matching *match)
{
    struct look *look = store_alloc(sizeof(*look));
    struct command command = {0};
    struct buffer packed = {0};
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
    struct footage_matching *match;
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
    const struct footage_matching *match, struct footage_candidate *candidate, const uint8_t *record)
{
    uint64_t number = little_endian(record + RECORD_NUMBER, 2), at = little_endian(record + RECORD_AT, 6);
    uint64_t until = at + little_endian(record + RECORD_LASTED, 4);
    for (size_t i = 0; i < candidate->count; i++) {
        struct footage_device *device = &candidate->devices[i];
        device->seen = device->seen || (device->number == number && at >= device->since &&
                                           at <= (uint64_t)match->to && until >= (uint64_t)match->from);
    }
}

static void see_entry(
    const struct footage_matching *match, struct footage_candidate *candidate, struct bytes data)
{
    for (size_t at = 0; at < data.len && data.len - at > data.data[at]; at += 1 + (size_t)data.data[at]) {
        if (data.data[at] >= RECORD_LEAST)
            see_record(match, candidate, data.data + at + 1);
    }
}

static bool all_seen(const struct footage_candidate *candidate)
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
    struct footage_matching *match = first->match;
    if (footage_step_over(match, status)) {
        struct footage_candidate *candidate = &match->list[first->household];
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
    footage_go_on(store, match);
}

static void look_first(struct store *store, struct footage_matching *match)
{
    struct first_look *first = store_alloc(sizeof(*first));
    struct footage_candidate *candidate = &match->list[match->next_first];
    struct command command = {0};
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

/* ---- the whole ---- */

void footage_look(struct store *store, struct footage_matching *match)
{
    if (match->next_first < match->count) {
        while (match->next_first < match->count && match->under_way < FIRST_UNDER_WAY)
            look_first(store, match);
        return;
    }
    while (match->waiting_count && match->under_way < STEPS_UNDER_WAY)
        look(store, match);
}
