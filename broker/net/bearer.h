/* Who asks: a client certificate, or a token in the header Authorization (RFC 6750). With both, the token
 * adds who acts for the certificate's agency. */
#ifndef NEIGHBORS_BROKER_NET_BEARER_H
#define NEIGHBORS_BROKER_NET_BEARER_H

#include "broker/net/request.h"

/* Fills request->credential and forgets the token. False: the request is answered, 401 with
 * WWW-Authenticate, or 403 when the role (bits of enum role, broker/core.h) may not. */
bool bearer_identify(struct http_request *request, unsigned roles) __attribute__((warn_unused_result));

#endif
