/* What is counted and logged of handshakes, on every listener with TLS. */
#ifndef NEIGHBORS_BROKER_NET_TLS_TELL_H
#define NEIGHBORS_BROKER_NET_TLS_TELL_H

#include "broker/counters.h"
#include "broker/net/admission.h"
#include "broker/net/tls.h"

void tls_tell_established(const struct tls_session *session, struct counters *counters);
/* fd: of the peer, counted as the visitor (or NULL). reason: static text. */
void tls_tell_refused(const struct tls_session *session, int fd, const struct visitor *visitor,
    const char *reason, struct counters *counters);

#endif
