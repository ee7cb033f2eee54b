/* What a key signs of the next one begins with words of its own, so that it can be no head, receipt or
 * voucher. */
#include "bridge/log_succession.h"

#include <string.h>

#include "bridge/base64url.h"

enum { LINE = 256 };
static const char statement[] = "neighbors log key, succeeded by:\n", line_mark[] = "before: ";

struct statement {
    uint8_t bytes[sizeof statement - 1 + LOG_KEY];
};

static struct bytes say(const uint8_t next[LOG_KEY], struct statement *out)
{
    memcpy(out->bytes, statement, sizeof statement - 1);
    memcpy(out->bytes + sizeof statement - 1, next, LOG_KEY);
    return (struct bytes){out->bytes, sizeof out->bytes};
}

static bool same_key(const uint8_t a[LOG_KEY], const uint8_t b[LOG_KEY])
{
    return memcmp(a, b, LOG_KEY) == 0;
}

/* ---- following ---- */

/* The first `count` words, each of the key before `to`, or before the one before. */
static bool words_are_good(const struct log_formers *formers, size_t count, const uint8_t to[LOG_KEY])
{
    struct statement said;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *next = i ? formers->keys[i - 1].public_key : to;
        if (!log_key_check(formers->keys[i].public_key, say(next, &said), formers->keys[i].signature))
            return false;
    }
    return true;
}

bool log_succession_is_whole(const struct log_formers *formers, const uint8_t to[LOG_KEY])
{
    return words_are_good(formers, formers->count, to);
}

bool log_succession_leads(
    const struct log_formers *formers, const uint8_t from[LOG_KEY], const uint8_t to[LOG_KEY])
{
    size_t at = 0;
    if (same_key(from, to))
        return true;
    while (at < formers->count && !same_key(formers->keys[at].public_key, from))
        at++;
    return at < formers->count && words_are_good(formers, at + 1, to);
}

const uint8_t *log_public_signer(const struct log_public *keys, const struct tree_head *head)
{
    if (log_key_check_head(keys->key, head))
        return keys->key;
    for (size_t i = 0; i < keys->formers.count; i++) {
        const uint8_t *former = keys->formers.keys[i].public_key;
        if (log_key_check_head(former, head))
            return log_succession_leads(&keys->formers, former, keys->key) ? former : NULL;
    }
    return NULL;
}

bool log_public_check_deleted(const struct log_public *keys, const struct deleted *receipt)
{
    if (log_key_check_deleted(keys->key, receipt))
        return true;
    for (size_t i = 0; i < keys->formers.count; i++) {
        const uint8_t *former = keys->formers.keys[i].public_key;
        if (log_key_check_deleted(former, receipt))
            return log_succession_leads(&keys->formers, former, keys->key);
    }
    return false;
}

bool log_key_succeed(const struct log_key *key, const uint8_t next[LOG_KEY], struct log_formers *out)
{
    struct statement said;
    const struct log_formers *before = log_key_formers(key);
    if (before->count == LOG_FORMER_MOST)
        return false;
    out->count = before->count + 1;
    log_key_public(key, out->keys[0].public_key);
    log_key_sign(key, say(next, &said), out->keys[0].signature);
    memcpy(out->keys + 1, before->keys, before->count * sizeof *before->keys);
    return true;
}

/* ---- files ---- */

static bool read_part(struct text text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return base64url_decode(text, out, len, &got) && got == len;
}

static bool read_line(const char *line, struct log_former *out)
{
    size_t key = strcspn(line, " "), signature = line[key] ? strcspn(line + key + 1, " \r\n") : 0;
    return read_part((struct text){line, key}, out->public_key, LOG_KEY) &&
           read_part((struct text){line + key + 1, signature}, out->signature, LOG_SIGNATURE);
}

bool log_formers_read(FILE *file, struct log_formers *out)
{
    char line[LINE];
    out->count = 0;
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, line_mark, sizeof line_mark - 1) != 0)
            continue;
        if (out->count == LOG_FORMER_MOST ||
            !read_line(line + sizeof line_mark - 1, &out->keys[out->count++]))
            return false;
    }
    return !ferror(file);
}

bool log_formers_write(FILE *file, const struct log_formers *formers)
{
    char key[BASE64URL_TEXT(LOG_KEY) + 4], signature[BASE64URL_TEXT(LOG_SIGNATURE) + 4];
    bool written = true;
    for (size_t i = 0; written && i < formers->count; i++) {
        const struct log_former *former = &formers->keys[i];
        base64url_encode((struct bytes){former->public_key, LOG_KEY}, key);
        base64url_encode((struct bytes){former->signature, LOG_SIGNATURE}, signature);
        written = fprintf(file, "%s%s %s\n", line_mark, key, signature) > 0;
    }
    return written;
}

bool log_public_read(const char *path, struct log_public *out, const char **error)
{
    if (!log_key_read_public(path, out->key, error))
        return false;
    FILE *file = fopen(path, "re");
    bool read = file && log_formers_read(file, &out->formers);
    if (file)
        fclose(file);
    *error = read ? NULL : "a line \"before:\" in it cannot be read";
    return read;
}
