/* Between the two ways to a motion batch: by protobuf-c's or jansson's tree, and straight from the wire. */
#ifndef NEIGHBORS_PROTO_CODEC_MOTION_H
#define NEIGHBORS_PROTO_CODEC_MOTION_H

#include "proto/codec_generated.h"

/* Checks an event and fills out; what is wrong is in out->refusal. index: in the batch. out is zeroed. */
void codec_read_event(
    struct arena *arena, size_t index, const Neighbors__V1__MotionEvent *in, struct motion_event *out);

Neighbors__V1__MotionEvent *codec_write_event(const struct motion_event *in, struct arena *arena);

/* Checks how many events there are and what the batch says of itself, and makes room for them in out. */
bool codec_start_batch(const struct codec_reading *reading, uint64_t session, size_t count,
    struct motion_batch *out) __attribute__((warn_unused_result));

/* A batch from its bytes in protobuf. Same result as by protobuf-c, in about half the time. */
bool codec_read_motion_wire(const struct codec_reading *reading, struct bytes payload,
    struct motion_batch *out) __attribute__((warn_unused_result));

#endif
