/* Looks a name up beside the loop, so that a resolver that is away holds nothing up. The library that
 * connects looks the name up again: right after an answer, which resolvers keep. */
#ifndef NEIGHBORS_CLIENT_LOOKUP_H
#define NEIGHBORS_CLIENT_LOOKUP_H

#include <stdbool.h>

enum lookup_state { LOOKUP_PENDING, LOOKUP_FOUND, LOOKUP_FAILED };

struct lookup;

/* The host must outlive the lookup. NULL: there is nothing to look up, it is an address. */
struct lookup *lookup_new(const char *host);
enum lookup_state lookup_look(const struct lookup *lookup);
/* What went wrong, when it failed. */
const char *lookup_error(const struct lookup *lookup);
/* lookup NULL: does nothing. */
void lookup_free(struct lookup *lookup);

#endif
