/* Redis stands still, or this process does: what only waits to be read is no silence, and whoever is dead is
 * found in time. The clock of all that waits goes on when a test says so and only then, so that no machine is
 * too slow or too quick; Redis is a real one. */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bridge/store_feed_inside.h"
#include "tests/live/store_fixture.h"

enum { DEADLINE_MS = 3000, STEP_MS = 50, STALL_MS = 20000, SWEEP_MS = 500, PATIENCE_S = 60, OTHERS = 200 };

static int64_t steady_ms = 1000000;

static time_t real_seconds(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* In place of libc's, for libev too. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, out);
    *out = (struct timespec){steady_ms / 1000, steady_ms % 1000 * 1000000};
    return 0;
}

/* ---- what is lost ---- */

static size_t lost_feeds, lost_commands;

static void count_losses(int level, const char *event, const char *text)
{
    (void)level;
    if (strcmp(event, "store_lost") != 0)
        return;
    if (strstr(text, "link=feed"))
        lost_feeds++;
    else if (strstr(text, "link=command"))
        lost_commands++;
}

/* ---- time ---- */

static void turn(struct fixture *f, int how)
{
    store_upkeep(f->store, fixture_now());
    store_flush(f->store);
    ev_run(f->loop, how);
}

/* Redis does something, however long it takes; to us no time passes. */
#define WAIT(f, condition)                                                                                   \
    for (time_t until_ = real_seconds() + PATIENCE_S; !(condition);) {                                       \
        if (real_seconds() > until_)                                                                         \
            fail_msg("waited in vain for %s", #condition);                                                   \
        turn(f, EVRUN_ONCE);                                                                                 \
    }

/* Time passes and we turn on. */
static void passes(struct fixture *f, int64_t ms)
{
    for (int64_t gone = 0; gone < ms; gone += STEP_MS) {
        steady_ms += STEP_MS;
        turn(f, EVRUN_NOWAIT);
    }
}

static struct feed *feed_now(struct fixture *f)
{
    return store_node(f->store, 0)->feed;
}

/* It has something of ours to answer. */
static bool redis_is_at_it(const struct fixture *f)
{
    const struct store *store = f->store;
    const struct link *scout = &store->topology.scout;
    const struct node *node = store_node(store, 0);
    if (scout->context && (!scout->ready || store->topology.asking))
        return true;
    if (!node || store->calls.later.first)
        return false;
    const struct feed *feed = node->feed;
    return (node->command.context && (!node->command.ready || store->counters.waiting > 0)) ||
           (feed->link.fd >= 0 && (!feed->link.ready || feed->unanswered));
}

/* Until the condition time passes, but while Redis is at something. */
#define UNTIL_QUIET(f, condition)                                                                            \
    for (time_t end_ = real_seconds() + PATIENCE_S; !(condition);) {                                         \
        if (real_seconds() > end_)                                                                           \
            fail_msg("waited in vain for %s", #condition);                                                   \
        passes(f, STEP_MS);                                                                                  \
        WAIT(f, !redis_is_at_it(f));                                                                         \
    }

/* A sweep was answered, and the probe behind it; nothing waits, and the next is half a second away. */
static void is_quiet(struct fixture *f)
{
    fixture_set_now(fixture_now() + 1);
    UNTIL_QUIET(f, store_as_of(f->store) == fixture_now());
}

static int open_store(void **state)
{
    if (fixture_open(state) != 0)
        return -1;
    struct fixture *f = *state;
    f->options.deadline_ms = DEADLINE_MS;
    f->options.log = count_losses;
    fixture_store(f);
    UNTIL_QUIET(f, f->available);
    is_quiet(f);
    lost_feeds = lost_commands = 0;
    return 0;
}

/* ---- Redis stands still ---- */

/* The commands' connection has waited for less than its deadline; nothing came on the feed for longer. */
static void a_redis_that_stood_still_has_a_feed_that_is_well(void **state)
{
    struct fixture *f = *state;
    double asked = feed_now(f)->asked;
    redis_server_freeze(&f->redis);
    passes(f, DEADLINE_MS + SWEEP_MS / 2);
    redis_server_thaw(&f->redis);
    WAIT(f, feed_now(f)->asked > asked);
    passes(f, 2 * STEP_MS);
    is_quiet(f);
    assert_int_equal(lost_commands, 0);
    assert_int_equal(lost_feeds, 0);
}

static void one_that_stood_still_for_long_is_connected_to_anew_for_commands_alone(void **state)
{
    struct fixture *f = *state;
    redis_server_freeze(&f->redis);
    passes(f, STALL_MS);
    assert_int_equal(lost_commands, 1);
    redis_server_thaw(&f->redis);
    is_quiet(f);
    passes(f, 2 * STEP_MS);
    assert_int_equal(lost_feeds, 0);
}

static void a_dead_redis_is_found_in_time(void **state)
{
    struct fixture *f = *state;
    redis_server_freeze(&f->redis);
    passes(f, DEADLINE_MS - STEP_MS);
    assert_int_equal(lost_commands, 0);
    passes(f, SWEEP_MS + 3 * STEP_MS);
    assert_int_equal(lost_commands, 1);
    assert_false(f->available);
    redis_server_thaw(&f->redis);
    is_quiet(f);
}

/* What is sent on its socket goes nowhere from now on, and nothing comes. */
static int is_cut_off(struct feed *feed)
{
    int nowhere[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, nowhere), 0);
    assert_int_equal(dup2(nowhere[0], feed->link.fd), feed->link.fd);
    close(nowhere[0]);
    return nowhere[1];
}

static void a_dead_feed_is_found_in_time_though_redis_answers(void **state)
{
    struct fixture *f = *state;
    int nowhere = is_cut_off(feed_now(f));
    int64_t gone = 0;
    for (; lost_feeds == 0 && gone < 2 * DEADLINE_MS; gone += STEP_MS) {
        passes(f, STEP_MS);
        WAIT(f, store_counters(f->store)->waiting == 0);
    }
    assert_int_equal(lost_feeds, 1);
    assert_in_range(gone, DEADLINE_MS, DEADLINE_MS + 3 * SWEEP_MS);
    assert_int_equal(lost_commands, 0);
    is_quiet(f);
    close(nowhere);
}

/* ---- this process stands still ---- */

static void on_other(struct ev_loop *loop, ev_io *io, int events)
{
    uint64_t count;
    (void)loop;
    (void)events;
    assert_int_equal(read(io->fd, &count, sizeof(count)), sizeof(count));
}

/* What else the process has to read; all of it waits before Redis has answered. */
static void others_wait(struct fixture *f, ev_io others[OTHERS], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ev_io_init(&others[i], on_other, eventfd(0, EFD_CLOEXEC), EV_READ);
        assert_true(others[i].fd >= 0);
        ev_io_start(f->loop, &others[i]);
    }
    ev_run(f->loop, EVRUN_NOWAIT);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(write(others[i].fd, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
}

static void others_go(struct fixture *f, ev_io others[OTHERS], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ev_io_stop(f->loop, &others[i]);
        close(others[i].fd);
    }
}

/* Between a sweep's question and its answer, which waits in the socket behind that of others. */
static void stands_still(struct fixture *f, size_t count)
{
    ev_io others[OTHERS];
    others_wait(f, others, count);
    steady_ms += SWEEP_MS + STEP_MS;
    store_upkeep(f->store, fixture_now());
    store_flush(f->store);
    struct pollfd answer = {.fd = store_node(f->store, 0)->command.context->c.fd, .events = POLLIN};
    assert_int_equal(poll(&answer, 1, PATIENCE_S * 1000), 1);
    steady_ms += STALL_MS;
    passes(f, 4 * STEP_MS);
    is_quiet(f);
    others_go(f, others, count);
    assert_int_equal(lost_commands, 0);
    assert_int_equal(lost_feeds, 0);
}

static void a_process_that_stood_still_blames_nobody(void **state)
{
    stands_still(*state, 0);
}

static void nor_before_it_has_read_what_waits_behind_others(void **state)
{
    stands_still(*state, OTHERS);
}

static void a_redis_that_died_meanwhile_is_found_in_time(void **state)
{
    struct fixture *f = *state;
    redis_server_freeze(&f->redis);
    passes(f, SWEEP_MS + STEP_MS);
    steady_ms += STALL_MS;
    passes(f, DEADLINE_MS / 2);
    assert_int_equal(lost_commands, 0);
    passes(f, DEADLINE_MS / 2 + SWEEP_MS);
    assert_int_equal(lost_commands, 1);
    redis_server_thaw(&f->redis);
    is_quiet(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_redis_that_stood_still_has_a_feed_that_is_well),
        TEST(one_that_stood_still_for_long_is_connected_to_anew_for_commands_alone),
        TEST(a_dead_redis_is_found_in_time),
        TEST(a_dead_feed_is_found_in_time_though_redis_answers),
        TEST(a_process_that_stood_still_blames_nobody),
        TEST(nor_before_it_has_read_what_waits_behind_others),
        TEST(a_redis_that_died_meanwhile_is_found_in_time),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
