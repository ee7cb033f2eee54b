/* What travels in an event so that it can be known again where it comes out: a tag, and what happened to it.
 *
 * The feed of Neighbors says neither who sent an event nor its number. What it does say is kind, phase,
 * confidence and the minute, so a tag is spread over these four: TAG_BITS bits, each tag used once a run. */
#ifndef NEIGHBORS_BENCH_TAGS_H
#define NEIGHBORS_BENCH_TAGS_H

#include "bench/load/histogram.h"
#include "proto/message.h"

enum { TAG_BITS = 23, TAG_COUNT = 1 << TAG_BITS };

struct tags {
    uint32_t next;
    int64_t first_minute; /* ms */
    uint64_t *sent;       /* ns: when the event was due to be sent */
    uint16_t *publisher;  /* who sent it */
    uint8_t *acknowledged, *delivered;
};

/* now_ms: wall clock. */
/* From which minute tags count, for a run that begins now. */
int64_t tags_first_minute(int64_t now_ms);
void tags_init(struct tags *tags, int64_t now_ms);
/* A new tag of a publisher's event due at that time; wraps around after TAG_COUNT, forgetting what was. */
uint32_t tags_take(struct tags *tags, uint16_t publisher, uint64_t due);
/* Puts the tag into the event's kind, phase, confidence and time. */
void tags_write(const struct tags *tags, uint32_t tag, struct motion_event *event);
/* The tag that published activity bears; TAG_COUNT or more when it is none of ours. */
uint32_t tags_read(const struct tags *tags, const struct activity *activity);

#endif
