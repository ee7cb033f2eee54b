/* One serving process, from its settings to its end: the loop, the store, the broker, the sockets. */
#ifndef NEIGHBORS_BROKER_NET_PROCESS_H
#define NEIGHBORS_BROKER_NET_PROCESS_H

#include "broker/metrics.h"
#include "broker/settings.h"

struct process_options {
    const char *version;
    const char *config_path;   /* read again on SIGHUP; NULL: none */
    struct settings *settings; /* changed by a reload */
    struct board *board;
    struct process_state *state; /* of this process; its node is set */
    void (*ready)(void *arg);    /* it listens; may be NULL */
    void (*alive)(void *arg);    /* each turn of the loop; may be NULL */
    void *arg;
};

/* Serves until SIGTERM or SIGINT. The exit status; EXIT_CANNOT_START with a line in the log when it could not
 * begin. */
int process_run(const struct process_options *options);

/* Whether the files that the settings name can be used: key, secret, certificate. */
bool process_check_files(const struct settings *settings, char error[SETTING_ERROR])
    __attribute__((warn_unused_result));

#endif
