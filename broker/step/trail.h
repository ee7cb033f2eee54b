/* At log_level debug: where a message is on its way in, one line a step, so that it can be followed by its id
 * from process to process. broker/session/delivered.h has the way out.
 *
 *     alert id=<its id in public> of=<the alert that it became part of or goes on with> sender=… step=…
 *
 * Steps are received, decoded, authorized, located, stored and acknowledged, or refused with field and rule,
 * or failed (the store did, and it is not acknowledged). A message has no id before it is decoded, so both
 * steps are told then. Who sends a tip, witnesses or flags is not told; of an owner's answers to requests,
 * settings and questions nothing but what a mistake was, and of an answer to a request not even that there
 * was one. */
#ifndef NEIGHBORS_BROKER_STEP_TRAIL_H
#define NEIGHBORS_BROKER_STEP_TRAIL_H

#include "broker/step/publication.h"

/* Ask log_wants(LOG_LEVEL_DEBUG) before. step: static. */
void trail_step(struct publication *publication, const char *step);
/* It was refused, or it is stored (of a batch: part of it may be either). */
void trail_outcome(struct publication *publication);

#endif
