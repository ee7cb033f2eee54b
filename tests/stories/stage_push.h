/* Push on the stage: a push service that the story scripts, and what the store keeps for it. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_PUSH_H
#define NEIGHBORS_TESTS_STORIES_STAGE_PUSH_H

#include "bridge/push.h"
#include "tests/stories/stage.h"

/* How many subscriptions the store has. */
size_t push_subscriptions(void);
/* That revision of the alert changed near whoever is there. */
void push_due(char id, uint32_t revision);

#endif
