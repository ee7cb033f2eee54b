/* The rules that all questions share. */
#include "broker/kind/question.h"

#include "broker/session/connection_state.h"

enum { AT_ONCE = 4 }; /* questions of a kind of a connection */

struct text question_suffix(const struct publication *publication, struct text otherwise)
{
    struct text topic = publication->response_topic;
    const char *reply = topic.len ? memmem(topic.data, topic.len, "reply/", 6) : NULL;

    return reply ? (struct text){reply, topic.len - (size_t)(reply - topic.data)} : otherwise;
}

static bool is_awaited(const struct session *session, struct text suffix)
{
    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->parsed.kind == FOLLOW_INBOX && topic_matches(s->parsed.suffix, suffix))
            return true;
    }
    return false;
}

/* How many of the connection's questions of this kind are not answered yet. */
static size_t open_questions(const struct connection *connection, const struct kind *kind)
{
    const struct publication *publication;
    size_t count = 0;

    TAILQ_FOREACH(publication, &connection->publications, in_connection)
    count += publication->kind == kind && !publication->done;
    return count;
}

enum step_result question_check(struct publication *publication, struct text otherwise)
{
    struct connection *connection = publication->connection;
    struct text topic = publication->response_topic, suffix = question_suffix(publication, otherwise);

    if (topic.len && !(topic.len > 18 && memcmp(topic.data, "nb/v1/inbox/reply/", 18) == 0) &&
        !(topic.len > 23 && memcmp(topic.data, "nb/v1/json/inbox/reply/", 23) == 0))
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "response_topic", "must be nb/v1/inbox/reply/<name>");
    if (suffix.len > QUESTION_SUFFIX)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "response_topic", "at most 122 bytes of name");
    if (!connection || !connection->session || !is_awaited(connection->session, suffix))
        return publication_refuse(
            publication, REASON_OTHER, "topic", "subscribe to nb/v1/inbox/# first: the answer comes there");
    if (open_questions(connection, publication->kind) > AT_ONCE) {
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "topic", "at most 4 questions at once");
        publication->refusal.retry_after_s = 1;
        return STEP_REFUSE;
    }
    return STEP_GO_ON;
}
