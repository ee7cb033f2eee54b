/* What the commands `neighbors log …` share: options, the key that heads must be signed with, how a leaf is
 * told. */
#ifndef NEIGHBORS_CLI_LOG_H
#define NEIGHBORS_CLI_LOG_H

#include "cli/log_source.h"

#define LOG_HTTP_OPTION                                                                                      \
    {                                                                                                        \
        "http", "URL", "of the broker (that of the settings)"                                                \
    }
#define LOG_KEY_OPTION                                                                                       \
    {                                                                                                        \
        "key", "FILE", "the public key that heads are signed with (DIR/keys/log.pub)"                        \
    }

/* The key of the option, of DIR/keys, or as the source tells it, with those before it. EXIT_DONE, or the code
 * after the complaint. */
enum exit_code log_find_key(const struct invocation *invocation, const char *option,
    const struct log_head *head, struct log_public *out);
/* Whether one of those keys signed the head, or one for which the trusted one gave its word, as the source
 * tells; the head's public_key is then the one that signed. EXIT_DONE, or EXIT_REFUSED after the complaint.
 */
enum exit_code log_check_head(
    const struct invocation *invocation, struct log_head *head, const struct log_public *trusted);
void log_head_print(const struct log_head *head);
/* One line; false: it cannot be read. */
bool log_leaf_print(struct bytes leaf, struct arena *arena);
/* The same as a JSON object; null when it cannot be read. */
json_t *log_leaf_json(struct bytes leaf, struct arena *arena);

#endif
