/* Who speaks to the broker, and the token that proves it. */
#ifndef NEIGHBORS_CLI_IDENTITY_H
#define NEIGHBORS_CLI_IDENTITY_H

#include "bridge/token.h"
#include "cli/cli.h"

enum { IDENTITY_CLIENT = 128 };

struct identity {
    char name[160]; /* "<role>/<id>" */
    char token[TOKEN_MOST + 1];
    char client[IDENTITY_CLIENT]; /* of a session that goes on: the instance that the token is bound to, if it
                                     is;
                                     "": made up, and it ends with the connection */
};

/* Finds both: --as and --token-file; --as and DIR/tokens; --token-file alone (its token says who); else the
 * first token of DIR/tokens that fits a wish. wishes: "device/porch-1" (that one) or "user/" (the first of
 * the role), ended by NULL. EXIT_DONE, or the code to end with after the complaint. */
enum exit_code identity_find(const struct invocation *invocation, const char *const *wishes,
    struct identity *out) __attribute__((warn_unused_result));

#endif
