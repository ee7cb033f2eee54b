/* The fast way in for what comes most: a motion batch straight from the wire. Each event is laid out in one
 * generated struct on the stack and goes through the same checks as one that came as JSON. A fuzzer holds
 * this against protobuf-c: what is taken here is taken there, and means the same. */
#include "proto/codec_motion.h"
#include "proto/codec_walk.h"

/* The fields of the schema, by number. */
enum { BATCH_VERSION = 1, BATCH_SESSION, BATCH_EVENTS };
enum {
    EVENT_SEQ = 1,
    EVENT_DEVICE,
    EVENT_ACTIVITY_ID,
    EVENT_PHASE,
    EVENT_KIND,
    EVENT_AT,
    EVENT_UNTIL,
    EVENT_CONFIDENCE,
    EVENT_POSITION,
    EVENT_CLIP,
    EVENT_FIRST_DEVICE
};
enum { POSITION_LAT_E7 = 1, POSITION_LON_E7 };

static int32_t zigzag(uint64_t value)
{
    uint32_t bits = (uint32_t)value;
    return (int32_t)(bits >> 1 ^ (0 - (bits & 1)));
}

static bool walk_position(struct bytes content, Neighbors__V1__Position *out)
{
    struct codec_walk walk = {content.data, content.data + content.len};
    struct codec_wire_field field;
    while (walk.next < walk.end) {
        if (!codec_walk_field(&walk, &field))
            return false;
        if (field.number != POSITION_LAT_E7 && field.number != POSITION_LON_E7)
            continue;
        if (field.type != WIRE_VARINT)
            return false;
        *(field.number == POSITION_LAT_E7 ? &out->lat_e7 : &out->lon_e7) = zigzag(field.value);
    }
    return true;
}

/* A copy that ends in NUL. One within the text is made a control character, which no text of ours may hold,
 * so that the check of the text finds it. */
static char *copy_text(struct bytes content, struct arena *arena)
{
    char *copy = arena_copy(arena, content.data, content.len), *nul = copy;
    while ((nul = memchr(nul, '\0', content.len - (size_t)(nul - copy))))
        *nul++ = '\x01';
    return copy;
}

static bool take_number(const struct codec_wire_field *field, Neighbors__V1__MotionEvent *out)
{
    switch (field->number) {
    case EVENT_SEQ:
        out->seq = field->value;
        break;
    case EVENT_PHASE:
        out->phase = (Neighbors__V1__Phase__Value)(int32_t)field->value;
        break;
    case EVENT_KIND:
        out->kind = (Neighbors__V1__MotionKind__Value)(int32_t)field->value;
        break;
    case EVENT_AT:
        out->at = (int64_t)field->value;
        break;
    case EVENT_UNTIL:
        out->until = (int64_t)field->value;
        break;
    default:
        out->confidence = (uint32_t)field->value;
        break;
    }
    return field->type == WIRE_VARINT;
}

/* position: room for the event's own. */
static bool walk_event(struct bytes content, struct arena *arena, Neighbors__V1__MotionEvent *out,
    Neighbors__V1__Position *position)
{
    struct codec_walk walk = {content.data, content.data + content.len};
    struct codec_wire_field field;
    while (walk.next < walk.end) {
        if (!codec_walk_field(&walk, &field))
            return false;
        if (field.number > EVENT_FIRST_DEVICE)
            continue;
        bool is_bytes = field.type == WIRE_BYTES;
        switch (field.number) {
        case EVENT_DEVICE:
            if (is_bytes)
                out->device = copy_text(field.content, arena);
            break;
        case EVENT_FIRST_DEVICE:
            if (is_bytes)
                out->first_device = copy_text(field.content, arena);
            break;
        case EVENT_ACTIVITY_ID:
            if (is_bytes)
                out->activity_id = copy_text(field.content, arena);
            break;
        case EVENT_POSITION:
            out->position = position;
            if (is_bytes && !walk_position(field.content, position))
                return false;
            break;
        case EVENT_CLIP:
            if (is_bytes)
                out->clip = (ProtobufCBinaryData){
                    field.content.len, (uint8_t *)arena_copy(arena, field.content.data, field.content.len)};
            break;
        default:
            if (!take_number(&field, out))
                return false;
            continue;
        }
        if (!is_bytes)
            return false;
    }
    return true;
}

struct batch_head {
    uint32_t version;
    uint64_t session;
    size_t event_count;
};

/* The batch's own fields, and how many events it has. */
static bool walk_head(struct bytes payload, struct batch_head *out)
{
    struct codec_walk walk = {payload.data, payload.data + payload.len};
    struct codec_wire_field field;
    while (walk.next < walk.end) {
        if (!codec_walk_field(&walk, &field))
            return false;
        if (field.number > BATCH_EVENTS)
            continue;
        if (field.type != (field.number == BATCH_EVENTS ? WIRE_BYTES : WIRE_VARINT))
            return false;
        if (field.number == BATCH_EVENTS)
            out->event_count++;
        else if (field.number == BATCH_SESSION)
            out->session = field.value;
        else
            out->version = (uint32_t)field.value;
    }
    return true;
}

bool codec_read_motion_wire(
    const struct codec_reading *reading, struct bytes payload, struct motion_batch *out)
{
    struct batch_head head = {0, 0, 0};
    if (!walk_head(payload, &head))
        return codec_refuse(reading, NULL, NULL, CODEC_NOT_PROTOBUF);
    if (head.version != 1)
        return codec_refuse(reading, NULL, "version", "1");
    if (!codec_start_batch(reading, head.session, head.event_count, out))
        return false;
    struct codec_walk walk = {payload.data, payload.data + payload.len};
    struct codec_wire_field field;
    for (size_t i = 0; i < head.event_count && codec_walk_field(&walk, &field);) {
        if (field.number != BATCH_EVENTS)
            continue;
        Neighbors__V1__MotionEvent event = NEIGHBORS__V1__MOTION_EVENT__INIT;
        Neighbors__V1__Position position = NEIGHBORS__V1__POSITION__INIT;
        if (!walk_event(field.content, reading->arena, &event, &position))
            return codec_refuse(reading, NULL, NULL, CODEC_NOT_PROTOBUF);
        codec_read_event(reading->arena, i, &event, &out->events[i]);
        i++;
    }
    return true;
}
