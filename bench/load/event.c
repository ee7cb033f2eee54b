/* Channels lie side by side along the curve below geohash 9qh (Los Angeles and the sea before it): 32 cells
 * of precision 4 with 32 channels each. */
#include "bench/load/event.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "geo/geo.h"
#include "proto/codec.h"

enum { DEVICE_TEXT = 64 };
static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
static const char activity_letters[] = "1732401337.918273-b7kq2z-front-door-camera-9f31ac77";

void channel_name(long channel, char out[CHANNEL_TEXT])
{
    snprintf(out, CHANNEL_TEXT, "9qh%c%c", letters[channel / 32 % 32], letters[channel % 32]);
}

void leaf_name(long channel, char out[CHANNEL_TEXT])
{
    channel_name(channel, out);
    memcpy(out + 5, "5", 2);
}

struct position leaf_position(long channel)
{
    char leaf[CHANNEL_TEXT];
    geo_cell cell;

    leaf_name(channel, leaf);
    if (geo_parse(leaf, strlen(leaf), &cell) != GEO_OK)
        abort();
    struct geo_point center = geo_center(cell);
    return (struct position){(int32_t)(center.lat * 1e7), (int32_t)(center.lon * 1e7)};
}

/* The device of an edge that an event is about. */
static struct text device_of(
    const struct load_options *options, const struct event_source *source, size_t i, char out[DEVICE_TEXT])
{
    if (options->devices == 0)
        return (struct text){NULL, 0};
    long device = (long)((source->number * (uint64_t)options->batch + i) % (uint64_t)options->devices);
    int len = snprintf(out, DEVICE_TEXT, "%.20s-%ld-%ld", options->prefix, source->publisher, device);
    return (struct text){out, (size_t)len};
}

static struct bytes motion_payload(const struct load_options *options, const struct tags *tags,
    const struct event_source *source, const uint32_t *tag, size_t count, struct arena *arena)
{
    struct motion_event events[LIMIT_BATCH_EVENTS];
    char devices[LIMIT_BATCH_EVENTS][DEVICE_TEXT];
    struct motion_batch batch = {.session = source->session, .count = count, .events = events};

    memset(events, 0, count * sizeof *events);
    for (size_t i = 0; i < count; i++) {
        events[i].seq = source->seq + i;
        events[i].device = device_of(options, source, i, devices[i]);
        events[i].activity_id = (struct text){activity_letters, (size_t)options->activity_id};
        events[i].has_position = options->positions;
        events[i].position = source->position;
        tags_write(tags, tag[i], &events[i]);
    }
    return codec_encode_motion_batch(ENCODING_PROTOBUF, &batch, arena);
}

static struct bytes relay_payload(const struct load_options *options, const struct tags *tags,
    const struct event_source *source, const uint32_t *tag, size_t count, struct arena *arena)
{
    struct bytes inner = motion_payload(options, tags, source, tag, count, arena);
    uint8_t *data = arena_take(arena, inner.len + 5);

    memcpy(data, inner.data, inner.len);
    memcpy(data + inner.len, tag, 4);
    data[inner.len + 4] = (uint8_t)count;
    return (struct bytes){data, inner.len + 5};
}

static struct bytes json_payload(const struct load_options *options, const struct tags *tags,
    const struct event_source *source, uint32_t tag, struct arena *arena)
{
    static const char *const kinds[] = {"motion", "person", "vehicle", "animal"};
    struct position position = source->position;
    struct motion_event event;

    tags_write(tags, tag, &event);
    char *text = arena_printf(arena,
        "{\"tag\":%u,\"device\":\"%s-%ld\",\"seq\":%llu,\"activity\":\"%.*s\",\"kind\":\"%s\",\"at\":%lld,"
        "\"confidence\":%u,\"lat\":%d.%07d,\"lon\":%d.%07d}",
        tag, options->prefix, source->publisher, (unsigned long long)source->seq, (int)options->activity_id,
        activity_letters, kinds[event.kind - KIND_MOTION], (long long)event.at, event.confidence,
        position.lat_e7 / 10000000, abs(position.lat_e7 % 10000000), position.lon_e7 / 10000000,
        abs(position.lon_e7 % 10000000));
    return (struct bytes){(uint8_t *)text, strlen(text)};
}

struct bytes event_payload(const struct load_options *options, const struct tags *tags,
    const struct event_source *source, const uint32_t *tag, size_t count, struct arena *arena)
{
    if (options->format == FORMAT_MOTION)
        return motion_payload(options, tags, source, tag, count, arena);
    if (options->format == FORMAT_RELAY)
        return relay_payload(options, tags, source, tag, count, arena);
    return json_payload(options, tags, source, tag[0], arena);
}

static uint32_t json_tag(struct bytes payload)
{
    static const char name[] = "\"tag\":";
    const char *found = memmem(payload.data, payload.len, name, sizeof name - 1);
    char digits[12] = {0};

    if (!found)
        return TAG_COUNT;
    found += sizeof name - 1;
    size_t left = (size_t)((const char *)payload.data + payload.len - found);
    memcpy(digits, found, left < sizeof digits - 1 ? left : sizeof digits - 1);
    return (uint32_t)strtoul(digits, NULL, 10);
}

uint32_t event_tag(const struct load_options *options, const struct tags *tags, struct bytes payload,
    struct arena *arena, size_t *count)
{
    struct feed_item item;
    struct refusal refusal;
    uint32_t tag;

    *count = 1;
    if (options->format == FORMAT_JSON)
        return json_tag(payload);
    if (options->format == FORMAT_RELAY) {
        if (payload.len < 5)
            return TAG_COUNT;
        memcpy(&tag, payload.data + payload.len - 5, 4);
        *count = payload.data[payload.len - 1];
        return tag;
    }
    if (!codec_decode_feed_item(ENCODING_PROTOBUF, payload, arena, &item, &refusal) ||
        item.kind != FEED_ACTIVITY)
        return TAG_COUNT;
    return tags_read(tags, &item.activity);
}

/* ---- alerts ---- */

static struct position middle_of_places(const struct load_options *options)
{
    int64_t lat = 0, lon = 0;

    for (long i = 0; i < options->places; i++) {
        struct position at = leaf_position(i);
        lat += at.lat_e7;
        lon += at.lon_e7;
    }
    return (struct position){(int32_t)(lat / options->places), (int32_t)(lon / options->places)};
}

/* A border as a county's is, half straight and half a river: some 90 by 66 km. */
static struct place county(const struct load_options *options, struct arena *arena)
{
    size_t points = (size_t)options->area_points;
    struct ring *ring = arena_alloc(arena, sizeof *ring);
    struct polygon *polygon = arena_alloc(arena, sizeof *polygon);
    struct position middle = middle_of_places(options);

    *ring = (struct ring){points + 1, arena_alloc(arena, (points + 1) * sizeof *ring->points)};
    for (size_t i = 0; i < points; i++) {
        double angle = 2 * M_PI * (double)i / (double)points;
        double river = i > points / 2 ? 0.04 * sin(23 * angle) + 0.015 * sin(211 * angle) : 0;
        double reach = 1 / fmax(fabs(cos(angle)), fabs(sin(angle))) * (1 + river);
        ring->points[i] = (struct position){middle.lat_e7 + (int32_t)(3e6 * reach * sin(angle)),
            middle.lon_e7 + (int32_t)(5e6 * reach * cos(angle))};
    }
    ring->points[points] = ring->points[0];
    *polygon = (struct polygon){1, ring};
    return (struct place){.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = polygon};
}

static void add_texts(const struct load_options *options, struct alert *alert, struct arena *arena)
{
    static const char *const languages[LIMIT_TEXTS] = {
        "es", "zh", "ko", "vi", "tl", "fa", "hy", "ru", "ja", "km", "th", "ar", "hi", "fr", "de", "pt"};
    size_t left = (size_t)options->text_bytes;
    if (!left)
        return;
    char *words = arena_alloc(arena, LIMIT_DESCRIPTION);

    memset(words, 'x', LIMIT_DESCRIPTION);
    alert->texts = arena_alloc(arena, LIMIT_TEXTS * sizeof *alert->texts);
    while (left && alert->text_count < LIMIT_TEXTS) {
        struct alert_text *text = &alert->texts[alert->text_count];
        size_t first = left < LIMIT_DESCRIPTION ? left : LIMIT_DESCRIPTION;
        size_t second = left - first < LIMIT_DESCRIPTION ? left - first : LIMIT_DESCRIPTION;
        *text = (struct alert_text){.language = text_of(languages[alert->text_count++]),
            .headline = alert->headline,
            .description = {words, first},
            .instruction = {words, second}};
        left -= first + second;
    }
}

struct bytes alert_payload(
    const struct load_options *options, long round, int64_t now_ms, struct arena *arena)
{
    if (options->format != FORMAT_MOTION) {
        uint8_t *data = arena_alloc(arena, (size_t)options->payload_bytes);
        return (struct bytes){data, (size_t)options->payload_bytes};
    }
    struct alert alert = {
        .sender_alert_id = text_of(arena_printf(arena, "%lld-%ld", (long long)now_ms, round)),
        .msg_type = MSG_ALERT,
        .category = CATEGORY_FIRE,
        .severity = SEVERITY_SEVERE,
        .urgency = URGENCY_IMMEDIATE,
        .certainty = CERTAINTY_OBSERVED,
        .headline = TEXT("Structure fire on Tyler Avenue: keep windows shut"),
        .description = TEXT("A garage burns. Smoke drifts east. Leave the street to the engines."),
        .language = TEXT("en-US"),
        .place = {.kind = PLACE_CIRCLE, .center = leaf_position(0), .radius_m = 400},
        .expires = now_ms + 60000};
    if (options->area_points)
        alert.place = county(options, arena);
    else if (options->text_bytes)
        alert.place =
            (struct place){.kind = PLACE_CIRCLE, .center = middle_of_places(options), .radius_m = 60000};
    add_texts(options, &alert, arena);
    return codec_encode_alert(ENCODING_PROTOBUF, &alert, arena);
}
