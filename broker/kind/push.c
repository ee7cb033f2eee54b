/* A push subscription: where and how a browser is told of alerts near its places while it has no connection.
 * It is kept under a digest of its endpoint and not under who sent it; what is counted for the sender is that
 * something was said, and the cells, as for whoever follows them. */
#include "broker/broker.h"
#include "broker/kind/kind.h"
#include "broker/push_inside.h"
#include "broker/session/place.h"
#include "broker/session/reach.h"

enum { SAID_A_DAY = 50 }; /* subscriptions and renewals of one user */

struct job {
    struct publication *publication;
    struct followed_place *places[LIMIT_PUSH_PLACES]; /* held */
    size_t place_count;
    struct store_cell counted[LIMIT_PUSH_PLACES];
    size_t counted_count;
    bool said, seen;        /* how often it speaks was counted; so were its cells */
    bool over;              /* more new cells than it may have today */
    int64_t retry_after_ms; /* not 0: it said too much today */
};

static enum step_result refuse(struct publication *publication, const char *field, const char *rule)
{
    return publication_refuse(publication, REASON_BAD_PAYLOAD, field, rule);
}

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return refuse(publication, "payload", "a push subscription is protobuf or JSON");
    if (!codec_decode_push_subscription(publication->encoding, publication->payload, &publication->arena,
            &publication->push, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    const struct push_subscription *push = &publication->push;
    const struct pushes *pushes = publication->broker->pushes;
    const char *field, *rule;

    if (!pushes)
        return publication_refuse(publication, REASON_OTHER, "topic",
            "push is not offered here: the operator has made no key for it");
    if (!push->remove &&
        !pushes->service.allows(pushes->service.arg, push->endpoint, push->p256dh, &field, &rule))
        return refuse(publication, field, rule);
    return STEP_GO_ON;
}

/* ---- locate ---- */

/* A place is read as the filter of a SUBSCRIBE would be, so that the same rules hold. */
static enum step_result take_place(struct job *job, const struct push_place *place, size_t number)
{
    struct publication *publication = job->publication;
    struct arena *arena = &publication->arena;
    const char *field = arena_printf(arena, "places[%zu]", number);
    struct follow_filter filter;
    struct refusal refusal;

    if (!topic_parse_filter(text_of(arena_printf(arena, "nb/v1/near/%.*s/%u/#", (int)place->cell.len,
                                place->cell.data, place->metres)),
            publication->broker->options.leaf_precision, &filter, &refusal))
        return refuse(publication, field, refusal.rule);
    struct followed_place *held = place_hold(publication->broker, &filter, "");
    if (!held)
        return refuse(publication, field, "touches too many channels");
    job->places[job->place_count++] = held;
    switch (reach_of(publication->broker, publication->principal, &filter, &refusal)) {
    case REACH_COUNTED:
        job->counted[job->counted_count++] = reach_cell(publication->broker, filter.cell);
        return STEP_GO_ON;
    case REACH_REFUSED:
        return publication_refuse(publication, REASON_NOT_ALLOWED, field, refusal.rule);
    case REACH_FREE:
        break;
    }
    return STEP_GO_ON;
}

static void said(void *arg, enum store_status status, int64_t retry_after_ms)
{
    struct job *job = arg;

    if (status != STORE_OK && status != STORE_LIMITED) {
        pipeline_fail(job->publication);
        return;
    }
    job->retry_after_ms = status == STORE_LIMITED ? retry_after_ms : 0;
    pipeline_resume(job->publication);
}

static void seen(void *arg, const struct store_cells_result *result)
{
    struct job *job = arg;

    if (result->status != STORE_OK) {
        pipeline_fail(job->publication);
        return;
    }
    job->over = memchr(result->granted, '0', result->count) != NULL;
    pipeline_resume(job->publication);
}

static enum step_result refuse_limit(
    struct publication *publication, const char *field, const char *rule, uint32_t retry_after_s)
{
    publication->broker->counters.refused_limit++;
    publication_refuse(publication, REASON_QUOTA_EXCEEDED, field, rule);
    publication->refusal.retry_after_s = retry_after_s;
    return STEP_REFUSE;
}

static void count_saying(struct job *job)
{
    struct publication *publication = job->publication;
    char digest[PUBLIC_ID + 1];

    seal_public_id(
        publication->broker->seal, TEXT("push said by"), text_of(publication->principal->name), digest);
    store_push_count(publication->broker->store,
        text_of(arena_printf(&publication->arena, "push/%s", digest)), SAID_A_DAY, said, job);
}

/* What is counted, one after the other; each answer comes back to this step. */
static enum step_result count(struct job *job)
{
    struct publication *publication = job->publication;
    struct broker *broker = publication->broker;
    int64_t now = broker_now(broker);

    if (!job->said) {
        job->said = true;
        count_saying(job);
        return STEP_WAIT;
    }
    if (job->retry_after_ms)
        return refuse_limit(publication, "sender", "at most 50 push subscriptions and renewals a day",
            (uint32_t)((job->retry_after_ms + 999) / 1000));
    if (!job->seen && job->counted_count) {
        job->seen = true;
        store_cells(broker->store,
            &(struct store_cells){.who = text_of(publication->principal->name),
                .together = true,
                .limit = broker->options.new_cells_day,
                .count = job->counted_count,
                .cells = job->counted},
            seen, job);
        return STEP_WAIT;
    }
    if (!job->over)
        return STEP_GO_ON;
    char *rule = arena_alloc(&publication->arena, REACH_RULE);
    reach_rule(rule, broker->options.new_cells_day, now);
    return refuse_limit(publication, "places", rule, reach_day_ends_s(now));
}

static enum step_result locate(struct publication *publication)
{
    const struct push_subscription *push = &publication->push;
    struct job *job = publication->job;
    enum step_result result = STEP_GO_ON;

    if (push->remove)
        return STEP_GO_ON;
    if (job)
        return count(job);
    publication->job = job = arena_alloc(&publication->arena, sizeof *job);
    job->publication = publication;
    for (size_t i = 0; result == STEP_GO_ON && i < push->place_count; i++)
        result = take_place(job, &push->places[i], i);
    return result == STEP_GO_ON ? count(job) : result;
}

/* ---- store ---- */

static void stored(void *arg, enum store_status status)
{
    struct publication *publication = arg;

    if (status == STORE_LIMITED) {
        refuse_limit(
            publication, "sender", "this installation has as many push subscriptions as it keeps", 3600);
        status = STORE_OK;
    }
    pipeline_stored(publication, status);
}

/* The channels of all its places, each once. */
static size_t channels_of(const struct job *job, char (*out)[13])
{
    size_t count = 0;

    for (size_t i = 0; i < job->place_count; i++) {
        for (size_t n = 0; n < job->places[i]->channel_count; n++) {
            char name[GEO_CELL_TEXT];
            size_t known = 0;
            geo_format(job->places[i]->channels[n].cell, name);
            while (known < count && strcmp(out[known], name) != 0)
                known++;
            if (known == count)
                memcpy(out[count++], name, sizeof name < 13 ? sizeof name : 13);
        }
    }
    return count;
}

static enum step_result store(struct publication *publication)
{
    struct broker *broker = publication->broker;
    const struct push_subscription *push = &publication->push;
    struct arena *arena = &publication->arena;
    char id[PUBLIC_ID + 1];

    seal_public_id(broker->seal, TEXT("push"), push->endpoint, id);
    publication->stores = 1;
    if (push->remove) {
        store_push_remove(broker->store, id, stored, publication);
        return STEP_WAIT;
    }
    char(*channels)[13] = arena_alloc(arena, LIMIT_PUSH_PLACES * PLACE_CHANNELS * sizeof *channels);
    int64_t now = broker_now(broker);
    const struct store_push out = {.id = id,
        .record = codec_encode_push_subscription(ENCODING_PROTOBUF, push, arena),
        .channel_count = channels_of(publication->job, channels),
        .channels = (const char(*)[13])channels,
        .until = now + broker->options.push_keep_ms,
        .now = now,
        .most = broker->options.push_most};
    store_push_put(broker->store, &out, stored, publication);
    return STEP_WAIT;
}

static void release(struct publication *publication)
{
    struct job *job = publication->job;

    for (size_t i = 0; job && i < job->place_count; i++)
        place_drop(publication->broker, job->places[i]);
    publication->job = NULL;
}

const struct kind kind_push = {
    .topic = TOPIC_PUSH,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
    .release = release,
};
