/* The address of Redis, as operators write it:
 *   redis://[[user][:password]@]host[:port][/database][?password-file=PATH]
 *   unix:/path[?user=NAME&password-file=PATH]
 * A host in brackets is an IPv6 address. The password may stand in a file of its own, so that it is in no
 * argument list, environment or other file: one line, readable by its owner (and group) alone. */
#ifndef NEIGHBORS_BRIDGE_REDIS_URL_H
#define NEIGHBORS_BRIDGE_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { REDIS_URL_HOST = 128, REDIS_URL_PATH = 256, REDIS_URL_SECRET = 128, REDIS_URL_ERROR = 200 };

struct redis_url {
    char path[REDIS_URL_PATH];                               /* of a socket; "": host and port */
    char host[REDIS_URL_HOST];                               /* without brackets */
    int port, database;                                      /* 6379 and 0 unless told */
    char user[REDIS_URL_SECRET], password[REDIS_URL_SECRET]; /* "": none */
    bool password_shown; /* it stands in the address itself: who reads that, has it */
};

/* Reads the address, and the password from its file. False: error says what is wrong, without the password.
 */
bool redis_url_read(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR])
    __attribute__((warn_unused_result));

#endif
