/* What footage.c and footage_answer.c share. */
#ifndef NEIGHBORS_EDGE_FOOTAGE_INSIDE_H
#define NEIGHBORS_EDGE_FOOTAGE_INSIDE_H

#include "bridge/edge/back/back_inside.h"
#include "proto/codec.h"

/* Reads a kept or a coming request; false: told on standard error. */
bool footage_read(struct bytes payload, struct arena *arena, struct footage_request *out)
    __attribute__((warn_unused_result));

/* Says at home what became of an answer: a reason, or a word (kept, sent) with a time (ms; 0: none). id may
 * be NULL. */
void footage_reply(struct back *back, const char *id, const char *answer, int64_t at, const char *reason);

#endif
