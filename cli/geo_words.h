/* What the subcommands of `neighbors geo` read and print alike. */
#ifndef NEIGHBORS_CLI_GEO_WORDS_H
#define NEIGHBORS_CLI_GEO_WORDS_H

#include "cli/cli.h"
#include "geo/geo.h"

/* Complains that `what` breaks a rule of geography. */
enum exit_code geo_refuse(const struct invocation *invocation, const char *what, enum geo_error error);
/* Prints the cell on a line. */
void geo_print_cell(const struct invocation *invocation, geo_cell cell);
/* Reads "LAT,LON" at the start of text; *rest is behind it. What is no number is a mistake of use; whether
 * the place is on the globe is for the geography to say. */
enum exit_code geo_read_point(
    const struct invocation *invocation, const char *text, struct geo_point *out, const char **rest);
/* Reads a geohash, and complains of one that is none. */
enum exit_code geo_read_cell(const struct invocation *invocation, const char *text, geo_cell *out);
/* Reads a place on the globe, "LAT,LON", or a cell, a geohash, of which it is the middle. *cell is 0 for a
 * place. */
enum exit_code geo_read_place(
    const struct invocation *invocation, const char *text, struct geo_point *out, geo_cell *cell);

#endif
