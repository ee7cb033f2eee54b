/* One message of a publisher through the chosen maps into memory: the first row that understands it has it.
 * The owner's rows come first, then the built-in ones, then what discovery taught, then rows that are so
 * general that they fit many publishers. */
#ifndef NEIGHBORS_EDGE_TRANSLATOR_H
#define NEIGHBORS_EDGE_TRANSLATOR_H

#include "bridge/edge/memory/memory.h"

enum { EDGE_MOST_MAPS = 64, EDGE_MOST_USES = 512 };

struct edge_choice {
    const struct edge_map *map;
    const char *prefix; /* {p} of its rows; owned by the caller */
};

/* Rows and maps that the owner wrote (own_rows.h). */
struct edge_own;
/* What discovery taught (discovery.h). */
struct edge_learned;

/* A row of a chosen map. */
struct edge_use {
    const struct edge_row *row;
    const char *prefix;
};

struct edge_translator {
    const struct edge_own *own;           /* set before maps are added; NULL: none */
    struct edge_learned *learned;         /* NULL: nothing is learned */
    struct edge_use uses[EDGE_MOST_USES]; /* in the order in which they are asked */
    size_t use_count;
    const char *discovery[EDGE_MOST_MAPS]; /* prefixes under which discovery configs come */
    size_t discovery_count;
    bool guess; /* a payload that is distinct enough may come under any prefix */
    struct edge_memory *memory;
};

/* Adds the rows of a map, the owner's and the built-in ones, with its own prefix when prefix is NULL. false:
 * too many. */
bool edge_translator_add(struct edge_translator *translator, const struct edge_map *map, const char *prefix)
    __attribute__((warn_unused_result));

/* Takes one message; memory's hook tells what is news. false: no row understood it, or it was too large to be
 * read. */
bool edge_translator_take(struct edge_translator *translator, const struct link_message *message);

#endif
