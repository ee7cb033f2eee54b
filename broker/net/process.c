/* A serving process: builds its parts in order, turns the loop, reloads on SIGHUP, drains on SIGTERM. */
#include "broker/net/process.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "bridge/log_succession.h"
#include "bridge/push/push_curl.h"
#include "bridge/secret_file.h"
#include "bridge/store_redis.h"
#include "bridge/subkey.h"
#include "bridge/zone.h"
#include "broker/log.h"
#include "broker/net/credentials.h"
#include "broker/net/net.h"
#include "broker/net/request.h"
#include "broker/net/settings_file.h"
#include "broker/net/tls.h"
#include "broker/push.h"
#include "broker/supervisor.h"

struct process {
    const struct process_options *options;
    struct ev_loop *loop;
    struct credentials *credentials;
    struct log_key *log_key; /* NULL: none */
    uint8_t log_public_key[LOG_KEY];
    struct seal *seal;
    struct place_key *places;
    uint8_t ticket_secret[TLS_SECRET];
    struct broker *broker;
    struct store *store;
    struct push *push; /* NULL: none */
    struct net *net;
    ev_signal terminate, interrupt, reload;
    bool stopping, at_once;
    int64_t stop_by; /* ms since 1970 */
};

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- secrets ------------------------------------------------------------------------------------- */

static bool load_secret(
    const struct settings *settings, uint8_t secret[SEAL_SECRET], char error[SETTING_ERROR])
{
    const char *rule = secret_file_read(settings->secret_file, secret);
    if (rule) {
        snprintf(error, SETTING_ERROR, "secret_file: %.300s: %s", settings->secret_file, rule);
    }
    return rule == NULL;
}

static bool load_seals(struct process *process, char error[SETTING_ERROR])
{
    uint8_t secret[SEAL_SECRET];
    if (!load_secret(process->options->settings, secret, error)) {
        return false;
    }
    process->seal = seal_new(secret);
    process->places = place_key_new(secret);
    subkey_derive(secret, "neighbors tls tickets", process->ticket_secret, TLS_SECRET);
    explicit_bzero(secret, sizeof(secret));
    return true;
}

/* *out is NULL when none is set. */
static bool load_log_key(const struct settings *settings, struct log_key **out, char error[SETTING_ERROR])
{
    const char *why = NULL;
    *out = NULL;
    if (!settings->log_key_file[0]) {
        return true;
    }
    *out = log_key_load(settings->log_key_file, &why);
    if (!*out) {
        snprintf(error, SETTING_ERROR, "log_key_file: %.300s: %s", settings->log_key_file, why);
    }
    return *out != NULL;
}

static struct push_options push_options_of(const struct settings *settings)
{
    return (struct push_options){.key_file = settings->push_key_file,
        .contact = settings->push_contact,
        .hosts = settings->push_hosts,
        .ca_file = settings->push_ca_file,
        .timeout_ms = settings->push_timeout_ms,
        .now = wall_clock_ms};
}

static bool check_push(const struct settings *settings, char error[SETTING_ERROR])
{
    struct push_options options = push_options_of(settings);
    const char *why = settings->push_key_file[0] ? push_options_fault(&options) : NULL;
    if (why) {
        snprintf(error, SETTING_ERROR, "push_key_file: %.300s: %s", settings->push_key_file, why);
    }
    return why == NULL;
}

static bool check_tls(const struct settings *settings, char error[SETTING_ERROR])
{
    char why[TLS_ERROR];
    if (!settings->tls_certificate[0]) {
        return true;
    }
    struct tls *tls = tls_new(settings, NULL, why);
    if (!tls) {
        snprintf(error, SETTING_ERROR, "%s", why);
    }
    tls_free(tls);
    return tls != NULL;
}

bool process_check_files(const struct settings *settings, char error[SETTING_ERROR])
{
    struct credentials *credentials = credentials_new(settings, error);
    struct log_key *log_key = NULL;
    uint8_t secret[SEAL_SECRET];
    bool good = credentials && load_secret(settings, secret, error) && check_tls(settings, error) &&
                check_push(settings, error) && load_log_key(settings, &log_key, error);
    log_key_free(log_key);
    explicit_bzero(secret, sizeof(secret));
    credentials_free(credentials);
    return good;
}

/* ---- signals ------------------------------------------------------------------------------------ */

static void on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop;
    (void)events;
    struct process *process = signal->data;
    if (process->stopping) {
        process->at_once = true;
        return;
    }
    log_line(LOG_LEVEL_INFO, "stopping", "connections=%zu", net_connections(process->net));
    process->stopping = true;
    atomic_store(&process->options->state->ready, false);
    process->stop_by = wall_clock_ms() + process->options->settings->drain_ms;
    net_stop_listening(process->net);
    broker_drain(process->broker);
}

static void on_reload(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop;
    (void)events;
    struct process *process = signal->data;
    struct settings fresh;
    char error[SETTING_ERROR];
    if (settings_load(&fresh, process->options->config_path, error)) {
        struct settings *settings = process->options->settings;
        settings_reload(settings, &fresh);
        log_set_level((enum log_level)settings_log_level(settings));
        credentials_reload(process->credentials);
        net_reload(process->net);
        log_line(LOG_LEVEL_INFO, "reload", "done=1");
    } else {
        log_line(LOG_LEVEL_ERROR, "reload", "why=\"%s; nothing was changed\"", error);
    }
    settings_free(&fresh);
}

static void watch_signal(struct process *process, ev_signal *watcher, int number,
    void (*callback)(struct ev_loop *, ev_signal *, int))
{
    ev_signal_init(watcher, callback, number);
    watcher->data = process;
    ev_signal_start(process->loop, watcher);
}

/* ---- from begin to end ---------------------------------------------------------------------------- */

/* What the store has to say is a line like any other: of that level, in that format. */
static void log_of_store(int level, const char *event, const char *text)
{
    log_text((enum log_level)level, event, text);
}

static void build_core(struct process *process)
{
    const struct process_options *options = process->options;
    struct broker_options broker = settings_broker(options->settings);
    broker.version = options->version;
    broker.check_token = credentials_check;
    broker.credential_stands = credentials_stand;
    broker.check_arg = process->credentials;
    broker.now = wall_clock_ms;
    broker.zone_clock = zone_offset;
    if (process->log_key) {
        log_key_public(process->log_key, process->log_public_key);
        broker.log_public_key = (struct bytes){process->log_public_key, LOG_KEY};
        broker.log_formers = log_key_formers(process->log_key);
    }
    process->broker = broker_new(&broker, process->seal);

    struct store_redis_options store = settings_store(options->settings);
    store.node = options->state->node;
    store.now = wall_clock_ms;
    store.log = log_of_store;
    store.log_key = process->log_key;
    store.places = process->places;
    struct store_events events = broker_store_events(process->broker);
    process->store = store_redis_new(process->loop, &store, &events);
    broker_use_store(process->broker, process->store);
    credentials_watch(process->credentials, process->loop, process->broker);
}

static bool build_push(struct process *process, char error[SETTING_ERROR])
{
    const struct settings *settings = process->options->settings;
    struct push_options options = push_options_of(settings);
    const char *why;
    if (!settings->push_key_file[0]) {
        return true;
    }
    process->push = push_new(process->loop, &options, &why);
    if (!process->push) {
        snprintf(error, SETTING_ERROR, "push_key_file: %.300s: %s", settings->push_key_file, why);
        return false;
    }
    struct push_service service = push_service_of(process->push);
    broker_use_push(process->broker, &service);
    return true;
}

static bool build(struct process *process, char error[SETTING_ERROR])
{
    const struct process_options *options = process->options;
    process->credentials = credentials_new(options->settings, error);
    if (!process->credentials || !load_seals(process, error) ||
        !load_log_key(options->settings, &process->log_key, error)) {
        return false;
    }
    process->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!process->loop) {
        snprintf(error, SETTING_ERROR, "no event loop: %s", strerrordesc_np(errno));
        return false;
    }
    build_core(process);
    if (!build_push(process, error)) {
        return false;
    }
    struct net_options net = {
        .loop = process->loop,
        .settings = options->settings,
        .broker = process->broker,
        .store = process->store,
        .ticket_secret = process->ticket_secret,
        .routes = routes_public,
        .board = options->board,
        .state = options->state,
    };
    process->net = net_new(&net, error);
    return process->net != NULL;
}

static void tear_down(struct process *process)
{
    net_free(process->net);
    push_free(process->push);
    if (process->store) {
        store_free(process->store);
    }
    if (process->broker) {
        broker_free(process->broker);
    }
    credentials_free(process->credentials);
    if (process->loop) {
        ev_loop_destroy(process->loop);
    }
    seal_free(process->seal);
    place_key_free(process->places);
    log_key_free(process->log_key);
}

static bool finished(const struct process *process)
{
    if (!process->stopping) {
        return false;
    }
    bool drained = net_connections(process->net) == 0 && broker_pushes(process->broker) == 0 &&
                   store_counters(process->store)->waiting == 0;
    return drained || process->at_once || wall_clock_ms() >= process->stop_by;
}

static void serve(struct process *process)
{
    bool again = false;
    watch_signal(process, &process->terminate, SIGTERM, on_stop);
    watch_signal(process, &process->interrupt, SIGINT, on_stop);
    watch_signal(process, &process->reload, SIGHUP, on_reload);
    process->options->state->started_at = wall_clock_ms();
    atomic_store(&process->options->state->ready, true);
    if (process->options->ready) {
        process->options->ready(process->options->arg);
    }
    while (!finished(process)) {
        ev_run(process->loop, again ? EVRUN_NOWAIT : EVRUN_ONCE);
        again = net_turn(process->net);
        log_turn();
        if (process->options->alive) {
            process->options->alive(process->options->arg);
        }
    }
    ev_signal_stop(process->loop, &process->terminate);
    ev_signal_stop(process->loop, &process->interrupt);
    ev_signal_stop(process->loop, &process->reload);
}

int process_run(const struct process_options *options)
{
    struct process process = {.options = options};
    char error[SETTING_ERROR];
    signal(SIGPIPE, SIG_IGN);
    bool built = build(&process, error);
    explicit_bzero(process.ticket_secret, sizeof(process.ticket_secret)); /* TLS has its copy */
    if (built) {
        serve(&process);
        log_line(LOG_LEVEL_INFO, "stopped", "connections=%zu", net_connections(process.net));
    } else {
        log_line(LOG_LEVEL_ERROR, "cannot_start", "why=\"%s\"", error);
    }
    tear_down(&process);
    log_end();
    return built ? EXIT_SUCCESS : EXIT_CANNOT_START;
}
