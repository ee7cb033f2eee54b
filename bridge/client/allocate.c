#include "bridge/client/allocate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void *client_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
        abort();
    }
    return memory;
}
