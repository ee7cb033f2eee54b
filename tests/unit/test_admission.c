/* The limits at accept: in all, from an address, and how fast. The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "broker/net/admission.h"

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        six->sin6_family = AF_INET6;
    }
    return address;
}

static enum admission_verdict enter(
    struct admission *admission, const char *text, int64_t now, struct visitor **visitor)
{
    struct sockaddr_storage address = address_of(text);
    return admission_enter(admission, &address, now, visitor);
}

static void most_in_all(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 2};
    struct admission *admission = admission_new(&settings);
    struct visitor *a, *b, *c;
    assert_int_equal(enter(admission, "192.0.2.1", 1000, &a), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "192.0.2.2", 1000, &b), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "192.0.2.3", 1000, &c), ADMISSION_TOO_MANY);
    admission_leave(admission, a, 1001);
    assert_int_equal(enter(admission, "192.0.2.3", 1001, &c), ADMISSION_WELCOME);
    settings.max_connections = 3; /* a reload */
    assert_int_equal(enter(admission, "192.0.2.3", 1001, &a), ADMISSION_WELCOME);
    admission_free(admission);
}

static void most_from_an_address(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 100, .max_connections_per_address = 1};
    struct admission *admission = admission_new(&settings);
    struct visitor *first, *other;
    assert_int_equal(enter(admission, "192.0.2.1", 0, &first), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "::ffff:192.0.2.1", 0, &other), ADMISSION_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(enter(admission, "2001:db8:0:1::1", 0, &other), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "2001:db8:0:1:ffff::2", 0, &other), ADMISSION_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(enter(admission, "2001:db8:0:2::1", 0, &other), ADMISSION_WELCOME);
    admission_leave(admission, first, 1);
    assert_int_equal(enter(admission, "192.0.2.1", 1, &first), ADMISSION_WELCOME);
    admission_free(admission);
}

static void rate_of_an_address(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 100, .accept_rate_per_address = 10};
    struct admission *admission = admission_new(&settings);
    struct visitor *visitor;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(enter(admission, "192.0.2.1", 0, &visitor), ADMISSION_WELCOME);
        admission_leave(admission, visitor, 0);
    }
    assert_int_equal(enter(admission, "192.0.2.1", 0, &visitor), ADMISSION_TOO_MANY_FROM_ADDRESS);
    admission_upkeep(admission, 50); /* does not forget so soon */
    assert_int_equal(enter(admission, "192.0.2.1", 50, &visitor), ADMISSION_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(enter(admission, "192.0.2.1", 100, &visitor), ADMISSION_WELCOME);
    admission_leave(admission, visitor, 100);
    admission_upkeep(admission, 10000);
    assert_int_equal(enter(admission, "192.0.2.1", 10000, &visitor), ADMISSION_WELCOME);
    admission_free(admission);
}

static void questions_of_an_address(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 100, .http_rate_per_address = 10};
    struct admission *admission = admission_new(&settings);
    struct visitor *one, *same, *other;
    assert_int_equal(enter(admission, "192.0.2.1", 0, &one), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "192.0.2.1", 0, &same), ADMISSION_WELCOME);
    assert_int_equal(enter(admission, "192.0.2.2", 0, &other), ADMISSION_WELCOME);
    for (int i = 0; i < 10; i++) {
        assert_true(admission_ask(admission, i % 2 ? one : same, 0));
    }
    assert_false(admission_ask(admission, one, 50));
    assert_true(admission_ask(admission, other, 50));
    assert_true(admission_ask(admission, same, 150));
    assert_false(admission_ask(admission, one, 150));
    settings.http_rate_per_address = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(admission_ask(admission, one, 150));
    }
    settings.http_rate_per_address = 10;
    assert_true(admission_ask(admission, one, 1150));
    admission_free(admission);
}

static void rate_in_all(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 1000, .accept_rate = 100};
    struct admission *admission = admission_new(&settings);
    struct visitor *visitor;
    assert_int_equal(admission_allowance(admission, 5000), 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(enter(admission, "192.0.2.1", 5000, &visitor), ADMISSION_WELCOME);
    }
    assert_int_equal(admission_allowance(admission, 5000), 0);
    assert_int_equal(admission_allowance(admission, 5100), 10);
    settings.accept_rate = 0;
    assert_true(admission_allowance(admission, 5100) > 1000);
    admission_free(admission);
}

static void many_addresses_come_and_go(void **state)
{
    (void)state;
    struct settings settings = {.max_connections = 100000};
    struct admission *admission = admission_new(&settings);
    struct visitor *visitors[1000];
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
        assert_int_equal(enter(admission, text, i, &visitors[i]), ADMISSION_WELCOME);
    }
    for (int i = 0; i < 1000; i += 2) {
        admission_leave(admission, visitors[i], 1000 + i);
    }
    admission_upkeep(admission, 3500);
    for (int i = 1; i < 1000; i += 2) {
        admission_leave(admission, visitors[i], 4000);
    }
    admission_upkeep(admission, 6000);
    admission_free(admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_in_all),
        cmocka_unit_test(most_from_an_address),
        cmocka_unit_test(rate_of_an_address),
        cmocka_unit_test(questions_of_an_address),
        cmocka_unit_test(rate_in_all),
        cmocka_unit_test(many_addresses_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
