/* What the tests of the codecs share: a case is written in JSON, and is tried in JSON and as the protobuf
 * that the same text means, so that each rule is seen to hold in both. */
#ifndef NEIGHBORS_TESTS_TEST_CODEC_H
#define NEIGHBORS_TESTS_TEST_CODEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <protobuf-c/protobuf-c.h>

#include "proto/codec.h"

extern const ProtobufCMessageDescriptor neighbors__v1__motion_batch__descriptor,
    neighbors__v1__alert__descriptor, neighbors__v1__history_query__descriptor,
    neighbors__v1__feed_item__descriptor, neighbors__v1__heartbeat__descriptor,
    neighbors__v1__refused__descriptor, neighbors__v1__history_page__descriptor,
    neighbors__v1__info__descriptor, neighbors__v1__settings__descriptor, neighbors__v1__witness__descriptor,
    neighbors__v1__flag__descriptor, neighbors__v1__verdict__descriptor,
    neighbors__v1__moderation__descriptor, neighbors__v1__forget__descriptor,
    neighbors__v1__export__descriptor, neighbors__v1__desk_query__descriptor,
    neighbors__v1__deleted__descriptor, neighbors__v1__footage_request__descriptor,
    neighbors__v1__resolve__descriptor, neighbors__v1__clip_answer__descriptor,
    neighbors__v1__sealed_clip__descriptor, neighbors__v1__footage__descriptor,
    neighbors__v1__push_subscription__descriptor, neighbors__v1__push_notice__descriptor;

/* One message of the codec, whatever its struct is. */
struct codec_entry {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    /* Decodes and encodes again. False with the refusal filled. */
    bool (*again)(enum encoding from, struct bytes payload, enum encoding to, struct arena *arena,
        struct bytes *out, struct refusal *refusal);
};
extern const struct codec_entry codec_entries[]; /* ended by a name of NULL */
const struct codec_entry *codec_entry_of(const char *name);

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* The protobuf of JSON text, without any check but the mapping's; fails the test when there is none. */
struct bytes protobuf_of(const char *json, const ProtobufCMessageDescriptor *descriptor, struct arena *arena);

struct codec_case {
    const char *json, *field, *rule; /* field NULL: it is good */
};
/* Tries each case in both encodings. */
void try_codec_cases(const char *message, const struct codec_case *cases, size_t count);
#define TRY(message, cases) try_codec_cases(message, cases, sizeof(cases) / sizeof *(cases))
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

#endif
