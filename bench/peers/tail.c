/* bench_tail: what it costs to hear what is appended to many streams. A process of its own appends at a rate
 * (open-loop, a script that does XADD and, where the way needs it, SPUBLISH); this one hears it, by one of:
 *   none    nobody listens: what appending alone costs
 *   xread   one XREAD BLOCK over all streams, again after each answer
 *   carry   a sharded channel a stream, whose messages carry the entries
 *   wake    a sharded channel a stream, whose messages carry nothing; then one XREAD of those that were told
 * Latencies count from when an entry was due. Prints one JSON object. */
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/histogram.h"

enum { BYTES = 48, KEY = 32 };
enum way { NONE, XREAD, CARRY, WAKE, WAYS };
static const char *const WAY[WAYS] = {"none", "xread", "carry", "wake"};
static const char *const SCRIPT[WAYS] = {
    [NONE] = "return redis.call('XADD', KEYS[1], '*', 'a', ARGV[1])",
    [XREAD] = "return redis.call('XADD', KEYS[1], '*', 'a', ARGV[1])",
    [CARRY] = "local id = redis.call('XADD', KEYS[1], '*', 'a', ARGV[1]) "
              "redis.call('SPUBLISH', 'f' .. KEYS[1], 'a' .. id .. ' ' .. ARGV[1]) return id",
    [WAKE] = "local id = redis.call('XADD', KEYS[1], '*', 'a', ARGV[1]) "
             "redis.call('SPUBLISH', 'f' .. KEYS[1], '') return id",
};

struct run {
    enum way way;
    int port;
    long channels;
    double rate, warmup_s, seconds;
    redisContext *feed, *read; /* read: of WAKE */
    char (*last)[KEY];         /* the last entry heard of each stream */
    long *told, told_count;    /* WAKE: streams to be read */
    bool *is_told, reading;
    uint64_t began, end, heard;
    struct histogram latency;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_tail: %s\n", what);
    exit(2);
}

static redisContext *open_redis(const struct run *run)
{
    redisContext *redis = redisConnect("127.0.0.1", run->port);
    if (!redis || redis->err)
        fail("no Redis");
    return redis;
}

static void wait_readable(redisContext *const *list, int count, uint64_t until)
{
    struct pollfd fds[2];
    uint64_t now = now_ns(), wait = until > now ? until - now : 0;
    struct timespec timeout = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = list[i]->fd, .events = POLLIN};
    if (ppoll(fds, (nfds_t)count, &timeout, NULL) <= 0)
        return;
    for (int i = 0; i < count; i++) {
        if (fds[i].revents && redisBufferRead(list[i]) != REDIS_OK)
            fail(list[i]->errstr);
    }
}

static void flush(redisContext *redis)
{
    int done = 0;
    while (!done) {
        if (redisBufferWrite(redis, &done) != REDIS_OK)
            fail(redis->errstr);
    }
}

/* ---- appending ---- */

static void append_all(const struct run *run, uint64_t start)
{
    redisContext *redis = open_redis(run);
    redisReply *sha = redisCommand(redis, "SCRIPT LOAD %s", SCRIPT[run->way]);
    uint64_t step = (uint64_t)(1e9 / run->rate), number = 0;
    if (!sha || sha->type != REDIS_REPLY_STRING)
        fail("the script was refused");
    for (uint64_t next = start; next < run->end;) {
        void *reply;
        for (; next <= now_ns(); next += step, number++) {
            char data[BYTES] = {0};
            memcpy(data, &next, sizeof(next));
            redisAppendCommand(redis, "EVALSHA %s 1 s%ld %b", sha->str,
                (long)(number * 7919 % (uint64_t)run->channels), data, sizeof(data));
        }
        flush(redis);
        wait_readable(&redis, 1, next);
        while (redisGetReplyFromReader(redis, &reply) == REDIS_OK && reply) {
            if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
                fail(((redisReply *)reply)->str);
            freeReplyObject(reply);
        }
    }
    _exit(0);
}

static void make_streams(const struct run *run)
{
    redisContext *redis = open_redis(run);
    for (long i = 0; i < run->channels; i++)
        redisAppendCommand(redis, "XADD s%ld 1-1 a x", i);
    for (long i = 0; i < run->channels; i++) {
        void *reply;
        if (redisGetReply(redis, &reply) != REDIS_OK)
            fail(redis->errstr);
        freeReplyObject(reply);
    }
    redisFree(redis);
}

/* ---- hearing ---- */

static void on_entry(struct run *run, const char *data)
{
    uint64_t due, now = now_ns();
    memcpy(&due, data, sizeof(due));
    if (due >= run->began && due < run->end) {
        histogram_add(&run->latency, now - due);
        run->heard++;
    }
}

/* Asks for what is behind the last entry of these streams; NULL: of all. */
static void ask_streams(struct run *run, redisContext *redis, const long *which, long count, bool block)
{
    size_t words = 0;
    const char **argv = malloc((size_t)(2 * count + 8) * sizeof(*argv));
    char(*names)[KEY] = malloc((size_t)count * KEY);
    if (!argv || !names)
        abort();
    argv[words++] = "XREAD";
    if (block) {
        argv[words++] = "BLOCK";
        argv[words++] = "0";
    }
    argv[words++] = "STREAMS";
    for (long i = 0; i < count; i++) {
        snprintf(names[i], KEY, "s%ld", which ? which[i] : i);
        argv[words++] = names[i];
    }
    for (long i = 0; i < count; i++)
        argv[words++] = run->last[which ? which[i] : i];
    redisAppendCommandArgv(redis, (int)words, argv, NULL);
    flush(redis);
    free(argv);
    free(names);
}

static void on_streams(struct run *run, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        fail(reply->str);
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *stream = reply->element[i], *entries = stream->element[1];
        long number = atol(stream->element[0]->str + 1);
        for (size_t n = 0; n < entries->elements; n++) {
            const redisReply *entry = entries->element[n];
            on_entry(run, entry->element[1]->element[1]->str);
            snprintf(run->last[number], KEY, "%s", entry->element[0]->str);
        }
    }
}

static void on_message(struct run *run, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || strcmp(reply->element[0]->str, "smessage") != 0)
        fail("no message");
    const redisReply *data = reply->element[2];
    long number = atol(reply->element[1]->str + 2);
    if (run->way == CARRY) {
        on_entry(run, (const char *)memchr(data->str, ' ', data->len) + 1);
    } else if (!run->is_told[number]) {
        run->is_told[number] = true;
        run->told[run->told_count++] = number;
    }
}

static void read_told(struct run *run)
{
    if (run->reading || run->told_count == 0)
        return;
    ask_streams(run, run->read, run->told, run->told_count, false);
    for (long i = 0; i < run->told_count; i++)
        run->is_told[run->told[i]] = false;
    run->told_count = 0;
    run->reading = true;
}

static void hear(struct run *run)
{
    redisContext *const list[] = {run->feed, run->read};
    wait_readable(list, run->way == WAKE ? 2 : 1, run->end + 1000000000u);
    void *reply;
    while (redisGetReplyFromReader(run->feed, &reply) == REDIS_OK && reply) {
        if (run->way == XREAD) {
            on_streams(run, reply);
            ask_streams(run, run->feed, NULL, run->channels, true);
        } else {
            on_message(run, reply);
        }
        freeReplyObject(reply);
    }
    while (run->way == WAKE && redisGetReplyFromReader(run->read, &reply) == REDIS_OK && reply) {
        on_streams(run, reply);
        run->reading = false;
        freeReplyObject(reply);
    }
    if (run->way == WAKE)
        read_told(run);
}

static void begin_hearing(struct run *run)
{
    if (run->way == XREAD)
        ask_streams(run, run->feed, NULL, run->channels, true);
    if (run->way != CARRY && run->way != WAKE)
        return;
    for (long i = 0; i < run->channels; i++)
        redisAppendCommand(run->feed, "SSUBSCRIBE fs%ld", i);
    for (long i = 0; i < run->channels; i++) {
        void *reply;
        if (redisGetReply(run->feed, &reply) != REDIS_OK)
            fail(run->feed->errstr);
        freeReplyObject(reply);
    }
}

/* ---- costs ---- */

static double info(redisContext *redis, const char *section, const char *name)
{
    redisReply *reply = redisCommand(redis, "INFO %s", section);
    const char *at = reply && reply->type == REDIS_REPLY_STRING ? strstr(reply->str, name) : NULL;
    double value = at ? atof(at + strlen(name)) : 0;
    freeReplyObject(reply);
    return value;
}

static double redis_us(redisContext *redis)
{
    return 1e6 * (info(redis, "cpu", "used_cpu_sys:") + info(redis, "cpu", "used_cpu_user:"));
}

static double own_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Until Redis has taken the blocking command, or confirmed all channels. */
static void follow(struct run *run, redisContext *ask)
{
    begin_hearing(run);
    while (run->way == XREAD && info(ask, "clients", "blocked_clients:") < 1)
        continue;
}

static void measure(struct run *run)
{
    redisContext *ask = open_redis(run);
    make_streams(run);
    run->feed = open_redis(run);
    run->read = open_redis(run);
    double memory = info(ask, "memory", "used_memory:");
    uint64_t start = now_ns();
    follow(run, ask);
    double follow_us = (double)(now_ns() - start) / 1e3 / (double)run->channels;
    memory = (info(ask, "memory", "used_memory:") - memory) / (double)run->channels;
    start = now_ns();
    run->began = start + (uint64_t)(run->warmup_s * 1e9);
    run->end = run->began + (uint64_t)(run->seconds * 1e9);
    pid_t writer = fork();
    if (writer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        append_all(run, start);
    }
    double redis_before = redis_us(ask), own_before = own_us();
    uint64_t sent = (uint64_t)((run->warmup_s + run->seconds) * run->rate);
    uint64_t wanted = (uint64_t)(run->seconds * run->rate) - 1; /* by rounding, one may be none */
    while (run->way != NONE && run->heard < wanted && now_ns() < run->end + 1000000000u)
        hear(run);
    waitpid(writer, NULL, 0);
    printf("{\"sent\":%llu,\"heard\":%llu,\"wanted\":%llu,\"redis_us\":%.3f,\"own_us\":%.3f,\"bytes\":%.1f,"
           "\"follow_us\":%.2f,"
           "\"latency_us\":",
        (unsigned long long)sent, (unsigned long long)run->heard, (unsigned long long)wanted,
        (redis_us(ask) - redis_before) / (double)sent, (own_us() - own_before) / (double)sent, memory,
        follow_us);
    histogram_print(&run->latency, stdout);
    printf("}\n");
    redisFree(ask);
}

int main(int argc, char **argv)
{
    struct run run = {.port = 6379, .channels = 1, .rate = 1000, .warmup_s = 0.5, .seconds = 2};
    for (int i = 1; i + 1 < argc; i += 2) {
        double value = atof(argv[i + 1]);
        if (strcmp(argv[i], "--port") == 0)
            run.port = (int)value;
        else if (strcmp(argv[i], "--channels") == 0)
            run.channels = (long)value;
        else if (strcmp(argv[i], "--rate") == 0)
            run.rate = value;
        else if (strcmp(argv[i], "--warmup") == 0)
            run.warmup_s = value;
        else if (strcmp(argv[i], "--seconds") == 0)
            run.seconds = value;
        for (int way = 0; way < WAYS; way++) {
            if (strcmp(argv[i], "--way") == 0 && strcmp(argv[i + 1], WAY[way]) == 0)
                run.way = (enum way)way;
        }
    }
    size_t count = (size_t)run.channels;
    run.last = calloc(count, sizeof(*run.last));
    run.told = calloc(count, sizeof(*run.told));
    run.is_told = calloc(count, sizeof(*run.is_told));
    if (!run.last || !run.told || !run.is_told || run.rate <= 0)
        fail("cannot begin");
    for (size_t i = 0; i < count; i++)
        strcpy(run.last[i], "1-1");
    measure(&run);
    free(run.last);
    free(run.told);
    free(run.is_told);
    return 0;
}
