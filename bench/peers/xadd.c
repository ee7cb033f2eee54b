/* bench_xadd: bare XADD on one connection, the floor of whatever stores in Redis: pipelined (--window) or
 * open-loop at a rate (--rate), where latencies count from when each was due. Prints one JSON object. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/histogram.h"

enum { WINDOW_MOST = 65536 };

struct run {
    redisContext *redis;
    long window, bytes;
    double rate, warmup_s, seconds;
    char value[512];
    uint64_t *due; /* of those under way, a ring */
    uint64_t sent, answered, measured;
    uint64_t began;
    struct histogram latency;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void send_one(struct run *run, uint64_t due)
{
    run->due[run->sent++ % WINDOW_MOST] = due;
    redisAppendCommand(run->redis, "XADD bench:log * e %b", run->value, (size_t)run->bytes);
}

static void take_answers(struct run *run)
{
    void *reply;

    while (redisGetReplyFromReader(run->redis, &reply) == REDIS_OK && reply) {
        uint64_t now = now_ns();
        if (((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
            fprintf(stderr, "bench_xadd: %s\n", ((redisReply *)reply)->str);
            exit(2);
        }
        freeReplyObject(reply);
        uint64_t due = run->due[run->answered++ % WINDOW_MOST];
        if (now >= run->began) {
            histogram_add(&run->latency, now - due);
            run->measured++;
        }
    }
}

static void wait_for_answers(struct run *run, uint64_t until)
{
    struct pollfd poll_for = {.fd = run->redis->fd, .events = POLLIN};
    uint64_t now = now_ns(), wait = until > now ? until - now : 0;
    struct timespec timeout = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};

    if (ppoll(&poll_for, 1, &timeout, NULL) > 0 && redisBufferRead(run->redis) != REDIS_OK) {
        fprintf(stderr, "bench_xadd: %s\n", run->redis->errstr);
        exit(2);
    }
    take_answers(run);
}

static void go(struct run *run)
{
    uint64_t start = now_ns(), next = start, step = run->rate > 0 ? (uint64_t)(1e9 / run->rate) : 0;
    uint64_t end = start + (uint64_t)((run->warmup_s + run->seconds) * 1e9);
    int written;

    run->began = start + (uint64_t)(run->warmup_s * 1e9);
    for (uint64_t now = start; now < end; now = now_ns()) {
        while (step ? next <= now : run->sent - run->answered < (uint64_t)run->window) {
            send_one(run, step ? next : now);
            next += step;
        }
        do {
            if (redisBufferWrite(run->redis, &written) != REDIS_OK)
                exit(2);
        } while (!written);
        wait_for_answers(run, step ? next : end);
    }
}

int main(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof *run);
    int port = 6379;

    if (!run)
        abort();
    run->window = 1, run->bytes = 40, run->warmup_s = 1, run->seconds = 3;
    for (int i = 1; i + 1 < argc; i += 2) {
        double value = atof(argv[i + 1]);
        if (strcmp(argv[i], "--port") == 0)
            port = (int)value;
        else if (strcmp(argv[i], "--window") == 0)
            run->window = (long)value;
        else if (strcmp(argv[i], "--bytes") == 0)
            run->bytes = (long)value;
        else if (strcmp(argv[i], "--rate") == 0)
            run->rate = value;
        else if (strcmp(argv[i], "--warmup") == 0)
            run->warmup_s = value;
        else if (strcmp(argv[i], "--seconds") == 0)
            run->seconds = value;
    }
    run->redis = redisConnect("127.0.0.1", port);
    run->due = calloc(WINDOW_MOST, sizeof *run->due);
    if (!run->redis || run->redis->err || !run->due || run->bytes > (long)sizeof run->value ||
        run->window > WINDOW_MOST) {
        fprintf(stderr, "bench_xadd: cannot begin: %s\n", run->redis ? run->redis->errstr : "");
        return 2;
    }
    memset(run->value, 'x', sizeof run->value);
    go(run);
    printf("{\"acknowledged_per_s\":%.1f,\"acknowledge_us\":", (double)run->measured / run->seconds);
    histogram_print(&run->latency, stdout);
    printf("}\n");
    redisFree(run->redis);
    free(run->due);
    free(run);
    return 0;
}
