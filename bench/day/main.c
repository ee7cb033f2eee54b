/* bench_day HOST PORT TOKEN_KEY PLAN EVENTS_OUT: sends the plan's day. Prints {"stage":...} and waits for a
 * line on standard input when devices and agencies are connected ("speakers"), when followers are
 * ("followers") and when all has come that was to come ("over"), so that who started it can look at the
 * servers; then the report, and EVENTS_OUT has what became of each event. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/day/day.h"

enum { ARGUMENTS = 6 };

static void stage(const struct day *day, const char *name)
{
    char line[16];

    printf("{\"stage\":\"%s\",\"connections\":%zu,\"lost\":%zu}\n", name, day->loop.ready, day->loop.lost);
    fflush(stdout);
    if (day->loop.lost || read(STDIN_FILENO, line, sizeof line) <= 0)
        exit(2);
}

static struct day *prepare(char **arguments)
{
    struct day *day = plan_room(1, sizeof *day);
    struct timespec now;
    const char *error = "";

    day->host = arguments[1];
    day->port = atoi(arguments[2]);
    day->key = token_key_load(arguments[3], &error);
    if (!day->key) {
        fprintf(stderr, "bench_day: %s: %s\n", arguments[3], error);
        exit(2);
    }
    day->plan = plan_read(arguments[4]);
    if (day->plan->events > TAG_COUNT) {
        fprintf(stderr, "bench_day: at most %u events, so that each is known again\n", (unsigned)TAG_COUNT);
        exit(2);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    day->session = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    day->tags.first_minute = tags_first_minute((int64_t)day->session);
    day->interval = (uint64_t)(day->plan->seconds * 1e9) / INTERVALS + 1;
    loop_init(&day->loop);
    return day;
}

static void make_room(struct day *day)
{
    const struct plan *plan = day->plan;

    day->device_seq = plan_room(plan->device_count, sizeof *day->device_seq);
    day->state = plan_room(plan->events, sizeof *day->state);
    day->device = plan_room(plan->events, sizeof *day->device);
    day->due_us = plan_room(plan->events, sizeof *day->due_us);
    day->copies = plan_room(plan->events, sizeof *day->copies);
    day->copies_sum = plan_room(plan->events, sizeof *day->copies_sum);
    measure_init(&day->answered);
    measure_init(&day->notices_answered);
    measure_init(&day->activity);
    measure_init(&day->shown);
}

int main(int count, char **arguments)
{
    if (count != ARGUMENTS) {
        fprintf(stderr, "usage: bench_day HOST PORT TOKEN_KEY PLAN EVENTS_OUT\n");
        return 2;
    }
    struct day *day = prepare(arguments);

    make_room(day);
    expected_prepare(day);
    speakers_open(day);
    stage(day, "speakers");
    followers_open(day);
    stage(day, "followers");
    day_run(day);
    printf("{\"stage\":\"over\",\"connections\":%zu,\"lost\":%zu}\n", day->loop.ready, day->loop.lost);
    fflush(stdout);
    char line[16];
    if (read(STDIN_FILENO, line, sizeof line) <= 0)
        return 2;
    day_report(day);
    if (!day_write_events(day, arguments[5])) {
        fprintf(stderr, "bench_day: %s: %s\n", arguments[5], strerror(errno));
        return 2;
    }
    speakers_close(day);
    return 0;
}
