/* Followed places: which channels can hold what concerns a place, and what concerns it. Shared by all
 * sessions that follow the same place, with a memory of the last alert asked about, so that an alert to
 * thousands of followers of one place is matched once. */
#include "broker/session/place.h"

#include <stdio.h>

#include "broker/session/channel.h"

#include "proto/mqtt.h"

geo_cell leaf_of(geo_cell channel, uint16_t bits, int leaf_precision)
{
    return (channel & ~(geo_cell)15) | ((geo_cell)bits << (64 - 5 * leaf_precision)) |
           (geo_cell)leaf_precision;
}

uint16_t leaf_bits(geo_cell leaf, int channel_precision)
{
    int leaf_precision = geo_precision(leaf);
    geo_cell below =
        (leaf >> (64 - 5 * leaf_precision)) & (((geo_cell)1 << 5 * (leaf_precision - channel_precision)) - 1);

    return (uint16_t)below;
}

enum { LAND = 2, LAND_BELOW = 4 };

struct cell_set {
    geo_cell cells[PLACE_CHANNELS];
    size_t count;
};

static bool add_cell(struct cell_set *set, geo_cell cell)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->cells[i] == cell)
            return true;
    }
    if (set->count == PLACE_CHANNELS)
        return false;
    set->cells[set->count++] = cell;
    return true;
}

/* The channels of a circle: every channel cell that it touches, and the coarse channels above those. */
static bool near_channels(const struct followed_place *place, int precision, struct cell_set *set)
{
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = place->center, .radius = place->metres};
    size_t count;

    if (geo_cover_uniform(&circle, precision, set->cells, PLACE_CHANNELS, &count) != GEO_OK)
        return false;
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        for (int coarse = precision - 1; coarse >= 2; coarse--) {
            if (!add_cell(set, geo_parent(set->cells[i], coarse)))
                return false;
        }
    }
    return true;
}

/* The channels of a cell: its own or those below it, and the coarse channels above; of one that has hundreds
 * below it, the land that it is in. */
static bool cell_channels(const struct followed_place *place, int precision, struct cell_set *set)
{
    int own = geo_precision(place->cell);

    if (own < LAND_BELOW)
        return add_cell(set, geo_parent(place->cell, LAND) | CHANNEL_LAND);
    int from = own < precision ? own : precision;

    for (int coarse = from; coarse >= 2; coarse--) {
        if (!add_cell(set, geo_parent(place->cell, coarse)))
            return false;
    }
    if (own < precision - 1)
        return false; /* hundreds of channels: not for one follower */
    for (geo_cell bits = 0; own == precision - 1 && bits < 32; bits++) {
        if (!add_cell(set, leaf_of(place->cell, (uint16_t)bits, precision)))
            return false;
    }
    return true;
}

static bool leaf_concerns(const struct followed_place *place, geo_cell leaf)
{
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = place->center, .radius = place->metres};

    if (place->kind == FOLLOW_NEAR)
        return geo_shape_touches_cell(&circle, leaf);
    return geo_contains(place->cell, leaf) || geo_contains(leaf, place->cell);
}

static uint32_t leaves_of(const struct followed_place *place, geo_cell channel, int leaf_precision)
{
    uint32_t leaves = 0;

    for (uint16_t bits = 0; bits < 32; bits++) {
        if (leaf_concerns(place, leaf_of(channel, bits, leaf_precision)))
            leaves |= UINT32_C(1) << bits;
    }
    return leaves;
}

static bool place_channels(struct followed_place *place, const struct broker_options *options)
{
    struct cell_set set = {.count = 0};
    bool fits = place->kind == FOLLOW_NEAR ? near_channels(place, options->channel_precision, &set)
                                           : cell_channels(place, options->channel_precision, &set);

    if (!fits)
        return false;
    place->channels = must_alloc(set.count * sizeof *place->channels);
    place->channel_count = set.count;
    for (size_t i = 0; i < set.count; i++) {
        place->channels[i].cell = set.cells[i];
        place->channels[i].leaves = geo_precision(set.cells[i]) == options->leaf_precision - 1
                                        ? leaves_of(place, set.cells[i], options->leaf_precision)
                                        : 0;
    }
    return true;
}

static uint64_t name_hash(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
    return hash;
}

static struct followed_place *place_new(
    struct broker *broker, const struct follow_filter *filter, const char *name)
{
    struct followed_place *place = must_calloc(sizeof *place + strlen(name) + 1);

    place->kind = filter->kind;
    place->metres = filter->metres;
    memcpy(place->name, name, strlen(name) + 1);
    place->shown_key = name_hash(name);
    if (filter->kind == FOLLOW_INBOX)
        return place;
    if (geo_parse(filter->cell, strlen(filter->cell), &place->cell) == GEO_OK) {
        place->center = geo_center(place->cell);
        if (place_channels(place, &broker->options))
            return place;
    }
    free(place);
    return NULL;
}

struct followed_place *place_hold(
    struct broker *broker, const struct follow_filter *filter, const char *session_channel)
{
    char name[PLACE_KEY + CHANNEL_NAME];
    struct followed_place *place;

    if (filter->kind == FOLLOW_NEAR)
        snprintf(name, sizeof name, "near/%s/%u", filter->cell, filter->metres);
    else if (filter->kind == FOLLOW_CELL)
        snprintf(name, sizeof name, "cell/%s", filter->cell);
    else
        snprintf(name, sizeof name, "inbox/%s", session_channel);
    HASH_FIND_STR(broker->places, name, place);
    if (!place) {
        place = place_new(broker, filter, name);
        if (!place)
            return NULL;
        HASH_ADD_STR(broker->places, name, place);
    }
    place->holders++;
    return place;
}

void place_drop(struct broker *broker, struct followed_place *place)
{
    if (--place->holders > 0)
        return;
    HASH_DEL(broker->places, place);
    free(place->channels);
    free(place);
}

static bool touches(const struct followed_place *place, const struct alert_face *face)
{
    if (place->kind == FOLLOW_NEAR)
        return alert_face_touches_circle(face, place->center, place->metres);
    return alert_face_touches_cell(face, place->cell);
}

uint64_t place_alert_faces(struct followed_place *place, const struct alert_object *alert)
{
    if (place->last_alert == alert->serial)
        return place->last_faces;
    uint64_t faces = 0;
    for (int i = 0; i < alert->face_count; i++) {
        if (touches(place, &alert->faces[i]))
            faces |= UINT64_C(1) << i;
    }
    place->last_alert = alert->serial;
    place->last_faces = faces;
    return faces;
}

bool place_has_leaf(const struct followed_place *place, geo_cell channel, uint16_t bits, int leaf_precision)
{
    if (geo_precision(channel) != leaf_precision - 1)
        return leaf_concerns(place, leaf_of(channel, bits, leaf_precision));
    for (size_t i = 0; i < place->channel_count; i++) {
        if (place->channels[i].cell == channel)
            return place->channels[i].leaves >> (bits & 31) & 1;
    }
    return false;
}

/* ---- how many follow where ---- */

enum { TELL_MS = 60000 };

/* Who follows a coarser cell than a leaf is nowhere in particular, and not counted. */
static geo_cell counted_leaf(const struct followed_place *place, int leaf_precision)
{
    return place->kind != FOLLOW_INBOX && geo_precision(place->cell) == leaf_precision ? place->cell : 0;
}

static int by_leaf(const void *a, const void *b)
{
    return strcmp(
        ((const struct store_follower_count *)a)->leaf, ((const struct store_follower_count *)b)->leaf);
}

/* The radii of one leaf cell are one count. */
static size_t join(struct store_follower_count *counts, size_t count)
{
    size_t kept = 0;

    qsort(counts, count, sizeof *counts, by_leaf);
    for (size_t i = 0; i < count; i++) {
        if (kept && strcmp(counts[kept - 1].leaf, counts[i].leaf) == 0)
            counts[kept - 1].followers += counts[i].followers;
        else
            counts[kept++] = counts[i];
    }
    return kept;
}

void places_tell(struct broker *broker, int64_t now)
{
    struct followed_place *place, *next;
    struct store_follower_count *counts;
    size_t count = 0;

    if (now - broker->followers_told_at < TELL_MS && now >= broker->followers_told_at)
        return;
    broker->followers_told_at = now;
    counts = must_alloc(HASH_COUNT(broker->places) * sizeof *counts);
    HASH_ITER(hh, broker->places, place, next)
    {
        geo_cell leaf = counted_leaf(place, broker->options.leaf_precision);
        if (!leaf)
            continue;
        geo_format(leaf, counts[count].leaf);
        counts[count++].followers = place->holders;
    }
    store_followers_tell(broker->store, counts, join(counts, count));
    free(counts);
}
