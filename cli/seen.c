/* Plain arrays: a person's neighborhood has tens of alerts and a handful of channels. */
#include "cli/seen.h"

#include <stdio.h>
#include <stdlib.h>

static void *grow(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room ? *room * 2 : 16;
    list = realloc(list, *room * size);
    if (!list)
        abort();
    return list;
}

void seen_note(struct seen *seen, struct text channel, struct text cursor)
{
    if (channel.len == 0 || channel.len > SEEN_CHANNEL || cursor.len == 0 || cursor.len > SEEN_CURSOR)
        return;
    size_t i = 0;
    for (; i < seen->channel_count; i++)
        if (text_equal((struct text){seen->channels[i].since, seen->channels[i].channel_len}, channel))
            break;
    seen->channels = grow(seen->channels, i, &seen->channel_room, sizeof *seen->channels);
    if (i == seen->channel_count)
        seen->channel_count++;
    struct seen_channel *place = &seen->channels[i];
    place->channel_len = channel.len;
    snprintf(place->since, sizeof place->since, "%.*s:%.*s", (int)channel.len, channel.data, (int)cursor.len,
        cursor.data);
}

/* An alert is new by its revision, or by its end, which may come under the revision that one has. */
static bool alert_is_new(struct seen *seen, const struct alert *alert)
{
    for (size_t i = 0; i < seen->alert_count; i++) {
        struct seen_alert *known = &seen->alerts[i];
        if (!text_equal(text_of(known->public_id), alert->public_id))
            continue;
        bool ends = alert->state == ALERT_ENDED && known->state != ALERT_ENDED;
        if (alert->revision < known->revision || (alert->revision == known->revision && !ends))
            return false;
        known->revision = alert->revision;
        known->state = alert->state;
        return true;
    }
    if (alert->public_id.len == 0 || alert->public_id.len >= sizeof seen->alerts->public_id)
        return true;
    seen->alerts = grow(seen->alerts, seen->alert_count, &seen->alert_room, sizeof *seen->alerts);
    struct seen_alert *place = &seen->alerts[seen->alert_count++];
    snprintf(
        place->public_id, sizeof place->public_id, "%.*s", (int)alert->public_id.len, alert->public_id.data);
    place->revision = alert->revision;
    place->state = alert->state;
    return true;
}

static bool activity_is_new(struct seen *seen, struct text cursor)
{
    if (cursor.len == 0 || cursor.len >= SEEN_CURSOR)
        return true;
    for (size_t i = 0; i < SEEN_ACTIVITIES; i++)
        if (seen->activities[i].connection < seen->connection &&
            text_equal(text_of(seen->activities[i].cursor), cursor))
            return false;
    struct seen_activity *place = &seen->activities[seen->activity_next++ % SEEN_ACTIVITIES];
    snprintf(place->cursor, SEEN_CURSOR, "%.*s", (int)cursor.len, cursor.data);
    place->connection = seen->connection;
    return true;
}

bool seen_is_new(struct seen *seen, const struct feed_item *item)
{
    seen_note(seen, item->channel, item->cursor);
    if (item->kind == FEED_ALERT)
        return alert_is_new(seen, item->alert);
    return item->kind != FEED_ACTIVITY || activity_is_new(seen, item->cursor);
}

void seen_free(struct seen *seen)
{
    free(seen->alerts);
    free(seen->channels);
}
