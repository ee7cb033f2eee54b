#include "bridge/secret_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bridge/file_mode.h"

static int hexadecimal(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_digits(const uint8_t *digits, uint8_t out[SECRET_BYTES])
{
    for (size_t i = 0; i < SECRET_BYTES; i++) {
        int high = hexadecimal(digits[2 * i]), low = hexadecimal(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char *read_open(FILE *in, uint8_t out[SECRET_BYTES])
{
    uint8_t content[2 * SECRET_BYTES + 2];
    const char *fault = secret_file_fault(fileno(in));
    if (fault)
        return fault;
    setvbuf(in, NULL, _IONBF, 0); /* no copy of it elsewhere */
    size_t len = fread(content, 1, sizeof content, in);
    bool good = true;
    if (len == 2 * SECRET_BYTES + 1 && content[len - 1] == '\n')
        len--;
    if (len == SECRET_BYTES)
        memcpy(out, content, SECRET_BYTES);
    else
        good = len == 2 * SECRET_BYTES && from_digits(content, out);
    explicit_bzero(content, sizeof content);
    return good ? NULL : "must hold 32 bytes, or 64 hexadecimal digits";
}

const char *secret_file_read(const char *path, uint8_t out[SECRET_BYTES])
{
    FILE *in = fopen(path, "re");
    if (!in)
        return strerrordesc_np(errno);
    const char *rule = read_open(in, out);
    fclose(in);
    return rule;
}
