/* A token in the header Authorization is taken out, checked as at CONNECT, and wiped; a certificate was
 * checked in the handshake. */
#include "broker/net/bearer.h"

#include <strings.h>

#include "broker/core.h"

static const char scheme[] = "Bearer ";

static bool unknown(struct http_request *request, const char *challenge)
{
    http_refuse(request, 401, "authorization", "not authorized");
    http_header(request, "www-authenticate:", "%s", challenge);
    http_header(request, "cache-control:", "no-store");
    return false;
}

/* By the token; *why: that it is not good. */
static bool by_token(struct http_request *request, struct text given, const char **why)
{
    const struct text certificate = request->peer.certificate;
    struct broker *broker = request->net->broker;
    size_t skip = sizeof(scheme) - 1;
    while (skip < given.len && given.data[skip] == ' ') {
        skip++;
    }
    struct bytes token = {(const uint8_t *)given.data + skip, given.len - skip};
    bool known = broker_token(broker, token, &request->credential, why);
    explicit_bzero((char *)given.data, given.len);
    request->authorization = (struct text){0};
    if (known && certificate.len && !text_equal(certificate, text_of(request->credential.name))) {
        *why = "the token is not the certificate's";
        return false;
    }
    return known;
}

static void by_certificate(struct http_request *request)
{
    const struct peer *peer = &request->peer;
    struct credential *credential = &request->credential;
    *credential =
        (struct credential){.issued_at = peer->certificate_from, .expires_at = peer->certificate_until};
    memcpy(credential->name, peer->certificate.data, peer->certificate.len); /* shorter than PEER_NAME */
}

bool bearer_identify(struct http_request *request, unsigned roles)
{
    struct text given = request->authorization;
    size_t skip = sizeof(scheme) - 1;
    bool bears = given.len > skip && strncasecmp(given.data, scheme, skip) == 0;
    const char *why = NULL;
    if (!bears && !request->peer.certificate.len) {
        return unknown(request, "Bearer realm=\"neighbors\"");
    }
    if (!bears) {
        by_certificate(request);
    } else if (!by_token(request, given, &why)) {
        broker_counters(request->net->broker)->connections_refused_credentials++;
        log_line(LOG_LEVEL_INFO, "http_not_authorized", "why=\"%s\"", why ? why : "");
        return unknown(request, "Bearer realm=\"neighbors\", error=\"invalid_token\"");
    }
    if (!(role_of(text_of(request->credential.name)) & roles)) {
        http_refuse(request, 403, "authorization", "not for this role");
        return false;
    }
    return true;
}
