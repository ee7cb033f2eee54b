/* The area that a subcommand of `neighbors geo` is asked about, and its cover, as the options say them. */
#ifndef NEIGHBORS_CLI_GEO_AREA_H
#define NEIGHBORS_CLI_GEO_AREA_H

#include "cli/geo_words.h"
#include "proto/arena.h"

/* The first options of each such subcommand. */
enum { AREA_CIRCLE, AREA_POLYGON, AREA_OPTIONS };
#define AREA_ROWS                                                                                            \
    [AREA_CIRCLE] = {"circle", "LAT,LON,METRES", "a circle"},                                                \
    [AREA_POLYGON] = {"polygon", "FILE", "the polygons of a GeoJSON file; - reads standard input"}

/* Those of a cover, behind them. */
enum { COVER_MIN = AREA_OPTIONS, COVER_MAX, COVER_MOST, COVER_INTERIOR, COVER_OPTIONS };
#define COVER_ROWS                                                                                           \
    AREA_ROWS, [COVER_MIN] = {"min", "N", "the coarsest precision (1)"},                                     \
               [COVER_MAX] = {"max", "N", "the finest precision (6)"},                                       \
               [COVER_MOST] = {"cells", "N", "at most so many cells (64); above 1024 when --min is --max"},  \
               [COVER_INTERIOR] = {"interior", NULL, "the cells that lie wholly in it"}

struct geo_area {
    const char *name; /* as it was given */
    struct geo_shape shape;
    struct geo_prepared *prepared; /* of a shape that passed */
};
/* True when one of the two options is given. */
bool geo_area_given(const struct invocation *invocation);
/* Reads the area, which then lives in the arena; it may still break rules of geography. Complains when none
 * is given, or two. */
enum exit_code geo_area_read(const struct invocation *invocation, struct arena *arena, struct geo_area *out);
/* The same, and complains of an area that breaks a rule. */
enum exit_code geo_area_take(const struct invocation *invocation, struct arena *arena, struct geo_area *out);

struct area_cover {
    geo_cell *cells;
    struct geo_cover told;
    int coarsest, finest; /* precisions of its cells; 0 when there are none */
    bool interior;
    double excess; /* square metres of the cells beyond the area; interior: of the area beyond the cells */
};
/* The cover that the options ask for, in the arena. */
enum exit_code geo_area_cover(const struct invocation *invocation, const struct geo_area *area,
    struct arena *arena, struct area_cover *out);
/* {"cells","area","excess" or "missing","forced"} */
json_t *geo_cover_json(const struct area_cover *cover);
/* "in" or "partly": how the cell lies. */
const char *geo_side_word(enum geo_side side);

#endif
