/* What the publishing subcommands share: connect, publish once, tell how it ended. */
#ifndef NEIGHBORS_CLI_PUBLISH_H
#define NEIGHBORS_CLI_PUBLISH_H

#include "cli/link.h"

/* Publishes the payload as `identity` and prints the broker's answer: stored, or reason code, field and rule.
 * label: what was sent, for the person; id: its own name, for programs (may be ""). */
enum exit_code publish_once(const struct invocation *invocation, const struct identity *identity,
    const struct link_publish *publish, const char *label, const char *id);

/* A user property of the answer by its name; NULL when the broker did not say it. */
const char *publish_property(const struct link_answer *answer, const char *name);

/* The end of it: prints what the answer to `label` says, and drops the answer's properties. file: told to
 * programs, or NULL. */
enum exit_code publish_tell(const struct invocation *invocation, struct link_answer *answer,
    const char *label, const char *id, const char *file);

#endif
