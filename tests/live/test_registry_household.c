/* Households in the registry, against a real Redis: their members, where they are, what the sharing index
 * makes of it. */
#include "bridge/store_inside.h"
#include "bridge/verification.h"
#include "tests/live/registry_fixture.h"

/* One that shares what it sees, of a household that has been verified. */
static const struct enrolment SHARING_CAMERA = {.role = "device",
    .id = "cam-1",
    .household = "h1",
    .place = LEAF,
    .share_given = true,
    .share = 2,
    .verified = 1000};

static void the_store_looks_where_the_index_is(void **state)
{
    (void)state;
    static const char *const leaves[] = {LEAF, OTHER_LEAF, FAR_LEAF, "000000", "zzzzzz", "s00twy"};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        char expected[64], key[KEY];
        snprintf(expected, sizeof expected, "nb:{r%02x}:share", sharing_region(leaves[i]));
        region_key(key, leaves[i], "share", (struct text){NULL, 0});
        assert_string_equal(key, expected);
    }
}

static void sharing_stands_in_the_index(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = {.role = "device",
        .id = "cam-1",
        .household = "h1",
        .place = LEAF,
        .share_given = true,
        .share = 1 << 2 | 1 << 3};
    enroll(f, cam);
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "12 1");
    assert_in_region(f, "ZCARD nb:{r%02x}:sharers:%s", LEAF, "0");
    cam.verified = NOW - 1000;
    enroll(f, cam);
    assert_in_region(f, "ZRANGE nb:{r%02x}:sharers:%s 0 -1 WITHSCORES", LEAF, "h1 1794999999500");

    enroll(f,
        (struct enrolment){.role = "edge", .id = "e1", .household = "h1", .share_given = true, .share = 2});
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "14 2");

    cam.share = 0;
    enroll(f, cam);
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 3");
    enroll(f, (struct enrolment){.role = "edge", .id = "e1", .share_given = true, .share = 0});
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "EXISTS nb:{r%02x}:sharers:%s", LEAF, "0");
    assert_answer(f, "EXISTS nb:{h:h1}:leaves", "0");
}

static void moving_keeps_the_former_place(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = SHARING_CAMERA;
    enroll(f, cam);
    cam.place = OTHER_LEAF;
    cam.now = NOW + 5;
    enroll(f, cam);
    assert_places(f, "device", "cam-1", OTHER_LEAF, "", LEAF);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal since", "1795000000505");
    assert_in_region(f, "EXISTS nb:{r%02x}:sharers:%s", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h1", OTHER_LEAF, "1000");
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 2");
    cam.place = FAR_LEAF;
    cam.now = NOW + 9;
    enroll(f, cam);
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h1", FAR_LEAF, "1000");
    enroll(f, cam);
    assert_places(f, "device", "cam-1", FAR_LEAF, "", OTHER_LEAF);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal since", "1795000000509");
}

static void changing_households_takes_all_along(void **state)
{
    struct fixture *f = *state;
    enroll(f, SHARING_CAMERA);
    enroll(f, (struct enrolment){
                  .role = "device", .id = "b", .household = "h2", .place = FAR_LEAF, .verified = 2000});
    struct enrolled out = enroll(f, (struct enrolment){.role = "device", .id = "cam-1", .household = "h2"});
    assert_int_equal(out.number, 2);
    assert_string_equal(out.place.leaf, FAR_LEAF);
    assert_string_equal(out.former, LEAF);
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h2", FAR_LEAF, "2000");
    assert_answer(f, "EXISTS nb:{h:h1}:members nb:{h:h1}:lock", "0");
    assert_answer(f, "EXISTS nb:{h:h2}:lock", "0");
}

static void the_revoked_share_nothing_and_their_tokens_are_void(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = SHARING_CAMERA;
    int64_t first = enroll(f, cam).issue_at;
    assert_int_equal(registry_revoke(&f->redis, "device", "cam-1", NOW + 1), REGISTRY_OK);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal revoked", "1795000000501");
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_int_equal(registry_revoke(&f->redis, "device", "cam-2", NOW + 1), REGISTRY_NOT_FOUND);

    struct enrolled again = enroll(f, cam);
    assert_true(again.tokens_after > first);
    assert_true(again.issue_at >= again.tokens_after);
    assert_answer(f, "HEXISTS nb:{p:device/cam-1}:principal revoked", "0");
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 3");

    assert_int_equal(registry_revoke(&f->redis, "device", "cam-1", NOW + 2), REGISTRY_OK);
    struct enrolled third = enroll(f, cam);
    assert_true(third.tokens_after > again.issue_at);
}

static void each_member_bears_when_its_household_was_verified(void **state)
{
    struct fixture *f = *state;
    enroll(f, (struct enrolment){.role = "user", .id = "ann", .household = "h1"});
    assert_answer(f, "HGET nb:{p:user/ann}:principal verified", "0");
    enroll(f, (struct enrolment){.role = "user", .id = "bob", .household = "h1", .verified = 1000});
    assert_answer(f, "HGET nb:{p:user/ann}:principal verified", "1000");
    assert_answer(f, "HGET nb:{p:user/bob}:principal verified", "1000");
    enroll(f, (struct enrolment){.role = "user", .id = "eve", .household = "h1"});
    assert_answer(f, "HGET nb:{p:user/eve}:principal verified", "1000");
    enroll(f, (struct enrolment){.role = "user", .id = "eve", .household = "h2"});
    assert_answer(f, "HGET nb:{p:user/eve}:principal verified", "0");
}

static void each_change_has_a_note_of_its_own(void **state)
{
    struct fixture *f = *state;
    char one[SHARING_NOTE], other[SHARING_NOTE], count[64];
    snprintf(count, sizeof count, "ZCARD nb:{u%02x}:unsettled", (unsigned)(hash_of("h1", 2) % 16));
    assert_true(sharing_index_note(&f->redis, "h1", one) && sharing_index_note(&f->redis, "h1", other));
    enroll(f, (struct enrolment){.role = "user", .id = "ann", .household = "h1"});
    assert_answer(f, count, "2");
    assert_true(sharing_index_settled(&f->redis, "h1", one));
    assert_answer(f, count, "1");
    assert_true(sharing_index_settled(&f->redis, "h1", other));
    assert_answer(f, count, "0");
}

static void one_household_takes_a_device(void **state)
{
    struct fixture *f = *state;
    struct seal *seal = seal_new((const uint8_t[SEAL_SECRET]){7});
    struct verification_found found;
    char text[VERIFICATION_CODE + 1];
    struct verification handover = {
        .way = VERIFICATION_HANDOVER, .by = "device/cam", .now = NOW, .expires = INT64_C(4000000000000)};
    unsigned wanted = 1U << VERIFICATION_HANDOVER;
    assert_int_equal(verification_begin(&f->redis, seal, &handover, text), REGISTRY_OK);
    struct text code = text_of(text);
    for (int i = 0; i < 2; i++)
        assert_int_equal(verification_redeem(&f->redis, seal, "h1", code, wanted, NOW, &found), REGISTRY_OK);
    assert_int_equal(verification_redeem(&f->redis, seal, "h2", code, wanted, NOW, &found), REGISTRY_REFUSED);
    seal_free(seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(sharing_stands_in_the_index),
        LIVE(moving_keeps_the_former_place),
        LIVE(changing_households_takes_all_along),
        LIVE(the_revoked_share_nothing_and_their_tokens_are_void),
        LIVE(each_member_bears_when_its_household_was_verified),
        LIVE(each_change_has_a_note_of_its_own),
        LIVE(one_household_takes_a_device),
        cmocka_unit_test(the_store_looks_where_the_index_is),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis) +
           cmocka_run_group_tests(tests, start_cluster, stop_redis);
}
