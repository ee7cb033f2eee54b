/* Any bytes as a feed: nothing is read behind them, each entry has a document or an absolute address, and a
 * document taken out of a feed is one of CAP. */
#include <stdlib.h>

#include "bridge/feed/feed_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct feed_entry *entry)
{
    bool embedded = entry->document.len > 0, linked = entry->address.len > 0;
    if (embedded == linked || (linked && strncmp(entry->address.data, "http", 4) != 0))
        abort();
    if (embedded && !feed_is_cap(entry->document))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct feed_content content;
    const char *why = NULL;
    arena_init(&arena, NULL, 0);
    if (!feed_read((struct bytes){data, size}, "https://feeds.example/a/b", &arena, &content, &why)) {
        if (!why)
            abort();
    } else {
        for (size_t i = 0; i < content.count; i++)
            check(&content.entries[i]);
    }
    arena_free(&arena);
    return 0;
}
