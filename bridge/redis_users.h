/* The file of users that Redis loads (aclfile), as `neighbors ca redis` makes it, and its line of the default
 * user: nobody gets in as that user, who may do all, for as that user Redis (7.0) reads at its start the
 * transactions of its append-only file. Those that the user may not run it leaves out, with a line in its
 * log. */
#ifndef NEIGHBORS_BRIDGE_REDIS_USERS_H
#define NEIGHBORS_BRIDGE_REDIS_USERS_H

#include <stdbool.h>

#define REDIS_USERS_FILE "redis-users.acl"
#define REDIS_USERS_DEFAULT "user default off resetpass ~* &* +@all\n"

/* Whether the line is that of a version of before, whose default user may do nothing. */
bool redis_users_line_is_old(const char *line);
/* Whether the file has such a line; a file that is not there, or cannot be read, has none. */
bool redis_users_file_is_old(const char *path);

#endif
