/* Motion batches. An event that breaks a rule is marked alone; what is wrong with the batch itself refuses it
 * whole. */
#include "proto/codec_motion.h"
#include "proto/json.h"

_Static_assert((int)PHASE_PULSE == (int)NEIGHBORS__V1__PHASE__VALUE__PULSE, "as in the schema");
_Static_assert((int)KIND_SOUND == (int)NEIGHBORS__V1__MOTION_KIND__VALUE__SOUND, "as in the schema");

static bool read_what(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__MotionEvent *in, struct motion_event *out)
{
    if (!codec_check_enum(reading, path, "phase", in->phase, PHASE_PULSE, phase_name) ||
        !codec_check_enum(reading, path, "kind", in->kind, KIND_SOUND, motion_kind_name))
        return false;
    if (!in->phase)
        return codec_refuse(reading, path, "phase", "required");
    if (!in->kind)
        return codec_refuse(reading, path, "kind", "required");
    if (in->confidence > 100)
        return codec_refuse(reading, path, "confidence", "between 0 and 100");
    out->phase = (uint8_t)in->phase;
    out->kind = (uint8_t)in->kind;
    out->confidence = (uint8_t)in->confidence;
    return true;
}

static bool read_when(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__MotionEvent *in, struct motion_event *out)
{
    if (!in->at)
        return codec_refuse(reading, path, "at", "required");
    if (!codec_check_exact(reading, path, "at", (uint64_t)in->at) ||
        !codec_check_exact(reading, path, "until", (uint64_t)in->until))
        return false;
    if (in->until && in->until < in->at)
        return codec_refuse(reading, path, "until", "not before at");
    out->at = in->at;
    out->until = in->until;
    return true;
}

static bool read_where(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Position *in, struct motion_event *out)
{
    out->has_position = in != NULL;
    out->position = (struct position){0, 0};
    if (!in)
        return true;
    struct codec_path here = {path, "position", CODEC_NO_INDEX};
    out->position = (struct position){in->lat_e7, in->lon_e7};
    return codec_check_position(reading, &here, out->position);
}

static bool read_event(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__MotionEvent *in, struct motion_event *out)
{
    out->seq = in->seq;
    if (!codec_check_exact(reading, path, "seq", in->seq) ||
        !codec_check_text(reading, path, "device", in->device, LIMIT_ID, TEXT_ACCOUNT, &out->device) ||
        !codec_check_text(
            reading, path, "activity_id", in->activity_id, LIMIT_ID, TEXT_PROSE, &out->activity_id) ||
        !codec_check_text(
            reading, path, "first_device", in->first_device, LIMIT_ID, TEXT_ACCOUNT, &out->first_device))
        return false;
    if (in->clip.len > LIMIT_CLIP)
        return codec_refuse(reading, path, "clip", "at most 128 bytes");
    out->clip = (struct bytes){in->clip.data, in->clip.len};
    return read_what(reading, path, in, out) && read_when(reading, path, in, out) &&
           read_where(reading, path, in->position, out);
}

void codec_read_event(
    struct arena *arena, size_t index, const Neighbors__V1__MotionEvent *in, struct motion_event *out)
{
    struct codec_path path = {NULL, "events", index};
    struct codec_reading reading = {arena, &out->refusal};
    (void)read_event(&reading, &path, in, out); /* its refusal says why; the others stand */
}

bool codec_start_batch(
    const struct codec_reading *reading, uint64_t session, size_t count, struct motion_batch *out)
{
    if (!codec_check_exact(reading, NULL, "session", session))
        return false;
    if (count == 0)
        return codec_refuse(reading, NULL, "events", "at least 1 event");
    if (count > LIMIT_BATCH_EVENTS)
        return codec_refuse(reading, NULL, "events", "at most 64 events");
    *out = (struct motion_batch){session, count, arena_alloc(reading->arena, count * sizeof *out->events)};
    return true;
}

static bool read_json(const struct codec_reading *reading, struct bytes payload, struct motion_batch *out)
{
    struct refusal refusals[LIMIT_BATCH_EVENTS] = {{0}};
    struct json_each_alone events = {"events", LIMIT_BATCH_EVENTS, refusals};
    const Neighbors__V1__MotionBatch *in = (const Neighbors__V1__MotionBatch *)codec_unpack_json(
        payload, &neighbors__v1__motion_batch__descriptor, reading, &events);
    if (!in || !codec_start_batch(reading, in->session, in->n_events, out))
        return false;
    for (size_t i = 0; i < in->n_events; i++) {
        if (refusals[i].code == REASON_OK)
            codec_read_event(reading->arena, i, in->events[i], &out->events[i]);
        else
            out->events[i] = (struct motion_event){.seq = in->events[i]->seq, .refusal = refusals[i]};
    }
    return true;
}

bool codec_decode_motion_batch(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct motion_batch *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    if (encoding == ENCODING_PROTOBUF)
        return codec_read_motion_wire(&reading, payload, out);
    if (encoding == ENCODING_JSON)
        return read_json(&reading, payload, out);
    return codec_refuse(&reading, NULL, NULL, "protobuf or JSON");
}

Neighbors__V1__MotionEvent *codec_write_event(const struct motion_event *in, struct arena *arena)
{
    Neighbors__V1__MotionEvent *event =
        CODEC_NEW(Neighbors__V1__MotionEvent, NEIGHBORS__V1__MOTION_EVENT__INIT, arena);
    event->seq = in->seq;
    event->device = codec_write_text(in->device, arena);
    event->activity_id = codec_write_text(in->activity_id, arena);
    event->first_device = codec_write_text(in->first_device, arena);
    event->phase = in->phase;
    event->kind = in->kind;
    event->at = in->at;
    event->until = in->until;
    event->confidence = in->confidence;
    if (in->has_position) {
        event->position = CODEC_NEW(Neighbors__V1__Position, NEIGHBORS__V1__POSITION__INIT, arena);
        event->position->lat_e7 = in->position.lat_e7;
        event->position->lon_e7 = in->position.lon_e7;
    }
    event->clip = codec_write_bytes(in->clip);
    return event;
}

struct bytes codec_encode_motion_batch(
    enum encoding encoding, const struct motion_batch *in, struct arena *arena)
{
    Neighbors__V1__MotionBatch batch = NEIGHBORS__V1__MOTION_BATCH__INIT;
    batch.version = 1;
    batch.session = in->session;
    batch.n_events = in->count;
    batch.events = arena_take(arena, in->count * sizeof *batch.events);
    for (size_t i = 0; i < in->count; i++)
        batch.events[i] = codec_write_event(&in->events[i], arena);
    return codec_pack(encoding, &batch.base, arena);
}
