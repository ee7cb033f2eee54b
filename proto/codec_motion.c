/* Motion batches. An event that breaks a rule is marked alone; what is wrong with the batch itself refuses it
 * whole. */
#include "proto/codec_generated.h"

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
            reading, path, "activity_id", in->activity_id, LIMIT_ID, TEXT_PROSE, &out->activity_id))
        return false;
    if (in->clip.len > LIMIT_CLIP)
        return codec_refuse(reading, path, "clip", "at most 128 bytes");
    out->clip = (struct bytes){in->clip.data, in->clip.len};
    return read_what(reading, path, in, out) && read_when(reading, path, in, out) &&
           read_where(reading, path, in->position, out);
}

bool codec_decode_motion_batch(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct motion_batch *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__MotionBatch *in = (const Neighbors__V1__MotionBatch *)codec_unpack(
        encoding, payload, &neighbors__v1__motion_batch__descriptor, &reading);
    if (!in || !codec_check_exact(&reading, NULL, "session", in->session))
        return false;
    if (in->n_events == 0)
        return codec_refuse(&reading, NULL, "events", "at least 1 event");
    if (in->n_events > LIMIT_BATCH_EVENTS)
        return codec_refuse(&reading, NULL, "events", "at most 64 events");
    *out = (struct motion_batch){
        in->session, in->n_events, arena_alloc(arena, in->n_events * sizeof *out->events)};
    for (size_t i = 0; i < in->n_events; i++) {
        struct codec_path path = {NULL, "events", i};
        struct codec_reading of_event = {arena, &out->events[i].refusal};
        if (!read_event(&of_event, &path, in->events[i], &out->events[i]))
            continue; /* its refusal says why; the others stand */
    }
    return true;
}

static Neighbors__V1__MotionEvent *write_event(const struct motion_event *in, struct arena *arena)
{
    Neighbors__V1__MotionEvent *event =
        CODEC_NEW(Neighbors__V1__MotionEvent, NEIGHBORS__V1__MOTION_EVENT__INIT, arena);
    event->seq = in->seq;
    event->device = codec_write_text(in->device, arena);
    event->activity_id = codec_write_text(in->activity_id, arena);
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
        batch.events[i] = write_event(&in->events[i], arena);
    return codec_pack(encoding, &batch.base, arena);
}
