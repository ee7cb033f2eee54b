#include "bridge/verification_code.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdlib.h>

/* Without what is mistaken for something else: I, O, 0, 1. */
static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
enum { HALF = 4 };

static const char *const ways[] = {
    [VERIFICATION_POST] = "post",
    [VERIFICATION_NEIGHBOR] = "neighbor",
    [VERIFICATION_AGENCY] = "agency",
    [VERIFICATION_HANDOVER] = "handover",
    [VERIFICATION_JOIN] = "join",
};

const char *verification_way_name(int way)
{
    return way > 0 && (size_t)way < sizeof ways / sizeof *ways ? ways[way] : NULL;
}

int verification_way_of(struct text name)
{
    for (int way = 1; verification_way_name(way); way++)
        if (text_equal(name, text_of(ways[way])))
            return way;
    return 0;
}

/* ---- codes ---- */

void verification_code_new(char out[VERIFICATION_CODE + 1])
{
    uint8_t random[2 * HALF];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    for (size_t i = 0, at = 0; i < sizeof random; i++) {
        if (i == HALF)
            out[at++] = '-';
        out[at++] = letters[random[i] % (sizeof letters - 1)];
    }
    out[VERIFICATION_CODE] = '\0';
}

bool verification_code_read(struct text text, char out[VERIFICATION_CODE + 1])
{
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)toupper((unsigned char)text.data[i]);
        if (c == '-' || c == ' ')
            continue;
        if (at == VERIFICATION_CODE || !strchr(letters, c))
            return false;
        if (at == HALF)
            out[at++] = '-';
        out[at++] = c;
    }
    out[at] = '\0';
    return at == VERIFICATION_CODE;
}

bool verification_ways_read(const char *list, unsigned *out)
{
    *out = 0;
    while (*list) {
        size_t len = strcspn(list, ", ");
        int way = verification_way_of((struct text){list, len});
        if (len && (way == 0 || way >= VERIFICATION_HANDOVER))
            return false;
        *out |= len ? 1U << way : 0;
        list += len + (list[len] != '\0');
    }
    return true;
}
