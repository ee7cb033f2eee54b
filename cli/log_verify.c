/* neighbors log verify: reads the whole public record, recomputes it, and holds it against the head that was
 * remembered the last time. What was rewritten, dropped or moved since, or a head that does not go on with
 * the remembered one, ends with 1 and is named. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/log.h"
#include "proto/codec.h"

enum { HTTP, KEY, STATE, HEAD, LEAVES };
static const struct option_row options[] = {
    [HTTP] = LOG_HTTP_OPTION,
    [KEY] = LOG_KEY_OPTION,
    [STATE] = {"state", "FILE", "the head that is remembered (DIR/log-head.json)"},
    [HEAD] = {"head", "FILE", "what /v1/log/head answered, in place of asking"},
    [LEAVES] = {"leaves", "FILE", "what /v1/log/leaves answered, page after page, in place of asking"},
    {0},
};
enum { SAMPLES = 17, PATH_TEXT = COMMAND_FIELD + 32 };

struct verification {
    struct log_source source;
    const struct invocation *invocation;
    struct log_head head, before;        /* now; remembered */
    bool remembered, succeeded;          /* by another key than was remembered, which that one led to */
    struct merkle_peaks tree;            /* of the leaves that were read */
    struct merkle_hash before_root;      /* of as many leaves as the remembered head had */
    struct merkle_hash samples[SAMPLES]; /* of leaves spread over all, whose proofs are asked for */
    char fault[256];                     /* the first thing that is wrong; "" */
};

/* Notes what is wrong; what was noted before stands. */
__attribute__((format(printf, 2, 3))) static void find_fault(struct verification *v, const char *format, ...)
{
    va_list arguments;
    if (*v->fault)
        return;
    va_start(arguments, format);
    vsnprintf(v->fault, sizeof v->fault, format, arguments);
    va_end(arguments);
}

/* ---- what is remembered ---- */

static void state_path(const struct invocation *invocation, char out[PATH_TEXT])
{
    if (invocation->value[STATE])
        snprintf(out, PATH_TEXT, "%s", invocation->value[STATE]);
    else
        snprintf(out, PATH_TEXT, "%s/log-head.json", invocation->common.data);
}

static enum exit_code recall(struct verification *v)
{
    char path[PATH_TEXT];
    json_error_t error;
    state_path(v->invocation, path);
    FILE *file = fopen(path, "re");
    if (!file)
        return EXIT_DONE;
    json_t *value = json_loadf(file, 0, &error);
    fclose(file);
    v->remembered = value && log_head_read(value, &v->before) && v->before.has_key;
    json_decref(value);
    if (!v->remembered)
        return cli_fail(v->invocation, EXIT_REFUSED, "%.200s holds no head that can be remembered", path);
    struct log_public key = {0};
    memcpy(key.key, v->before.public_key, LOG_KEY);
    return log_check_head(v->invocation, &v->before, &key);
}

static enum exit_code keep(const struct verification *v)
{
    char path[PATH_TEXT];
    json_t *value = log_head_write(&v->head);
    char *text = json_dumps(value, JSON_COMPACT);
    state_path(v->invocation, path);
    bool written = text && cli_write_secret(path, text);
    free(text);
    json_decref(value);
    return written ? EXIT_DONE : cli_fail(v->invocation, EXIT_REFUSED, "%.200s cannot be written", path);
}

/* ---- heads ---- */

static enum exit_code take_head(struct verification *v)
{
    struct log_public trusted = {0};
    enum exit_code code = log_source_head(&v->source, &v->head);
    if (code != EXIT_DONE)
        return code;
    if (v->remembered && !v->invocation->value[KEY])
        memcpy(trusted.key, v->before.public_key, LOG_KEY);
    else
        code = log_find_key(v->invocation, v->invocation->value[KEY], &v->head, &trusted);
    if (code == EXIT_DONE)
        code = log_check_head(v->invocation, &v->head, &trusted);
    v->succeeded = v->remembered && memcmp(v->head.public_key, v->before.public_key, LOG_KEY) != 0;
    return code;
}

static void compare_heads(struct verification *v)
{
    uint64_t before = v->before.head.size, now = v->head.head.size;
    if (now < before)
        find_fault(v, "the record was rolled back: it had %" PRIu64 " leaves, now its head has %" PRIu64,
            before, now);
    else if (now == before && memcmp(v->before.root, v->head.root, MERKLE_HASH) != 0)
        find_fault(v, "the head forked: two heads of %" PRIu64 " leaves have different roots", now);
}

/* ---- leaves ---- */

static uint64_t sample_at(const struct verification *v, size_t sample)
{
    return v->head.head.size ? sample * (v->head.head.size - 1) / (SAMPLES - 1) : 0;
}

static void check_leaf(struct verification *v, uint64_t index, const struct told_leaf *told)
{
    struct log_leaf leaf;
    struct refusal refusal;
    struct arena arena;
    struct merkle_hash hash = {{0}};
    if (!told->there) {
        find_fault(v, "leaf %" PRIu64 " was dropped: nothing stands in its place", index);
        return;
    }
    merkle_leaf(told->leaf, &hash);
    arena_init(&arena, NULL, 0);
    if (!codec_decode_log_leaf(ENCODING_PROTOBUF, told->leaf, &arena, &leaf, &refusal))
        find_fault(v, "leaf %" PRIu64 " was rewritten: it cannot be read", index);
    else if (leaf.index != index)
        find_fault(v,
            "leaves were reordered: in the place of leaf %" PRIu64 " stands one that was leaf %" PRIu64,
            index, leaf.index);
    else if (told->hashed && !merkle_equal(&hash, &told->hash))
        find_fault(v, "leaf %" PRIu64 " was rewritten: it has not the hash that the tree has of it", index);
    arena_free(&arena);
    for (size_t i = 0; i < SAMPLES; i++) {
        if (sample_at(v, i) == index)
            v->samples[i] = hash;
    }
    merkle_append(&v->tree, &hash, NULL, NULL);
    if (v->remembered && v->tree.size == v->before.head.size)
        merkle_root(&v->tree, &v->before_root);
}

static enum exit_code read_leaves(struct verification *v)
{
    uint64_t size = v->head.head.size;
    const struct told_leaf *leaves;
    size_t count = 1;
    merkle_root(&v->tree, &v->before_root);
    while (v->tree.size < size && count && !*v->fault) {
        enum exit_code code = log_source_leaves(&v->source, v->tree.size, &leaves, &count);
        if (code != EXIT_DONE)
            return code;
        for (size_t i = 0; i < count && v->tree.size < size && !*v->fault; i++)
            check_leaf(v, v->tree.size, &leaves[i]);
    }
    if (v->tree.size < size)
        find_fault(
            v, "leaves were dropped: the head has %" PRIu64 ", %" PRIu64 " are there", size, v->tree.size);
    return EXIT_DONE;
}

static void compare_roots(struct verification *v)
{
    struct merkle_hash root;
    merkle_root(&v->tree, &root);
    if (v->remembered && memcmp(v->before_root.bytes, v->before.root, MERKLE_HASH) != 0)
        find_fault(v,
            "one of the first %" PRIu64 " leaves is not what it was: they do not make the remembered root",
            v->before.head.size);
    if (memcmp(root.bytes, v->head.root, MERKLE_HASH) != 0)
        find_fault(v,
            "a leaf is not what was signed: all %" PRIu64 " together do not make the root of the head",
            v->tree.size);
}

/* ---- proofs, as the broker gives them ---- */

static enum exit_code prove_consistency(struct verification *v, const struct merkle_hash *root)
{
    char asked[96];
    struct merkle_hash path[MERKLE_PATH], before;
    size_t count;
    if (!v->remembered || v->before.head.size == 0)
        return EXIT_DONE;
    memcpy(before.bytes, v->before.root, MERKLE_HASH);
    snprintf(asked, sizeof asked, "consistency?from=%" PRIu64 "&to=%" PRIu64, v->before.head.size,
        v->head.head.size);
    enum exit_code code = log_source_path(&v->source, asked, path, &count);
    if (code == EXIT_DONE &&
        !merkle_check_consistency(v->before.head.size, &before, v->head.head.size, root, path, count))
        find_fault(v, "the head forked: it does not go on with the remembered one of %" PRIu64 " leaves",
            v->before.head.size);
    return code;
}

static enum exit_code prove_inclusion(struct verification *v, const struct merkle_hash *root)
{
    char asked[96];
    struct merkle_hash path[MERKLE_PATH];
    size_t count;
    for (size_t i = 0; i < SAMPLES && v->tree.size; i++) {
        uint64_t at = sample_at(v, i);
        if (i && at == sample_at(v, i - 1))
            continue;
        snprintf(asked, sizeof asked, "proof?leaf=%" PRIu64 "&size=%" PRIu64, at, v->tree.size);
        enum exit_code code = log_source_path(&v->source, asked, path, &count);
        if (code != EXIT_DONE)
            return code;
        if (!merkle_check_inclusion(&v->samples[i], at, v->tree.size, path, count, root))
            find_fault(v, "nodes of the tree were changed: leaf %" PRIu64 " cannot be proved", at);
    }
    return EXIT_DONE;
}

static enum exit_code prove(struct verification *v)
{
    struct merkle_hash root;
    memcpy(root.bytes, v->head.root, MERKLE_HASH);
    if (v->source.leaves)
        return EXIT_DONE; /* recomputed already, and nobody is asked */
    enum exit_code code = prove_consistency(v, &root);
    return code == EXIT_DONE ? prove_inclusion(v, &root) : code;
}

/* ---- the end ---- */

static enum exit_code tell(const struct verification *v)
{
    if (*v->fault)
        return cli_fail(v->invocation, EXIT_REFUSED, "%s", v->fault);
    enum exit_code code = keep(v);
    if (code != EXIT_DONE)
        return code;
    if (v->invocation->common.json) {
        json_t *told = log_head_write(&v->head);
        json_object_set_new(told, "ok", json_true());
        json_object_set_new(
            told, "remembered", v->remembered ? json_integer((json_int_t)v->before.head.size) : json_null());
        json_object_set_new(told, "succeeded", json_boolean(v->succeeded));
        cli_print_json(told);
        return EXIT_DONE;
    }
    log_head_print(&v->head);
    if (v->succeeded)
        puts("It is signed with another key than the one remembered.");
    if (v->remembered)
        printf("Every leaf is as it was signed, and the record goes on with the %" PRIu64
               " leaves remembered.\n",
            v->before.head.size);
    else {
        char path[PATH_TEXT];
        state_path(v->invocation, path);
        printf("Every leaf is as it was signed; this head is remembered from now on, in %s.\n", path);
    }
    return EXIT_DONE;
}

static enum exit_code verify(struct verification *v)
{
    enum exit_code code = recall(v);
    if (code == EXIT_DONE)
        code = take_head(v);
    if (code != EXIT_DONE)
        return code;
    if (v->remembered)
        compare_heads(v);
    if (!*v->fault)
        code = read_leaves(v);
    if (code == EXIT_DONE && !*v->fault)
        compare_roots(v);
    if (code == EXIT_DONE && !*v->fault)
        code = prove(v);
    return code == EXIT_DONE ? tell(v) : code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct verification v = {.invocation = invocation};
    const char *const *value = invocation->value;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "log verify takes no arguments");
    if (!value[HEAD] != !value[LEAVES])
        return cli_fail(invocation, EXIT_USAGE, "files come together: --head FILE --leaves FILE");
    log_source_begin(&v.source, invocation, value[HTTP], value[HEAD], value[LEAVES]);
    enum exit_code code = verify(&v);
    log_source_end(&v.source);
    return code;
}

const struct command command_log_verify = {"log verify",
    "recompute the public record and hold it against the head that is remembered", "", options, run};
