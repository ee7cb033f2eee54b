/* The work on each key is done by functions of their own (scripts/migration.lua); here is what is found by
 * looking through all keys, and the order: nb:layout is raised when all else is done. */
#include "bridge/migration.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/redis_batch.h"
#include "bridge/redis_walk.h"
#include "bridge/sharing_index.h"
#include "bridge/store_inside.h"
#include "bridge/store_layout.h"

extern const char migration_script[];
extern const size_t migration_script_size;

enum {
    MASTERS_MOST = 1024,
    PAGE = 500,
    TOGETHER = 128,
    Q_TAGS = 4096,
    FIELD_MOST = 60,
    DIGEST = 16,
    PRINCIPAL = 256,
    PARTS = 2
};
static const char *const parts[PARTS] = {"seq", "once"};

struct work {
    struct redis_sync *redis;
    struct migration *done;
    bool dry;
};

static bool told(redisReply *reply)
{
    freeReplyObject(reply);
    return reply != NULL;
}

static bool begins(struct text key, const char *with)
{
    return key.len >= strlen(with) && memcmp(key.data, with, strlen(with)) == 0;
}

static bool ends(struct text key, const char *with)
{
    size_t len = strlen(with);
    return key.len >= len && memcmp(key.data + key.len - len, with, len) == 0;
}

/* ---- many at once ---- */

/* Asks them and adds up what they answer. */
static bool sum_batch(struct work *work, struct redis_batch *batch, uint64_t *sum)
{
    size_t count;
    redisReply **replies = redis_batch_ask(work->redis, batch, &count);
    for (size_t i = 0; replies && i < count; i++)
        *sum += (uint64_t)reply_number(replies[i]);
    redis_replies_free(replies, count);
    return replies != NULL;
}

/* Asks the function about each of the keys. */
static void add_steps(
    struct work *work, struct redis_batch *batch, const char *function, const struct text *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct command command = {0};
        command_function(&command, function, 1, 1);
        command_view(&command, keys[i]);
        command_number(&command, work->dry);
        redis_batch_add(batch, &command);
    }
}

static bool counted(
    struct work *work, const char *function, const struct text *keys, size_t count, uint64_t *sum)
{
    struct redis_batch batch = {0};
    add_steps(work, &batch, function, keys, count);
    return sum_batch(work, &batch, sum);
}

/* ---- one step ---- */

static bool rename_key(struct work *work, const char *from, const char *to)
{
    struct command command = {0};
    command_function(&command, "nb_migrate_rename", 2, 1);
    command_text(&command, from);
    command_text(&command, to);
    command_number(&command, work->dry);
    redisReply *reply = redis_ask_command(work->redis, &command);
    if (reply)
        work->done->renamed += (uint64_t)reply_number(reply);
    return told(reply);
}

static bool drop(struct work *work, struct text key)
{
    const struct bytes words[] = {{(const uint8_t *)"UNLINK", 6}, {(const uint8_t *)key.data, key.len}};
    return work->dry || told(redis_ask_words(work->redis, words, 2));
}

/* ---- by the kind of key ---- */

static bool repeats(struct work *work, const struct text *keys, size_t count)
{
    struct redis_batch batch = {0};
    add_steps(work, &batch, "nb_migrate_repeats", keys, count);
    redisReply **replies = redis_batch_ask(work->redis, &batch, &count);
    if (!replies)
        return false;
    for (size_t i = 0; i < count; i++) {
        work->done->senders += (uint64_t)reply_number(reply_at(replies[i], 0));
        work->done->senders_gone += (uint64_t)reply_number(reply_at(replies[i], 1));
    }
    redis_replies_free(replies, count);
    return true;
}

/* A sender and instance whose name is too long to be a field: the digest is. */
static void add_named(
    struct work *work, struct redis_batch *batch, struct text principal, struct text instance)
{
    struct buffer names = {0};
    uint8_t field[1 + EVP_MAX_MD_SIZE] = {0xff};
    buffer_put(&names, principal.data, principal.len);
    buffer_number(&names, 0, 1);
    buffer_put(&names, instance.data, instance.len);
    uint32_t hash = hash_of(names.data, names.len);
    EVP_Digest(names.data, names.len, field + 1, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; names.len > FIELD_MOST && i < PARTS; i++) {
        struct command command = {0};
        char key[32];
        snprintf(key, sizeof key, "nb:{q%03x}:%s", (hash ^ hash >> 16) % Q_TAGS, parts[i]);
        command_function(&command, "nb_migrate_named", 1, 3);
        command_text(&command, key);
        command_bytes(&command, field, 1 + DIGEST);
        command_bytes(&command, names.data, names.len);
        command_number(&command, work->dry);
        redis_batch_add(batch, &command);
    }
    buffer_free(&names);
}

/* What stands in the key between "nb:{p:" and its like, and what follows the tag. */
static struct text name_in(struct text key, const char *head, const char *tail)
{
    return (struct text){key.data + strlen(head), key.len - strlen(head) - strlen(tail)};
}

static void add_list(struct redis_batch *batch, const char *word, struct text principal, const char *part)
{
    struct command command = {0};
    struct buffer key = {0};
    session_key(&key, (struct session_name){.principal = principal}, part);
    command_begin(&command, 2);
    command_text(&command, word);
    command_bytes(&command, key.data, key.len);
    redis_batch_add(batch, &command);
    buffer_free(&key);
}

/* All instances of each principal that are known. */
static bool principals(struct work *work, const struct text *keys, size_t count)
{
    static const char head[] = "nb:{p:", tail[] = "}:principal";
    struct redis_batch lists = {0}, batch = {0};
    for (size_t i = 0; i < count; i++) {
        add_list(&lists, "SMEMBERS", name_in(keys[i], head, tail), "clients");
        add_list(&lists, "HKEYS", name_in(keys[i], head, tail), "instances");
    }
    redisReply **replies = redis_batch_ask(work->redis, &lists, &count);
    if (!replies)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct text name = name_in(keys[i / 2], head, tail);
        if (i % 2 == 0)
            add_named(work, &batch, name, TEXT("\x01node"));
        for (size_t n = 0; n < reply_count(replies[i]); n++)
            add_named(work, &batch, name, reply_text(reply_at(replies[i], n)));
    }
    redis_replies_free(replies, count);
    return sum_batch(work, &batch, &work->done->senders);
}

static bool packets(struct work *work, const struct text *keys, size_t count)
{
    return counted(work, "nb_migrate_packets", keys, count, &work->done->packets);
}

static bool codes(struct work *work, const struct text *keys, size_t count)
{
    return counted(work, "nb_migrate_code", keys, count, &work->done->codes);
}

static bool forgets(struct work *work, const struct text *keys, size_t count)
{
    return counted(work, "nb_migrate_forget", keys, count, &work->done->forgets);
}

static bool regions(struct work *work, const struct text *keys, size_t count)
{
    return counted(work, "nb_migrate_region", keys, count, &work->done->regions);
}

static bool households(struct work *work, const struct text *keys, size_t count)
{
    struct text names[TOGETHER];
    for (size_t i = 0; i < count; i++)
        names[i] = name_in(keys[i], "nb:{h:", "}:members");
    work->done->households += count;
    return work->dry || sharing_index_refresh_all(work->redis, names, count);
}

static bool leases(struct work *work, const struct text *keys, size_t count)
{
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = drop(work, keys[i]);
    work->done->leases += count;
    return done;
}

static bool geocodes(struct work *work, const struct text *keys, size_t count)
{
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        char from[PRINCIPAL], to[PRINCIPAL + 8];
        snprintf(from, sizeof from, "%.*s", (int)keys[i].len, keys[i].data);
        snprintf(to, sizeof to, "nb:{geocodes}:%s", from + sizeof "nb:geocodes:" - 1);
        done = rename_key(work, from, to);
    }
    return done;
}

static const struct kind {
    const char *begins, *part, *ends;
    bool (*work)(struct work *work, const struct text *keys, size_t count);
} kinds[] = {
    {"nb:{p:", "}:principal", "}:principal", principals},
    {"nb:{q", "}:seq", "}:seq", repeats},
    {"nb:{q", "}:once", "}:once", repeats},
    {"nb:{p:", "}:q2:", "", packets},
    {"nb:{code:", "}:code", "}:code", codes},
    {"nb:{forget}:work:", "", "", forgets},
    {"nb:{r", "}:share", "}:share", regions},
    {"nb:{h:", "}:members", "}:members", households},
    {"nb:lease:", "", "", leases},
    {"nb:geocodes:", "", "", geocodes},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static bool is_of(const struct kind *kind, struct text key)
{
    return begins(key, kind->begins) && ends(key, kind->ends) &&
           (!*kind->part || memmem(key.data, key.len, kind->part, strlen(kind->part)));
}

static const struct kind *kind_of(struct text key)
{
    for (size_t i = 0; i < KINDS; i++)
        if (is_of(&kinds[i], key))
            return &kinds[i];
    return NULL;
}

/* The keys of that kind, so many at once. */
static bool take_kind(struct work *work, const struct kind *kind, const redisReply *page)
{
    struct text keys[TOGETHER];
    size_t count = 0;
    bool done = true;
    for (size_t i = 0; done && i < reply_count(page); i++) {
        struct text key = reply_text(reply_at(page, i));
        if (kind_of(key) == kind)
            keys[count++] = key;
        if (count == TOGETHER) {
            done = kind->work(work, keys, count);
            count = 0;
        }
    }
    return done && (count == 0 || kind->work(work, keys, count));
}

static bool take_page(void *work, const redisReply *page)
{
    bool done = true;
    for (size_t i = 0; done && i < KINDS; i++)
        done = take_kind(work, &kinds[i], page);
    return done;
}

/* Senders of long names of whom nothing is known any more. */
static bool drop_repeats(struct work *work)
{
    struct redis_batch batch = {0};
    char key[32];
    size_t count;
    for (unsigned tag = 0; tag < PARTS * Q_TAGS; tag++) {
        struct command command = {0};
        snprintf(key, sizeof key, "nb:{q%03x}:%s", tag / PARTS, parts[tag % PARTS]);
        command_begin(&command, 2);
        command_text(&command, "HLEN");
        command_text(&command, key);
        redis_batch_add(&batch, &command);
    }
    redisReply **replies = redis_batch_ask(work->redis, &batch, &count);
    bool done = replies != NULL;
    for (size_t tag = 0; done && tag < count; tag++) {
        uint64_t left = (uint64_t)reply_number(replies[tag]);
        snprintf(key, sizeof key, "nb:{q%03x}:%s", (unsigned)tag / PARTS, parts[tag % PARTS]);
        done = !left || drop(work, text_of(key));
        work->done->senders_gone += left;
    }
    redis_replies_free(replies, count);
    return done;
}

/* ---- the whole ---- */

static bool load(struct redis_sync *redis, const char *script, size_t size)
{
    const struct bytes words[] = {{(const uint8_t *)"FUNCTION", 8}, {(const uint8_t *)"LOAD", 4},
        {(const uint8_t *)"REPLACE", 7}, {(const uint8_t *)script, size}};
    return told(redis_ask_words(redis, words, 4));
}

/* "<version> 5 6" in place of what is there. */
static bool set_layout(struct redis_sync *redis, const struct migration *done, const char *version)
{
    const char *precisions = strchr(done->layout, ' ');
    char text[64];
    snprintf(text, sizeof text, "%s%s", version, precisions ? precisions : "");
    return redis_tell(redis, "SET nb:layout %s", text);
}

bool migration_run(struct redis_sync *redis, bool dry, struct migration *out)
{
    struct work work = {redis, out, dry};
    char half[16], whole[16];
    snprintf(half, sizeof half, "%d>%d", LAYOUT_BEFORE, LAYOUT_VERSION);
    snprintf(whole, sizeof whole, "%d", LAYOUT_VERSION);
    if (!load(redis, migration_script, migration_script_size))
        return false;
    if (!dry && (!load(redis, store_scripts, store_scripts_size) || !set_layout(redis, out, half)))
        return false;
    if (!rename_key(&work, "nb:banned", "nb:{banned}:until") ||
        !rename_key(&work, "nb:geocode-schemes", "nb:{geocode-schemes}:names") ||
        !redis_walk(redis, "nb:*", PAGE, take_page, &work) || (!dry && !drop_repeats(&work)) ||
        !drop(&work, TEXT("nb:sharing")))
        return false;
    return dry || set_layout(redis, out, whole);
}

enum migration_state migration_look(struct redis_sync *redis, struct migration *out)
{
    *out = (struct migration){0};
    redisReply *reply = redis_ask(redis, "GET nb:layout");
    if (!reply)
        return MIGRATION_FAILED;
    snprintf(out->layout, sizeof out->layout, "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    if (!*out->layout)
        return MIGRATION_EMPTY;
    char *end;
    long version = strtol(out->layout, &end, 10);
    if (version == LAYOUT_VERSION)
        return MIGRATION_NONE;
    if (version != LAYOUT_BEFORE)
        return MIGRATION_UNKNOWN;
    return *end == '>' ? MIGRATION_HALF : MIGRATION_DUE;
}

int migration_in_use(struct redis_sync *redis)
{
    uint16_t slots[MASTERS_MOST];
    size_t count;
    int in_use = redis_masters(redis, slots, MASTERS_MOST, &count) ? 0 : -1;
    for (size_t i = 0; in_use == 0 && i < count; i++) {
        redisReply *reply = redis_ask_at(redis, slots[i], "PUBSUB NUMSUB nb:sessions");
        in_use = reply ? reply_number(reply_at(reply, 1)) > 0 : -1;
        freeReplyObject(reply);
    }
    return in_use;
}
