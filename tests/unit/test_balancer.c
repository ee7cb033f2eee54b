/* Headers of the PROXY protocol, version 2: which are taken, and whose address then counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "broker/net/listener.h"

enum {
    HEAD = 16,
    LOCAL = 0x20,
    PROXY = 0x21,
    UNSPEC = 0,
    TCP4 = 0x11,
    UDP4 = 0x12,
    TCP6 = 0x21,
    UNIX = 0x31
};
static const char own[] = "192.0.2.9"; /* of the balancer */

static void address_is(const struct sockaddr_storage *address, const char *wanted)
{
    char text[INET6_ADDRSTRLEN] = "";
    const void *from = address->ss_family == AF_INET6
                           ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    assert_non_null(inet_ntop(address->ss_family, from, text, sizeof(text)));
    assert_string_equal(text, wanted);
}

/* A header of that command and family, with `rest` bytes behind its head: 10.1.1.1 or a01:101:: in front, and
 * bytes that are no address behind. Nothing of it is read before it is whole. */
static void header_is(uint8_t command, uint8_t family, size_t rest, bool taken, const char *wanted)
{
    uint8_t data[HEAD + BALANCER_HEADER_MOST] = "\r\n\r\n\0\r\nQUIT\n";
    struct sockaddr_storage address = {.ss_family = AF_INET};
    data[12] = command;
    data[13] = family;
    data[14] = (uint8_t)(rest >> 8);
    data[15] = (uint8_t)rest;
    if (rest >= 4)
        memcpy(data + HEAD, "\x0a\1\1\1", 4);
    inet_pton(AF_INET, own, &((struct sockaddr_in *)&address)->sin_addr);
    for (size_t len = 0; taken && len < HEAD + rest; len++)
        assert_int_equal(balancer_header(data, len, &address), 0);
    address_is(&address, own);
    assert_int_equal(balancer_header(data, HEAD + rest, &address), taken ? (int)(HEAD + rest) : -1);
    address_is(&address, wanted);
}

static void who_is_behind_the_balancer_counts(void **state)
{
    (void)state;
    header_is(PROXY, TCP4, 12, true, "10.1.1.1");
    header_is(PROXY, TCP6, 36, true, "a01:101::");
}

static void what_is_told_beside_addresses_is_passed_over(void **state)
{
    (void)state;
    header_is(PROXY, TCP4, 12 + 40, true, "10.1.1.1");
    header_is(PROXY, TCP6, BALANCER_HEADER_MOST - HEAD, true, "a01:101::");
    header_is(PROXY, UNSPEC, 40, true, own);
    header_is(LOCAL, UNSPEC, 40, true, own);
}

static void the_balancer_speaks_for_itself_where_it_tells_no_address(void **state)
{
    (void)state;
    header_is(LOCAL, UNSPEC, 0, true, own);
    header_is(LOCAL, TCP4, 12, true, own);
    header_is(LOCAL, UNIX, 216, true, own);
    header_is(PROXY, UNSPEC, 0, true, own);
    header_is(PROXY, UNSPEC, BALANCER_HEADER_MOST - HEAD, true, own);
}

static void other_headers_are_none(void **state)
{
    (void)state;
    header_is(PROXY, TCP4, 11, false, own);
    header_is(PROXY, TCP6, 35, false, own);
    header_is(PROXY, UDP4, 12, false, own);
    header_is(PROXY, UNIX, 216, false, own);
    header_is(PROXY, 0x03, 0, false, own);
    header_is(PROXY + 1, TCP4, 12, false, own);
    header_is(0x11, TCP4, 12, false, own); /* another version */
    header_is(PROXY, UNSPEC, BALANCER_HEADER_MOST - HEAD + 1, false, own);
    header_is(LOCAL, UNSPEC, BALANCER_HEADER_MOST - HEAD + 1, false, own);
}

/* ---- until the header is there ---- */

enum { PATIENCE_MS = 10000, BEHIND_MOST = 2 };
static time_t moved; /* seconds */

/* In place of libc's, for libev. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    out->tv_sec += result == 0 ? moved : 0;
    return result;
}

static void on_taken(void *arg, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    (void)visitor;
    address_is(address, own);
    (*(size_t *)arg)++;
    close(fd);
}

/* The process stands still for longer than a header may take: whose header waits is taken, who is silent is
 * not. */
static void a_header_that_waits_is_read_before_it_is_missed(void **state)
{
    static const uint8_t local[HEAD] = "\r\n\r\n\0\r\nQUIT\n\x20";
    struct sockaddr_storage from = {.ss_family = AF_INET};
    struct counters counters = {0};
    size_t taken = 0;
    int open[BEHIND_MOST][2];
    (void)state;
    struct ev_loop *loop = ev_loop_new(0);
    struct balancers *balancers = balancers_new(loop, own, PATIENCE_MS);
    struct listener listener = {.loop = loop, .counters = &counters, .accepted = on_taken, .arg = &taken};
    assert_int_equal(inet_pton(AF_INET, own, &((struct sockaddr_in *)&from)->sin_addr), 1);
    for (size_t i = 0; i < BEHIND_MOST; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, open[i]), 0);
        balancers_await(balancers, &listener, open[i][0], &from);
    }
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(write(open[0][1], local, HEAD), HEAD);
    moved += 2 * PATIENCE_MS / 1000;
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(taken, 1);
    assert_int_equal(counters.connections_closed_protocol, 1);
    balancers_free(balancers);
    ev_loop_destroy(loop);
    for (size_t i = 0; i < BEHIND_MOST; i++)
        close(open[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_behind_the_balancer_counts),
        cmocka_unit_test(what_is_told_beside_addresses_is_passed_over),
        cmocka_unit_test(the_balancer_speaks_for_itself_where_it_tells_no_address),
        cmocka_unit_test(other_headers_are_none),
        cmocka_unit_test(a_header_that_waits_is_read_before_it_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
