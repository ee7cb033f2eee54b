/* QoS 2 packet ids in the store, against one Redis and a cluster: a process dies, or stands still and wakes
 * up, between any two steps, while its client goes on with another; the packet is stored once, and its id may
 * be used anew. */
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "tests/live/store_motions.h"

enum { PACKET = 77, PATIENCE_S = 180 };
#define CLIENT(instance) ((struct session_name){TEXT("device/cam-1"), text_of(instance)})

/* A neighborsd, with a loop of its own: while that is not turned, it stands still. */
struct process {
    struct ev_loop *loop;
    struct store *store;
    bool opened, released;
    enum store_status release_status;
    struct session_record record; /* its views are void */
    uint16_t packets[8];
    struct answer motion;
};

static void process_start(struct process *process, struct fixture *f, const char *node)
{
    const struct store_events events = {0};
    struct store_redis_options options = f->options;
    options.node = node;
    *process = (struct process){.loop = ev_loop_new(0)};
    process->store = store_redis_new(process->loop, &options, &events);
}

static void process_end(struct process *process)
{
    if (process->store)
        store_free(process->store);
    ev_loop_destroy(process->loop);
    process->store = NULL;
}

/* One turn; the store's own timer ends it soon, so a condition that never comes fails the test. */
static void turn(const struct process *process, double since)
{
    ev_run(process->loop, EVRUN_ONCE);
    if (ev_now(process->loop) - since > PATIENCE_S)
        fail_msg("waited in vain");
}

#define TURN_UNTIL(process, condition)                                                                       \
    do {                                                                                                     \
        ev_now_update((process)->loop);                                                                      \
        double since_ = ev_now((process)->loop);                                                             \
        while (!(condition))                                                                                 \
            turn(process, since_);                                                                           \
    } while (0)

static void on_open(void *arg, const struct session_record *record)
{
    struct process *process = arg;
    assert_false(process->opened);
    process->opened = true;
    process->record = *record;
    for (size_t i = 0; i < record->qos2_count && i < 8; i++)
        process->packets[i] = record->qos2[i];
}

static void begin_open(struct process *process, const char *instance, bool clean)
{
    const struct store_opening opening = {.name = CLIENT(instance), .clean = clean, .expiry_s = 3600};
    process->opened = false;
    store_session_open(process->store, &opening, on_open, process);
}

static void open_session(struct process *process, const char *instance, bool clean)
{
    begin_open(process, instance, clean);
    TURN_UNTIL(process, process->opened);
    assert_int_equal(process->record.status, STORE_OK);
}

static void begin_packet(struct process *process, const char *instance, const char *record)
{
    struct store_motion_event event = {.record = {(const uint8_t *)record, strlen(record)}};
    struct batch batch;
    batch_of(&batch, 0, NUMBERS(0));
    batch.motion.instance = text_of(instance);
    batch.motion.qos2_packet = PACKET;
    batch.motion.generation = process->record.generation;
    batch.motion.events = &event;
    process->motion.done = false;
    store_motion(process->store, &batch.motion, on_batch, &process->motion);
}

static struct store_motion_result send_packet(
    struct process *process, const char *instance, const char *record)
{
    begin_packet(process, instance, record);
    TURN_UNTIL(process, process->motion.done);
    return process->motion.result;
}

static void on_release(void *arg, enum store_status status)
{
    struct process *process = arg;
    process->released = true;
    process->release_status = status;
}

static void begin_release(struct process *process, const char *instance)
{
    process->released = false;
    store_qos2_release(
        process->store, CLIENT(instance), process->record.generation, PACKET, on_release, process);
}

static void release(struct process *process, const char *instance)
{
    begin_release(process, instance);
    TURN_UNTIL(process, process->released);
    assert_int_equal(process->release_status, STORE_OK);
}

static void enrol(struct fixture *f)
{
    assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam-1}:principal household home-7 share 0"));
}

static long long number_of(struct fixture *f, const char *format, const char *instance)
{
    char command[128];
    snprintf(command, sizeof(command), format, instance);
    return fixture_number(f, command);
}

/* Where 9qh1f's events are. */
static long long mark(struct fixture *f, const char *command, const char *instance, const char *field)
{
    char line[256];
    snprintf(line, sizeof(line), "%s nb:{r%02x}:q2:device/cam-1/%s%s", command, region_tag("9qh1f"), instance,
        field);
    return fixture_number(f, line);
}

/* ---- where the first process stops ---- */

enum phase { PUBLISHING, RELEASING };
enum how { DIES, DIES_AFTER_SENDING, STANDS_STILL };
struct stop {
    enum phase phase;
    unsigned calls; /* that it has begun by then */
    enum how how;
};

/* Brings the first process to where it stops. */
static void go_to(struct process *old, const struct stop *stop, const char *instance, const char *record)
{
    TURN_UNTIL(old, store_counters(old->store)->available);
    open_session(old, instance, false);
    if (stop->phase == RELEASING)
        assert_int_equal(send_packet(old, instance, record).repeated, 0);
    uint64_t calls = store_counters(old->store)->calls;
    if (stop->phase == RELEASING)
        begin_release(old, instance);
    else
        begin_packet(old, instance, record);
    TURN_UNTIL(old, store_counters(old->store)->calls >= calls + stop->calls);
    if (stop->how == DIES_AFTER_SENDING)
        store_flush(old->store);
    if (stop->how != STANDS_STILL)
        process_end(old);
}

/* What a client does that has another process now: it sends again what it has no answer to. True when the
 * packet was known there. */
static bool client_goes_on(
    struct process *now, const struct stop *stop, const char *instance, const char *record)
{
    open_session(now, instance, false);
    bool known = now->record.qos2_count > 0;
    assert_true(now->record.qos2_count <= 1 && (!known || now->packets[0] == PACKET));
    if (stop->phase == PUBLISHING && !known)
        assert_int_equal(send_packet(now, instance, record).status, STORE_OK);
    if (stop->phase == PUBLISHING || known)
        release(now, instance);
    return known;
}

/* It wakes up: what it still had to do is refused, or had been done before. */
static void wakes_up(struct process *old, const struct stop *stop)
{
    if (stop->phase == PUBLISHING) {
        TURN_UNTIL(old, old->motion.done);
        assert_true(old->motion.result.status == STORE_FENCED || old->motion.result.status == STORE_OK);
    } else {
        TURN_UNTIL(old, old->released);
        assert_true(old->release_status == STORE_FENCED || old->release_status == STORE_OK);
    }
    process_end(old);
}

static void stops_there(struct fixture *f, const struct stop *stop, int number)
{
    struct process old, now;
    char instance[16], records[3][16];
    snprintf(instance, sizeof(instance), "i%d", number);
    for (int i = 0; i < 3; i++)
        snprintf(records[i], sizeof(records[i]), "%c%d", "abc"[i], number);
    process_start(&old, f, "old");
    process_start(&now, f, "now");
    go_to(&old, stop, instance, records[0]);
    client_goes_on(&now, stop, instance, records[0]);
    assert_int_equal(logged(f, records[0]), 1);
    /* The id is used anew, before the old process wakes up and behind. */
    struct store_motion_result result = send_packet(&now, instance, records[1]);
    assert_int_equal(result.status, STORE_OK);
    assert_int_equal(result.repeated, 0);
    if (stop->how == STANDS_STILL)
        wakes_up(&old, stop);
    assert_int_equal(mark(f, "HEXISTS", instance, " 77"), 1);
    assert_int_equal(send_packet(&now, instance, records[1]).repeated, 1);
    release(&now, instance);
    assert_int_equal(send_packet(&now, instance, records[2]).repeated, 0);
    release(&now, instance);
    for (int i = 0; i < 3; i++)
        assert_int_equal(logged(f, records[i]), 1);
    assert_int_equal(mark(f, "HLEN", instance, ""), 2); /* who was here last, and which life of the session */
    assert_int_equal(number_of(f, "EXISTS nb:{p:device/cam-1}:q2:%s", instance), 0);
    process_end(&now);
}

static void whatever_stops_between_two_steps_the_packet_is_stored_once(void **state)
{
    struct fixture *f = *state;
    static const enum how ways[] = {DIES, DIES_AFTER_SENDING, STANDS_STILL};
    int number = 0;
    enrol(f);
    for (size_t way = 0; way < 3; way++) {
        for (unsigned calls = 1; calls <= 2; calls++)
            stops_there(f, &(struct stop){PUBLISHING, calls, ways[way]}, number++);
        for (unsigned calls = 1; calls <= 3; calls++)
            stops_there(f, &(struct stop){RELEASING, calls, ways[way]}, number++);
    }
}

/* The step that stores stands still while the client goes through everything with another process. */
static void who_noted_a_packet_and_was_overtaken_stores_nothing(void **state)
{
    struct fixture *f = *state;
    struct process old, now;
    enrol(f);
    process_start(&old, f, "old");
    process_start(&now, f, "now");
    open_session(&old, "x", false);
    uint64_t calls = store_counters(old.store)->calls;
    begin_packet(&old, "x", "late");
    TURN_UNTIL(&old, store_counters(old.store)->calls > calls);
    store_flush(old.store);
    UNTIL(f, fixture_number(f, "HEXISTS nb:{p:device/cam-1}:q2:x 77") == 1); /* it hears of no answer */
    assert_int_equal(logged(f, NULL), 0);
    /* It is named, and not stored: so it is not told as stored, and named no longer. */
    open_session(&now, "x", false);
    assert_int_equal(now.record.qos2_count, 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:device/cam-1}:q2:x"), 0);
    assert_int_equal(send_packet(&now, "x", "late").repeated, 0);
    release(&now, "x");
    TURN_UNTIL(&old, old.motion.done);
    assert_int_equal(old.motion.result.status, STORE_FENCED);
    assert_int_equal(logged(f, "late"), 1);
    assert_int_equal(send_packet(&now, "x", "next").repeated, 0);
    process_end(&old);
    process_end(&now);
}

static void a_session_that_begins_anew_knows_no_packet_of_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct process one;
    enrol(f);
    process_start(&one, f, "one");
    open_session(&one, "x", false);
    assert_int_equal(send_packet(&one, "x", "a").repeated, 0);
    open_session(&one, "x", false);
    assert_int_equal(one.record.qos2_count, 1);
    assert_int_equal(send_packet(&one, "x", "a").repeated, 1);
    open_session(&one, "x", true);
    assert_int_equal(one.record.qos2_count, 0);
    assert_int_equal(send_packet(&one, "x", "b").repeated, 0);
    /* And when it ended without anybody looking into the region. */
    assert_true(redis_tell(&f->ask, "DEL nb:{p:device/cam-1}:s:x nb:{p:device/cam-1}:q2:x"));
    open_session(&one, "x", false);
    assert_int_equal(one.record.qos2_count, 0);
    assert_int_equal(send_packet(&one, "x", "c").repeated, 0);
    assert_int_equal(logged(f, NULL), 3);
    process_end(&one);
}

static void a_mark_outlives_its_session(void **state)
{
    struct fixture *f = *state;
    enum { DAY_S = 86400 };
    struct process one;
    enrol(f);
    process_start(&one, f, "one");
    open_session(&one, "x", false);
    assert_int_equal(send_packet(&one, "x", "a").status, STORE_OK);
    assert_true(mark(f, "TTL", "x", "") > 366 * DAY_S);
    assert_true(fixture_number(f, "TTL nb:{p:device/cam-1}:q2:x") > 29 * DAY_S);
    release(&one, "x");
    long long left = mark(f, "TTL", "x", "");
    assert_true(left > 29 * DAY_S && left <= 30 * DAY_S);
    process_end(&one);
}

/* Two open a session of which a packet is named; the one that was overtaken before it looked has nothing. */
static void of_two_that_open_one_session_the_newer_has_it(void **state)
{
    struct fixture *f = *state;
    struct process one, old, now;
    enrol(f);
    process_start(&one, f, "one");
    process_start(&old, f, "old");
    process_start(&now, f, "now");
    open_session(&one, "x", false);
    assert_int_equal(send_packet(&one, "x", "a").status, STORE_OK);
    TURN_UNTIL(&old, store_counters(old.store)->available);
    uint64_t calls = store_counters(old.store)->calls;
    begin_open(&old, "x", false);
    TURN_UNTIL(&old, store_counters(old.store)->calls >= calls + 2);
    assert_false(old.opened);
    open_session(&now, "x", false);
    assert_int_equal(now.record.qos2_count, 1);
    TURN_UNTIL(&old, old.opened);
    assert_int_equal(old.record.status, STORE_FAILED);
    release(&now, "x");
    process_end(&one);
    process_end(&old);
    process_end(&now);
}

/* A device that carries its place with it: the id is free again wherever it is used next. */
static void an_id_may_be_used_in_another_region(void **state)
{
    struct fixture *f = *state;
    struct process one;
    struct batch batch;
    enrol(f);
    process_start(&one, f, "one");
    open_session(&one, "x", false);
    assert_int_equal(send_packet(&one, "x", "a").repeated, 0);
    release(&one, "x");
    batch_of(&batch, 0, NUMBERS(0));
    batch.motion.instance = TEXT("x");
    batch.motion.qos2_packet = PACKET;
    batch.motion.generation = one.record.generation;
    strcpy(batch.motion.channel, "dr5ru");
    strcpy(batch.motion.leaf, "dr5ru4");
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, 1);
    open_session(&one, "x", false);
    assert_int_equal(one.record.qos2_count, 1);
    release(&one, "x");
    assert_int_equal(send_packet(&one, "x", "b").repeated, 0);
    assert_int_equal(logged(f, NULL), 3);
    process_end(&one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(whatever_stops_between_two_steps_the_packet_is_stored_once),
        TEST(who_noted_a_packet_and_was_overtaken_stores_nothing),
        TEST(a_session_that_begins_anew_knows_no_packet_of_the_one_before),
        TEST(a_mark_outlives_its_session),
        TEST(of_two_that_open_one_session_the_newer_has_it),
        TEST(an_id_may_be_used_in_another_region),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
