/* neighbors watchdog: from another machine, as any resident would, follows the heartbeats of the broker and
 * raises an alarm when they stop, or say for too long that the feed is stale. It says so in a line, runs what
 * it was told to (a mail, a call), and says when it is well again. It needs nothing of the broker's machine:
 * what is silent there is heard here. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/link.h"
#include "proto/codec.h"

enum { SILENCE, RUN, ONCE, FOR, CLIENT };
static const struct option_row options[] = {
    [SILENCE] = {"silence", "SPAN", "how long without a good heartbeat is an alarm (90s)"},
    [RUN] = {"run", "COMMAND",
        "run by the shell at each change, with NEIGHBORS_ALARM=silent, stale or well and NEIGHBORS_TEXT"},
    [ONCE] = {"once", NULL, "end at the first alarm, with status 1"},
    [FOR] = {"for", "SPAN", "end after so long, with status 0 when there is no alarm then, else 1"},
    [CLIENT] = {"client", "ID", "the name of the session (watchdog)"},
    {0},
};

enum { TURN_MS = 200, SILENCE_MS = 90000, RETRY_MS = 1000 };

/* The signal handler has no other way to say that it came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

enum state { WELL, STALE, SILENT };

struct watchdog {
    const struct invocation *invocation;
    struct identity identity;
    int64_t silence_ms, deadline; /* monotonic, as the next; deadline 0: none */
    int64_t good_at;              /* when the last heartbeat came that was not stale */
    int64_t heard_at;             /* when any came */
    enum state state;             /* as told */
    bool told_lost;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- telling ---- */

/* Does not wait for it: a mail that hangs must not make us deaf. */
static void run_command(const char *command, const char *state, const char *text)
{
    pid_t child = fork();
    if (child < 0)
        fprintf(stderr, "neighbors: cannot run what --run says\n");
    if (child != 0)
        return;
    setenv("NEIGHBORS_ALARM", state, 1);
    setenv("NEIGHBORS_TEXT", text, 1);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void tell(const struct watchdog *watchdog, const char *state, const char *text)
{
    char at[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    if (watchdog->invocation->common.json)
        cli_print_json(json_pack("{s:s, s:s, s:s}", "at", at, "state", state, "text", text));
    else
        printf("%s %s: %s\n", at, state, text);
    fflush(stdout);
    if (watchdog->invocation->value[RUN])
        run_command(watchdog->invocation->value[RUN], state, text);
}

static void judge(struct watchdog *watchdog)
{
    static const char *const names[] = {[WELL] = "well", [STALE] = "stale", [SILENT] = "silent"};
    static const char *const texts[] = {[WELL] = "sends heartbeats, and its feed is up to date",
        [STALE] = "says that its feed is stale",
        [SILENT] = "sends no heartbeat"};
    const struct common *common = &watchdog->invocation->common;
    int64_t now = monotonic_ms(), unheard = now - watchdog->heard_at, not_good = now - watchdog->good_at;
    enum state state = unheard > watchdog->silence_ms    ? SILENT
                       : not_good > watchdog->silence_ms ? STALE
                                                         : WELL;
    char text[COMMAND_FIELD + 128];
    if (state == watchdog->state)
        return;
    watchdog->state = state;
    int len = snprintf(text, sizeof text, "%s:%d %s", common->broker_host, common->broker_port, texts[state]);
    if (state != WELL)
        snprintf(text + len, sizeof text - (size_t)len, " since %lld s",
            (long long)(state == SILENT ? unheard : not_good) / 1000);
    tell(watchdog, names[state], text);
}

/* ---- following ---- */

static void on_message(void *arg, const struct link_message *message)
{
    struct watchdog *watchdog = arg;
    struct heartbeat heartbeat;
    struct refusal refusal;
    struct arena arena;
    if (!text_equal(message->topic, TEXT("nb/v1/inbox/heartbeat")))
        return;
    arena_init(&arena, NULL, 0);
    if (codec_decode_heartbeat(ENCODING_PROTOBUF, message->payload, &arena, &heartbeat, &refusal)) {
        watchdog->heard_at = monotonic_ms();
        if (!heartbeat.stale)
            watchdog->good_at = watchdog->heard_at;
    }
    arena_free(&arena);
}

static bool over(const struct watchdog *watchdog)
{
    return interrupted || (watchdog->state != WELL && watchdog->invocation->value[ONCE]) ||
           (watchdog->deadline && monotonic_ms() >= watchdog->deadline);
}

/* One connection, until it ends. A refusal is for good: the token does not get better by itself. */
static enum exit_code follow(struct watchdog *watchdog)
{
    struct link_answer answer = {0};
    struct link *link;
    enum exit_code code = link_open(
        watchdog->invocation, &watchdog->identity, watchdog->told_lost, on_message, watchdog, &link);
    if (code != EXIT_DONE)
        return code;
    if (!link_subscribe(link, "nb/v1/inbox/heartbeat", NULL, 0, &answer))
        code = EXIT_UNREACHABLE;
    else if (link_refused(&answer))
        code = cli_fail(watchdog->invocation, EXIT_REFUSED, "the broker refuses it: 0x%02x, %s",
            (unsigned)answer.reason, answer.text);
    json_decref(answer.properties);
    while (code == EXIT_DONE && !over(watchdog)) {
        if (!link_turn(link, TURN_MS))
            code = EXIT_UNREACHABLE;
        judge(watchdog);
    }
    link_close(link);
    return code;
}

static enum exit_code watch_over(struct watchdog *watchdog)
{
    enum exit_code code = EXIT_DONE;
    while (!over(watchdog)) {
        code = follow(watchdog);
        if (code != EXIT_UNREACHABLE)
            break;
        if (!watchdog->told_lost)
            fprintf(stderr, "neighbors: the broker is not reached; trying again\n");
        watchdog->told_lost = true;
        judge(watchdog);
        nanosleep(&(struct timespec){RETRY_MS / 1000, RETRY_MS % 1000 * 1000000L}, NULL);
    }
    if (code == EXIT_REFUSED)
        return code;
    return watchdog->state != WELL ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- the command ---- */

static bool read_options(struct watchdog *watchdog)
{
    const struct invocation *invocation = watchdog->invocation;
    int64_t span;
    watchdog->silence_ms = SILENCE_MS;
    watchdog->good_at = watchdog->heard_at = monotonic_ms();
    if (invocation->argument_count) {
        cli_fail(invocation, EXIT_USAGE, "watchdog takes options alone");
        return false;
    }
    if (invocation->value[SILENCE] &&
        !cli_span(invocation, "--silence", invocation->value[SILENCE], &watchdog->silence_ms))
        return false;
    if (!invocation->value[FOR])
        return true;
    if (!cli_span(invocation, "--for", invocation->value[FOR], &span))
        return false;
    watchdog->deadline = watchdog->good_at + span;
    return true;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const roles[] = {"user/", "agency/", NULL};
    struct watchdog watchdog = {.invocation = invocation};
    const struct sigaction action = {.sa_handler = on_signal};
    const struct sigaction no_corpses = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    if (!read_options(&watchdog))
        return EXIT_USAGE;
    enum exit_code code = identity_find(invocation, roles, &watchdog.identity);
    if (code != EXIT_DONE)
        return code;
    snprintf(watchdog.identity.client, sizeof watchdog.identity.client, "%s",
        invocation->value[CLIENT] ? invocation->value[CLIENT] : "watchdog");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGCHLD, &no_corpses, NULL);
    return watch_over(&watchdog);
}

const struct command command_watchdog = {
    "watchdog", "an alarm when the broker falls silent, from another machine", "", options, run};
