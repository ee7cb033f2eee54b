/* One notice to one subscription: told from what the alert is now, once it is loaded. What the push service
 * does not take is tried again at growing distances as long as there is something to tell. */
#include "broker/push_inside.h"

enum { PAUSE_FIRST_MS = 2000, PAUSE_MOST_MS = 3600 * 1000, RETRY_AFTER_MOST_MS = 6 * 3600 * 1000 };
enum { DAY_S = 86400, TTL_MOST_S = 7 * DAY_S, TTL_LEAST_S = 60 };

struct push_sending {
    TAILQ_ENTRY(push_sending) in_list;
    struct broker *broker;
    struct store_push_notice notice; /* texts in the arena */
    struct push_subscription subscription;
    struct alert_object *alert; /* held */
    bool sent;
    enum store_push_end end;  /* when it was told */
    char said[PUBLIC_ID + 1]; /* keyed digest of what it is shown, when it is in force */
    struct arena arena;
};

static void forget(struct push_sending *sending)
{
    struct broker *broker = sending->broker;

    if (!sending->sent)
        TAILQ_REMOVE(&broker->pushes->sendings, sending, in_list);
    broker->pushes->sending_count--;
    broker->pushes->take_at = 0;
    alert_object_drop(broker, sending->alert);
    arena_free(&sending->arena);
    free(sending);
}

static void finish(struct push_sending *sending, enum store_push_end end)
{
    struct broker *broker = sending->broker;

    store_push_finish(broker->store, &sending->notice, sending->alert->key.revision, end,
        end == STORE_PUSH_TOLD ? sending->said : "", broker_now(broker));
    forget(sending);
}

/* ---- what the push service said ---- */

/* Which notices are tried at the same moment depends on their names, not on when they failed. */
static int64_t pause_of(const struct push_sending *sending, int64_t retry_after_ms)
{
    int64_t pause = PAUSE_FIRST_MS;

    for (unsigned i = 0; i < sending->notice.tries && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    pause = pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
    if (retry_after_ms > pause)
        pause = retry_after_ms < RETRY_AFTER_MOST_MS ? retry_after_ms : RETRY_AFTER_MOST_MS;
    return pause + pause * (sending->notice.id[0] & 15) / 64;
}

static void on_sent(void *arg, enum push_outcome outcome, int64_t retry_after_ms)
{
    struct push_sending *sending = arg;
    struct broker *broker = sending->broker;
    struct counters *counters = &broker->counters;

    broker->pushes->sent--;
    counters->pushes_on_the_way--;
    switch (outcome) {
    case PUSH_TAKEN:
        counters->pushes_taken++;
        finish(sending, sending->end);
        return;
    case PUSH_GONE:
        counters->push_subscriptions_gone++;
        store_push_remove(broker->store, sending->notice.id, NULL, NULL);
        break;
    case PUSH_LATER:
        counters->pushes_retried++;
        store_push_later(
            broker->store, &sending->notice, broker_now(broker) + pause_of(sending, retry_after_ms));
        break;
    case PUSH_NEVER:
        counters->pushes_refused++;
        finish(sending, STORE_PUSH_LEFT);
        return;
    case PUSH_ENDING:
        break;
    }
    forget(sending);
}

/* ---- telling ---- */

/* How long it is worth telling, from now: until it expires; that it ended, a day longer. */
static int64_t worth_ms(const struct push_sending *sending, int64_t now)
{
    int64_t expires = sending->alert->alert.expires;

    if (sending->end == STORE_PUSH_TOLD)
        return expires - now;
    return (expires > sending->alert->at ? expires : sending->alert->at) + INT64_C(1000) * DAY_S - now;
}

static uint32_t ttl_of(int64_t worth)
{
    int64_t seconds = worth / 1000;

    return (uint32_t)(seconds < TTL_LEAST_S ? TTL_LEAST_S : seconds > TTL_MOST_S ? TTL_MOST_S : seconds);
}

/* Of one alert to one subscription: nobody else has the same topic, so that it does not tell a push service
 * who is told of the same thing. */
static void name_topic(const struct push_sending *sending, char out[PUSH_TOPIC + 1])
{
    seal_public_id(
        sending->broker->seal, text_of(sending->notice.id), text_of(sending->notice.public_id), out);
}

static void tell(struct push_sending *sending, int64_t worth)
{
    struct broker *broker = sending->broker;
    const struct push_subscription *subscription = &sending->subscription;
    bool ended = sending->end == STORE_PUSH_ENDED;
    struct push_message message = {.endpoint = subscription->endpoint,
        .p256dh = subscription->p256dh,
        .auth = subscription->auth,
        .payload = push_notice_of(subscription, sending->alert, ended, true, &sending->arena),
        .ttl_s = ttl_of(worth),
        .urgency = !ended && sending->alert->alert.severity >= SEVERITY_SEVERE ? PUSH_HIGH : PUSH_NORMAL};

    name_topic(sending, message.topic);
    TAILQ_REMOVE(&broker->pushes->sendings, sending, in_list);
    sending->sent = true;
    broker->pushes->sent++;
    broker->counters.pushes_on_the_way++;
    broker->pushes->service.send(broker->pushes->service.arg, &message, on_sent, sending);
}

/* Another report of the same thing is a revision, and shows nothing new. */
static bool shows_nothing_new(struct push_sending *sending)
{
    struct bytes shown =
        push_notice_of(&sending->subscription, sending->alert, false, false, &sending->arena);

    seal_public_id(sending->broker->seal, text_of(sending->notice.id),
        (struct text){(const char *)shown.data, shown.len}, sending->said);
    return sending->notice.told && strcmp(sending->said, sending->notice.said) == 0;
}

/* The alert is there, or gone. */
static void decide(struct push_sending *sending)
{
    struct broker *broker = sending->broker;
    int64_t now = broker_now(broker);

    if (sending->alert->load == ALERT_GONE) {
        broker->counters.pushes_expired++;
        finish(sending, STORE_PUSH_ENDED);
        return;
    }
    struct push_match match = push_match(broker, &sending->subscription, sending->alert);
    if (!match.concerns && !sending->notice.told) { /* what it was to be told is no more */
        finish(sending, STORE_PUSH_LEFT);
        return;
    }
    sending->end = match.concerns ? STORE_PUSH_TOLD : STORE_PUSH_ENDED;
    int64_t worth = worth_ms(sending, now);
    if (worth <= 0) {
        broker->counters.pushes_expired++;
        finish(sending, match.concerns ? STORE_PUSH_LEFT : STORE_PUSH_ENDED);
        return;
    }
    if (match.concerns && shows_nothing_new(sending)) {
        broker->counters.pushes_unchanged++;
        finish(sending, STORE_PUSH_TOLD);
        return;
    }
    tell(sending, worth);
}

static bool take_record(struct push_sending *sending, const struct store_push_notice *notice)
{
    struct refusal refusal;
    struct arena *arena = &sending->arena;
    struct bytes record = {
        (const uint8_t *)arena_copy(arena, (const char *)notice->record.data, notice->record.len),
        notice->record.len};

    return codec_decode_push_subscription(ENCODING_PROTOBUF, record, arena, &sending->subscription, &refusal);
}

void push_send_begin(struct broker *broker, const struct store_push_notice *notice)
{
    struct push_sending *sending = must_calloc(sizeof *sending);
    struct alert_notice alert = {.revision = notice->revision};

    arena_init(&sending->arena, NULL, 0);
    sending->broker = broker;
    sending->notice = *notice;
    sending->notice.id = arena_copy(&sending->arena, notice->id, PUBLIC_ID);
    sending->notice.record = (struct bytes){0};
    memcpy(alert.public_id, notice->public_id, sizeof alert.public_id);
    if (!notice->record.len || !take_record(sending, notice) ||
        !seal_tag_of(broker->seal, text_of(alert.public_id), &alert.sender_tag)) {
        /* Of another secret: it can be read by nobody any more. */
        store_push_remove(broker->store, notice->id, NULL, NULL);
        arena_free(&sending->arena);
        free(sending);
        return;
    }
    sending->alert = alert_object_hold(broker, &alert);
    broker->pushes->sending_count++;
    TAILQ_INSERT_TAIL(&broker->pushes->sendings, sending, in_list);
}

void push_sendings_turn(struct broker *broker)
{
    struct push_sending *sending, *next;

    for (sending = TAILQ_FIRST(&broker->pushes->sendings); sending; sending = next) {
        next = TAILQ_NEXT(sending, in_list);
        if (sending->alert->load != ALERT_LOADING)
            decide(sending);
    }
}

void push_sendings_clear(struct broker *broker)
{
    struct push_sending *sending;

    while ((sending = TAILQ_FIRST(&broker->pushes->sendings)))
        forget(sending);
}
