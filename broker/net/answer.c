/* The bodies of answers: objects as text, and what each refusal says in words. */
#include "broker/net/answer.h"

#include <stdlib.h>

enum { DIGITS = 12 }; /* of real numbers */

static const struct {
    int status;
    const char *text;
} texts[] = {
    {400, "The request cannot be understood."},
    {401, "This needs a token: Authorization: Bearer <token>."},
    {403, "You may not do this."},
    {404, "There is nothing here."},
    {405, "Not by this method: Allow says which."},
    {408, "The body did not come in time."},
    {409, "This contradicts what is stored."},
    {410, "This is over."},
    {411, "Send a Content-Length; no Transfer-Encoding is read."},
    {413, "The body is too large."},
    {414, "The address is too long."},
    {415, "A body of this type is not read here."},
    {417, "Only Expect: 100-continue can be met."},
    {422, "The message breaks a rule; nothing of it was stored."},
    {429, "Too many at once: try again after the time that Retry-After says."},
    {500, "Something is wrong on our side."},
    {503, "Not now: try again after the time that Retry-After says."},
};

static const char *text_of_status(int status)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Refused.";
}

json_t *answer_text(struct text text)
{
    json_t *value = json_stringn(text.data ? text.data : "", text.len);
    return value ? value : json_null();
}

json_t *answer_error(int status, const char *field, const char *rule)
{
    json_t *error = json_object();
    json_object_set_new(error, "code", json_integer(status));
    json_object_set_new(error, "field", answer_text(text_of(field ? field : "")));
    json_object_set_new(error, "rule", answer_text(text_of(rule ? rule : "")));
    json_object_set_new(error, "text", json_string(text_of_status(status)));
    return error;
}

void answer_json(struct http_request *request, int status, json_t *value)
{
    char *body = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    size_t len = body ? strlen(body) : 0;
    json_decref(value);
    body = realloc(body, len + 2);
    if (!len || !body) {
        abort(); /* no memory: nothing that cannot be written is ever put into a value */
    }
    body[len] = '\n';
    http_answer_bytes(request, status, "application/json", body, len + 1);
}
