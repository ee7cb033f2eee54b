/* What is carried to the channels first, against a real Redis: corrections before all that is queued, every
 * sender's tag in its turn, and what expires at once in no one's way. */
#include "tests/live/store_alerts.h"

enum { QUEUED = 600 };

/* Queues new alerts of a tag; the last one's answer is waited for. */
static void queue(struct fixture *f, uint8_t tag, unsigned from, unsigned count, int64_t expires)
{
    static struct answer answers[QUEUED];
    memset(answers, 0, sizeof(answers));
    for (unsigned n = 0; n < count; n++) {
        struct said said;
        char id[PUBLIC_ID + 1];
        snprintf(id, sizeof(id), "%024x", from + n);
        make_alert(&said, NEW(id, .expires = expires, .others = {.sender_tag = tag}));
        store_alert(f->store, &said.alert, on_answer, &answers[n]);
    }
    for (unsigned n = 0; n < count; n++)
        UNTIL(f, answers[n].done);
}

/* How many entries were told before the one of that alert and state; all that were told when there is none.
 */
static size_t told_before(const struct fixture *f, const char *id, bool in_force)
{
    size_t at = 0;
    while (at < f->told_count &&
           (strcmp(f->told[at].alert.public_id, id) != 0 || f->told[at].alert.in_force != in_force))
        at++;
    return at;
}

static void corrections_come_before_what_is_queued(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A));
    say(f, NEW(B));
    until_history(f, "c:9qh1f", "a1+ b1+");
    f->upkeep = false;
    queue(f, TAG, 1, QUEUED, 0);
    say(f, CANCEL(D, A));
    say(f, UPDATE(C, B, .body = "two"));
    f->upkeep = true;
    UNTIL(f, f->told_count == 2 + QUEUED + 2);
    assert_int_equal(told_before(f, A, false), 2);
    assert_string_equal(f->told[3].alert.public_id, B);
    assert_int_equal(f->told[3].alert.revision, 2);
}

static void no_sender_waits_for_all_of_another(void **state)
{
    struct fixture *f = *state;
    char last[PUBLIC_ID + 1];
    snprintf(last, sizeof(last), "%024x", QUEUED + 1);
    follow(f, "c:9qh1f");
    queue(f, 3, 1, QUEUED, 0);
    queue(f, 60, QUEUED + 1, 1, 0);
    f->upkeep = true;
    UNTIL(f, f->told_count == QUEUED + 1);
    assert_in_range(told_before(f, last, true), 0, 100);
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, QUEUED + 1);
}

static void what_expires_at_once_is_in_no_ones_way(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A));
    queue(f, TAG, 1, QUEUED, START + 1000);
    UNTIL(f, f->told_count == QUEUED + 1);
    fixture_set_now(START + 1000);
    UNTIL(f, f->told_count > QUEUED + 1);
    say(f, CANCEL(D, A));
    size_t when_stored = f->told_count;
    UNTIL(f, f->told_count == 2 * QUEUED + 2);
    assert_in_range(told_before(f, A, false), QUEUED + 1, when_stored + 200);
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(corrections_come_before_what_is_queued),
        TEST(no_sender_waits_for_all_of_another),
        TEST(what_expires_at_once_is_in_no_ones_way),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", tests, fixture_group_cluster, fixture_group_end);
}
