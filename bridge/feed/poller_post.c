/* Documents to the broker, as an agency. What it takes or refuses is done with; what it cannot take now is
 * kept. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bridge/feed/fetch.h"
#include "bridge/feed/poller_inside.h"

enum { TOKEN_MOST = 500, ANSWER_MOST = 65536 };

static bool read_token(const char *file, char out[TOKEN_MOST])
{
    FILE *stream = fopen(file, "re");
    bool read = stream && fgets(out, TOKEN_MOST, stream) && strcspn(out, "\r\n") > 0;
    if (stream)
        fclose(stream);
    if (read)
        out[strcspn(out, "\r\n")] = '\0';
    return read;
}

/* What the broker says of a refusal: "field: rule". */
static void explain(const struct fetch_answer *answer, char *out, size_t size)
{
    const char *field = "", *rule = "", *text = "";
    json_t *object = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    if (object)
        json_unpack(object, "{s?s, s?s, s?s}", "field", &field, "rule", &rule, "text", &text);
    snprintf(out, size, "%.100s%s%.150s%s%.200s", field, *field && *rule ? ": " : "", rule,
        *text && (*field || *rule) ? "; " : "", text);
    json_decref(object);
}

static bool post_failed(struct poller *poller, struct followed *followed, const struct poll_entry *entry,
    const struct fetch_answer *answer, const char *why)
{
    const char *url = followed->settings->url;
    int64_t wait = poller_wait(poller, entry->tries + 1, answer->retry_after_ms), now = poller_clock();
    if (poller_stopped(poller))
        return true;
    followed->post_due = now + poller_wait(poller, ++followed->post_failures, answer->retry_after_ms);
    poller_say(poller, url, entry->id,
        (struct poller_event){
            .what = POLLER_POST_FAILED, .status = answer->status, .text = why, .again_ms = wait});
    return poll_state_again(poller->state, entry->number, now + wait);
}

static bool post_done(struct poller *poller, struct followed *followed, const struct poll_entry *entry,
    const struct fetch_answer *answer)
{
    char why[FETCH_HEADER] = "";
    enum poller_what what = answer->status == 201  ? POLLER_POSTED
                            : answer->status < 300 ? POLLER_REPEATED
                                                   : POLLER_REFUSED;
    if (what == POLLER_REFUSED)
        explain(answer, why, sizeof why);
    followed->post_failures = 0;
    poller_say(poller, followed->settings->url, entry->id,
        (struct poller_event){.what = what, .status = answer->status, .text = why});
    return poll_state_done(poller->state, entry->number);
}

bool poller_post(
    struct poller *poller, struct followed *followed, const struct poll_entry *entry, struct arena *arena)
{
    char token[TOKEN_MOST];
    struct fetch_answer answer = {0};
    const struct fetch_request request = {.url = poller->settings->post,
        .allow_http = true, /* the settings allow it on this machine alone */
        .allow_private = true,
        .timeout_ms = (int)poller->settings->timeout_ms,
        .most = ANSWER_MOST,
        .post = true,
        .token = token,
        .type = "application/cap+xml",
        .body = entry->document,
        .stop = poller->stop};
    if (!read_token(followed->settings->token_file, token))
        return post_failed(poller, followed, entry, &answer, "the token cannot be read");
    bool answered = fetch(&request, arena, &answer);
    explicit_bzero(token, sizeof token);
    if (!answered)
        return post_failed(poller, followed, entry, &answer, answer.error);
    if ((answer.status >= 200 && answer.status < 300) || poller_is_final(answer.status))
        return post_done(poller, followed, entry, &answer);
    return post_failed(poller, followed, entry, &answer,
        answer.status == 401 ? "the broker does not accept the agency's token" : "the broker says so");
}
