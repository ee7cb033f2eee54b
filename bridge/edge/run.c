/* neighbors-edge run: the home's broker → memory → spool → the neighborhood's broker, on one thread and one
 * poll.
 *
 * A turn: read what the home's broker sent, translate it, write the events and what memory has become into
 * the spool in one transaction, only then acknowledge to the home's broker, and send what the spool holds. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bridge/client/clock.h"
#include "bridge/edge/back/back.h"
#include "bridge/edge/commands.h"
#include "bridge/edge/spool/sender.h"
#include "bridge/edge/status/report.h"
#include "bridge/edge/status/status_socket.h"

enum { LONGEST_TURN_MS = 1000, TEND_MS = 5000, POLLED = 4 + BACK_POLLED };

struct edge {
    struct edge_settings settings;
    struct spool *spool;
    struct intake intake;
    struct sender sender;
    struct link *home, *broker;
    struct back *back; /* NULL: nothing comes back */
    int64_t now, wall; /* of this turn: monotonic, since 1970; ms */
    int64_t tend_at;
    int64_t started; /* since 1970, ms */
    int signals, status;
    bool stop;
    char client_id[LIMIT_ID + 20];
};

/* ---- to the broker ------------------------------------------------------------------------------------- */

static void broker_down(void *arg)
{
    struct edge *edge = arg;
    sender_lost(&edge->sender);
}

static void broker_acknowledged(void *arg, const struct link_acknowledgement *acknowledgement)
{
    struct edge *edge = arg;
    sender_acknowledged(&edge->sender, acknowledgement, edge->now, edge->wall);
}

/* ---- the turn ------------------------------------------------------------------------------------------ */

static int shorter(int a, int b)
{
    return a < b ? a : b;
}

static void tell_status(struct edge *edge)
{
    const struct report_sources sources = {.settings = &edge->settings,
        .intake = &edge->intake,
        .spool = edge->spool,
        .home = edge->home,
        .broker = edge->broker,
        .back = edge->back,
        .started = edge->started,
        .wall = edge->wall,
        .now = edge->now};
    char *text = report_running(&sources);
    status_socket_answer(edge->status, text);
    free(text);
}

/* Waits for something to do, and says what there is: signals, the home's and the neighborhood's broker, who
 * asks for the status, and what the way back watches. */
static void wait_for_work(struct edge *edge, struct pollfd polled[POLLED])
{
    polled[0] = (struct pollfd){.fd = edge->signals, .events = POLLIN};
    polled[1] = polled[2] = (struct pollfd){.fd = -1};
    polled[3] = (struct pollfd){.fd = edge->status, .events = POLLIN};
    int wait = shorter(LONGEST_TURN_MS, link_poll(edge->broker, &polled[2].events, edge->now));
    wait = shorter(wait, back_poll(edge->back, &polled[4], edge->now, edge->wall));
    polled[2].fd = link_descriptor(edge->broker);
    if (!edge->intake.stuck) {
        wait = shorter(wait, link_poll(edge->home, &polled[1].events, edge->now));
        polled[1].fd = link_descriptor(edge->home);
    }
    if (poll(polled, POLLED, wait) < 0)
        for (size_t i = 0; i < POLLED; i++)
            polled[i].revents = 0;
    edge->now = clock_steady();
    edge->wall = clock_wall();
    edge->stop |= polled[0].revents != 0;
    if (polled[3].revents)
        tell_status(edge);
}

static void turn_home(struct edge *edge, short ready)
{
    if (!edge->intake.stuck)
        link_turn(edge->home, ready, edge->now, edge->wall);
    intake_turn(&edge->intake, edge->now, edge->wall);
    if (!edge->intake.stuck)
        link_flush(edge->home);
}

static void turn_broker(struct edge *edge, short ready)
{
    link_turn(edge->broker, ready, edge->now, edge->wall);
    sender_turn(&edge->sender, edge->now);
    link_flush(edge->broker);
}

static void turn(struct edge *edge)
{
    struct pollfd polled[POLLED];
    wait_for_work(edge, polled);
    turn_home(edge, polled[1].revents);
    turn_broker(edge, polled[2].revents);
    back_turn(edge->back, &polled[4], edge->now, edge->wall);
    if (edge->now >= edge->tend_at) {
        spool_tend(edge->spool);
        edge->tend_at = edge->now + TEND_MS;
    }
}

/* ---- opening and closing ------------------------------------------------------------------------------- */

static bool open_signals(struct edge *edge)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    edge->signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    return edge->signals >= 0;
}

static struct link *open_link(struct edge *edge, const char *name, const struct endpoint *endpoint, bool home)
{
    snprintf(edge->client_id, sizeof(edge->client_id), "neighbors-edge-%s", edge->settings.id);
    const struct link_settings settings = {.name = name,
        .host = endpoint->host,
        .port = endpoint->port,
        .ca = endpoint->ca,
        .cert = endpoint->cert,
        .key = endpoint->key,
        .username = endpoint->username,
        .password = endpoint->password,
        .client_id = edge->client_id,
        .mqtt5 = !home,
        .durable = home,
        .late_acknowledgement = home};
    const struct link_hooks to_home = intake_hooks(&edge->intake);
    const struct link_hooks to_broker = {
        .arg = edge, .down = broker_down, .acknowledged = broker_acknowledged};
    return link_new(&settings, home ? &to_home : &to_broker);
}

static bool open_edge(struct edge *edge)
{
    const struct edge_settings *settings = &edge->settings;
    edge->now = clock_steady();
    edge->wall = clock_wall();
    edge->started = edge->wall;
    edge->tend_at = edge->now + TEND_MS;
    edge->spool = spool_open(settings->spool_file, &settings->spool_limits, edge->wall);
    if (edge->spool == NULL || !open_signals(edge) || !intake_open(&edge->intake, settings, edge->spool))
        return false;
    edge->home = edge->intake.home = open_link(edge, "home", &settings->local, true);
    edge->broker = open_link(edge, "broker", &settings->broker, false);
    edge->sender = (struct sender){.spool = edge->spool, .link = edge->broker, .settings = settings};
    bool good;
    edge->status = status_socket_open(settings->spool_file);
    edge->back = back_open(settings, edge->spool, edge->wall, &good);
    return good;
}

static void close_edge(struct edge *edge)
{
    /* What could not be written is not acknowledged: the home's broker keeps it. */
    if (edge->home)
        link_free(edge->home, !edge->intake.stuck);
    if (edge->broker)
        link_free(edge->broker, true);
    status_socket_close(edge->status, edge->settings.spool_file);
    back_close(edge->back);
    if (edge->spool)
        intake_close(&edge->intake);
    spool_close(edge->spool);
    if (edge->signals >= 0)
        close(edge->signals);
}

static bool goes_on(const struct edge *edge)
{
    if (!spool_is_damaged(edge->spool))
        return !edge->stop;
    fputs("neighbors-edge: spool: it is damaged; starting again puts it aside\n", stderr);
    return false;
}

int edge_command_run(int argc, char **argv)
{
    struct edge edge = {.signals = -1, .status = -1};
    int result;
    if (edge_settings_read(&edge.settings, argc, argv, &result)) {
        result = open_edge(&edge) ? EDGE_DONE : EDGE_INVALID;
        if (result == EDGE_DONE) {
            struct spool_totals totals;
            spool_tell(edge.spool, &totals);
            fprintf(stderr, "neighbors-edge: %zu device%s shared, %" PRId64 " event%s waiting\n",
                edge.settings.shared_count, edge.settings.shared_count == 1 ? "" : "s", totals.waiting,
                totals.waiting == 1 ? "" : "s");
            while (goes_on(&edge))
                turn(&edge);
            if (!edge.stop)
                result = EDGE_INVALID;
        }
        close_edge(&edge);
    }
    edge_settings_free(&edge.settings);
    return result;
}
