/* What does not come as a PUBLISH (HTTP) takes the same steps, and its answer goes to a function. */
#ifndef NEIGHBORS_BROKER_POST_H
#define NEIGHBORS_BROKER_POST_H

#include "broker/broker.h"
#include "broker/step/publication.h"

/* All is copied. What becomes of it later (Moderation) goes to the inbox of the client id "http". */
struct broker_post {
    struct credential credential; /* who asks, authenticated by the caller; issued_at 0: by certificate */
    const char *topic;            /* "nb/v1/alert" */
    struct text content_type;
    struct bytes payload;
    bool preview; /* tell what would become of it, store nothing */
};
/* Called once, in a later turn. publication->refusal says whether it was taken, ->outcome what became of it;
 * NULL: the store failed, nothing is known of it. Who is not enrolled, or whose token is expired or
 * withdrawn, is refused 0x87 in the field "credential". The publication is freed afterwards. */
typedef void broker_posted(void *arg, const struct publication *publication);
void broker_post(struct broker *broker, const struct broker_post *post, broker_posted *done, void *arg);

/* Whether whoever is about to post so much may: NULL, or the setting that it is above; *seconds is then when
 * it may. Counts it. */
const char *broker_post_limit(struct broker *broker, const struct credential *credential, size_t len,
    uint32_t *seconds) __attribute__((warn_unused_result));

/* Starts the posts of this turn on their way; for broker_turn. Those that never began are answered NULL. */
void posts_turn(struct broker *broker);
void posts_clear(struct broker *broker);

#endif
