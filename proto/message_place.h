/* Places as they are sent. */
#ifndef NEIGHBORS_PROTO_MESSAGE_PLACE_H
#define NEIGHBORS_PROTO_MESSAGE_PLACE_H

#include "proto/bytes.h"

struct position {
    int32_t lat_e7, lon_e7;
};

struct ring {
    size_t count; /* at least 4, first = last */
    struct position *points;
};
struct polygon {
    size_t count; /* rings: the outer one first, then holes */
    struct ring *rings;
};
enum place_kind { PLACE_NONE, PLACE_POINT, PLACE_CIRCLE, PLACE_POLYGONS };
struct place {
    enum place_kind kind;
    struct position center; /* point, circle */
    uint32_t radius_m;      /* circle */
    size_t polygon_count;
    struct polygon *polygons;
};

#endif
