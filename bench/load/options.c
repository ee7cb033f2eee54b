/* One table of options: name, default, where it goes, one sentence. --help prints it. */
#include "bench/load/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type { OPTION_NUMBER, OPTION_REAL, OPTION_TEXT, OPTION_FLAG, OPTION_FORMAT, OPTION_WATCH };
struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *standard, *sentence;
};
#define ROW(name, type, field, standard, sentence)                                                           \
    {                                                                                                        \
        name, type, offsetof(struct load_options, field), standard, sentence                                 \
    }

static const struct option_row table[] = {
    ROW("host", OPTION_TEXT, host, "127.0.0.1", "IPv4 address of the broker"),
    ROW("port", OPTION_NUMBER, port, "1883", "its port"),
    ROW("format", OPTION_FORMAT, format, "motion", "motion, relay or json"),
    ROW("token-key", OPTION_TEXT, token_key, NULL, "PEM file that signs the tokens; none: no credentials"),
    ROW("tls-ca", OPTION_TEXT, tls_ca, NULL, "PEM file of authorities: speak TLS; none: plain"),
    ROW("prefix", OPTION_TEXT, prefix, "bench", "of households and ids"),
    ROW("publishers", OPTION_NUMBER, publishers, "0", "connections that publish"),
    ROW("window", OPTION_NUMBER, window, "20", "publishes of a connection without an answer"),
    ROW("rate", OPTION_REAL, rate, "0", "events a second of all, open-loop; 0: as fast as answers come"),
    ROW("paced", OPTION_FLAG, paced, "0",
        "windows open by deliveries instead of answers; needs followers, 254 at most"),
    ROW("batch", OPTION_NUMBER, batch, "1", "events in a publish"),
    ROW("channels", OPTION_NUMBER, channels, "1", "channels that the events lie in, at most 1024"),
    ROW("positions", OPTION_FLAG, positions, "0", "events bear their place; else publisher and place agree"),
    ROW("devices", OPTION_NUMBER, devices, "0",
        "devices of each publisher, which then is an edge; 0: a device"),
    ROW("activity-id", OPTION_NUMBER, activity_id, "12", "bytes of an event's activity id, at most 48"),
    ROW("qos", OPTION_NUMBER, qos, "1", "of publishes: 0 or 1"),
    ROW("followers", OPTION_NUMBER, followers, "0", "connections that follow all channels"),
    ROW("near", OPTION_FLAG, near_filters, "0", "they follow a circle of 1,600 m instead"),
    ROW("places", OPTION_NUMBER, places, "1", "different centres of those circles"),
    ROW("follow-qos", OPTION_NUMBER, follow_qos, "1", "of subscriptions"),
    ROW("warmup", OPTION_REAL, warmup_s, "1", "seconds before what is measured"),
    ROW("seconds", OPTION_REAL, seconds, "3", "seconds that are measured"),
    ROW("events", OPTION_NUMBER, events, "0", "instead: stop after so many events, all measured"),
    ROW("drain", OPTION_REAL, drain_s, "5", "seconds without progress to wait for what is under way"),
    ROW("fanout", OPTION_FLAG, fanout, "0", "one alert to all followers at a time"),
    ROW("rounds", OPTION_NUMBER, rounds, "15", "alerts of that"),
    ROW("payload", OPTION_NUMBER, payload_bytes, "300", "bytes of that, in the format relay"),
    ROW("area", OPTION_NUMBER, area_points, "0",
        "points of the alert's border around all places; 0: a circle"),
    ROW("texts", OPTION_NUMBER, text_bytes, "0",
        "bytes of the alert in further languages, at most 130000; its circle then is as large as the area"),
    ROW("hold", OPTION_FLAG, hold, "0", "say {\"ready\":true} at the end and wait for a line before closing"),
    ROW("bursts", OPTION_FLAG, bursts, "0",
        "for each line on standard input, publish as many events as it says, wait for the last, and report"),
    ROW("watch", OPTION_WATCH, watched, NULL,
        "NAME=PID: processor time of that process in the measured time"),
};
enum { ROWS = sizeof table / sizeof *table };

static void usage(const char *wrong)
{
    fprintf(stderr, "bench_load: %s\noptions:\n", wrong);
    for (const struct option_row *row = table; row < table + ROWS; row++)
        fprintf(stderr, "  --%-12s %s%s%s%s\n", row->name, row->sentence, row->standard ? " (" : "",
            row->standard ? row->standard : "", row->standard ? ")" : "");
    exit(2);
}

static void add_watched(struct load_options *options, const char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || options->watched_count == WATCHED_MOST)
        usage("--watch NAME=PID, at most sixteen");
    options->watched[options->watched_count++] =
        (struct watched){strndup(value, (size_t)(equals - value)), atoi(equals + 1)};
}

static enum load_format format_of(const char *value)
{
    static const char *const names[] = {"motion", "relay", "json"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0)
            return (enum load_format)i;
    usage("--format motion, relay or json");
    return FORMAT_MOTION;
}

static void set(struct load_options *options, const struct option_row *row, const char *value)
{
    void *at = (char *)options + row->offset;
    switch (row->type) {
    case OPTION_NUMBER:
        if (row->offset == offsetof(struct load_options, port))
            options->port = atoi(value);
        else
            *(long *)at = atol(value);
        break;
    case OPTION_REAL:
        *(double *)at = atof(value);
        break;
    case OPTION_TEXT:
        *(const char **)at = value;
        break;
    case OPTION_FLAG:
        *(bool *)at = *value == '1';
        break;
    case OPTION_FORMAT:
        options->format = format_of(value);
        break;
    case OPTION_WATCH:
        add_watched(options, value);
        break;
    }
}

void options_read(struct load_options *options, int argc, char **argv)
{
    memset(options, 0, sizeof *options);
    for (const struct option_row *row = table; row < table + ROWS; row++)
        if (row->standard)
            set(options, row, row->standard);
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = table;
        while (row < table + ROWS && (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, row->name) != 0))
            row++;
        if (row == table + ROWS)
            usage(argv[i]);
        if (row->type != OPTION_FLAG && i + 1 == argc)
            usage("a value is missing");
        set(options, row, row->type == OPTION_FLAG ? "1" : argv[++i]);
    }
    if (options->batch < 1 || options->batch > 64 || options->channels < 1 || options->channels > 1024 ||
        options->window < 1 || options->window > 60000 || options->activity_id > 48)
        usage("a number is out of range");
}
