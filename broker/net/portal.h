/* The portal's files: which file a path means, and of what type it is. */
#ifndef NEIGHBORS_BROKER_NET_PORTAL_H
#define NEIGHBORS_BROKER_NET_PORTAL_H

#include <limits.h>
#include <stdbool.h>

/* The regular file below `directory` that the path ("/", "/app.js") means, and its content type (static
 * text). A directory means its index.html. False: there is none, or it is hidden, outside, or of an unknown
 * type. */
bool portal_file(const char *directory, const char *path, char file[PATH_MAX], const char **type)
    __attribute__((warn_unused_result));

#endif
