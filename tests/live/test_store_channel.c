/* Channels in the store, against a real Redis: following without a seam, pages, trimming, and what comes
 * after a loss. */
#include <stdlib.h>

#include "tests/live/store_fixture.h"

enum { FOLLOWED = 3000 };

struct opened {
    bool done;
    struct channel_state state;
};

static void on_state(void *arg, const struct channel_state *state)
{
    struct opened *opened = arg;
    assert_false(opened->done);
    opened->done = true;
    opened->state = *state;
}

static struct channel_state follow(struct fixture *f, const char *channel)
{
    struct opened opened = {0};
    store_follow(f->store, text_of(channel), on_state, &opened);
    assert_false(opened.done);
    fixture_until(f, &opened.done);
    return opened.state;
}

static void on_motion(void *arg, const struct store_motion_result *result)
{
    assert_int_equal(result->status, STORE_OK);
    ++*(size_t *)arg;
}

/* One unnumbered event, published at once; byte 0 and 1 of its activity record number it. */
static void publish(struct store *store, const char *channel, unsigned number, size_t *answered)
{
    struct store_motion_event event = {.record = {(const uint8_t *)"x", 1},
        .publish = true,
        .activity = {(uint8_t)number, (uint8_t)(number >> 8), 1}};
    struct store_motion motion = {.sender = TEXT("device/cam-1"),
        .instance = TEXT("cam-1"),
        .household = TEXT("home-7"),
        .count = 1,
        .events = &event};
    snprintf(motion.channel, sizeof(motion.channel), "%s", channel);
    snprintf(motion.leaf, sizeof(motion.leaf), "%s5", channel);
    store_motion(store, &motion, on_motion, answered);
}

static void publish_and_wait(struct fixture *f, const char *channel, unsigned number)
{
    size_t answered = 0;
    publish(f->store, channel, number, &answered);
    fixture_until_number(f, &answered, 1);
}

/* Everybody shares everything in these two channels. */
static int open_shared(void **state)
{
    int failed = fixture_open(state);
    struct fixture *f = *state;
    for (int i = 0; !failed && i < 256; i++)
        failed = !redis_tell(&f->ask, "HSET nb:{r%02x}:share home-7 65535", i);
    return failed;
}

/* Numbers of the activity told, in order. */
static size_t numbers(const struct fixture *f, unsigned *out)
{
    size_t count = 0;
    for (size_t i = 0; i < f->told_count; i++) {
        assert_int_equal(f->told[i].kind, ENTRY_ACTIVITY);
        for (size_t at = 0; at < f->told[i].len; at += ACTIVITY_RECORD)
            out[count++] = f->told[i].data[at] | (unsigned)f->told[i].data[at + 1] << 8;
    }
    return count;
}

static void what_comes_is_told_in_order(void **state)
{
    struct fixture *f = *state;
    publish_and_wait(f, "9qh1f", 1);
    struct channel_state before = follow(f, "c:9qh1f");
    assert_int_equal(before.status, STORE_OK);
    assert_true(before.head.ms > 0);
    assert_int_equal(before.generation, 1);
    for (unsigned n = 2; n <= 20; n++)
        publish_and_wait(f, "9qh1f", n);
    publish_and_wait(f, "9qh1g", 99);
    UNTIL(f, f->told_count >= 19);
    unsigned seen[64];
    assert_int_equal(numbers(f, seen), 19);
    for (unsigned n = 2; n <= 20; n++)
        assert_int_equal(seen[n - 2], n);
    assert_true(position_compare(f->told[0].position, before.head) > 0);
}

/* Follows and unfollows while another process appends: each time what is told begins right behind the head.
 */
static void there_is_no_seam_under_load(void **state)
{
    struct fixture *f = *state;
    struct store *other = fixture_other_store(f, "other");
    size_t answered = 0;
    unsigned sent = 0;
    for (int round = 0; round < 40; round++) {
        struct opened opened = {0};
        f->told_count = 0;
        store_follow(f->store, TEXT("c:9qh1f"), on_state, &opened);
        for (int turns = 0; turns < 30 || !opened.done; turns++) {
            publish(other, "9qh1f", sent++, &answered);
            store_flush(other);
            ev_run(f->loop, EVRUN_ONCE);
        }
        fixture_until_number(f, &answered, sent);
        struct position_in_channel head = opened.state.head, last = {0};
        char from[64];
        snprintf(from, sizeof(from), "(%llu-%u", (unsigned long long)head.ms, head.seq);
        redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:ch:9qh1f");
        redisReply *behind = redis_ask(&f->ask, "XRANGE %s %s +", keys->element[0]->str, from);
        UNTIL(f, f->told_count >= behind->elements);
        assert_int_equal(f->told_count, behind->elements);
        for (size_t i = 0; i < behind->elements; i++) {
            char id[64];
            snprintf(id, sizeof(id), "%llu-%u", (unsigned long long)f->told[i].position.ms,
                f->told[i].position.seq);
            assert_string_equal(behind->element[i]->element[0]->str, id);
            assert_true(position_compare(f->told[i].position, last) > 0);
            last = f->told[i].position;
        }
        freeReplyObject(keys);
        freeReplyObject(behind);
        store_unfollow(f->store, TEXT("c:9qh1f"));
    }
    assert_int_equal(f->seams, 0);
    store_free(other);
}

static void following_anew_at_once_works(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 20; round++) {
        struct opened one = {0}, two = {0};
        store_follow(f->store, TEXT("c:9qh1f"), on_state, &one);
        if (round % 2)
            fixture_until(f, &one.done);
        store_unfollow(f->store, TEXT("c:9qh1f"));
        store_follow(f->store, TEXT("c:9qh1f"), on_state, &two);
        fixture_until(f, &one.done);
        fixture_until(f, &two.done);
        f->told_count = 0;
        publish_and_wait(f, "9qh1f", 1);
        UNTIL(f, f->told_count == 1);
        store_unfollow(f->store, TEXT("c:9qh1f"));
    }
}

static void many_channels_can_be_followed(void **state)
{
    struct fixture *f = *state;
    static struct opened opened[FOLLOWED];
    char name[32];
    memset(opened, 0, sizeof(opened));
    for (int i = 0; i < FOLLOWED; i++) {
        snprintf(name, sizeof(name), "c:9%c%c%c%c", 'a' + i % 13, 'a' + i / 13 % 13, 'a' + i / 169 % 13,
            'a' + i / 2197);
        store_follow(f->store, text_of(name), on_state, &opened[i]);
    }
    for (int i = 0; i < FOLLOWED; i++)
        fixture_until(f, &opened[i].done);
    publish_and_wait(f, "9aaaa", 5);
    UNTIL(f, f->told_count == 1);
    assert_string_equal(f->told[0].channel, "c:9aaaa");
    /* And all of them again on a new connection. */
    assert_int_equal(fixture_number(f, "CLIENT KILL TYPE pubsub"), 1);
    UNTIL(f, fixture_number(f, "PUBSUB SHARDCHANNELS") == FOLLOWED);
    publish_and_wait(f, "9aaaa", 6);
    UNTIL(f, f->told_count == 2 || f->seams == 1);
    for (int i = 0; i < FOLLOWED; i++) {
        snprintf(name, sizeof(name), "c:9%c%c%c%c", 'a' + i % 13, 'a' + i / 13 % 13, 'a' + i / 169 % 13,
            'a' + i / 2197);
        store_unfollow(f->store, text_of(name));
    }
    UNTIL(f, fixture_number(f, "PUBSUB SHARDCHANNELS") == 0);
}

/* Two stores have their feeds. */
static bool both_listen(struct fixture *f)
{
    return fixture_number(f, "PUBLISH nb:principals user/nobody") == 2;
}

/* The feed's connection alone is cut, and meanwhile something is appended: that is a seam, and all later is
 * told. */
static void a_lost_feed_makes_a_seam_only_when_something_was_missed(void **state)
{
    struct fixture *f = *state;
    struct store *other = fixture_other_store(f, "other");
    size_t answered = 0;
    follow(f, "c:9qh1f");
    publish(other, "9qh1f", 1, &answered);
    store_flush(other);
    UNTIL(f, f->told_count == 1);
    UNTIL(f, both_listen(f));
    assert_int_equal(fixture_number(f, "CLIENT KILL TYPE pubsub"), 2);
    UNTIL(f, both_listen(f) && fixture_number(f, "PUBSUB SHARDCHANNELS") == 1);
    publish_and_wait(f, "9qh1f", 2);
    UNTIL(f, f->told_count == 2 || f->seams == 1);
    size_t seams = f->seams;
    UNTIL(f, both_listen(f));
    assert_int_equal(fixture_number(f, "CLIENT KILL TYPE pubsub"), 2);
    publish(other, "9qh1f", 3, &answered);
    fixture_until_number(f, &answered, 2);
    UNTIL(f, f->seams == seams + 1 || f->told_count == 3 - seams);
    publish_and_wait(f, "9qh1f", 4);
    UNTIL(f, f->told[f->told_count - 1].data[0] == 4);
    store_free(other);
}

static void as_of_stops_while_nothing_is_proved(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    assert_int_equal(store_as_of(f->store), 0);
    f->upkeep = true;
    UNTIL(f, store_as_of(f->store) == START);
    redis_server_freeze(&f->redis);
    fixture_set_now(START + 60000);
    assert_int_equal(store_as_of(f->store), START);
    redis_server_thaw(&f->redis);
    UNTIL(f, store_as_of(f->store) == START + 60000);
}

static void following_outlives_a_killed_redis(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    publish_and_wait(f, "9qh1f", 1);
    UNTIL(f, f->told_count == 1);
    redis_server_kill(&f->redis);
    UNTIL(f, !f->available);
    size_t answered = 0;
    publish(f->store, "9qh1f", 2, &answered);
    assert_true(redis_server_restart(&f->redis));
    fixture_until_number(f, &answered, 1);
    UNTIL(f, f->told_count == 2 || f->seams == 1);
    publish_and_wait(f, "9qh1f", 3);
    UNTIL(f, f->told[f->told_count - 1].data[0] == 3);
    redis_sync_close(&f->ask);
    assert_true(fixture_ask(f));
}

/* An older copy of the data came back: cursors of before mean nothing any more. */
static void entries_that_vanished_raise_the_generation(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    publish_and_wait(f, "9qh1f", 1);
    UNTIL(f, f->told_count == 1);
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:ch:9qh1f");
    assert_true(redis_tell(&f->ask, "DEL %s", keys->element[0]->str));
    freeReplyObject(keys);
    assert_int_equal(fixture_number(f, "CLIENT KILL TYPE pubsub"), 1);
    UNTIL(f, f->seams == 1);
    struct opened opened = {0};
    store_channel_state(f->store, TEXT("c:9qh1f"), on_state, &opened);
    fixture_until(f, &opened.done);
    assert_int_equal(opened.state.generation, 2);
}

/* ---- pages ---- */

struct page {
    bool done;
    struct channel_page page;
    struct channel_entry entries[16];
    unsigned numbers[16];
};

static void on_page(void *arg, const struct channel_page *page)
{
    struct page *kept = arg;
    kept->done = true;
    kept->page = *page;
    for (size_t i = 0; i < page->count && i < 16; i++) {
        kept->entries[i] = page->entries[i];
        kept->numbers[i] = page->entries[i].data.len ? page->entries[i].data.data[0] : 0;
    }
}

static struct page read_page(
    struct fixture *f, const char *channel, struct position_in_channel after, size_t most)
{
    struct page page = {0};
    store_channel_read(f->store, text_of(channel), after, most, on_page, &page);
    fixture_until(f, &page.done);
    return page;
}

static void pages_go_on_where_the_last_ended(void **state)
{
    struct fixture *f = *state;
    for (unsigned n = 1; n <= 10; n++)
        publish_and_wait(f, "9qh1f", n);
    struct page page = read_page(f, "c:9qh1f", (struct position_in_channel){0}, 4);
    assert_int_equal(page.page.status, STORE_OK);
    assert_int_equal(page.page.count, 4);
    assert_true(page.page.more);
    assert_int_equal(page.numbers[0], 1);
    struct position_in_channel after = page.entries[3].position;
    page = read_page(f, "c:9qh1f", after, 6);
    assert_int_equal(page.page.count, 6);
    assert_false(page.page.more);
    assert_int_equal(page.numbers[0], 5);
    /* In the midst of an entry: the entry itself comes again. */
    after.index = 1;
    page = read_page(f, "c:9qh1f", after, 6);
    assert_int_equal(page.numbers[0], 4);
    assert_true(page.page.more);
    page = read_page(f, "c:9qh9z", (struct position_in_channel){0}, 4);
    assert_int_equal(page.page.count, 0);
    assert_int_equal(page.page.status, STORE_OK);
    assert_int_equal(
        read_page(f, "no channel", (struct position_in_channel){0}, 4).page.status, STORE_FAILED);
}

static void trimming_says_what_is_gone(void **state)
{
    struct fixture *f = *state;
    f->options.channel_retention_ms = 1000;
    fixture_store(f);
    redisReply *time = redis_ask(&f->ask, "TIME");
    int64_t now = 1000 * strtoll(time->element[0]->str, NULL, 10);
    freeReplyObject(time);
    fixture_set_now(now);
    for (unsigned n = 1; n <= 5; n++)
        publish_and_wait(f, "9qh1f", n);
    struct page page = read_page(f, "c:9qh1f", (struct position_in_channel){0}, 16);
    struct position_in_channel last = page.entries[4].position;
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{r00}:lease:trim") == 1);
    UNTIL(f, store_as_of(f->store) != 0);
    assert_int_equal(read_page(f, "c:9qh1f", (struct position_in_channel){0}, 16).page.count, 5);
    assert_true(redis_tell(&f->ask, "DEL nb:{r00}:lease:trim"));
    fixture_set_now(now + 3600000);
    fixture_store(f);
    UNTIL(f, store_counters(f->store)->entries_trimmed == 5);
    page = read_page(f, "c:9qh1f", (struct position_in_channel){0}, 16);
    assert_int_equal(page.page.count, 0);
    assert_true(position_compare(page.page.low, last) >= 0);
    f->upkeep = false;
    publish_and_wait(f, "9qh1f", 6);
    page = read_page(f, "c:9qh1f", last, 16);
    assert_int_equal(page.page.count, 1);
    assert_int_equal(page.numbers[0], 6);
    assert_true(position_compare(page.page.low, page.entries[0].position) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shared, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_is_told_in_order),
        TEST(there_is_no_seam_under_load),
        TEST(following_anew_at_once_works),
        TEST(many_channels_can_be_followed),
        TEST(a_lost_feed_makes_a_seam_only_when_something_was_missed),
        TEST(as_of_stops_while_nothing_is_proved),
        TEST(following_outlives_a_killed_redis),
        TEST(entries_that_vanished_raise_the_generation),
        TEST(pages_go_on_where_the_last_ended),
        TEST(trimming_says_what_is_gone),
    };
    const struct CMUnitTest in_a_cluster[] = {
        TEST(what_comes_is_told_in_order),
        TEST(pages_go_on_where_the_last_ended),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name(
                        "in_a_cluster", in_a_cluster, fixture_group_cluster, fixture_group_end);
}
