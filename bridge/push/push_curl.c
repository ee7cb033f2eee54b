/* libcurl's multi interface on libev: it says which sockets and which time it waits for, we tell it of them.
 * What is done is answered at the end of such a telling, outside of every callback of libcurl. */
#include "bridge/push/push_curl.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/push/push_inside.h"

enum { CONNECTIONS_MOST = 32, CONNECTIONS_A_HOST = 8 };

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

/* ---- the end of a message ---- */

static void answer(struct sending *sending)
{
    push_done *done = sending->done;
    void *arg = sending->arg;
    enum push_outcome outcome = sending->outcome;
    int64_t retry_after_ms = sending->retry_after_ms;
    curl_slist_free_all(sending->headers);
    free(sending);
    done(arg, outcome, retry_after_ms);
}

/* Its outcome is known: it is answered in a later turn. */
static void settle(struct push *push, struct sending *sending)
{
    TAILQ_INSERT_TAIL(&push->known, sending, in_list);
    ev_feed_event(push->loop, &push->soon, EV_TIMER);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct push *push = timer->data;
    struct sending_list known = TAILQ_HEAD_INITIALIZER(known);
    struct sending *sending;
    TAILQ_CONCAT(&known, &push->known, in_list);
    while ((sending = TAILQ_FIRST(&known))) {
        TAILQ_REMOVE(&known, sending, in_list);
        answer(sending);
    }
}

static void take_back(struct push *push, struct sending *sending)
{
    TAILQ_REMOVE(&push->sent, sending, in_list);
    curl_multi_remove_handle(push->multi, sending->curl);
    curl_easy_cleanup(sending->curl);
    sending->curl = NULL;
    sending->service->in_flight--;
}

static void reap(struct push *push)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(push->multi, &left))) {
        struct sending *sending = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &sending);
        push_request_read(sending, result);
        take_back(push, sending);
        settle(push, sending);
    }
}

/* ---- libcurl on libev ---- */

static void tell(struct push *push, curl_socket_t socket, int what)
{
    int running;
    curl_multi_socket_action(push->multi, socket, what, &running);
    reap(push);
}

static void on_io(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    int what = (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    tell(watcher->data, watcher->fd, what);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    tell(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_wanted_time(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct push *push = arg;
    ev_timer_stop(push->loop, &push->timer);
    if (ms < 0)
        return 0;
    ev_timer_set(&push->timer, (double)ms / 1000., 0.);
    ev_timer_start(push->loop, &push->timer);
    return 0;
}

static int on_wanted_socket(CURL *curl, curl_socket_t socket, int what, void *arg, void *of_socket)
{
    (void)curl;
    struct push *push = arg;
    ev_io *watcher = of_socket;
    if (watcher)
        ev_io_stop(push->loop, watcher);
    if (what == CURL_POLL_REMOVE) {
        free(watcher);
        curl_multi_assign(push->multi, socket, NULL);
        return 0;
    }
    if (!watcher) {
        watcher = allocate(sizeof *watcher);
        curl_multi_assign(push->multi, socket, watcher);
    }
    ev_io_init(
        watcher, on_io, socket, (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    watcher->data = push;
    ev_io_start(push->loop, watcher);
    return 0;
}

/* ---- sending ---- */

static bool allows(
    void *arg, struct text endpoint, struct bytes p256dh, const char **field, const char **rule)
{
    const struct push *push = arg;
    char address[LIMIT_ENDPOINT + 1], origin[PUSH_ORIGIN];
    bool exact;
    *field = "endpoint";
    *rule = "at most 1024 bytes";
    if (endpoint.len > LIMIT_ENDPOINT)
        return false;
    memcpy(address, endpoint.data, endpoint.len);
    address[endpoint.len] = '\0';
    if (!push_host_allows(push->options.hosts, address, origin, &exact, rule))
        return false;
    *field = "p256dh";
    *rule = "a point of P-256, uncompressed";
    EVP_PKEY *key = push_seal_point(p256dh);
    EVP_PKEY_free(key);
    return key != NULL;
}

/* Whether it is on its way; else its outcome is known. */
static bool begin(struct push *push, struct sending *sending, const struct push_message *message)
{
    char address[LIMIT_ENDPOINT + 1] = "", origin[PUSH_ORIGIN];
    const char *rule;
    sending->outcome = PUSH_NEVER;
    if (message->endpoint.len > LIMIT_ENDPOINT)
        return false;
    memcpy(address, message->endpoint.data, message->endpoint.len);
    if (!push_host_allows(push->options.hosts, address, origin, &sending->exact, &rule))
        return false;
    sending->service = push_service_at(push, origin);
    sending->outcome = PUSH_LATER;
    if (!sending->service)
        return false;
    sending->retry_after_ms = push_service_pause(push, sending->service);
    if (sending->retry_after_ms)
        return false;
    sending->outcome = PUSH_NEVER;
    return push_request_fill(sending, message, address);
}

static void send_message(void *arg, const struct push_message *message, push_done *done, void *done_arg)
{
    struct push *push = arg;
    struct sending *sending = allocate(sizeof *sending);
    sending->push = push;
    sending->done = done;
    sending->arg = done_arg;
    if (!begin(push, sending, message)) {
        settle(push, sending);
        return;
    }
    sending->service->in_flight++;
    TAILQ_INSERT_TAIL(&push->sent, sending, in_list);
    if (curl_multi_add_handle(push->multi, sending->curl) != CURLM_OK)
        abort();
}

/* ---- from begin to end ---- */

const char *push_options_fault(const struct push_options *options)
{
    const char *error = NULL;
    if (strncmp(options->contact, "mailto:", 7) != 0 && strncmp(options->contact, "https://", 8) != 0)
        return "push_contact: mailto: and an address, or an https address: whom push services may ask";
    if (!push_hosts_valid(options->hosts))
        return "push_hosts: hosts in lower case with blanks between, each with a port or without";
    struct push_key *key = push_key_load(options->key_file, &error);
    push_key_free(key);
    return error;
}

struct push *push_new(struct ev_loop *loop, const struct push_options *options, const char **error)
{
    *error = push_options_fault(options);
    struct push_key *key = *error ? NULL : push_key_load(options->key_file, error);
    if (!key)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        abort();
    struct push *push = allocate(sizeof *push);
    push->options = *options;
    push->key = key;
    push->loop = loop;
    TAILQ_INIT(&push->sent);
    TAILQ_INIT(&push->known);
    ev_timer_init(&push->timer, on_timer, 0., 0.);
    push->timer.data = push;
    ev_timer_init(&push->soon, on_soon, 0., 0.);
    push->soon.data = push;
    push->multi = curl_multi_init();
    if (!push->multi)
        abort();
    curl_multi_setopt(push->multi, CURLMOPT_SOCKETFUNCTION, on_wanted_socket);
    curl_multi_setopt(push->multi, CURLMOPT_SOCKETDATA, push);
    curl_multi_setopt(push->multi, CURLMOPT_TIMERFUNCTION, on_wanted_time);
    curl_multi_setopt(push->multi, CURLMOPT_TIMERDATA, push);
    curl_multi_setopt(push->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MOST);
    curl_multi_setopt(push->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_A_HOST);
    return push;
}

struct push_service push_service_of(struct push *push)
{
    return (struct push_service){
        .arg = push, .public_key = push_key_public(push->key), .allows = allows, .send = send_message};
}

void push_free(struct push *push)
{
    struct sending *sending;
    if (!push)
        return;
    while ((sending = TAILQ_FIRST(&push->sent))) {
        take_back(push, sending);
        sending->outcome = PUSH_ENDING;
        answer(sending);
    }
    while ((sending = TAILQ_FIRST(&push->known))) {
        TAILQ_REMOVE(&push->known, sending, in_list);
        answer(sending);
    }
    curl_multi_cleanup(push->multi);
    ev_timer_stop(push->loop, &push->timer);
    ev_clear_pending(push->loop, &push->soon);
    push_key_free(push->key);
    free(push);
    curl_global_cleanup();
}
