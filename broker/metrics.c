/* The board that processes share, and the metrics page made from the tables of counters. */
#include "broker/metrics_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ROW(name, kind, sentence), as in broker/counters.h, of struct store_counters. */
#define STORE_TABLE(ROW)                                                                                     \
    ROW(calls, counter, "Calls to the store")                                                                \
    ROW(events_stored, counter, "Motion events stored")                                                      \
    ROW(events_repeated, counter, "Motion events that were stored before")                                   \
    ROW(reconnects, counter, "Connections to the store that were made anew")                                 \
    ROW(retries, counter, "Calls sent again after a lost connection")                                        \
    ROW(deadline_misses, counter, "Times that the store did not answer in time")                             \
    ROW(alerts_appended, counter, "Changes of alerts appended to channels")                                  \
    ROW(activity_released, counter, "Activities published")                                                  \
    ROW(activity_unshared, counter, "Activities not published: sharing was off when they were due")          \
    ROW(activity_below_k, counter, "Activities not published: too few sharing households in the cell")       \
    ROW(activity_merged, counter, "Activities not published: within the cooldown of another of that device") \
    ROW(households_resettled, counter, "Households whose change was left half done, finished here")          \
    ROW(entries_trimmed, counter, "Channel entries trimmed")                                                 \
    ROW(log_leaves, counter, "Leaves appended to the public record")                                         \
    ROW(log_heads, counter, "Heads of the public record signed")                                             \
    ROW(log_broken, gauge, "1 while the public record is not what was signed: somebody changed it")          \
    ROW(waiting, gauge, "Calls to the store without an answer now")                                          \
    ROW(put_back, counter, "Calls that a Redis Cluster put back, because their slot moved or nobody had it") \
    ROW(given_up, counter, "Calls of upkeep given up, and done later: the Redis they are for is away")       \
    ROW(waits, counter, "Times that replicas of Redis were waited for")                                      \
    ROW(waits_unsatisfied, counter, "Times that too few replicas had what was written")                      \
    ROW(wanted_replicas, gauge, "Replicas of Redis that must have what is acknowledged")                     \
    ROW(masters, gauge, "Redis that carry the state: masters with slots of a cluster, or 1")                 \
    ROW(slots_away, gauge, "Of 16384 slots, those whose Redis does not answer")                              \
    ROW(nodes_missing, gauge, "Nodes of a Redis Cluster that it holds to be dead; the log says which")       \
    ROW(available, gauge, "1 while the store answers, of a cluster any part")

struct metric {
    const char *name, *kind, *sentence;
};
#define METRIC(name_, kind_, sentence_) {#name_, #kind_, sentence_},

struct board *board_new(size_t count)
{
    size_t size = sizeof(struct board) + count * sizeof(struct process_state);
    struct board *board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        return NULL;
    }
    board->count = count;
    return board;
}

void board_free(struct board *board)
{
    if (board) {
        munmap(board, sizeof(struct board) + board->count * sizeof(struct process_state));
    }
}

void board_publish(struct process_state *state, const struct counters *counters, const struct store *store)
{
    state->counters = *counters;
    if (store) {
        state->store = *store_counters(store);
        state->as_of = store_as_of(store);
        state->master_count = store_masters(store, state->masters);
        snprintf(state->durability, sizeof(state->durability), "%s", store_durability(store));
    }
}

void metric_head(FILE *out, const char *name, const char *kind, const char *sentence)
{
    fprintf(out, "# HELP neighbors_%s %s\n# TYPE neighbors_%s %s\n", name, sentence, name, kind);
}

static void print_head(FILE *out, const char *prefix, const struct metric *metric, const char *suffix)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", prefix, metric->name, suffix);
    metric_head(out, name, metric->kind, metric->sentence);
}

static const char *suffix_of(const struct metric *metric)
{
    return strcmp(metric->kind, "counter") == 0 ? "_total" : "";
}

static void print_broker(FILE *out, const struct board *board)
{
    static const struct metric metrics[] = {COUNTER_TABLE(METRIC)};
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        print_head(out, "", &metrics[i], suffix_of(&metrics[i]));
        for (size_t p = 0; p < board->count; p++) {
            const struct process_state *state = &board->processes[p];
            uint64_t value = ((const uint64_t *)&state->counters)[i]; /* the rows are the struct's members */
            fprintf(out, "neighbors_%s%s{process=\"%s\"} %" PRIu64 "\n", metrics[i].name,
                suffix_of(&metrics[i]), state->node, value);
        }
    }
}

static void print_store(FILE *out, const struct board *board)
{
#define STORE_VALUES(name_, kind_, sentence_) (uint64_t) board->processes[p].store.name_,
    static const struct metric metrics[] = {STORE_TABLE(METRIC)};
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        print_head(out, "store_", &metrics[i], suffix_of(&metrics[i]));
        for (size_t p = 0; p < board->count; p++) {
            const uint64_t values[] = {STORE_TABLE(STORE_VALUES)};
            fprintf(out, "neighbors_store_%s%s{process=\"%s\"} %" PRIu64 "\n", metrics[i].name,
                suffix_of(&metrics[i]), board->processes[p].node, values[i]);
        }
    }
#undef STORE_VALUES
}

static void print_http(FILE *out, const struct board *board)
{
    static const struct metric metric = {
        "requests", "counter", "HTTP requests answered, by route and status"};
#define LABEL(name_, label_) label_,
    static const char *const labels[] = {HTTP_COUNTED_TABLE(LABEL)};
#undef LABEL
    print_head(out, "http_", &metric, "_total");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        for (int route = 0; route < HTTP_COUNTED; route++) {
            for (int status = 2; status < HTTP_STATUSES; status++) {
                fprintf(out,
                    "neighbors_http_requests_total{process=\"%s\",route=\"%s\",status=\"%dxx\"} %" PRIu64
                    "\n",
                    state->node, labels[route], status, state->http[route][status]);
            }
        }
    }
}

static void print_durability(FILE *out, const struct board *board)
{
    static const struct metric metric = {
        "durability", "gauge", "How the store is found to keep what it acknowledges"};
    print_head(out, "store_", &metric, "");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        fprintf(out, "neighbors_store_durability{process=\"%s\",appendfsync=\"%s\"} 1\n", state->node,
            state->durability);
    }
}

int64_t state_clock_skew(const struct process_state *state)
{
    int64_t most = 0;
    for (size_t i = 0; i < state->master_count; i++) {
        if (llabs(state->masters[i].clock_ahead) > llabs(most)) {
            most = state->masters[i].clock_ahead;
        }
    }
    return most;
}

char *metrics_page(const struct board *board, int64_t now)
{
    char *page = NULL;
    size_t len;
    FILE *out = open_memstream(&page, &len);
    if (!out) {
        return NULL;
    }
    print_broker(out, board);
    print_store(out, board);
    print_http(out, board);
    print_durability(out, board);
    metrics_of_messages(out, board);
    metrics_of_masters(out, board);
    metrics_of_processes(out, board, now);
    fclose(out);
    return page;
}
