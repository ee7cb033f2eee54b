/* The address is taken apart by libcurl, as it will be when the message is sent. */
#include "bridge/push/push_host.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST = 254 };
static const char between[] = " ,\t\n";

/* Letters, digits and what else stands in a name, an address and its port. */
static bool is_host(const char *host, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    return len > 0 && len < HOST && strspn(host, allowed) >= len && host[0] != '.' && host[len - 1] != '.';
}

bool push_hosts_valid(const char *list)
{
    for (list += strspn(list, between); *list; list += strspn(list, between)) {
        size_t len = strcspn(list, between);
        if (!is_host(list, len))
            return false;
        list += len;
    }
    return true;
}

/* The host, or a name below it: "push.example" has "eu.push.example" and not "evilpush.example". */
static bool is_below(const char *host, const char *entry, size_t len)
{
    size_t host_len = strlen(host);
    return host_len >= len && memcmp(host + host_len - len, entry, len) == 0 &&
           (host_len == len || host[host_len - len - 1] == '.');
}

/* An entry that names a port: "[::1]:8443" too, where the address itself has colons. */
static bool names_port(const char *entry, size_t len)
{
    const char *colon = memrchr(entry, ':', len);
    return colon && !memchr(colon, ']', len - (size_t)(colon - entry));
}

static bool is_listed(const char *list, const char *host, const char *port, bool *exact)
{
    char both[HOST + 8];
    snprintf(both, sizeof both, "%s:%s", host, port);
    for (list += strspn(list, between); *list; list += strspn(list, between)) {
        size_t len = strcspn(list, between);
        *exact = names_port(list, len);
        if (*exact ? strlen(both) == len && memcmp(both, list, len) == 0
                   : strcmp(port, "443") == 0 && is_below(host, list, len))
            return true;
        list += len;
    }
    return false;
}

/* The parts of an address; each is the caller's (curl_free), or NULL. */
struct parts {
    char *scheme, *host, *port, *user, *fragment;
};

static const char *fault(const char *list, const struct parts *parts, char origin[PUSH_ORIGIN], bool *exact)
{
    if (!parts->scheme || strcmp(parts->scheme, "https") != 0)
        return "an https address";
    if (parts->user || parts->fragment)
        return "no user and no fragment in it";
    if (!parts->host || !parts->port || !is_host(parts->host, strlen(parts->host)))
        return "a host in lower case";
    if (!is_listed(list, parts->host, parts->port, exact))
        return "at a push service that this installation allows";
    bool standard = strcmp(parts->port, "443") == 0;
    snprintf(
        origin, PUSH_ORIGIN, "https://%s%s%s", parts->host, standard ? "" : ":", standard ? "" : parts->port);
    return NULL;
}

bool push_host_allows(
    const char *list, const char *endpoint, char origin[PUSH_ORIGIN], bool *exact, const char **rule)
{
    CURLU *url = curl_url();
    struct parts parts = {0};
    if (!url)
        abort();
    *exact = false;
    if (curl_url_set(url, CURLUPART_URL, endpoint, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
        (void)curl_url_get(url, CURLUPART_SCHEME, &parts.scheme, 0);
        (void)curl_url_get(url, CURLUPART_HOST, &parts.host, 0);
        (void)curl_url_get(url, CURLUPART_PORT, &parts.port, CURLU_DEFAULT_PORT);
        (void)curl_url_get(url, CURLUPART_USER, &parts.user, 0);
        (void)curl_url_get(url, CURLUPART_FRAGMENT, &parts.fragment, 0);
    }
    *rule = fault(list, &parts, origin, exact);
    curl_free(parts.scheme);
    curl_free(parts.host);
    curl_free(parts.port);
    curl_free(parts.user);
    curl_free(parts.fragment);
    curl_url_cleanup(url);
    return *rule == NULL;
}
