/* neighbors publish cap: CAP documents as they are, from the agency that they are of. */
#include <errno.h>
#include <string.h>

#include "cli/publish.h"

static const struct option_row options[] = {{0}};

enum { DOCUMENT_MOST = 8 << 20 };

static void ignore(void *arg, const struct link_message *message)
{
    (void)arg, (void)message;
}

static enum exit_code publish(
    const struct invocation *invocation, struct link *link, const char *path, struct arena *arena)
{
    struct link_answer answer;
    char label[120];
    struct link_publish publish = {.topic = "nb/v1/alert", .content_type = "application/cap+xml"};
    if (!cli_read_file(path, DOCUMENT_MOST, arena, &publish.payload))
        return cli_fail(invocation, EXIT_REFUSED, "cannot read %.200s: %s", path, strerror(errno));
    snprintf(label, sizeof label, "%.110s", path);
    if (!link_publish(link, &publish, &answer))
        return cli_fail(invocation, EXIT_UNREACHABLE,
            "the connection ended before the broker said that it stored %s", label);
    return publish_tell(invocation, &answer, label, "", path);
}

/* One after the other over one connection; ends with the worst of them, and at once without the broker. */
static enum exit_code publish_all(const struct invocation *invocation, struct link *link)
{
    enum exit_code worst = EXIT_DONE;
    for (int i = 0; i < invocation->argument_count && worst != EXIT_UNREACHABLE; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        enum exit_code code = publish(invocation, link, invocation->arguments[i], &arena);
        arena_free(&arena);
        if (code > worst)
            worst = code;
    }
    return worst;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"agency/", NULL};
    struct identity identity;
    struct link *link;
    if (invocation->argument_count == 0)
        return cli_fail(invocation, EXIT_USAGE, "say which files, such as: publish cap alert.xml");
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code == EXIT_DONE)
        code = link_open(invocation, &identity, false, ignore, NULL, &link);
    if (code != EXIT_DONE)
        return code;
    code = publish_all(invocation, link);
    link_close(link);
    return code;
}

const struct command command_publish_cap = {
    "publish cap", "send an agency's CAP documents, as they are", "FILE...", options, run};
