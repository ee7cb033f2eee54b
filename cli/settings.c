/* neighbors settings: what an app's session wishes of its deliveries. Settings belong to a session (user and
 * client id), so the client is named; an app that is connected under it connects anew, and what waits for it
 * is shown here. */
#include <string.h>

#include "cli/publish.h"
#include "cli/wishes.h"
#include "proto/codec.h"

enum { CLIENT, LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE };
static const struct option_row options[] = {
    [CLIENT] = {"client", "ID", "whose deliveries are meant: the app's client id"},
    WISH_ROWS(LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE),
    {0},
};

static enum exit_code send(const struct invocation *invocation, struct bytes payload)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *client = invocation->value[CLIENT];
    struct identity identity;
    const struct link_publish publish = {
        .topic = "nb/v1/settings", .content_type = "application/x-protobuf", .payload = payload};
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    snprintf(identity.client, sizeof identity.client, "%s", client);
    return publish_once(invocation, &identity, &publish, "settings", client);
}

static enum exit_code run(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    const struct wish_words words = {
        value[LEAST], value[QUIET], value[PASSES], value[DIGEST], value[LANGUAGE], value[TIME_ZONE]};
    struct settings_message settings;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "settings takes options alone");
    if (!value[CLIENT] || !*value[CLIENT] || strlen(value[CLIENT]) >= IDENTITY_CLIENT)
        return cli_fail(invocation, EXIT_USAGE, "say whose deliveries are meant: --client ID");
    arena_init(&arena, NULL, 0);
    enum exit_code code = EXIT_USAGE;
    if (wishes_read(invocation, &words, &arena, &settings))
        code = send(invocation, codec_encode_settings_message(ENCODING_PROTOBUF, &settings, &arena));
    arena_free(&arena);
    return code;
}

const struct command command_settings = {"settings",
    "what a session wishes: severity, quiet hours, digests, language; in place of all before", "", options,
    run};
