/* The spool: numbers that are never used twice, order, removal, bounds, what is not writable or damaged, and
 * memory beside the events. */
#include "tests/unit/test_edge.h"

#include <fcntl.h>
#include <unistd.h>

#include "bridge/edge/spool/spool.h"

struct home {
    char folder[64], file[96];
};

static const struct spool_limits roomy = {1000, 1 << 20};

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
    static const char *const parts[] = {"", "-wal", "-copy", "-damaged", "-damaged-wal"};
    struct home *home = *state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char file[110];
        snprintf(file, sizeof(file), "%s%s", home->file, parts[i]);
        unlink(file);
    }
    int result = rmdir(home->folder);
    free(home);
    return result;
}

static struct spool *open_spool(const struct home *home, int64_t now)
{
    struct spool *spool = spool_open(home->file, &roomy, now);
    assert_non_null(spool);
    return spool;
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
    assert_true(spool_append(spool, device, &event, at * 10));
    assert_true(spool_commit(spool));
}

/* "SESSION: NUMBER:at …" of what would be sent next. */
static const char *waiting(struct spool *spool, char text[512])
{
    struct motion_event events[64];
    uint64_t session = 0;
    size_t count = spool_read(spool, 64, &session, events), used = 0;
    used += (size_t)snprintf(text, 512, "%d:", (int)session);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, 512 - used, " %d:%d", (int)events[i].seq, (int)events[i].at);
    spool_free_events(events, count);
    return text;
}

static struct spool_totals totals_of(struct spool *spool)
{
    struct spool_totals totals;
    spool_tell(spool, &totals);
    return totals;
}

static void test_what_waits_keeps_its_number_and_session(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = open_spool(home, 100000);
    append(spool, "cam", 10);
    append(spool, "cam", 20);
    assert_true(spool_remove(spool, 1, 1, NULL, 0, 0, 5));
    spool_close(spool);
    spool = open_spool(home, 200000);
    assert_int_equal(spool_session(spool), 200000);
    append(spool, "cam", 30);
    assert_string_equal(waiting(spool, text), "100000: 2:20");
    struct motion_event event;
    uint64_t session;
    assert_int_equal(spool_read(spool, 1, &session, &event), 1);
    assert_true(text_equal(event.device, TEXT("cam")) && text_equal(event.activity_id, TEXT("a")));
    assert_true(event.phase == PHASE_START && event.kind == KIND_PERSON && event.confidence == 9 &&
                event.until == 21);
    spool_free_events(&event, 1);
    assert_true(spool_remove(spool, 2, 2, NULL, 0, 0, 6));
    assert_string_equal(waiting(spool, text), "200000: 3:30");
    spool_close(spool);
}

static void test_a_session_is_later_than_all_before(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = open_spool(home, 100000);
    append(spool, "cam", 10);
    spool_close(spool);
    spool = open_spool(home, 42); /* the clock was set back */
    uint64_t session = spool_session(spool);
    assert_true(session > 100000);
    append(spool, "cam", 20);
    /* The broker knows a later one: what is of this session goes along, what is of the one before does not.
     */
    assert_true(spool_renew_session(spool, 5000000, 43));
    assert_true(spool_session(spool) > 5000000);
    assert_string_equal(waiting(spool, text), "100000: 1:10");
    assert_true(spool_remove(spool, 1, 1, NULL, 0, 0, 5));
    struct motion_event event;
    assert_int_equal(spool_read(spool, 1, &session, &event), 1);
    assert_true(session == spool_session(spool) && event.seq == 2);
    spool_free_events(&event, 1);
    spool_close(spool);
}

static void copy(const char *from, const char *to)
{
    uint8_t bytes[4096];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, bytes, sizeof(bytes))) > 0;)
        assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

static void test_a_restored_backup_uses_no_number_again(void **state)
{
    struct home *home = *state;
    char backup[110];
    snprintf(backup, sizeof(backup), "%s-copy", home->file);
    struct spool *spool = open_spool(home, 100000);
    append(spool, "cam", 10);
    spool_close(spool);
    copy(home->file, backup);
    uint64_t used[2];
    for (int i = 0; i < 2; i++) { /* at the very same time even */
        spool = open_spool(home, 50);
        used[i] = spool_session(spool);
        append(spool, "cam", 20);
        spool_close(spool);
        copy(backup, home->file);
    }
    assert_true(used[0] > 100000 && used[1] > 100000 && used[0] != used[1]);
}

static void test_removal_can_keep_and_is_counted(void **state)
{
    struct home *home = *state;
    char text[512];
    struct spool *spool = open_spool(home, 100000);
    for (int i = 1; i <= 6; i++)
        append(spool, "cam", i);
    const uint64_t keep[] = {2, 3, 5};
    assert_true(spool_remove(spool, 1, 5, keep, 3, 1, 77));
    assert_string_equal(waiting(spool, text), "100000: 2:2 3:3 5:5 6:6");
    spool_close(spool);
    spool = open_spool(home, 43);
    const struct spool_totals totals = totals_of(spool);
    assert_int_equal(totals.waiting, 4);
    assert_int_equal(totals.oldest, 20);
    assert_int_equal(totals.sent, 1);
    assert_int_equal(totals.refused, 1);
    assert_int_equal(totals.last_sent, 77);
    assert_int_equal(totals.dropped, 0);
    spool_close(spool);
}

static void test_the_oldest_make_room(void **state)
{
    struct home *home = *state;
    char text[512];
    const struct spool_limits three = {3, 1 << 20};
    struct spool *spool = spool_open(home->file, &three, 100000);
    for (int i = 1; i <= 5; i++)
        append(spool, "cam", i);
    assert_string_equal(waiting(spool, text), "100000: 3:3 4:4 5:5");
    assert_int_equal(totals_of(spool).dropped, 2);
    spool_close(spool);
}

static void test_bytes_are_bounded_too(void **state)
{
    struct home *home = *state;
    const struct spool_limits small = {100000, 80 * 1024};
    struct spool *spool = spool_open(home->file, &small, 42);
    for (int i = 1; i <= 40; i++) {
        assert_true(spool_begin(spool));
        for (int n = 0; n < 100; n++) {
            const struct edge_event event = {
                .activity_id = "a", .phase = PHASE_START, .kind = KIND_PERSON, .at = i * 100 + n};
            assert_true(spool_append(spool, "cam", &event, 1));
        }
        assert_true(spool_commit(spool));
        assert_true(totals_of(spool).bytes <= small.most_bytes);
    }
    const struct spool_totals totals = totals_of(spool);
    assert_int_equal(totals.waiting + totals.dropped, 4000);
    assert_true(totals.waiting > 1000 && totals.dropped > 0);
    spool_close(spool);
}

static void test_what_was_not_committed_is_not_there(void **state)
{
    struct home *home = *state;
    char text[512];
    const struct edge_event event = {.activity_id = "a", .phase = PHASE_START, .kind = KIND_PERSON};
    struct spool *spool = open_spool(home, 100000);
    assert_true(spool_begin(spool));
    assert_true(spool_append(spool, "cam", &event, 1));
    spool_rollback(spool);
    assert_int_equal(totals_of(spool).waiting, 0);
    assert_string_equal(waiting(spool, text), "0:");
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
    uint8_t note[8];
    struct spool *spool = open_spool(home, 100000);
    assert_true(spool_begin(spool));
    assert_true(spool_remember(spool, "frigate", "porch", "{\"a\":1}"));
    assert_true(spool_remember(spool, "frigate", "porch", "{\"a\":2}"));
    assert_true(spool_note(spool, (struct bytes){(const uint8_t *)"abc", 3}));
    assert_true(spool_commit(spool));
    spool_close(spool);
    spool = open_spool(home, 100000);
    spool_recall(spool, recall, text);
    assert_string_equal(text, "frigate porch {\"a\":2};");
    assert_int_equal(spool_read_note(spool, note, sizeof(note)), 3);
    assert_memory_equal(note, "abc", 3);
    spool_close(spool);
}

static void test_one_user_at_a_time(void **state)
{
    struct home *home = *state;
    struct spool *spool = open_spool(home, 100000);
    struct spool_totals totals;
    append(spool, "cam", 1);
    assert_null(spool_open(home->file, &roomy, 42));
    spool_close(spool);
    assert_null(spool_open("/no/such/folder/spool.db", &roomy, 42));
    assert_true(spool_tell_file(home->file, &totals));
    assert_int_equal(totals.waiting, 1);
    assert_int_equal(totals.oldest, 10);
    assert_false(spool_tell_file("/no/such/folder/spool.db", &totals));
}

static void test_a_damaged_one_is_put_aside(void **state)
{
    struct home *home = *state;
    char aside[110];
    struct spool *spool = open_spool(home, 100000);
    append(spool, "cam", 1);
    spool_close(spool);
    int fd = open(home->file, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 1; page < 8; page++)
        assert_int_equal(pwrite(fd, "not a page of anything", 22, page * 4096), 22);
    close(fd);
    spool = open_spool(home, 43);
    assert_int_equal(totals_of(spool).waiting, 0);
    append(spool, "cam", 2);
    spool_close(spool);
    snprintf(aside, sizeof(aside), "%s-damaged", home->file);
    assert_int_equal(access(aside, R_OK), 0);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(test_what_waits_keeps_its_number_and_session),
        IN_HOME(test_a_session_is_later_than_all_before),
        IN_HOME(test_a_restored_backup_uses_no_number_again),
        IN_HOME(test_removal_can_keep_and_is_counted),
        IN_HOME(test_the_oldest_make_room),
        IN_HOME(test_bytes_are_bounded_too),
        IN_HOME(test_what_was_not_committed_is_not_there),
        IN_HOME(test_memory_is_kept_with_the_events),
        IN_HOME(test_one_user_at_a_time),
        IN_HOME(test_a_damaged_one_is_put_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
