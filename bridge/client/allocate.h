/* Memory for the programs beside the broker. */
#ifndef NEIGHBORS_CLIENT_ALLOCATE_H
#define NEIGHBORS_CLIENT_ALLOCATE_H

#include <stddef.h>

/* Zeroed memory, to be freed with free; ends the process with a line when there is none. */
void *client_alloc(size_t size);

#endif
