/* Trimming (scripts/trim.lua): whoever has the lease looks through all keys, a few a step; those of channels
 * and of households' logs are asked to let go what is too old. How long a log is kept its household says,
 * under another tag: that is asked first. A walk begins a minute after the last one ended, whoever did that.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

static const double STEP = 0.02, AWAY = 1., REST = 60.;
enum { KEYS_A_STEP = 128, RETENTION_DAYS = 60, LEASE_MS = 2500, REST_MS = 60000 };

/* A stream that may have something to lose. */
struct trimmed {
    struct trimmed *next;
    bool unknown; /* how long it is kept: it stays */
    int64_t days; /* of a log */
    char key[];
};

static void next_step(struct store *store);

/* ---- the lease ---- */

static void pause_for(struct store *store, double seconds)
{
    store->trim.busy = false;
    store->trim.due = store_clock() + seconds;
}

static double *rests_until(struct store *store)
{
    return &store->trim.rests_until[store->trim.node % STORE_REGION_TAGS];
}

/* This master's keys are left alone for so long. */
static void leave_for(struct store *store, double seconds)
{
    trim_free(store);
    *rests_until(store) = store_clock() + seconds;
    pause_for(store, STEP);
}

/* The lease of this master's keys lies under the first of its tags. False: it has none, and nothing to trim.
 */
static bool lease_key(const struct store *store, char out[KEY])
{
    const struct node *node = store_node(store, store->trim.node);
    for (unsigned tag = 0; tag < STORE_REGION_TAGS; tag++) {
        int len = region_tag_key(out, tag, "lease:trim");
        if (store_node_of_slot(store, key_slot(out, (size_t)len)) == node)
            return true;
    }
    return false;
}

/* A function about that lease, for so many ms. */
static void ask_lease(struct store *store, const char *function, int64_t ms, call_answer *answer)
{
    struct command command = {0};
    char key[KEY];
    if (!lease_key(store, key)) {
        leave_for(store, REST);
        return;
    }
    command_function(&command, function, 1, 2);
    command_text(&command, key);
    command_text(&command, store->node);
    command_number(&command, ms);
    store_send(store, &command, answer, NULL);
}

static void on_rested(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    (void)status;
    (void)reply;
    leave_for(store, REST);
}

/* ---- one call's keys ---- */

static void give_back(struct store *store, struct trimmed *key)
{
    key->next = store->trim.keys;
    store->trim.keys = key;
}

static void count_trimmed(struct store *store, uint64_t number, const redisReply *reply)
{
    (void)number;
    store->counters.entries_trimmed += (uint64_t)reply_number(reply_at(reply, 0));
}

/* Those that the call had no room for are asked again. */
static void on_trimmed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct trimmed *next;
    int64_t seen = reply_number(reply_at(reply, 1));
    for (struct trimmed *key = arg; key; key = next) {
        next = key->next;
        if (status == STORE_OK && seen-- <= 0)
            give_back(store, key);
        else
            free(key);
    }
    if (--store->trim.asked == 0)
        next_step(store);
}

static void ask(struct store *store, struct trimmed *keys, size_t count)
{
    struct command command = {0};
    int64_t now = store->options.now();
    command_function(&command, "nb_trim", count, 2 + count);
    for (const struct trimmed *key = keys; key; key = key->next)
        command_text(&command, key->key);
    command_number(&command, now - store->options.channel_retention_ms);
    command_number(&command, now);
    for (const struct trimmed *key = keys; key; key = key->next)
        command_number(&command, key->days);
    store->trim.asked++;
    command.any_order = true;
    command.count = count_trimmed;
    store_send(store, &command, on_trimmed, keys);
}

/* Takes the first of the keys, and what may go in one call with it, out of the list. */
static struct trimmed *take_some(struct store *store, size_t *count)
{
    struct trimmed *first = store->trim.keys, *last = first, *next;
    struct trimmed **left = &store->trim.keys;
    *count = 1;
    for (struct trimmed *key = first->next; key; key = next) {
        next = key->next;
        if (one_call(store, first->key, key->key)) {
            last->next = key;
            last = key;
            ++*count;
        } else {
            *left = key;
            left = &key->next;
        }
    }
    *left = last->next = NULL;
    return first;
}

static void drop_unknown(struct store *store)
{
    for (struct trimmed **at = &store->trim.keys; *at;) {
        struct trimmed *key = *at;
        if (key->unknown) {
            *at = key->next;
            free(key);
        } else {
            at = &key->next;
        }
    }
}

static void ask_all(struct store *store)
{
    drop_unknown(store);
    if (!store->trim.keys)
        next_step(store);
    while (store->trim.keys) {
        size_t count;
        struct trimmed *keys = take_some(store, &count);
        ask(store, keys, count);
    }
}

/* ---- what households chose ---- */

static struct text household_of(const char *key)
{
    const char *log = strstr(key, "}:log:");
    return log ? text_of(log + strlen("}:log:")) : (struct text){0};
}

static void on_chosen(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct trimmed *key = arg;
    struct text days = reply_text(reply);
    key->unknown = status != STORE_OK;
    if (days.len)
        key->days = strtoll(days.data, NULL, 10);
    if (--store->trim.asked == 0)
        ask_all(store);
}

static void ask_choice(struct store *store, struct trimmed *key, struct text household)
{
    struct command command = {0};
    struct buffer settings = {0};
    buffer_put(&settings, "nb:{h:", 6);
    buffer_put(&settings, household.data, household.len);
    buffer_put(&settings, "}:settings", 10);
    command_begin(&command, 3);
    command_text(&command, "HGET");
    command_bytes(&command, settings.data, settings.len);
    command_text(&command, "retention");
    buffer_free(&settings);
    store->trim.asked++;
    command.any_order = command.reads = true;
    store_send(store, &command, on_chosen, key);
}

static void ask_choices(struct store *store)
{
    for (struct trimmed *key = store->trim.keys; key; key = key->next) {
        struct text household = household_of(key->key);
        if (household.len)
            ask_choice(store, key, household);
    }
    if (store->trim.asked == 0)
        ask_all(store);
}

/* ---- looking for keys ---- */

static void add_key(struct store *store, struct text name)
{
    struct trimmed *key = store_alloc(sizeof(*key) + name.len + 1);
    memcpy(key->key, name.data, name.len);
    key->days = store->options.retention_days ? store->options.retention_days : RETENTION_DAYS;
    if (strstr(key->key, "}:ch:") || household_of(key->key).len)
        give_back(store, key);
    else
        free(key);
}

static void on_scanned(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    struct text cursor = reply_text(reply_at(reply, 0));
    const redisReply *keys = reply_at(reply, 1);
    if (status != STORE_OK || cursor.len == 0 || cursor.len >= sizeof(store->trim.cursor)) {
        leave_for(store, AWAY);
        return;
    }
    memcpy(store->trim.cursor, cursor.data, cursor.len);
    store->trim.cursor[cursor.len] = 0;
    for (size_t i = 0; i < reply_count(keys); i++)
        add_key(store, reply_text(reply_at(keys, i)));
    ask_choices(store);
}

static void scan(struct store *store)
{
    struct command command = {0};
    command_begin(&command, 8);
    command_text(&command, "SCAN");
    command_text(&command, store->trim.cursor);
    command_text(&command, "MATCH");
    command_text(&command, "nb:{r*}:*");
    command_text(&command, "COUNT");
    command_number(&command, KEYS_A_STEP);
    command_text(&command, "TYPE");
    command_text(&command, "stream");
    store_send_to_node(store, store->trim.node, &command, on_scanned, NULL);
}

/* All keys of a step were asked. At the end the lease is nobody's until the next walk. */
static void next_step(struct store *store)
{
    if (!store->trim.keys && strcmp(store->trim.cursor, "0") == 0)
        ask_lease(store, "nb_trim_rest", REST_MS, on_rested);
    else
        pause_for(store, STEP);
}

static void on_lease(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    int64_t wait = reply_number(reply);
    if (status != STORE_OK)
        leave_for(store, AWAY);
    else if (wait > 0)
        leave_for(store, (double)wait / 1000.);
    else if (store->trim.keys)
        ask_choices(store);
    else
        scan(store);
}

/* Goes on where it is, or to the next master whose turn it is. */
static bool find_node(struct store *store)
{
    size_t count = store_node_count(store);
    if (store->trim.keys || strcmp(store->trim.cursor, "0") != 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        store->trim.node = (store->trim.node + 1) % count;
        if (store_clock() >= *rests_until(store))
            return true;
    }
    return false;
}

void trim_work(struct store *store)
{
    if (store->trim.busy || store_clock() < store->trim.due)
        return;
    if (store->trim.round != store_node_round(store))
        trim_free(store);
    store->trim.round = store_node_round(store);
    if (!find_node(store)) {
        pause_for(store, STEP);
        return;
    }
    store->trim.busy = true;
    ask_lease(store, "nb_trim_lease", LEASE_MS, on_lease);
}

void trim_free(struct store *store)
{
    struct trimmed *next;
    for (struct trimmed *key = store->trim.keys; key; key = next) {
        next = key->next;
        free(key);
    }
    store->trim.keys = NULL;
    strcpy(store->trim.cursor, "0");
}
