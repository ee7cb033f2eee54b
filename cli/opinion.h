/* What witness, flag and verdict share: somebody says something of an alert, by its public id. */
#ifndef NEIGHBORS_CLI_OPINION_H
#define NEIGHBORS_CLI_OPINION_H

#include "cli/publish.h"
#include "proto/codec.h"

/* The alert that the one argument names; NULL after the complaint. */
const char *opinion_about(const struct invocation *invocation);

/* Publishes it as the first of `wishes` (or as the options say) and tells how it ended. */
enum exit_code opinion_send(const struct invocation *invocation, const char *const *wishes, const char *topic,
    struct bytes payload, const char *public_id);

#endif
