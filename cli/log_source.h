/* Where `neighbors log` reads the public record from: the broker's HTTP, or files that hold what it answered.
 * Nothing that comes from there is believed: whoever reads checks. */
#ifndef NEIGHBORS_CLI_LOG_SOURCE_H
#define NEIGHBORS_CLI_LOG_SOURCE_H

#include "bridge/log_succession.h"
#include "bridge/merkle.h"
#include "cli/cli.h"

/* The options that say where; head and leaves are files, NULL: over HTTP. */
struct log_source {
    const struct invocation *invocation;
    const char *http, *head, *leaves; /* http NULL: cli_http says */
    struct arena arena;               /* of the head and of the page at hand */
};

struct log_head {
    struct tree_head head; /* in `bytes` */
    uint8_t root[32], key_id[LOG_KEY_ID], signature[LOG_SIGNATURE];
    uint8_t public_key[LOG_KEY];
    bool has_key;
    struct log_formers formers; /* of public_key, as told */
};
/* One leaf as it was told. */
struct told_leaf {
    bool there;
    struct bytes leaf;
    bool hashed;
    struct merkle_hash hash; /* that the tree has of it, they say */
};

/* From where the record is read: the broker at `http` (NULL: as cli_http says), or the files `head` and
 * `leaves` (NULL: the broker); none is copied. Complaints of it are those of the invocation. log_source_end
 * frees what it read. */
void log_source_begin(struct log_source *source, const struct invocation *invocation, const char *http,
    const char *head, const char *leaves);
void log_source_end(struct log_source *source);

/* Each gives EXIT_DONE, or the code to end with after the complaint. */
enum exit_code log_source_head(struct log_source *source, struct log_head *out);
/* The leaves from `from` on, as many as come at once, none at the end; they live until the next call. */
enum exit_code log_source_leaves(
    struct log_source *source, uint64_t from, const struct told_leaf **out, size_t *count);
/* Over HTTP alone. path: "proof?leaf=1&size=3", "consistency?from=1&to=3". */
enum exit_code log_source_path(
    struct log_source *source, const char *path, struct merkle_hash out[MERKLE_PATH], size_t *count);

/* A head out of JSON, as HTTP tells it and as it is remembered. False: it is none. */
bool log_head_read(const json_t *value, struct log_head *out) __attribute__((warn_unused_result));
json_t *log_head_write(const struct log_head *head);
/* Bytes as JSON has them. */
json_t *log_bytes(const void *data, size_t len);

#endif
