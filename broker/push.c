/* Taking what is due, at its pace: one process at a time does it, the others look whether it is still there.
 */
#include "broker/push.h"

#include "broker/push_inside.h"

enum { POLL_MS = 200, IDLE_MS = 1000, LEASE_SPARE_MS = 5000 };

int64_t push_lease_ms(const struct broker *broker)
{
    return broker->options.push_timeout_ms + LEASE_SPARE_MS;
}

void broker_use_push(struct broker *broker, const struct push_service *service)
{
    if (!service)
        return;
    broker->pushes = must_calloc(sizeof *broker->pushes);
    broker->pushes->service = *service;
    TAILQ_INIT(&broker->pushes->looks);
    TAILQ_INIT(&broker->pushes->sendings);
}

size_t broker_pushes(const struct broker *broker)
{
    return broker->pushes ? broker->pushes->sent : 0;
}

static void on_work(void *arg, const struct store_push_work *work)
{
    struct broker *broker = arg;
    struct pushes *pushes = broker->pushes;

    pushes->taking = false;
    pushes->take_at = broker_now(broker) + (work->notice_count ? 0 : work->mine ? POLL_MS : IDLE_MS);
    if (work->status == STORE_GONE)
        return;
    for (size_t i = 0; i < work->alert_count; i++)
        push_look_begin(broker, &work->alerts[i]);
    for (size_t i = 0; i < work->notice_count; i++)
        push_send_begin(broker, &work->notices[i]);
}

static void take(struct broker *broker)
{
    struct pushes *pushes = broker->pushes;
    int64_t now = broker_now(broker);
    size_t most = broker->options.push_at_once;
    size_t room = most > pushes->sending_count ? most - pushes->sending_count : 0;

    if (pushes->taking || broker->draining || !broker->store_available)
        return;
    if (now < pushes->take_at && pushes->take_at - now <= IDLE_MS)
        return;
    pushes->taking = true;
    store_push_take(
        broker->store, now, push_lease_ms(broker), room, pushes->look_count == 0, on_work, broker);
}

void pushes_turn(struct broker *broker)
{
    if (!broker->pushes)
        return;
    push_looks_turn(broker);
    push_sendings_turn(broker);
    take(broker);
}

void pushes_clear(struct broker *broker)
{
    if (!broker->pushes)
        return;
    push_looks_clear(broker);
    push_sendings_clear(broker);
    free(broker->pushes);
    broker->pushes = NULL;
}
