/* Agencies as files list them: CSV with a head line, or a GeoJSON FeatureCollection. */
#ifndef NEIGHBORS_CLI_AGENCY_ROWS_H
#define NEIGHBORS_CLI_AGENCY_ROWS_H

#include <jansson.h>

#include "geo/geo.h"
#include "proto/arena.h"

enum { AGENCY_COMPLAINT = 300 };

/* Texts live in the arena; "" where the file says nothing. */
struct agency_row {
    const char *id, *name, *kind, *office, *since; /* office: "LAT,LON" */
    struct bytes jurisdiction;                     /* neighbors.v1.MultiPolygon; data NULL: not told */
};
struct agency_rows {
    struct arena *arena;
    size_t count, room;
    struct agency_row *rows;
};

/* Adds what a file lists. Columns and properties are known by these names, whatever their case: id; name;
 * kind or type; since; lat, latitude or y; lon, longitude or x. A feature's point is the office, its polygons
 * are the jurisdiction. Without an id the name makes one. False: complaint names file, line or feature, and
 * what is wrong. */
bool agency_rows_read(struct agency_rows *rows, const char *path, char complaint[AGENCY_COMPLAINT])
    __attribute__((warn_unused_result));

#endif
