/* neighbors publish cap: CAP documents as they are, from the agency that they are of. */
#include <errno.h>
#include <string.h>

#include "cli/preview.h"
#include "cli/publish.h"

enum { PREVIEW, HTTP };
static const struct option_row options[] = {
    PREVIEW_ROWS(PREVIEW, HTTP),
    {0},
};

enum { DOCUMENT_MOST = 8 << 20 };

static void ignore(void *arg, const struct link_message *message)
{
    (void)arg, (void)message;
}

/* What is done with each document: published over the link, or previewed without one. */
struct sending {
    const struct invocation *invocation;
    struct identity identity;
    struct link *link; /* NULL: a preview */
};

static enum exit_code publish(
    const struct sending *sending, const char *label, const char *path, struct bytes document)
{
    const struct invocation *invocation = sending->invocation;
    struct link_answer answer;
    const struct link_publish publish = {
        .topic = "nb/v1/alert", .content_type = "application/cap+xml", .payload = document};
    if (!sending->link)
        return preview(
            invocation, &sending->identity, invocation->value[HTTP], publish.content_type, document, label);
    if (!link_publish(sending->link, &publish, &answer))
        return cli_fail(invocation, EXIT_UNREACHABLE,
            "the connection ended before the broker said that it stored %s", label);
    return publish_tell(invocation, &answer, label, "", path);
}

static enum exit_code send_file(const struct sending *sending, const char *path)
{
    char label[120];
    struct bytes document;
    struct arena arena;
    enum exit_code code;
    snprintf(label, sizeof label, "%.110s", path);
    arena_init(&arena, NULL, 0);
    if (cli_read_file(path, DOCUMENT_MOST, &arena, &document))
        code = publish(sending, label, path, document);
    else
        code = cli_fail(sending->invocation, EXIT_REFUSED, "cannot read %.200s: %s", path, strerror(errno));
    arena_free(&arena);
    return code;
}

/* One after the other over one connection; ends with the worst of them, and at once without the broker. */
static enum exit_code send_all(const struct sending *sending)
{
    const struct invocation *invocation = sending->invocation;
    enum exit_code worst = EXIT_DONE;
    for (int i = 0; i < invocation->argument_count && worst != EXIT_UNREACHABLE; i++) {
        enum exit_code code = send_file(sending, invocation->arguments[i]);
        if (code > worst)
            worst = code;
    }
    return worst;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"agency/", NULL};
    struct sending sending = {.invocation = invocation};
    if (invocation->argument_count == 0)
        return cli_fail(invocation, EXIT_USAGE, "say which files, such as: publish cap alert.xml");
    enum exit_code code = identity_find(invocation, wishes, &sending.identity);
    if (code == EXIT_DONE && !invocation->value[PREVIEW])
        code = link_open(invocation, &sending.identity, false, ignore, NULL, &sending.link);
    if (code == EXIT_DONE)
        code = send_all(&sending);
    link_close(sending.link);
    return code;
}

const struct command command_publish_cap = {
    "publish cap", "send an agency's CAP documents, as they are", "FILE...", options, run};
