/* Reads a plan. What is wrong in it is our own mistake: the process ends with the line's number. */
#include "bench/day/plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE = 1 << 20 };

struct reader {
    struct plan *plan;
    char *word, *rest;
    long line;
    size_t home_room, follower_room, notice_room, leaf_room;
    uint32_t *leaf_at; /* hash: place among the leaves and 1 */
    size_t leaf_slots;
};

static void die(const struct reader *reader, const char *what)
{
    fprintf(stderr, "bench_day: line %ld of the plan: %s\n", reader->line, what);
    exit(2);
}

void *plan_room(size_t count, size_t size)
{
    void *room = calloc(count + 1, size);
    if (!room) {
        fprintf(stderr, "bench_day: out of memory\n");
        exit(2);
    }
    return room;
}

static char *word(struct reader *reader)
{
    char *next = strsep(&reader->rest, " \n");
    if (!next || !*next)
        die(reader, "a word is missing");
    return next;
}

static double number(struct reader *reader)
{
    char *end, *text = word(reader);
    double value = strtod(text, &end);
    if (*end)
        die(reader, "a number is expected");
    return value;
}

static void *grow(void *data, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return data;
    size_t before = *room;
    *room = before ? before * 2 : 1024;
    char *more = plan_room(*room, size);
    if (before)
        memcpy(more, data, before * size);
    free(data);
    return more;
}

static geo_cell cell_of(struct reader *reader, const char *text, size_t len)
{
    geo_cell cell = 0;
    if (strlen(text) < len || geo_parse(text, len, &cell) != GEO_OK)
        die(reader, "not a geohash");
    return cell;
}

static void hash_leaf(struct reader *reader, geo_cell cell, uint32_t index)
{
    size_t at = (size_t)(cell * 0x9E3779B97F4A7C15u >> 32) % reader->leaf_slots;
    while (reader->leaf_at[at])
        at = (at + 1) % reader->leaf_slots;
    reader->leaf_at[at] = index + 1;
}

static void grow_leaves(struct reader *reader)
{
    struct plan *plan = reader->plan;
    size_t before = reader->leaf_room;

    plan->leaves = grow(plan->leaves, plan->leaf_count, &reader->leaf_room, sizeof *plan->leaves);
    if (reader->leaf_room == before)
        return;
    free(reader->leaf_at);
    reader->leaf_slots = reader->leaf_room * 4;
    reader->leaf_at = plan_room(reader->leaf_slots, sizeof *reader->leaf_at);
    for (uint32_t i = 0; i < plan->leaf_count; i++)
        hash_leaf(reader, plan->leaves[i].cell, i);
}

static uint32_t leaf_index(struct reader *reader, geo_cell cell)
{
    struct plan *plan = reader->plan;
    grow_leaves(reader);
    size_t at = (size_t)(cell * 0x9E3779B97F4A7C15u >> 32) % reader->leaf_slots;
    for (; reader->leaf_at[at]; at = (at + 1) % reader->leaf_slots)
        if (plan->leaves[reader->leaf_at[at] - 1].cell == cell)
            return reader->leaf_at[at] - 1;
    uint32_t index = (uint32_t)plan->leaf_count++;
    plan->leaves[index] = (struct leaf){.cell = cell};
    hash_leaf(reader, cell, index);
    return index;
}

static void read_home(struct reader *reader)
{
    struct plan *plan = reader->plan;
    plan->homes = grow(plan->homes, plan->home_count, &reader->home_room, sizeof *plan->homes);
    struct home *home = &plan->homes[plan->home_count++];

    snprintf(home->name, sizeof home->name, "%s", word(reader));
    snprintf(home->geohash, sizeof home->geohash, "%s", word(reader));
    home->leaf = leaf_index(reader, cell_of(reader, home->geohash, PRECISION_LEAF));
    const char *way = word(reader);
    home->way = strcmp(way, "node") == 0 ? BY_NODE : strcmp(way, "edge") == 0 ? BY_EDGE : ALONE;
    home->node = (uint32_t)number(reader);
    if (home->way == BY_NODE && home->node >= plan->node_count)
        plan->node_count = home->node + 1;
    home->first = (uint32_t)plan->device_count;
    home->count = (uint32_t)number(reader);
    home->shares = number(reader) > 0;
    plan->device_count += home->count;
    plan->leaves[home->leaf].sharing += home->shares;
}

static void read_follower(struct reader *reader)
{
    struct plan *plan = reader->plan;
    plan->followers =
        grow(plan->followers, plan->follower_count, &reader->follower_room, sizeof *plan->followers);
    struct plan_follower *follower = &plan->followers[plan->follower_count++];

    follower->leaf = cell_of(reader, word(reader), PRECISION_LEAF);
    follower->center = geo_center(follower->leaf);
    follower->metres = number(reader);
    follower->watches = number(reader) > 0;
}

static struct position read_position(struct reader *reader)
{
    double lat = number(reader), lon = number(reader);
    return (struct position){(int32_t)lround(lat * 1e7), (int32_t)lround(lon * 1e7)};
}

static struct geo_point point_of(struct position at)
{
    return (struct geo_point){at.lat_e7 / 1e7, at.lon_e7 / 1e7};
}

static void read_polygon(struct reader *reader, struct notice *notice)
{
    size_t count = (size_t)number(reader);
    struct ring *ring = plan_room(1, sizeof *ring);
    struct polygon *polygon = plan_room(1, sizeof *polygon);
    struct geo_ring *border = plan_room(1, sizeof *border);
    struct geo_polygon *area = plan_room(1, sizeof *area);
    struct geo_point *points = plan_room(count, sizeof *points);

    *ring = (struct ring){count, plan_room(count, sizeof *ring->points)};
    for (size_t i = 0; i < count; i++) {
        ring->points[i] = read_position(reader);
        points[i] = point_of(ring->points[i]);
    }
    *polygon = (struct polygon){1, ring};
    *border = (struct geo_ring){points, count};
    *area = (struct geo_polygon){border, 1};
    notice->place = (struct place){.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = polygon};
    notice->shape = (struct geo_shape){.kind = GEO_POLYGONS, .polygons = area, .polygon_count = 1};
}

static void read_place(struct reader *reader, struct notice *notice)
{
    const char *kind = word(reader);

    if (strcmp(kind, "nowhere") == 0)
        return;
    if (strcmp(kind, "polygon") == 0) {
        read_polygon(reader, notice);
        return;
    }
    notice->place = (struct place){.kind = PLACE_POINT, .center = read_position(reader)};
    notice->shape = (struct geo_shape){.kind = GEO_POINT, .center = point_of(notice->place.center)};
    if (strcmp(kind, "circle") == 0) {
        notice->place.kind = PLACE_CIRCLE;
        notice->shape.kind = GEO_CIRCLE;
        notice->place.radius_m = (uint32_t)number(reader);
        notice->shape.radius = notice->place.radius_m;
    }
}

static void read_notice(struct reader *reader)
{
    struct plan *plan = reader->plan;
    plan->notices = grow(plan->notices, plan->notice_count, &reader->notice_room, sizeof *plan->notices);
    uint32_t index = (uint32_t)plan->notice_count++;
    struct notice *notice = &plan->notices[index];

    notice->due = (uint64_t)(number(reader) * 1e6);
    notice->of_agency = strcmp(word(reader), "agency") == 0;
    notice->sender = (uint32_t)number(reader);
    const char *type = word(reader);
    notice->msg_type = strcmp(type, "alert") == 0    ? MSG_ALERT
                       : strcmp(type, "update") == 0 ? MSG_UPDATE
                                                     : MSG_CANCEL;
    notice->first = (uint32_t)number(reader);
    notice->severity = (uint8_t)number(reader);
    notice->category = (uint8_t)number(reader);
    const char *how = word(reader);
    notice->wrong = strcmp(how, "wrong") == 0;
    notice->order = strcmp(how, "order") == 0;
    notice->revision = 1;
    if (notice->first > index)
        die(reader, "corrects what comes later");
    if (notice->first < index) {
        uint32_t before = notice->first;
        while (plan->notices[before].next)
            before = plan->notices[before].next;
        plan->notices[before].next = index;
        notice->revision = plan->notices[before].revision + 1;
    }
    read_place(reader, notice);
}

static void read_hours(struct reader *reader)
{
    struct plan *plan = reader->plan;
    double sum = 0;

    while (reader->rest && *reader->rest && *reader->rest != '\n' && plan->hour_count < HOURS_MOST)
        plan->hours[plan->hour_count++] = sum += number(reader);
    for (size_t i = 0; i < plan->hour_count; i++)
        plan->hours[i] /= sum;
}

static void read_line(struct reader *reader, char *line)
{
    struct plan *plan = reader->plan;
    reader->rest = line;
    const char *what = word(reader);

    if (strcmp(what, "home") == 0)
        read_home(reader);
    else if (strcmp(what, "follower") == 0)
        read_follower(reader);
    else if (strcmp(what, "notice") == 0)
        read_notice(reader);
    else if (strcmp(what, "agency") == 0)
        plan->agency_count++;
    else if (strcmp(what, "hours") == 0)
        read_hours(reader);
    else if (strcmp(what, "seed") == 0)
        plan->seed = (uint64_t)number(reader);
    else if (strcmp(what, "seconds") == 0)
        plan->seconds = number(reader);
    else if (strcmp(what, "events") == 0)
        plan->events = (uint32_t)number(reader);
    else if (strcmp(what, "active") == 0)
        plan->active = (uint32_t)number(reader);
    else if (strcmp(what, "wrong") == 0)
        plan->wrong = number(reader);
    else
        die(reader, "begins with no word that is known");
}

static void place_devices(struct plan *plan)
{
    plan->home_of = plan_room(plan->device_count, sizeof *plan->home_of);
    for (uint32_t h = 0; h < plan->home_count; h++)
        for (uint32_t d = 0; d < plan->homes[h].count; d++)
            plan->home_of[plan->homes[h].first + d] = h;
}

struct plan *plan_read(const char *path)
{
    struct plan *plan = plan_room(1, sizeof *plan);
    struct reader reader = {.plan = plan};
    char *line = plan_room(1, LINE);
    FILE *file = fopen(path, "r");

    if (!file) {
        fprintf(stderr, "bench_day: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    while (fgets(line, LINE, file)) {
        reader.line++;
        read_line(&reader, line);
    }
    fclose(file);
    free(line);
    free(reader.leaf_at);
    if (!plan->device_count || !plan->hour_count)
        die(&reader, "a city has devices and hours");
    if (!plan->active || plan->active > plan->device_count)
        plan->active = (uint32_t)plan->device_count;
    place_devices(plan);
    return plan;
}

void plan_device_name(const struct plan *plan, uint32_t device, char out[DEVICE_NAME])
{
    const struct home *home = &plan->homes[plan->home_of[device]];
    snprintf(out, DEVICE_NAME, "%s.%u", home->name, device - home->first);
}

uint64_t plan_due(const struct plan *plan, double share)
{
    size_t hour = 0;
    while (hour + 1 < plan->hour_count && plan->hours[hour] <= share)
        hour++;
    double before = hour ? plan->hours[hour - 1] : 0, weight = plan->hours[hour] - before;
    double within = weight > 0 ? (share - before) / weight : 0;
    return (uint64_t)(plan->seconds * 1e9 * ((double)hour + within) / (double)plan->hour_count);
}

/* G. Steele, D. Lea, C. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014. */
uint64_t plan_random(const struct plan *plan, uint64_t place)
{
    uint64_t value = (plan->seed << 32 ^ place) * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}
