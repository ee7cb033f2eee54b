/* neighbors settings: what a household decided for itself, and what an app's session wishes of its
 * deliveries. Wishes belong to a session (user and client id), so the client is named for them; an app that
 * is connected under it connects anew, and what waits for it is shown here. */
#include <string.h>

#include "cli/household_words.h"
#include "cli/publish.h"
#include "cli/wishes.h"
#include "proto/codec.h"

enum { CLIENT, LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE, SHARE, RETENTION, FOOTAGE };
static const struct option_row options[] = {
    [CLIENT] = {"client", "ID",
        "whose deliveries are meant: the app's client id; not for the household's settings"},
    WISH_ROWS(LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE),
    [SHARE] = {"share", "RULES",
        "the household: what neighbors may see: person+vehicle, cam-1=all@08:00-18:00@mon-fri,cam-2=none, "
        "none"},
    [RETENTION] = {"retention", "DAYS",
        "the household: how long what its devices sent is kept: 1, 3, 7, 14, 21, 30, 60, 90, 120, 180"},
    [FOOTAGE] = {"footage", "RULES",
        "the household: who may ask for footage, of what: burglary+theft, elmonte-pd=all,fire-7=arson, none"},
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
    if (client)
        snprintf(identity.client, sizeof identity.client, "%s", client);
    return publish_once(invocation, &identity, &publish, "settings", client ? client : "");
}

static bool read_household(
    const struct invocation *invocation, struct arena *arena, struct settings_message *settings)
{
    const char *const *value = invocation->value;
    int64_t days = 0;
    settings->has_sharing = value[SHARE] != NULL;
    settings->has_footage = value[FOOTAGE] != NULL;
    if ((value[SHARE] && !household_share_words(invocation, value[SHARE], arena, &settings->sharing)) ||
        (value[FOOTAGE] && !household_footage_words(invocation, value[FOOTAGE], arena, &settings->footage)) ||
        (value[RETENTION] && !cli_number(invocation, "--retention", value[RETENTION], 1, 180, &days)))
        return false;
    settings->retention_days = (uint32_t)days;
    settings->sharing.time_zone = settings->time_zone;
    return true;
}

static enum exit_code check(const struct invocation *invocation, bool household, bool session)
{
    const char *client = invocation->value[CLIENT];
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "settings takes options alone");
    if (client && (!*client || strlen(client) >= IDENTITY_CLIENT))
        return cli_fail(
            invocation, EXIT_USAGE, "--client: a name of at most %d characters", IDENTITY_CLIENT - 1);
    if (!client && (session || !household))
        return cli_fail(invocation, EXIT_USAGE,
            "say whose deliveries are meant: --client ID; or what the household decided: --share, "
            "--retention, --footage");
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    bool household = value[SHARE] || value[RETENTION] || value[FOOTAGE];
    struct wish_words words = {
        value[LEAST], value[QUIET], value[PASSES], value[DIGEST], value[LANGUAGE], NULL};
    bool session = wishes_given(&words);
    struct settings_message settings;
    struct arena arena;
    enum exit_code code = check(invocation, household, session);
    if (code != EXIT_DONE)
        return code;
    words.time_zone = value[TIME_ZONE];
    arena_init(&arena, NULL, 0);
    code = EXIT_USAGE;
    if (wishes_read(invocation, &words, &arena, &settings) && read_household(invocation, &arena, &settings)) {
        if (household && !session) /* the zone is that of what is shared */
            settings.time_zone = TEXT("");
        code = send(invocation, codec_encode_settings_message(ENCODING_PROTOBUF, &settings, &arena));
    }
    arena_free(&arena);
    return code;
}

const struct command command_settings = {"settings",
    "what a household shares, keeps and may be asked; what a session wishes of its deliveries", "", options,
    run};
