/* /v1/log/…: the public record, for everybody: its keys, the newest signed head, the leaves that it covers,
 * and the proofs of RFC 9162 that they are in it and that it goes on with an earlier one. Bytes are base64url
 * without padding. Leaves and proofs below a head never change, so that they may be kept by whoever is on the
 * way. */
#include "bridge/base64url.h"
#include "bridge/log_succession.h"
#include "bridge/store_log.h"
#include "broker/net/answer.h"
#include "broker/net/routes.h"
#include "proto/codec.h"

enum { HEAD_AGE_S = 5, LEAVES_AGE_S = 24 * 3600 };

/* ---- what is asked and answered ---- */

static json_t *base64(struct http_request *request, const void *data, size_t len)
{
    char *text = arena_alloc(&request->arena, BASE64URL_TEXT(len) + 4);
    base64url_encode((struct bytes){data, len}, text);
    return json_string(text);
}

static void refuse(struct http_request *request, int status, const char *field, const char *rule)
{
    http_refuse(request, status, field, rule);
    http_header(request, "cache-control:", "public, max-age=%d", HEAD_AGE_S);
    http_done(request);
}

/* A whole number below 2^53; `otherwise` when it is not said. False: the request is refused. */
static bool take_number(struct http_request *request, const char *name, uint64_t otherwise, uint64_t *out)
{
    struct text text;
    *out = otherwise;
    if (!http_argument(request, name, &text)) {
        return true;
    }
    bool good = text.len > 0 && text.len < 16;
    uint64_t value = 0;
    for (size_t i = 0; i < text.len && good; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (!good) {
        refuse(request, 400, name, "a whole number");
        return false;
    }
    *out = value;
    return true;
}

static void answer(struct http_request *request, json_t *value, int age_s)
{
    char tag[FEED_TAG];
    answer_json(request, 200, value);
    feed_tag((struct bytes){(const uint8_t *)request->answer.body, request->answer.len}, tag);
    http_header(request, "cache-control:", "public, max-age=%d", age_s);
    (void)http_unchanged(request, tag, 0);
    http_done(request);
}

/* False: nobody waits, the store failed, or no head was signed yet; the request is done with. */
static bool take_head(
    struct http_request *request, const struct store_log_state *state, struct tree_head *head)
{
    struct refusal refusal;
    if (!http_waiting(request)) {
        http_done(request);
        return false;
    }
    if (state->status != STORE_OK) {
        http_refuse_for(request, 503, "store", "failed", 5);
        http_done(request);
        return false;
    }
    if (!state->head.len ||
        !codec_decode_tree_head(ENCODING_PROTOBUF, state->head, &request->arena, head, &refusal)) {
        refuse(request, 404, "head", "no head was signed yet");
        return false;
    }
    return true;
}

struct log_job {
    uint64_t from, to; /* leaf and size, sizes, or leaf and count */
    struct merkle_plan plan;
};

static struct log_job *new_job(struct http_request *request)
{
    request->job = arena_alloc(&request->arena, sizeof(struct log_job));
    http_within(request, request->net->settings->http_answer_ms);
    return request->job;
}

/* ---- the keys, and the head ---- */

/* The keys before, the newest first, each with its signature of the one that came next: who trusts one of
 * them finds to the one in use. */
static json_t *formers(struct http_request *request)
{
    const struct log_formers *formers = request->net->broker->options.log_formers;
    json_t *list = json_array();
    for (size_t i = 0; formers && i < formers->count; i++) {
        const struct log_former *former = &formers->keys[i];
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "public_key", base64(request, former->public_key, LOG_KEY),
                      "signature", base64(request, former->signature, LOG_SIGNATURE)));
    }
    return list;
}

static void put_keys(struct http_request *request, json_t *value)
{
    struct bytes key = request->net->broker->options.log_public_key;
    if (key.len) {
        json_object_set_new(value, "public_key", base64(request, key.data, key.len));
        json_object_set_new(value, "former_keys", formers(request));
    }
}

/* Also before there is a head: receipts bear the same signature. */
void log_serve_keys(struct http_request *request)
{
    if (!request->net->broker->options.log_public_key.len) {
        refuse(request, 404, "keys", "nothing is signed here");
        return;
    }
    json_t *value = json_object();
    put_keys(request, value);
    answer(request, value, HEAD_AGE_S);
}

static void head_found(void *arg, const struct store_log_nodes *found)
{
    struct http_request *request = arg;
    struct tree_head head;
    if (!take_head(request, &found->state, &head)) {
        return;
    }
    json_t *value = json_pack("{s:I, s:I, s:o, s:o, s:o}", "size", (json_int_t)head.size, "at",
        (json_int_t)head.at, "root_hash", base64(request, head.root_hash.data, head.root_hash.len), "key_id",
        base64(request, head.key_id.data, head.key_id.len), "signature",
        base64(request, head.signature.data, head.signature.len));
    put_keys(request, value);
    answer(request, value, HEAD_AGE_S);
}

void log_serve_head(struct http_request *request)
{
    (void)new_job(request);
    store_log_nodes(request->net->store, NULL, 0, head_found, request);
}

/* ---- leaves ---- */

static json_t *leaf_of(struct http_request *request, const struct store_log_leaf *leaf)
{
    struct log_leaf read;
    struct refusal refusal;
    if (!leaf->leaf.len) {
        return json_null();
    }
    json_t *value = json_pack("{s:o}", "leaf", base64(request, leaf->leaf.data, leaf->leaf.len));
    if (leaf->hashed) {
        json_object_set_new(value, "hash", base64(request, leaf->hash.bytes, MERKLE_HASH));
    }
    if (codec_decode_log_leaf(ENCODING_PROTOBUF, leaf->leaf, &request->arena, &read, &refusal)) {
        struct bytes text = codec_encode_log_leaf(ENCODING_JSON, &read, &request->arena);
        json_t *act = json_loadb((const char *)text.data, text.len, 0, NULL);
        json_object_set_new(value, "act", act ? act : json_null());
    }
    return value;
}

static void leaves_found(void *arg, const struct store_log_leaves *found)
{
    struct http_request *request = arg;
    const struct log_job *job = request->job;
    struct tree_head head;
    if (!take_head(request, &found->state, &head)) {
        return;
    }
    json_t *leaves = json_array();
    for (size_t i = 0; i < found->count && job->from + i < head.size; i++) {
        json_array_append_new(leaves, leaf_of(request, &found->leaves[i]));
    }
    bool settled = job->from + job->to <= head.size;
    answer(request,
        json_pack("{s:I, s:I, s:o}", "from", (json_int_t)job->from, "size", (json_int_t)head.size, "leaves",
            leaves),
        settled ? LEAVES_AGE_S : HEAD_AGE_S);
}

void log_serve_leaves(struct http_request *request)
{
    struct log_job *job = new_job(request);
    if (!take_number(request, "from", 0, &job->from) ||
        !take_number(request, "count", STORE_LOG_PAGE, &job->to)) {
        return;
    }
    if (job->to < 1 || job->to > STORE_LOG_PAGE) {
        refuse(request, 400, "count", "1 to 512");
        return;
    }
    store_log_leaves(request->net->store, job->from, (size_t)job->to, leaves_found, request);
}

/* ---- proofs ---- */

static json_t *path_of(
    struct http_request *request, const struct merkle_plan *plan, const struct merkle_hash *nodes)
{
    struct merkle_hash path[MERKLE_PATH];
    json_t *list = json_array();
    merkle_fold(plan, nodes, path);
    for (size_t i = 0; i < plan->part_count; i++) {
        json_array_append_new(list, base64(request, path[i].bytes, MERKLE_HASH));
    }
    return list;
}

/* The path out of what was read; NULL: the request is refused. */
static json_t *proof_of(struct http_request *request, const struct store_log_nodes *found)
{
    const struct log_job *job = request->job;
    struct tree_head head;
    if (!take_head(request, &found->state, &head)) {
        return NULL;
    }
    if (job->to > head.size) {
        refuse(request, 404, "size", "beyond the newest head");
        return NULL;
    }
    if (!found->complete) {
        refuse(request, 500, "record", "nodes of the tree are missing");
        return NULL;
    }
    return path_of(request, &job->plan, found->nodes);
}

static void inclusion_found(void *arg, const struct store_log_nodes *found)
{
    struct http_request *request = arg;
    const struct log_job *job = request->job;
    json_t *path = proof_of(request, found);
    if (path) {
        answer(request,
            json_pack(
                "{s:I, s:I, s:o}", "leaf", (json_int_t)job->from, "size", (json_int_t)job->to, "path", path),
            LEAVES_AGE_S);
    }
}

static void consistency_found(void *arg, const struct store_log_nodes *found)
{
    struct http_request *request = arg;
    const struct log_job *job = request->job;
    json_t *path = proof_of(request, found);
    if (path) {
        answer(request,
            json_pack(
                "{s:I, s:I, s:o}", "from", (json_int_t)job->from, "to", (json_int_t)job->to, "path", path),
            LEAVES_AGE_S);
    }
}

static void ask_proof(struct http_request *request, bool planned, store_log_nodes_done *done,
    const char *field, const char *rule)
{
    const struct log_job *job = request->job;
    if (planned) {
        store_log_nodes(request->net->store, job->plan.nodes, job->plan.node_count, done, request);
    } else {
        refuse(request, 400, field, rule);
    }
}

void log_serve_proof(struct http_request *request)
{
    struct log_job *job = new_job(request);
    if (take_number(request, "leaf", UINT64_MAX, &job->from) && take_number(request, "size", 0, &job->to)) {
        ask_proof(request, merkle_plan_inclusion(job->from, job->to, &job->plan), inclusion_found, "leaf",
            "leaf=N&size=N: a leaf of a tree of that size");
    }
}

void log_serve_consistency(struct http_request *request)
{
    struct log_job *job = new_job(request);
    if (take_number(request, "from", 0, &job->from) && take_number(request, "to", 0, &job->to)) {
        ask_proof(request, merkle_plan_consistency(job->from, job->to, &job->plan), consistency_found, "from",
            "from=N&to=N: sizes of trees, the smaller one first");
    }
}
