/* One run of the load generator: its connections, what they sent, what came back, what was measured. */
#ifndef NEIGHBORS_BENCH_LOAD_H
#define NEIGHBORS_BENCH_LOAD_H

#include "bench/load/event.h"
#include "bench/load/link.h"
#include "bridge/token.h"

enum { OPENING_MOST = 64, NAME_TEXT = 96, TOPIC_TEXT = 24 };

/* A publish under way; its packet id is its place in the publisher's list and 1. */
struct flight {
    uint64_t due;
    uint32_t tag; /* of its first event; the others follow */
};

struct publisher {
    struct link link;
    struct load *load;
    long index;
    uint64_t session, seq, number;
    struct flight *flights;
    uint16_t *free, free_count, window;
    uint64_t *backlog; /* due times that found no free flight; a ring */
    size_t backlog_first, backlog_count, backlog_room;
};

struct follower {
    struct link link;
    struct load *load;
    long index;
    bool subscribed;
    uint64_t received;
};

struct tally {
    uint64_t sent, acknowledged, refused, delivered, delivered_bytes;
};

struct load {
    struct load_options options;
    struct loop loop;
    struct tags tags;
    struct token_key *key;
    struct arena arena;
    uint8_t arena_room[65536];
    struct position *positions;
    char (*topics)[TOPIC_TEXT]; /* of a channel; not in the format motion */
    struct publisher *publishers;
    struct follower *followers;
    long follower_parts, follower_links; /* connections that together are one follower; all of them */
    long subscribed;
    bool publishing, measuring;
    uint64_t unknown; /* deliveries that bear no tag of ours */
    uint64_t expected_copies;
    uint64_t next_due, due_step; /* open-loop, ns */
    long next_publisher;
    struct tally all, measured;
    struct histogram acknowledge_latency, follow_latency;
    uint64_t round_began, round_acknowledged, round_last; /* fan-out */
    uint64_t round_delivered;
};

/* Credentials of "<role>/<id>"; token has room for TOKEN_TEXT. */
struct link_identity load_identity(
    const struct load *load, const char *client, const char *user, char *token);

/* Opens everything and waits until all are connected and followers subscribed. */
void load_connect_followers(struct load *load);
void load_connect_publishers(struct load *load);
/* Sends what is due (open-loop) until `until`, or keeps windows full (closed-loop). */
void load_run(struct load *load, uint64_t until);
/* Fills the windows of all publishers. */
void publishers_start(struct load *load);
/* One of a publisher's publishes was delivered: with --paced the next goes. */
void publisher_delivered(struct load *load, uint16_t publisher);
/* Waits for what is under way, as long as something comes. */
void load_drain(struct load *load);
/* The alert rounds. */
void fanout_run(struct load *load);
/* One JSON object on a line. seconds: measured; user CPU microseconds of this process and of the watched. */
struct processor_time {
    double own, watched[WATCHED_MOST];
};
struct processor_time processor_time(const struct load *load);
void load_report(const struct load *load, double seconds, const struct processor_time *used);

#endif
