/* The codec as a filter, for test_codec_interop.py: a line "<message> <from> <to> <hex>" (1 protobuf, 2 JSON)
 * is answered by "ok <hex>" or "refused <field>: <rule>". */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test_codec.h"

static size_t read_hex(const char *hex, uint8_t *out)
{
    size_t len = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        out[len++] = (uint8_t)byte;
    return len;
}

static void convert(char *line, uint8_t *payload)
{
    char name[64];
    int from, to, used = 0;
    if (sscanf(line, "%63s %d %d %n", name, &from, &to, &used) != 3 || !codec_entry_of(name)) {
        puts("refused line: not understood");
        return;
    }
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes in = {payload, read_hex(line + used, payload)}, out = {NULL, 0};
    struct refusal refusal = {0};
    if (codec_entry_of(name)->again((enum encoding)from, in, (enum encoding)to, &arena, &out, &refusal)) {
        printf("ok ");
        for (size_t i = 0; i < out.len; i++)
            printf("%02x", out.data[i]);
        putchar('\n');
    } else {
        printf("refused %s: %s\n", refusal.field, refusal.rule);
    }
    arena_free(&arena);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0) {
        uint8_t *payload = malloc((size_t)len);
        if (!payload)
            return 1;
        convert(line, payload);
        free(payload);
        fflush(stdout);
    }
    free(line);
    return 0;
}
