/* neighbors disclosure: what a court compelled the operator to hand over is on the public record: to whom, of
 * how many residents, when. Whose it was, and what, is not. */
#include <string.h>
#include <time.h>

#include "bridge/record_note.h"
#include "cli/identity.h"
#include "cli/reach.h"

enum { TO, COUNT, DATE };
static const struct option_row options[] = {
    [TO] = {"to", "NAME", "the agency or court that it was handed to, as the public knows it"},
    [COUNT] = {"count", "N", "how many residents it concerned"},
    [DATE] = {"date", "YYYY-MM-DD", "when it was handed over (today)"},
    {0},
};
static const char *const operators[] = {"operator/", NULL};
enum { DATE_TEXT = 16, NAME_MOST = 256 };

static void say_date(int64_t ms, char out[DATE_TEXT])
{
    time_t seconds = ms / 1000;
    struct tm when;
    gmtime_r(&seconds, &when);
    strftime(out, DATE_TEXT, "%Y-%m-%d", &when);
}

static enum exit_code note(const struct invocation *invocation, struct record_note *act)
{
    struct redis_sync redis;
    struct identity by;
    enum exit_code code = identity_find(invocation, operators, &by);
    if (code != EXIT_DONE)
        return code;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    act->by = by.name;
    redis_begin(&redis);
    bool kept = record_note(&redis, act), done = redis_commit(&redis) && kept;
    if (!done)
        code = cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
    redis_sync_close(&redis);
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    const char *to = invocation->value[TO], *date = invocation->value[DATE];
    int64_t count, when = cli_now();
    char text[DATE_TEXT];
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "disclosure takes no arguments");
    if (!to || !*to || strlen(to) > NAME_MOST || !invocation->value[COUNT])
        return cli_fail(invocation, EXIT_USAGE, "say to whom and of how many: --to NAME --count N");
    if (!cli_number(invocation, "--count", invocation->value[COUNT], 1, 1000000000, &count) ||
        (date && !cli_time(invocation, "--date", date, &when)))
        return EXIT_USAGE;
    say_date(when, text);
    struct record_note act = {
        .what = "disclosure", .name = to, .text = text, .count = (uint32_t)count, .at = cli_now()};
    enum exit_code code = note(invocation, &act);
    if (code != EXIT_DONE)
        return code;
    if (invocation->common.json)
        cli_print_json(
            json_pack("{s:b, s:s, s:I, s:s}", "ok", 1, "to", to, "count", (json_int_t)count, "date", text));
    else
        printf("on record: disclosed to %s, %lld resident%s, %s\n", to, (long long)count,
            count == 1 ? "" : "s", text);
    return EXIT_DONE;
}

const struct command command_disclosure = {
    "disclosure", "put on the public record what a court compelled", "", options, run};
