/* What is asked by request and response of MQTT 5: the answer goes to the sender's own inbox. */
#ifndef NEIGHBORS_BROKER_KIND_QUESTION_H
#define NEIGHBORS_BROKER_KIND_QUESTION_H

#include "broker/kind/kind.h"

enum { QUESTION_SUFFIX = 128 }; /* bytes of the longest place in the inbox */

/* Where in the inbox the answer goes: as the response topic says, else to `otherwise` ("reply/history"). */
struct text question_suffix(const struct publication *publication, struct text otherwise);
/* Whether the answer may go there and is awaited, and not too many of the connection's questions of this kind
 * are open. */
enum step_result question_check(struct publication *publication, struct text otherwise);

#endif
