/* The spool: numbers that are never used twice, order, removal, bounds, and memory beside the events. */
#include "tests/unit/test_edge.h"

#include <unistd.h>

#include "bridge/edge/spool.h"

struct home {
    char folder[64], file[96];
};

static int make_home(void **state)
{
    struct home *home = calloc(1, sizeof(*home));
    assert_non_null(home);
    snprintf(home->folder, sizeof(home->folder), "%s/neighbors-spool-XXXXXX", P_tmpdir);
    if (mkdtemp(home->folder) == NULL)
        return -1;
    snprintf(home->file, sizeof(home->file), "%s/spool.db", home->folder);
    *state = home;
    return 0;
}

static int remove_home(void **state)
{
    struct home *home = *state;
    char reserve[110];
    snprintf(reserve, sizeof(reserve), "%s-reserve", home->file);
    unlink(home->file);
    unlink(reserve);
    int result = rmdir(home->folder);
    free(home);
    return result;
}

static void append(struct spool *spool, const char *device, int64_t at)
{
    const struct edge_event event = {.activity_id = "a",
        .phase = PHASE_START,
        .kind = KIND_PERSON,
        .confidence = 9,
        .at = at,
        .until = at + 1};
    assert_true(spool_begin(spool));
    assert_true(spool_append(spool, device, &event));
    assert_true(spool_commit(spool));
}

/* "NUMBER:at …" of what waits. */
static const char *waiting(struct spool *spool, char text[512])
{
    struct motion_event events[64];
    size_t count = spool_read(spool, 1, 1000, 64, events), used = 0;
    text[0] = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(
            text + used, 512 - used, "%s%d:%d", i ? " " : "", (int)events[i].seq, (int)events[i].at);
    spool_free_events(events, count);
    return text;
}

static void test_numbers_go_on(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = spool_open(home->file, 1000, 42);
    assert_non_null(spool);
    assert_int_equal(spool_session(spool), 42);
    assert_int_equal(spool_first(spool), 0);
    append(spool, "cam", 10);
    append(spool, "cam", 20);
    assert_true(spool_remove(spool, 1, 2, NULL, 0));
    assert_int_equal(spool_count(spool), 0);
    spool_close(spool);
    spool = spool_open(home->file, 1000, 77);
    assert_int_equal(spool_session(spool), 42);
    append(spool, "cam", 30);
    assert_string_equal(waiting(spool, text), "3:30");
    struct motion_event event;
    assert_int_equal(spool_read(spool, 3, 3, 1, &event), 1);
    assert_true(text_equal(event.device, TEXT("cam")) && text_equal(event.activity_id, TEXT("a")));
    assert_true(event.phase == PHASE_START && event.kind == KIND_PERSON && event.confidence == 9 &&
                event.until == 31);
    spool_free_events(&event, 1);
    spool_close(spool);
}

static void test_removal_can_keep(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = spool_open(home->file, 1000, 42);
    for (int i = 1; i <= 6; i++)
        append(spool, "cam", i);
    const uint64_t keep[] = {2, 3, 5};
    assert_true(spool_remove(spool, 1, 5, keep, 3));
    assert_string_equal(waiting(spool, text), "2:2 3:3 5:5 6:6");
    assert_int_equal(spool_count(spool), 4);
    assert_int_equal(spool_first(spool), 2);
    spool_close(spool);
}

static void test_the_oldest_make_room(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = spool_open(home->file, 3, 42);
    for (int i = 1; i <= 5; i++)
        append(spool, "cam", i);
    assert_string_equal(waiting(spool, text), "3:3 4:4 5:5");
    assert_int_equal(spool_shrink(spool, 1), 2);
    assert_string_equal(waiting(spool, text), "5:5");
    spool_close(spool);
}

static void test_what_was_not_committed_is_not_there(void **state)
{
    struct home *home = *state;
    char text[512];
    const struct edge_event event = {.activity_id = "a", .phase = PHASE_START, .kind = KIND_PERSON};
    struct spool *spool = spool_open(home->file, 10, 42);
    assert_true(spool_begin(spool));
    assert_true(spool_append(spool, "cam", &event));
    spool_rollback(spool);
    assert_int_equal(spool_count(spool), 0);
    assert_string_equal(waiting(spool, text), "");
    spool_close(spool);
}

static void recall(void *arg, const char *map, const char *device, const char *json)
{
    char *text = arg;
    size_t used = strlen(text);
    snprintf(text + used, 512 - used, "%s %s %s;", map, device, json);
}

static void test_memory_is_kept_with_the_events(void **state)
{
    struct home *home = *state;
    char text[512] = "";
    struct spool *spool = spool_open(home->file, 10, 42);
    assert_true(spool_begin(spool));
    assert_true(spool_remember(spool, "frigate", "porch", "{\"a\":1}"));
    assert_true(spool_remember(spool, "frigate", "porch", "{\"a\":2}"));
    assert_true(spool_commit(spool));
    spool_close(spool);
    spool = spool_open(home->file, 10, 42);
    spool_recall(spool, recall, text);
    assert_string_equal(text, "frigate porch {\"a\":2};");
    spool_close(spool);
}

static void test_one_user_at_a_time(void **state)
{
    struct home *home = *state;
    struct spool *spool = spool_open(home->file, 10, 42);
    append(spool, "cam", 1);
    assert_null(spool_open(home->file, 10, 42));
    spool_close(spool);
    assert_null(spool_open("/no/such/folder/spool.db", 10, 42));
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(test_numbers_go_on),
        IN_HOME(test_removal_can_keep),
        IN_HOME(test_the_oldest_make_room),
        IN_HOME(test_what_was_not_committed_is_not_there),
        IN_HOME(test_memory_is_kept_with_the_events),
        IN_HOME(test_one_user_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
