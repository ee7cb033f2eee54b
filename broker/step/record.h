/* What an agency was refused is on the public record (bridge/record_leaf.h): what concerns residents, not its
 * questions. */
#ifndef NEIGHBORS_BROKER_STEP_RECORD_H
#define NEIGHBORS_BROKER_STEP_RECORD_H

#include "broker/step/publication.h"

/* Takes the digest of what may be refused, while the payload is there. */
void record_begin(struct publication *publication);
/* True when the refusal is being put on record: pipeline_stored follows. Once a publication; nothing of what
 * was not refused, of a preview, and of who is no agency. */
bool record_refusal(struct publication *publication) __attribute__((warn_unused_result));

#endif
