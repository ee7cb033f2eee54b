/* bench_footage: whom a footage request concerns, asked of a region with many devices and their events, while
 * homes go on sending: how long a match takes, and how long the homes' events wait with and without it.
 * Prints one JSON object a round. */
#include <ev.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/load/histogram.h"
#include "bridge/redis_sync.h"
#include "bridge/store_footage_inside.h"

enum {
    CELLS = 1024,
    RECORD = 20,
    PIPELINE = 1000,
    AREA_ROWS = 9,
    AREA_COLUMNS = 8,
    HOUR_MS = 3600000,
    DAYS = 2
};

struct run {
    struct ev_loop *loop;
    struct store *store;
    struct place_key *places;
    struct redis_sync redis;
    ev_timer pace;
    long devices, events, a_household, rounds;
    double rate, seconds, began;
    int64_t now;
    bool match, busy;
    uint64_t sent, answered;
    struct histogram ingest, matches;
    size_t households; /* the last match found */
    char cells[CELLS][13];
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void no_log(int level, const char *event, const char *text)
{
    if (level == 0)
        fprintf(stderr, "bench_footage: %s %s\n", event, text);
}

/* ---- the region: all cells of precision 7 in one of precision 5, row by row as they lie ---- */

static const char region[] = "9qh1f";

static void name_cells(struct run *run)
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    for (unsigned row = 0; row < 32; row++) {
        for (unsigned column = 0; column < 32; column++) {
            unsigned bits = 0;
            for (int i = 4; i >= 0; i--)
                bits = bits << 2 | (column >> i & 1) << 1 | (row >> i & 1);
            snprintf(
                run->cells[row * 32 + column], 13, "%s%c%c", region, letters[bits >> 5], letters[bits & 31]);
        }
    }
}

/* ---- loading ---- */

static void flush(struct run *run, long waiting)
{
    void *reply;
    for (; waiting > 0; waiting--) {
        if (redisGetReply(run->redis.context, &reply) != REDIS_OK ||
            ((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
            fprintf(stderr, "bench_footage: loading failed\n");
            exit(2);
        }
        freeReplyObject(reply);
    }
}

/* Events come at random, as many a day on average as fill the days before now. */
static int64_t later(int64_t at, long each)
{
    double span = (double)DAYS * 24 * HOUR_MS / (double)each;
    return at + 1 + (int64_t)(-log(1 - drand48()) * span);
}

static void put_log(struct run *run, unsigned tag, long household, long event, int64_t at)
{
    long number = event % run->a_household + 1;
    uint8_t record[RECORD] = {RECORD - 1, 1, 80, (uint8_t)number};
    for (int i = 0; i < 6; i++)
        record[7 + i] = (uint8_t)(at >> 8 * i);
    redisAppendCommand(run->redis.context, "XADD nb:{r%02x}:log:home-%ld %lld-%ld e %b", tag, household,
        (long long)at, event, record, sizeof(record));
}

static void put_askable(struct run *run, unsigned tag, long household)
{
    struct buffer value = {0};
    char digest[PLACE_DIGEST + 1];
    buffer_number(&value, 3, 2);
    buffer_number(&value, 0, 1); /* any agency */
    buffer_number(&value, 0xffff, 2);
    for (long i = 1; i <= run->a_household; i++) {
        char id[32];
        int len = snprintf(id, sizeof(id), "cam-%ld-%ld", household, i);
        buffer_number(&value, (uint64_t)i, 2);
        buffer_number(&value, 0, 8);
        buffer_number(&value, (uint64_t)len, 1);
        buffer_put(&value, id, (size_t)len);
    }
    place_digest(run->places, "askable", text_of(run->cells[household * 389 % CELLS]), digest);
    redisAppendCommand(run->redis.context, "HSET nb:{r%02x}:askable:%s home-%ld %b", tag, digest, household,
        value.data, value.len);
    buffer_free(&value);
}

static void load(struct run *run)
{
    long households = run->devices / run->a_household, each = run->events / households, waiting = 0;
    char key[KEY];
    unsigned tag;
    region_key(key, region, "", TEXT(""));
    sscanf(key, "nb:{r%2x}", &tag);
    for (long household = 0; household < households; household++) {
        put_askable(run, tag, household);
        int64_t at = run->now - DAYS * 24 * HOUR_MS;
        for (long event = 0; event < each; event++)
            put_log(run, tag, household, event, at = later(at, each));
        waiting += 1 + each;
        if (waiting >= PIPELINE) {
            flush(run, waiting);
            waiting = 0;
        }
    }
    flush(run, waiting);
}

/* ---- measuring ---- */

static void begin_match(struct run *run);

static void on_matched(struct store *store, void *arg, enum store_status status,
    const struct footage_household *households, size_t count)
{
    uint64_t *began = arg;
    struct run *run = (struct run *)(uintptr_t)began[1];
    (void)store;
    (void)households;
    if (status != STORE_OK)
        exit(2);
    histogram_add(&run->matches, now_ns() - began[0]);
    run->households = count;
    run->busy = false;
    free(began);
}

/* Half a square mile in the middle of the region, over twelve hours. */
static void begin_match(struct run *run)
{
    char cells[AREA_ROWS * AREA_COLUMNS][13];
    uint64_t *began = store_alloc(2 * sizeof(*began));
    for (unsigned i = 0; i < AREA_ROWS * AREA_COLUMNS; i++)
        memcpy(cells[i], run->cells[(10 + i / AREA_COLUMNS) * 32 + 10 + i % AREA_COLUMNS], 13);
    struct footage_query query = {.agency = TEXT("police"),
        .incident = 1,
        .from = run->now - 18 * HOUR_MS,
        .to = run->now - 6 * HOUR_MS,
        .cell_count = AREA_ROWS * AREA_COLUMNS,
        .cells = (const char(*)[13])cells};
    began[0] = now_ns();
    began[1] = (uintptr_t)run;
    run->busy = true;
    footage_match(run->store, &query, on_matched, began);
}

static void on_stored(void *arg, const struct store_motion_result *result)
{
    uint64_t *due = arg;
    struct run *run = (struct run *)(uintptr_t)due[1];
    if (result->status != STORE_OK)
        exit(2);
    histogram_add(&run->ingest, now_ns() - due[0]);
    run->answered++;
    free(due);
}

static void send_event(struct run *run, uint64_t due_ns)
{
    uint8_t record[RECORD - 1] = {1, 80, 1};
    char household[32], sender[40];
    uint64_t *due = store_alloc(2 * sizeof(*due));
    snprintf(household, sizeof(household), "new-%llu", (unsigned long long)run->sent % 1000);
    snprintf(sender, sizeof(sender), "edge/%s", household);
    struct store_motion_event event = {.seq = run->sent / 1000 + 1, .record = {record, sizeof(record)}};
    struct store_motion motion = {.sender = text_of(sender),
        .instance = TEXT("bench"),
        .session = (uint64_t)run->now,
        .household = text_of(household),
        .channel = "9qh1f",
        .leaf = "9qh1f5",
        .count = 1,
        .events = &event};
    due[0] = due_ns;
    due[1] = (uintptr_t)run;
    run->sent++;
    store_motion(run->store, &motion, on_stored, due);
}

static uint64_t began_ns, sent_here;

static void on_pace(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct run *run = timer->data;
    (void)events;
    uint64_t step = (uint64_t)(1e9 / run->rate), now = now_ns();
    while (began_ns + sent_here * step <= now && now - began_ns < run->seconds * 1e9) {
        send_event(run, began_ns + sent_here * step);
        sent_here++;
    }
    if (run->match && !run->busy)
        begin_match(run);
    if (now - began_ns >= run->seconds * 1e9 && run->answered == run->sent && !run->busy)
        ev_break(loop, EVBREAK_ALL);
    if (now - began_ns >= run->seconds * 1e9)
        run->match = false;
}

static void measure(struct run *run, bool match)
{
    memset(&run->ingest, 0, sizeof(run->ingest));
    memset(&run->matches, 0, sizeof(run->matches));
    run->match = match;
    sent_here = 0;
    began_ns = now_ns();
    ev_timer_init(&run->pace, on_pace, 0., 0.0005);
    run->pace.data = run;
    ev_timer_start(run->loop, &run->pace);
    ev_run(run->loop, 0);
    ev_timer_stop(run->loop, &run->pace);
}

static void print(const char *name, const struct histogram *histogram)
{
    printf("\"%s\":", name);
    histogram_print(histogram, stdout);
    fputs(",", stdout);
}

static void read_arguments(int argc, char **argv, struct run *run, long *port)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        double value = atof(argv[i + 1]);
        if (strcmp(argv[i], "--port") == 0)
            *port = (long)value;
        else if (strcmp(argv[i], "--devices") == 0)
            run->devices = (long)value;
        else if (strcmp(argv[i], "--events") == 0)
            run->events = (long)value;
        else if (strcmp(argv[i], "--a-household") == 0)
            run->a_household = (long)value;
        else if (strcmp(argv[i], "--rounds") == 0)
            run->rounds = (long)value;
        else if (strcmp(argv[i], "--rate") == 0)
            run->rate = value;
        else if (strcmp(argv[i], "--seconds") == 0)
            run->seconds = value;
    }
}

int main(int argc, char **argv)
{
    static struct run run = {
        .devices = 100000, .events = 1000000, .a_household = 1, .rounds = 1, .rate = 1000, .seconds = 2};
    static const uint8_t secret[PLACE_KEY_SECRET];
    long port = 6379;
    read_arguments(argc, argv, &run, &port);
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%ld", port);
    run.now = now_ms();
    run.places = place_key_new(secret);
    name_cells(&run);
    if (!redis_sync_open(&run.redis, url)) {
        fprintf(stderr, "bench_footage: %s\n", run.redis.error);
        return 2;
    }
    load(&run);
    struct store_redis_options options = {.url = url,
        .node = "bench",
        .release_delay_ms = 10000,
        .absence_ms = HOUR_MS,
        .channel_retention_ms = 24 * HOUR_MS,
        .clock_past_ms = INT64_C(7) * 24 * HOUR_MS,
        .clock_future_ms = 60000,
        .deadline_ms = 20000,
        .places = run.places,
        .now = now_ms,
        .log = no_log};
    struct store_events nobody = {0};
    run.loop = ev_loop_new(0);
    run.store = store_redis_new(run.loop, &options, &nobody);
    measure(&run, false); /* what is slow at first */
    for (long round = 0; round < run.rounds; round++) {
        fputs("{", stdout);
        measure(&run, round % 2 == 1);
        print(round % 2 ? "beside" : "alone", &run.ingest);
        if (round % 2 == 1)
            print("match", &run.matches);
        measure(&run, round % 2 == 0);
        print(round % 2 ? "alone" : "beside", &run.ingest);
        if (round % 2 == 0)
            print("match", &run.matches);
        printf("\"households\":%zu}\n", run.households);
        fflush(stdout);
    }
    store_free(run.store);
    redis_sync_close(&run.redis);
    place_key_free(run.places);
    return 0;
}
