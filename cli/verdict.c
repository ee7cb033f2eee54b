/* neighbors verdict: what an agency or the operator says of an alert. It becomes part of the public record.
 */
#include "cli/opinion.h"

enum { DECISION, REVISION, REASON, CASE };
static const struct option_row options[] = {
    [DECISION] = {"decision", "WORD", "confirmed, refuted, approved; from an operator released, removed"},
    [REVISION] = {"revision", "N",
        "that was looked at, needed to approve; refused when there is a newer one"},
    [REASON] = {"reason", "TEXT", "why, for the public record"},
    [CASE] = {"case", "NUMBER", "an agency's case number"},
    {0},
};

static bool read_verdict(const struct invocation *invocation, const char *about, struct verdict *out)
{
    const char *const *value = invocation->value;
    int64_t revision = 0;
    *out = (struct verdict){
        .public_id = text_of(about), .reason = text_of(value[REASON]), .case_number = text_of(value[CASE])};
    if (!value[DECISION]) {
        cli_fail(invocation, EXIT_USAGE, "say what is decided: --decision WORD");
        return false;
    }
    if (!cli_word_of(invocation, "--decision", value[DECISION], verdict_decision_name, &out->decision) ||
        (value[REVISION] && !cli_number(invocation, "--revision", value[REVISION], 0, INT32_MAX, &revision)))
        return false;
    out->revision = (uint32_t)revision;
    return true;
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"agency/", "operator/", NULL};
    const char *about = opinion_about(invocation);
    struct verdict verdict;
    struct arena arena;
    if (!about || !read_verdict(invocation, about, &verdict))
        return EXIT_USAGE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = opinion_send(invocation, wishes, "nb/v1/verdict",
        codec_encode_verdict(ENCODING_PROTOBUF, &verdict, &arena), about);
    arena_free(&arena);
    return code;
}

const struct command command_verdict = {
    "verdict", "confirm, refute or approve an alert", "PUBLIC_ID", options, run};
