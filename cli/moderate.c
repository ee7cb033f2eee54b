/* neighbors moderate: the operator's desk. What waits is read from the store; what is decided goes to the
 * broker as a verdict, and the sender is told the reason. */
#include "bridge/moderation.h"

#include <time.h>

#include "bridge/registry.h"
#include "cli/columns.h"
#include "cli/opinion.h"
#include "cli/reach.h"

static const struct option_row no_options[] = {{0}};

enum { TIME_TEXT = 24 };

static const char *say_time(int64_t ms, char out[TIME_TEXT])
{
    time_t seconds = ms / 1000;
    struct tm when;
    localtime_r(&seconds, &when);
    strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M", &when);
    return out;
}

/* Text of a stranger, fit for a terminal. */
static const char *clean(const char *text, char out[COLUMN_TEXT])
{
    column_clean(text_of(text), out);
    return out;
}

/* ---- an alert ---- */

static bool read_body(const struct moderated *alert, struct arena *arena, struct alert *out)
{
    struct refusal refusal;
    return alert->body.len &&
           codec_decode_published_alert(ENCODING_PROTOBUF, alert->body, arena, out, &refusal);
}

static json_t *body_json(const struct moderated *alert, struct arena *arena)
{
    struct alert body;
    if (!read_body(alert, arena, &body))
        return json_null();
    struct bytes text = codec_encode_alert(ENCODING_JSON, &body, arena);
    json_t *object = json_loadb((const char *)text.data, text.len, 0, NULL);
    return object ? object : json_null();
}

static json_t *alert_json(const struct moderated *alert, struct arena *arena)
{
    return json_pack("{s:s, s:s, s:I, s:b, s:b, s:I, s:I, s:I, s:s, s:I, s:o}", "public_id", alert->public_id,
        "sender", alert->sender, "revision", (json_int_t)alert->revision, "held", alert->held, "removed",
        alert->removed, "since", (json_int_t)alert->since, "expires", (json_int_t)alert->expires, "flags",
        (json_int_t)alert->flag_count, "appeal", alert->appeal, "appealed", (json_int_t)alert->appealed,
        "alert", body_json(alert, arena));
}

static void print_alert(const struct moderated *alert, struct arena *arena)
{
    char when[TIME_TEXT], headline[COLUMN_TEXT] = "", appeal[COLUMN_TEXT];
    struct alert body;
    if (read_body(alert, arena, &body))
        column_clean(body.headline, headline);
    printf("%s  %-16s  %s  %zu flag%s  %s\n", alert->public_id,
        alert->held      ? say_time(alert->since, when)
        : alert->removed ? "removed"
                         : "not held",
        alert->sender, alert->flag_count, alert->flag_count == 1 ? "" : "s", headline);
    if (alert->appealed)
        printf("    its sender, %s: %s\n", say_time(alert->appealed, when), clean(alert->appeal, appeal));
}

/* ---- list ---- */

enum { BANS };
static const struct option_row list_options[] = {
    [BANS] = {"bans", NULL, "who is banned, in place of what is held"},
    {0},
};

static bool list_held(const struct invocation *invocation, struct redis_sync *redis, struct arena *arena)
{
    struct moderated *held;
    size_t count;
    if (!moderation_held(redis, arena, &held, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (invocation->common.json)
            cli_print_json(alert_json(&held[i], arena));
        else
            print_alert(&held[i], arena);
    if (count == 0 && !invocation->common.json)
        puts("nothing waits for a moderator");
    return true;
}

static bool list_bans(const struct invocation *invocation, struct redis_sync *redis, struct arena *arena)
{
    struct moderation_ban *bans;
    size_t count;
    char until[TIME_TEXT], reason[COLUMN_TEXT];
    if (!moderation_bans(redis, cli_now(), arena, &bans, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (invocation->common.json)
            cli_print_json(json_pack("{s:s, s:I, s:s}", "principal", bans[i].principal, "until",
                (json_int_t)bans[i].until, "reason", bans[i].reason));
        else
            printf("%s  until %s  %s\n", bans[i].principal, say_time(bans[i].until, until),
                clean(bans[i].reason, reason));
    if (count == 0 && !invocation->common.json)
        puts("nobody is banned");
    return true;
}

static enum exit_code run_list(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "moderate list takes options alone");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    bool done = invocation->value[BANS] ? list_bans(invocation, &redis, &arena)
                                        : list_held(invocation, &redis, &arena);
    arena_free(&arena);
    redis_sync_close(&redis);
    return done ? EXIT_DONE : cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
}

/* ---- show ---- */

static const char *reason_word(int reason)
{
    const char *name = flag_reason_name(reason);
    return name ? name : "UNSPECIFIED";
}

static void print_case_json(const struct moderation_case *found, struct arena *arena)
{
    json_t *object = alert_json(&found->alert, arena), *flags = json_array(), *acts = json_array();
    for (size_t i = 0; i < found->flag_count; i++)
        json_array_append_new(
            flags, json_pack("{s:s, s:I, s:s}", "reason", reason_word(found->flags[i].reason), "at",
                       (json_int_t)found->flags[i].at, "remark", found->flags[i].remark));
    for (size_t i = 0; i < found->act_count; i++)
        json_array_append_new(acts, json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", found->acts[i].what, "by",
                                        found->acts[i].by, "officer", found->acts[i].officer, "reason",
                                        found->acts[i].reason, "at", (json_int_t)found->acts[i].at));
    json_object_set_new(object, "flagged", flags);
    json_object_set_new(object, "acts", acts);
    cli_print_json(object);
}

static void print_case(const struct moderation_case *found, struct arena *arena)
{
    char when[TIME_TEXT], text[COLUMN_TEXT], by[COLUMN_TEXT];
    struct alert body;
    print_alert(&found->alert, arena);
    if (read_body(&found->alert, arena, &body) && body.description.len) {
        column_clean(body.description, text);
        printf("    %s\n", text);
    }
    for (size_t i = 0; i < found->flag_count; i++)
        printf("    flagged    %s  %s  %s\n", say_time(found->flags[i].at, when),
            reason_word(found->flags[i].reason), clean(found->flags[i].remark, text));
    for (size_t i = 0; i < found->act_count; i++)
        printf("    %-9s  %s  %s  %s\n", found->acts[i].what, say_time(found->acts[i].at, when),
            clean(found->acts[i].by, by), clean(found->acts[i].reason, text));
}

static enum exit_code run_show(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    struct moderation_case found;
    bool there;
    const char *about = opinion_about(invocation);
    if (!about)
        return EXIT_USAGE;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = EXIT_DONE;
    if (!moderation_case(&redis, about, &arena, &found, &there))
        code = cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
    else if (!there)
        code = cli_fail(invocation, EXIT_REFUSED, "there is no alert %.60s", about);
    else if (invocation->common.json)
        print_case_json(&found, &arena);
    else
        print_case(&found, &arena);
    arena_free(&arena);
    redis_sync_close(&redis);
    return code;
}

/* ---- stats ---- */

static bool print_stats(const struct invocation *invocation, struct redis_sync *redis, struct arena *arena)
{
    struct moderation_count *counts;
    struct moderated *held;
    struct moderation_ban *bans;
    size_t count, held_count, ban_count;
    if (!moderation_counts(redis, arena, &counts, &count) ||
        !moderation_held(redis, arena, &held, &held_count) ||
        !moderation_bans(redis, cli_now(), arena, &bans, &ban_count))
        return false;
    json_t *object =
        json_pack("{s:I, s:I}", "held_now", (json_int_t)held_count, "banned_now", (json_int_t)ban_count);
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, counts[i].what, json_integer(counts[i].count));
    const char *name;
    json_t *value;
    if (!invocation->common.json)
        json_object_foreach(object, name, value)
            printf("%-12s %lld\n", name, (long long)json_integer_value(value));
    if (invocation->common.json)
        cli_print_json(object);
    else
        json_decref(object);
    return true;
}

static enum exit_code run_stats(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "moderate stats takes options alone");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    bool done = print_stats(invocation, &redis, &arena);
    arena_free(&arena);
    redis_sync_close(&redis);
    return done ? EXIT_DONE : cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
}

const struct command command_moderate_list = {"moderate list",
    "what is held for a moderator, and the appeals; or who is banned", "", list_options, run_list};
const struct command command_moderate_show = {"moderate show",
    "an alert, what neighbors say of it, and what was done", "PUBLIC_ID", no_options, run_show};
const struct command command_moderate_stats = {
    "moderate stats", "how often what was done, for the public record", "", no_options, run_stats};
