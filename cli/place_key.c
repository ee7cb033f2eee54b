/* The secret lies beside the other keys, and never in an argument. */
#include <string.h>

#include "bridge/secret_file.h"
#include "cli/cli.h"

enum { PATH_TEXT = COMMAND_FIELD + 32 };

struct place_key *cli_place_key(const struct invocation *invocation)
{
    char path[PATH_TEXT];
    uint8_t secret[SECRET_BYTES];
    snprintf(path, sizeof path, "%.*s/broker.secret", COMMAND_FIELD - 1, invocation->common.keys);
    const char *rule = secret_file_read(path, secret);
    if (rule) {
        cli_fail(invocation, EXIT_REFUSED,
            "%s: %s; places are sealed with the secret that neighbors ca init makes", path, rule);
        return NULL;
    }
    struct place_key *key = place_key_new(secret);
    explicit_bzero(secret, sizeof secret);
    return key;
}
