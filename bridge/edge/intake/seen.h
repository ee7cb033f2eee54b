/* Which devices the home's messages told of, shared or not: for the owner's eyes alone (neighbors-edge
 * status), in memory alone. */
#ifndef NEIGHBORS_EDGE_SEEN_H
#define NEIGHBORS_EDGE_SEEN_H

#include "bridge/edge/mapping/row.h"

enum { SEEN_MOST = 128 }; /* the one that was silent for longest makes room */

struct seen {
    struct seen_device {
        const char *map;
        char name[EDGE_NAME];
        int64_t first, last; /* ms */
        uint64_t words;      /* things that were told of it */
    } devices[SEEN_MOST];
    size_t count;
    size_t latest; /* the one that was told of last */
};

void seen_note(struct seen *seen, const char *map, const char *name, int64_t now);
/* NULL: not heard of. */
const struct seen_device *seen_find(const struct seen *seen, const char *map, const char *name);

#endif
