/* The address of Redis: scheme, who logs in, where, and options behind a question mark. */
#include "bridge/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/file_mode.h"

enum { DEFAULT_PORT = 6379, MOST_PORT = 65535, MOST_DATABASE = 1 << 20 };

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

static bool read_password(const char *path, struct redis_url *out, char *error)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, REDIS_URL_ERROR, "password-file %.100s: %s", path, strerror(errno));
        return false;
    }
    const char *fault = secret_file_fault(fileno(file));
    bool line = !fault && fgets(out->password, sizeof out->password, file);
    fclose(file);
    if (fault) {
        snprintf(error, REDIS_URL_ERROR, "password-file %.100s: %s", path, fault);
        return false;
    }
    if (line)
        out->password[strcspn(out->password, "\r\n")] = '\0';
    if (!line || out->password[0] == '\0') {
        snprintf(error, REDIS_URL_ERROR, "password-file %.100s: no password in its first line", path);
        return false;
    }
    return true;
}

/* Behind the question mark: name=value, with & between. */
static bool read_options(const char *text, struct redis_url *out, char *error)
{
    static const char user[] = "user=", file[] = "password-file=";
    char path[REDIS_URL_PATH] = "";
    while (text && *text) {
        size_t len = strcspn(text, "&");
        bool known = strncmp(text, user, sizeof user - 1) == 0
                         ? copy(text + sizeof user - 1, len - (sizeof user - 1), out->user, sizeof out->user)
                     : strncmp(text, file, sizeof file - 1) == 0
                         ? copy(text + sizeof file - 1, len - (sizeof file - 1), path, sizeof path)
                         : false;
        if (!known)
            return wrong(error, "options are user=NAME and password-file=PATH");
        text += len + (text[len] == '&');
    }
    return !path[0] || read_password(path, out, error);
}

/* [user][:password] */
static bool read_login(const char *text, size_t len, struct redis_url *out)
{
    const char *colon = memchr(text, ':', len);
    size_t user = colon ? (size_t)(colon - text) : len;
    return copy(text, user, out->user, sizeof out->user) &&
           (!colon || copy(colon + 1, len - user - 1, out->password, sizeof out->password));
}

/* host[:port][/database] up to the end or a question mark. */
static bool read_host(const char *text, struct redis_url *out)
{
    bool bracket = *text == '[';
    text += bracket;
    size_t len = strcspn(text, bracket ? "]" : ":/?");
    if (len == 0 || !copy(text, len, out->host, sizeof out->host))
        return false;
    text += len;
    if (bracket && *text++ != ']')
        return false;
    if (*text == ':' && !number(text + 1, "/?", MOST_PORT, &out->port, &text))
        return false;
    if (*text == '/' && text[1] != '\0' && text[1] != '?' &&
        !number(text + 1, "?", MOST_DATABASE, &out->database, &text))
        return false;
    return *text == '\0' || *text == '?' || *text == '/';
}

bool redis_url_read(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR])
{
    static const char unix_scheme[] = "unix:", scheme[] = "redis://", tls[] = "rediss://";
    static const char form[] =
        "the address of Redis has the form redis://[user:password@]host[:port][/db] or unix:/path";
    const char *options = strchr(text, '?');
    *out = (struct redis_url){.port = DEFAULT_PORT};
    if (strncmp(text, tls, sizeof tls - 1) == 0)
        return wrong(error, "rediss: the hiredis of Debian 12 has no TLS; reach Redis through a socket, or a "
                            "tunnel as deploy/redis-tunnel.conf shows");
    if (strncmp(text, unix_scheme, sizeof unix_scheme - 1) == 0) {
        text += sizeof unix_scheme - 1;
        if (*text != '/' || !copy(text, strcspn(text, "?"), out->path, sizeof out->path))
            return wrong(error, form);
    } else {
        if (strncmp(text, scheme, sizeof scheme - 1) != 0)
            return wrong(error, form);
        text += sizeof scheme - 1;
        const char *end = options ? options : text + strlen(text),
                   *at = memrchr(text, '@', (size_t)(end - text));
        if (at && !read_login(text, (size_t)(at - text), out))
            return wrong(error, form);
        out->password_shown = out->password[0] != '\0';
        if (!read_host(at ? at + 1 : text, out))
            return wrong(error, form);
    }
    return read_options(options ? options + 1 : NULL, out, error);
}
