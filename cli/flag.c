/* neighbors flag: an alert should not be here; from the sender of one that is held, the appeal. */
#include "cli/opinion.h"

enum { REASON, REMARK };
static const struct option_row options[] = {
    [REASON] = {"reason", "WORD",
        "false_report, discrimination, harassment, privacy, spam, other (other, when there is a remark)"},
    [REMARK] = {"remark", "TEXT", "more about it; of an appeal, why it should be shown"},
    {0},
};

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", NULL};
    const char *const *value = invocation->value;
    const char *about = opinion_about(invocation);
    struct flag flag = {.public_id = text_of(about), .remark = text_of(value[REMARK]), .reason = FLAG_OTHER};
    struct arena arena;
    if (!about)
        return EXIT_USAGE;
    if (!value[REASON] && !value[REMARK])
        return cli_fail(invocation, EXIT_USAGE, "say why: --reason WORD");
    if (!cli_word_of(invocation, "--reason", value[REASON], flag_reason_name, &flag.reason))
        return EXIT_USAGE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = opinion_send(
        invocation, wishes, "nb/v1/flag", codec_encode_flag(ENCODING_PROTOBUF, &flag, &arena), about);
    arena_free(&arena);
    return code;
}

const struct command command_flag = {"flag",
    "report an alert that should not be here, or appeal when yours is held", "PUBLIC_ID", options, run};
