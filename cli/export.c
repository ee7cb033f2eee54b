/* neighbors export: all that is held about a household, as JSON: on standard output one part a line, or in a
 * file one object with everything. With --installation it is what installation.h says. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "cli/installation.h"
#include "cli/link.h"
#include "proto/codec.h"

enum { FROM, TO, OUT, INSTALLATION, FORCE };
static const struct option_row options[] = {
    [FROM] = {"from", "TIME", "of events, what happened since then"},
    [TO] = {"to", "TIME", "of events, what happened before then"},
    [OUT] = {"out", "FILE", "write one JSON object into this new file"},
    [INSTALLATION] = {"installation", "FILE",
        "for the operator: all that Redis has of the installation, into this new file (-: standard output)"},
    [FORCE] = {"force", NULL,
        "with --installation: also while a neighborsd is connected; each value is of one moment, all of "
        "none"},
    {0},
};

enum { PAGE_TEXT = 128, CORRELATION = 8, ANSWER_MS = 30000, TURN_MS = 100 };
static const char reply_topic[] = "nb/v1/json/inbox/reply/export";

struct export
{
    const struct invocation *invocation;
    struct export_query query;
    char page[PAGE_TEXT];
    uint8_t correlation[CORRELATION];
    bool answered, readable;
    json_t *all;
};

/* Lists go on, everything else is taken over. */
static void add_part(json_t *all, json_t *part)
{
    const char *name;
    json_t *value, *known;
    json_object_foreach(part, name, value)
    {
        if (strcmp(name, "next") == 0 || strcmp(name, "last") == 0)
            continue;
        known = json_object_get(all, name);
        if (json_is_array(known) && json_is_array(value))
            json_array_extend(known, value);
        else
            json_object_set(all, name, value);
    }
}

static void on_message(void *arg, const struct link_message *message)
{
    struct export *export = arg;
    if (export->answered || !text_equal(message->topic, text_of(reply_topic)) ||
        !bytes_equal(message->correlation, (struct bytes){export->correlation, CORRELATION}))
        return;
    json_t *part = json_loadb((const char *)message->payload.data, message->payload.len, 0, NULL);
    const char *next = json_string_value(json_object_get(part, "next"));
    export->answered = true;
    export->readable = json_is_object(part) && (!next || strlen(next) < PAGE_TEXT);
    if (export->readable) {
        snprintf(export->page, sizeof export->page, "%s", next ? next : "");
        export->query.page = text_of(export->page);
        if (export->all)
            add_part(export->all, part);
        else
            cli_print_json(json_incref(part));
    }
    json_decref(part);
}

static enum exit_code ask_part(struct export *export, struct link *link)
{
    struct link_answer answer;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    export->answered = false;
    if (RAND_bytes(export->correlation, CORRELATION) != 1)
        abort();
    struct link_publish publish = {.topic = "nb/v1/export",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_export_query(ENCODING_PROTOBUF, &export->query, &arena),
        .response_topic = reply_topic,
        .correlation = {export->correlation, CORRELATION}};
    bool asked = link_publish(link, &publish, &answer);
    arena_free(&arena);
    if (!asked)
        return cli_fail(export->invocation, EXIT_UNREACHABLE, "the connection ended before the answer came");
    json_decref(answer.properties);
    if (link_refused(&answer))
        return cli_fail(
            export->invocation, EXIT_REFUSED, "refused: 0x%02x, %s", (unsigned)answer.reason, answer.text);
    for (int64_t until = cli_now() + ANSWER_MS; !export->answered && cli_now() < until;)
        if (!link_turn(link, TURN_MS))
            break;
    if (!export->answered)
        return cli_fail(
            export->invocation, EXIT_UNREACHABLE, "the broker took the question but did not answer");
    return export->readable
               ? EXIT_DONE
               : cli_fail(export->invocation, EXIT_REFUSED, "the broker's answer cannot be read");
}

static enum exit_code ask_all(struct export *export, struct link *link)
{
    struct link_answer answer;
    if (!link_subscribe(link, "nb/v1/json/inbox/#", NULL, 0, &answer))
        return cli_fail(export->invocation, EXIT_UNREACHABLE, "the connection ended");
    json_decref(answer.properties);
    if (link_refused(&answer))
        return cli_fail(export->invocation, EXIT_REFUSED, "the broker refuses the inbox: %s", answer.text);
    enum exit_code code;
    do
        code = ask_part(export, link);
    while (code == EXIT_DONE && export->query.page.len);
    return code;
}

static enum exit_code write_file(struct export *export)
{
    const char *path = export->invocation->value[OUT];
    FILE *out = cli_create(path, 0600);
    if (!out)
        return cli_fail(export->invocation, EXIT_REFUSED, "%s cannot be made, or is there already", path);
    bool done = json_dumpf(export->all, out, JSON_INDENT(1)) == 0;
    done = fclose(out) == 0 && done;
    if (!done)
        return cli_fail(export->invocation, EXIT_REFUSED, "%s could not be written", path);
    fprintf(stderr, "%s: %zu events, %zu alerts, %zu of the household\n", path,
        json_array_size(json_object_get(export->all, "events")),
        json_array_size(json_object_get(export->all, "alerts")),
        json_array_size(json_object_get(export->all, "principals")));
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *const *value = invocation->value;
    struct export export = {.invocation = invocation};
    struct identity identity;
    struct link *link;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "export takes options alone");
    if (value[INSTALLATION])
        return installation_export(invocation, value[INSTALLATION], value[FORCE] != NULL);
    if ((value[FROM] && !cli_time(invocation, "--from", value[FROM], &export.query.from)) ||
        (value[TO] && !cli_time(invocation, "--to", value[TO], &export.query.to)))
        return EXIT_USAGE;
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    export.all = value[OUT] ? json_object() : NULL;
    code = link_open(invocation, &identity, false, on_message, &export, &link);
    if (code == EXIT_DONE) {
        code = ask_all(&export, link);
        link_close(link);
    }
    if (code == EXIT_DONE && export.all)
        code = write_file(&export);
    json_decref(export.all);
    return code;
}

const struct command command_export = {
    "export", "all that is held about your household, as JSON; or a whole installation", "", options, run};
