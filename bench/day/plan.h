/* The plan of a city's day, as bench/city writes it: who lives where, who follows what, which alerts are sent
 * when, and how the events of devices spread over the hours. A line each, words with a blank between:
 *
 *   - seed N; seconds S; events N; active N (devices that send, the first ones); wrong SHARE (of publishes
 *     that break a rule on purpose)
 *
 *   - hours W... (weights of equal parts of the day)
 *
 *   - home NAME GEOHASH node|edge|alone NODE DEVICES SHARES
 *
 *   - follower LEAF METRES WATCHES (0, 1: also what cameras see, not alerts alone)
 *
 *   - agency
 *
 *   - notice DUE_MS agency|follower INDEX alert|update|cancel FIRST SEVERITY CATEGORY right|wrong|order, then
 *     point LAT LON, circle LAT LON METRES, polygon COUNT LAT LON ... or nowhere. FIRST: which notice it
 *     corrects or ends, counted from 0; itself for an alert. wrong: it must be refused. order: how it spreads
 *     is told by itself. */
#ifndef NEIGHBORS_BENCH_PLAN_H
#define NEIGHBORS_BENCH_PLAN_H

#include "geo/geo.h"
#include "proto/message.h"

enum { HOME_NAME = 24, DEVICE_NAME = 40, HOURS_MOST = 96, PRECISION_LEAF = 6, FINE = 8 };

enum way { BY_NODE, BY_EDGE, ALONE };
struct home {
    char name[HOME_NAME], geohash[FINE + 1];
    enum way way;
    uint32_t node;         /* BY_NODE */
    uint32_t first, count; /* its devices, among all */
    uint32_t leaf;         /* among the leaves */
    uint32_t speaker;      /* its node, its edge, the first of its devices */
    bool shares;
};

/* A leaf cell with homes in it. */
struct leaf {
    geo_cell cell;
    uint32_t sharing;      /* households */
    uint32_t watchers;     /* who should get what is published there */
    uint64_t watchers_sum; /* of their marks, so that copies can be told from others' */
};

struct plan_follower {
    geo_cell leaf;
    struct geo_point center;
    double metres;
    bool watches;
};

struct notice {
    uint64_t due; /* ns from the beginning */
    bool of_agency, wrong, order;
    uint32_t sender; /* among agencies or followers */
    uint8_t msg_type, severity, category;
    uint32_t first, revision;
    uint32_t next; /* its correction; 0: none */
    struct place place;
    struct geo_shape shape;
    uint32_t expected; /* followers who are to get it */
    uint8_t *due_to;   /* by follower: 0 not his, 1 in force, 2 ended */
    uint8_t *got;      /* by follower: how often it came as it should */
    bool acknowledged;
    uint64_t answered_at, first_at, last_at; /* ns from the beginning */
    uint32_t copies;
};

struct plan {
    uint64_t seed;
    double seconds, wrong;
    uint32_t events, active;
    double hours[HOURS_MOST]; /* cumulated, the last is 1 */
    size_t hour_count;
    size_t home_count, device_count, leaf_count, follower_count, agency_count, notice_count, node_count;
    struct home *homes;
    uint32_t *home_of; /* by device */
    struct leaf *leaves;
    struct plan_follower *followers;
    struct notice *notices;
};

/* Ends the process with a line on standard error when the plan cannot be read. */
struct plan *plan_read(const char *path);
/* "<home>.<n>" */
void plan_device_name(const struct plan *plan, uint32_t device, char out[DEVICE_NAME]);
/* When the given share (0 to 1) of the day's events is over, in ns from its beginning. */
uint64_t plan_due(const struct plan *plan, double share);
/* The same number for the same seed and place in the sequence: 0 to 2^64 - 1. */
uint64_t plan_random(const struct plan *plan, uint64_t place);
void *plan_room(size_t count, size_t size); /* zeroed; out of memory ends the process */

#endif
