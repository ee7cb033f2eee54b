/* The part of the metrics page that is by kind of message: how many, how many in vain, how long they took. */
#include <inttypes.h>
#include <string.h>

#include "broker/metrics_inside.h"

/* "motion" of "nb/v1/motion". */
static const char *label_of(enum publish_topic topic)
{
    return topic == TOPIC_NONE ? "other" : topic_name(topic) + strlen("nb/v1/");
}

static bool has_row(enum publish_topic topic)
{
    return counted_as(topic) == topic;
}

static uint64_t received(const struct kind_counters *kind)
{
    return kind->received;
}

static uint64_t refused(const struct kind_counters *kind)
{
    return kind->refused;
}

static uint64_t failed(const struct kind_counters *kind)
{
    return kind->failed;
}

static void print_counts(FILE *out, const struct board *board)
{
    static const struct {
        const char *name, *sentence;
        uint64_t (*value)(const struct kind_counters *kind);
    } counts[] = {
        {"kind_received_total", "Messages that began their way in, by kind", received},
        {"kind_refused_total", "Messages refused, by kind; the reasons are neighbors_refused_*", refused},
        {"kind_failed_total", "Messages not acknowledged because the store failed, by kind", failed},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        metric_head(out, counts[i].name, "counter", counts[i].sentence);
        for (size_t p = 0; p < board->count; p++) {
            const struct process_state *state = &board->processes[p];
            for (int topic = 0; topic < TOPIC_COUNT; topic++) {
                if (has_row((enum publish_topic)topic)) {
                    fprintf(out, "neighbors_%s{process=\"%s\",kind=\"%s\"} %" PRIu64 "\n", counts[i].name,
                        state->node, label_of((enum publish_topic)topic),
                        counts[i].value(&state->counters.kinds[topic]));
                }
            }
        }
    }
}

static void print_durations(FILE *out, const char *name, const char *node, const char *label,
    const char *value, const struct durations *durations)
{
    static const int bounds[DURATION_BOUNDS] = {DURATION_BOUNDS_MS};
    uint64_t count = 0;
    for (int i = 0; i <= DURATION_BOUNDS; i++) {
        char bound[16] = "+Inf";
        if (i < DURATION_BOUNDS) {
            snprintf(bound, sizeof bound, "%g", bounds[i] / 1000.);
        }
        count += durations->within[i];
        fprintf(out, "neighbors_%s_bucket{process=\"%s\",%s=\"%s\",le=\"%s\"} %" PRIu64 "\n", name, node,
            label, value, bound, count);
    }
    fprintf(out, "neighbors_%s_sum{process=\"%s\",%s=\"%s\"} %.3f\n", name, node, label, value,
        (double)durations->sum_ms / 1000.);
    fprintf(
        out, "neighbors_%s_count{process=\"%s\",%s=\"%s\"} %" PRIu64 "\n", name, node, label, value, count);
}

static void print_stored(FILE *out, const struct board *board)
{
    metric_head(out, "kind_stored_seconds", "histogram", "From received to acknowledged as stored, by kind");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        for (int topic = TOPIC_NONE + 1; topic < TOPIC_COUNT; topic++) {
            if (has_row((enum publish_topic)topic)) {
                print_durations(out, "kind_stored_seconds", state->node, "kind",
                    label_of((enum publish_topic)topic), &state->counters.kinds[topic].stored);
            }
        }
    }
}

static void print_delivered(FILE *out, const struct board *board)
{
    static const char name[] = "delivered_seconds";
    metric_head(out, name, "histogram",
        "To followers who keep up: an alert from stored, activity from its entry in the channel");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        print_durations(out, name, state->node, "item", "alert", &state->counters.alerts_delivered);
        print_durations(out, name, state->node, "item", "activity", &state->counters.activity_delivered);
    }
}

static void print_connections(FILE *out, const struct board *board)
{
    static const char *const doors[DOORS] = {"mqtt", "tls", "websocket", "websocket_tls"};
    static const char *const versions[VERSIONS] = {"none", NULL, NULL, "3.1", "3.1.1", "5"};
    metric_head(out, "connections_open", "gauge",
        "Connections now, by listener and protocol version; none: not yet connected");
    for (size_t p = 0; p < board->count; p++) {
        const struct process_state *state = &board->processes[p];
        for (int door = 0; door < DOORS; door++) {
            for (int version = 0; version < VERSIONS; version++) {
                if (versions[version]) {
                    fprintf(out,
                        "neighbors_connections_open{process=\"%s\",listener=\"%s\",version=\"%s\"} %" PRIu64
                        "\n",
                        state->node, doors[door], versions[version], state->counters.open[door][version]);
                }
            }
        }
    }
}

void metrics_of_messages(FILE *out, const struct board *board)
{
    print_counts(out, board);
    print_stored(out, board);
    print_delivered(out, board);
    print_connections(out, board);
}
