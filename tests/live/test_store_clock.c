/* The machine's clock is set back and forward by hours, as when it finds a time server: what is due goes on.
 */
#include <math.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/store_alerts.h"

enum { HOURS = 3 * 3600 };

static time_t moved; /* seconds */

/* In place of libc's, for libev too. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && clock == CLOCK_REALTIME)
        out->tv_sec += moved;
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

/* The loop looks at it now and then. */
static void is_set(struct fixture *f, time_t seconds)
{
    moved += seconds;
    UNTIL(f, fabs(ev_now(f->loop) - ev_time()) < 60.);
}

static void upkeep_goes_on_whatever_the_clock_is_set_to(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, .expires = START + 1000));
    fixture_set_now(START + 1000);
    until_history(f, "c:9qh1f", "a1+ a2-");
    uint64_t reconnects = store_counters(f->store)->reconnects;

    is_set(f, -HOURS);
    say(f, NEW(B, .expires = START + 2000));
    until_history(f, "c:9qh1f", "a1+ a2- b1+");
    fixture_set_now(START + 2000);
    until_history(f, "c:9qh1f", "a1+ a2- b1+ b2-");
    UNTIL(f, store_as_of(f->store) == fixture_now());

    is_set(f, 2 * HOURS);
    say(f, NEW(C, .expires = START + 3000));
    fixture_set_now(START + 3000);
    until_history(f, "c:9qh1f", "a1+ a2- b1+ b2- c1+ c2-");
    UNTIL(f, store_as_of(f->store) == fixture_now());
    assert_int_equal(store_counters(f->store)->reconnects, reconnects);
}

static void what_is_proved_is_told_by_the_clock_that_was_set_back(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    UNTIL(f, store_as_of(f->store) == fixture_now());
    fixture_set_now(fixture_now() - INT64_C(1000) * HOURS);
    UNTIL(f, store_as_of(f->store) == fixture_now());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            upkeep_goes_on_whatever_the_clock_is_set_to, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(
            what_is_proved_is_told_by_the_clock_that_was_set_back, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
