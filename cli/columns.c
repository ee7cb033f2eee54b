/* Columns count characters of UTF-8; wide ones of East Asia take more room than that, which only costs
 * alignment. */
#include "cli/columns.h"

#include <stdio.h>

/* How many bytes at `at` are a mark that turns or hides text (direction marks, C1 controls, line separators);
 * 0: none. */
static size_t mark_length(const unsigned char *at, size_t left)
{
    if (left >= 2 && ((at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F) || (at[0] == 0xD8 && at[1] == 0x9C)))
        return 2;
    if (left < 3 || at[0] != 0xE2)
        return 0;
    bool turns = at[1] == 0x80 && (at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE));
    bool isolates = at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9;
    return turns || isolates ? 3 : 0;
}

static bool begins_character(unsigned char byte)
{
    return (byte & 0xC0) != 0x80;
}

void column_clean(struct text text, char out[COLUMN_TEXT])
{
    const unsigned char *in = (const unsigned char *)text.data;
    size_t len = 0, i = 0;
    while (i < text.len && len < COLUMN_TEXT - 1) {
        size_t mark = mark_length(in + i, text.len - i);
        if (mark == 0)
            out[len++] = in[i] < 0x20 || in[i] == 0x7F ? ' ' : (char)in[i];
        i += mark ? mark : 1;
    }
    while (
        i < text.len && len > 0 && !begins_character(in[i])) /* cut within a character: take it out whole */
        if (begins_character((unsigned char)out[--len]))
            break;
    out[len] = '\0';
}

void column_fit(const char *text, size_t width, char out[COLUMN_TEXT])
{
    static const char ellipsis[] = "…";
    size_t characters = 0, kept = 0, len = 0;
    for (const char *c = text; *c; c++)
        characters += begins_character((unsigned char)*c);
    if (width == 0 || width > 120)
        width = characters > width ? characters : width;
    size_t wanted = characters > width ? width - 1 : characters;
    for (; text[len] && len < COLUMN_TEXT - sizeof ellipsis; len++) {
        if (begins_character((unsigned char)text[len]) && kept++ == wanted)
            break;
        out[len] = text[len];
    }
    if (characters > width) {
        memcpy(out + len, ellipsis, sizeof ellipsis - 1);
        len += sizeof ellipsis - 1;
    }
    for (size_t i = characters; i < width && len < COLUMN_TEXT - 1; i++)
        out[len++] = ' ';
    out[len] = '\0';
}
