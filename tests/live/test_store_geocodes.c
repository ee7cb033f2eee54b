/* The operator's table of geocodes and the count of followers in the store, against a real Redis. */
#include <stdlib.h>

#include "bridge/geocodes.h"
#include "bridge/store_inside.h"
#include "tests/live/store_fixture.h"

/* ---- geocodes ---- */

struct found {
    bool done;
    enum store_status status;
    size_t count;
    char areas[8][64];
};

static void on_found(void *arg, const struct store_geocodes *geocodes)
{
    struct found *found = arg;
    assert_false(found->done);
    found->done = true;
    found->status = geocodes->status;
    found->count = geocodes->count;
    for (size_t i = 0; i < geocodes->count && i < 8; i++)
        snprintf(found->areas[i], 64, "%.*s", (int)geocodes->areas[i].len,
            geocodes->areas[i].data ? (const char *)geocodes->areas[i].data : "");
}

/* An area is its name in these tests: polygons are united by writing one behind the other. */
static void write_area(struct fixture *f, const char *scheme, const char *code, const char *area)
{
    struct geocode_area one = {text_of(code), {(const uint8_t *)area, strlen(area)}};
    struct geocodes_written written;
    assert_true(geocodes_write(&f->ask, scheme, &one, 1, &written));
}

static struct found ask(struct fixture *f, const struct store_geocode *asked, size_t count)
{
    struct found found = {0};
    store_geocodes(f->store, asked, count, on_found, &found);
    assert_false(found.done);
    fixture_until(f, &found.done);
    assert_int_equal(found.status, STORE_OK);
    assert_int_equal(found.count, count);
    return found;
}

static void areas_come_in_the_order_asked(void **state)
{
    struct fixture *f = *state;
    write_area(f, "SAME", "006037", "Los Angeles;");
    write_area(f, "UGC", "CAZ041", "coast;");
    write_area(f, "EMMA_ID", "NL011", "Groningen;");
    const struct store_geocode asked[] = {{TEXT("UGC"), TEXT("CAZ041")}, {TEXT("SAME"), TEXT("006099")},
        {TEXT("SAME"), TEXT("006037")}, {TEXT("EMMA_ID"), TEXT("NL011")}, {TEXT("other"), TEXT("NL011")}};
    struct found found = ask(f, asked, 5);
    assert_string_equal(found.areas[0], "coast;");
    assert_string_equal(found.areas[1], "");
    assert_string_equal(found.areas[2], "Los Angeles;");
    assert_string_equal(found.areas[3], "Groningen;");
    assert_string_equal(found.areas[4], "");
    ask(f, asked, 0);
}

static void a_state_is_its_counties_and_a_part_its_county(void **state)
{
    struct fixture *f = *state;
    write_area(f, "SAME", "006001", "one;");
    write_area(f, "SAME", "006037", "two;");
    write_area(f, "SAME", "041001", "three;");
    write_area(f, "SAME", "106037", "north of two;");
    write_area(f, "UGC", "CAC001", "a;");
    write_area(f, "UGC", "CAC999", "b;");
    write_area(f, "UGC", "CAZ001", "zone;");
    const struct store_geocode asked[] = {{TEXT("SAME"), TEXT("006000")}, {TEXT("SAME"), TEXT("000000")},
        {TEXT("SAME"), TEXT("206037")}, {TEXT("SAME"), TEXT("106037")}, {TEXT("UGC"), TEXT("CAC000")},
        {TEXT("SAME"), TEXT("048000")}, {TEXT("UGC"), TEXT("CAC002")}};
    struct found found = ask(f, asked, 7);
    assert_string_equal(found.areas[0], "one;two;");
    assert_string_equal(found.areas[1], "one;two;three;");
    assert_string_equal(found.areas[2], "two;");
    assert_string_equal(found.areas[3], "north of two;");
    assert_string_equal(found.areas[4], "a;b;");
    assert_string_equal(found.areas[5], "");
    assert_string_equal(found.areas[6], "");
    /* What the table has of the state itself comes first. */
    write_area(f, "SAME", "006000", "California;");
    assert_string_equal(ask(f, asked, 1).areas[0], "California;");
}

static void codes_are_bytes(void **state)
{
    struct fixture *f = *state;
    const struct store_geocode asked[] = {
        {TEXT("SAME"), TEXT("")}, {TEXT(""), TEXT("006037")}, {TEXT("SAME"), TEXT("a b\r\n\"c")}};
    struct found found = ask(f, asked, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(found.areas[i], "");
}

/* What Redis has counted of the commands that the table is read and written with. */
static long commands_of(struct fixture *f)
{
    static const char key[] = "nb:{geocodes}:MANY";
    static const char *const names[] = {"cmdstat_hget:calls=", "cmdstat_hmget:calls=", "cmdstat_hset:calls="};
    redisReply *reply = redis_ask_at(&f->ask, key_slot(key, sizeof key - 1), "INFO commandstats");
    long count = 0;
    assert_non_null(reply);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = strstr(reply->str, names[i]);
        count += at ? strtol(at + strlen(names[i]), NULL, 10) : 0;
    }
    freeReplyObject(reply);
    return count;
}

static struct geocodes_written write_many(struct fixture *f, const struct geocode_area *areas, size_t count)
{
    struct geocodes_written written;
    assert_true(geocodes_write(&f->ask, "MANY", areas, count, &written));
    return written;
}

static void many_are_written_together(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 600, AREA = 10000 };
    static char codes[MANY][8];
    static uint8_t areas[MANY][AREA];
    struct geocode_area all[MANY];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(codes[i], sizeof codes[i], "%zu", i);
        memset(areas[i], (int)i, AREA);
        all[i] = (struct geocode_area){text_of(codes[i]), {areas[i], i % 2 ? AREA : 1 + i}};
    }
    long before = commands_of(f);
    struct geocodes_written written = write_many(f, all, MANY - 1);
    assert_in_range(commands_of(f) - before, 2, 40);
    assert_true(written.added == MANY - 1 && written.changed == 0 && written.same == 0);
    areas[7][0]++;
    areas[299][AREA - 1]++;
    written = write_many(f, all, MANY);
    assert_true(written.added == 1 && written.changed == 2 && written.same == MANY - 3);
    before = commands_of(f);
    written = write_many(f, all, MANY);
    assert_in_range(commands_of(f) - before, 1, 20);
    assert_true(written.added == 0 && written.changed == 0 && written.same == MANY);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < MANY; i++) {
        struct bytes found;
        assert_true(geocodes_read(&f->ask, "MANY", codes[i], &arena, &found));
        assert_true(bytes_equal(found, all[i].polygons));
    }
    arena_free(&arena);
    written = write_many(f, all, 0);
    assert_true(written.added + written.changed + written.same == 0);
}

/* ---- followers ---- */

struct counted {
    bool done;
    enum store_status status;
    uint64_t followers;
};

static void on_counted(void *arg, enum store_status status, uint64_t followers)
{
    struct counted *counted = arg;
    assert_false(counted->done);
    *counted = (struct counted){true, status, followers};
}

static uint64_t followers(struct fixture *f, const char (*leaves)[13], size_t count)
{
    struct counted counted = {0};
    store_followers(f->store, leaves, count, on_counted, &counted);
    assert_false(counted.done);
    fixture_until(f, &counted.done);
    assert_int_equal(counted.status, STORE_OK);
    return counted.followers;
}

static void followers_of_all_processes_are_added_up(void **state)
{
    struct fixture *f = *state;
    static const char leaves[][13] = {"9qh1f0", "9qh1f1", "9qh1f2"};
    const struct store_follower_count here[] = {{"9qh1f0", 3}, {"9qh1f1", 4}}, there[] = {{"9qh1f1", 5}},
                                      later[] = {{"9qh1f2", 1}};
    struct store *other = fixture_other_store(f, "other");
    assert_int_equal(followers(f, leaves, 3), 0);
    store_followers_tell(f->store, here, 2);
    store_followers_tell(other, there, 1);
    UNTIL(f, store_counters(other)->available && store_counters(other)->waiting == 0);
    assert_int_equal(followers(f, leaves, 3), 12);
    assert_int_equal(followers(f, leaves, 1), 3);
    assert_int_equal(followers(f, leaves, 0), 0);
    /* What is told anew takes the place of what was. */
    store_followers_tell(f->store, later, 1);
    assert_int_equal(followers(f, leaves, 3), 6);
    store_followers_tell(f->store, NULL, 0);
    assert_int_equal(followers(f, leaves, 3), 5);
    /* What a process that is gone has told is forgotten after three minutes. */
    assert_in_range(fixture_number(f, "TTL nb:{followers}:n:other"), 1, 180);
    store_free(other);
}

static void many_leaves_are_told_and_asked_in_pieces(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 1500 };
    static struct store_follower_count counts[MANY];
    static char leaves[MANY][13];
    for (int i = 0; i < MANY; i++) {
        snprintf(leaves[i], sizeof(leaves[i]), "c%05d", i);
        memcpy(counts[i].leaf, leaves[i], sizeof(leaves[i]));
        counts[i].followers = 2;
    }
    store_followers_tell(f->store, counts, MANY);
    assert_int_equal(followers(f, (const char(*)[13])leaves, MANY), 2 * MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(areas_come_in_the_order_asked),
        TEST(a_state_is_its_counties_and_a_part_its_county),
        TEST(codes_are_bytes),
        TEST(many_are_written_together),
        TEST(followers_of_all_processes_are_added_up),
        TEST(many_leaves_are_told_and_asked_in_pieces),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
