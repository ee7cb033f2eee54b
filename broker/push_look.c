/* Whom an alert concerns: channel by channel of all that it ever reached, page by page of the subscriptions
 * that may be concerned there. One that stands in several channels is asked about in each, and noted once.
 * What is cut off is done again from the beginning. */
#include "broker/push_inside.h"

struct push_look {
    TAILQ_ENTRY(push_look) in_list;
    struct broker *broker;
    struct alert_notice notice;
    struct alert_object *alert; /* held */
    size_t channel_count, channel;
    char (*channels)[13];
    char after[PUBLIC_ID + 1];
    size_t waiting; /* for so many answers */
    bool failed;
};

static void end(struct push_look *look)
{
    struct pushes *pushes = look->broker->pushes;

    TAILQ_REMOVE(&pushes->looks, look, in_list);
    pushes->look_count--;
    alert_object_drop(look->broker, look->alert);
    free(look->channels);
    free(look);
}

static void look_on(struct push_look *look);

/* The answers that were waited for are there. */
static void go_on(struct push_look *look)
{
    if (look->failed) { /* it is due again */
        end(look);
        return;
    }
    if (!look->after[0])
        look->channel++;
    look_on(look);
}

static void on_wanted(void *arg, enum store_status status)
{
    struct push_look *look = arg;

    look->failed = look->failed || status != STORE_OK;
    if (--look->waiting == 0)
        go_on(look);
}

static void hold_against(struct push_look *look, const struct store_push_found *found)
{
    struct broker *broker = look->broker;
    struct push_subscription subscription;
    struct refusal refusal;
    struct arena arena;
    uint8_t room[2048] __attribute__((aligned(16)));

    arena_init(&arena, room, sizeof room);
    if (codec_decode_push_subscription(ENCODING_PROTOBUF, found->record, &arena, &subscription, &refusal)) {
        struct push_match match = push_match(broker, &subscription, look->alert);
        if (match.face >= 0) {
            look->waiting++;
            store_push_want(broker->store, found->id, look->notice.public_id, look->notice.revision,
                match.concerns, broker_now(broker), on_wanted, look);
        }
    }
    arena_free(&arena);
}

static void on_near(void *arg, const struct store_push_near *near)
{
    struct push_look *look = arg;

    look->waiting = 0;
    look->failed = near->status != STORE_OK;
    memcpy(look->after, near->next, sizeof look->after);
    for (size_t i = 0; !look->failed && i < near->count; i++)
        hold_against(look, &near->found[i]);
    if (look->waiting == 0)
        go_on(look);
}

static void look_on(struct push_look *look)
{
    struct broker *broker = look->broker;

    if (look->channel < look->channel_count && look->alert->load == ALERT_READY) {
        look->waiting = 1;
        store_push_near(broker->store, look->channels[look->channel], look->after, on_near, look);
        return;
    }
    broker->counters.push_alerts_matched++;
    store_push_looked(broker->store, &look->notice, broker_now(broker));
    end(look);
}

void push_look_begin(struct broker *broker, const struct store_push_alert *alert)
{
    struct push_look *look = must_calloc(sizeof *look);

    look->broker = broker;
    look->notice = alert->notice;
    look->alert = alert_object_hold(broker, &alert->notice);
    look->channel_count = alert->channel_count;
    look->channels = must_alloc((alert->channel_count + 1) * sizeof *look->channels);
    if (alert->channel_count)
        memcpy(look->channels, alert->channels, alert->channel_count * sizeof *look->channels);
    broker->pushes->look_count++;
    TAILQ_INSERT_TAIL(&broker->pushes->looks, look, in_list);
}

void push_looks_turn(struct broker *broker)
{
    struct push_look *look, *next;

    for (look = TAILQ_FIRST(&broker->pushes->looks); look; look = next) {
        next = TAILQ_NEXT(look, in_list);
        if (!look->waiting && look->alert->load != ALERT_LOADING)
            look_on(look);
    }
}

void push_looks_clear(struct broker *broker)
{
    struct push_look *look;

    while ((look = TAILQ_FIRST(&broker->pushes->looks)))
        end(look);
}
