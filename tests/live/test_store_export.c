/* What the store holds of a household is handed out whole, a page at a time: of one Redis, and of a cluster
 * that lets no step touch two tags. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_export.h"
#include "tests/live/store_traces.h"

struct held {
    bool done;
    char next[STORE_EXPORT_PAGE];
    size_t events, principals, devices, alerts, tips, clips, flags, inbox;
    bool settings;
};

static void count_note(struct held *held, struct text what)
{
    held->tips += text_equal(what, TEXT("tip"));
    held->clips += text_equal(what, TEXT("footage-answer"));
    held->flags += text_equal(what, TEXT("flag"));
    held->inbox += text_equal(what, TEXT("inbox"));
}

static void on_page(void *arg, const struct store_export *page)
{
    struct held *held = arg;
    assert_int_equal(page->status, STORE_OK);
    assert_true(page->next.len < STORE_EXPORT_PAGE);
    snprintf(
        held->next, sizeof held->next, "%.*s", (int)page->next.len, page->next.data ? page->next.data : "");
    held->events += page->event_count; /* here each is an entry of its own */
    held->principals += page->principal_count;
    held->devices = page->device_count;
    held->alerts += page->alert_count;
    held->settings = held->settings || page->has_settings;
    for (size_t i = 0; i < page->note_count; i++)
        count_note(held, page->notes[i].what);
    held->done = true;
}

static void what_is_held_is_handed_out_whole(void **state)
{
    struct fixture *f = *state;
    const struct store_alert hers = {
        .sender = TEXT("user/ann"), .household = TEXT("h1"), .client = TEXT("phone")};
    struct held held = {0};
    a_household(f);
    traces(f, "h1", "cam-1", "ann");
    traces(f, "h2", "cam-9", "zoe");
    fixture_tell(f, "XADD nb:{p:user/ann}:in:phone * i %b", "8letters\5helloworld", (size_t)19);
    expect(say(f, NEW(A, .channels = "9qh1f", .expires = START + 1000000, .others = hers)), STORE_OK, A, 1);
    for (int i = 0; i < 300; i++) /* more than one call looks at */
        fixture_tell(f, "ZADD nb:{s20}:tombs %d %024d", i / 7, i);
    fixture_tell(f, "HSET nb:{s20}:seen:%024d h1 %b", 299, "12 me too", (size_t)9);
    do {
        char page[STORE_EXPORT_PAGE];
        strcpy(page, held.next);
        held.done = false;
        store_export(f->store, TEXT("h1"), text_of(page), on_page, &held);
        fixture_until(f, &held.done);
    } while (held.next[0]);
    assert_int_equal(held.events, 2 * EVENTS);
    assert_int_equal(held.principals, 3);
    assert_int_equal(held.devices, 2);
    assert_true(held.settings);
    assert_int_equal(held.alerts, 1);
    assert_int_equal(held.tips, 1);
    assert_int_equal(held.clips, 1);
    assert_int_equal(held.flags, 1);
    assert_int_equal(held.inbox, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_held_is_handed_out_whole),
    };
    const struct CMUnitTest in_a_cluster[] = {
        TEST(what_is_held_is_handed_out_whole),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name(
                        "in_a_cluster", in_a_cluster, fixture_group_cluster, fixture_group_end);
}
