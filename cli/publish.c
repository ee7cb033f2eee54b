/* One PUBLISH at QoS 1, and what its PUBACK says. A call that speaks for a session that goes on gets what
 * waits for that session: it is shown, as watch would. */
#include "cli/publish.h"

#include <stdlib.h>
#include <string.h>

#include "cli/feed.h"

/* ---- what comes meanwhile ---- */

static bool begins(struct text text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.data, with, len) == 0;
}

static void show_item(const struct invocation *invocation, struct bytes payload, struct arena *arena)
{
    struct feed_item item;
    struct refusal refusal;
    const struct feed_view view = feed_view_of(NULL);
    if (!codec_decode_feed_item(ENCODING_PROTOBUF, payload, arena, &item, &refusal))
        return;
    if (invocation->common.json)
        cli_print_json(feed_json(&item, arena));
    else
        feed_print(&view, &item, arena);
}

static void show_moderation(const struct invocation *invocation, struct bytes payload, struct arena *arena)
{
    struct moderation told;
    struct refusal refusal;
    const struct feed_view view = feed_view_of(NULL);
    if (!codec_decode_moderation(ENCODING_PROTOBUF, payload, arena, &told, &refusal))
        return;
    if (invocation->common.json)
        cli_print_json(feed_moderation_json(&told));
    else
        feed_print_moderation(&view, &told);
}

static void show(void *arg, const struct link_message *message)
{
    const struct invocation *invocation = arg;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (begins(message->topic, "nb/v1/near/") || begins(message->topic, "nb/v1/cell/"))
        show_item(invocation, message->payload, &arena);
    else if (text_equal(message->topic, TEXT("nb/v1/inbox/reply/moderation")))
        show_moderation(invocation, message->payload, &arena);
    arena_free(&arena);
}

/* ---- the answer ---- */

const char *publish_property(const struct link_answer *answer, const char *name)
{
    size_t index;
    json_t *pair;
    json_array_foreach(
        answer->properties, index, pair) if (strcmp(json_string_value(json_array_get(pair, 0)), name) ==
                                             0) return json_string_value(json_array_get(pair, 1));
    return NULL;
}

/* What is left out of the rest. Counts the parts (events of a batch, areas) that were refused while the
 * others were stored. */
static size_t print_refused(const struct link_answer *answer)
{
    size_t index, count = 0;
    json_t *pair;
    json_array_foreach(answer->properties, index, pair)
    {
        if (strcmp(json_string_value(json_array_get(pair, 0)), "refused") != 0)
            continue;
        fprintf(stderr, "neighbors: refused: %s\n", json_string_value(json_array_get(pair, 1)));
        count++;
    }
    return count;
}

static void print_json(const struct link_answer *answer, bool ok, const char *id, const char *file)
{
    const char *public_id = publish_property(answer, "public-id"),
               *revision = publish_property(answer, "revision");
    const char *request_id = publish_property(answer, "request-id");
    json_t *object =
        json_pack("{s:b, s:i, s:s, s:s, s:s*, s:s*, s:O*}", "ok", ok, "reason", answer->reason, "text",
            answer->text, "id", id, "file", file, "public_id", public_id, "properties", answer->properties);
    if (revision)
        json_object_set_new(object, "revision", json_integer(strtoll(revision, NULL, 10)));
    if (request_id)
        json_object_set_new(object, "request_id", json_string(request_id));
    cli_print_json(object);
}

static void print_stored(const struct link_answer *answer, const char *label)
{
    const char *public_id = publish_property(answer, "public-id"),
               *revision = publish_property(answer, "revision"),
               *pending = publish_property(answer, "pending"),
               *not_shown = publish_property(answer, "not-shown"),
               *request_id = publish_property(answer, "request-id"), *left = publish_property(answer, "left");
    printf("%s stored", label);
    if (request_id)
        printf(" as %s", request_id);
    if (public_id && revision)
        printf(" as %s, revision %s", public_id, revision);
    if (pending)
        printf("; it waits: %s", pending);
    if (not_shown)
        printf("; nobody sees it: %s", not_shown);
    if (left)
        printf("; %s left", left);
    putchar('\n');
}

enum exit_code publish_tell(const struct invocation *invocation, struct link_answer *answer,
    const char *label, const char *id, const char *file)
{
    bool refused = link_refused(answer);
    if (!answer->properties)
        answer->properties = json_array();
    size_t partly = print_refused(answer);
    if (invocation->common.json)
        print_json(answer, !refused && !partly, id, file);
    else if (refused)
        fprintf(stderr, "neighbors: %s refused, 0x%02x: %s\n", label, (unsigned)answer->reason, answer->text);
    else if (!partly)
        print_stored(answer, label);
    json_decref(answer->properties);
    answer->properties = NULL;
    return refused || partly ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- sending ---- */

/* What becomes of it shall reach the session, whoever connects as it. */
static bool follow_inbox(struct link *link)
{
    struct link_answer answer;
    if (!link_subscribe(link, "nb/v1/inbox/#", NULL, 0, &answer))
        return false;
    json_decref(answer.properties);
    return !link_refused(&answer);
}

enum exit_code publish_once(const struct invocation *invocation, const struct identity *identity,
    const struct link_publish *publish, const char *label, const char *id)
{
    struct link *link;
    struct link_answer answer;
    struct invocation *arg = (struct invocation *)(uintptr_t)invocation;
    enum exit_code code = link_open(invocation, identity, false, show, arg, &link);
    if (code != EXIT_DONE)
        return code;
    if ((!publish->inbox || follow_inbox(link)) && link_publish(link, publish, &answer))
        code = publish_tell(invocation, &answer, label, id, NULL);
    else
        code = cli_fail(invocation, EXIT_UNREACHABLE,
            "the connection ended before the broker said that it stored the %s", label);
    link_close(link);
    return code;
}
