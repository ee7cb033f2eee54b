/* The address of Redis: scheme, who logs in, where, and options behind a question mark. */
#include "bridge/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/file_mode.h"

enum {
    DEFAULT_PORT = 6379,
    SENTINEL_PORT = 26379,
    MOST_PORT = 65535,
    MOST_DATABASE = 1 << 20,
    MOST_REPLICAS = 16
};

static bool wrong(char *error, const char *rule)
{
    snprintf(error, REDIS_URL_ERROR, "%s", rule);
    return false;
}

static bool copy(const char *from, size_t len, char *to, size_t room)
{
    if (len >= room)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* A number up to one of `ends`; *rest is behind it. */
static bool number(const char *text, const char *ends, long most, int *out, const char **rest)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || !strchr(ends, *end) || value < 0 || value > most)
        return false;
    *out = (int)value;
    *rest = end;
    return true;
}

/* The first line of the file that the option `name` tells into a secret of REDIS_URL_SECRET bytes; nothing
 * without a path. */
static bool read_secret(const char *name, const char *path, char *out, char *error)
{
    if (!path[0])
        return true;
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, REDIS_URL_ERROR, "%s %.100s: %s", name, path, strerror(errno));
        return false;
    }
    const char *fault = secret_file_fault(fileno(file));
    bool line = !fault && fgets(out, REDIS_URL_SECRET, file);
    fclose(file);
    if (fault) {
        snprintf(error, REDIS_URL_ERROR, "%s %.100s: %s", name, path, fault);
        return false;
    }
    if (line)
        out[strcspn(out, "\r\n")] = '\0';
    if (!line || out[0] == '\0') {
        snprintf(error, REDIS_URL_ERROR, "%s %.100s: no password in its first line", name, path);
        return false;
    }
    return true;
}

/* "name=value" into out; false when it is another name, or the value too long. */
static bool option(const char *text, size_t len, const char *name, char *out, size_t room)
{
    size_t skip = strlen(name);
    return len > skip && strncmp(text, name, skip) == 0 && text[skip] == '=' &&
           copy(text + skip + 1, len - skip - 1, out, room);
}

/* Behind the question mark: name=value, with & between. */
static bool read_options(const char *text, struct redis_url *out, char *error)
{
    char path[REDIS_URL_PATH] = "", sentinel_path[REDIS_URL_PATH] = "", wait[4];
    const char *rest;
    out->wait = out->kind != REDIS_ONE;
    while (text && *text) {
        size_t len = strcspn(text, "&");
        bool known = option(text, len, "user", out->user, sizeof out->user) ||
                     option(text, len, "password-file", path, sizeof path) ||
                     option(text, len, "sentinel-password-file", sentinel_path, sizeof sentinel_path) ||
                     (option(text, len, "wait", wait, sizeof wait) &&
                         number(wait, "", MOST_REPLICAS, &out->wait, &rest));
        if (!known)
            return wrong(
                error, "options are user=NAME, password-file=PATH, sentinel-password-file=PATH and wait=N");
        text += len + (text[len] == '&');
    }
    return read_secret("password-file", path, out->password, error) &&
           read_secret("sentinel-password-file", sentinel_path, out->sentinel_password, error);
}

/* [user][:password] */
static bool read_login(const char *text, size_t len, struct redis_url *out)
{
    const char *colon = memchr(text, ':', len);
    size_t user = colon ? (size_t)(colon - text) : len;
    return copy(text, user, out->user, sizeof out->user) &&
           (!colon || copy(colon + 1, len - user - 1, out->password, sizeof out->password));
}

/* host[:port]; *rest is behind it. */
static bool read_host(const char *text, struct redis_host *out, const char **rest)
{
    bool bracket = *text == '[';
    text += bracket;
    size_t len = strcspn(text, bracket ? "]" : ":,/?");
    if (len == 0 || !copy(text, len, out->name, sizeof out->name))
        return false;
    text += len;
    if (bracket && *text++ != ']')
        return false;
    if (*text == ':' && !number(text + 1, ",/?", MOST_PORT, &out->port, &text))
        return false;
    *rest = text;
    return *text == '\0' || strchr(",/?", *text);
}

/* host[:port][,host[:port]…], of which one Redis has one. */
static bool read_hosts(const char *text, struct redis_url *out, const char **rest)
{
    size_t most = out->kind == REDIS_ONE ? 1 : REDIS_URL_HOSTS;
    for (;;) {
        struct redis_host *host = &out->hosts[out->host_count];
        host->port = out->kind == REDIS_SENTINEL ? SENTINEL_PORT : DEFAULT_PORT;
        if (out->host_count == most || !read_host(text, host, &text))
            return false;
        out->host_count++;
        if (*text != ',')
            break;
        text++;
    }
    *rest = text;
    return true;
}

/* "/database" of one Redis, "/master-name" of Sentinel; up to the end or a question mark. */
static bool read_rest(const char *text, struct redis_url *out)
{
    size_t len = *text == '/' ? strcspn(text + 1, "?") : 0;
    if (out->kind == REDIS_SENTINEL)
        return len > 0 && copy(text + 1, len, out->master, sizeof out->master);
    if (out->kind == REDIS_ONE && len > 0 && !number(text + 1, "?", MOST_DATABASE, &out->database, &text))
        return false;
    return *text == '\0' || *text == '?' || (*text == '/' && len == 0);
}

/* What begins with the scheme is of this kind; the length of the scheme, 0 for none. */
static size_t read_scheme(const char *text, enum redis_kind *kind)
{
    static const struct {
        const char *scheme;
        enum redis_kind kind;
    } known[] = {
        {"redis://", REDIS_ONE}, {"redis+cluster://", REDIS_CLUSTER}, {"redis+sentinel://", REDIS_SENTINEL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].scheme);
        if (strncmp(text, known[i].scheme, len) == 0) {
            *kind = known[i].kind;
            return len;
        }
    }
    return 0;
}

bool redis_url_read(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR])
{
    static const char unix_scheme[] = "unix:", tls[] = "rediss://";
    static const char form[] =
        "the address of Redis has the form redis://[user:password@]host[:port][/db], unix:/path, "
        "redis+cluster://host[:port],… or redis+sentinel://host[:port],…/master-name";
    const char *options = strchr(text, '?');
    *out = (struct redis_url){.kind = REDIS_ONE};
    if (strncmp(text, tls, sizeof tls - 1) == 0)
        return wrong(error, "rediss: the hiredis of Debian 12 has no TLS; reach Redis through a socket, or a "
                            "tunnel as deploy/redis-tunnel.conf shows");
    if (strncmp(text, unix_scheme, sizeof unix_scheme - 1) == 0) {
        text += sizeof unix_scheme - 1;
        if (*text != '/' || !copy(text, strcspn(text, "?"), out->path, sizeof out->path))
            return wrong(error, form);
    } else {
        size_t scheme = read_scheme(text, &out->kind);
        if (scheme == 0)
            return wrong(error, form);
        text += scheme;
        const char *end = options ? options : text + strlen(text),
                   *at = memrchr(text, '@', (size_t)(end - text));
        if (at && !read_login(text, (size_t)(at - text), out))
            return wrong(error, form);
        out->password_shown = out->password[0] != '\0';
        if (!read_hosts(at ? at + 1 : text, out, &text) || !read_rest(text, out))
            return wrong(error, form);
    }
    return read_options(options ? options + 1 : NULL, out, error);
}
