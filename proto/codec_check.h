/* The checks that decoders share, and how they name the field that failed. A path is a chain on the stack,
 * from the field up to the message, and becomes text only when something is refused. */
#ifndef NEIGHBORS_PROTO_CODEC_CHECK_H
#define NEIGHBORS_PROTO_CODEC_CHECK_H

#include "proto/arena.h"
#include "proto/message.h"

#define CODEC_NO_INDEX SIZE_MAX

/* One step of "events[3].position": NULL is the message itself. */
struct codec_path {
    const struct codec_path *up;
    const char *name;
    size_t index; /* CODEC_NO_INDEX: not of a list */
};

/* Where checks put what they refuse. */
struct codec_reading {
    struct arena *arena; /* for the text of the path */
    struct refusal *refusal;
};

/* Fills the refusal with REASON_BAD_PAYLOAD; field (a name, may be NULL) is appended to the path. rule is
 * static or lives in the arena. Always false, so that a check can end with it. */
bool codec_refuse(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const char *rule) __attribute__((cold, noinline));

enum text_kind {
    TEXT_PROSE,   /* UTF-8 without control characters, but TAB, LF and CR */
    TEXT_ID,      /* printable ASCII without spaces */
    TEXT_ACCOUNT, /* A-Za-z0-9._- */
};

/* Checks a string of generated code, at most `most` bytes, and gives it as a view. "" is fine. */
bool codec_check_text(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const char *value, size_t most, enum text_kind kind, struct text *out)
    __attribute__((warn_unused_result));

/* Checks a time, number or session: 0 to 2^53 - 1. A negative int64_t fails as it comes here. */
static inline bool codec_check_exact(
    const struct codec_reading *reading, const struct codec_path *path, const char *field, uint64_t value)
{
    return value < (uint64_t)LIMIT_EXACT ||
           codec_refuse(reading, path, field, "a whole number from 0 to 9007199254740991");
}

/* Checks an enum that may be 0 (not told) up to `last`. */
bool codec_check_enum(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    int64_t value, int last, const char *(*name_of)(int value)) __attribute__((warn_unused_result));

/* Checks that a list has at most `most` elements; rule says so. */
bool codec_check_count(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    size_t count, size_t most) __attribute__((warn_unused_result));

/* Checks bytes of generated code, at most `most`, and gives them as a view. */
bool codec_check_bytes(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const uint8_t *data, size_t len, size_t most, struct bytes *out) __attribute__((warn_unused_result));

bool codec_check_position(const struct codec_reading *reading, const struct codec_path *path,
    struct position position) __attribute__((warn_unused_result));

#endif
