/* The scripted store's footage requests: bridge/store_footage.h in memory. Who could be asked is what the
 * story says; who is asked, what is kept and what the agency gets follows from the calls. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_FOOTAGE_H
#define NEIGHBORS_TESTS_STORIES_STAGE_FOOTAGE_H

#include "tests/stories/stage.h"

/* Batches come at multiples of this; fewer asked households than this get nothing out. */
enum { STAGE_BATCH_MS = 3600 * 1000, STAGE_K = 5 };

/* The household opted in and has a device in every area that stored motion at every time; it is asked on the
 * inbox of that session. session "": nobody reads it. */
void askable(const char *household, const char *session, const char *device);
/* Bytes of clips that the store keeps now, for all requests. */
size_t clip_bytes_kept(void);

#endif
