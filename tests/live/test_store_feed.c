/* The connection that tells what is published: against a peer that says its bytes as it likes, and against a
 * real Redis that refuses the login or listens on a socket of its own. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/store_feed_link.h"
#include "tests/live/store_fixture.h"

static const char MESSAGE[] = "*3\r\n$8\r\nsmessage\r\n$3\r\none\r\n$12\r\na1-1 \r\n\0$3\r\n\r\n";
enum { MESSAGE_LEN = sizeof(MESSAGE) - 1 };

/* What plays Redis, and what its link told. */
struct peer {
    struct store store;
    struct feed_link link;
    struct endpoint where;
    int listener, fd;
    size_t opened, lost, heard;
    bool drop; /* when something is heard */
};

static void on_opened(struct feed_link *link)
{
    ((struct peer *)link->arg)->opened++;
}

static void on_heard(struct feed_link *link, const redisReply *reply)
{
    struct peer *peer = link->arg;
    peer->heard++;
    assert_true(text_equal(reply_text(reply_at(reply, 0)), TEXT("smessage")));
    struct bytes data = reply_bytes(reply_at(reply, 2));
    assert_int_equal(data.len, 12);
    assert_memory_equal(data.data, "a1-1 \r\n\0$3\r\n", 12);
    if (peer->drop)
        feed_link_drop(link, "heard enough");
}

static void on_lost(struct feed_link *link)
{
    ((struct peer *)link->arg)->lost++;
}

static void no_log(int level, const char *event, const char *text)
{
    (void)level;
    (void)event;
    (void)text;
}

static void turn_until(struct peer *peer, const size_t *number, size_t wanted)
{
    while (*number < wanted)
        ev_run(peer->store.loop, EVRUN_ONCE);
    assert_int_equal(*number, wanted);
}

static void accept_link(struct peer *peer, size_t times)
{
    if (peer->fd >= 0)
        close(peer->fd);
    turn_until(peer, &peer->opened, times);
    peer->fd = accept(peer->listener, NULL, NULL);
    assert_true(peer->fd >= 0);
}

static void say(struct peer *peer, const char *bytes, size_t len)
{
    assert_int_equal(send(peer->fd, bytes, len, MSG_NOSIGNAL), len);
}

static int open_peer(void **state)
{
    static const struct feed_link_events events = {on_opened, on_heard, on_lost};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct peer *peer = calloc(1, sizeof(*peer));
    *state = peer;
    if (!peer)
        return -1;
    peer->store.loop = ev_loop_new(0);
    peer->store.options.log = no_log;
    peer->fd = -1;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&address, len) != 0 || listen(peer->listener, 4) != 0 ||
        getsockname(peer->listener, (struct sockaddr *)&address, &len) != 0)
        return -1;
    peer->where = (struct endpoint){.host = "127.0.0.1", .port = ntohs(address.sin_port)};
    feed_link_start(&peer->link, &peer->store, &peer->where, &events, peer);
    return 0;
}

static int close_peer(void **state)
{
    struct peer *peer = *state;
    feed_link_stop(&peer->link);
    ev_loop_destroy(peer->store.loop);
    close(peer->fd);
    close(peer->listener);
    free(peer);
    return 0;
}

static void half_a_message_waits_for_its_rest(void **state)
{
    struct peer *peer = *state;
    accept_link(peer, 1);
    for (size_t i = 0; i < MESSAGE_LEN; i++) {
        assert_int_equal(peer->heard, 0);
        say(peer, MESSAGE + i, 1);
        ev_run(peer->store.loop, EVRUN_ONCE);
    }
    turn_until(peer, &peer->heard, 1);
    char many[3 * MESSAGE_LEN];
    for (size_t i = 0; i < 3; i++)
        memcpy(many + i * MESSAGE_LEN, MESSAGE, MESSAGE_LEN);
    say(peer, many, sizeof(many) - 1);
    turn_until(peer, &peer->heard, 3);
    say(peer, many + sizeof(many) - 1, 1);
    turn_until(peer, &peer->heard, 4);
    assert_int_equal(peer->lost, 0);
}

static void what_was_cut_off_is_not_joined_to_what_comes_next(void **state)
{
    struct peer *peer = *state;
    accept_link(peer, 1);
    say(peer, MESSAGE, MESSAGE_LEN / 2);
    ev_run(peer->store.loop, EVRUN_ONCE);
    close(peer->fd);
    peer->fd = -1;
    turn_until(peer, &peer->lost, 1);
    accept_link(peer, 2);
    say(peer, MESSAGE, MESSAGE_LEN);
    turn_until(peer, &peer->heard, 1);
}

static void nonsense_ends_the_connection(void **state)
{
    struct peer *peer = *state;
    accept_link(peer, 1);
    say(peer, "HTTP/1.1 400 Bad Request\r\n", 26);
    turn_until(peer, &peer->lost, 1);
    assert_int_equal(peer->heard, 0);
    accept_link(peer, 2);
}

static void whoever_hears_a_message_may_drop_the_link(void **state)
{
    struct peer *peer = *state;
    accept_link(peer, 1);
    peer->drop = true;
    char two[2 * MESSAGE_LEN];
    memcpy(two, MESSAGE, MESSAGE_LEN);
    memcpy(two + MESSAGE_LEN, MESSAGE, MESSAGE_LEN);
    say(peer, two, sizeof(two));
    turn_until(peer, &peer->lost, 1);
    assert_int_equal(peer->heard, 1);
    accept_link(peer, 2);
}

static void what_is_sent_arrives_whole(void **state)
{
    enum { NAME = 30000, TIMES = 100 };
    struct peer *peer = *state;
    static char name[NAME], got[NAME + 64];
    memset(name, 'n', sizeof(name));
    accept_link(peer, 1);
    for (int i = 0; i < TIMES; i++) { /* more than the socket takes at once */
        struct command command = {0};
        command_begin(&command, 2);
        command_text(&command, "SSUBSCRIBE");
        command_bytes(&command, name, sizeof(name));
        feed_link_send(&peer->link, &command);
    }
    const size_t each = sizeof("*2\r\n$10\r\nSSUBSCRIBE\r\n$30000\r\n") - 1 + NAME + 2;
    for (size_t left = TIMES * each; left > 0;) {
        ssize_t some = recv(peer->fd, got, left < sizeof(got) ? left : sizeof(got), MSG_DONTWAIT);
        if (some > 0) {
            left -= (size_t)some;
            continue;
        }
        struct pollfd either[] = {{.fd = peer->fd, .events = POLLIN},
            {.fd = peer->link.out.len ? peer->link.fd : -1, .events = POLLOUT}};
        assert_true(poll(either, 2, 30000) > 0);
        ev_run(peer->store.loop, EVRUN_NOWAIT);
    }
    assert_int_equal(peer->link.out.len, 0);
}

/* ---- a real Redis ---- */

static void on_state(void *arg, const struct channel_state *state)
{
    assert_int_equal(state->status, STORE_OK);
    *(bool *)arg = true;
}

static void follow(struct fixture *f)
{
    bool opened = false;
    store_follow(f->store, TEXT("c:9qh1f"), on_state, &opened);
    fixture_until(f, &opened);
    assert_true(redis_tell(&f->ask, "SPUBLISH nb:{rbe}:feed:c:9qh1f %s", "a99999999999999-1 12345678"));
    UNTIL(f, f->told_count == 1);
}

static size_t refusals; /* of the feed's login */

static void count_refusals(int level, const char *event, const char *text)
{
    (void)level;
    assert_null(strstr(text, "secret"));
    refusals += strcmp(event, "store_login") == 0 && strstr(text, "link=feed") != NULL;
}

static void a_refused_login_is_tried_again(void **state)
{
    struct fixture *f = *state;
    char url[128];
    snprintf(url, sizeof(url), "redis://:secret@127.0.0.1:%d", f->redis.port);
    f->options.url = url;
    f->options.log = count_refusals;
    refusals = 0;
    assert_true(redis_tell(&f->ask, "CONFIG SET requirepass other"));
    fixture_store(f);
    fixture_until_number(f, &refusals, 2);
    assert_true(redis_tell(&f->ask, "CONFIG SET requirepass secret"));
    follow(f);
    assert_true(redis_tell(&f->ask, "CONFIG SET requirepass %s", ""));
}

static void a_socket_serves_as_well(void **state)
{
    struct fixture *f = *state;
    char url[128];
    snprintf(url, sizeof(url), "unix:%s/redis.sock", f->redis.folder);
    f->options.url = url;
    fixture_store(f);
    follow(f);
}

#define PEER(name) cmocka_unit_test_setup_teardown(name, open_peer, close_peer)
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest links[] = {
        PEER(half_a_message_waits_for_its_rest),
        PEER(what_was_cut_off_is_not_joined_to_what_comes_next),
        PEER(nonsense_ends_the_connection),
        PEER(whoever_hears_a_message_may_drop_the_link),
        PEER(what_is_sent_arrives_whole),
    };
    const struct CMUnitTest redis[] = {
        TEST(a_refused_login_is_tried_again),
        TEST(a_socket_serves_as_well),
    };
    int failed = cmocka_run_group_tests(links, NULL, NULL);
    return failed + cmocka_run_group_tests(redis, fixture_group, fixture_group_end);
}
