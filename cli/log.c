/* neighbors log head, neighbors log prove: the newest head of the public record, and that a leaf is in it. */
#include "cli/log.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/columns.h"
#include "proto/codec.h"

/* ---- keys and heads ---- */

enum exit_code log_find_key(const struct invocation *invocation, const char *option,
    const struct log_head *head, struct log_public *out)
{
    char own[COMMAND_FIELD + 32];
    const char *error;
    snprintf(own, sizeof own, "%s/log.pub", invocation->common.keys);
    const char *path = option ? option : access(own, R_OK) == 0 ? own : NULL;
    if (path)
        return log_public_read(path, out, &error)
                   ? EXIT_DONE
                   : cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", path, error);
    memcpy(out->key, head->public_key, LOG_KEY);
    out->formers = head->formers;
    return head->has_key
               ? EXIT_DONE
               : cli_fail(invocation, EXIT_REFUSED, "say with which key heads are signed: --key FILE");
}

/* The key that signed, among those that are trusted, or among those to which one of them leads; NULL: none.
 */
static const uint8_t *signer_of(
    const struct log_head *head, const struct log_public *trusted, const struct log_public *told)
{
    const uint8_t *signer = log_public_signer(trusted, &head->head);
    bool succeeded =
        !signer && head->has_key && log_succession_leads(&told->formers, trusted->key, told->key);
    return succeeded ? log_public_signer(told, &head->head) : signer;
}

enum exit_code log_check_head(
    const struct invocation *invocation, struct log_head *head, const struct log_public *trusted)
{
    struct log_public told = {.formers = head->formers};
    memcpy(told.key, head->public_key, LOG_KEY);
    head->head.root_hash = (struct bytes){head->root, sizeof head->root};
    head->head.key_id = (struct bytes){head->key_id, sizeof head->key_id};
    head->head.signature = (struct bytes){head->signature, sizeof head->signature};
    const uint8_t *signer = signer_of(head, trusted, &told);
    if (!signer)
        return cli_fail(invocation, EXIT_REFUSED,
            "the head of %" PRIu64
            " leaves was not signed with this key, nor with one that it gave its word for",
            head->head.size);
    memcpy(head->public_key, signer, LOG_KEY);
    return EXIT_DONE;
}

static const char *say_time(int64_t ms, char out[32])
{
    time_t seconds = ms / 1000;
    struct tm when;
    if (!gmtime_r(&seconds, &when) || !strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &when))
        strcpy(out, "?");
    return out;
}

void log_head_print(const struct log_head *head)
{
    char when[32];
    printf("%" PRIu64 " leaves, signed %s, root ", head->head.size, say_time(head->head.at, when));
    for (size_t i = 0; i < sizeof head->root; i++)
        printf("%02x", head->root[i]);
    puts("");
}

/* ---- leaves ---- */

static bool read_leaf(struct bytes leaf, struct arena *arena, struct log_leaf *out)
{
    struct refusal refusal;
    return codec_decode_log_leaf(ENCODING_PROTOBUF, leaf, arena, out, &refusal);
}

json_t *log_leaf_json(struct bytes leaf, struct arena *arena)
{
    struct log_leaf read;
    if (!read_leaf(leaf, arena, &read))
        return json_null();
    struct bytes text = codec_encode_log_leaf(ENCODING_JSON, &read, arena);
    json_t *value = json_loadb((const char *)text.data, text.len, 0, NULL);
    return value ? value : json_null();
}

static void print_part(const char *before, struct text text)
{
    char clean[COLUMN_TEXT];
    column_clean(text, clean);
    if (text.len)
        printf("%s%s", before, clean);
}

bool log_leaf_print(struct bytes leaf, struct arena *arena)
{
    struct log_leaf read;
    char when[32];
    if (!read_leaf(leaf, arena, &read))
        return false;
    printf("%" PRIu64 " %s", read.index, say_time(read.at, when));
    print_part(" ", read.what);
    print_part(" by ", read.agency);
    print_part(", ", read.agency_name);
    print_part(" of ", read.subject);
    print_part(" alert ", read.public_id);
    if (read.revision)
        printf(" revision %u", read.revision);
    print_part(" case ", read.case_number);
    if (read.count)
        printf(" count %" PRIu64, read.count);
    print_part(": ", read.text);
    puts("");
    return true;
}

/* ---- head ---- */

enum { HTTP, KEY };
static const struct option_row options[] = {[HTTP] = LOG_HTTP_OPTION, [KEY] = LOG_KEY_OPTION, {0}};

static enum exit_code find_head(struct log_source *source, struct log_head *head)
{
    const struct invocation *invocation = source->invocation;
    struct log_public trusted;
    enum exit_code code = log_source_head(source, head);
    if (code == EXIT_DONE)
        code = log_find_key(invocation, invocation->value[KEY], head, &trusted);
    return code == EXIT_DONE ? log_check_head(invocation, head, &trusted) : code;
}

static enum exit_code run_head(struct invocation *invocation)
{
    struct log_source source;
    struct log_head head;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "log head takes no arguments");
    log_source_begin(&source, invocation, invocation->value[HTTP], NULL, NULL);
    enum exit_code code = find_head(&source, &head);
    if (code == EXIT_DONE && invocation->common.json)
        cli_print_json(log_head_write(&head));
    else if (code == EXIT_DONE)
        log_head_print(&head);
    log_source_end(&source);
    return code;
}

/* ---- prove ---- */

static enum exit_code check_leaf(struct log_source *source, const struct log_head *head, uint64_t index,
    const struct merkle_hash *hash, size_t *count, struct merkle_hash path[MERKLE_PATH])
{
    char asked[96];
    struct merkle_hash root;
    memcpy(root.bytes, head->root, MERKLE_HASH);
    snprintf(asked, sizeof asked, "proof?leaf=%" PRIu64 "&size=%" PRIu64, index, head->head.size);
    enum exit_code code = log_source_path(source, asked, path, count);
    if (code != EXIT_DONE || merkle_check_inclusion(hash, index, head->head.size, path, *count, &root))
        return code;
    return cli_fail(
        source->invocation, EXIT_REFUSED, "leaf %" PRIu64 " is not in the tree of the head", index);
}

static void print_proof(const struct invocation *invocation, const struct log_head *head, uint64_t index,
    struct bytes leaf, const struct merkle_hash *path, size_t count)
{
    struct arena arena;
    json_t *list = json_array();
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, log_bytes(path[i].bytes, MERKLE_HASH));
    if (invocation->common.json) {
        cli_print_json(json_pack("{s:b, s:I, s:o, s:O, s:o}", "ok", 1, "leaf", (json_int_t)index, "act",
            log_leaf_json(leaf, &arena), "path", list, "head", log_head_write(head)));
    } else {
        (void)log_leaf_print(leaf, &arena);
        printf("is leaf %" PRIu64 " of the %" PRIu64 " that were signed: proved by %zu hashes\n", index,
            head->head.size, count);
    }
    json_decref(list);
    arena_free(&arena);
}

static enum exit_code prove(struct log_source *source, uint64_t index)
{
    struct log_head head;
    const struct told_leaf *leaves;
    struct merkle_hash hash, path[MERKLE_PATH];
    struct arena arena;
    size_t count, length;
    enum exit_code code = find_head(source, &head);
    if (code != EXIT_DONE || (code = log_source_leaves(source, index, &leaves, &count)) != EXIT_DONE)
        return code;
    if (count == 0 || !leaves->there)
        return cli_fail(source->invocation, EXIT_REFUSED, "there is no leaf %" PRIu64, index);
    arena_init(&arena, NULL, 0);
    struct bytes leaf = {
        (uint8_t *)arena_copy(&arena, leaves->leaf.data, leaves->leaf.len), leaves->leaf.len};
    merkle_leaf(leaf, &hash);
    code = check_leaf(source, &head, index, &hash, &length, path);
    if (code == EXIT_DONE)
        print_proof(source->invocation, &head, index, leaf, path, length);
    arena_free(&arena);
    return code;
}

static enum exit_code run_prove(struct invocation *invocation)
{
    struct log_source source;
    int64_t index;
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say which leaf: log prove N");
    if (!cli_number(invocation, "N", invocation->arguments[0], 0, INT64_C(1) << 52, &index))
        return EXIT_USAGE;
    log_source_begin(&source, invocation, invocation->value[HTTP], NULL, NULL);
    enum exit_code code = prove(&source, (uint64_t)index);
    log_source_end(&source);
    return code;
}

const struct command command_log_head = {
    "log head", "the newest signed head of the public record", "", options, run_head};
const struct command command_log_prove = {
    "log prove", "show a leaf of the public record and prove that it is in it", "N", options, run_prove};
