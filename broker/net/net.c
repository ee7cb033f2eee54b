/* Puts the listeners, the wires and the loop together, and lists the upkeep of a turn. */
#include "broker/net/net.h"

#include <ev.h>
#include <stdlib.h>
#include <time.h>

#include "broker/log.h"
#include "broker/net/http.h"
#include "broker/net/listener.h"
#include "broker/net/socket.h"
#include "broker/net/tls.h"
#include "broker/net/tunnel.h"

enum { LISTEN_MQTT, LISTEN_TLS, LISTEN_HTTP, LISTEN_HTTPS, LISTEN_METRICS, LISTENERS };

enum { LOOK_AT_FILES_MS = 1000 };

#define TICK_S 0.1

struct net {
    struct net_options options;
    struct admission *admission;
    struct wires wires;
    struct sockets sockets;
    struct tunnels tunnels;
    struct tls *tls;
    int64_t looked_at; /* ms, monotonic: when the files of TLS were looked at last */
    struct http *http;
    struct balancers *balancers;
    struct listener listeners[LISTENERS];
    ev_check woken;
    ev_timer tick;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* First of all callbacks of a turn: what follows works with this turn's time. */
static void woken(struct ev_loop *loop, ev_check *check, int events)
{
    (void)loop;
    (void)events;
    struct net *net = check->data;
    net->wires.now = monotonic_ms();
}

/* A certificate that was renewed is used without anybody's telling. */
static void look_at_files(struct net *net)
{
    if (net->tls && net->wires.now - net->looked_at >= LOOK_AT_FILES_MS) {
        net->looked_at = net->wires.now;
        if (tls_files_changed(net->tls, net->options.settings)) {
            net_reload(net);
        }
    }
}

static void tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct net *net = timer->data;
    for (size_t i = 0; i < LISTENERS; i++) {
        listener_resume(&net->listeners[i]);
    }
    tunnels_tick(&net->tunnels);
    look_at_files(net);
    admission_upkeep(net->admission, net->wires.now);
    board_publish(net->options.state, net->wires.counters, net->options.store);
}

static void start_watchers(struct net *net)
{
    struct ev_loop *loop = net->options.loop;
    ev_check_init(&net->woken, woken);
    ev_set_priority(&net->woken, EV_MAXPRI);
    net->woken.data = net;
    ev_check_start(loop, &net->woken);
    ev_timer_init(&net->tick, tick, TICK_S, TICK_S);
    net->tick.data = net;
    ev_timer_start(loop, &net->tick);
}

static bool open_one(struct net *net, int which, const char *address, int64_t port,
    listener_accepted *accepted, void *arg, char error[NET_ERROR])
{
    static const char *const names[LISTENERS] = {"mqtt", "tls", "http", "https", "metrics"};
    struct listener *listener = &net->listeners[which];
    char why[LISTENER_ERROR];
    listener->admission = which == LISTEN_METRICS ? NULL : net->admission;
    listener->balancers = which == LISTEN_METRICS ? NULL : net->balancers;
    listener->accepted = accepted;
    listener->arg = arg;
    if (port && !listener_open(listener, address, port, net->options.settings->backlog, why)) {
        snprintf(error, NET_ERROR, "%s listener: %s", names[which], why);
        return false;
    }
    return true;
}

static bool open_all(struct net *net, char error[NET_ERROR])
{
    const struct settings *s = net->options.settings;
    int64_t tls_port = net->tls ? s->tls_port : 0, https_port = net->tls ? s->https_port : 0;
    return open_one(net, LISTEN_MQTT, s->mqtt_address, s->mqtt_port, socket_accepted, &net->sockets, error) &&
           open_one(net, LISTEN_TLS, s->tls_address, tls_port, socket_accepted_tls, &net->sockets, error) &&
           open_one(net, LISTEN_HTTP, s->http_address, s->http_port, http_accepted, net->http, error) &&
           open_one(net, LISTEN_HTTPS, s->https_address, https_port, tunnel_accepted, &net->tunnels, error) &&
           open_one(net, LISTEN_METRICS, s->metrics_address, s->metrics_port, http_accepted_metrics,
               net->http, error);
}

static bool start_tls(struct net *net, char error[NET_ERROR])
{
    const struct settings *settings = net->options.settings;
    char why[TLS_ERROR];
    if (!settings->tls_certificate[0]) {
        return true;
    }
    net->tls = tls_new(settings, net->options.ticket_secret, why);
    if (!net->tls) {
        snprintf(error, NET_ERROR, "%s", why);
    }
    net->sockets.tls = net->tunnels.tls = net->tls;
    net->options.state->certificate_ends = net->tls ? tls_certificate_ends(net->tls) : 0;
    return net->tls != NULL;
}

static void *must_have(void *memory)
{
    if (!memory) {
        abort();
    }
    return memory;
}

static bool start_balancers(struct net *net, char error[NET_ERROR])
{
    const struct settings *settings = net->options.settings;
    net->balancers = balancers_new(net->options.loop, settings->balancers, settings->connect_timeout_ms);
    if (!net->balancers) {
        snprintf(error, NET_ERROR, "balancers: addresses with a space between, %d at most", BALANCERS_MOST);
    }
    return net->balancers != NULL;
}

struct net *net_new(const struct net_options *options, char error[NET_ERROR])
{
    struct net *net = must_have(calloc(1, sizeof(*net)));
    net->options = *options;
    net->admission = admission_new(options->settings);
    wires_init(&net->wires, options->broker, net->admission);
    net->wires.now = monotonic_ms();
    net->sockets = (struct sockets){
        .loop = options->loop,
        .wires = &net->wires,
        .connect_timeout_ms = options->settings->connect_timeout_ms,
        .read_buffer = must_have(malloc(SOCKET_READ)),
        .clear_buffer = must_have(malloc(SOCKET_CLEAR)),
    };
    net->tunnels = (struct tunnels){
        .loop = options->loop,
        .wires = &net->wires,
        .shake_ms = options->settings->connect_timeout_ms,
        .buffer = must_have(malloc(TUNNEL_BUFFER)),
        .clear = must_have(malloc(TUNNEL_BUFFER)),
    };
    tunnels_init(&net->tunnels);
    for (size_t i = 0; i < LISTENERS; i++) {
        net->listeners[i] =
            (struct listener){.loop = options->loop, .now = &net->wires.now, .counters = net->wires.counters};
        net->listeners[i].io.fd = -1;
    }
    start_watchers(net);
    net->http = net->tunnels.http = http_new(&net->options, &net->wires);
    if (!net->http) {
        snprintf(error, NET_ERROR, "http: libwebsockets cannot be started");
    }
    if (!net->http || !start_balancers(net, error) || !start_tls(net, error) || !open_all(net, error)) {
        net_free(net);
        return NULL;
    }
    return net;
}

bool net_turn(struct net *net)
{
    struct store *store = net->options.store;
    broker_turn(net->options.broker);
    if (store) {
        store_flush(store); /* first, so that the store works while we write */
    }
    bool again = wires_flush(&net->wires);
    wires_reap(&net->wires);
    if (store) {
        store_flush(store);
    }
    atomic_fetch_add_explicit(&net->options.state->beats, 1, memory_order_relaxed);
    return again;
}

static const char *trail_fault(void *tls, const struct certificate_trail *trail)
{
    return tls_trail_fault(tls, trail);
}

void net_reload(struct net *net)
{
    char error[TLS_ERROR];
    if (!net->tls) {
        return;
    }
    if (tls_reload(net->tls, net->options.settings, error)) {
        net->options.state->certificate_ends = tls_certificate_ends(net->tls);
        log_line(LOG_LEVEL_INFO, "tls_reloaded", "done=\"the files are used from now on\"");
        broker_recheck_certificates(net->options.broker, trail_fault, net->tls);
        tunnels_recheck(&net->tunnels);
    } else {
        log_line(LOG_LEVEL_ERROR, "tls_not_reloaded", "why=\"%s; the former certificate stays\"", error);
    }
}

void net_stop_listening(struct net *net)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        if (i != LISTEN_METRICS) {
            listener_close(&net->listeners[i]);
        }
    }
}

size_t net_connections(const struct net *net)
{
    return net->wires.count + http_unanswered(net->http);
}

void net_free(struct net *net)
{
    if (!net) {
        return;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        listener_close(&net->listeners[i]);
    }
    balancers_free(net->balancers);
    tunnels_free(&net->tunnels);
    http_free(net->http);
    wires_free(&net->wires);
    ev_check_stop(net->options.loop, &net->woken);
    ev_timer_stop(net->options.loop, &net->tick);
    tls_free(net->tls);
    admission_free(net->admission);
    free(net->sockets.read_buffer);
    free(net->sockets.clear_buffer);
    free(net->tunnels.buffer);
    free(net->tunnels.clear);
    free(net);
}
