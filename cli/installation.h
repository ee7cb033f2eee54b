/* An installation's data as a file (bridge/transfer.h), by the command line. */
#ifndef NEIGHBORS_CLI_INSTALLATION_H
#define NEIGHBORS_CLI_INSTALLATION_H

#include "cli/cli.h"

/* Writes all that Redis has into a new file, or with "-" to standard output. Unless `force`, refuses while a
 * neighborsd is connected. */
enum exit_code installation_export(const struct invocation *invocation, const char *path, bool force);

#endif
