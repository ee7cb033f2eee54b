/* Memory for all rooms of the edge. */
#ifndef NEIGHBORS_EDGE_ALLOCATE_H
#define NEIGHBORS_EDGE_ALLOCATE_H

#include <stddef.h>

/* Zeroed memory, to be freed with free; ends the process with a line when there is none. */
void *edge_alloc(size_t size);

#endif
