/* The seal: names that tell nothing, and cursors that open only as what they were. */
#include "bridge/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t secret[SEAL_SECRET] = {1, 2, 3};

static struct seal *new_seal(void)
{
    return seal_new(secret);
}

static void public_ids_tell_senders_and_ids_apart(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    char a[PUBLIC_ID + 1], b[PUBLIC_ID + 1];
    seal_public_id(seal, TEXT("user/ann"), TEXT("1"), a);
    seal_public_id(seal, TEXT("user/ann"), TEXT("1"), b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), PUBLIC_ID);
    assert_int_equal(strspn(a, "0123456789abcdef"), PUBLIC_ID);
    seal_public_id(seal, TEXT("user/an"), TEXT("n1"), b);
    assert_string_not_equal(a, b);
    seal_public_id(seal, TEXT("user/ann"), TEXT("2"), b);
    assert_string_not_equal(a, b);
    seal_public_id(seal, TEXT(""), TEXT(""), b);
    assert_string_not_equal(a, b);
    seal_free(seal);
}

static void another_secret_gives_other_names(void **state)
{
    (void)state;
    uint8_t other_secret[SEAL_SECRET] = {1, 2, 4};
    struct seal *seal = new_seal(), *other = seal_new(other_secret);
    char a[PUBLIC_ID + 1], b[PUBLIC_ID + 1];
    seal_public_id(seal, TEXT("user/ann"), TEXT("1"), a);
    seal_public_id(other, TEXT("user/ann"), TEXT("1"), b);
    assert_string_not_equal(a, b);
    seal_free(seal);
    seal_free(other);
}

static void a_public_id_gives_its_sender_s_tag_to_us_alone(void **state)
{
    (void)state;
    uint8_t other_secret[SEAL_SECRET] = {1, 2, 4};
    struct seal *seal = new_seal(), *other = seal_new(other_secret);
    size_t guessed = 0;
    for (int i = 0; i < 2000; i++) {
        char sender[32], id[PUBLIC_ID + 1];
        uint8_t tag = 255, foreign = 255;
        snprintf(sender, sizeof sender, "user/u%d", i / 4);
        seal_public_id(seal, text_of(sender), (struct text){sender, (size_t)(i % 4)}, id);
        assert_true(seal_tag_of(seal, text_of(id), &tag));
        assert_int_equal(tag, seal_sender_tag(seal, text_of(sender)));
        assert_true(seal_tag_of(other, text_of(id), &foreign));
        guessed += foreign == tag;
    }
    assert_in_range(guessed, 5, 100); /* 31 by chance */
    seal_free(seal);
    seal_free(other);
}

/* Of 2000 ids of one sender, every bit is set about as often as not, the last six too: nothing is shared. */
static void ids_of_one_sender_look_unlike(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    size_t set[4 * PUBLIC_ID] = {0};
    for (int i = 0; i < 2000; i++) {
        char name[16], id[PUBLIC_ID + 1];
        snprintf(name, sizeof name, "%d", i);
        seal_public_id(seal, TEXT("user/ann"), text_of(name), id);
        for (size_t at = 0; at < 4 * PUBLIC_ID; at++) {
            int digit = id[at / 4] <= '9' ? id[at / 4] - '0' : id[at / 4] - 'a' + 10;
            set[at] += digit >> (3 - at % 4) & 1;
        }
    }
    for (size_t at = 0; at < 4 * PUBLIC_ID; at++)
        assert_in_range(set[at], 850, 1150);
    seal_free(seal);
}

static void what_is_no_public_id_has_no_tag(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    static const char *const none[] = {"", "0", "0123456789abcdef0123456", "0123456789abcdef012345678",
        "0123456789ABCDEF01234567", "0123456789abcdef0123456g", "0123456789abcdef 1234567",
        "../3456789abcdef01234567"};
    uint8_t tag = 77;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(seal_tag_of(seal, text_of(none[i]), &tag));
    assert_false(seal_tag_of(seal, (struct text){"0123456789abcdef0123456\0", PUBLIC_ID}, &tag));
    assert_int_equal(tag, 77);
    assert_true(seal_tag_of(seal, TEXT("0123456789abcdef01234567"), &tag));
    assert_true(tag < STORE_SENDER_TAGS);
    seal_free(seal);
}

static void nearness_tells_cells_and_categories_apart(void **state)
{
    (void)state;
    uint8_t other_secret[SEAL_SECRET] = {1, 2, 4};
    struct seal *seal = new_seal(), *other = seal_new(other_secret);
    uint8_t here[STORE_TOKEN], again[STORE_TOKEN];
    seal_nearness(seal, 0x123456789abcdef8, 3, here);
    seal_nearness(seal, 0x123456789abcdef8, 3, again);
    assert_memory_equal(here, again, STORE_TOKEN);
    seal_nearness(seal, 0x123456789abcdef9, 3, again);
    assert_memory_not_equal(here, again, STORE_TOKEN);
    seal_nearness(seal, 0x123456789abcdef8, 4, again);
    assert_memory_not_equal(here, again, STORE_TOKEN);
    seal_nearness(other, 0x123456789abcdef8, 3, again);
    assert_memory_not_equal(here, again, STORE_TOKEN);
    seal_free(seal);
    seal_free(other);
}

static void sender_tags_use_the_whole_range(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    bool seen[STORE_SENDER_TAGS] = {false};
    size_t different = 0;
    for (int i = 0; i < 2000; i++) {
        char sender[32];
        snprintf(sender, sizeof sender, "user/u%d", i);
        uint8_t tag = seal_sender_tag(seal, text_of(sender));
        assert_true(tag < STORE_SENDER_TAGS);
        assert_int_equal(tag, seal_sender_tag(seal, text_of(sender)));
        different += !seen[tag];
        seen[tag] = true;
    }
    assert_int_equal(different, STORE_SENDER_TAGS);
    seal_free(seal);
}

static void digest_is_half_of_sha256(void **state)
{
    (void)state;
    /* FIPS 180-2, example B.1, and the digest of nothing. */
    static const uint8_t abc[16] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23};
    static const uint8_t nothing[4] = {0xe3, 0xb0, 0xc4, 0x42};
    uint8_t out[16];
    seal_digest((struct bytes){(const uint8_t *)"abc", 3}, out);
    assert_memory_equal(out, abc, 16);
    seal_digest((struct bytes){NULL, 0}, out);
    assert_memory_equal(out, nothing, 4);
}

struct cursor_case {
    const char *what;
    struct position_in_channel in, out;
    uint32_t generation, generation_out;
};

static void cursors_come_back(void **state)
{
    (void)state;
    static const struct cursor_case cases[] = {
        {"before everything", {0, 0, 0}, {0, 0, 0}, 0, 0},
        {"an ordinary one", {1795000000123, 7, 3}, {1795000000123, 7, 3}, 1, 1},
        {"all bits of seq", {1795000000123, 0xFFFFFF, 0}, {1795000000123, 0xFFFFFF, 0}, 9, 9},
        {"alternating bits", {0x2AAAAAAAAAA, 0x555555, 0x2AAA}, {0x2AAAAAAAAAA, 0x555555, 0x2AAA}, 0x5555,
            0x5555},
        {"the largest of all", {(1LL << 42) - 1, 0xFFFFFF, 0x3FFF}, {(1LL << 42) - 1, 0xFFFFFF, 0x3FFF},
            0xFFFF, 0xFFFF},
        {"seq too large: before", {5, 0x1000000, 12}, {5, 0xFFFFFF, 0}, 0, 0},
        {"index too large: before", {5, 6, 0x4000}, {5, 6, 0x3FFF}, 0, 0},
        {"ms too large: before", {1ULL << 42, 6, 7}, {(1ULL << 42) - 1, 0, 0}, 0, 0},
        {"generation too large", {5, 6, 7}, {5, 6, 7}, 70000, 0xFFFF},
    };
    struct seal *seal = new_seal();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char cursor[CURSOR_TEXT + 1];
        struct position_in_channel position = {1, 1, 1};
        uint32_t generation = 99;
        seal_cursor(seal, TEXT("c:9qh1f"), cases[i].in, cases[i].generation, cursor);
        assert_int_equal(strlen(cursor), CURSOR_TEXT);
        if (!seal_cursor_open(seal, TEXT("c:9qh1f"), text_of(cursor), &position, &generation))
            fail_msg("%s does not open", cases[i].what);
        if (memcmp(&position, &cases[i].out, sizeof position) != 0 || generation != cases[i].generation_out)
            fail_msg("%s came back as %llu-%u.%u of %u", cases[i].what, (unsigned long long)position.ms,
                position.seq, position.index, generation);
    }
    seal_free(seal);
}

static void foreign_cursors_do_not_open(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    char cursor[CURSOR_TEXT + 1];
    struct position_in_channel position;
    uint32_t generation;
    seal_cursor(seal, TEXT("c:9qh1f"), (struct position_in_channel){1795000000123, 1, 0}, 1, cursor);
    assert_false(seal_cursor_open(seal, TEXT("c:9qh1g"), text_of(cursor), &position, &generation));
    assert_false(seal_cursor_open(seal, TEXT("c:9qh1f"), TEXT(""), &position, &generation));
    assert_false(seal_cursor_open(
        seal, TEXT("c:9qh1f"), (struct text){cursor, CURSOR_TEXT - 1}, &position, &generation));
    for (size_t i = 0; i < CURSOR_TEXT; i++) {
        char changed[CURSOR_TEXT + 1];
        for (const char *c = "AZaz09-_+/=. "; *c; c++) {
            memcpy(changed, cursor, sizeof changed);
            changed[i] = *c;
            if (changed[i] != cursor[i])
                assert_false(
                    seal_cursor_open(seal, TEXT("c:9qh1f"), text_of(changed), &position, &generation));
        }
    }
    seal_free(seal);
}

static void neighbors_in_time_look_unlike(void **state)
{
    (void)state;
    struct seal *seal = new_seal();
    char a[CURSOR_TEXT + 1], b[CURSOR_TEXT + 1];
    seal_cursor(seal, TEXT("c:9qh1f"), (struct position_in_channel){1795000000123, 0, 0}, 1, a);
    seal_cursor(seal, TEXT("c:9qh1f"), (struct position_in_channel){1795000000124, 0, 0}, 1, b);
    int same = 0;
    for (size_t i = 0; i < CURSOR_TEXT; i++)
        same += a[i] == b[i];
    assert_true(same < 8);
    seal_free(seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_ids_tell_senders_and_ids_apart),
        cmocka_unit_test(another_secret_gives_other_names),
        cmocka_unit_test(a_public_id_gives_its_sender_s_tag_to_us_alone),
        cmocka_unit_test(ids_of_one_sender_look_unlike),
        cmocka_unit_test(what_is_no_public_id_has_no_tag),
        cmocka_unit_test(nearness_tells_cells_and_categories_apart),
        cmocka_unit_test(sender_tags_use_the_whole_range),
        cmocka_unit_test(digest_is_half_of_sha256),
        cmocka_unit_test(cursors_come_back),
        cmocka_unit_test(foreign_cursors_do_not_open),
        cmocka_unit_test(neighbors_in_time_look_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
