/* Alerts in memory: a table by public id and revision. The store has the body; here it is decoded once, with
 * the shapes of earlier revisions, and shared by rings and sessions. */
#include "broker/session/alert_object.h"

#include "broker/session/deliver.h"
#include "proto/codec.h"

/* With fewer points an index is not worth its memory: without one a question takes time with the points,
 * some microseconds for so many. */
enum { POINTS_TO_PREPARE = 64 };

struct load_request {
    struct broker *broker;
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
};

static struct geo_point point_of(struct position position)
{
    return (struct geo_point){position.lat_e7 / 1e7, position.lon_e7 / 1e7};
}

enum item_class alert_class(const struct alert *alert)
{
    static const enum item_class of_status[] = {[STATUS_EXERCISE] = CLASS_EXERCISE,
        [STATUS_SYSTEM] = CLASS_SYSTEM,
        [STATUS_TEST] = CLASS_TEST,
        [STATUS_DRAFT] = CLASS_DRAFT};

    if (alert->status > STATUS_ACTUAL && alert->status <= STATUS_DRAFT)
        return of_status[alert->status];
    if (alert->place.kind == PLACE_POINT || alert->sender_kind == SENDER_USER)
        return CLASS_INCIDENT;
    return CLASS_AREA;
}

static struct geo_ring ring_shape(const struct ring *ring, struct arena *arena)
{
    struct geo_point *points = arena_alloc(arena, ring->count * sizeof *points);

    for (size_t i = 0; i < ring->count; i++)
        points[i] = point_of(ring->points[i]);
    return (struct geo_ring){points, ring->count};
}

static struct geo_shape box_shape(struct geo_box box, struct arena *arena)
{
    struct geo_point corners[5] = {{box.south, box.west}, {box.south, box.east}, {box.north, box.east},
        {box.north, box.west}, {box.south, box.west}};
    struct geo_point *points = arena_alloc(arena, sizeof corners);
    struct geo_ring *ring = arena_alloc(arena, sizeof *ring);
    struct geo_polygon *polygon = arena_alloc(arena, sizeof *polygon);

    memcpy(points, corners, sizeof corners);
    *ring = (struct geo_ring){points, 5};
    *polygon = (struct geo_polygon){ring, 1};
    return (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygon, .polygon_count = 1};
}

static struct geo_shape polygons_of(const struct alert *alert, struct arena *arena)
{
    size_t count = alert->place.polygon_count;
    struct geo_polygon *polygons = arena_alloc(arena, count * sizeof *polygons);

    for (size_t i = 0; i < count; i++) {
        const struct polygon *from = &alert->place.polygons[i];
        struct geo_ring *rings = arena_alloc(arena, from->count * sizeof *rings);
        for (size_t r = 0; r < from->count; r++)
            rings[r] = ring_shape(&from->rings[r], arena);
        polygons[i] = (struct geo_polygon){rings, from->count};
    }
    return (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = count};
}

struct geo_shape alert_shape(const struct alert *alert, int leaf_precision, struct arena *arena)
{
    struct geo_point center = point_of(alert->place.center);
    geo_cell leaf;

    switch (alert->place.kind) {
    case PLACE_POLYGONS:
        return polygons_of(alert, arena);
    case PLACE_CIRCLE:
        return (struct geo_shape){.kind = GEO_CIRCLE, .center = center, .radius = alert->place.radius_m};
    default:
        if (alert->sender_kind == SENDER_USER && geo_encode(center, leaf_precision, &leaf) == GEO_OK)
            return box_shape(geo_bounds(leaf), arena);
        return (struct geo_shape){.kind = GEO_POINT, .center = center};
    }
}

static size_t points_of(const struct geo_shape *shape)
{
    size_t points = 0;

    for (size_t i = 0; i < shape->polygon_count; i++) {
        for (size_t r = 0; r < shape->polygons[i].count; r++)
            points += shape->polygons[i].rings[r].count;
    }
    return points;
}

void alert_face_prepare(struct alert_face *face, struct arena *arena)
{
    size_t size;

    if (points_of(&face->shape) < POINTS_TO_PREPARE)
        return;
    size = geo_prepared_size(&face->shape);
    face->prepared = geo_prepare(&face->shape, arena_take(arena, size), size);
}

bool alert_face_touches_circle(const struct alert_face *face, struct geo_point center, double metres)
{
    return face->prepared ? geo_prepared_touches_circle(face->prepared, center, metres)
                          : geo_shape_touches_circle(&face->shape, center, metres);
}

bool alert_face_touches_cell(const struct alert_face *face, geo_cell cell)
{
    return face->prepared ? geo_prepared_touches_cell(face->prepared, cell)
                          : geo_shape_touches_cell(&face->shape, cell);
}

static void add_face(struct alert_object *object, const struct alert *alert, int leaf_precision)
{
    if (alert->place.kind == PLACE_NONE || object->face_count == ALERT_FACES)
        return;
    struct alert_face *face = &object->faces[object->face_count++];
    *face = (struct alert_face){.shape = alert_shape(alert, leaf_precision, &object->arena),
        .category = alert->category,
        .item_class = (uint8_t)alert_class(alert)};
    alert_face_prepare(face, &object->arena);
}

static void take_back(struct broker *broker, struct alert_object *object, bool taken_back)
{
    broker->alerts_taken_back += taken_back;
    broker->alerts_taken_back -= object->taken_back;
    object->taken_back = taken_back;
}

/* Moderation speaks of the alert, not of a revision: what the newest knows holds for all in memory. */
static void tell_revisions(struct broker *broker, struct alert_object *loaded)
{
    struct alert_object *object, *next;

    HASH_ITER(hh, broker->alerts, object, next)
    {
        if (object->load != ALERT_READY || strcmp(object->key.public_id, loaded->key.public_id) != 0)
            continue;
        if (object->key.revision > loaded->key.revision)
            take_back(broker, loaded, object->taken_back);
        else
            take_back(broker, object, loaded->taken_back);
    }
}

static bool take_record(
    struct broker *broker, struct alert_object *object, const struct store_alert_record *record)
{
    struct refusal refusal = {0};
    struct alert *alert = &object->alert;
    int leaf = broker->options.leaf_precision;
    geo_cell cell;

    if (!codec_decode_published_alert(ENCODING_PROTOBUF, record->body, &object->arena, alert, &refusal)) {
        log_line(LOG_LEVEL_ERROR, "alert_unreadable", "alert=%s field=%s rule=\"%s\"", object->key.public_id,
            refusal.field, refusal.rule);
        return false;
    }
    alert->public_id = text_of(object->key.public_id);
    alert->revision = object->key.revision;
    alert->state = record->in_force ? ALERT_IN_FORCE : ALERT_ENDED;
    /* What others said of it since its sender wrote the body. */
    if (record->truth)
        alert->truth = record->truth;
    if (record->severity)
        alert->severity = record->severity;
    if (record->merged)
        alert->merged = record->merged;
    alert->has_document = record->has_document;
    object->in_force = record->in_force;
    take_back(broker, object, record->held || record->removed);
    object->at = record->at;
    if (alert->status == STATUS_TEST)
        object->tester = (struct text){
            arena_copy(&object->arena, record->sender.data, record->sender.len), record->sender.len};
    object->faces = arena_alloc(&object->arena, ALERT_FACES * sizeof *object->faces);
    add_face(object, alert, leaf);
    /* The newest first: when there are more than can be kept, those who followed the oldest were told long
     * ago. */
    for (size_t i = record->area_count; i-- > 0 && object->face_count < ALERT_FACES;) {
        struct alert earlier;
        if (codec_decode_published_alert(
                ENCODING_PROTOBUF, record->areas[i], &object->arena, &earlier, &refusal))
            add_face(object, &earlier, leaf);
    }
    if (alert->place.kind != PLACE_POLYGONS &&
        geo_encode(point_of(alert->place.center), leaf, &cell) == GEO_OK)
        geo_format(cell, object->cell);
    return object->face_count > 0;
}

static void loaded(void *arg, const struct store_alert_record *record)
{
    struct load_request *request = arg;
    struct broker *broker = request->broker;
    struct alert_object *object;
    struct alert_object like = {0};

    memcpy(like.key.public_id, request->public_id, sizeof like.key.public_id);
    like.key.revision = request->revision;
    free(request);
    HASH_FIND(hh, broker->alerts, &like.key, sizeof like.key, object);
    if (!object || object->load != ALERT_LOADING)
        return; /* nobody wants it any more, or an earlier question for it was answered */
    if (record->status == STORE_FAILED) {
        object->failed = broker->alerts_failed = true;
        return;
    }
    if (record->status == STORE_OK && take_record(broker, object, record)) {
        object->load = ALERT_READY;
        if (broker->alerts_taken_back && object->key.revision > 1)
            tell_revisions(broker, object);
    } else {
        object->load = ALERT_GONE;
        broker->counters.alerts_gone++;
    }
    deliver_alert_loaded(broker);
}

static void load(struct broker *broker, struct alert_object *object)
{
    struct load_request *request = must_calloc(sizeof *request);

    object->failed = false;
    request->broker = broker;
    memcpy(request->public_id, object->key.public_id, sizeof request->public_id);
    request->revision = object->key.revision;
    store_alert_load(
        broker->store, object->sender_tag, request->public_id, request->revision, loaded, request);
}

void alert_objects_tick(struct broker *broker)
{
    struct alert_object *object, *next;

    if (!broker->alerts_failed)
        return;
    broker->alerts_failed = false;
    HASH_ITER(hh, broker->alerts, object, next)
    {
        if (object->failed)
            load(broker, object);
    }
}

struct alert_object *alert_object_hold(struct broker *broker, const struct alert_notice *notice)
{
    struct alert_object *object;
    struct alert_object like = {0};

    memcpy(like.key.public_id, notice->public_id, sizeof like.key.public_id);
    like.key.revision = notice->revision;
    HASH_FIND(hh, broker->alerts, &like.key, sizeof like.key, object);
    if (object) {
        object->holders++;
        return object;
    }
    object = must_calloc(sizeof *object);
    object->key = like.key;
    object->holders = 1;
    object->serial = ++broker->alert_serial;
    object->sender_tag = notice->sender_tag;
    arena_init(&object->arena, NULL, 0);
    HASH_ADD(hh, broker->alerts, key, sizeof object->key, object);
    load(broker, object);
    return object;
}

void alert_object_drop(struct broker *broker, struct alert_object *alert)
{
    if (!alert || --alert->holders > 0)
        return;
    HASH_DEL(broker->alerts, alert);
    take_back(broker, alert, false);
    arena_free(&alert->arena);
    free(alert);
}
