/* Places in a JSON payload (row.h has the language) and what stands there as text, number or time. */
#ifndef NEIGHBORS_EDGE_PLACE_H
#define NEIGHBORS_EDGE_PLACE_H

#include <jansson.h>

#include "proto/bytes.h"

/* Calls visit with each value that the pointer reaches and, when it is a member of an object, its key (else
 * NULL), until visit returns false. The pointer "" is the value itself. */
typedef bool edge_place_visit(void *arg, json_t *value, const char *key);
bool edge_place_each(json_t *value, struct text pointer, edge_place_visit *visit, void *arg);

/* The first value that the pointer reaches, from the root when it begins with "^"; NULL: none. Not owned. */
json_t *edge_place_first(json_t *root, json_t *element, struct text pointer);

/* A scalar as the word that a text payload would hold: true, 1, on. Written into room when it is a number.
 * Empty for null and for anything that is no scalar. Lives as long as value and room. */
struct text edge_place_word(const json_t *value, char room[32]);

/* A publisher's time in ms since 1970: an epoch in s or ms, or ISO 8601 with a zone. 0: none, or without a
 * zone. */
int64_t edge_place_time(const json_t *value);

/* The next of several pointers parted by spaces; false when there are no more. */
bool edge_place_next(const char **list, struct text *pointer);

#endif
