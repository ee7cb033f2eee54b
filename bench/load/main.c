/* bench_load: publishers and followers by the thousand on one thread, open-loop or closed-loop; prints one
 * JSON object. It speaks to neighborsd and to plain MQTT brokers, so that both are measured by the same hand.
 *
 * Open-loop, every publish has a due time from a fixed schedule and its latencies count from there: a server
 * that stalls is charged for all that should have been sent meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/load.h"

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct link_identity load_identity(const struct load *load, const char *client, const char *user, char *token)
{
    enum { LIVES_S = 24 * 3600 };
    struct link_identity identity = {.client = client};

    if (!load->key)
        return identity;
    const struct token_grant grant = {.subject = text_of(user), .now_ms = wall_ms(), .ttl_s = LIVES_S};
    if (!token_sign(load->key, &grant, token)) {
        fprintf(stderr, "bench_load: cannot sign a token\n");
        exit(2);
    }
    identity.user = user;
    identity.password = (struct bytes){(const uint8_t *)token, strlen(token)};
    return identity;
}

static struct load *prepare(int argc, char **argv)
{
    struct load *load = calloc(1, sizeof *load);
    const char *error = "";
    char channel[CHANNEL_TEXT];

    if (!load)
        abort();
    options_read(&load->options, argc, argv);
    if (load->options.token_key && !(load->key = token_key_load(load->options.token_key, &error))) {
        fprintf(stderr, "bench_load: %s: %s\n", load->options.token_key, error);
        exit(2);
    }
    loop_init(&load->loop);
    if (load->options.tls_ca)
        loop_use_tls(&load->loop, load->options.tls_ca);
    tags_init(&load->tags, wall_ms());
    load->positions = calloc(1024, sizeof *load->positions);
    load->topics = calloc(1024, sizeof *load->topics);
    if (!load->positions || !load->topics)
        abort();
    for (long i = 0; i < 1024; i++) {
        load->positions[i] = leaf_position(i);
        channel_name(i, channel);
        snprintf(load->topics[i], TOPIC_TEXT, "%s/%s", load->options.format == FORMAT_JSON ? "home" : "relay",
            channel);
    }
    if (load->options.rate > 0)
        load->due_step = (uint64_t)(1e9 * (double)load->options.batch / load->options.rate);
    return load;
}

void load_drain(struct load *load)
{
    uint64_t quiet = (uint64_t)(load->options.drain_s * 1e9), last = now_ns();
    struct tally before = load->all;
    uint64_t copies = (uint64_t)load->options.followers;

    while (now_ns() < last + quiet && load->loop.lost == 0 &&
           (load->all.acknowledged + load->all.refused < load->all.sent * (uint64_t)(load->options.qos > 0) ||
               load->all.delivered < load->all.acknowledged * copies)) {
        loop_turn(&load->loop, now_ns() + 10000000u);
        if (load->all.acknowledged != before.acknowledged || load->all.delivered != before.delivered)
            last = now_ns();
        before = load->all;
    }
}

static void report(const struct load *load, uint64_t took_ns, const struct processor_time *before,
    const struct processor_time *after)
{
    struct processor_time used = {.own = after->own - before->own};

    for (int i = 0; i < load->options.watched_count; i++)
        used.watched[i] = after->watched[i] - before->watched[i];
    load_report(load, (double)took_ns / 1e9, &used);
}

static void measure(struct load *load)
{
    uint64_t start = now_ns(), began = start + (uint64_t)(load->options.warmup_s * 1e9);
    struct processor_time used, end;

    load->publishing = true;
    load->next_due = start;
    if (load->due_step == 0)
        publishers_start(load);
    if (load->options.events == 0)
        load_run(load, began);
    load->measuring = true;
    used = processor_time(load);
    began = now_ns();
    load_run(load, load->options.events ? UINT64_MAX : began + (uint64_t)(load->options.seconds * 1e9));
    uint64_t ended = now_ns();
    end = processor_time(load);
    load->publishing = load->measuring = false;
    load_drain(load);
    report(load, ended - began, &used, &end);
}

/* The same work again and again on the same connections, each time with a report of its own. */
static void burst(struct load *load, long events)
{
    load->options.events = (long)load->all.sent + events;
    load->measured = (struct tally){0};
    load->acknowledge_latency = load->follow_latency = (struct histogram){0};
    load->publishing = load->measuring = true;
    struct processor_time used = processor_time(load);
    uint64_t began = load->next_due = now_ns();
    if (load->due_step == 0)
        publishers_start(load);
    load_run(load, UINT64_MAX);
    load_drain(load); /* what it gave to followers is part of it */
    uint64_t ended = now_ns();
    struct processor_time end = processor_time(load);
    load->publishing = load->measuring = false;
    report(load, ended - began, &used, &end);
}

static void bursts(struct load *load)
{
    char line[32];

    while (load->loop.lost == 0 && fgets(line, sizeof line, stdin))
        burst(load, atol(line));
}

/* Keeps all connections until somebody says so. */
static void hold(struct load *load)
{
    char line[16];

    printf(
        "{\"ready\":true,\"followers\":%ld,\"lost_connections\":%zu}\n", load->subscribed, load->loop.lost);
    fflush(stdout);
    if (read(STDIN_FILENO, line, sizeof line) < 0)
        perror("bench_load");
}

int main(int argc, char **argv)
{
    struct load *load = prepare(argc, argv);
    struct processor_time none = {0};

    load_connect_followers(load);
    load_connect_publishers(load);
    if (load->options.fanout) {
        fanout_run(load);
        load_report(load, 1, &none);
    } else if (load->options.bursts) {
        bursts(load);
    } else if (load->options.publishers) {
        measure(load);
    }
    if (load->options.hold)
        hold(load);
    for (long i = 0; i < load->options.publishers; i++)
        link_close(&load->publishers[i].link);
    for (long i = 0; i < load->follower_links; i++)
        link_close(&load->followers[i].link);
    return load->loop.lost ? 1 : 0;
}
