/* A line for each handshake that failed: from where, whose certificate where it bears a name of ours, and
 * why.
 */
#include "broker/net/tls_tell.h"

#include "broker/log.h"
#include "broker/net/listener.h"

void tls_tell_established(const struct tls_session *session, struct counters *counters)
{
    counters->tls_handshakes++;
    counters->tls_resumed += tls_resumed(session);
}

void tls_tell_refused(const struct tls_session *session, int fd, const struct visitor *visitor,
    const char *reason, struct counters *counters)
{
    char address[ADDRESS_TEXT];
    peer_address(fd, visitor, address);
    counters->tls_refused++;
    log_line(LOG_LEVEL_INFO, "tls_refused", "peer=%s certificate=\"%s\" reason=\"%s\"", address,
        tls_refused_name(session), reason);
}
