/* neighbors resolve: an agency closes a case; its requests end, and the outcome is on the public record. */
#include <string.h>

#include "cli/publish.h"
#include "proto/codec.h"

enum { CASE, OUTCOME, REMARK };
static const struct option_row options[] = {
    [CASE] = {"case", "NUMBER", "of the investigation"},
    [OUTCOME] = {"outcome", "WORD", "solved, unsolved, unfounded (nothing had happened)"},
    [REMARK] = {"remark", "TEXT", "in words, for the public record"},
    {0},
};

static enum exit_code send(const struct invocation *invocation, struct bytes payload)
{
    static const char *const wishes[] = {"agency/", NULL};
    struct identity identity;
    char label[80];
    const struct link_publish publish = {
        .topic = "nb/v1/resolve", .content_type = "application/x-protobuf", .payload = payload};
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    snprintf(label, sizeof label, "end of case %.60s", invocation->value[CASE]);
    return publish_once(invocation, &identity, &publish, label, invocation->value[CASE]);
}

static enum exit_code run(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    struct text ids[LIMIT_REQUESTS];
    struct resolve resolve = {.case_number = text_of(value[CASE]),
        .remark = text_of(value[REMARK]),
        .request_count = (size_t)invocation->argument_count,
        .request_ids = ids};
    struct arena arena;
    if (!value[CASE] || !value[OUTCOME])
        return cli_fail(invocation, EXIT_USAGE, "say which case ended how: --case NUMBER --outcome WORD");
    if (invocation->argument_count > LIMIT_REQUESTS)
        return cli_fail(invocation, EXIT_USAGE, "at most %d requests at once", LIMIT_REQUESTS);
    if (!cli_word_of(invocation, "--outcome", value[OUTCOME], case_outcome_name, &resolve.outcome))
        return EXIT_USAGE;
    for (int i = 0; i < invocation->argument_count; i++)
        ids[i] = text_of(invocation->arguments[i]);
    arena_init(&arena, NULL, 0);
    enum exit_code code = send(invocation, codec_encode_resolve(ENCODING_PROTOBUF, &resolve, &arena));
    arena_free(&arena);
    return code;
}

const struct command command_resolve = {
    "resolve", "an agency closes a case: its footage requests end", "[REQUEST_ID...]", options, run};
