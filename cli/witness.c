/* neighbors witness: a resident saw it too. */
#include "cli/opinion.h"

enum { REMARK, WHEN };
static const struct option_row options[] = {
    [REMARK] = {"remark", "TEXT", "what you saw"},
    [WHEN] = {"when", "TIME", "when you saw it"},
    {0},
};

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *const *value = invocation->value;
    const char *about = opinion_about(invocation);
    struct witness witness = {.public_id = text_of(about), .remark = text_of(value[REMARK])};
    struct arena arena;
    if (!about || (value[WHEN] && !cli_time(invocation, "--when", value[WHEN], &witness.at)))
        return EXIT_USAGE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = opinion_send(invocation, wishes, "nb/v1/witness",
        codec_encode_witness(ENCODING_PROTOBUF, &witness, &arena), about);
    arena_free(&arena);
    return code;
}

const struct command command_witness = {"witness", "say that you saw it too", "PUBLIC_ID", options, run};
