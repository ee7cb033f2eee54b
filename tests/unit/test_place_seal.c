/* Places at rest: they open for their owner alone, and tell nobody else anything. */
#include "bridge/place_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t secret[PLACE_KEY_SECRET] = {1, 2, 3}, other_secret[PLACE_KEY_SECRET] = {1, 2, 4};
static const char owner[] = "p:device/cam-1 place";

static int set_up(void **state)
{
    *state = place_key_new(secret);
    return 0;
}

static int tear_down(void **state)
{
    place_key_free(*state);
    return 0;
}

static void a_place_opens_as_what_was_sealed(void **state)
{
    static const char *const places[] = {"9", "9q5ct", "9q5ctr", "9q5ctr18", "9q5ctr186zzz", ""};
    char sealed[PLACE_SEALED + 1], opened[PLACE_GEOHASH + 1];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        place_seal(*state, owner, text_of(places[i]), sealed);
        assert_int_equal(strlen(sealed), *places[i] ? PLACE_SEALED : 0);
        if (*places[i])
            assert_null(strstr(sealed, places[i]));
        assert_true(place_open(*state, owner, text_of(sealed), opened));
        assert_string_equal(opened, places[i]);
    }
}

static void it_opens_for_its_owner_alone(void **state)
{
    char sealed[PLACE_SEALED + 1], opened[PLACE_GEOHASH + 1];
    struct place_key *other = place_key_new(other_secret);
    place_seal(*state, owner, TEXT("9q5ctr"), sealed);
    assert_false(place_open(*state, "p:device/cam-1 former", text_of(sealed), opened));
    assert_string_equal(opened, "");
    assert_false(place_open(*state, "p:device/cam-2 place", text_of(sealed), opened));
    assert_false(place_open(other, owner, text_of(sealed), opened));
    place_key_free(other);
}

static void nothing_of_it_can_be_changed(void **state)
{
    char sealed[PLACE_SEALED + 1], opened[PLACE_GEOHASH + 1];
    place_seal(*state, owner, TEXT("9q5ctr18"), sealed);
    for (size_t i = 0; i < PLACE_SEALED; i++) {
        char was = sealed[i];
        sealed[i] = was == 'A' ? 'B' : 'A';
        assert_false(place_open(*state, owner, text_of(sealed), opened));
        sealed[i] = was;
    }
    for (size_t len = 1; len < PLACE_SEALED; len++)
        assert_false(place_open(*state, owner, (struct text){sealed, len}, opened));
    assert_false(place_open(*state, owner, TEXT("9q5ctr18"), opened));
    assert_true(place_open(*state, owner, text_of(sealed), opened));
}

static void two_owners_at_one_place_look_unlike(void **state)
{
    char one[PLACE_SEALED + 1], other[PLACE_SEALED + 1], again[PLACE_SEALED + 1];
    place_seal(*state, owner, TEXT("9q5ctr"), one);
    place_seal(*state, "p:device/cam-2 place", TEXT("9q5ctr"), other);
    place_seal(*state, owner, TEXT("9q5ctr"), again);
    assert_string_not_equal(one, other);
    assert_string_equal(one, again);
    place_seal(*state, owner, TEXT("9q5ctq"), again);
    assert_int_not_equal(memcmp(one, again, 8), 0);
}

static void digests_differ_by_place_purpose_and_secret(void **state)
{
    struct place_key *other = place_key_new(other_secret);
    char a[PLACE_DIGEST + 1], b[PLACE_DIGEST + 1];
    place_digest(*state, "sharers", TEXT("9q5ctr"), a);
    place_digest(*state, "sharers", TEXT("9q5ctr"), b);
    assert_string_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef"), PLACE_DIGEST);
    place_digest(*state, "sharers", TEXT("9q5ctq"), b);
    assert_string_not_equal(a, b);
    place_digest(*state, "askable", TEXT("9q5ctr"), b);
    assert_string_not_equal(a, b);
    place_digest(*state, "sharers9", TEXT("q5ctr"), b);
    assert_string_not_equal(a, b);
    place_digest(other, "sharers", TEXT("9q5ctr"), b);
    assert_string_not_equal(a, b);
    place_key_free(other);
}

static void bytes_open_as_what_was_sealed(void **state)
{
    uint8_t data[300], sealed[sizeof data + PLACE_SEAL_EXTRA], opened[sizeof sealed];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (size_t len = 1; len <= sizeof data; len += 13) {
        place_seal_bytes(*state, owner, (struct bytes){data, len}, sealed);
        struct bytes all = {sealed, len + PLACE_SEAL_EXTRA};
        assert_true(place_open_bytes(*state, owner, all, opened));
        assert_memory_equal(opened, data, len);
        assert_false(place_open_bytes(*state, "another", all, opened));
        sealed[len / 2] ^= 1;
        assert_false(place_open_bytes(*state, owner, all, opened));
    }
    assert_false(place_open_bytes(*state, owner, (struct bytes){sealed, PLACE_SEAL_EXTRA - 1}, opened));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_opens_as_what_was_sealed),
        cmocka_unit_test(it_opens_for_its_owner_alone),
        cmocka_unit_test(nothing_of_it_can_be_changed),
        cmocka_unit_test(two_owners_at_one_place_look_unlike),
        cmocka_unit_test(digests_differ_by_place_purpose_and_secret),
        cmocka_unit_test(bytes_open_as_what_was_sealed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
