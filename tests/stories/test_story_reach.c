/* Stories of how far somebody sees: a day's new cells, and the land of an agency. */
#include <string.h>

#include "broker/inquiry.h"
#include "tests/stories/stage.h"

static int begin(void **state)
{
    stage_begin(state);
    stage.options.new_cells_day = 64;
    stage.options.feed_cells_day = 256;
    stage_restart();
    enrolled("user/ann", "", "");
    enrolled("agency/police", "", "");
    return 0;
}

static void a_new_cell_is_counted(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    cells_left(1);
    follows(ann, "nb/v1/near/" HERE_LEAF "/400/#", 1);
    was_called(CALL_CELLS, "user/ann at most 64: 1 from " HERE_LEAF);
    subscribes_with(ann, 2, "nb/v1/cell/" AWAY "/#", 1, NULL);
    hears(ann, "SUBACK 2 0x97 \"filters?0?.geohash: at most 64 new cells a day: again in * s\"*");
    subscribes_with(ann, 3, "nb/v1/near/" HERE_LEAF "/400/#", 1, NULL);
    hears(ann, "SUBACK 3 0x01");
    appears(AWAY, 'a', 1, true);
    settle();
    hears_nothing(ann);
    assert_false(is_followed(AWAY));
}

static void a_coarse_cell_counts_as_its_channels(void **state)
{
    (void)state;
    struct client *old = comes("user/ann", "old", (struct manner){.version = MQTT_3_1_1});
    cells_left(33);
    follows(old, "nb/v1/cell/9q8y/#", 1);
    follows(old, "nb/v1/cell/" HERE_LEAF "/#", 1);
    subscribes_with(old, 3, "nb/v1/cell/" AWAY "/#", 1, NULL);
    hears(old, "SUBACK 3 0x80");
}

static void who_leaves_while_it_is_counted(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    cells_left(5);
    holds(CALL_CELLS);
    subscribes_with(ann, 1, "nb/v1/cell/" HERE "/#", 1, NULL);
    hears_nothing(ann);
    breaks(ann);
    lets_go(CALL_CELLS);
    settle();
}

static void a_count_that_fails_ends_the_connection(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    will_answer(CALL_CELLS, STORE_FAILED);
    subscribes_with(ann, 1, "nb/v1/cell/" HERE "/#", 1, NULL);
    hears(ann, "DISCONNECT 0x80*");
    is_closed(ann, "store failed");
}

static void inbox_and_info_are_not_counted(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    size_t before = calls(CALL_CELLS);
    follows(ann, "nb/v1/inbox/#", 0);
    subscribes_with(ann, 2, "nb/v1/info", 0, NULL);
    hears(ann, "SUBACK 2 0x00");
    assert_int_equal(calls(CALL_CELLS), before);
}

static void asks(struct client *client, uint16_t packet_id, const char *cells)
{
    char json[200];
    snprintf(json, sizeof(json), "{\"version\":1,\"cells\":[%s],\"from\":\"1\"}", cells);
    publishes(client, "nb/v1/history", 1, packet_id, json);
}

static void a_question_for_the_past_counts(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/inbox/#", 0);
    cells_left(2);
    asks(ann, 1, "\"" HERE "\",\"9q8yv\",\"" AWAY "\"");
    hears(ann, "PUBACK 1 0x97 \"cells: at most 64 new cells a day: again in * s\"*");
    asks(ann, 2, "\"" HERE "\",\"9q8yv\"");
    hears(ann, "page 0 complete* nb/v1/inbox/reply/history");
    hears(ann, "PUBACK 2 0x00");
    will_answer(CALL_CELLS, STORE_FAILED);
    asks(ann, 3, "\"" HERE "\"");
    hears(ann, "DISCONNECT 0x80*");
}

static void refusals_of_devices_take_as_long(void **state)
{
    (void)state;
    enrolled("edge/hub", "home", HERE_LEAF);
    enrolled("device/foreign", "other", HERE_LEAF);
    (void)comes("device/foreign", "cam", (struct manner){0});
    struct client *hub = comes("edge/hub", "hub", (struct manner){0});
    const char *const named[] = {"foreign", "foreign", "nobody", "nobody"};
    for (uint16_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        size_t before = calls(CALL_PRINCIPAL);
        char line[80];
        sees_motion(hub, 1, i + 1, named[i], i + 1u);
        snprintf(line, sizeof(line), "PUBACK %d 0x87 \"events?0?.device: not a device of yours\"", i + 1);
        hears(hub, line);
        assert_int_equal(calls(CALL_PRINCIPAL), before + 1);
    }
}

static const char *answered_as;

static void answered(void *arg, const struct inquiry_answer *answer)
{
    (void)arg;
    answered_as = answer->failed ? "failed" : answer->refused ? "refused" : "told";
    if (answer->refused) {
        assert_int_equal(answer->refused->code, REASON_QUOTA_EXCEEDED);
        assert_true(answer->refused->retry_after_s > 0);
    }
}

static void inquires(const char *address)
{
    struct refusal refusal = {0};
    struct text cells[] = {TEXT(HERE), TEXT(AWAY)};
    struct inquiry_question question = {
        .place = {.cell_count = 2, .cells = cells}, .address = text_of(address)};
    answered_as = NULL;
    assert_true(broker_inquire(stage.broker, &question, answered, NULL, &refusal));
    settle();
}

static void an_address_asks_for_so_many(void **state)
{
    (void)state;
    cells_left(2);
    inquires("7f01");
    was_called(CALL_CELLS, "7f01 (address) at most 256: 2 from " HERE);
    assert_string_equal(answered_as, "told");
    inquires("7f01");
    assert_string_equal(answered_as, "refused");
    inquires("");
    assert_string_equal(answered_as, "told");
    will_answer(CALL_CELLS, STORE_FAILED);
    inquires("7f01");
    assert_string_equal(answered_as, "failed");
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(a_new_cell_is_counted),
        STORY(a_coarse_cell_counts_as_its_channels),
        STORY(who_leaves_while_it_is_counted),
        STORY(a_count_that_fails_ends_the_connection),
        STORY(inbox_and_info_are_not_counted),
        STORY(a_question_for_the_past_counts),
        STORY(refusals_of_devices_take_as_long),
        STORY(an_address_asks_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
