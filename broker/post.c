/* Posts: publications without a connection. Each waits for the next turn, then for its principal, and is then
 * on the way of every publication. */
#include "broker/post.h"

#include "broker/kind/kind.h"
#include "broker/session/ration.h"

void broker_post(struct broker *broker, const struct broker_post *post, broker_posted *done, void *arg)
{
    struct known_principal *principal = principal_hold(broker, text_of(post->credential.name));
    struct mqtt_publish publish = {.qos = 1};
    struct publication *publication =
        publication_new(broker, NULL, principal, TEXT("http"), MQTT_5, &publish);
    struct arena *arena = &publication->arena;

    principal_drop(broker, principal); /* the publication holds it */
    broker->counters.publishes_received++;
    publication->posted = done;
    publication->posted_arg = arg;
    struct credential *credential = arena_take(arena, sizeof *credential);
    *credential = post->credential;
    publication->posted_as = credential;
    memcpy(publication->officer, post->credential.officer, sizeof publication->officer);
    publication->preview = post->preview;
    publication_received(publication, text_of(post->topic));
    publication->payload.len = post->payload.len;
    publication->payload.data = (uint8_t *)arena_copy(arena, post->payload.data, post->payload.len);
    publication->content_type.len = post->content_type.len;
    publication->content_type.data = arena_copy(arena, post->content_type.data, post->content_type.len);
    TAILQ_INSERT_TAIL(&broker->posts, publication, in_waiting);
}

const char *broker_post_limit(
    struct broker *broker, const struct credential *credential, size_t len, uint32_t *seconds)
{
    return ration_post(broker, text_of(credential->name), len, seconds);
}

void posts_turn(struct broker *broker)
{
    struct publication_list ready = TAILQ_HEAD_INITIALIZER(ready);
    struct publication *publication;

    TAILQ_CONCAT(&ready, &broker->posts, in_waiting);
    while ((publication = TAILQ_FIRST(&ready))) {
        TAILQ_REMOVE(&ready, publication, in_waiting);
        pipeline_run(publication);
    }
}

void posts_clear(struct broker *broker)
{
    struct publication *publication;

    while ((publication = TAILQ_FIRST(&broker->posts))) {
        TAILQ_REMOVE(&broker->posts, publication, in_waiting);
        pipeline_fail(publication);
    }
}
