/* neighbors trace: where an alert is or was, as the store has it. Deliveries are counted by the processes
 * that made them and told every two seconds. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "bridge/alert_trace.h"
#include "bridge/moderation.h"
#include "cli/columns.h"
#include "cli/opinion.h"
#include "cli/reach.h"

static const struct option_row no_options[] = {{0}};

enum { TIME_TEXT = 32 };

static const char *say_time(int64_t ms, char out[TIME_TEXT])
{
    time_t seconds = ms / 1000;
    struct tm when;
    localtime_r(&seconds, &when);
    size_t len = strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M:%S", &when);
    snprintf(out + len, TIME_TEXT - len, ".%03d", (int)(ms % 1000));
    return out;
}

static size_t count_words(const char *text)
{
    size_t count = 0;
    for (bool between = true; *text; text++) {
        count += between && *text != ' ';
        between = *text == ' ';
    }
    return count;
}

static int64_t deliveries_of(const struct alert_trace *trace)
{
    int64_t sum = 0;
    for (size_t i = 0; i < trace->revision_count; i++)
        sum += trace->revisions[i].deliveries;
    return sum;
}

/* ---- JSON ---- */

static json_t *words_json(const char *text)
{
    json_t *list = json_array();
    while (*(text += strspn(text, " "))) {
        size_t len = strcspn(text, " ");
        json_array_append_new(list, json_stringn(text, len));
        text += len;
    }
    return list;
}

static json_t *revision_json(const struct trace_revision *revision)
{
    return json_pack("{s:I, s:I, s:s, s:b, s:b, s:I, s:o}", "revision", (json_int_t)revision->revision, "at",
        (json_int_t)revision->at, "what", revision->what, "in_force", revision->in_force, "carried",
        revision->carried, "deliveries", (json_int_t)revision->deliveries, "channels",
        words_json(revision->channels));
}

static json_t *act_json(const struct moderation_act *act)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", act->what, "by", act->by, "officer", act->officer,
        "reason", act->reason, "at", (json_int_t)act->at);
}

static void print_json(const struct alert_trace *trace, const struct moderation_case *said, const char *asked)
{
    json_t *revisions = json_array(), *acts = json_array();
    for (size_t i = 0; i < trace->revision_count; i++)
        json_array_append_new(revisions, revision_json(&trace->revisions[i]));
    for (size_t i = 0; i < said->act_count; i++)
        json_array_append_new(acts, act_json(&said->acts[i]));
    cli_print_json(json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s, s:b, "
        "s:I, s:o, s:o, s:o}",
        "public_id", trace->public_id, "asked", asked, "relation", trace->relation, "sender", trace->sender,
        "officer", trace->officer, "state", trace->state, "revision", (json_int_t)trace->revision, "carried",
        (json_int_t)trace->carried, "received", (json_int_t)trace->received, "expires",
        (json_int_t)trace->expires, "held_since", (json_int_t)trace->held_since, "waits_as",
        (json_int_t)trace->waits_as, "waits_since", (json_int_t)trace->waits_since, "reports",
        (json_int_t)trace->reports, "removed", trace->removed, "into", trace->into, "before_it_came",
        trace->before_it_came, "deliveries", (json_int_t)deliveries_of(trace), "channels",
        words_json(trace->channels), "revisions", revisions, "acts", acts));
}

/* ---- for people ---- */

static void print_sender(const struct alert_trace *trace)
{
    char when[TIME_TEXT];
    if (trace->before_it_came) {
        puts("    cancelled before it came: nothing was told of it, and what comes late stays ended");
        return;
    }
    printf("    from      %s%s%s\n", trace->sender, *trace->officer ? ", officer " : "", trace->officer);
    if (trace->received)
        printf("    received  %s\n", say_time(trace->received, when));
    if (trace->reports > 1)
        printf("    reports   %u in it\n", trace->reports);
}

static void print_revision(const struct trace_revision *revision)
{
    char when[TIME_TEXT];
    size_t channels = count_words(revision->channels);
    printf("    %4u  %s  %-16s  %s, %" PRId64 " deliver%s%s", revision->revision,
        say_time(revision->at, when), revision->what, revision->carried ? "carried" : "to be carried",
        revision->deliveries, revision->deliveries == 1 ? "y" : "ies", channels ? ", in" : "");
    printf("%s%s\n", *revision->channels == ' ' || !channels ? "" : " ", revision->channels);
}

static void print_waits(const struct alert_trace *trace)
{
    char when[TIME_TEXT];
    if (trace->held_since)
        printf("    held for a moderator since %s\n", say_time(trace->held_since, when));
    if (trace->waits_as)
        printf("    revision %u waits since %s for %s\n", trace->waits_as, say_time(trace->waits_since, when),
            trace->held_since ? "a moderator" : "a second officer");
    if (trace->removed)
        puts("    removed by a moderator");
    if (*trace->into)
        printf("    goes on as %s\n", trace->into);
    if (trace->carried < trace->revision)
        printf("    still to be carried to its channels: revisions %u to %u\n", trace->carried + 1,
            trace->revision);
}

static void print_acts(const struct moderation_case *said)
{
    char when[TIME_TEXT], by[COLUMN_TEXT], reason[COLUMN_TEXT];
    for (size_t i = 0; i < said->act_count; i++) {
        const struct moderation_act *act = &said->acts[i];
        column_clean(text_of(act->by), by);
        column_clean(text_of(act->reason), reason);
        printf("    act   %s  %-16s  %s%s%s\n", say_time(act->at, when), act->what, by, *reason ? "  " : "",
            reason);
    }
}

static void print_text(const struct alert_trace *trace, const struct moderation_case *said, const char *asked)
{
    char when[TIME_TEXT];
    if (*trace->relation)
        printf("%s is %s %s\n", asked, *trace->relation == 'p' ? "a report that is part of" : "a message of",
            trace->public_id);
    printf("%s  %s", trace->public_id, trace->state);
    if (strcmp(trace->state, "in force") == 0)
        printf(" until %s", say_time(trace->expires, when));
    int64_t deliveries = deliveries_of(trace);
    printf(
        ", revision %u, %" PRId64 " deliver%s\n", trace->revision, deliveries, deliveries == 1 ? "y" : "ies");
    print_sender(trace);
    for (size_t i = 0; i < trace->revision_count && !trace->before_it_came; i++)
        print_revision(&trace->revisions[i]);
    print_waits(trace);
    print_acts(said);
}

/* ---- the command ---- */

static enum exit_code not_here(const struct invocation *invocation, const char *id)
{
    return cli_fail(invocation, EXIT_REFUSED,
        "no alert %.60s is here: it never came, was refused (then its sender has the reason, in the "
        "acknowledgement or on "
        "nb/v1/inbox/refused, and a log of level debug has it by this id), or ended and is forgotten",
        id);
}

static enum exit_code run(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    struct alert_trace trace;
    struct moderation_case said = {0};
    bool found, judged;
    const char *asked = opinion_about(invocation);
    if (!asked)
        return EXIT_USAGE;
    if (strlen(asked) != MODERATION_ID || strspn(asked, "0123456789abcdef") != MODERATION_ID)
        return cli_fail(
            invocation, EXIT_USAGE, "a public id is 24 hexadecimal digits, as watch --json tells it");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = EXIT_DONE;
    if (!alert_trace(&redis, asked, &arena, &trace, &found) ||
        (found && !moderation_case(&redis, trace.public_id, &arena, &said, &judged)))
        code = cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
    else if (!found)
        code = not_here(invocation, asked);
    else if (invocation->common.json)
        print_json(&trace, &said, asked);
    else
        print_text(&trace, &said, asked);
    arena_free(&arena);
    redis_sync_close(&redis);
    return code;
}

const struct command command_trace = {"trace",
    "where an alert is or was: revisions, channels, deliveries, what holds it", "PUBLIC_ID", no_options, run};
