/* neighbors-bridge --config FILE: between a broker that exists (the outside) and neighborsd, on one thread
 * and one poll. Inward and outward are two relays, each with two connections of its own. It keeps nothing:
 * what it has not brought to the other side it has not acknowledged. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bridge/client/clock.h"
#include "bridge/mqtt/inward.h"
#include "bridge/mqtt/outward.h"

enum {
    DONE = 0,
    INVALID = 1,
    USAGE = 2,
    LONGEST_TURN_MS = 1000,
    POLLED = 1 + 2 * RELAY_POLLED,
    CLIENT_ID = 2 * LIMIT_ID + 40,
    SESSION_S = 7 * 86400,         /* how long a broker keeps what comes while we are away */
    MOST_PAYLOAD = 2 * 1024 * 1024 /* an alert with a large shape */
};

struct bridge {
    struct bridge_settings settings;
    struct relay inward, outward;
    const char *filters[BRIDGE_MOST_RULES];
    char ids[2][CLIENT_ID]; /* client ids: inward, outward */
    int signals;
    bool stop;
};

/* ---- opening ---- */

/* A source keeps what comes while we are away, and is acknowledged late. */
static struct link_settings describe(
    const struct endpoint *at, const char *name, bool mqtt5, bool source, const char *id)
{
    return (struct link_settings){.name = name,
        .host = at->host,
        .port = at->port,
        .ca = at->ca,
        .cert = at->cert,
        .key = at->key,
        .username = at->username,
        .password = at->password,
        .client_id = id,
        .mqtt5 = mqtt5,
        .durable = source,
        .late_acknowledgement = source,
        .session_s = source && mqtt5 ? SESSION_S : 0,
        .most_payload = MOST_PAYLOAD};
}

static void name_clients(struct bridge *bridge)
{
    static const char *const ways[] = {"in", "out"};
    for (size_t i = 0; i < 2; i++)
        snprintf(bridge->ids[i], CLIENT_ID, "neighbors-bridge-%s-%s-%s",
            bridge->settings.id + strlen("node/"), bridge->settings.instance, ways[i]);
}

static void open_inward(struct bridge *bridge)
{
    const struct bridge_settings *settings = &bridge->settings;
    const struct link_settings outside =
        describe(&settings->outside, "outside (in)", settings->outside_mqtt5, true, bridge->ids[0]);
    const struct link_settings broker =
        describe(&settings->broker, "broker (in)", true, false, bridge->ids[0]);
    for (size_t i = 0; i < settings->rule_count; i++)
        bridge->filters[i] = settings->rules[i].filter;
    bridge->inward.name = "inward";
    bridge->inward.take = inward_take;
    bridge->inward.arg = &bridge->settings;
    bridge->inward.filters = bridge->filters;
    bridge->inward.filter_count = settings->rule_count;
    if (settings->rule_count)
        relay_open(&bridge->inward, &outside, &broker);
}

static void open_outward(struct bridge *bridge)
{
    const struct bridge_settings *settings = &bridge->settings;
    const struct link_settings outside =
        describe(&settings->outside, "outside (out)", settings->outside_mqtt5, false, bridge->ids[1]);
    const struct link_settings broker =
        describe(&settings->broker, "broker (out)", true, true, bridge->ids[1]);
    bridge->outward.name = "outward";
    bridge->outward.take = outward_take;
    bridge->outward.arg = &bridge->settings;
    bridge->outward.filters = (const char *const *)settings->cells;
    bridge->outward.filter_count = settings->cell_count;
    if (settings->cell_count)
        relay_open(&bridge->outward, &broker, &outside);
}

static bool open_signals(struct bridge *bridge)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    bridge->signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    return bridge->signals >= 0;
}

/* ---- running ---- */

static int poll_relay(struct relay *relay, struct pollfd polled[RELAY_POLLED], int64_t now, int wait)
{
    polled[0] = polled[1] = (struct pollfd){.fd = -1};
    if (relay->source == NULL)
        return wait;
    int own = relay_poll(relay, polled, now);
    return own < wait ? own : wait;
}

static void turn_relay(struct relay *relay, const struct pollfd polled[RELAY_POLLED])
{
    if (relay->source)
        relay_turn(relay, polled, clock_steady(), clock_wall());
}

static void turn(struct bridge *bridge)
{
    struct pollfd polled[POLLED];
    int64_t now = clock_steady();
    polled[0] = (struct pollfd){.fd = bridge->signals, .events = POLLIN};
    int wait = poll_relay(&bridge->inward, &polled[1], now, LONGEST_TURN_MS);
    wait = poll_relay(&bridge->outward, &polled[1 + RELAY_POLLED], now, wait);
    if (poll(polled, POLLED, wait) < 0)
        for (size_t i = 0; i < POLLED; i++)
            polled[i].revents = 0;
    bridge->stop = polled[0].revents != 0;
    turn_relay(&bridge->inward, &polled[1]);
    turn_relay(&bridge->outward, &polled[1 + RELAY_POLLED]);
}

static int run(struct bridge *bridge)
{
    if (!open_signals(bridge)) {
        fprintf(stderr, "%s: signals: %s\n", program_invocation_short_name, strerror(errno));
        return INVALID;
    }
    name_clients(bridge);
    open_inward(bridge);
    open_outward(bridge);
    while (!bridge->stop)
        turn(bridge);
    relay_close(&bridge->inward);
    relay_close(&bridge->outward);
    close(bridge->signals);
    return DONE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {0}};
    static const char usage[] = "usage: neighbors-bridge --config FILE | --version\n";
    static struct bridge bridge;
    const char *file = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'v')
            return puts("neighbors-bridge " NEIGHBORS_VERSION) < 0 ? INVALID : DONE;
        if (option != 'c') {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? DONE : USAGE;
        }
        file = optarg;
    }
    if (file == NULL || optind < argc) {
        fputs(usage, stderr);
        return USAGE;
    }
    int result = bridge_settings_read(&bridge.settings, file) ? run(&bridge) : INVALID;
    bridge_settings_free(&bridge.settings);
    return result;
}
