#include "bridge/edge/allocate.h"

#include <stdio.h>
#include <stdlib.h>

void *edge_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fputs("neighbors-edge: out of memory\n", stderr);
        abort();
    }
    return memory;
}
