/* An alert and a subscription: whether the one concerns the other, and in which words. The rules are those of
 * a follower with the same places and wishes; exercises, tests and drafts are for who follows them by name,
 * and that nobody does here. */
#include "broker/push_inside.h"
#include "broker/session/entry.h"
#include "broker/session/wishes.h"

static bool touches(const struct push_subscription *subscription, const struct alert_face *face)
{
    for (size_t i = 0; i < subscription->place_count; i++) {
        const struct push_place *place = &subscription->places[i];
        geo_cell cell;
        if (geo_parse(place->cell.data, place->cell.len, &cell) == GEO_OK &&
            alert_face_touches_circle(face, geo_center(cell), place->metres))
            return true;
    }
    return false;
}

static struct wishes *wishes_of(const struct push_subscription *subscription)
{
    const struct settings_message settings = {.least = subscription->least,
        .least_count = subscription->least_count,
        .language = subscription->language};

    return wishes_new(&settings, NULL);
}

static bool is_wished(
    const struct broker *broker, const struct push_subscription *subscription, const struct alert *alert)
{
    struct wishes *wishes = wishes_of(subscription);
    enum wish wish = wishes_alert(wishes, broker_now(broker), alert->category, alert->severity, false);

    wishes_free(wishes);
    return wish != WISH_NEVER &&
           (!subscription->categories || (subscription->categories >> alert->category & 1));
}

struct push_match push_match(const struct broker *broker, const struct push_subscription *subscription,
    const struct alert_object *alert)
{
    struct push_match match = {.face = -1};

    for (int i = 0; i < alert->face_count && match.face < 0; i++) {
        if (touches(subscription, &alert->faces[i]))
            match.face = i;
    }
    match.concerns = match.face == 0 && alert->in_force && !alert->taken_back &&
                     (alert->faces[0].item_class & CLASS_ANY) &&
                     is_wished(broker, subscription, &alert->alert);
    return match;
}

struct bytes push_notice_of(const struct push_subscription *subscription, const struct alert_object *alert,
    bool ended, bool numbered, struct arena *arena)
{
    struct wishes *wishes = wishes_of(subscription);
    struct entry_variant variant = {
        .text = wishes_text(wishes, &alert->alert), .telling = alert_telling(alert, 0)};

    wishes_free(wishes);
    if (ended && variant.telling == TELL_AS_IS)
        variant.telling = TELL_ENDED;
    bool bare = variant.telling == TELL_BARE;
    struct alert told = entry_told_alert(alert, &variant, arena);
    const struct push_notice notice = {.public_id = text_of(alert->key.public_id),
        .revision = numbered ? alert->key.revision : 0,
        .state = told.state,
        .category = told.category,
        .severity = told.severity,
        .truth = told.truth,
        .headline = told.headline,
        .sender_name = told.sender_name,
        .expires = told.expires,
        .cell =
            bare || alert_class(&alert->alert) != CLASS_INCIDENT ? (struct text){0} : text_of(alert->cell)};
    return codec_encode_push_notice(ENCODING_JSON, &notice, arena);
}
