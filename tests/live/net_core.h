/* A core that echoes, behind the same headers as the broker's, so that sockets can be tried alone: greets
 * with "hello <certificate>\n", sends back what it gets, pauses the peer while much waits, closes after the
 * word "close". */
#ifndef NEIGHBORS_TESTS_LIVE_NET_CORE_H
#define NEIGHBORS_TESTS_LIVE_NET_CORE_H

#include <sys/types.h>

#include "broker/metrics.h"
#include "broker/settings.h"

enum {
    NET_CORE_ENOUGH = 1024 * 1024,     /* bytes that wait before the peer is paused */
    NET_CORE_FLOOD = 64 * 1024 * 1024, /* more than the kernel keeps for a peer that does not read */
};

/* Starts a process that serves with `settings` on the echoing core. It ends on SIGTERM, drained, and reads
 * tls_certificate and tls_key again on SIGHUP. Returns when it listens. */
pid_t net_core_start(struct settings *settings);

/* Ends it, and checks that it ended well (no leak, no sanitizer's complaint). */
void net_core_stop(pid_t process);

#endif
