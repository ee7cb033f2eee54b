/* A picture of an area and its cells. */
#ifndef NEIGHBORS_CLI_GEO_SVG_H
#define NEIGHBORS_CLI_GEO_SVG_H

#include <stdio.h>

#include "cli/geo_area.h"

/* Writes it as SVG; what does not get written shows by ferror. */
void geo_svg_write(
    FILE *to, const struct geo_area *area, const struct area_cover *cover, struct arena *arena);

#endif
