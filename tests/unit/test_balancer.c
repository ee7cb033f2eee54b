/* Headers of the PROXY protocol, version 2: which are taken, and whose address then counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "broker/net/balancer.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_behind_the_balancer_counts),
        cmocka_unit_test(what_is_told_beside_addresses_is_passed_over),
        cmocka_unit_test(the_balancer_speaks_for_itself_where_it_tells_no_address),
        cmocka_unit_test(other_headers_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
