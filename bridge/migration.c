/* The work on each key is done by functions of their own (scripts/migration.lua); here is what is found by
 * looking through all keys, and the order: nb:layout is raised when all else is done. */
#include "bridge/migration.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/sharing_index.h"
#include "bridge/store_inside.h"
#include "bridge/store_layout.h"

extern const char migration_script[];
extern const size_t migration_script_size;

enum { PAGE = 500, Q_TAGS = 4096, FIELD_MOST = 60, DIGEST = 16, PRINCIPAL = 256 };

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

/* ---- one step ---- */

/* Asks one of the functions about this key; NULL: redis->error. */
static redisReply *step(struct work *work, const char *function, struct text key)
{
    struct command command = {0};
    command_function(&command, function, 1, 1);
    command_view(&command, key);
    command_number(&command, work->dry);
    return redis_ask_command(work->redis, &command);
}

static bool counted(struct work *work, const char *function, struct text key, uint64_t *count)
{
    redisReply *reply = step(work, function, key);
    if (reply)
        *count += (uint64_t)reply_number(reply);
    return told(reply);
}

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

static bool repeats(struct work *work, struct text key)
{
    redisReply *reply = step(work, "nb_migrate_repeats", key);
    if (reply) {
        work->done->senders += (uint64_t)reply_number(reply_at(reply, 0));
        work->done->senders_gone += (uint64_t)reply_number(reply_at(reply, 1));
    }
    return told(reply);
}

/* A sender and instance whose name is too long to be a field: the digest is. */
static bool named(struct work *work, struct text principal, struct text instance)
{
    static const char *const parts[] = {"seq", "once"};
    struct buffer names = {0};
    uint8_t field[1 + EVP_MAX_MD_SIZE] = {0xff};
    bool done = true;
    buffer_put(&names, principal.data, principal.len);
    buffer_number(&names, 0, 1);
    buffer_put(&names, instance.data, instance.len);
    uint32_t hash = hash_of(names.data, names.len);
    EVP_Digest(names.data, names.len, field + 1, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; done && names.len > FIELD_MOST && i < 2; i++) {
        struct command command = {0};
        char key[32];
        snprintf(key, sizeof key, "nb:{q%03x}:%s", (hash ^ hash >> 16) % Q_TAGS, parts[i]);
        command_function(&command, "nb_migrate_named", 1, 3);
        command_text(&command, key);
        command_bytes(&command, field, 1 + DIGEST);
        command_bytes(&command, names.data, names.len);
        command_number(&command, work->dry);
        redisReply *reply = redis_ask_command(work->redis, &command);
        if (reply)
            work->done->senders += (uint64_t)reply_number(reply);
        done = told(reply);
    }
    buffer_free(&names);
    return done;
}

/* All instances of a principal that are known. */
static bool principal(struct work *work, struct text key)
{
    static const char *const lists[] = {"SMEMBERS nb:{p:%s}:clients", "HKEYS nb:{p:%s}:instances"};
    static const size_t head = sizeof "nb:{p:" - 1, tail = sizeof "}:principal" - 1;
    char name[PRINCIPAL];
    snprintf(name, sizeof name, "%.*s", (int)(key.len - head - tail), key.data + head);
    bool done = named(work, text_of(name), TEXT("\x01node"));
    for (size_t list = 0; done && list < 2; list++) {
        redisReply *reply = redis_ask(work->redis, lists[list], name);
        for (size_t i = 0; done && i < reply_count(reply); i++)
            done = named(work, text_of(name), reply_text(reply_at(reply, i)));
        done = told(reply) && done;
    }
    return done;
}

static bool packets(struct work *work, struct text key)
{
    return counted(work, "nb_migrate_packets", key, &work->done->packets);
}

static bool code(struct work *work, struct text key)
{
    return counted(work, "nb_migrate_code", key, &work->done->codes);
}

static bool forget(struct work *work, struct text key)
{
    return counted(work, "nb_migrate_forget", key, &work->done->forgets);
}

static bool region(struct work *work, struct text key)
{
    return counted(work, "nb_migrate_region", key, &work->done->regions);
}

static bool household(struct work *work, struct text key)
{
    static const size_t head = sizeof "nb:{h:" - 1, tail = sizeof "}:members" - 1;
    char name[PRINCIPAL];
    snprintf(name, sizeof name, "%.*s", (int)(key.len - head - tail), key.data + head);
    work->done->households++;
    return work->dry || sharing_index_refresh(work->redis, name);
}

static bool lease(struct work *work, struct text key)
{
    work->done->leases++;
    return drop(work, key);
}

static bool geocodes(struct work *work, struct text key)
{
    char from[PRINCIPAL], to[PRINCIPAL + 8];
    snprintf(from, sizeof from, "%.*s", (int)key.len, key.data);
    snprintf(to, sizeof to, "nb:{geocodes}:%s", from + sizeof "nb:geocodes:" - 1);
    return rename_key(work, from, to);
}

static const struct kind {
    const char *begins, *part, *ends;
    bool (*work)(struct work *work, struct text key);
} kinds[] = {
    {"nb:{p:", "}:principal", "}:principal", principal},
    {"nb:{q", "}:seq", "}:seq", repeats},
    {"nb:{q", "}:once", "}:once", repeats},
    {"nb:{p:", "}:q2:", "", packets},
    {"nb:{code:", "}:code", "}:code", code},
    {"nb:{forget}:work:", "", "", forget},
    {"nb:{r", "}:share", "}:share", region},
    {"nb:{h:", "}:members", "}:members", household},
    {"nb:lease:", "", "", lease},
    {"nb:geocodes:", "", "", geocodes},
};

static bool is_of(const struct kind *kind, struct text key)
{
    return begins(key, kind->begins) && ends(key, kind->ends) &&
           (!*kind->part || memmem(key.data, key.len, kind->part, strlen(kind->part)));
}

static bool take_key(struct work *work, struct text key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is_of(&kinds[i], key))
            return kinds[i].work(work, key);
    return true;
}

static bool take_all(struct work *work)
{
    char cursor[24] = "0";
    bool done;
    do {
        redisReply *reply = redis_ask(work->redis, "SCAN %s MATCH nb:* COUNT %d", cursor, PAGE);
        done = reply_count(reply) == 2;
        if (done)
            snprintf(cursor, sizeof cursor, "%s", reply_text(reply_at(reply, 0)).data);
        for (size_t i = 0; done && i < reply_count(reply_at(reply, 1)); i++)
            done = take_key(work, reply_text(reply_at(reply_at(reply, 1), i)));
        freeReplyObject(reply);
    } while (done && strcmp(cursor, "0") != 0);
    return done;
}

/* Senders of long names of whom nothing is known any more. */
static bool drop_repeats(struct work *work)
{
    static const char *const parts[] = {"seq", "once"};
    for (unsigned tag = 0; tag < 2 * Q_TAGS; tag++) {
        char key[32];
        snprintf(key, sizeof key, "nb:{q%03x}:%s", tag / 2, parts[tag % 2]);
        redisReply *reply = redis_ask(work->redis, "HLEN %s", key);
        uint64_t left = reply ? (uint64_t)reply_number(reply) : 0;
        if (!told(reply) || (left && !drop(work, text_of(key))))
            return false;
        work->done->senders_gone += left;
    }
    return true;
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
        !rename_key(&work, "nb:geocode-schemes", "nb:{geocode-schemes}:names") || !take_all(&work) ||
        (!dry && !drop_repeats(&work)) || !drop(&work, TEXT("nb:sharing")))
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
    redisReply *reply = redis_ask(redis, "PUBSUB NUMSUB nb:sessions");
    int in_use = reply ? reply_number(reply_at(reply, 1)) > 0 : -1;
    freeReplyObject(reply);
    return in_use;
}
