/* Packets written down as a reader can check them: what the tests of the MQTT decoder share. */
#ifndef NEIGHBORS_TESTS_UNIT_TEST_MQTT_H
#define NEIGHBORS_TESTS_UNIT_TEST_MQTT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mqtt.h"

enum { LARGEST = 1 << 20, WIRE_ROOM = 512 };

/* Turns a packet's notation into bytes, at most WIRE_ROOM; returns how many. It is hex with blanks between;
 * 'text' stands for itself, "text" has its two bytes of length before it, ~ is the length of all that follows
 * and ( ) of what it holds, in one byte. */
static inline size_t wire(const char *notation, uint8_t *out)
{
    size_t len = 0, length_at = 0, block_at = 0;
    for (const char *at = notation; *at;) {
        if (*at == ' ') {
            at++;
        } else if (*at == '~') {
            length_at = len++;
            at++;
        } else if (*at == '(') {
            block_at = ++len;
            at++;
        } else if (*at == ')') {
            out[block_at - 1] = (uint8_t)(len - block_at);
            at++;
        } else if (*at == '\'' || *at == '"') {
            const char *end = strchr(at + 1, *at);
            assert_non_null(end);
            size_t text_len = (size_t)(end - at - 1);
            if (*at == '"') {
                out[len++] = 0;
                out[len++] = (uint8_t)text_len;
            }
            memcpy(out + len, at + 1, text_len);
            len += text_len;
            at = end + 1;
        } else {
            unsigned byte;
            assert_int_equal(sscanf(at, "%2x", &byte), 1);
            out[len++] = (uint8_t)byte;
            at += 2;
        }
    }
    if (length_at) {
        assert_true(len - length_at - 1 < 128);
        out[length_at] = (uint8_t)(len - length_at - 1);
    }
    return len;
}

#endif
