#include "broker/session/delivered.h"

enum { TELL_MS = 2000, KEPT_MOST = 64 /* alerts: they are kept in memory until they are told */ };

void delivered_note(struct broker *broker, struct alert_object *alert)
{
    if (alert->delivered++ > 0)
        return;
    alert->holders++;
    alert->next_delivered = broker->delivered;
    broker->delivered = alert;
    broker->delivered_count++;
}

static void tell(struct broker *broker, struct alert_object *alert)
{
    log_line(LOG_LEVEL_DEBUG, "alert", "id=%s step=delivered revision=%u deliveries=%u", alert->key.public_id,
        alert->key.revision, alert->delivered);
    store_alert_delivered(
        broker->store, alert->sender_tag, alert->key.public_id, alert->key.revision, alert->delivered);
}

static void let_go(struct broker *broker, bool told)
{
    struct alert_object *alert;

    while ((alert = broker->delivered)) {
        broker->delivered = alert->next_delivered;
        if (told)
            tell(broker, alert);
        alert->delivered = 0;
        alert_object_drop(broker, alert);
    }
    broker->delivered_count = 0;
}

void delivered_tell(struct broker *broker)
{
    let_go(broker, true);
}

void delivered_clear(struct broker *broker)
{
    let_go(broker, false);
}

void delivered_tick(struct broker *broker, int64_t now)
{
    bool early = now - broker->delivered_told_at < TELL_MS && now >= broker->delivered_told_at;
    if (early && broker->delivered_count < KEPT_MOST)
        return;
    broker->delivered_told_at = now;
    delivered_tell(broker);
}

void delivered_on_carried(
    void *arg, const char *public_id, uint32_t revision, size_t channel_count, bool in_force)
{
    (void)arg;
    log_line(LOG_LEVEL_DEBUG, "alert", "id=%s step=%s revision=%u channels=%zu", public_id,
        in_force ? "appended" : "ended", revision, channel_count);
}
