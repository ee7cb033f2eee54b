/* What publishers send and followers read, in each format. */
#ifndef NEIGHBORS_BENCH_EVENT_H
#define NEIGHBORS_BENCH_EVENT_H

#include "bench/load/options.h"
#include "bench/load/tags.h"
#include "proto/arena.h"

/* Where a publish lies and who says so. */
struct event_source {
    long publisher, channel;
    uint64_t session, seq; /* of the first event */
    uint64_t number;       /* of the publish: chooses the device of an edge */
    struct position position;
};

enum { CHANNEL_TEXT = 8 };
/* The geohash of a channel (5 characters) and of the leaf cell in it (6) that all its events lie in. */
void channel_name(long channel, char out[CHANNEL_TEXT]);
void leaf_name(long channel, char out[CHANNEL_TEXT]);
struct position leaf_position(long channel);

/* The payload of a publish with these tags; lives in the arena. */
struct bytes event_payload(const struct load_options *options, const struct tags *tags,
    const struct event_source *source, const uint32_t *tag, size_t count, struct arena *arena);
/* The tag of the first event that a delivered payload bears, TAG_COUNT when there is none; *count: events. */
uint32_t event_tag(const struct load_options *options, const struct tags *tags, struct bytes payload,
    struct arena *arena, size_t *count);
/* An alert for all who follow the given leaf; lives in the arena. */
struct bytes alert_payload(
    const struct load_options *options, long round, int64_t now_ms, struct arena *arena);

#endif
