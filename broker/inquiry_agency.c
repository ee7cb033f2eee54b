/* The agencies' alerts in force. They stay in memory from one question to the next, so that each revision is
 * read once. */
#include "broker/inquiry_inside.h"

static bool same_list(const struct broker *broker, const struct inquiry *inquiry)
{
    if (broker->agency_count != inquiry->alert_count)
        return false;
    for (size_t i = 0; i < inquiry->alert_count; i++) {
        if (broker->agency_alerts[i] != inquiry->alerts[i])
            return false;
    }
    return true;
}

/* Keeps what the inquiry holds, and forgets what was kept before. */
static void keep_list(struct broker *broker, const struct inquiry *inquiry)
{
    if (broker->agency_changed && same_list(broker, inquiry))
        return;
    struct alert_object **kept = must_alloc(inquiry->alert_count * sizeof *kept);
    for (size_t i = 0; i < inquiry->alert_count; i++) {
        kept[i] = inquiry->alerts[i];
        kept[i]->holders++;
    }
    inquiry_forget_agencies(broker);
    broker->agency_alerts = kept;
    broker->agency_count = inquiry->alert_count;
    broker->agency_changed = broker_now(broker);
}

static void listed(void *arg, const struct store_alert_list *list)
{
    struct inquiry *inquiry = arg;

    inquiry->open--;
    inquiry->failed = list->status != STORE_OK;
    for (size_t i = 0; !inquiry->failed && i < list->count; i++)
        inquiry_keep_alert(inquiry, &list->alerts[i]);
    if (!inquiry->failed)
        keep_list(inquiry->broker, inquiry);
    inquiry_advance(inquiry);
}

bool broker_agency_alerts(struct broker *broker, const struct inquiry_place *place, inquiry_done *done,
    void *arg, struct refusal *refusal)
{
    struct inquiry *inquiry = inquiry_new(broker, done, arg, refusal);

    if (!inquiry)
        return false;
    inquiry->list = true;
    if (!inquiry_add_places(inquiry, place, refusal)) {
        inquiry_free(inquiry);
        return false;
    }
    inquiry->open = 1;
    store_agency_alerts(broker->store, listed, inquiry);
    return true;
}
