/* neighbors poll: follows public feeds and posts what is new as a configured agency (bridge/feed/poller.h).
 */
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "bridge/feed/poller.h"
#include "cli/cli.h"

enum { CONFIG, ONCE };
static const struct option_row options[] = {
    [CONFIG] = {"config", "FILE", "which feeds, and as whom (/etc/neighbors/neighbors-poll.conf)"},
    [ONCE] = {"once", NULL, "do what is due, and end"},
    {0},
};

enum { PAUSE_MOST_MS = 60000 };

/* The signal handler has no other way to say that it came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct telling {
    const struct invocation *invocation;
    bool failed, refused;
};

static void print_line(const struct poller_event *event)
{
    printf("%s feed=%s", poller_what_name(event->what), event->feed);
    if (*event->entry)
        printf(" entry=%s", event->entry);
    if (event->status)
        printf(" status=%ld", event->status);
    if (event->what == POLLER_READ)
        printf(" entries=%zu new=%zu left_out=%zu", event->entries, event->fresh, event->left_out);
    if (event->again_ms)
        printf(" again_in_ms=%lld", (long long)event->again_ms);
    printf("%s%s\n", *event->text ? " why=" : "", event->text);
}

static void tell(void *arg, const struct poller_event *event)
{
    struct telling *telling = arg;
    telling->failed = telling->failed || event->what == POLLER_FEED_FAILED ||
                      event->what == POLLER_FETCH_FAILED || event->what == POLLER_POST_FAILED ||
                      event->what == POLLER_STATE_FAILED;
    telling->refused = telling->refused || event->what == POLLER_REFUSED;
    if (!telling->invocation->common.json) {
        print_line(event);
        return;
    }
    cli_print_json(json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:o}", "what",
        poller_what_name(event->what), "feed", event->feed, "entry", event->entry, "status",
        (int)event->status, "entries", (json_int_t)event->entries, "new", (json_int_t)event->fresh,
        "left_out", (json_int_t)event->left_out, "again_in_ms", (json_int_t)event->again_ms, "text",
        json_stringn_nocheck(event->text, strlen(event->text))));
}

/* Sleeps until then, or until a signal, which cannot come unseen between the look and the sleep. */
static void sleep_until(int64_t then)
{
    sigset_t ends, before;
    int64_t wait = then - cli_now();
    if (wait <= 0)
        return;
    if (wait > PAUSE_MOST_MS)
        wait = PAUSE_MOST_MS;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &before);
    const struct timespec time = {wait / 1000, wait % 1000 * 1000000};
    if (!interrupted)
        ppoll(NULL, 0, &time, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static enum exit_code follow(struct poller *poller, const struct telling *telling, bool once)
{
    int64_t next = 0;
    while (!interrupted) {
        int64_t now = cli_now();
        if (next > now && once)
            break;
        sleep_until(next);
        if (!interrupted)
            next = poller_turn(poller, cli_now());
    }
    return !once || interrupted ? EXIT_DONE
           : telling->failed    ? EXIT_UNREACHABLE
           : telling->refused   ? EXIT_REFUSED
                                : EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    const char *file = invocation->value[CONFIG];
    struct telling telling = {.invocation = invocation};
    struct poll_settings settings;
    char error[500];
    enum exit_code code = EXIT_REFUSED;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "poll takes options alone");
    bool read = poll_settings_read(
        file ? file : "/etc/neighbors/neighbors-poll.conf", &settings, error, sizeof error);
    struct poller *poller =
        read ? poller_open(&settings, tell, &telling, &interrupted, error, sizeof error) : NULL;
    if (poller) {
        catch_signals();
        code = follow(poller, &telling, invocation->value[ONCE] != NULL);
    } else {
        cli_fail(invocation, code, "%s", error);
    }
    poller_close(poller);
    poll_settings_free(&settings);
    return code;
}

const struct command command_poll = {
    "poll", "follow public feeds, and post what is new as an agency", "", options, run};
