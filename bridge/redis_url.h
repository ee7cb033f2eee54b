/* The address of Redis, as operators write it:
 *   redis://[[user][:password]@]host[:port][/database][?OPTIONS]
 *   unix:/path[?OPTIONS]
 *   redis+cluster://[[user][:password]@]host[:port][,host[:port]…][?OPTIONS]
 *   redis+sentinel://[[user][:password]@]host[:port][,host[:port]…]/master-name[?OPTIONS]
 * The hosts of a cluster are some of its nodes, the others are learnt of them; those of Sentinel are the
 * sentinels (port 26379 unless told), and who logs in does so at the Redis that they name.
 * A host in brackets is an IPv6 address. The options, with & between: user=NAME, password-file=PATH,
 * sentinel-password-file=PATH and wait=N. A password may stand in a file of its own, so that it is in no
 * argument list, environment or other file: one line, readable by its owner (and group) alone. N replicas
 * (at most 16) must have what is acknowledged: 1 unless told, and 0 of one Redis. */
#ifndef NEIGHBORS_BRIDGE_REDIS_URL_H
#define NEIGHBORS_BRIDGE_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

enum redis_kind { REDIS_ONE, REDIS_CLUSTER, REDIS_SENTINEL };

enum {
    REDIS_URL_HOSTS = 16,
    REDIS_URL_HOST = 128,
    REDIS_URL_PATH = 256,
    REDIS_URL_SECRET = 128,
    REDIS_URL_ERROR = 200
};

struct redis_host {
    char name[REDIS_URL_HOST]; /* without brackets */
    int port;
};

struct redis_url {
    enum redis_kind kind;
    char path[REDIS_URL_PATH]; /* of a socket; "": hosts */
    size_t host_count;         /* REDIS_ONE: 1, or 0 with a socket */
    struct redis_host hosts[REDIS_URL_HOSTS];
    char master[REDIS_URL_HOST]; /* REDIS_SENTINEL: the name of the Redis that the sentinels watch */
    int database;                /* 0 unless told; REDIS_ONE */
    char user[REDIS_URL_SECRET], password[REDIS_URL_SECRET]; /* "": none */
    char sentinel_password[REDIS_URL_SECRET]; /* REDIS_SENTINEL: of the sentinels themselves; "": none */
    int wait;                                 /* replicas that must have what is acknowledged */
    bool password_shown;                      /* it stands in the address itself: who reads that, has it */
};

/* Reads the address, and the password from its file. False: error says what is wrong, without the password.
 */
bool redis_url_read(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR])
    __attribute__((warn_unused_result));

#endif
