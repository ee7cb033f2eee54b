/* The part of the metrics page that says how things are now: every Redis that carries the state, as each
 * process sees it, and the processes themselves. */
#include "broker/metrics_inside.h"

/* ---- the Redis ---- */

static double up(const struct store_master *master)
{
    return master->up;
}

static double replicas(const struct store_master *master)
{
    return master->replicas;
}

static double lacking(const struct store_master *master)
{
    return master->lacking;
}

static double unwritten(const struct store_master *master)
{
    return master->unwritten;
}

static double memory(const struct store_master *master)
{
    return (double)master->memory;
}

static double memory_most(const struct store_master *master)
{
    return (double)master->memory_most;
}

static double clock_ahead(const struct store_master *master)
{
    return (double)master->clock_ahead / 1000.;
}

static void print_durabilities(FILE *out, const struct board *board)
{
    metric_head(out, "redis_durability", "gauge", "How that Redis is found to keep what it acknowledges");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        for (size_t m = 0; m < state->master_count; m++) {
            fprintf(out, "neighbors_redis_durability{process=\"%s\",redis=\"%s\",appendfsync=\"%s\"} 1\n",
                state->node, state->masters[m].name, state->masters[m].durability);
        }
    }
}

void metrics_of_masters(FILE *out, const struct board *board)
{
    static const struct {
        const char *name, *sentence;
        double (*value)(const struct store_master *master);
    } gauges[] = {
        {"redis_up", "1 while that Redis carries calls", up},
        {"redis_replicas", "Replicas connected to it", replicas},
        {"redis_replicas_lacking", "1 while too few of its replicas have what was written", lacking},
        {"redis_write_failed", "1 when it could not write its files the last time that it tried", unwritten},
        {"redis_memory_bytes", "Memory that its data takes", memory},
        {"redis_memory_limit_bytes", "Memory that it may take, as it is set; 0: no limit", memory_most},
        {"redis_clock_ahead_seconds", "Seconds that its clock is ahead of the broker's, at least",
            clock_ahead},
    };
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        metric_head(out, gauges[i].name, "gauge", gauges[i].sentence);
        for (size_t p = 0; p < board->count; p++) {
            const struct process_state *state = &board->processes[p];
            for (size_t m = 0; m < state->master_count; m++) {
                fprintf(out, "neighbors_%s{process=\"%s\",redis=\"%s\"} %.15g\n", gauges[i].name, state->node,
                    state->masters[m].name, gauges[i].value(&state->masters[m]));
            }
        }
    }
    print_durabilities(out, board);
}

/* ---- the processes ---- */

static double ready(const struct process_state *state, int64_t now)
{
    (void)now;
    return atomic_load(&state->ready) && state->store.available;
}

static double skew(const struct process_state *state, int64_t now)
{
    (void)now;
    return (double)state_clock_skew(state) / 1000.;
}

static double outbox(const struct process_state *state, int64_t now)
{
    int64_t oldest = state->store.outbox_oldest;
    return oldest && oldest < now ? (double)(now - oldest) / 1000. : 0.;
}

static double forgetting(const struct process_state *state, int64_t now)
{
    int64_t oldest = state->store.forget_oldest;
    return oldest && oldest < now ? (double)(now - oldest) / 1000. : 0.;
}

static double as_of(const struct process_state *state, int64_t now)
{
    (void)now;
    return (double)state->as_of / 1000.;
}

static double certificate(const struct process_state *state, int64_t now)
{
    (void)now;
    return (double)state->certificate_ends / 1000.;
}

static double started(const struct process_state *state, int64_t now)
{
    (void)now;
    return (double)state->started_at / 1000.;
}

void metrics_of_processes(FILE *out, const struct board *board, int64_t now)
{
    static const struct {
        const char *name, *sentence;
        double (*value)(const struct process_state *state, int64_t now);
    } gauges[] = {
        {"ready", "1 while it serves: it listens, the store answers, and it is not stopping", ready},
        {"clock_skew_seconds", "The clock of Redis that differs most, in seconds ahead of the broker's",
            skew},
        {"outbox_oldest_seconds", "How long the oldest alert waits that is in no channel yet; 0: none does",
            outbox},
        {"forget_oldest_seconds",
            "How long somebody waits whose wish to be forgotten is being carried out here; 0: none is",
            forgetting},
        {"feed_as_of_timestamp_seconds", "Up to when silence is proved to be silence; 0: not yet", as_of},
        {"tls_certificate_expires_timestamp_seconds", "When the server's certificate ends; 0: there is none",
            certificate},
        {"start_timestamp_seconds", "When the process was started", started},
    };
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        metric_head(out, gauges[i].name, "gauge", gauges[i].sentence);
        for (size_t p = 0; p < board->count; p++) {
            const struct process_state *state = &board->processes[p];
            fprintf(out, "neighbors_%s{process=\"%s\"} %.15g\n", gauges[i].name, state->node,
                gauges[i].value(state, now));
        }
    }
    metric_head(out, "build_info", "gauge", "The version that runs");
    fprintf(out, "neighbors_build_info{version=\"%s\"} 1\n", board->version);
}
