/* neighbors moderate release, remove, ban, unban: what a moderator decides, each with a reason that whom it
 * concerns is told. */
#include "bridge/moderation.h"
#include "bridge/registry.h"
#include "cli/opinion.h"
#include "cli/reach.h"

enum { REASON, REVISION, UNTIL = 1, SPAN };
static const struct option_row verdict_options[] = {
    [REASON] = {"reason", "TEXT", "why; its sender is told, and it is put on record"},
    [REVISION] = {"revision", "N", "that was looked at; refused when there is a newer one"},
    {0},
};
static const struct option_row ban_options[] = {
    [REASON] = {"reason", "TEXT", "why; the banned one is told, and it is put on record"},
    [UNTIL] = {"until", "TIME", "when it ends"},
    [SPAN] = {"for", "SPAN", "or how long, such as 30d"},
    {0},
};
static const struct option_row unban_options[] = {
    [REASON] = {"reason", "TEXT", "why; it is put on record"},
    {0},
};

static const char *const operators[] = {"operator/", NULL};

static const char *reason_of(const struct invocation *invocation)
{
    const char *reason = invocation->value[REASON];
    if (reason && *reason)
        return reason;
    cli_fail(invocation, EXIT_USAGE, "say why: --reason TEXT");
    return NULL;
}

/* ---- verdicts ---- */

static enum exit_code decide(const struct invocation *invocation, enum verdict_decision decision)
{
    const char *about = opinion_about(invocation), *reason = about ? reason_of(invocation) : NULL;
    const char *revision = invocation->value[REVISION];
    int64_t looked_at = 0;
    struct arena arena;
    if (!reason || (revision && !cli_number(invocation, "--revision", revision, 0, INT32_MAX, &looked_at)))
        return EXIT_USAGE;
    const struct verdict verdict = {.public_id = text_of(about),
        .reason = text_of(reason),
        .revision = (uint32_t)looked_at,
        .decision = (uint8_t)decision};
    arena_init(&arena, NULL, 0);
    enum exit_code code = opinion_send(invocation, operators, "nb/v1/verdict",
        codec_encode_verdict(ENCODING_PROTOBUF, &verdict, &arena), about);
    arena_free(&arena);
    return code;
}

static enum exit_code run_release(struct invocation *invocation)
{
    return decide(invocation, VERDICT_RELEASED);
}

static enum exit_code run_remove(struct invocation *invocation)
{
    return decide(invocation, VERDICT_REMOVED);
}

/* ---- bans ---- */

/* Whom: "<role>/<id>" in two. */
static bool read_whom(const struct invocation *invocation, char role[32], const char **id)
{
    const char *name = invocation->argument_count == 1 ? invocation->arguments[0] : "";
    const char *slash = strchr(name, '/');
    if (slash && (size_t)(slash - name) < 32) {
        snprintf(role, 32, "%.*s", (int)(slash - name), name);
        *id = slash + 1;
        return true;
    }
    cli_fail(invocation, EXIT_USAGE, "say whom as ROLE/ID, such as: %s user/ann", invocation->command->name);
    return false;
}

/* On record, and in the inboxes of whom it concerns. */
static bool tell_ban(
    struct redis_sync *redis, const char *name, const char *by, int64_t until, const char *reason)
{
    struct arena arena;
    size_t sessions;
    const char *what = until ? "banned" : "unbanned";
    const struct moderation told = {
        .decision = text_of(what), .reason = text_of(reason), .at = cli_now(), .until = until};
    arena_init(&arena, NULL, 0);
    bool done =
        moderation_note(redis, what, by, name, reason, told.at) &&
        moderation_tell(redis, name, codec_encode_moderation(ENCODING_PROTOBUF, &told, &arena), &sessions);
    arena_free(&arena);
    return done;
}

/* until 0 ends the ban. */
static enum exit_code write_ban(const struct invocation *invocation, int64_t until, const char *reason)
{
    char role[32];
    const char *id;
    struct identity by;
    struct redis_sync redis;
    if (!read_whom(invocation, role, &id))
        return EXIT_USAGE;
    const char *name = invocation->arguments[0];
    enum exit_code code = identity_find(invocation, operators, &by);
    if (code != EXIT_DONE)
        return code;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum registry_result result = registry_ban(&redis, role, id, until, reason);
    if (result == REGISTRY_OK && !tell_ban(&redis, name, by.name, until, reason))
        result = REGISTRY_FAILED;
    redis_sync_close(&redis);
    if (result == REGISTRY_NOT_FOUND)
        return cli_fail(invocation, EXIT_REFUSED, "%.150s is not enrolled", name);
    if (result != REGISTRY_OK)
        return cli_fail(
            invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s", redis.error);
    if (invocation->common.json)
        cli_print_json(json_pack(
            "{s:b, s:s, s:I}", "ok", 1, until ? "banned" : "unbanned", name, "until", (json_int_t)until));
    else
        printf("%s is %s\n", name, until ? "banned" : "banned no more");
    return EXIT_DONE;
}

static enum exit_code run_ban(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    const char *reason = reason_of(invocation);
    int64_t until = 0, span = 0;
    if (!reason)
        return EXIT_USAGE;
    if (!value[UNTIL] == !value[SPAN])
        return cli_fail(invocation, EXIT_USAGE, "say when it ends: --until TIME or --for SPAN");
    if ((value[UNTIL] && !cli_time(invocation, "--until", value[UNTIL], &until)) ||
        (value[SPAN] && !cli_span(invocation, "--for", value[SPAN], &span)))
        return EXIT_USAGE;
    if (value[SPAN])
        until = cli_now() + span;
    if (until <= cli_now())
        return cli_fail(invocation, EXIT_USAGE, "a ban ends in the future");
    return write_ban(invocation, until, reason);
}

static enum exit_code run_unban(struct invocation *invocation)
{
    const char *reason = reason_of(invocation);
    return reason ? write_ban(invocation, 0, reason) : EXIT_USAGE;
}

const struct command command_moderate_release = {
    "moderate release", "let out what was held", "PUBLIC_ID", verdict_options, run_release};
const struct command command_moderate_remove = {
    "moderate remove", "end an alert for good", "PUBLIC_ID", verdict_options, run_remove};
const struct command command_moderate_ban = {
    "moderate ban", "somebody may post nothing for a while", "ROLE/ID", ban_options, run_ban};
const struct command command_moderate_unban = {
    "moderate unban", "a ban ends early", "ROLE/ID", unban_options, run_unban};
