/* One session, over as many connections as it takes. */
#include "cli/inbox.h"

#include <signal.h>
#include <string.h>
#include <time.h>

enum { TURN_MS = 100, RETRY_FIRST_MS = 500, RETRY_MOST_MS = 30000 };

/* The signal handler has no other way to say that it came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

bool inbox_read(struct inbox *inbox, const struct invocation *invocation, const char *const *wishes,
    const char *client, const char *count, const char *span, enum exit_code *code)
{
    int64_t most = 0;
    inbox->invocation = invocation;
    inbox->left = -1;
    *code = EXIT_USAGE;
    if (client && (!*client || strlen(client) >= IDENTITY_CLIENT)) {
        cli_fail(invocation, EXIT_USAGE, "--client: a name of at most %d characters", IDENTITY_CLIENT - 1);
        return false;
    }
    if ((count && !cli_number(invocation, "--count", count, 1, INT32_MAX, &inbox->left)) ||
        (span && !cli_span(invocation, "--for", span, &most)))
        return false;
    inbox->deadline = span ? cli_now() + most : 0;
    *code = identity_find(invocation, wishes, &inbox->identity);
    if (client || !*inbox->identity.client)
        snprintf(
            inbox->identity.client, sizeof inbox->identity.client, "%s", client ? client : inbox->client);
    return *code == EXIT_DONE;
}

static bool over(const struct inbox *inbox)
{
    return interrupted || inbox->left == 0 || (inbox->deadline && cli_now() >= inbox->deadline);
}

/* Turns until the end, or the loss of the connection (EXIT_UNREACHABLE). */
static enum exit_code turn(struct inbox *inbox, struct link *link)
{
    while (!over(inbox)) {
        if (!link_turn(link, TURN_MS) || (inbox->turn && !inbox->turn(inbox->arg, link)))
            return EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

/* One connection, from CONNECT until it ends. *worked: it came to follow. */
static enum exit_code follow(struct inbox *inbox, bool first, bool *worked)
{
    struct link_answer answer;
    struct link *link;
    enum exit_code code =
        link_open(inbox->invocation, &inbox->identity, !first, inbox->handler, inbox->arg, &link);
    *worked = false;
    if (code != EXIT_DONE)
        return code;
    code = EXIT_UNREACHABLE;
    if (link_subscribe(link, "nb/v1/inbox/#", NULL, 0, &answer)) {
        json_decref(answer.properties);
        *worked = !link_refused(&answer);
        code = *worked ? turn(inbox, link)
                       : cli_fail(inbox->invocation, EXIT_REFUSED, "the broker refuses the inbox: %s",
                             answer.text);
    }
    link_close(link);
    return code;
}

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

enum exit_code inbox_follow(struct inbox *inbox)
{
    const struct sigaction action = {.sa_handler = on_signal};
    int64_t retry = RETRY_FIRST_MS;
    bool worked, first = true;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    enum exit_code code = follow(inbox, true, &worked);
    while (code == EXIT_UNREACHABLE && !over(inbox)) {
        if (first && !worked)
            return code;
        first = false;
        retry = worked ? RETRY_FIRST_MS : retry * 2 < RETRY_MOST_MS ? retry * 2 : RETRY_MOST_MS;
        pause_ms(retry);
        code = follow(inbox, false, &worked);
    }
    if (over(inbox) && code == EXIT_UNREACHABLE)
        code = EXIT_DONE;
    return code == EXIT_DONE && inbox->left > 0 && !interrupted ? EXIT_REFUSED : code;
}
