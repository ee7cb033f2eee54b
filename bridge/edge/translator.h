/* One message of a publisher through the chosen maps into memory: the first row that understands it has it.
 */
#ifndef NEIGHBORS_EDGE_TRANSLATOR_H
#define NEIGHBORS_EDGE_TRANSLATOR_H

#include "bridge/edge/memory.h"

enum { EDGE_MOST_MAPS = 32 };

struct edge_choice {
    const struct edge_map *map;
    const char *prefix; /* {p} of its rows; owned by the caller */
};

struct edge_translator {
    struct edge_choice choices[EDGE_MOST_MAPS];
    size_t choice_count;
    bool guess; /* a payload that is distinct enough may come under any prefix */
    struct edge_memory *memory;
};

/* Adds a map, with its own prefix when prefix is NULL. false: too many. */
bool edge_translator_add(struct edge_translator *translator, const struct edge_map *map, const char *prefix)
    __attribute__((warn_unused_result));

/* Takes one message; memory's hook tells what is news. false: no row understood it, or it was too large to be
 * read. */
bool edge_translator_take(struct edge_translator *translator, const struct edge_message *message);

#endif
