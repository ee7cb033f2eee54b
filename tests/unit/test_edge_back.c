/* The way back's settings, what it keeps, and what it says: the rules that need no broker. */
#include "tests/unit/test_edge.h"

#include <libconfig.h>
#include <unistd.h>

#include "bridge/edge/back/kept.h"
#include "bridge/edge/back/tell.h"

/* ---- settings ---- */

static bool read_text(const char *text, struct back_settings *settings)
{
    config_t config;
    config_init(&config);
    *settings = (struct back_settings){.topics = NULL};
    assert_int_equal(config_read_string(&config, text), CONFIG_TRUE);
    bool good = back_settings_read(settings, config_root_setting(&config));
    back_settings_fill_in(settings);
    config_destroy(&config);
    return good;
}

static void test_a_place_leaves_as_its_cell_alone(void **state)
{
    (void)state;
    struct back_settings settings;
    assert_true(read_text("places = ( { name = \"Mom & Dad's\"; at = \"34.0768,-118.0316\"; metres = 800; },"
                          "{ name = \"Bob's\"; topic = \"bob\"; cell = \"9QH1F5xx\"; least = \"Severe\";"
                          "  categories = [ \"fire\" ]; } );",
        &settings));
    assert_int_equal(settings.place_count, 2);
    const struct back_place *mom = &settings.places[0], *bob = &settings.places[1];
    assert_string_equal(mom->topic, "mom_dad_s");
    assert_string_equal(mom->leaf, "9qh1f5");
    assert_int_equal(mom->metres, 800);
    assert_int_equal(mom->least, SEVERITY_UNKNOWN);
    assert_string_equal(bob->topic, "bob");
    assert_string_equal(bob->leaf, "9qh1f5");
    assert_int_equal(bob->metres, 1600);
    assert_int_equal(bob->least, SEVERITY_SEVERE);
    assert_int_equal(bob->categories, 1U << CATEGORY_FIRE);
    assert_string_equal(settings.topics, "neighbors");
    assert_string_equal(settings.discovery, "homeassistant");
    assert_true(back_settings_wanted(&settings));
    back_settings_free(&settings);
}

static void test_what_is_wrong_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "places = ( { at = \"34,-118\"; } );",
        "places = ( { name = \"x\"; } );",
        "places = ( { name = \"x\"; at = \"34,-118\"; cell = \"9qh1f5\"; } );",
        "places = ( { name = \"x\"; at = \"134,-118\"; } );",
        "places = ( { name = \"x\"; at = \"34\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1fa\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; metres = 1000; } );",
        "places = ( { name = \"Status\"; cell = \"9qh1f5\"; } );",
        "places = ( { name = \"!\"; cell = \"9qh1f5\"; } );",
        "places = ( { name = \"x\"; topic = \"a/b\"; cell = \"9qh1f5\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; least = \"much\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; categories = [ \"crimes\" ]; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; radius = 800; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; }, { name = \"X\"; cell = \"9qh1f4\"; } );",
        "places = ( { name = \"x\"; cell = \"9qh1f5\"; }, { name = \"y\"; cell = \"9qh1f5\"; } );",
        "way_back = { topics = \"\"; };",
        "way_back = { topics = \"a/+\"; };",
        "way_back = { discovery = \"a/\"; };",
        "owner = { user = \"ann\"; };",
        "owner = { user = \"a b\"; token_file = \"/dev/null\"; };",
        "owner = { user = \"ann\"; token_file = \"/nowhere\"; };",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct back_settings settings;
        if (read_text(wrong[i], &settings))
            fail_msg("taken: %s", wrong[i]);
        back_settings_free(&settings);
    }
}

static void test_its_own_topics_are_no_devices(void **state)
{
    (void)state;
    struct back_settings settings;
    assert_true(read_text("places = ( { name = \"x\"; cell = \"9qh1f5\"; } );", &settings));
    assert_true(back_settings_own_topic(&settings, TEXT("neighbors/x/activity")));
    assert_true(back_settings_own_topic(&settings, TEXT("homeassistant/device/neighbors_home-7_x/config")));
    assert_false(back_settings_own_topic(&settings, TEXT("neighborsx/x/activity")));
    assert_false(back_settings_own_topic(&settings, TEXT("homeassistant/device/0x01/config")));
    assert_false(back_settings_own_topic(&settings, TEXT("frigate/reviews")));
    back_settings_free(&settings);
}

/* ---- what it says ---- */

static void test_long_texts_end_between_characters(void **state)
{
    (void)state;
    json_t *text = tell_text(TEXT("aäää"), 6);
    assert_string_equal(json_string_value(text), "aä…");
    json_decref(text);
    text = tell_text(TEXT("aäää"), 7);
    assert_string_equal(json_string_value(text), "aäää");
    json_decref(text);
    text = tell_time(INT64_C(1795852699815));
    assert_string_equal(json_string_value(text), "2026-11-28T07:58:19+00:00");
    json_decref(text);
    text = tell_time(0);
    assert_true(json_is_null(text));
    json_decref(text);
}

static void test_a_state_shows_the_first_and_lists_no_more_than_is_taken(void **state)
{
    (void)state;
    json_t *alerts = json_array();
    for (int i = 0; i < TELL_LISTED + 5; i++)
        json_array_append_new(alerts,
            json_pack("{s:s, s:s}", "headline", i ? "later" : "first", "severity", i ? "minor" : "extreme"));
    json_t *shown = tell_state(alerts);
    assert_int_equal(json_integer_value(json_object_get(shown, "count")), TELL_LISTED + 5);
    assert_string_equal(json_string_value(json_object_get(shown, "headline")), "first");
    assert_string_equal(json_string_value(json_object_get(shown, "severe")), "ON");
    const json_t *listed = json_object_get(json_object_get(shown, "attributes"), "alerts");
    assert_int_equal(json_array_size(listed), TELL_LISTED);
    json_decref(shown);
    json_decref(alerts);
}

/* ---- what it keeps ---- */

struct kept_case {
    char file[64];
    struct spool *spool;
    struct kept *kept;
};

static int open_kept(void **state)
{
    struct kept_case *it = calloc(1, sizeof(*it));
    const struct spool_limits limits = {1000, 16 * 1024 * 1024};
    assert_non_null(it);
    snprintf(it->file, sizeof(it->file), "%s/neighbors-kept-XXXXXX", P_tmpdir);
    assert_true(close(mkstemp(it->file)) == 0);
    it->spool = spool_open(it->file, &limits, 1000);
    assert_non_null(it->spool);
    it->kept = kept_open(it->spool);
    assert_non_null(it->kept);
    *state = it;
    return 0;
}

static int close_kept(void **state)
{
    struct kept_case *it = *state;
    char beside[96];
    kept_close(it->kept);
    spool_close(it->spool);
    static const char *const parts[] = {"", "-wal", "-shm", "-reserve"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        snprintf(beside, sizeof(beside), "%s%s", it->file, parts[i]);
        unlink(beside);
    }
    free(it);
    return 0;
}

static void put(struct kept *kept, const char *id, uint32_t revision, enum kept_change change, int severity,
    int64_t round)
{
    const struct kept_alert alert = {.place = "home",
        .public_id = id,
        .revision = revision,
        .in_force = true,
        .change = change,
        .severity = severity,
        .since = 1000,
        .expires = severity == SEVERITY_MINOR ? 5000 : 0,
        .detail = "{}"};
    kept_put(kept, &alert, round, 1000);
}

static void note(void *arg, const struct kept_alert *alert)
{
    char *told = arg;
    size_t used = strlen(told);
    snprintf(told + used, 256 - used, "%s%s:%u:%d", used ? " " : "", alert->public_id, alert->revision,
        (int)alert->change);
}

static void assert_untold(struct kept *kept, const char *expected)
{
    char told[256] = "";
    kept_untold(kept, note, told);
    assert_string_equal(told, expected);
}

static void test_what_was_told_is_told_once_and_what_overtakes_it_follows(void **state)
{
    struct kept *kept = ((struct kept_case *)*state)->kept;
    put(kept, "a", 1, CHANGE_NEW, SEVERITY_SEVERE, 1);
    assert_untold(kept, "a:1:1");
    put(kept, "a", 2, CHANGE_NEW, SEVERITY_SEVERE, 1); /* while the home is being told of 1 */
    kept_told(kept, "home", "a", 1, true);
    assert_untold(kept, "a:2:2");
    kept_told(kept, "home", "a", 2, true);
    assert_untold(kept, "");
    assert_int_equal(kept_sweep(kept, 2, 1000), 1);
    assert_untold(kept, "a:2:3");
    kept_told(kept, "home", "a", 2, false);
    assert_untold(kept, "");
    assert_true(kept_commit(kept));
}

static void test_what_was_not_said_again_ends_and_what_expires(void **state)
{
    struct kept *kept = ((struct kept_case *)*state)->kept;
    char told[256] = "";
    put(kept, "a", 1, CHANGE_NONE, SEVERITY_MINOR, 1);
    put(kept, "b", 1, CHANGE_NONE, SEVERITY_SEVERE, 1);
    put(kept, "c", 1, CHANGE_NONE, SEVERITY_MODERATE, 1);
    kept_in_force(kept, "home", note, told);
    assert_string_equal(told, "b:1:0 c:1:0 a:1:0");
    kept_confirm(kept, "home", "a", 2);
    kept_confirm(kept, "home", "b", 2);
    assert_int_equal(kept_last_round(kept), 2);
    assert_int_equal(kept_sweep(kept, 2, 1000), 1);
    assert_int_equal(kept_next_expiry(kept), 5000);
    assert_int_equal(kept_expire(kept, 4999), 0);
    assert_int_equal(kept_expire(kept, 5000), 1);
    assert_int_equal(kept_next_expiry(kept), 0);
    assert_untold(kept, "a:1:3 c:1:3");
    const char *const none[] = {"elsewhere"};
    kept_only_places(kept, none, 1);
    assert_untold(kept, "");
    assert_true(kept_commit(kept));
}

static void test_an_activity_is_new_once_at_each_place(void **state)
{
    struct kept *kept = ((struct kept_case *)*state)->kept;
    assert_true(kept_activity_is_new(kept, TEXT("home"), TEXT("cursor"), 1000));
    assert_false(kept_activity_is_new(kept, TEXT("home"), TEXT("cursor"), 2000));
    assert_true(kept_activity_is_new(kept, TEXT("work"), TEXT("cursor"), 2000));
    assert_true(kept_commit(kept));
}

static void test_each_request_is_answered_once(void **state)
{
    struct kept *kept = ((struct kept_case *)*state)->kept;
    const struct bytes request = {(const uint8_t *)"request", 7}, answer = {(const uint8_t *)"answer", 6};
    struct kept_request due;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    assert_true(kept_add_request(kept, "id", request, 5000, 9000));
    assert_false(kept_add_request(kept, "id", request, 6000, 9000));
    assert_int_equal(kept_next_due(kept, 1000), 5000);
    assert_false(kept_due_request(kept, 4999, &arena, &due));
    kept_set_answer(kept, "id", answer, "front.jpg", 5000);
    assert_true(kept_due_request(kept, 5000, &arena, &due));
    assert_true(bytes_equal(due.answer, answer) && due.answered);
    assert_string_equal(due.clips, "front.jpg");
    kept_answer_left(kept, "id");
    assert_int_equal(kept_next_due(kept, 5000), 0);
    assert_true(kept_find_request(kept, "id", &arena, &due));
    assert_true(due.answer.len == 0 && due.due == 0);
    assert_true(kept_add_request(kept, "late", request, 5000, 6000));
    assert_int_equal(kept_next_due(kept, 6001), 0); /* closed before it could be answered */
    assert_true(kept_commit(kept));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_place_leaves_as_its_cell_alone),
        cmocka_unit_test(test_what_is_wrong_is_refused),
        cmocka_unit_test(test_its_own_topics_are_no_devices),
        cmocka_unit_test(test_long_texts_end_between_characters),
        cmocka_unit_test(test_a_state_shows_the_first_and_lists_no_more_than_is_taken),
        cmocka_unit_test_setup_teardown(
            test_what_was_told_is_told_once_and_what_overtakes_it_follows, open_kept, close_kept),
        cmocka_unit_test_setup_teardown(
            test_what_was_not_said_again_ends_and_what_expires, open_kept, close_kept),
        cmocka_unit_test_setup_teardown(test_an_activity_is_new_once_at_each_place, open_kept, close_kept),
        cmocka_unit_test_setup_teardown(test_each_request_is_answered_once, open_kept, close_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
