/* neighbors ca rotate-token-key: a new key signs from now on; tokens by the one before are good until it is
 * dropped from the public file, which the broker reads again when it changes. */
#include <string.h>

#include "bridge/token.h"
#include "cli/cli.h"

enum { KEEP, ALGORITHM };
static const struct option_row options[] = {
    [KEEP] = {"keep", "SPAN",
        "how long tokens of the key before stay good: 0s when it was stolen, which ends their connections "
        "(365d)"},
    [ALGORITHM] = {"algorithm", "WORD", "of the new key: eddsa, es256 (eddsa)"},
    {0},
};
enum { PATH_TEXT = COMMAND_FIELD + 32 };

static enum exit_code rotate(
    const struct invocation *invocation, enum token_algorithm algorithm, int64_t keep_ms)
{
    char private_path[PATH_TEXT], public_path[PATH_TEXT];
    const char *error;
    int kept = 0;
    int64_t now_s = cli_now() / 1000;
    snprintf(private_path, sizeof private_path, "%.*s/token.key", COMMAND_FIELD - 1, invocation->common.keys);
    snprintf(public_path, sizeof public_path, "%.*s/token.pub", COMMAND_FIELD - 1, invocation->common.keys);
    if (!token_key_rotate(algorithm, private_path, public_path, now_s, now_s + keep_ms / 1000, &kept, &error))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", public_path, error);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:i}", "ok", 1, "public", public_path, "kept", kept));
    else
        printf(
            "A new key signs from now on; %s has it and %d before it. Where the broker reads a copy, give it "
            "that file now.\n",
            public_path, kept);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    int64_t keep_ms = INT64_C(365) * 86400 * 1000;
    const char *keep = invocation->value[KEEP], *algorithm = invocation->value[ALGORITHM];
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca rotate-token-key takes no arguments");
    if (keep && !cli_span(invocation, "--keep", keep, &keep_ms))
        return EXIT_USAGE;
    if (algorithm && strcmp(algorithm, "eddsa") != 0 && strcmp(algorithm, "es256") != 0)
        return cli_fail(invocation, EXIT_USAGE, "--algorithm: eddsa or es256");
    bool es256 = algorithm && strcmp(algorithm, "es256") == 0;
    return rotate(invocation, es256 ? TOKEN_ES256 : TOKEN_EDDSA, keep_ms);
}

const struct command command_ca_rotate = {
    "ca rotate-token-key", "a new key for tokens; those of the key before stay good", "", options, run};
