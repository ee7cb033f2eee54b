/* Between the files of `neighbors top`: the pages, and the frame made of them. */
#ifndef NEIGHBORS_CLI_TOP_H
#define NEIGHBORS_CLI_TOP_H

#include "cli/samples.h"

enum { TOP_SOURCES = 16, TOP_ROWS = 8 };

/* One metrics listener, with its last two pages. */
struct top_source {
    struct address page;
    char why[METRICS_WHY];
    struct samples now, before; /* at 0: it did not answer */
};

struct top {
    struct top_source sources[TOP_SOURCES];
    size_t count;
    struct {
        double half, most; /* quantiles in seconds, of the last frame that had any; 0: not yet */
    } shown[TOP_ROWS];
};

/* What is shown: lines of at most 80 characters, 24 of them unless there are many Redis. To be freed. */
char *top_frame(struct top *top);

#endif
