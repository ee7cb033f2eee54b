/* Answers of /v1/log/… over HTTP (libcurl), patient with a broker that rations them; or the same answers out
 * of files, one JSON value after the other. */
#include "cli/log_source.h"

#include <string.h>
#include <time.h>

#include "bridge/base64url.h"
#include "bridge/feed/fetch.h"

enum { TIMEOUT_MS = 30000, ANSWER_MOST = 16 << 20 };
enum { PATIENCE = 60, PAUSE_MS = 1000, PAGE = 512 };

void log_source_begin(struct log_source *source, const struct invocation *invocation, const char *http,
    const char *head, const char *leaves)
{
    *source = (struct log_source){.invocation = invocation, .http = http, .head = head, .leaves = leaves};
    arena_init(&source->arena, NULL, 0);
    fetch_begin();
}

void log_source_end(struct log_source *source)
{
    fetch_end();
    arena_free(&source->arena);
}

/* ---- JSON ---- */

json_t *log_bytes(const void *data, size_t len)
{
    char text[BASE64URL_TEXT(LOG_SIGNATURE) + 4];
    if (len > LOG_SIGNATURE)
        return json_null();
    base64url_encode((struct bytes){data, len}, text);
    return json_string(text);
}

static bool read_bytes(const json_t *object, const char *name, void *out, size_t len)
{
    const json_t *value = json_object_get(object, name);
    size_t got = 0;
    return json_is_string(value) && base64url_decode(text_of(json_string_value(value)), out, len, &got) &&
           got == len;
}

/* More than can be read are as good as none: they are followed from the newest on. */
static void read_formers(const json_t *list, struct log_formers *out)
{
    for (size_t i = 0; i < json_array_size(list) && i < LOG_FORMER_MOST; i++) {
        const json_t *one = json_array_get(list, i);
        struct log_former *former = &out->keys[i];
        if (!read_bytes(one, "public_key", former->public_key, LOG_KEY) ||
            !read_bytes(one, "signature", former->signature, LOG_SIGNATURE))
            return;
        out->count++;
    }
}

bool log_head_read(const json_t *value, struct log_head *out)
{
    const json_t *size = json_object_get(value, "size"), *at = json_object_get(value, "at");
    *out = (struct log_head){0};
    if (!json_is_integer(size) || !json_is_integer(at) || json_integer_value(size) < 0 ||
        json_integer_value(at) < 0 || !read_bytes(value, "root_hash", out->root, sizeof out->root) ||
        !read_bytes(value, "key_id", out->key_id, sizeof out->key_id) ||
        !read_bytes(value, "signature", out->signature, sizeof out->signature))
        return false;
    out->has_key = read_bytes(value, "public_key", out->public_key, sizeof out->public_key);
    read_formers(json_object_get(value, "former_keys"), &out->formers);
    out->head = (struct tree_head){.size = (uint64_t)json_integer_value(size), .at = json_integer_value(at)};
    return true;
}

json_t *log_head_write(const struct log_head *head)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "size", (json_int_t)head->head.size, "at",
        (json_int_t)head->head.at, "root_hash", log_bytes(head->root, sizeof head->root), "key_id",
        log_bytes(head->key_id, sizeof head->key_id), "signature",
        log_bytes(head->signature, sizeof head->signature), "public_key",
        log_bytes(head->public_key, sizeof head->public_key));
}

/* ---- HTTP ---- */

static void rest(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* An answer; while there are too many requests, or the broker is busy, it is asked again. */
static bool fetch_patiently(
    const struct fetch_request *request, struct arena *arena, struct fetch_answer *answer)
{
    for (int tries = 0; fetch(request, arena, answer); tries++) {
        if ((answer->status != 429 && answer->status != 503) || tries == PATIENCE)
            return true;
        rest(answer->retry_after_ms > 0 && answer->retry_after_ms < PAUSE_MS ? answer->retry_after_ms
                                                                             : PAUSE_MS);
    }
    return false;
}

static enum exit_code ask(struct log_source *source, const char *path, json_t **out)
{
    char url[ADDRESS_TEXT + 128];
    struct address broker;
    struct fetch_answer answer;
    const char *field = "", *rule = "it says nothing that can be read";
    if (!cli_http(source->invocation, "--http", source->http, &broker))
        return EXIT_REFUSED;
    snprintf(url, sizeof url, "%s/v1/log/%s", broker.text, path);
    const struct fetch_request request = {.url = url,
        .allow_http = true, /* nothing is secret, and what comes is checked */
        .allow_private = true,
        .timeout_ms = TIMEOUT_MS,
        .most = ANSWER_MOST,
        .ca = source->invocation->common.tls_ca};
    arena_free(&source->arena);
    arena_init(&source->arena, NULL, 0);
    if (!fetch_patiently(&request, &source->arena, &answer))
        return cli_fail(source->invocation, EXIT_UNREACHABLE, "cannot reach %s (%s): %s", broker.text,
            broker.from, answer.error);
    *out = json_loadb((const char *)answer.body.data, answer.body.len, 0, NULL);
    if (answer.status == 200 && json_is_object(*out))
        return EXIT_DONE;
    if (*out)
        json_unpack(*out, "{s?s, s?s}", "field", &field, "rule", &rule);
    enum exit_code code = cli_fail(source->invocation, answer.status > 500 ? EXIT_UNREACHABLE : EXIT_REFUSED,
        "%s: %ld: %.200s%s%.200s", url, answer.status, field, *field ? ": " : "", rule);
    json_decref(*out);
    return code;
}

/* ---- files ---- */

static enum exit_code read_head_file(struct log_source *source, json_t **out)
{
    json_error_t error;
    *out = json_load_file(source->head, 0, &error);
    return *out ? EXIT_DONE
                : cli_fail(source->invocation, EXIT_REFUSED, "%.200s: %.200s", source->head, error.text);
}

/* The answer of the file whose leaves begin at `from`; NULL: none. */
static json_t *find_page(FILE *file, uint64_t from)
{
    json_t *page;
    while ((page = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        const json_t *leaves = json_object_get(page, "leaves");
        int64_t begin = json_integer_value(json_object_get(page, "from"));
        if (begin >= 0 && (uint64_t)begin <= from && (uint64_t)begin + json_array_size(leaves) > from)
            break;
        json_decref(page);
    }
    return page;
}

static enum exit_code read_leaves_file(struct log_source *source, uint64_t from, json_t **out)
{
    FILE *file = fopen(source->leaves, "re");
    if (!file)
        return cli_fail(source->invocation, EXIT_REFUSED, "%.200s cannot be read", source->leaves);
    *out = find_page(file, from);
    fclose(file);
    arena_free(&source->arena);
    arena_init(&source->arena, NULL, 0);
    if (!*out)
        *out = json_pack("{s:I, s:[]}", "from", (json_int_t)from, "leaves");
    return EXIT_DONE;
}

/* ---- what is asked for ---- */

enum exit_code log_source_head(struct log_source *source, struct log_head *out)
{
    json_t *value = NULL;
    enum exit_code code = source->head ? read_head_file(source, &value) : ask(source, "head", &value);
    if (code != EXIT_DONE)
        return code;
    bool good = log_head_read(value, out);
    json_decref(value);
    return good ? EXIT_DONE : cli_fail(source->invocation, EXIT_REFUSED, "the head is no signed head");
}

static void take_leaf(struct log_source *source, const json_t *value, struct told_leaf *out)
{
    const json_t *leaf = json_object_get(value, "leaf");
    size_t room = json_string_length(leaf);
    uint8_t *bytes = arena_alloc(&source->arena, room + 1);
    *out = (struct told_leaf){0};
    out->there = json_is_string(leaf) &&
                 base64url_decode(text_of(json_string_value(leaf)), bytes, room, &out->leaf.len);
    out->leaf.data = bytes;
    out->hashed = read_bytes(value, "hash", out->hash.bytes, MERKLE_HASH);
}

enum exit_code log_source_leaves(
    struct log_source *source, uint64_t from, const struct told_leaf **out, size_t *count)
{
    char path[64];
    json_t *value = NULL;
    snprintf(path, sizeof path, "leaves?from=%llu&count=%d", (unsigned long long)from, PAGE);
    enum exit_code code = source->leaves ? read_leaves_file(source, from, &value) : ask(source, path, &value);
    if (code != EXIT_DONE)
        return code;
    const json_t *list = json_object_get(value, "leaves");
    int64_t begin = json_integer_value(json_object_get(value, "from"));
    size_t skip = begin >= 0 && (uint64_t)begin <= from ? (size_t)(from - (uint64_t)begin) : 0;
    *count = json_array_size(list) > skip ? json_array_size(list) - skip : 0;
    struct told_leaf *leaves = arena_alloc(&source->arena, (*count + 1) * sizeof *leaves);
    for (size_t i = 0; i < *count; i++)
        take_leaf(source, json_array_get(list, skip + i), &leaves[i]);
    *out = leaves;
    json_decref(value);
    return EXIT_DONE;
}

enum exit_code log_source_path(
    struct log_source *source, const char *path, struct merkle_hash out[MERKLE_PATH], size_t *count)
{
    json_t *value = NULL;
    enum exit_code code = ask(source, path, &value);
    if (code != EXIT_DONE)
        return code;
    const json_t *list = json_object_get(value, "path");
    *count = json_array_size(list);
    bool good = json_is_array(list) && *count <= MERKLE_PATH;
    for (size_t i = 0; good && i < *count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t got = 0;
        good = text && base64url_decode(text_of(text), out[i].bytes, MERKLE_HASH, &got) && got == MERKLE_HASH;
    }
    json_decref(value);
    return good ? EXIT_DONE : cli_fail(source->invocation, EXIT_REFUSED, "%s: no proof came", path);
}
