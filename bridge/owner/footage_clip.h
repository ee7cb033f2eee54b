/* What an owner shares of one recording: sealed to the certificate that the request brought before it leaves
 * the owner's side, and gathered in the one answer that a request gets. */
#ifndef NEIGHBORS_OWNER_FOOTAGE_CLIP_H
#define NEIGHBORS_OWNER_FOOTAGE_CLIP_H

#include "proto/arena.h"
#include "proto/message.h"

enum { FOOTAGE_STILL_MOST = 30000 }; /* bytes of a picture: what fits into an answer when it is sealed */

/* "image/jpeg" or "image/png", told by the first bytes; NULL: neither. */
const char *footage_media_type(struct bytes still);

/* A clip for that request with what it is for filled in: `purpose`, or, when that is NULL, the investigation
 * of the case and nothing else. Texts are in the arena or the caller's. */
struct sealed_clip footage_clip_for(
    const struct footage_request *request, const char *purpose, struct arena *arena);

/* Seals the clip to the request's certificate, as the part of an answer that shares it; the caller names it
 * (clip_id). False: *why, a constant. */
bool footage_seal_clip(const struct footage_request *request, const struct sealed_clip *clip,
    struct arena *arena, struct clip_answer *out, const char **why) __attribute__((warn_unused_result));

/* Puts what is said of a recording into the answer, in the place of what was said of it before. False: more
 * than one answer holds (LIMIT_CLIPS, LIMIT_SEALED); the answer is not to be used then. */
bool footage_put_clip(struct footage_answer *answer, const struct clip_answer *clip, struct arena *arena)
    __attribute__((warn_unused_result));

#endif
