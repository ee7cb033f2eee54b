/* A token in the header Authorization: taken out, checked as at CONNECT, and wiped. */
#include "broker/net/bearer.h"

#include <strings.h>

#include "broker/core.h"

static bool unknown(struct http_request *request, const char *challenge)
{
    http_refuse(request, 401, "authorization", "not authorized");
    http_header(request, "www-authenticate:", "%s", challenge);
    http_header(request, "cache-control:", "no-store");
    return false;
}

bool bearer_identify(struct http_request *request, unsigned roles)
{
    static const char scheme[] = "Bearer ";
    struct text given = request->authorization;
    struct broker *broker = request->net->broker;
    const char *why = NULL;
    size_t skip = sizeof(scheme) - 1;
    if (given.len <= skip || strncasecmp(given.data, scheme, skip) != 0) {
        return unknown(request, "Bearer realm=\"neighbors\"");
    }
    while (skip < given.len && given.data[skip] == ' ') {
        skip++;
    }
    struct bytes token = {(const uint8_t *)given.data + skip, given.len - skip};
    bool known = broker_token(broker, token, &request->credential, &why);
    explicit_bzero((char *)given.data, given.len);
    request->authorization = (struct text){0};
    if (!known) {
        broker_counters(broker)->connections_refused_credentials++;
        log_line(LOG_LEVEL_INFO, "http_not_authorized", "why=\"%s\"", why ? why : "");
        return unknown(request, "Bearer realm=\"neighbors\", error=\"invalid_token\"");
    }
    if (!(role_of(text_of(request->credential.name)) & roles)) {
        http_refuse(request, 403, "authorization", "not for this role");
        return false;
    }
    return true;
}
