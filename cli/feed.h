/* A feed item as a person reads it, a line in columns, and as a program reads it, a JSON object. */
#ifndef NEIGHBORS_CLI_FEED_H
#define NEIGHBORS_CLI_FEED_H

#include "cli/cli.h"
#include "proto/codec.h"

struct feed_view {
    bool has_me;
    struct geo_point me; /* distances and directions are from here; it never leaves the program */
    bool colour;
    size_t width; /* characters of a line; 0: no end */
};

/* A view on standard output: colour and width as the terminal has them. me may be NULL. */
struct feed_view feed_view_of(const struct geo_point *me);

/* Prints the item on a line. */
void feed_print(const struct feed_view *view, const struct feed_item *item, struct arena *arena);

/* The item in proto3 JSON as an object, to which the caller may add; json_decref. NULL cannot be. */
json_t *feed_json(const struct feed_item *item, struct arena *arena);

/* The same for what became of an alert of one's own. */
void feed_print_moderation(const struct feed_view *view, const struct moderation *told);
json_t *feed_moderation_json(const struct moderation *told);

#endif
