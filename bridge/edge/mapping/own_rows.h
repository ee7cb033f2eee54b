/* Rows that an owner writes in the settings' file: the same fields as the built-in ones (row.h), and no code.
 *
 *   rows = (
 *     { map = "gate"; topic = "{p}/{dev}/beam"; shape = "text"; kind = "vehicle";
 *       words = { start = [ "broken" ]; end = [ "clear" ]; }; }
 *   );
 */
#ifndef NEIGHBORS_EDGE_OWN_ROWS_H
#define NEIGHBORS_EDGE_OWN_ROWS_H

#include "bridge/edge/mapping/row.h"
#include "proto/arena.h"

enum { EDGE_MOST_OWN_ROWS = 64 };

struct edge_own {
    struct edge_row *rows;
    size_t row_count;
    struct edge_map *maps; /* the maps of these rows that are not built in; {p} is the map's name */
    size_t map_count;
    struct arena arena; /* all of it */
};

/* Reads the list `rows` of a configuration (a libconfig setting; NULL: there are none), which may then be
 * freed. false: what is wrong was told on standard error, with file, line, field and rule. Free with
 * edge_own_free in any case. */
struct config_setting_t;
bool edge_own_read(struct edge_own *own, const struct config_setting_t *list)
    __attribute__((warn_unused_result));
void edge_own_free(struct edge_own *own);

/* The map of that name, the owner's or a built-in one; own may be NULL. NULL: there is none. */
const struct edge_map *edge_own_map(const struct edge_own *own, struct text name);

#endif
