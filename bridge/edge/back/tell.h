/* What the home is told, as JSON: short words in lower case, times in ISO 8601, distances from the followed
 * place. Every function's object is the caller's. */
#ifndef NEIGHBORS_EDGE_TELL_H
#define NEIGHBORS_EDGE_TELL_H

#include <jansson.h>

#include "bridge/edge/back/back_settings.h"
#include "proto/arena.h"
#include "proto/message.h"

enum {
    TELL_LISTED = 20, /* alerts in an entity's attributes: Home Assistant's recorder takes 16 kB of them */
    TELL_STATE = 255, /* characters of an entity's state */
};

/* An alert as it was delivered, seen from the place. */
json_t *tell_alert(
    const struct alert *alert, const struct back_place *place, int64_t now, struct arena *arena);
/* The same alert (tell_alert's) as part of a list: without its long texts, with its age. */
json_t *tell_listed(const json_t *alert, int64_t now);
/* What the entities of a place show: alerts is an array of tell_listed, the most severe first. */
json_t *tell_state(json_t *alerts);
json_t *tell_activity(const struct feed_item *item, const struct back_place *place, int64_t now);
json_t *tell_request(const struct footage_request *request);

/* Text of at most `most` bytes, cut between characters and ended by "…" when there is more. */
json_t *tell_text(struct text text, size_t most);
/* "2026-11-28T04:00:00+00:00"; JSON null for 0. */
json_t *tell_time(int64_t ms);

#endif
