/* neighbors household redeem and invite: what a resident does, over MQTT like any app. */
#include "cli/cli.h"
#include "cli/identity.h"
#include "cli/link.h"
#include "cli/publish.h"
#include "proto/codec.h"

static const struct option_row no_options[] = {{0}};

static enum exit_code send_step(const struct invocation *invocation, const struct household_step *step)
{
    static const char *const wishes[] = {"user/", NULL};
    struct identity identity;
    struct arena arena;
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    arena_init(&arena, NULL, 0);
    const struct link_publish publish = {.topic = "nb/v1/household",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_household_step(ENCODING_PROTOBUF, step, &arena)};
    code = publish_once(invocation, &identity, &publish, invocation->command->name, "household");
    arena_free(&arena);
    return code;
}

static enum exit_code run_redeem(struct invocation *invocation)
{
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say the code: household redeem K7QF-2MPX");
    const struct household_step step = {.code = text_of(invocation->arguments[0])};
    return send_step(invocation, &step);
}

const struct command command_household_redeem = {"household redeem",
    "a resident gives back the code that verifies where the household lives", "CODE", no_options, run_redeem};
