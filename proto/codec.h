/* Messages to bytes and back: protobuf, and the proto3 JSON mapping of the same schema. The only user of the
 * generated code. Every length is checked before anything is allocated, all text is checked to be UTF-8
 * without NUL, and what is allocated comes from the arena of the message and is bounded by the limits of
 * message.h. */
#ifndef NEIGHBORS_PROTO_CODEC_H
#define NEIGHBORS_PROTO_CODEC_H

#include "proto/arena.h"
#include "proto/message.h"

enum encoding { ENCODING_PROTOBUF = 1, ENCODING_JSON, ENCODING_CAP };

/* The encoding of a payload, by its content type when there is one, else by its first bytes (CONTRACT,
 * section 3). 0 with *refusal filled when it is none of ours. */
enum encoding codec_encoding_of(struct text content_type, struct bytes payload, struct refusal *refusal);

/* Decoders. false: *refusal names field and rule; out is not to be used. `encoding` is PROTOBUF or JSON.
 * Checks: version = 1, shapes, lengths, enums, UTF-8, coordinates on the globe, numbers in range, required
 * fields. A bad event of an otherwise good MotionBatch is marked in its `refusal` and the batch is returned.
 * Nothing here depends on the time of day. */
#define CODEC_DECODER(message)                                                                               \
    bool codec_decode_##message(enum encoding encoding, struct bytes payload, struct arena *arena,           \
        struct message *out, struct refusal *refusal) __attribute__((warn_unused_result))
CODEC_DECODER(motion_batch);
/* With all that is asked of a sender. The broker's fields come as they were sent: whoever stores it sets them
 * anew. */
CODEC_DECODER(alert);
CODEC_DECODER(history_query);
CODEC_DECODER(witness);
CODEC_DECODER(flag);
CODEC_DECODER(verdict);
CODEC_DECODER(household_step);
CODEC_DECODER(household_code);
CODEC_DECODER(settings_message);
CODEC_DECODER(forget);
CODEC_DECODER(export_query);
CODEC_DECODER(desk_query);
CODEC_DECODER(resolve);
CODEC_DECODER(tip);
CODEC_DECODER(reward);
CODEC_DECODER(push_subscription);
/* As an agency sends it, or as an owner gets it; whoever takes it from an agency checks what it must hold. */
CODEC_DECODER(footage_request);
/* The payload must have FOOTAGE_ANSWER_BYTES. */
CODEC_DECODER(footage_answer);
/* What clients receive; for the command line, the tests and the load generator. */
CODEC_DECODER(feed_item);
CODEC_DECODER(heartbeat);
CODEC_DECODER(refused);
CODEC_DECODER(history_page);
CODEC_DECODER(info);
CODEC_DECODER(moderation);
CODEC_DECODER(deleted);
CODEC_DECODER(log_leaf);
CODEC_DECODER(tree_head);
CODEC_DECODER(footage);
CODEC_DECODER(push_notice);
/* What is sealed in it: JSON. */
CODEC_DECODER(sealed_clip);
#undef CODEC_DECODER
/* An alert as the broker wrote it: nothing is required (an ENDED one may have lost its text, a published one
 * has no sender's id). */
bool codec_decode_published_alert(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct alert *out, struct refusal *refusal) __attribute__((warn_unused_result));

/* Polygons by themselves (MultiPolygon, protobuf), as the registry and the table of geocodes keep them: out
 * is a place of polygons, at most LIMIT_KEPT_POLYGONS of at most LIMIT_KEPT_RINGS rings, LIMIT_POINTS points
 * in all. False: *refusal. */
bool codec_decode_polygons(struct bytes encoded, struct arena *arena, struct place *out,
    struct refusal *refusal) __attribute__((warn_unused_result));
struct bytes codec_encode_polygons(const struct place *in, struct arena *arena);

/* Encoders. The bytes live in the arena. */
#define CODEC_ENCODER(message)                                                                               \
    struct bytes codec_encode_##message(enum encoding encoding, const struct message *in, struct arena *arena)
CODEC_ENCODER(motion_batch);
CODEC_ENCODER(alert);
CODEC_ENCODER(history_query);
CODEC_ENCODER(feed_item);
CODEC_ENCODER(heartbeat);
CODEC_ENCODER(refused);
CODEC_ENCODER(history_page);
CODEC_ENCODER(info);
CODEC_ENCODER(witness);
CODEC_ENCODER(flag);
CODEC_ENCODER(verdict);
CODEC_ENCODER(household_step);
CODEC_ENCODER(household_code);
CODEC_ENCODER(settings_message);
CODEC_ENCODER(forget);
CODEC_ENCODER(deleted);
CODEC_ENCODER(export_query);
CODEC_ENCODER(export_part);
CODEC_ENCODER(desk_query);
CODEC_ENCODER(desk);
CODEC_ENCODER(moderation);
CODEC_ENCODER(log_leaf);
CODEC_ENCODER(tree_head);
CODEC_ENCODER(footage_request);
CODEC_ENCODER(resolve);
CODEC_ENCODER(tip);
CODEC_ENCODER(reward);
CODEC_ENCODER(push_subscription);
CODEC_ENCODER(push_notice);
/* Padded to FOOTAGE_ANSWER_BYTES. */
CODEC_ENCODER(footage_answer);
CODEC_ENCODER(footage);
CODEC_ENCODER(sealed_clip);
#undef CODEC_ENCODER

#endif
