/* Reads the logs of all households back, as Redis has them, and holds them against what was acknowledged:
 * bench_logs PLAN EVENTS PORT...    (of each Redis with a part of the keys)
 * Prints one JSON object: events that were acknowledged and are not there, that are there twice, that were
 * not acknowledged and are there all the same (allowed only when no answer came), that are in another's log.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/day/day.h"
#include "broker/kind/motion_record.h"

struct logs {
    const struct plan *plan;
    uint8_t *state, *found;
    uint32_t *device;
    uint32_t events;
    uint64_t records, keys, foreign;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_logs: %s\n", what);
    exit(2);
}

static redisReply *ask(redisContext *redis, const char *format, const void *argument, size_t len)
{
    redisReply *reply = redisCommand(redis, format, argument, len);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        die(reply ? reply->str : redis->errstr);
    return reply;
}

static void read_states(struct logs *logs, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(strerror(errno));
    logs->events = (uint32_t)((size_t)ftell(file) / (1 + sizeof *logs->device));
    rewind(file);
    logs->state = plan_room(logs->events, 1);
    logs->found = plan_room(logs->events, 1);
    logs->device = plan_room(logs->events, sizeof *logs->device);
    if (fread(logs->state, 1, logs->events, file) != logs->events ||
        fread(logs->device, sizeof *logs->device, logs->events, file) != logs->events)
        die("the file of events is cut short");
    fclose(file);
}

/* The event of a record must be of a device of the household whose log it is in, under that device's number.
 */
static void take_record(struct logs *logs, struct text household, struct bytes record)
{
    struct motion_event event;
    uint16_t number;
    char digits[16] = {0};

    logs->records++;
    if (!motion_record_read(record, &event, &number) || event.activity_id.len != 12) {
        logs->foreign++;
        return;
    }
    memcpy(digits, event.activity_id.data, 12);
    uint64_t index = strtoull(digits, NULL, 16);
    if (index >= logs->events) {
        logs->foreign++;
        return;
    }
    uint32_t device = logs->device[index];
    const struct home *home = &logs->plan->homes[logs->plan->home_of[device]];
    if (!text_equal(household, text_of(home->name)) || number != device - home->first + 1)
        logs->foreign++;
    else if (logs->found[index] < UINT8_MAX)
        logs->found[index]++;
}

static void take_entry(struct logs *logs, struct text household, const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const uint8_t *at = (const uint8_t *)fields->element[i + 1]->str,
                      *end = at + fields->element[i + 1]->len;
        if (strcmp(fields->element[i]->str, "e") != 0)
            continue;
        for (; at < end && at + 1 + *at <= end; at += 1 + *at)
            take_record(logs, household, (struct bytes){at + 1, *at});
    }
}

static void take_log(struct logs *logs, redisContext *redis, const redisReply *key)
{
    const char *name = strstr(key->str, "log:");
    redisReply *reply = ask(redis, "XRANGE %b - +", key->str, key->len);

    logs->keys++;
    for (size_t i = 0; name && i < reply->elements; i++)
        take_entry(logs, text_of(name + 4), reply->element[i]->element[1]);
    freeReplyObject(reply);
}

static void take_redis(struct logs *logs, int port)
{
    redisContext *redis = redisConnect("127.0.0.1", port);
    char cursor[24] = "0";

    if (!redis || redis->err)
        die(redis ? redis->errstr : "out of memory");
    do {
        redisReply *page = ask(redis, "SCAN %b MATCH nb:{r*}:log:* COUNT 5000", cursor, strlen(cursor));
        snprintf(cursor, sizeof cursor, "%s", page->element[0]->str);
        for (size_t i = 0; i < page->element[1]->elements; i++)
            take_log(logs, redis, page->element[1]->element[i]);
        freeReplyObject(page);
    } while (strcmp(cursor, "0") != 0);
    redisFree(redis);
}

int main(int count, char **arguments)
{
    uint64_t acknowledged = 0, lost = 0, doubled = 0, unasked = 0;
    struct logs logs = {.plan = count > 3 ? plan_read(arguments[1]) : NULL};

    if (!logs.plan)
        die("usage: bench_logs PLAN EVENTS PORT...");
    read_states(&logs, arguments[2]);
    for (int i = 3; i < count; i++)
        take_redis(&logs, atoi(arguments[i]));
    for (uint32_t i = 0; i < logs.events; i++) {
        bool stored = logs.state[i] & EVENT_STORED;
        acknowledged += stored;
        lost += stored && !logs.found[i];
        doubled += logs.found[i] > 1;
        unasked += logs.found[i] && !stored;
    }
    printf("{\"acknowledged\":%llu,\"records\":%llu,\"households\":%llu,\"lost\":%llu,\"doubled\":%llu,"
           "\"unacknowledged\":%llu,\"foreign\":%llu}\n",
        (unsigned long long)acknowledged, (unsigned long long)logs.records, (unsigned long long)logs.keys,
        (unsigned long long)lost, (unsigned long long)doubled, (unsigned long long)unasked,
        (unsigned long long)logs.foreign);
    return 0;
}
