/* What a follower got: known again, held against what was expected, and timed. */
#include <stdlib.h>

#include "bench/day/day.h"
#include "proto/codec.h"

static void activity_came(struct speaker *speaker, const struct feed_item *item)
{
    struct day *day = speaker->day;
    uint32_t event = tags_read(&day->tags, &item->activity);
    geo_cell cell;

    if (event >= day->next_event || geo_parse(item->cell.data, item->cell.len, &cell) != GEO_OK) {
        day->totals.activity_foreign++;
        return;
    }
    const struct home *home = &day->plan->homes[day->plan->home_of[day->device[event]]];
    if (cell != day->plan->leaves[home->leaf].cell || !home_is_public(day->plan, home) ||
        !leaf_watched(day, home->leaf, speaker->index)) {
        day->totals.activity_foreign++;
        return;
    }
    day->totals.activity++;
    day->copies[event]++;
    day->copies_sum[event] += follower_mark(speaker->index);
    measure_add(day, &day->activity, (uint64_t)day->due_us[event] * 1000);
}

/* The notice of which this is a state; NULL: none of ours. */
static struct notice *notice_of(struct plan *plan, const struct alert *alert)
{
    static const char words[] = "No. ";
    char digits[12] = {0};

    if (alert->headline.len < sizeof words || memcmp(alert->headline.data, words, sizeof words - 1) != 0)
        return NULL;
    size_t left = alert->headline.len - (sizeof words - 1);
    memcpy(digits, alert->headline.data + sizeof words - 1, left < sizeof digits ? left : sizeof digits - 1);
    size_t index = strtoul(digits, NULL, 10);
    while (index < plan->notice_count && plan->notices[index].revision != alert->revision)
        index = plan->notices[index].next ? plan->notices[index].next : plan->notice_count;
    return index < plan->notice_count ? &plan->notices[index] : NULL;
}

static void alert_came(struct speaker *speaker, const struct alert *alert)
{
    struct day *day = speaker->day;
    struct notice *notice = notice_of(day->plan, alert);

    if (!notice) {
        day->totals.shown_unknown++;
        return;
    }
    if (notice->due_to[speaker->index] != (alert->state == ALERT_ENDED ? 2 : 1)) {
        day->totals.shown_foreign++;
        return;
    }
    day->totals.shown++;
    if (notice->got[speaker->index] < UINT8_MAX)
        notice->got[speaker->index]++;
    notice->last_at = day->loop.now - day->begin;
    if (notice->copies++ == 0)
        notice->first_at = notice->last_at;
    measure_add(day, &day->shown, notice->due);
}

static void heartbeat_came(struct day *day, struct bytes payload)
{
    struct heartbeat heartbeat;
    struct refusal refusal;

    if (!codec_decode_heartbeat(ENCODING_PROTOBUF, payload, &day->arena, &heartbeat, &refusal)) {
        day->totals.shown_unknown++;
        return;
    }
    day->totals.heartbeats++;
    day->totals.stale += heartbeat.stale;
}

void delivered(struct speaker *speaker, const struct mqtt_publish *publish)
{
    struct day *day = speaker->day;
    struct feed_item item;
    struct refusal refusal;

    arena_init(&day->arena, day->arena_room, sizeof day->arena_room);
    if (text_equal(publish->topic, TEXT("nb/v1/inbox/heartbeat")))
        heartbeat_came(day, publish->payload);
    else if (!codec_decode_feed_item(ENCODING_PROTOBUF, publish->payload, &day->arena, &item, &refusal))
        day->totals.shown_unknown++;
    else if (item.kind == FEED_ACTIVITY)
        activity_came(speaker, &item);
    else if (item.kind == FEED_ALERT)
        alert_came(speaker, item.alert);
    else
        day->totals.shown_unknown++;
    arena_free(&day->arena);
}
