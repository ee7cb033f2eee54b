/* A session that follows its inbox and goes on when the connection is lost, or when the program is: what
 * comes meanwhile waits for it a week. */
#ifndef NEIGHBORS_CLI_INBOX_H
#define NEIGHBORS_CLI_INBOX_H

#include "cli/link.h"

struct inbox {
    const struct invocation *invocation;
    struct identity identity; /* with its client */
    const char *client;    /* the client id when neither an option nor the token, of one instance, says one */
    link_handler *handler; /* of every message of the inbox */
    /* Called between messages, with the connection: may publish. False: the connection was lost. NULL: none.
     */
    bool (*turn)(void *arg, struct link *link);
    void *arg;
    int64_t left;     /* messages to wait for, counted down by the handler; -1: no end */
    int64_t deadline; /* ms; 0: none */
};

/* Finds who speaks (the first of `wishes`) and as which client, and when it ends: --count and --for. False:
 * the complaint was printed, *code is how to end. */
bool inbox_read(struct inbox *inbox, const struct invocation *invocation, const char *const *wishes,
    const char *client, const char *count, const char *span, enum exit_code *code)
    __attribute__((warn_unused_result));

/* Follows until the end that was asked for, or a signal. EXIT_DONE; EXIT_REFUSED when fewer messages came. */
enum exit_code inbox_follow(struct inbox *inbox);

/* The client id that footage commands listen as when none is said. */
#define FOOTAGE_CLIENT "footage"
/* The same for `neighbors tips`. */
#define TIPS_CLIENT "tips"

#endif
