/* What a run of the load generator is to do, from its command line. */
#ifndef NEIGHBORS_BENCH_OPTIONS_H
#define NEIGHBORS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* motion: MotionBatch to neighborsd, FeedItem back. relay: the same bytes and the tag behind them, to a topic
 * a channel of a plain MQTT broker, and the same back. json: what a device without us would send; and JSON
 * with the same tag back. */
enum load_format { FORMAT_MOTION, FORMAT_RELAY, FORMAT_JSON };
enum { WATCHED_MOST = 16 };
struct watched {
    const char *name;
    int pid;
};

struct load_options {
    const char *host, *prefix, *token_key, *tls_ca;
    int port;
    enum load_format format;
    long publishers, window, batch, channels, qos, devices;
    long followers, follow_qos, places, rounds, payload_bytes;
    long area_points; /* of the alert's border around all places; 0: a circle */
    long text_bytes;  /* of the alert's texts in further languages */
    double rate;      /* events a second, open-loop; 0: closed-loop */
    double warmup_s, seconds, drain_s;
    long events; /* stop after that many; 0: by time */
    long activity_id;
    bool positions; /* events bear their own place */
    bool near_filters;
    bool paced;  /* closed-loop: the next publish goes when the one before was delivered to all followers, not
                    when it was acknowledged */
    bool hold;   /* when all is said, wait for a line on standard input */
    bool bursts; /* publish by lines on standard input */
    bool fanout; /* one alert to all followers, `rounds` times */
    struct watched watched[WATCHED_MOST];
    int watched_count;
};

/* Ends the process with the usage on a mistake. */
void options_read(struct load_options *options, int argc, char **argv);

#endif
