/* A city's day, sent over MQTT as its devices, residents and agencies would, by one thread: who is connected,
 * what was sent, what was answered, who got what.
 *
 * Open-loop: each publish has its time from the plan, and all latencies count from there, whether the sender
 * was late, a window was full or the broker stood still. */
#ifndef NEIGHBORS_BENCH_DAY_H
#define NEIGHBORS_BENCH_DAY_H

#include "bench/day/plan.h"
#include "bench/load/histogram.h"
#include "bench/load/link.h"
#include "bench/load/tags.h"
#include "bridge/token.h"
#include "proto/arena.h"

enum { INTERVALS = 120, REASONS = 24, REASON_TEXT = 96, USER_TEXT = 48 };

/* One publish that is to be made: events first to first + count - 1, or a notice. */
struct job {
    uint64_t due; /* ns from the beginning */
    uint32_t first;
    uint16_t count;
    bool notice, wrong;
};
struct flight {
    struct job job;
    uint64_t seq; /* of its first event */
};

enum speaker_kind { NODE, AGENCY, EDGE, DEVICE, FOLLOWER };
struct speaker {
    struct link link;
    struct day *day;
    enum speaker_kind kind;
    uint32_t index; /* among nodes, agencies, homes, devices, followers */
    uint64_t seq;
    struct flight *flights; /* packet id - 1 */
    uint16_t *free, free_count, window;
    struct job *backlog; /* a ring: what found no free packet id */
    uint32_t backlog_first, backlog_count, backlog_room;
};

/* Bits. */
enum event_state { EVENT_NONE = 0, EVENT_SENT = 1, EVENT_STORED = 2, EVENT_REFUSED = 4, EVENT_WRONG = 8 };

/* A latency, over all and by the time at which the publish was due. */
struct measure {
    struct histogram all;
    struct histogram *by_interval;
};

struct refused_reason {
    char text[REASON_TEXT];
    uint64_t count;
    bool expected;
};

struct totals {
    uint64_t publishes, stored_publishes, events, stored, refused, refused_unexpected, accepted_wrong;
    uint64_t notices, notices_stored;
    uint64_t activity, activity_expected, activity_foreign;
    uint64_t shown, shown_expected, shown_foreign, shown_unknown;
    uint64_t heartbeats, stale;
    uint64_t waited; /* publishes that found no free packet id */
};

struct day {
    const char *host, *token_key;
    int port;
    struct plan *plan;
    struct loop loop;
    struct tags tags; /* only its first minute */
    struct token_key *key;
    struct arena arena;
    uint8_t arena_room[65536];
    struct speaker *speakers;
    size_t speaker_count, agencies_at, followers_at, subscribed;
    uint64_t session;     /* that all number their events in */
    uint64_t *device_seq; /* of devices that speak by a node */
    uint64_t begin;       /* ns, monotonic */
    uint64_t interval;    /* ns */
    uint32_t next_event, next_notice;
    /* by event */
    uint8_t *state;
    uint32_t *device, *due_us;
    uint16_t *copies;
    uint64_t *copies_sum;
    uint8_t *watches; /* bits: leaf * followers + follower */
    struct measure answered, notices_answered, activity, shown;
    struct histogram lag;
    uint64_t offered[INTERVALS], sent[INTERVALS], answers[INTERVALS];
    struct totals totals;
    struct refused_reason reasons[REASONS];
    size_t reason_count;
};

/* ---- speakers.c: connections, and what is under way on them ---- */

/* Opens and waits until all are connected and followers have subscribed. */
void speakers_open(struct day *day);
void followers_open(struct day *day);
void speakers_close(struct day *day);
/* Sends, or queues until a packet id is free. */
void speaker_send(struct speaker *speaker, const struct job *job);
/* What answers and deliveries are still to come. */
bool day_complete(const struct day *day);

/* ---- payload.c ---- */

struct bytes payload_events(struct speaker *speaker, const struct job *job, uint64_t first_seq);
struct bytes payload_notice(struct speaker *speaker, const struct notice *notice);

/* ---- schedule.c: what is due when ---- */

/* Sends what the plan says until the day is over, then waits for what is still to come. */
void day_run(struct day *day);

/* ---- expected.c: who should get what, by the geography alone ---- */

void expected_prepare(struct day *day);
/* True when what is published of a home is to be published by the rules of sharing. */
bool home_is_public(const struct plan *plan, const struct home *home);
bool leaf_watched(const struct day *day, uint32_t leaf, uint32_t follower);
/* A number of a follower's own: the sum over all who got something tells whether it were the right ones. */
uint64_t follower_mark(uint32_t follower);

/* ---- delivered.c: what a follower got ---- */

void delivered(struct speaker *speaker, const struct mqtt_publish *publish);

/* ---- outcome.c ---- */

void measure_init(struct measure *measure);
void measure_add(struct day *day, struct measure *measure, uint64_t due);
size_t day_interval(const struct day *day, uint64_t since_begin);
/* Takes an acknowledgement of a flight. */
void answer_take(struct speaker *speaker, const struct mqtt_ack *ack, const struct flight *flight);
/* One JSON object on a line. */
void day_report(const struct day *day);
/* A byte of state, then four of the device's place in the plan, for each event. False: errno says why. */
bool day_write_events(const struct day *day, const char *path);

#endif
