/* Pictures that may be shared: files of one folder of the owner's, and nothing outside of it. */
#ifndef NEIGHBORS_EDGE_CLIPS_H
#define NEIGHBORS_EDGE_CLIPS_H

#include <jansson.h>

#include "proto/arena.h"
#include "proto/bytes.h"

struct clip_file {
    struct bytes content; /* JPEG or PNG, at most FOOTAGE_STILL_MOST bytes; in the arena */
    const char *media_type;
    int64_t taken; /* ms; when the file was written */
};

/* Reads the file of that name in the folder (NULL: none is set). False: *why says what is wrong, a constant.
 */
bool clip_read(const char *folder, const char *name, struct arena *arena, struct clip_file *out,
    const char **why) __attribute__((warn_unused_result));

/* The names of the pictures in the folder that were written between the two times (ms) and are small enough,
 * at most LIMIT_CLIPS, in the order of their names. The array is the caller's. */
json_t *clips_between(const char *folder, int64_t from, int64_t to);

#endif
