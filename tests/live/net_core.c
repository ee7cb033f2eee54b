/* The echoing core and the process around it. */
#include "tests/live/net_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ev.h>
#include <signal.h>

#include "broker/net/net.h"
#include "broker/session/connection.h"

enum { WORD = 5 };

struct broker {
    struct counters counters;
    struct connection *connections;
};

struct connection {
    struct broker *broker;
    struct transport *transport;
    struct connection *next, **link;
    uint8_t *output;
    size_t len, size, at;
    char heard[WORD + 1]; /* its last bytes, however they came in pieces */
    bool paused;
};

/* ---- the core ------------------------------------------------------------------------------------ */

static void say(struct connection *connection, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    if (connection->size - connection->len < len) {
        connection->size = (connection->len + len) * 2;
        connection->output = realloc(connection->output, connection->size);
    }
    memcpy(connection->output + connection->len, data, len);
    connection->len += len;
    connection->transport->ops->wants_write(connection->transport);
}

static void pause_peer(struct connection *connection)
{
    size_t waits = connection->len - connection->at;
    bool paused = waits > NET_CORE_ENOUGH;
    if (paused != connection->paused) {
        connection->paused = paused;
        connection->transport->ops->pause(connection->transport, paused);
    }
}

struct connection *connection_new(struct broker *broker, struct transport *transport, const struct peer *peer)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    connection->broker = broker;
    connection->transport = transport;
    connection->next = broker->connections;
    connection->link = &broker->connections;
    if (connection->next) {
        connection->next->link = &connection->next;
    }
    broker->connections = connection;
    broker->counters.connections++;
    say(connection, "hello ", 6);
    say(connection, peer->certificate.data, peer->certificate.len);
    say(connection, "\n", 1);
    return connection;
}

/* How much of what it echoes has waited at most. */
static void count_waiting(struct connection *connection)
{
    size_t waits = connection->len - connection->at;
    uint64_t *most = &connection->broker->counters.reads_behind;
    *most = waits > *most ? waits : *most;
}

static void hear(struct connection *connection, const uint8_t *data, size_t len)
{
    size_t more = len < WORD ? len : WORD;
    memmove(connection->heard, connection->heard + more, WORD - more);
    memcpy(connection->heard + WORD - more, data + len - more, more);
}

void connection_receive(struct connection *connection, const uint8_t *data, size_t len)
{
    say(connection, data, len);
    pause_peer(connection);
    count_waiting(connection);
    hear(connection, data, len);
    bool floods = strcmp(connection->heard, "flood") == 0;
    if (floods) {
        void *flood = calloc(1, NET_CORE_FLOOD);
        say(connection, flood, NET_CORE_FLOOD);
        free(flood);
    }
    if (floods || strcmp(connection->heard, "close") == 0) {
        connection->transport->ops->close(connection->transport, "asked to");
    }
}

int connection_output(struct connection *connection, struct iovec *pieces, int capacity)
{
    size_t waits = connection->len - connection->at, half = waits / 2;
    if (waits == 0 || capacity < 2) {
        return 0;
    }
    pieces[0] = (struct iovec){connection->output + connection->at, waits - half};
    pieces[1] = (struct iovec){connection->output + connection->at + waits - half, half};
    return half ? 2 : 1;
}

void connection_sent(struct connection *connection, size_t len)
{
    connection->at += len;
    if (connection->at == connection->len) {
        free(connection->output);
        connection->output = NULL;
        connection->at = connection->len = connection->size = 0;
    }
    pause_peer(connection);
}

size_t connection_pending(const struct connection *connection)
{
    return connection->len - connection->at;
}

/* That is the real core's: tests/live/test_tls_revoked.py. */
void broker_recheck_certificates(struct broker *broker, certificate_fault *fault, void *arg)
{
    (void)broker;
    (void)fault;
    (void)arg;
}

void connection_lost(struct connection *connection, const char *reason)
{
    (void)reason;
    connection->broker->counters.connections_closed_protocol++; /* here: those that we did not close */
}

void connection_free(struct connection *connection)
{
    *connection->link = connection->next;
    if (connection->next) {
        connection->next->link = connection->link;
    }
    connection->broker->counters.connections--;
    free(connection->output);
    free(connection);
}

struct counters *broker_counters(struct broker *broker)
{
    return &broker->counters;
}

void broker_turn(struct broker *broker)
{
    (void)broker;
}

/* ---- no store -------------------------------------------------------------------------------------- */

void store_flush(struct store *store)
{
    (void)store;
}

const struct store_counters *store_counters(const struct store *store)
{
    static const struct store_counters none;
    (void)store;
    return &none;
}

int64_t store_as_of(const struct store *store)
{
    (void)store;
    return 0;
}

size_t store_masters(const struct store *store, struct store_master out[STORE_MASTERS])
{
    (void)store;
    (void)out;
    return 0;
}

const char *store_durability(const struct store *store)
{
    (void)store;
    return "unknown";
}

/* ---- the process ------------------------------------------------------------------------------------ */

struct server {
    struct net *net;
    struct broker broker;
    bool stopping;
};

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop;
    (void)events;
    struct server *server = signal->data;
    if (signal->signum == SIGHUP) {
        net_reload(server->net);
        return;
    }
    server->stopping = true;
    net_stop_listening(server->net);
    for (struct connection *c = server->broker.connections; c; c = c->next) {
        c->transport->ops->close(c->transport, "stopping");
    }
}

static void watch(struct ev_loop *loop, ev_signal *watcher, int number, struct server *server)
{
    ev_signal_init(watcher, on_signal, number);
    watcher->data = server;
    ev_signal_start(loop, watcher);
}

/* The life of the serving process. Says one byte to `ready` when it listens. */
static int serve(struct settings *settings, int ready)
{
    static struct server server;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct board *board = board_new(1);
    struct net_options options = {
        .loop = loop,
        .settings = settings,
        .broker = &server.broker,
        .board = board,
        .state = &board->processes[0],
    };
    ev_signal terminate, reload;
    char error[NET_ERROR];
    server.net = net_new(&options, error);
    if (!server.net) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    watch(loop, &terminate, SIGTERM, &server);
    watch(loop, &reload, SIGHUP, &server);
    signal(SIGPIPE, SIG_IGN);
    bool again = write(ready, "r", 1) == 1;
    while (!server.stopping || net_connections(server.net) > 0) {
        ev_run(loop, again ? EVRUN_NOWAIT : EVRUN_ONCE);
        again = net_turn(server.net);
    }
    net_free(server.net);
    bool all_freed = server.broker.connections == NULL && server.broker.counters.connections == 0;
    ev_signal_stop(loop, &terminate);
    ev_signal_stop(loop, &reload);
    ev_loop_destroy(loop);
    board_free(board);
    settings_free(settings);
    return all_freed ? 0 : 1;
}

pid_t net_core_start(struct settings *settings)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t process = fork();
    if (process == 0) {
        close(ready[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(serve(settings, ready[1]));
    }
    assert_true(process > 0);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return process;
}

void net_core_stop(pid_t process)
{
    int status;
    assert_int_equal(kill(process, SIGTERM), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}
