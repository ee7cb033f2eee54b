/* UTF-8 as MQTT wants it, at every offset against the words that the check reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mqtt.h"

/* Checks the character alone and between up to 20 letters on both sides, in memory of just that size. */
static void check(const char *character, size_t len, bool valid)
{
    for (size_t before = 0; before <= 20; before++) {
        for (size_t behind = 0; behind <= 20; behind++) {
            size_t whole = before + len + behind;
            char *text = malloc(whole);
            assert_non_null(text);
            memset(text, 'a', whole);
            memcpy(text + before, character, len);
            assert_int_equal(mqtt_utf8_valid(text, whole), valid);
            free(text);
        }
    }
}
#define GOOD(literal) check((literal), sizeof(literal) - 1, true)
#define BAD(literal) check((literal), sizeof(literal) - 1, false)

static void good(void **state)
{
    (void)state;
    assert_true(mqtt_utf8_valid("", 0));
    assert_true(mqtt_utf8_valid(NULL, 0));
    GOOD("\x01");
    GOOD("\x7F");
    GOOD("\xC2\x80");
    GOOD("\xDF\xBF");
    GOOD("\xE0\xA0\x80");
    GOOD("\xED\x9F\xBF");
    GOOD("\xEE\x80\x80");
    GOOD("\xEF\xBB\xBF"); /* [MQTT-1.5.4-3] */
    GOOD("\xEF\xBF\xBF");
    GOOD("\xF0\x90\x80\x80");
    GOOD("\xF4\x8F\xBF\xBF");
    GOOD("\xE2\x82\xAC\xC3\xA4\xF0\x9F\x90\x95");
}

static void bad(void **state)
{
    (void)state;
    BAD("\0"); /* [MQTT-1.5.4-2] */
    BAD("\x80");
    BAD("\xBF\xBF");
    BAD("\xC0\x80");
    BAD("\xC1\xBF");
    BAD("\xC2");
    BAD("\xC2\xC2");
    BAD("\xE0\x9F\xBF");
    BAD("\xE2\x82");
    BAD("\xED\xA0\x80"); /* a surrogate [MQTT-1.5.4-1] */
    BAD("\xED\xBF\xBF");
    BAD("\xF0\x8F\xBF\xBF");
    BAD("\xF0\x9F\x90");
    BAD("\xF4\x90\x80\x80");
    BAD("\xF5\x80\x80\x80");
    BAD("\xFF");
}

/* All code points, and every value of two bytes against the rule in words. */
static void all(void **state)
{
    (void)state;
    for (uint32_t point = 1; point <= 0x10FFFF; point++) {
        char text[4];
        size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
        for (size_t i = len - 1; i > 0; i--)
            text[i] = (char)(0x80 | (point >> (6 * (len - 1 - i)) & 0x3F));
        text[0] = (char)(lead[len] | point >> (6 * (len - 1)));
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        if (mqtt_utf8_valid(text, len) == surrogate)
            fail_msg("U+%04X", point);
    }
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        uint8_t first = (uint8_t)(pair >> 8), second = (uint8_t)pair;
        char text[2] = {(char)first, (char)second};
        bool valid = first >= 1 && second >= 1 &&
                     ((first < 0x80 && second < 0x80) ||
                         (first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF));
        assert_int_equal(mqtt_utf8_valid(text, 2), valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(bad),
        cmocka_unit_test(all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
