/* neighbors footage-answer: an owner decides about one recording. What is shared is sealed here, to the
 * certificate that the request brought, before anything leaves. It goes out with everybody's answers, by
 * `neighbors footage-requests`; when that time has passed, at once. */
#include <string.h>

#include "bridge/owner/footage_clip.h"
#include "cli/footage_folder.h"
#include "cli/inbox.h"

enum { STILL, REFERENCE, NOTE, PURPOSE, DELETE_AFTER, DEVICE, FROM, TO, DECLINE, WITHDRAW, CLIP, NOW };
static const struct option_row options[] = {
    [STILL] = {"still", "FILE", "share a picture (JPEG or PNG, below 30 kB)"},
    [REFERENCE] = {"reference", "TEXT", "share where the recording may be had"},
    [NOTE] = {"note", "TEXT", "share what you have to say about it"},
    [PURPOSE] = {"purpose", "TEXT", "what you consent to (the investigation of the case)"},
    [DELETE_AFTER] = {"delete-after", "SPAN", "when the agency is to delete it: at most 180d (30d)"},
    [DEVICE] = {"device", "ID", "which camera it is of"},
    [FROM] = {"from", "TIME", "when the recording begins"},
    [TO] = {"to", "TIME", "when it ends"},
    [DECLINE] = {"decline", NULL, "share nothing of it; nobody is told"},
    [WITHDRAW] = {"withdraw", NULL, "take back what was shared: the agency is told to delete it"},
    [CLIP] = {"clip", "NAME", "your own name for the recording (clip)"},
    [NOW] = {"now", NULL, "send it at once: who watches the line may guess from that"},
    {0},
};

static const int64_t usual_ms = INT64_C(30) * 24 * 3600 * 1000;

/* ---- what is shared ---- */

static enum exit_code read_still(
    const struct invocation *invocation, struct arena *arena, struct sealed_clip *out)
{
    const char *path = invocation->value[STILL];
    if (!path)
        return EXIT_DONE;
    if (!cli_read_file(path, FOOTAGE_STILL_MOST, arena, &out->still))
        return cli_fail(
            invocation, EXIT_REFUSED, "--still: %.200s cannot be read, or is larger than 30 kB", path);
    const char *type = footage_media_type(out->still);
    if (!type)
        return cli_fail(invocation, EXIT_REFUSED, "--still: %.200s is neither JPEG nor PNG", path);
    out->media_type = text_of(type);
    return EXIT_DONE;
}

static enum exit_code read_clip(const struct invocation *invocation, const struct footage_request *request,
    struct arena *arena, struct sealed_clip *out)
{
    const char *const *value = invocation->value;
    int64_t span = usual_ms;
    *out = footage_clip_for(request, value[PURPOSE], arena);
    out->device = text_of(value[DEVICE]);
    out->note = text_of(value[NOTE]);
    out->reference = text_of(value[REFERENCE]);
    if ((value[DELETE_AFTER] && !cli_span(invocation, "--delete-after", value[DELETE_AFTER], &span)) ||
        (value[FROM] && !cli_time(invocation, "--from", value[FROM], &out->from)) ||
        (value[TO] && !cli_time(invocation, "--to", value[TO], &out->to)))
        return EXIT_USAGE;
    out->delete_by = cli_now() + span;
    return read_still(invocation, arena, out);
}

static enum exit_code seal(const struct invocation *invocation, const struct footage_request *request,
    struct arena *arena, struct clip_answer *out)
{
    struct sealed_clip clip;
    const char *why;
    enum exit_code code = read_clip(invocation, request, arena, &clip);
    if (code != EXIT_DONE)
        return code;
    struct clip_answer sealed;
    if (!footage_seal_clip(request, &clip, arena, &sealed, &why))
        return cli_fail(invocation, EXIT_REFUSED, "it cannot be sealed to the agency's certificate: %s", why);
    sealed.clip_id = out->clip_id;
    *out = sealed;
    return EXIT_DONE;
}

/* ---- the answer ---- */

/* 0 after the complaint. */
static enum footage_decision read_decision(const struct invocation *invocation)
{
    const char *const *value = invocation->value;
    bool share = value[STILL] || value[REFERENCE] || value[NOTE];
    if (share + (value[DECLINE] != NULL) + (value[WITHDRAW] != NULL) == 1)
        return share ? FOOTAGE_SHARE : value[DECLINE] ? FOOTAGE_DECLINE : FOOTAGE_WITHDRAW;
    cli_fail(invocation, EXIT_USAGE,
        "say one thing: share (--still, --reference, --note), --decline, or --withdraw");
    return 0;
}

static enum exit_code put_clip(const struct invocation *invocation, struct footage_answer *answer,
    const struct clip_answer *clip, struct arena *arena)
{
    if (footage_put_clip(answer, clip, arena))
        return EXIT_DONE;
    return cli_fail(invocation, EXIT_REFUSED,
        "one answer holds at most %d recordings and 45 kB sealed: share a smaller picture, or a reference",
        LIMIT_CLIPS);
}

static void ignore(void *arg, const struct link_message *message)
{
    (void)arg, (void)message;
}

static enum exit_code send_now(
    const struct invocation *invocation, const struct footage_answer *answer, struct arena *arena)
{
    static const char *const wishes[] = {"user/", NULL};
    struct identity identity;
    struct link_answer told;
    struct link *link;
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code == EXIT_DONE)
        code = link_open(invocation, &identity, false, ignore, NULL, &link);
    if (code != EXIT_DONE)
        return code;
    if (!footage_send(invocation, link, answer, arena, &told))
        code =
            cli_fail(invocation, EXIT_UNREACHABLE, "the connection ended before the broker had the answer");
    else if (link_refused(&told))
        code = cli_fail(invocation, EXIT_REFUSED, "refused, 0x%02x: %s", (unsigned)told.reason, told.text);
    link_close(link);
    return code;
}

static void tell(const struct invocation *invocation, const char *state, int64_t at)
{
    char when[32];
    footage_time(at, when);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:I}", "ok", 1, "answer", state, "at", (json_int_t)at));
    else if (strcmp(state, "sent") == 0)
        puts("answer sent");
    else
        printf("answer kept; `neighbors footage-requests` sends it with everybody's, at %s\n", when);
}

static enum exit_code answer(
    const struct invocation *invocation, const struct footage_request *request, struct arena *arena)
{
    const char *id = invocation->arguments[0], *name = invocation->value[CLIP];
    bool at_once = invocation->value[NOW] || footage_was_sent(invocation, id);
    struct clip_answer clip = {
        .clip_id = name ? text_of(name) : TEXT("clip"), .decision = (uint8_t)read_decision(invocation)};
    if (!clip.decision)
        return EXIT_USAGE;
    enum exit_code code =
        clip.decision == FOOTAGE_SHARE ? seal(invocation, request, arena, &clip) : EXIT_DONE;
    struct footage_answer whole = footage_answer_kept(invocation, id, arena);
    if (code == EXIT_DONE)
        code = put_clip(invocation, &whole, &clip, arena);
    if (code != EXIT_DONE)
        return code;
    if (at_once)
        code = send_now(invocation, &whole, arena);
    else if (!footage_keep_answer(invocation, &whole, arena))
        code = EXIT_REFUSED;
    if (code == EXIT_DONE)
        tell(invocation, at_once ? "sent" : "kept", at_once ? cli_now() : request->answer_at);
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct footage_request request;
    struct arena arena;
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say which request, by its id: footage-answer ID");
    arena_init(&arena, NULL, 0);
    enum exit_code code =
        footage_request_kept(invocation, invocation->arguments[0], &arena, &request)
            ? answer(invocation, &request, &arena)
            : cli_fail(invocation, EXIT_REFUSED,
                  "no request %.60s is kept in %.150s/footage: `neighbors footage-requests` gets them",
                  invocation->arguments[0], invocation->common.data);
    arena_free(&arena);
    return code;
}

const struct command command_footage_answer = {
    "footage-answer", "an owner shares, declines, takes back", "REQUEST_ID", options, run};
