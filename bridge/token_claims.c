/* Claims: of our own tokens all are known and any other is refused; a provider's have whatever it likes, and
 * what decides is looked at. */
#include <stdio.h>

#include "bridge/token_inside.h"

/* Seconds beyond the year 9999 are nobody's time. */
#define LATEST_S INT64_C(253402300799)

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool token_name_is_plain(struct text name, size_t most)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_plain(name.data[i]) && name.data[i] != '_')
            return false;
    return name.len <= most;
}

bool token_subject_is_valid(struct text subject)
{
    const char *slash = subject.len ? memchr(subject.data, '/', subject.len) : NULL;
    if (!slash)
        return false;
    struct text role = {subject.data, (size_t)(slash - subject.data)};
    struct text id = {slash + 1, subject.len - role.len - 1};
    return role.len > 0 && id.len > 0 && token_name_is_plain(role, 16) && token_name_is_plain(id, TOKEN_NAME);
}

/* ---- times ---- */

static const char *read_times(const json_t *claims, struct token_claims *out)
{
    const json_t *issued = json_object_get(claims, "iat"), *expires = json_object_get(claims, "exp");
    const json_t *begins = json_object_get(claims, "nbf");
    if (!expires)
        return "the token has no exp";
    if (!issued)
        return "the token has no iat";
    if (!json_is_integer(issued) || !json_is_integer(expires) || (begins && !json_is_integer(begins)))
        return "iat, nbf or exp of the token is not a whole number";
    json_int_t from = json_integer_value(issued), until = json_integer_value(expires);
    if (from < 0 || from >= until || until > LATEST_S)
        return "the token ends before it begins, or never";
    json_int_t not_before = json_integer_value(begins);
    out->not_before = not_before <= 0 ? 0 : (not_before < LATEST_S ? not_before : LATEST_S) * 1000;
    out->issued_at = from * 1000;
    out->expires_at = until * 1000;
    return NULL;
}

/* ---- ours ---- */

static const char *foreign_claim(const json_t *claims)
{
    static const char *const known[] = {"sub", "officer", "instance", "iat", "nbf", "exp"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)claims, name, value)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(name, known[i]) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return "the token has a claim that ours have not";
    }
    return NULL;
}

/* Absent is "". */
static bool read_name(const json_t *claims, const char *name, char out[TOKEN_NAME + 1])
{
    const json_t *value = json_object_get(claims, name);
    struct text text = {json_string_value(value), json_string_length(value)};
    *out = '\0';
    if (!value)
        return true;
    if (!text.data || text.len == 0 || !token_name_is_plain(text, TOKEN_NAME))
        return false;
    snprintf(out, TOKEN_NAME + 1, "%s", text.data);
    return true;
}

static const char *read_own(const json_t *claims, struct token_claims *out)
{
    const json_t *value = json_object_get(claims, "sub");
    struct text subject = {json_string_value(value), json_string_length(value)};
    if (!value)
        return "the token has no sub";
    if (!subject.data || !token_subject_is_valid(subject))
        return "sub of the token is not <role>/<id>";
    if (!read_name(claims, "officer", out->officer) || !read_name(claims, "instance", out->instance))
        return "officer or instance of the token is not a name";
    snprintf(out->subject, sizeof out->subject, "%s", subject.data);
    return foreign_claim(claims);
}

/* ---- a provider's ---- */

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

static bool is_for(const json_t *audience, const char *us)
{
    const json_t *each;
    size_t i;
    json_array_foreach(audience, i, each)
    {
        if (is_text(each, us))
            return true;
    }
    return is_text(audience, us);
}

/* "user/" and the id that the header of token.h describes. */
static const char *name_user(const struct token_source *source, const json_t *value, char out[160])
{
    static const char digits[] = "0123456789abcdef";
    const char *name = json_string_value(value);
    size_t len = (size_t)snprintf(out, 160, "user/%.64s", source->prefix);
    if (!name || json_string_length(value) == 0)
        return "the token has no claim that names the user";
    for (size_t i = 0; i < json_string_length(value); i++) {
        unsigned char c = (unsigned char)name[i];
        size_t width = is_plain((char)c) ? 1 : 3;
        if (len + width > sizeof "user/" - 1 + TOKEN_NAME)
            return "the name of the token's user is too long for an id";
        if (width == 3) {
            out[len++] = '_';
            out[len++] = digits[c >> 4];
            out[len++] = digits[c & 15];
        } else {
            out[len++] = (char)c;
        }
    }
    out[len] = '\0';
    return NULL;
}

static const char *read_provider(
    const struct token_source *source, const json_t *claims, struct token_claims *out)
{
    const json_t *issuer = json_object_get(claims, "iss"), *audience = json_object_get(claims, "aud");
    if (!issuer || !audience)
        return "the token has no iss or no aud";
    if (!is_text(issuer, source->issuer))
        return "the token is of another issuer";
    if (!is_for(audience, source->audience))
        return "the token is for another audience";
    out->officer[0] = out->instance[0] = '\0';
    out->of_provider = true;
    return name_user(source, json_object_get(claims, source->claim), out->subject);
}

const char *claims_read(const struct token_source *source, const json_t *claims, struct token_claims *out)
{
    const char *error = source->issuer ? read_provider(source, claims, out) : read_own(claims, out);
    return error ? error : read_times(claims, out);
}
