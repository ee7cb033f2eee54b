/* Which row a message is for (translator.h). */
#include "bridge/edge/translator.h"

struct taking {
    struct edge_memory *memory;
    const struct edge_message *message;
    struct edge_document document;
};

bool edge_translator_add(struct edge_translator *translator, const struct edge_map *map, const char *prefix)
{
    if (translator->choice_count == EDGE_MOST_MAPS)
        return false;
    translator->choices[translator->choice_count++] =
        (struct edge_choice){map, prefix ? prefix : map->prefix};
    return true;
}

static void take_signal(void *arg, const struct edge_signal *signal)
{
    struct taking *taking = arg;
    edge_memory_take(taking->memory, signal, taking->message->retain, taking->message->at);
}

static bool take_by_map(const struct edge_choice *choice, bool any_prefix, struct taking *taking)
{
    for (size_t i = 0; i < edge_row_count; i++) {
        const struct edge_row *row = &edge_rows[i];
        struct edge_captures captures;
        if (strcmp(row->map, choice->map->name) != 0 || (any_prefix && !row->any_prefix) ||
            !edge_topic_match(
                row->topic, any_prefix ? NULL : choice->prefix, taking->message->topic, &captures))
            continue;
        if (edge_read(row, &captures, taking->message->topic, &taking->document, take_signal, taking) > 0)
            return true;
    }
    return false;
}

static bool take_by_any_map(const struct edge_translator *translator, bool any_prefix, struct taking *taking)
{
    for (size_t i = 0; i < translator->choice_count; i++)
        if (take_by_map(&translator->choices[i], any_prefix, taking))
            return true;
    return false;
}

bool edge_translator_take(struct edge_translator *translator, const struct edge_message *message)
{
    if (message->payload.len > EDGE_MOST_PAYLOAD)
        return false;
    struct taking taking = {
        .memory = translator->memory, .message = message, .document = {.payload = message->payload}};
    bool taken = take_by_any_map(translator, false, &taking) ||
                 (translator->guess && take_by_any_map(translator, true, &taking));
    edge_document_close(&taking.document);
    return taken;
}
